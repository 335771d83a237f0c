#!/usr/bin/perl

# "keygate openapi": which versions it reads, and what it tells of scopes that
# become one by another name.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use Test::More;

use Keygate;
use Keygate::Command;
use Keygate::OpenAPI qw(document convert routes warned);

plan skip_all => 'no keygate command is built'
    if !-x $Keygate::Command::binary;

my $r;

for my $case (
    (map { [ openapi => $_, 0 ] } qw(3.0 3.1 3.0.4 3.1.2)),
    (map { [ openapi => $_, 2 ] } qw(3 3. 3.2 3.2.0 3.10 3.00 4.0 2.0), ''),
    (map { [ swagger => $_, 0 ] } qw(2 2.0)),
    (map { [ swagger => $_, 2 ] } qw(1.2 20 3.0)),
) {
    my ($member, $version, $code) = @$case;
    my $document = document(security => []);

    delete $document->{openapi};
    $r = convert({ %$document, $member => $version });
    is $r->{code}, $code, "$member $version";
    like $r->{err}, qr/"\Q$version\E": expected OpenAPI 3\.0 or 3\.1, or Swag/,
        "$member $version: what is read" if $code;
}

# -- --rename

sub renamed {
    my ($names, $flow, @renames) = @_;

    return convert(document(
        schemes => { key => { type => 'oauth2', flows => { implicit => {
            scopes => { map { $_ => 'x' } @$flow } } } } },
        paths => { map { ("/$_" => { get => {
            security => [ { key => [$_] } ] } }) } @$names }),
        map { ('--rename', $_) } @renames);
}

my $told = qr/by --rename "public=x" .* and another one are one/;

$r = renamed([ 'public', 'x' ], [], 'public=x');
is $r->{code}, 0, 'a new name that is there already';
warned($r, '/paths/~1x/get/security', $told);

$r = renamed(['public'], [ 'public', 'x' ], 'public=x');
warned($r, '/components/securitySchemes/key/flows/implicit/scopes/x', $told);

for my $case (
    [ [ 'public', 'y' ], [], 'public=x' ],
    [ [ 'public', 'x' ], [], 'public=x', 'x=z' ],
    [ ['x'], [], 'x=x' ],
) {
    unlike renamed(@$case)->{err}, qr/are one/,
        "@{$case->[0]}, renamed: are two";
}

done_testing();

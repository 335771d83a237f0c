#!/usr/bin/perl

# "keygate openapi": operations that only their schemes tell apart take any
# key, which is told of each.

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

my %schemes = (
    user => { type => 'http', scheme => 'bearer' },
    admin => { type => 'http', scheme => 'bearer' },
    header => { type => 'apiKey', in => 'header', name => 'X-Key' },
    jar => { type => 'apiKey', in => 'cookie', name => 'sid' },
);
my $told = qr/any key of this API passes/;

# "a b": alternatives; "a/b": one with a scope.

sub made {
    my ($needs, @options) = @_;
    my %paths;

    for my $path (keys %$needs) {
        my @security = map { my ($scheme, @scopes) = split /\//;
                             +{ $scheme => \@scopes } } split / /,
                       $needs->{$path};

        $paths{"/$path"} = { get => { security => \@security } };
    }

    return convert(document(schemes => \%schemes, paths => \%paths),
        @options);
}

for my $case (
    [ { a => 'user', b => 'admin', c => 'user admin', d => 'admin/all' },
      'a', 'b' ],
    [ { a => 'user header', b => 'header' } ],
    [ { a => 'user', b => 'user' } ],
    [ { a => 'user', b => 'admin/all' } ],
    [ { a => 'user', b => '' } ],
    [ { a => 'user', b => 'jar user' } ],
    [ { a => 'user header', b => 'header admin', c => 'user admin',
        d => 'user', e => 'header user' }, 'b', 'd' ],
) {
    my ($needs, @told) = @$case;
    my $r = made($needs);
    my $name = join ', ', map { "$_: $needs->{$_}" } sort keys %$needs;

    is $r->{code}, 0, $name;
    is_deeply [ sort $r->{err} =~ /: \/paths\/~1(\w)\/get: any key of this/g ],
        \@told, "$name: who is told" or diag $r->{err};
    is routes($r)->{'GET /a'}, 'any', "$name: any key";
}

my $r = made({ a => 'user', b => 'admin' });

warned($r, '/paths/~1a/get', $told);
unlike made({ a => 'user', b => 'admin' }, '--scheme', 'user')->{err}, $told,
    '--scheme tells them apart';

done_testing();

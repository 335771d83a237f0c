#!/usr/bin/perl

# "keygate openapi": the summary tells how many paths are left out whole, and
# why.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use JSON::PP ();
use Test::More;

use Keygate;
use Keygate::Command;
use Keygate::OpenAPI qw(document convert routes warned done);

plan skip_all => 'no keygate command is built'
    if !-x $Keygate::Command::binary;

my %key = (security => [ { key => [] } ]);
my %login = (type => 'apiKey', in => 'query', name => 'k');
my %schemes = (key => { type => 'apiKey', in => 'header', name => 'X-Key' },
    login => { %login });
my %left = (security => [ { login => [] } ]);
my $other = [ { url => '/v3' } ];
my $long = '/' . join '/', map { "{a$_}" } 1 .. 2000;
my $r;


sub summary {
    my (%paths) = @_;

    $r = convert(document(%key, servers => [ { url => '/v1' } ],
        schemes => \%schemes, paths => { '/served' => { get => {} },
            %paths }));

    return ($r->{err} =~ /(\d+ operations: .*)\n\z/)[0] // $r->{err};
}


like summary(), qr/^1 operations: 1 routes, 0 left out; .* \d warnings?\z/,
    'nothing is told of none';

for my $case (
    [ 'no request has it', '2 operations: 1 routes, 1 left out',
      '1 path left out whole: 1 that no request can have',
      '/a//b' => { get => {} } ],
    [ 'its template would be too long', '3 operations: 1 routes, 2 left out',
      '1 path left out whole: 1 that no request can have',
      $long => { get => {}, post => {} } ],
    [ 'another server', '2 operations: 1 routes, 1 left out',
      '1 path left out whole: 1 on another server',
      '/a' => { servers => $other, get => {} } ],
    [ 'a reference to nowhere', '1 operations: 1 routes, 0 left out',
      '1 path left out whole: 1 without operations that could be read',
      '/a' => { '$ref' => '#/none' } ],
    [ 'no operations', '1 operations: 1 routes, 0 left out',
      '2 paths left out whole: 2 without operations that could be read',
      '/a' => {}, '/b' => 'x' ],
    [ 'on purpose', '2 operations: 1 routes, 1 left out',
      '1 path left out whole: 1 skipped',
      '/a' => { 'x-keygate' => { skip => \1 }, get => {} } ],
    [ 'each operation', '3 operations: 1 routes, 2 left out',
      '1 path left out whole: 1 whose operations are all left out',
      '/a' => { get => \%left, put => \%left } ],
    [ 'one here and one there', '3 operations: 1 routes, 2 left out',
      '1 path left out whole: 1 whose operations are all left out',
      '/a' => { get => \%left, put => { servers => $other } } ],
    [ 'one of two that become one', '3 operations: 2 routes, 1 left out',
      '1 path left out whole: 1 whose operations are all left out',
      '/a' => { get => {} }, '/a#b' => { put => \%left } ],
    [ 'several', '5 operations: 1 routes, 4 left out',
      '4 paths left out whole: 1 that no request can have, 1 on another '
      . 'server, 1 skipped, 1 whose operations are all left out',
      '/a//b' => { get => {} }, '/a' => { servers => $other, get => {} },
      '/b' => { get => { 'x-keygate' => { skip => \1 } } },
      '/c' => { get => \%left } ],
) {
    my ($name, $operations, $paths, %paths) = @$case;
    my $summary = summary(%paths);

    like $summary, qr/^\Q$operations\E;/, "$name: its operations";
    like $summary, qr/; \Q$paths\E\z/, "$name: and itself are counted";
}

for my $case (
    [ 'some of it is served', '/a' => { get => {}, put => \%left } ],
    [ 'another one serves it', '/a' => { get => {} },
      '/a#b' => { get => {} } ],
    [ 'an extension', 'x-a' => {} ],
) {
    my ($name, %paths) = @$case;

    unlike summary(%paths), qr/left out whole/, "$name: is not left out";
}

$r = convert(document(%key, paths => { '/a//b' => { get => {} },
    '/c' => {}, '/d' => { get => {} } }), '--json');
is_deeply +JSON::PP->new->decode($r->{out})->{paths_left_out},
    { 'that no request can have' => 1,
      'without operations that could be read' => 1 }, '--json: the same';

done();

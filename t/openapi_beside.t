#!/usr/bin/perl

# "keygate openapi": what stands beside a $ref is not lost.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use Test::More;

use Keygate;
use Keygate::Command;
use Keygate::OpenAPI qw(document convert routes warned nginx_takes done);

plan skip_all => 'no keygate command is built'
    if !-x $Keygate::Command::binary;

my %key = (security => [ { key => [] } ]);
my %public = (get => { security => [] });
my $ref = '#/components/items/a';
my $r;

# What becomes of a path item beside which stands something.

sub item {
    my ($beside, $item, @options) = @_;

    return convert(document(%key, servers => [ { url => '/v1' } ],
        components => {
            securitySchemes => { key => { type => 'apiKey', in => 'header',
                                          name => 'X-Api-Key' } },
            items => { a => { %public, %{$item // {}} },
                       step => { '$ref' => $ref, %{$beside} } },
        },
        paths => {
            '/a' => { '$ref' => $ref, %$beside },
            '/{x}' => { get => { 'x-keygate' => { need => 'other' } } },
        }), @options);
}

for my $case (
    [ 'nothing', {}, undef, 'GET /a' => 'public' ],
    [ 'need', { 'x-keygate' => { need => 'admin' } }, undef,
      'GET /a' => 'admin' ],
    [ 'need in both', { 'x-keygate' => { need => 'admin' } },
      { 'x-keygate' => { need => 'public' } }, 'GET /a' => 'admin' ],
    [ 'need in what is meant', { put => { security => [] } },
      { 'x-keygate' => { need => 'admin' } }, 'PUT|GET /a' => 'admin' ],
    [ 'skip', { 'x-keygate' => { skip => \1 } }, undef, 'none /a' => 'any' ],
    [ 'servers', { servers => [ { url => '/v2' } ] }, undef,
      'none /a' => 'any' ],
    [ 'the same servers', { servers => [ { url => '/v1' } ] }, undef,
      'GET /a' => 'public' ],
    [ 'servers in what is meant', { servers => [ { url => '/v1' } ] },
      { servers => [ { url => '/v2' } ] }, 'none /a' => 'any' ],
    [ 'another operation', { put => {} }, undef,
      'PUT /a' => 'any', 'GET /a' => 'public' ],
) {
    my ($name, $beside, $item, @routes) = @$case;
    my %expected = ('GET /:x' => 'other');

    while (my ($route, $need) = splice @routes, 0, 2) {
        my ($methods, $path) = split / /, $route;

        $expected{"$_ $path"} = $need for split /\|/, $methods;
    }

    $r = item($beside, $item);
    is_deeply routes($r), \%expected, "a path with $name"
        or diag $r->{err};
    nginx_takes($r, "$name: nginx takes it");
}

# -- on the way

my %step = (components => {
    securitySchemes => { key => { type => 'apiKey', in => 'header',
                                  name => 'X-Api-Key' } },
    a => \%public,
    step => { '$ref' => '#/components/a',
              'x-keygate' => { need => 'admin' } } });

$r = convert(document(%key, %step, paths => { '/{x}' => \%public,
    '/a' => { '$ref' => '#/components/step' } }));
is routes($r)->{'none /a'}, 'any', 'a path by another reference is left out';
warned($r, '/paths/~1a', qr/left out: .* leads to a reference that has/);

# -- operations

for my $case (
    [ 'nothing', { summary => 'x' }, 'public' ],
    [ 'security', { security => [ { key => ['admin'] } ] } ],
    [ 'servers', { servers => [ { url => '/v2' } ] } ],
    [ 'x-keygate', { 'x-keygate' => { need => 'admin' } } ],
    [ 'the extension of scopes', { 'x-scopes' => 'admin' } ],
) {
    my ($name, $beside, $need) = @$case;

    $r = convert(document(%key, %step, paths => { '/b' => \%public,
        '/a' => { get => { '$ref' => '#/components/a/get', %$beside } } }),
        '--scopes-from', 'x-scopes');
    is routes($r)->{'GET /a'}, $need, "an operation with $name";
    warned($r, '/paths/~1a/get', qr/left out: "\$ref" has beside it/)
        if !$need;
    nginx_takes($r, "$name: nginx takes it");
}

# -- both have it

$r = item({ get => { security => [ { key => ['admin'] } ] } });
is routes($r)->{'GET /a'}, undef, 'an operation that both have is left out';
warned($r, '/paths/~1a/get', qr/left out: the item that "\$ref" means has/);

done();

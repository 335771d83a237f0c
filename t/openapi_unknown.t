#!/usr/bin/perl

# "keygate openapi": a path of which nobody can read what it has is served by
# no other route, and no route is for it and for another one.

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
my $r;

# -- no operation

for my $case (
    [ 'nothing', {} ],
    [ 'no method', { GET => { security => [ { key => ['admin'] } ] } } ],
    [ 'parameters only', { parameters => [] } ],
    [ 'no object', 'x' ],
    [ 'a reference to nowhere', { '$ref' => '#/none' } ],
    [ 'what is to be skipped', { 'x-keygate' => { skip => \1 } } ],
    [ 'another server', { servers => [ { url => '/v3' } ], get => {} } ],
) {
    my ($name, $item) = @$case;

    $r = convert(document(%key, servers => [ { url => '/v1' } ],
        paths => { '/admin' => $item, '/{x}' => \%public }));
    is_deeply routes($r), { 'none /admin' => 'any', 'GET /:x' => 'public' },
        "$name: is served by no other";
    warned($r, '/paths/~1admin', qr/and refused: else "\/:x" would serve/);
    like $r->{err}, qr/^[12] operations: \d routes, [01] left out/m,
        "$name: is counted as it is";
    nginx_takes($r, "$name: nginx takes it");
}

$r = convert(document(%key, paths => { '/a' => {}, '/b' => \%public }));
like $r->{err}, qr/^1 operations: 1 routes, 0 left out/m,
    'a path without operations is none';

# -- one route

for my $case (
    [ 'before', '/a/{x}', '/a/{y}', 'GET /a/:x' ],
    [ 'after', '/a/{z}', '/a/{y}', 'GET /a/:y' ],
    [ 'cut', '/a/b', '/a/b#c', 'GET /a/b' ],
    [ 'wide', '/{y}/c/b', '/a/{x}{z}/b', 'GET /a/:x_z/b' ],
) {
    my ($name, $unknown, $path, $route) = @$case;

    for my $item ({ '$ref' => '#/none' }, {},
                  { '$ref' => '#/none', put => { security => [] } })
    {
        $r = convert(document(%key, paths => { '/other' => { get => {} },
            $unknown => $item, $path => \%public }));
        ok !exists routes($r)->{$route}, "$name: nor is who is one with it";
        warned($r, '/paths/' . ($path =~ s{/}{~1}gr) . '/get',
            qr/left out: it is one route with .*not known what it needs/);
        nginx_takes($r, "$name: nginx takes it");
    }
}

$r = convert(document(%key, servers => [ { url => '/v1' } ], paths => {
    '/a#b' => { servers => [ { url => '/v3' } ], get => {} },
    '/a' => \%public, '/a#c' => { put => {} } }));
is_deeply routes($r), { 'GET /a' => 'public', 'PUT /a' => 'any' },
    'what is on another server is known';

done();

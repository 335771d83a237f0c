#!/usr/bin/perl

# "keygate openapi": what a document has at a path of another server is served
# by no route that is for something else.

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

my %public = (get => { security => [] });
my %closed = (get => { security => [ { key => ['c'] } ] });
my $there = qr/by another server it is at ".*", and refused there: else ".*"/;
my $v = { url => '/{v}', variables => {
    v => { default => 'v1', enum => [ 'v1', 'v2', 'a/b' ] } } };
my $r;


sub servers {
    return servers => [ map { ref $_ ? $_ : { url => $_ } } @_ ];
}


for my $case (
    [ 'below the base', [ servers '/v1' ],
      { '/admin/{x}' => \%public,
        '/users' => { servers('/v1/admin'), %closed } },
      { 'GET /admin/:x' => 'public', 'none /admin/users' => 'any' },
      '/paths/~1users', $there ],
    [ 'of an operation', [ servers '/v1' ],
      { '/admin/{x}' => \%public, '/users' => { get => {
            servers('/v2', '/v1/admin'), %{$closed{get}} } } },
      { 'GET /admin/:x' => 'public', 'none /admin/users' => 'any' },
      '/paths/~1users', $there ],
    [ 'one that is served, too', [ servers '/v1' ],
      { '/admin/{x}' => \%public,
        '/users' => { servers('/v1', '/v1/admin'), %closed } },
      { 'GET /admin/:x' => 'public', 'GET /users' => 'c',
        'none /admin/users' => 'any' }, '/paths/~1users', $there ],
    [ 'another one of the document', [ servers '/', '/v2' ],
      { '/v2/{b}' => \%public, '/y' => \%closed },
      { 'GET /v2/:b' => 'public', 'none /v2/y' => 'any', 'GET /y' => 'c' },
      '/paths/~1y', $there ],
    [ 'the one above', [ servers '/v2', '/' ],
      { '/{b}' => \%public, '/v2/y' => \%closed },
      { 'GET /:b' => 'public', 'GET /v2/y' => 'c', 'none /y' => 'any' },
      '/paths/~1v2~1y', $there ],
    [ 'a base that a parameter is for', [ servers '/v2', '/' ],
      { '/{b}' => \%public, '/{v}/y' => \%closed },
      { 'GET /:b' => 'public', 'GET /:v/y' => 'c', 'none /y' => 'any' },
      '/paths/~1{v}~1y', $there ],
    [ 'the base itself', [ servers '/v2', '/' ],
      { '/{b}' => \%public, '/' => \%public, '/v2' => \%closed },
      { 'GET /:b' => 'public', 'GET /v2' => 'c' },
      '/paths/~1/get', qr/left out: it is one route with .* another server/ ],
    [ 'one route with it', [ servers '/', '/v2' ],
      { '/v2/y' => \%public, '/y' => \%closed },
      { 'GET /y' => 'c' }, '/paths/~1v2~1y/get',
      qr/left out: it is one route with .*, which is there by another server/ ],
    [ 'nothing would serve it', [ servers '/', '/v2' ],
      { '/v3/{b}' => \%public, '/y' => \%closed },
      { 'GET /v3/:b' => 'public', 'GET /y' => 'c' } ],
    [ 'outside of the base', [ servers '/v1', '/v2' ],
      { '/v2/{b}' => \%public, '/y' => \%closed },
      { 'GET /v2/:b' => 'public', 'GET /y' => 'c' } ],
    [ 'the same path', [ servers 'https://a/v1', 'https://b/v1/' ],
      { '/{b}/{c}' => \%public, '/y' => \%closed },
      { 'GET /:b/:c' => 'public', 'GET /y' => 'c' } ],
    [ 'a variable', [ servers '/' ],
      { '/v2/{b}' => \%public, '/{b}/{c}/{d}' => \%public,
        '/y' => { servers($v), %closed } },
      { 'GET /v2/:b' => 'public', 'GET /:b/:c/:d' => 'public',
        'none /v2/y' => 'any', 'none /a/b/y' => 'any' },
      '/paths/~1y', $there ],
    [ 'a path that cannot be read', [ servers '/', '/v2' ],
      { '/v2/{b}' => \%public, '/y' => { '$ref' => '#/none' } },
      { 'GET /v2/:b' => 'public', 'none /v2/y' => 'any' },
      '/paths/~1y', $there ],
) {
    my ($name, $servers, $paths, $routes, $pointer, $told) = @$case;

    $r = convert(document(@$servers, paths => $paths));
    is_deeply routes($r), $routes, $name or diag $r->{out}, $r->{err};
    warned($r, $pointer, $told) if $told;
    nginx_takes($r, "$name: nginx takes it");
}

# -- what passes without a route

my %pass = ('x-keygate' => { unmatched => 'pass' }, paths => {
    '/y' => { servers('/zz'), %closed }, '/x' => \%closed });

$r = convert(document(%pass));
is_deeply routes($r), { 'GET /x' => 'c', map { ("none $_" => 'any') }
    qw(/y /zz/y) }, 'unmatched pass: what is left out is refused';
like $r->{out}, qr/^ +unmatched +pass;$/m, 'all else passes';
nginx_takes($r, 'nginx takes it');

for my $servers ([ servers '/v1' ], [ servers '/v1', '/v2' ]) {
    $r = convert(document(%pass, @$servers));
    unlike $r->{out}, qr/^ +unmatched/m,
        'unmatched pass: what is outside of the base is not let pass';
    warned($r, '/x-keygate/unmatched', qr/left out: by another server/);
}

$r = convert(document(%pass, servers('/v1'),
    'x-keygate' => { unmatched => 'deny' }));
like $r->{out}, qr/^ +unmatched +deny;$/m, 'unmatched deny: it is as it was';
unlike $r->{err}, qr/unmatched/, 'and nothing is told';

done();

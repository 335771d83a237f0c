#!/usr/bin/perl

# "keygate openapi": paths become templates, operations of one route need what
# each of them needs, and what is left out is served by no other route.

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


# A document with paths whose operations need a scope, or none: "" is public,
# undef cannot be written.

sub paths {
    my (%paths) = @_;

    my %items;

    for my $path (keys %paths) {
        for my $method (keys %{$paths{$path}}) {
            my $need = $paths{$path}{$method};

            $items{$path}{$method} = { security =>
                !defined $need ? [ { jar => [] } ]
                : $need eq '' ? [] : [ { key => [ split /&/, $need ] } ] };
        }
    }

    return document(paths => \%items, schemes => {
        key => { type => 'apiKey', in => 'header', name => 'X-Api-Key' },
        jar => { type => 'apiKey', in => 'cookie', name => 'sid' },
    });
}


my $r;

for my $case (
    [ '/', '/' ],
    [ '/a/', '/a/' ],
    [ '/a.b/c-d', '/a.b/c-d' ],
    [ '/a/{id}', '/a/:id' ],
    [ '/a/{user-id}', '/a/:user_id' ],
    [ '/a/{id}/b/{id}', '/a/:id/b/:id_4' ],
    [ '/a/{id}.json', '/a/:id.json' ],
    [ '/a/{id}:cancel', '/a/:id:cancel' ],
    [ '/a:batch', '/a::batch' ],
    [ '/a/{id}::x', '/a/:id::::x' ],
    [ '/a/v{n}', '/a/v:n' ],
    [ '/a/@{name}', '/a/@:name' ],
    [ '/a%20b', '"/a b"' ],
    [ '/{path+}', '/*', qr/takes more/ ],
    [ '/a/*', '/a/*', qr/takes more/ ],
    [ '/a#create', '/a' ],
    [ '/a?b=c', '/a' ],
    [ '/a/{b}{c}', '/a/:b_c', qr/takes more/ ],
    [ '/a/{b}x', '/a/:b_x', qr/takes more/ ],
    [ "/a(id='{id}')", '/:a_id_id', qr/takes more/ ],
    [ '/<upload>', '/:upload', qr/takes more/ ],
    [ '/a/../b', undef, qr/left out: no request/ ],
    [ '/a//b', undef, qr/left out: no request/ ],
    [ 'a', undef, qr/left out: no request/ ],
    [ '/a' x 65, undef, qr/left out: no request/ ],
) {
    my ($path, $template, $told) = @$case;

    $r = convert(paths($path => { get => 'x' }, '/other' => { get => 'x' }));
    is_deeply [ grep { $_ ne '/other' }
                $r->{out} =~ /^ +route +GET +("[^"]*"|\S+)/mg ],
        [ $template // () ], substr($path, 0, 20) . ': '
        . ($template // 'left out');
    like $r->{err}, $told, '... told' if $told;
    nginx_takes($r, '... nginx takes it');
}

$r = convert(paths('/a' => { get => 'x', put => 'x', post => 'y',
    head => 'x', options => '', patch => 'y', trace => 'y' }));
is_deeply routes($r), { 'GET /a' => 'x', 'PUT /a' => 'x', 'POST /a' => 'y',
    'HEAD /a' => 'x', 'OPTIONS /a' => 'public', 'PATCH /a' => 'y',
    'TRACE /a' => 'y' }, 'methods of a path';

# -- one route

for my $case (
    [ 'of one shape',
      { '/a/{x}' => { get => 'p' }, '/a/{y}' => { get => 'p' } },
      { 'GET /a/:x' => 'p' } ],
    [ 'each with its methods',
      { '/a/{x}' => { get => 'p' }, '/a/{y}' => { put => 'q' } },
      { 'GET /a/:x' => 'p', 'PUT /a/:x' => 'q' } ],
    [ 'what both need',
      { '/a/{x}' => { get => 'p' }, '/a/{y}' => { get => 'q' } },
      { 'GET /a/:x' => 'p&q' }, qr/one route with .*, which needs something/ ],
    [ 'public is no more',
      { '/a#x' => { get => '' }, '/a' => { get => 'q' } },
      { 'GET /a' => 'q' }, qr/one route with/ ],
    [ 'one that cannot be written',
      { '/a/{x}' => { get => undef }, '/a/{y}' => { get => 'q', put => 'q' } },
      { 'PUT /a/:x' => 'q' }, qr/left out/ ],
    [ 'what a wide one takes',
      { '/a/{x}{z}' => { get => 'p' }, '/a/{y}' => { get => 'q' } },
      { 'GET /a/:x_z' => 'p&q' }, qr/takes more/ ],
    [ 'what a wide one takes elsewhere',
      { '/a/{x}{z}/b' => { get => 'p' }, '/{y}/c/b' => { get => 'q' } },
      { 'GET /a/:x_z/b' => 'p&q', 'GET /:y/c/b' => 'q' }, qr/takes more/ ],
    [ 'and what it does not',
      { '/a/{x}{z}/b' => { get => 'p' }, '/a/c/b' => { get => 'q' },
        '/d/{x}/b' => { get => 'q' } },
      { 'GET /a/:x_z/b' => 'p', 'GET /a/c/b' => 'q', 'GET /d/:x/b' => 'q' } ],
) {
    my ($name, $paths, $routes, $told) = @$case;

    $r = convert(paths(%$paths));
    is_deeply routes($r), $routes, $name;
    like $r->{err}, $told, "$name: told" if $told;
    nginx_takes($r, "$name: nginx takes it");
}

# -- what is left out

for my $case (
    [ 'nobody else would serve it',
      { '/a/b' => { get => undef }, '/c/{x}' => { get => '' } },
      { 'GET /c/:x' => 'public' } ],
    [ 'somebody would',
      { '/a/b' => { get => undef }, '/a/{x}' => { get => '' } },
      { 'none /a/b' => 'any', 'GET /a/:x' => 'public' },
      qr/left out, and refused: else "\/a\/:x" would serve it/ ],
    [ 'another method of it is there',
      { '/a/b' => { get => undef, put => 'q' }, '/a/{x}' => { get => '' } },
      { 'PUT /a/b' => 'q', 'GET /a/:x' => 'public' } ],
    [ 'the other one comes first anyway',
      { '/a/{x}' => { get => undef }, '/a/b' => { get => '' } },
      { 'GET /a/b' => 'public' } ],
    [ 'a parameter with a text', { '/a/{x}.json' => { get => undef },
      '/a/{x}' => { get => '' } },
      { 'none /a/:x.json' => 'any', 'GET /a/:x' => 'public' } ],
    [ 'HEAD, which GET would serve',
      { '/a' => { get => '', head => undef, put => 'q' } },
      { 'PUT /a' => 'q' }, qr/would serve HEAD, too/ ],
) {
    my ($name, $paths, $routes, $told) = @$case;

    $r = convert(paths(%$paths));
    is_deeply routes($r), $routes, "left out: $name";
    like $r->{err}, $told, "$name: told" if $told;
    nginx_takes($r, "$name: nginx takes it");
}

# -- servers

my %key = (security => [ { key => [] } ]);

for my $case (
    [ 'a URL', [ { url => 'https://example.com/v1/' } ], '/v1' ],
    [ 'a host', [ { url => 'https://example.com' } ], undef ],
    [ 'a path', [ { url => '/v1' } ], '/v1' ],
    [ 'a relative path', [ { url => 'v1' } ], '/v1' ],
    [ 'with a query', [ { url => 'https://example.com/v1?x=/y' } ], '/v1' ],
    [ 'variables', [ { url => '{s}://example.com:{p}/{b}', variables => {
        s => { default => 'https' }, p => { default => '1' },
        b => { default => 'v2' } } } ], '/v2' ],
    [ 'what is no base', [ { url => 'https://example.com/a:b' } ], undef,
      qr/cannot be a base/ ],
    [ 'several', [ { url => 'https://a.example/v1' }, { url => '/v2' } ],
      '/v1', qr/another server has another path, "\/v2"/ ],
) {
    my ($name, $servers, $base, $told) = @$case;

    $r = convert(document(%key, servers => $servers,
        paths => { '/a' => { get => {} } }));
    is $r->{out} =~ /^ +base +(\S+);$/m ? $1 : undef, $base,
        "server: $name";
    like $r->{err}, $told, "$name: told" if $told;
}

$r = convert(document(%key, servers => [ { url => 'https://a.example/v1' } ],
    paths => {
        '/a' => { get => { servers => [ { url => 'https://b.example/v2' } ] },
                  put => { servers => [ { url => 'https://b.example/v1' } ] } },
        '/b' => { servers => [ { url => '/v3' } ], get => {} },
    }));
is_deeply routes($r), { 'PUT /a' => 'any' },
    'operations on other servers are left out';
warned($r, '/paths/~1a/get', qr/on another server, with the path "\/v2"/);
warned($r, '/paths/~1b/get', qr/on another server, with the path "\/v3"/);

for my $case (
    [ 'none' ], [ 'an empty list', servers => [] ],
    [ 'the root', servers => [ { url => '/' } ] ],
    [ 'no path', servers => [ { url => 'https://a.example' } ] ],
) {
    my ($name, @servers) = @$case;
    my %paths = (
        '/q' => { get => {}, servers => [ { url => '/v9' } ] },
        '/pub/{x}' => { get => { security => [] } },
        '/own' => { get => { servers => [ { url => '/v9' } ] }, put => {} },
        '/same' => { get => {}, servers => [
            { url => '/v9' }, { url => 'https://b.example/' } ] },
        '/empty' => { servers => [ { url => '/v9' } ],
                      get => { servers => [] } },
    );

    $r = convert(document(%key, @servers, paths => \%paths));
    unlike $r->{out}, qr/^ +base /m, "servers: $name: there is no base";
    is_deeply routes($r), { 'GET /pub/:x' => 'public', 'PUT /own' => 'any',
        'GET /same' => 'any' }, "servers: $name: others are left out";
    warned($r, $_, qr/left out: it is on another server, with the path "\/v9"/)
        for qw(/paths/~1q/get /paths/~1own/get /paths/~1empty/get);
    nginx_takes($r, "servers: $name: nginx takes it");
}

my %elsewhere = (paths => {
    '/a' => { servers => [ { url => 'https://a.example/v1' } ], get => {} },
    '/{x}' => { get => { security => [] } } });

is_deeply routes(convert(document(%key, %elsewhere))),
    { 'none /a' => 'any', 'GET /:x' => 'public' },
    'what is on another server is served by no other path';
$r = convert(document(%key, %elsewhere), '--server', '/v1');
like $r->{out}, qr/^ +base +\/v1;/m, 'servers of paths only: --server';
is routes($r)->{'GET /a'}, 'any', 'chooses them';

# -- references

$r = convert(document(%key,
    components => {
        securitySchemes => { key => { '$ref' => '#/components/x~1y/key' } },
        'x/y' => { key => { type => 'apiKey', in => 'header', name => 'X-K' },
                   item => { get => {} } },
        loop => { '$ref' => '#/components/loop' },
    },
    paths => {
        '/a' => { '$ref' => '#/components/x~1y/item' },
        '/b' => { '$ref' => '#/components/none' },
        '/c' => { '$ref' => '#/components/loop' },
        '/d' => { '$ref' => 'https://example.com/x.json' },
        '/e' => { '$ref' => '../openapi.json#/paths/~1a' },
        '/f' => { '$ref' => 'beside.yaml#/f' },
        '/g' => { get => { '$ref' => 'below/other.yaml' } },
        '/h' => { '$ref' => '/etc/passwd' },
        '/{x}' => { get => {} },
    }));
is_deeply routes($r), { 'GET /a' => 'any', 'GET /:x' => 'any',
    map { ("none /$_" => 'any') } qw(b c d e f g h) },
    'references; what one leads to nowhere is served by no other';
like $r->{out}, qr/credential +header X-K;/, 'to a scheme, too';
warned($r, "/paths/~1$_", qr/left out: .* is not in this document/)
    for qw(b d e f h);
warned($r, '/paths/~1c', qr/from reference to reference, without an end/);

{
    my $command = Keygate::OpenAPI::command();

    mkdir "$command->{dir}/below";
    $command->write('beside.yaml', "f:\n  \$ref: below/item.yaml\n");
    $command->write('below/item.yaml',
        "get:\n  \$ref: other.yaml\nput: {security: []}\n");
    $command->write('below/other.yaml', "security:\n- key: [deep]\n");
    symlink '/etc/passwd', "$command->{dir}/below/link.yaml";
    $r = convert(document(%key, paths => {
        '/f' => { '$ref' => 'beside.yaml#/f' },
        '/g' => { get => { '$ref' => './below/other.yaml' } },
        '/h' => { get => { '$ref' => 'below/link.yaml' } },
    }));
    is_deeply routes($r), { 'GET /f' => 'deep', 'PUT /f' => 'public',
        'GET /g' => 'deep' }, 'files below the directory are read';
    warned($r, '/paths/~1h/get', qr/left out: "below\/link\.yaml" is not/);
}

done();

#!/usr/bin/perl

# keygate_auth: another proxy asks about each request, as Traefik, Caddy and
# ingress-nginx do it.  What these send is written down here as it was seen;
# Caddy itself is in auth_caddy.t.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use Test::More;

use Keygate;
use Keygate::Items;

my $t = Keygate->new(conf =>
    items_api(rate => 'rate 1000r/h;', extra => 'preflight pass;
        plan pro; encoded_slash keep;
        error method_not_allowed "detail=no {method} here";',
              routes => <<'R')
        route POST /v1/orders items:read;
        when  POST /v1/orders body.paid admin:read;
R
    . items_api(name => 'answers', zone => '', only => 1,
                extra => 'preflight answer https://a.example;',
                routes => "route GET /v1/items items:read;\n")
    . items_server(in => <<'IN') . <<'E');
        location = /auth { keygate items; keygate_auth; }
        location = /answers { keygate answers; keygate_auth; }
        location = /dry { keygate items; keygate_dry_run on; keygate_auth; }

        location = /v1/me { keygate items; keygate_me; }

        location /behind/ {
            auth_request /v1/me;
            proxy_pass http://127.0.0.1:%%UPSTREAM%%;
        }

        location /asks/ {
            auth_request /auth;
            proxy_pass http://127.0.0.1:%%UPSTREAM%%;
        }

        location = /v1/items/1 {
            keygate items;
            auth_request /auth;
            proxy_pass http://127.0.0.1:%%UPSTREAM%%;
        }
IN
    server {
        listen 127.0.0.1:%%INGRESS%%;

        location / {
            auth_request /_external-auth;
            auth_request_set $account $upstream_http_x_keygate_account;
            proxy_set_header X-Keygate-Account $account;
            proxy_set_header X-Api-Key "";
            proxy_pass http://127.0.0.1:%%UPSTREAM%%;
        }

        location = /_external-auth {
            internal;
            proxy_pass_request_body off;
            proxy_set_header Content-Length "";
            proxy_set_header X-Forwarded-Proto "";
            proxy_set_header X-Original-URL $scheme://$http_host$request_uri;
            proxy_set_header X-Original-Method $request_method;
            proxy_set_header X-Sent-From "nginx-ingress-controller";
            proxy_set_header X-Real-IP $remote_addr;
            proxy_set_header X-Forwarded-For $remote_addr;
            proxy_set_header X-Auth-Request-Redirect $request_uri;
            proxy_pass http://127.0.0.1:%%PORT%%/auth;
        }
    }
E

$t->account(id => 'acc_1', name => 'One', plan => 'pro');

my $key = $t->key(id => 'tk_AAAAAA', account => 'acc_1',
                  scopes => [qw(items:read items:write)]);

$t->start;

sub asked {
    my (@lines) = @_;

    return $t->get('/auth', headers => \@lines, key => $key);
}

sub forwarded {
    my ($method, $uri, @more) = @_;

    return ("X-Forwarded-Method: $method", "X-Forwarded-Uri: $uri", @more);
}

sub original {
    my ($method, $url) = @_;

    return ("X-Original-Method: $method", "X-Original-URL: $url");
}

# -- what the three of them send

my %sent = (
    Traefik => [ 'User-Agent: curl/8.5.0', 'Accept: */*',
        'Accept-Encoding: gzip', 'X-Forwarded-For: 192.0.2.7',
        'X-Forwarded-Host: api.example.com', 'X-Forwarded-Method: POST',
        'X-Forwarded-Port: 443', 'X-Forwarded-Proto: https',
        'X-Forwarded-Server: gateway', 'X-Forwarded-Uri: /v1/items?a=/../b' ],
    Caddy => [ 'User-Agent: curl/8.5.0', 'Accept: */*',
        'X-Forwarded-For: 192.0.2.7', 'X-Forwarded-Host: api.example.com',
        'X-Forwarded-Method: POST', 'X-Forwarded-Proto: https',
        'X-Forwarded-Uri: /v1/items?a=b', 'Accept-Encoding: gzip' ],
    'ingress-nginx' => [ 'User-Agent: curl/8.5.0', 'Accept: */*',
        'X-Original-URL: https://api.example.com/v1/items?a=b',
        'X-Original-Method: POST', 'X-Sent-From: nginx-ingress-controller',
        'X-Real-IP: 192.0.2.7', 'X-Forwarded-For: 192.0.2.7',
        'X-Auth-Request-Redirect: /v1/items?a=b',
        'X-Request-ID: 3f0c8a1d5b6e7f809a1b2c3d4e5f6071' ],
);

for my $proxy (sort keys %sent) {
    my $r = asked(@{$sent{$proxy}});

    is($r->{status}, 204, "$proxy: let in");
    is($r->{body}, '', '... without a body');
    is_deeply({ map { $_ => scalar $r->header("X-Keygate-$_") }
                qw(Key-Id Account Plan Scopes Route) },
              { 'Key-Id' => 'tk_AAAAAA', Account => 'acc_1', Plan => 'pro',
                Scopes => 'items:read items:write', Route => '/v1/items' },
              '... who it is');
    like($r->header('RateLimit'), qr/^"hour";r=\d+;t=\d+$/, '... its rates');
    is($r->header('Cache-Control'), 'no-store', '... to be kept by nobody');

    $r = $t->get('/auth', headers => $sent{$proxy});
    is($r->{status}, 401, "$proxy: no key");
    is($r->header('WWW-Authenticate'),
       'ApiKey realm="items", header="X-Api-Key"', '... the challenge');
    is($r->json->{instance}, '/v1/items', '... of what was asked for');
    ok(!$r->header('X-Keygate-Account'), '... and nobody is it');
}

is($t->hits, 0, 'nothing went upstream');

# -- refusals

sub refused {
    my ($status, $code, $name, @lines) = @_;

    my $r = asked(@lines);

    is(join(' ', $r->{status}, ($r->json || {})->{code} // ''),
       "$status $code", $name);
    ok(!$r->header('X-Keygate-Key-Id'), '... nobody');

    return $r;
}

refused(403, 'insufficient_scope', 'a scope',
        forwarded('GET', '/v1/admin/keys'));
refused(404, 'route_not_found', 'a route', forwarded('GET', '/v1/none'));
refused(400, 'body_invalid', 'a body', forwarded('POST', '/v1/orders'));

my $r = refused(405, 'method_not_allowed', 'a method',
                forwarded('DELETE', '/v1/items'));
is($r->header('Allow'), 'GET, HEAD, POST', '... those that are');
is($r->json->{detail}, 'no DELETE here', '... in words');
like($t->read_file('error.log'),
     qr{refused method_not_allowed.*"DELETE /v1/items"}, '... and in the log');

is(asked(forwarded('GET', '/v1/items/a%2Fb'))->{status}, 204,
   'encoded_slash keep');
is(asked(original('HEAD', 'HTTP://h:8080/v1/items'))->{status}, 204, 'HEAD');
is($t->status('/auth', headers => [ forwarded('POST', '/v1/items') ],
    key => $key, method => 'POST', body => 'x' x 5000), 204,
   'a body is not looked at');

# -- without a key

$r = $t->get('/auth', headers => [ forwarded('GET', '/v1/open') ]);
is($r->{status}, 204, 'public');
is_deeply([ map { $r->header("X-Keygate-$_") }
            qw(Key-Id Account Plan Scopes Route) ],
          [ '', '', '', '', '/v1/open' ],
          '... only the route is known');
is($t->status('/auth', headers => [ forwarded('OPTIONS', '/v1/items',
   'Origin: https://a.example', 'Access-Control-Request-Method: GET') ]), 204,
   'a preflight');
is($t->status('/auth', headers => [ forwarded('GET', '/v1/items',
   'Origin: https://a.example', 'Access-Control-Request-Method: GET') ]), 401,
   '... is one by its method');
is($t->status('/dry', headers => [ forwarded('GET', '/v1/items') ]), 204,
   'a dry run lets in');

# -- what tells no method and path

my @half = forwarded('GET', '/v1/open');
my @other = original('GET', 'http://h/v1/open');

for my $case (
    [ 'none' ],
    [ 'no path', $half[0] ],
    [ 'no method', $half[1] ],
    [ 'no URL', $other[0] ],
    [ 'halves of two', $half[0], $other[1] ],
    [ 'both', @half, @other ],
    [ 'one and a half', @half, $other[0] ],
    [ 'a method twice', @half, $half[0] ],
    [ 'a path twice', @half, $half[1] ],
    [ 'an empty method', forwarded('', '/v1/open') ],
    [ 'an empty path', forwarded('GET', '') ],
    [ 'two words', forwarded('GET GET', '/v1/open') ],
    [ 'a method above 0x7f', forwarded("GE\xff", '/v1/open') ],
    [ 'no slash', forwarded('GET', 'v1/open') ],
    [ 'a query only', forwarded('GET', '?/v1/open') ],
    [ 'no host', original('GET', 'http:///v1/open') ],
    [ 'another scheme', original('GET', 'ftp://h/v1/open') ],
    [ 'a scheme only', original('GET', 'http://') ],
    [ 'a fragment', original('GET', 'http://h#/v1/open') ],
    [ 'a backslash', original('GET', 'http://h\\v1/open') ],
    [ 'two slashes', forwarded('GET', '//v1/open') ],
    [ 'dots', forwarded('GET', '/v1/x/../open') ],
    [ 'an escaped slash and dots', forwarded('GET', '/v1/items/..%2fopen') ],
    [ 'a path above 0x7f', forwarded('GET', "/v1/open\xff") ],
    [ 'a URL above 0x7f', original('GET', "http://h/v1/open\xff") ],
    [ 'a host above 0x7f', original('GET', "http://h\xff/v1/open") ],
    [ 'a URL twice', @other, $other[1] ],
    [ "a URL's method twice", @other, $other[0] ],
    [ 'an empty URL', original('GET', '') ],
    [ 'an empty one beside', @half, 'X-Original-URL:' ],
) {
    my ($name, @lines) = @$case;

    refused(400, 'path_ambiguous', $name, @lines);
}

refused(404, 'route_not_found', '8 KB',
        forwarded('GET', '/v1/' . 'x' x 8000));
is(asked(original('GET', 'http://h/v1/items?' . 'x' x 7900))->{status}, 204,
   '8 KB of a query');
refused(405, 'method_not_allowed', '8 KB of a method',
        forwarded('X' x 8000, '/v1/items'));
refused(404, 'route_not_found', '8 KB of a URL',
        original('GET', 'http://h/' . 'x' x 8000));

# -- these lines from an ordinary client

for my $lines ([ forwarded('GET', '/v1/open') ],
               [ original('GET', 'http://h/v1/open') ])
{
    is($t->status('/v1/items', headers => $lines), 401,
       'no location but this one looks at them');
}

is($t->hits, 0, 'nothing went upstream');
is($t->status('/asks/x', headers => [ forwarded('GET', '/v1/open') ]), 500,
   'nor do they count in a subrequest');
is($t->status('/v1/items/1', key => $key,
              headers => [ forwarded('GET', '/v1/open') ]), 403,
   '... of a gated location');
is($t->hits, 0, 'nothing went upstream');

# whoever asks goes by the status: there is no 200 that says no, and none for a
# preflight that this gate would answer itself

for my $type ('application/grpc', 'application/grpc+proto') {
    for my $case ([ 401, '/v1/items', undef ], [ 401, '/v1/items', "${key}x" ],
                  [ 403, '/v1/admin/keys', $key ])
    {
        my ($status, $path, $k) = @$case;
        my $r = $t->get('/auth', key => $k, headers =>
            [ "Content-Type: $type", forwarded('GET', $path) ]);

        is($r->{status}, $status, "$type: $status");
        is($r->header('grpc-status'), undef, '... not as gRPC has it');
    }

    is($t->status('/v1/items', port => $t->port('INGRESS'),
                  headers => [ "Content-Type: $type" ]), 401,
       '... ingress-nginx');
    is($t->hits, 0, '... nothing went upstream');
    is($t->status('/behind/x', headers => [ "Content-Type: $type" ]), 401,
       '... auth_request to a location with a gate');
    is($t->hits, 0, '... nothing went upstream');
}

for my $origin ('https://a.example', 'https://evil.example') {
    my $r = $t->get('/answers', method => 'GET', headers => [
        forwarded('OPTIONS', '/v1/items'), "Origin: $origin",
        'Access-Control-Request-Method: GET' ]);

    is($r->{status}, 401, "a preflight that is answered elsewhere: $origin");
}

# -- as ingress-nginx does it

my $port = $t->port('INGRESS');

is($t->status('/v1/items', key => $key, port => $port), 200,
   'ingress-nginx: a key');
is_deeply([ map { $_->[1] } grep { lc $_->[0] eq 'x-keygate-account' }
            @{$t->last_hit->{headers}} ], ['acc_1'], '... whose');
is($t->status('/v1/items', port => $port), 401, '... none');
is($t->status('/v1/admin/keys', key => $key, port => $port), 403,
   '... a scope');
is($t->status('/v1/items', port => $port, headers =>
    [ forwarded('GET', '/v1/open') ]), 500, "... a client's own lines");

$t->allow(qr/auth request unexpected status/);
$t->done;

#!/usr/bin/perl

# COPY and MOVE write to the path in Destination: the key must be worth that
# one, too.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use Test::More;

use Keygate;
use Keygate::Items;

my $passing = items_api(name => 'passing', zone => '', only => 1,
    extra => 'unmatched pass;', routes => <<'E');
        route *     /v1/admin/*    admin:read;
        route GET   /v1/read/*     items:read;
E

my $t = Keygate->new(conf => items_api(
    extra => "base /api;\nplan free;\nplan paid vault;", only => 1,
    routes => <<'E') . $passing . <<'E');
        route *     /v1/mine/*     items:write;
        route *     /v1/public/*   public;
        route *     /v1/any/*      any;
        route *     /v1/maybe/*    optional;
        route *     /v1/admin/*    admin:read;
        route GET   /v1/read/*     items:read;
        route *     /v1/vault/*    items:write feature=vault;
E
    server {
        listen 127.0.0.1:%%PORT%%;
        location / {
            keygate items;
            proxy_pass http://127.0.0.1:%%UPSTREAM%%;
        }

        location = /auth { keygate items; keygate_auth; }
    }

    server {
        listen 127.0.0.1:%%PASSING%%;
        large_client_header_buffers 4 128k;

        location / {
            keygate passing;
            proxy_pass http://127.0.0.1:%%UPSTREAM%%;
        }
    }
E

my $key = $t->key(scopes => ['items:write']);
$t->start;

sub try {
    my ($path, $to, %o) = @_;

    my @headers = map { "Destination: $_" } ref $to ? @$to : $to;

    return $t->get("/api/v1$path", key => $key, method => 'MOVE',
                   headers => \@headers, %o);
}

my $host = 'http://gate.example:8080';

for my $row (
    [ '/mine/a', "$host/api/v1/mine/b", 200 ],
    [ '/mine/a', '/api/v1/mine/b', 200, 'a path' ],
    [ '/mine/a', "$host/api/v1/mine/%C3%A9?x=/../y", 200 ],
    [ '/mine/a', "$host/api/v1/any/b", 200 ],
    [ '/mine/a', "$host/api/v1/public/b", 200 ],
    [ '/any/a', "$host/api/v1/mine/b", 200 ],
    [ '/mine/a', "$host/api/v1/admin/b", 403, 'insufficient_scope' ],
    [ '/mine/a', '/api/v1/admin/b', 403, 'insufficient_scope' ],
    [ '/any/a', "$host/api/v1/%61dmin/b", 403, 'insufficient_scope' ],
    [ '/public/a', "$host/api/v1/admin/b", 403, 'insufficient_scope' ],
    [ '/mine/a', "$host/api/v1/vault/b", 403, 'plan_required' ],
    [ '/mine/a', "$host/api/v1/read/b", 405, 'method_not_allowed' ],
    [ '/mine/a', "$host/api/v1/none", 404, 'route_not_found' ],
    [ '/mine/a', "$host/v1/mine/b", 404, 'route_not_found' ],
    [ '/mine/a', "$host/api/v1/mine/../admin/b", 400, 'path_ambiguous' ],
    [ '/mine/a', "$host/api/v1/mine/%2e%2e/b", 400, 'path_ambiguous' ],
    [ '/mine/a', "$host/api/v1/mine%2fb", 400, 'path_ambiguous' ],
    [ '/mine/a', "$host/api/v1/mine/b#c", 400, 'path_ambiguous' ],
    [ '/mine/a', '//other/api/v1/mine/b', 400, 'path_ambiguous' ],
    [ '/mine/a', $host, 404, 'route_not_found' ],
    [ '/mine/a', 'api/v1/mine/b', 400, 'path_ambiguous' ],
    [ '/mine/a', 'x/../admin/b://h/api/v1/mine/b', 400, 'path_ambiguous' ],
    [ '/mine/a', 'ftp://h/api/v1/mine/b', 400, 'path_ambiguous' ],
    [ '/mine/a', 'http:///api/v1/mine/b', 400, 'path_ambiguous' ],
    [ '/mine/a', 'http://h\\@g/api/v1/mine/b', 400, 'path_ambiguous' ],
    [ '/mine/a', 'http://h#/api/v1/mine/b', 400, 'path_ambiguous' ],
    [ '/mine/a', 'HTTPS://gate.example/api/v1/admin/b', 403,
      'insufficient_scope' ],
    [ '/mine/a', '', 400, 'path_ambiguous' ],
    [ '/mine/a', "\xff", 400, 'path_ambiguous' ],
    [ '/mine/a', '/api/v1/mine/' . 'a' x 7000, 200 ],
    [ '/mine/a', [ '/api/v1/mine/b', '/api/v1/admin/b' ], 400,
      'path_ambiguous' ],
) {
    my ($path, $to, $status, $code) = @$row;

    my $name = "$path to " . substr ref $to ? "@$to" : $to, 0, 60;

    for my $method ('MOVE', 'COPY') {
        my $r = try($path, $to, method => $method);

        is($r->{status}, $status, "$method $name");
        is($r->json->{code}, $code, "$method $name: code") if $status != 200;
        is($t->hits, $status == 200 ? 1 : 0, "$method $name: upstream");
    }
}

# -- without a key

for my $row ([ '/public/a', '/api/v1/public/b', 200 ],
    [ '/public/a', '/api/v1/maybe/b', 200 ],
    [ '/maybe/a', '/api/v1/public/b', 200 ],
    [ '/public/a', '/api/v1/any/b', 401 ],
    [ '/maybe/a', '/api/v1/any/b', 401 ],
    [ '/maybe/a', '/api/v1/admin/b', 401 ],
    [ '/public/a', '/api/v1/none', 401 ],
    [ '/public/a', '/api/v1/x/../y', 400 ])
{
    my ($path, $to, $status) = @$row;

    is(try($path, $to, key => undef)->{status}, $status,
       "$path to $to without a key");
    $t->hits;
}

# -- where a path without a route passes, its destination does not

for my $row ([ '/v1/none', '/v1/other', 200 ],
    [ '/v1/none', '/v1/admin/b', 403 ],
    [ '/v1/none', 'http://gate.example/v1/%61dmin/b', 403 ],
    [ '/v1/none', '/v1/read/b', 405 ],
    [ '/v1/none', '/v1/x/../admin/b', 400 ],
    [ '/v1/none', '/v1/admin/' . 'a' x 32768, 400 ],
    [ '/v1/none', '/v1/other/' . 'a' x 32768, 400 ])
{
    my ($path, $to, $status) = @$row;

    my $r = $t->get($path, key => $key, method => 'MOVE',
                    port => $t->port('PASSING'),
                    headers => ["Destination: $to"]);

    is($r->{status}, $status, "without a route, to " . substr $to, 0, 40);
    is($t->hits, $status == 200 ? 1 : 0, 'upstream');
}

# -- for somebody else's proxy, who tells the method

for my $row ([ 'MOVE', '/api/v1/mine/b', 204 ],
    [ 'MOVE', '/api/v1/admin/b', 403 ],
    [ 'COPY', 'https://gate.example/api/v1/admin/b', 403 ],
    [ 'MOVE', 'api/v1/mine/b', 400 ],
    [ 'PUT', '/api/v1/admin/b', 204 ])
{
    my ($method, $to, $status) = @$row;

    is($t->get('/auth', key => $key, headers => ["Destination: $to",
               "X-Forwarded-Method: $method",
               'X-Forwarded-Uri: /api/v1/mine/a'])->{status}, $status,
       "asked about $method to $to");
}

# -- other methods do not have it

is(try('/mine/a', '/api/v1/admin/b', method => 'PUT')->{status}, 200,
   'PUT has no destination');
is($t->get('/api/v1/mine/a', key => $key, method => 'MOVE')->{status}, 200,
   'MOVE without one is the upstream\'s to refuse');

$t->done;

#!/usr/bin/perl

# The method is the one in the request line, HEAD is served where GET is.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use Test::More;

use Keygate;
use Keygate::Items;

my $t = Keygate->new(conf => items_conf(routes => <<'E'));
        route *           /v1/star       items:read;
        route GET|DELETE  /v1/two        items:read;
        route HEAD        /v1/head       items:write;
        route GET         /v1/head       items:read;
        route PATCH       /v1/both       items:read&items:write;
        route PUT         /v1/both       items:write|admin:read;
        route OPTIONS     /v1/options    public;
E

my $reads = $t->key(scopes => ['items:read']);
my $writes = $t->key(scopes => ['items:write']);
my $admin = $t->key(scopes => ['admin:read', 'unheard:of']);
my $both = $t->key(scopes => ['items:read', 'items:write']);
my $none = $t->key(scopes => []);

$t->start;

# -- scopes

my $r = $t->get('/v1/items', method => 'POST', key => $reads);

is($r->{status}, 403, 'a write with a key that reads');
is($r->json->{code}, 'insufficient_scope', 'its code');
is_deeply($r->json->{required_scopes}, ['items:write'], 'the scope is named');
is_deeply($r->json->{granted_scopes}, ['items:read'], 'and what there is');
like($r->json->{detail}, qr/items:write/, 'in words, too');
ok(!$r->header('WWW-Authenticate'), 'no challenge: the key is right');
is($t->hits, 0, 'nothing has reached the upstream');

for my $row ([ GET => '/v1/items', $reads, 200 ],
    [ GET => '/v1/items', $writes, 403 ], [ GET => '/v1/items', $none, 403 ],
    [ GET => '/v1/items', $admin, 403 ], [ POST => '/v1/items', $writes, 200 ],
    [ GET => '/v1/me', $none, 200 ],
    [ PATCH => '/v1/both', $reads, 403 ], [ PATCH => '/v1/both', $both, 200 ],
    [ PUT => '/v1/both', $writes, 200 ], [ PUT => '/v1/both', $admin, 200 ],
    [ PUT => '/v1/both', $reads, 403 ])
{
    my ($method, $path, $key, $status) = @$row;
    my ($name) = $key =~ /^(\w{9})/;

    is($t->status($path, method => $method, key => $key), $status,
       "$method $path with $name");
    is($t->hits, $status == 200 ? 1 : 0, 'and upstream');
}

# -- methods

$r = $t->get('/v1/items', method => 'DELETE', key => $both);

is($r->{status}, 405, 'a method that the route has not');
is($r->json->{code}, 'method_not_allowed', 'its code');
is($r->header('Allow'), 'GET, HEAD, POST', 'Allow lists those it has');

is($t->get('/v1/two', method => 'POST', key => $both)->header('Allow'),
   'GET, HEAD, DELETE', 'Allow, of a route with two methods');
is($t->status('/v1/items', method => 'DELETE'), 401,
   'without a key the method is not looked at');
is($t->status('/v1/open', method => 'POST'), 401,
   'public is the route, not the path');

for my $method (qw(GET POST PUT PATCH DELETE OPTIONS QUERY)) {
    is($t->status('/v1/star', method => $method, key => $reads), 200,
       "$method where any will do");
}

is($t->status('/v1/options', method => 'OPTIONS'), 200, 'a public OPTIONS');

$t->hits;

for my $method (qw(OPTIONS QUERY PROPFIND PURGE)) {
    is($t->status('/v1/items', method => $method, key => $both), 405,
       "$method by its own name");
}

is($t->status('/v1/items', method => 'TRACE', key => $both), 405, 'TRACE');
is($t->status('/v1/items', method => 'get', key => $both), 400,
   'nginx refuses lower case');

for my $name (qw(X-HTTP-Method-Override X-HTTP-Method X-Method-Override)) {
    is($t->status('/v1/items', method => 'POST', key => $reads,
                  headers => ["$name: GET"]), 403, "$name changes nothing");
}

is($t->status('/v1/items?_method=GET', method => 'POST', key => $reads), 403,
   'nor does _method');
is($t->hits, 0, 'nothing of all that has reached the upstream');

# -- HEAD

$r = $t->get('/v1/items', method => 'HEAD', key => $reads);

is($r->{status}, 200, 'HEAD where GET is');
is($t->last_hit->{method}, 'HEAD', 'goes upstream as HEAD');

is($t->status('/v1/head', method => 'HEAD', key => $reads), 403,
   'a HEAD route of its own comes first');
is($t->status('/v1/head', method => 'HEAD', key => $writes), 200,
   'with a scope of its own');
is($t->status('/v1/head', key => $reads), 200, 'beside GET');
is($t->status('/v1/items', method => 'HEAD', key => $writes), 403,
   'a HEAD needs what a GET needs');

my $get = $t->get('/v1/items', key => $none);
my $head = $t->get('/v1/items', key => $none, method => 'HEAD');

is($head->{status}, 403, 'a refused HEAD');
is($head->{body}, '', 'has no body');
is_deeply([ map { $_->[0] } @{$head->{headers}} ],
          [ map { $_->[0] } @{$get->{headers}} ], 'but the same headers');

# -- HTTP/1.0, and requests that want less than the whole error

$r = $t->get('/v1/items', key => $none, version => '1.0');
is($r->{status}, 403, 'HTTP/1.0');
ok($r->json, 'with its body');
is($t->status('/v1/items', key => $reads, version => '1.0'), 200,
   'HTTP/1.0, let in');

my $whole = $t->get('/v1/items')->{body} =~ s/"request_id":"\w+"//r;

for my $header ('Range: bytes=0-3', 'If-None-Match: *',
    'If-Modified-Since: Fri, 20 Nov 2096 00:00:00 GMT',
    'Accept-Encoding: gzip', 'If-Match: "x"', 'Accept: text/html')
{
    $r = $t->get('/v1/items', headers => [$header]);

    is($r->{status}, 401, "$header: the error all the same");
    is($r->{body} =~ s/"request_id":"\w+"//r, $whole, "$header: whole");
    ok(!$r->header('ETag') && !$r->header('Last-Modified')
       && !$r->header('Accept-Ranges'), "$header: nothing of a file");
}

# -- one connection for many answers

my $c = $t->client;
my @pipe = ([ '/v1/items', $reads, 200 ], [ '/v1/items', $none, 403 ],
            [ '/v1/items', undef, 401 ], [ '/v1/none', $reads, 404 ],
            [ '/v1/items', $reads, 200 ]);

$c->send(join '', map { $t->request_bytes($_->[0], key => $_->[1], keep => 1) }
         @pipe);
is_deeply([ map { $c->response->{status} } @pipe ], [ map { $_->[2] } @pipe ],
          'pipelined requests are answered one by one');

$t->done;

#!/usr/bin/perl

# A path that could mean two things means nothing; one that means one thing is
# never worth more than the key.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use Test::More;
use Time::HiRes qw(time);

use Keygate;
use Keygate::Items;

my $t = Keygate->new(conf =>
    "large_client_header_buffers 4 64k; merge_slashes on;\n"
    . items_conf(rate => 'rate 100000r/m;', routes => <<'E'));
        route GET /v1/files/*           items:read;
        route GET /v1/items/:id/parts   items:read;
        route GET /v1/items/special     admin:read;
        route GET /v1/café       any;
        route GET "/v1/a b"             any;
        route GET /v1/slash/            items:read;
E

my $key = $t->key(scopes => ['items:read']);
my $admin = $t->key(scopes => ['admin:read']);
$t->start;

is($t->status('/v1/items', key => $key), 200, 'a plain path');
is($t->status('/v1/items?x=/../y&z=%2f%00;', key => $key), 200,
   'whatever is in the query');
is($t->hits, 2, 'both have reached the upstream');

my @ambiguous = (
    '//v1//admin//keys', '/v1//items', '//v1/items', '/v1/items//',
    '/v1/items/../admin/keys', '/v1/./items', '/v1/items/.', '/v1/items/..',
    '/v1/items/%2e%2e/admin/keys', '/v1/items/%2E', '/v1/items/.%2e/x',
    '/v1/items%2fx', '/v1/items/%2F', '/v1/items%5cx', '/v1%5Citems',
    '/v1/items/%252e%252e/x', '/v1/items/%252f', '/v1/items/%255c',
    '/v1/items/%25252e', '/v1/items/%2500', '/v1/items/%253b',
    '/v1/items/..;/admin/keys', '/v1/items;x=1', '/v1/;/items',
    '/v1\\items', '/v1/items/..\\..\\admin',
    '/v1/items/%00', '/v1/items/%0a', '/v1/items/%0d%0aX:y', '/v1/items/%7f',
    '/v1/items/%c0%ae', '/v1/items/%c0%af', '/v1/items/%e0%80%af',
    '/v1/items/%ff', '/v1/items/%80', '/v1/items/%ed%a0%80',
    '/v1/items/%f4%90%80%80', '/v1/items/%c3',
    '/v1/items/%', '/v1/items/%2', '/v1/items/%zz', '/v1/items/%u002e',
    '/v1/items#x', '/v1/open#/../admin',
    '/v1/open/../admin/keys', '/v1/open/%2e%2e/admin/keys', '/v1/open;/x',
);

for my $path (@ambiguous) {
    for my $who ([ 'without a key', undef ], [ 'with one', $key ]) {
        my $r = $t->get($path, key => $who->[1]);
        my $name = "$path $who->[0]";

        is($r && $r->{status}, 400, $name);
        next if !$r || $r->header('Content-Type') !~ /json/;

        # what nginx itself cannot parse is answered by nginx
        like($r->json->{code}, qr/^(?:path_ambiguous|bad_request)$/,
             "$name: says so");
    }
}

is($t->hits, 0, 'none of them has reached the upstream');

# raw control bytes and 8-bit bytes
for my $byte ("\x01", "\x1f", "\x7f", "\xff", "\xc0\xae") {
    my $name = sprintf 'a raw 0x%s in the path', unpack 'H*', $byte;
    is($t->status("/v1/items/$byte", key => $key), 400, $name);
}

# -- one meaning: not more than the key may

my %may = (
    '/v1/items/1' => 200, '/v1/items/%31' => 200,
    '/v1/items/%C3%A9' => 200, '/v1/items/%f0%9f%98%80' => 200,
    '/v1/items/a%20b' => 200, '/v1/items/100%25' => 200,
    '/v1/items/a+b' => 200, '/v1/items/...' => 200, '/v1/items/a..b' => 200,
    '/v1/items/.a' => 200, '/v1/it%65ms' => 200,
    '/v1/items/1/parts' => 200, '/v1/items/special/parts' => 200,
    '/v1/files/' => 200, '/v1/files/a/b/c' => 200, '/v1/files/a/' => 200,
    '/v1/slash/' => 200,
    '/v1/caf%c3%a9' => 200, '/v1/a%20b' => 200,
    '/v1/items/special' => 403, '/v1/items/%73pecial' => 403,
    '/v1/admin/keys' => 403, '/v1/admin/keys?x=/v1/open' => 403,
    '/v1/%61dmin/keys' => 403,
    '/V1/ADMIN/KEYS' => 404, '/v1/admin/keys/' => 404, '/v1/items/' => 404,
    '/v1/slash' => 404, '/v1/files' => 404, '/v1/items/1/' => 404,
    '/' => 404, '/v1' => 404, '/v1/' => 404, '/v1/admin' => 404,
    '/v1/items/1/parts/2' => 404, '/v1/CAF%C3%A9' => 404,
);

for my $path (sort keys %may) {
    my $r = $t->get($path, key => $key);

    is($r->{status}, $may{$path}, "$path");
    is($t->hits, $may{$path} == 200 ? 1 : 0, "$path: upstream");

    if ($r->{status} == 200) {
        is($t->last_hit->{uri}, $path, "$path: goes as it came");
    }
}

is($t->status('/nowhere'), 401, 'without a key an unknown path tells nothing');
is($t->get('/nowhere', key => $key)->json->{code}, 'route_not_found',
   'with one it is route_not_found');

# -- other forms of the request target

is($t->status('http://elsewhere/v1/admin/keys', key => $key), 403,
   'an absolute target');
is($t->status('http://elsewhere/v1/items', key => $key), 200,
   'by its path alone');
is($t->status('http://elsewhere/v1/items/../admin/keys', key => $key), 400,
   'an ambiguous one');
is($t->status('http://elsewhere', key => $key), 404, 'one without a path');
$t->hits;

for my $target ('*', 'elsewhere:443', 'v1/items', '?') {
    like($t->status($target, key => $key), qr/^(?:400|404|405|closed)$/,
         "the target $target");
}

# -- size

my $start = time;

like($t->status('/v1/items/' . 'a' x 40000, key => $key), qr/^(?:414|404)$/,
     '40,000 bytes');
like($t->status('/v1' . '/a' x 2000, key => $key), qr/^(?:414|404)$/,
     '2,000 segments');
like($t->status('/v1/files' . '/a' x 2000, key => $key),
     qr/^(?:200|414|404)$/, '2,000 segments under a /*');
like($t->status('/v1/items/' . '%41' x 12000, key => $key),
     qr/^(?:200|414|404)$/, '12,000 encoded letters');
like($t->status('/' . 'a' x 200000, key => $key), qr/^(?:414|closed)$/,
     '200,000 bytes');
ok(time - $start < 10, 'in bounded time');

$t->hits;

# -- the body of a refusal shows the path, but nothing that it could do

my $r = $t->get('/v1/%22%3cscript%3e%e2%80%a8<b>', key => $key);

is($r->{status}, 404, 'a hostile path');
ok($r->json, 'the body is JSON');
unlike($r->{body}, qr/[<>\x80-\xff]/, 'with nothing left unescaped');
is($r->json->{instance}, '/v1/%22%3cscript%3e%e2%80%a8%3Cb%3E',
   'instance: the path, as a URI');
is($t->get('//host/x', key => $key)->json->{instance}, '/.//host/x',
   'and never the URI of another host');
is($t->get('/nowhere?secret=1', key => $key)->json->{instance}, '/nowhere',
   'never the query');

# -- an upstream that is sent a changed path is sent a checked one

my $u = Keygate->new(conf => items_api() . <<'E');
    server {
        listen 127.0.0.1:%%PORT%%;

        location /strip/ {
            keygate items;
            proxy_pass http://127.0.0.1:%%UPSTREAM%%/v1/;
        }

        location /rewrite/ {
            rewrite ^/rewrite/(.*)$ /v1/$1 break;
            keygate items;
            proxy_pass http://127.0.0.1:%%UPSTREAM%%;
        }

        location /v1/ {
            keygate items;
            proxy_pass http://127.0.0.1:%%UPSTREAM%%;
        }
    }
E

my $mine = $u->key(scopes => ['items:read']);

$u->start;

is($u->status('/rewrite/items', key => $mine), 200, 'a rewritten path');
is($u->status('/rewrite/admin/keys', key => $mine), 403,
   'is decided as what goes upstream');
isnt($u->status('/rewrite/items/%2e%2e/admin/keys', key => $mine), 200,
   'and not otherwise');
is_deeply([ map { $_->{uri} } $u->{upstream}->requests ], [ '/v1/items' ],
   'nothing else has reached the upstream');

$u->done;
$t->done;

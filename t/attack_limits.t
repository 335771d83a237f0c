#!/usr/bin/perl

# Getting more than a key is worth: by methods, routes, forged addresses, and
# places where the gate does not refuse.  And less: nothing is charged that
# was not admitted.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use Test::More;

use Keygate;
use Keygate::Items;

my $t = Keygate->new(conf => <<'E'
    limit_req_zone $keygate_key_id zone=by_key:1m rate=1000r/s;
    log_format v '$request_method $uri $keygate_verdict $keygate_key_id';
    access_log %%DIR%%/verdicts.log v;
E
    . items_api(rate => 'rate 10r/h; rate 100r/d per=account;', routes => <<'R')
        route GET  /v1/heavy     any cost=4;
        route *    /v1/all       any;
        route GET  /v1/me/*      any;
        route GET  /open/*       public;
R
    . items_api(name => 'unmatched', only => 1, zone => '',
                rate => 'rate 10r/s;', extra => 'unmatched pass;',
                routes => 'route GET /admin/* admin:read;')
    . <<'E');
    server {
        listen 127.0.0.1:%%PORT%%;
        large_client_header_buffers 4 64k;
        keygate items;

        location / {
            proxy_pass http://127.0.0.1:%%UPSTREAM%%;
        }

        location /open/ {
            proxy_pass http://127.0.0.1:%%UPSTREAM%%;
        }

        location = /v1/me { keygate_me; }
        location = /v1/me/any { satisfy any; allow all; keygate_me; }
        location = /v1/me/dry { keygate_dry_run on; keygate_me; }
        location = /open/me { keygate_me; }
        location = /open/scopes { keygate_scopes; }
    }

    server {
        listen 127.0.0.1:%%REALIP%%;
        keygate items;

        location / {
            set_real_ip_from 127.0.0.1;
            real_ip_header X-Forwarded-For;
            limit_req zone=by_key burst=100 nodelay;
            proxy_pass http://127.0.0.1:%%UPSTREAM%%;
        }
    }

    server {
        listen 127.0.0.1:%%PASS%%;
        large_client_header_buffers 4 64k;

        location / {
            keygate unmatched;
            proxy_pass http://127.0.0.1:%%UPSTREAM%%;
        }
    }
E

my $n = 0;

sub key {
    my (%key) = @_;

    return $t->key(account => 'acc_' . ++$n, scopes => ['items:read'], %key);
}

my $name = qq(O"Brien</script>\\ \x{2028}\x{e9});

$t->account(id => 'acc_hostile', name => $name, profile => {});

my $shared = $t->key(account => 'acc_shared', scopes => ['items:read']);
my $hostile = $t->key(account => 'acc_hostile', name => $name);
my $orphan = $t->key(account => 'acc_nobody', alone => 1);
my $local = key(addresses => ['127.0.0.1/32']);
my $far = key(addresses => ['203.0.113.7/32']);
my $wide = key(rates => ['1000r/h']);

# [ method, path, status, what it costs ]: each with a fresh key

my @cases = (
    [ 'GET', '/v1/items', 200, 1 ], [ 'HEAD', '/v1/items', 200, 1 ],
    [ 'GET', '/v1/heavy', 200, 4 ], [ 'HEAD', '/v1/heavy', 200, 4 ],
    [ 'POST', '/v1/heavy', 405, 1 ], [ 'OPTIONS', '/v1/heavy', 405, 1 ],
    [ 'HEAD', '/v1/all', 200, 1 ], [ 'PURGE', '/v1/all', 200, 1 ],
    [ 'GET', '/v1/admin/keys', 403, 1 ], [ 'GET', '/v1/none', 404, 1 ],
    [ 'GET', '/v1/open', 200, 0 ], [ 'HEAD', '/v1/open', 200, 0 ],
    [ 'GET', '/v1/items/..', 400, 0 ],
    [ 'TRACE', '/v1/items', 405, 0 ], [ 'GET', '/v1/me', 200, 1 ],
);

my @keys = map { key() } @cases;

$t->start;

sub left {
    my ($key) = @_;

    my $r = $t->get('/v1/none', key => $key);
    my ($left) = ($r->header('RateLimit') // '') =~ /"hour";r=(\d+)/;

    return $left;
}

for my $i (0 .. $#cases) {
    my ($method, $path, $status, $cost) = @{$cases[$i]};

    is($t->status($path, method => $method, key => $keys[$i]), $status,
       "$method $path");
    is(left($keys[$i]), 9 - $cost, "$method $path: costs $cost");
}

# -- addresses

is($t->status('/v1/items', key => $local), 200, 'a local key, from here');
is($t->status('/v1/items', key => $far,
              headers => [ 'X-Forwarded-For: 203.0.113.7',
                           'X-Real-IP: 203.0.113.7',
                           'Forwarded: for=203.0.113.7' ]), 403,
   'a forged address is none');

for my $case ([ '203.0.113.7', $far, 200 ], [ '203.0.113.8', $far, 403 ],
              [ '203.0.113.7', $local, 403 ],
              [ '203.0.113.7, 203.0.113.9', $far, 403 ])
{
    is($t->status('/v1/items', key => $case->[1], port => $t->port('REALIP'),
                  headers => [ "X-Forwarded-For: $case->[0]" ]), $case->[2],
       "realip, decided for limit_req: $case->[0]");
}

# -- limits

is($t->status('/v1/open', key => 'x'), 200,
   'a wrong key does not matter on a public route');
is($t->status('/v1/items', key => $orphan), 403,
   'a key whose account has no record');
is($t->get('/v1/items', key => $orphan)->json->{code}, 'subscription_lapsed',
   'that is why');

$t->hits;
my %codes;
$codes{$t->status('/v1/items', key => $wide)}++ for 1 .. 120;
is_deeply(\%codes, { 200 => 100, 429 => 20 },
          'a key with rates of its own stays within its account\'s');
is($t->hits, 100, 'the upstream has seen as many');

# -- identity

for my $path ('/v1/me/any', '/v1/me/dry', '/open/me', '/open/scopes') {
    my $r = $t->get($path);

    like($r->{status}, qr/^40[13]$/, "$path: nobody is nobody");
    unlike($r->{body}, qr/caller|granted":|acc_/, "$path: without a name");

    $r = $t->get($path, key => 'tk_000001_' . 'x' x 24);
    like($r->{status}, qr/^40[13]$/, "$path: nor is a wrong key anybody");
    unlike($r->{body}, qr/caller|granted":|acc_/, "$path: without a name");
}

my $r = $t->get('/v1/me', key => $hostile);
is($r->{status}, 200, 'an account with a hostile name');
ok($r->json, 'is JSON');
is($r->json->{account}{name}, $name, 'and the name');
unlike($r->{body}, qr/[<>]|\xe2\x80\xa8/, 'with nothing left unescaped');

# -- unmatched pass

$t->hits;

for my $path ('/admin/x', '/admin/' . 'a' x 33000, '/admin/' . 'a/' x 16400,
              '/admin/%3b' . 'a' x 9000)
{
    like($t->status($path, key => $shared, port => $t->port('PASS')),
         qr/^(?:400|403|404|414)$/,
         'unmatched pass: a route stays one at ' . length($path) . ' bytes');
}

is($t->hits, 0, 'nothing has reached the upstream');
is($t->status('/x', key => $shared, port => $t->port('PASS')), 200,
   'what has none passes');

# -- the log

for my $path ('/v1/"x', "/v1/x'y", '/v1/%22%0aallowed', '/v1/%5b31m',
              "/v1/\xe2",
              '/v1/]"%20key:%20"tk_FORGED')
{
    $t->get($path, key => $hostile);
}

my @lines = grep { /keygate: refused/ } split /\n/, $t->read_file('error.log');

ok(@lines > 10, 'refusals are logged');
is(scalar grep({ !/^[\x20-\x7e]+$/ } @lines), 0, 'in printable characters');
is(scalar grep({ !/, request: "\S+ [^"]*"$/ } @lines), 0,
   'quotes do not end what they are in');
is(scalar grep({ /key: "tk_FORGED/ } @lines), 0, 'nor forge a field');

$t->done;

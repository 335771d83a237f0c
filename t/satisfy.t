#!/usr/bin/perl

# "satisfy any": a key, or what another module asks for.  Whoever comes with a
# live key that lacks something is told what it lacks, by the gate, unless
# another module lets the request in.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use MIME::Base64 qw(encode_base64);
use Test::More;

use Keygate;
use Keygate::Items;

my $t = Keygate->new(conf =>
    items_api(rate => 'rate 100r/h;', routes => <<'R',
        route GET  /v1/deny/items    items:write;
        route GET  /v1/asked/items   items:write;
        route POST /v1/orders        items:read;
        when  POST /v1/orders body.paid admin:read;
R
              extra => 'rate_headers off;') . <<'E');
    server {
        listen 127.0.0.1:%%PORT%%;
        keygate items;
        satisfy any;

        location / {
            auth_basic staff;
            auth_basic_user_file %%DIR%%/users;
            proxy_pass http://127.0.0.1:%%UPSTREAM%%;
        }

        location /v1/deny/ {
            deny all;
            proxy_pass http://127.0.0.1:%%UPSTREAM%%;
        }

        location /v1/asked/ {
            auth_request /check;
            proxy_pass http://127.0.0.1:%%UPSTREAM%%;
        }

        location = /check {
            internal;
            keygate off;
            return 401;
        }

        location = /v1/me {
            keygate_dry_run on;
            auth_basic staff;
            auth_basic_user_file %%DIR%%/users;
            proxy_pass http://127.0.0.1:%%UPSTREAM%%;
        }

        location = /v1/methods {
            keygate off;
            satisfy all;
            proxy_pass http://127.0.0.1:%%UPSTREAM%%/v1/items;

            limit_except GET {
                keygate items;
            }
        }
    }
E

$t->write_file('users', "boss:{PLAIN}secret\n");

my $reads = $t->key(scopes => ['items:read']);
my $writes = $t->key(scopes => [qw(items:read items:write)]);
my $gone = $t->key(scopes => ['items:read'],
                   revoked_at => '2026-01-01T00:00:00Z');
my $busy = $t->key(scopes => ['items:read'], rates => ['1r/d']);

$t->start;

my $user = 'Authorization: Basic ' . encode_base64('boss:secret', '');
my $staff = 'Basic realm="staff"';
my $api = 'ApiKey realm="items", header="X-Api-Key"';

# status, code and challenges; "upstream" is what the upstream has answered

sub answer_is {
    my ($want, $name, $path, %o) = @_;

    $t->hits;

    my $r = $t->get($path, %o);
    my $code = $t->hits ? 'upstream' : ($r->json || {})->{code} // 'no code';

    is(join(' | ', $r->{status}, $code,
            sort $r->header('WWW-Authenticate')), $want, $name);

    return $r;
}

# -- nobody, somebody else, a key

answer_is("401 | credential_missing | $api | $staff", 'nobody', '/v1/items');
answer_is('200 | upstream', 'a user', '/v1/items', headers => [$user]);
answer_is('200 | upstream', 'a key', '/v1/items', key => $reads);

# -- a live key that lacks something

my $r = answer_is('403 | insufficient_scope', 'a scope', '/v1/admin/keys',
                  key => $reads);

is($r->json->{required_scopes}[0], 'admin:read', '... it says which');
answer_is('200 | upstream', '... but a user may', '/v1/admin/keys',
          key => $reads, headers => [$user]);
answer_is('403 | insufficient_scope', 'a scope by the body', '/v1/orders',
          method => 'POST', key => $reads, body => '{"paid":1}');
answer_is('200 | upstream', '... but a user may', '/v1/orders',
          method => 'POST', key => $reads, body => '{"paid":1}',
          headers => [$user]);
answer_is('404 | route_not_found', 'a route', '/v1/none', key => $reads);
answer_is('200 | upstream', '... but a user may', '/v1/none',
          key => $reads, headers => [$user]);
answer_is('405 | method_not_allowed', 'a method', '/v1/items',
          method => 'DELETE', key => $reads);

answer_is('200 | upstream', 'once a day', '/v1/items', key => $busy);
$r = answer_is('429 | rate_limited', '... not twice', '/v1/items',
               key => $busy);
ok($r->header('Retry-After') > 3600, '... until when');
answer_is('200 | upstream', '... but a user may', '/v1/items', key => $busy,
          headers => [$user]);

# -- a key that is none

answer_is("401 | credential_invalid | $api | $staff", 'unknown', '/v1/items',
          key => 'tk_AAAAAA_' . 'x' x 24);
answer_is("401 | key_revoked | $api | $staff", 'revoked', '/v1/items',
          key => $gone);
answer_is('200 | upstream', '... but a user may', '/v1/items', key => $gone,
          headers => [$user]);

# -- what no other module makes good

answer_is('400 | path_ambiguous', 'a path', '/v1//items', headers => [$user]);
answer_is('400 | credential_conflict', 'two keys', '/v1/items',
          headers => [ $user, "X-Api-Key: $reads", "X-Api-Key: $writes" ]);

# -- other modules

answer_is('200 | upstream', 'deny: a key', '/v1/deny/items', key => $writes);
answer_is('403 | insufficient_scope', 'deny: a scope', '/v1/deny/items',
          key => $reads);
answer_is("401 | credential_missing | $api", 'deny: nobody',
          '/v1/deny/items');
answer_is('200 | upstream', 'auth_request: a key', '/v1/asked/items',
          key => $writes);
answer_is('403 | insufficient_scope', 'auth_request: a scope',
          '/v1/asked/items', key => $reads);
answer_is("401 | credential_missing | $api", 'auth_request: nobody',
          '/v1/asked/items');

# -- a dry run leaves it to the others

answer_is("401 | no code | $staff", 'a dry run', '/v1/me', key => $reads);
answer_is('200 | upstream', '... a user', '/v1/me', headers => [$user]);

# -- one gate for some methods

answer_is('200 | upstream', 'limit_except: GET', '/v1/methods');
answer_is("401 | credential_missing | $api", 'limit_except: POST',
          '/v1/methods', method => 'POST');
answer_is('404 | route_not_found', '... with a key', '/v1/methods',
          method => 'POST', key => $reads);

$t->done;

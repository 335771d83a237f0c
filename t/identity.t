#!/usr/bin/perl

# keygate_me: who the caller is.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use Test::More;

use Keygate;
use Keygate::Items;

my $t = Keygate->new(conf => items_api(rate => 'rate 100r/h;',
        extra => <<'E') . <<'E2');
        account business slug website abn;
        scope   all implies=items:write,read:more;
        scope   read:more;
        route * /v1/every any;
        route * /v1/scopes any;
        route GET /v1/told public;
E
    server {
        listen 127.0.0.1:%%PORT%%;

        location = /v1/me {
            keygate items;
            keygate_me;
        }

        location = /v1/every {
            keygate items;
            keygate_me;
            add_header X-Verdict $keygate_verdict always;
        }

        location = /v1/told {
            keygate items;
            keygate_me;
        }

        location = /v1/scopes {
            keygate items;
            keygate_scopes;
        }
    }
E2

$t->account(id => 'acc_1', name => 'Bright & "Sons" </script>', profile => {
    slug => 'bright', website => undef, hidden => 'not shown' });
$t->account(id => 'acc_2', name => "L\x{2028}ine \x{e9}\x{1f600}");

my $key = $t->key(scopes => ['items:write', 'items:read', 'other:api']);
my $all = $t->key(scopes => ['all'], account => 'acc_2');
my $none = $t->key(scopes => [], account => 'acc_none', alone => 1);

$t->start;

my $r = $t->get('/v1/me', key => $key);

is($r->{status}, 200, 'a live key');
is($r->header('Content-Type'), 'application/json', 'JSON');
is($r->header('Content-Length'), length $r->{body}, 'its length');
is($r->header('Cache-Control'), 'no-store', 'not to be stored');
ok(defined $r->header('RateLimit'), 'with rate headers, as any route');
is_deeply($r->json, {
    business => { id => 'acc_1', name => 'Bright & "Sons" </script>',
                  slug => 'bright', website => undef, abn => undef },
    caller => { kind => 'api_key', scopes => ['items:read', 'items:write'] },
}, 'what the documents say: absent fields are null, others are not shown');
unlike($r->{body}, qr/</, 'nothing that a page could trip over');
like($r->{body}, qr/^\{"business": ?\{"id": ?"acc_1", ?"name":/,
     'in the order of the documents');

$r = $t->get('/v1/me', key => $all);

is_deeply($r->json->{caller}{scopes}, ['items:write', 'all', 'read:more'],
          'implied scopes, in catalogue order');
is($r->json->{business}{name}, "L\x{2028}ine \x{e9}\x{1f600}",
   'a name with strange letters');
unlike($r->{body}, qr/\xe2\x80\xa8/, 'U+2028 is escaped');

is($t->status('/v1/me', key => $none), 403,
   'an account without a record has no active subscription');

$r = $t->get('/v1/me', key => $key, method => 'HEAD');
is("$r->{status} $r->{body}", '200 ', 'HEAD');
cmp_ok($r->header('Content-Length'), '>', 50, 'with the length of the GET');

is($t->status('/v1/me'), 401, 'no key');
is($t->status('/v1/me', key => 'x'), 401, 'a wrong key');
is($t->status('/v1/me', key => $key, method => 'POST', body => 'x'), 405,
   'another method');

# a method that the route has and keygate_me has not

for my $path ('/v1/every', '/v1/scopes') {
    $r = $t->get($path, key => $key, method => 'DELETE');

    is_deeply([ $r->{status}, $r->header('Allow'), $r->header('Cache-Control'),
                $r->json->{code} ],
              [ 405, 'GET, HEAD', 'no-store', 'method_not_allowed' ],
              "DELETE $path, on a route for all methods");
}

is($t->get('/v1/every', key => $key, method => 'DELETE')->header('X-Verdict'),
   'allowed', '... which the gate let in');

$r = $t->get('/v1/told');
is_deeply([ $r->{status}, $r->header('Cache-Control') ], [ 403, 'no-store' ],
          'nobody, on a public route');

my $c = $t->client;
$c->send($t->request_bytes('/v1/me', key => $key, keep => 1,
                           body => "GET /x HTTP/1.1\r\n\r\n"));
is($c->response->{status}, 200, 'a GET with a body');
$c->send($t->request_bytes('/v1/me', key => $key));
is($c->response->{status}, 200, 'which is not read as a request');

$t->append($t->account_line(id => 'acc_1', name => 'New', profile => {
    slug => 'new', website => undef, abn => '5' }));
ok($t->wait_for(sub {
    my $me = $t->get('/v1/me', key => $key)->json;
    $me->{business} && $me->{business}{name} eq 'New'
}, 3), 'a change is seen');
is($t->get('/v1/me', key => $key)->json->{business}{abn}, 5, 'all of it');

$t->done;

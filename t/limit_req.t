#!/usr/bin/perl

# nginx's own limit_req by key: the variables are there before the access
# phase, and the request is still decided and charged once.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use Test::More;

use Keygate;
use Keygate::Items;

my $t = Keygate->new(conf => <<'E' . items_api(rate => 'rate 10r/h;')
    limit_req_zone $keygate_key_id zone=by_key:1m rate=1r/m;
    log_format keygate '[$keygate_verdict|$keygate_key_id|$status]';
    access_log %%DIR%%/verdicts.log keygate;
E
    . items_server(location => "limit_req zone=by_key;\n", in => <<'E2'));
        location /v1/never {
            keygate items;
            client_max_body_size 1;
            proxy_pass http://127.0.0.1:%%UPSTREAM%%;
        }
        rewrite ^/moved/(.*)$ /v1/$1 last;
E2

$t->account(id => 'acc_1', name => 'One');

my $a = $t->key(id => 'tk_AAAAAA', scopes => ['items:read']);
my $b = $t->key(id => 'tk_BBBBBB', scopes => ['items:read']);

$t->start;

my $r = $t->get('/v1/items', key => $a);
is($r->{status}, 200, 'the first request of a key');
like($r->header("RateLimit"), qr{^"hour";r=9;t=3[67]\d\d$}, "charged once");

$r = $t->get('/v1/items', key => $a);
is($r->{status}, 503, 'the second is refused by limit_req');
like($r->{body}, qr/"code":"service_unavailable"/, 'in the format of the API');

is($t->get('/v1/items', key => $b)->{status}, 200, 'another key');

is($t->get('/v1/items')->{status}, 401, 'no key: limit_req has no opinion');
is($t->get('/v1/items')->{status}, 401, 'however often');

is($t->get('/moved/admin/keys', key => $a)->{status}, 503,
   'a rewritten path is decided on as it is then');

is($t->get('/v1/never', method => 'POST', body => 'xx')->{status}, 413,
   'nginx refuses before there is a decision');

$t->wait_for(sub { ($t->read_file('verdicts.log') =~ tr/\n//) >= 7 }, 5);

is_deeply([ split /\n/, $t->read_file('verdicts.log') ],
          [ '[allowed|tk_AAAAAA|200]', '[allowed|tk_AAAAAA|503]',
            '[allowed|tk_BBBBBB|200]', '[credential_missing|-|401]',
            '[credential_missing|-|401]', '[insufficient_scope|tk_AAAAAA|503]',
            '[-|-|413]' ],
          'what the log says');

is($t->hits, 2, 'the upstream has seen two');

$t->done;

#!/usr/bin/perl

# "optional": with a key the caller is known, limited and refused like any;
# without one everybody passes, uncharged, and limited by address where the
# operator wants it so.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use Test::More;

use Keygate;
use Keygate::Items;

my $t = Keygate->new(conf => <<'E'
    map $keygate_key_id $anonymous { "" $binary_remote_addr; default ""; }
    limit_req_zone $anonymous zone=anonymous:1m rate=1r/m;
    log_format v '$request_uri $keygate_verdict [$keygate_key_id]';
    access_log %%DIR%%/verdicts.log v;
E
    . items_api(rate => 'rate 4r/h;', extra => 'plan large more;',
                routes => <<'R')
        route GET  /v1/maybe      optional;
        route POST /v1/maybe      items:write;
        route GET  /v1/tiers      optional;
        route GET  /v1/maybe/:id  optional feature=more cost=2;
R
    . <<'E');
    server {
        listen 127.0.0.1:%%PORT%%;
        proxy_set_header X-Who "[$keygate_key_id]";

        location / {
            keygate items;
            proxy_pass http://127.0.0.1:%%UPSTREAM%%;
        }

        location = /v1/tiers {
            keygate items;
            limit_req zone=anonymous burst=1 nodelay;
            limit_req_status 429;
            proxy_pass http://127.0.0.1:%%UPSTREAM%%;
        }
    }
E

my $key = $t->key(scopes => ['items:read']);
my $other = $t->key(scopes => []);
my $dead = $t->key(revoked_at => '2026-01-01T00:00:00Z');
my $id = $key =~ s/_[A-Za-z0-9]+\z//r;

$t->start;

sub who {
    my ($who) = map { $_->[1] } grep { lc $_->[0] eq 'x-who' }
                @{$t->last_hit->{headers}};

    return $who;
}

for (1 .. 5) {
    my $r = $t->get('/v1/maybe');

    is($r->{status}, 200, "without a key, time $_");
    is($r->header('RateLimit'), undef, 'and not charged');
}

is(who(), '[]', 'nobody is known');
is($t->hits, 5, 'all have reached the upstream');
is($t->status('/v1/maybe', method => 'HEAD'), 200, 'HEAD passes as well');
is($t->status('/v1/maybe', headers => ['X-Api-Key:']), 200,
   'an empty line is no key');
is($t->status('/v1/maybe', method => 'POST'), 401, 'another method does not');
is($t->status('/v1/maybe/..%2f'), 400, 'nor a doubtful path');
$t->hits;

my $r = $t->get('/v1/maybe', key => $key);
is($r->{status}, 200, 'with a key');
is(who(), "[$id]", 'the caller is known');
like($r->header('RateLimit'), qr/r=3/, 'and charged');

for my $wrong ('tk_AAAAAA_' . 'a' x 24, 'x', $dead) {
    is($t->status('/v1/maybe', key => $wrong), 401, 'a key that is none');
}

is($t->status('/v1/maybe', headers => [ ("X-Api-Key: $key") x 2 ]), 400,
   'two keys');
is($t->status('/v1/maybe/1'), 200, 'a feature is asked of keys only');
is($t->get('/v1/maybe/1', key => $key)->json->{code}, 'plan_required',
   'and these need it');
is($t->status('/v1/maybe', key => $key), 200, 'the fourth unit');
is($t->status('/v1/maybe', key => $key), 429, 'the limit holds');

is($t->status('/v1/tiers'), 200, 'anonymous, once');
is($t->status('/v1/tiers'), 200, 'anonymous, twice');
is($t->status('/v1/tiers'), 429, 'then its tier is used up');
is($t->status('/v1/tiers', key => $other), 200, 'but not that of a key');

like($t->read_file('verdicts.log'), qr{^/v1/maybe allowed \[-\]$}m,
     'the verdict without a key');

$t->done;

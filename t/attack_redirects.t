#!/usr/bin/perl

# Ways around a gate inside nginx: rewrites, "if", nested locations, redirects
# by the upstream, other modules' subrequests, and variables that ask for a
# decision early.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use Test::More;

use Keygate;
use Keygate::Items;

my $t = Keygate->new(conf => <<'E'
    limit_req_zone $keygate_key_id zone=by_key:1m rate=1000r/s;
    map $keygate_verdict $backend { allowed 127.0.0.1; default 127.0.0.1; }
    map $keygate_account $who { '' nobody; default $keygate_account; }
    log_format v '$request_uri $keygate_verdict';
    access_log %%DIR%%/verdicts.log v;
    recursive_error_pages on;
E
    . items_api(rate => 'rate 1000r/h;', routes => <<'R')
        route GET /v1/slow/*    items:read;
        route GET /v1/accel/*   items:read;
        route GET /v1/parts/*   items:read;
        route GET /v1/open/accel/* public;
        route * /v1/nested/*    admin:read;
        route GET /v1/ask       admin:read;
R
    . <<'E');
    server {
        listen 127.0.0.1:%%PORT%%;
        root %%DIR%%/html;
        keygate items;
        proxy_set_header X-Who $who;
        proxy_set_header X-Verdict $keygate_verdict;

        location / { proxy_pass http://127.0.0.1:%%UPSTREAM%%; }

        location /v1/slow/ {
            limit_req zone=by_key burst=100 nodelay;
            proxy_pass http://$backend:%%UPSTREAM%%;
        }

        # not gated, but leading to what is

        location /out/ {
            keygate off;
            rewrite ^/out/last/(.*)$ /v1/$1 last;
            rewrite ^/out/two/(.*)$ /out/last/$1 last;

            location /out/accel/ {
                proxy_pass http://127.0.0.1:%%UPSTREAM%%;
            }

            location /out/page/ {
                error_page 404 = /v1/admin/keys;
                return 404;
            }

            location /out/named/ { try_files /none @gated; }

            location /out/if/ {
                if ($arg_x) { rewrite ^ /v1/admin/keys last; }
                return 204;
            }

            location /out/early/ {
                set $early "$keygate_key_id $keygate_verdict";
                rewrite ^/out/early/(.*)$ /v1/$1 last;
            }
        }

        location @gated {
            keygate items;
            proxy_pass http://127.0.0.1:%%UPSTREAM%%;
        }

        location /v1/nested/ {
            set $deep 0;
            if ($arg_deep) { set $deep 1; }
            if ($deep) { proxy_pass http://127.0.0.1:%%UPSTREAM%%; }
            limit_except GET { allow all; }
            proxy_pass http://127.0.0.1:%%UPSTREAM%%;

            location ~ /free$ {
                keygate off;
                proxy_pass http://127.0.0.1:%%UPSTREAM%%;
            }

            location ~ /deeper$ {
                proxy_pass http://127.0.0.1:%%UPSTREAM%%;
            }
        }

        location /v1/open/accel/ {
            proxy_pass http://127.0.0.1:%%UPSTREAM%%;
        }

        location /v1/accel/ { proxy_pass http://127.0.0.1:%%UPSTREAM%%; }

        location /inside/ {
            internal;
            proxy_pass http://127.0.0.1:%%UPSTREAM%%;
        }

        location /v1/parts/ {
            add_before_body /v1/items;
            addition_types *;
            slice 10;
            proxy_set_header Range $slice_range;
            proxy_pass http://127.0.0.1:%%UPSTREAM%%;
        }

        location = /v1/ask {
            if ($keygate_verdict = allowed) { return 200 "early\n"; }
            if ($keygate_key_id) { return 200 "early\n"; }
            proxy_pass http://127.0.0.1:%%UPSTREAM%%;
        }
    }
E

$t->{reply} = sub {
    my ($request) = @_;

    my ($to) = $request->{uri} =~ m{/accel/(.+)};

    return Keygate::Upstream::answer(200, '{}', "X-Accel-Redirect: /$to")
        if $to;
    return Keygate::Upstream::hello($request);
};

my $key = $t->key(scopes => ['items:read']);
my $left;

$t->start;

# A request: status, charge, what has reached the upstream.

sub one {
    my ($path, %o) = @_;

    my $before = $left;
    my $r = $t->get($path, %o);

    ($left) = $t->get('/v1/items', key => $key)->header('RateLimit')
              =~ /r=(\d+)/;

    my $n = $t->hits - 1;
    my @all = $t->{upstream}->requests;
    my @hits = splice @all, -$n - 1, $n;

    return join ' ', $r->{status},
        defined $before ? $before - $left - 1 : '?', map { $_->{uri} } @hits;
}

one('/v1/items');

sub check {
    my ($path, $without, $with, %o) = @_;

    is(one($path, %o), $without, "$path without a key");
    is(one($path, %o, key => $key), $with, "$path with one");
}

check('/v1/slow/x', '401 0', '200 1 /v1/slow/x');
my %h = map { lc $_->[0] => $_->[1] } map { @{$_->{headers}} }
        grep { $_->{uri} eq '/v1/slow/x' } $t->{upstream}->requests;
is("$h{'x-who'} $h{'x-verdict'}", 'acc_1 allowed', 'the caller is known');

check('/out/last/items', '401 0', '200 1 /v1/items');
check('/out/last/admin/keys', '401 0', '403 1');
check('/out/two/items/7', '401 0', '200 1 /v1/items/7');
check('/out/two/admin/keys', '401 0', '403 1');
check('/out/early/admin/keys', '401 0', '403 1');
check('/out/early/items', '401 0', '200 1 /v1/items');
check('/out/last/open', '200 0 /v1/open', '200 0 /v1/open');
check('/out/last/..%2fadmin/keys', '404 0', '404 0');
check('/out/page/x', '401 0', '403 1');
check('/out/named/x', '401 0', '404 1');
check('/out/if/?x=1', '401 0', '403 1');

# by the upstream of what is not gated: decided where it leads to

$t->exposed($key);
check('/out/accel/v1/items', '401 0 /out/accel/v1/items',
      '200 1 /out/accel/v1/items /v1/items');
check('/out/accel/v1/admin/keys', '401 0 /out/accel/v1/admin/keys',
      '403 1 /out/accel/v1/admin/keys');

# by the upstream of what was decided: the upstream may send it where it likes

check('/v1/accel/inside/x', '401 0', '200 1 /v1/accel/inside/x /inside/x');
check('/inside/x', '404 0', '404 0');
check('/v1/accel/v1/items', '401 0', '200 1 /v1/accel/v1/items /v1/items');

# by the upstream of what is public: decided anew

for my $to ('v1/admin/keys', 'v1/nowhere', 'inside/x', 'out/last/admin/keys') {
    my $from = "/v1/open/accel/$to";
    my $status = $to =~ /admin/ ? 403 : 404;

    check($from, "401 0 $from", "$status 1 $from");
}

check('/v1/open/accel/v1/items', '401 0 /v1/open/accel/v1/items',
      '200 1 /v1/open/accel/v1/items /v1/items');
check('/v1/open/accel/v1/open', '200 0 /v1/open/accel/v1/open /v1/open',
      '200 0 /v1/open/accel/v1/open /v1/open');
check('/v1/open/accel/out/page/x', '401 0 /v1/open/accel/out/page/x',
      '403 1 /v1/open/accel/out/page/x');

check('/v1/nested/x', '401 0', '403 1');
check('/v1/nested/x?deep=1', '401 0', '403 1');
check('/v1/nested/deeper', '401 0', '403 1');
check('/v1/nested/free', '200 0 /v1/nested/free', '200 0 /v1/nested/free');
check('/v1/nested/x', '401 0', '403 1', method => 'DELETE');
check('/v1/nested/x/../free', '200 0 /v1/nested/x/../free',
      '200 0 /v1/nested/x/../free');

check('/v1/ask', '401 0', '403 1');

is(one('/v1/parts/x'), '401 0', 'parts, without a key');
like(one('/v1/parts/x', key => $key),
     qr{^(?:200|502) 1 (?=.*/v1/parts/x)}, 'parts, charged once');
$t->allow(qr/unexpected status code 200 in slice response/);

check('http://elsewhere/v1/admin/keys', '401 0', '403 1');
check('http://elsewhere/out/last/admin/keys', '401 0', '403 1');

$t->done;

#!/usr/bin/perl

# Decided once and charged once, whatever nginx does with a request inside;
# and nothing is opened by it.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use Test::More;

use Keygate;
use Keygate::Items;

my $t = Keygate->new(conf => items_api(rate => 'rate 1000r/h;',
                                       routes => <<'E') . <<'E2');
        route GET  /page/*   items:read;
        route GET  /files/*  items:read;
        route GET  /admin/*  admin:read;
        route GET  /any/*    items:read;
        route *    /post/*   items:read;
E
    server {
        listen 127.0.0.1:%%PORT%%;
        keygate items;
        root %%DIR%%/html;

        location /v1/ {
            proxy_pass http://127.0.0.1:%%UPSTREAM%%;
        }

        location /page/error/ {
            error_page 401 403 404 429 /v1/items;
            proxy_pass http://127.0.0.1:%%UPSTREAM%%;
        }

        location /admin/named/ {
            error_page 401 403 = @behind;
            proxy_pass http://127.0.0.1:%%UPSTREAM%%;
        }

        location @behind {
            proxy_pass http://127.0.0.1:%%UPSTREAM%%;
        }

        location /admin/own/ {
            error_page 401 403 /own.html;
            proxy_pass http://127.0.0.1:%%UPSTREAM%%;
        }

        location = /own.html {
            keygate off;
            internal;
        }

        location /files/ {
            try_files $uri @behind;
        }

        location /files/fallback/ {
            try_files $uri $uri/index.html /v1/items;
        }

        location /page/upstream/ {
            error_page 404 = @behind;
            proxy_intercept_errors on;
            proxy_pass http://127.0.0.1:%%UPSTREAM%%/none;
        }

        location /page/index/ {
            index none.html index.html;
        }

        location /page/ssi/ {
            ssi on;
            ssi_types *;
        }

        location /page/mirror/ {
            mirror /copy;
            proxy_pass http://127.0.0.1:%%UPSTREAM%%;
        }

        location = /copy {
            internal;
            proxy_pass http://127.0.0.1:%%UPSTREAM%%;
        }

        location /page/auth/ {
            auth_request /check;
            proxy_pass http://127.0.0.1:%%UPSTREAM%%;
        }

        location = /check {
            internal;
            proxy_pass http://127.0.0.1:%%UPSTREAM%%;
            proxy_pass_request_body off;
            proxy_set_header Content-Length "";
        }

        location /page/retry/ {
            proxy_pass http://twice;
            proxy_next_upstream error timeout http_404;
        }

        location /any/deny/ {
            satisfy any;
            deny all;
            proxy_pass http://127.0.0.1:%%UPSTREAM%%;
        }

        location /any/allow/ {
            satisfy any;
            allow all;
            proxy_pass http://127.0.0.1:%%UPSTREAM%%;
        }

        location /any/off/ {
            satisfy any;
            deny all;
            keygate off;
            proxy_pass http://127.0.0.1:%%UPSTREAM%%;
        }

        location /any/all/ {
            satisfy all;
            deny all;
            proxy_pass http://127.0.0.1:%%UPSTREAM%%;
        }

        location /open/ {
            keygate off;
            proxy_pass http://127.0.0.1:%%UPSTREAM%%;
        }
    }

    upstream twice {
        server 127.0.0.1:%%UPSTREAM%% max_fails=0;
        server 127.0.0.1:%%UPSTREAM%% max_fails=0;
    }
E2

$t->{reply} = sub {
    my ($request) = @_;

    return Keygate::Upstream::answer(404, '{"detail":"none"}')
        if $request->{uri} =~ /none|retry/;
    return Keygate::Upstream::hello($request);
};

for my $dir ('', qw(page page/index page/ssi files)) {
    mkdir "$t->{dir}/html" if $dir eq '';
    mkdir "$t->{dir}/html/$dir" if $dir ne '';
}

$t->write_file('html/own.html', 'the operator says no');
$t->write_file('html/page/index/index.html', 'an index');
$t->write_file('html/files/there.txt', 'a file');
$t->write_file('html/page/ssi/page.html', join '', map {
    "<!--#include virtual=\"$_\" -->" } '/v1/items', '/v1/admin/keys',
    '/v1/items/1');

my $key = $t->key(scopes => ['items:read']);

$t->start;

my $left;

# One request: its answer, how much was charged for it, and what has reached
# the upstream.

sub one {
    my ($path, @request) = @_;

    my $before = $left;
    my $r = $t->get($path, @request);

    ($left) = ($t->get('/v1/items', key => $key)->header('RateLimit') // '')
              =~ /r=(\d+)/;

    my $charged = defined $before && defined $left ? $before - $left - 1 : -1;

    my $n = $t->hits;
    my @paths = map { $_->{uri} } $t->{upstream}->requests;

    return ($r->{status}, $charged,
            join(' ', splice @paths, -$n, $n - 1), $r);
}

one('/v1/items', key => $key);

sub check {
    my ($name, $path, $with_key, $status, $charged, $upstream) = @_;

    my @got = one($path, $with_key ? (key => $key) : ());

    is("$got[0], $got[1] charged, upstream: $got[2]",
       "$status, $charged charged, upstream: $upstream", $name);

    return $got[3];
}

check('a plain request', '/v1/items', 1, 200, 1, '/v1/items');
check('a plain refusal', '/v1/items', 0, 401, 0, '');

check('error_page to a URI opens nothing', '/page/error/x', 0, 401, 0, '');
check('error_page to a URI, with a key', '/page/error/x', 1, 200, 1,
      '/page/error/x');
check('error_page to a named location opens nothing', '/admin/named/x', 0,
      401, 0, '');
check('nor does it for a scope that is missing', '/admin/named/x', 1, 403, 1,
      '');

my $r = check("the operator's own page", '/admin/own/x', 1, 403, 1, '');
is($r->{body}, 'the operator says no', 'is what is shown');
check('directly it is not to be had', '/own.html', 0, 404, 0, '');

check('try_files that finds one', '/files/there.txt', 1, 200, 1, '');
check('the same without a key', '/files/there.txt', 0, 401, 0, '');
check('try_files to a named location', '/files/none.txt', 1, 404, 1,
      '/files/none.txt');
check('the same without a key', '/files/x.txt', 0, 401, 0, '');
check('try_files to a URI', '/files/fallback/x', 1, 200, 1, '/v1/items');
check('the same without a key', '/files/fallback/x', 0, 401, 0, '');
check('an error of the upstream, to a named location', '/page/upstream/x', 1,
      200, 1, '/nonex /page/upstream/x');
check('index', '/page/index/', 1, 200, 1, '');
check('index without a key', '/page/index/', 0, 401, 0, '');
check('the next upstream is no second request', '/page/retry/x', 1, 404, 1,
      '/page/retry/x /page/retry/x');

$r = check('SSI subrequests are part of the one', '/page/ssi/page.html', 1,
           200, 1, '/v1/items /v1/admin/keys /v1/items/1');
check('SSI without a key', '/page/ssi/page.html', 0, 401, 0, '');

$r = check('auth_request', '/page/auth/x', 1, 200, 1, '/check /page/auth/x');
check('auth_request without a key', '/page/auth/x', 0, 401, 0, '');

my @got = one('/page/mirror/x', key => $key);
is("$got[0] $got[1]", '200 1', 'mirror');
is(join(' ', sort split / /, $got[2]), '/copy /page/mirror/x',
   'and its copy');
check('mirror without a key', '/page/mirror/x', 0, 401, 0, '');

my @keys = grep { lc $_->[0] eq 'x-api-key' }
           map { @{$_->{headers}} } $t->{upstream}->requests;
is(scalar @keys, 0, 'the key is stripped in subrequests and retries, too');

check('satisfy any: a key', '/any/deny/x', 1, 200, 1, '/any/deny/x');
check('satisfy any: none', '/any/deny/x', 0, 401, 0, '');
check('satisfy any: another one lets in', '/any/allow/x', 0, 200, 0,
      '/any/allow/x');
check('satisfy any: off lets nobody in', '/any/off/x', 1, 403, 0, '');
check('satisfy all: both must', '/any/all/x', 1, 403, 1, '');
check('satisfy all: without a key', '/any/all/x', 0, 401, 0, '');

is($t->status('/any/allow/%2e%2e/x'), 400,
   'satisfy any: a path of two meanings stays refused');

is($t->status('/open/x'), 200, 'keygate off');

# what is not gated is not touched, either
my $loud = $t->key(scopes => []);
$t->exposed($loud);

($left) = $t->get('/v1/items', key => $key)->header('RateLimit') =~ /r=(\d+)/;
$t->hits;
@got = one('/open/x', key => $loud);
is("$got[0], $got[1] charged, upstream: $got[2]",
   '200, 0 charged, upstream: /open/x', 'keygate off, with a key');

$t->done;

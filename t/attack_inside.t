#!/usr/bin/perl

# A decision opens what it was made for: not what other subrequests, other
# APIs, or locations that are stricter about it lead to.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use Test::More;

use Keygate;
use Keygate::Items;

my $routes = <<'E';
        route GET  /v1/items      items:read;
        route GET  /v1/items/:id  items:read;
        route GET  /v1/admin/keys admin:read;
        route GET  /v1/open       public;
        route GET  /v1/open/*     public;
        route GET  /v1/me         any;
        route GET  /check         any;
        route GET  /check/open    public;
E

my $t = Keygate->new(conf =>
    "log_format v '\$request_uri \$keygate_verdict \$keygate_key_id';\n"
    . items_api(only => 1, routes => $routes, rate => 'rate 1000r/h;')
    . items_api(name => 'others', only => 1, zone => '', rate => 'rate 5r/m;',
                credential => 'credential header X-Other-Key;',
                routes => 'route GET /other/* items:read;')
    . items_api(name => 'loose', only => 1, zone => '',
                extra => 'unmatched pass;',
                routes => 'route GET /loose/open/* public;')
    . <<'E');
    ssi_types *;
    access_log %%DIR%%/verdicts.log v;

    server {
        listen 127.0.0.1:%%PORT%%;
        root %%DIR%%/html;
        proxy_set_header X-Who $keygate_key_id;

        location /v1/ {
            keygate items;
            ssi on;
            proxy_pass http://127.0.0.1:%%UPSTREAM%%;
        }

        location /v1/open/pages/ { keygate items; ssi on; mirror /copy; }

        location = /copy {
            internal;
            keygate items;
            proxy_pass http://127.0.0.1:%%UPSTREAM%%;
        }

        location /loose/ {
            keygate loose;
            proxy_pass http://127.0.0.1:%%UPSTREAM%%;

            location /loose/open/ { ssi on; }
        }

        location /other/ {
            keygate others;
            proxy_pass http://127.0.0.1:%%UPSTREAM%%;
        }

        # not gated themselves

        location /pages/ { ssi on; }

        location /checked/ {
            auth_request /check;
            try_files /none /v1/admin/keys;
        }

        location /half/ {
            auth_request /check/open;
            try_files /none /v1/items;
        }

        location = /check {
            keygate items;
            proxy_pass http://127.0.0.1:%%UPSTREAM%%;
        }

        location = /check/open {
            keygate items;
            proxy_pass http://127.0.0.1:%%UPSTREAM%%;
        }

        # two gates, one after the other and back again

        location /v1/items/two {
            keygate items;
            error_page 418 = /other/two;
            proxy_intercept_errors on;
            proxy_pass http://127.0.0.1:%%UPSTREAM%%/teapot;
        }

        location = /other/two {
            keygate others;
            error_page 418 = /v1/admin/keys;
            recursive_error_pages on;
            proxy_intercept_errors on;
            proxy_pass http://127.0.0.1:%%UPSTREAM%%/teapot;
        }

        # what refuses nothing itself does not weaken what does

        location /v1/items/dry {
            keygate items;
            keygate_dry_run on;
            try_files /none /v1/admin/keys;
        }

        location /v1/admin/dry {
            keygate items;
            keygate_dry_run on;
            error_page 404 = /v1/items;
            proxy_intercept_errors on;
            proxy_pass http://127.0.0.1:%%UPSTREAM%%/none;
        }
    }
E

$t->{reply} = sub {
    my ($request) = @_;

    return Keygate::Upstream::answer(418, '{}')
        if $request->{uri} =~ /teapot/;
    return Keygate::Upstream::answer(404, '{}') if $request->{uri} =~ /none/;
    return Keygate::Upstream::hello($request);
};

mkdir "$t->{dir}/html";
mkdir "$t->{dir}/html/$_" for qw(pages v1 v1/open v1/open/pages
                              loose loose/open);

sub page {
    my ($name, @uris) = @_;

    $t->write_file("html/$name", join '',
        map { "[<!--#include virtual=\"$_\" -->]" } @uris);
}

page('pages/both.html', '/v1/items', '/v1/admin/keys', '/v1/items/1');
page('pages/open.html', '/v1/open', '/v1/items', '/v1/admin/keys');
page('pages/other.html', '/v1/items', '/other/x', '/v1/items/1');
page('v1/open/pages/page.html', '/v1/open', '/v1/items', '/v1/admin/keys');
page('v1/open/pages/deep.html', '/pages/both.html');

my $odd = 0;

sub odd {
    my $name = 'odd' . $odd++ . '.html';

    page("v1/open/pages/$name", @_);

    return $name;
}

page('loose/open/page.html', '/loose/x', '//loose/x', '/v1/items');

my $key = $t->key(scopes => ['items:read']);
my $other = $t->key(scopes => ['items:read']);
my $left;
my $both = $t->key(scopes => ['items:read']);
my $id = $both =~ s/_[A-Za-z0-9]+\z//r;

# each gate takes off its own
$t->exposed($_) for $other, $both;

$t->start;

# What has reached the upstream, what was charged, the response.

sub one {
    my ($path, %o) = @_;

    my $before = $left;
    my $r = $t->get($path, %o);

    ($left) = $t->get('/v1/items', key => $key)->header('RateLimit')
              =~ /r=(\d+)/;

    my $n = $t->hits - 1;
    my @all = map { $_->{uri} } $t->{upstream}->requests;

    return (join(' ', sort grep { !/teapot|none/ }
                      splice @all, -$n - 1, $n),
            defined $before ? $before - $left - 1 : -1, $r);
}

one('/v1/items');

my ($hits, $charged, $r);

# -- subrequests of what is not gated: each is decided for itself

($hits, $charged, $r) = one('/pages/both.html', key => $key);
is($hits, '/v1/items /v1/items/1', 'a page that is not gated: each part is');
is($charged, 1, 'charged once');
unlike($r->{body}, qr/admin/, 'nothing of what the key has no scope for');

($hits, $charged, $r) = one('/pages/both.html');
is($hits, '', 'nor anything without a key');

($hits, $charged, $r) = one('/pages/open.html');
is($hits, '/v1/open', 'a part that is public opens no other');
is($charged, 0, 'and nobody is charged');

($hits, $charged, $r) = one('/pages/open.html', key => $key);
is($hits, '/v1/items /v1/open', 'with a key, what that may');
is($charged, 1, 'charged once');

# -- subrequests of what is public

($hits, $charged, $r) = one('/v1/open/pages/page.html');
is($hits, '/copy /v1/open', 'a public page opens no part that is not');

($hits, $charged, $r) = one('/v1/open/pages/page.html', key => $key);
is($hits, '/copy /v1/items /v1/open', 'with a key, what that may');
is($charged, 1, 'charged once');

($hits, $charged, $r) = one('/v1/open/pages/deep.html', key => $key);
is($hits, '/copy /v1/items /v1/items/1', 'nor do parts of parts');

($hits, $charged, $r) = one('/v1/open/pages/deep.html');
is($hits, '/copy', 'without a key nothing at all');

# -- what has no route as it is written, and a second API that lets pass

for my $uri ('//v1/admin/keys', '/v1//admin/keys', '/v1/open/..;/admin/keys',
             '/v1/open/;/../x', '/v1/nowhere', '/loose/x', '/copy')
{
    ($hits, $charged, $r) = one('/v1/open/pages/' . odd($uri));
    is($hits, '/copy', "a public page that includes $uri");
}

($hits, $charged, $r) = one('/loose/open/page.html');
is($hits, '', 'nor where unmatched paths pass any key');

# -- a decision on a subrequest is none on the request

($hits, $charged, $r) = one('/checked/x', key => $key);
is($hits, '/check', 'an auth_request that passes opens nothing else');
is($r->{status}, 403, 'the request itself is refused');

($hits, $charged, $r) = one('/half/x');
is($hits, '/check/open', 'nor does one to a public route');
is($r->{status}, 401, 'the request itself is refused');

($hits, $charged, $r) = one('/half/x', key => $key);
is($hits, '/check/open /v1/items', 'with a key it passes');
is("$r->{status} $charged", '200 1', 'and is charged once');

# -- two APIs

($hits, $charged, $r) = one('/pages/other.html', key => $key);
is($hits, '/v1/items /v1/items/1', 'another API is not opened');
is($charged, 1, 'and charges nothing twice');

($hits, $charged, $r) = one('/pages/other.html', key => $both,
    headers => [ "X-Other-Key: $other" ]);
is($hits, '/other/x /v1/items /v1/items/1', 'with a key of its own it is');

($hits, $charged, $r) = one('/v1/items/two', key => $key);
is($hits, '', 'a redirect to another API');
is($r->{status}, 401, 'needs a key of it');

# -- dry run

($hits, $charged, $r) = one('/v1/items/dry');
is($hits, '', 'a dry run does not open what is gated behind it');
is($r->{status}, 401, 'the refusal is the strict one');
like($r->{body}, qr/"code":"credential_missing"/, 'in the words of the gate');

($hits, $charged, $r) = one('/v1/admin/dry', key => $key);
is($hits, '', 'nor by error_page');
is($r->{status}, 404, 'what had no route still has none');

my %who;

for my $hit ($t->{upstream}->requests) {
    $who{$hit->{uri}} = $_->[1] for grep { lc $_->[0] eq 'x-who' }
                                    @{$hit->{headers}};
}

is($who{'/v1/items/1'}, $id, 'a subrequest knows by whom it is made');

$t->done;

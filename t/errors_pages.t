#!/usr/bin/perl

# What the operator asked for stays: pages that error_page names, errors that
# proxy_intercept_errors hands over, the page around an SSI include; and the
# new body goes through the filters that come after.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";

use IO::Uncompress::Gunzip qw(gunzip);
use Keygate;
use Keygate::Errors;
use Test::More;

my $long = 'l' x 3000;

sub reply {
    my ($request) = @_;

    my ($status) = $request->{uri} =~ m{/(\d{3})$};
    my $body = "<b>upstream $status</b>";

    return "HTTP/1.1 $status Sure\r\nContent-Type: text/html\r\n"
        . "WWW-Authenticate: Own realm=\"it\"\r\n"
        . 'Content-Length: ' . length($body) . "\r\n\r\n$body";
}

my $t = Keygate->new(reply => \&reply, conf => errors_conf(listen => '',
    server => <<'SERVER'));
        root %%DIR%%;
        log_not_found off;

        location /file/ { error_page 404 /page.html; }
        location /code/ { error_page 404 =410 /page.html; }
        location /fine/ { error_page 404 =200 /page.html; }
        location /back/ { error_page 404 = @backend; }
        location /text/ { error_page 404 = @text; }
        location /own/  { error_page 404 @text; }
        location /move/ { error_page 404 =302 /page.html; }
        location /away/ { error_page 404 http://localhost/; }
        location /lost/ { error_page 404 /lost.html; }
        location /lose/ { error_page 404 = /lost.html; }
        location /dead/ { error_page 404 = @dead; }
        location /died/ { error_page 404 @dead; }
        location /prox/ { error_page 404 @backend; }
        location /five/ { error_page 404 /up/500; }
        location /deep/ { recursive_error_pages on; error_page 404 = @deep; }
        location /echo/ { recursive_error_pages on; error_page 404 = @echo; }
        location /ends/ { recursive_error_pages on; error_page 404 @ends; }
        location = /page.html { default_type text/html; }

        location @text    { default_type text/html; return 404 "my page"; }
        location @backend { rewrite ^ /up/404 break;
                            proxy_pass http://127.0.0.1:%%UPSTREAM%%; }
        location @dead    { proxy_pass http://127.0.0.1:%%NOBODY%%; }
        location @deep    { recursive_error_pages on;
                            error_page 403 /page.html; return 403; }
        location @echo    { recursive_error_pages on;
                            return 403 "my other page"; }
        location @ends    { recursive_error_pages on; return 403; }

        location /up/ { proxy_pass http://127.0.0.1:%%UPSTREAM%%; }
        location /cut/ {
            proxy_intercept_errors on;
            error_page 404 /page.html;
            proxy_pass http://127.0.0.1:%%UPSTREAM%%;
        }
        location /not/ {
            error_page 404 /page.html;
            proxy_pass http://127.0.0.1:%%UPSTREAM%%;
        }
        location /try/ { try_files $uri @try; }
        location @try  { return 404 "tried"; }

        location /zip/ {
            gzip on; gzip_min_length 1; gzip_proxied any;
            gzip_types application/json application/problem+json;
        }
        location /sub/ {
            sub_filter "about:blank" "replaced";
            sub_filter_types application/problem+json;
        }
        location = /ssi.html { ssi on; }
        location /part { internal; return 500; }
        location = /mirrored { mirror /part; try_files /ssi.html =404; }
        location = /auth {
            auth_request /verdict;
            try_files /page.html =404;
        }
        location = /verdict { internal; rewrite ^ /up/401 break;
                              proxy_pass http://127.0.0.1:%%UPSTREAM%%; }

        location = /satisfy {
            satisfy any;
            keygate %s;
            deny all;
            auth_basic "closed";
            auth_basic_user_file none;
        }
        location = /gatepage { keygate %s; error_page 401 /page.html; }
        location = /gatelost { keygate %s; error_page 401 /lost.html; }
        location = /gatego   { keygate %s; error_page 401 =302 @login; }
        location = /gateoff  { keygate %s; keygate_errors off; }
        location @login      { return 302 /login; }
SERVER

$t->write_file('page.html', 'the page');
$t->write_file('ssi.html', 'before <!--# include virtual="/part" --> after');
$t->start;

for my $format (@formats) {
    my $port = $t->port(uc $format);

    # path, status, what stays of it, or undef for an error in the format
    for my $row (
        [ '/file/x', 404, 'the page' ],
        [ '/code/x', 410, 'the page' ],
        [ '/fine/x', 200, 'the page' ],
        [ '/text/x', 404, 'my page' ],
        [ '/own/x', 404, 'my page' ],
        [ '/prox/x', 404, '<b>upstream 404</b>' ],
        [ '/deep/x', 403, 'the page' ],
        [ '/echo/x', 403, 'my other page' ],
        [ '/cut/404', 404, 'the page' ],
        [ '/gatepage', 401, 'the page' ],
        [ '/lost/x', 404 ],
        [ '/lose/x', 404 ],
        [ '/dead/x', 502 ],
        [ '/died/x', 502 ],
        [ '/five/x', 404 ],
        [ '/ends/x', 403 ],
        [ '/back/x', 404 ],
        [ '/cut/500', 500 ],
        [ '/not/404', 404 ],
        [ '/try/x', 404 ],
        [ '/auth', 401 ],
    ) {
        my ($path, $status, $body) = @$row;

        for my $how ([], [ headers => [ 'Expect: 100-continue' ],
                           method => 'POST', body => 'x' ])
        {
            # while Expect is not tested yet, a text/html from "return" looks
            # like nginx's own
            next if @$how && $path =~ m{^/(?:auth|text)};

            my $r = $t->get($path, port => $port, @$how);
            my $name = "$format: $path" . (@$how ? ' with Expect' : '');

            if (defined $body) {
                is($r->{status}, $status, "$name: status");
                is($r->{body}, $body, "$name: the page stays");

            } else {
                error_ok($r, $format, $status, $name, instance => $path);
            }
        }
    }

    is($t->status("/$_/x", port => $port), 302, "$format: $_, elsewhere")
        for 'away';

    # the gate's own

    my $r = $t->get('/gateoff', port => $port);
    is($r->{status}, 401, "$format: off");
    ok($r->json, "$format: the gate's own errors have a shape all the same");
    is($r->header('Cache-Control'), 'no-store', "$format: no-store");
    is(join('|', $r->header('WWW-Authenticate')),
        "ApiKey realm=\"$format\", header=\"X-Api-Key\"|"
        . "Bearer realm=\"$format\"", "$format: one challenge a way in");

    $r = $t->get('/gatepage', port => $port);
    is(scalar(my @c = $r->header('WWW-Authenticate')), 2,
        "$format: a page keeps the challenge of its status");

    $r = $t->get('/gatego', port => $port);
    is($r->{status}, 302, "$format: sent elsewhere");
    ok(!defined $r->header('WWW-Authenticate'), "$format: no challenge there");

    $r = $t->get('/gatelost', port => $port);
    is($r->{status}, 404, "$format: a page that is not there");
    ok($r->json, "$format: a page that is not there is an error, too");

    $r = $t->get('/satisfy', port => $port);
    ok($r->{status} == 401 || $r->{status} == 403, "$format: satisfy any");
    ok($r->json, "$format: satisfy any: a shape");

    $r = $t->get('/auth', port => $port);
    is($r->header('WWW-Authenticate'), 'Own realm="it"',
        "$format: the challenge of auth_request stays");

    # what comes after

    $r = $t->get('/zip/x', port => $port,
        headers => [ 'Accept-Encoding: gzip' ]);
    is($r->header('Content-Encoding'), 'gzip', "$format: gzip acts on it");
    gunzip(\$r->{body}, \my $plain);
    $r->{body} = $plain;
    ok($r->json, "$format: and it is JSON inside");

    # a page around an error

    $r = $t->get('/ssi.html', port => $port);
    is($r->{status}, 200, "$format: SSI");
    like($r->{body}, qr/^before .* after$/s, "$format: SSI: the page is whole");

    $r = $t->get('/mirrored', port => $port);
    is($r->{status}, 200, "$format: mirror");
}

like($t->get('/sub/x', port => $t->port('PROBLEM'))->{body},
    qr/"type":"replaced"/, 'sub_filter acts on it');

$t->allow(qr/Connection refused|"none" failed/);
$t->done;

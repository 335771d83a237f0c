#!/usr/bin/perl

# Errors that nginx makes, before a location, in one, and without a whole
# request: each leaves in the API's format, whatever the HTTP version.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";

use Keygate;
use Keygate::Errors;
use Test::More;

my $t = Keygate->new(conf => errors_conf(listen => '', http => <<'HTTP',
    limit_req_zone all zone=slow:64k rate=1r/m;
    client_header_buffer_size 1k;
    large_client_header_buffers 2 2k;
    log_format ids '$request_id $status';
HTTP
    server => <<'SERVER'));
        access_log %%DIR%%/ids.log ids;
        root %%DIR%%;
        log_not_found off;
        proxy_connect_timeout 1s;
        location = /teapot  { return 418; }
        location = /legal   { return 451; }
        location = /odd     { return 599; }
        location = /denied  { deny all; }
        location = /basic   { auth_basic "closed"; auth_basic_user_file none; }
        location = /down    { proxy_pass http://127.0.0.1:%%NOBODY%%; }
        location = /busy    { limit_req zone=slow;
                              proxy_pass http://127.0.0.1:%%NOBODY%%; }
        location = /limit   { limit_req zone=slow; limit_req_status 429;
                              proxy_pass http://127.0.0.1:%%NOBODY%%; }
        location = /text    { return 404 "a page"; }
        location = /large   { client_max_body_size 10;
                              proxy_pass http://127.0.0.1:%%NOBODY%%; }
        location = /file    { default_type text/plain; }
        location = /gate    { keygate %s; }
        location = /full    { return 507; }
        location /v1/       { keygate %s; return 200 "in"; }
SERVER

my $key = $t->key(id => 'tk_AAAAAA', scopes => []);

$t->write_file('file', 'x' x 100);
$t->start;

my $long = 'h' x 3000;

# name, request line and headers, status, what differs
my @table = (
    [ 'no such file', 'GET /none', [], 404 ],
    [ 'return 418', 'GET /teapot', [], 418 ],
    [ 'return 451', 'GET /legal', [], 451 ],
    [ 'an unknown code', 'GET /odd', [], 599, code =>
      'network_connect_timeout_error', title => 'Network Connect Timeout Error'
    ],
    [ 'return 507', 'GET /full', [], 507 ],
    [ 'deny', 'GET /denied', [], 403 ],
    [ 'auth_basic', 'GET /basic', [], 401 ],
    [ 'nobody upstream', 'GET /down', [], 502 ],
    [ 'a method for a file', 'PUT /file', [], 405 ],
    [ 'text of a return', 'GET /text', [], 404 ],
    [ 'a body too large', 'POST /large', ['Content-Length: 11'], 413 ],
    [ 'a range', 'GET /file', ['Range: bytes=200-'], 416 ],
    [ 'a precondition', 'GET /file', ['If-Match: "x"'], 412 ],
    [ 'conditional', 'GET /none', ['If-None-Match: *', 'Range: bytes=0-1',
      'If-Modified-Since: Thu, 01 Jan 2032 00:00:00 GMT',
      'Accept-Encoding: gzip'], 404 ],
    [ 'header too large', 'GET /none', ["X: $long"], 400 ],
    [ 'a bad header', 'GET /none', ['Content-Length: x'], 400 ],
    [ 'a long URI', "GET /$long", [], 414 ],
);


for my $format (@formats) {
    my $port = $t->port(uc $format);

    for my $row (@table) {
        my ($name, $line, $headers, $status, %o) = @$row;
        my ($instance) = $line =~ m{ (/\S*)};

        for my $version ('1.0', '1.1') {
            my @lines = ("$line HTTP/$version", 'Host: localhost', @$headers,
                'Connection: close');
            my $bytes = join "\r\n", @lines, '', '';
            my $r = $t->raw($bytes, port => $port);
            my $known = $status != 414 ? $instance : undef;

            # the title of a status that is not in the table
            my %more = $o{title} && $format eq 'problem'
                ? (more => { title => $o{title} }) : ();

            # the old body's total length is no secret, nor of the old body
            if ($status == 416) {
                is($r->header('Content-Range'), 'bytes */100',
                    "$format $version: $name tells the whole length");
                $r->{headers} = [ grep { $_->[0] ne 'Content-Range' }
                                  @{$r->{headers}} ];
            }

            error_ok($r, $format, $status, "$format $version: $name",
                instance => $known, %o, %more);

            next if $line !~ s/^GET/HEAD/;

            $lines[0] = "$line HTTP/$version";
            my $head = $t->raw(join("\r\n", @lines, '', ''), port => $port,
                method => 'HEAD');

            $head->{headers} = [ grep { $_->[0] ne 'Content-Range' }
                                 @{$head->{headers}} ];

            error_ok($head, $format, $status, "$format $version: HEAD, $name",
                head => 1);
            is($head->header('Content-Length'), $r->header('Content-Length'),
                "$format $version: HEAD, $name: the same length");
            $line =~ s/^HEAD/GET/;
        }
    }

    # what is no request

    for my $row (
        [ 'no version', "GET /none\r\n", 404, '0.9', '/none' ],
        [ 'garbage', "\x16\x03\x01\x02\x00\x01\r\n\r\n", 400 ],
        [ 'a lower-case method', "get / HTTP/1.1\r\nHost: a\r\n\r\n", 400 ],
        [ 'no host', "GET /none HTTP/1.1\r\n\r\n", 400, '1.1', '/none' ],
        [ 'an impossible version', "GET /none HTTP/9.9\r\n\r\n", 505 ],
        [ 'an unknown transfer coding', "GET /none HTTP/1.1\r\nHost: a\r\n"
          . "Transfer-Encoding: br\r\n\r\n", 501, '1.1', '/none' ],
        [ 'two lengths', "GET /none HTTP/1.1\r\nHost: a\r\nContent-Length: 1"
          . "\r\nContent-Length: 2\r\n\r\n", 400, '1.1', '/none' ],
    ) {
        my ($name, $bytes, $status, $version, $instance) = @$row;
        my $r = $t->raw($bytes, port => $port);

        error_ok($r, $format, $status, "$format: $name",
            version => $version, any_instance => 1, instance => $instance);
    }

    # the one second of limit_req

    my $r = $t->get('/limit', port => $port);
    $r = $t->get('/limit', port => $port);
    error_ok($r, $format, 429, "$format: limit_req", instance => '/limit');
    $r = $t->get('/busy', port => $port);
    error_ok($r, $format, 503, "$format: limit_req by default",
        instance => '/busy');

    # headers that matter

    $r = $t->get('/basic', port => $port);
    is($r->header('WWW-Authenticate'), 'Basic realm="closed"',
        "$format: the challenge stays");

    # one connection after the other request

    my $client = $t->client($port);

    for my $path ('/none', '/teapot', '/denied', '/basic', '/text', '/none') {
        $client->send($t->request_bytes($path, keep => 1));
        $r = $client->response;
        is($r && $r->header('Connection'), 'keep-alive',
            "$format: $path keeps the connection");
    }

    # a body that nobody reads is not taken for a request

    $client = $t->client($port);
    my $smuggled = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";

    for my $path ('/none', '/teapot', '/v1/items') {
        $client->send($t->request_bytes($path, method => 'POST', keep => 1,
            body => $smuggled));
        $client->response;
        $client->send($t->request_bytes('/denied', keep => 1));
        $r = $client->response;
        is($r && $r->{status}, 403, "$format: after a body to $path");
    }

    unlike($t->read_file('access.log'), qr/smuggled/,
        "$format: nothing was smuggled");

    # what the path holds is no more than text

    for my $path ('/"quoted"', '/</script>', "/\xe2\x80\xa8", "/\xff\xfe",
                  '/%00', '/%0a%22', "/a\x01b")
    {
        $r = $t->get($path, port => $port);
        ok($r->json, "$format: JSON whatever the path: $path")
            or diag($r->{body});
        unlike($r->{body}, qr/[<>\x00-\x1f\x80-\xff]/,
            "$format: nothing unescaped: $path");
    }

    # the id is one in body, header and log

    $r = $t->get('/none', port => $port);
    my $id = $r->header('X-Request-Id');
    $t->wait_for(sub { $t->read_file('ids.log') =~ /^$id 404$/m });
    like($t->read_file('ids.log'), qr/^$id 404$/m, "$format: the id is logged");
}

# a host that nobody serves: the default server of the port

error_ok($t->raw("GET /none HTTP/1.1\r\nHost: else.where\r\n"
    . "Connection: close\r\n\r\n", port => $t->port('PROBLEM')), 'problem', 404,
    'an unknown host', instance => '/none');

# ?, never the query

my $r = $t->get('/none?key=secret', port => $t->port('PROBLEM'));
is($r->json->{instance}, '/none', 'the instance has no query');

# a key in a path is not repeated

$r = $t->get("/none/$key", port => $t->port('PROBLEM'));
ok(!exists $r->json->{instance}, 'nor a key');

$t->allow(qr/user "" was not found|none" failed/);
$t->done;

#!/usr/bin/perl

# Upstreams that break off while their error is held back, and those that go
# on after it has been replaced: the client has a whole answer, and its next
# request waits for nobody.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";

use IO::Socket::INET;
use Keygate;
use Keygate::Errors;
use POSIX ();
use Test::More;
use Time::HiRes qw(time);

my $json = "Content-Type: application/json\r\n";
my $chunked = "Transfer-Encoding: chunked\r\n\r\n";
my $part = '{"detail":"db-1.internal';

# what leaves at once; then the connection stays open, silent

my %answer = (
    badchunk => "HTTP/1.1 404 X\r\n$json${chunked}18\r\n$part\r\nnonsense\r\n",
    badlater => "HTTP/1.1 404 X\r\n$json${chunked}18\r\n$part\r\n",
    html => "HTTP/1.1 500 X\r\nContent-Type: text/html\r\n"
        . "Content-Length: 9000\r\n\r\n<a>",
    html4 => "HTTP/1.1 404 X\r\nContent-Type: text/html\r\n"
        . "${chunked}3\r\n<a>\r\n",
    long => "HTTP/1.1 404 X\r\n$json${chunked}21000\r\n"
        . 'x' x 0x21000 . "\r\n",
    ok => "HTTP/1.1 200 X\r\nContent-Type: text/plain\r\n"
        . "Content-Length: 2\r\n\r\nok",
    small => "HTTP/1.1 500 X\r\nContent-Type: text/html\r\n"
        . "Content-Length: 3\r\n\r\n<a>",
);

my $t = Keygate->new(conf => errors_conf(listen => '', http => <<'HTTP',
    proxy_cache_path %%DIR%%/temp/cache keys_zone=cache:1m;
    upstream kept { server 127.0.0.1:%%SLOW%%; keepalive 4; }
HTTP
    server => <<'SERVER')
        proxy_http_version 1.1;
        proxy_set_header Connection "";
        location / { proxy_pass http://kept; }
        location /unbuffered/ {
            proxy_buffering off;
            proxy_pass http://kept/;
        }
        location /cached/ {
            proxy_cache cache;
            proxy_cache_valid any 1h;
            proxy_pass http://kept/;
        }
SERVER
    . "    server { listen 127.0.0.1:%%H2%% http2; keygate_errors problem;\n"
    . "        add_header X-Request-Id \$request_id always;\n"
    . "        location / { proxy_pass http://127.0.0.1:%%SLOW%%; } }\n");

# A process a connection: an endless body must not stop the others.

my $listen = IO::Socket::INET->new(LocalAddr => '127.0.0.1',
    LocalPort => $t->port('SLOW'), Listen => 64, ReuseAddr => 1)
    or die "listen: $!\n";

my $upstream = fork // die "fork: $!\n";

if ($upstream == 0) {
    $SIG{CHLD} = 'IGNORE';
    $SIG{PIPE} = 'IGNORE';
    my $n = 0;

    while (1) {
        my $s = $listen->accept or next;

        $n++;
        next if fork;

        while (1) {
            my $in = '';
            while ($in !~ /\r\n\r\n/) {
                sysread $s, $in, 65536, length $in or POSIX::_exit(0);
            }

            my ($name, $how) = $in =~ m{^GET /(\w+)\??(\w*)};
            my $out = $answer{$name};
            $out =~ s/\r\n/\r\nX-Connection: $n\r\n/;
            syswrite $s, $out;

            while ($how eq 'endless') {
                defined syswrite $s, "1000\r\n" . ' ' x 0x1000 . "\r\n"
                    or POSIX::_exit(0);
            }

            if ($name eq 'badlater') {
                select undef, undef, undef, 0.2;
                syswrite $s, "nonsense\r\n";
            }

            POSIX::_exit(0) if $how eq 'closed';
        }
    }
}

END {
    if ($upstream) {
        my $status = $?;
        kill 'TERM', $upstream;
        waitpid $upstream, 0;
        $? = $status;
    }
}

$t->start;

# -- broken off in a way that nginx calls an error

for my $format (@formats) {
    for my $at ('', '/unbuffered') {
        for my $name (qw(badchunk badlater)) {
            my $r = $t->get("$at/$name", port => $t->port(uc $format));

            error_ok($r, $format, 404, "$format: $at/$name",
                instance => "$at/$name");
            is($r->header('Connection'), 'close', 'and the last one')
                if $r;
        }
    }
}

# -- the next request on the connection

for my $format (@formats) {
    for my $path (qw(/html /html4 /html4?endless /long /unbuffered/html
                     /unbuffered/html4?endless /unbuffered/long))
    {
        my $client = $t->client($t->port(uc $format));
        my $began = time;

        $client->send($t->request_bytes($path, keep => 1));
        my $r = $client->response;
        my ($instance) = $path =~ /^([^?]*)/;
        error_ok($r, $format, $path =~ /4|long/ ? 404 : 500, "$format: $path",
            instance => $instance);

        next if !$r || ($r->header('Connection') // '') eq 'close';

        $client->send($t->request_bytes('/ok', keep => 1));
        $r = $client->response;
        is($r && $r->{body}, 'ok', 'and then the next one');
        cmp_ok(time - $began, '<', 5, 'which has not waited');
    }
}

# what is whole leaves the upstream's connection as it was

my $client = $t->client($t->port('PROBLEM'));
my %seen;

for (1 .. 5) {
    $client->send($t->request_bytes('/small', keep => 1));
    my $r = $client->response;
    $seen{$r->header('X-Connection')}++;
}

is(scalar keys %seen, 1, 'an error that is whole costs no connection');

# what is stored is read to its end, by a connection that says so

my $r = $t->get('/cached/html?closed', port => $t->port('PROBLEM'), keep => 1);
is($r->header('Connection'), 'close', 'stored: no keep-alive');
$r = $t->get('/cached/small', port => $t->port('PROBLEM'), keep => 1);
is($r->header('Connection'), 'keep-alive', 'stored, and whole: keep-alive');

# -- over HTTP/2

SKIP: {
    skip('no curl with HTTP/2', 1) if `curl --version 2>&1` !~ /\bHTTP2\b/;

    my $base = 'http://127.0.0.1:' . $t->port('H2');

    for my $row ([ badchunk => 404 ], [ html => 500 ], [ 'html4?endless', 404 ],
                 [ long => 404 ])
    {
        my ($path, $status) = @$row;
        my $out = `curl -s --http2-prior-knowledge -m 8 '$base/$path'`;

        like($out, qr/^\{.*"status":$status,.*\}\z/, "HTTP/2: $path");
        ok($t->wait_for(sub {
            $t->read_file('access.log') =~ m{/\Q$path\E HTTP/2}
        }, 5), 'and its stream has ended');
    }
}

$t->allow(qr/\[(?:warn|error)\]/);
$t->done;

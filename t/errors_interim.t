#!/usr/bin/perl

# Interim responses of an upstream are not taken for its answer.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";

use Keygate;
use Keygate::Errors;
use Keygate::Frames;
use Test::More;

my $hints = "HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n"
    . "Content-Length: 7\r\n\r\n";
my $final = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
    . "X-Own: yes\r\nContent-Length: 4\r\n\r\nfine";
my $trace = "HTTP/1.1 500 OK\r\nContent-Type: text/plain\r\n"
    . "Content-Length: 13\r\n\r\ndb-1.internal";

# (path, what is sent, in pieces)

my %answer = (
    once => [ $hints . $final ],
    many => [ $hints x 300 . $final ],
    pieces => [ map { split /(?<=\n)/ } $hints, $hints, $final ],
    bytes => [ split //, "HTTP/1.1 100 Continue\r\n\r\n" . $final ],
    error => [ $hints . $trace ],
    only => [ $hints, undef ],
);

sub reply {
    my ($request) = @_;

    my ($name) = $request->{uri} =~ m{/(\w+)$};
    my @pieces = @{$answer{$name}};

    return @pieces if @pieces == 1;
    return map { my $piece = $_; $piece // undef } @pieces;
}

my $t = Keygate->new(reply => \&reply, conf => errors_conf(listen => '',
    http => <<'HTTP', server => <<'SERVER'));
    proxy_cache_path %%DIR%%/temp/cache keys_zone=cache:1m;
    upstream two { server 127.0.0.1:%%CLOSED%%; server 127.0.0.1:%%UPSTREAM%%; }
HTTP
        proxy_http_version 1.1;
        location / { proxy_pass http://127.0.0.1:%%UPSTREAM%%; }
        location /unbuffered/ {
            proxy_buffering off;
            proxy_pass http://127.0.0.1:%%UPSTREAM%%;
        }
        location /two/ { proxy_pass http://two; }
        location /cached/ {
            proxy_cache cache;
            proxy_cache_valid any 1h;
            add_header X-Cache $upstream_cache_status always;
            proxy_pass http://127.0.0.1:%%UPSTREAM%%;
        }
        location /frames/ { grpc_pass grpc://127.0.0.1:%%FRAMES%%; }
SERVER

my $frames = Keygate::Frames->start(port => $t->port('FRAMES'), answer => sub {
    my ($stream) = @_;

    return Keygate::Frames::headers($stream, 0, ':status' => 103)
        . Keygate::Frames::headers($stream, 0, ':status' => 500)
        . Keygate::Frames::data($stream, 1, 'db-1.internal');
});

$t->start;

for my $format (@formats) {
    my $port = $t->port(uc $format);

    for my $at ('', '/unbuffered', '/two', '/cached', '/cached') {
        for my $name (qw(once many pieces bytes)) {
            my $r = $t->get("$at/$name", port => $port);

            is($r && "$r->{status} $r->{body} " . $r->header('X-Own'),
                '200 fine yes', "$format: $at/$name");
            ok(!$r->header('Link'), 'with nothing of what came before') if $r;
        }

        error_ok($t->get("$at/error", port => $port), $format, 500,
            "$format: $at/error", instance => "$at/error");
    }

    error_ok($t->get('/only', port => $port), $format, 502,
        "$format: no answer behind it", instance => '/only');

    my $r = $t->get('/frames/x', port => $port);
    unlike($r ? $r->{raw} : 'none', qr/db-1/,
        "$format: of other upstreams nothing leaves unseen");
    error_ok($r, $format, $r->{status}, 'and there is an answer',
        instance => '/frames/x');
    cmp_ok($r->{status}, '>=', 500, 'of an error');
}

is($t->get('/cached/once', port => $t->port('DETAIL'))->header('X-Cache'),
    'HIT', 'an answer that is cached');

$t->allow(qr/\[(?:warn|error)\]/);
$t->done;

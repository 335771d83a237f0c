#!/usr/bin/perl

# Bytes on the wire: whatever is refused early, however requests are framed,
# pipelined or spread over header buffers, each is judged by its own header and
# nothing of a body is ever a request.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use Test::More;
use Time::HiRes qw(sleep);

use Keygate;
use Keygate::Items;

my $t = Keygate->new(workers => 2, conf => <<'E'
    client_header_buffer_size 256;
    large_client_header_buffers 8 4k;
    client_max_body_size 64k;
    lingering_time 2s;
    lingering_timeout 1s;
    keepalive_requests 100000;
    proxy_set_header X-Who $keygate_key_id;
    proxy_set_header X-Route $keygate_route;
E
    . items_conf(rate => 'rate 1000000r/h;',
                 routes => 'route GET "/v1/w/*" any;'));

my %keys = map { $_ => $t->key(id => "tk_00000$_",
                               scopes => $_ % 2 ? ['items:read'] : []) } 0 .. 7;

$t->start;

my $smuggled = "GET /v1/open HTTP/1.1\r\nHost: smuggled\r\n\r\n";
my $chunked = sprintf "%x\r\n%s\r\n0\r\n\r\n", length $smuggled, $smuggled;

# All responses on one connection: their statuses.  "last": what follows.

sub statuses {
    my ($bytes, @more) = @_;

    my $c = $t->client;
    my @got;

    $c->send($bytes);

    for my $piece (@more) {
        sleep 0.02;
        $c->send($piece);
    }

    while (my $r = $c->response) {
        push @got, $r->{status};
        last if @got > 10;
    }

    return join ' ', @got;
}

sub post {
    my (@lines) = @_;

    return join "\r\n", 'POST /v1/items HTTP/1.1', 'Host: a', @lines, '', '';
}

my $end = "GET /v1/me HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
my $length = 'Content-Length: ' . length $smuggled;
my $te = 'Transfer-Encoding: chunked';

# -- a refused request and the one behind it: two answers, or one and the end

for my $who ([ 'without a key' ],
             [ 'without the scope', "X-Api-Key: $keys{1}" ])
{
    my ($name, @key) = @$who;
    my $first = @key ? 403 : 401;

    for my $case (
        [ 'a body', post(@key, $length) . $smuggled . $end ],
        [ 'a chunked body', post(@key, $te) . $chunked . $end ],
        [ 'a body that is announced',
          post(@key, $length, 'Expect: 100-continue') . $smuggled . $end ],
        [ 'a chunked body that is announced',
          post(@key, $te, 'Expect: 100-continue') . $chunked . $end ],
        [ 'an empty body', post(@key, 'Content-Length: 0') . $end ])
    {
        like(statuses($case->[1]), qr/^$first(?: 401)?$/,
             "$name: $case->[0]");

        my @bytes = split /(.{7})/s, $case->[1];
        like(statuses(map { join '', grep { defined } splice @bytes, 0, 6 }
                      1 .. 1 + @bytes / 6), qr/^$first(?: 401)?$/,
             "$name: $case->[0], in small pieces");
    }

    # what nginx itself cannot frame
    for my $case ([ 'both lengths', $length, $te ],
                  [ 'two lengths', $length, 'Content-Length: 3' ],
                  [ 'the same length twice', $length, $length ],
                  [ 'a length that is none', 'Content-Length: +5' ],
                  [ 'another coding', 'Transfer-Encoding: xchunked' ],
                  [ 'two codings', 'Transfer-Encoding: gzip, chunked' ])
    {
        my ($what, @lines) = @$case;

        like(statuses(post(@key, @lines) . $chunked . $end),
             qr/^(?:400|501)$/, "$name: $what");
    }

    like(statuses(post(@key, $te) . "ffffffffffffffff1\r\n$smuggled"),
         qr/^(?:400|$first)(?: 400)?$/, "$name: a chunk that is too large");
    like(statuses(post(@key, 'Content-Length: 99999999') . $smuggled),
         qr/^413$/, "$name: a body that is too large");
}

is($t->hits, 0, 'nothing of all that has reached the upstream');

# -- many requests at once, with header data that moves: to each its own

srand($ENV{SEED} // 7);

my (@want, $bytes);
my $n = 0;

for my $round (1 .. 12) {
    my $c = $t->client;

    ($bytes, @want) = ('');

    for (1 .. 40) {
        my $who = int rand 9;
        my @pad = map { "X-Pad-$_: " . 'p' x int rand 900 }
                  1 .. int rand 4;
        my $path = rand() < .5 ? '/v1/items'
                               : '/v1/w/' . 'a%41' x int rand 200;
        my @key = $who == 8 ? () : "X-Api-Key: $keys{$who}";

        $n++;
        $bytes .= join "\r\n", "GET $path?n=$n HTTP/1.1", 'Host: a',
            (rand() < .5 ? (@pad, @key) : (@key, @pad)), '', '';

        push @want, [ $n, $who == 8 ? 401 : $path =~ /items/ && !($who % 2)
                      ? 403 : 200, $who ];
    }

    my @pieces = unpack '(a' . (50 + int rand 3000) . ')*', $bytes;
    $c->send($_) for @pieces;

    my @got = map { $c->response } @want;
    my $bad = grep { !$got[$_] || $got[$_]{status} != $want[$_][1] }
              0 .. $#want;

    is($bad, 0, "round $round: 40 pipelined requests");

    my %who = map { $_->[0] => "tk_00000$_->[2]" } @want;
    my %seen;

    for my $hit ($t->{upstream}->requests) {
        my ($n) = $hit->{uri} =~ /n=(\d+)/ or next;
        my ($id) = map { $_->[1] } grep { lc $_->[0] eq 'x-who' }
                   @{$hit->{headers}};
        $seen{$n} = $id;
    }

    my @expected = grep { $_->[1] == 200 } @want;

    is(scalar grep({ ($seen{$_->[0]} // '') ne $who{$_->[0]} } @expected), 0,
       "round $round: each by its own key");
    is(scalar grep({ $_->[1] != 200 && $seen{$_->[0]} } @want), 0,
       "round $round: no other");
}

# -- HTTP/1.0, HTTP/0.9, and none at all

is(statuses("GET /v1/items HTTP/1.0\r\nX-Api-Key: $keys{1}\r\n\r\n"), '200',
   'HTTP/1.0');
is(statuses("GET /v1/items HTTP/1.0\r\n\r\n"), '401',
   'HTTP/1.0 without a key');
$t->hits;

my $old = $t->client->send("GET /v1/items\r\n")->response;
ok(!$old || $old->{body} =~ /credential_missing|401/, 'HTTP/0.9');
like(statuses("\0" x 50 . "\r\n\r\n"), qr/^400$/, 'NULs');
like(statuses("GET /v1/items HTTP/2.0\r\nHost: a\r\n\r\n"), qr/^505$/,
     'a version that is none');
is($t->hits, 0, 'nothing has reached the upstream');

$t->done;

#!/usr/bin/perl

# Upstreams of HTTP/2: one that resets the stream in the middle of an error,
# and trailers, which go where their body goes.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";

use Keygate;
use Keygate::Errors;
use Keygate::Frames;
use Test::More;

my %up = (
    RESET => sub { Keygate::Frames::headers($_[0], 0, ':status' => 404,
                       'content-type' => 'application/json')
                   . Keygate::Frames::data($_[0], 0, '{"detail":"db-1')
                   . Keygate::Frames::reset($_[0]) },
    (map { my ($name, $body, $type) = @$_; $name => sub {
        Keygate::Frames::headers($_[0], 0, ':status' => 404,
            'content-type' => $type, trailer => 'x-sum')
        . Keygate::Frames::data($_[0], 0, $body)
        . Keygate::Frames::headers($_[0], 1, 'x-sum' => 'of-it') } }
        [ GONE => '{"message":"short"}', 'application/json' ],
        [ PAGE => '<h1>db-1</h1>', 'text/html' ],
        [ KEPT => '{"title":"own"}', 'application/problem+json' ]),
);

my $locations = join '', map { <<"END" } sort keys %up;
        location /\L$_\E { grpc_pass grpc://127.0.0.1:%%$_%%; }
END

my $t = Keygate->new(conf => errors_conf(listen => '', server => $locations)
    . <<"END");
    server {
        listen 127.0.0.1:%%H2%% http2;
        keygate_errors problem;
$locations
    }
END

my @up = map { Keygate::Frames->start(port => $t->port($_),
                                      answer => $up{$_}) } keys %up;

$t->start;

for my $format (@formats) {
    my $r = $t->get('/reset', port => $t->port(uc $format));

    error_ok($r, $format, 404, "$format: a stream that is reset",
        instance => '/reset');

    $r = $t->get('/gone', port => $t->port(uc $format));
    error_ok($r, $format, 404, "$format: another body, without trailers",
        instance => '/gone', detail => 'short');
    ok(!$r->header('Trailer'), 'none is announced');
}

# what passes, passes with its trailers

my $client = $t->client($t->port('PROBLEM'));
my $bytes = '';

$client->send($t->request_bytes('/kept'));
$bytes .= $client->{in}, $client->{in} = '' while $client->more(time + 10);

like($bytes, qr/^Trailer: x-sum\r\n/mi, 'HTTP/1.1: the trailer is announced');
like($bytes, qr/\r\n\r\nf\r\n\{"title":"own"\}\r\n0\r\nx-sum: of-it\r\n\r\n\z/,
    'and it comes behind the body');

$bytes = $t->get('/kept', port => $t->port('PROBLEM'), version => '1.0');
is($bytes->{body}, '{"title":"own"}', 'HTTP/1.0: the body alone');

SKIP: {
    skip('no nghttp', 1) if `nghttp --version 2>&1` !~ /^nghttp /;

    my $base = 'http://127.0.0.1:' . $t->port('H2');
    my %out = map { $_ => scalar `nghttp -v '$base/$_' 2>&1` }
              qw(reset gone page kept);

    like($out{reset}, qr/:status: 404.*"status":404/s,
        'HTTP/2: a stream that is reset');

    for my $path (qw(gone page)) {
        like($out{$path}, qr/"status":404/, "HTTP/2: $path: another body");
        unlike($out{$path}, qr/x-sum|db-1/, "HTTP/2: $path: no trailer of it");
    }

    like($out{kept}, qr/"title":"own".*x-sum: of-it/s,
        'HTTP/2: what passes has its trailer');
}

$t->allow(qr/\[(?:warn|error)\]/);
$t->done;

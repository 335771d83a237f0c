#!/usr/bin/perl

# "when": reading the body in the access phase, once, bounded, however it
# comes, and handing it on.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use Test::More;
use Time::HiRes qw(sleep time);

use Keygate;
use Keygate::When;

my $t = Keygate->new(conf => when_conf());

my $read = $t->key(scopes => ['docs:read']);
my $write = $t->key(scopes => ['docs:write']);
my $send = $t->key(scopes => ['docs:write', 'docs:send', 'docs:rush']);

$t->allow(qr/\[warn\]/);
$t->start;

my $refused = '403 insufficient_scope docs:send';
my $invalid = '400 body_invalid';

# -- how it comes

my $c = $t->client;
my $deadline = time + 10;

$c->send($t->request_bytes('/v1/docs', method => 'POST', key => $write,
    keep => 1, headers => [ $json, 'Expect: 100-continue',
                            'Content-Length: 14' ]));
like($c->take("\r\n\r\n", $deadline), qr{^HTTP/1.1 100 },
     'Expect: 100-continue: go on');
$c->send('{"send":true} ');
is(verdict($c->response), $refused, 'then refused');

$c->send($t->request_bytes('/v1/docs', key => $read, keep => 1));
is($c->response->{status}, 200, 'the connection lives on');

for my $case ([ 'no key', undef, 401 ], [ 'no scope for the route', $read,
                                          403 ])
{
    my ($name, $key, $status) = @$case;
    my $c = $t->client;

    $c->send($t->request_bytes('/v1/docs', method => 'POST', key => $key,
        keep => 1, headers => [ $json, 'Expect: 100-continue',
                                'Content-Length: 14' ]));

    my $r = $c->response;

    is($r->{status}, $status, "$name: refused");
    is($r->{interim}, undef, "$name: before the body is sent");
    $c->close;
}

for my $case ([ 'allowed', '{"send": false}', 200 ],
    [ 'refused', '{"send": true}', 403 ])
{
    my ($name, $body, $status) = @$case;

    for my $way (@ways) {
        my $c = $t->client($t->port($way->[1]));

        $c->send(join '', map { $t->request_bytes('/v1/docs',
            method => 'POST', key => $write, keep => 1, body => $_,
            headers => [$json]) } $body, '{"a": 1}', $body);

        is_deeply([ map { my $r = $c->response; $r ? $r->{status} : 'none' }
                    1 .. 3 ],
            [ $status, 200, $status ], "three in a row: $name, $way->[0]");
    }
}

# nginx keeps no connection after a 400, and reads nothing more from it

$c = $t->client;
$c->send($t->request_bytes('/v1/docs', method => 'POST', key => $write,
    keep => 1, body => '{', headers => [$json])
    . $t->request_bytes('/v1/docs', key => $read));
is(verdict($c->response), $invalid, 'an invalid body');
ok($c->at_end(5), 'is the last one of its connection');

$c = $t->client;
my $bytes = $t->request_bytes('/v1/docs', method => 'POST', key => $send,
    keep => 1, body => '{"send": true, "a": "' . 'x' x 200 . '"}',
    headers => [$json]);
my ($first, $last) = (substr($bytes, 0, 190), substr $bytes, 190);

$t->hits;
$c->send($first);
for (split //, substr $last, 0, 60) {
    $c->send($_);
    sleep 0.002;
}
is($t->status('/v1/docs', key => $read), 200,
   'others are served while a body is on its way');
is($t->hits, 1, 'of which the upstream knows nothing');
$c->send(substr $last, 60);
is(verdict($c->response), 200, 'a body that comes byte by byte');
is(received($t), $bytes =~ s/.*?\r\n\r\n//sr, 'arrives as it was sent');
is($t->hits, 1, 'once');

my ($length) = grep { lc $_->[0] eq 'content-length' }
               @{$t->last_hit->{headers}};
is($length->[1], length received($t), 'with its length');

post($t, $write, chunked(5, '{"a": "unbuffered"}'), port => $t->port('STREAM'),
     headers => [ $json, 'Transfer-Encoding: chunked' ]);
ok(!grep({ lc $_->[0] eq 'transfer-encoding' } @{$t->last_hit->{headers}}),
   'with proxy_request_buffering off the upstream gets it whole, too');
$t->hits;

$c = $t->client;
$c->send($first);
$c->close;
$c = $t->client;
$c->send($first . substr $last, 0, 50);
sleep 0.1;
$c->close;
is($t->status('/v1/docs', key => $read), 200, 'a client that goes away');
is($t->hits, 1, 'is not heard of upstream');

# -- once

my ($left, $refused_left, $invalid_left) = map {
    post($t, $write, $_)->header('RateLimit') =~ /r=(\d+)/
} '{}', '{"send": true}', '[';

is($refused_left, $left - 1, 'charged once, also when refused for the body');
is($invalid_left, $left - 2, 'or when that was invalid');

# -- other routes, a dry run

for my $port ('PORT', 'STREAM') {
    my $r = $t->get('/v1/notes', method => 'POST', key => $write,
        port => $t->port($port), body => '{"send": true, "send": tru');

    is(verdict($r), 200, 'a route without a "when" takes any body');
    is(received($t), '{"send": true, "send": tru', 'as it comes');
}

is(verdict(post($t, $write, '{"send": true}', port => $t->port('DRY'))), 200,
   'a dry run refuses nothing');
is(received($t), '{"send": true}', 'and changes nothing');
ok($t->wait_for(sub {
    $t->read_file('verdict.log') =~ /^POST 200 insufficient_scope$/m }),
    'but says so in the log');

# -- too large, too slow

$t->hits;

my $large = '{"a": "' . 'x' x 2000 . '"}';
my $little = $t->port('LITTLE');

is(verdict(post($t, $write, $large, port => $little)), '413 body_too_large',
   'larger than client_max_body_size, as it says');
is(verdict(post($t, $write, chunked(500, $large), port => $little,
    headers => [ $json, 'Transfer-Encoding: chunked' ])),
    '413 body_too_large', 'or as it turns out');
is(verdict(post($t, undef, $large, port => $little)), '401 credential_missing',
   'but first there must be a key');
is(verdict(post($t, $read, $large, port => $little)),
   '403 insufficient_scope docs:write', 'that has the scope of the route');
is(verdict(post($t, $write, '{"a": "' . 'x' x 1000 . '"}', port => $little)),
   200, 'just small enough');
is($t->hits, 1, 'that has reached the upstream');

# The operator's own pages are gated here, too: what was refused stays refused.

my @chunks = (headers => [ $json, 'Transfer-Encoding: chunked' ]);
my $malformed = "5\r\n{\"a\":\r\nnonsense\r\n";

for my $name ('PAGES', 'NAMED') {
    is(verdict(post($t, $write, chunked(500, $large), port => $t->port($name),
                    @chunks)),
       '413 body_too_large', "too large, with an error page: $name");
}

for my $name ('LITTLE', 'PAGES') {
    is(verdict(post($t, $write, $malformed, port => $t->port($name), @chunks)),
       $name eq 'PAGES' ? $invalid : '400 bad_request',
       "chunks that are none: $name");

    my $c = $t->client($t->port($name));

    $c->send($first);

    is(verdict($c->response), 'none',
       "a body that does not come in time: $name");
    ok($c->at_end(5), 'and the connection is closed');
}

is($t->hits, 0, 'of these nothing reaches the upstream');

ok(says(4), 'the log tells of each that is too large');


sub says {
    my ($n) = @_;

    return $t->wait_for(sub {
        my @lines = $t->read_file('error.log') =~ /refused body_too_large: /g;
        my @told = $t->read_file('verdict.log')
            =~ /^\w+ 413 body_too_large$/mg;

        @lines == $n && @told == $n
    });
}


$t->wait_for(sub { $t->read_file('verdict.log') =~ /^POST 413 /m });
like($t->read_file('verdict.log'), qr/^POST 413 body_too_large$/m,
     'the log tells');
unlike($t->read_file('verdict.log'), qr/^POST 4\d\d allowed$/m,
     'nothing that was refused is called allowed');

# -- 10 MB of anything, in bounded time and memory

my ($worker) = $t->workers;
my $mega = 10 * 1024 * 1024;
my $n = 0;

sub peak {
    my ($kb) = $t->read_file("/proc/$worker/status") =~ /^VmHWM:\s+(\d+)/m;

    return $kb;
}

my @huge = (
    [ 'one string', '{"a":"' . 'x' x $mega . '"}', 200 ],
    [ 'and send', '{"a":"' . 'x' x $mega . '","send":1}', $refused ],
    [ 'empty arrays', '{"a":[' . '[],' x ($mega / 3) . '[]]}', 200 ],
    [ 'empty objects', '{"a":[' . '{},' x ($mega / 3) . '{}]}', 200 ],
    [ 'digits', '{"a":' . '1' x $mega . '}', 200 ],
    [ 'names', '{' . join(',', map { "\"$_\":1" } 1 .. 900_000)
               . ',"send":1}', $refused ],
    [ 'equal names', '{' . '"a":1,' x ($mega / 6) . '"a":1}', $invalid ],
    [ 'brackets', '{"a":' . '[' x $mega, $invalid ],
    [ 'backslashes', '{"a":"' . '\\' x $mega . '"}', 200 ],
    [ 'space', ' ' x $mega, $invalid ],
);

my $peak = peak();
my $begin = time;

for my $case (@huge) {
    my ($name, $body, $expected) = @$case;
    my $port = $t->port($n++ % 2 ? 'FILE' : 'PORT');
    my $r = post($t, $write, $body, port => $port);

    is(verdict($r), $expected, "10 MB: $name");
    is(received($t), Keygate::Upstream::digest($body), 'unchanged')
        if $expected eq '200';
}

cmp_ok(time - $begin, '<', 60, 'all that in bounded time');

SKIP: {
    skip 'a sanitizer needs memory of its own', 1
        if $Keygate::Server::binary =~ /asan/;

    cmp_ok(peak() - $peak, '<', 64 * 1024,
           'and in memory in proportion to the body');
}

# -- HTTP/2

SKIP: {
    skip 'no curl with HTTP/2', 5 if `curl --version 2>&1` !~ /\bHTTP2\b/;

    my $url = 'http://127.0.0.1:' . $t->port('H2') . '/v1/docs';

    for my $case ([ '{"a": 1}', 200 ], [ '{"send": true}', 403 ],
        [ '{"a":"' . 'x' x 300_000 . '"}', 200 ],
        [ '{"a":"' . 'x' x 300_000 . '", "send": 1}', 403 ],
        [ '{"send": false} {"send": true}', 400 ])
    {
        my ($body, $status) = @$case;
        my $file = $t->write_file('body', $body);

        $t->hits;
        is(`curl -s -m 10 --http2-prior-knowledge -o /dev/null \\
            -w '%{http_version} %{http_code}' -H 'X-Api-Key: $write' \\
            -H '$json' --data-binary \@$file $url`, "2 $status",
           'HTTP/2, ' . length($body) . ' bytes');
        is($t->hits, $status == 200 ? 1 : 0, 'only what is allowed arrives');
    }

    is(received($t), Keygate::Upstream::digest('{"a":"' . 'x' x 300_000 . '"}'),
       'as it was sent');
}

$t->done;

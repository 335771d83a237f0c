#!/usr/bin/perl

# keygate_recheck, by whatever way an answer is sent: over HTTP/2, from a file
# or a cache, to a client that does not read, after internal redirects, in
# subrequests; and by workers that are to end.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use POSIX ();
use Test::More;
use Time::HiRes qw(time);

use Keygate;
use Keygate::Items;
use Keygate::Stream;

my $size = Keygate::Stream::LUMP;
my $conf = items_api(only => 1, routes => <<'E') . <<'E';
        route GET /v1/open/page public;
        route GET /v1/*         any;
        route GET /unwatched/*  any;
E
    proxy_cache_path %%DIR%%/temp/cache keys_zone=cache:1m;
    log_format ways '$keygate_key_id $status $upstream_cache_status';
    access_log %%DIR%%/ways.log ways;

    server {
        listen 127.0.0.1:%%PORT%%;
        listen 127.0.0.1:%%H2%% http2;
        keygate  items;
        sendfile on;

        location /v1/ {
            keygate_recheck 100ms;
            ssi on;
            proxy_pass http://127.0.0.1:%%STREAM%%;
            proxy_buffering off;
        }
        location /v1/cached/ {
            keygate_recheck 100ms;
            proxy_pass http://127.0.0.1:%%STREAM%%;
            proxy_cache cache;
            proxy_cache_key $uri;
            proxy_cache_valid 200 1h;
        }
        location /v1/file/ { keygate_recheck 100ms; alias %%DIR%%/; }
        location /v1/threads/ {
            keygate_recheck 100ms;
            aio threads;
            alias %%DIR%%/;
        }
        location /v1/limited/ {
            keygate_recheck 100ms;
            limit_rate 1k;
            alias %%DIR%%/;
        }
        location /unwatched/ {
            proxy_pass http://127.0.0.1:%%STREAM%%;
            proxy_buffering off;
        }
        location /inside/ {
            internal;
            keygate off;
            proxy_pass http://127.0.0.1:%%STREAM%%;
            proxy_buffering off;
        }
    }
E

my $t = Keygate->new(workers => 2, conf => $conf);
my $up = Keygate::Stream->start(port => $t->port('STREAM'),
                                log => "$t->{dir}/stream.log");
my $n = 0;

truncate $t->write_file('lump', ''), $size or die "lump: $!\n";
$t->key(id => 'tk_000000');
$t->start;


sub live {
    my $id = sprintf 'tk_WAYS%02d', ++$n;
    my $key = $t->key(id => $id);

    $t->wait_for(sub { $t->status('/v1/short', key => $key) == 200 })
        or die "$id is not known\n";

    return ($id, $key);
}


sub revoke {
    my ($id, $key) = @_;

    $t->append($t->key_line(id => $id, account => 'acc_1', scopes => [],
        digest => $t->digest($key), revoked_at => '2026-11-01T00:00:00Z'));
}


sub closed {
    my ($id) = @_;

    return $t->wait_for(sub {
        $t->read_file('error.log') =~ /closed key_revoked: .* key: "$id"/
    });
}


sub stream {
    my ($path, $key, %o) = @_;

    my $c = $t->client;
    my $first = $o{first} // "data: 2\n\n";

    $c->send($t->request_bytes($path, key => $key, keep => 1));
    $c->take($first, time + $Keygate::Client::timeout)
        // die "nothing comes: $c->{in}\n";

    return $c;
}


# The bytes of a body that still come until the connection ends.

sub rest {
    my ($c) = @_;

    my ($deadline, $bytes) = (time + 3 * $Keygate::Client::timeout, 0);

    while ($c->more($deadline)) {
        $bytes += length $c->{in};
        $c->{in} = '';
    }

    return $c->{eof} ? $bytes + length $c->{in} : 'no end';
}


# A program in the background, and the name of what it says.

sub run {
    my ($name, @command) = @_;

    my $pid = fork // die "fork: $!\n";

    if ($pid == 0) {
        open STDOUT, '>', "$t->{dir}/$name";
        open STDERR, '>', "$t->{dir}/$name.err";
        exec @command or POSIX::_exit(127);
    }

    return $pid;
}


sub comes {
    my ($name, $text) = @_;

    return $t->wait_for(sub { index($t->read_file($name), $text) >= 0 });
}


# -- Events to a curl, over HTTP/1.1 and HTTP/2

for my $case ([ 'HTTP/1.1', 'PORT', 18 ],
              [ 'HTTP/2', 'H2', 92, '--http2-prior-knowledge' ])
{
    my ($name, $port, $code, @args) = @$case;
    my ($id, $key) = live();
    my $pid = run("one$port", 'curl', '-sSN', @args, '--max-time', 60, '-H',
        "X-Api-Key: $key", 'http://127.0.0.1:' . $t->port($port) . '/v1/sse');

    ok(comes("one$port", "data: 3\n"), "$name: events come to curl");
    revoke($id, $key);
    waitpid $pid, 0;
    is($? >> 8, $code, "$name: curl says that the answer was cut");
    ok(closed($id), "$name: the log says why");
}

# -- Two streams of one connection, one of which is looked at

SKIP: {
    skip('no nghttp', 5) if !-x '/usr/bin/nghttp';

    my ($id, $key) = live();
    my $url = 'http://127.0.0.1:' . $t->port('H2');
    my $pid = run('both', 'nghttp', '-v', '-H', "X-Api-Key: $key",
                  "$url/v1/sse", "$url/unwatched/sse");
    my ($one, $two) = (13, 15);
    my $data = qr/recv DATA frame <length=\d+, flags=0x00, stream_id/;

    ok($t->wait_for(sub {
        my $out = $t->read_file('both');
        $out =~ /$data=$one>/ && $out =~ /$data=$two>/
    }), 'two streams');
    revoke($id, $key);
    ok($t->wait_for(sub { $t->read_file('both') =~
        /recv RST_STREAM frame <[^>]*stream_id=$one>\s+\(error_code=INTERN/
    }), '... the one that is looked at is reset');
    ok($t->wait_for(sub {
        my ($rest) = $t->read_file('both') =~ /recv RST_STREAM(.*)/s;
        25 < (() = $rest =~ /$data=$two>/g)
    }), '... the other goes on');

    kill 'TERM', $pid;
    waitpid $pid, 0;

    # where nothing else is sent that would take the reset along

    ($id, $key) = live();
    $pid = run('quiet', 'nghttp', '-v', '-H', "X-Api-Key: $key",
               "$url/v1/quiet", "$url/unwatched/quiet");

    ok($t->wait_for(sub {
        my $out = $t->read_file('quiet');
        $out =~ /$data=$one>/ && $out =~ /$data=$two>/
    }), 'two streams that are quiet');
    revoke($id, $key);
    ok($t->wait_for(sub { $t->read_file('quiet') =~
        /recv RST_STREAM frame <[^>]*stream_id=$one>/
    }), '... the one that is looked at is reset');

    kill 'TERM', $pid;
    waitpid $pid, 0;
}

# -- Redirects and subrequests

for my $case ([ 'X-Accel-Redirect', '/v1/accel' ],
              [ 'an include of an answer to a key', '/v1/page' ],
              [ 'an include that a key opens', '/v1/open/page' ])
{
    my ($name, $path) = @$case;
    my ($id, $key) = live();
    my $c = stream($path, $key);

    revoke($id, $key);
    like(rest($c), qr/^\d+$/, "$name: it ends");
    ok(closed($id), "$name: the log says why");
}

# -- Clients that do not read

my ($id, $key) = live();

is(length $t->get('/v1/cached/lump', key => $key)->{body}, $size, 'cached');

for my $case ([ 'from an upstream', '/v1/lump' ],
              [ 'from a cache', '/v1/cached/lump' ],
              [ 'from a file', '/v1/file/lump' ],
              [ 'by threads', '/v1/threads/lump' ],
              [ 'at a rate', '/v1/limited/lump' ])
{
    my ($name, $path) = @$case;
    my ($id, $key) = live();
    my $c = stream($path, $key, first => "\r\n\r\n");

    revoke($id, $key);
    ok(closed($id), "$name: the log says why it ends");
    cmp_ok(rest($c), '<', $size, "$name: and not all of it has come");
}

ok($t->wait_for(sub { $t->read_file('ways.log') =~ /^\S+ 200 HIT$/m }),
   'one was from the cache');

# -- Workers that are to end

($id, $key) = live();

my ($other_id, $other) = live();
my $c = stream('/v1/sse', $key);
my $d = stream('/v1/sse', $other);

$t->reload;
revoke($id, $key);
like(rest($c), qr/^\d+$/, 'an old worker looks again, after a reload');

$t->reload($conf =~ s/keys:1m/keys:2m/r);
revoke($other_id, $other);
like(rest($d), qr/^\d+$/, '... and after one that made another zone');

my @streams = map { [ live() ] } 1 .. 4;

push @$_, stream('/v1/sse', $_->[1]) for @streams;

my $master = $t->{master};

kill 'QUIT', $master;
$t->wait_for(sub { !$t->workers }) or die "nginx does not begin to end\n";

for (@streams) {
    my ($id, $key, $c) = @$_;

    revoke($id, $key);
    like(rest($c), qr/^\d+$/, 'so does each when nginx is to quit');
}

ok($t->wait_for(sub { $t->gone($master) }), 'which it then does');

$up->stop;
$t->done;

#!/usr/bin/perl

# keygate_recheck: an answer that is being sent ends when its key is not live
# any more, whatever has happened to it; and nothing else does.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use Errno qw(ECONNRESET);
use JSON::PP ();
use Test::More;
use Time::HiRes qw(time);

use Keygate;
use Keygate::Items;
use Keygate::Stream;

my $routes = <<'E';
        route GET /v1/sse      any;
        route GET /v1/ws       any;
        route GET /v1/short    any;
        route GET /v1/free     optional;
        route GET /v1/open/sse public;
E

sub server {
    my ($port, $in) = @_;

    return <<"E";
    server {
        listen 127.0.0.1:%%$port%%;
        $in
        location / {
            keygate items;
            proxy_pass http://127.0.0.1:%%STREAM%%;
            proxy_http_version 1.1;
            proxy_set_header Upgrade \$http_upgrade;
            proxy_set_header Connection upgrade;
            proxy_buffering off;
        }
    }
E
}

my $t = Keygate->new(conf => items_api(routes => $routes, only => 1)
    . server(PORT => 'keygate_recheck 100ms;') . server(OFF => '')
    . server(DRY => 'keygate_recheck 100ms; keygate_dry_run on;')
    . <<'E');
    server {
        listen 127.0.0.1:%%METRICS%%;
        location = /metrics { keygate_metrics; }
    }
E
my $up = Keygate::Stream->start(port => $t->port('STREAM'),
                                log => "$t->{dir}/stream.log");
my $past = '2026-11-01T00:00:00Z';
my $n = 0;

$t->key(id => 'tk_000000');
$t->start;


sub deadline {
    return time + $Keygate::Client::timeout;
}


# A key that nginx knows already.

sub live {
    my ($id, %o) = @_;

    my $key = $t->key(id => $id, %o);

    $t->wait_for(sub { $t->status('/v1/short', key => $key) == 200 })
        or die "$id is not known\n";

    return $key;
}


# An answer of which a part has come.

sub stream {
    my ($key, %o) = @_;

    my $c = $t->client($t->port($o{port} // 'PORT'));
    my $path = $o{path} // '/v1/sse';

    $c->send($t->request_bytes($path, key => $key, keep => 1,
                               headers => $o{headers} || []));
    $c->take($o{first} // "data: 2\n\n", deadline())
        // die "nothing comes: $c->{in}\n";

    return $c;
}


# Whether it ends, and what was sent is no whole answer.

sub ends {
    my ($c) = @_;

    my $deadline = deadline();

    while ($c->more($deadline)) { }

    return $c->{eof} && $c->{in} !~ /(?:^|\n)0\r\n\r\n\z/ ? 1 : 0;
}


# Whether more comes than what is on its way already.

sub goes_on {
    my ($c) = @_;

    my @seen = $c->{in} =~ /data: (\d+)\n\n/g;
    my $more = ($seen[-1] // 2) + 25;

    return defined $c->take("data: $more\n\n", deadline()) ? 1 : 0;
}


sub closed {
    my $r = $t->get('/metrics', port => $t->port('METRICS'));

    return $r->{body} =~ /^keygate_streams_closed_total\{api="items"\} (\d+)$/m
           ? $1 : 'none';
}


# Another line for a key.

sub rewrite {
    my ($id, $credential, %more) = @_;

    $t->append($t->key_line(id => $id, account => 'acc_1', name => 'k',
        digest => $t->digest($credential), scopes => [],
        created_at => '2026-11-01T09:00:00Z', %more));
}


sub says {
    my ($name, $code, $what, $id, $account) = @_;

    like($t->read_file('error.log'), qr{\[error\][ ].*
        keygate:\ closed\ $code:\ \Q$what\E;\ api:\ "items",\ key:\ "$id",
        \ account:\ "$account",\ client:\ 127\.0\.0\.1,
        \ request:\ "GET\ /v1/sse"}x, "$name: the log says why");
    is(closed(), $n, "$name: it is counted");
}


# -- What may happen to a key

my $replaced = 'the secret was replaced while it was answered';

for my $case (
    [ 'revoked', 'key_revoked', 'the key was revoked while it was answered',
      sub { rewrite(@_, revoked_at => $past) } ],
    [ 'suspended', 'key_suspended',
      'the key was suspended while it was answered',
      sub { rewrite(@_, suspended_at => $past) } ],
    [ 'expired', 'key_expired', 'the key has expired while it was answered',
      sub { rewrite(@_, expires_at => $past) } ],
    [ 'deleted', 'credential_invalid',
      'the key was deleted while it was answered',
      sub { $t->append(qq({"key":{"id":"$_[0]","deleted":true}}\n)) } ],
    [ 'rotated', 'credential_invalid', $replaced,
      sub { rewrite($_[0], "another $_[0]") } ],
    [ 'rotated, the overlap being over', 'credential_invalid', $replaced,
      sub { rewrite($_[0], "another $_[0]", previous => { until => $past,
            digest => $t->digest($_[1]) }) } ])
{
    my ($name, $code, $what, $change) = @$case;
    my $id = sprintf 'tk_CASE%02d', ++$n;
    my $key = live($id);
    my $c = stream($key);

    $change->($id, $key);
    ok(ends($c), "$name: the answer ends, cut");
    says($name, $code, $what, $id, 'acc_1');
}

# -- and to its account

for my $case ([ 'canceled', status => 'canceled' ],
              [ 'a trial that is over', status => 'trialing',
                trial_ends_at => $past ],
              [ 'deleted', deleted => JSON::PP::true() ])
{
    my ($name, @members) = @$case;
    my $id = sprintf 'tk_CASE%02d', ++$n;
    my $key = live($id, account => "acc_$n");
    my $c = stream($key);

    $t->account(id => "acc_$n", @members);
    ok(ends($c), "an account, $name: the answer ends, cut");
    says("an account, $name", 'subscription_lapsed',
         'the account has lapsed while its key was answered', $id, "acc_$n");
}

# -- What it leaves alone

my ($key, $rotated, $left) = map { live("tk_LIVE0$_") } 1 .. 3;
my @streams = (
    [ 'a key that was changed and is live', stream($key) ],
    [ 'a secret within its overlap', stream($rotated) ],
    [ 'nobody, where a key is optional', stream(undef, path => '/v1/free') ],
    [ 'a public route, whoever calls',
      stream($left, path => '/v1/open/sse') ],
    [ 'where it is off', stream($left, port => 'OFF') ],
    [ 'in a dry run', stream($left, port => 'DRY') ],
);

rewrite('tk_LIVE01', $key, name => 'changed', scopes => ['items:read'],
        rates => ['5000r/h']);
rewrite('tk_LIVE02', 'another one', previous => { digest =>
    $t->digest($rotated), until => '2096-01-01T00:00:00Z' });
rewrite('tk_LIVE03', $left, revoked_at => $past);

ok($t->wait_for(sub { $t->read_file('error.log') =~ m{would\ close\ key_revoked:
    \ the\ key\ was\ revoked\ while\ it\ was\ answered;\ api:\ "items",
    \ key:\ "tk_LIVE03"}x }), 'a dry run says what it would do');

ok(goes_on($_->[1]), $_->[0]) for @streams;

is(() = $t->read_file('error.log') =~ /would close/g, 1, 'it is told once');
is(closed(), $n, 'none of them is counted');
$_->[1]->close for @streams;

# -- Where only the end of the connection tells that of the answer

my $old = live('tk_HTTP10');
my $c10 = $t->client($t->port('PORT'));

$c10->send("GET /v1/sse HTTP/1.0\r\nHost: localhost\r\nX-Api-Key: $old\r\n"
           . "\r\n");
ok(defined $c10->take("data: 2\n\n", deadline()), 'events over HTTP/1.0');
rewrite('tk_HTTP10', $old, revoked_at => $past);

my $until = deadline();

$! = 0;
1 while $c10->more($until);
is($! + 0, ECONNRESET, 'it is cut by a reset, and nobody takes it for whole');
is(closed(), ++$n, 'and counted');

# -- Upgraded connections, and what is kept alive

my @upgrade = ('Upgrade: websocket', 'Sec-WebSocket-Version: 13',
               'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==');
my $socket = live('tk_WEBSOC');
my $kept = $t->client;

for my $i (1 .. 3) {
    $kept->send($t->request_bytes('/v1/short', key => $socket, keep => 1));
    is($kept->response->{body}, 'word', "kept alive, request $i");
}

my ($ws, $ws_off) = map { stream($socket, path => '/v1/ws', port => $_,
    headers => \@upgrade, first => "\x81\x012") } qw(PORT OFF);

rewrite('tk_WEBSOC', $socket, revoked_at => $past);
ok(ends($ws), 'a WebSocket ends');
ok($t->wait_for(sub { $t->read_file('stream.log') =~ m{close /v1/ws} }),
   '... for its upstream, too');
ok(defined $ws_off->take("\x81\x03150", deadline()),
   '... not where it is off');
$ws_off->close;

$kept->send($t->request_bytes('/v1/short', key => $socket, keep => 1));
is($kept->response->{status}, 401,
   'a connection between two requests stays, and the next is refused');
is(closed(), ++$n, 'one was closed');

# -- nginx -t

for my $case (
    [ 'keygate_recheck;',
      qr/invalid number of arguments in "keygate_recheck"/ ],
    [ 'keygate_recheck 1s 2s;', qr/invalid number of arguments/ ],
    [ 'keygate_recheck 0;', qr/invalid\ value\ "0"\ of\ "keygate_recheck",
      \ expected\ a\ time\ like\ 5s,\ or\ off\ in\ \S+:\d+/x ],
    [ 'keygate_recheck 0s;', qr/invalid value "0s" of/ ],
    [ 'keygate_recheck on;', qr/invalid value "on" of/ ],
    [ 'keygate_recheck -1s;', qr/invalid value "-1s" of/ ],
    [ 'keygate_recheck 5x;', qr/invalid value "5x" of/ ],
    [ 'keygate_recheck "";', qr/invalid value "" of/ ],
    [ 'keygate_recheck 1s; keygate_recheck off;',
      qr/"keygate_recheck" directive is duplicate in \S+:\d+/ ],
    [ 'keygate_api x { keygate_recheck 1s; }',
      qr/invalid "keygate_recheck" in keygate_api "x"/ ],
    [ 'server { location / { if ($uri) { keygate_recheck 1s; } } }',
      qr/"keygate_recheck" directive is not allowed here/ ],
    [ 'keygate_recheck 1s; server { keygate_recheck off; location / {
       keygate_recheck 1500ms; } }', qr/is successful/ ])
{
    like(($t->check_conf($case->[0]))[1], $case->[1], $case->[0]);
}

$up->stop;
$t->done;

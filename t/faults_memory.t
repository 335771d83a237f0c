#!/usr/bin/perl

# Allocations that fail, one after the other, and all from there on: the answer
# is an error or what it would have been, never an admission; no worker dies,
# no change is half made, and when memory is back all is as before.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use Time::HiRes qw(sleep time);

use Keygate;
use Keygate::Admin;
use Keygate::Faults;
use Keygate::Shim;

plan skip_all => Keygate::Shim->impossible if Keygate::Shim->impossible;

my $conf = admin_conf(rate => 'rate 1000000r/h;', extra => <<'E',
        scope items:send "Send items";
        when POST /v1/things body.send items:send;
        route POST /v1/things items:read;
        route GET /v1/paid items:read feature=paid;
        plan full paid;
E
    server => 'client_body_buffer_size 1k;', in => <<'E');
        client_body_buffer_size 64;
        location /v1/me { keygate items; keygate_me; }
        location /any/ {
            satisfy any;
            deny all;
            keygate items;
            rewrite ^/any(/.*) $1 break;
            proxy_pass http://127.0.0.1:%%UPSTREAM%%;
        }
        location /page/ {
            error_page 401 403 404 429 500 502 = @page;
            keygate items;
            proxy_pass http://127.0.0.1:%%UPSTREAM%%;
        }
        location @page {
            keygate items;
            proxy_pass http://127.0.0.1:%%UPSTREAM%%;
        }
        location /auth/ {
            auth_request /v1/items;
            proxy_set_header X-Api-Key "";
            proxy_pass http://127.0.0.1:%%UPSTREAM%%;
        }
E

my $t = Keygate->new(workers => 1, conf => $conf);

admin_token($t);

my $shim = Keygate::Shim->new($t, 'alloc');
my %read = (scopes => ['items:read']);

$t->account(id => 'acc_1', name => 'One', plan => 'pro');
$t->account(id => 'acc_off', name => 'Off', status => 'canceled');

my $live = $t->key(%read);
my $wrong = ($t->make_key(%read))[1];
my $scopeless = $t->key;
my $revoked = $t->key(%read, revoked_at => '2026-01-01T00:00:00Z');
my $expired = $t->key(%read, expires_at => '2026-01-01T00:00:00Z');
my $lapsed = $t->key(%read, account => 'acc_off');
my $elsewhere = $t->key(%read, addresses => ['203.0.113.0/24']);
my $used = $t->key(%read, rates => ['1r/d']);

$t->start;
$t->allow(qr/\[emerg\].*(?:alloc|memalign)|Cannot allocate memory/,
    qr/\[alert\].*(?:alloc|memory)/);
is($t->status('/v1/items', key => $used), 200, 'one a day');

my ($worker) = $t->workers;
my $allocations = 0;


# Fails the nth allocation, or all from it on, while the sub runs; how many
# have failed.

sub failing {
    my ($n, $all, $sub) = @_;

    $shim->set($worker, $n, $all ? -1 : 1, 0, 0);
    $sub->();
    $shim->set(0);

    return $shim->get(4);
}

sub try_all {
    my ($sub) = @_;

    for my $all (0, 1) {
        for my $n (1 .. 2000) {
            my $result;

            my $failed = failing($n, $all, sub { $result = $sub->(0) });

            $allocations++ if $failed;
            $sub->(1, $result, $n, $all);
            last if !$failed;
        }
    }
}

local $Keygate::Client::timeout = 5;


# -- Requests: (name, status, path, what else)

my @requests = (
    [ 'a live key', 200, '/v1/items', key => $live ],
    [ 'an identity', 200, '/v1/me', key => $live ],
    [ 'a body that needs no more', 200, '/v1/things', key => $live,
        method => 'POST', body => '{"send":false,"x":"' . 'x' x 90 . '"}' ],
    [ 'satisfied', 200, '/any/v1/items', key => $live ],
    [ 'asked for', 200, '/auth/x', key => $live ],
    [ 'a wrong key', 401, '/v1/items', key => $wrong ],
    [ 'no key', 401, '/v1/items' ],
    [ 'a revoked key', 401, '/v1/items', key => $revoked ],
    [ 'an expired key', 401, '/v1/items', key => $expired ],
    [ 'a lapsed account', 403, '/v1/items', key => $lapsed ],
    [ 'an address', 403, '/v1/items', key => $elsewhere ],
    [ 'a scope', 403, '/v1/items', key => $scopeless ],
    [ 'a plan', 403, '/v1/paid', key => $live ],
    [ 'a rate', 429, '/v1/items', key => $used ],
    [ 'no route', 404, '/v1/none', key => $live ],
    [ 'a path', 400, '/v1/%2e%2e/items', key => $live ],
    [ 'a key and a key', 400, '/v1/items', key => $live,
        headers => [ "X-Api-Key: $live" ] ],
    [ 'a body that needs a scope', 403, '/v1/things', key => $live,
        method => 'POST', body => '{"send":true}' ],
    [ 'a large one', 403, '/v1/things', key => $live,
        method => 'POST', body => '{"x":"' . 'x' x 3000 . '","send":1}' ],
    [ 'a body that is none', 400, '/v1/things', key => $live,
        method => 'POST', body => '{"send":true,"send":false}' ],
    [ 'satisfied by nothing', 403, '/any/v1/items', key => $scopeless ],
    [ 'satisfied by nobody', 401, '/any/v1/items', key => $wrong ],
    [ 'a page of its own', 401, '/page/x', key => $wrong ],
    [ 'asked for in vain', 403, '/auth/x', key => $scopeless ],
    [ 'asked for by nobody', 401, '/auth/x', key => $wrong ],
);

for my $request (@requests) {
    my ($name, $status, $path, %o) = @$request;
    my (@bad, %seen);

    is($t->status($path, %o), $status, "$name: $status");
    $t->hits;

    try_all(sub {
        my ($judge, $r, $n, $all) = @_;

        return $t->get($path, %o) if !$judge;

        my $got = $r ? $r->{status} : 0;

        $seen{$got}++;
        push @bad, "$got at $n" . ($all ? ' and after' : '')
            if $got && $got != $status && $got < 500;
        push @bad, "upstream at $n" if $status != 200 && $t->hits;
        push @bad, "no JSON at $n: " . substr $r->{body}, 0, 60
            if $got && $got != 200 && $path !~ /auth/ && $r->{body} ne ''
               && !$r->json && !$r->{truncated};
    });

    $t->hits;
    is(join(', ', @bad[0 .. ($#bad < 4 ? $#bad : 4)]), '',
        "$name: never anything else but an error: "
        . join ' ', map { "$seen{$_}x$_" } sort keys %seen);
    is($t->status($path, %o), $status, "$name: and then $status again");
}

is(($t->workers)[0], $worker, 'the worker lives');


# -- Changes

my $name = 'a name that is longer than thirty-two bytes, as some are';
my @victims;

my $lines = '';

for (1 .. 1000) {
    my $id = sprintf 'tk_V%05d', $_;
    my ($line, $credential) = $t->make_key(%read, id => $id);

    $lines .= $line;
    push @victims, [ $id, $credential ];
}

$t->append($lines);
$t->wait_for(sub {
    $t->status('/v1/items', key => $victims[-1][1]) == 200 }, 3);

my (@bad, %seen, $before);

try_all(sub {
    my ($judge, $r, $n) = @_;

    if (!$judge) {
        $before = $t->read_file('keys.jsonl');

        return admin($t, 'POST', '/keys', { account => 'acc_1',
            name => $name, scopes => ['items:read'] });
    }

    my $got = $r ? $r->{status} : 0;
    my $new = substr $t->read_file('keys.jsonl'), length $before;

    $seen{$got}++;

    if ($got == 201) {
        my $key = $r->json || { id => 'none' };

        push @bad, "201 at $n, and no key in the journal: $r->{raw}"
            if $new !~ /"id":"$key->{id}"/;
        push @bad, "201 at $n, not in force"
            if $t->status('/v1/items', key => $key->{secret}) != 200;

    } elsif ($got) {
        push @bad, "$got at $n, and a change: $r->{body}"
            if $new ne '' && $r->{body} !~ /is in the journal/;
        push @bad, "$got at $n" if $got < 400 || $got == 401;
    }

    push @bad, "torn at $n" if $new !~ /\A(?:\{.*\}\n)?\z/;
});

is(join(', ', @bad[0 .. ($#bad < 4 ? $#bad : 4)]), '',
    'a key is made whole or not at all: '
    . join ' ', map { "$seen{$_}x$_" } sort keys %seen);

%seen = @bad = ();

try_all(sub {
    my ($judge, $r, $n) = @_;

    return admin($t, 'POST', "/keys/$victims[0][0]/revoke") if !$judge;

    my ($id, $secret) = @{$victims[0]};
    my $got = $r ? $r->{status} : 0;
    my $status = $t->status('/v1/items', key => $secret);

    $seen{$got}++;
    push @bad, "$got at $n" if $got && $got != 200 && $got < 400;
    push @bad, "200 at $n, not in force" if $got == 200 && $status != 401;
    push @bad, "$got at $n, in force" if $got >= 400 && $status != 200
        && $r->{body} !~ /is in the journal/;

    shift @victims if $status == 401 || $got >= 500;
});

is(join(', ', @bad[0 .. ($#bad < 4 ? $#bad : 4)]), '',
    'a key is revoked, or is told not to be: '
    . join ' ', map { "$seen{$_}x$_" } sort keys %seen);

for my $request ([ 'GET', '/keys?limit=3' ], [ 'GET', "/keys/$victims[9][0]" ],
    [ 'GET', '/accounts' ], [ 'GET', '/routes' ],
    [ 'PATCH', "/keys/$victims[9][0]", { name => $name } ],
    [ 'POST', "/keys/$victims[9][0]/rotate", { overlap => '24h' } ],
    [ 'POST', '/check', { key_id => $victims[9][0], method => 'GET',
        path => '/v1/items' } ])
{
    my ($method, $path, $body) = @$request;

    %seen = @bad = ();

    try_all(sub {
        my ($judge, $r, $n) = @_;

        return admin($t, $method, $path, $body) if !$judge;

        my $got = $r ? $r->{status} : 0;

        $seen{$got}++;
        push @bad, "$got at $n" if $got && $got != 200 && $got < 400;
        push @bad, "no JSON at $n: $r->{raw}"
            if $got == 200 && !$r->{truncated} && !$r->json;
    });

    is(join(', ', @bad[0 .. ($#bad < 4 ? $#bad : 4)]), '',
        "$method $path: answered or not: "
        . join ' ', map { "$seen{$_}x$_" } sort keys %seen);
}

is(($t->workers)[0], $worker, 'the worker lives');
is(admin($t, 'PUT', '/accounts/acc_9', { name => 'After' })->{status}, 201,
    'no lock is held, nothing is stuck');


# -- Following the journal

my $late;

failing(1, 1, sub {
    $late = $t->key(%read);
    sleep 0.7;
});

ok($t->wait_for(sub { $t->status('/v1/items', key => $late) == 200 }, 3),
    'a line that could not be read for want of memory is read later');
is($t->status('/v1/items', key => $live), 200, 'and the others are there');


# -- Reloads

my $master = $t->{master};
my ($taken, $refused) = (0, 0);

@bad = ();
$t->allow(qr/\[emerg\] $master#/);

# HTTP/3, where it is built in, refuses in a quieter voice
my $refusal = qr/\[emerg\]|_token_key\) failed/;

my $total;
{
    $shim->set($master, 0, 0, 0, 0);
    $t->reload;
    sleep 0.3;
    $total = $shim->get(3);
    $shim->set(0);
}

my $n = long() ? 400 : 60;

for my $i (1 .. $n) {
    my $at = int(1 + ($total - 1) * $i / $n);
    my @old = $t->workers;
    my $log = length $t->read_file('error.log');

    $shim->set($master, $at, 1, 0, 0);
    kill 'HUP', $master;
    $t->wait_for(sub {
        my @now = $t->workers;
        (@now == 1 && $now[0] != $old[0])
        || substr($t->read_file('error.log'), $log) =~ $refusal
    }, 5);
    $shim->set(0);

    my @now = $t->workers;
    my $text = substr $t->read_file('error.log'), $log;

    $text =~ $refusal ? $refused++ : $taken++;

    my $open = join ' ', map { $t->status(@$_) }
        [ '/v1/items', key => $live ], [ '/v1/items', key => $wrong ],
        [ '/v1/items', key => $scopeless ], [ '/v1/items', key => $lapsed ],
        [ '/v1/items', key => $used ], [ '/v1/items', key => $elsewhere ],
        [ '/v1/paid', key => $live ], [ '/any/v1/items', key => $wrong ],
        [ '/v1/things', key => $live, method => 'POST',
          body => '{"send":true}' ];

    push @bad, "at $at: $open"
        if $open ne '200 401 403 403 429 403 403 401 403';
    last if !kill 0, $master;
}

is(join("\n", @bad[0 .. ($#bad < 4 ? $#bad : 4)]), '',
    "reloads: $refused refused, $taken taken, of $n: never anything open");
ok($t->reload, 'and with memory it is as ever');

figure("$allocations allocations failed", @requests . ' kinds of requests',
    "$refused of $n reloads refused");

$t->{seen} = '';
$t->done;

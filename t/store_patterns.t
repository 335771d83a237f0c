#!/usr/bin/perl

# Limits over four nodes under the loads that break other limiters, judged by
# what the upstream has seen, and when: evenly, at one node, moving on, in
# bursts, skewed, and by one who knows; at twice and at fifty times the limit;
# with an engine that is cut off, stalls, and forgets.

use strict;
use warnings;

use File::Temp qw(tempdir);
use FindBin qw($Bin);
use lib "$Bin/lib";
use Test::More;
use Time::HiRes qw(time sleep);

use Keygate;
use Keygate::Admin;
use Keygate::Nodes;
use Keygate::Relay;
use Keygate::Store;

plan skip_all => 'no redis-server here' if !Keygate::Store->available;

my $store = Keygate::Store->start(data => 1);
my $relay = Keygate::Relay->start($store->{socket});
my $seen = tempdir('keygate-XXXXXXXX', TMPDIR => 1, CLEANUP => 1) . '/seen';
my $limit = 100;

# Each upstream writes down whose request it was, and when.

sub reply {
    my ($request) = @_;

    open my $f, '>>', $seen or die "$seen: $!\n";
    syswrite $f, sprintf "%s %.6f\n", $request->{uri} =~ /id=(\w+)/, time;

    return Keygate::Upstream::answer(200, '{}');
}

my @nodes = map { node($store, "n$_", server => "127.0.0.1:$relay->{port}",
    store => 'timeout 500ms;', zone => 'limits=cluster wait=100ms',
    reply => \&reply) } 1 .. 4;

ok $nodes[0]->wait_for(sub {
    admin($nodes[0], 'PUT', '/accounts/acc', { name => 'A' })->{status}
        == 201
}), 'they begin together';
ok $nodes[3]->wait_for(sub {
    ($store->call('HLEN', 'kg:{keys}:nodes') // 0) == 4
}), 'they know one another';

sub key {
    my (@rates) = @_;

    my $r = admin($nodes[0], 'POST', '/keys?wait=5s', { account => 'acc',
        name => 'k', scopes => ['items:read'], rates => \@rates });

    for my $t (@nodes) {
        $t->wait_for(sub {
            admin($t, 'GET', '/keys/' . $r->json->{id})->{status} == 200
        });
    }

    return @{$r->json}{qw(id secret)};
}

# One request each, by connections that stay open; how many were answered 200.

my @clients;

sub load {
    my ($id, $secret, @at) = @_;

    my $n = 0;

    for my $at (@at) {
        my $c = $clients[$at] //= $nodes[$at]->client;
        my $r = $c->send($nodes[$at]->request_bytes("/v1/items?id=$id",
            key => $secret, keep => 1))->response;

        $clients[$at] = undef if !$r;
        $n++ if $r && $r->{status} == 200;
    }

    return $n;
}

# When the upstream has seen a key's requests.

sub stamps {
    my ($id) = @_;

    open my $f, '<', $seen or return ();

    return sort { $a <=> $b } map { /^\Q$id\E (\S+)/ ? $1 : () } <$f>;
}

# The most that any span of so many seconds has had.

sub most {
    my ($span, @times) = @_;

    my ($most, $from) = (0, 0);

    for my $to (0 .. $#times) {
        $from++ while $times[$from] <= $times[$to] - $span;
        $most = $to - $from + 1 if $to - $from + 1 > $most;
    }

    return $most;
}

my %pattern = (
    even    => sub { map { $_ % 4 } 1 .. $_[0] },
    'at one node' => sub { (2) x $_[0] },
    moving  => sub { map { int($_ * 8 / $_[0]) % 4 } 0 .. $_[0] - 1 },
    bursts  => sub { map { (int rand 4) x 10 } 1 .. $_[0] / 10 },
    skewed  => sub { map { rand() < 0.7 ? 0 : 1 + int rand 3 } 1 .. $_[0] },
    'one who knows' => sub { ((0) x ($_[0] / 2),
        map { $_ % 4 } 1 .. $_[0] / 2) },
);

for my $times (2, 50) {
    for my $name (sort keys %pattern) {
        my ($id, $secret) = key("${limit}r/h");
        my $n = load($id, $secret, $pattern{$name}->($times * $limit));
        my @seen = stamps($id);

        is scalar @seen, $n, "$name, $times times the limit: what was "
            . 'admitted has reached the upstream';
        cmp_ok $n, '<=', $limit, "... $n of $limit";
        cmp_ok $n, '>=', 0.9 * $limit, '... nine tenths of it';
    }
}

# Spans of a second, one after the other.

{
    my ($id, $secret) = key('40r/s');
    my ($end, $i) = (time + 4, 0);

    while (time < $end) {
        load($id, $secret, map { $i++ % 4 } 1 .. 8);
        sleep 0.05;
    }

    # on its way to the upstream a request may be held up for a moment
    my @seen = stamps($id);

    cmp_ok most(0.8, @seen), '<=', 40, 'in no second more than 40 of '
        . scalar @seen;
    cmp_ok scalar @seen, '>=', 40, '... and again in the next one';
}

# Without the engine, each keeps to a part; all is counted when it is back.

for my $mode (qw(stall refuse)) {
    my ($id, $secret) = key("${limit}r/h");
    my $n = load($id, $secret, map { $_ % 4 } 1 .. 40);

    $relay->mode($mode);
    $n += load($id, $secret, map { $_ % 4 } 1 .. 400);
    $relay->mode('cut');

    for my $t (@nodes) {
        ok $t->wait_for(sub {
            $t->get('/metrics', port => $t->port('ADMIN'))->{body}
                =~ /^keygate_limit_outage\{zone="keys"\} 0$/m
        }), "$mode: the engine is back";
    }

    $n += load($id, $secret, map { $_ % 4 } 1 .. 400);
    is scalar(@{[stamps($id)]}), $n, '... the upstream has seen as many';
    cmp_ok $n, '<=', 2 * $limit, "... $n of $limit, at most twice";
}

# A ledger that is lost is made anew from what the nodes tell.

{
    my ($id, $secret) = key("${limit}r/h");
    my $n = load($id, $secret, map { $_ % 4 } 1 .. 60);

    $store->call('DEL', @{$store->call('KEYS', 'kg:{keys*}:h:*')});
    $n += load($id, $secret, map { $_ % 4 } 1 .. 400);
    is scalar(@{[stamps($id)]}), $n, 'a ledger that is lost';
    cmp_ok $n, '<=', 2 * $limit, "... $n of $limit";
}

$_->done for @nodes;

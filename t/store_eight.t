#!/usr/bin/perl

# Limits over eight nodes while something fails, under load of many clients at
# once: nodes' clocks move, nodes are killed that hold leases, the engine is
# killed, cut off, hangs, and forgets all.  What the upstream has seen, and
# when, is the judge: no more than the limit, or than twice of it where nodes
# were without the engine.

use strict;
use warnings;

use File::Temp qw(tempdir);
use FindBin qw($Bin);
use lib "$Bin/lib";
use POSIX ();
use Test::More;
use Time::HiRes qw(time sleep);

use Keygate;
use Keygate::Admin;
use Keygate::Nodes;
use Keygate::Relay;
use Keygate::Shim;
use Keygate::Store;

plan skip_all => 'no redis-server here' if !Keygate::Store->available;
plan skip_all => Keygate::Shim->impossible if Keygate::Shim->impossible;

my $store = Keygate::Store->start(fsync => 1);
my $relay = Keygate::Relay->start($store->{socket});
my $seen = tempdir('keygate-XXXXXXXX', TMPDIR => 1, CLEANUP => 1) . '/seen';
my ($limit, $requests) = (200, 250);

# Each upstream writes down whose request it was, and when.

sub reply {
    my ($request) = @_;

    open my $f, '>>', $seen or die "$seen: $!\n";
    syswrite $f, sprintf "%s %.6f\n", $request->{uri} =~ /id=(\w+)/, time;

    return Keygate::Upstream::answer(200, '{}');
}

my @nodes = map { node_create($store, "n$_",
    server => "127.0.0.1:$relay->{port}", store => 'timeout 500ms;',
    zone => 'limits=cluster wait=100ms', reply => \&reply) } 1 .. 8;
my @shims = map { Keygate::Shim->new($_, 'clock') } @nodes[0 .. 2];

$_->start for @nodes;

my %key;

for my $name (qw(nothing clocks killed dies cut stall forgets)) {
    my ($id, $secret) = made($nodes[0], $name, rates => ["${limit}r/h"]);

    $key{$name} = [ $id, $secret ];
}

for my $t (@nodes) {
    ok $t->wait_for(sub {
        admin($t, 'GET', "/keys/$key{forgets}[0]")->{status} == 200
    }), 'a node has all keys';
}

ok $nodes[0]->wait_for(sub {
    ($store->call('HLEN', 'kg:{keys}:nodes') // 0) == 8
}), 'they know one another';


# What one client of four does: a node that is gone is tried again later.

sub client {
    my ($id, $secret, $number) = @_;

    my @open;

    for my $i ($number .. $number + $requests - 1) {
        my $at = $i % @nodes;

        eval {
            my $c = $open[$at] //= $nodes[$at]->client;
            my $r = $c->send($nodes[$at]->request_bytes("/v1/items?id=$id",
                key => $secret, keep => 1))->response;

            undef $open[$at] if !$r;
        };
        undef $open[$at] if $@;
        sleep 0.005;
    }

    POSIX::_exit(0);
}


# Four of them, five times the limit; "fault" happens in the midst of it.  How
# many of a key's requests the upstream has seen in the hour.

sub under_load {
    my ($name, $fault) = @_;

    my ($id, $secret) = @{$key{$name}};
    my @clients = map {
        my $pid = fork // die "fork: $!\n";

        client($id, $secret, $_ * 2) if !$pid;
        $pid
    } 0 .. 3;

    $nodes[0]->wait_for(sub { stamps($id) >= 20 });
    $fault->();
    waitpid $_, 0 for @clients;

    return scalar stamps($id);
}


sub stamps {
    my ($id) = @_;

    open my $f, '<', $seen or return 0;

    return scalar grep { /^\Q$id\E / } <$f>;
}


# Until nobody is without the engine.

sub shared {
    for my $t (@nodes) {
        $t->wait_for(sub {
            $t->get('/metrics', port => $t->port('ADMIN'))->{body}
                =~ /^keygate_limit_outage\{zone="keys"\} 0$/m
        }) or return 0;
    }

    return 1;
}


sub within {
    my ($name, $least, $most, $fault) = @_;

    my $n = under_load($name, $fault);

    cmp_ok $n, '<=', $most, "$name: $n of $limit, at most $most";
    cmp_ok $n, '>=', $least, "... and at least $least";
    ok shared(), '... and limits are shared';
}


within('nothing', 0.9 * $limit, $limit, sub {});

within('clocks', 0.9 * $limit, $limit, sub {
    for my $away (86400, -86400, 0) {
        $_->set($away) for @shims;
        sleep 0.3;
    }
});

# what a node holds then is used, and it begins anew without

within('killed', 0.25 * $limit, $limit, sub {
    $_->kill_all for @nodes[6, 7];
    $_->start for @nodes[6, 7];
});

within('dies', 0.5 * $limit, 2 * $limit, sub {
    $store->kill;
    sleep 0.5;
    $store->start_again;
});

within('cut', 0.5 * $limit, 2 * $limit, sub {
    $relay->mode('refuse');
    sleep 0.5;
    $relay->mode('cut');
});

within('stall', 0.5 * $limit, 2 * $limit, sub {
    $relay->mode('stall');
    sleep 1;
    $relay->mode('cut');
});

# nodes tell the ledger what they have used

within('forgets', 0.5 * $limit, 2 * $limit, sub {
    $store->call('FLUSHALL');
});

$_->done for @nodes;

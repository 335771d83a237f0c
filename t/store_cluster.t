#!/usr/bin/perl

# A store that is a cluster of three masters: its nodes say which of them has
# a key, and a gateway goes where they say, also while slots move.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use Test::More;

use Keygate;
use Keygate::Admin;
use Keygate::Command;
use Keygate::Nodes;
use Keygate::Store;

plan skip_all => 'no redis-server here' if !Keygate::Store->available;

my $cluster = Keygate::Store->cluster(3, data => 1);
my $slot = $cluster->[0]->call('CLUSTER', 'KEYSLOT', '{keys}');


# Which of them has a slot, as they say; and one that has it not.

sub owner {
    my ($slot) = @_;

    for my $range (@{$cluster->[0]->call('CLUSTER', 'SLOTS')}) {
        my ($begin, $end, $node) = @$range;

        next if $slot < $begin || $slot > $end;

        return (grep { $_->{port} == $node->[1] } @$cluster)[0];
    }
}


sub stranger { (grep { $_ != owner($_[0]) } @$cluster)[0] }


sub with_cluster {
    my ($name, $server) = @_;

    return node($cluster->[0], $name, server => $server,
        store => 'cluster on;', zone => 'wait=200ms');
}


# Once all of them say the same of each: its id, whether it is a master and of
# what slots, since which epoch.  Before that they may vote for nobody.

sub agree {
    my (@nodes) = @_;

    return $nodes[0]->wait_for(sub {
        my %views = map {
            my $nodes = $_->ask('CLUSTER', 'NODES') // '';

            # id, address, flags, master, ping, pong, epoch, link, slots
            join("\n", sort map {
                my @n = split / /;

                $n[2] =~ s/myself,//;
                "@n[0, 2, 3, 6, 8 .. $#n]" =~ s/ \[.*//r
            } split /\n/, $nodes) => $nodes
        } @nodes;
        my ($all) = values %views;

        keys %views == 1 && $all !~ /handshake|noaddr|fail|disconnected/
            && @nodes == split /\n/, $all
    }, 60);
}


# A slot moves, and everything in it: "between" is called while half of its
# keys are here and half are there, "before" once all have moved, but for the
# slot.

sub move {
    my ($slot, $from, $to, $between, $before) = @_;

    my ($from_id, $to_id) = map { $_->call('CLUSTER', 'MYID') } $from, $to;

    $to->call('CLUSTER', 'SETSLOT', $slot, 'IMPORTING', $from_id);
    $from->call('CLUSTER', 'SETSLOT', $slot, 'MIGRATING', $to_id);

    my @keys = sort @{$from->call('CLUSTER', 'GETKEYSINSLOT', $slot, 10000)};
    my $half = int(@keys / 2);

    for my $i (0 .. $#keys) {
        $between->() if $i == $half && $between;
        $from->call('MIGRATE', '127.0.0.1', $to->{port}, $keys[$i], 0, 5000);
    }

    # what came into being meanwhile
    for my $key (@{$from->call('CLUSTER', 'GETKEYSINSLOT', $slot, 10000)}) {
        $from->call('MIGRATE', '127.0.0.1', $to->{port}, $key, 0, 5000);
    }

    $before->() if $before;

    $_->call('CLUSTER', 'SETSLOT', $slot, 'NODE', $to_id)
        for $to, $from, grep { $_ != $from && $_ != $to } @$cluster;

    # who has not heard of the last epoch yet makes no newer one when a slot
    # moves to it, and gives the slot up again

    agree(@$cluster) or diag('the nodes do not agree');

    return scalar @keys;
}


# one begins with who has not the slot, the other with nobody

my $one = with_cluster('one', join '; server ', map { "127.0.0.1:$_->{port}" }
    stranger($slot), grep { $_ != stranger($slot) } @$cluster);
my $two = with_cluster('two', '127.0.0.1:' . Keygate::free_port()
    . "; server unix:$cluster->[0]{socket}");
my ($id, $key) = made($one, 'live');
my ($gone_id, $gone) = made($two, 'gone');

ok becomes($two, $key, 200), 'a key of one on the other';
is admin($one, 'POST', "/keys/$gone_id/revoke")->{status}, 200, 'one revoked';
ok becomes($_, $gone, 401), 'on both' for $one, $two;
is owner($slot)->call('HGET', 'kg:{keys}:meta', 'seq'), 4,
    'all of it is where its slot is';


sub stands {
    my ($what) = @_;

    for my $t ($one, $two) {
        is $t->status('/v1/items', key => $key), 200, "live, $what";
        is $t->status('/v1/items', key => $gone), 401, "revoked, $what";
        is $t->status('/v1/items', key => 'shop_ZZZZZZ_'
            . 'abcdefghijklmnopqrstuvwx'), 401, "unknown, $what";
    }
}


# A key of so many a minute, and how many are admitted of twice as many.

sub limited {
    my ($name) = @_;

    my ($id, $key) = made($one, $name, rates => ['20r/m']);

    becomes($two, $key, 200) or return 'not there';

    return 1 + grep { $_ == 200 }
        map { ($one, $two)[$_ % 2]->status('/v1/items', key => $key) }
        1 .. 40;
}


subtest 'limits over both' => sub {
    is limited("limited $_"), 20, 'admits what it says' for 1 .. 6;

    my %at = map { $_->{port} => 1 } map { owner($_) }
        grep { $_ != $slot }
        map { $cluster->[0]->call('CLUSTER', 'KEYSLOT', $_) }
        map { @{$_->call('KEYS', 'kg:{keys.*}:h:*')} } @$cluster;

    cmp_ok scalar keys %at, '>', 1, 'with ledgers on several of them';
};

subtest 'the slot of the records moves' => sub {
    my ($from, $to) = (owner($slot), stranger($slot));
    my $changed;

    my $moved = move($slot, $from, $to, sub {
        stands('half of it has moved');

        # it is one or the other, and says so
        my $r = admin($one, 'PATCH', "/keys/$id", { name => 'between' });

        like $r->{status}, qr/^(?:200|503)$/, 'a change meanwhile';
        $changed = $r->{status} == 200;
        is admin($one, 'GET', "/keys/$id")->json->{name},
            $changed ? 'between' : 'live', 'is made, or it is not';
    });

    cmp_ok $moved, '>', 4, 'keys have moved';
    is owner($slot), $to, 'all of them';

    my $r;

    ok $one->wait_for(sub {
        $r = admin($one, 'PATCH', "/keys/$id", { name => 'after' });
        $r->{status} == 200
    }), 'changes are made' or diag $r->{body};
    ok $two->wait_for(sub {
        admin($two, 'GET', "/keys/$id")->json->{name} eq 'after'
    }), 'and followed';
    is admin($two, 'POST', "/keys/$id/revoke")->{status}, 200, 'a revocation';
    is $two->status('/v1/items', key => $key), 401, 'in force';
    ok becomes($one, $key, 401), 'on both';
    is $from->call('CLUSTER', 'COUNTKEYSINSLOT', $slot), 0,
        'nothing is left behind';

    my ($new_id, $new) = made($two, 'new');

    ok becomes($one, $new, 200), 'a key that is made then';
    ($id, $key) = ($new_id, $new);
    stands('all of it has moved');
};

subtest 'slots of ledgers move' => sub {
    for my $name (map { @{$_->call('KEYS', 'kg:{keys.*}:h:*')} } @$cluster) {
        my $slot = $cluster->[0]->call('CLUSTER', 'KEYSLOT', $name);

        move($slot, owner($slot), stranger($slot));
    }

    is limited("moved $_"), 20, 'limits hold as before' for 1 .. 3;

    my ($id, $key) = made($one, 'moving', rates => ['40r/m']);

    ok becomes($two, $key, 200), 'a key';

    my $n = 1 + grep { $one->status('/v1/items', key => $key) == 200 } 1 .. 4;
    my ($ledger) = map { @{$_->call('KEYS', "kg:{keys.*}:h:key:$id")} }
        @$cluster;
    my $slot = $cluster->[0]->call('CLUSTER', 'KEYSLOT', $ledger);

    move($slot, owner($slot), stranger($slot), undef, sub {
        $n += grep { $_ == 200 }
            map { ($one, $two)[$_ % 2]->status('/v1/items', key => $key) }
            1 .. 60;
    });

    is $n, 40, 'one goes on while its ledger moves';
    unlike $_->read_file('error.log'), qr/cannot be shared/, 'untroubled'
        for $one, $two;
};

subtest 'the command' => sub {
    my $c = Keygate::Command->new;
    my $url = 'redis://127.0.0.1:' . stranger($slot)->{port};
    my @at = ('--store', $url, '--cluster');

    is $c->run('nodes', @at)->{code}, 0, 'nodes';
    is $c->run('store', 'check', @at)->{code}, 0, 'store check';
    is $c->run('list', @at)->{code}, 0, 'list';

    my $r = $c->run('list', '--store', $url);

    is $r->{code}, 5, 'without --cluster';
    like $r->{err}, qr/MOVED .*--cluster/, 'it says what is missing';
    is $c->run('revoke', $id, '--wait', '5s', @at)->{code}, 0, 'a revocation';
    is $_->status('/v1/items', key => $key), 401, 'in force everywhere'
        for $one, $two;
};

subtest 'a node without "cluster on"' => sub {
    my $three = node($cluster->[0], 'three');

    ok says($three, qr/cannot follow: it is a node of a cluster: say "clus/),
        'is told what is missing';
    $three->done;
};

subtest 'a replica takes over' => sub {
    my $master = owner($slot);
    my $replica = Keygate::Store->start(cluster => 1, data => 1,
        conf => 'cluster-port ' . Keygate::free_port() . "\n"
            . "cluster-replica-validity-factor 0\n");
    my ($bus) = $master->{conf} =~ /cluster-port (\d+)/;
    my $id = $master->call('CLUSTER', 'MYID');

    $replica->call('CLUSTER', 'MEET', '127.0.0.1', $master->{port}, $bus);
    ok $replica->wait_for(sub { $replica->ask('CLUSTER', 'REPLICATE', $id) }),
        'a replica';
    ok $replica->wait_for(sub {
        $replica->ask('INFO', 'replication') =~ /^master_link_status:up/m
    }), 'which follows';
    ok agree(@$cluster, $replica), 'and all of them know it, and all slots'
        or diag map { $_->ask('CLUSTER', 'NODES') } @$cluster, $replica;

    my ($live_id, $live) = made($one, 'before');

    ok becomes($two, $live, 200), 'a key';
    ok $replica->wait_for(sub {
        $replica->call('INFO', 'replication') =~ /^slave_repl_offset:(\d+)/m
            && $master->call('INFO', 'replication')
               =~ /^master_repl_offset:$1\r/m
    }), 'that is replicated';

    $master->kill;
    @$cluster = ($replica, grep { $_ != $master } @$cluster);

    my $r;

    ok $one->wait_for(sub {
        $r = admin($one, 'POST', "/keys/$live_id/revoke");
        $r->{status} == 200
    }, 60), 'changes are made there' or diag $r->{body};
    is owner($slot), $replica, 'which is the master now';
    is $one->status('/v1/items', key => $live), 401, 'revoked';
    ok becomes($two, $live, 401), 'on both';
};

subtest 'a master is away' => sub {
    my ($live_id, $live) = made($one, 'last');

    ok becomes($two, $live, 200), 'a key';
    $key = $live;
    owner($slot)->kill;
    stands('nobody has the slot');
    is admin($one, 'POST', "/keys/$live_id/revoke")->{status}, 503,
        'no changes';
    ok says($one, qr/cannot follow: /), 'the log tells';
    unlike $one->read_file('error.log'), qr/\Q$key\E/, 'without keys';
};

$_->done for $one, $two;

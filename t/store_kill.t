#!/usr/bin/perl

# Nodes, their workers and the engine are killed at random instants, while keys
# are made and revoked on all nodes with "ack fsync".  What was answered holds
# at once on the node that answered, on all of them where the receipt says so,
# and everywhere in the end, also without the engine; what was said not to have
# changed has not.  SEED=N repeats a schedule of kills.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use JSON::PP ();
use Test::More;
use Time::HiRes qw(time);

use Keygate;
use Keygate::Admin;
use Keygate::Command;
use Keygate::Faults;
use Keygate::Load;
use Keygate::Nodes;
use Keygate::Store;

plan skip_all => 'no redis-server here' if !Keygate::Store->available;

my $seed = $ENV{SEED} // int(time * 1000) % 1_000_000;
my ($kills, $seconds) = long() ? (300, 600) : (24, 90);    # at most


# -- What dies, and when: [ time, what is done ]

my ($store, @nodes, %down, @events);


sub schedule {
    my %free;
    my $at = 0;

    for (1 .. $kills) {
        $at += rand 0.8;

        my $victim = (0 .. 2, 'engine', 'worker')[rand 5];
        my $i = int rand 3;

        if ($victim eq 'worker') {
            push @events, [ $at, sub { kill_worker($nodes[$i]) } ];
            next;
        }

        $at = $free{$victim} if $at < ($free{$victim} // 0);

        my $back = $at + rand 0.7;

        $free{$victim} = $back + 0.2;
        push @events, [ $at, sub { fall($victim) } ],
            [ $back, sub { rise($victim) } ];
    }

    @events = sort { $a->[0] <=> $b->[0] } @events;
}


sub kill_worker {
    my ($t) = @_;

    my @workers = $t->{master} ? $t->workers : ();

    kill 'KILL', $workers[0] if @workers;
}


# One node is left.

sub fall {
    my ($name) = @_;

    return $store->kill if $name eq 'engine';
    return if up() == 1;

    $down{$name} = 1;
    $nodes[$name]->kill_all;
}


sub rise {
    my ($name) = @_;

    return $store->start_again if $name eq 'engine';
    return if !$down{$name};

    $nodes[$name]->start;
    delete $down{$name};
}


sub up { return grep { !$down{$_} } 0 .. $#nodes }


# -- What is asked meanwhile.  A key: { id, secret, state: live, dying, dead, or
# unknown when nobody could tell; at: the nodes where that holds; since }

my (@keys, @never);
my %count = map { $_ => 0 } qw(names made revoked everywhere);


sub change {
    my ($i) = @_;

    my @live = grep { $_->{state} eq 'live' } @keys;

    return @live > 8 ? revoke($i, $live[rand @live]) : create($i);
}


sub create {
    my ($i) = @_;

    my $name = 'k' . ++$count{names};

    return { admin_post($nodes[$i], '/keys', qq({"account":"acc",)
        . qq("name":"$name","scopes":["items:read"]})), want => sub {
            my ($status, undef, $body) = @_;

            push @never, $name if $body =~ /nothing has changed/;
            return '' if $status == 503;
            return "$status instead of 201" if $status != 201;

            my $key = JSON::PP::decode_json($body);

            $_->secret('a credential', $key->{secret}) for @nodes;
            push @keys, $key;
            holds($key, live => $i, $key->{receipt});
            $count{made}++;

            return '';
        } };
}


sub revoke {
    my ($i, $key) = @_;

    $key->{state} = 'dying';

    return { admin_post($nodes[$i], "/keys/$key->{id}/revoke", ''),
        lost => sub { $key->{state} = 'unknown' },
        want => sub {
            my ($status, undef, $body) = @_;

            if ($status == 200) {
                holds($key, dead => $i,
                      JSON::PP::decode_json($body)->{receipt});
                $count{revoked}++;

            } elsif ($body =~ /The change is made/) {
                holds($key, 'dead');

            } elsif ($body =~ /nothing has changed/) {
                @{$key}{qw(state since)} = ('live', time);

            } else {
                $key->{state} = 'unknown';
            }

            return $status =~ /^(?:200|503)$/ ? ''
                   : "$status instead of 200";
        } };
}


# From now on on this node, and on all where the receipt has it so.

sub holds {
    my ($key, $state, $i, $receipt) = @_;

    my $all = $receipt && $receipt->{applied}
        && $receipt->{applied} == $receipt->{nodes}
        && $receipt->{nodes} == @nodes;

    @{$key}{qw(state since at)} = ($state, time,
        { map { $_ => 1 } $all ? 0 .. $#nodes : defined $i ? $i : () });
    $count{everywhere}++ if $all;
}


sub look {
    my ($i, $key) = @_;

    my $state = $key->{state};

    return { port => $nodes[$i]->port,
        bytes => $nodes[$i]->request_bytes('/v1/items', key => $key->{secret}),
        want => sub {
            my ($got, undef, undef, $sent) = @_;

            my $want = $state eq 'live' ? 200 : 401;

            return '' if $key->{state} ne $state || $sent < $key->{since}
                || !$key->{at}{$i} || $got == $want;
            return "$got instead of $want on n$i, $key->{id} is $state";
        } };
}


sub ask {
    my @up = up();
    my $i = $up[rand @up];
    my @known = grep { $_->{state} =~ /live|dead/ && $_->{at}{$i} } @keys;

    return @known && rand() < 0.6 ? look($i, $known[rand @known])
                                  : change($i);
}


srand $seed;
schedule();
note "SEED=$seed";

$store = Keygate::Store->start(fsync => 1);
@nodes = map { node($store, "n$_", origin => 1,
    store => 'ack fsync; timeout 500ms;') } 0 .. 2;

$_->allow(qr/exited on signal 9/, qr/was locked by \d+/) for @nodes;

my ($first) = made($nodes[0], 'first');

ok $_->wait_for(sub { admin($_, 'GET', "/keys/$first")->{status} == 200 }),
    'all nodes are there' for @nodes;

my $begun = time;
my $load;

$load = Keygate::Load->new(n => 12, rate => 200, next => \&ask, tick => sub {
        while (@events && time - $begun >= $events[0][0]) {
            (shift @events)->[1]->();
            $load->killed;
        }

        $load->{over} = 1
            if !@events && $count{made} > 10 && $count{revoked} > 10;
    });

$load->run($seconds);

is scalar @events, 0, "$kills kills";
is $load->faults, '', 'no answer was wrong';
is $load->{wrong} + $load->{failed}, 0, $load->summary;
cmp_ok $count{$_}, '>', 10, "enough for a test: $_" for qw(made revoked);

figure("$kills kills", map({ "$count{$_} $_" } qw(made revoked everywhere)),
    $load->summary);


# -- What has become of it

sub in_step {
    my ($t) = @_;

    return $t->wait_for(sub {
        my $r = admin($t, 'PATCH', "/keys/$first?wait=5s",
                { name => 'n' . rand });

        $r->{status} == 200 && $r->json->{receipt}{applied} == @nodes
    });
}


# The keys that are not what they should be; those of which nobody could tell
# are the same everywhere.

my %told;

sub wrong {
    my ($t) = @_;

    return join ' ', map { "$_->{id} ($_->{state})" } grep {
        my $got = $t->status('/v1/items', key => $_->{secret});

        $got != ($_->{state} eq 'live' ? 200 : $_->{state} eq 'dead' ? 401
                 : ($told{$_->{id}} //= $got))
    } @keys;
}


ok in_step($_), 'all nodes have caught up' for @nodes;
is wrong($_), '', 'what was answered holds on each' for @nodes;

my $c = Keygate::Command->new;

$_->kill_all for @nodes;
$store->kill;
$_->start for @nodes;

is wrong($_), '', 'also from its copy alone' for @nodes;

sub list {
    my $r = $c->run('list', '--json', @_);

    return join '', sort $r->{out} =~ /^(\{.*?\}),?$/mg;
}


my @lists;

for my $t (@nodes) {
    my @journal = ('--journal', $t->journal_path);
    my $r = $c->run('check', @journal);

    is $r->{code}, 0, 'which is in order' or diag $r->{out};
    push @lists, list(@journal);
}

$store->start_again;

my @url = ('--store', "unix:$store->{socket}");
my $r = $c->run('store', 'check', @url);

is $r->{code}, 0, 'the engine is in order' or diag $r->{out}, $r->{err};

my $all = list(@url);

is $_, $all, 'all copies have what it has' for @lists;
is join(' ', grep { $all =~ /"name": ?"$_"/ } @never), '',
    'and nothing that was said not to have been made';

ok in_step($_), 'all goes on' for @nodes;

$_->done for @nodes;
diag "SEED=$seed" if !Test::More->builder->is_passing;

#!/usr/bin/perl

# A key that is reset on one node has its units back on all: the store's
# ledger, and each node's own windows, are emptied once.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use Test::More;

use Keygate;
use Keygate::Admin;
use Keygate::Nodes;
use Keygate::Store;

plan skip_all => 'no redis-server here' if !Keygate::Store->available;

my $store = Keygate::Store->start(data => 1);
my @nodes = map { node($store, "n$_", zone => 'limits=cluster wait=100ms') }
    1 .. 2;

ok $nodes[0]->wait_for(sub {
    admin($nodes[0], 'PUT', '/accounts/acc', { name => 'A' })->{status} == 201
}), 'they begin together';

my $made = admin($nodes[0], 'POST', '/keys?wait=5s', { account => 'acc',
    name => 'k', scopes => ['items:read'], rates => ['10r/d', '50r/month'] });
my ($id, $key) = @{$made->json}{qw(id secret)};

ok $nodes[1]->wait_for(sub {
    admin($nodes[1], 'GET', "/keys/$id")->{status} == 200
}), 'a key of ten a day, on both';

sub admitted {
    my (@at) = @_;

    return scalar grep {
        $nodes[$_]->status('/v1/items', key => $key) == 200
    } @at;
}

# Until all of a span is used: units may be leased to the other for a moment.

sub use_up {
    my ($most) = @_;

    my $n = 0;

    $nodes[0]->wait_for(sub {
        $n += admitted(0, 1);
        $n >= $most;
    }, 10);

    return $n + admitted((0, 1) x 5);
}

# What a node may still use by its leases of a key, as it has told

sub unspent {
    my ($id, $node) = @_;

    my ($key) = grep { /:h:key:\Q$id\E$/ } @{$store->call('KEYS', 'kg:*')};
    my %ledger = @{$store->call('HGETALL', $key)};
    my (undef, $told) = split / /, $ledger{"n:$node"};
    my ($n) = sort { $b <=> $a } 0, map { (split / /, $ledger{$_})[0] - $told }
        grep { /^c:\S+ $node$/ } keys %ledger;

    return $n;
}

sub day {
    my ($t, $id) = @_;

    return (grep { $_->{unit} eq 'day' } @{admin($t, 'POST', '/check',
        { key_id => $id, method => 'GET', path => '/v1/items' })
        ->json->{rates}})[0];
}

is use_up(10), 10, 'used up over both nodes';
is admitted(0, 1), 0, 'both refuse';

my $r = admin($nodes[1], 'POST', "/keys/$id/reset?wait=5s",
    { rate => 'day' });

is $r->{status}, 200, 'the day is emptied on one node' or diag $r->{body};
is $r->json->{receipt}{applied}, 2, '... and both have it';
is use_up(10), 10, 'ten more, and no more than ten, over both';

my ($left) = ($nodes[0]->get('/v1/items', key => $key)->header('RateLimit')
    // '') =~ /"month";r=(\d+)/;

cmp_ok $left, '<=', 32, "the month goes on: $left of 50";

$r = admin($nodes[0], 'POST', "/keys/$id/reset?wait=5s");
is $r->{status}, 200, 'all of them are emptied';

my $n = 0;

ok $nodes[1]->wait_for(sub { $n += admitted(1) }), 'the other node lets in';

# A node that starts does not empty it again; what was leased to it is used.

$nodes[0]->stop;
$nodes[0]->start;
ok $nodes[0]->wait_for(sub {
    admin($nodes[0], 'GET', "/keys/$id")->{status} == 200
}), 'a node starts again';
$n += admitted(0, 1) for 1 .. 20;
cmp_ok $n, '<=', 10, "$n of ten in all";

# What is left over all nodes, and of it here

is day($nodes[0], $id)->{here}, 0, '/check: none is leased to this node';

is admin($nodes[0], 'POST', "/keys/$id/reset?wait=5s")->{status}, 200,
    'emptied once more';
ok $nodes[0]->wait_for(sub { admitted(0) }), 'let in';

# Of a key that nobody has used yet: a part is leased to the node that lets it
# in, as the ledger has it, and goes back when it is emptied.

{
    my ($id, $key) = @{admin($nodes[0], 'POST', '/keys?wait=5s',
        { account => 'acc', name => 'new', scopes => ['items:read'],
          rates => ['10r/d'] })->json}{qw(id secret)};

    ok $nodes[0]->wait_for(sub {
        $nodes[0]->status('/v1/items', key => $key) == 200
    }), 'a new key, let in';

    my ($first, $other) = map { day($_, $id) } @nodes;
    my $unspent = unspent($id, 'n1');

    is $first->{here}, $unspent - 1, '/check: here, as the ledger has it';
    cmp_ok $first->{here}, '>=', 1, '... which is some';
    cmp_ok $first->{here}, '<=', $first->{remaining}, '... of what is left';
    is $other->{here}, 0, '... and nothing at the other node';

    is admin($nodes[1], 'POST', "/keys/$id/reset?wait=5s")->{status}, 200,
        'emptied';
    ok $nodes[0]->wait_for(sub { unspent($id, 'n1') == 0 }),
        '... and what was leased has gone back';
    is day($nodes[0], $id)->{here}, 0, '... as /check has it';
    ok $nodes[1]->wait_for(sub { day($nodes[1], $id)->{remaining} == 10 }),
        '... so that ten are left for the other node';
}

# All nodes go at once: the store has what was used of days and months

use_up(9);
is admitted(0, 1), 0, 'used up once more';
$_->kill_all for @nodes;
$_->start for @nodes;

for my $t (@nodes) {
    ok $t->wait_for(sub {
        admin($t, 'GET', "/keys/$id")->{status} == 200
    }), 'a node is there again';
}

is admitted((0, 1) x 10), 0, 'the day is still used up';
ok $nodes[0]->wait_for(sub {
    my %left = ($nodes[0]->get('/v1/items', key => $key)
        ->header('RateLimit') // '') =~ /"([^"]+)";r=(\d+)/g;

    $left{day} == 0 && $left{month} <= 40;
}), '... and what was used of the month is told';

$_->done for @nodes;

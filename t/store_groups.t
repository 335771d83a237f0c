#!/usr/bin/perl

# A group of routes over two nodes and an engine: its limit holds over both, and
# has a ledger of its own.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use Test::More;

use Keygate;
use Keygate::Admin;
use Keygate::Store;

plan skip_all => 'no redis-server here' if !Keygate::Store->available;

my $store = Keygate::Store->start;

sub node {
    my ($name) = @_;

    my $conf = admin_conf(rate => 'rate 100r/h; rate 8r/h group=search;',
        routes => "route GET /v1/search items:read group=search;\n");

    $conf =~ s/(keygate_zone [^;]*)/$1 store=main limits=cluster wait=500ms/
        or die;

    my $t = Keygate->new(workers => 2, conf => <<"END" . $conf);
    keygate_store main {
        server unix:$store->{socket};
        node $name;
    }
END

    admin_token($t);

    return $t->start;
}

my @nodes = map { node($_) } qw(a b);

is(admin($nodes[0], 'PUT', '/accounts/acc_1', { name => 'A' })->{status}, 201,
   'an account');

my $key = admin($nodes[0], 'POST', '/keys?wait=5s', { account => 'acc_1',
    name => 'N', scopes => ['items:read'] })->json->{secret};

ok($nodes[1]->wait_for(sub {
    $nodes[1]->status('/v1/me', key => $key) == 200;
}), 'a key, on both nodes');

my %n;

for (1 .. 12) {
    $n{$_->status('/v1/search', key => $key)}++ for @nodes;
}

cmp_ok($n{200}, '<=', 8, 'in a group no more are admitted than its limit, on '
    . 'both nodes together');
cmp_ok($n{200}, '>=', 4, 'nor many fewer');
is($n{200} + $n{429}, 24, 'the others are refused');

for my $node (@nodes) {
    ok($node->wait_for(sub {
        $node->status('/v1/items', key => $key) == 200;
    }), 'all else is free');
}

my @ledgers = sort map { s/.*:h://r } grep { /:h:/ }
              @{$store->call('KEYS', '*')};

is(scalar(grep { /^group:[0-9a-f]{16}:key:/ } @ledgers), 1,
   'a ledger for the group');
is(scalar(grep { /^key:/ } @ledgers), 1, 'and one for all');

$_->done for @nodes;

#!/usr/bin/perl

# The eleven metrics of a zone with a store, and what a node says of the errors
# of its engine.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use Test::More;

use Keygate;
use Keygate::Admin;
use Keygate::Nodes;
use Keygate::Relay;
use Keygate::Store;

plan skip_all => 'no redis-server here' if !Keygate::Store->available;

my $store = Keygate::Store->start(data => 1);
my $relay = Keygate::Relay->start($store->{socket});


sub metric {
    my ($t, $name) = @_;

    my ($value) = $t->get('/metrics', port => $t->port('ADMIN'))->{body}
        =~ /^keygate_$name\{zone="keys"\} (\S+)$/m;

    return $value // 'none';
}


# Soon so.

sub metric_is {
    my ($t, $name, $value, $what) = @_;

    ok $t->wait_for(sub { metric($t, $name) eq $value }), "$name: $what"
        or diag metric($t, $name);
}


my $one = node($store, 'one', server => "127.0.0.1:$relay->{port}",
               zone => 'wait=500ms');
my ($id, $key) = made($one, 'k', rates => ['100r/h']);

metric_is($one, 'store_up', 1, 'it is followed');
metric_is($one, 'store_nodes', 1, 'by one');

my $full = metric($one, 'store_full_syncs_total');

my $two = node($store, 'two', zone => 'wait=500ms');

ok becomes($two, $key, 200), 'a second node';
metric_is($_, 'store_nodes', 2, 'by two') for $one, $two;
is metric($two, 'store_full_syncs_total'), 1, 'which has read everything';
is metric($one, 'store_full_syncs_total'), $full, 'for itself';

for my $t ($one, $two) {
    is metric($t, 'store_reconnects_total'), 0, 'no connection was cut';
    is metric($t, 'store_behind'), 0, 'nothing is missing';
    is metric($t, 'store_forks_total'), 0, 'nothing was lost';
    is metric($t, 'store_merged_total'), 0, 'nothing was brought back';
    is metric($t, 'limit_outage'), 0, 'limits are shared';
    is metric($t, 'limit_early_total'), 0, 'nobody is refused for nothing';
    cmp_ok metric($t, 'store_heard_seconds'), '<', 60, 'it was heard';
}

subtest 'leases' => sub {
    my ($id, $key) = made($one, 'other', rates => ['4r/h']);
    my $before = metric($one, 'lease_exchanges_total');

    ok $two->wait_for(sub {
        admin($two, 'GET', "/keys/$id")->{status} == 200
    }), 'a key of four an hour';
    is $one->status('/v1/items', key => $key), 200, 'is admitted';
    is metric($one, 'limit_waits_total'), 1, 'once it has its lease';
    metric_is($one, 'lease_exchanges_total', $before + 1, 'one question');
    is $one->status('/v1/items', key => $key), 200, 'and again' for 1 .. 3;
    is $one->status('/v1/items', key => $key), 429, 'until they are used';
    is metric($one, 'limit_early_total'), 0, 'all of them';
};

subtest 'a connection is cut' => sub {
    my $before = metric($one, 'store_reconnects_total');

    $relay->mode('cut');
    metric_is($one, 'store_reconnects_total', $before + 1, 'it is made anew');
    metric_is($one, 'store_up', 1, 'and all is well');
};

subtest 'an engine that has lost a change' => sub {
    my %meta = @{$store->call('HGETALL', 'kg:{keys}:meta')};
    my ($bucket) = grep { $store->call('HEXISTS', $_, "key:$id") }
        @{$store->call('KEYS', 'kg:{keys}:rec:*')};
    my $record = $store->call('HGET', $bucket, "key:$id");

    is admin($one, 'PATCH', "/keys/$id?wait=5s", { name => 'lost' })
        ->{status}, 200, 'a change';
    $store->call('MULTI');
    $store->call('XDEL', 'kg:{keys}:log', ($meta{seq} + 1) . '-0');
    $store->call('HSET', $bucket, "key:$id", $record);
    $store->call('HSET', 'kg:{keys}:meta', seq => $meta{seq},
                 chain => $meta{chain});
    $store->call('XSETID', 'kg:{keys}:log', "$meta{seq}-0");
    $store->call('EXEC');

    # who is slower meets what the faster one has brought back

    ok $one->wait_for(sub {
        metric($one, 'store_forks_total') + metric($two, 'store_forks_total')
            >= 1
    }), 'is found out';
    ok $one->wait_for(sub {
        metric($one, 'store_merged_total') + metric($two, 'store_merged_total')
            == 1
    }), 'and brought back by one of them';
    metric_is($_, 'store_behind', 0, 'on all nodes') for $one, $two;
    is admin($_, 'GET', "/keys/$id")->json->{name}, 'lost', 'as it was'
        for $one, $two;
};

subtest 'an engine that does not take what a node tells of itself' => sub {
    $store->call('ACL', 'SETUSER', 'default', '-zadd');

    ok says($one, qr/engine\ does\ not\ take\ what\ this\ node\ tells\ of
                     \ itself:\ ERR\ [^\n]+;\ receipts\ and\ "keygate
                     \ nodes"\ do\ not\ know\ where\ zone\ "keys"\ is/x),
        'the log tells';
    is metric($one, 'store_up'), 1, 'it follows all the same';
    is $one->status('/v1/items', key => $key), 200, 'and admits';

    $store->call('ACL', 'SETUSER', 'default', '+zadd');
    ok says($one, qr/takes what this node tells of zone "keys" again/),
        'and when it does again';
    is(() = $one->read_file('error.log') =~ /does not take what this/g, 1,
       'each once');
};

subtest 'no engine' => sub {
    $store->kill;

    metric_is($one, 'store_up', 0, 'it is not followed');
    is $one->status('/v1/items', key => $key), 200, 'a key is admitted';
    metric_is($one, 'limit_outage', 1, 'limits are not shared');
    ok $one->wait_for(sub { metric($one, 'store_heard_seconds') >= 2 }),
        'store_heard_seconds: it grows';

    $store->start_again;
    metric_is($one, 'store_up', 1, 'it is followed again');
    metric_is($one, 'limit_outage', 0, 'and limits are shared');
    ok $one->wait_for(sub { metric($one, 'store_heard_seconds') < 2 }),
        'store_heard_seconds: it is heard';
};

$_->done for $one, $two;

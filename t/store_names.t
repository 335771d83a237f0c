#!/usr/bin/perl

# A store that is found by name: the name leads elsewhere after a failover, as
# with managed services, and a look-up that does not come back holds nobody up.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use Test::More;

use Keygate;
use Keygate::Admin;
use Keygate::Nodes;
use Keygate::Shim;
use Keygate::Store;

plan skip_all => 'no redis-server here' if !Keygate::Store->available;
plan skip_all => Keygate::Shim->impossible if Keygate::Shim->impossible;

my $first = Keygate::Store->start(data => 1);
my $port = $first->{port};
my $second = Keygate::Store->start(data => 1, port => $port,
    conf => "bind 127.0.0.2\nreplicaof 127.0.0.1 $port\n");

ok $second->wait_for(sub {
    ($second->ask('INFO', 'replication') // '') =~ /^master_link_status:up/m
}), 'a replica at another address';

# what it was sent whole is in its file only when that has been rewritten

ok $second->wait_for(sub {
    my $info = $second->call('INFO', 'persistence');

    $info =~ /^aof_rewrite_in_progress:0/m
        && $info =~ /^aof_rewrite_scheduled:0/m
}), 'which has all on its disk';

my $t = node_create($first, 'one', server => "store.test:$port",
                    workers => 1);
my $names = Keygate::Shim->new($t, 'names');

$names->set(1, 0);
$t->start;

my ($id, $key) = made($t, 'live');
my ($gone_id, $gone) = made($t, 'gone');

is admin($t, 'POST', "/keys/$gone_id/revoke")->{status}, 200, 'one revoked';
cmp_ok $names->get(2), '>=', 2, 'the name was looked up';


sub stands {
    my ($what) = @_;

    is $t->status('/v1/items', key => $key), 200, "live, $what";
    is $t->status('/v1/items', key => $gone), 401, "revoked, $what";
    is $t->status('/v1/items', key => 'shop_ZZZZZZ_'
        . 'abcdefghijklmnopqrstuvwx'), 401, "unknown, $what";
}


# The numbers of the changes that both engines have.

sub seqs {
    return join ' ', map { $_->call('HGET', 'kg:{keys}:meta', 'seq') // 0 }
        $first, $second;
}


ok $second->wait_for(sub { seqs() eq '4 4' }), 'four changes, replicated';
ok says($t, qr/zone "keys" is up to date, at change/), 'the node has all';

subtest 'the master becomes a replica, and cuts nobody off' => sub {
    $second->promote;
    $first->call('REPLICAOF', '127.0.0.2', $port);
    $names->set(2, 0);

    my $r;

    ok $t->wait_for(sub {
        $r = admin($t, 'PATCH', "/keys/$id", { name => 'second' });
        $r->{status} == 200
    }), 'changes are made' or diag $r->{body};
    is $second->call('HGET', 'kg:{keys}:meta', 'seq'), 5,
        'where the name leads now';
    stands('at another address');
    ok says($t, qr/cannot follow: (?:READONLY|UNBLOCKED)/),
        'the log tells why';
};

subtest 'no name at all' => sub {
    $names->set(0, 0);
    $second->kill;

    ok says($t, qr/cannot follow: Name or service not known/),
        'the log tells';
    stands('without a name');
    is admin($t, 'POST', "/keys/$id/revoke")->{status}, 503, 'no changes';
    stands('after a change that was refused');
};

subtest 'a look-up that does not come back' => sub {
    $names->set(0, 1);

    ok $t->wait_for(sub { $names->get(2) > $names->get(3) }), 'one is stuck';
    stands('during a look-up');
    cmp_ok $names->get(2), '>', $names->get(3), 'which is stuck still';

    $second->start_again;
    $names->set(2, 0);
    ok $t->wait_for(sub {
        admin($t, 'POST', "/keys/$id/revoke")->{status} == 200
    }), 'then changes are made';
    is $t->status('/v1/items', key => $key), 401, 'and in force';
};

$t->done;

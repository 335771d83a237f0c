#!/usr/bin/perl

# The one worker that exchanges leases is stopped: as without the engine, the
# others admit by themselves, and share again when it goes on.

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

my $store = Keygate::Store->start(fsync => 1);
my $t = node($store, 'one', zone => 'limits=cluster wait=100ms outage=node');
my ($id, $key) = made($t, 'key', rates => ['100000r/s']);


sub outage {
    my ($value) = @_;

    # the kernel may wake a worker that is stopped for it: then it is lost

    return $t->wait_for(sub {
        my $r = $t->get('/metrics', port => $t->port('ADMIN'));

        $r && $r->{body} =~ /^keygate_limit_outage\{zone="keys"\} $value$/m
    }, 60);
}


ok becomes($t, $key, 200), 'a key';
ok outage(0), 'which is shared';

my ($keeper) = $t->read_file('error.log') =~ /#(\d+): .*is up to date/;

kill 'STOP', $keeper;
ok outage(1), 'the worker that exchanges leases is stopped: an outage';
ok becomes($t, $key, 200), '... in which it is let in' for 1 .. 5;

kill 'CONT', $keeper;
ok outage(0), 'it goes on';
ok becomes($t, $key, 200), '... and so do limits over all nodes';

$t->done;

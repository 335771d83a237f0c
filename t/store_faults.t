#!/usr/bin/perl

# What goes wrong between a node and its engine, a row each: who is let in
# meanwhile, what a change is answered, what the log and the metrics say, and
# that all is well afterwards.

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

my $password = 'ugly-but-secret';
my $store = Keygate::Store->start(data => 1, conf => <<"END");
user gate on >$password ~* +\@all
enable-protected-configs yes
END
my $relay = Keygate::Relay->start($store->{port});

my $t = node_create($store, 'one', server => "127.0.0.1:$relay->{port}",
    store => 'user gate password=pass; timeout 500ms;',
    zone => 'limits=cluster outage=node wait=100ms');

$t->secret('the password', $password);
$t->write_file('pass', "$password\n");
$t->start;

my ($id, $key) = made($t, 'k', rates => ['100000r/h']);
my ($gone, $revoked) = made($t, 'r');

is admin($t, 'POST', "/keys/$gone/revoke")->{status}, 200, 'one is revoked';


sub metric {
    my ($name) = @_;

    my ($value) = $t->get('/metrics', port => $t->port('ADMIN'))->{body}
        =~ /^keygate_$name\{zone="keys"\} (\S+)$/m;

    return $value;
}


# Whether a change is made; each has another name.

my $n = 0;

sub change {
    return admin($t, 'PATCH', "/keys/$id", { name => 'n' . ++$n });
}


sub well {
    return $t->wait_for(sub {
        metric('store_up') == 1 && metric('limit_outage') == 0
            && change()->{status} == 200
    });
}

ok well(), 'all is well';


# name; what brings it about; what undoes it; what a change is answered (words
# that match); what the log has to say; whether the store is down by metric.

my @rows = (
    [ 'it is killed', sub { $store->kill }, sub { $store->start_again },
      qr/^503 /, qr/cannot follow: .*its keys stay as they are/, 1 ],
    [ 'it hangs', sub { $store->suspend }, sub { $store->resume },
      qr/^503 /, qr/cannot follow: no answer in time/, 1 ],
    [ 'the network swallows everything', sub { $relay->mode('stall') },
      sub { $relay->mode('cut') }, qr/^503 /,
      qr/cannot follow: no answer in time/, 1 ],
    [ 'connections are refused', sub { $relay->mode('refuse') },
      sub { $relay->mode('pass') }, qr/^503 /, qr/cannot follow: /, 1 ],
    [ 'its side has forgotten the connections',
      sub { $relay->mode('half-open') }, sub { $relay->mode('cut') },
      qr/^503 /, qr/cannot follow: no answer in time/, 1 ],
    [ 'its answers are garbled', sub { $relay->mode('garble 7') },
      sub { $relay->mode('cut') }, qr/^503 /, qr/cannot follow: /, 1 ],
    [ 'it is full', sub { $store->call('CONFIG', 'SET', 'maxmemory', 1) },
      sub { $store->call('CONFIG', 'SET', 'maxmemory', 0) },
      qr/^507 insufficient_storage$/,
      qr/changes were refused by store "main": OOM/, 0 ],
    [ 'it cannot write its disk', sub { disk(0) }, sub { disk(1) },
      qr/^503 /, qr/MISCONF/, undef ],
    [ 'it has become a replica',
      sub { $store->call('REPLICAOF', '127.0.0.1', 1) },
      sub { $store->call('REPLICAOF', 'NO', 'ONE') }, qr/^503 /,
      qr/is a replica: point "server" at the master|READONLY/, undef ],
    [ 'the password is another one', sub {
          $store->call('ACL', 'SETUSER', 'gate', 'resetpass', '>other');
          $store->call('CLIENT', 'KILL', 'USER', 'gate');
      }, sub {
          $store->call('ACL', 'SETUSER', 'gate', 'resetpass', ">$password");
      }, qr/^503 /, qr/cannot follow: .*WRONGPASS/, 1 ],
    [ 'the user may not write', sub {
          $store->call('ACL', 'SETUSER', 'gate', '-hset');
      }, sub { $store->call('ACL', 'SETUSER', 'gate', '+@all') },
      qr/^503 /, qr/NOPERM|can't run this command/, undef ],
);


# Saving fails where its directory is none any more; and with it all changes.

sub disk {
    my ($works) = @_;

    my $dir = $store->{dir};

    if ($works) {
        $store->call('CONFIG', 'SET', 'dir', $dir);
        $store->call('CONFIG', 'SET', 'save', '');
        $store->call('SAVE');
        return;
    }

    mkdir "$dir/away";
    $store->call('CONFIG', 'SET', 'dir', "$dir/away");
    rmdir "$dir/away" or die "$dir/away: $!\n";
    $store->call('CONFIG', 'SET', 'save', '3600 1');
    $store->ask('BGSAVE');
    $store->wait_for(sub {
        $store->call('INFO', 'persistence') =~ /^rdb_last_bgsave_status:err/m
    });
}

for my $row (@rows) {
    my ($name, $begin, $end, $answer, $says, $down) = @$row;

    subtest $name => sub {
        my $before = length $t->read_file('error.log');

        $begin->();

        my $status;

        # a change that is on its way meanwhile may still be made
        ok $t->wait_for(sub {
            $status = problem_is(change());
            $status =~ $answer;
        }), "a change is $answer" or diag $status;

        ok $t->wait_for(sub {
            substr($t->read_file('error.log'), $before) =~ $says
        }), 'the log tells' or diag substr $t->read_file('error.log'), $before;
        ok !defined $down || $t->wait_for(sub {
            metric('store_up') == ($down ? 0 : 1)
        }), 'so do the metrics';

        is $t->status('/v1/items', key => $key), 200, 'who was let in, is';
        is $t->status('/v1/items', key => $revoked), 401,
            'a revoked key is refused';
        is $t->status('/v1/items', key => $key =~ s/.$/0/r), 401,
            'so is an unknown one';

        $end->();
        ok well(), 'all is well again';
        is $t->status('/v1/items', key => $key), 200, 'for a key';
        is $t->status('/v1/items', key => $revoked), 401, 'for none';
    };
}

# nobody notices any of these

for my $row (
    [ 'its scripts are forgotten', sub { $store->call('SCRIPT', 'FLUSH') } ],
    [ 'it cuts all connections',
      sub { $store->call('CLIENT', 'KILL', 'USER', 'gate') } ],
    [ 'it answers late', sub { $relay->mode('delay 60') } ],
) {
    my ($name, $begin) = @$row;

    subtest $name => sub {
        $begin->();
        is $t->status('/v1/items', key => $key), 200, 'a key is let in';
        ok $t->wait_for(sub { change()->{status} == 200 }),
            'a change is made';
        $relay->mode('pass');
        ok well(), 'all is well';
    };
}

$t->done;

#!/usr/bin/perl

# An engine that is restored from an old backup, or fails over to a replica
# that has not got the last changes: nodes bring back what was lost, what was
# revoked stays so at every moment, and nobody who was live is refused.

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


# What comes of a key on these nodes until something is so: never another
# answer than this one.

sub always {
    my ($nodes, $key, $status, $until) = @_;

    my %seen;
    my $done = $nodes->[0]->wait_for(sub {
        $seen{$_->status('/v1/items', key => $key)}++ for @$nodes;
        $until->()
    });

    return $done && join(',', sort keys %seen) eq $status;
}


sub name_of {
    my ($t, $id) = @_;

    return admin($t, 'GET', "/keys/$id")->json->{name} // '';
}


sub in_step {
    my ($t, $id) = @_;

    return admin($t, 'PATCH', "/keys/$id?wait=5s",
        { expires_at => undef })->{status} == 200;
}


sub brought {
    return () = $_[0]->read_file('error.log') =~ /audit: key\.merge/g;
}


subtest 'an old backup' => sub {
    my $store = Keygate::Store->start;
    my $one = node($store, 'one');
    my $two = node($store, 'two');
    my @nodes = ($one, $two);
    my ($revoked, $key) = made($one, 'r');
    my ($renamed, $live) = made($one, 'n');
    my ($deleted, $gone) = made($one, 'd');

    ok becomes($two, $gone, 200), 'three keys';
    $store->call('SAVE');

    my ($late, $new) = made($two, 'l');

    is admin($one, 'PATCH', "/keys/$renamed", { name => 'N' })->{status}, 200,
        'one is renamed';
    is admin($one, 'DELETE', "/keys/$deleted")->{status}, 200, 'one deleted';
    is admin($two, 'POST', "/keys/$revoked/revoke?wait=5s")
        ->json->{receipt}{applied}, 2, 'one revoked';
    ok becomes($one, $new, 200), 'one is new';

    $store->kill;
    $store->start_again;

    ok always(\@nodes, $key, 401, sub { in_step($one, $renamed) }),
        'the revoked one is refused all the time';
    ok says($one, qr/had lost changes of zone "keys"/)
        || says($two, qr/had lost changes/), 'the log tells';
    is name_of($_, $renamed), 'N', 'the new name' for @nodes;
    is $_->status('/v1/items', key => $new), 200, 'the new key' for @nodes;
    is $_->status('/v1/items', key => $gone), 401, 'the deleted one' for @nodes;

    my $c = Keygate::Command->new;
    my @at = ('--store', "unix:$store->{socket}");

    like $c->run('show', $revoked, @at)->{out}, qr/revoked/, 'in the engine';
    is $c->run('store', 'check', @at)->{code}, 0, 'which is in order';
    is $c->run('nodes', @at)->{code}, 0, 'and nobody is behind';
    is brought($one) + brought($two), 4, 'each was brought back once';

    # once more, from the copies that were made anew

    $store->call('SAVE');
    is admin($one, 'POST', "/keys/$late/revoke?wait=5s")
        ->json->{receipt}{applied}, 2, 'another revocation';
    $store->kill;
    $store->start_again;
    ok always(\@nodes, $new, 401, sub { in_step($two, $renamed) }),
        'is not lost either';

    my $three = node($store, 'three');

    ok says($three, qr/is up to date/), 'a node that comes later';
    is $three->status('/v1/items', key => $live), 200, 'lets in who is live';
    is $three->status('/v1/items', key => $_), 401, 'has it all'
        for $key, $new, $gone;
    $_->done for @nodes, $three;
};

subtest 'the log no longer reaches back' => sub {
    my $store = Keygate::Store->start;
    my $one = node($store, 'one');
    my ($revoked, $key) = made($one, 'r');
    my ($renamed, $live) = made($one, 'n');
    my ($again, $made) = made($one, 'd');

    $store->call('SAVE');
    is admin($one, 'POST', "/keys/$revoked/revoke")->{status}, 200, 'revoked';
    $one->stop;
    $store->kill;
    $store->start_again;

    my $c = Keygate::Command->new;
    my @at = ('--store', "unix:$store->{socket}");

    is $c->run('set', $renamed, '--name', "theirs $_", @at)->{code}, 0,
        'others go on' for 1 .. 4;
    $store->call('XTRIM', 'kg:{keys}:log', 'MAXLEN', 1);
    $one->start;

    ok always([$one], $key, 401, sub {
        name_of($one, $renamed) eq 'theirs 4' && in_step($one, $renamed)
    }), 'the revoked one is refused all the time';
    like $c->run('show', $revoked, @at)->{out}, qr/revoked/, 'everywhere';
    is $one->status('/v1/items', key => $_), 200, 'who is live is let in'
        for $live, $made;
    unlike $one->read_file('error.log'), qr/had lost changes/,
        'what the log has dropped is not called lost';
    $one->done;
};

subtest 'both sides have changed a record' => sub {
    my $store = Keygate::Store->start;
    my $one = node($store, 'one');
    my ($revoked, $key) = made($one, 'r');
    my ($renamed, $live) = made($one, 'n');

    $store->call('SAVE');
    is admin($one, 'POST', "/keys/$revoked/revoke")->{status}, 200, 'revoked';
    is admin($one, 'PATCH', "/keys/$renamed", { name => 'mine' })->{status},
        200, 'renamed';
    $one->stop;
    $store->kill;
    $store->start_again;

    my $c = Keygate::Command->new;
    my @at = ('--store', "unix:$store->{socket}");

    my $n = 0;

    for my $id ($revoked, $renamed, $renamed) {
        is $c->run('set', $id, '--name', 'theirs' . $n++, @at)->{code},
            0, 'the other side goes on';
    }

    $one->start;
    ok always([$one], $key, 401, sub { in_step($one, $renamed) }),
        'the revocation wins';
    like name_of($one, $renamed), qr/^theirs/, 'else the later history';
    ok says($one, qr/1 were brought back .* of 1 records/), 'the log counts';
    is $one->status('/v1/items', key => $live), 200, 'live';
    $one->done;
};

subtest 'a failover that loses changes' => sub {
    my $store = Keygate::Store->start;
    my $replica = $store->replica;
    my @servers = (server => "unix:$store->{socket}",
        store => "server unix:$replica->{socket};");
    my $one = node($store, 'one', @servers);
    my $two = node($store, 'two', @servers);
    my ($id, $key) = made($one, 'k');
    my ($other, $live) = made($one, 'o');

    ok becomes($two, $live, 200), 'two keys';
    $store->call('WAIT', 1, 5000);
    $replica->{relay}->mode('stall');
    is admin($one, 'POST', "/keys/$id/revoke?wait=5s")
        ->json->{receipt}{applied}, 2, 'a revocation that the replica lacks';
    $store->kill;
    $replica->promote;
    ok always([$one, $two], $key, 401, sub { in_step($one, $other) }),
        'is in force all the time';
    is $_->status('/v1/items', key => $live), 200, 'the other is live'
        for $one, $two;
    $_->done for $one, $two;
};

subtest 'a node that may not write' => sub {
    my $store = Keygate::Store->start;
    my $one = node($store, 'one');

    $store->call('ACL', 'SETUSER', 'edge', 'on', '>pass', '~kg:{keys}:acks',
        '~kg:{keys}:nodes', '%R~kg:{keys}:meta', '%R~kg:{keys}:log',
        '%R~kg:{keys}:rec:*', '~kg:{keys.??}:h:*', '+@all', '-@dangerous');

    my $edge = node_create($store, 'edge',
        store => 'user edge password=pass; ack engine;');

    $edge->write_file('pass', "pass\n");
    $edge->start;

    my ($id, $key) = made($one, 'k');
    my ($other, $live) = made($one, 'o');

    ok becomes($edge, $live, 200), 'follows';
    is problem_is(admin($edge, 'POST', "/keys/$id/revoke")),
        '503 service_unavailable', 'changes nothing';
    $store->call('SAVE');
    $store->call('CONFIG', 'SET', 'save', '');
    is admin($one, 'POST', "/keys/$id/revoke?wait=5s")
        ->json->{receipt}{applied}, 2, 'has a revocation';
    $one->stop;

    my $acl = $store->call('ACL', 'LIST');

    $store->kill;
    $store->{conf} = join '', map { "$_\n" } @$acl;
    $store->start_again;
    ok always([$edge], $key, 401, sub {
        $edge->read_file('error.log') =~ /waits until another node brings/
    }), 'which it does not let go of';
    $one->start;
    ok always([$edge, $one], $key, 401, sub { in_step($one, $other) }),
        'until another node has brought it back';
    is $edge->status('/v1/items', key => $live), 200, 'the other is live';
    $_->done for $one, $edge;
};

done_testing;

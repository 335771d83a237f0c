#!/usr/bin/perl

# The servers of a store are Sentinels: nodes ask them where the master is,
# and follow it when it is another one.  Nobody is let in meanwhile who was
# not, and nobody is refused who was let in.

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

my $password = 'store-secret-1';
my $first = Keygate::Store->start(data => 1, password => $password);
my $second = Keygate::Store->start(data => 1, password => $password,
    conf => "replicaof 127.0.0.1 $first->{port}\n");
my $sentinels = Keygate::Store->sentinels('mymaster', $first, 3,
    password => $password);
my %by_port = map { $_->{port} => $_ } $first, $second;
my $nobody = Keygate::free_port();
my @servers = map { "127.0.0.1:$_" } $nobody, map { $_->{port} } @$sentinels;
my $url = 'redis://' . join ',', @servers;
my $file = "$first->{dir}/password";

open my $f, '>', $file or die "$file: $!\n";
print $f "$password\n";
close $f;


sub with_sentinels {
    my ($name) = @_;

    return node($first, $name, server => join('; server ', @servers),
                store => "sentinel mymaster; password $file;");
}


# What they are answered on all nodes, whatever happens to the engines.

sub stands {
    my ($what, $live, $revoked, @nodes) = @_;

    for my $t (@nodes) {
        is $t->status('/v1/items', key => $live), 200, "live, $what";
        is $t->status('/v1/items', key => $revoked), 401, "revoked, $what";
        is $t->status('/v1/items', key => 'shop_ZZZZZZ_'
            . 'abcdefghijklmnopqrstuvwx'), 401, "unknown, $what";
    }
}


my ($one, $two) = map { with_sentinels($_) } 'one', 'two';
my ($id, $key) = made($one, 'live');
my ($gone_id, $gone) = made($two, 'gone');

ok becomes($two, $key, 200), 'a key of one on the other';
is admin($one, 'POST', "/keys/$gone_id/revoke")->{status}, 200, 'one revoked';
ok becomes($_, $gone, 401), 'on both' for $one, $two;

subtest 'the master is killed' => sub {
    $first->kill;

    stands('no master', $key, $gone, $one, $two);

    my $port = Keygate::Store->named('mymaster', $sentinels, $first->{port});

    is $port, $second->{port}, 'the replica is promoted';
    ok says($_, qr/the master is 127\.0\.0\.1:$port now/), 'and followed'
        for $one, $two;
    stands('another master', $key, $gone, $one, $two);

    my ($next_id, $next) = made($one, 'next');

    ok becomes($two, $next, 200), 'changes are made, and followed';
    is admin($two, 'POST', "/keys/$next_id/revoke")->{status}, 200,
        'from both';
    ok becomes($one, $next, 401), 'sides';
    is $second->call('HGET', 'kg:{keys}:meta', 'seq'), 6, 'all of them there';
};

subtest 'it comes back, and is master again on demand' => sub {
    $first->start_again;
    ok $first->wait_for(sub {
        ($first->ask('INFO', 'replication') // '')
            =~ /^role:slave\r\nmaster_host.*^master_link_status:up/ms
    }, 60), 'as a replica';

    # Sentinels must have seen that, too
    ok $sentinels->[0]->wait_for(sub {
        eval { $sentinels->[0]->call('SENTINEL', 'FAILOVER', 'mymaster'); 1 }
    }, 60), 'a failover on demand';

    my $port = Keygate::Store->named('mymaster', $sentinels,
                                     $second->{port});

    is $port, $first->{port}, 'it is the master again';

    ok says($_, qr/the master is 127\.0\.0\.1:$first->{port} now/),
        'it is followed' for $one, $two;

    my ($next_id, $next) = made($two, 'third');

    ok becomes($one, $next, 200), 'changes are made';
    stands('back again', $key, $gone, $one, $two);
};

subtest 'a master that was given up still answers' => sub {
    $second->call('REPLICAOF', 'NO', 'ONE');

    # all forget the old one before any hears of another: one that still had
    # it would tell the others, and be believed
    $_->call('SENTINEL', 'REMOVE', 'mymaster') for @$sentinels;

    for my $sentinel (@$sentinels) {
        $sentinel->call('SENTINEL', 'MONITOR', 'mymaster', '127.0.0.1',
                        $second->{port}, 2);
        $sentinel->call('SENTINEL', 'SET', 'mymaster', 'auth-pass',
                        $password);
    }

    my $pattern = qr/(?:the master is 127\.0\.0\.1:$second->{port} now.*){2}/s;

    ok says($_, $pattern), 'it is let go of' for $one, $two;

    my ($next_id, $next) = made($one, 'fourth');

    ok becomes($two, $next, 200), 'changes are made';
    is $second->call('HGET', 'kg:{keys}:meta', 'seq'), 8, 'where they belong';
    is $first->call('HGET', 'kg:{keys}:meta', 'seq'), 7, 'and only there';
    stands('the third one', $key, $gone, $one, $two);
};

subtest 'the command' => sub {
    my $c = Keygate::Command->new;
    my @at = ('--store', $url, '--sentinel', 'mymaster', '--password-file',
              $file);

    is $c->run('nodes', @at)->{code}, 0, 'all nodes are up to date';
    is $c->run('revoke', $id, '--wait', '5s', @at)->{code}, 0, 'a revocation';
    is $_->status('/v1/items', key => $key), 401, 'is in force'
        for $one, $two;

    my $r = $c->run('nodes', '--store', $url, '--sentinel', 'other',
                    '--password-file', $file);

    is $r->{code}, 5, 'another name';
    like $r->{err}, qr/this Sentinel knows no master "other"/, 'is unknown';

    $r = $c->run('nodes', '--store', $url, '--sentinel', 'mymaster');
    is $r->{code}, 5, 'without a password';
    like $r->{err}, qr/NOAUTH/, 'nothing is told';
    unlike $r->{err} . $one->read_file('error.log'), qr/$password/,
        'no password is told either';

    $r = $c->run('nodes', @at, '--cluster');
    is $r->{code}, 2, 'both are';
    like $r->{err}, qr/--sentinel and --cluster/, 'an error';
};

$_->done for $one, $two;

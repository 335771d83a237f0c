#!/usr/bin/perl

# A password of the engine is changed while a node runs: the new one is in
# force at the engine and in the file, and nobody reloads.

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

my ($old, $new) = qw(ugly-but-secret fresh-and-secret);
my $store = Keygate::Store->start(conf => "user gate on >$old ~* +\@all\n");
my $t = node_create($store, 'one', store => 'user gate password=pass;',
                    zone => 'limits=cluster');

$t->secret('a password', $_) for $old, $new;
$t->write_file('pass', "$old\n");
$t->start;

my ($id, $key) = made($t, 'k', rates => ['100000r/h']);
my $n = 0;

sub changed {
    return admin($t, 'PATCH', "/keys/$id", { name => 'n' . ++$n })->{status};
}


sub seq {
    return $store->call('HGET', 'kg:{keys}:meta', 'seq');
}


subtest 'both are in force for a while' => sub {
    $store->call('ACL', 'SETUSER', 'gate', ">$new");
    $t->write_file('pass', "$new\n");
    $store->call('ACL', 'SETUSER', 'gate', "<$old");
    $store->call('CLIENT', 'KILL', 'USER', 'gate');

    ok $t->wait_for(sub { changed() == 200 }), 'changes are made';
    is $t->status('/v1/items', key => $key), 200, 'a key is let in';
    unlike $t->read_file('error.log'), qr/WRONGPASS/,
        'the old one was not tried again';
};

subtest 'the engine is first' => sub {
    $store->call('ACL', 'SETUSER', 'gate', "<$new", ">$old");
    $store->call('CLIENT', 'KILL', 'USER', 'gate');
    ok says($t, qr/cannot follow: .*WRONGPASS/), 'the log tells';
    is changed(), 503, 'no changes';
    is $t->status('/v1/items', key => $key), 200, 'a key is let in';

    $t->write_file('pass', "$old\n");
    ok $t->wait_for(sub { changed() == 200 }), 'then the file: changes';
};

subtest 'a file with nothing in it' => sub {
    $t->write_file('pass', '');
    $store->call('CLIENT', 'KILL', 'USER', 'gate');

    my $seq = seq();

    ok $t->wait_for(sub { changed() == 200 }),
        'leaves the password that nginx was started with';
    cmp_ok seq(), '>', $seq, 'in the engine, too';

    unlink "$t->{dir}/pass" or die "pass: $!\n";
    $store->call('CLIENT', 'KILL', 'USER', 'gate');
    ok $t->wait_for(sub { changed() == 200 }), 'likewise when it is gone';
};

$t->done;

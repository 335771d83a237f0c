#!/usr/bin/perl

# What the command changes in a store is an event in the log of each node, once
# and without a secret; what was there before a node came is none.

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

plan skip_all => 'no keygate command is built'
    if !-x $Keygate::Command::binary;
plan skip_all => 'no redis-server here' if !Keygate::Store->available;

my $store = Keygate::Store->start;
my $c = Keygate::Command->new;
my @at = ('--store', "unix:$store->{socket}",
          { env => { SUDO_USER => 'mia' } });

is($c->run(qw(account put acc --name A), @at)->{code}, 0, 'an account');

my @nodes = map { node($store, $_) } qw(one two);
my $r = $c->run(qw(create --account acc --name Zap --scope items:read), @at);
my ($id, $secret) = $r->{out} =~ /^id +(\S+)\n.*^secret +(\S+)$/ms;

$_->secret('a credential', $secret) for @nodes;
ok(becomes($_, $secret, 200), 'a key') for @nodes;
is($c->run('revoke', $id, @at)->{code}, 0, 'revoked');
ok(becomes($_, $secret, 401), 'everywhere') for @nodes;

# one of them changes it as well: that is no event of the command

is(admin($nodes[0], 'PATCH', "/keys/$id", { name => 'New' })->{status}, 200,
    'a change by a node');
ok($_->wait_for(sub { admin($_, 'GET', "/keys/$id")->json->{name} eq 'New' }),
    'is everywhere') for @nodes;

for my $t (@nodes) {
    my @events = $t->read_file('error.log')
        =~ /keygate audit: (\S+; zone: "keys", .*?, changes): /g;

    is_deeply([ sort @events ], [ map {
        "$_; zone: \"keys\", key: \"$id\", account: \"acc\", "
            . 'actor: "cli:mia", changes'
    } 'key.create', 'key.revoke' ], 'both are told, once');
}

$_->done for @nodes;

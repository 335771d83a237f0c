#!/usr/bin/perl

# The users of the engine that docs/nodes.md shows may do what their nodes need,
# and one for the edge changes no record.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use Test::More;

use Keygate;
use Keygate::Admin;
use Keygate::Nodes;
use Keygate::Readme;
use Keygate::Store;

plan skip_all => 'no redis-server here' if !Keygate::Store->available;

my $store = Keygate::Store->start;

for my $block (blocks('acl')) {
    is $store->call(split ' ', $block->{text} =~ s/PASSWORD/pass/r), 'OK',
        "$block->{is}: the engine takes it";
}

sub node_of {
    my ($user, $name, $more) = @_;

    my $t = node_create($store, $name,
        store => "user $user password=pass; $more", zone => 'limits=cluster');

    $t->write_file('pass', "pass\n");

    return $t->start;
}

my $gate = node_of('gate', 'one', '');
my ($id, $key) = made($gate, 'k');
my $edge = node_of('edge', 'two', 'ack engine;');

is $gate->status('/v1/items', key => $key), 200, 'a key that is made';
ok becomes($edge, $key, 200), 'is known at the edge, and has a lease there';
is_deeply $store->call('ACL', 'LOG'), [], 'no right is missing';

my $r = admin($edge, 'POST', "/keys/$id/revoke");

is $r->{status}, 503, 'which revokes nothing';
is $gate->status('/v1/items', key => $key), 200, 'so that it is live';
$r = admin($gate, 'POST', "/keys/$id/revoke?wait=5s");
is $r->{status}, 200, 'the other one may';
is $r->json->{receipt}{applied}, 2, 'and the edge has told that it has it';
is $edge->status('/v1/items', key => $key), 401, 'refused there, too';
$_->done for $gate, $edge;


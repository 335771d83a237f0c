#!/usr/bin/perl

# Clocks that differ: those of nodes, by days, which receipts and limits do not
# go by; and the engine's, which jumps forward and back.  Keys stay as they are,
# and a limit that was used up comes back when its window is over.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use Test::More;

use Keygate;
use Keygate::Admin;
use Keygate::Command;
use Keygate::Nodes;
use Keygate::Shim;
use Keygate::Store;

plan skip_all => 'no redis-server here' if !Keygate::Store->available;
plan skip_all => Keygate::Shim->impossible if Keygate::Shim->impossible;

my $day = 86400;
my $store = Keygate::Store->start(data => 1, clock => 1);
my %nodes = map { $_ => node_create($store, $_,
    store => 'timeout 500ms;',
    zone => 'limits=cluster wait=100ms') } qw(right early late);
my %shim = map { $_ => Keygate::Shim->new($nodes{$_}, 'clock') }
    qw(early late);
my @nodes = @nodes{qw(right early late)};

$shim{early}->set(3 * $day);
$shim{late}->set(-3 * $day);
$_->start for @nodes;

my ($id, $key) = made($nodes[0], 'k');

ok becomes($_, $key, 200), 'all have a key' for @nodes;


sub receipt {
    my ($t, $wait) = @_;

    my $r = admin($t, 'PATCH', "/keys/$id?wait=$wait",
        { name => 'n' . rand })->json->{receipt} // {};

    return join ' ', map { $_ // '-' } @{$r}{qw(applied nodes)},
        map { $_->{node} } @{$r->{waiting_for}};
}


subtest 'nodes whose clocks differ' => sub {
    is receipt($_, '5s'), '3 3', 'receipts know them all' for @nodes;

    my $r = Keygate::Command->new->run('nodes', '--store',
        "unix:$store->{socket}");

    is scalar(() = $r->{out} =~ /^(?:early|late|right) .* ok$/mg), 3,
        'all are there' or diag $r->{out};

    my %known;

    $store->wait_for(sub {
        $known{$store->call('HLEN', 'kg:{keys}:nodes')}++ > 50
    });
    is join(' ', keys %known), '3', 'none is forgotten';

    $nodes{late}->stop;
    is receipt($nodes{early}, '300ms'), '2 3 late', 'one that is away is named';
    $nodes{late}->start;
    is receipt($nodes{early}, '5s'), '3 3', 'until it is back';

    ok says($nodes{early}, qr/\[warn\].*\ this\ node's\ clock\ is\ 2\d{5}
        \ seconds\ ahead\ of\ the\ engine's/x), 'the log of one tells';
    ok says($nodes{late}, qr/clock is 2\d{5} seconds behind the engine's/),
        'of the other, too';
    unlike $nodes{right}->read_file('error.log'), qr/this node's clock/,
        'of the third there is nothing to tell';
};

my ($gone_id, $gone) = made($nodes[0], 'gone');
my (undef, $second) = made($nodes[0], 's', rates => ['5r/s']);
my (undef, $hour) = made($nodes[0], 'h', rates => ['40r/h']);

is admin($nodes[0], 'POST', "/keys/$gone_id/revoke?wait=5s")
    ->json->{receipt}{applied}, 3, 'one is revoked';


sub statuses {
    my ($key, $n) = @_;

    return map { $nodes[$_ % 3]->status('/v1/items', key => $key) } 1 .. $n;
}


sub admitted { return scalar grep { $_ == 200 } statuses(@_) }


# What a limit of a second is used up by is over after a second.

sub comes_back {
    my ($what) = @_;

    ok $nodes[0]->wait_for(sub { grep { $_ == 429 } statuses($second, 12) }),
        "a limit is used up, $what";
    ok becomes($_, $second, 200), 'and comes back' for @nodes;
}


my $used = admitted($hour, 60);

cmp_ok $used, '<=', 40, "$used of 40 in an hour";
comes_back('before');

# An hour that was used up is over when a day has gone by: once.

for my $case ([ 'a day forward', $day ], [ 'and back', 0 ],
    [ 'a day back', -$day ], [ 'and forward again', 0 ])
{
    my ($what, $seconds) = @$case;

    subtest "the engine's clock, $what" => sub {
        $store->{shim}->set($seconds);
        ok $nodes[0]->wait_for(sub { receipt($nodes[1], '2s') eq '3 3' }),
            'changes are made and followed';

        for my $t (@nodes) {
            is $t->status('/v1/items', key => $key), 200, 'live';
            is $t->status('/v1/items', key => $gone), 401, 'revoked';
        }

        $used += admitted($hour, 60);
        cmp_ok $used, '<=', 80, "$used of 40 in an hour";
        comes_back('then');
    };
}

$_->done for @nodes;

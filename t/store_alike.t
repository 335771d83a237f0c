#!/usr/bin/perl

# Two nodes of one name: what one says of itself, the other writes over, so
# receipts tell of either.  Both logs say so; a node that is started anew, or
# reloaded, is no other.

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

my $store = Keygate::Store->start;
my $one = node($store, 'twin');
my $alone = node($store, 'alone');
my ($id, $key) = made($one, 'k');

my $alike = qr/\[crit\].*\ another\ node\ has\ the\ name\ "twin"\ of\ this\ one
               \ in\ zone\ "keys":\ receipts\ do\ not\ tell\ which\ of\ the\ two
               \ has\ a\ change;\ give\ each\ a\ "node"\ of\ its\ own/x;


# A node has told of itself many times more.

sub beats {
    my ($name, $n) = @_;

    my %seen;

    return $one->wait_for(sub {
        my $entry = $store->call('HGET', 'kg:{keys}:nodes', $name) // '';

        $seen{(split / /, $entry)[0] // ''} = 1;

        return keys %seen >= $n;
    });
}


ok becomes($alone, $key, 200), 'both follow';

my ($boot) = $store->call('HGET', 'kg:{keys}:nodes', 'twin') =~ /^\d+ (\S+)/;

like $boot, qr/^[0-9a-f]{8}$/, 'each has a number';
isnt +(split / /, $store->call('HGET', 'kg:{keys}:nodes', 'alone'))[1], $boot,
    'of its own';

$one->reload;
ok beats('twin', 30), 'it goes on after a reload';
is +(split / /, $store->call('HGET', 'kg:{keys}:nodes', 'twin'))[1], $boot,
    'with its number';

$one->stop;
$one->start;
ok beats('twin', 30), 'and after a restart';
isnt +(split / /, $store->call('HGET', 'kg:{keys}:nodes', 'twin'))[1], $boot,
    'with another';
unlike $_->read_file('error.log'), qr/another node has the name/,
    'which is nothing to tell of' for $one, $alone;

my $two = node($store, 'twin');

ok becomes($two, $key, 200), 'another node of that name';
ok says($_, $alike), 'is told of by both' for $one, $two;
unlike $alone->read_file('error.log'), qr/another node has the name/,
    'and by nobody else';

$_->done for $one, $two, $alone;

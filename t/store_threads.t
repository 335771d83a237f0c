#!/usr/bin/perl

# Threads that wait for an engine are nobody else's: nginx's own pool has one
# here, three zones have an engine that hangs for ten seconds, and a fourth one
# has changes made, which that pool carries.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use Test::More;

use Keygate;
use Keygate::Admin;
use Keygate::Store;

plan skip_all => 'no redis-server here' if !Keygate::Store->available;

my $store = Keygate::Store->start;
my $zones = join '', map {
    "keygate_zone z$_:1m journal=%%DIR%%/z$_.jsonl store=main"
        . " limits=cluster;\n"
} 1 .. 3;
my $t = Keygate->new(main => "thread_pool default threads=1;\n",
    conf => <<"E" . admin_conf());
    keygate_store main {
        server unix:$store->{socket};
        node one;
        timeout 10s;
    }
    $zones
E

admin_token($t);
$t->write_file("z$_.jsonl", '') for 1 .. 3;
$t->start;

ok $t->wait_for(sub {
    my $log = $t->read_file('error.log');
    3 == grep { $log =~ /zone "z$_" is up to date/ } 1 .. 3
}), 'three zones follow an engine';


# All threads of the worker.

sub threads {
    my ($worker) = $t->workers;

    return scalar(() = glob "/proc/$worker/task/*");
}


is threads(), 1 + 1 + 3 * 4, 'each has its four threads in a worker';

$store->suspend;

is admin($t, 'PUT', '/accounts/acc', { name => "$_" })->{status},
    $_ == 1 ? 201 : 200, "change $_ of a zone without a store" for 1 .. 5;

unlike $t->read_file('error.log'), qr/no answer in time/,
    'all that while threads wait for the engine';
is threads(), 1 + 1 + 3 * 4, 'and there is no thread more';

$store->resume;
$t->done;

#!/usr/bin/perl

# The script that grants leases, in a real engine, against the ledger as C has
# it (t/unit/ledger.h): thousands of exchanges have the same answers.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use Test::More;

use Keygate;
use Keygate::Store;

plan skip_all => 'no redis-server here' if !Keygate::Store->available;

my $test = "$Keygate::root/build/unit/store/lease";

plan skip_all => "there is no $test: make unit" if !-x $test;

my $store = Keygate::Store->start;

open my $out, '-|', $test, $store->{socket} or die "$test: $!\n";

my @lines = <$out>;

ok close $out, 'the unit test ends well' or diag @lines;
is scalar(grep { /^ok/ } @lines), 5, 'all of its sequences';
is scalar(grep { /^not ok/ } @lines), 0, 'none differs' or diag @lines;

done_testing;

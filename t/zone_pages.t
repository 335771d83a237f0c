#!/usr/bin/perl

# A zone asks the kernel for huge pages: each worker has it so, and a reload
# keeps it.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use Test::More;

use Keygate;
use Keygate::Items;

plan skip_all => 'this kernel has no huge pages'
    if !-e '/sys/kernel/mm/transparent_hugepage/shmem_enabled';

my $t = Keygate->new(conf => items_conf(
    zone => "keygate_zone keys:9m journal=keys.jsonl;\n"))->start;


# What the kernel notes about shared mappings of that size in kilobytes.

sub flags {
    my ($pid, $size) = @_;

    open my $f, '<', "/proc/$pid/smaps" or die "smaps: $!\n";
    my $text = do { local $/; <$f> };

    return map { /^Size:\s+$size kB$/m && /^VmFlags: (.*\bsh\b.*)/m ? $1 : () }
           split /^(?=[0-9a-f]+-)/m, $text;
}

for my $when ('at first', 'after a reload') {
    my @flags = map { flags($_, 9 * 1024) } $t->workers;

    isnt(scalar @flags, 0, "$when: a worker has the zone");
    is(scalar(grep { !/\bhg\b/ } @flags), 0, '... in huge pages, where there '
       . 'are any');
    $t->reload if $when eq 'at first';
}

$t->done;

#!/usr/bin/perl

# make faults: the table of faults, a line a row: whether the outcome is what
# it should be, and what was measured.  perl -It/lib tools/faults.pl [WORD...]
# runs the rows with one of these words in them.

use strict;
use warnings;

use FindBin;
use Time::HiRes qw(time);

my @rows = (
    kill => 'kill -9 of a worker, under load and writes',
    reload => 'reload every 200 ms under load',
    reload_journal => 'reload with a backlog, to another journal',
    conf => 'reload with mistakes, smaller zone, no directory',
    cut => 'journal cut at every byte of its last record',
    journal => 'journal with garbage, missing, unreadable',
    disk => 'write short, ENOSPC, failed sync',
    full => 'zone full',
    upgrade => 'binary upgrade and back',
    clock => 'wall clock a day forward and back',
    memory => 'allocation failing at the n-th call',
    store_kill => 'kill -9 of nodes and their store, under changes',
    locks => 'no request takes a lock, waits for a disk',
);

my $failed = 0;

chdir "$FindBin::Bin/.." or die;

while (my ($name, $row) = splice @rows, 0, 2) {
    next if @ARGV && !grep { "$name $row" =~ /\Q$_/ } @ARGV;

    my ($file) = grep { -e } "t/faults_$name.t", "t/$name.t";
    my $start = time;
    my @lines = `$^X -It/lib $file 2>&1`;
    my $bad = $? || grep { /^not ok/ } @lines;
    my ($skip) = map { /^1\.\.0 # skip (.*)/i ? $1 : () } @lines;
    my ($figure) = map { /^\s*# figure: (.*)/ ? $1 : () } @lines;

    $failed++ if $bad;
    printf "%-7s %-49s %4.0f s  %s\n",
        $bad ? 'FAILED' : defined $skip ? 'skipped' : 'ok', $row,
        time - $start, $skip // $figure // '';

    print map { "        $_" } grep { /^not ok|^#/ } @lines if $bad;
}

exit !!$failed;

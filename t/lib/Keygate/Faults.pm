package Keygate::Faults;

# What the tests of faults share: figures for the report of "make faults", and
# what tells how long they may take.

use strict;
use warnings;

use Exporter qw(import);
use Test::More;

use Keygate::Shim;

our @EXPORT = qw(figure long sanitized memory descriptors);


# What was measured, in a line that tools/faults.pl finds.

sub figure {
    note('figure: ' . join ', ', @_);
}


# KEYGATE_LONG: not a CI.

sub long {
    return $ENV{KEYGATE_LONG};
}


# Everything takes several times as long.

sub sanitized {
    return Keygate::Shim->impossible ne '';
}


# What a process has for itself: KiB.  The pages of a zone count by use.

sub memory {
    my ($pid) = @_;

    open my $f, '<', "/proc/$pid/smaps_rollup" or return 0;
    my ($own) = join('', <$f>) =~ /^Private_Dirty:\s+(\d+)/m;

    return $own // 0;
}


sub descriptors {
    my ($pid) = @_;

    return scalar(() = glob "/proc/$pid/fd/*");
}


1;

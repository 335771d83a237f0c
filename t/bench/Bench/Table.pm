package Bench::Table;

# Medians, spreads, and plain text tables of them.

use strict;
use warnings;

use List::Util qw(max);


sub median {
    my @sorted = sort { $a <=> $b } @_;

    return $sorted[$#sorted / 2] if @sorted % 2;
    return ($sorted[@sorted / 2 - 1] + $sorted[@sorted / 2]) / 2;
}


sub quantile {
    my ($q, @values) = @_;

    my @sorted = sort { $a <=> $b } @values;

    return $sorted[int($q * $#sorted + 0.5)];
}


# "21.3 (20.9-22.0)": the median, the least and the most.

sub spread {
    my ($format, @values) = @_;

    return sprintf "$format ($format-$format)", median(@values),
        quantile(0, @values), quantile(1, @values);
}


# Rows of columns, the first is the heading; the first column is left, the
# others right aligned.

sub render {
    my ($title, $note, @rows) = @_;

    my @width;

    for my $row (@rows) {
        for my $i (0 .. $#$row) {
            $width[$i] = max($width[$i] // 0, length $row->[$i]);
        }
    }

    my @lines = map {
        my $row = $_;
        join '  ', map { sprintf $_ ? "%$width[$_]s" : "%-$width[$_]s",
                         $row->[$_] } 0 .. $#$row;
    } @rows;

    splice @lines, 1, 0, join '  ', map { '-' x $_ } @width;
    s/ +$// for @lines;

    return join "\n", $title, '', @lines,
        ($note ne '' ? ('', $note) : ()), '', '';
}


1;

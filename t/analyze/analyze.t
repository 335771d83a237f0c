#!/usr/bin/perl

# What analyzers find in the sources: nothing, and it is not for want of
# looking.  "make analyze" takes a quarter of an hour, and clang looks deeper.

use strict;
use warnings;

use FindBin qw($Bin);
use File::Temp qw(tempdir);
use Test::More;

chdir "$Bin/../.." or die;

$ENV{ANALYZE} //= 'shallow';

my $dir = tempdir('keygate-XXXXXXXX', TMPDIR => 1, CLEANUP => 1);


# The table's lines as [ tool, files, findings, result ], and the findings.

sub analyze {
    my (@files) = @_;

    open my $out, '-|', 'tools/analyze', 'build', $ENV{JOBS} // 1, @files
        or die "cannot run tools/analyze: $!\n";

    my (@table, @findings);

    while (my $line = <$out>) {
        my @row = $line =~ /^(\S.*?) +(\d+) files +(\d+) findings +(\w+) /;

        @row ? push @table, \@row : push @findings, $line;
    }

    close $out;

    return (\@table, join '', @findings);
}


open my $f, '>', "$dir/bad.c" or die "$dir: $!\n";
print $f <<'END';
#include <stdlib.h>
#include <string.h>

int bad(const char *s);

int
bad(const char *s)
{
    char  *p, text[4];

    p = malloc(4);
    memcpy(text, s, strlen(s));

    if (strcmp(text, "one")) {
        p = NULL;
    }

    text[4] = 0;

    return *p;
}
END
close $f;

my ($table) = analyze("$dir/bad.c");

is(scalar @$table, 4, 'four tools');
is($_->[3], 'found', "$_->[0] finds what is there") for @$table;

($table, my $findings) = analyze();

is($_->[3], 'clean', "$_->[0], $_->[1] files") for @$table;
is($findings, '', 'there is nothing to be found');

done_testing();

#!/usr/bin/perl

# No circle of calls between the files of src.

use strict;
use warnings;

use FindBin qw($Bin);
use Test::More;

chdir "$Bin/.." or die;

my @files = split /\n/, `find src -name '*.c' | sort`;
my (%lines, %static, %extern);


# a definition: a name at a line's start, its "{" before any ";"
sub definitions {
    my ($file, $lines) = @_;

    my $type = '';

    for my $i (0 .. $#$lines) {
        my $line = $lines->[$i];

        if ($line =~ /^(\w+)\(/) {
            my ($name, $j) = ($1, $i);

            $j++ while $j < $#$lines && $lines->[$j] !~ /^\{|;/;

            if ($lines->[$j] =~ /^\{/) {
                if ($type =~ /\bstatic\b/) {
                    $static{$file}{$name} = 1;
                } else {
                    $extern{$name} = $file;
                }
            }
        }

        $type = $line;
    }
}


for my $file (@files) {
    open my $f, '<', $file or die "$file: $!\n";
    local $/;
    my $text = <$f>;

    $text =~ s{/\*.*?\*/}{$& =~ tr/\n//cdr}gse;
    $text =~ s{"(?:[^"\\\n]|\\.)*"}{""}g;
    $lines{$file} = [ split /\n/, $text ];
    definitions($file, $lines{$file});
}

# who calls whom: a name in an indented line, called or handed on
my %calls;

for my $file (@files) {
    for my $line (grep { /^\s/ } @{ $lines{$file} }) {
        while ($line =~ /(?<![\w.>])(\w+)\b/g) {
            my $name = $1;
            my $to = $extern{$name} // next;

            next if $to eq $file || $static{$file}{$name};
            $calls{$file}{$to}{$name} = 1;
        }
    }
}


# Tarjan
my ($count, @stack, %index, %low, %on, @circles) = (0);

sub visit {
    my ($v) = @_;

    $index{$v} = $low{$v} = $count++;
    push @stack, $v;
    $on{$v} = 1;

    for my $w (sort keys %{ $calls{$v} || {} }) {
        if (!defined $index{$w}) {
            visit($w);
            $low{$v} = $low{$w} if $low{$w} < $low{$v};

        } elsif ($on{$w}) {
            $low{$v} = $index{$w} if $index{$w} < $low{$v};
        }
    }

    return if $low{$v} != $index{$v};

    my @circle;

    while (1) {
        my $w = pop @stack;

        $on{$w} = 0;
        push @circle, $w;
        last if $w eq $v;
    }

    push @circles, [ sort @circle ] if @circle > 1;
}

no warnings 'recursion';
visit($_) for grep { !defined $index{$_} } @files;

cmp_ok(scalar keys %extern, '>', 1000, 'functions are found');

my @tied;

for my $circle (@circles) {
    my %in = map { $_ => 1 } @$circle;

    for my $from (@$circle) {
        for my $to (sort grep { $in{$_} } keys %{ $calls{$from} }) {
            push @tied, "$from -> $to: "
                        . join(' ', sort keys %{ $calls{$from}{$to} });
        }
    }
}

is(join("\n", @tied), '', 'no circle of calls between files');
done_testing();

#!/usr/bin/perl

# What the dashboard of conf.d/monitoring shows of the demo, as a table: the
# answers of a real Prometheus to its queries, some seconds after the first
# request.  The arguments are a directory,
# Prometheus' port, and where the metrics are; what it is a child of is the
# demo, with which it ends.

use strict;
use warnings;

use Keygate::Prometheus;

my ($dir, $port, $target) = @ARGV;
my $demo = getppid;
my $prometheus = Keygate::Prometheus->start(dir => $dir, port => $port,
                                            target => $target);


sub wait_a_moment {
    exit if getppid != $demo;
    select undef, undef, undef, 0.2;
}


$SIG{INT} = $SIG{TERM} = sub { exit };

# there is something to see once somebody has asked for something

wait_a_moment()
    until $prometheus->query('sum(rate(keygate_decisions_total[10s])) > 0');
wait_a_moment() for 1 .. 15;

my $row = '';

$| = 1;
print "What the dashboard shows, by Prometheus on http://127.0.0.1:$port/\n";

for my $panel (Keygate::Prometheus::panels()) {
    print "\n$panel->{row}\n" if $panel->{row} ne $row;
    $row = $panel->{row};

    # all that is 0, which is most, would hide the rest
    my @series = grep { $_->{value} !~ /^(?:0|NaN)$/ }
                 $prometheus->query($panel->{expr});

    for my $series (@series) {
        my $labels = $panel->{legend}
            =~ s/\{\{(\w+)\}\}/$series->{metric}{$1} \/\/ ''/ger;

        printf "  %-32s %-34s %12.6g %s\n", substr($panel->{title}, 0, 32),
            substr($labels, 0, 34), $series->{value}, $panel->{unit};
    }
}

print "\n";
wait_a_moment() while 1;

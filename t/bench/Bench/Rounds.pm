package Bench::Rounds;

# Interleaved rounds: every variant in turn, many times over, so that what
# disturbs the machine disturbs all.  Ratios are taken within a round.
#
# Where a process happens to lie in memory makes it up to a quarter faster or
# slower for as long as it lives: so each round has processes of its own, and
# a second to fill their caches.

use strict;
use warnings;

use Bench::Table;


# load: a Bench::Load; rounds: how many.

sub new {
    my ($class, %o) = @_;

    return bless { %o }, $class;
}


# variants: { name, gateway, keys, mix }, or { name, gateway, ask => sub };
# refused: all must be, instead of none.  The first one is the base.  Returns
# what each came to: name => [ results ].

sub run {
    my ($self, @variants) = @_;

    my %results;

    my %gateways = map { $_->{gateway} => $_->{gateway} } @variants;

    for my $round (1 .. $self->{rounds}) {
        my @order = $round % 2 ? @variants : reverse @variants;

        if ($round > 1) {
            $_->restart for values %gateways;
        }

        $self->ask($_) for @order;

        for my $v (@order) {
            my $r = $self->ask($v);

            check($v, $r);
            push @{$results{$v->{name}}}, $r;
        }
    }

    return \%results;
}


sub ask {
    my ($self, $v) = @_;

    return $v->{ask}->() if $v->{ask};
    return $self->{load}->wrk($v->{gateway}, $v->{keys}, $v->{mix});
}


# A benchmark of errors is none.  Limited keys are let in now and then.

sub check {
    my ($v, $r) = @_;

    die "$v->{name}: $r->{failed} requests failed\n" if $r->{failed};
    die "$v->{name}: $r->{refused} of $r->{n} requests were refused\n"
        if $v->{refused} ? $r->{refused} < 0.9 * $r->{n} : $r->{refused};
}


# What a variant is to another one: the median of the ratios within a round,
# and the ratio of the least of all rounds, which are what nobody disturbed.

sub ratio {
    my ($self, $results, $v, $base) = @_;

    my @cpu = cpu($results, $v);
    my @base = cpu($results, $base);

    return (Bench::Table::median(map { $cpu[$_] / $base[$_] } 0 .. $#cpu),
            Bench::Table::quantile(0, @cpu) / Bench::Table::quantile(0, @base));
}


sub cpu {
    my ($results, $v) = @_;

    return map { $_->{cpu} } @{$results->{$v->{name}}};
}


# Rows of a table: CPU per request, what it is to the base, what it adds.

sub rows {
    my ($self, $results, @variants) = @_;

    my @base = cpu($results, $variants[0]);
    my @rows = [ '', 'CPU us/request', 'to the base', 'least', 'adds us',
                 'req/s', 'busy' ];

    for my $v (@variants) {
        my @r = @{$results->{$v->{name}}};
        my @cpu = cpu($results, $v);
        my $least = ($self->ratio($results, $v, $variants[0]))[1];

        push @rows, [
            $v->{name},
            Bench::Table::spread('%.2f', @cpu),
            Bench::Table::spread('%.3f', map { $cpu[$_] / $base[$_] }
                                         0 .. $#cpu),
            sprintf('%.3f', $least),
            sprintf('%+.2f', Bench::Table::median(
                map { $cpu[$_] - $base[$_] } 0 .. $#cpu)),
            sprintf('%.0f', Bench::Table::median(map { $_->{rate} } @r)),
            sprintf('%.0f%%', 100 * Bench::Table::median(
                map { $_->{busy} } @r)),
        ];
    }

    return @rows;
}


1;

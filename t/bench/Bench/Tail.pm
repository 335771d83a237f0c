package Bench::Tail;

# How long clients wait, at a steady rate far below what the gateway can do,
# while keys change and while many are loaded.  A request's time counts from
# when it was due, not from when there was a connection free to send it, so
# that a stall shows in all that it holds up.

use strict;
use warnings;

use Fcntl qw(:flock);
use IO::Socket::INET;
use POSIX ();
use Time::HiRes qw(sleep time);

use Bench::Data;
use Bench::Instructions;
use Bench::Process;
use Bench::Table;

my $per_second = 2000;
my $connections = 64;
my $load = 1_000_000;


sub run {
    my ($topics) = @_;

    my ($g, $d) = @$topics{qw(gateways data)};
    my $seconds = $topics->{quick} ? 5 : 15;
    my $keys = 100_000;
    my $requests = Bench::Instructions::requests($d->keys($keys),
                                                 $topics->{mix});
    my $journal = "$topics->{dir}/run/tail.jsonl";

    system('cp', $d->journal($keys), $journal) == 0 or die "cp: $?\n";

    # made before the clock runs
    my $lines = join '', map { Bench::Data::key_line($_, 'biz_00000000',
        ['customers:read']) } 10_000_000 .. 10_000_000 + $load - 1;

    my $bare = $g->bare;
    my $gate = $g->keygate('keygate', journal => $journal,
        size => ($keys + $load) * 1.2 / 2000 . 'm');
    my @rows = ([ '', 'p50 us', 'p99 us', 'p99.9 us', 'worst us',
                  'requests' ]);

    my $add = sub {
        my ($name, $gateway, $beside) = @_;
        my @us = under($topics, $gateway, $requests, $seconds, $beside);

        push @rows, [ $name, map({ sprintf '%.0f',
            Bench::Table::quantile($_, @us) } 0.5, 0.99, 0.999, 1),
            scalar @us ];
    };

    $add->('bare nginx', $bare);
    $add->('keygate', $gate);
    $add->('keygate, 1,000 changes a second', $gate,
           sub { changes($journal, $keys) });
    $add->('bare nginx, beside the writing', $bare,
           sub { dump_lines("$journal.other", \$lines) });
    $add->('keygate, a million keys loaded', $gate,
           sub { dump_lines($journal, \$lines) });

    my $took = followed($gate, $journal);

    $_->stop for $bare, $gate;

    return Bench::Table::render("Latency at $per_second requests a second",
        "A million keys were appended while it ran; the rest of the loading "
        . "took $took s\nafter that.  The client is a Perl script: compare "
        . 'rows, not microseconds.', @rows);
}


# Microseconds of each request, while another process does something else.
# Where requests may be refused, they are counted.

sub under {
    my ($topics, $gateway, $requests, $seconds, $beside, $refused) = @_;

    my $pid;

    if ($beside) {
        $pid = fork // die "fork: $!\n";

        if ($pid == 0) {
            $SIG{TERM} = 'DEFAULT';
            sleep 0.5;
            $beside->();
            POSIX::_exit(0);
        }
    }

    my @us = pace($gateway->{port}, $requests, $seconds, $refused);

    if ($pid) {
        kill 'TERM', $pid;
        waitpid $pid, 0;
    }

    return @us;
}


# A thousand lines a second, ten at a time: keys that change, keys that are
# new.

sub changes {
    my ($journal, $keys) = @_;

    my $next = 20_000_000;
    my $due = time;

    while (1) {
        my $lines = join '', map {
            my $i = $_ % 2 ? int rand $keys : $next++;
            Bench::Data::key_line($i, sprintf('biz_%08x', $i % 1000),
                [ qw(customers:read customers:write jobs:read jobs:write
                     quotes:read invoices:read) ]);
        } 1 .. 10;

        dump_lines($journal, \$lines);

        $due += 0.01;
        sleep $due - time if $due > time;
    }
}


sub dump_lines {
    my ($path, $lines) = @_;

    open my $f, '>>', $path or die "$path: $!\n";
    flock $f, LOCK_EX or die "$path: $!\n";

    for (my $at = 0; $at < length $$lines; $at += 1 << 20) {
        syswrite $f, substr $$lines, $at, 1 << 20;
    }

    close $f or die "$path: $!\n";
}


# Sends what is due on whatever connection is free, reads what has come.

sub pace {
    my ($port, $requests, $seconds, $refused) = @_;

    my @idle = map { Bench::Instructions::connect_to($port) } 1 .. $connections;
    my $total = $per_second * $seconds;
    my ($sent, $start, $set, %busy, @us) = (0, time + 0.01, '');

    vec($set, fileno $_, 1) = 1 for @idle;

    while (@us < $total) {
        my $due = $start + $sent / $per_second;
        my $wait = $due - time;

        if ($sent < $total && $wait <= 0 && @idle) {
            my $s = pop @idle;

            syswrite $s, $requests->($sent++);
            $busy{fileno $s} = [ $s, $due, '' ];
            next;
        }

        my $n = select my $ready = $set, undef, undef,
            $sent == $total || !@idle ? 1 : $wait;
        my $now = time;

        next if $n <= 0;

        for my $fd (keys %busy) {
            next if !vec $ready, $fd, 1;

            my $b = $busy{$fd};

            sysread $b->[0], $b->[2], 1 << 16, length $b->[2]
                or die "closed by port $port\n";

            next if $b->[2] !~ /\r\n\r\n/;
            my $end = $+[0];
            my ($length) = $b->[2] =~ /^content-length: (\d+)/im;
            next if length $b->[2] < $end + $length;

            if ($b->[2] !~ m{^HTTP/1.1 200}) {
                die "not admitted: $b->[2]\n" if !$refused;
                $$refused++;
            }

            push @us, ($now - $b->[1]) * 1e6;
            push @idle, $b->[0];
            delete $busy{$fd};
        }
    }

    return @us;
}


# Seconds until the worker has come to the end of the journal, which it keeps
# open as long as it has not.

sub followed {
    my ($gate, $journal) = @_;

    my $start = time;
    my ($cpu, $quiet) = ($gate->cpu, 0);

    # it uses next to nothing once it is done
    while ($quiet < 5 && time - $start < 120) {
        sleep 0.2;

        my $now = $gate->cpu;

        $quiet = $now - $cpu < 5e6 ? $quiet + 1 : 0;
        $cpu = $now;
    }

    return sprintf '%.1f', time - $start - 1;
}


1;

package Bench::Load;

# Clients: wrk for HTTP/1.1, h2load for HTTP/2.  Either is far cheaper than
# what it asks, and shares no processor with it where there are two.

use strict;
use warnings;

use Bench::Process;


# cpus: for taskset, or undef; seconds, connections: of a measurement.

sub new {
    my ($class, %o) = @_;

    return bless { seconds => 1, connections => 32, seed => 1, %o }, $class;
}


# One round: CPU time of the gateway per request in microseconds, requests a
# second, how busy the gateway was, how many were refused or failed.

sub wrk {
    my ($self, $gateway, $keys, $mix, %o) = @_;

    my $seconds = $o{seconds} // $self->{seconds};
    my $connections = $o{connections} // $self->{connections};
    my @command = ($self->pinned, 'wrk', '-t1', "-c$connections",
        "-d${seconds}s", '-s', "$self->{root}/t/bench/keys.lua",
        "http://127.0.0.1:$gateway->{port}/", '--', $keys, $mix,
        $self->{seed}++ * 7919 % 1_000_003);

    my ($cpu, $text) = $self->watch($gateway, @command);

    my ($n, $us, $refused, $failed, @tail) =
        $text =~ /^RESULT (\d+) (\d+) (\d+) (\d+) (\d+) (\d+) (\d+)/m
        or die "wrk: $text\n";

    return result($gateway, $cpu, $n, $us / 1e6, $refused, $failed);
}


# HTTP/2 and, with h1, HTTP/1.1, by h2load: one key, one path.

sub h2load {
    my ($self, $gateway, $key, $path, %o) = @_;

    my $seconds = $o{seconds} // $self->{seconds};
    my @how = $o{h1} ? ('--h1', '-c', 32) : ('-c', 8, '-m', 4);
    my @command = ($self->pinned, 'h2load', '-t1', @how, '-D', $seconds,
        '-H', "X-Api-Key: $key", "http://127.0.0.1:$gateway->{port}$path");

    my ($cpu, $text) = $self->watch($gateway, @command);

    my ($n, $failed) = $text =~ /requests:.* (\d+) succeeded, (\d+) failed/
        or die "h2load: $text\n";
    my ($refused) = $text =~ /status codes:.* (\d+) 4xx/;

    return result($gateway, $cpu, $n + $refused, $seconds, $refused, 0);
}


sub result {
    my ($gateway, $cpu, $n, $seconds, $refused, $failed) = @_;

    die "no request to $gateway->{name} succeeded\n" if !$n;

    return { cpu => $cpu / 1000 / $n, rate => $n / $seconds, n => $n,
             busy => $cpu / 1e9 / $seconds, refused => $refused,
             failed => $failed };
}


sub pinned {
    my ($self) = @_;

    return defined $self->{cpus} ? ('taskset', '-c', $self->{cpus}) : ();
}


# Runs a client: (CPU time of the gateway meanwhile, what the client said).

sub watch {
    my ($self, $gateway, @command) = @_;

    my $before = $gateway->cpu;

    open my $out, '-|', @command or die "$command[0]: $!\n";
    local $/;
    my $text = <$out>;
    close $out or die "@command: exit $?\n$text\n";

    return ($gateway->cpu - $before, $text);
}


1;

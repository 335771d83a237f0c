package Keygate::Load;

# Traffic on a gateway: connections that each send one request after the other
# and judge every answer, so that what fails and what is decided wrongly is
# counted exactly.
#
#     my $load = Keygate::Load->new(n => 16, rate => 400, next => sub {
#         return { port => $port, bytes => $bytes, want => 200 };
#     });
#     $load->run(10);
#     is $load->{failed}, 0, $load->summary;
#
# A request: port; bytes; want, a status, or a sub (status, head, body, time of
# sending) that returns '' or what is wrong; again, it may be sent again; lost,
# a sub that is called when nobody will ever know what became of it.
#
# retried: a connection was closed while it was idle, which a client cannot
# tell from a lost request, so that all of them send it again.  cut: its worker
# may have been killed meanwhile.  failed: anything else that is no answer, or
# says 5xx.  wrong: an answer that it should not have been.

use strict;
use warnings;

use IO::Select;
use IO::Socket::INET;
use JSON::PP ();
use POSIX ();
use Time::HiRes qw(time);

our $timeout = 15;

my @figures = qw(sent answered retried cut failed wrong);


# n: connections; rate: requests a second, all together; next: see above, with
# the connection's number; tick: a sub that is called about every 5 ms.

sub new {
    my ($class, %o) = @_;

    return bless {
        n => 16, rate => 400, killed_at => 0, reasons => [], status => {},
        (map { $_ => 0 } @figures), %o,
    }, $class;
}


# Connections that are open now may be lost without blame.

sub killed {
    my ($self) = @_;

    $self->{killed_at} = time;
}


sub run {
    my ($self, $seconds) = @_;

    local $SIG{PIPE} = 'IGNORE';

    my $end = time + $seconds;
    my $gap = $self->{n} / $self->{rate};

    $self->{select} = IO::Select->new;
    $self->{end} = $end;
    $self->{slot} = { map { $_ => { i => $_, in => '',
        due => time + $gap * $_ / $self->{n} } } 1 .. $self->{n} };

    while (1) {
        my $now = time;
        my $busy = 0;

        for my $c (values %{$self->{slot}}) {
            if ($c->{request}) {
                $self->lose($c, 'no answer') if $now > $c->{at} + $timeout;

            } elsif ($now >= $c->{due} && $now < $end && !$self->{over}) {
                $c->{due} = $now + $gap;
                $self->ask($c, $self->{next}->($c->{i}));
            }

            $busy++ if $c->{request};
        }

        last if !$busy && ($now >= $end || $self->{over});

        $self->{tick}->() if $self->{tick} && $now < $end;
        $self->hear($_) for $self->{select}->can_read(0.005);
    }

    $self->close($_) for values %{$self->{slot}};

    return $self;
}


sub ask {
    my ($self, $c, $request, $again) = @_;

    $self->{sent}++ if !$again;
    @{$c}{qw(request at in)} = ($request, time, '');

    $self->close($c) if $c->{s} && ($c->{port} != $request->{port}
                                    || !$request->{again});

    $c->{reused} = defined $c->{s};

    if (!$c->{s}) {
        $c->{opened} = time;
        $c->{port} = $request->{port};
        $c->{s} = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
            PeerPort => $request->{port}, Proto => 'tcp', Timeout => 5)
            or return $self->lose($c, "cannot connect: $!");
        $c->{s}->blocking(0);
        $self->{select}->add($c->{s});
        $self->{of}{$c->{s}} = $c;
    }

    my $n = syswrite $c->{s}, $request->{bytes};

    $self->lose($c, 'cannot send') if !$n || $n < length $request->{bytes};
}


sub close {
    my ($self, $c) = @_;

    my $s = delete $c->{s} or return;

    $self->{select}->remove($s);
    delete $self->{of}{$s};
    CORE::close $s;
}


sub hear {
    my ($self, $s) = @_;

    my $c = $self->{of}{$s} or return;
    my $n = sysread $s, $c->{in}, 1 << 16, length $c->{in};

    return if !defined $n && $!{EAGAIN};

    if (!$n) {
        return $self->lose($c, 'closed') if $c->{request};
        return $self->close($c);
    }

    my $at = index $c->{in}, "\r\n\r\n";

    return if $at < 0;

    my $head = substr $c->{in}, 0, $at + 4;
    my ($length) = $head =~ /^Content-Length: (\d+)\r$/im;
    my ($status) = $head =~ m{^HTTP/1\.1 (\d{3}) };

    return if length $c->{in} < $at + 4 + ($length // 0);

    my $body = substr $c->{in}, $at + 4;

    $self->close($c) if $head =~ /^Connection: close\r$/im;
    $self->judge($c, $status // 0, $head, $body);
}


sub judge {
    my ($self, $c, $status, $head, $body) = @_;

    my $request = delete $c->{request};
    my $want = $request->{want};
    my $fault = ref $want
        ? $want->($status, $head, $body, $c->{at})
        : $status == $want ? '' : "$status instead of $want";

    $self->{answered}++;
    $self->{status}{$status}++;

    return if $fault eq '';

    my $what = $status == 0 || $status >= 500 ? 'failed' : 'wrong';

    $self->{$what}++;
    $self->blame("$what: $fault", $request);
}


sub blame {
    my ($self, $what, $request) = @_;

    my ($line) = $request->{bytes} =~ /^(.*?) HTTP/;

    push @{$self->{reasons}}, "$what: $line" if @{$self->{reasons}} < 200;
}


# The connection is gone with a request on it.

sub lose {
    my ($self, $c, $why) = @_;

    my $request = delete $c->{request};
    my $killed = $c->{opened} <= $self->{killed_at};
    my $idle = $c->{reused} && $c->{in} eq '';

    $self->close($c);

    if ($killed || $idle) {
        $self->{$killed ? 'cut' : 'retried'}++;
        return $self->ask($c, $request, 1) if $request->{again};

    } else {
        $self->{failed}++;
        $self->blame("failed: $why", $request);
    }

    $request->{lost}->() if $request->{lost};
}


sub summary {
    my ($self) = @_;

    return join ', ', map { "$self->{$_} $_" } @figures;
}


sub faults {
    my ($self) = @_;

    my @some = @{$self->{reasons}};

    return join "\n", @some > 20 ? @some[0 .. 19] : @some;
}


# The same in a process of its own, until finish(), which fetches what is
# counted.  What the subs of a request change stays over there.

sub background {
    my ($self, $path) = @_;

    $self->{path} = $path;
    $self->{pid} = fork // die "fork: $!\n";

    return $self if $self->{pid};

    $SIG{TERM} = sub { $self->{over} = 1 };
    eval { $self->run(3600) };
    push @{$self->{reasons}}, "failed: $@" if $@;
    $self->{failed}++ if $@;

    open my $f, '>', $path or POSIX::_exit(1);
    print $f JSON::PP->new->encode({ map { $_ => $self->{$_} } @figures,
        'reasons', 'status' });
    CORE::close $f;
    POSIX::_exit(0);
}


sub finish {
    my ($self) = @_;

    kill 'TERM', $self->{pid};
    waitpid $self->{pid}, 0;

    open my $f, '<', $self->{path} or die "$self->{path}: $!\n";
    local $/;
    my $r = JSON::PP->new->decode(<$f>);
    @{$self}{keys %$r} = values %$r;

    return $self;
}


1;

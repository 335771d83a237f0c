#!/usr/bin/perl

# A TCP relay for tests: relay.pl LISTEN-PORT TARGET, where TARGET is a port
# of 127.0.0.1 or the path of a unix socket.  A line on stdin switches what it
# does, and each is acknowledged by the same line on stdout:
#
#     pass         what comes is sent on (the beginning)
#     delay MS     each piece is sent on so much later
#     stall        nothing is read or sent; connections stay, new ones too
#     cut          all connections are reset, and the relay passes again
#     refuse       all connections are reset, new ones too
#     half-open    the target's side is closed, the client's stays and hears
#                  nothing, as behind a firewall that has forgotten
#     garble N     bytes of the target's answers are changed, one in N
#     drip         one byte at a time
#     lose WORD    the answer to what has that word in it is lost, and the
#                  connection ends with it
#     count        the line that acknowledges says how many connections there
#                  were
#
# It ends with its stdin.

use strict;
use warnings;

use IO::Select;
use IO::Socket::INET;
use IO::Socket::UNIX;
use Socket qw(SOL_SOCKET SO_LINGER);
use Time::HiRes qw(time);

my ($port, $target) = @ARGV;
my ($mode, $value) = ('pass', 0);
my ($accepted, $bytes) = (0, 0);
my @pairs;

my $listen = IO::Socket::INET->new(LocalAddr => '127.0.0.1',
    LocalPort => $port, Listen => 511, ReuseAddr => 1)
    or die "cannot listen on port $port: $!\n";

$SIG{PIPE} = 'IGNORE';
$| = 1;
print "ready\n";


sub connect_target {
    return $target =~ m{^/}
        ? IO::Socket::UNIX->new(Peer => $target)
        : IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $target);
}


sub reset_socket {
    my ($socket) = @_;

    return if !$socket;

    setsockopt $socket, SOL_SOCKET, SO_LINGER, pack 'ii', 1, 0;
    close $socket;
}


sub drop_all {
    for my $pair (@pairs) {
        reset_socket($_) for @$pair{qw(client server)};
    }

    @pairs = ();
}


sub command {
    my ($line) = @_;

    my ($word, $argument) = split ' ', $line;

    if ($word eq 'count') {
        print "count $accepted\n";
        return;
    }

    drop_all() if $word eq 'cut' || $word eq 'refuse';

    if ($word eq 'half-open') {
        for my $pair (@pairs) {
            reset_socket(delete $pair->{server});
        }
    }

    ($mode, $value) = ($word eq 'cut' ? 'pass' : $word, $argument // 0);
    print "$line\n";
}


sub accept_one {
    my $client = $listen->accept or return;

    $accepted++;

    if ($mode eq 'refuse') {
        reset_socket($client);
        return;
    }

    my $server = $mode eq 'half-open' ? undef : connect_target();

    if (!$server && $mode ne 'half-open') {
        reset_socket($client);
        return;
    }

    push @pairs, { client => $client, server => $server,
                   client_out => [], server_out => [] };
}


# What was read from one side waits for its time on the way to the other.

sub take {
    my ($pair, $from, $to) = @_;

    my $n = sysread $pair->{$from}, my $piece, 65536;

    if (!$n) {
        $pair->{over} = 1;
        return;
    }

    return if !$pair->{$to};

    if ($mode eq 'garble' && $from eq 'server') {
        for my $i (0 .. $n - 1) {
            substr($piece, $i, 1) = chr int rand 256
                if ++$bytes % ($value || 1) == 0;
        }
    }

    if ($mode eq 'lose') {
        $pair->{lost} ||= $from eq 'client' && $piece =~ /\Q$value\E/;

        if ($pair->{lost} && $from eq 'server') {
            $pair->{over} = 1;
            return;
        }
    }

    my $due = $mode eq 'delay' ? time + $value / 1000 : 0;

    push @{$pair->{"${to}_out"}}, map { [ $due, $_ ] }
        $mode eq 'drip' ? split //, $piece : $piece;
}


sub give {
    my ($pair, $to) = @_;

    my $out = $pair->{"${to}_out"};

    while (@$out && $out->[0][0] <= time && $pair->{$to}) {
        my $n = syswrite $pair->{$to}, $out->[0][1];

        if (!defined $n) {
            $pair->{over} = 1;
            return;
        }

        substr($out->[0][1], 0, $n) = '';
        shift @$out if $out->[0][1] eq '';
        return if $mode eq 'drip';
    }
}


sub turn {
    my $select = IO::Select->new(\*STDIN, $listen);

    if ($mode ne 'stall') {
        for my $pair (@pairs) {
            $select->add($_) for grep { $_ } @$pair{qw(client server)};
        }
    }

    my $waits = grep { @{$_->{client_out}} || @{$_->{server_out}} } @pairs;
    my %ready = map { fileno $_ => 1 }
                    $select->can_read($waits ? 0.001 : 1);

    if ($ready{fileno STDIN}) {
        sysread STDIN, my $lines, 4096 or exit 0;
        command($_) for split /\n/, $lines;
        return;
    }

    accept_one() if $ready{fileno $listen};

    return if $mode eq 'stall';

    for my $pair (@pairs) {
        for my $way (['client', 'server'], ['server', 'client']) {
            my ($from, $to) = @$way;

            take($pair, $from, $to)
                if $pair->{$from} && $ready{fileno $pair->{$from}};
            give($pair, $to);
        }

        if ($pair->{over}) {
            close $_ for grep { $_ } @$pair{qw(client server)};
        }
    }

    @pairs = grep { !$_->{over} } @pairs;
}

turn() while 1;

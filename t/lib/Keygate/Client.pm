package Keygate::Client;

# An HTTP client on a raw socket: sends exactly the bytes it is given, and
# tells exactly what came back.  One object is one connection.

use strict;
use warnings;

use IO::Select;
use IO::Socket::INET;
use JSON::PP ();
use Time::HiRes qw(time);

our $timeout = $ENV{TEST_NGINX_MEMCHECK} ? 100 : 10;


# $log: a reference to a string that gathers everything received.

sub new {
    my ($class, $port, $log) = @_;

    my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
        PeerPort => $port, Proto => 'tcp', Timeout => $timeout)
        or die "cannot connect to port $port: $!\n";

    binmode $socket;
    $socket->autoflush(1);

    return bless { socket => $socket, in => '', log => $log }, $class;
}


sub send {
    my ($self, $bytes) = @_;

    local $SIG{PIPE} = 'IGNORE';
    my $at = 0;

    while ($at < length $bytes) {
        my $n = syswrite $self->{socket}, $bytes, 1 << 16, $at;

        return $self if !defined $n;
        $at += $n;
    }

    return $self;
}


sub close {
    my ($self) = @_;

    close $self->{socket};
}


# Reads more: 1, or 0 at the end of the connection or of patience.

sub more {
    my ($self, $deadline) = @_;

    my $left = $deadline - time;

    return 0 if $self->{eof};

    if ($left <= 0 || !IO::Select->new($self->{socket})->can_read($left)) {
        $self->{timed_out} = 1;
        return 0;
    }

    my $n = sysread $self->{socket}, my $bytes, 1 << 16;

    if (!$n) {
        $self->{eof} = 1;
        return 0;
    }

    $self->{in} .= $bytes;
    ${$self->{log}} .= $bytes if $self->{log};

    return 1;
}


# Takes up to and including a delimiter, or a number of bytes; undef when the
# connection ends before.

sub take {
    my ($self, $what, $deadline) = @_;

    while (1) {
        my $n = $what =~ /^\d+$/ ? $what : index $self->{in}, $what;

        if ($what =~ /^\d+$/) {
            return substr $self->{in}, 0, $n, '' if length $self->{in} >= $n;

        } elsif ($n >= 0) {
            return substr $self->{in}, 0, $n + length $what, '';
        }

        return undef if !$self->more($deadline);
    }
}


# The next response, or undef when the connection ends first.  $method tells
# whether there is a body.

sub response {
    my ($self, $method) = @_;

    my $deadline = time + $timeout;
    my $head = $self->take("\r\n\r\n", $deadline);

    if (!defined $head) {
        return undef if $self->{in} eq '';

        # HTTP/0.9: a body without a head
        my $all = $self->{in};
        $self->{in} = '';
        return bless { status => 0, headers => [], body => $all, raw => $all },
            'Keygate::Response';
    }

    my ($line, @lines) = split /\r\n/, $head;
    my ($version, $status) = $line =~ m{^HTTP/(\d\.\d) (\d{3})};

    die "not a status line: $line\n" if !defined $status;

    my $r = bless {
        version => $version, status => $status, head => $head,
        headers => [ map { [ split /:[ \t]*/, $_, 2 ] } @lines ],
    }, 'Keygate::Response';

    if ($status == 100 || $status == 102 || $status == 103) {
        my $next = $self->response($method);
        unshift @{$next->{interim}}, $r if $next;
        return $next;
    }

    $method //= '';

    if ($method eq 'HEAD' || $status == 204 || $status == 304
        || $method eq 'CONNECT' && $status == 200)
    {
        $r->{body} = '';

    } elsif (lc($r->header('Transfer-Encoding') // '') eq 'chunked') {
        $r->{body} = $self->chunked($deadline, $r);

    } elsif (defined(my $length = $r->header('Content-Length'))) {
        $r->{body} = $self->take($length, $deadline);

        if (!defined $r->{body}) {
            $r->{truncated} = 1;
            $r->{body} = $self->{in};
            $self->{in} = '';
        }

    } else {
        while ($self->more($deadline)) { }
        $r->{body} = $self->{in};
        $self->{in} = '';
    }

    $r->{raw} = $head . $r->{body};

    return $r;
}


sub chunked {
    my ($self, $deadline, $r) = @_;

    my $body = '';

    while (1) {
        my $size = $self->take("\r\n", $deadline);
        $size = hex $1 if defined $size && $size =~ /^([0-9a-f]+)/i;
        my $chunk = defined $size ? $self->take($size, $deadline) : undef;

        if (!defined $chunk || !defined $self->take("\r\n", $deadline)) {
            $r->{truncated} = 1;
            return $body;
        }

        return $body if $size == 0;
        $body .= $chunk;
    }
}


# Whether nothing more comes and the other side has closed.

sub at_end {
    my ($self, $seconds) = @_;

    my $deadline = time + ($seconds // $timeout);

    while ($self->more($deadline)) { }

    return $self->{eof} && $self->{in} eq '';
}


package Keygate::Response;

use strict;
use warnings;


# All values of a header, or in scalar context the first.

sub header {
    my ($self, $name) = @_;

    my @values = map { $_->[1] // '' }
                 grep { lc $_->[0] eq lc $name } @{$self->{headers}};

    return wantarray ? @values : $values[0];
}


sub json {
    my ($self) = @_;

    return $self->{json} //= eval {
        JSON::PP->new->utf8->decode($self->{body})
    };
}


1;

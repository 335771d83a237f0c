package Bench::Client;

# One connection, one request at a time, by HTTP/1.1 or by HTTP/2 (RFC 9113)
# with prior knowledge: as much of either as a request that is counted needs.

use strict;
use warnings;

use IO::Socket::INET;

my ($data, $headers, $settings, $ping, $update) = (0, 1, 4, 6, 8);
my ($end_stream, $ack, $end_headers) = (1, 1, 4);


sub connect {
    my ($class, $port, $http2) = @_;

    my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
        PeerPort => $port) or die "cannot connect to $port: $!\n";

    $socket->autoflush(1);

    my $self = bless { socket => $socket, http2 => $http2, in => '',
                       stream => -1 }, $class;

    # as much as there is room for in all that will be answered
    $self->put("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
               . frame($settings, 0, 0, '')
               . frame($update, 0, 0, pack 'N', 0x7fff0000 - 65535))
        if $http2;

    return $self;
}


sub close {
    my ($self) = @_;

    close $self->{socket};
}


sub put {
    my ($self, $text) = @_;

    syswrite($self->{socket}, $text) == length $text
        or die "no request to callgrind's nginx: $!\n";
}


sub more {
    my ($self) = @_;

    sysread $self->{socket}, $self->{in}, 1 << 16, length $self->{in}
        or die "no answer from callgrind's nginx\n";
}


# One request, one whole response.

sub ask {
    my ($self, $method, $uri, $key, $body) = @_;

    my @lines = ([ 'X-Api-Key', $key ]);

    push @lines, [ 'Content-Type', 'application/json' ],
                 [ 'Content-Length', length $body ] if defined $body;

    return $self->{http2} ? $self->ask2($method, $uri, \@lines, $body)
                          : $self->ask1($method, $uri, \@lines, $body);
}


sub ask1 {
    my ($self, $method, $uri, $lines, $body) = @_;

    $self->{in} = '';
    $self->put(join "\r\n", "$method $uri HTTP/1.1", 'Host: bench',
               map({ "$_->[0]: $_->[1]" } @$lines), '', $body // '');

    $self->more
        while $self->{in} !~ /\r\n\r\n/
              || length $self->{in}
                 < $+[0] + ($self->{in} =~ /^content-length: (\d+)/im)[0];
}


sub ask2 {
    my ($self, $method, $uri, $lines, $body) = @_;

    my $id = $self->{stream} += 2;
    my $block = join '', map { literal(@$_) } [ ':method', $method ],
        [ ':scheme', 'http' ], [ ':authority', 'bench' ], [ ':path', $uri ],
        map { [ lc $_->[0], $_->[1] ] } @$lines;
    my $last = defined $body ? 0 : $end_stream;

    $self->put(frame($headers, $end_headers | $last, $id, $block)
               . ($last ? '' : frame($data, $end_stream, $id, $body)));

    while (1) {
        my ($type, $flags, $stream, $payload) = $self->frame_in;

        return if $stream == $id && ($type == $data || $type == $headers)
                  && $flags & $end_stream;

        $self->put(frame($type, $ack, 0, $type == $ping ? $payload : ''))
            if ($type == $settings || $type == $ping) && !($flags & $ack);

        die "HTTP/2: a frame of type $type\n" if $type > 8 || $type == 7
                                                  || $type == 3;
    }
}


sub frame {
    my ($type, $flags, $stream, $payload) = @_;

    return pack('NCN', length($payload) << 8 | $type, $flags, $stream)
           . $payload;
}


# A field that no table of names has (RFC 7541, 6.2.2); all are short.

sub literal {
    my ($name, $value) = @_;

    return "\0" . pack('C/a C/a', $name, $value);
}


sub frame_in {
    my ($self) = @_;

    $self->more while length $self->{in} < 9;

    my ($size, $flags, $stream) = unpack 'NCN', $self->{in};
    my ($len, $type) = ($size >> 8, $size & 255);

    $self->more while length $self->{in} < 9 + $len;

    my $payload = substr substr($self->{in}, 0, 9 + $len, ''), 9;

    return ($type, $flags, $stream, $payload);
}


1;

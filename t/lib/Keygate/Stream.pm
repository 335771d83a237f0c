package Keygate::Stream;

# An upstream whose answers do not end by themselves:
#
#     my $up = Keygate::Stream->start(port => $port, log => $path);
#
# What a path ends in tells what it is: "ws" is a WebSocket, "lump" 64 MiB at
# once, "accel" leads to /inside/sse, "page" includes /v1/sse, "short" is a
# word, "quiet" one event and then nothing; all else is a stream of events.
# "open PATH" and "close PATH" are
# written down.

use strict;
use warnings;

use Digest::SHA qw(sha1);
use IO::Select;
use IO::Socket::INET;
use MIME::Base64 qw(encode_base64);
use POSIX ();

use constant LUMP => 64 << 20;


sub start {
    my ($class, %o) = @_;

    my $listen = IO::Socket::INET->new(LocalAddr => '127.0.0.1',
        LocalPort => $o{port}, Listen => 64, ReuseAddr => 1)
        or die "cannot listen on port $o{port}: $!\n";
    my $pid = fork // die "fork: $!\n";

    if ($pid == 0) {
        $SIG{CHLD} = $SIG{PIPE} = 'IGNORE';
        POSIX::setpgid(0, 0);

        while (1) {
            my $s = $listen->accept or next;

            next if fork;
            serve($s, $o{log});
            POSIX::_exit(0);
        }
    }

    close $listen;

    return bless { pid => $pid, owner => $$ }, $class;
}


sub stop {
    my ($self) = @_;

    my $pid = delete $self->{pid} or return;

    kill 'TERM', -$pid, $pid;
    waitpid $pid, 0;
}


sub DESTROY {
    my ($self) = @_;

    local $?;
    $self->stop if $self->{owner} == $$;
}


sub serve {
    my ($s, $path) = @_;

    my $in = '';

    open my $log, '>>', $path or die "$path: $!\n";
    $log->autoflush(1);

    while (1) {
        while ($in !~ /\r\n\r\n/) {
            sysread $s, $in, 65536, length $in or return;
        }

        $in =~ s/^(.*?)\r\n\r\n//s;
        my $head = $1;
        my ($uri) = $head =~ m{^\S+ ([^ ?]*)};

        print $log "open $uri\n";

        if ($uri =~ /(lump|accel|page|short)$/) {
            whole($s, $1);

        } else {
            endless($s, $head, $uri =~ /(ws|quiet)$/ ? $1 : '');
            print $log "close $uri\n";
            return;
        }
    }
}


sub whole {
    my ($s, $what) = @_;

    my ($type, $body) = @{{
        lump => [ 'application/octet-stream', 'x' x LUMP ],
        accel => [ "text/plain\r\nX-Accel-Redirect: /inside/sse", '' ],
        page => [ 'text/html', '[<!--#include virtual="/v1/sse" -->]' ],
        short => [ 'text/plain', 'word' ],
    }->{$what}};

    put($s, "HTTP/1.1 200 OK\r\nContent-Type: $type\r\n"
            . 'Content-Length: ' . length($body) . "\r\n\r\n$body");
}


# One event or message each 20 ms, until the other side closes.

sub endless {
    my ($s, $head, $what) = @_;

    my $select = IO::Select->new($s);
    my $ws = $what eq 'ws';

    put($s, $ws ? hands($head) : "HTTP/1.1 200 OK\r\n"
        . "Content-Type: text/event-stream\r\nConnection: close\r\n\r\n");

    for (my $n = 1; ; $n++) {
        put($s, $ws ? pack('CC', 0x81, length $n) . $n : "data: $n\n\n")
            or return;

        next if !$select->can_read($what eq 'quiet' ? undef : 0.02);
        sysread $s, my $in, 65536 or return;
    }
}


# RFC 6455, 4.2.2

sub hands {
    my ($head) = @_;

    my ($key) = $head =~ /^sec-websocket-key: *(\S+)/mi;
    my ($protocol) = $head =~ /^sec-websocket-protocol: *([^\s,]+)/mi;
    my $accept = encode_base64(sha1(($key // '')
        . '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'), '');

    return join "\r\n", 'HTTP/1.1 101 Switching Protocols',
        'Upgrade: websocket', 'Connection: Upgrade',
        "Sec-WebSocket-Accept: $accept",
        $protocol ? "Sec-WebSocket-Protocol: $protocol" : (), '', '';
}


sub put {
    my ($s, $bytes) = @_;

    my $at = 0;

    while ($at < length $bytes) {
        my $n = syswrite $s, $bytes, 1 << 16, $at;

        return 0 if !defined $n;
        $at += $n;
    }

    return 1;
}


1;

package Keygate::Frames;

# An upstream that speaks HTTP/2 in the clear, as "grpc_pass" wants it: it
# answers every request with the frames that it was given, whatever was asked.
#
#     my $up = Keygate::Frames->start(port => $port, answer => sub {
#         my ($stream) = @_;
#         return Keygate::Frames::headers($stream, 0, ':status' => 404);
#     });

use strict;
use warnings;

use IO::Socket::INET;
use POSIX ();

my %type = (data => 0, headers => 1, rst => 3, settings => 4);


sub start {
    my ($class, %o) = @_;

    my $listen = IO::Socket::INET->new(LocalAddr => '127.0.0.1',
        LocalPort => $o{port}, Listen => 16, ReuseAddr => 1)
        or die "cannot listen on port $o{port}: $!\n";
    my $pid = fork // die "fork: $!\n";

    if ($pid == 0) {
        $SIG{CHLD} = $SIG{PIPE} = 'IGNORE';

        while (1) {
            my $s = $listen->accept or next;

            next if fork;
            serve($s, $o{answer});
            POSIX::_exit(0);
        }
    }

    close $listen;

    return bless { pid => $pid }, $class;
}


sub stop {
    my ($self) = @_;

    my $pid = delete $self->{pid} or return;

    kill 'TERM', $pid;
    waitpid $pid, 0;
}


sub DESTROY {
    my ($self) = @_;

    local $?;
    $self->stop;
}


sub take {
    my ($s, $in, $n) = @_;

    while (length $$in < $n) {
        sysread $s, $$in, 65536, length $$in or POSIX::_exit(0);
    }

    return substr $$in, 0, $n, '';
}


sub serve {
    my ($s, $answer) = @_;

    my $in = '';

    take($s, \$in, 24);
    syswrite $s, frame('settings', 0, 0, '');

    while (1) {
        my ($high, $low, $type, $flags, $stream) =
            unpack 'CnCCN', take($s, \$in, 9);

        take($s, \$in, $high << 16 | $low);

        syswrite $s, frame('settings', 1, 0, '') if $type == 4 && !$flags;
        syswrite $s, $answer->($stream) if $type == $type{headers};
    }
}


sub frame {
    my ($type, $flags, $stream, $payload) = @_;

    return pack('CnCCN', length($payload) >> 16, length($payload) & 0xffff,
                $type{$type}, $flags, $stream) . $payload;
}


# (stream, whether it ends, name => value, ...): fields that nobody indexes.

sub headers {
    my ($stream, $end, @fields) = @_;

    my $block = '';

    while (my ($name, $value) = splice @fields, 0, 2) {
        $block .= "\0" . join '', map { chr(length) . $_ } $name, $value;
    }

    return frame('headers', 4 | ($end ? 1 : 0), $stream, $block);
}


sub data {
    my ($stream, $end, $body) = @_;

    return frame('data', $end ? 1 : 0, $stream, $body);
}


sub reset {
    my ($stream) = @_;

    return frame('rst', 0, $stream, pack 'N', 2);
}


1;

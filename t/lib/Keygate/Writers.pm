package Keygate::Writers;

# Many administrators at once: connections that each send one request after
# the other, and connect again when one is lost.

use strict;
use warnings;

use IO::Select;
use IO::Socket::INET;
use Time::HiRes qw(time);


# port; n: connections; request: sub (connection's number) returning bytes;
# answer: sub (status, body, number); tick: sub, called about every 10 ms.
# Until the time is up; then the last answers are waited for.

sub run {
    my ($class, %o) = @_;

    my $select = IO::Select->new;
    my $end = time + $o{seconds};
    my (%of, $open);

    local $SIG{PIPE} = 'IGNORE';

    my $connect = sub {
        my ($i) = @_;

        my $s = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
            PeerPort => $o{port}, Proto => 'tcp', Timeout => 5) or return;

        binmode $s;
        $s->blocking(0);
        $select->add($s);
        $of{$s} = { i => $i, in => '' };
        $open->{$i} = $s;
        syswrite $s, $o{request}->($i);
    };

    my $drop = sub {
        my ($s) = @_;

        $select->remove($s);
        delete $open->{$of{$s}{i}};
        delete $of{$s};
        close $s;
    };

    $connect->($_) for 1 .. $o{n};

    while (time < $end || ($select->count && time < $end + 10)) {
        if (time < $end) {
            $open->{$_} || $connect->($_) for 1 .. $o{n};
        }

        for my $s ($select->can_read(0.01)) {
            my $c = $of{$s};

            if (!sysread $s, $c->{in}, 1 << 16, length $c->{in}) {
                $drop->($s);
                next;
            }

            my ($status, $length) =
                $c->{in} =~ /^HTTP\/1\.1 (\d+).*?^Content-Length: (\d+)\r\n/ms
                or next;
            my $at = 4 + index $c->{in}, "\r\n\r\n";

            next if $at < 4 || length $c->{in} < $at + $length;

            $o{answer}->($status, substr($c->{in}, $at, $length), $c->{i});
            $c->{in} = '';

            time < $end ? syswrite $s, $o{request}->($c->{i}) : $drop->($s);
        }

        $o{tick}->() if $o{tick} && time < $end;
    }

    return;
}


1;

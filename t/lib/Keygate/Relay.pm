package Keygate::Relay;

# A TCP relay between two parts of a test (t/lib/relay.pl):
#
#     my $relay = Keygate::Relay->start($store->{socket});
#     ... 127.0.0.1:$relay->{port} ...
#     $relay->mode('stall');

use strict;
use warnings;

use File::Basename qw(dirname);
use IPC::Open2 qw(open2);

use Keygate;


# target: a port of 127.0.0.1, or the path of a unix socket.

sub start {
    my ($class, $target) = @_;

    my $port = Keygate::free_port();
    my $pid = open2(my $out, my $in, $^X,
        dirname(dirname(__FILE__)) . '/relay.pl', $port, $target);
    my $self = bless { port => $port, pid => $pid, in => $in, out => $out,
                       owner => $$ }, $class;

    $self->answer eq 'ready' or die "the relay does not start\n";

    return $self;
}


sub answer {
    my ($self) = @_;

    my $line = readline $self->{out};

    return defined $line ? $line =~ s/\n\z//r : '';
}


# It does so by the time this returns.

sub mode {
    my ($self, $line) = @_;

    syswrite $self->{in}, "$line\n";

    return $self->answer;
}


# How many connections there were.

sub connections {
    my ($self) = @_;

    return $self->mode('count') =~ s/^count //r;
}


sub stop {
    my ($self) = @_;

    my $pid = delete $self->{pid} or return;

    close $self->{in};
    kill 'TERM', $pid;
    waitpid $pid, 0;
}


sub DESTROY {
    my ($self) = @_;

    local ($?, $!);

    $self->stop if $self->{pid} && $self->{owner} == $$;
}


1;

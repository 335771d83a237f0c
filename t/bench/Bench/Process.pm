package Bench::Process;

# A server under measurement: started from a configuration, asked what CPU
# time it has used, stopped.

use strict;
use warnings;

use IO::Socket::INET;
use POSIX ();
use Time::HiRes qw(sleep time);

my @running;
my $owner = $$;


# name; dir: where its files are; command: list; port: to wait for; cpus: for
# taskset, or undef; workers: how many processes do the work, 0 for itself.

sub start {
    my ($class, %o) = @_;

    my $self = bless { workers => 1, patience => 120, %o }, $class;

    return $self->run;
}


# The same once more, in another place in memory.

sub restart {
    my ($self) = @_;

    $self->stop;
    $self->run;
}


sub run {
    my ($self) = @_;

    my @command = @{$self->{command}};

    unshift @command, 'taskset', '-c', $self->{cpus} if defined $self->{cpus};

    my $pid = fork // die "fork: $!\n";

    if ($pid == 0) {
        POSIX::setpgid(0, 0);
        open STDIN, '<', '/dev/null';
        open STDOUT, '>>', "$self->{dir}/stdout";
        open STDERR, '>>', "$self->{dir}/stdout";
        exec @command or POSIX::_exit(127);
    }

    $self->{pid} = $pid;
    push @running, $self;

    $self->wait_for(sub { $self->is_up })
        or die "$self->{name} does not start, see $self->{dir}\n";

    return $self;
}


sub is_up {
    my ($self) = @_;

    if (waitpid($self->{pid}, POSIX::WNOHANG()) == $self->{pid}) {
        delete $self->{pid};
        die "$self->{name} does not start, see $self->{dir}\n";
    }

    my @pids = $self->pids;

    return 0 if @pids < ($self->{workers} || 1);

    return IO::Socket::INET->new(PeerAddr => '127.0.0.1',
                                 PeerPort => $self->{port}) ? 1 : 0;
}


# The processes whose CPU time counts.

sub pids {
    my ($self) = @_;

    return $self->{pid} if !$self->{workers};

    my @workers;

    for my $path (glob "/proc/$self->{pid}/task/*/children") {
        for my $pid (split ' ', slurp($path)) {
            push @workers, $pid if slurp("/proc/$pid/cmdline")
                                   =~ /^nginx: worker process(?! is)/;
        }
    }

    return @workers;
}


# Nanoseconds of CPU time used so far, in user space and in the kernel.

sub cpu {
    my ($self) = @_;

    my $sum = 0;

    for my $pid ($self->pids) {
        my ($ns) = split ' ', slurp("/proc/$pid/schedstat");
        $sum += $ns;
    }

    return $sum;
}


# Bytes of memory that are its own or that it has touched of what is shared.

sub memory {
    my ($self) = @_;

    my $sum = 0;

    for my $pid ($self->pids) {
        $sum += 1024 * $1 if slurp("/proc/$pid/status") =~ /VmRSS:\s+(\d+)/;
    }

    return $sum;
}


sub log {
    my ($self) = @_;

    return slurp("$self->{dir}/error.log") . slurp("$self->{dir}/stdout");
}


sub stop {
    my ($self) = @_;

    my $pid = delete $self->{pid} or return;

    @running = grep { $_ != $self } @running;
    kill 'TERM', $pid;

    if (!$self->wait_for(sub { waitpid($pid, POSIX::WNOHANG()) == $pid }, 10)) {
        kill 'KILL', -$pid;
        waitpid $pid, 0;
    }
}


sub wait_for {
    my ($self, $sub, $seconds) = @_;

    my $deadline = time + ($seconds // $self->{patience});

    while (1) {
        my $value = $sub->();

        return $value if $value;
        return '' if time > $deadline;

        sleep 0.02;
    }
}


sub slurp {
    my ($path) = @_;

    open my $f, '<', $path or return '';
    local $/;

    return <$f> // '';
}


# A child that ends leaves them alone.

END {
    my ($status, @left) = ($?, @running);

    if ($$ == $owner) {
        $_->stop for @left;
    }

    $? = $status;
}


1;

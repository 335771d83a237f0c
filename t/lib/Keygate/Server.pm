package Keygate::Server;

# Starting, reloading, watching and stopping the nginx of a test.

use strict;
use warnings;

use POSIX ();
use Test::More;
use Time::HiRes qw(sleep time);

use Keygate::Origin;
use Keygate::Upstream;

our $binary = $ENV{TEST_NGINX_BINARY} || '/usr/sbin/nginx';

# under memcheck, and how often each server is then reloaded
our $reloads = $ENV{TEST_NGINX_MEMCHECK} // 0;

# under a sanitizer everything takes longer, and much longer under memcheck
our $patience = $reloads ? 200 : 20;


sub command {
    my ($self, $name, $log, @args) = @_;

    my $path = $self->write_conf($name, $log);

    return ($binary, '-p', "$self->{dir}/", '-c', $path,
            '-e', "$self->{dir}/$log", @args);
}


# 1.026003 for nginx 1.26.3.

my %versions;

sub version {
    return $versions{$binary} //= do {
        my @n = `$binary -v 2>&1` =~ m{nginx/(\d+)\.(\d+)\.(\d+)};

        sprintf '%d.%03d%03d', @n ? @n : (0, 0, 0);
    };
}


sub environment {
    my ($self, $leaks) = @_;

    my $o = "log_path=$self->{dir}/sanitizer:abort_on_error=0";

    (my $supp = __FILE__) =~ s{Keygate/Server\.pm$}{lsan.supp};

    $ENV{ASAN_OPTIONS} = "$o:detect_leaks=$leaks";
    $ENV{LSAN_OPTIONS} = "suppressions=$supp:print_suppressions=0";
    $ENV{UBSAN_OPTIONS} = "$o:print_stacktrace=1";
}


sub memcheck {
    my ($self, $leaks) = @_;

    (my $supp = __FILE__) =~ s{Keygate/Server\.pm$}{memcheck.supp};

    return !$reloads ? () : ('valgrind', '-q', '--vgdb=no',
        '--trace-children=yes', '--num-callers=30', "--suppressions=$supp",
        '--leak-check=' . ($leaks ? 'full' : 'no'),
        '--show-leak-kinds=definite',
        "--log-file=$self->{dir}/sanitizer.%p");
}


# cert.pem and key.pem, for this host.

sub write_certificate {
    my ($self) = @_;

    system("openssl req -x509 -newkey rsa:2048 -nodes -days 2"
        . " -subj /CN=localhost"
        . " -addext 'subjectAltName=DNS:localhost,IP:127.0.0.1'"
        . " -keyout $self->{dir}/key.pem -out $self->{dir}/cert.pem"
        . ' >/dev/null 2>&1') == 0 or die "openssl req failed\n";
}


# "nginx -t" with a configuration: (exit code, what it printed).

sub check_conf {
    my ($self, $conf) = @_;

    local $self->{conf} = $conf if defined $conf;

    my @command = $self->command('check.conf', 'check.err', '-t');
    my $pid = open my $out, '-|';

    die "fork: $!\n" if !defined $pid;

    if ($pid == 0) {
        # nginx -t ends without giving back anything
        $self->environment(0);
        open STDERR, '>&', \*STDOUT;
        exec $self->memcheck(0), @command or POSIX::_exit(127);
    }

    local $/;
    my $text = <$out> // '';
    close $out;

    return ($? >> 8, $text);
}


sub start {
    my ($self) = @_;

    if ($self->{origin}) {
        $self->{upstream} = Keygate::Origin->start(dir => $self->{dir},
            port => $self->port('UPSTREAM'), binary => $binary);

    } elsif ($self->{conf} =~ /%%UPSTREAM%%/ || $self->{reply}) {
        $self->{upstream} = Keygate::Upstream->start(
            port => $self->port('UPSTREAM'), reply => $self->{reply},
            log => "$self->{dir}/upstream.jsonl");
    }

    my @command = $self->command('nginx.conf', 'error.log');
    my $pid = fork // die "fork: $!\n";

    if ($pid == 0) {
        $self->environment(1);
        @ENV{keys %{$self->{env}}} = values %{$self->{env}};
        POSIX::setpgid(0, 0);
        open STDIN, '<', '/dev/null';
        open STDOUT, '>>', "$self->{dir}/stdout";
        open STDERR, '>>', "$self->{dir}/stdout";
        exec $self->memcheck(1), @command or POSIX::_exit(127);
    }

    if ($self->{daemon}) {
        waitpid $pid, 0;
        $self->wait_for(sub { $self->read_file('nginx.pid') =~ /^\d+\n/ })
            if $? == 0;
        $pid = 0 + ($self->read_file('nginx.pid') || $pid);
    }

    $self->{master} = $pid;

    my $up = $self->wait_for(sub {
        $self->gone($pid) || @{[$self->workers]} == $self->{workers}
    });

    if (!$up || $self->gone($pid)) {
        diag($self->read_file('stdout'), $self->read_file('error.log'));
        delete $self->{master};
        die "nginx does not start\n";
    }

    $self->reload_often if !$self->{reload_last};

    return $self;
}


# Whether a master has ended.  A daemon is nobody's child here.

sub gone {
    my ($self, $pid) = @_;

    return waitpid($pid, POSIX::WNOHANG()) == $pid || !kill 0, $pid;
}


# The workers that are not shutting down; of another master, if it is given.
# Under memcheck a process' title is seen by itself only, and the log tells.

sub workers {
    my ($self, $master) = @_;

    my @workers;
    my $log = $reloads ? $self->read_file('error.log') : '';

    $master //= $self->{master};

    for my $pid ($self->children($master)) {
        push @workers, $pid if $reloads
            ? $log =~ /: start worker process $pid\n/
              && $log !~ / $pid#\d+: gracefully shutting down\n/
            : $self->read_file("/proc/$pid/cmdline")
              =~ /^nginx: worker process(?! is)/;
    }

    return @workers;
}


sub children {
    my ($self, $master) = @_;

    return map { split ' ', $self->read_file($_) }
        glob "/proc/$master/task/*/children";
}


# Reloads and waits until all workers are new; '' when that does not happen.

sub reload {
    my ($self, $conf) = @_;

    my %old = map { $_ => 1 } $self->workers;

    $self->{conf} = $conf if defined $conf;
    $self->write_conf;
    kill 'HUP', $self->{master};

    return $self->wait_for(sub {
        my @now = $self->workers;
        @now == $self->{workers} && !grep { $old{$_} } @now
    });
}


# Under memcheck: before the server is used, or last where reloads are counted.

sub reload_often {
    my ($self) = @_;

    for (1 .. $reloads) {
        $self->reload or die "nginx does not reload\n";
    }
}


sub stop {
    my ($self) = @_;

    $self->reload_often if $self->{master} && $self->{reload_last};

    my $pid = delete $self->{master};

    if ($pid) {
        kill 'QUIT', $pid;

        if (!$self->wait_for(sub { $self->gone($pid) }, 10)) {
            kill 'KILL', -$pid;
            waitpid $pid, 0;
            $self->{stuck} = 1;
        }
    }

    $self->{upstream}->stop if $self->{upstream};
}


# As a machine that loses power: the master and its workers are no more.

sub kill_all {
    my ($self) = @_;

    my $pid = delete $self->{master} or return;
    my @children = $self->children($pid);

    kill 'KILL', -$pid;
    waitpid $pid, 0;

    # they have the port until the last of their threads is dead, which may be
    # after the first one is a zombie; who buries them takes his time
    $self->wait_for(sub {
        !grep { $self->read_file($_) =~ /\) [^ZX] / }
            map { glob "/proc/$_/task/*/stat" } @children
    });

    $self->{upstream}->stop if $self->{upstream};
}


# Calls the sub until it is true, at most so many seconds: its value or ''.

sub wait_for {
    my ($self, $sub, $seconds) = @_;

    my $deadline = time
        + ($reloads || !$seconds ? $patience : $seconds);

    while (1) {
        my $value = $sub->();

        return $value if $value;
        return '' if time > $deadline;

        sleep 0.01;
    }
}


1;

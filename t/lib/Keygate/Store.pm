package Keygate::Store;

# Real engines for tests: redis-server of Debian's package, or
# TEST_REDIS_SERVER, in directories of their own.
#
#     my $store = Keygate::Store->start;                # also replica_of =>,
#     $store->call('HGET', 'kg:{keys}:meta', 'seq');    # tls => 1, conf => ''
#     $store->{port}; $store->{socket}; $store->url;
#     $store->suspend; $store->resume; $store->kill; $store->start_again;
#
#     my $replica = $store->replica;      # through a relay, $replica->{relay}
#     my $sentinels = Keygate::Store->sentinels('mymaster', $store, 3);
#     my $cluster = Keygate::Store->cluster(3);
#
# All of them end with the test.

use strict;
use warnings;

use File::Temp qw(tempdir);
use IO::Select;
use IO::Socket::INET;
use IO::Socket::UNIX;
use POSIX ();
use Time::HiRes qw(sleep time);

use Keygate;
use Keygate::Relay;
use Keygate::Shim;

our $binary = $ENV{TEST_REDIS_SERVER} || '/usr/bin/redis-server';

my $patience = 20;


# Whether there is an engine at all, for a test that is skipped otherwise.

sub available {
    return -x $binary;
}


sub version {
    my ($version) = `$binary --version` =~ /v=([\d.]+)/;

    return $version // '';
}


# fsync: appendfsync always, which TEST_REDIS_FSYNC gives to all that keep data:
# a newer engine answers WAITAOF after up to a second otherwise; clock: of its
# own, which {shim}->set(SECONDS) moves; conf: more lines; tls: on a second
# port, {tls}; password: of the user "default"; data: kept over start_again(),
# which is so unless it is 0.

sub start {
    my ($class, %o) = @_;

    my $dir = tempdir('keygate-store-XXXXXXXX', TMPDIR => 1, CLEANUP => 1);
    my $self = bless { dir => $dir, socket => "$dir/socket", owner => $$,
                       port => Keygate::free_port(), env => {}, %o }, $class;

    $self->tls_files if $o{tls};
    $self->{shim} = Keygate::Shim->new($self, 'clock') if $o{clock};

    return $self->start_again;
}


sub conf_text {
    my ($self) = @_;

    my $text = <<"END";
port $self->{port}
bind 127.0.0.1
unixsocket $self->{socket}
dir $self->{dir}
logfile $self->{dir}/log
save ""
repl-diskless-sync yes
repl-diskless-sync-delay 0
END

    $text .= "appendonly yes\nappendfsync "
        . ($self->{fsync} || $ENV{TEST_REDIS_FSYNC} ? 'always' : 'everysec')
        . "\n"
        if $self->{fsync} || $self->{data};
    $text .= "requirepass $self->{password}\n" if defined $self->{password};
    $text .= "masterauth $self->{password}\n"
        if defined $self->{password} && !$self->{sentinel};
    $text .= "cluster-enabled yes\ncluster-node-timeout 2000\n"
        . "cluster-config-file $self->{dir}/nodes.conf\n" if $self->{cluster};
    $text .= <<"END" if $self->{tls};
tls-port $self->{tls}
tls-cert-file $self->{dir}/server.crt
tls-key-file $self->{dir}/server.key
tls-ca-cert-file $self->{dir}/ca.crt
tls-auth-clients optional
END

    return $text . ($self->{conf} // '');
}


sub start_again {
    my ($self) = @_;

    my $path = "$self->{dir}/conf";

    # a Sentinel rewrites its own
    if (!$self->{sentinel} || !-e $path) {
        open my $f, '>', $path or die "$path: $!\n";
        print $f $self->conf_text;
        close $f;
    }

    my $pid = fork // die "fork: $!\n";

    if ($pid == 0) {
        POSIX::setpgid(0, 0);
        @ENV{keys %{$self->{env}}} = values %{$self->{env}};
        open STDIN, '<', '/dev/null';
        open STDOUT, '>>', "$self->{dir}/stdout";
        open STDERR, '>&', \*STDOUT;
        exec $binary, $path, $self->{sentinel} ? '--sentinel' : ()
            or POSIX::_exit(127);
    }

    $self->{pid} = $pid;
    delete $self->{link};

    $self->wait_for(sub { ($self->ask('PING') // '') eq 'PONG' })
        or die "the engine does not start: see $self->{dir}\n";

    return $self;
}


sub wait_for {
    my ($self, $sub, $seconds) = @_;

    my $deadline = time + ($seconds // $patience);

    while (1) {
        my $value = $sub->();

        return $value if $value;
        return '' if time > $deadline;

        sleep 0.01;
    }
}


sub url {
    my ($self, $database) = @_;

    return "redis://127.0.0.1:$self->{port}/" . ($database // '');
}


# -- What may happen to it

sub suspend { kill 'STOP', $_[0]{pid} }
sub resume { kill 'CONT', $_[0]{pid} }


sub kill {
    my ($self) = @_;

    my $pid = delete $self->{pid} or return;

    delete $self->{link};
    CORE::kill('KILL', $pid);
    CORE::kill('CONT', $pid);
    waitpid $pid, 0;
}


sub stop { $_[0]->kill }


sub DESTROY {
    my ($self) = @_;

    local ($?, $!);

    $self->kill if $self->{owner} == $$;
}


# -- Asking it

# The answer: a string, a number, undef, or an array; an error dies.  A Sentinel
# that makes another engine the master cuts all clients of both, also between
# two calls of ours: such a link is made anew.

sub call {
    my ($self, @words) = @_;

    my $link = delete $self->{link};

    # one that was cut has something to be read: its end
    if ($link && !IO::Select->new($link)->can_read(0)) {
        my $answer = eval { $self->exchange($link, @words) };

        return $answer if $@ eq '';
        die $@ if $@ !~ /has closed the connection/;
    }

    return $self->exchange($self->connect, @words);
}


# The link is kept when there was an answer.

sub exchange {
    my ($self, $link, @words) = @_;

    local $SIG{PIPE} = 'IGNORE';

    print $link '*' . @words . "\r\n"
        . join '', map { '$' . length($_) . "\r\n$_\r\n" } @words;

    my $answer = eval { $self->answer($link) };
    my $error = $@;

    $self->{link} = $link if $error !~ /has closed the connection/;
    die $error if $error ne '';

    return $answer;
}


# The same, but undef where call() dies.

sub ask {
    my ($self, @words) = @_;

    return scalar eval { $self->call(@words) };
}


sub connect {
    my ($self) = @_;

    my $link = IO::Socket::UNIX->new(Peer => $self->{socket})
        or die "cannot connect to $self->{socket}: $!\n";

    $self->exchange($link, 'AUTH', $self->{password})
        if defined $self->{password};

    return $link;
}


sub answer {
    my ($self, $link) = @_;

    local $/ = "\r\n";

    my $line = readline $link;

    die "the engine has closed the connection\n" if !defined $line;

    my ($kind, $text) = $line =~ /^(.)(.*)\r\n\z/s;

    return $text if $kind eq '+' || $kind eq ':';
    die "$text\n" if $kind eq '-';
    return undef if $text < 0;
    return [ map { $self->element($link) } 1 .. $text ] if $kind eq '*';

    read $link, my $bytes, $text + 2;

    return substr $bytes, 0, $text;
}


# An error among the elements of an array is an element.

sub element {
    my ($self, $link) = @_;

    my $value = eval { $self->answer($link) };

    return $@ eq '' ? $value : $@ =~ s/\n\z//r;
}


# A script of src/store/lua: [KEYS], [ARGV].

sub script {
    my ($self, $name, $keys, $args) = @_;

    my $text = $self->{scripts}{$name} //= do {
        my $path = "$Keygate::root/src/store/lua/$name.lua";

        open my $f, '<', $path or die "$path: $!\n";
        local $/;
        <$f>;
    };

    return $self->call('EVAL', $text, scalar @$keys, @$keys, @$args);
}


# -- Several of them

# A replica that hears from this one through a relay of its own, and has all
# that is here by the time this returns.

sub replica {
    my ($self, %o) = @_;

    my $relay = Keygate::Relay->start($self->{port});
    my $replica = ref($self)->start(%o, relay => $relay,
        password => $self->{password},
        conf => ($o{conf} // '') . "replicaof 127.0.0.1 $relay->{port}\n");

    $replica->wait_for(sub {
        ($replica->ask('INFO', 'replication') // '')
            =~ /^master_link_status:up/m
    }) or die "the replica does not follow: see $replica->{dir}\n";

    return $replica;
}


sub promote {
    my ($self) = @_;

    $self->{conf} =~ s/^replicaof .*\n//mg;

    return $self->call('REPLICAOF', 'NO', 'ONE');
}


# So many Sentinels of a master, which agree by majority and know its replicas
# by the time this returns; what else start() takes.

sub sentinels {
    my ($class, $name, $master, $n, %o) = @_;

    my $quorum = int($n / 2) + 1;
    my $auth = defined $master->{password}
        ? "sentinel auth-pass $name $master->{password}\n" : '';

    $auth .= "sentinel sentinel-pass $o{password}\n" if defined $o{password};

    my @sentinels = map {
        $class->start(%o, sentinel => 1, conf => <<"END")
sentinel monitor $name 127.0.0.1 $master->{port} $quorum
sentinel down-after-milliseconds $name 1000
sentinel failover-timeout $name 5000
$auth
END
    } 1 .. $n;

    for my $sentinel (@sentinels) {
        $sentinel->wait_for(sub {
            my %is = @{$sentinel->ask('SENTINEL', 'MASTER', $name) // []};

            ($is{'num-other-sentinels'} // 0) == $n - 1
                && $is{'num-slaves'} && $is{flags} eq 'master'
        }) or die "the Sentinels do not meet: see $sentinel->{dir}\n";
    }

    return \@sentinels;
}


# Where Sentinels say that the master is, once all say the same and it is not
# "not": a port.  One that was stopped for two seconds by a busy machine does
# nothing for half a minute.

sub named {
    my ($class, $name, $sentinels, $not) = @_;

    my $port;

    $sentinels->[0]->wait_for(sub {
        my %ports = map {
            (($_->ask('SENTINEL', 'get-master-addr-by-name', $name) // [])->[1]
             // '') => 1
        } @$sentinels;

        ($port) = keys %ports;
        keys %ports == 1 && $port && $port != $not
    }, 180) or die "the Sentinels do not agree\n", map { $_->said } @$sentinels;

    return $port;
}


# The end of what an engine has logged.

sub said {
    my ($self) = @_;

    open my $f, '<', "$self->{dir}/log" or return "$self->{dir}/log: $!\n";

    my @lines = <$f>;

    return @lines > 20 ? @lines[-20 .. -1] : @lines;
}


# So many masters with all slots between them.  The bus of a node listens on
# another port, which is taken from the same range.

sub cluster {
    my ($class, $n, %o) = @_;

    my @nodes = map {
        $class->start(%o, cluster => 1,
            conf => 'cluster-port ' . Keygate::free_port() . "\n")
    } 1 .. $n;

    my $share = int(16384 / $n);

    for my $i (0 .. $#nodes) {
        my $last = $i == $#nodes ? 16383 : ($i + 1) * $share - 1;

        $nodes[$i]->call('CLUSTER', 'ADDSLOTSRANGE', $i * $share, $last);
        $nodes[$i]->call('CLUSTER', 'SET-CONFIG-EPOCH', $i + 1);
    }

    for my $node (@nodes[1 .. $#nodes]) {
        my ($bus) = $nodes[0]{conf} =~ /cluster-port (\d+)/;

        $node->call('CLUSTER', 'MEET', '127.0.0.1', $nodes[0]{port}, $bus);
    }

    for my $node (@nodes) {
        $node->wait_for(sub {
            my $info = $node->ask('CLUSTER', 'INFO') // '';

            $info =~ /^cluster_state:ok/m
                && $info =~ /^cluster_known_nodes:$n\r/m
        }) or die "the cluster does not form: see $node->{dir}\n";
    }

    return \@nodes;
}


# -- TLS

# A CA, and a certificate of "localhost" and 127.0.0.1 that it has signed;
# {ca} is the CA's file, {tls} the port.

sub tls_files {
    my ($self) = @_;

    my $dir = $self->{dir};

    $self->{tls} = Keygate::free_port();
    $self->{ca} = "$dir/ca.crt";

    open my $f, '>', "$dir/ext" or die "$dir/ext: $!\n";
    print $f 'subjectAltName=DNS:localhost,IP:127.0.0.1';
    close $f;

    for my $command (
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2"
            . " -subj /CN=CA -keyout $dir/ca.key -out $dir/ca.crt",
        "req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"
            . " -subj /CN=localhost -keyout $dir/server.key"
            . " -out $dir/server.csr",
        "x509 -req -in $dir/server.csr -CA $dir/ca.crt -CAkey $dir/ca.key"
            . " -CAcreateserial -days 2 -extfile $dir/ext"
            . " -out $dir/server.crt")
    {
        system("openssl $command >$dir/openssl 2>&1") == 0
            or die "openssl $command: see $dir/openssl\n";
    }
}


1;

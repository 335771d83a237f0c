#!/usr/bin/perl

# An engine, a Sentinel, a node of a cluster that answers anything at all: the
# link to it ends, and nothing else does.  Keys are answered as before, the log
# tells, and afterwards all is well.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use Test::More;

use IO::Select;
use IO::Socket::INET;
use POSIX ();

use Keygate;
use Keygate::Admin;
use Keygate::Nodes;
use Keygate::Store;

plan skip_all => 'no redis-server here' if !Keygate::Store->available;

my $store = Keygate::Store->start(data => 1);
my $mode = "$store->{dir}/mode";
my $nobody = Keygate::free_port();


# What is said to whatever is asked: bytes, or code that gives them.

my $self = 0;

my %says = (
    nothing => '',
    'no protocol' => "HTTP/1.1 400 Bad Request\r\n\r\n",
    'a bulk without end' => "\$9223372036854775807\r\nab",
    'a bulk of a gigabyte' => '$1073741824' . "\r\n" . 'x' x 100_000,
    'too many elements' => "*1000000000\r\n",
    'arrays without end' => "*1\r\n" x 100_000,
    'a line without end' => '+' . 'x' x 9_000_000,
    'nil' => "*-1\r\n",
    'a number' => ":-9223372036854775808\r\n",
    'an array of nothing' => "*0\r\n",
    'a place that is none' => "-MOVED 99999 127.0.0.1:1\r\n",
    'loading' => "-LOADING Redis is loading the dataset in memory\r\n",
    'its master is down' => "-MASTERDOWN Link with MASTER is down and "
        . "replica-serve-stale-data is set to 'no'.\r\n",
    'the cluster is down' => "-CLUSTERDOWN Hash slot not served\r\n",
    'TLS' => "\x15\x03\x03\x00\x02\x02\x46",
    'an error' => "-ERR \x01\x1b[31mred\x7f\r\n",
    'a status' => "+PONG\r\n",
    'an array of all sorts' => "*6\r\n:1\r\n\$-1\r\n*-1\r\n+a\r\n-b\r\n*1\r\n"
        . "\$1\r\nx\r\n",
    'more than was asked' => "+OK\r\n" x 1000,
    'another place' => "-MOVED 1 127.0.0.1:$nobody\r\n",
    'its own place' => sub { "-MOVED $self\r\n" },
    'try again' => "-TRYAGAIN soon\r\n",
    'an address that is none' => "*2\r\n\$2\r\na\0\r\n\$5\r\n99999\r\n",
);


sub say_now {
    my ($what) = @_;

    open my $f, '>', "$mode.new" or die "$mode.new: $!\n";
    print $f $what;
    close $f;
    rename "$mode.new", $mode or die "$mode: $!\n";
}


sub now {
    open my $f, '<', $mode or return 'pass';

    return scalar(<$f>) // 'pass';
}


# One connection: it ends when there is something else to be said.

sub serve {
    my ($client) = @_;

    my $what = now();
    my $engine;

    my $select = IO::Select->new($client);

    if ($what eq 'pass') {
        $engine = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
                                        PeerPort => $store->{port}) or return;
        $select->add($engine);
    }

    while (now() eq $what) {
        for my $socket ($select->can_read(0.05)) {
            my $n = sysread $socket, my $bytes, 65536;

            return if !$n;

            if ($bytes =~ /get-master-addr-by-name/ && $what eq 'pass') {
                my $port = $store->{port};

                syswrite $client, "*2\r\n\$9\r\n127.0.0.1\r\n\$"
                    . length($port) . "\r\n$port\r\n";

            } elsif ($what eq 'pass') {
                print {$socket == $client ? $engine : $client} $bytes;

            } else {
                my $answer = $says{$what};

                print $client ref $answer ? $answer->() : $answer;
            }
        }
    }
}


sub hostile {
    my $listen = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 99)
        or die "cannot listen: $!\n";
    my $pid = fork // die "fork: $!\n";

    return ($listen->sockport, $pid) if $pid;

    POSIX::setpgid(0, 0);
    $SIG{CHLD} = 'IGNORE';
    $SIG{PIPE} = 'IGNORE';
    $self = '2915 127.0.0.1:' . $listen->sockport;

    while (1) {
        my $client = $listen->accept or next;

        $client->autoflush(1);

        if (!fork) {
            serve($client);
            POSIX::_exit(0);
        }
    }
}


say_now('pass');

my ($port, $pid) = hostile();

END { local $?; kill 'KILL', -$pid if $pid }

my @o = (server => "127.0.0.1:$port");
my %nodes = (
    engine => node($store, 'engine', @o, store => 'timeout 200ms;'),
    cluster => node($store, 'cluster', @o,
        store => 'cluster on; timeout 200ms;'),
    sentinel => node($store, 'sentinel', @o,
        store => 'sentinel m; timeout 200ms;'),
);
my @nodes = map { $nodes{$_} } sort keys %nodes;
my ($id, $key) = made($nodes[0], 'live');
my ($gone_id, $gone) = made($nodes[0], 'gone');

is admin($nodes[0], 'POST', "/keys/$gone_id/revoke?wait=5s")
    ->json->{receipt}{applied}, 3, 'one is revoked on all of them';

# Whether it is followed.

sub up {
    return $_[0]->get('/metrics', port => $_[0]->port('ADMIN'))->{body}
        =~ /^keygate_store_up\{zone="keys"\} 1$/m;
}


for my $what (sort keys %says) {
    subtest $what => sub {
        my %before = map { $_ => length $nodes{$_}->read_file('error.log') }
            keys %nodes;

        say_now($what);

        # those who have found their master go there
        for my $name ('engine', 'cluster') {
            my $t = $nodes{$name};

            ok $t->wait_for(sub {
                substr($t->read_file('error.log'), $before{$name})
                    =~ /cannot follow: [^\n\x00-\x1f\x7f]+; its keys stay/
            }), "the log of the $name tells"
                or diag substr $t->read_file('error.log'), $before{$name};
        }

        for my $t (@nodes) {
            is $t->status('/v1/items', key => $key), 200, 'live';
            is $t->status('/v1/items', key => $gone), 401, 'revoked';
        }

        like admin($nodes{engine}, 'PATCH', "/keys/$id", { name => $what })
            ->{status}, qr/^503$/, 'no changes';

        say_now('pass');

        for my $t (@nodes) {
            ok $t->wait_for(sub {
                admin($t, 'PATCH', "/keys/$id", { name => "x$what" })
                    ->{status} == 200
            }), 'changes again';
            ok $t->wait_for(sub { up($t) }), 'and all is well';
        }
    };
}

subtest 'a Sentinel' => sub {
    for my $what ('nothing', 'an error', 'an address that is none')
    {
        my $t = node($store, 'new', @o, store => 'sentinel m; timeout 200ms;');

        $t->wait_for(sub { admin($t, 'GET', "/keys/$id")->{status} == 200 });
        $t->stop;
        say_now($what);
        $t->start;
        ok says($t, qr/cannot follow: /), "that says $what";
        is $t->status('/v1/items', key => $key), 200, 'live';
        is $t->status('/v1/items', key => $gone), 401, 'revoked';
        say_now('pass');
        $t->done;
    }
};

kill 'KILL', -$pid;
waitpid $pid, 0;
undef $pid;
$_->done for @nodes;

#!/usr/bin/perl

# "make run NODES=3": so many gateways for Cooledge that share a store, in the
# foreground, with an engine of their own.  The arguments are the build
# directory, how many, and, for the test of this, what to add to all ports.

use strict;
use warnings;

use Cwd qw(abs_path);
use Digest::SHA qw(sha256_hex);
use IO::Socket::INET;
use POSIX ();

use Keygate::Demo;

my $build = abs_path($ARGV[0] // "$demo_root/build");
my $nodes = $ARGV[1] // 3;
my $shift = $ARGV[2] // demo_port();
my $dir = "$build/nodes" . ($shift || '');
my $engine = $ENV{TEST_REDIS_SERVER} || '/usr/bin/redis-server';
my $keygate = "$build/keygate";
my $store = "unix:$dir/engine.sock";
my @conf = qw(nodes cooledge handlers);
my $patience = 30;
my @gateways;

die "NODES: expected 2 to 9: $nodes\n" if $nodes !~ /^[2-9]$/;

umask 0077;
mkdir $dir;

demo_taken($shift + 100 * $_, $shift + 8080, @conf) for 0 .. $nodes - 1;

# what an earlier run has left: all of this is made anew
engine_end();
system('rm', '-rf', glob("$dir/engine.* $dir/append* $dir/node*"));


# The engine goes by its own file, so that it can be ended and started again by
# hand.  It is gone when this returns: it takes its socket away as it ends.

sub engine_end {
    open my $f, '<', "$dir/engine.pid" or return;
    chomp(my $pid = <$f> // '');
    return if $pid !~ /^\d+$/;

    soon(sub { !kill 'TERM', $pid });
}


sub end {
    my ($code) = @_;

    kill 'QUIT', @gateways;
    waitpid $_, 0 for @gateways;
    engine_end();

    exit $code;
}


sub soon {
    my ($sub) = @_;

    for (1 .. $patience * 50) {
        return 1 if $sub->();
        select undef, undef, undef, 0.02;
    }

    return 0;
}


sub must {
    my ($what, @command) = @_;

    return if system(@command) == 0;

    warn "$what: it failed: see above, and $dir\n";
    end(1);
}


# Whether a node follows the store, and knows of the others.

sub together {
    my ($port) = @_;

    my $socket = IO::Socket::INET->new("127.0.0.1:$port") or return;

    print $socket "GET /metrics HTTP/1.0\r\n\r\n";

    return grep { /^keygate_store_nodes\{.*\} $nodes$/ } <$socket>;
}


$SIG{INT} = $SIG{TERM} = sub { end(0) };

# -- The engine, whose socket is for nobody else, and the records in it

demo_file("$dir/engine.conf", <<"END");
port 0
unixsocket $dir/engine.sock
unixsocketperm 700
dir $dir
pidfile $dir/engine.pid
daemonize yes
logfile $dir/engine.log
save ""
appendonly yes
END

must($engine, $engine, "$dir/engine.conf");

my $journal = demo_journal($dir, 'cooledge');

demo_account($journal, 'cooledge');

my $key = demo_key($journal, 'cooledge', 'ck_live_',
                   qw(customers:read jobs:read));
my $admin = demo_token();

soon(sub { -S "$dir/engine.sock" });
must('keygate store push', $keygate, qw(store push --quiet --zone cooledge),
     '--store', $store, '--journal', "$dir/cooledge.jsonl");
unlink "$dir/cooledge.jsonl";

# -- The gateways, with a directory each

for my $i (0 .. $nodes - 1) {
    my $node = "$dir/node" . ($i + 1);

    mkdir $node;
    demo_file("$node/admin.sha256", sha256_hex($admin) . "\n");

    my $includes = demo_conf($node, $shift + 100 * $i, \@conf, sub {
        return $_[0] =~ s/^(keygate_zone [^;]*)/$1 store=main wait=1s/mr
            =~ s/^\s+server \K\s+127[^;]*:\d+;(?=\n\s+node)/ $store;/mr
            =~ s/node\s+\Kedge-1/'edge-' . ($i + 1)/er;
    });
    my @command = demo_nginx($node, $build, $includes);
    my $pid = fork // die "fork: $!\n";

    if ($pid == 0) {
        # so that Ctrl-C is for who ends them all
        POSIX::setpgid(0, 0);
        exec @command or POSIX::_exit(127);
    }

    push @gateways, $pid;
}

for my $i (0 .. $nodes - 1) {
    my $port = $shift + 8090 + 100 * $i;

    soon(sub { together($port) }) or must("edge-" . ($i + 1), 'false');
}

# -- What to try

my $last = 8080 + 100 * ($nodes - 1);
my $ports = join ' ', map { $shift + 8080 + 100 * $_ } 0 .. $nodes - 1;
my $where = join ', ', map { '127.0.0.1:' . (8080 + 100 * $_) } 0 .. $nodes - 1;

$| = 1;
print demo_ports(<<"END", $shift);

Cooledge on $where, with one store.
The admin API of each is at its port and ten.

  200, on the first and on the last, by the same key and one limit:
    curl -i http://127.0.0.1:8080/api/v1/customers -H "X-Api-Key: $key"
    curl -i http://127.0.0.1:$last/api/v1/customers -H "X-Api-Key: $key"

  201, a key made on the first; the receipt tells which nodes have it:
    made=`curl -s 'http://127.0.0.1:8090/cooledge/keys?wait=5s' \\
      -H "Authorization: Bearer $admin" \\
      -H "Content-Type: application/json" \\
      -d '{"account":"biz_8f2a1c9e","name":"Zapier","scopes":["jobs:read"]}'`
    id=`echo "\$made" | sed 's/.*"id":"\\([^"]*\\).*/\\1/'`
    secret=`echo "\$made" | sed 's/.*"secret":"\\([^"]*\\).*/\\1/'`
    echo "\$made"

  200, where it is used on another one:
    curl -i http://127.0.0.1:8180/api/v1/jobs -H "X-Api-Key: \$secret"

  200: it is revoked on the last, and no node admits it from then on:
    curl -i -X POST -H "Authorization: Bearer $admin" \\
      http://127.0.0.1:@{[ $last + 10 ]}/cooledge/keys/\$id/revoke

  401, on the first:
    curl -i http://127.0.0.1:8080/api/v1/jobs -H "X-Api-Key: \$secret"

  who is there:
    $keygate nodes --store $store --zone cooledge

  the engine goes away, and nothing happens to traffic; changes are 503:
    redis-cli -s $dir/engine.sock shutdown
    curl -i http://127.0.0.1:8180/api/v1/me -H "X-Api-Key: $key"
    curl -i -X POST -H "Authorization: Bearer $admin" \\
      http://127.0.0.1:8090/cooledge/keys/@{[ $key =~ /(.*)_/ ]}/revoke

  and comes back:
    $engine $dir/engine.conf

  120 requests a minute over all of them, then 429:
    for i in `seq 50`; do for port in $ports; do \\
      curl -s -o /dev/null -w '%{http_code} ' -H "X-Api-Key: $key" \\
      http://127.0.0.1:\$port/api/v1/jobs; done; done; echo

The journals and logs are in $dir.  Ctrl-C stops it all.

END

# a gateway that is ended, to see what the others do, ends nothing else
waitpid $_, 0 for @gateways;
end(0);

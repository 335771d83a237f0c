#!/usr/bin/perl

# keygate_recheck and a real client of gRPC: two streams of one connection, of
# which the one ends whose key is revoked.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use POSIX ();
use Test::More;

use Keygate;
use Keygate::Items;

plan skip_all => 'no python3-grpcio'
    if system("/usr/bin/python3 -c 'import grpc' 2>/dev/null") != 0;

# before nginx 1.25.1 a port that has HTTP/2 has nothing else

my $t = Keygate->new(conf => items_api(only => 1,
    routes => "route POST /ticks.Ticks/Run any;\n") . <<'E');
    log_format streams '$keygate_key_id $connection';
    access_log %%DIR%%/streams.log streams;

    server {
        listen 127.0.0.1:%%PORT%% http2;
        keygate items;
        keygate_recheck 100ms;
        location / { grpc_pass grpc://127.0.0.1:%%TICKS%%; }
    }
E

my ($one, $two) = map { $t->key(id => "tk_$_") } qw(STREAM OTHERS);

$t->write_file('ticks.py', <<'PY');
import sys, time, threading
from concurrent import futures
import grpc

def server(port):
    def run(request, context):
        n = 0
        while context.is_active():
            n += 1
            yield b'%d' % n
            time.sleep(0.02)

    class Ticks(grpc.GenericRpcHandler):
        def service(self, details):
            return grpc.unary_stream_rpc_method_handler(run)

    s = grpc.server(futures.ThreadPoolExecutor(max_workers=8))
    s.add_generic_rpc_handlers((Ticks(),))
    s.add_insecure_port('127.0.0.1:' + port)
    s.start()
    print('ready', flush=True)
    s.wait_for_termination()

def client(port, keys):
    channel = grpc.insecure_channel('127.0.0.1:' + port)

    def run(n, key):
        call = channel.unary_stream('/ticks.Ticks/Run')
        try:
            for tick in call(b'', metadata=[('x-api-key', key)], timeout=60):
                print(n, 'tick', tick.decode(), flush=True)
            print(n, 'whole', flush=True)
        except grpc.RpcError as e:
            print(n, 'ended', e.code().name, flush=True)

    threads = [threading.Thread(target=run, args=a) for a in enumerate(keys)]
    for t in threads: t.start()
    for t in threads: t.join()

if sys.argv[1] == 'server':
    server(sys.argv[2])
else:
    client(sys.argv[2], sys.argv[3:])
PY

my @pids;

# A python in the background, and the name of what it says.

sub python {
    my ($name, @args) = @_;

    my $pid = fork // die "fork: $!\n";

    if ($pid == 0) {
        open STDOUT, '>', "$t->{dir}/$name";
        open STDERR, '>', "$t->{dir}/$name.err";
        exec '/usr/bin/python3', "$t->{dir}/ticks.py", @args
            or POSIX::_exit(127);
    }

    push @pids, $pid;
}


# Whether that many more ticks come on a stream.

sub ticks {
    my ($n, $more) = @_;

    my $seen = sub { scalar(() = $t->read_file('client') =~ /^$n tick/mg) };
    my $now = $seen->();

    return $t->wait_for(sub { $seen->() >= $now + $more });
}


sub revoke {
    my ($id, $key) = @_;

    $t->append($t->key_line(id => $id, account => 'acc_1', scopes => [],
        digest => $t->digest($key), revoked_at => '2026-11-01T00:00:00Z'));
}


END {
    local $?;

    kill 'KILL', @pids;
    waitpid $_, 0 for @pids;
}

python('server', 'server', $t->port('TICKS'));
$t->wait_for(sub { $t->read_file('server') =~ /ready/ })
    or die "no service of gRPC\n";
$t->start;
python('client', 'client', $t->port, $one, $two);

ok(ticks(0, 3) && ticks(1, 3), 'two streams');
revoke('tk_STREAM', $one);
ok($t->wait_for(sub { $t->read_file('client') =~ /^0 ended INTERNAL$/m }),
   'the one whose key is revoked ends, with an error');
ok(ticks(1, 25), 'the other goes on');
unlike($t->read_file('client'), qr/^1 ended/m, 'by all means');
revoke('tk_OTHERS', $two);
ok($t->wait_for(sub { $t->read_file('client') =~ /^1 ended INTERNAL$/m }),
   'until its own key is revoked');
ok($t->wait_for(sub {
    my %c = $t->read_file('streams.log') =~ /^(tk_\w+) (\d+)$/mg;
    keys %c == 2 && $c{tk_STREAM} == $c{tk_OTHERS}
}), 'they were of one connection');

$t->done;

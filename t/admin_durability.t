#!/usr/bin/perl

# An acknowledged change is on disk and in force; any other is there whole or
# not at all: under many writers, killed workers, a full disk, failed syncs, a
# full zone.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use POSIX ();
use Test::More;
use Time::HiRes qw(sleep time);

use Keygate;
use Keygate::Admin;
use Keygate::Writers;

my $t = Keygate->new(workers => 2, conf => admin_conf(
    zone => "keygate_zone keys:64m journal=keys.jsonl;\n"));

my $f = Keygate->new(workers => 2, conf => admin_conf(
    zone => "keygate_zone keys:128k journal=keys.jsonl;\n"));

# long enough for a worker to answer before it is killed
my $slow = $Keygate::Server::reloads ? 10 : 1;

admin_token($t);
$t->account(id => "acc_$_", name => "Account $_", plan => 'pro') for 1 .. 8;
$t->start;

my $head = "Host: x\r\nAuthorization: Bearer $Keygate::Admin::token\r\n"
    . "Content-Type: application/json\r\n";


my (%made, %status, @order, @last);
my (%mine, %asked, %revoked);


# The next request of a connection: a new key or, of every fourth one, every
# other time, the end of the key that it has made before.

sub request {
    my ($i) = @_;

    my $id = delete $mine{$i};
    my $path = defined $id ? "/keys/$id/revoke" : '/keys';
    my $body = defined $id ? '' : '{"account":"acc_' . (1 + $i % 8)
        . '","name":"w","scopes":["items:read"]}';

    $asked{$id} = 1 if defined $id;

    return "POST /admin$path HTTP/1.1\r\n${head}Content-Length: "
        . length($body) . "\r\n\r\n$body";
}

sub answer {
    my ($status, $body, $i) = @_;

    my ($id) = $body =~ /"id":"(\w+)"/;

    $status{$status}++;
    $revoked{$id} = 1 if $status == 200;
    return if $status != 201;

    ($made{$id}) = $body =~ /"secret":"(\w+)"/;
    $mine{$i} = $id if $i % 4 == 0;
    push @order, $id;
}

sub forget {
    %made = %status = %mine = %asked = %revoked = @order = ();
}

# The ids of all keys in the journal; lines are looked at, not parsed, for
# there are tens of thousands.

sub ids {
    my %id;

    $id{$_} = 1 for $t->read_file('keys.jsonl') =~ /^\{"key":\{"id":"(\w+)"/mg;

    return \%id;
}

# How many keys the journal does not have, and of some how many the gate does
# not treat as it should.  Whether a key is revoked whose revocation was asked
# for but not acknowledged, nobody knows.

sub lost {
    my (@some) = @_;

    my $id = ids();
    my $missing = grep { !$id->{$_} } keys %made;
    my ($client, $n, $wrong) = (undef, 0, 0);

    for my $id (grep { defined } @some) {
        next if $asked{$id} && !$revoked{$id};

        $client = $t->client if $n++ % 500 == 0;
        $client->send("GET /v1/items HTTP/1.1\r\nHost: x\r\n"
            . "X-Api-Key: $made{$id}\r\n\r\n");
        my $r = $client->response;

        $wrong++ if !$r || $r->{status} != ($revoked{$id} ? 401 : 200);
    }

    return "$missing $wrong";
}


# -- Group commit

my $begun = time;

Keygate::Writers->run(port => $t->port('ADMIN'), n => 64, seconds => 2 * $slow,
    request => \&request, answer => \&answer);

my $rate = (keys(%made) + keys(%revoked)) / (time - $begun);
my ($batches) = $t->get('/metrics', port => $t->port('ADMIN'))->{body}
    =~ /^keygate_journal_writes_total\S* (\d+)/m;

diag(sprintf '64 writers: %.0f changes a second, %.1f to a sync', $rate,
    $rate * (time - $begun) / ($batches || 1));

is($status{201}, scalar keys %made, 'all are made, no two alike');
is(join(' ', sort keys %status), '200 201', 'and some revoked again');
cmp_ok($batches, '<', keys %made, 'many share a sync');

is(lost((keys %made)[0 .. 499], (keys %revoked)[0 .. 99]), '0 0',
    'all are in the journal and in force');


# -- Killed workers

my $kills = 0;
my $next = time + 0.1;

my $let_in = 0;
my $dead = 'tk_WRONG0_' . 'x' x 24;

forget();
$t->allow(qr/exited on signal 9/, qr/worker process \d+ exited/,
    qr/shared memory zone "keys" was locked by/);

Keygate::Writers->run(port => $t->port('ADMIN'), n => 64,
    seconds => $ENV{TEST_KILL_SECONDS} // 4 * $slow,
    request => \&request, answer => \&answer, tick => sub {
        return if time < $next;

        my @workers = $t->workers;

        $let_in++ if ($t->get('/v1/items', key => $dead) || { status => 0 })
                     ->{status} == 200;

        if (@workers) {
            kill 'KILL', $workers[rand @workers];
            $kills++;
            push @last, @order > 20 ? @order[-20 .. -1] : ();
        }

        $next = time + 0.01 + rand 0.1 * $slow;
    });

ok($t->wait_for(sub { $t->workers == 2 }), 'all workers are back');
cmp_ok($kills, '>', 10 / $slow, "$kills workers were killed");
cmp_ok(scalar keys %made, '>', 100, keys(%made) . ' keys were made meanwhile');
is(join(' ', sort keys %status), '200 201', 'no other answer was given');
is($let_in, 0, 'nobody was let in wrongly');
is(lost(@last, keys %revoked), '0 0',
    'every acknowledged change is there and in force');

my $bad = grep { length && !/^\{"(key|account)":\{"id":"\w+",.*\}\}$/ }
          split /\n/, $t->read_file('keys.jsonl');

cmp_ok($bad, '<=', $kills, "$bad torn lines at most one a kill");

my ($rejected) = $t->get('/metrics', port => $t->port('ADMIN'))->{body}
    =~ /^keygate_journal_rejected_lines_total\S* (\d+)/m;
is($rejected, $bad, 'and nothing else was skipped');

is(admin($t, 'PUT', '/accounts/acc_9', { name => 'After' })->{status}, 201,
    'no lock is held');

$t->stop;
$t->start;
is(lost(@last, keys %revoked), '0 0',
    'nor after a restart is anything missing');


# -- A full disk, a failed sync

my $strace = (grep { -x "$_/strace" } qw(/usr/bin /usr/local/bin))[0];

# Runs the sub with faults injected into what both workers do to the journal.

sub with_fault {
    my ($fault, $sub) = @_;

    my @workers = $t->workers;
    my ($call) = $fault =~ /^(\w+)/;

    unlink "$t->{dir}/strace.err";

    my $pid = fork // die "fork: $!\n";

    if ($pid == 0) {
        open STDERR, '>', "$t->{dir}/strace.err";
        exec "$strace/strace", '-f', (map { ('-p', $_) } @workers),
            '-o', "$t->{dir}/strace.out", '-P', "$t->{dir}/keys.jsonl",
            '-e', "trace=$call", '-e', "inject=$fault"
            or POSIX::_exit(127);
    }

    my $ready = $t->wait_for(sub {
        my %seen = $t->read_file('strace.err') =~ /Process (\d+) (attached)/g;
        @workers == grep { $seen{$_} } @workers
            or waitpid($pid, POSIX::WNOHANG()) == $pid
    }, 5);

    $sub->() if $ready && kill 0, $pid;

    kill 'INT', $pid;
    waitpid $pid, 0;

    return $ready;
}

my $works = $strace && with_fault('fdatasync:error=EIO:when=999', sub { });

SKIP: {
    skip 'strace is not installed or may not attach', 1
        if !$works || $t->read_file('strace.err') =~ /not permitted/;

    for (['write:error=ENOSPC', '507 insufficient_storage'],
        ['write:error=EIO', '503 service_unavailable'],
        ['write:retval=1', '503 service_unavailable'],
        ['fdatasync:error=EIO', '503 service_unavailable'],
        ['fdatasync:error=ENOSPC', '507 insufficient_storage'])
    {
        my ($fault, $expected) = @$_;
        my ($id) = grep { !$asked{$_} } keys %made;
        my $before = $t->read_file('keys.jsonl');
        my @r;

        with_fault($fault, sub {
            push @r, admin($t, 'POST', '/keys', { account => 'acc_1',
                name => $fault, scopes => [] });
            push @r, admin($t, 'POST', "/keys/$id/revoke");
            push @r, $t->get('/v1/items', key => $made{$id});
        });

        is(problem_is($r[0]), $expected, "$fault: the change is refused");
        is($r[1] && $r[1]->{status}, $r[0] && $r[0]->{status},
            'the next one too');
        is($r[2] && $r[2]->{status}, 200, 'traffic goes on');
        ok($t->read_file('keys.jsonl') eq $before,
            'the journal is as before');

        my $r = admin($t, 'POST', '/keys', { account => 'acc_1',
            name => 'next', scopes => ['items:read'] });

        is($r->{status}, 201, 'when that is over, changes are taken again');
        is($t->status('/v1/items', key => $r->json->{secret}), 200,
            'and in force');
    }

    like($t->read_file('error.log'),
        qr/\[crit\].*changes were refused, cannot write the journal/,
        'the log says so');
}


# -- A journal that is away

rename "$t->{dir}/keys.jsonl", "$t->{dir}/away";
mkdir "$t->{dir}/keys.jsonl";
$t->allow(qr/cannot follow/);

my $r = admin($t, 'POST', '/keys', { account => 'acc_1', name => 'x',
    scopes => [] });
is(problem_is($r), '503 service_unavailable', 'a directory is no journal');
my ($alive) = grep { !$asked{$_} } keys %made;

is($t->status('/v1/items', key => $made{$alive}), 200,
    'keys stay as they are');

rmdir "$t->{dir}/keys.jsonl";

# a new one in its place would be the end of all keys

for my $request (
    [ 'POST', '/keys', { account => 'acc_1', name => 'x', scopes => [] } ],
    [ 'POST', '/keys', { account => 'acc_x', name => 'x', scopes => [] } ],
    [ 'PUT', '/accounts/acc_9', { name => 'Nine' } ],
    [ 'POST', "/keys/$alive/revoke" ],
    [ 'DELETE', "/keys/$alive" ],
    [ 'GET', "/keys/$alive" ],
    [ 'GET', '/keys' ],
)
{
    is(problem_is(admin($t, @$request)), '503 service_unavailable',
        "a journal that is missing: $request->[0] $request->[1]");
}

ok(!-e "$t->{dir}/keys.jsonl", 'and none is made');
is($t->status('/v1/items', key => $made{$alive}), 200, 'keys stay');

sub reloads {
    my $r = $t->get('/metrics', port => $t->port('ADMIN'));

    return $r && $r->{body} =~ /^keygate_reloads_total\S* (\d+)/m ? $1 : -1;
}

my $reloads = reloads();

kill 'HUP', $t->{master};
ok($t->wait_for(sub { reloads() == $reloads + 1 }), 'a reload');
like($t->read_file('error.log'), qr/\[error\] .*the journal .* is missing/,
    'says that it is missing');
ok(!-e "$t->{dir}/keys.jsonl", 'without a new one');
is($t->status('/v1/items', key => $made{$alive}), 200, 'keys stay as they are');

rename "$t->{dir}/away", "$t->{dir}/keys.jsonl";
is(admin($t, 'POST', '/keys', { account => 'acc_1', name => 'x',
    scopes => [] })->{status}, 201, 'when it is back, all is well');

$t->{seen} = '';
$t->done;


# -- A full zone

admin_token($f);
$f->account(id => 'acc_1', name => 'One', plan => 'pro');
$f->start;
$f->allow(qr/\[alert\].*is full/);

my (@full, $first, $n);

for (1 .. 2000) {
    $r = admin($f, 'POST', '/keys', { account => 'acc_1', name => 'x',
        scopes => ['items:read'] });

    if ($r->{status} != 201) {
        push @full, problem_is($r);
        last if @full == 5;
        next;
    }

    $first //= $r->json;
    $n++;
}

is($full[-1], '507 insufficient_storage', "no room for more than $n keys");
is(scalar(() = $f->read_file('error.log') =~ /\[alert\]/g), 1,
    'which is one alert');
is($f->status('/v1/items', key => $first->{secret}), 200, 'traffic goes on');
is(admin($f, 'PATCH', "/keys/$first->{id}", { rates => ['9r/m'],
        addresses => ['127.0.0.0/8'] })->{status}, 200,
    'keys can still be changed');
is(admin($f, 'POST', "/keys/$first->{id}/revoke")->{status}, 200,
    'and revoked');
is($f->status('/v1/items', key => $first->{secret}), 401, 'which holds');
is(admin($f, 'DELETE', "/keys/$first->{id}")->{status}, 204, 'and deleted');
is(admin($f, 'POST', '/keys', { account => 'acc_1', name => 'x',
        scopes => ['items:read'] })->{status}, 201, 'there is room again');

$f->{seen} = '';
$f->done;

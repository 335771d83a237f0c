#!/usr/bin/perl

# The command on a store: records in a real engine, with the same answers and
# exit codes as in a journal; push, pull, epoch, nodes, watch.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use JSON::PP ();
use Test::More;

use Keygate;
use Keygate::Command;
use Keygate::Store;

plan skip_all => 'no keygate command is built'
    if !-x $Keygate::Command::binary;
plan skip_all => 'no redis-server here' if !Keygate::Store->available;

my $json = JSON::PP->new->utf8;
my $store = Keygate::Store->start(password => 'open-sesame');
my $c = Keygate::Command->new;
my $password = $c->write('password', "open-sesame\nanything\n");
my @at = ('--store', "unix:$store->{socket}", '--password-file', $password);


# Runs a command on the store: its output; the exit code is looked at.

sub ok_run {
    my ($code, @args) = @_;

    my $o = ref $args[-1] ? pop @args : {};
    my $r = $c->run(@args, @at, $o);

    is $r->{code}, $code, join ' ', 'keygate', @args
        or diag $r->{err};
    unlike $r->{out} . $r->{err}, qr/sesame/, '- no password';

    return $r;
}


sub put_account {
    ok_run(0, qw(account put acc --name Acme --plan growth));
}


subtest 'an engine with nothing in it' => sub {
    like ok_run(5, 'list')->{err}, qr/holds no keys of zone keys yet/,
        'says so';
    like put_account()->{err}, qr/was empty, and begins now/,
        'the first change begins';
};

my ($id, $secret);

subtest 'a key from its making to its end' => sub {
    my $r = ok_run(0, qw(create --account acc --name Zap --scope a:read));

    ($id) = $r->{out} =~ /^id +(tk_[A-Z0-9]{6})$/m;
    ($secret) = $r->{out} =~ /^secret +(\Q$id\E_\w{24})$/m;
    ok $secret, 'the credential is printed';

    is $json->decode(ok_run(0, 'show', $id, '--json')->{out})->{name}, 'Zap',
        'it is there';
    ok_run(0, 'set', $id, '--name', 'New');
    like ok_run(0, 'list')->{out}, qr/^\Q$id\E .*New/m, 'changed';
    unlike ok_run(0, 'rotate', $id, '--overlap', '1h')->{out},
        qr/\Q$secret\E/, 'another secret';
    ok_run(4, qw(account delete acc));
    ok_run(0, 'revoke', $id, '--wait', '1s');
    like ok_run(0, 'list')->{out}, qr/^\Q$id\E .*revoked/m, 'revoked';
    ok_run(3, 'revoke', 'tk_NOBODY');
    ok_run(3, 'create', '--account', 'nobody', '--name', 'x', '--scope', 'a');
};

subtest 'what lies in the engine' => sub {
    is $store->call('HGET', 'kg:{keys}:meta', 'seq'), 5, 'five changes';

    my @lines = map { $_->[1][3] }
        @{$store->call('XRANGE', 'kg:{keys}:log', '-', '+')};

    is @lines, 5, 'five lines';
    ok !(grep { index($_, $secret) >= 0 } @lines), 'no credential';
    like ok_run(0, 'store', 'check')->{out}, qr/^healthy$/m, 'in order';

    my @all = map { "kg:{keys}:rec:$_" } map { sprintf '%02x', $_ } 0 .. 255;

    $store->call('DEL', 'kg:{keys}:log');
    is $json->decode(ok_run(0, qw(list --json))->{out})->[0]{id}, $id,
        'a log that was trimmed is not missed';
    is scalar(grep { $store->call('HLEN', $_) } @all), 2, 'two buckets';
};

subtest 'pull, and push after the engine has forgotten' => sub {
    ok_run(0, 'store', 'pull', '--journal', $c->{journal});
    is $c->record($id)->{name}, 'New', 'the journal has it';

    $store->call('FLUSHALL');
    like ok_run(5, 'list')->{err}, qr/holds no keys/, 'forgotten';
    like ok_run(5, 'revoke', $id)->{err}, qr/holds no keys/,
        'a change of what was there is refused';

    ok_run(0, 'store', 'push', '--journal', $c->{journal});
    like ok_run(0, 'list')->{out}, qr/^\Q$id\E .*revoked/m, 'filled again';
    like ok_run(4, 'store', 'push', '--journal', $c->{journal})->{err},
        qr/not empty/, 'once';
    ok_run(0, 'store', 'push', '--merge', '--journal', $c->{journal});
    like ok_run(0, qw(store check))->{out}, qr/^healthy$/m, 'in order';
};

subtest 'revocation wins when a journal is merged' => sub {
    my $line = '{"key":{"id":"tk_MERGE1","account":"acc","name":"M",'
        . '"digest":"sha256:' . 'a' x 64 . '","scopes":[],'
        . '"created_at":"2026-11-01T09:00:00Z"%s}}';
    my $old = $c->write('old.jsonl', sprintf("$line\n", ''));
    my $new = $c->write('new.jsonl',
        sprintf("$line\n", ',"revoked_at":"2026-11-02T09:00:00Z"'));

    ok_run(0, 'store', 'push', '--merge', '--journal', $old);
    like ok_run(0, 'show', 'tk_MERGE1')->{out}, qr/state +live/, 'live';
    ok_run(0, 'store', 'push', '--merge', '--journal', $new);
    like ok_run(0, 'show', 'tk_MERGE1')->{out}, qr/state +revoked/, 'revoked';
    ok_run(0, 'store', 'push', '--merge', '--journal', $old);
    like ok_run(0, 'show', 'tk_MERGE1')->{out}, qr/state +revoked/,
        'and never live again';
};

subtest 'lines of a journal that are not valid' => sub {
    my $key = sub {
        sprintf '{"key":{"id":"tk_%s","account":"acc","digest":"sha256:%s",'
            . '"scopes":[]}}' . "\n", $_[0], lc $_[0] x 64;
    };
    my $file = $c->write('bad.jsonl', join '', '{"account":{"id":"acc"}}', "\n",
        $key->('A'), "garbage\n", "\n", '{"at":{"seq":7}}', "\n", $key->('B'),
        '{"key":{"id":"tk_C","account":"acc","scopes":7}}', "\n",
        substr $key->('C'), 0, 40);
    my $bad = qr/^keygate: \Q$file\E:3: is not JSON .*; it is left out
keygate: \Q$file\E:7: \/scopes is not a list; it is left out
/;
    my @other = ('--prefix', 'bad');
    my $r = ok_run(0, 'store', 'push', '--journal', $file, @other);

    like $r->{err}, qr/${bad}3 records, version 3\n\z/,
        'are told with their numbers; the torn one is none yet';
    is_deeply [ map { $_->{id} }
        @{$json->decode(ok_run(0, 'list', '--json', @other)->{out})} ],
        [ 'tk_A', 'tk_B' ], 'the others are there';
    like ok_run(0, qw(store push --merge --journal), $file)->{err},
        qr/$bad\d+ records brought in/, 'by --merge, too';
    like ok_run(0, qw(store push --quiet --merge --journal), $file)->{err},
        qr/$bad\z/, 'and by --quiet';

    $c->write('bad.jsonl', $key->('A') . "garbage\n" x 12);
    like ok_run(0, qw(store push --merge --journal), $file, @other)->{err},
        qr/:11: .*bad\.jsonl: and 2 more; "keygate check" tells all\n/s,
        'of many the first ten';
};

subtest 'epochs' => sub {
    my $epoch = ok_run(0, qw(store epoch))->{out};

    like $epoch, qr/^[0-9a-f]{32}\n\z/, 'is shown';
    isnt ok_run(0, qw(store epoch --new))->{out}, $epoch, 'another one';
    is $store->call('HGET', 'kg:{keys}:meta', 'before') . "\n", "$epoch"
        =~ s/\n\z/ \n/r, 'the one before is known';
};

subtest 'nodes' => sub {
    my $now = int(time * 1000);
    my $seq = $store->call('HGET', 'kg:{keys}:meta', 'seq');

    is_deeply $json->decode(ok_run(0, qw(nodes --json))->{out}), [], 'none';

    $store->call('HSET', 'kg:{keys}:nodes', 'a', "$now 1 $seq OK x");
    $store->call('ZADD', 'kg:{keys}:acks', $seq, 'a');
    ok_run(0, 'nodes');

    $store->call('HSET', 'kg:{keys}:nodes', 'b', "$now 1 1 BEHIND x");
    $store->call('ZADD', 'kg:{keys}:acks', 1, 'b');
    like ok_run(4, 'nodes')->{out}, qr/^b .*behind/m, 'one is behind';

    # whatever order the engine has

    my @names = qw(edge-10 zoo edge-1 ab c);

    $store->call('HSET', 'kg:{keys}:nodes', $_, "$now 1 $seq OK x") for @names;
    is join(' ', map { $_->{node} }
        @{$json->decode(ok_run(4, qw(nodes --json))->{out})}),
        join(' ', sort @names, qw(a b)), 'by name';
    ok_run(0, qw(nodes forget), $_) for @names;

    my $r = ok_run(0, 'set', 'tk_MERGE1', '--name', 'again');

    like ok_run(4, 'revoke', 'tk_MERGE1', '--wait', '1s')->{err},
        qr/not yet everywhere/, 'a revocation that is not everywhere';

    ok_run(0, qw(nodes forget b));
    ok_run(3, qw(nodes forget b));
};

subtest 'import' => sub {
    my $file = $c->write('rows.jsonl', join '', map {
        "{\"account\":\"acc\",\"name\":\"k$_\",\"id\":\"tk_IMP$_\","
        . "\"digest\":\"sha256:" . sprintf('%064x', $_) . "\",\"scopes\":[]}\n"
    } 100 .. 399);

    my $before = $store->call('HGET', 'kg:{keys}:meta', 'seq');

    ok_run(0, 'import', $file);
    is $store->call('HGET', 'kg:{keys}:meta', 'seq') - $before, 300,
        'all are there';
    like ok_run(0, qw(store check))->{out}, qr/^healthy$/m, 'in order';
};

subtest 'what cannot be reached' => sub {
    my $r = $c->run('list', '--store', "unix:$store->{socket}");

    is $r->{code}, 5, 'no password';
    like $r->{err}, qr/NOAUTH/, 'says why';
    $r = $c->run('list', '--store', 'redis://:wrong@127.0.0.1:'
        . $store->{port});
    is $r->{code}, 5, 'a wrong one';
    unlike $r->{err}, qr/wrong\@/, 'which is not repeated';
    $r = $c->run('list', '--store', 'http://127.0.0.1');
    is $r->{code}, 2, 'no URL of a store';
    $r = $c->run('list', { env => { KEYGATE_STORE =>
        "redis://:open%2Dsesame\@127.0.0.1:$store->{port}/0",
        KEYGATE_JOURNAL => undef } });
    is $r->{code}, 0, 'by the environment, over TCP' or diag $r->{err};

    $store->kill;
    is ok_run(5, 'revoke', $id)->{out}, '', 'an engine that is down';
};

subtest 'TLS' => sub {
    my $tls = Keygate::Store->start(tls => 1);
    my $url = "rediss://localhost:$tls->{tls}";
    my $r = $c->run(qw(account put acc --name Acme), '--store', $url,
        '--ca', $tls->{ca});

    is $r->{code}, 0, 'verified' or diag $r->{err};
    $r = $c->run('list', '--store', $url);
    is $r->{code}, 5, 'by nobody that is known here';
    like $r->{err}, qr/certificate/, 'says so';
};

done_testing;

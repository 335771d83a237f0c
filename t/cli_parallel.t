#!/usr/bin/perl

# Many commands at once on one journal, some of them killed: what was said to
# be done is done, and nothing is torn.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use Test::More;

use Keygate;
use Keygate::Command;

plan skip_all => 'no keygate command is built'
    if !-x $Keygate::Command::binary;

my $c = Keygate::Command->new;

$c->run(qw(account put acc --name A));

# -- creating beside compaction

my @children;

for my $n (1 .. 8) {
    my $pid = fork // die;

    if ($pid == 0) {
        for my $i (1 .. 12) {
            my $r = $n == 8
                ? $c->run('compact')
                : $c->run(qw(create --account acc --quiet --name), "$n-$i");

            POSIX::_exit(1) if $r->{code} != 0;
        }

        POSIX::_exit(0);
    }

    push @children, $pid;
}

my $failed = 0;

for my $pid (@children) {
    waitpid $pid, 0;
    $failed++ if $? != 0;
}

is($failed, 0, 'eight at once: none has failed');
is($c->run('check')->{code}, 0, 'the journal is healthy');

my %names = map { $_->{name} => 1 } @{$c->json('list')};
is(scalar keys %names, 7 * 12, 'and has all that they made');

# -- read, change, write: no change of another is lost

my $id = $c->json('list')->[0]{id};

@children = ();

for my $n (1 .. 6) {
    my $pid = fork // die;

    if ($pid == 0) {
        $c->run(qw(account set acc --profile), "$n-$_=x") for 1 .. 8;
        POSIX::_exit(0);
    }

    push @children, $pid;
}

waitpid $_, 0 for @children;

is(scalar keys %{$c->json(qw(account show acc))->{profile}}, 48,
   'changes of one record: none is lost');

# -- killed at any instant

my (%acknowledged, $killed);

for my $n (1 .. 60) {
    pipe my $out, my $in or die;

    my $pid = fork // die;

    if ($pid == 0) {
        close $out;
        open STDOUT, '>&', $in;
        open STDERR, '>', '/dev/null';
        $ENV{KEYGATE_FORMAT} = $c->{format};
        exec $Keygate::Command::binary, 'create', '--journal', $c->{journal},
            '--account', 'acc', '--name', "killed $n", '--quiet'
            or POSIX::_exit(127);
    }

    close $in;
    select undef, undef, undef, rand 0.008;
    kill 'KILL', $pid;
    waitpid $pid, 0;
    $killed++ if $? != 0;

    my $secret = do { local $/; <$out> };
    $acknowledged{$1} = 1 if ($secret // '') =~ /^(tk_\w{6})_\w+\n/;
}

note("$killed of 60 were killed, ", scalar(keys %acknowledged),
     ' have shown a secret');

my %there = map { $_->{id} => 1 } @{$c->json('list')};
is_deeply([ grep { !$there{$_} } keys %acknowledged ], [],
          'killed: every key whose secret was shown is there');
is($c->run(qw(create --account acc --name last))->{code}, 0,
   'no lock is left behind');
is($c->run('check')->{code}, 0, 'and nothing is torn');

# -- the bar, where there is a terminal

SKIP: {
    skip 'no IO::Pty', 2 if !eval { require IO::Pty };

    # a journal of its own: an id that was made above may be one of these
    my $c = Keygate::Command->new;

    $c->run(qw(account put acc --name A));
    $c->write('rows.csv', join '', "credential,account\n",
        map { sprintf "tk_%06d_%024d,acc\n", $_, $_ } 1 .. 60_000);

    my $pty = IO::Pty->new;
    my $pid = fork // die;

    if ($pid == 0) {
        my $tty = $pty->slave;

        close $pty;
        open STDERR, '>&', $tty;
        open STDOUT, '>', '/dev/null';
        $ENV{KEYGATE_FORMAT} = $c->{format};
        exec $Keygate::Command::binary, 'import', '--journal', $c->{journal},
            "$c->{dir}/rows.csv" or POSIX::_exit(127);
    }

    $pty->close_slave;

    my $text = '';

    1 while sysread $pty, $text, 4096, length $text;
    waitpid $pid, 0;
    is($?, 0, 'an import at a terminal') or diag $text;
    like($text, qr/\rimporting \[#+\.+\] +\d+%|60000 keys/, 'shows a bar');
}

done_testing();

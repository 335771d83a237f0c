#!/usr/bin/perl

# make soak: hours of a gateway in TIME seconds.  Two workers under load, while
# administrators make and revoke keys, others append to the journal and compact
# it, nginx is reloaded and workers are killed; the last third of the time they
# are left alone, to grow old.  Memory and descriptors must be flat, failed
# requests and wrong decisions none.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../t/lib";

use Test::More;
use Time::HiRes qw(time);

use Keygate;
use Keygate::Admin;
use Keygate::Command;
use Keygate::Faults;
use Keygate::Load;
use Keygate::Mix;

my $seconds = $ENV{TIME} || 600;
my $t = Keygate->new(workers => 2, origin => 1, conf => admin_conf(
    zone => "keygate_zone keys:16m journal=keys.jsonl;\n",
    rate => 'rate 1000000r/h;'));

admin_token($t);

my $mix = Keygate::Mix->new($t, changes => 1);

$t->start;
$t->allow(qr/exited on signal 9/, qr/was locked by \d+/);

my $start = time;
my $calm = $start + $seconds * 2 / 3;
my (%n, @samples, $load, %gone);


# What all processes of the gateway have, and how large the journal is.

sub sample {
    my @workers = $t->workers;

    push @samples, {
        at => time - $start,
        master => memory($t->{master}),
        workers => largest(map { memory($_) } @workers),
        master_fds => descriptors($t->{master}),
        worker_fds => largest(map { descriptors($_) } @workers),
        journal => int((-s "$t->{dir}/keys.jsonl") / 1024),
        map { $_ => $load->{$_} } qw(answered cut failed wrong),
    };

    row($samples[-1]);
}

sub largest {
    return (sort { $b <=> $a } @_, 0)[0];
}

my @columns = qw(at master workers master_fds worker_fds journal answered cut
                 failed wrong);

sub row {
    my ($s) = @_;

    printf "%7s %8s %8s %11s %11s %9s %9s %5s %7s %6s\n",
        map { /^\d+\.\d/ ? int : $_ } map { ref $s ? $s->{$_} : $_ } @columns;
}

# Each of these every so many seconds.

my %every = (
    reload => [ 2, sub { kill 'HUP', $t->{master} } ],
    kill => [ 1.3, sub {
        my @workers = $t->workers or return;

        kill 'KILL', $workers[rand @workers];
        $load->killed;
    } ],
    append => [ 0.7, sub {
        my $id = sprintf 'tk_S%05d', $n{append} % 200;

        $t->append($t->key_line(id => $id, account => 'acc_1',
            digest => $t->digest($id), name => 'soak ' . $n{append}));
    } ],
    compact => [ 11, sub {
        my $command = fork // die;

        if ($command == 0) {
            open STDOUT, '>', '/dev/null';
            exec $Keygate::Command::binary, 'compact',
                "--journal=$t->{dir}/keys.jsonl" or POSIX::_exit(127);
        }

        $gone{$command} = 1;
    } ],
    forget => [ 5, sub {
        # what has been revoked for long is deleted, so that the table is flat
        my ($old) = splice @{$mix->{dead}}, 0, 1;

        admin($t, 'DELETE', "/keys/$old->{id}") if $old;
    } ],
);

my $sample = $seconds / 20 > 5 ? $seconds / 20 : 5;
my %next = (map({ $_ => time + $every{$_}[0] * rand } keys %every),
            sample => time + 2);

print "memory in KiB (private, dirty), the larger worker's; journal in KiB\n";
row('head');

$load = Keygate::Load->new(n => 16, rate => $ENV{RATE} || 200,
    next => $mix->next, tick => sub {
        my $now = time;

        for my $what (keys %every) {
            next if $now < $next{$what}
                || ($now > $calm && $what =~ /^(?:reload|kill)$/);

            $next{$what} = $now + $every{$what}[0] * (0.5 + rand);
            $n{$what}++;
            $every{$what}[1]->();
        }

        if ($now >= $next{sample}) {
            $next{sample} = $now + $sample;
            sample();
        }

        for my $pid (keys %gone) {
            next if waitpid($pid, POSIX::WNOHANG()) != $pid;

            $n{'failed compact'}++ if $?;
            delete $gone{$pid};
        }
    });

$load->run($seconds);
$t->wait_for(sub { $t->workers == 2 });
sample();

my @old = grep { $_->{at} > $calm - $start + 3 } @samples;
my ($first, $last) = @samples[@samples / 4, -1];

printf "%s\n%s keys made, %s revoked; %s\n", $load->summary, $mix->{made},
    $mix->{revoked}, join ', ', map { "$n{$_} $_" } sort keys %n;

is($load->{wrong}, 0, 'wrong decisions: 0');
is($load->{failed}, 0, 'failed requests: 0') or diag($load->faults);
is($mix->leaked, '', 'nothing that was refused has reached the upstream');
is($n{'failed compact'} // 0, 0, 'the journal could be compacted');

# a worker's threads, 32 of them, each touch some memory of their own sooner or
# later; connections come and go, hence a few more or less

for my $case ([ master => $first, 512 ], [ workers => $old[0], 2048 ],
    [ master_fds => $first, 0 ], [ worker_fds => $old[0], 12 ])
{
    my ($what, $from, $more) = @$case;

    cmp_ok($last->{$what}, '<=', $from->{$what} + $more,
        "$what: from $from->{$what} to $last->{$what}");
}

$t->{seen} = '';
$t->done;

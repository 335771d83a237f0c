#!/usr/bin/perl

# Workers are killed at random instants under load and under changes: no wrong
# decision, nothing acknowledged is lost, no lock stays held, no limit is
# exceeded.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use Time::HiRes qw(time);

use Keygate;
use Keygate::Admin;
use Keygate::Faults;
use Keygate::Load;
use Keygate::Mix;

# So many, however long it takes on this machine; a bound for what hangs.

my $kills = long() ? 3000 : sanitized() ? 125 : 500;
my $seconds = long() ? 1000 : 180;

my $t = Keygate->new(workers => 2, origin => 1, conf => admin_conf(
    zone => "keygate_zone keys:4m journal=keys.jsonl;\n",
    rate => 'rate 1000000r/h;'));

admin_token($t);

my $mix = Keygate::Mix->new($t, changes => 1);

$t->start;
$t->allow(qr/exited on signal 9/, qr/was locked by \d+/);

my ($killed, $next, $appended) = (0, time, 0);
my ($load, @late);

$load = Keygate::Load->new(n => 24, rate => 300, next => $mix->next,
    tick => sub {
        return if time < $next;

        my @workers = $t->workers;

        if (@workers) {
            kill 'KILL', $workers[rand @workers];
            $load->killed;
            $killed++;
        }

        # somebody else writes the journal, too
        if ($killed % 20 == 0) {
            push @late, $t->key(scopes => ['items:read']);
        }

        $load->{over} = 1 if $killed == $kills;
        $next = time + rand 0.07;
    });

$load->run($seconds);

figure("$killed kills", $load->summary, "$mix->{made} keys made",
    "$mix->{revoked} revoked");

is($killed, $kills, "$killed kills");
is($load->faults, '', 'no answer was wrong');
is($load->{wrong} + $load->{failed}, 0, $load->summary);
is($mix->leaked, '', 'nothing that was refused has reached the upstream');
cmp_ok($mix->{made}, '>', 20, "$mix->{made} keys were made meanwhile");

ok($t->wait_for(sub { $t->workers == 2 }), 'all workers are back');
ok($t->wait_for(sub { $t->status('/v1/items', key => $late[-1]) == 200 }, 3),
    'the journal is followed');

my $lost = sub {
    return join ' ', map { $_->{id} } (
        grep { $t->status('/v1/items', key => $_->{secret}) != 200 }
             @{$mix->{live}}),
        grep { $t->status('/v1/items', key => $_->{secret}) != 401 }
             @{$mix->{dead}};
};

is($lost->(), '', 'every acknowledged change is in force');
is(scalar(grep { $t->status('/v1/items', key => $_) != 200 } @late), 0,
    'and what others have appended');
is(admin($t, 'PUT', '/accounts/acc_9', { name => 'After' })->{status}, 201,
    'no lock is held');

my $charged = $mix->charged;

cmp_ok($charged, '>=', $mix->{counted}, 'what was admitted is charged');
cmp_ok($charged, '<=', $mix->{counted} + $load->{cut} + 1,
    'and nothing else but what was cut off');

$t->stop;
$t->start;
is($lost->(), '', 'nothing is missing after a restart');

$t->{seen} = '';
$t->done;

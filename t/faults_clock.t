#!/usr/bin/perl

# The wall clock a day forward and back, and years: limits are untouched, for
# they run on the monotonic clock; expiry, trials, overlaps and months follow
# the wall clock.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use POSIX qw(strftime);
use Test::More;
use Time::HiRes qw(sleep time);

use Keygate;
use Keygate::Admin;
use Keygate::Faults;
use Keygate::Load;
use Keygate::Mix;
use Keygate::Shim;

plan skip_all => Keygate::Shim->impossible if Keygate::Shim->impossible;

my $day = 86400;

my $t = Keygate->new(workers => 2, origin => 1, conf => admin_conf(
    rate => 'rate 1000000r/h; rate_headers draft;'));

admin_token($t);

my $mix = Keygate::Mix->new($t);
my $shim = Keygate::Shim->new($t, 'clock');


sub at {
    return strftime '%Y-%m-%dT%H:%M:%SZ', gmtime time + $_[0];
}

my %read = (scopes => ['items:read']);

my %key = (
    'expires in an hour' => $t->key(%read, expires_at => at(3600)),
    'expires in two days' => $t->key(%read, expires_at => at(2 * $day)),
    'expired an hour ago' => $t->key(%read, expires_at => at(-3600)),
    'is on trial for an hour' => $t->key(%read, account => 'acc_t'),
    'never expires' => $t->key(%read),
);

my ($used) = map { $t->key(%read, rates => ["5r/$_"]) } 'h';
my $by_second = $t->key(%read, rates => ['3r/s']);
my $by_month = $t->key(%read, rates => ['2r/month']);

$t->account(id => 'acc_t', name => 'T', status => 'trialing',
    trial_ends_at => at(3600));

$t->start;

my $load = Keygate::Load->new(n => 8, rate => 150, next => $mix->next)
    ->background("$t->{dir}/load.json");


# Moves the clock and waits until all workers have looked at it.

sub move {
    $shim->set(@_);
    sleep 1.2;
}


# What the keys are said to be: 1 alive.

sub alive {
    return join ', ', grep {
        my $key = $key{$_};
        my %s = map { $t->status('/v1/items', key => $key) => 1 } 1 .. 6;

        keys %s == 1 ? $s{200} : die "$_: " . join ' ', keys %s;
    } sort keys %key;
}

my ($now, $tomorrow, $yesterday, $later) = (
    'expires in an hour, expires in two days, is on trial for an hour, '
    . 'never expires',
    'expires in two days, never expires',
    'expired an hour ago, expires in an hour, expires in two days, '
    . 'is on trial for an hour, never expires',
    'never expires',
);


# How much is left of a limit of 5 an hour that is used up: nothing, and the
# same time to wait.

sub wait_is {
    my ($what) = @_;

    my $r = $t->get('/v1/items', key => $used);
    my ($reset) = ($r->header('RateLimit') // '') =~ /t=(\d+)/;

    is($r->{status}, 429, "$what: what is used up stays so");
    cmp_ok(abs($r->header('Retry-After') - 3600), '<', 150,
        'with the same time to wait');
    cmp_ok($reset, '<=', 3600 + 113,
           'never more than the window and its thirty-second part');

    # and a window of a second goes on sliding

    sleep 1.1;
    my %s;
    $s{$t->status('/v1/items', key => $by_second)}++ for 1 .. 4;
    cmp_ok($s{200} // 0, '>=', 3, 'a window of a second has slid');
}

is($t->status('/v1/items', key => $used), 200, 'five in an hour') for 1 .. 5;
is($t->status('/v1/items', key => $by_month), 200, 'two in a month')
    for 1 .. 2;

is(alive(), $now, 'now');
wait_is('now');

move($day);
is(alive(), $tomorrow, 'a day forward: expiry follows');
wait_is('a day forward');

my $r = admin($t, 'POST', '/keys', { account => 'acc_1', name => 'x',
    scopes => ['items:read'], expires_at => at($day + 3600) });
is($r->{status}, 201, 'a key that expires in an hour of that day');
my $made = $r->json->{secret};
is($t->status('/v1/items', key => $made), 200, 'lives');
is(substr($r->json->{created_at}, 0, 10), substr(at($day), 0, 10),
    'and was made on that day');

$r = admin($t, 'POST', '/keys/' . $r->json->{id} . '/rotate',
    { overlap => '1h' });
my $rotated = $r->json->{secret};
my $gone = $r->json->{id};
is($t->status('/v1/items', key => $made), 200, 'a rotation overlaps');
is($t->status('/v1/items', key => $rotated), 200, 'with the new one');

move($day + 3700);
is($t->status('/v1/items', key => $made), 401, 'until it is over');
is($t->status('/v1/items', key => $rotated), 401, 'both have expired');

move(0);
is(alive(), $now, 'back: who had expired has not');
wait_is('back');
is($t->status('/v1/items', key => $made), 200, 'the overlap is yet to end');

is(admin($t, 'POST', "/keys/$gone/revoke")->{status}, 200, 'one is revoked');
move(-$day);
is(alive(), $yesterday, 'a day back');
is($t->status('/v1/items', key => $made), 401,
    'what was revoked, as it were tomorrow, is dead');
wait_is('a day back');

move(3 * $day);
is(alive(), $later, 'three days on');
wait_is('three days on');

move(40 * $day);
is($t->status('/v1/items', key => $by_month), 200,
    'another month: a quota begins anew');
is($t->status('/v1/items', key => $by_month), 200, 'with all of it');
is($t->status('/v1/items', key => $by_month), 429, 'and no more');
wait_is('forty days on');

move(0);
isnt($t->status('/v1/items', key => $by_month), 500, 'and back');
is(alive(), $now, 'back again: as it was');

move(-365 * 60 * $day);
is($t->status('/v1/items', key => $key{'never expires'}), 200,
    'before 1970: what has no time in it goes on');
is($t->status('/v1/items', key => $mix->{keys}{wrong}), 401,
    'and nobody else gets in');
is($t->status('/v1/items', key => $mix->{keys}{revoked}) =~ /^[24]/, 1,
    'nothing crashes');

move(0);

# in 1966 the load's expired key had not

$load->finish;
is((grep { !/200 instead of 401 \(expired\)/ } @{$load->{reasons}})[0], undef,
    'no decision was wrong');
$load->{wrong} = 0;
figure('-60 years to +40 days', $load->summary);
is($load->{failed}, 0, $load->summary) or diag($load->faults);

my $key = $t->key(%read);
ok($t->wait_for(sub { $t->status('/v1/items', key => $key) == 200 }, 3),
    'the journal is followed as ever');

$t->{seen} = '';
$t->done;

#!/usr/bin/perl

# A reload every 200 ms under load: no failed request, no wrong decision, and
# counters, keys, memory and descriptors as before.

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

my $every = sanitized() ? 1 : 0.2;
my $all = (long() ? 60 : 12) / $every;
my $seconds = long() ? 400 : 120;

my $t = Keygate->new(workers => 2, origin => 1, conf => admin_conf(
    zone => "keygate_zone keys:4m journal=keys.jsonl;\n",
    rate => 'rate 1000000r/h;'));

admin_token($t);

my $mix = Keygate::Mix->new($t, changes => 1);

$t->start;

my ($reloads, $next) = (0, time);
my @was;

# Of the master: what it keeps from one configuration to the next.

sub now {
    return [ memory($t->{master}), descriptors($t->{master}) ];
}

my $load;

$load = Keygate::Load->new(n => 16, rate => 250, next => $mix->next,
    tick => sub {
        return if time < $next;

        push @was, now() if $reloads % 5 == 0;
        kill 'HUP', $t->{master};
        $reloads++;
        $load->{over} = 1 if $reloads == $all;
        $next = time + $every;
    });

$load->run($seconds);

is($reloads, $all, "$reloads reloads");
is($load->faults, '', 'no request has failed, none was decided wrongly');
is($load->{failed} + $load->{wrong} + $load->{cut}, 0, $load->summary);
is($mix->leaked, '', 'nothing that was refused has reached the upstream');

sub settled {
    my @children = map { split ' ', $t->read_file($_) }
                   glob "/proc/$t->{master}/task/*/children";

    return @children == 2;
}

ok($t->wait_for(\&settled), 'the workers of old configurations have gone');
is($mix->charged, $mix->{counted}, 'every admitted request is charged once');
is($t->status('/v1/items', key => $mix->{keys}{limited}), 429,
    'what was used up is used up');

my %keys = (live => 200, dead => 401);

for my $state (sort keys %keys) {
    is(scalar(grep { $t->status('/v1/items', key => $_->{secret})
                     != $keys{$state} } @{$mix->{$state}}), 0,
        "$state keys are " . @{$mix->{$state}});
}

# the allocator takes some reloads to settle, and the master closes what it had
# of workers soon after they have gone

my $from = $was[@was / 4];

$t->wait_for(sub { descriptors($t->{master}) <= $from->[1] });

my $to = now();

figure("$reloads reloads", $load->summary,
    "master $from->[0] -> $to->[0] KiB",
    "descriptors $from->[1] -> $to->[1]");

cmp_ok($to->[0], '<=', $from->[0] + 600, "memory: $from->[0] to $to->[0] KiB")
    if !sanitized();
cmp_ok($to->[1], '<=', $from->[1], "descriptors: $from->[1] to $to->[1]");

my @late = (memory(($t->workers)[0]), descriptors(($t->workers)[0]));

$t->stop;
$t->start;
$t->status('/v1/items', key => $mix->{keys}{live}) for 1 .. 20;

my @fresh = (memory(($t->workers)[0]), descriptors(($t->workers)[0]));

cmp_ok($late[0], '<=', $fresh[0] + 2048,
    "a worker after all reloads: $late[0] KiB, a first one $fresh[0]")
    if !sanitized();
cmp_ok($late[1], '<=', $fresh[1] + 8,
    "its descriptors: $late[1], a first one's $fresh[1]");

$t->{seen} = '';
$t->done;

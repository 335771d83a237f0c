#!/usr/bin/perl

# A zone that is full: 507 to whoever makes a key, lines that others append are
# told of and skipped, one alert in all, traffic untouched; and once something
# is deleted, or the zone is larger, it goes on.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use Time::HiRes qw(sleep);

use Keygate;
use Keygate::Admin;
use Keygate::Faults;
use Keygate::Load;
use Keygate::Mix;

my $conf = admin_conf(rate => 'rate 1000000r/h;',
    zone => "keygate_zone keys:160k journal=keys.jsonl;\n");
my $t = Keygate->new(workers => 2, origin => 1, conf => $conf);

admin_token($t);

my $mix = Keygate::Mix->new($t);

$t->start;
$t->allow(qr/\[alert\].*keygate zone "keys" is full/);

sub create {
    return admin($t, 'POST', '/keys', { account => 'acc_1', name => 'x',
        scopes => ['items:read'] });
}

sub alerts {
    return scalar(() = $t->read_file('error.log') =~ /\[alert\]/g);
}

sub metrics {
    return $t->get('/metrics', port => $t->port('ADMIN'))->{body};
}

sub load {
    return Keygate::Load->new(n => 8, rate => 200, next => $mix->next)
        ->background("$t->{dir}/load.json");
}

sub finish {
    my ($load, @also) = @_;

    $load->finish;
    figure(@also, $load->summary);
    is($load->{wrong} + $load->{failed}, 0, $load->summary)
        or diag($load->faults);
}

my $load = load();

my @made;

for (1 .. 2000) {
    my $r = create();

    last if $r->{status} != 201;
    push @made, $r->json;
}

cmp_ok(@made, '>', 20, @made . ' keys fit');

my $journal = $t->read_file('keys.jsonl');

for (1 .. 20) {
    is(problem_is(create()), '507 insufficient_storage', 'one more does not');
}

is($t->read_file('keys.jsonl'), $journal, 'nor is it in the journal');
is($t->status('/v1/items', key => $made[-1]{secret}), 200,
    'the last one that did is in force');

# whoever appends to the file itself does not ask

my @waiting = map { [ $t->make_key(scopes => ['items:read']) ] } 1 .. 200;

$t->append(join '', map { $_->[0] } @waiting);
sleep 1.5;
cmp_ok(alerts(), '<=', 1, 'one alert at most');
like($t->read_file('error.log'), qr/line \d+ .*found no room in the zone/,
    'lines without room are told of');

# what makes no new record still works

is(admin($t, 'POST', "/keys/$made[0]{id}/revoke")->{status}, 200,
    'a key can be revoked');
is($t->status('/v1/items', key => $made[0]{secret}), 401, 'which holds');
is(admin($t, 'POST', "/keys/$made[1]{id}/rotate")->{status}, 200,
    'one can be rotated');
is($t->status('/v1/items', key => $made[1]{secret}), 401,
    'and its old secret is dead');
is(admin($t, 'DELETE', "/keys/$made[$_]{id}")->{status}, 204, 'or deleted')
    for 0 .. 9;

# one that is new, or those that wait in the journal, whoever comes first

my $r = create();
my @in = grep { $t->status('/v1/items', key => $_->[1]) == 200 } @waiting;

is($r->{status}, @in ? $r->{status} : 201, 'then there is room for others');
like($r->{status}, qr/^(?:201|507)$/, '... or it is taken already');
is($t->status('/v1/items', key => $r->json->{secret}), 200, 'in force')
    if $r->{status} == 201;
cmp_ok(alerts(), '<=', 1, 'still no more than one alert');

like(metrics(), qr/^keygate_zone_full\{zone="keys"\} 1$/m,
    'the metric tells as well');

# what makes room ends that, and the next time is told again

is(admin($t, 'DELETE', "/keys/$made[$_]{id}")->{status}, 204, 'more go')
    for 10 .. $#made - 1;
ok($t->wait_for(sub { metrics() =~ /^keygate_zone_full\{[^}]*\} 0$/m }, 30),
    'until there is room');
like($t->read_file('error.log'), qr/zone "keys" has room again/,
    'which the log tells');

finish($load, @made . ' keys made', alerts() . ' alert');

# a table of another size counts anew, from a limit that has been used up

1 while $t->status('/v1/items', key => $mix->{keys}{limited}) == 200;

$load = load();
ok($t->reload($conf =~ s/keys:160k/keys:1m/r), 'a larger zone');
is(create()->{status}, 201, 'has room');
is($t->status('/v1/items', key => $made[-1]{secret}), 200,
    'and all the keys');

finish($load);

$t->{seen} = '';
$t->done;

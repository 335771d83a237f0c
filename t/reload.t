#!/usr/bin/perl

# A reload keeps keys and counters; one that fails changes nothing.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use Test::More;
use Time::HiRes qw(sleep time);

use Keygate;
use Keygate::Items;

my $conf = items_conf(rate => 'rate 100r/h;');
my $t = Keygate->new(workers => 2, conf => $conf);
my $key = $t->key(scopes => ['items:read']);
my $one = $t->key(scopes => ['items:read'], rates => ['3r/h']);

$t->start;


sub left {
    my ($left) = ($t->get('/v1/items', key => $key)->header('RateLimit') // '')
                 =~ /r=(\d+)/;
    return $left;
}


is(left(), 99, 'before: 1 of 100');
is($t->status('/v1/items', key => $one), 200, 'and one of 3') for 1 .. 3;
is($t->status('/v1/items', key => $one), 429, 'which are used up');

ok($t->reload, 'a reload');
is(left(), 98, 'the count goes on');
is($t->status('/v1/items', key => $one), 429, 'what is used up stays so');

# -- the API changes, the table stays

ok($t->reload(items_conf(rate => 'rate 200r/h;')), 'a higher limit');
is(left(), 197, 'the count goes on under it');

ok($t->reload(items_conf(rate => 'rate 200r/h; rate 50r/m;')),
   'one more limit');
like($t->get('/v1/items', key => $key)->header('RateLimit'),
     qr/"hour";r=196;t=\d+, "minute";r=49/, 'which begins empty');

my $renamed = $conf =~ s/items:read/things:read/gr;
ok($t->reload($renamed), 'a scope is renamed');
is($t->status('/v1/items', key => $key), 403, 'a grant is by name');
ok($t->reload($conf), 'and back');
is($t->status('/v1/items', key => $key), 200, 'it counts again');

my $reordered = $conf =~ s/(scope +items:read[^\n]*\n)(.*?)(?=\s+route)/$2$1/sr;
ok($t->reload($reordered), 'scopes in another order');
is($t->status('/v1/items', key => $key), 200, 'a grant stays what it is');
is($t->status('/v1/items', key => $key, method => 'POST'), 403, 'no more');

# -- another size: made anew, from the journal

ok($t->reload($conf =~ s/keys:1m/keys:2m/r), 'a larger zone');
is($t->status('/v1/items', key => $key), 200, 'has the keys');
is(left(), 98, 'and counts from nothing');

ok($t->reload($conf), 'back to the smaller one');
is($t->status('/v1/items', key => $key), 200, 'the keys are there');

# -- a configuration that is wrong: the old one goes on

my %wrong = (
    'a syntax error'      => 'server { foo; }',
    'an unknown scope'    => $conf =~ s/items +items:read;/items item:read;/r,
    'a missing directory' =>
        $conf =~ s{journal=\S+}{journal=%%DIR%%/none/keys.jsonl;}r,
    'a zone too small'    => $conf =~ s/keys:1m/keys:4k/r,
);

$t->allow(qr/\[emerg\] .* in \S+nginx\.conf:\d+/, qr/\[emerg\].*keys/);

for my $name (sort keys %wrong) {
    my @before = sort $t->workers;
    my $log = length $t->read_file('error.log');
    my $left = left();

    $t->{conf} = $wrong{$name};
    $t->write_conf;
    kill 'HUP', $t->{master};

    ok($t->wait_for(sub {
        substr($t->read_file('error.log'), $log) =~ /\[emerg\]/
    }), "$name: is reported");

    like(substr($t->read_file('error.log'), $log),
         qr/\[emerg\].*nginx\.conf:\d+/, "$name: with file and line");
    is(join(' ', sort $t->workers), "@before", "$name: the old workers go on");
    is(left(), $left - 1, "$name: and count");
}

# -- reloads under load: no request fails

my $load = $t->key(scopes => [], rates => ['1000000r/h']);
$t->wait_for(sub { $t->status('/v1/me', key => $load) == 200 }, 3);

my $pid = fork // die;

if ($pid == 0) {
    my %n;
    my $end = time + 4;

    while (time < $end) {
        $n{$t->status('/v1/open')}++;
        $n{$t->status('/v1/me', key => $load)}++;
    }

    $t->write_file('load', join ' ', sort keys %n);
    POSIX::_exit(0);
}

for (1 .. 8) {
    $t->{conf} = $conf;
    $t->write_conf;
    kill 'HUP', $t->{master};
    sleep 0.4;
}

waitpid $pid, 0;
is($t->read_file('load'), '200', 'no request fails while it reloads');

# -- a worker that is killed

my ($victim) = $t->workers;

$t->allow(qr/exited on signal 9/);
kill 'KILL', $victim;
ok($t->wait_for(sub {
    my @now = $t->workers;
    @now == 2 && !grep { $_ == $victim } @now
}), 'a killed worker is replaced');
is($t->status('/v1/me', key => $key), 200, 'and keys are known') for 1 .. 10;

$t->done;

#!/usr/bin/perl

# No request takes the zone's lock or waits for the disk: an nginx in which the
# linker has put a checker before each of these calls (t/faults/locks.c, make
# lockcheck), after the checker has shown that it can fail.

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

my $checker = $ENV{TEST_LOCKCHECK}
              // "$Keygate::root/build/next/objs/lockcheck";

plan skip_all => 'there is no build/next/objs/lockcheck: make lockcheck'
    if !-x $checker;
plan skip_all => 'it is a build of its own'
    if $ENV{TEST_NGINX_BINARY} && !$ENV{TEST_LOCKCHECK};

$Keygate::Server::binary = $checker;
$Keygate::module = '';


sub gateway {
    return Keygate->new(workers => 2, conf => admin_conf(@_,
        zone => "keygate_zone keys:4m journal=keys.jsonl;\n",
        rate => 'rate 1000000r/h;'));
}


# -- A gateway that does what it may not

my $f = gateway();

$f->{env}{KEYGATE_LOCKCHECK} = 'prove';
admin_token($f);
my $key = $f->key(scopes => ['items:read']);

$f->start;
$f->allow(qr/lock check/);
is($f->status('/v1/items', key => $key), 200, 'a gateway with faults of ours');
$f->stop;

like($f->read_file('error.log'), qr/\[alert\].*lock check: $_ in the event/,
    "is told of: $_")
    for 'waiting for a zone', 'taking a zone\'s lock', 'waiting for the disk',
        'waiting for a file\'s lock';


# -- The gateway as it is

my $t = gateway(extra => 'when POST /v1/items body.send admin:read;');

$t->{origin} = 1;
admin_token($t);

my $mix = Keygate::Mix->new($t, changes => 1);

$t->start;

my $next = time;
my $load = Keygate::Load->new(n => 16, rate => 300, next => $mix->next,
    tick => sub {
        return if time < $next;

        $next = time + 0.1;
        $t->append(join '', map { ($t->make_key(scopes => []))[0] } 1 .. 20);
    });

$load->run(long() ? 30 : 4);
is($load->{failed} + $load->{wrong}, 0, $load->summary) or diag($load->faults);

my $writer = $t->key(scopes => ['items:write']);

$t->wait_for(sub { $t->status('/v1/me', key => $writer) == 200 }, 3);
is($t->status('/v1/items', key => $writer, method => 'POST',
    body => '{"send":false}'), 200, 'a body');

is(admin($t, 'GET', $_)->{status}, 200, "GET $_")
    for '/keys', '/keys?account=acc_1', '/accounts', '/accounts/acc_1',
        '/scopes', '/routes';

is(admin($t, 'POST', '/check', { key_id => $mix->{live}[0]{id},
    method => 'GET', path => '/v1/items' })->{status}, 200, 'POST /check');
is($t->get('/metrics', port => $t->port('ADMIN'))->{status}, 200, 'metrics');
ok($t->reload, 'a reload');
is($t->status('/v1/items', key => $mix->{keys}{live}), 200, 'and on');

$t->stop;

my ($decisions, $slices, $longest, $taken) = (0) x 4;

for ($t->read_file('error.log') =~ /lock check: (\d.*)/g) {
    my @n = /(\d+)/g;

    $decisions += $n[0];
    $slices += $n[1];
    $longest = $n[2] if $n[2] > $longest;
    $taken += $n[3];
}

figure("$decisions decisions", "$taken locks in threads",
    "$slices slices of the follower", "the longest $longest us of CPU");
cmp_ok($decisions, '>=', 0.4 * $load->{answered}, "$decisions decisions seen");
cmp_ok($taken, '>', 10, "$taken times a thread had the lock");
cmp_ok($slices, '>', 10, "$slices slices of the follower");

$_->{seen} = '' for $t, $f;
$_->done for $f, $t;

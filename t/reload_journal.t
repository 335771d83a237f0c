#!/usr/bin/perl

# New workers begin with the journal as it is then, however much of it nobody
# has read yet; and when a reload names another journal, workers of the old
# configuration do not bring the old one back.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use Test::More;
use Time::HiRes qw(sleep time);

use Keygate;
use Keygate::Faults;
use Keygate::Items;

my $conf = items_conf(zone => "keygate_zone keys:32m journal=keys.jsonl;\n");
my $t = Keygate->new(workers => 2, conf => $conf);

my %read = (scopes => ['items:read']);
my $kept = $t->key(id => 'tk_KEPT01', %read);
my $victim = $t->key(id => 'tk_VICTIM', %read);
my $other = $t->key(id => 'tk_OTHER1', %read);

$t->start;

# What a key is answered, from now on for some seconds.

sub answers {
    my ($key, $seconds) = @_;

    my (%s, $end);

    $end = time + $seconds;

    while (time < $end) {
        $s{$t->status('/v1/items', key => $key)}++;
        sleep 0.005;
    }

    return join ' ', sort keys %s;
}

# -- A backlog

is($t->status('/v1/items', key => $victim), 200, 'a key');

my @old = $t->workers;

kill 'STOP', @old;

$t->append(join('', map { ($t->key_line(id => sprintf('tk_%06d', $_),
        account => 'acc_1', digest => $t->digest("bulk$_"))) } 1 .. 60000)
    . $t->key_line(id => 'tk_VICTIM', account => 'acc_1', %read,
        digest => $t->digest($victim), revoked_at => '2026-01-01T00:00:00Z'));

kill 'HUP', $t->{master};
ok($t->wait_for(sub {
    my @now = $t->workers;
    @now == 4
}), 'new workers, while the old ones are stopped');

is(answers($victim, 0.5), '401',
    'what was revoked meanwhile is dead from the first request on');
is(answers($kept, 0.1), '200', 'the others live');

kill 'CONT', @old;
ok($t->wait_for(sub { my @now = $t->workers; @now == 2 }),
    'the old ones go');

# -- Another journal

my $lines = $t->account_line(id => 'acc_1', name => 'One')
    . $t->key_line(id => 'tk_KEPT01', account => 'acc_1', %read,
                   digest => $t->digest($kept));

$t->write_file('other.jsonl', $lines);

# requests that are not whole yet keep old workers busy

my $request = $t->request_bytes('/v1/items', key => $kept);
my @slow = map { $t->client } 1 .. 20;

$_->send(substr $request, 0, 20) for @slow;
sleep 0.3;
@old = $t->workers;
ok($t->reload($conf =~ s/keys\.jsonl/other.jsonl/r), 'another journal');
ok($t->wait_for(sub { $t->status('/v1/items', key => $other) == 401 }, 3),
    'who is not in it is not let in');
is(answers($other, 1.5), '401', 'not even now and then');
is(answers($kept, 0.5), '200', 'who is, is');
ok(scalar(grep { kill 0, $_ } @old), 'while there are old workers');
$_->send(substr $request, 20) for @slow;
is(join(' ', map { $_->response->{status} } @slow), join(' ', (200) x 20),
    'who answer what they have begun');

# a reload that fails leaves the journal what it was

$t->allow(qr/\[emerg\]/);
$t->{conf} = $conf . 'foo;';
$t->write_conf;
kill 'HUP', $t->{master};
$t->wait_for(sub { $t->read_file('error.log') =~ /\[emerg\]/ });

my $next = $t->key_line(id => 'tk_NEXT01', account => 'acc_1', %read,
    digest => $t->digest('tk_NEXT01_' . 'n' x 24));

open my $f, '>>', "$t->{dir}/other.jsonl";
syswrite $f, $next;
close $f;
ok($t->wait_for(sub {
    $t->status('/v1/items', key => 'tk_NEXT01_' . 'n' x 24) == 200 }, 3),
    'which is followed on');

figure('60000 lines that nobody had read', '20 requests that lingered');

$t->done;

#!/usr/bin/perl

# POST /keys/:id/reset, and the command: a key gets back what it has used of
# its rates, in every worker, and after a restart too.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use Test::More;

use Keygate;
use Keygate::Admin;
use Keygate::Command;

my $t = Keygate->new(workers => 2, conf => admin_conf(rate => <<'END',
        rate 3r/h;
        rate 5r/d   name=daily;
        rate 50r/month;
        rate 2r/h   group=search;
        rate 90r/d  per=account name=all;
END
    routes => <<'END'));
        route GET  /v1/search  items:read group=search;
END

admin_token($t);
$t->account(id => 'acc_1', name => 'One');

my %rates = (AAAAAL => ['2r/m']);
my %key = map { ("tk_$_" => $t->key(id => "tk_$_", scopes => ['items:read'],
    account => 'acc_1', $rates{$_} ? (rates => $rates{$_}) : ())) }
    qw(AAAAAA AAAAAL BBBBBB);

$t->start;

sub status {
    my ($id, $path) = @_;

    return $t->status($path // '/v1/items', key => $key{$id});
}

sub reset_key {
    my ($id, $body) = @_;

    return admin($t, 'POST', "/keys/$id/reset", $body);
}

# "hour=3 daily=5": what is left, charging nothing.

sub left {
    my ($id, $path) = @_;

    my $r = $t->get($path // '/v1/items', key => $key{$id});
    my %left = ($r->header('RateLimit') // '') =~ /"([^"]+)";r=(\d+)/g;

    return \%left;
}

is(status('tk_AAAAAA'), 200, 'let in') for 1 .. 3;
is(status('tk_AAAAAA'), 429, 'no more');

my $r = reset_key('tk_AAAAAA', { rate => 'hour' });

is($r->{status}, 200, 'the hour is emptied') or diag($r->{body});
is($r->json->{id}, 'tk_AAAAAA', '... and the record told');
is_deeply([keys %{$r->json->{resets}}], ['hour'], '... and when');

is(status('tk_AAAAAA'), 200, 'let in at once, by whatever worker')
    for 1 .. 2;
is(status('tk_AAAAAA'), 429, 'the day goes on');

is(reset_key('tk_AAAAAA', { rate => 'daily' })->{status}, 200,
    'a rate by its name');

my $left = left('tk_AAAAAA');

is($left->{daily}, 4, '... is emptied');
is($left->{hour}, 0, '... and no other');
is($left->{month}, 44, '... nor the month');

# All at once, those of groups too; not the account's

is(status('tk_AAAAAL', '/v1/search'), 200, 'a search') for 1 .. 2;
is(status('tk_AAAAAL', '/v1/search'), 429, 'no more');
is(reset_key('tk_AAAAAL', { rate => 'search-hour' })->{status}, 200,
    'a rate of a group');
is(status('tk_AAAAAL', '/v1/search'), 429, 'its own minute goes on');
is(reset_key('tk_AAAAAL', { rate => 'minute' })->{status}, 200,
    'one of its own');
is(status('tk_AAAAAL', '/v1/search'), 200, 'let in');

my $before = left('tk_AAAAAL', '/v1/search')->{all};

is(reset_key('tk_AAAAAL')->{status}, 200, 'all of them');
$left = left('tk_AAAAAL', '/v1/search');
is($left->{minute}, 1, '... its own');
is($left->{'search-hour'}, 1, '... those of groups');
is($left->{all}, $before - 1, '... but not what the account has used');
is(status('tk_BBBBBB'), 200, 'another key');
is(reset_key('tk_AAAAAL', {})->{status}, 200, 'an empty body says the same');

# What is wrong

for my $case (
    [{ rate => 'week' }, 'is not the name of a rate of this key'],
    [{ rate => '' }, 'is not the name of a rate of this key'],
    [{ rate => 7 }, 'is not the name of a rate of this key'],
    [{ rate => 'second' }, 'is not the name of a rate of this key'],
    [{ rate => 'all' }, 'counts what all keys of the account use'],
) {
    $r = reset_key('tk_AAAAAA', $case->[0]);
    is($r->{status}, 422, "rate: $case->[0]{rate}");
    is_deeply($r->json->{errors}, [{ pointer => '/rate',
        detail => $case->[1] }], '... and why');
}

$r = reset_key('tk_AAAAAA', { unit => 'day' });
is_deeply([$r->{status}, $r->json->{errors}[0]{pointer}], [422, '/unit'],
    'another member');
is(reset_key('tk_ZZZZZZ')->{status}, 404, 'no such key');

# It is a change like any: told, and not made where it cannot be written

like($t->read_file('error.log'), qr/key\.reset/, 'the audit tells of it');
is(admin($t, 'GET', '/keys/tk_AAAAAA')->json->{changed_by}, 'admin',
    'and so does the record');

# The file beside the journal knows, and so does a journal read anew

is(status('tk_BBBBBB'), 200, 'used') for 1 .. 2;
is(status('tk_BBBBBB'), 429, '... up');
is(reset_key('tk_BBBBBB')->{status}, 200, 'emptied');
$t->kill_all;
$t->start;
$left = left('tk_BBBBBB');
is($left->{daily}, 4, 'after a kill -9 the day is still empty');
is($left->{month}, 49, '... and the month');
is(left('tk_BBBBBB')->{daily}, 3, 'and counts on');
$t->kill_all;
$t->start;
ok(left('tk_BBBBBB')->{daily} <= 2, '... over the next one')
    or diag(left('tk_BBBBBB')->{daily});
$t->append($t->read_file('keys.jsonl') =~ s/^(?!.*tk_BBBBBB).*\n//mgr);
is(admin($t, 'POST', '/keys/tk_AAAAAA/suspend')->{status}, 200,
    'lines that are read once more');
ok(left('tk_BBBBBB')->{daily} <= 1, '... empty nothing');

# By the command

my $c = Keygate::Command->new(dir => $t->{dir});
my $run = $c->run('reset', 'tk_BBBBBB', '--rate', 'day', '--journal',
    "$t->{dir}/keys.jsonl");

is($run->{code}, 0, 'keygate reset') or diag($run->{err});
ok($t->wait_for(sub { (left('tk_BBBBBB')->{daily} // 0) >= 3 }),
    '... is in force') or diag(explain(left('tk_BBBBBB')));
is($c->run('reset', 'tk_BBBBBB', '--rate', 'week', '--journal',
    "$t->{dir}/keys.jsonl")->{code}, 2, 'a name that has no unit');

$t->done;

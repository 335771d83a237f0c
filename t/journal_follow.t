#!/usr/bin/perl

# What is written into the journal is in force in every worker within a second;
# what cannot be read changes nothing.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use Test::More;
use Time::HiRes qw(sleep time);

use Keygate;
use Keygate::Items;

my $t = Keygate->new(workers => 2, conf => items_conf(
    zone => "keygate_zone keys:4m journal=keys.jsonl;\n", extra => <<'E'));
        plan free;
        plan paid api_access;
        require api_access;
E

$t->account(id => 'acc_1', name => 'One', plan => 'paid', status => 'active');
my $first = $t->key(id => 'tk_FIRST1', scopes => ['items:read']);

$t->start;

# Within how many seconds every worker answers so; 9 for never.

sub in_force {
    my ($status, $key) = @_;

    my $start = time;

    while (time - $start < 5) {
        my @s = map { $t->status('/v1/items', key => $key) } 1 .. 6;
        return time - $start if !grep { $_ != $status } @s;
        sleep 0.02;
    }

    return 9;
}


sub soon {
    my ($status, $key, $name) = @_;

    # a second, and what six requests may take on a busy machine
    cmp_ok(in_force($status, $key), '<', 2, $name);
}


is($t->status('/v1/items', key => $first), 200, 'what was there at the start');

my $key = $t->key(id => 'tk_SECOND', scopes => ['items:read']);
soon(200, $key, 'a key that is appended');

$t->append($t->key_line(id => 'tk_SECOND', account => 'acc_1', scopes => [],
                        digest => $t->digest($key)));
soon(403, $key, 'its scopes change');

$t->append($t->key_line(id => 'tk_SECOND', account => 'acc_1',
    scopes => ['items:read'], digest => $t->digest($key),
    revoked_at => '2026-11-02T00:00:00Z'));
soon(401, $key, 'it is revoked');

$t->append($t->key_line(id => 'tk_SECOND', account => 'acc_1',
    scopes => ['items:read'], digest => $t->digest($key), color => 'blue'));
soon(200, $key, 'and back: the last line wins, unknown members are kept');

$t->append($t->key_line(id => 'tk_SECOND', deleted => JSON::PP::true));
soon(401, $key, 'it is deleted');
is($t->get('/v1/items', key => $key)->json->{code}, 'credential_invalid',
   'and unknown from then on');

# -- accounts

for my $case ([ { status => 'past_due' }, 403, 'subscription_lapsed' ],
    [ { status => 'canceled' }, 403, 'subscription_lapsed' ],
    [ { status => 'trialing', trial_ends_at => '2026-01-01T00:00:00Z' }, 403,
      'subscription_lapsed' ],
    [ { status => 'trialing', trial_ends_at => '2096-01-01T00:00:00Z' }, 200 ],
    [ { status => 'trialing' }, 403, 'subscription_lapsed' ],
    [ { status => 'active' }, 200 ],
    [ { plan => 'free' }, 403, 'plan_required' ],
    [ { plan => 'unheard' }, 403, 'plan_required' ],
    [ { plan => undef }, 403, 'plan_required' ],
    [ { plan => 'paid' }, 200 ],
    [ { deleted => JSON::PP::true }, 403, 'subscription_lapsed' ],
    [ { plan => 'paid', status => 'active' }, 200 ])
{
    my ($change, $status, $code) = @$case;
    my $name = join ' ', map { $_ . ' ' . ($change->{$_} // 'null') }
                         sort keys %$change;

    $t->append($change->{deleted}
        ? $t->account_line(id => 'acc_1', deleted => JSON::PP::true)
        : $t->account_line(id => 'acc_1', name => 'One', plan => 'paid',
                           status => 'active', %$change));
    soon($status, $first, "an account: $name");

    is($t->get('/v1/items', key => $first)->json->{code}, $code, "$name: code")
        if $code;
}

# -- a torn line is none until it is whole

my ($line, $torn) = $t->make_key(id => 'tk_TORN01', scopes => ['items:read']);

$t->append(substr $line, 0, 40);
sleep 1.2;
is($t->status('/v1/items', key => $torn), 401, 'half a line is ignored');
is($t->status('/v1/items', key => $first), 200, 'what was before it holds');

$t->append(substr $line, 40, -1);
sleep 1.2;
is($t->status('/v1/items', key => $torn), 401, 'without its end it is no line');

$t->append("\n");
soon(200, $torn, 'the rest makes it whole');

# -- what is not valid is reported with its number, and skipped

my $lines = () = $t->read_file('keys.jsonl') =~ /\n/g;
my $digest = $t->digest('tk_FIRST1_' . 'x' x 24);
my @garbage = (
    'garbage', '{}', '[]', '""', '{"key":1}', "\xff\xfe", '{"key":{"id":"a"',
    '{"key":{"id":"tk_FIRST1","account":"acc_1","digest":"md5:00"}}',
    '{"key":{"id":"tk_FIRST1","account":"acc_1","digest":"sha256:00"}}',
    '{"key":{"id":"tk_FIRST1","account":"acc_1"}}',
    qq({"key":{"id":"tk_FIRST1","account":"acc_1","digest":"$digest",)
        . '"expires_at":"yesterday"}}',
    qq({"key":{"id":"tk_FIRST1","id":"x","account":"a","digest":"$digest"}}),
    qq({"key":{"id":"tk_FIRST1","account":"a","digest":"$digest",)
        . '"rates":["0r\/m"]}}',
    qq({"key":{"id":"tk_FIRST1","account":"a","digest":"$digest",)
        . '"addresses":["10.0.0.1\/8"]}}',
    qq({"key":{"id":"tk_FIRST1","account":"a","digest":"$digest",)
        . '"scopes":"items:read"}}',
    '{"account":{"id":"acc_1","status":"unheard"}}',
    '{"account":{"id":"acc_1"},"key":{"id":"x"}}',
    '{"key":{"id":"' . 'x' x 100 . '","deleted":true}}',
    '{"key":{"id":"tk_FIRST1","deleted":true}} trailing',
    'x' x 100000,
    map { "garbage $_" } 1 .. 100,
);

$t->append(join '', map { "$_\n" } @garbage);
my $after = $t->key(id => 'tk_AFTER1', scopes => ['items:read']);
soon(200, $after, 'what comes after garbage is read');
is($t->status('/v1/items', key => $first), 200,
   'and the records that it names stay as they were');

my $log = $t->read_file('error.log');
my $last = $lines + @garbage;

is(join(' ', grep { $log !~ /\[warn\].* line $_ of / } $lines + 1 .. $last), '',
    'each bad line is reported with its number');
unlike($log, qr/\[warn\].* line (?:$lines|${\($last + 1)}) of /,
    'and no other one');
unlike($log, qr/$digest|${\substr $digest, 7}/, 'without what it holds');
cmp_ok(scalar(() = $log =~ /keys\.jsonl/g), '<=', 10 * @garbage,
       'not again and again');

# -- a file that is replaced

my $whole = $t->read_file('keys.jsonl');
my ($new_line, $new) = $t->make_key(id => 'tk_RENAME',
                                    scopes => ['items:read']);
my ($account) = grep { /acc_1.*active/ } reverse split /^/, $whole;
my ($kept) = grep { /tk_FIRST1.*Key tk_FIRST1/ } split /^/, $whole;

$t->replace("$account$kept$new_line");
soon(200, $new, 'a key of the new file');
soon(401, $after, 'one that is no more in it');
is($t->status('/v1/items', key => $first), 200, 'one that is in both');

my $appended = $t->key(id => 'tk_AFTER2', scopes => ['items:read']);
soon(200, $appended, 'and the new file is followed');

# -- a file that is not there, or is empty, lets nobody in

$t->allow(qr/cannot follow/);
rename "$t->{dir}/keys.jsonl", "$t->{dir}/keys.gone";
sleep 1.2;
is($t->status('/v1/items', key => $first), 200, 'gone: the table stays');
is($t->status('/v1/items', key => $after), 401, 'and nobody else is let in');
rename "$t->{dir}/keys.gone", "$t->{dir}/keys.jsonl";
unlink "$t->{dir}/keys.gone";

$t->append(($t->make_key(id => 'tk_AFTER3', credential => 'tk_AFTER3_'
                         . 'z' x 24, scopes => ['items:read']))[0]);
soon(200, 'tk_AFTER3_' . 'z' x 24, 'back again');

$t->replace('');
sleep 1.2;
is($t->status('/v1/items', key => $first), 200, 'empty: the table stays, too');
$t->replace($account . $kept);
soon(401, 'tk_AFTER3_' . 'z' x 24, 'a full one holds what it holds');
is($t->status('/v1/items', key => $first), 200, 'and nothing else');

# -- many lines do not stall anybody

my $bulk = join '', map { ($t->key_line(id => sprintf('tk_%06d', $_),
    account => 'acc_1', scopes => ['items:read'],
    digest => $t->digest("bulk$_"))) } 1 .. 5000;

$t->append($bulk);
my $end_key = $t->key(id => 'tk_BULKED', scopes => ['items:read']);
my ($worst, $start) = (0, time);

while (time - $start < 10) {
    my $at = time;
    my $status = $t->status('/v1/items', key => $first);
    $worst = time - $at if time - $at > $worst;
    last if $status != 200
            || $t->status('/v1/items', key => $end_key) == 200;
}

is($t->status('/v1/items', key => $end_key), 200, '5,000 lines are applied');
cmp_ok($worst, '<', 0.5, 'and nobody waits for it');

# -- a start without a file

my $u = Keygate->new(conf => items_conf(rate => 'rate 5r/m;'));

unlink "$u->{dir}/keys.jsonl";
$u->start;
is($u->status('/v1/items', key => $first), 401, 'no file: no keys');
my $late = $u->key(scopes => ['items:read']);
ok($u->wait_for(sub { $u->status('/v1/items', key => $late) == 200 }, 3),
   'it may come later');

$u->done;
$t->done;

#!/usr/bin/perl

# A zone that is full, even of what it keeps for changes: what the journal takes
# away is not granted any more.  A record whose line has found no room opens
# nothing, and is taken by itself when there is room.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use Time::HiRes qw(sleep time);

use Keygate;
use Keygate::Admin;

my $conf = admin_conf(zone => "keygate_zone keys:160k journal=keys.jsonl;\n");
my $t = Keygate->new(workers => 2, conf => $conf);

admin_token($t);

my @addresses = map { "127.0.0.$_/32" } 1 .. 32;
my $past = '2026-11-01T10:00:00Z';

my %line;                       # of each key: all but what changes
my %secret;

sub line {
    my ($id, %more) = @_;

    return $t->key_line(%{$line{$id}}, %more);
}


sub make {
    my ($id, $account) = @_;

    my ($text, $secret) = $t->make_key(id => $id, account => $account,
        scopes => ['items:read']);

    $line{$id} = JSON::PP::decode_json($text)->{key};
    $secret{$id} = $secret;

    return $text;
}


sub status {
    my ($id, $secret) = @_;

    return $t->status('/v1/items', key => $secret // $secret{$id});
}


sub soon {
    my ($want, $id, $name, $secret) = @_;

    my $end = time + 5;
    my $is = 0;

    while (time < $end && ($is = status($id, $secret)) != $want) {
        sleep 0.02;
    }

    is($is, $want, $name);
}


$t->account(id => "acc_$_", name => 'One', status => 'active')
    for 'fill', 'one', 'two';

my @keys = qw(tk_MANYAD tk_ROTATE tk_EXPIRE tk_REVOKE tk_SHRINK);
my @fill = map { sprintf 'tk_F%05d', $_ } 1 .. 700;

$t->append(join '', map { make($_, 'acc_one') } @keys);
$t->append(make('tk_CANCEL', 'acc_two'));
$t->start;
$t->allow(qr/\[alert\].*keygate zone "keys" is full/);

is(status($_), 200, "$_ is let in") for @keys, 'tk_CANCEL';

# full of keys, and then of changes of keys

# (of lines that come at once only a record's last one is applied)

my $scopes = 0;

sub applied {
    my ($lines, $name) = @_;

    $scopes = !$scopes;
    $t->append($lines . line('tk_SHRINK',
        scopes => [$scopes ? () : 'items:read']));
    soon($scopes ? 403 : 200, 'tk_SHRINK', $name);
}


applied(join('', map { make($_, 'acc_fill') } @fill), 'keys');
applied(join('', map { line($_, addresses => \@addresses) } @fill[0 .. 29]),
    'addresses');
$t->append(join '', map { line($_, expires_at => '2100-01-01T00:00:00Z') }
    @fill[30 .. 200]);
$t->append(join '', map { line($_, expires_at => '2100-01-01T00:00:00Z',
    suspended_at => $past) } @fill[201 .. 300]);
make('tk_MARK01', 'acc_one');
$t->append(line('tk_SHRINK', scopes => []));
soon(403, 'tk_SHRINK', 'what needs no more room is in force');

my $before = admin($t, 'GET', '/keys/tk_SHRINK');

is(admin($t, 'PATCH', '/keys/tk_SHRINK', { addresses => \@addresses })
    ->{status}, 507, 'addresses for which there is no room');
is(admin($t, 'GET', '/keys/tk_SHRINK')->{body}, $before->{body},
    'change nothing');
is(status('tk_SHRINK'), 403, 'and refuse nobody else');

# what takes away

my ($rotated, $new) = $t->make_key(%{$line{tk_ROTATE}}, digest => undef,
    addresses => \@addresses);

$t->append(line('tk_MANYAD', addresses => ['10.0.0.0/8', @addresses[0 .. 30]]));
$t->append($rotated);
$t->append(line('tk_EXPIRE', expires_at => $past));
$t->append(line('tk_REVOKE', revoked_at => $past));
$t->append($t->account_line(id => 'acc_two', name => 'One',
    status => 'canceled', profile => { text => 'x' x 3000 }));

soon(503, 'tk_CANCEL', 'an account canceled with a larger profile');
soon(503, 'tk_MANYAD', 'a key that gets 32 addresses');
soon(503, 'tk_ROTATE', 'one that is rotated and gets addresses');
soon(503, 'tk_EXPIRE', 'one that expires');
soon(503, 'tk_REVOKE', 'one that is revoked');
is(status('tk_ROTATE', $new), 401, 'the new secret opens nothing either');

# what is not there at all

$t->append($t->account_line(id => 'acc_new', name => 'New',
    status => 'active') . make('tk_NEWONE', 'acc_new')
    . make('tk_NEWTWO', 'acc_one') . make('tk_NEWNOT', 'acc_one'));
$t->append(line('tk_NEWTWO', revoked_at => $past)
    . $t->key_line(id => 'tk_NEWNOT', deleted => JSON::PP::true()));
soon(503, 'tk_NEWONE', 'a new key may be one');
soon(503, 'tk_NEWTWO', 'a revoked one as well');
is($t->status('/v1/items', key => 'tk_NOBODY_' . 'x' x 24), 401,
    'one that nobody has heard of is none');

my $r = $t->get('/v1/items', key => $secret{tk_MANYAD});
is($r->header('Retry-After'), 10, 'it is told when to try again');
is($r->json->{code}, 'unavailable', 'and why');

like($t->read_file('error.log'),
    qr/line \d+ of "\S+" is put off, it found no room in the zone; what it/,
    'the log tells of it');

$r = admin($t, 'POST', '/check', { key_id => 'tk_MANYAD', method => 'GET',
    path => '/v1/items' });
is($r->json->{verdict} . ' ' . $r->json->{status}, 'unavailable 503',
    '"check" says the same');
is(scalar @{admin($t, 'GET', '/keys/tk_MANYAD')->json->{addresses}}, 32,
    'GET has the record of the journal');

# a record that is not there at all waits, too: nobody says that it is none

for my $id (qw(tk_NEWONE tk_NEWTWO)) {
    $r = admin($t, 'POST', '/check', { key_id => $id, method => 'GET',
        path => '/v1/items' });
    is($r->json->{verdict} . ' ' . $r->json->{status}, 'unavailable 503',
        "$id: \"check\" says the same");
    $r = admin($t, 'GET', "/keys/$id");
    is($r->{status}, 503, '... so does GET');
    like($r->json->{detail}, qr/waits for room in the zone/, '... and why');
}

is(admin($t, 'GET', '/accounts/acc_new')->{status}, 503, 'an account, too');
is(admin($t, 'GET', '/keys/tk_NOBODY')->{status}, 404, 'who is none, is none');
is(admin($t, 'GET', '/accounts/acc_none')->{status}, 404, '... an account');
$r = admin($t, 'POST', '/check', { key_id => 'tk_NOBODY', method => 'GET',
    path => '/v1/items' });
is($r->json->{verdict}, 'credential_invalid', '... for "check"');

is_deeply([map { $_->{id} }
    @{admin($t, 'GET', '/keys?account=acc_one&state=revoked')->json->{data}}],
    ['tk_REVOKE'], 'and so has a list');

# not after a reload, and not by another process

ok($t->reload($conf), 'a reload');
is(status($_), 503, "$_ is still dead")
    for qw(tk_MANYAD tk_ROTATE tk_EXPIRE tk_REVOKE tk_CANCEL tk_NEWONE);

# until there is room

$t->append(join '', map { $t->key_line(id => $_, deleted => JSON::PP::true()) }
    @fill);

soon(401, 'tk_EXPIRE', 'deletions make room for the one that expires');
soon(401, 'tk_REVOKE', 'and the one that is revoked');
is($t->get('/v1/items', key => $secret{tk_REVOKE})->json->{code},
    'key_revoked', 'as the journal says');
soon(200, 'tk_ROTATE', 'the rotated one', $new);
is(status('tk_ROTATE'), 401, 'not with its old secret');
soon(200, 'tk_MANYAD', 'the one with addresses');
soon(200, 'tk_NEWONE', 'and the new one, with its account');
is(admin($t, 'PUT', '/accounts/acc_more', { name => 'x' x 200,
    profile => { text => 'x' x 2000 } })->{status}, 201,
    'an account finds room where keys were');
soon(403, 'tk_CANCEL', 'and so does a large one, which is canceled');

soon(401, 'tk_NEWTWO', 'the next one, too');
is($t->get('/v1/items', key => $secret{tk_NEWTWO})->json->{code},
    'key_revoked', 'as its last line says');
is($t->get('/v1/items', key => $secret{tk_NEWNOT})->json->{code},
    'credential_invalid', 'and the one that is deleted is none');

ok($t->reload($conf =~ s/keys:160k/keys:1m/r), 'a larger zone');
is(status('tk_CANCEL'), 403, 'has room for the account, which is canceled');

$t->append($t->account_line(id => 'acc_two', name => 'One',
    status => 'active', profile => { text => 'x' x 4000 }));
soon(200, 'tk_CANCEL', 'until it is active again');

$t->{seen} = '';
$t->done;

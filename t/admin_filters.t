#!/usr/bin/perl

# Filters of GET /keys: each alone, together, over pages, and wrong ones.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;

use Keygate;
use Keygate::Admin;

my $t = Keygate->new(conf => admin_conf());

sub at {
    my ($s, $m, $h, $d, $mo, $y) = gmtime(time + $_[0] * 86400);

    return sprintf '%04d-%02d-%02dT%02d:%02d:%02dZ', $y + 1900, $mo + 1, $d,
        $h, $m, $s;
}

admin_token($t);
$t->account(id => 'acc_1', name => 'One', plan => 'pro');
$t->account(id => 'acc_2', name => 'Two', plan => 'pro');

my %more = (
    A => { name => 'Zapier (billing)', scopes => ['items:read'],
        meta => { team => 'core', seats => 7, beta => JSON::PP::true() } },
    B => { name => "\x{c4}rzte", scopes => ['items:read', 'items:write'],
        meta => { team => 'ops' } },
    C => { expires_at => at(10), meta => { team => 'core' } },
    D => { expires_at => at(-1), created_at => at(-400) },
    E => { revoked_at => at(-2), created_at => at(-30) },
    F => { suspended_at => at(-3), created_at => at(-30) },
    G => { account => 'acc_2', created_at => at(-400), rotated_at => at(-1) },
);

$t->append(join '', map {
    ($t->make_key(id => "tk_$_$_$_$_$_$_", account => 'acc_1',
        name => "key $_", scopes => [], created_at => at(-1), %{$more{$_}}))[0]
} sort keys %more);
my $used = $t->key(id => 'tk_UUUUUU', name => 'used', account => 'acc_2',
    scopes => ['items:read'], created_at => at(-400));
$t->start;
is($t->get('/v1/items/7', key => $used)->{status}, 200, 'a key is used');


# The letters of the keys in a list, over all its pages.

sub letters {
    my ($query, $limit) = @_;
    my ($cursor, @all) = ('');

    while (defined $cursor) {
        my $r = admin($t, 'GET', "/keys?$query&limit=$limit"
            . ($cursor eq '' ? '' : "&cursor=$cursor"));

        return problem_is($r) if $r->{status} != 200;

        push @all, map { substr $_->{id}, 3, 1 } @{$r->json->{data}};
        $cursor = $r->json->{next_cursor};
    }

    return join '', sort @all;
}

for (['account=acc_2', 'GU'], ['name=ZAP', 'A'], ['name=g)', 'A'],
    ['name=Zapier+(', 'A'],
    ['name=%c3%a4RZ', 'B'], ['name=nobody', ''], ['name=key', 'CDEFG'],
    ['scope=items:read', 'ABU'], ['scope=items:write', 'B'],
    ['scope=other', ''],
    ['state=live', 'ABCGU'], ['state=suspended', 'F'], ['state=revoked', 'E'],
    ['state=expired', 'D'],
    ['meta.team=core', 'AC'], ['meta.seats=7', 'A'], ['meta.beta=true', 'A'],
    ['meta.team=CORE', ''], ['meta.none=', ''],
    ['expiring_within=14d', 'C'], ['expiring_within=9d', ''],
    ['older_than=20d', 'DEFU'], ['older_than=390d', 'DU'],
    ['unused_for=20d', 'DEFG'], ['unused_for=12h', 'ABCDEFG'],
    ['meta.team=core&meta.seats=7', 'A'], ['meta.team=core&name=key', 'C'],
    ['state=live&older_than=300d', 'U'],
    ['state=live&older_than=300d&account=acc_1', ''])
{
    my ($query, $want) = @$_;

    is(letters($query, 100), $want, $query);
    is(letters($query, 1), $want, "$query, one by one");
}

for (['state=dead', 'state is none of'], ['older_than=soon', 'older_than is n'],
    ['older_than=1d&older_than=2d', 'older_than is given twice'],
    ['name=', 'name is empty'], ['account=%00', 'account is not an id'],
    ['color=red', 'color is not known here'],
    ['meta.a=1&meta.a=2', 'meta.a is given twice'],
    [join('&', map { "meta.m$_=1" } 1 .. 17), 'meta.m17 is one name too many'],
    ['%07=1', 'A parameter is not known here'])
{
    my ($query, $want) = @$_;
    my $r = admin($t, 'GET', "/keys?$query");

    is(problem_is($r), '400 bad_request', "$query is refused");
    like($r->json->{detail}, qr/^\Q$want\E/, 'and told why');
}

my $cursor = admin($t, 'GET', '/keys?state=live&limit=1')->json->{next_cursor};

is(admin($t, 'GET', "/keys?state=live&cursor=$cursor")->{status}, 200,
    'a cursor goes on with the same filters');
is(problem_is(admin($t, 'GET', "/keys?cursor=$cursor")), '400 bad_request',
    'and with no others');
is(problem_is(admin($t, 'GET', '/accounts?state=live')), '400 bad_request',
    'accounts have no filters');

$t->done;

#!/usr/bin/perl

# A key's "meta": set by the admin API, the developers page's and the command,
# checked alike, kept in the journal, told to upstreams, and found again.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use JSON::PP ();
use Test::More;

use Keygate;
use Keygate::Admin;
use Keygate::Command;
use Keygate::Portal;

my $t = Keygate->new(workers => 2, conf => portal_conf(location => <<'E'));
            proxy_set_header X-Team  $keygate_meta_team;
            proxy_set_header X-Seats $keygate_meta_seats;
            proxy_set_header X-Beta  $keygate_meta_beta;
E

admin_token($t);
$t->account(id => 'acc_1', name => 'One', plan => 'pro');
$t->start;

my $json = JSON::PP->new->canonical;


# As upstreams have it: "team|seats|beta".

sub sent {
    my ($key) = @_;

    $t->get('/v1/items', key => $key);

    my %h = map { lc $_->[0] => $_->[1] } @{$t->last_hit->{headers}};

    return join '|', map { $_ // '' } @h{qw(x-team x-seats x-beta)};
}


sub meta_of {
    my ($id) = @_;

    my $meta = admin($t, 'GET', "/keys/$id")->json->{meta};

    return $meta ? $json->encode($meta) : 'none';
}


# -- The admin API

my %new = (account => 'acc_1', name => 'k', scopes => ['items:read']);
my $r = admin($t, 'POST', '/keys', { %new, meta => { team => "Caf\xc3\xa9",
    seats => 7, beta => JSON::PP::true() } });
my ($id, $key) = @{$r->json}{qw(id secret)};

is($r->{status}, 201, 'a key with meta');
is($json->encode($r->json->{meta}),
   qq({"beta":true,"seats":7,"team":"Caf\xe9"}),
   'its meta is told');
is(sent($key), "Caf\xc3\xa9|7|true", 'upstreams are told');
like($t->read_file('keys.jsonl'), qr/"meta":\{[^}]*"seats":7[^}]*\}/,
     'the journal has it');
like($t->read_file('error.log'), qr/key\.create.*\\?"meta\\?"/,
     'and so has the audit');

is(admin($t, 'PATCH', "/keys/$id", { meta => { team => 'ops', seats => undef,
    region => 'eu' } })->{status}, 200, 'changed');
is(meta_of($id), '{"beta":true,"region":"eu","team":"ops"}',
   'what is null goes, what is not named stays');
is(sent($key), 'ops||true', 'upstreams are told of it');

is(admin($t, 'PATCH', "/keys/$id", { name => 'other' })->{status}, 200,
   'another member is changed');
is(meta_of($id), '{"beta":true,"region":"eu","team":"ops"}', '... it stays');
is(admin($t, 'POST', "/keys/$id/rotate", {})->{status}, 200, 'rotated');
is(meta_of($id), '{"beta":true,"region":"eu","team":"ops"}', '... it stays');

for my $case ([ 'meta.team=ops', 1 ], [ 'meta.team=ops&meta.beta=true', 1 ],
              [ 'meta.team=ops&meta.beta=false', 0 ], [ 'meta.seats=7', 0 ])
{
    is(scalar @{admin($t, 'GET', "/keys?$case->[0]")->json->{data}},
       $case->[1], "found by $case->[0]");
}

is(admin($t, 'PATCH', "/keys/$id", { meta => undef })->{status}, 200,
   'null for all of it');
is(meta_of($id), 'none', '... removes it');

my $long = 'x' x 256;
my $value = '/meta/%s is not a string, number or boolean;';

for my $case (
    [ 'a string', 'x', '/meta is not an object;' ],
    [ 'a list', [ 'a' ], '/meta is not an object;' ],
    [ 'a name in capitals', { Team => 1 },
      '/meta/Team has a name that is not 1 to 63 of a-z, 0-9 and _;' ],
    [ 'no name', { '' => 1 },
      '/meta/ has a name that is not 1 to 63 of a-z, 0-9 and _;' ],
    [ 'a long name', { 'n' x 64 => 1 }, '/meta/' . 'n' x 64
      . ' has a name that is not 1 to 63 of a-z, 0-9 and _;' ],
    [ 'a list in it', { a => [] }, sprintf $value, 'a' ],
    [ 'an object in it', { a => {} }, sprintf $value, 'a' ],
    [ 'a long value', { a => $long },
      '/meta/a is longer than 255 bytes or holds control characters;' ],
    [ 'a control byte', { a => "x\x7f" },
      '/meta/a is longer than 255 bytes or holds control characters;' ],
    [ '17 members', { map { ("m$_" => 1) } 1 .. 17 },
      '/meta has more than 16 members;' ],
)
{
    my ($name, $meta, $want) = @$case;

    for my $request ([ 'POST', '/keys', { %new, meta => $meta } ],
                     [ 'PATCH', "/keys/$id", { meta => $meta } ])
    {
        is(problem_is(admin($t, @$request)), "422 unprocessable_content $want",
           "$request->[0], $name");
    }
}

is(problem_is(admin($t, 'POST', '/keys', { %new, meta => { a => undef } })),
   '422 unprocessable_content ' . sprintf($value, 'a'), 'POST, null in it');
is(meta_of($id), 'none', 'nothing of these was taken');
is(admin($t, 'PATCH', "/keys/$id", { meta => {
    map { ("m$_" => 'x' x 255) } 1 .. 16 } })->{status}, 200,
   'as much as there may be');
is(problem_is(admin($t, 'PATCH', "/keys/$id", { meta => { one => 'x' } })),
   '422 unprocessable_content /meta has more than 16 members;', 'and no more');

# -- The developers page's

$r = portal($t, 'POST', '/keys', body => { name => 'p',
    scopes => ['items:read'], meta => { team => 'web' } });
is($r->{status}, 201, 'a key of the page');
is(sent($r->json->{secret}), 'web||', '... with meta');

my $own = $r->json->{id};

is(portal($t, 'PATCH', "/keys/$own", body => { meta => { seats => 1 } })
   ->{status}, 200, '... is changed');
is($json->encode(portal($t, 'GET', "/keys/$own")->json->{meta}),
   '{"seats":1,"team":"web"}', '... and shown');
is(problem_is(portal($t, 'PATCH', "/keys/$own", body => { meta => 1 })),
   '422 unprocessable_content /meta is not an object;', '... and checked');

# -- The command

my $c = Keygate::Command->new(dir => $t->{dir});
my $made = $c->json(qw(create --account acc_1 --name c --scope items:read
                       --meta team=cli --meta seats=3));

is($json->encode($made->{meta}), '{"seats":"3","team":"cli"}',
   'the command makes a key with meta');
$t->secret('its secret', $made->{secret});
ok($t->wait_for(sub { sent($made->{secret}) eq 'cli|3|' }),
   '... which nginx knows');
is($c->run('set', $made->{id}, qw(--meta seats --meta beta=on --meta team=))
   ->{code}, 0, '... it is changed');
ok($t->wait_for(sub { meta_of($made->{id}) eq '{"beta":"on","team":""}' }),
   '... a name alone goes, an empty value is one');
like($c->run('show', $made->{id})->{out},
     qr/^meta +\{"team":"","beta":"on"\}$/m,
     '... and shown');

for my $case ([ 'Team=1', qr/^keygate: --meta Team has a name that is not/ ],
              [ "a=$long", qr/^keygate: --meta a is longer than 255/ ],
              [ 'a', qr/^keygate: --meta a is not a string, number or/ ],
              [ '=1', qr/^keygate: --meta  has a name that is not 1 to 63/ ])
{
    my $r = $c->run(qw(create --account acc_1 --name x --meta), $case->[0]);

    is($r->{code}, 2, "--meta " . substr $case->[0], 0, 8);
    like($r->{err}, $case->[1], '... and why');
}

$t->done;

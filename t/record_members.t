#!/usr/bin/perl

# Members of records that arrived with 0.2.0: suspended_at, meta, changed_by;
# and the variables that tell what is known of a caller.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use Test::More;

use Keygate;
use Keygate::Items;

my $t = Keygate->new(conf => items_api(rate => 'rate 100r/h;')
    . items_server(location => <<'E', in => <<'E2'));
            proxy_set_header X-Region  $keygate_profile_region;
            proxy_set_header X-Seats   $keygate_profile_seats;
            proxy_set_header X-Beta    $keygate_profile_beta;
            proxy_set_header X-None    $keygate_profile_none;
            proxy_set_header X-Team    $keygate_meta_team;
            proxy_set_header X-Number  $keygate_meta_number;
            proxy_set_header X-On      $keygate_meta_on;
            proxy_set_header X-Lost    $keygate_meta_lost;
            add_header X-Status $keygate_status always;
E
        location /dry/ {
            keygate items;
            keygate_dry_run on;
            rewrite ^/dry(/.*) $1 break;
            proxy_pass http://127.0.0.1:%%UPSTREAM%%;
            add_header X-Status $keygate_status always;
        }
E2

$t->account(id => 'acc_1', name => 'One', profile => { region => 'B"ro',
    seats => 12, beta => \1, none => undef });

my $long = 'x' x 255;
my $key = $t->key(id => 'tk_AAAAAA', scopes => ['items:read'],
    changed_by => 'ann', meta => { team => "Caf\x{e9} \\", number => 1.5,
                                   on => \0, full => $long });
my $plain = $t->key(id => 'tk_PLAIN1', scopes => ['items:read']);
my $held = $t->key(id => 'tk_HELD01', scopes => ['items:read'],
    suspended_at => '2026-01-01T00:00:00Z');
my $dead = $t->key(id => 'tk_DEAD01', suspended_at => '2026-01-01T00:00:00Z',
    revoked_at => '2026-01-01T00:00:00Z');

$t->start;

sub sent {
    my %sent = map { lc $_->[0] => $_->[1] } @{$t->last_hit->{headers}};

    return join '|', map { $_ // '-' } @sent{@_};
}

my $r = $t->get('/v1/items', key => $key);

is($r->{status}, 200, 'a key with meta');
is($r->header('X-Status'), 'allowed', '$keygate_status');
is(sent(qw(x-region x-seats x-beta x-none)), 'B"ro|12|true|-', 'its profile');

# a profile without them, or with what would be another line

for my $profile ({}, { other => 1 }, { region => "x\r\nX-None: y" },
                 { region => "x\ny", seats => "\x7f", beta => "\x{85}" })
{
    $t->account(id => 'acc_1', name => 'One', profile => $profile);
    ok($t->wait_for(sub {
        $t->get('/v1/items/7', key => $key)->{status} == 200
            && sent(qw(x-region x-seats x-beta x-none)) eq '-|-|-|-'
    }), 'nothing of ' . join ' ', sort keys %$profile);
}

$t->account(id => 'acc_1', name => 'One', profile => { region => 'B"ro' });
ok($t->wait_for(sub {
    $t->get('/v1/items/7', key => $key);
    sent('x-region') eq 'B"ro'
}), 'and back');
$t->get('/v1/items', key => $key);
is(sent(qw(x-team x-number x-on x-lost)), "Caf\xc3\xa9 \\|1.5|false|-",
   'its meta');

$t->get('/v1/items', key => $plain);
is(sent(qw(x-region x-team x-number)), 'B"ro|-|-', 'a key without meta');

$r = $t->get('/v1/items');
is($r->header('X-Status'), 'refused', 'refused');
is($t->get('/dry/v1/items')->header('X-Status'), 'refused_dry_run',
   'refused, in a dry run');
is($t->get('/dry/v1/items', key => $key)->header('X-Status'), 'allowed',
   'allowed, in a dry run');

$t->get('/v1/open', headers => [ 'X-Team: mine', 'X-Region: mine' ]);
is(sent(qw(x-team x-region)), '-|-', 'nothing when nobody is known');

# -- suspended

$r = $t->get('/v1/items', key => $held);

is("$r->{status} " . $r->json->{code}, '401 key_suspended', 'suspended');
is($r->json->{detail},
   'This API key is suspended: ask whoever manages it to resume it.',
   'what it says');
like($r->header('WWW-Authenticate'), qr/^ApiKey realm="items"/, 'a challenge');
is($t->get('/v1/items', key => $dead)->json->{code}, 'key_revoked',
   'revoked comes first');

my ($line) = $t->make_key(id => 'tk_HELD01', scopes => ['items:read'],
    credential => $held);
$t->append($line);
$t->wait_for(sub { $t->status('/v1/items', key => $held) == 200 }, 5);
is($t->status('/v1/items', key => $held), 200, 'resumed');

# -- what is not valid is reported, and keeps what was

for my $case ([ { a => [] }, '/meta/a is not a string, number or boolean' ],
    [ { a => undef }, '/meta/a is not a string, number or boolean' ],
    [ { A => 1 }, '/meta has a member whose name is not 1 to 63' ],
    [ { a => "$long." }, '/meta/a is longer than 255 bytes' ],
    [ { a => "x\ny" }, '/meta/a is longer than 255 bytes or holds' ],
    [ { map { ("m$_" => 1) } 1 .. 17 }, '/meta has more than 16 members' ])
{
    my ($meta, $what) = @$case;

    ($line) = $t->make_key(id => 'tk_AAAAAA', credential => $key,
        meta => $meta);
    $t->append($line);
    $t->wait_for(sub { index($t->read_file('error.log'), $what) != -1 }, 5);
    like($t->read_file('error.log'), qr/\Q$what\E/, $what);
}

is($t->status('/v1/items', key => $key), 200, 'the key is as it was');

$t->done;

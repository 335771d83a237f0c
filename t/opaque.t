#!/usr/bin/perl

# Opaque keys (id=0): nothing in them but a prefix and the secret.  They are
# made, imported, found by their digest, and known by an id of their own.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use Digest::SHA qw(hmac_sha256_hex sha256_hex);
use Test::More;

use Keygate;
use Keygate::Command;
use Keygate::Items;

plan skip_all => 'no keygate command is built'
    if !-x $Keygate::Command::binary;

my $admin = 'adm_' . Keygate::Journal::new_secret(40);
my $pepper = Keygate::Journal::new_secret(40);


# The API of that name on a port, with opaque keys, and other ones if "plain".

sub api {
    my ($name, $port, %o) = @_;

    my $api = items_api(name => $name, zone => $o{zone} // '',
        rate => 'rate 50r/h;', extra => $o{formats} // <<'E');
        key_format op_ id=0 secret=40;
        key_format old- id=0 secret=20;
E
    my $server = items_server(in => $o{in});

    $api =~ s/key_format tk_[^;]*;// if !$o{plain};
    $api =~ s/zone +keys;/zone $o{keys};/ if $o{keys};
    $server =~ s/keygate items/keygate $name/;
    $server =~ s/%%PORT%%/%%$port%%/;

    return $api . $server;
}


my $t = Keygate->new(workers => 2, zones => [qw(keys hmac)], conf => <<'E'
    keygate_zone keys:1m journal=keys.jsonl;
    keygate_zone hmac:1m journal=hmac.jsonl pepper=pepper;
    log_format ids '$status $keygate_verdict $keygate_key_id';
    access_log %%DIR%%/ids.log ids;
E
    . api('items', 'PORT', in => <<'E')
        location /admin/ {
            keygate off;
            keygate_admin items token=admin.sha256;
        }
E
    . api('peppered', 'HMAC', keys => 'hmac')
    . api('mixed', 'MIXED', plain => 1)
    . api('any', 'ANY', formats => ''));

$t->write_file('admin.sha256', sha256_hex($admin));
$t->write_file('pepper', $pepper);
$t->secret('the token of the admin API', $admin);
$t->secret('the pepper', $pepper);
$t->account(id => 'acc_1', name => 'One', zone => $_) for qw(keys hmac);

my $plain = $t->key(id => 'tk_AAAAAA', account => 'acc_1', alone => 1,
                    scopes => ['items:read']);

my $c = Keygate::Command->new(dir => $t->{dir},
    journal => $t->journal_path('keys'), format => 'op_ id=0 secret=40');

$t->start;


sub status {
    my ($key, $port) = @_;

    return $t->status('/v1/items', key => $key,
                      port => $t->port($port // 'PORT'));
}


sub works {
    my (@key) = @_;

    return $t->wait_for(sub { status(@key) == 200 }, 3);
}


sub admin {
    my ($method, $path, $body) = @_;

    return $t->get("/admin$path", method => $method, bearer => $admin,
        body => $body // '', headers => ['Content-Type: application/json']);
}


# A key that was shown, this once, and must not be seen again.

sub made {
    my ($key) = @_;

    $t->{seen} =~ s/\Q$key\E//g;
    $t->secret('a key that was made', $key);
    $t->secret('its digest', sha256_hex($key));

    return $key;
}


# -- generated

my @create = qw(create --account acc_1 --name Mine --scope items:read);
my $record = $c->json(@create);
my $key = made($record->{secret});
my $id = $record->{id};

like($key, qr/^op_[A-Za-z0-9]{40}$/, 'prefix and secret, nothing else');
like($id, qr/^key_[0-9A-Z]{12}$/, 'an id of its own');
ok(works($key), 'it works');
ok(!exists $record->{digest}, 'its digest is not shown');
is($c->record($id)->{digest}, 'sha256:' . sha256_hex($key),
   'but written, of the whole key');
unlike(join('', $c->lines), qr/\Q$key\E/, 'the key itself is not');

my %different;

for (1 .. 30) {
    my $r = $c->json(@create);

    $different{$_}++ for $r->{id}, made($r->{secret});
}

is(scalar keys %different, 60, 'thirty more are all different');

my $r = admin('POST', '/keys',
    '{"account":"acc_1","name":"By HTTP","scopes":["items:read"]}');
my $second = made($r->json->{secret});
my $second_id = $r->json->{id};

like($second, qr/^op_[A-Za-z0-9]{40}$/, 'the admin API makes them, too');
is(status($second), 200, 'in force at once');

# -- the id is what is shown

like($t->read_file('ids.log'), qr/^200 allowed \Q$id\E$/m, 'logs show the id');
is(admin('GET', "/keys/$id")->json->{name}, 'Mine',
   'the admin API knows it by its id');

my %listed = map { $_->{id} => $_->{name} }
             @{admin('GET', '/keys?limit=100')->json->{data}};

is_deeply([ @listed{$id, $second_id} ], [ 'Mine', 'By HTTP' ],
          'and lists it');

my $verdict = admin('POST', '/check',
    qq({"key_id":"$id","method":"GET","path":"/v1/items"}));

is($verdict->{status}, 200, 'what it may do is asked by the id');
like($verdict->{body}, qr/"allowed"/, 'and told');

# -- rotated, revoked

$record = $c->json('rotate', $id, '--overlap', '1h');

my $rotated = made($record->{secret});

is($record->{id}, $id, 'rotated, with the same id');
ok(works($rotated), 'the new secret works');
is(status($key), 200, 'the old one, too, for a while');

my ($before, $after) = map {
    $t->get('/v1/items', key => $_)->header('RateLimit') =~ /r=(\d+)/
} $key, $rotated;

is($after, $before - 1, 'on the same limit');
is($c->run('revoke', $id)->{code}, 0, 'revoked by its id');
ok($t->wait_for(sub { status($rotated) == 401 }, 3), 'it works no more');
is(status($key), 401, 'nor does the one before');

# -- imported: the keys themselves, or their digests

my @legacy = map { made('old-' . Keygate::Journal::new_secret(20)) } 1 .. 3;

$r = $c->run('import', '--format', 'old- id=0 secret=20',
    { stdin => join "\n", 'id,account,scopes,credential,digest',
      "key_LEGACY1,acc_1,items:read,$legacy[0],",
      "key_LEGACY2,acc_1,items:read,,sha256:" . sha256_hex($legacy[1]),
      ",acc_1,items:read,$legacy[2],", '' });
is($r->{code}, 0, 'keys from before are imported') or diag($r->{err});
ok(works($legacy[$_]), "legacy key $_ works") for 0 .. 2;

my $log = $t->read_file('ids.log');

like($log, qr/^200 allowed key_LEGACY2$/m, 'by its id');
is(scalar grep({ !/ (?:-|key_LEGACY\d|key_[0-9A-Z]{12})$/ } split /\n/, $log),
   0, 'one that had none has got one');

# -- refused: one answer

my $model;

for my $case ([ 'unknown', 'op_' . 'a' x 40 ],
    [ 'another secret', substr($second, 0, -1)
                        . (substr($second, -1) eq 'x' ? 'y' : 'x') ],
    [ 'one letter more', "${second}a" ], [ 'less', substr $second, 0, -1 ],
    [ 'the id', $second_id ], [ 'id and key', "${second_id}_$second" ],
    [ 'the prefix', 'op_' ], [ 'another prefix', $second =~ s/^op_/old-/r ],
    [ 'a key of another form', $plain ], [ 'a digest', 'a' x 64 ])
{
    my ($name, $bad) = @$case;
    my $same = $t->get('/v1/items', key => $bad)->{raw}
        =~ s/"request_id":"\w+"//r =~ s/^Date:.*?\r\n//mr;

    $model //= $same;
    is($same, $model, "the one answer: $name");
}

like($model, qr/^HTTP\S+ 401 .*"credential_invalid"/s, 'which is 401');

# -- beside others, and with no key_format at all

is(status($_, 'MIXED'), 200, 'opaque keys beside others')
    for $second, $plain, $legacy[0];
is(status($_, 'ANY'), 200, 'without a key_format the digest decides')
    for $second, $plain;
is(status('x', 'ANY'), 401, 'and nothing else');

# -- under a pepper

my $h = Keygate::Command->new(dir => $t->{dir}, format => $c->{format},
    journal => $t->journal_path('hmac'));

$record = $h->json(@create, '--pepper', "$t->{dir}/pepper");
$key = made($record->{secret});
$t->secret('its digest under the pepper', hmac_sha256_hex($key, $pepper));
ok(works($key, 'HMAC'), 'under a pepper');
is($h->record($record->{id})->{digest},
   'hmac-sha256:' . hmac_sha256_hex($key, $pepper), 'by HMAC-SHA-256');
is(status($second, 'HMAC'), 401, 'a key of another zone is none');

$t->done;

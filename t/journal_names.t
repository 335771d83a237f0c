#!/usr/bin/perl

# Scopes and plans that no API has open nothing and stop nothing, however many
# of them a journal names; and when an API has them, what was granted opens.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use Test::More;
use Time::HiRes qw(sleep time);

use Keygate;
use Keygate::Items;

sub conf {
    my ($extra, $routes) = @_;

    return items_conf(zone => "keygate_zone keys:4m journal=keys.jsonl;\n",
        extra => $extra // '', routes => $routes // '');
}

my $t = Keygate->new(workers => 2, conf => conf());
my $many = 700;

$t->account(id => 'acc_1', name => 'One', status => 'active');

my (@line, @secret);

for my $i (0 .. $many - 1) {
    my ($line, $secret) = $t->make_key(id => sprintf('tk_U%05d', $i),
        account => "acc_u$i", scopes => ['items:read', "unknown:$i"]);

    push @line, $t->account_line(id => "acc_u$i", name => "U $i",
        plan => "plan$i"), $line;
    push @secret, $secret;
}

my $old = $t->key(id => 'tk_OLDONE', scopes => ['items:read']);

$t->append(join '', @line);
$t->start;


sub soon {
    my ($status, $key, $name, $path) = @_;

    my $end = time + 5;
    my $is = 0;

    while (time < $end && $is != $status) {
        $is = $t->status($path // '/v1/items', key => $key);
        sleep 0.02 if $is != $status;
    }

    is($is, $status, $name);
}


for my $i (0, 255, 256, 300, $many - 1) {
    is($t->status('/v1/items', key => $secret[$i]), 200,
        "key $i opens what an API has");
    is($t->get('/v1/items', key => $secret[$i], method => 'POST')->{status},
        403, 'and no more');
}

is($t->status('/v1/items', key => $old), 200, 'the key with none');

$t->append($t->key_line(id => 'tk_OLDONE', account => 'acc_1',
    scopes => ['itmes:read'], digest => $t->digest($old)));
soon(403, $old, 'a misspelt scope takes the right one away');

$t->append($t->key_line(id => 'tk_OLDONE', account => 'acc_1',
    scopes => ['itmes:read'], digest => $t->digest($old),
    revoked_at => '2026-11-01T10:00:00Z'));
soon(401, $old, 'and it can be revoked');

$t->append($t->account_line(id => 'acc_u9', status => 'canceled',
    plan => 'one more'));
soon(403, $secret[9], 'an account with a new plan can be canceled');

unlike($t->read_file('error.log'), qr/is skipped/, 'no line was skipped');

# an API comes to have such names, as many as there may be

my $names = join '', map { "scope unknown:$_;\n" } 3 .. 255;

ok($t->reload(conf($names . "plan plan600 gold;\n",
    "route GET /v1/three unknown:3;\nroute GET /v1/any any;\n"
    . "route GET /v1/gold any feature=gold;\n")),
    'an API with 256 scopes takes the zone over');

is($t->status('/v1/three', key => $secret[3]), 200,
    'what was granted before the API had it');
is($t->status('/v1/three', key => $secret[4]), 403, 'and to nobody else');
is($t->status('/v1/gold', key => $secret[600]), 200, 'the same with a plan');
is($t->status('/v1/gold', key => $secret[601]), 403, 'and no other one');
is($t->status('/v1/items', key => $secret[$many - 1]), 200,
    'what was open stays open');
is($t->status('/v1/items', key => $old), 401, 'what was revoked is');

# a key with more of them than an API can have

my @all = ((map { "else:$_" } 1 .. 700), 'unknown:3');
my $full = $t->key(id => 'tk_MANYNS', scopes => \@all);
soon(200, $full, 'a key with 701 scopes opens what one of them does',
    '/v1/three');
is($t->status('/v1/items', key => $full), 403, 'and nothing else');
$t->key(id => 'tk_MANYNS', credential => $full, scopes => \@all,
    revoked_at => '2026-11-01T10:00:00Z');
soon(401, $full, 'and can be revoked', '/v1/three');

my $new = $t->key(id => 'tk_NEWONE', scopes => ['unknown:3', 'unknown:999']);
soon(200, $new, 'a new key with it', '/v1/three');

# from the start

$t->stop;
ok($t->start, 'nginx starts with that journal');
is($t->status('/v1/three', key => $secret[3]), 200, 'it opens the same');
is($t->status('/v1/gold', key => $secret[600]), 200, 'by its plan, too');
is($t->status('/v1/items', key => $old), 401, 'and nothing else');

unlike($t->read_file('error.log'), qr/is skipped/, 'no line was skipped');

$t->done;

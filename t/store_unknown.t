#!/usr/bin/perl

# The store's answer to a change is lost: the client is told that nobody knows,
# GET tells, and the change is in the audit, whatever became of it.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use Test::More;

use Keygate;
use Keygate::Admin;
use Keygate::Nodes;
use Keygate::Relay;
use Keygate::Store;

plan skip_all => 'no redis-server here' if !Keygate::Store->available;

my $store = Keygate::Store->start;
my $relay = Keygate::Relay->start($store->{port});
my $t = node_create($store, 'one', server => "127.0.0.1:$relay->{port}",
    zone => 'limits=node', ready => 'access_log %%DIR%%/audit.log audit '
        . 'if=$keygate_audit_action;',
    store => '} log_format audit "$keygate_audit_action $keygate_audit_key '
        . '$status"; map "" $unused { default 0;');

$t->start;

my ($id, $key) = made($t, 'k');

is(admin($t, 'PATCH', "/keys/$id", { name => 'n' })->{status}, 200,
   'a change');

$relay->mode('lose revoked_at');

my $r = admin($t, 'POST', "/keys/$id/revoke");

is($r->{status}, 503, 'an answer that does not come');
is($r->json->{code}, 'outcome_unknown', '... tells nothing');
like($t->read_file('error.log'),
     qr/keygate audit: key\.revoke, outcome unknown; .*key: "$id"/,
     'it is in the audit');
ok($t->wait_for(sub {
    $t->read_file('audit.log') =~ /^key\.revoke $id 503$/m
}), 'and in the log of changes');

$relay->mode('cut');
ok($t->wait_for(sub {
    my $record = admin($t, 'GET', "/keys/$id")->json;

    $record && $record->{revoked_at};
}), 'GET tells that it was made');
is($t->status('/v1/items', key => $key), 401, 'which is in force');
$t->done;

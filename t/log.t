#!/usr/bin/perl

# conf.d/log.conf: every line of the access log is JSON, whatever clients
# send, and no key is in it.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use JSON::PP ();
use Test::More;

use Keygate;
use Keygate::Items;

my $t = Keygate->new(conf => <<"E" . items_conf(rate => 'rate 10r/h;'));
    include $Bin/../conf.d/log.conf;
    access_log %%DIR%%/access.jsonl keygate;
E

$t->account(id => 'acc_1', name => 'One');
my $key = $t->key(id => 'tk_AAAAAA', scopes => ['items:read']);
$t->start;

my $stray = 'tk_STRAY1_' . 'x' x 24;
my @paths = ("/v1/items/7?key=$stray", '/v1/items/"quoted"',
             '/v1/items/%22%5b%c3%a9', "/v1/items/\xff\xfe", '/v1/items/%01',
             '/v1/items/</script>');

$t->get($_, key => $key) for @paths;
$t->get('/v1/items/7');

$t->wait_for(sub { ($t->read_file('access.jsonl') =~ tr/\n//) > @paths });

my @lines = split /\n/, $t->read_file('access.jsonl');
my @records = map { eval { JSON::PP->new->latin1->decode($_) } } @lines;

is(scalar @records, @paths + 1, 'every line is JSON');
is(join(' ', map { $_->{status} } @records), '200 200 200 400 400 404 401',
   'one for each request');

my %first = %{$records[0]};
is($first{verdict}, 'allowed', 'verdict');
is($first{route}, '/v1/items/:id', 'route');
is($first{key}, 'tk_AAAAAA', 'key');
is($first{account}, 'acc_1', 'account');
is($first{path}, '/v1/items/7', 'the path without the query');
is($first{remaining}, 9, 'remaining');
like($first{request_id}, qr/^[0-9a-f]{32}$/, 'request id');
is($records[-1]{verdict}, 'credential_missing', 'a refusal');
is($records[-1]{key}, '', 'by nobody');
unlike($t->read_file('access.jsonl'), qr/$stray/, 'no key from a query');

$t->done;

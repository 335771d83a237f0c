#!/usr/bin/perl

# A keygate_api block may include files; mistakes are told where they stand.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use Test::More;

use Keygate;
use Keygate::Items;

my $t = Keygate->new(conf => items_conf(extra => 'include %%DIR%%/more.*;'));

$t->write_file('more.scopes', "scope more:read;\n");
$t->write_file('more.routes', "# routes\nroute GET /v1/more more:read;\n");

my ($rc, $out) = $t->check_conf;
is($rc, 0, 'scopes and routes from files') or diag($out);

$t->write_file('more.routes', "# routes\n\nroute GET /v1/more more:raed;\n");
($rc, $out) = $t->check_conf;
is($rc, 1, 'a mistake in one of them');
like($out, qr/invalid "more:raed" .* expected .*more\.routes:3$/m,
     'its file and line');

$t->write_file('more.routes', "route GET /v1/items/:other items:read;\n");
($rc, $out) = $t->check_conf;
is($rc, 1, 'a contradiction between two files');
like($out, qr{invalid\ "/v1/items/:\w+"\ .*\ apart\ from
              \ "/v1/items/:\w+"\ \(\S+:\d+\)\ in\ \S+:\d+$}mx,
     'both places');

($rc, $out) = $t->check_conf(items_conf(extra => 'include;'));
is($rc, 1, 'include what?');
like($out, qr/invalid "include" .*expected one file or mask/, 'one file');

$t->write_file('more.routes', "route GET /v1/more more:read;\n");
$t->account(id => 'acc_1', name => 'One');

my $key = $t->key(id => 'tk_AAAAAA', scopes => ['more:read']);

$t->start;
is($t->get('/v1/more', key => $key)->{status}, 200, 'an included route');
$t->done;

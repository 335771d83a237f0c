#!/usr/bin/perl

# A key that a client has put into the path is repeated nowhere, percent-encoded
# or not: in no body, and in no log line of the gate.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";

use Keygate;
use Keygate::Items;
use Test::More;

my $t = Keygate->new(conf => "access_log off;\n"
    . items_conf(extra => 'error route_not_found "detail=nothing at {path}";'));

my $key = $t->key(scopes => ['items:read']);

$t->start;

my $encoded = join '', map { sprintf '%%%02x', ord } split //, $key;
my $one = $key =~ s/^./sprintf '%%%02X', ord $&/er;
my $twice = $encoded =~ s/%/%25/gr;

for my $path ("/v1/$key", "/v1/$encoded", "/v1/x${one}x", "/v1/$twice",
              "/$key/$one")
{
    my $r = $t->get($path, key => $key);
    my $body = $r->{body};

    ok($r->json, "$path: JSON");
    ok(!exists $r->json->{instance}, 'without an instance');
    1 while $body =~ s/%([0-9a-fA-F]{2})/chr hex $1/ge;
    is(index($body, $key), -1, 'and without the key, decoded, too');
}

is($t->get("/v1/x$encoded" =~ s/...$//r, key => $key)->json->{instance},
    "/v1/x$encoded" =~ s/...$//r, 'what is none is shown');

my $log = $t->read_file('error.log');

1 while $log =~ s/(?:%|\\x)([0-9a-fA-F]{2})/chr hex $1/ge;
is(index($log, $key), -1, 'nor is it in the error log');
like($log, qr/\(holds a key\)/, 'which says that there was one');

$t->done;

#!/usr/bin/perl

# Five reloads with allowed and refused requests, errors of the upstream and
# changes to the journal between them: what one of them leaves behind, memcheck
# tells at the end.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/../lib";
use Test::More;

use Keygate;
use Keygate::Items;

my $t = Keygate->new(conf => items_api(rate => 'rate 100r/m;',
    extra => 'scope send; route POST /v1/send items:read;'
             . 'when POST /v1/send body.send send;')
    . items_server(in => <<'E'));
        location = /v1/me { keygate items; keygate_me; }
        location = /v1/broken { keygate_errors items; return 502; }
        location = /v1/gone {
            keygate_errors items;
            proxy_pass http://127.0.0.1:%%NOBODY%%;
        }
E

$t->account(id => 'acc_1', name => 'One');
my $key = $t->key(id => 'tk_AAAAAA', scopes => ['items:read']);

$t->start;

for my $round (0 .. 5) {
    ok($t->reload, "reload $round") if $round;

    is($t->status('/v1/items', key => $key), 200, 'allowed');
    is($t->status('/v1/items'), 401, 'no key');
    is($t->status('/v1/admin/keys', key => $key), 403, 'no scope');
    is($t->status('/v1/%2e%2e/x', key => $key), 400, 'no path');
    is($t->status('/v1/me', key => $key), 200, 'me');
    is($t->status('/v1/broken'), 502, 'an error of nginx');
    is($t->status('/v1/gone'), 502, 'an upstream that is gone');
    is($t->status('/v1/send', key => $key, method => 'POST',
                  body => '{"send":true}'), 403, 'a body');

    $t->key(id => "tk_BBBBB$round", scopes => ['items:read']);
}

$t->done;

#!/usr/bin/perl

# A node's copy: what is written into it by hand is in force nowhere, and a
# node that has missed more than the log keeps reads everything anew, while
# those who are let in are let in.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use Test::More;

use Keygate;
use Keygate::Admin;
use Keygate::Nodes;
use Keygate::Store;

plan skip_all => 'no redis-server here' if !Keygate::Store->available;

my $store = Keygate::Store->start;
my $one = node($store, 'one', store => 'timeout 100ms;');
my $two = node($store, 'two');

my ($id, $key) = made($one, 'k');
my ($gone, $revoked) = made($one, 'r');

ok becomes($two, $_, 200), 'in force on both' for $key, $revoked;

subtest 'a line by hand' => sub {
    my $by_hand = $two->key(id => 'tk_BYHAND', scopes => ['items:read']);

    ok says($two, qr/copy ends in what is not its own.*made anew/),
        'the log tells';
    is $two->status('/v1/items', key => $by_hand), 401, 'is no key';

    $two->key(id => 'tk_BYHAND2', scopes => ['items:read']);
    $two->reload;
    is $two->status('/v1/items', key => $by_hand), 401, 'nor after a reload';
    ok $two->wait_for(sub { $two->read_file($two->journal_path) !~ /BYHAND/ }),
        'and it is gone from the copy';
    is $two->status('/v1/items', key => $key), 200, 'the others stay';
};

subtest 'the log does not reach back to a node' => sub {
    $two->stop;

    is admin($one, 'POST', "/keys/$gone/revoke")->{status}, 200, 'a change';

    my ($late, $later) = made($one, 'l');

    $store->call('XTRIM', 'kg:{keys}:log', 'MAXLEN', 1);
    $store->suspend;
    $two->start;

    is $two->status('/v1/items', key => $key), 200,
        'it starts from its copy without the engine';
    is $two->status('/v1/items', key => $revoked), 200,
        'with what it has known';

    $store->resume;

    ok becomes($two, $later, 200), 'then it has everything';
    is $two->status('/v1/items', key => $revoked), 401, 'all of it';
    is $two->status('/v1/items', key => $key), 200, 'and who was live is';
    is admin($two, 'POST', "/keys/$late/revoke")->{status}, 200,
        'and it makes changes';
    ok becomes($one, $later, 401), 'that the others follow';
};

subtest 'a node that has no copy' => sub {
    $store->suspend;

    my $three = node($store, 'three');

    my $r = $three->get('/v1/items', key => $key);

    is $r->{status}, 503, 'cannot tell that a key is none';
    is $r->json->{status}, 503, 'also in the body';
    is $r->json->{code}, 'unavailable', 'says so';
    is $r->header('Retry-After'), 1, 'and when to try again';
    is $three->status('/v1/items'), 401, 'but that there is none';
    ok says($three, qr/cannot follow: no answer in time/), 'the log tells';

    $store->resume;

    ok becomes($three, $key, 200), 'until it has everything';
    is $three->status('/v1/items', key => $revoked), 401, 'all of it';
    $three->done;
};

$_->done for $one, $two;

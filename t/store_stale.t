#!/usr/bin/perl

# A node that hears nothing from its engine: what it tells of that, and that it
# refuses everybody when "max_stale" is over, also after a restart.

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

my $ready = 'location = /ready { keygate_ready; }';


# The verdict on a key, and as what it would be sent.

sub verdict {
    my ($t, $id, $path) = @_;

    my $c = admin($t, 'POST', '/check', { key_id => $id, method => 'GET',
        path => $path // '/v1/items' })->json;

    return join ' ', @$c{qw(verdict status)},
        $c->{allowed} ? 'allowed' : 'not', $c->{retry_after} // '-';
}


sub ready { return $_[0]->status('/ready', port => $_[0]->port('ADMIN')) }


sub sample {
    my ($t, $name) = @_;

    my ($value) = $t->get('/metrics', port => $t->port('ADMIN'))->{body}
        =~ /^keygate_store_$name\{zone="keys"\} (\d+)$/m;

    return $value;
}


subtest 'nginx -t' => sub {
    my $t = Keygate->new(conf => '');
    my $store = "keygate_store main { server a:1; }\n";

    for my $case (
        [ "keygate_zone k:1m journal=j max_stale=5m;", qr/and no store/ ],
        [ "$store keygate_zone k:1m journal=j store=main max_stale=10ms;",
            qr/"10ms" of "max_stale".*0 or at least 1s/ ],
        [ "$store keygate_zone k:1m journal=j store=main max_stale=1m "
            . 'max_stale=1m;', qr/each once/ ],
    ) {
        my ($code, $text) = $t->check_conf($case->[0]);

        is $code, 1, $case->[0];
        like $text, $case->[1], 'says what is wrong';
    }

    is +($t->check_conf("$store keygate_zone k:1m journal=j store=main "
        . 'max_stale=0;'))[0], 0, 'max_stale=0';
    $t->done;
};

my $store = Keygate::Store->start(data => 1);
my $relay = Keygate::Relay->start($store->{port});
my $long = node($store, 'long', ready => $ready);
my $short = node($store, 'short', server => "127.0.0.1:$relay->{port}",
    zone => 'max_stale=3s', ready => $ready);

my ($id, $key) = made($long, 'k');
my ($other, $revoked) = made($long, 'r');

ok becomes($short, $key, 200), 'both have a key';
is admin($long, 'POST', "/keys/$other/revoke?wait=5s")
    ->json->{receipt}{applied}, 2, 'and a revoked one';

subtest 'in step' => sub {
    for my $t ($long, $short) {
        ok $t->wait_for(sub { ready($t) == 200 }), 'ready';
        ok $t->wait_for(sub { sample($t, 'nodes') == 2 }), 'two nodes';
        ok $t->wait_for(sub { sample($t, 'up') == 1 }), 'up';
        ok $t->wait_for(sub { sample($t, 'behind') == 0 }),
            'nothing is missing';

        # a busy machine may have taken longer than the time-out

        my $times = () = $t->read_file('error.log') =~ /is up to date/g;

        cmp_ok sample($t, 'reconnects_total'), '>=', $times - 1,
            'a connection each time that it is up';
        is sample($t, 'forks_total'), 0, 'nothing was lost';
        ok $t->wait_for(sub { sample($t, 'heard_seconds') <= 5 }),
            'heard just now';
        like sample($t, 'full_syncs_total'), qr/^\d$/, 'read whole';
    }
};

subtest 'nothing is heard' => sub {
    $relay->mode('stall');
    ok becomes($short, $key, 503), 'too old to decide';
    is $short->status('/v1/items', key => $revoked), 503, 'about any key';
    is $short->status('/v1/items'), 401, 'but not without one';
    is verdict($short, $_), 'unavailable 503 not 1', "so says /check: $_"
        for $id, $other, 'tk_NOBODY';
    is verdict($short, $id, '/v1/open'), 'allowed 200 allowed -',
        'who is public is';
    is verdict($long, $id), 'allowed 200 allowed -', 'the other may tell';
    is admin($short, 'GET', "/keys/$id")->{status}, 200,
        'what there is can be seen';
    is ready($short), 503, 'not ready';
    is sample($short, 'up'), 0, 'down';
    ok sample($short, 'heard_seconds') >= 1, 'for how long';
    is $long->status('/v1/items', key => $key), 200, 'the other goes on';
    is ready($long), 200, 'ready';

    $short->stop;
    $short->start;
    is $short->status('/v1/items', key => $key), 503, 'so after a restart';

    $relay->mode('cut');
    ok becomes($short, $key, 200), 'heard again';
    ok $short->wait_for(sub { ready($short) == 200 }), 'ready';
};

subtest 'an engine that refuses changes' => sub {
    $store->call('CONFIG', 'SET', 'maxmemory', 1);
    is problem_is(admin($long, 'POST', "/keys/$id/revoke")),
        '507 insufficient_storage', 'is full';
    ok says($long, qr/changes were refused by store "main": OOM/),
        'the log tells';
    $store->call('CONFIG', 'SET', 'maxmemory', 0);
    like $long->get('/metrics', port => $long->port('ADMIN'))->{body},
        qr/^keygate_journal_write_errors_total\{zone="keys"\} 1$/m,
        'it is counted';
    is admin($long, 'POST', "/keys/$id/revoke")->{status}, 200, 'room again';
    like $long->get('/metrics', port => $long->port('ADMIN'))->{body},
        qr/^keygate_journal_writes_total\{zone="keys"\} [1-9]/m,
        'so is what is written';
};

subtest 'a node that has never had records' => sub {
    $store->kill;

    my $new = node($store, 'new', ready => $ready);

    is ready($new), 503, 'is not ready';
    is $new->status('/v1/items', key => $key), 503, 'and says so';
    is verdict($new, $id), 'unavailable 503 not 1', 'as /check does';

    for ("/keys/$id", '/accounts/acc', '/keys', '/accounts', '/keys?limit=1') {
        my $r = admin($new, 'GET', $_);

        is problem_is($r), '503 service_unavailable', $_;
        is $r->json->{detail}, 'This node has not yet had all records.',
            'says why';
    }

    $store->start_again;
    ok $new->wait_for(sub { ready($new) == 200 }), 'until it has them';
    is problem_is(admin($new, 'GET', '/keys/tk_NOBODY')), '404 not_found',
        'then there is none';
    is verdict($new, 'tk_NOBODY'), 'credential_invalid 401 not -',
        'for the gate, too';
    is scalar @{admin($new, 'GET', '/keys')->json->{data}}, 2,
        'and the list is whole';
    ok sample($long, 'up') || $long->wait_for(sub { sample($long, 'up') }),
        'the others are back';
    ok sample($long, 'reconnects_total') >= 1, 'over another connection';
    $new->done;
};

$_->done for $long, $short;

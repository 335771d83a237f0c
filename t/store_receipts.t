#!/usr/bin/perl

# What the answer to a change says of it where nodes share an engine: how
# durable it is, and which nodes have it.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use Test::More;

use Keygate;
use Keygate::Admin;
use Keygate::Command;
use Keygate::Nodes;
use Keygate::Portal;
use Keygate::Store;

plan skip_all => 'no redis-server here' if !Keygate::Store->available;

my $store = Keygate::Store->start(fsync => 1);
my $one = node($store, 'one');
my $two = node($store, 'two');


sub receipt { return admin($one, @_)->json->{receipt} }


subtest 'nginx -t' => sub {
    my $t = Keygate->new(conf => '');

    for my $case ('', 'no', 'auto 1', 'fsync 1', 'fsync replicas=0',
        'replicas=', 'replicas=101', 'engine replicas=1', 'replicas=1 fsync')
    {
        my ($code, $text) = $t->check_conf(
            "keygate_store main { server a:1; ack $case; }\n");

        is $code, 1, "ack $case";
        like $text, qr/of "ack".*expected "auto"/, 'says what is wrong';
    }

    for my $case ('auto', 'engine', 'fsync', 'fsync replicas=2', 'replicas=1')
    {
        is +($t->check_conf(
            "keygate_store main { server a:1; ack $case; }\n"))[0], 0,
            "ack $case";
    }

    $t->done;
};

my ($id, $key) = made($one, 'k');

ok becomes($two, $key, 200), 'both nodes have a key';

subtest 'a change' => sub {
    my $r = receipt('PATCH', "/keys/$id?wait=5s", { name => 'n' });

    ok $r->{version} > 1, 'its version';
    is $r->{durable}, 'fsync', 'the engine has synced it';
    is "$r->{applied}/$r->{nodes}", '2/2', 'both nodes have it';
    is_deeply $r->{waiting_for}, [], 'nobody is waited for';

    my $next = receipt('PATCH', "/keys/$id?wait=0", { name => 'm' });

    is $next->{version}, $r->{version} + 1, 'the next one';
    is $next->{nodes}, 2, 'without a wait';

    for my $wait ('11s', '-1', 'x', '') {
        my $answer = admin($one, 'PATCH', "/keys/$id?wait=$wait",
            { name => 'not' });

        is problem_is($answer), '400 bad_request', "wait=$wait";
        like $answer->json->{detail}, qr/up to 10s/, 'says why';
    }

    is admin($one, 'GET', "/keys/$id")->json->{name}, 'm', 'changes nothing';
};

subtest 'what takes a right away waits by itself' => sub {
    my ($other, $secret) = made($two, 'o');

    ok becomes($one, $secret, 200), 'a key';

    my $r = receipt('POST', "/keys/$other/revoke");

    is "$r->{applied}/$r->{nodes}", '2/2', 'revoked on both';
    is $two->status('/v1/items', key => $secret), 401, 'where it is refused';

    my $again = receipt('POST', "/keys/$other/revoke");

    is $again->{version}, $r->{version}, 'once more: nothing new';
    is "$again->{applied}/$again->{nodes}", '2/2', 'and who has it';

    my $answer = admin($one, 'DELETE', "/keys/$other");

    is $answer->{status}, 200, 'deleted';
    is $answer->json->{id}, $other, 'which one';
    ok $answer->json->{deleted}, 'is deleted';
    is $answer->json->{receipt}{applied}, 2, 'on both';
};

subtest 'a secret and a receipt' => sub {
    my $answer = admin($one, 'POST', "/keys/$id/rotate", {});

    $key = $answer->json->{secret};
    is $answer->json->{receipt}{applied}, 2, 'rotated on both';
    is $_->status('/v1/items', key => $key), 200, 'in force' for $one, $two;
};

subtest 'a node that is away' => sub {
    $two->stop;

    my $r = receipt('PATCH', "/keys/$id?wait=100ms", { name => 'away' });

    is "$r->{applied}/$r->{nodes}", '1/2', 'does not have it';
    is $r->{waiting_for}[0]{node}, 'two', 'by its name';
    like $r->{waiting_for}[0]{last_seen}, qr/^\d{4}-.*Z$/, 'since when';
    ok $r->{waiting_for}[0]{behind} >= 1, 'how far';

    my $client = $one->client($one->port('ADMIN'));

    $client->send($one->request_bytes('/admin/accounts/acc?wait=10s',
        method => 'PATCH', headers => [ 'Content-Type: application/json',
            "Authorization: Bearer $Keygate::Admin::token" ],
        body => '{"name":"B"}'));
    ok $one->wait_for(sub {
        admin($one, 'GET', '/accounts/acc')->json->{name} eq 'B'
    }), 'while one answer waits';
    is admin($one, 'PATCH', "/keys/$id?wait=0", { name => 'w' })->{status},
        200, 'others do not';

    my $c = Keygate::Command->new;

    is $c->run('nodes', 'forget', 'two', '--store', "unix:$store->{socket}")
        ->{code}, 0, 'the node is forgotten';
    is $client->response->json->{receipt}{nodes}, 1, 'and not waited for';
    $two->start;
    ok becomes($two, $key, 200), 'it is back';
};

subtest 'the portal' => sub {
    my $conf = portal_conf();

    $conf =~ s/(keygate_zone [^;]*)/$1 store=main/ or die;

    my $t = Keygate->new(conf => <<"END" . $conf);
    keygate_store main { server unix:$store->{socket}; node portal; }
END

    admin_token($t);
    $t->start;
    ok $t->wait_for(sub {
        admin($t, 'PUT', '/accounts/acc_1', { name => 'M' })->{status} =~ /^20/
    }), 'an account';

    my $r = portal($t, 'POST', '/keys?wait=5s',
        body => { name => 'p', scopes => ['items:read'] });

    is $r->{status}, 201, 'a key' or diag $r->{body};
    $r = $r->json->{receipt};
    is "$r->{applied}/$r->{nodes}", '3/3', 'has a receipt';
    $t->done;
};

subtest 'how durable' => sub {
    my $engine = Keygate::Store->start(data => 1);
    my $auto = node($engine, 'auto');
    my ($key_id, $secret) = made($auto, 'k');
    my $changes = 0;
    my $durable = sub {
        my $answer = admin(shift, 'PATCH', "/keys/$key_id?wait=0",
            { name => 'n' . ++$changes });

        return $answer->json->{receipt}{durable} // problem_is($answer);
    };
    my $newer = Keygate::Store->version =~ /^(?:7\.[2-9]|[89]|\d\d)/;

    is $durable->($auto), $newer ? 'fsync' : 'engine', 'auto';

    my $says = node($engine, 'says', store => 'ack engine;');

    ok becomes($says, $secret, 200), 'another node';
    is $durable->($says), 'engine', 'ack engine';

    my $strict = node($engine, 'strict', store => 'ack fsync;');

    ok becomes($strict, $secret, 200), 'a strict one';
    is $durable->($strict), $newer ? 'fsync' : '503 service_unavailable',
        'ack fsync';

    if (!$newer) {
        like admin($strict, 'POST', "/keys/$key_id/revoke")->json->{detail},
            qr/as durable as "ack" says: nothing has changed/, 'says why';
        ok says($strict, qr/refused by store "main".*"appendfsync"/),
            'and the log, what to do';
        is $auto->status('/v1/items', key => $secret), 200, 'nothing changed';
    }

    my $copied = node($engine, 'copied', store => 'ack replicas=1;');

    ok becomes($copied, $secret, 200), 'one that wants a replica';
    is $durable->($copied), '503 service_unavailable', 'there is none';

    my $replica = $engine->replica;

    is $durable->($copied), 'replicas=1', 'there is one';
    $replica->{relay}->mode('stall');
    is $durable->($copied), 'engine', 'which is too late';
    $replica->{relay}->mode('pass');
    $_->done for $auto, $says, $strict, $copied;
};

$_->done for $one, $two;

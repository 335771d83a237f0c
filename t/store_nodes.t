#!/usr/bin/perl

# Two nodes and an engine: what is made on one is in force on the other, what
# is revoked on one is refused on the other, and an engine that is away, or
# has lost everything, changes nothing for those who are let in.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use Test::More;

use Keygate;
use Keygate::Admin;
use Keygate::Command;
use Keygate::Store;

plan skip_all => 'no redis-server here' if !Keygate::Store->available;

my $store = Keygate::Store->start(data => 1);


sub node {
    my ($name, %o) = @_;

    my $conf = admin_conf();

    $conf =~ s/(keygate_zone [^;]*)/$1 store=main/ or die;

    my $t = Keygate->new(workers => 2, conf => <<"END" . $conf, %o);
    keygate_store main {
        server unix:$store->{socket};
        node $name;
    }
END

    admin_token($t);

    return $t->start;
}


sub becomes {
    my ($t, $key, $status) = @_;

    return $t->wait_for(sub {
        $t->status('/v1/items', key => $key) == $status
    });
}


subtest 'nginx -t' => sub {
    my $t = Keygate->new(conf => '');

    for my $case (
        [ '', qr/has no server, expected "server HOST:PORT;"/ ],
        [ 'server localhost;', qr/"localhost" of "server".*HOST:PORT/ ],
        [ 'server a:1; sever b:2;', qr/unknown directive "sever"/ ],
        [ 'server a:1; timeout 1y;', qr/"1y" of "timeout".*100ms to 10s/ ],
        [ 'server a:1; ssl yes;', qr/"yes" of "ssl".*on or off/ ],
        [ 'server a:1; password none;', qr/password file .*none"/ ],
        [ 'server a:1; user b c;', qr/expected "user NAME password=PATH;"/ ],
        [ 'server unix:/a; ssl on;', qr/no name to verify/ ],
        [ 'server a:1; retain 5;', qr/"5" of "retain".*from 1000/ ],
    ) {
        my ($code, $text) = $t->check_conf(
            "keygate_store main { $case->[0] }\n");

        is $code, 1, "{ $case->[0] }";
        like $text, $case->[1], 'says what is wrong';
    }

    my ($code, $text) = $t->check_conf(
        "keygate_zone k:1m journal=j store=main;\n");

    like $text, qr/unknown store "main" of zone "k"/, 'no such store';
    ($code, $text) = $t->check_conf(
        "keygate_store m { server a:1; }\nkeygate_zone k:1m store=m;\n");
    like $text, qr/has a store and no journal/, 'a store without a journal';
    $t->done;
};

my $one = node('one');
my $two = node('two');

ok $one->wait_for(sub {
    admin($one, 'PUT', '/accounts/acc', { name => 'A' })->{status} == 201
}), 'an engine and nodes that are all empty begin together';

my $r = admin($one, 'POST', '/keys',
    { account => 'acc', name => 'k', scopes => ['items:read'] });

is $r->{status}, 201, 'a key is made on one' or diag $r->{body};

my ($id, $key) = @{$r->json}{qw(id secret)};

is $one->status('/v1/items', key => $key), 200, 'in force there at once';
ok becomes($two, $key, 200), 'and on the other';
is admin($two, 'GET', "/keys/$id")->json->{name}, 'k', 'which shows it';
is admin($two, 'PATCH', "/keys/$id", { name => 'n' })->{status}, 200,
    'and changes it';

my $other = admin($two, 'POST', '/keys',
    { account => 'acc', name => 'o', scopes => ['items:read'] })->json;

ok becomes($one, $other->{secret}, 200), 'a key of the other';
is admin($one, 'POST', "/keys/$id/revoke")->{status}, 200, 'a revocation';
is $one->status('/v1/items', key => $key), 401, 'is in force';
ok becomes($two, $key, 401), 'on both';

subtest 'the command' => sub {
    my $c = Keygate::Command->new;
    my @at = ('--store', "unix:$store->{socket}");

    is $c->run('nodes', @at)->{code}, 0, 'both nodes have everything';
    is scalar @{$c->json('nodes', @at)}, 2, 'both';
    is $c->run('revoke', $other->{id}, '--wait', '5s', @at)->{code}, 0,
        'a revocation waits for both';
    is $_->status('/v1/items', key => $other->{secret}), 401,
        'in force when it is told' for $one, $two;
};

$other = admin($two, 'POST', '/keys',
    { account => 'acc', name => 'p', scopes => ['items:read'] })->json;
ok becomes($one, $other->{secret}, 200), 'a third key';

subtest 'the engine is killed' => sub {
    $store->kill;

    for my $t ($one, $two) {
        is $t->status('/v1/items', key => $other->{secret}), 200, 'live';
        is $t->status('/v1/items', key => $key), 401, 'revoked';
        is admin($t, 'POST', "/keys/$other->{id}/revoke")->{status}, 503,
            'no changes';
        is $t->status('/v1/items', key => $other->{secret}), 200,
            'which change nothing';
        ok $t->wait_for(sub {
            $t->read_file('error.log') =~ /cannot follow: .*changes are ref/
        }), 'the log tells';
    }

    $two->reload;
    is $two->status('/v1/items', key => $other->{secret}), 200,
        'a reload meanwhile';

    $store->start_again;

    ok $one->wait_for(sub {
        admin($one, 'POST', "/keys/$other->{id}/rotate", {})->{status} == 200
    }), 'it is back, and changes are made';
    ok becomes($two, $other->{secret}, 401), 'and followed';
};

$other = admin($two, 'POST', '/keys',
    { account => 'acc', name => 'q', scopes => ['items:read'] })->json;
ok becomes($one, $other->{secret}, 200), 'a fourth key';

subtest 'the engine is emptied' => sub {
    $store->call('FLUSHALL');

    for my $t ($one, $two) {
        ok $t->wait_for(sub {
            $t->read_file('error.log') =~ /\(EMPTY\).*store push/
        }), 'the log tells what to do';
        is $t->status('/v1/items', key => $other->{secret}), 200, 'live';
        is $t->status('/v1/items', key => $key), 401, 'revoked';
        is admin($t, 'POST', "/keys/$other->{id}/revoke")->{status}, 503,
            'no changes';
    }

    my $c = Keygate::Command->new;

    is $c->run('store', 'push', '--journal', $one->journal_path, '--store',
        "unix:$store->{socket}")->{code}, 0, 'a push from a copy';
    ok $one->wait_for(sub {
        admin($one, 'POST', "/keys/$other->{id}/revoke")->{status} == 200
    }), 'changes are made again';
    ok becomes($two, $other->{secret}, 401), 'and followed';
};

subtest 'a node that comes later has everything' => sub {
    my $three = node('three');

    ok $three->wait_for(sub {
        $three->read_file('error.log') =~ /is up to date/
    }), 'it is up to date';
    is $three->status('/v1/items', key => $key), 401, 'revoked';
    is admin($three, 'GET', '/keys?limit=100')->{status}, 200, 'a list';
    is scalar @{admin($three, 'GET', '/keys?limit=100')->json->{data}}, 4,
        'of all keys';
    $three->done;
};

$_->done for $one, $two;

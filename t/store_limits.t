#!/usr/bin/perl

# Limits over four nodes and an engine: never more than the limit, wherever
# requests come in; not many fewer; and what becomes of that without the engine.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use Test::More;
use Time::HiRes qw(time);

use Keygate;
use Keygate::Admin;
use Keygate::Store;

plan skip_all => 'no redis-server here' if !Keygate::Store->available;

my $store = Keygate::Store->start(data => 1);


sub node {
    my ($name, $limits, %o) = @_;

    my $conf = admin_conf();

    $conf =~ s/(keygate_zone [^;]*)/$1 store=main $limits/ or die;

    my $t = Keygate->new(workers => 2, conf => <<"END" . $conf, %o);
    keygate_store main {
        server unix:$store->{socket};
        node $name;
        timeout 500ms;
    }
END

    admin_token($t);

    return $t->start;
}


subtest 'nginx -t' => sub {
    my $t = Keygate->new(conf => '');
    my $store = "keygate_store m { server a:1; }\n";

    for my $case (
        [ 'limits=all', qr/"limits=all".*"limits=cluster\|node"/ ],
        [ 'limits=node limits=cluster', qr/"limits=cluster".*each once/ ],
        [ 'wait=soon', qr/"soon" of "wait" of zone "k", expected 0 to 1s/ ],
        [ 'wait=2s', qr/"2s" of "wait"/ ],
        [ 'outage=open', qr/"outage=open".*"outage=share\|node\|refuse"/ ],
    ) {
        my ($code, $text) = $t->check_conf($store
            . "keygate_zone k:1m journal=j store=m $case->[0];\n");

        is $code, 1, $case->[0];
        like $text, $case->[1], 'says what is wrong';
    }

    my ($code, $text) = $t->check_conf(
        "keygate_zone k:1m journal=j limits=cluster;\n");

    like $text, qr/has limits over many nodes and no store/, 'no store';
    $t->done;
};

my @nodes = map { node("n$_", 'limits=cluster wait=100ms') } 1 .. 4;

ok $nodes[0]->wait_for(sub {
    admin($nodes[0], 'PUT', '/accounts/acc', { name => 'A' })->{status} == 201
}), 'they begin together';


# A key with rates of its own, in force on all nodes, which know one another.

sub key {
    my (@rates) = @_;

    my $r = admin($nodes[0], 'POST', '/keys?wait=5s', { account => 'acc',
        name => 'k', scopes => ['items:read'], rates => \@rates });

    is $r->{status}, 201, "a key of @rates" or diag $r->{body};

    known($_, $r->json->{id}) for @nodes;

    return wantarray ? @{$r->json}{qw(secret id)} : $r->json->{secret};
}


# Nothing is charged: a request would take a lease.

sub known {
    my ($t, $id) = @_;

    ok $t->wait_for(sub {
        admin($t, 'GET', "/keys/$id")->{status} == 200
    }), 'it is known';
}

ok $nodes[3]->wait_for(sub {
    ($store->call('HLEN', 'kg:{keys}:nodes') // 0) == 4
}), 'they know one another';


sub metric {
    my ($t, $name) = @_;

    my ($value) = $t->get('/metrics', port => $t->port('ADMIN'))->{body}
        =~ /^keygate_$name\{zone="keys"\} (\S+)$/m;

    return $value;
}


# How many of these are admitted; each is a node's number.

sub admitted {
    my ($key, @at) = @_;

    return scalar grep {
        $nodes[$_]->status('/v1/items', key => $key) == 200
    } @at;
}

subtest 'evenly, twice the limit' => sub {
    my $key = key('100r/h');
    my $n = admitted($key, map { $_ % 4 } 1 .. 200);

    cmp_ok $n, '<=', 100, "$n: never more than the limit";
    cmp_ok $n, '>=', 90, 'and nine tenths of it';

    for my $t (@nodes) {
        my $r = $t->get('/v1/items', key => $key);

        next if $r->{status} == 200;

        my ($left) = $r->header('RateLimit') =~ /r=(\d+)/;

        cmp_ok $left, '<=', 10, 'each says what is left over all nodes';
        cmp_ok $r->header('Retry-After'), '>=', 1, 'and when to come again';
    }
};

subtest 'all at one, then at all' => sub {
    my $key = key('50r/h');
    my $n = admitted($key, (0) x 100);

    cmp_ok $n, '<=', 50, "$n at one node";
    cmp_ok $n, '>=', 45, 'which is most of it';

    $n += admitted($key, map { $_ % 4 } 1 .. 40);
    cmp_ok $n, '<=', 50, "$n over all";
};

subtest 'what others have used is told' => sub {
    my ($key, $id) = key('40r/h', '1000r/d');

    is admitted($key, (0) x 10), 10, 'ten at one';

    my $left;

    ok $nodes[1]->wait_for(sub {
        my $r = $nodes[1]->get('/v1/items', key => $key);

        ($left) = $r->header('RateLimit') =~ /"hour";r=(\d+)/;
        $r->{status} == 200 && $left <= 30;
    }), 'the other tells of them' or diag $left;

    my $r = admin($nodes[1], 'POST', '/check', { key_id => $id,
        method => 'GET', path => '/v1/items' });
    my ($hour) = grep { $_->{unit} eq 'hour' } @{$r->json->{rates}};

    is $hour->{remaining}, $left, '/check tells the same';
};

subtest 'a node that dies' => sub {
    my ($key, $id) = key('60r/h');
    my $extra = node('n5', 'limits=cluster wait=100ms');

    push @nodes, $extra;

    known($extra, $id);

    my $n = admitted($key, (4) x 10);

    cmp_ok $n, '>=', 1, "$n there";
    pop @nodes;
    $extra->kill_all;

    my $more = admitted($key, map { $_ % 4 } 1 .. 200);

    cmp_ok $n + $more, '<=', 60, "$more at the others: what it held is used";
    $extra->done;
};

subtest 'a quota outlives a restart' => sub {
    my ($key, $id) = key('10r/d');

    is admitted($key, (2) x 6), 6, 'six of ten';

    $nodes[2]->stop;
    $nodes[2]->start;
    known($nodes[2], $id);

    my $n = admitted($key, (2, 3) x 10);

    cmp_ok $n, '<=', 4, "$n more, not ten";
    cmp_ok $n, '>=', 1, 'some';
};

# What is left is leased to others, or not leased yet.

subtest 'refused early' => sub {
    my $hasty = node('hasty', 'limits=cluster wait=0');
    my ($key, $id) = key('20r/h');

    known($hasty, $id);

    my $r = $hasty->get('/v1/items', key => $key);

    is $r->{status}, 429, 'without a lease, where nobody waits for one';
    is $r->header('RateLimit'), '"hour";r=0;t=1', 'nothing is left for now';
    is $r->header('Retry-After'), 1, 'both say when to come again';
    is_deeply $r->json->{'violated-policies'}, ['hour'], 'of which rate';
    is metric($hasty, 'limit_early_total'), 1, 'which is told';
    is metric($hasty, 'limit_waits_total'), 0, 'nobody has waited';
    ok $hasty->wait_for(sub {
        $hasty->status('/v1/items', key => $key) == 200
    }), 'and then it is admitted';
    $hasty->done;
};

subtest 'without the engine' => sub {
    my ($key, $node, ($refuse, $id)) = (scalar key('40r/h'),
        scalar key('40r/h'), key('40r/h'));

    my $other = node('n6', 'limits=cluster outage=node');
    my $third = node('n7', 'limits=cluster outage=refuse');

    known($_, $id) for $other, $third;

    $store->kill;

    for my $t (@nodes, $other, $third) {
        ok $t->wait_for(sub {
            $t->read_file('error.log') =~ /limits of zone "keys" cannot be sh/
        }), 'the log tells';
    }

    is metric($_, 'limit_outage'), 1, 'and a metric' for @nodes, $other;

    my @n = map { admitted($key, ($_) x 50) } 0 .. 3;

    cmp_ok $_, '>=', 5, "$_ of 40 at a node" for @n;
    cmp_ok $n[0] + $n[1] + $n[2] + $n[3], '<=', 80, 'at most twice in all';

    push @nodes, $other, $third;
    is admitted($node, (4) x 50), 40, 'outage=node: all of it';
    is $nodes[5]->status('/v1/items', key => $refuse), 503,
        'outage=refuse: none';
    splice @nodes, 4;
    $_->done for $other, $third;

    $store->start_again;

    for my $t (@nodes) {
        ok $t->wait_for(sub {
            $t->read_file('error.log') =~ /keys" are shared again/
        }), 'it is back';
        is metric($t, 'limit_outage'), 0, 'and limits are shared';
    }

    ok $nodes[0]->wait_for(sub {
        admitted($key, 0, 1, 2, 3) == 0
    }), 'all that was admitted meanwhile has been booked';
};

$_->done for @nodes;

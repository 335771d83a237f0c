#!/usr/bin/perl

# Two nodes change the same record at once: what one makes of it is made anew
# on top of what the other has made, and given up after three times.  Between
# a node and the engine there is somebody who sees its changes coming, and
# makes one on the other node first.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use Test::More;

use IO::Select;
use IO::Socket::INET;
use IO::Socket::UNIX;
use JSON::PP ();
use POSIX ();

use Keygate;
use Keygate::Admin;
use Keygate::Nodes;
use Keygate::Store;

plan skip_all => 'no redis-server here' if !Keygate::Store->available;

my $store = Keygate::Store->start(data => 1);
my $two = node($store, 'two');
my $orders = "$two->{dir}/orders";
my $changes = qr/EVALSHA\r\n.*\r\nkg:\{keys\}:meta\r\n\$\d+\r\nkg:\{keys\}:log
                \r\n\$\d+\r\nkg:\{keys\}:rec:/xs;


# What is done on the other node before the next changes of this one are sent
# on: a line each, "METHOD PATH JSON".  The first line is done first.

sub orders {
    my (@lines) = @_;

    open my $f, '>', $orders or die "$orders: $!\n";
    print $f map { "$_\n" } @lines;
    close $f;
}


sub left {
    open my $f, '<', $orders or return 0;

    return scalar(my @lines = <$f>);
}


sub obey {
    open my $f, '<', $orders or return;
    my ($line, @rest) = <$f>;
    close $f;

    return if !$line;

    my ($method, $path, $json) = $line =~ /^(\S+) (\S+) ?(.*)$/ or die;
    my $r = admin($two, $method, $path, $json ? (JSON::PP::decode_json($json))
                                              : ());

    warn "$line: $r->{status} $r->{body}\n" if $r->{status} !~ /^2/;
    orders(map { s/\n//r } @rest);
}


# A relay that looks at what it sends on.

sub watched {
    my $listen = IO::Socket::INET->new(LocalAddr => '127.0.0.1',
        Listen => 99) or die "cannot listen: $!\n";
    my $pid = fork // die "fork: $!\n";

    return ($listen->sockport, $pid) if $pid;

    my $select = IO::Select->new($listen);
    my %other;

    while (my @ready = $select->can_read) {
        for my $socket (@ready) {
            if ($socket == $listen) {
                my $client = $listen->accept or next;
                my $engine = IO::Socket::UNIX->new(Peer => $store->{socket})
                    or next;

                $other{$client} = [ $engine, 1 ];
                $other{$engine} = [ $client, 0 ];
                $select->add($client, $engine);
                next;
            }

            my ($peer, $from_node) = @{$other{$socket} // next};
            my $n = sysread $socket, my $bytes, 65536;

            if (!$n) {
                $select->remove($socket, $peer);
                delete @other{$socket, $peer};
                close $_ for $socket, $peer;
                next;
            }

            obey() if $from_node && $bytes =~ $changes;
            syswrite $peer, $bytes;
        }
    }

    POSIX::_exit(0);
}


my ($port, $relay) = watched();

END { local $?; kill 'KILL', $relay if $relay }

my $one = node($store, 'one', server => "127.0.0.1:$port");
my ($id, $key) = made($one, 'key');

ok becomes($two, $key, 200), 'a key on both';
orders();


sub shown {
    my ($t) = @_;

    return admin($t, 'GET', "/keys/$id")->json;
}


subtest 'another member of the same record' => sub {
    orders(qq(PATCH /keys/$id {"name":"theirs"}));

    my $r = admin($one, 'PATCH', "/keys/$id", { scopes => ['items:write'] });

    is $r->{status}, 200, 'is changed';
    is left(), 0, 'after theirs';
    is $r->json->{name}, 'theirs', 'on top of it';
    is_deeply $r->json->{scopes}, ['items:write'], 'with ours';
    is shown($one)->{name}, 'theirs', 'and so it stays';
};

subtest 'twice' => sub {
    orders(qq(PATCH /keys/$id {"name":"once"}),
           qq(PATCH /keys/$id {"name":"twice"}));

    my $r = admin($one, 'PATCH', "/keys/$id", { scopes => ['items:read'] });

    is $r->{status}, 200, 'is changed';
    is left(), 0, 'after both';
    is $r->json->{name}, 'twice', 'on top of them';
};

subtest 'three times' => sub {
    orders(map { qq(PATCH /keys/$id {"name":"time $_"}) } 1 .. 4);

    my $r = admin($one, 'PATCH', "/keys/$id", { scopes => ['items:write'] });

    is $r->{status}, 409, 'is given up';
    is left(), 1, 'after the third';
    is $r->json->{detail}, 'Other nodes have changed the same meanwhile: '
        . 'nothing has changed; try again.', 'and told';
    orders();
    ok $one->wait_for(sub { shown($one)->{name} eq 'time 3' }),
        'theirs stands';
    is_deeply shown($one)->{scopes}, ['items:read'], 'alone';
};

subtest 'with If-Match' => sub {
    my $tag = admin($one, 'GET', "/keys/$id")->header('ETag');

    orders(qq(PATCH /keys/$id {"name":"first"}));

    my $r = admin($one, 'PATCH', "/keys/$id", { scopes => ['items:write'] },
                  "If-Match: $tag");

    is $r->{status}, 412, 'it is refused';
    is left(), 0, 'after theirs';
    is shown($one)->{name}, 'first', 'and theirs stands';
    is_deeply shown($one)->{scopes}, ['items:read'], 'alone';
};

subtest 'other records' => sub {
    my ($other) = made($two, 'other');

    orders(qq(PATCH /keys/$other {"name":"elsewhere"}));
    is admin($one, 'PATCH', "/keys/$id", { name => 'here' })->{status}, 200,
        'are no matter';
    is left(), 0, 'though they were first';
};

subtest 'it is revoked meanwhile' => sub {
    orders(qq(POST /keys/$id/revoke?wait=0));

    my $r = admin($one, 'POST', "/keys/$id/rotate", {});

    is $r->{status}, 409, 'then it is not rotated';
    is $r->json->{detail}, 'The key is revoked: create another one.', 'ever';
    is $r->{body} =~ /secret/, '', 'and there is no secret';
    is $_->status('/v1/items', key => $key), 401, 'it is revoked on both'
        for $one, $two;
};

subtest 'it is deleted meanwhile' => sub {
    orders("DELETE /keys/$id?wait=0");
    is admin($one, 'PATCH', "/keys/$id", { name => 'x' })->{status}, 404,
        'then there is none';
};

subtest 'its account is deleted meanwhile' => sub {
    is admin($one, 'PUT', '/accounts/brief', { name => 'B' })->{status}, 201,
        'an account';
    ok $two->wait_for(sub {
        admin($two, 'GET', '/accounts/brief')->{status} == 200
    }), 'on both';
    orders('DELETE /accounts/brief?wait=0');

    my $r = admin($one, 'POST', '/keys', { account => 'brief', name => 'k',
                                           scopes => ['items:read'] });

    is $r->{status}, 422, 'then no key is made for it' or diag $r->{body};
    is $r->json->{errors}[0]{pointer}, '/account', 'and that is why';
};

subtest 'a key is made for it meanwhile' => sub {
    is admin($one, 'PUT', '/accounts/full', { name => 'F' })->{status}, 201,
        'an account';
    ok $two->wait_for(sub {
        admin($two, 'GET', '/accounts/full')->{status} == 200
    }), 'on both';
    orders('POST /keys {"account":"full","name":"k","scopes":["items:read"]}');
    is admin($one, 'DELETE', '/accounts/full')->{status}, 409,
        'then it is not deleted';
    is admin($two, 'GET', '/accounts/full')->{status}, 200, 'it is there';
};

subtest 'a new credential each time' => sub {
    my ($id, $key) = made($one, 'rotated');

    ok becomes($two, $key, 200), 'a key';
    orders(qq(PATCH /keys/$id {"name":"again"}));

    my $r = admin($one, 'POST', "/keys/$id/rotate", {});

    is $r->{status}, 200, 'is rotated';
    is $r->json->{name}, 'again', 'on top of theirs';
    is $one->status('/v1/items', key => $r->json->{secret}), 200,
        'the new secret works';
    is $one->status('/v1/items', key => $key), 401, 'the old one does not';
};

kill 'KILL', $relay;
waitpid $relay, 0;
undef $relay;
$_->done for $one, $two;

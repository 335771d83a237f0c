#!/usr/bin/perl

# A node that is told to quit has nobody after it, and still streams: they end
# when their key is revoked on another node.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use Test::More;
use Time::HiRes qw(time);

use Keygate;
use Keygate::Admin;
use Keygate::Nodes;
use Keygate::Store;
use Keygate::Stream;

plan skip_all => 'no redis-server here' if !Keygate::Store->available;

my $store = Keygate::Store->start;
my $one = node($store, 'one');
my $two = node($store, 'two', ready => <<'E');
        location /v1/ {
            keygate          items;
            keygate_recheck  100ms;
            proxy_pass       http://127.0.0.1:%%STREAM%%;
            proxy_buffering  off;
        }
E
my $up = Keygate::Stream->start(port => $two->port('STREAM'),
                                log => "$two->{dir}/stream.log");


sub stream {
    my ($key) = @_;

    my $c = $two->client($two->port('ADMIN'));

    $c->send($two->request_bytes('/v1/items', key => $key, keep => 1));
    $c->take("data: 2\n\n", time + $Keygate::Client::timeout)
        // die "nothing comes: $c->{in}\n";

    return $c;
}


sub ends {
    my ($c) = @_;

    my $deadline = time + $Keygate::Client::timeout;

    while ($c->more($deadline)) { }

    return $c->{eof};
}


sub goes_on {
    my ($c) = @_;

    my @seen = $c->{in} =~ /data: (\d+)\n\n/g;
    my $more = ($seen[-1] // 2) + 25;

    return defined $c->take("data: $more\n\n",
                            time + $Keygate::Client::timeout);
}


my ($id, $key) = made($one, 'first');
my ($kept_id, $kept) = made($one, 'second');

ok becomes($two, $_, 200), 'a key on both nodes' for $key, $kept;

# of which some are most likely in each worker
my @streams = map { stream($key) } 1 .. 8;
my $stays = stream($kept);
my $pid = $two->{master};

kill 'QUIT', $pid;
ok $two->wait_for(sub {
    !IO::Socket::INET->new(PeerAddr => '127.0.0.1',
                           PeerPort => $two->port('ADMIN'))
}), 'a node is told to quit';
ok goes_on($streams[0]), 'its streams go on';

is admin($one, 'POST', "/keys/$id/revoke?wait=0")->{status}, 200,
    'one is revoked on the other node';
is scalar(grep { ends($_) } @streams), 8, 'its streams end';
ok says($two, qr/closed key_revoked: .* key: "$id"/), 'the log says why';
ok goes_on($stays), 'and that of another key goes on';

# it waits for nobody but its streams
undef $stays;
$up->stop;
ok $two->wait_for(sub { $two->gone($pid) }), 'then the node ends';

delete $two->{master};
$_->done for $one, $two;

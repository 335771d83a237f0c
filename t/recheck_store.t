#!/usr/bin/perl

# keygate_recheck with a store: a stream ends on whichever node its key was
# revoked, and as soon as a node may no longer trust what it knows.

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

my $ready = <<'E';
        location /v1/ {
            keygate          items;
            keygate_recheck  100ms;
            proxy_pass       http://127.0.0.1:%%STREAM%%;
            proxy_buffering  off;
        }
E

my $one = node($store, 'one', ready => $ready);
my $two = node($store, 'two', ready => $ready, zone => 'max_stale=1500ms');
my %up = map { $_ => Keygate::Stream->start(port => $_->port('STREAM'),
               log => "$_->{dir}/stream.log") } $one, $two;


sub stream {
    my ($t, $key) = @_;

    my $c = $t->client($t->port('ADMIN'));

    $c->send($t->request_bytes('/v1/items', key => $key, keep => 1));
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


my ($id, $key) = made($one, 'first');

ok(becomes($two, $key, 200), 'a key on both nodes');

my @streams = map { stream($_, $key) } $one, $two;

is(admin($one, 'POST', "/keys/$id/revoke")->{status}, 200, 'revoked on one');
ok(ends($streams[0]), 'its stream there ends');
ok(ends($streams[1]), 'and its stream on the other');
ok(says($two, qr/closed key_revoked: .* key: "$id"/), 'whose log says why');

my ($other_id, $other) = made($one, 'second');

ok(becomes($two, $other, 200), 'another key');
@streams = map { stream($_, $other) } $one, $two;
$store->kill;

ok(ends($streams[1]), 'a node that is stale ends its streams');
ok(says($two, qr/closed unavailable: it is not known .* key: "$other_id"/),
   'and says why');

my ($n) = $streams[0]{in} =~ /data: (\d+)\n\n(?!data)/;

ok(defined $streams[0]->take('data: ' . (($n // 2) + 50) . "\n",
    time + $Keygate::Client::timeout), 'one without "max_stale" goes on');

$_->stop for values %up;
$_->done for $one, $two;

#!/usr/bin/perl

# A module that brings another hiredis, and exports it, is loaded before this
# one or after it: each calls its own.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use Test::More;

use Keygate;
use Keygate::Admin;
use Keygate::Nodes;
use Keygate::Store;

my $other = '/usr/lib/nginx/modules/ngx_nchan_module.so';

plan skip_all => 'no redis-server here' if !Keygate::Store->available;
plan skip_all => 'no libnginx-mod-nchan here' if !-e $other;
plan skip_all => 'keygate is not a module of this nginx'
    if $Keygate::module eq '';
plan skip_all => 'nchan is for another nginx'
    if $ENV{TEST_NGINX_BINARY} && $ENV{TEST_NGINX_BINARY} !~ m{^/usr/sbin/};

like `nm -D --defined-only $other`, qr/ T redisFormatCommandArgv$/m,
    'the other module exports what would be taken for ours';

my $own = $Keygate::module;
my $store = Keygate::Store->start;
my @nodes;

{
    local $Keygate::module = '';

    for my $case ([ before => $other, $own ], [ after => $own, $other ]) {
        my ($name, @modules) = @$case;

        push @nodes, node($store, $name,
            main => join '', map { "load_module $_;\n" } @modules);
    }
}

my ($id, $key) = made($nodes[0], 'k');

is $_->status('/v1/items', key => $key), 200, 'a key is let in'
    for $nodes[0];
ok becomes($nodes[1], $key, 200), 'by the other node, too';
is admin($nodes[1], 'POST', "/keys/$id/revoke?wait=5s")
    ->json->{receipt}{applied}, 2, 'a revocation is on both';
is $_->status('/v1/items', key => $key), 401, 'in force' for @nodes;
$_->done for @nodes;

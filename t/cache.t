#!/usr/bin/perl

# An answer that was cached for one key is no other key's: the recipes of the
# documentation, played.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use Test::More;

use Keygate;
use Keygate::Items;

my $docs = do { local (@ARGV, $/) = "$Bin/../docs/security.md"; <> };
my @recipes = $docs =~ /`(proxy_cache_key [^`]*;)`/g;

is(scalar @recipes, 2, 'the recipes');

my $t = Keygate->new(conf => <<'E' . items_api() . join '',
    proxy_cache_path %%DIR%%/temp/cache keys_zone=cache:1m;
E
    map { <<"E" } 0 .. $#recipes);
    server {
        listen 127.0.0.1:%%CACHE$_%%;
        location / {
            keygate items;
            proxy_pass http://127.0.0.1:%%UPSTREAM%%;
            proxy_set_header X-Scopes "\$keygate_account: \$keygate_scopes";
            proxy_cache cache;
            proxy_cache_valid 200 1h;
            $recipes[$_]
        }
    }
E

$t->{reply} = sub {
    my ($request) = @_;

    my ($scopes) = map { $_->[1] } grep { lc $_->[0] eq 'x-scopes' }
                   @{$request->{headers}};

    return Keygate::Upstream::answer(200, "for $scopes", 'X-From: upstream');
};

my @keys = map { $t->key(scopes => $_) }
           ([ 'items:read', 'admin:read' ], ['items:read'], []);

$t->start;

for my $n (0 .. $#recipes) {
    my $port = $t->port("CACHE$n");
    my (@first, @again);

    for my $bodies (\@first, \@again) {
        push @$bodies, map {
            $t->get('/v1/me', key => $_, port => $port)->{body}
        } @keys;
    }

    like($first[0], qr/admin:read/, "$recipes[$n]: one key's answer");
    like($first[1], qr/^for \S+: items:read$/, 'is not that of another');
    like($first[2], qr/^for \S+: $/, 'nor of a third');
    is_deeply(\@again, \@first, 'each gets its own again');
    is($t->hits, 3, 'out of the cache');

    is($t->status('/v1/items', key => $keys[1], port => $port), 200,
       'what one may read');
    is($t->status('/v1/items', key => $keys[2], port => $port), 403,
       'is not read out of the cache by who may not');
    $t->hits;
}

$t->done;

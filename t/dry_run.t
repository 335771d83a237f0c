#!/usr/bin/perl

# keygate_dry_run: decides, logs and counts, and refuses nothing.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use Test::More;

use Keygate;
use Keygate::Items;

my $t = Keygate->new(conf =>
    "log_format v '\$keygate_verdict'; access_log %%DIR%%/verdicts.log v;\n"
    . items_conf(rate => 'rate 2r/h;') =~ s/keygate items;/
        keygate items; keygate_dry_run on;/r
    . items_server(in => 'keygate_dry_run on;', location =>
        'keygate_dry_run off;') =~ s/%%PORT%%/%%STRICT%%/r);

my $key = $t->key(scopes => ['items:read']);

$t->start;

my @want;

for my $case ([ 'no key', '/v1/items', undef, 'credential_missing' ],
    [ 'a wrong key', '/v1/items', 'x', 'credential_invalid' ],
    [ 'a path of two meanings', '/v1/%2e%2e/items', $key, 'path_ambiguous' ],
    [ 'a scope', '/v1/admin/keys', $key, 'insufficient_scope' ],
    [ 'no route', '/v1/none', $key, 'route_not_found' ],
    [ 'too many', '/v1/items', $key, 'rate_limited' ])
{
    my ($name, $path, $k, $verdict) = @$case;
    my $r = $t->get($path, key => $k);

    is($r->{status}, 200, "$name: let through");
    ok(!$r->header('WWW-Authenticate') && !$r->header('Retry-After'),
       "$name: with nothing of a refusal");
    is($t->hits, 1, "$name: to the upstream");
    push @want, $verdict;
}

ok($t->wait_for(sub { ($t->read_file('verdicts.log') =~ tr/\n//) >= @want }),
   'logged');
is($t->read_file('verdicts.log'), join('', map { "$_\n" } @want),
   'by what would have been said');
like($t->read_file('error.log'), qr/would refuse credential_missing/,
     'and in the error log');
is(join(' ', map { $_->[1] } grep { lc $_->[0] eq 'x-api-key' }
             map { @{$_->{headers}} } $t->{upstream}->requests), 'x',
   'a key is taken off all the same, what is none is not');

is($t->status('/v1/items', port => $t->port('STRICT')), 401,
   'off again in a location');
is($t->status('/v1/items', key => $key, port => $t->port('STRICT')), 429,
   'what was charged in a dry run is charged');

$t->done;

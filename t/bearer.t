#!/usr/bin/perl

# Bearer tokens as RFC 6750 has them (and RFC 9110 the scheme): one token, in
# one place, and challenges that tell a client what to do about it.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use Test::More;

use Keygate;
use Keygate::Items;

my $bearer = 'credential bearer;';

my $t = Keygate->new(conf =>
    items_api(credential => $bearer, rate => 'rate 100000r/m;',
        routes => "route GET /v1/either items:write|admin:read;\n"
                  . "route GET /v1/both items:write&admin:read;\n")
    . items_server()
    . items_api(name => 'both', zone => '', credential =>
                "$bearer credential header X-Api-Key;")
    . items_server() =~ s/keygate items/keygate both/r
                     =~ s/%%PORT%%/%%BOTH%%/r);

my $key = $t->key(id => 'tk_AAAAAA', scopes => ['items:read']);
my $other = $t->key(id => 'tk_BBBBBB', scopes => ['items:read']);
my $writer = $t->key(scopes => ['items:write']);
my $revoked = $t->key(revoked_at => '2026-01-01T00:00:00Z');
my $expired = $t->key(expires_at => '2026-01-01T00:00:00Z');

$t->start;


# Status, code and challenges of a GET with these header lines.

sub answer {
    my ($path, @headers) = @_;

    my $o = ref $headers[-1] ? pop @headers : {};
    my $r = $t->get($path, headers => \@headers,
                    port => $t->port($o->{port} // 'PORT'));

    return join ' | ', $r->{status}, ($r->json || {})->{code} // '',
        $r->header('WWW-Authenticate');
}


my $realm = 'Bearer realm="items"';
my $token = "401 | credential_invalid | $realm, error=\"invalid_token\"";
my $none = "401 | credential_missing | $realm";

# -- the scheme in any case, one or more spaces, one token

for my $value ("Bearer $key", "bearer $key", "BEARER $key", "bEARER $key",
               "Bearer  $key", "Bearer $key  ", "  Bearer   $key")
{
    is($t->status('/v1/items', headers => ["Authorization:$value"]), 200,
       'accepted: ' . $value =~ s/\Q$key\E/K/r);
}

is($t->status('/v1/items', headers => ["aUTHORIZATION: Bearer $key"]), 200,
   'the name in any case');
is($t->hits, 8, 'all of these have reached the upstream');
ok(!grep({ lc $_->[0] eq 'authorization' } @{$t->last_hit->{headers}}),
   'without the token');

for my $value ("Bearer $key,$key", "Bearer $key, Bearer $other",
    "Bearer \"$key\"", "Bearer $key $other", "Bearer $key,", "Bearer =$key",
    "Bearer $key=", "Bearer $key;x", "Bearer token=$key", "Bearer: $key",
    'Bearer x', 'Bearer ' . 'a' x 5000, "Bearer \xe2\x80\x8b$key",
    "Bearer Bearer $key")
{
    my $got = answer('/v1/items', "Authorization: $value");

    is($got, $value =~ /^Bearer:/ ? $none : $token, 'not one token: '
       . substr $value =~ s/\Q$key\E/K/gr =~ s/\Q$other\E/L/gr, 0, 40);
}

for my $value ("Basic $key", "Token $key", $key, "Bearer$key", 'Bearer', '',
               'Bearer ', "Bearer\t$key", "Bearers $key", "ApiKey $key",
               "Digest username=\"Bearer $key\"")
{
    is(answer('/v1/items', "Authorization: $value"), $none,
       'no token at all: ' . $value =~ s/\Q$key\E/K/gr);
}

is(answer('/v1/items'), $none, 'nothing: no error code (section 3.1)');

# the log of this test has the request line, and nginx's own too

$t->exposed($other);

is(answer("/v1/items?access_token=$other"), $none,
   'not in the query (section 2.3)');
is($t->status('/v1/items', method => 'POST', body => "access_token=$other",
    headers => ['Content-Type: application/x-www-form-urlencoded']), 401,
   'nor in a form (section 2.2)');
is(answer('/v1/items', "Cookie: access_token=$key"), $none, 'nor a cookie');
is(answer('/v1/items', "Proxy-Authorization: Bearer $key"), $none,
   'nor for a proxy');
is(answer('/v1/items', "X-Api-Key: $key"), $none, 'nor another header');

# -- the challenges of section 3

is(answer('/v1/items', "Authorization: Bearer $revoked"),
   "401 | key_revoked | $realm, error=\"invalid_token\"", 'revoked');
is(answer('/v1/items', "Authorization: Bearer $expired"),
   "401 | key_expired | $realm, error=\"invalid_token\"", 'expired');
is(answer('/v1/items/1', "Authorization: Bearer $writer"),
   "403 | insufficient_scope | $realm, error=\"insufficient_scope\", "
   . 'scope="items:read"', 'insufficient_scope, with the scope');
is(answer('/v1/both', "Authorization: Bearer $key"),
   "403 | insufficient_scope | $realm, error=\"insufficient_scope\", "
   . 'scope="items:write admin:read"', 'scopes, separated by spaces');
is(answer('/v1/nothing', "Authorization: Bearer $key"),
   '404 | route_not_found', 'a 404 is no challenge');
is($t->status('/v1/either', bearer => $writer), 200, 'one of them will do');

# -- twice, or in two ways: 400

for my $more ("Authorization: Bearer $other", "Authorization: Bearer $other",
              'Authorization: Basic x', 'Authorization:')
{
    like(answer('/v1/items', "Authorization: Bearer $other", $more), qr/^400 /,
         'two lines: ' . $more =~ s/\Q$other\E/K/gr);
}

my $conflict = '400 | credential_conflict | Bearer realm="both", '
               . 'error="invalid_request"';

for my $pair ([ $key, $key ], [ $key, $other ], [ 'x', $key ], [ $key, 'x' ])
{
    is(answer('/v1/items', "Authorization: Bearer $pair->[0]",
              "X-Api-Key: $pair->[1]", { port => 'BOTH' }),
       $conflict, 'in two ways (section 2): '
       . join ' and ', map { length } @$pair);
}

is(answer('/v1/items', 'X-Api-Key: x', { port => 'BOTH' }),
   '401 | credential_invalid | Bearer realm="both" | ApiKey realm="both", '
   . 'header="X-Api-Key"', 'invalid_token is said of bearer tokens only');
is(answer('/v1/items', 'Authorization: Bearer x', { port => 'BOTH' }),
   '401 | credential_invalid | Bearer realm="both", error="invalid_token" | '
   . 'ApiKey realm="both", header="X-Api-Key"', '... where one was sent');

is(answer('/v1/items', { port => 'BOTH' }),
   '401 | credential_missing | Bearer realm="both" | ApiKey realm="both", '
   . 'header="X-Api-Key"', 'where both are taken, both are told');

$t->hits;
is($t->status('/v1/items', headers => [ "X-Api-Key: $key",
    'Authorization: Basic eDp5' ], port => $t->port('BOTH')), 200,
   'another scheme beside a key is no second one');
is($t->hits, 1, 'that alone has reached the upstream');

is($t->status('/v1/items', version => '1.0', bearer => $key), 200, 'HTTP/1.0');

my $r = $t->get('/v1/items', method => 'HEAD');

is($r->header('WWW-Authenticate'), $realm, 'HEAD is told the same');

$t->done;

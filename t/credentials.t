#!/usr/bin/perl

# Who may come in: a key that is known, sent once, in the place it belongs.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use Test::More;

use Keygate;
use Keygate::Items;

my $t = Keygate->new(conf => items_conf(
        rate => 'rate 100000r/m;', extra => 'key_format other_ id=0 secret=24;')
    . items_api(name => 'bearers', zone => '', credential => 'credential bearer;
        credential header X-Api-Key;')
    . items_server() =~ s/keygate items/keygate bearers/r
                     =~ s/%%PORT%%/%%BEARER%%/r);

my $key = $t->key(id => 'tk_AAAAAA', scopes => ['items:read']);
my $other = $t->key(id => 'tk_BBBBBB', scopes => ['items:read']);
my $opaque = $t->key(opaque => 'other_', scopes => ['items:read']);
my $revoked = $t->key(revoked_at => '2026-01-01T00:00:00Z');
my $expired = $t->key(expires_at => '2026-01-01T00:00:00Z');
my $later = $t->key(expires_at => '2096-01-01T00:00:00Z',
                    scopes => ['items:read']);
my $here = $t->key(addresses => ['127.0.0.0/8'], scopes => ['items:read']);
my $there = $t->key(addresses => ['203.0.113.0/24', '2001:db8::/32'],
                    scopes => ['items:read']);
my $rotated = $t->key(id => 'tk_CCCCCC', scopes => ['items:read'], previous =>
    { digest => $t->digest('tk_CCCCCC_' . 'p' x 24),
      until => '2096-01-01T00:00:00Z' });
my $overlapped = $t->key(id => 'tk_DDDDDD', previous =>
    { digest => $t->digest('tk_DDDDDD_' . 'p' x 24),
      until => '2026-01-01T00:00:00Z' });

$t->start;

# -- known keys

is($t->status('/v1/items', key => $key), 200, 'a known key');
is($t->status('/v1/items', key => $opaque), 200, 'an opaque key');
is($t->status('/v1/items', key => $later), 200, 'a key that expires later');
is($t->status('/v1/items', key => $here), 200, 'from an address on its list');
is($t->status('/v1/items', key => $rotated), 200, 'a rotated key');
is($t->status('/v1/items', key => 'tk_CCCCCC_' . 'p' x 24), 200,
   'its previous secret within the overlap');
is($t->status('/v1/open'), 200, 'no key on a public route');
is($t->hits, 7, 'all of them have reached the upstream');

my ($forwarded) = grep { lc $_->[0] eq 'x-api-key' }
                  map { @{$_->{headers}} } $t->{upstream}->requests;
is($forwarded, undef, 'the key is stripped');

# -- refusals: code, status, a body that says so

sub refused {
    my ($r, $status, $code, $name) = @_;

    subtest $name => sub {
        is($r ? $r->{status} : 'none', $status, 'status');
        return if !$r;
        is($r->json && $r->json->{code}, $code, 'code');
        is($r->json && $r->json->{status}, $status, 'status in the body');
        is($r->header('Content-Type'), 'application/problem+json', 'type');
        is($r->header('Cache-Control'), 'no-store', 'not to be stored');
        is($r->header('Content-Length'), length $r->{body}, 'length');

        my @challenges = $r->header('WWW-Authenticate');
        ok(@challenges > 0, 'a challenge goes with it') if $status == 401;
        is("@challenges", '', 'no challenge goes with it') if $status == 403;
    };
}

refused($t->get('/v1/items'), 401, 'credential_missing', 'no key');

my $r = $t->get('/v1/items');
is($r->header('WWW-Authenticate'),
   'ApiKey realm="items", header="X-Api-Key"', 'the challenge of a header');

refused($t->get('/v1/items', key => $revoked), 401, 'key_revoked', 'revoked');
refused($t->get('/v1/items', key => $expired), 401, 'key_expired', 'expired');
refused($t->get('/v1/items', key => $there), 403, 'address_not_allowed',
        'an address that is not on the list');
refused($t->get('/v1/items', key => 'tk_DDDDDD_' . 'p' x 24), 401,
        'credential_invalid', 'the previous secret after the overlap');

# -- malformed, unknown, wrong: one answer

my $wrong = substr($key, 0, -1) . (substr($key, -1) eq 'x' ? 'y' : 'x');
my ($letter) = $key =~ /_([A-Za-z])\w*$/;
my $case = $key =~ s/([a-z])(?=[^a-z]*$)/uc $1/er;

my %bad = (
    'an unknown id'                 => 'tk_ZZZZZZ_' . 'a' x 24,
    'a wrong secret of a known id'  => $wrong,
    'the secret of another key'     => 'tk_AAAAAA_' . substr($other, 10),
    'one letter in another case'    => $case,
    'one character more'            => $key . 'a',
    'one character less'            => substr($key, 0, -1),
    'a comma and itself'            => "$key,$key",
    'quotes around it'              => "\"$key\"",
    'a space inside'                => $key =~ s/^(.{12})/$1 /r,
    'the prefix alone'              => 'tk_',
    'the id alone'                  => 'tk_AAAAAA',
    'another prefix'                => 'sk_' . substr($key, 3),
    '8 KiB'                         => 'tk_AAAAAA_' . 'a' x 8000,
    'a TAB'                         => "$key\ta",
    'the byte 0x80'                 => "$key\x80",
    'UTF-8'                         => "tk_AAAAAA_\xc3\xa9" . 'a' x 22,
    'a percent'                     => '%00',
);

my $model;

for my $name (sort keys %bad) {
    my $r = $t->get('/v1/items', key => $bad{$name});

    if (!$r || $r->{status} != 401) {
        is($r ? $r->{status} : 'none', 401, $name);
        next;
    }

    my $same = $r->{raw} =~ s/"request_id":"\w+"//r =~ s/^Date:.*?\r\n//mr;
    $model //= $same;
    is($same, $model, "$name: the one answer");
}

is($t->get('/v1/items', key => $wrong)->json->{code}, 'credential_invalid',
   'which is credential_invalid');

$r = $t->get('/v1/items', key => '');
is($r->json->{code}, 'credential_missing', 'an empty key is none');

# nginx itself refuses, or leaves out, some of these, and logs them

$t->exposed($other);

for my $case ([ 'the byte 0x01', "X-Api-Key: $other\x01" ],
              [ 'a NUL', "X-Api-Key: $other\0" ],
              [ 'a header line without a colon', "X-Api-Key $other" ],
              [ 'a space before the colon', "X-Api-Key : $other" ],
              [ 'an underscore for a hyphen', "X_Api_Key: $other" ],
              [ 'a folded line', "X-Api-Key:\r\n $other" ])
{
    my $status = $t->status('/v1/items', headers => [ $case->[1] ]);
    like($status, qr/^40[01]$/, "$case->[0]: refused");
}

is($t->status('/v1/items', headers => [ "x-API-key:   $key  " ]), 200,
   'the name in any case, space around the value');

is($t->status("/v1/items?api_key=$other&X-Api-Key=$other"), 401,
   'a key in the query is none');
is($t->status('/v1/items', headers => [ "Cookie: X-Api-Key=$other" ]), 401,
   'nor is one in a cookie');
is($t->status('/v1/items', bearer => $key), 401,
   'nor a bearer token where a header is asked for');

# -- more than one

for my $pair ([ $key, $key ], [ $key, $other ], [ $key, 'x' ],
              [ 'x', $key ])
{
    my $name = "two keys: " . join ', ', map { length } @$pair;

    refused($t->get('/v1/items', headers => [ map { "X-Api-Key: $_" } @$pair ]),
            400, 'credential_conflict', $name);
}

refused($t->get('/v1/items', headers => [ "X-Api-Key: $key", "A: b",
                                          "x-api-key: $key" ]),
        400, 'credential_conflict', 'two keys apart, in other cases');

# -- bearer

sub bearer {
    my (@headers) = @_;

    return $t->get('/v1/items', headers => \@headers,
                   port => $t->port('BEARER'));
}

$t->hits;

for my $scheme ('Bearer', 'bearer', 'BEARER', 'bEaReR') {
    is(bearer("Authorization: $scheme $key")->{status}, 200, "$scheme");
}

is(bearer("Authorization: Bearer  $key")->{status}, 200, 'two spaces');
is(bearer("X-Api-Key: $key")->{status}, 200, 'the header, where both may be');
is($t->hits, 6, 'all of them have reached the upstream');

for my $value ("Basic $key", "Bearer $key,$key", "Bearer \"$key\"", 'Bearer',
               'Bearer ', "Bearer$key", "Bearer $key x", $key)
{
    is(bearer("Authorization: $value")->{status}, 401,
       'not a bearer token: ' . $value =~ s/\Q$key\E/K/gr);
}

# nginx refuses two Authorization lines by itself, and logs them
for my $more ("Authorization: Bearer $other", 'Authorization: Basic x') {
    is(bearer("Authorization: Bearer $other", $more)->{status}, 400,
       'two Authorization lines');
}

for my $pair ([ "Authorization: Bearer $key", "X-Api-Key: $key" ],
              [ "X-Api-Key: $key", "Authorization: Bearer $other" ])
{
    refused(bearer(@$pair), 400, 'credential_conflict',
            'two credentials: ' . join ', ', map { /^(\S+)/ } @$pair);
}

$r = bearer();
is_deeply([ $r->header('WWW-Authenticate') ],
    [ 'Bearer realm="bearers"',
      'ApiKey realm="bearers", header="X-Api-Key"' ],
    'the challenges of both: no error where nothing was sent');

$r = bearer('Authorization: Bearer x');
is(($r->header('WWW-Authenticate'))[0],
   'Bearer realm="bearers", error="invalid_token"', 'RFC 6750: invalid_token');

is($t->hits, 0, 'nothing of what was refused has reached the upstream');

# -- a refused request's body is not read as a request

my $smuggled = "GET /v1/open HTTP/1.1\r\nHost: a\r\n\r\n";

for my $case ([ 'a body', [], $smuggled ],
    [ 'a chunked body', [ 'Transfer-Encoding: chunked' ],
      sprintf("%x\r\n%s\r\n0\r\n\r\n", length $smuggled, $smuggled) ],
    [ 'a body that is waited for', [ 'Expect: 100-continue' ], $smuggled ])
{
    my ($name, $headers, $body) = @$case;

    my $c = $t->client;
    $c->send($t->request_bytes('/v1/items', method => 'POST', keep => 1,
                               headers => $headers, body => $body));

    is($c->response->{status}, 401, "$name of a refused request");

    $c->send($t->request_bytes('/v1/items'));
    my $next = $c->response;
    ok(!$next || $next->{status} == 401, 'is never read as one');
    ok($c->at_end(5), 'one answer each');
}

is($t->hits, 0, 'nor sent upstream');

$t->done;

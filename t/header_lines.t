#!/usr/bin/perl

# Each header line that is read, in the ways in which it can be wrong: twice,
# empty, of 8 KiB, and with bytes above 0x7f.  A row is what a good one says,
# and what becomes of the others.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use MIME::Base64 qw(encode_base64);
use Test::More;

use Keygate;
use Keygate::Admin;
use Keygate::Items;
use Keygate::Portal;

my %way = (HEADER => 'header X-Api-Key', BEARER => 'bearer',
    TOKEN => 'scheme Token param=token', BASIC => 'basic user',
    SOCKET => 'websocket key.', CORS => 'header X-Cors');
my $more = '';

for my $name (sort keys %way) {
    $more .= items_api(name => lc $name, zone => '',
        credential => "credential $way{$name};", routes => <<'R',
        route MOVE /v1/items/:id any;
R
        extra => $name eq 'CORS' ? 'preflight answer https://a.example;' : '');
    $more .= <<"S";
    server {
        listen 127.0.0.1:%%$name%%;
        location = /auth { keygate \L$name\E; keygate_auth; }
        location / {
            keygate \L$name\E;
            proxy_pass http://127.0.0.1:%%UPSTREAM%%;
        }
    }
S
}

my $t = Keygate->new(conf => portal_conf() . $more);

admin_token($t);
$t->account(id => 'acc_1', name => 'One', plan => 'pro');

my $key = $t->key(id => 'tk_AAAAAA', account => 'acc_1',
                  scopes => ['items:read']);

$t->start;

sub sent {
    my ($port, $method, $path, @lines) = @_;

    my $r = $t->get($path, port => $t->port($port), method => $method,
        headers => [ @lines ], $method eq 'PATCH' ? (body => '{}') : ());

    return 'no answer' if !$r;

    my $code = $r->{status} >= 400 ? $r->json : undef;
    my $open = $r->header('Access-Control-Allow-Origin');
    my $grpc = $r->header('grpc-status');

    return join ' ', $r->{status}, $code ? $code->{code} : (),
        defined $open ? 'open' : (), defined $grpc ? "grpc $grpc" : ();
}


# Port, method, path, name, what is good, the lines beside it; what the answer
# is: to the good one, to two, an empty one, a long one, one above 0x7f.

my $x = "X-Api-Key: $key";
my $basic = encode_base64("$key:", '');
my @forwarded = ('X-Forwarded-Method: GET', 'X-Forwarded-Uri: /v1/items');
my @original = ('X-Original-Method: GET', 'X-Original-URL: http://h/v1/items');
my @preflight = ('Origin: https://a.example',
    'Access-Control-Request-Method: GET');
my $ambiguous = '400 path_ambiguous';
my $conflict = '400 credential_conflict';
my $invalid = '401 credential_invalid';
my $missing = '401 credential_missing';
my $method = '405 method_not_allowed';
my $route = '404 route_not_found';
my $token = '401 unauthorized';
my $failed = '412 precondition_failed';
my $media = '415 unsupported_media_type';
my $site = '403 forbidden';
my $who = 'Cookie: who=mia';
my $type = 'Content-Type: application/json';
my $auth = "Authorization: Bearer $Keygate::Admin::token";

my @rows = (
    [ 'HEADER', 'GET', '/v1/items', 'X-Api-Key', $key, [], 200,
      $conflict, $missing, $invalid, $invalid ],
    [ 'BEARER', 'GET', '/v1/items', 'Authorization', "Bearer $key", [], 200,
      400, $missing, $invalid, $invalid ],
    [ 'TOKEN', 'GET', '/v1/items', 'Authorization', "Token token=$key", [],
      200, 400, $missing, $invalid, $invalid ],
    [ 'BASIC', 'GET', '/v1/items', 'Authorization', "Basic $basic", [], 200,
      400, $missing, $invalid, $invalid ],
    [ 'SOCKET', 'GET', '/v1/items', 'Sec-WebSocket-Protocol', "key.$key", [],
      200, $conflict, $missing, $invalid, $invalid ],
    [ 'CORS', 'OPTIONS', '/v1/items', 'Origin', 'https://a.example',
      [ $preflight[1] ], '204 open', $missing, $missing, 204, 204 ],
    [ 'CORS', 'OPTIONS', '/v1/items', 'Access-Control-Request-Method', 'GET',
      [ $preflight[0] ], '204 open', "$missing open", "$missing open",
      '204 open', '204 open' ],
    [ 'CORS', 'OPTIONS', '/v1/items', 'Access-Control-Request-Headers', 'a',
      [ @preflight ], ('204 open') x 5 ],
    [ 'HEADER', 'GET', '/auth', 'X-Forwarded-Method', 'GET',
      [ $x, $forwarded[1] ], 204, $ambiguous, $ambiguous, $method, $ambiguous ],
    [ 'HEADER', 'GET', '/auth', 'X-Forwarded-Uri', '/v1/items',
      [ $x, $forwarded[0] ], 204, $ambiguous, $ambiguous, $route, $ambiguous ],
    [ 'HEADER', 'GET', '/auth', 'X-Original-Method', 'GET',
      [ $x, $original[1] ], 204, $ambiguous, $ambiguous, $method, $ambiguous ],
    [ 'HEADER', 'GET', '/auth', 'X-Original-URL', 'http://h/v1/items',
      [ $x, $original[0] ], 204, $ambiguous, $ambiguous, $route, $ambiguous ],
    [ 'HEADER', 'MOVE', '/v1/items/a', 'Destination', '/v1/items/b', [ $x ],
      200, $ambiguous, $ambiguous, 200, $ambiguous ],
    [ 'HEADER', 'GET', '/v1/items', 'Content-Type', 'application/grpc', [],
      '200 grpc 16', '200 grpc 16', $missing, $missing, $missing ],
    [ 'ADMIN', 'GET', '/admin/keys', 'Authorization',
      "Bearer $Keygate::Admin::token", [], 200, 400, ($token) x 3 ],
    [ 'ADMIN', 'PATCH', '/admin/keys/tk_AAAAAA', 'If-Match', '*',
      [ $auth, $type ], 200, 400, ($failed) x 3 ],
    [ 'ADMIN', 'GET', '/admin/keys/tk_AAAAAA', 'If-None-Match', '"x"',
      [ $auth ], 200, 400, 200, 200, 200 ],
    [ 'ADMIN', 'PATCH', '/admin/keys/tk_AAAAAA', 'Content-Type',
      'application/json', [ $auth ], 200, ($media) x 4 ],
    [ 'PORTAL', 'PATCH', '/api/keys/tk_AAAAAA', 'Sec-Fetch-Site',
      'same-origin', [ $who, $type ], 200, ($site) x 4 ],
    [ 'PORTAL', 'PATCH', '/api/keys/tk_AAAAAA', 'Origin', 'http://localhost',
      [ $who, $type ], 200, ($site) x 4 ],
);

for my $row (@rows) {
    my ($port, $method, $path, $name, $good, $beside, @want) = @$row;

    # nginx refuses two of Authorization itself, and logs the second one

    my $again = $name eq 'Authorization' ? 'Basic eDp5' : $good;
    my @cases = ([ 'as it should be', "$name: $good" ],
        [ 'twice', ("$name: $again") x 2 ], [ 'empty', "$name:" ],
        [ '8 KiB', "$name: $good" . 'a' x 8000 ],
        [ 'above 0x7f', "$name: $good\xff\x80" ]);

    for my $case (@cases) {
        my ($what, @lines) = @$case;

        is(sent($port, $method, $path, @$beside, @lines), shift @want,
           "$port, $method $path, $name: $what");
    }
}

is($t->status('/v1/items', port => $t->port('HEADER'), key => $key), 200,
   'and the gate goes on');

$t->done;

#!/usr/bin/perl

# CORS: preflights, and what lets a page of another origin read errors.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use Test::More;

use Keygate;
use Keygate::Items;

my $app = 'https://app.example.com';
my $local = 'http://localhost:5173';

my %apis = (
    items   => "preflight answer $app $local; rate 2r/h;",
    plain   => 'preflight off;',
    passed  => 'preflight pass;',
    all     => 'preflight answer *; rate_headers legacy; rate 2r/h;',
    loose   => "preflight answer $app; unmatched pass;",
    loosely => 'preflight pass; unmatched pass;',
);

my $conf = "keygate_zone keys:1m journal=keys.jsonl;\n";

for my $name (sort keys %apis) {
    $conf .= items_api(name => $name, zone => '', extra => $apis{$name},
                       routes => 'route * /v1/files/* any;');
    $conf .= <<"E" if $name ne 'items';
    server {
        listen 127.0.0.1:%%\U$name\E%%;
        keygate $name;
        location / { proxy_pass http://127.0.0.1:%%UPSTREAM%%; }
    }
E
}

my $t = Keygate->new(conf => $conf . <<'E');
    log_format v '$request_method $request_uri $keygate_verdict';

    server {
        listen 127.0.0.1:%%PORT%%;
        keygate items;
        access_log %%DIR%%/verdicts.log v;

        location / { proxy_pass http://127.0.0.1:%%UPSTREAM%%; }
        location = /v1/open { keygate_scopes; }
        location = /v1/me {
            client_max_body_size 3;
            proxy_pass http://127.0.0.1:%%NOBODY%%;
        }
        location /v1/files/ {
            error_page 502 /page.html;
            proxy_pass http://127.0.0.1:%%NOBODY%%;
        }
        location /v1/files/bare {
            keygate_errors off;
            proxy_pass http://127.0.0.1:%%NOBODY%%;
        }
        location /v1/off {
            keygate off;
            return 409;
        }
        location /v1/dry {
            keygate_dry_run on;
            proxy_pass http://127.0.0.1:%%UPSTREAM%%;
        }
        location = /page.html { root %%DIR%%; }
    }
E

$t->write_file('page.html', 'sorry');
$t->{reply} = sub {
    my ($request) = @_;

    return Keygate::Upstream::answer(404, "not\nhere",
        'Content-Type: text/plain', 'Access-Control-Allow-Origin: upstream')
        if $request->{uri} =~ /missing/;

    return Keygate::Upstream::answer(200, '{}');
};

my $weak = $t->key(scopes => []);
my ($key, $first, $second) = map { $t->key(scopes => ['items:read']) } 1 .. 3;
$t->start;


# "name: value" of all CORS headers, and Vary, of an answer.

sub cors {
    my ($r) = @_;

    return join '; ', sort map { s/^access-control-//r }
           map { lc($_->[0]) . ": $_->[1]" }
           grep { $_->[0] =~ /^(?:access-control-|vary$)/i } @{$r->{headers}};
}


sub preflight {
    my ($path, %o) = @_;

    my @lines = ('Access-Control-Request-Method: ' . ($o{method} // 'GET'));
    unshift @lines, map { "Origin: $_" } @{$o{origins} // [ $app ]};
    push @lines, map { "Access-Control-Request-Headers: $_" }
                 @{$o{fields} // ['x-api-key']};

    return $t->get($path, method => 'OPTIONS', headers => \@lines,
                   port => $t->port($o{port}));
}


# -- Answered

my $allow = 'allow-headers: x-api-key; allow-methods: %s; '
            . 'allow-origin: %s; max-age: 600; vary: Origin';
my $r = preflight('/v1/items');

is($r->{status}, 204, 'answered');
is($r->{body}, '', 'without a body');
is(cors($r), sprintf($allow, 'GET, HEAD, POST', $app), 'with all of it');
is($r->header('Cache-Control'), 'no-store', 'as all answers of the gate');
is($r->header('RateLimit'), undef, 'and without rates');
is(cors(preflight('/v1/items/7?x=1')), sprintf($allow, 'GET, HEAD', $app),
   'the methods are those of the path');
is(cors(preflight('/v1/open')), sprintf($allow, 'GET, HEAD', $app),
   'of a public path, too');
is(cors(preflight('/v1/files/a', method => 'PROPFIND')),
   sprintf($allow, 'PROPFIND', $app), 'for "*" the one that is asked for');
is(cors(preflight('/v1/files/a', method => 'A B')),
   sprintf($allow, '', $app), 'if it is one');
is(cors(preflight('/v1/items', method => 'X' x 8000)),
   sprintf($allow, 'GET, HEAD, POST', $app), 'a method of 8,000 bytes');
is(cors(preflight('/v1/files/a', method => "G\xff")),
   sprintf($allow, '', $app), 'one above 0x7f');
like(cors(preflight('/v1/items', fields => [ 'x-one', 'x-two' ])),
     qr/^(?:allow-headers: x-one, ?x-two; )?allow-methods: GET, HEAD, POST; /,
     'the headers asked for, in two lines');
is(cors(preflight('/v1/items', origins => [$local])),
   sprintf($allow, 'GET, HEAD, POST', $local), 'another of the origins');

for my $other ('https://evil.example', 'null', "$app.evil.example",
               'https://APP.example.com', "$app/", substr($app, 0, -1),
               "$app $local", "\xff" x 8, 'a' x 8000)
{
    $r = preflight('/v1/items', origins => [$other]);
    is("$r->{status} " . cors($r), '204 ',
       'another origin: ' . substr $other, 0, 30);
}

is(cors(preflight('/v1/items', fields => [])),
   "allow-methods: GET, HEAD, POST; allow-origin: $app; max-age: 600; "
   . 'vary: Origin', 'no headers asked for');

for my $list ('a,b', 'a , b-c', 'x' x 8000) {
    like(cors(preflight('/v1/items', fields => [$list])),
         qr/^allow-headers: \Q$list\E; /, 'those asked for');
}

for my $list ('', 'a b', "a, \xff", 'a<b', 'a,,b', '"a"') {
    unlike(cors(preflight('/v1/items', fields => [$list])), qr/allow-headers/,
           'what is no list of names is not repeated');
}

is($t->hits, 0, 'nothing of it has reached the upstream');

for my $path ('/v1/nothing', '/') {
    $r = preflight($path);
    is($r->{status}, 404, "$path: no route");
    is($r->json->{code}, 'route_not_found', 'as ever');
}

is(preflight('/v1/items/..%2f')->{status}, 400, 'a doubtful path');

my $wanted = 'Access-Control-Request-Method: GET';

for my $lines ([ "Origin: $app" ], [$wanted], [ 'Origin:', $wanted ],
               [ "Origin: $app", 'Access-Control-Request-Method:' ],
               [ "Origin: $app", "Origin: $app", $wanted ],
               [ "Origin: $app", $wanted, $wanted ])
{
    is($t->status('/v1/items', method => 'OPTIONS', headers => $lines), 401,
       'what no browser sends is no preflight: ' . join ', ', @$lines);
}

is($t->status('/v1/items', headers => [ "Origin: $app", $wanted ]), 401,
   'nor is it by GET');

my $bytes = $t->request_bytes('/v1/items', method => 'OPTIONS', keep => 1,
                              headers => [ "Origin: $app", $wanted ],
                              body => 'abc');
my $client = $t->client->send($bytes . $t->request_bytes('/v1/nothing'));
is($client->response->{status}, 204, 'a body');
is($client->response->{status}, 401, 'is read and dropped');
like($t->read_file('verdicts.log'), qr{^OPTIONS /v1/items allowed$}m,
     'the verdict');


# -- Errors

my $told = "allow-origin: $app; expose-headers: RateLimit, RateLimit-Policy, "
           . 'Retry-After, WWW-Authenticate; vary: Origin';

sub told {
    my ($path, $status, $what, %o) = @_;

    my $r = $t->get($path, headers => ["Origin: $app"], %o);
    is("$r->{status} " . cors($r), "$status $told", $what);

    return $r;
}


told('/v1/items', 401, 'no key');
told('/v1/items', 401, 'a wrong key', key => 'x');
told('/v1/items', 403, 'no scope', key => $weak);
told('/v1/nothing', 404, 'no route', key => $key);
told('/v1/items', 405, 'no such method', key => $key, method => 'DELETE');
like(told('/v1/items', 429, 'limited', key => $key)->header('RateLimit'),
     qr/r=0/, 'with its rates');
told('/v1/items/..%2f', 400, 'a doubtful path');
told('/v1/me', 413, "nginx's 413", method => 'POST', body => 'aaaa');
told('/v1/me', 502, "nginx's 502", key => $weak);


is(told('/v1/files/a', 502, 'a page of error_page', key => $first)->{body},
   'sorry', 'which stays');
told('/v1/files/bare', 502, 'without keygate_errors', key => $first);

$r = $t->get('/v1/items/missing', key => $second, headers => ["Origin: $app"]);
is("$r->{status} " . cors($r), '404 allow-origin: upstream',
   "an upstream's error keeps the upstream's headers");
is($r->json->{code}, 'not_found', 'though it is replaced');

is(cors($t->get('/v1/items')), 'vary: Origin', 'without an origin');
is(cors($t->get('/v1/%', headers => ["Origin: $app"])), 'vary: Origin',
   'refused by nginx before it has read the origin');
is(cors($t->get('/v1/items', headers => ['Origin: https://evil.example'])),
   'vary: Origin', 'another origin');
is(cors($t->get('/v1/items', headers => [ ("Origin: $app") x 2 ])),
   'vary: Origin', 'two origins');
is(cors($t->get('/v1/off', headers => ["Origin: $app"])), '',
   'where there is no gate');

for my $method ('OPTIONS', 'GET') {
    $r = $t->get('/v1/dry', method => $method,
                 headers => [ "Origin: $app", $wanted ]);
    is("$r->{status} " . cors($r), '200 ', "a dry run: $method");
}


# -- Everybody

is(cors(preflight('/v1/items', port => 'ALL')),
   sprintf($allow, 'GET, HEAD, POST', '*'), '*');
is(cors($t->get('/v1/items', port => $t->port('ALL'))),
   'allow-origin: *; expose-headers: X-RateLimit-Limit, '
   . 'X-RateLimit-Remaining, X-RateLimit-Reset, Retry-After, WWW-Authenticate',
   '* on errors, and legacy rates');


# -- Off, passed, and paths without a route

is(preflight('/v1/items', port => 'PLAIN')->{status}, 401, 'off');
is(cors($t->get('/v1/items', port => $t->port('PLAIN'),
                headers => ["Origin: $app"])), '', 'nothing on errors');
$t->hits;

for my $path ('/v1/items', '/v1/admin/keys') {
    $r = preflight($path, port => 'PASSED');
    is($r->{status}, 200, "passed: $path");
    is($t->last_hit->{method}, 'OPTIONS', 'as it was');
}

is($t->status('/v1/items', method => 'OPTIONS', port => $t->port('PASSED')),
   401, 'nothing else passes');
is($t->status('/v1/items', port => $t->port('PASSED')), 401, 'nor by GET');
$t->hits;
is(preflight('/v1/nothing', port => 'PASSED')->{status}, 404, 'no route');
is(preflight('/v1/items/..%2f', port => 'PASSED')->{status}, 400,
   'a doubtful path');
is($t->hits, 0, 'is not passed');

is(cors(preflight('/v1/nothing', port => 'LOOSE', method => 'PUT')),
   sprintf($allow, 'PUT', $app), 'unmatched pass: the method asked for');
is(preflight('/v1/nothing', port => 'LOOSELY')->{status}, 200,
   'unmatched pass: passed');

$t->done;

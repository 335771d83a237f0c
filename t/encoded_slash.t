#!/usr/bin/perl

# An encoded slash belongs to its segment where it is sent on as it came, and
# makes the path ambiguous everywhere else.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use Test::More;

use Keygate;
use Keygate::Items;

my %o = (routes => <<'E');
        route GET /v1/files/:name        items:read;
        route GET /v1/files/:name/parts  items:read;
        route GET /v1/files/a/b          admin:read;
        route GET /v1/rest/*             items:read;
        route GET /v1/named/:x.json      items:read;
E

# name, port, what goes into the server, whether %2F is sent as it came

my @ways = (
    [ 'a host and port', 'HOST', <<'E', 1 ],
        location / { keygate kept; proxy_pass http://127.0.0.1:%%UPSTREAM%%; }
E
    [ 'an upstream', 'GROUP', <<'E', 1 ],
        location ~ ^/v1/ { keygate kept; proxy_pass http://up; }
E
    [ '$request_uri', 'REQUEST', <<'E', 1 ],
        location / { keygate kept; proxy_pass http://up$request_uri; }
E
    [ 'a named location', 'NAMED', <<'E', 1 ],
        location / { try_files /none @up; }
        location @up { keygate kept; proxy_pass http://up; }
E
    [ 'an if', 'IF', <<'E', 1 ],
        location / {
            keygate kept;
            if ($request_method = GET) { set $x 1; }
            proxy_pass http://up;
        }
E
    [ 'a limit_except', 'EXCEPT', <<'E', 1 ],
        location / {
            keygate kept;
            limit_except POST { allow all; }
            proxy_pass http://up;
        }
E
    [ 'a URI', 'URI', <<'E', 0 ],
        location / { keygate kept; proxy_pass http://up/; }
E
    [ 'a path of its own', 'PATH', <<'E', 0 ],
        location /v1/ { keygate kept; proxy_pass http://up/v1/; }
E
    [ 'a query', 'QUERY', <<'E', 0 ],
        location / { keygate kept; proxy_pass http://up?x=1; }
E
    [ '$uri', 'VAR', <<'E', 0 ],
        location / { keygate kept; proxy_pass http://up$uri; }
E
    [ 'a variable alone', 'ALONE', <<'E', 0 ],
        location / {
            set $to up;
            keygate kept;
            proxy_pass http://$to;
        }
E
    [ 'a rewrite', 'REWRITE', <<'E', 0 ],
        location / {
            rewrite ^ /v1/files/y break;
            keygate kept;
            proxy_pass http://up;
        }
E
    [ 'an if with a URI', 'IFURI', <<'E', 0 ],
        location / {
            keygate kept;
            if ($request_method = GET) { proxy_pass http://up$uri; }
            proxy_pass http://up;
        }
E
    [ 'a location below, of files', 'FILES', <<'E', 0 ],
        location / {
            keygate kept;
            proxy_pass http://up;
            location /v1/ { root html; }
        }
E
    [ 'a gate in front of a named location', 'FRONT', <<'E', 0 ],
        location / { keygate kept; try_files /none @up; }
        location @up { proxy_pass http://up; }
E
    [ 'encoded_slash deny', 'DENY', <<'E', 0 ],
        location / { keygate items; proxy_pass http://up; }
E
);

my $t = Keygate->new(conf => <<'E' . join '',
    upstream up { server 127.0.0.1:%%UPSTREAM%%; }
    log_format route '$keygate_route $keygate_verdict';
    access_log route.log route;
    server {
        listen 127.0.0.1:%%PORT%%;
        location / { keygate open; proxy_pass http://up; }
        location /v1/files/ {
            keygate kept;
            proxy_pass http://127.0.0.1:%%DEAD%%;
            error_page 502 = @other;
        }
        location @other { keygate kept; proxy_pass http://up$uri; }
        location /v1/rest/ {
            keygate kept;
            proxy_pass http://127.0.0.1:%%DEAD%%;
            error_page 502 = @raw;
        }
        location @raw { keygate kept; proxy_pass http://up; }
    }
E
    items_api(%o),
    items_api(%o, name => 'kept', zone => '', extra => 'encoded_slash keep;'),
    items_api(%o, name => 'open', zone => '',
              extra => 'encoded_slash keep; unmatched pass;'),
    map { <<"E" } @ways);
    server {
        listen 127.0.0.1:%%$_->[1]%%;
$_->[2]
    }
E

my $key = $t->key(scopes => ['items:read']);

$t->allow(qr/connect\(\) failed/);
$t->start;

sub get {
    my ($path, $port) = @_;

    return $t->get($path, key => $key, port => $t->port($port));
}

my %kept = (
    '/v1/files/a%2Fb' => 200, '/v1/files/a%2fb' => 200,
    '/v1/files/%2F' => 200, '/v1/files/a%2F%2Fb/parts' => 200,
    '/v1/files/x%2F.y?z=%2F..' => 200, '/v1/rest/a/b%2F/c' => 200,
    '/v1/named/a%2Fb.json' => 200,
    '/v1/files%2Fa' => 404, '/v1/files/a%2Fparts/x' => 404,
    '/v1/files/a/b' => 403,
    '/v1/files/a%2F..' => 400, '/v1/files/..%2Fa' => 400,
    '/v1/files/%2e%2e%2Fa' => 400, '/v1/files/a%2F.%2Fb' => 400,
    '/v1/files/a%252Fb' => 400, '/v1/files/a%5Cb' => 400,
    '/v1/files/a%2F..%3bx%2Fb' => 400, '/v1/files/a%2F%00' => 400,
    '/v1/files/a%2F%2' => 400, '/v1//files/a%2Fb' => 400,
);

for my $way (@ways) {
    my ($name, $port, undef, $as_it_came) = @$way;

    if (!$as_it_came) {
        my $r = get('/v1/files/a%2Fb', $port);

        is($r->{status}, 400, "$name: refused");
        is($r->json->{code}, 'path_ambiguous', "$name: says so");
        is($t->hits, 0, "$name: does not reach the upstream");
        next;
    }

    for my $path (sort keys %kept) {
        my $r = get($path, $port);

        is($r->{status}, $kept{$path}, "$name: $path");
        is($t->last_hit->{uri}, $path, "$name: as it came")
            if $kept{$path} == 200;
    }

    $t->hits;
}

like($t->read_file('route.log'), qr{^/v1/files/:name allowed$}m,
     'the route is logged');
is(get('/v1/files%2Fa', 'HOST')->json->{instance}, '/v1/files%2Fa',
   'a refusal shows the slash as it came');

# -- a decision holds for a path that is sent as it was seen

is(get('/v1/rest/a%2Fb', 'PORT')->{status}, 200,
   'after an error, to another upstream, as it came');
is($t->last_hit->{uri}, '/v1/rest/a%2Fb', 'indeed');
$t->hits;
is(get('/v1/files/a%2Fb', 'PORT')->{status}, 400,
   'after an error, to one that would see another path');
is($t->hits, 0, 'which does not see it');
is(get('/v1/files/ab', 'PORT')->{status}, 200, 'a plain path goes there');
is(get('/v1%2Fadmin%2Fkeys', 'PORT')->{status}, 200,
   'a path without routes, where unmatched ones pass');
is($t->last_hit->{uri}, '/v1%2Fadmin%2Fkeys', 'as it came');

# -- a configuration that fails leaves proxy_pass as it was

my $conf = $t->{conf};

$t->allow(qr/unknown directive "nonsense"/);
$t->{conf} .= 'nonsense;';
$t->write_conf;
kill 'HUP', $t->{master};
ok($t->wait_for(sub { $t->read_file('error.log') =~ /"nonsense"/ }),
   'a reload that fails');
ok($t->reload($conf), 'and one that does not');
is(get('/v1/files/a%2Fb', 'HOST')->{status}, 200, 'kept where it was');
is(get('/v1/files/a%2Fb', 'URI')->{status}, 400, 'refused where it was');

$t->done;

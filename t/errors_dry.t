#!/usr/bin/perl

# In a dry run no answer differs, byte for byte, from what it is without a
# gate, but for the rate headers; where keygate_errors is written, it holds.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";

use Keygate;
use Keygate::Items;
use Test::More;

my $json = 'Content-Type: application/json';

my %answer = (
    json4 => [ 400, '{"message":"no"}', $json, 'ETag: "x"' ],
    json5 => [ 500, '{"trace":"x"}', $json ],
    page => [ 500, '<h1>x</h1>', 'Content-Type: text/html' ],
    problem => [ 404, '{"type":"a"}',
                 'Content-Type: application/problem+json' ],
    ok => [ 200, 'fine', 'Content-Type: text/plain' ],
    challenge => [ 401, 'who', 'WWW-Authenticate: Own realm="x"' ],
);

sub reply {
    my ($request) = @_;

    my ($name) = $request->{uri} =~ m{/(\w+)$};
    my ($status, $body, @headers) = @{$answer{$name // ''} || $answer{ok}};

    return Keygate::Upstream::answer($status, $body, @headers);
}

my $location = <<'END';
        location / {
            proxy_pass http://127.0.0.1:%%UPSTREAM%%;
            proxy_http_version 1.1;
        }
        location /text { return 404 "text"; }
        location /teapot { return 418; }
        location /limited {
            client_max_body_size 1;
            proxy_pass http://127.0.0.1:%%UPSTREAM%%;
        }
        location /page { error_page 404 /own; return 404; }
        location = /own { default_type text/html; return 200 "own"; }
END

my $t = Keygate->new(reply => \&reply, conf =>
    items_api(rate => 'rate 100r/h;') . join '', map { <<"END" }
    server {
        listen 127.0.0.1:%%$_->[0]%%;
        server_name localhost;
        $_->[1]
$location
    }
END
    [ PLAIN => '' ], [ DRY => 'keygate items; keygate_dry_run on;' ],
    [ WRITTEN => 'keygate items; keygate_dry_run on; keygate_errors items;' ]);

my $key = $t->key(scopes => ['items:read']);

# the server without a gate sends it on
$t->exposed($key);

$t->start;


sub bytes {
    my ($bytes, $port) = @_;

    my $r = $t->raw($bytes, port => $t->port($port)) or return 'nothing';

    return $r->{raw} =~ s/^(?:Date|RateLimit(?:-Policy)?): .*\r\n//gmr;
}


my @requests = (
    map({ my $path = $_; map { $t->request_bytes($path, key => $_) }
          undef, 'x', $key }
        map({ "/v1/$_" } sort keys %answer), '/v1/items', '/v1/admin/keys',
        '/v1/items/%2e%2e/x', '//host/x', '/none', '/text', '/teapot', '/page'),
    $t->request_bytes('/limited', method => 'POST', body => 'xx', key => $key),
    $t->request_bytes('/v1/items', method => 'PUT', body => 'xx', key => $key),
    $t->request_bytes('/v1/json4', method => 'HEAD'),
    $t->request_bytes('/%00', key => $key),
    "GET /v1/items HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    "nonsense\r\n\r\n",
);

for my $bytes (@requests) {
    my ($line) = $bytes =~ /^(.*)/;

    is(bytes($bytes, 'DRY'), bytes($bytes, 'PLAIN'), $line);
}

like(bytes($t->request_bytes('/v1/json4'), 'WRITTEN'), qr/"detail":"no"/,
    'where keygate_errors is written, it holds');

$t->done;

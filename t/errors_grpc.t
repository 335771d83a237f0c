#!/usr/bin/perl

# Errors for requests of gRPC, whoever makes them: trailers alone, which a real
# client understands.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";

use Keygate;
use Keygate::Errors;
use Test::More;

my %answer = (
    '/up/html' => [ 503, '<h1>db-1.internal</h1>', 'Content-Type: text/html' ],
    '/up/json' => [ 400, '{"message":"50% off"}' ],
    '/up/problem' => [ 404, '{"detail":"none"}',
                       'Content-Type: application/problem+json' ],
    '/up/own' => [ 415, '', 'Content-Type: application/grpc',
                   'grpc-status: 9', 'grpc-message: own' ],
);

sub reply {
    my ($request) = @_;

    return Keygate::Upstream::answer(@{$answer{$request->{uri}}
                                      || [ 200, "" ]});
}

my $locations = <<'SERVER';
        location /v1/ { keygate %s; proxy_pass http://127.0.0.1:%%UPSTREAM%%; }
        location /up/ { proxy_pass http://127.0.0.1:%%UPSTREAM%%; }
        location /down/ { grpc_pass grpc://127.0.0.1:%%NONE%%; }
        location /504/ { return 504; }
        location /page/ { error_page 404 /own; return 404; }
        location = /own { internal; default_type text/plain; return 200 own; }
        location /big/ {
            client_max_body_size 1;
            proxy_pass http://127.0.0.1:%%UPSTREAM%%;
        }
SERVER

# before nginx 1.25.1 a port that has HTTP/2 has nothing else

(my $problem = $locations) =~ s/%s/problem/g;

my $t = Keygate->new(reply => \&reply, conf => errors_conf(listen => '',
    extra => 'route POST /v1/m/* items:write;', server => $locations)
    . <<"END");
    server {
        listen 127.0.0.1:%%H2%% http2;
        keygate_errors problem;
        $problem
    }
END

my $key = $t->key(scopes => ['items:read']);
my $limited = $t->key(scopes => ['items:write'], rates => ['1r/h']);

$t->start;

sub ask {
    my ($format, $path, %o) = @_;

    return $t->get($path, port => $t->port(uc $format), method => 'POST',
        body => "\0\0\0\0\0", %o,
        headers => [ 'Content-Type: ' . ($o{type} // 'application/grpc'),
                     'TE: trailers' ]);
}

sub grpc_ok {
    my ($r, $status, $message, $name, $type) = @_;

    my $h = sub { scalar $r->header($_[0]) // 'none' };

    is(!$r ? 'no answer' : join("\n", $r->{status}, $r->{body},
           map { $h->($_) } qw(Content-Type grpc-status Content-Length)),
       join("\n", 200, '', $type // 'application/grpc', $status, 0), $name);
    like($h->('grpc-message'), $message, "$name: the message") if $r;
}

for my $format (@formats) {
    grpc_ok(ask($format, '/v1/items'), 16, qr/^No API key was sent: /,
        "$format: no key");
    grpc_ok(ask($format, '/v1/m/x', key => $key), 7, qr/items:write/,
        "$format: no scope");
    grpc_ok(ask($format, '/v1/none', key => $key), 12, qr/^This API has /,
        "$format: no route");
    grpc_ok(ask($format, '/none'), 12, qr/^There is nothing /,
        "$format: nginx's 404");
    grpc_ok(ask($format, '/down/x'), 14, qr/^The service /,
        "$format: nginx's 502");
    grpc_ok(ask($format, '/504/'), 4, qr/^The service /, "$format: 504");
    grpc_ok(ask($format, '/big/'), 8, qr/^The body /, "$format: 413");
    grpc_ok(ask($format, '/up/html'), 14, qr/^The service is /,
        "$format: the upstream's page");
    grpc_ok(ask($format, '/up/json'), 3, qr/^50%25 off$/,
        "$format: the upstream's message");
    grpc_ok(ask($format, '/up/problem'), 12, qr/^none$/,
        "$format: the upstream's problem");
    grpc_ok(ask($format, '/up/own'), 9, qr/^own$/,
        "$format: the upstream's own status of gRPC");
    grpc_ok(ask($format, '/none', type => 'application/grpc+proto; x=y'), 12,
        qr/./, "$format: a type that goes on", 'application/grpc+proto; x=y');

    is(ask($format, '/none', type => 'application/grpc-web')->{status}, 404,
        "$format: what is not gRPC has HTTP's status");
    is(ask($format, '/page/')->{body}, 'own', "$format: a page stays");

    my $r = ask($format, '/v1/items');
    ok($r->header('WWW-Authenticate'), "$format: the challenge stays");
}

ask('detail', '/v1/m/x', key => $limited);
my $r = ask('detail', '/v1/m/x', key => $limited);
grpc_ok($r, 8, qr/^Over the limit of 1 request per hour/, 'a limit');
ok($r->header('Retry-After') && $r->header('RateLimit'), 'and when to return');

# -- a client of gRPC's own

SKIP: {
    skip('no python3-grpcio', 1)
        if system("/usr/bin/python3 -c 'import grpc' 2>/dev/null") != 0;

    $t->write_file('client.py', <<'PY');
import sys, grpc

channel = grpc.insecure_channel('127.0.0.1:' + sys.argv[1])

for arg in sys.argv[2:]:
    path, key = (arg.split('=') + [''])[:2]
    call = channel.unary_unary(path, request_serializer=lambda x: x,
                               response_deserializer=lambda x: x)
    meta = [('x-api-key', key)] if key else []
    try:
        call(b'', metadata=meta, timeout=20)
        print('OK')
    except grpc.RpcError as e:
        names = [k for k, v in list(e.initial_metadata() or [])
                 + list(e.trailing_metadata() or [])]
        print(e.code().name, 'ratelimit' in names, e.details())
PY

    my @cases = (
        [ '/v1/items', 'UNAUTHENTICATED False No API key was sent: ' ],
        [ "/v1/m/x=$key", 'PERMISSION_DENIED True This key is missing ' ],
        [ "/v1/m/x=$limited", 'RESOURCE_EXHAUSTED True Over the limit of ' ],
        [ '/down/x', 'UNAVAILABLE False The service behind this API ' ],
        [ '/up/json', 'INVALID_ARGUMENT False 50% off' ],
        [ '/none', 'UNIMPLEMENTED False There is nothing ' ],
    );

    my $port = $t->port('H2');
    my @args = map { "'$_->[0]'" } @cases;
    my @lines = split /\n/, `/usr/bin/python3 $t->{dir}/client.py $port @args`;

    for my $case (@cases) {
        like(shift @lines // 'nothing', qr/^\Q$case->[1]\E/,
            "python3-grpcio: $case->[0]" =~ s/=.*//r);
    }
}

$t->allow(qr/\[(?:warn|error)\]/);
$t->done;

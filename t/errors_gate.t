#!/usr/bin/perl

# The gate's own refusals as an integrator sees them: from the body alone it
# is known what to do; in each format, and with texts of one's own.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";

use Keygate;
use Keygate::Errors;
use Test::More;

# what is the same in the three, and differs by format only in shape
my $rules = <<'END';
        rate       2r/d name=few;
        route      POST /v1/send         items:write;
        route      GET  /v1/either       items:write|admin:read;
        route      GET  /v1/both         items:write&admin:read;
        scope      admin:read;
        plan       basic;
        plan       full  extra;
        route      GET  /v1/extra        any feature=extra;
        when POST /v1/send body.now      admin:read;
END

my $t = Keygate->new(reply => undef, conf => errors_conf(listen => '',
    extra => $rules, server => <<'SERVER') . <<'OWN');
        location / {
            keygate %s;
            client_max_body_size 1k;
            proxy_pass http://127.0.0.1:%%UPSTREAM%%;
        }
SERVER
    keygate_api own {
        zone       keys;
        credential bearer;
        key_format tk_ id=6 secret=24;
        scope      items:read;
        errors     problem;
        problem_types https://docs.example/errors/;
        rate_headers legacy;
        rate       1r/h;
        rate       1r/month name=monthly;
        route      GET /v1/items    items:read;
        route      GET /v1/:id      any;
        error insufficient_scope  code=forbidden_scope "title=Not for you"
              "detail=Needs {scope} for {method} {path}.";
        error rate_limited        "detail=Wait {retry_after} s: {limit}/h.";
        error subscription_lapsed "detail=Not on {plan}{limit}.";
        error route_not_found     status=410 "detail=Gone: {path}.";
    }
    server {
        listen 127.0.0.1:%%OWN%%;
        location / { keygate own; proxy_pass http://127.0.0.1:%%UPSTREAM%%; }
    }
OWN

my $unlimited = [ '1000000r/d' ];
$t->account(id => 'acc_1', name => 'One', plan => 'basic');
$t->{accounts}{''}{acc_1} = 1;

my $reader = $t->key(scopes => ['items:read'], rates => $unlimited);
my $writer = $t->key(scopes => ['items:write'], rates => $unlimited);
my $none = $t->key(scopes => [], rates => $unlimited);
my %few = map { $_ => $t->key(scopes => []) } @formats;
my $own = $t->key(scopes => []);
my $other = $t->key(scopes => []);
my $two = $t->key(scopes => ['items:read'], rates => [ '2r/h', '9r/month' ]);
my $gone = $t->key(account => 'acc_2', rates => $unlimited);

$t->account(id => 'acc_2', plan => 'gone', status => 'canceled');
$t->{accounts}{''}{acc_2} = 1;

$t->start;


sub refused {
    my ($format, $path, $status, $code, $detail, %o) = @_;

    my $more = delete $o{more};
    my $r = $t->get($path, port => $t->port(uc $format), %o);

    $more = $more->($r) if ref $more eq 'CODE';

    error_ok($r, $format, $status, "$format: $code", code => $code,
        detail => $detail, instance => $path,
        more => $format eq 'problem' ? $more : undef);
    is($r->header('Cache-Control'), 'no-store', "$format: $code: no-store");

    return $r;
}


for my $format (@formats) {
    my @args;

    refused($format, '/v1//items', 400, 'path_ambiguous',
        'The path can be read in more than one way: send it without encoded '
        . 'slashes, dot segments, empty segments, \';\', \'#\' and \'\\\', '
        . 'encoded once and in UTF-8.', key => $reader);
    refused($format, '/v1/items', 401, 'credential_missing',
        'No API key was sent: send it as X-Api-Key: KEY or Authorization: '
        . 'Bearer KEY.');
    refused($format, '/v1/items', 401, 'credential_invalid',
        'The API key is not valid: check that it was copied whole.',
        key => 'tk_no');
    refused($format, '/v1/items', 400, 'credential_conflict',
        'More than one API key was sent with the request: send exactly one.',
        key => $reader, bearer => $writer);
    refused($format, '/v1/nothing', 404, 'route_not_found',
        'This API has nothing at this path.', key => $reader);

    my $r = refused($format, '/v1/items', 405, 'method_not_allowed',
        'This path does not support the method of the request: see the Allow '
        . 'header for those that it does.', key => $reader,
        method => 'DELETE');
    is($r->header('Allow'), 'GET, HEAD, POST', "$format: Allow");

    $r = refused($format, '/v1/items', 403, 'insufficient_scope',
        'This key is missing the required scope: items:write.',
        key => $reader, method => 'POST', body => '{}',
        more => { required_scopes => ['items:write'],
                  granted_scopes => ['items:read'] });
    is($r->header('WWW-Authenticate'), "Bearer realm=\"$format\", "
        . 'error="insufficient_scope", scope="items:write"',
        "$format: the challenge names the scope");

    refused($format, '/v1/either', 403, 'insufficient_scope',
        'This key is missing the required scope: items:write or admin:read.',
        key => $none, more => { granted_scopes => [],
            required_scopes => [ 'items:write', 'admin:read' ] });
    refused($format, '/v1/both', 403, 'insufficient_scope',
        'This key is missing the required scope: admin:read.',
        key => $writer, more => { granted_scopes => ['items:write'],
            required_scopes => [ 'items:write', 'admin:read' ] });
    refused($format, '/v1/extra', 403, 'plan_required',
        'The plan of the account does not include this: change to one that '
        . 'does.', key => $reader);

    # bodies

    @args = (key => $writer, method => 'POST');

    refused($format, '/v1/send', 400, 'body_invalid',
        'The body of the request must be one JSON object in UTF-8, without '
        . 'duplicate members.', @args, body => '[]');
    refused($format, '/v1/send', 403, 'insufficient_scope',
        'This key is missing the required scope: admin:read.', @args,
        body => '{"now":true}', more => { granted_scopes => ['items:write'],
            required_scopes => ['admin:read'] });

    my $large = '{"a":"' . 'x' x 2000 . '"}';
    my @large = ($format, '/v1/send', 413, 'body_too_large',
        'The body of the request is larger than this API accepts.', @args);

    $r = $t->get('/v1/send', port => $t->port(uc $format), @args,
        body => $large);
    error_ok($r, $format, 413, "$format: said to be too large",
        code => 'body_too_large', instance => '/v1/send');
    refused(@large, headers => ['Transfer-Encoding: chunked'],
        body => sprintf("%x\r\n%s\r\n0\r\n\r\n", length $large, $large));

    $r = $t->get('/v1/items', port => $t->port(uc $format), @args,
        body => $large);
    error_ok($r, $format, 413, "$format: elsewhere it is nginx's own",
        instance => '/v1/items');

    # limits

    $t->get('/v1/nothing', port => $t->port(uc $format),
        key => $few{$format}) for 1, 2;

    $r = $t->get('/v1/nothing', port => $t->port(uc $format),
        key => $few{$format});
    my $wait = $r->header('Retry-After');
    ok($wait > 80_000 && $wait <= 90_000, "$format: Retry-After");

    error_ok($r, $format, 429, "$format: rate_limited", code => 'rate_limited',
        instance => '/v1/nothing',
        detail => "Over the limit of 2 requests per day; try again in $wait "
            . 'seconds.', more => $format eq 'problem'
            ? { retry_after => 0 + $wait, 'violated-policies' => ['few'] }
            : undef);
    is($r->header('RateLimit-Policy'),
        '"minute";q=1000;w=60, "few";q=2;w=86400', "$format: the policies");
    like($r->header('RateLimit'), qr/^"minute";r=\d+;t=\d+, "few";r=0;t=\d+$/,
        "$format: what is left");
}

# texts of one's own, types, and headers of the older kind

my @at = (port => $t->port('OWN'));
my $r = $t->get('/v1/items', @at, bearer => $own);

is($r->{status}, 403, 'own texts');
is($r->json->{type}, 'https://docs.example/errors/forbidden-scope', 'type');
is($r->json->{code}, 'forbidden_scope', 'code');
is($r->json->{title}, 'Not for you', 'title');
is($r->json->{detail}, 'Needs items:read for GET /v1/items.', 'detail');
is($r->header('X-RateLimit-Limit'), 1, 'X-RateLimit-Limit');
is($r->header('X-RateLimit-Remaining'), 0, 'X-RateLimit-Remaining');
ok($r->header('X-RateLimit-Reset') > time, 'X-RateLimit-Reset is a time');
ok(!defined $r->header('RateLimit'), 'and no others');

$r = $t->get('/v1/items', @at, bearer => $own);
is($r->{status}, 429, 'own limits');
is($r->json->{type}, 'https://docs.example/errors/quota-exceeded',
    'a month is a quota');
is($r->json->{title}, 'Quota exceeded', 'with a title of its own');
is_deeply($r->json->{'violated-policies'}, [ 'hour', 'monthly' ], 'both')
    or diag($r->{body});

$t->get('/v1/items', @at, bearer => $two) for 1, 2;
$r = $t->get('/v1/items', @at, bearer => $two);
is($r->json->{detail}, 'Wait ' . $r->header('Retry-After') . ' s: 2/h.',
    'the number of the rate');

is($t->get('/v1/items', @at, bearer => $gone)->json->{detail}, 'Not on gone.',
    'a plan that the API does not know; no limit where none has refused');

$r = $t->get('/v2/items', @at, bearer => $other);
is($r->{status}, 410, 'a status of its own');
is($r->json->{detail}, 'Gone: /v2/items.', 'and the path');
is($r->json->{status}, 410, 'twice');

$r = $t->get('/v1/items', @at);
is(join('|', $r->header('WWW-Authenticate')), 'Bearer realm="own"',
    'a plain challenge');

# the log says who, what and what to do, on one line, and no key

my $log = $t->read_file('error.log');

like($log, qr/\[error\].*keygate:[ ]refused[ ]insufficient_scope:[ ]grant
    .*api:[ ]"own",[ ]key:[ ]"tk_\w{6}",[ ]account:[ ]"acc_1",
    [ ]client:[ ]127\.0\.0\.1,[ ]request:[ ]"GET[ ]\/v1\/items"$/mx,
    'the log line');

$t->done;

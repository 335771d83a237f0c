#!/usr/bin/perl

# What the admin API refuses: every answer is a problem that names the member
# at fault, and nothing has changed.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;

use Keygate;
use Keygate::Admin;

my $t = Keygate->new(conf => admin_conf(
    location => 'error_page 404 /nowhere;',
    server => 'keygate_errors items;',
    extra => "errors envelope;\n"));

admin_token($t);
$t->start;

is(admin($t, 'PUT', '/accounts/acc_1', { name => 'One' })->{status}, 201,
    'there is an account');

my $r = admin($t, 'POST', '/keys', { account => 'acc_1', name => 'K',
    scopes => ['items:read'] });
my $id = $r->json->{id};
my $etag = $r->header('ETag');
my $journal = $t->read_file('keys.jsonl');

is($r->{status}, 201, 'and a key');


# -- Who may come in

my @in = ('Authorization: Bearer wrong', 'Authorization: Basic YWRtOmFkbQ==',
    'Authorization: Bearer', 'Authorization: Bearer ',
    "Authorization: Bearer ${Keygate::Admin::token}x",
    "Authorization: Bearer $Keygate::Admin::token,x",
    "Authorization: $Keygate::Admin::token",
    'Authorization: Bearer ' . lc($Keygate::Admin::token) . 'A');

sub bare {
    my ($r) = @_;

    my $text = $r->{raw} // '';

    s/"request_id":"[0-9a-f]+"//, s/Date: .*?\r\n// for $text;

    return $text;
}

my $none = bare($t->get('/admin/keys', port => $t->port('ADMIN')));

like($none, qr/^HTTP\/1\.1 401 /, 'nobody comes in without the token');
like($none, qr/\r\nWWW-Authenticate: Bearer realm="items-admin"\r\n/,
    'and is told how');

for my $header (@in) {
    my ($name) = $header =~ /^.*? (\S*)/;
    is(bare(admin($t, 'GET', '/keys', undef, $header)), $none,
        'the same answer to ' . ($header =~ s/adm_\w+/TOKEN/r));
}

is(admin($t, 'GET', '/keys', undef,
        "Authorization: bEARER   $Keygate::Admin::token")->{status}, 200,
    'the scheme may be written in any case');

is(problem_is(admin($t, 'GET', '/keys', undef, 'Origin: https://x.example')),
    '403 forbidden', 'a page in a browser is refused');
is(problem_is(admin($t, 'GET', '/keys', undef, 'Origin: null',
        'Authorization: Bearer wrong')),
    '403 forbidden', 'whoever is logged in there');


# -- Where

for (['GET', '/nothing', '404 not_found'],
    ['GET', '/', '404 not_found'],
    ['GET', '/keys/', '404 not_found'],
    ['GET', '/keys/a%20b', '404 not_found'],
    ['GET', '/keys/' . 'x' x 65, '404 not_found'],
    ['GET', '/keys/tk_NOBODY', '404 not_found'],
    ['PATCH', '/keys/tk_NOBODY', '404 not_found', { name => 'x' }],
    ['POST', '/keys/tk_NOBODY/rotate', '404 not_found'],
    ['POST', '/keys/tk_NOBODY/revoke', '404 not_found'],
    ['POST', "/keys/$id/expire", '404 not_found'],
    ['GET', "/keys/$id/revoke", '405 method_not_allowed'],
    ['DELETE', '/keys/tk_NOBODY', '404 not_found'],
    ['DELETE', '/keys', '405 method_not_allowed'],
    ['PUT', "/keys/$id", '405 method_not_allowed', {}],
    ['DELETE', '/accounts/nobody', '404 not_found'],
    ['PATCH', '/accounts/nobody', '404 not_found', { name => 'x' }],
    ['POST', '/accounts', '405 method_not_allowed', {}],
    ['GET', '/check', '405 method_not_allowed'],
    ['GET', '/keys/%2e%2e/accounts', '400 bad_request'],
    ['GET', '//keys', '400 bad_request'],
    ['GET', '/keys%2f' . $id, '400 bad_request'])
{
    my ($method, $path, $expected, $body) = @$_;

    is(problem_is(admin($t, $method, $path, $body)), $expected,
        "$method $path");
}

is(admin($t, 'PUT', "/keys/$id", {})->header('Allow'),
    'GET, HEAD, PATCH, DELETE', '405 lists what there is');
is(admin($t, 'HEAD', "/keys/$id")->{body}, '', 'HEAD has no body');


# -- The form of the body

my @form = (
    [ '{', '400 bad_request' ],
    [ '', '400 bad_request' ],
    [ 'x', '400 bad_request' ],
    [ 'null null', '400 bad_request' ],
    (map { [ $_, '422 unprocessable_content  is not an object;' ] }
        '[]', '[{}]', '"x"', 'null', ' 1 ', '1e400', '"\u0000"'),
    [ '{"meta":{"a":12345678901234567890}}',
        '422 unprocessable_content /meta/a is too large a number;' ],
    [ '{"meta":[[],1,{"x/~":-1e400}]}',
        '422 unprocessable_content /meta/2/x~1~0 is too large a number;' ],
    [ '{"a":"b","name":"\u0000"}',
        '422 unprocessable_content /name has a character U+0000;' ],
    [ '{"a":1e400', '400 bad_request' ],
    [ '{"a\u0000":1}', '400 bad_request' ],
    [ '{"a":' . '[' x 2000 . '1e400' . ']' x 2000 . '}',
        '422 unprocessable_content /a' . '/0' x 2000
            . ' is too large a number;' ],
    [ '{} {}', '400 bad_request' ],
    [ "\xef\xbb\xbf{}", '400 bad_request' ],
    [ "{\0\"\0n\0\"\0:\0001\0}\0", '400 bad_request' ],
    [ '{"name":"a","name":"b"}', '400 bad_request' ],
    [ '{"name":"a","n\u0061me":"b"}', '400 bad_request' ],
    [ "{\"name\":\"\xff\"}", '400 bad_request' ],
    [ '{"name":"\ud800"}', '400 bad_request' ],
    [ '[' x 20000, '400 bad_request' ],
    [ '{"name":"' . 'x' x 65536 . '"}', '413 payload_too_large' ],
);

for (@form) {
    my ($body, $expected) = @$_;
    my $name = substr $body, 0, 24;

    $name =~ s/([^ -~])/sprintf '\\x%02x', ord $1/ge;

    my $r = admin($t, 'POST', '/keys', $body, 'Content-Type: application/json');
    is(problem_is($r), $expected, "the body $name");
}

$r = $t->get('/admin/keys', method => 'POST', port => $t->port('ADMIN'),
    headers => [ "Authorization: Bearer $Keygate::Admin::token",
                 'Content-Type: application/json',
                 'Transfer-Encoding: chunked' ],
    body => sprintf("%x\r\n%s\r\n0\r\n\r\n", 80000, ' ' x 80000));
is(problem_is($r), '413 payload_too_large', 'a long body in chunks');

for ('text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data',
    'application/jsonx', 'application/json; charset=latin-1',
    'application/merge-patch+json')
{
    is(problem_is(admin($t, 'POST', '/keys', '{}', "Content-Type: $_")),
        '415 unsupported_media_type', "a body of $_");
}

is(admin($t, 'POST', '/keys', '{}',
        'Content-Type: Application/JSON; charset="UTF-8"')->{status}, 422,
    'the type may be written in any case, and with its charset');

# what is not said is JSON, as all is here

sub post {
    my ($path, $body, @headers) = @_;

    my $said = problem_is($t->get("/admin$path", method => 'POST',
        port => $t->port('ADMIN'), body => $body,
        headers => [ "Authorization: Bearer $Keygate::Admin::token",
                     @headers ]));

    return $said =~ s{ /.*}{}sr;
}

is(post('/keys', '{}'), '422 unprocessable_content', 'no Content-Type');
is(post('/keys', ''), '400 bad_request', 'nor a body');
is(post('/keys', '{}', 'Content-Type:'), '415 unsupported_media_type',
    'an empty one');
is(post('/keys', '{}', ('Content-Type: application/json') x 2),
    '415 unsupported_media_type', 'two');

for ('gzip', 'identity, br', 'x') {
    is(post('/keys', '{}', 'Content-Type: application/json',
            "Content-Encoding: $_"), '415 unsupported_media_type',
        "a body in Content-Encoding $_");
}

is(post('/keys', '{}', 'Content-Type: application/json',
        'Content-Encoding: identity'), '422 unprocessable_content',
    'identity is none');


# -- Members

my @members = (
    [ {}, '/account is missing; /name is missing; /scopes is missing;' ],
    [ { account => 'acc_1', name => 'x', scopes => ['items:read', 'no:such'] },
      '/scopes/1 is not a scope of this API;' ],
    [ { account => 'acc_1', name => 'x', scopes => ['items:read'],
        expires_at => '2026-02-30T00:00:00Z' },
      '/expires_at is not an RFC 3339 time;' ],
    [ { account => 'acc_1', name => 'x', scopes => [],
        rates => ['0r/m', '5r/m', '6r/m'] }, qr{/rates/0 \S+.*;} ],
    [ { account => 'acc_1', name => 'x', scopes => [],
        addresses => ['10.0.0.1/8'] }, qr{/addresses/0 \S+.*;} ],
    [ { account => 'acc_1', name => 'x', scopes => 'items:read' },
      qr{/scopes \S+.*;} ],
    [ { account => 'acc_1', name => 'x' x 256, scopes => [] },
      qr{/name \S+.*;} ],
    [ { account => 'nobody', name => 'x', scopes => [], digest => 'sha256:0' },
      qr{^/digest is not known here; /account is not the id of an account;$} ],
    [ { account => 'acc_1', name => 'x', scopes => [], id => 'tk_MINE00' },
      '/id is not known here;' ],
    [ { account => 'acc_1', name => 'x', scopes => [], 'a/b~<c>' => 1 },
      '/a~1b~0<c> is not known here;' ],
);

for (@members) {
    my ($body, $expected) = @$_;
    my $r = admin($t, 'POST', '/keys', $body);
    my $text = problem_is($r);
    my ($status, $faults) = $text =~ /^(\S+ \S+) (.*)$/s;

    is($status, '422 unprocessable_content', 'a key that cannot be')
        or diag($text);
    ref $expected ? like($faults, $expected, 'and why')
                  : is($faults, $expected, "$expected");
    unlike($r->{body}, qr/[<>]/, 'markup is escaped');
}

for (['PUT', '/accounts/acc_1', { name => 'One', plan => 'gold' },
        '/plan is not a plan of this API;'],
    ['PUT', '/accounts/acc_1', { name => 'One', id => 'acc_2' },
        qr{/id \S+.*;}],
    ['PUT', '/accounts/acc_1', { name => 'One', status => 'asleep' },
        qr{/status \S+.*;}],
    ['PUT', '/accounts/acc_1', {}, '/name is missing;'],
    ['PATCH', '/accounts/acc_1', { trial_ends_at => 'tomorrow' },
        '/trial_ends_at is not an RFC 3339 time;'],
    ['PATCH', '/accounts/acc_1', { profile => { a => { b => 1 } } },
        qr{/profile/a \S+.*;}],
    ['PATCH', "/keys/$id", { account => 'acc_1' },
        '/account is not known here;'],
    ['PATCH', "/keys/$id", { revoked_at => undef },
        '/revoked_at is not known here;'],
    ['PATCH', "/keys/$id", { name => undef }, qr{/name \S+.*;}],
    ['POST', "/keys/$id/rotate", { overlap => 'a day' }, qr{/overlap \S+.*;}],
    ['POST', "/keys/$id/rotate", { overlap => 24 }, qr{/overlap \S+.*;}],
    ['POST', "/keys/$id/revoke", { now => 1 }, qr{\S.*;}],
    ['POST', '/check', {}, qr{^/key_id is missing; /method is missing; /path}],
    ['POST', '/check', { key_id => $id, method => 'GET', path => 'v1',
        address => '10.0.0.0/8', x => 1 }, qr{/path .*;}])
{
    my ($method, $path, $body, $expected) = @$_;
    my $text = problem_is(admin($t, $method, $path, $body));

    $text =~ s/^422 unprocessable_content //;
    ref $expected ? like($text, $expected, "$method $path")
                  : is($text, $expected, "$method $path");
}


# -- Conditions

for (['PATCH', { name => 'x' }], ['DELETE'])
{
    my ($method, $body) = @$_;

    for my $tags ('"0123456789abcdef"', "W/$etag", 'x', '') {
        is(problem_is(admin($t, $method, "/keys/$id", $body,
                "If-Match: $tags")), '412 precondition_failed',
            "$method with If-Match: $tags");
    }
}

is(problem_is(admin($t, 'POST', "/keys/$id/$_", undef, 'If-Match: "x"')),
    '412 precondition_failed', "$_ with another entity tag")
    for 'rotate', 'revoke';
is(problem_is(admin($t, 'PUT', '/accounts/acc_1', { name => 'Two' },
        'If-None-Match: *')), '412 precondition_failed',
    'an account that must not be there is');
is(problem_is(admin($t, 'PUT', '/accounts/acc_9', { name => 'Two' },
        'If-Match: *')), '412 precondition_failed',
    'one that must be there is not');
is(problem_is(admin($t, 'DELETE', '/accounts/acc_1', undef,
        'If-Match: "x"')), '412 precondition_failed',
    'nor is an account deleted on another tag');
is(problem_is(admin($t, 'DELETE', '/accounts/acc_1')), '409 conflict',
    'nor one with a live key');

is($t->read_file('keys.jsonl'), $journal, 'nothing at all has changed');

my $list = "If-Match: \"x\", W/$etag, $etag";
is(admin($t, 'PATCH', "/keys/$id", { name => 'Y' }, $list)->{status}, 200,
    'the right tag may be in a list');
is(admin($t, 'PATCH', "/keys/$id", { name => 'Z' }, 'If-Match: *')
    ->{status}, 200, 'any will do');


# -- One answer to one request

my $client = $t->client($t->port('ADMIN'));
my $inner = "DELETE /admin/keys/$id HTTP/1.1\r\nHost: x\r\n"
    . "Authorization: Bearer $Keygate::Admin::token\r\n\r\n";

for my $head ("Authorization: Bearer wrong\r\n",
    "Authorization: Bearer $Keygate::Admin::token\r\nOrigin: x\r\n",
    "Authorization: Bearer $Keygate::Admin::token\r\nContent-Type: a/b\r\n")
{
    $client->send("POST /admin/keys HTTP/1.1\r\nHost: x\r\n$head"
        . 'Content-Length: ' . length($inner) . "\r\n\r\n$inner");
    like($client->response->{status}, qr/^4(01|03|15)$/, 'refused');
}

$client->send("GET /admin/keys/$id HTTP/1.1\r\nHost: x\r\n"
    . "Authorization: Bearer $Keygate::Admin::token\r\n\r\n");
is($client->response->{status}, 200, 'no body was taken for a request');


# -- Too large even for nginx; it answers in the same way

$r = $t->get('/admin/keys', method => 'POST', port => $t->port('ADMIN'),
    headers => [ 'Content-Length: 2000000' ]);
is($r->{status}, 413, 'a body that nginx refuses');
is($r->header('Content-Type'), 'application/problem+json', 'is a problem too');

$t->{seen} = '';
$t->done;

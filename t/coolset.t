#!/usr/bin/perl

# Every sentence of Coolset's document that a gateway can keep, kept by
# conf.d/coolset.conf as it is shipped, beside the others.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use Digest::SHA qw(sha256_hex);
use Test::More;
use Time::HiRes qw(time);

use Keygate;
use Keygate::Command;

my $t = Keygate->new(workers => 2, zones => [qw(coolset cooledge crewkeel)]);

$t->{conf} = join '', map { $t->shipped("$_.conf") }
    qw(cooledge coolset crewkeel handlers admin);

my $port = $t->port('P8081');
my $admin = 'adm_' . Keygate::Journal::new_secret(40);
my ($read, $write, $users) = map { token(scopes => [$_]) } qw(read write admin);

$t->write_file('admin.sha256', sha256_hex($admin));
$t->secret('the token of the admin API', $admin);


sub token {
    my (%o) = @_;

    my $secret = Keygate::Journal::new_secret(delete $o{secret} // 32);

    return $t->key(opaque => 'sk_live_', account => 'co_1',
                   credential => "sk_live_$secret", %o);
}


sub call {
    my ($method, $path, $token, %o) = @_;

    return $t->get($path, method => $method, bearer => $token, port => $port,
                   %o);
}


sub status {
    return call(@_)->{status};
}


sub admin {
    my ($method, $path, $body) = @_;

    return $t->get("/coolset$path", method => $method, bearer => $admin,
        port => $t->port('P8090'), body => $body // '',
        headers => ['Content-Type: application/json']);
}


# Status and body of an error, and that it is what the document shows.

sub detail {
    my ($r) = @_;

    return 'no answer' if !$r;
    return "$r->{status}: " . ($r->header('Content-Type') // 'no type')
        if ($r->header('Content-Type') // '') ne 'application/json';
    return "$r->{status}: $r->{body}"
        if !$r->json || join(' ', keys %{$r->json}) ne 'detail';

    return "$r->{status} " . $r->json->{detail};
}


$t->account(id => 'co_1', name => 'Green Foods B.V.', status => 'active');
$t->account(id => 'co_2', name => 'Blue Foods B.V.', status => 'active');
$t->start;

my $missing = '401 Authentication credentials were not provided.';
my $wrong = '401 Invalid token.';
my $forbidden = '403 You do not have permission to perform this action.';

my @paths = qw(/api/accounts/user-config/ /api/orders/ /api/orders/ord_5501/
               /api/accounts/users/ /api/accounts/users/usr_77/
               /accounts/workspaces/ /api/nothing/ /nothing);

# -- Authentication

for my $path (@paths) {
    is(detail(call('GET', $path)), $missing, 'All Coolset API endpoints '
       . "require authentication using Bearer tokens: $path");
}

for my $case ([ 'in another header', headers => ["X-Api-Key: $read"] ],
    [ 'as a cookie', headers => ["Cookie: token=$read"] ],
    [ 'by another scheme', headers => ["Authorization: Token $read"] ])
{
    my ($name, @o) = @$case;

    is(detail($t->get('/api/orders/', port => $port, @o)), $missing,
       "Include your token in the Authorization header: $name is none");
}

my $r = call('GET', '/api/orders/', $read);

is($r->{status}, 200, 'Authorization: Bearer YOUR_API_TOKEN');
is($r->json->{results}[0]{id}, 'ord_5501', "the handler's answer");
is(status('GET', '/api/accounts/user-config/', $read,
          headers => ['Content-Type: application/json']), 200,
   'the example request');

for my $host (qw(developers.coolset.com developers-scranton.coolset.com)) {
    is($t->raw("GET /api/orders/ HTTP/1.0\r\nHost: $host\r\n"
               . "Authorization: bearer $read\r\n\r\n",
               port => $port)->{status}, 200, $host);
}

my $short = token(secret => 16, scopes => ['read']);

like($short, qr/^sk_live_\w{16}$/, 'a token as long as the example\'s');
ok($t->wait_for(sub { status('GET', '/api/orders/', $short) == 200 }, 3),
   'is one');

# -- Getting Your API Token

$r = admin('POST', '/keys',
    '{"account": "co_1", "name": "ERP", "scopes": ["write"]}');
is($r->{status}, 201, 'Click Generate New Token');

my $new = $r->json->{secret};

# shown here and nowhere else
$t->{seen} =~ s/\Q$new\E//;
$t->secret('the new token', $new);

like($new, qr/^sk_live_[A-Za-z0-9]{32}$/, 'Copy your token');
like($r->json->{id}, qr/^key_[0-9A-Z]{12}$/, 'an id that tells nothing of it');
is(status('POST', '/api/orders/', $new), 201, 'it works at once');
unlike($t->read_file('coolset.jsonl'), qr/\Q$new\E/,
       'securely store your token: here it is not kept');
unlike(admin('GET', '/keys?account=co_1')->{body}, qr/\Q$new\E|[0-9a-f]{64}/,
       'nor shown again');

# -- Token Scopes & Permissions

my @routes = (
    [ 'GET', '/api/orders/', 'read' ],
    [ 'GET', '/api/orders/ord_5501/', 'read' ],
    [ 'HEAD', '/api/orders/', 'read' ],
    [ 'GET', '/api/accounts/user-config/', 'read' ],
    [ 'GET', '/accounts/workspaces/', 'read' ],
    [ 'POST', '/api/orders/', 'write' ],
    [ 'PUT', '/api/orders/ord_5501/', 'write' ],
    [ 'PATCH', '/api/orders/ord_5501/', 'write' ],
    [ 'DELETE', '/api/orders/ord_5501/', 'write' ],
    [ 'POST', '/accounts/workspaces/', 'write' ],
    [ 'GET', '/api/accounts/users/', 'admin' ],
    [ 'POST', '/api/accounts/users/', 'admin' ],
    [ 'GET', '/api/accounts/users/usr_77/', 'admin' ],
    [ 'DELETE', '/api/accounts/users/usr_77/', 'admin' ],
);

my %text = (read => 'View data across all endpoints',
            write => 'Create and update resources',
            admin => 'Full access including user management');

for my $route (@routes) {
    my ($method, $path, $scope) = @$route;
    my $held = 0;

    for my $key ([ 'read', $read ], [ 'write', $write ], [ 'admin', $users ]) {
        $held = 1 if $key->[0] eq $scope;

        my $r = call($method, $path, $key->[1]);
        my $name = "$method $path with $key->[0]: $scope, $text{$scope}";

        if ($held) {
            like($r->{status}, qr/^20[01]$/, $name);

        } else {
            is(detail($r), $forbidden, $name);
            is(($r->header('WWW-Authenticate'))[0],
               qq(Bearer realm="coolset", error="insufficient_scope", )
               . qq(scope="$scope"), 'RFC 6750 tells which scope');
        }
    }
}

for my $path (qw(/api/accounts/users /api/accounts/users/a /api/accounts/users/
                 /api/accounts/users/a/b/), '/api/accounts/users/?x=1')
{
    is(detail(call('GET', $path, $write)), $forbidden,
       "user management by whatever name: $path");
}

# -- Multi-Company Access

my $other = token(account => 'co_2', scopes => ['read']);
my $handlers = Keygate->new(zones => ['coolset']);

$handlers->{conf} = $handlers->shipped('coolset.conf');
$handlers->{ports}{UPSTREAM} = $handlers->port('P8071');
$handlers->{reply} = \&handler;
$handlers->account(id => "co_$_", name => "Company $_", status => 'active')
    for 1, 2;

my @of = map { $handlers->key(opaque => 'sk_live_', account => "co_$_",
    credential => 'sk_live_' . Keygate::Journal::new_secret(32),
    scopes => ['admin']) } 1, 2;

$handlers->start;


sub handled {
    my ($path, %o) = @_;

    return $handlers->get($path, bearer => $of[0],
                          port => $handlers->port('P8081'), %o);
}


for my $n (1, 2) {
    my $r = handled('/accounts/workspaces/', bearer => $of[$n - 1], headers =>
        [ 'X-Coolset-Company: co_3', 'x-coolset-scopes: none' ]);
    my %sent;

    push @{$sent{lc $_->[0]}}, $_->[1] for @{$handlers->last_hit->{headers}};

    is($r->{status}, 200, 'use the /accounts/workspaces/ endpoint');
    is_deeply([ @sent{qw(x-coolset-company x-coolset-scopes authorization)} ],
        [ ["co_$n"], ['read write admin'], undef ],
        'Each token is associated with a specific company, whatever is said');
    is($handlers->last_hit->{uri}, '/accounts/workspaces/',
       'the path keeps its last slash');
}

# -- Token Expiration

my @old = map { token(%$_, scopes => ['read']) }
    { id => 'key_AAAAAAAAAAAA', created_at => '2016-01-01T00:00:00Z' },
    { id => 'key_BBBBBBBBBBBB', created_at => '2016-01-01T00:00:00Z',
      rotated_at => '2096-01-01T00:00:00Z' },
    { id => 'key_CCCCCCCCCCCC', created_at => '2096-01-01T00:00:00Z' };

ok($t->wait_for(sub { status('GET', '/api/orders/', $old[2]) == 200 }, 3)
   && status('GET', '/api/orders/', $old[0]) == 200,
   'API tokens do not expire automatically');

SKIP: {
    skip 'no keygate command is built', 6
        if !-x $Keygate::Command::binary;

    my $c = Keygate::Command->new(dir => $t->{dir},
        journal => $t->journal_path('coolset'),
        format => 'sk_live_ id=0 secret=32');

    is_deeply([ grep { /A{12}|B{12}|C{12}/ } map { $_->{id} }
                @{$c->json('list', '--older-than', '90d')} ],
        ['key_AAAAAAAAAAAA'],
        'We recommend rotating tokens every 90 days: which are due');

    my $due = $c->run('list', '--older-than', '90d')->{out};
    like($due, qr/^key_AAAAAAAAAAAA +co_1 +/m, 'as a table');
    unlike($due, qr/key_[BC]{12}/, 'not those that were rotated');

    my $rotated = $c->json('rotate', 'key_AAAAAAAAAAAA', '--overlap', '1h');
    my $secret = $rotated->{secret};

    $t->secret('a rotated token', $secret);
    ok($t->wait_for(sub { status('GET', '/api/orders/', $secret) == 200 }, 3),
       'Rotate tokens regularly: the new one works');
    is(status('GET', '/api/orders/', $old[0]), 200,
       'and the old one for as long as it was told to');
    unlike($c->run('list', '--older-than', '90d')->{out}, qr/key_A{12}/,
           'then it is not due any more');
}

# -- Revoking Tokens

my $id = $r->json->{id};

is(admin('POST', "/keys/$id/revoke")->{status}, 200,
   'Click Revoke next to the token');

my %seen;
$seen{detail(call('POST', '/api/orders/', $new))}++ for 1 .. 20;

is_deeply(\%seen, { $wrong => 20 }, 'The token becomes immediately invalid');
is(status('POST', '/api/orders/', $write), 201,
   'separate tokens for each integration: without affecting other services');

# -- Authentication Errors

for my $case ([ 'nobody\'s', 'sk_live_' . 'a' x 32 ], [ 'revoked', $new ],
    [ 'one letter less', substr $write, 0, -1 ], [ 'not one at all', 'x' ],
    [ 'with another after it', "$write,$read" ],
    [ "Cooledge's", 'ck_live_AB12CD_' . 'a' x 24 ])
{
    my ($name, $token) = @$case;
    my $r = call('GET', '/api/orders/', $token);

    is(detail($r), $wrong, "401 Unauthorized, Invalid token: $name");
    is_deeply([ $r->header('WWW-Authenticate') ],
        ['Bearer realm="coolset", error="invalid_token"'],
        'as RFC 6750 has it');
}

is(call('GET', '/api/orders/')->header('WWW-Authenticate'),
   'Bearer realm="coolset"', 'without an error where there is no token');

# -- and what the developer pages add

for my $case ([ 'GET', '/nothing', '404 Not found.' ],
    [ 'GET', '/api', '404 Not found.' ], [ 'GET', '/', '404 Not found.' ],
    [ 'GET', '/api/nothing/', '404 Not found.' ],
    [ 'TRACK', '/api/orders/', '405 Method "TRACK" not allowed.' ])
{
    my ($method, $path, $expected) = @$case;

    is(detail(call($method, $path, $users)), $expected, "$method $path");
}

for my $case (
    [ 'a path of two meanings', "GET /api/../x HTTP/1.1\r\nHost: a\r\n\r\n" ],
    [ 'no HTTP', "GET / HTTP/9\r\n\r\n" ],
    [ 'two Host lines', "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n" ],
    [ 'a body that is too large', "POST /api/orders/ HTTP/1.1\r\nHost: a\r\n"
      . "Content-Length: 99999999\r\n\r\n" ],
    [ 'too many headers', "GET / HTTP/1.1\r\nHost: a\r\n"
      . ('A: ' . 'a' x 8000 . "\r\n") x 8 . "\r\n" ])
{
    my ($name, $bytes) = @$case;

    like(detail($t->raw($bytes, port => $port)), qr/^[45]\d\d [A-Z]/,
         "errors of nginx have this form, too: $name");
}

sub handler {
    my ($request) = @_;

    my %answers = (
        fields => [ 400, '{"supplier": ["This field is required."]}' ],
        coded => [ 400, '{"detail": "Invalid.", "error_code": "invalid", '
                   . '"field_errors": {"supplier": ["Required."]}}' ],
        none => [ 404, '{"detail":  "Not found."}' ],
        trace => [ 500, '<h1>OperationalError</h1> at /srv/app/views.py:12',
                   'Content-Type: text/html' ],
        html => [ 404, '<h1>Not Found</h1>', 'Content-Type: text/html' ],
    );

    my ($name) = $request->{uri} =~ m{/(\w+)/$};

    return Keygate::Upstream::answer(@{$answers{$name} || [ 200, '{}' ]});
}

for my $name (qw(fields coded none)) {
    my $r = handled("/api/$name/");
    my ($status, $body) = handler({ uri => "/api/$name/" })
                          =~ m{^HTTP/1.1 (\d+).*?\r\n\r\n(.*)}s;

    is_deeply([ $r->{status}, $r->{body} ], [ $status, $body ],
        "the handlers' own errors pass as they are: $name");
}

like(detail(handled('/api/trace/')), qr/^500 (?!.*(?:views|Operational))/,
     'a stack trace does not');
like(detail(handled('/api/html/')), qr/^404 [A-Z][^<]+$/, 'nor does a page');

$handlers->{upstream}->stop;
like(detail(handled('/api/orders/')), qr/^502 [A-Z]/, 'nobody at home');

# -- 1000 requests an hour and token

my $busy = token(scopes => ['read']);

ok($t->wait_for(sub { status('GET', '/api/orders/', $busy) == 200 }, 3),
   'another token');

$r = call('GET', '/api/orders/', $busy);

my $limit = $r->header('X-RateLimit-Remaining');
my $reset = $r->header('X-RateLimit-Reset');

is($r->header('X-RateLimit-Limit'), 1000, 'X-RateLimit-Limit');
like($limit, qr/^9[89]\d$/, 'X-RateLimit-Remaining');
cmp_ok($reset, '>', time, 'X-RateLimit-Reset, in Unix time');
cmp_ok($reset, '<=', time + 3600 + 113 + 1,
       'within an hour and its thirty-second part');
is($r->header('RateLimit'), undef, 'and not in another style');

my $c = $t->client($port);
my %n;

for (1 .. $limit + 5) {
    $c->send($t->request_bytes('/api/orders/', bearer => $busy, keep => 1,
                               method => 'HEAD'));
    $n{($c->response('HEAD') || { status => 'none' })->{status}}++;

    $c = $t->client($port) if $_ % 500 == 0;
}

is_deeply(\%n, { 200 => $limit, 429 => 5 }, '1000 requests per hour');

$r = call('GET', '/api/orders/', $busy);

my $wait = $r->header('Retry-After');

is(detail($r), "429 Request was throttled. Expected available in $wait "
   . 'seconds.', 'and no more');
is($r->header('X-RateLimit-Remaining'), 0, 'nothing remains');
cmp_ok($wait, '>', 3400, 'until the first of them is an hour old');
cmp_ok($wait, '<=', 3713, 'or hardly more');
is(status('GET', '/api/orders/', $read), 200, 'a limit for each token');

# -- Never log tokens in application logs: done() looks for them

like($t->read_file('coolset.log'), qr{"GET /api/orders/ HTTP/1.1" 200},
     'there is a log');

$handlers->done;
$t->done;

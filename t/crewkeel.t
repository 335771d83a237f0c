#!/usr/bin/perl

# Every sentence of CrewKeel's document that a gateway can keep, kept by
# conf.d/crewkeel.conf as it is shipped.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use Test::More;

use Keygate;

my @zones = (zones => ['crewkeel']);
my $t = Keygate->new(workers => 2, @zones);

# the sample handlers serve the others, too, which are not needed here
$t->{conf} = $t->shipped('crewkeel.conf') . $t->shipped('handlers.conf');

my $port = $t->port('P8082');

my %text = (
    'jobs:read'       => 'List and read jobs.',
    'jobs:write'      => 'Create jobs and update job status.',
    'documents:read'  => 'List and read estimates and invoices.',
    'documents:write' => 'Create estimates and invoices.',
    'documents:send'  => 'Issue and send estimates and invoices as PDFs.',
    'customers:read'  => 'List customers.',
    'customers:write' => 'Create customers.',
);

my @all = qw(jobs:read jobs:write documents:read documents:write
             documents:send customers:read customers:write);


sub key {
    my ($t, $account, @scopes) = @_;

    return $t->key(opaque => 'ck_live_', account => $account,
        credential => 'ck_live_' . Keygate::Journal::new_secret(32),
        scopes => \@scopes);
}


sub account {
    my ($t, $id, %o) = @_;

    $t->account(id => $id, name => 'Brightline Heating & Cooling',
                plan => 'pro', status => 'active', %o);
}


account($t, 'con_pro');
account($t, "con_$_", plan => $_) for qw(free business);
account($t, 'con_none', plan => undef);

my %only = map { $_ => key($t, 'con_pro', $_) } @all;
my $full = key($t, 'con_pro', @all);
my $none = key($t, 'con_pro');
my %of = map { $_ => key($t, "con_$_", @all) } qw(free business none);

$t->start;


sub call {
    my ($method, $path, $token, %o) = @_;

    my @body = $method eq 'POST' || $method eq 'PATCH' ? (body => '{}') : ();

    return $t->get("/api/v1$path", method => $method, bearer => $token,
        port => $port, headers => ['Content-Type: application/json'],
        @body, %o);
}


# Status and code of an error, and that it has the one shape.

sub envelope {
    my ($r) = @_;

    return 'no answer' if !$r;
    return $r->{status} if $r->{status} < 400;

    my $e = $r->json && $r->json->{error};

    return "$r->{status}: $r->{body}"
        if !$e || join(' ', keys %{$r->json}) ne 'error'
           || join(' ', sort keys %$e) ne 'code message'
           || grep { ref || $_ eq '' } values %$e;
    return "$r->{status}: " . ($r->header('Content-Type') // 'no type')
        if ($r->header('Content-Type') // '') ne 'application/json';

    return "$r->{status} $e->{code}";
}


sub missing {
    my ($r) = @_;

    return envelope($r) eq '403 forbidden_scope'
        ? $r->json->{error}{message} : envelope($r);
}


# -- Getting started

like($full, qr/^ck_live_\w{32}$/, 'Authorization: Bearer ck_live_...');
is(call('GET', '/jobs', $full)->{status}, 200,
   'Send the token on every request as an Authorization header');
is(envelope(call('GET', '/jobs')), '401 credential_missing', 'on every one');
is(envelope(call('GET', '/jobs', undef, headers => ["X-Api-Key: $full"])),
   '401 credential_missing', 'as that header');
is($t->get('/v1/jobs', bearer => $full, port => $port)->{status}, 404,
   'Base URL is /api/v1');

for my $case ([ 'pro', $full, 200 ], [ 'business', $of{business}, 200 ],
    [ 'free', $of{free}, '403 plan_required' ],
    [ 'no plan', $of{none}, '403 plan_required' ])
{
    my ($plan, $token, $expected) = @$case;

    is(envelope(call('GET', '/jobs', $token)), $expected,
       "a Pro plan or above: $plan");
    is(envelope(call('GET', '/me', $token)), $expected, "$plan: /me");
}

# -- Identity

my $r = call('GET', '/me', $only{'jobs:read'});

is_deeply($r->json, {
    contractor => { id => 'con_pro', name => 'Brightline Heating & Cooling' },
    caller => { kind => 'api_key', scopes => ['jobs:read'] } },
    "/api/v1/me: The token's contractor and granted scopes.");

my @catalog = map { { name => $_, description => $text{$_} } } @all;

for my $case ([ 'one', $only{'documents:send'}, ['documents:send'] ],
    [ 'all', $full, \@all ], [ 'none', $none, [] ])
{
    my ($name, $token, $granted) = @$case;
    my $r = call('GET', '/scopes', $token);

    is_deeply($r->json, { granted => $granted, catalog => \@catalog },
        "/api/v1/scopes: Granted scopes plus the full scope catalog: $name");
    is($r->header('Content-Type'), 'application/json',
       'All responses are JSON');
    is_deeply(call('GET', '/me', $token)->json->{caller}{scopes}, $granted,
              "/me: $name");
}

is(envelope(call('GET', "/$_", undef)), '401 credential_missing',
   "/$_ asks for a token") for qw(me scopes);

# -- The endpoint reference

my @routes = (
    [ 'GET', '/jobs', 'jobs:read', 'List jobs, newest first.' ],
    [ 'GET', '/jobs/J-1042', 'jobs:read', 'A single job by reference or id' ],
    [ 'GET', '/jobs/job_31', 'jobs:read', 'A single job by reference or id' ],
    [ 'POST', '/jobs', 'jobs:write', 'Create a job.' ],
    [ 'PATCH', '/jobs/J-1042', 'jobs:write', "Update a job's status." ],
    [ 'GET', '/estimates', 'documents:read', 'List estimates' ],
    [ 'GET', '/estimates/est_12', 'documents:read', 'A single estimate.' ],
    [ 'POST', '/estimates', 'documents:write', 'Create an estimate' ],
    [ 'GET', '/invoices', 'documents:read', 'List invoices' ],
    [ 'GET', '/invoices/inv_44', 'documents:read', 'A single invoice.' ],
    [ 'POST', '/invoices', 'documents:write', 'Create an invoice' ],
    [ 'GET', '/customers', 'customers:read', 'List customers' ],
    [ 'POST', '/customers', 'customers:write', 'Create a customer.' ],
);

for my $route (@routes) {
    my ($method, $path, $scope, $text) = @$route;

    $r = call($method, $path, $only{$scope});
    is($r->{status}, $method eq 'POST' ? 201 : 200,
       "$method $path with $scope: $text");
    is($r->header('Content-Type'), 'application/json',
       'All responses are JSON');

    my %got;

    $got{missing(call($method, $path, $only{$_}))} .= "$_ "
        for grep { $_ ne $scope } @all;
    is_deeply([ keys %got ],
              [ "This token is missing the required scope: $scope." ],
              'with any other: forbidden_scope');
}

$r = call('POST', '/jobs', $only{'jobs:read'});
is_deeply($r->json, { error => { code => 'forbidden_scope', message =>
    'This token is missing the required scope: jobs:write.' } },
    'Errors always use this shape');
is($r->header('WWW-Authenticate'), 'Bearer realm="crewkeel", '
   . 'error="insufficient_scope", scope="jobs:write"', 'RFC 6750 has its own');

# -- Pass send: true (with documents:send) to issue a PDF

my $writer = key($t, 'con_pro', 'documents:write');
my $sender = key($t, 'con_pro', 'documents:write', 'documents:send');

$t->wait_for(sub { call('GET', '/me', $sender)->{status} == 200 }, 3);

for my $path ('/estimates', '/invoices') {
    for my $case ([ '{"job": "J-1042"}', 201, 201, 'documents:write' ],
        [ '{"job": "J-1042", "send": false}', 201, 201, 'documents:write' ],
        [ '{"job": "J-1042", "send": true}', 'documents:send', 201,
          'documents:write' ],
        [ '{"job": "J-1042", "send": "yes"}', 'documents:send', 201,
          'documents:write' ],
        [ '{"send": true, "send": false}', '400 body_invalid',
          '400 body_invalid', 'documents:write' ],
        [ '', '400 body_invalid', '400 body_invalid', 'documents:write' ])
    {
        my ($body, @expected) = @$case;

        for my $token ($writer, $sender, $only{'documents:send'}) {
            my $expected = shift @expected;

            $expected = "This token is missing the required scope: $expected."
                if $expected =~ /:/;
            is(missing(call('POST', $path, $token, body => $body)), $expected,
               "POST $path $body");
        }
    }
}

is(call('POST', '/jobs', $only{'jobs:write'}, body => 'send=true')->{status},
   201, 'elsewhere the body is the affair of the handlers');

# -- Errors always use this shape

for my $case ([ 'GET', '/nothing', '404 route_not_found' ],
    [ 'GET', '/jobs/', '404 route_not_found' ],
    [ 'GET', '/jobs/J-1042/notes', '404 route_not_found' ],
    [ 'DELETE', '/jobs/J-1042', '405 method_not_allowed' ],
    [ 'PUT', '/jobs/J-1042', '405 method_not_allowed' ],
    [ 'PATCH', '/estimates/est_12', '405 method_not_allowed' ],
    [ 'GET', '/customers/cus_09', '404 route_not_found' ],
    [ 'GET', '/jobs/%2e%2e/me', '400 path_ambiguous' ])
{
    my ($method, $path, $expected) = @$case;

    is(envelope(call($method, $path, $full)), $expected, "$method $path");
}

is(call('PUT', '/jobs/J-1', $full)->header('Allow'), 'GET, HEAD, PATCH',
   'a 405 lists the methods');

for my $case ([ 'nowhere', '/', '404 not_found' ],
    [ 'a token that is none', '/api/v1/jobs', '401 credential_invalid',
      bearer => 'ck_live_' . 'a' x 32 ])
{
    my ($name, $path, $expected, @o) = @$case;

    is(envelope($t->get($path, port => $port, @o)), $expected, $name);
}

for my $case ([ 'no HTTP', "GET / HTTP/9\r\n\r\n" ],
    [ 'no Host', "GET / HTTP/1.1\r\n\r\n" ],
    [ 'a large body', "POST /api/v1/jobs HTTP/1.1\r\nHost: a\r\n"
      . "Content-Length: 99999999\r\n\r\n" ])
{
    like(envelope($t->raw($case->[1], port => $port)), qr/^[45]\d\d \w+$/,
         "nginx's own: $case->[0]");
}

my $u = Keygate->new(@zones);

$u->{conf} = $u->shipped('crewkeel.conf');
$u->{ports}{UPSTREAM} = $u->port('P8072');
account($u, 'con_pro');

my $token = key($u, 'con_pro', @all);

my @answers = (
    [ 'its own shape', 422, '{"error": {"code": "title_required", "message": '
      . '"A job requires a title."}}', '422 title_required' ],
    [ 'its own, with details', 422, '{"error":{"code":"invalid","message":'
      . '"No.","details":[1]}}', undef ],
    [ 'another shape', 400, '{"message": "A job requires a title."}',
      '400 bad_request' ],
    [ 'a page', 404, '<h1>Not found</h1>', '404 not_found',
      'Content-Type: text/html' ],
    [ 'a stack trace', 500, '{"error": "TypeError at crew.js:12"}',
      '500 internal_server_error' ],
);

$u->{reply} = sub {
    my ($n) = $_[0]{uri} =~ /(\d+)$/;

    return Keygate::Upstream::answer(200, '{}') if !defined $n;

    my (undef, $status, $body, undef, @headers) = @{$answers[$n]};

    return Keygate::Upstream::answer($status, $body, @headers);
};

$u->start;

my @o = (bearer => $token, port => $u->port('P8082'));

for my $n (0 .. $#answers) {
    my ($name, $status, $body, $expected) = @{$answers[$n]};
    my $r = $u->get("/api/v1/jobs/$n", @o);

    is(envelope($r), $expected, "an error of the handlers: $name")
        if defined $expected;
    is($r->{body}, $body, "$name: unchanged") if $name =~ /^its own/;
    unlike($r->{body}, qr/TypeError|<h1>/, "$name: nothing gets out");
}

like($u->get('/api/v1/jobs/2', @o)->{body}, qr/A job requires a title\./,
     'a message is kept');

$u->get('/api/v1/jobs', @o, headers => [ 'X-CrewKeel-Contractor: con_other',
                                         'X-CrewKeel-Scopes: all' ]);

my %sent;
push @{$sent{lc $_->[0]}}, $_->[1] for @{$u->last_hit->{headers}};

is_deeply([ @sent{qw(x-crewkeel-contractor x-crewkeel-scopes authorization)} ],
    [ ['con_pro'], ["@all"], undef ],
    'the handlers are told who it is, by the gate alone');

# -- Rate limits

my $busy = key($t, 'con_pro', 'jobs:read');

$t->wait_for(sub { call('GET', '/jobs', $busy)->{status} == 200 }, 3);

my ($left) = call('GET', '/jobs', $busy)->header('RateLimit') =~ /r=(\d+)/;
my %n;

like($left, qr/^9\d$/, 'Each token is limited');
$n{envelope(call('GET', '/jobs', $busy))}++ for 1 .. $left + 5;
is_deeply(\%n, { 200 => $left, '429 rate_limited' => 5 },
    'to 100 requests per minute. Exceeding it returns 429 with code '
    . 'rate_limited');

$r = call('GET', '/jobs', $busy);

is($r->header('RateLimit-Policy'), '"minute";q=100;w=60', 'the policy');
like($r->header('Retry-After'), qr/^(?:5\d|6[0-2])$/, 'when to come back');
is(call('GET', '/jobs', $full)->{status}, 200, 'each token has its own');

$u->done;
$t->done;

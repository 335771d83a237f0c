#!/usr/bin/perl

# Every sentence of Cooledge's documents that a gateway can keep, kept by
# conf.d/cooledge.conf as it is shipped.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use Test::More;

use Keygate;

my $t = Keygate->new(workers => 2, zones => ['cooledge']);

$t->{conf} = $t->shipped('cooledge.conf') . $t->shipped('handlers.conf');

my $port = $t->port('P8080');
my @all = ((map { ("$_:read", "$_:write") }
    qw(customers jobs quotes invoices bookings leads)), 'webhooks:manage');

my %text = (
    'customers:read'  => 'Read customers and their sites',
    'customers:write' => 'Create, update and archive customers and sites',
    'jobs:read'       => 'Read jobs and their details',
    'jobs:write'      => 'Create, update and progress jobs',
    'quotes:read'     => 'Read quotes and their line items',
    'quotes:write'    => 'Create, update and send quotes',
    'invoices:read'   => 'Read invoices and their payment state',
    'invoices:write'  => 'Create, update and send invoices',
    'bookings:read'   => 'Read bookings and scheduled visits',
    'bookings:write'  => 'Create, reschedule and cancel bookings',
    'leads:read'      => 'Read leads and their status',
    'leads:write'     => 'Create, update and convert leads',
    'webhooks:manage' => 'Manage webhook subscriptions',
);

sub account {
    my ($id, %o) = @_;

    $t->account(id => $id, name => 'Brightline Heating & Cooling',
                plan => 'growth', status => 'active', %o);
}

sub key {
    my ($account, @scopes) = @_;

    return $t->key(account => $account, scopes => \@scopes,
                   prefix => 'ck_live_');
}

my %profile = (slug => 'brightline-heating-cooling',
    business_email => 'office@brightlinehvac.com.au',
    business_phone => '+61731234567',
    website => 'https://brightlinehvac.com.au', abn => '53004085616');

account('biz_8f2a1c9e', profile => \%profile);
account('biz_null', profile => { %profile, website => undef, abn => undef });
account('biz_bare');
account('biz_starter', plan => 'starter');
account('biz_scale', plan => 'scale');
account('biz_trial', status => 'trialing',
        trial_ends_at => '2096-12-05T00:00:00Z');
account('biz_trial_over', status => 'trialing',
        trial_ends_at => '2026-01-05T00:00:00Z');
account('biz_past_due', status => 'past_due');
account('biz_canceled', status => 'canceled');

my $biz = 'biz_8f2a1c9e';
my @reads = qw(customers:read jobs:read quotes:read invoices:read);
my $reads = key($biz, @reads);
my $full = key($biz, @all);
my %only = map { $_ => key($biz, $_) } @all;
my %of = map { $_ => key("biz_$_", @all) }
         qw(null bare starter scale trial trial_over past_due canceled);
my $shown = $t->key(id => 'ck_live_AB12CD', account => $biz,
                    scopes => ['customers:read']);

$t->start;

sub call {
    my ($method, $path, $key, %o) = @_;

    return $t->get("/api$path", method => $method, key => $key,
                   port => $port, %o);
}

sub status {
    return call(@_)->{status};
}

# -- Getting started

my $r = call('GET', '/v1/me', $reads);

is($r->{status}, 200,
   'GET /v1/me is the quickest way to confirm your key works.');
is_deeply($r->json, {
    business => { id => $biz, name => 'Brightline Heating & Cooling',
                  %profile },
    caller => { kind => 'api_key', scopes => \@reads } },
   'It returns the business the key belongs to and the scopes the caller is '
   . 'allowed to use');
like($r->{body}, qr/"name": ?"Brightline Heating & Cooling"/,
     'in the letters of the document');
is($r->header('Content-Type'), 'application/json',
   'Requests and responses are JSON');

is_deeply(call('GET', '/v1/me', $of{null})->json->{business},
    { id => 'biz_null', name => 'Brightline Heating & Cooling', %profile,
      website => undef, abn => undef },
    'A business with no website or ABN on file returns them as null');
is_deeply(call('GET', '/v1/me', $of{bare})->json->{business},
    { id => 'biz_bare', name => 'Brightline Heating & Cooling',
      map { $_ => undef } keys %profile },
    'Most business fields can be null; only id and name are always present');

is($t->get('/v1/me', key => $reads, port => $port)->{status}, 404,
   'The base URL ends in /api: every path is relative to that base');

is(status('GET', '/v1/customers', $of{starter}), 403,
   'Available on the Growth and Scale plans: not on Starter');
is(status('GET', '/v1/customers', $full), 200, 'on Growth');
is(status('GET', '/v1/customers', $of{scale}), 200, 'on Scale');
is(status('GET', '/v1/customers', $of{trial}), 200,
   'and that includes your 14-day free trial');

like($shown, qr/^ck_live_AB12CD_[A-Za-z0-9]{24}$/,
     'A key looks like this: ck_live_AB12CD_xxxxxxxxxxxxxxxxxxxxxxxx');
is(status('GET', '/v1/customers', $shown), 200, 'and works');

is(status('GET', '/v1/me', 'ck_live_AB12CD'), 401,
   'sending your full key: the prefix alone is none');
is(status('GET', '/v1/me', undef, bearer => $reads), 401,
   'the X-Api-Key header is the way to authenticate');
is(status('GET', "/v1/me", $reads, headers => ['Cookie: session=1']), 200,
   'There is no session to manage: the header carries the credential');
is($t->get('/api/v1/me', port => $port)->header('Set-Cookie'), undef,
   'nor is one begun');

# -- Authentication: scopes

is_deeply(call('GET', '/v1/me', $full)->json->{caller}{scopes}, \@all,
   'The scopes your key actually holds are on the caller.scopes array');

my @routes;

for my $name (qw(customers jobs quotes invoices bookings leads)) {
    push @routes, [ 'GET', "/v1/$name", "$name:read", 200 ],
        [ 'GET', "/v1/$name/x_1", "$name:read", 200 ],
        [ 'POST', "/v1/$name", "$name:write", 201 ],
        [ 'PATCH', "/v1/$name/x_1", "$name:write", 200 ],
        [ 'DELETE', "/v1/$name/x_1", "$name:write", 204 ],
        [ 'POST', "/v1/$name/x_1/send", "$name:write", 200 ];
}

my $hooks = '/v1/webhooks/subscriptions';

push @routes, map { [ @$_[0, 1], 'webhooks:manage', $_->[2] ] }
    [ 'POST', $hooks, 201 ], [ 'GET', $hooks, 200 ],
    [ 'GET', "$hooks/x_1", 200 ], [ 'PATCH', "$hooks/x_1", 200 ],
    [ 'DELETE', "$hooks/x_1", 204 ];

for my $route (@routes) {
    my ($method, $path, $scope, $status) = @$route;
    my ($other) = grep { $_ ne $scope } reverse @all;
    my $kind = $scope =~ s/:.*//r;

    is(status($method, $path, $only{$scope}), $status,
       "$method $path with $scope: $text{$scope}");

    # the nearest wrong one: reads where it should write, and the reverse
    my ($near) = grep { /^$kind:/ && $_ ne $scope } @all, "jobs:read";
    $near //= 'jobs:read';

    my $r = call($method, $path, $only{$near});
    is_deeply([ $r->{status}, $r->json && $r->json->{required_scopes} ],
        [ 403, [$scope] ],
        "A request is allowed only if the key holds the scope: $near");
}

# -- 401 versus 403

for my $case ([ 'absent', undef ], [ 'malformed', 'not a key' ],
    [ 'not of a live key', 'ck_live_ZZZZZZ_' . 'a' x 24 ],
    [ 'without the secret', 'ck_live_AB12CD' ],
    [ 'with another secret', 'ck_live_AB12CD_' . 'a' x 24 ])
{
    my $r = call('GET', '/v1/customers', $case->[1]);

    is($r->{status}, 401,
       "A 401 means the credential is missing or invalid: $case->[0]");
    is($r->header('Content-Type'), 'application/problem+json',
       'Errors follow the RFC 7807 problem-details format');
    is_deeply([ @{$r->json}{qw(status instance)}, exists $r->json->{type},
                exists $r->json->{title} ],
              [ 401, '/api/v1/customers', 1, 1 ], 'with its members');
}

for my $name (qw(trial_over past_due canceled)) {
    for my $method (qw(GET POST)) {
        my $r = call($method, '/v1/customers', $of{$name});

        is_deeply([ $r->{status}, $r->json->{code} ],
            [ 403, 'subscription_lapsed' ], "An expired trial, a past due "
            . "payment or a cancellation blocks all API access: $name $method");
    }
}

is(status('GET', '/v1/me', $of{past_due}), 403, 'even /v1/me');
account('biz_past_due');
ok($t->wait_for(sub { status('GET', '/v1/me', $of{past_due}) == 200 }, 3),
   'Once the subscription is active again, access returns.');

is(call('GET', '/v1/customers', $of{starter})->json->{code}, 'plan_required',
   'The business is not on a plan tier that includes the endpoint.');

my $revoked = key($biz, 'customers:read');
ok($t->wait_for(sub { status('GET', '/v1/customers', $revoked) == 200 }, 3),
   'a key that was just created');
$t->append($t->key_line(id => ($revoked =~ /^(ck_live_\w{6})/), scopes =>
    ['customers:read'], account => $biz, digest => $t->digest($revoked),
    revoked_at => '2026-11-02T00:00:00Z'));
ok($t->wait_for(sub { status('GET', '/v1/customers', $revoked) == 401 }, 3),
   'Each key can be revoked at any time');

# -- limits, request ids, the handlers' own errors

$r = call('GET', '/v1/leads?limit=500', $only{'leads:read'});
is_deeply([ $r->{status}, $r->header('Content-Type'), $r->json->{detail} ],
    [ 400, 'application/problem+json', 'limit must be an integer 1..100' ],
    "a handler's own problem passes");
is(status('GET', '/v1/leads?limit=100', $only{'leads:read'}), 200,
   'a limit within bounds');

my $raised = $t->key(account => $biz, scopes => ['jobs:read'],
                     prefix => 'ck_live_', rates => ['240r/m']);
my $usual = key($biz, 'jobs:read');

$t->wait_for(sub { status('GET', '/v1/jobs', $usual) == 200 }, 3);

my %n = (200 => 1);

for (2 .. 130) {
    $n{status('GET', '/v1/jobs', $usual)}++;
}

cmp_ok($n{200}, '>=', 120, '120 requests per minute and key by default');
cmp_ok($n{200}, '<=', 121, 'and no more');

$r = call('GET', '/v1/jobs', $usual);
is($r->{status}, 429, 'then 429');
like($r->header('Retry-After'), qr/^[1-9]\d?$/, 'with Retry-After');
is($r->header('RateLimit-Policy'), '"minute";q=120;w=60', 'the policy');

%n = ();
$n{status('GET', '/v1/jobs', $raised)}++ for 1 .. 130;
is_deeply(\%n, { 200 => 130 }, 'a higher limit is a value on the one key');

for my $case ([ 'a 200', 'GET', '/v1/customers', $only{'customers:read'} ],
    [ 'a 204', 'DELETE', '/v1/leads/1', $only{'leads:write'} ],
    [ 'a 401', 'GET', '/v1/customers', undef ],
    [ 'a 403', 'GET', '/v1/customers', $only{'leads:read'} ],
    [ 'a 404', 'GET', '/v1/nowhere', $only{'leads:read'} ],
    [ 'a 405', 'PUT', '/v1/customers', $only{'leads:read'} ],
    [ 'a 429', 'GET', '/v1/jobs', $usual ],
    [ 'a 400 of a handler', 'GET', '/v1/leads?limit=0',
      $only{'leads:read'} ],
    [ 'a 400 of the gate', 'GET', '/v1//leads', undef ],
    [ 'me', 'GET', '/v1/me', $only{'leads:read'} ])
{
    my ($name, @call) = @$case;
    my $r = call(@call);
    my @id = $r->header('X-Cooledge-Request-Id');

    is(scalar @id, 1, "x-cooledge-request-id on every response: $name");
    like($id[0] // '', qr/^[0-9a-f]{32}$/, 'one that is worth something');

    next if !$r->json || !$r->json->{request_id};
    is($r->json->{request_id}, $id[0], 'the same in the body');
}

$r = $t->raw("GET / HTTP/9\r\n\r\n", port => $port);
like($r->header('X-Cooledge-Request-Id') // '', qr/^[0-9a-f]{32}$/,
     'even where the request cannot be read');

# -- what the log shows

my $log = $t->read_file('cooledge.log');

like($log, qr/verdict=allowed key=ck_live_AB12CD account=$biz/,
     'you can recognise which key a request used');
like($log, qr/verdict=subscription_lapsed/, 'and why one was refused');
like($log, qr{route=/v1/customers/:id}, 'the log shows the route');

# -- identity that a client cannot forge

my $u = Keygate->new(zones => ['cooledge']);

$u->{conf} = $u->shipped('cooledge.conf');
$u->{ports}{UPSTREAM} = $u->port('P8070');
$u->{reply} = sub { Keygate::Upstream::answer(200, '{}',
    'X-Cooledge-Request-Id: from-the-handler') };
$u->account(id => $biz, name => 'B', plan => 'growth', status => 'active');

my $k = $u->key(id => 'ck_live_AB12CD', account => $biz,
                scopes => ['jobs:read']);

$u->start;

$r = $u->get('/api/v1/jobs', key => $k, port => $u->port('P8080'), headers =>
    [ 'X-Cooledge-Business: biz_other', 'X-Cooledge-Key-Id: ck_live_OTHER1',
      'x-cooledge-scopes: jobs:write', 'X-Cooledge-Plan: scale',
      'X-Cooledge-Request-Id: mine' ]);
is($r->{status}, 200, 'a request that would like to be somebody else');
is_deeply([ $r->header('X-Cooledge-Request-Id') ],
    [ grep { /^[0-9a-f]{32}$/ } $r->header('X-Cooledge-Request-Id') ],
    'one request id, the gate\'s own');

my %sent;
push @{$sent{lc $_->[0]}}, $_->[1] for @{$u->last_hit->{headers}};

is_deeply({ map { /^x-cooledge-(.*)/ ? ($1 => $sent{$_}) : () } keys %sent },
    { business => [$biz], 'key-id' => ['ck_live_AB12CD'], plan => ['growth'],
      scopes => ['jobs:read'],
      'request-id' => [ $r->header('X-Cooledge-Request-Id') ] },
    'the handlers are told who it is, by the gate alone');
ok(!$sent{'x-api-key'}, 'the credential is stripped');
is($u->last_hit->{uri}, '/api/v1/jobs', 'the path goes as it came');

$u->done;
$t->done;

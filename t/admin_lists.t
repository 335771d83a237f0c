#!/usr/bin/perl

# Lists of the admin API: pages that stay right while keys come and go; the
# catalogue, the routes, and what the gate would decide.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;

use Keygate;
use Keygate::Admin;

my $t = Keygate->new(conf => admin_conf(extra => <<'END', routes => <<'END2'));
        base /api;
        scope all implies=items:read,items:write "Everything";
        rate 100r/m;
        rate 5r/h name=hourly;
        plan big export;
END
        route GET  /v1/export   items:read&admin:read feature=export cost=5;
        route GET  /v1/either   items:read|admin:read;
        route POST /v1/send     items:write;
        when  POST /v1/send     body.now admin:read;
END2

admin_token($t);
$t->account(id => "acc_$_", name => "Account $_", plan => 'pro') for 1 .. 30;
$t->append(join '', map {
    ($t->make_key(id => sprintf('tk_%06d', $_),
        account => $_ % 10 ? 'acc_1' : 'acc_2',
        scopes => ['items:read']))[0]
} 1 .. 230);
$t->start;


# All of a list, page by page; $between is called after each.

sub all {
    my ($path, $limit, $between) = @_;

    my @all;
    my $cursor;

    do {
        my $r = admin($t, 'GET', $path . ($path =~ /\?/ ? '&' : '?')
            . "limit=$limit" . (defined $cursor ? "&cursor=$cursor" : ''));

        return "status $r->{status}" if $r->{status} != 200;
        return 'too many' if @{$r->json->{data}} > $limit;

        push @all, map { $_->{id} } @{$r->json->{data}};
        $cursor = $r->json->{next_cursor};
        $between->() if $between;
    } while (defined $cursor);

    return @all;
}

sub unique {
    my %seen;

    return !grep { $seen{$_}++ } @_;
}


my $r = admin($t, 'GET', '/keys');

is($r->{status}, 200, 'keys are listed');
is(scalar @{$r->json->{data}}, 25, '25 to a page');
is_deeply([ sort keys %{$r->json} ], [ qw(data next_cursor) ], 'and a cursor');
is_deeply([ sort keys %{$r->json->{data}[0]} ],
    [ qw(account created_at id last_used_at name scopes) ],
    'whole records without digests');

my @keys = all('/keys', 100);
is(scalar @keys, 230, 'page by page all of them');
ok(unique(@keys), 'each once');
is_deeply([ sort(all('/keys', 7)) ], [ sort @keys ], 'whatever the pages');

@keys = all('/keys?account=acc_2', 5);
is_deeply(\@keys, [ map { sprintf 'tk_%06d', $_ * 10 } reverse 1 .. 23 ],
    'those of one account, the newest first');
is_deeply([ all('/keys?account=nobody', 5) ], [], 'of nobody none');
is(admin($t, 'GET', '/keys?account=nobody')->{body},
    '{"data":[],"next_cursor":null}', 'which is an empty list');

is_deeply([ sort(all('/accounts', 4)) ], [ sort map { "acc_$_" } 1 .. 30 ],
    'accounts are listed too');

my $n = 0;
my (@gone, @come);

@keys = all('/keys', 20, sub {
    push @gone, my $id = sprintf 'tk_%06d', 100 + $n++;
    admin($t, 'DELETE', "/keys/$id");
    push @come, admin($t, 'POST', '/keys', { account => 'acc_3',
        name => 'new', scopes => [] })->json->{id};
});

my %changed = map { $_ => 1 } @gone, @come;
my @stayed = grep { !$changed{$_} } @keys;

is_deeply([ sort @stayed ],
    [ sort grep { !$changed{$_} } map { sprintf 'tk_%06d', $_ } 1 .. 230 ],
    'while keys come and go, who stays is seen once');
ok(unique(@keys), 'nobody twice');

@keys = all('/keys?account=acc_1', 20, sub {
    admin($t, 'POST', '/keys', { account => 'acc_1', name => 'new',
        scopes => [] });
});
ok(unique(@keys), 'nor in the list of an account');
is((grep { /^tk_0/ } @keys) - (grep { $changed{$_} } @keys),
    207 - grep({ !/0$/ } @gone), 'and all are there');


# -- Parameters

my $cursor = admin($t, 'GET', '/keys?limit=1')->json->{next_cursor};

for (0, 101, -1, '1.5', 'x', '', '1e1', '99999999999999999999') {
    $r = admin($t, 'GET', "/keys?limit=$_");
    is(problem_is($r), '400 bad_request', "limit=$_");
    is($r->json->{detail}, 'limit must be an integer 1..100', 'says so');
}

for ('cursor=x', 'cursor=', "cursor=${cursor}0", 'cursor=' . '0' x 32,
    'cursor=' . ($cursor =~ s/^(.)/$1 eq '0' ? '1' : '0'/er),
    "cursor=$cursor&account=acc_1", 'acount=acc_1', 'limit=1&limit=2',
    'account=a%20b')
{
    is(problem_is(admin($t, 'GET', "/keys?$_")), '400 bad_request', $_);
}

is(problem_is(admin($t, 'GET', "/accounts?cursor=$cursor")),
    '400 bad_request', 'a cursor of another list');
is(problem_is(admin($t, 'GET', '/accounts?account=acc_1')),
    '400 bad_request', 'a parameter of another list');
is(admin($t, 'GET', "/keys?&cursor=$cursor&")->{status}, 200,
    'nothing between two ampersands');

is(scalar @{admin($t, 'GET', '/keys?%6cimit=2')->json->{data}}, 2,
    'a name is decoded');
is(admin($t, 'GET', '/keys?l%2')->json->{detail}, 'l is not known here',
    'as far as it can be');

for (['GET', '/keys/tk_000001'], ['GET', '/accounts/acc_1'],
    ['POST', '/keys', {}], ['POST', '/keys/tk_000001/revoke'],
    ['DELETE', '/keys/tk_000001'], ['PATCH', '/accounts/acc_1', {}],
    ['POST', '/check', {}], ['GET', '/scopes'], ['GET', '/routes'])
{
    my ($method, $path, $body) = @$_;

    $r = admin($t, $method, "$path?foo=1", $body);
    is(problem_is($r), '400 bad_request', "$method $path?foo=1");
    is($r->json->{detail}, 'foo is not known here', 'says so');
}

is(admin($t, 'GET', '/keys/tk_000001?wait=1s')->json->{detail},
    'wait is not known here', 'reading waits for nobody');

for ('wait=11s', 'wait=x', 'wait=') {
    is(admin($t, 'PATCH', "/keys/tk_000001?$_", {})->json->{detail},
        'wait must be a time of up to 10s', $_);
}

is(admin($t, 'PATCH', '/keys/tk_000001?wait=1s&wait=1s', {})->json->{detail},
    'wait is given twice', 'so once');
is(admin($t, 'PATCH', '/keys/tk_000001?wai%74=1s', {})->{status}, 200,
    'a change may wait');


# -- A cursor is of one table: another one has another order

$t->reload;
is(admin($t, 'GET', "/keys?cursor=$cursor")->{status}, 200,
    'a reload keeps cursors');
$t->stop;
$t->start;
$r = admin($t, 'GET', "/keys?cursor=$cursor");
is(problem_is($r), '400 bad_request', 'a cursor of another table');
is($r->json->{detail}, 'cursor must be the next_cursor of an earlier answer',
    'says so');


# -- The catalogue

is_deeply(admin($t, 'GET', '/scopes')->json,
    { next_cursor => undef, data => [
        { name => 'items:read', description => 'Read items', implies => [] },
        { name => 'items:write', description => 'Create and change items',
          implies => [] },
        { name => 'admin:read', description => 'Read what administrators read',
          implies => [] },
        { name => 'all', description => 'Everything',
          implies => [ 'items:read', 'items:write' ] },
    ] }, 'the scopes');

my $routes = admin($t, 'GET', '/routes')->json->{data};

is(scalar @$routes, 9, 'the routes');
is_deeply($routes->[0], { method => 'GET', base => '/api',
    template => '/v1/export', need => 'all_of', cost => 5, group => undef,
    scopes => [ 'items:read', 'admin:read' ], features => ['export'],
    when => [] }, 'with scopes, cost and features');
is_deeply($routes->[2]{when}, [ { member => 'now', scope => 'admin:read' } ],
    'and rules about the body');

for my $path ('/scopes', '/routes') {
    my $whole = admin($t, 'GET', $path)->json->{data};
    my ($more, @paged) = '';

    do {
        $r = admin($t, 'GET', "$path?limit=2$more")->json;
        push @paged, [ @{$r->{data}} ];
        $more = '&cursor=' . ($r->{next_cursor} // '');
    } while (defined $r->{next_cursor});

    is(scalar(grep { @$_ == 2 } @paged), int(@$whole / 2), "$path by twos");
    is_deeply([ map { @$_ } @paged ], $whole, 'all of it');
    is(admin($t, 'GET', "$path?limit=" . @$whole)->json->{next_cursor}, undef,
        'one page that is full is the last');

    for ('limit=0', 'limit=101', 'limit=x', 'cursor=x', "cursor=$cursor",
        'limit=1&limit=1', 'account=acc_1')
    {
        is(problem_is(admin($t, 'GET', "$path?$_")), '400 bad_request', $_);
    }
}

is(problem_is(admin($t, 'GET', '/routes?cursor='
    . admin($t, 'GET', '/scopes?limit=1')->json->{next_cursor})),
    '400 bad_request', 'a cursor of the other list');


# -- What the gate would decide

my $key = admin($t, 'POST', '/keys', { account => 'acc_1', name => 'check',
    scopes => ['all'] })->json;

sub check {
    my ($method, $path, %o) = @_;

    return admin($t, 'POST', '/check', { key_id => $key->{id},
        method => $method, path => $path, %o })->json;
}

my $c = check('GET', '/api/v1/items/7?x=1');

is_deeply($c, { verdict => 'allowed', status => 200,
    allowed => JSON::PP::true(), key_id => $key->{id}, account => 'acc_1',
    plan => 'pro', route => '/v1/items/:id', methods => [ 'GET', 'HEAD' ],
    cost => 1, required_scopes => ['items:read'], one_of => JSON::PP::false(),
    missing_scopes => [], granted_scopes => [ qw(items:read items:write all) ],
    missing_features => [], when => [],
    rates => [ { name => 'minute', limit => 100, unit => 'minute',
                 seconds => 60, remaining => 100, reset => 0,
                 refused => JSON::PP::false() },
               { name => 'hourly', limit => 5, unit => 'hour',
                 seconds => 3600, remaining => 5, reset => 0,
                 refused => JSON::PP::false() } ] },
    'a request that would pass');

$c = check('GET', '/api/v1/admin/keys');
is("$c->{verdict} $c->{status} @{$c->{missing_scopes}}",
    'insufficient_scope 403 admin:read', 'one without its scope');
$c = check('GET', '/api/v1/either');
is("$c->{verdict} @{$c->{missing_scopes}}", 'allowed ',
    'of two scopes one is enough');
$c = check('POST', '/api/v1/send');
is_deeply($c->{when},
    [ { member => 'now', scope => 'admin:read', held => JSON::PP::false() } ],
    'what the body may need besides');
is(check('GET', '/api/v1/nothing')->{verdict}, 'route_not_found', 'no route');
is(check('PUT', '/api/v1/items')->{verdict}, 'method_not_allowed',
    'no such method');
is(check('GET', '/api/v1/../x')->{verdict}, 'path_ambiguous', 'no such path');
is(check('GET', '/api/v1/open')->{verdict}, 'allowed', 'a public route');
is(check('GET', '/api/v1/items', key_id => 'tk_NOBODY')->{verdict},
    'credential_invalid', 'nobody');

admin($t, 'PATCH', "/keys/$key->{id}", { addresses => ['192.0.2.0/24'] });
is(check('GET', '/api/v1/items')->{verdict}, 'allowed',
    'from an address on its list, if none is given');
is(check('GET', '/api/v1/items', address => '192.0.3.1')->{verdict},
    'address_not_allowed', 'from one that is not');
admin($t, 'PATCH', "/keys/$key->{id}", { addresses => undef });

is($t->status('/api/v1/items', key => $key->{secret}), 200,
    'nothing was charged') for 1 .. 4;
$c = check('GET', '/api/v1/export');
is("$c->{verdict} $c->{status}", 'rate_limited 429', 'one that costs too much');
ok($c->{rates}[1]{refused}, 'and the rate that refuses');
is($t->status('/api/v1/items', key => $key->{secret}), 200,
    'the fifth of five in an hour');
is(check('GET', '/api/v1/items')->{verdict}, 'rate_limited',
    'after five requests the next would be refused');
cmp_ok(check('GET', '/api/v1/items')->{retry_after}, '>', 3000, 'for long');

admin($t, 'POST', "/keys/$key->{id}/revoke");
is(check('GET', '/api/v1/items')->{verdict}, 'key_revoked', 'a revoked key');

$t->{seen} = '';
$t->done;

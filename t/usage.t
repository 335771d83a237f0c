#!/usr/bin/perl

# What keys are used for: every request about a key is counted once, by hour
# and by what became of it, in files that a crash does not spoil.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use JSON::PP ();
use Test::More;

use Keygate;
use Keygate::Admin;
use Keygate::Portal;

my $conf = portal_conf(
    zone => "keygate_zone keys:1m journal=keys.jsonl usage=%%DIR%%/usage;\n",
    rate => 'rate 100000r/m;',
    extra => 'plan big more;',
    routes => <<'END',
        route GET  /v1/dear   any cost=7;
        route GET  /v1/free   any cost=0;
        route GET  /v1/more   any feature=more;
        route POST /v1/orders any;
        when  POST /v1/orders body.write items:write;
END
    location => <<'END',
            client_max_body_size 100;
        }
        location /v1/dry {
            keygate items;
            keygate_dry_run on;
            proxy_pass http://127.0.0.1:%%UPSTREAM%%;
END
    more => <<'END');
        location /narrow/ {
            keygate_portal items account=$account user=$user can=read;
        }
END

my $t = Keygate->new(workers => 2, conf => $conf);

admin_token($t);
$t->account(id => 'acc_1', name => 'One', plan => 'free');
$t->account(id => 'acc_2', name => 'Two', status => 'canceled');
$t->account(id => 'acc_3', name => 'Three');

my $past = '2026-11-02T09:00:00Z';
my %key = map { $_->[0] => $t->key(id => "tk_$_->[0]", @$_[1 .. $#$_]) } (
    [ 'AAAAAA', scopes => ['items:read'] ],
    [ 'BBBBBB' ],
    [ 'REVOKE', revoked_at => $past ],
    [ 'SUSPEN', suspended_at => $past ],
    [ 'EXPIRE', expires_at => $past ],
    [ 'ADDRES', addresses => ['192.0.2.1'] ],
    [ 'LIMITS', rates => ['2r/h'] ],
    [ 'QUOTAS', rates => ['1r/month'] ],
    [ 'LAPSED', account => 'acc_2' ],
    [ 'OTHERS', account => 'acc_3' ],
    [ 'UNUSED', account => 'acc_3' ],
);

$t->start;


# All days together: a test may run at midnight.

sub sum {
    my ($r) = @_;

    my %sum = (allowed => 0, refused => {}, cost => 0);

    return problem_is($r) if $r->{status} != 200;

    for my $day (@{$r->json->{data}}) {
        $sum{$_} += $day->{$_} for qw(allowed cost);
        $sum{refused}{$_} += $day->{refused}{$_} for keys %{$day->{refused}};
    }

    return \%sum;
}


sub usage_of {
    return sum(admin($t, 'GET', "/keys/tk_$_[0]/usage"));
}


sub is_used {
    my ($id, $allowed, $cost, $refused, $name) = @_;

    is_deeply(usage_of($id), { allowed => $allowed, cost => $cost,
        refused => $refused }, $name);
}


# -- By what became of it

is($t->status('/v1/items', key => $key{AAAAAA}), 200, 'a request');
is_used('AAAAAA', 1, 1, {}, 'is counted at once');
is($t->status('/v1/dear', key => $key{AAAAAA}), 200, 'one that costs 7');
is($t->status('/v1/free', key => $key{AAAAAA}), 200, 'one that costs nothing');
is_used('AAAAAA', 3, 8, {}, 'count for one each, and for what they cost');

for ([ 'REVOKE', 'key_revoked' ], [ 'SUSPEN', 'key_suspended' ],
    [ 'EXPIRE', 'key_expired' ], [ 'ADDRES', 'address_not_allowed' ],
    [ 'LAPSED', 'subscription_lapsed' ])
{
    my ($id, $code) = @$_;

    $t->get('/v1/items', key => $key{$id}) for 1 .. 2;
    is_used($id, 0, 0, { $code => 2 }, "refused: $code");
}

$t->get('/v1/me', key => $key{$_}) for ('LIMITS', 'QUOTAS') x 3;
is_used('LIMITS', 2, 2, { rate_limited => 1 }, 'and rate_limited');
is_used('QUOTAS', 1, 1, { quota_exceeded => 2 }, 'and quota_exceeded');

my @json = ('Content-Type: application/json');

$t->get('/v1/items', key => $key{BBBBBB});
$t->get('/v1/more', key => $key{BBBBBB});
$t->get('/v1/none', key => $key{BBBBBB});
$t->get('/v1/items', key => $key{BBBBBB}, method => 'PUT');
$t->get('/v1/orders', key => $key{BBBBBB}, method => 'POST', body => '[',
    headers => \@json);
$t->get('/v1/orders', key => $key{BBBBBB}, method => 'POST',
    body => '{"write":1}', headers => \@json);
$t->get('/v1/orders', key => $key{BBBBBB}, method => 'POST', body => '{}',
    headers => \@json);
$t->get('/v1/orders', key => $key{BBBBBB}, method => 'POST',
    headers => [@json, 'Transfer-Encoding: chunked'],
    body => "c8\r\n" . ' ' x 200 . "\r\n0\r\n\r\n");
is_used('BBBBBB', 1, 1, { insufficient_scope => 2, plan_required => 1,
    route_not_found => 1, method_not_allowed => 1, body_invalid => 1,
    body_too_large => 1 }, 'and all else that a key is refused for');

is($t->status('/v1/open', key => $key{UNUSED}), 200, 'a public route');
is($t->status('/v1/items', key => "tk_UNUSED_$_"), 401, 'a wrong secret')
    for 'x' x 24;
admin($t, 'POST', '/check', { key_id => 'tk_UNUSED', method => 'GET',
    path => '/v1/items' });
is($t->status('/v1/me'), 401, 'no key');
is_deeply(admin($t, 'GET', '/keys/tk_UNUSED/usage')->json, { data => [] },
    'are no use of a key, nor is a check');

is($t->status('/v1/dry', key => $key{OTHERS}), 200, 'a dry run lets in');
is_used('OTHERS', 0, 0, { route_not_found => 1 },
    'and counts what would have been');


# -- By account; what is asked for

is_deeply(sum(admin($t, 'GET', '/accounts/acc_1/usage')), { allowed => 7,
    cost => 12, refused => { rate_limited => 1, quota_exceeded => 2,
    insufficient_scope => 2, plan_required => 1, route_not_found => 1,
    method_not_allowed => 1, body_invalid => 1, body_too_large => 1,
    key_revoked => 2, key_suspended => 2, key_expired => 2,
    address_not_allowed => 2 } }, 'an account has what its keys have');
is(problem_is(admin($t, 'GET', '/keys/tk_NOBODY/usage')), '404 not_found',
    'no such key');
is(problem_is(admin($t, 'GET', '/accounts/nobody/usage')), '404 not_found',
    'no such account');
is(problem_is(admin($t, 'POST', '/keys/tk_AAAAAA/usage', {})),
    '405 method_not_allowed', 'it is only read');

for my $query ('days=0', 'days=93', 'days=x', 'days=1&days=2', 'limit=1') {
    like(problem_is(admin($t, 'GET', "/keys/tk_AAAAAA/usage?$query")),
        qr/^400 /, $query);
}

is_deeply(sum(admin($t, 'GET', '/keys/tk_AAAAAA/usage?days=2')),
    usage_of('AAAAAA'), 'fewer days');

my ($day) = @{admin($t, 'GET', '/keys/tk_AAAAAA/usage')->json->{data}};

like($day->{day}, qr/^20\d\d-\d\d-\d\d$/, 'a day');
is(join(' ', sort keys %$day), 'allowed cost day refused', 'and no more');


# -- The portal

is_deeply(sum(portal($t, 'GET', '/keys/tk_AAAAAA/usage')), usage_of('AAAAAA'),
    'a user sees the same');
is_deeply(sum(portal($t, 'GET', '/usage?days=30')),
    sum(admin($t, 'GET', '/accounts/acc_1/usage')), 'and its account\'s');
is_deeply(sum(portal($t, 'GET', '/usage', who => 'stray')), { allowed => 0,
    cost => 0, refused => {} }, 'an account without a record has none');
is(portal($t, 'GET', '/session')->json->{usage}, JSON::PP::true,
    'the page is told');
is(problem_is(portal($t, 'GET', $_, at => '/narrow')), '403 not_permitted',
    "$_: not for everybody") for '/usage', '/keys/tk_AAAAAA/usage',
                                 '/keys/tk_OTHERS/usage';

my @none = map { portal($t, 'GET', "/keys/$_/usage")->{body}
    =~ s/\Q$_\E|"request_id":"\w+"//gr } 'tk_OTHERS', 'tk_NOBODY';

is($none[0], $none[1], 'another account\'s key is none');
like($none[0], qr/"status":404/, 'at all');


# -- On the disk

sub lines {
    return map { eval { JSON::PP->new->decode($_)->{usage} } || () }
           map { split /\n/, $t->read_file(s{^\Q$t->{dir}\E/}{}r) }
           glob "$t->{dir}/usage/usage-*.jsonl";
}


sub written {
    my ($id) = @_;

    my %last = map { ("$_->{node} $_->{hour}" => $_) }
               grep { $_->{key} eq "tk_$id" && $_->{hour} gt '2' } lines();
    my $n = 0;

    $n += $_->{allowed} for values %last;

    return $n;
}


my $before = usage_of('BBBBBB');

ok($t->reload, 'a reload');
ok($t->wait_for(sub { written('AAAAAA') == 3 }),
    'the workers that end write what they have counted');
is_used('AAAAAA', 3, 8, {}, 'it is not counted twice');
is_deeply(usage_of('BBBBBB'), $before, 'refusals neither');

my ($line) = grep { $_->{key} eq 'tk_LIMITS' } lines();

is(join(' ', sort keys %$line),
    'account allowed api cost hour key node refused', 'a line');
is_deeply([@$line{qw(account allowed api cost refused)}],
    ['acc_1', 2, 'items', 2, { rate_limited => 1 }], 'what it tells');
like($line->{hour}, qr/^20\d\d-\d\d-\d\dT\d\d:00:00Z$/, 'an hour');
is($line->{node}, (POSIX::uname())[1], 'the node is the host');

my @files = glob "$t->{dir}/usage/*";

is(scalar(grep { !m{/usage-20\d\d-\d\d-\d\d\.jsonl$} } @files), 0,
    'a file a day, and nothing else');
is((stat $files[0])[2] & 07777, 0640, 'not for everybody');

$t->get('/v1/items', key => $key{AAAAAA}) for 1 .. 5;
is_used('AAAAAA', 8, 13, {}, 'what is written and what is not are one');

# a line that was cut off, and what is no line

open my $f, '>>', $files[-1] or die;
print $f "\0\xff{]\n", 'x' x 300000, "\n[]\n{}\n",
    '{"usage":{"node":"x","key":"tk_AAAAAA","account":"acc_1","api":"items",',
    '"hour":"1999-01-01T00:00:00Z","allowed":9,"refused":{},"cost":9}}', "\n",
    '{"usage":{"node":"n2","key":"tk_AAAAAA","account":"acc_1","api":"items",',
    '"hour":"', $line->{hour}, '","allowed":-9,"refused":{},"cost":9}}', "\n",
    '{ "usage": {"key":"tk_AAAAAA", "node":"n2", "account":"acc_1",',
    '"api":"items","hour":"', $line->{hour}, '","allowed":100,',
    '"refused":{"rate_limited":4,"unheard_of":5},"cost":200}}', "\n",
    '{"usage":{"node":"x","key":"tk_AAAAAA","acc';
close $f;

is_used('AAAAAA', 108, 213, { rate_limited => 4 },
    'other nodes count, other lines do not');

$t->kill_all;

# A checkpoint may have come before, between or after the five requests.

my $n = written('AAAAAA');
my $cost = $n + 105;

ok($n >= 103 && $n <= 108, 'a crash loses what was not written yet');
$t->start;
is_used('AAAAAA', $n, $cost, { rate_limited => 4 }, 'and nothing else');

$t->get('/v1/items', key => $key{AAAAAA}) for 1 .. 4;

my ($victim) = $t->workers;

$t->allow(qr/exited on signal 9/, qr/was locked by \d+/);
kill 'KILL', $victim;
$t->wait_for(sub {
    my @now = $t->workers;
    @now == 2 && !grep { $_ == $victim } @now;
});
$_ += 4 for $n, $cost;
is_used('AAAAAA', $n, $cost, { rate_limited => 4 },
    'a worker that is killed loses nothing');
$t->stop;
is(written('AAAAAA'), $n, 'the end writes all');
$t->start;
is_used('AAAAAA', $n, $cost, { rate_limited => 4 }, 'and it is there again');


# -- Without it, and with it again

ok($t->reload($conf =~ s/ usage=\S+;/;/r), 'usage= is taken away');
is(problem_is(admin($t, 'GET', '/keys/tk_AAAAAA/usage')), '409 usage_off',
    'that is what is said');
is(problem_is(admin($t, 'GET', '/accounts/acc_1/usage')), '409 usage_off',
    'of accounts, too');
is(problem_is(portal($t, 'GET', '/usage')), '409 usage_off',
    'and to users');
is(portal($t, 'GET', '/keys/tk_OTHERS/usage')->{status}, 404,
    'another account\'s key is none even so');
is(portal($t, 'GET', '/session')->json->{usage}, JSON::PP::false,
    'the page is told');
is($t->status('/v1/items', key => $key{AAAAAA}), 200, 'requests go on');
ok($t->reload($conf), 'usage= is back');
is_used('AAAAAA', $n, $cost, { rate_limited => 4 }, 'and all of it');

$t->done;

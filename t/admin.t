#!/usr/bin/perl

# A key's life through the admin API: created, used, changed, rotated, revoked,
# deleted, each in force on the very next request in both workers.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use POSIX qw(strftime);
use Test::More;
use Time::HiRes ();
use Time::Local qw(timegm);

use Keygate;
use Keygate::Admin;

my $t = Keygate->new(workers => 2, conf => admin_conf(extra => <<'END'));
        account business slug;
        rate 1000r/m;
END

admin_token($t);
$t->start;

my $tag = qr/^"[0-9a-f]{16}"$/;
my $time = qr/^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;


# What the gate says to a key, on enough connections that both workers answer.

sub everywhere {
    my ($key, %o) = @_;

    my %seen;

    for (1 .. 8) {
        $seen{$t->status($o{path} // '/v1/items', key => $key,
                         method => $o{method} // 'GET')}++;
    }

    return join ' ', sort keys %seen;
}


sub at {
    return strftime('%Y-%m-%dT%H:%M:%SZ', gmtime(time + $_[0]));
}


# -- Accounts come first

my $r = admin($t, 'PUT', '/accounts/acc_1',
    { name => 'Brightline Heating & Cooling', plan => 'pro',
      profile => { slug => '</script>', website => undef } });

is($r->{status}, 201, 'an account is created by PUT');
is($r->header('Location'), '/admin/accounts/acc_1', 'Location tells where');
is($r->header('Content-Type'), 'application/json', 'the record is JSON');
is($r->header('Cache-Control'), 'no-store', 'and not to be stored');
like($r->header('ETag'), $tag, 'it has a strong entity tag');
is_deeply($r->json,
    { id => 'acc_1', name => 'Brightline Heating & Cooling', plan => 'pro',
      status => 'active', changed_by => 'admin',
      profile => { slug => '</script>', website => undef } },
    'the whole record comes back');
unlike($r->{body}, qr/[<>]/, 'markup is escaped');
like($r->{body}, qr/"Brightline Heating & Cooling"/, 'and no more than that');

$r = admin($t, 'PUT', '/accounts/acc_1', { name => 'Brightline',
    plan => 'free', profile => { slug => 'bright', phone => '1' } });
is($r->{status}, 200, 'the same again replaces it');
is($r->header('Location'), undef, 'without Location');

$r = admin($t, 'PATCH', '/accounts/acc_1', { plan => 'pro',
    profile => { phone => undef, abn => '51 824 753 556' } },
    'Content-Type: application/merge-patch+json');
is($r->{status}, 200, 'an account is changed by PATCH');
is_deeply($r->json,
    { id => 'acc_1', name => 'Brightline', plan => 'pro', status => 'active',
      changed_by => 'admin',
      profile => { slug => 'bright', abn => '51 824 753 556' } },
    'members of the profile are merged, null takes one away');

is_deeply(admin($t, 'GET', '/accounts/acc_1')->json, $r->json,
    'and can be read again');


# -- Creation

$r = admin($t, 'POST', '/keys', { account => 'acc_1', name => 'Zapier',
    scopes => ['items:read'] });

my $key = $r->json;
my $secret = $key->{secret};
my $first = $r->header('ETag');

is($r->{status}, 201, 'a key is created');
like($secret, qr/^tk_[0-9A-Z]{6}_[0-9A-Za-z]{24}$/, 'in the format of the API');
is(index($secret, "$key->{id}_"), 0, 'the id is its front');
is($r->header('Location'), "/admin/keys/$key->{id}", 'Location tells where');
like($key->{created_at}, $time, 'when it was created is in it');
is_deeply([ sort keys %$key ],
    [ qw(account changed_by created_at id last_used_at name scopes secret) ],
    'with all members and no digest');
is($key->{last_used_at}, undef, 'it has not been used');
is($r->header('Cache-Control'), 'no-store', 'and not to be stored');

is(everywhere($secret), '200', 'it works at once, in both workers');
is(everywhere($secret, method => 'POST'), '403', 'for what it may do');

$r = admin($t, 'GET', "/keys/$key->{id}");
is($r->{status}, 200, 'the record can be read');
is(index($r->{body}, 'secret'), -1, 'without the secret');
is($r->header('ETag'), $first, 'with the same entity tag');
like($r->json->{last_used_at}, $time, 'it says when the key was last used');
cmp_ok($r->json->{last_used_at}, 'ge', $key->{created_at},
    'which was not before it was made');

is(index($t->read_file('keys.jsonl'), $secret), -1,
    'the credential is not in the journal');


# -- Changes

$r = admin($t, 'PATCH', "/keys/$key->{id}", { name => 'Zapier 2',
    scopes => ['items:read', 'items:write'] }, "If-Match: $first");
is($r->{status}, 200, 'a key is changed when the entity tag is right');
is($r->json->{name}, 'Zapier 2', 'the new record comes back');
isnt($r->header('ETag'), $first, 'with another entity tag');
is(everywhere($secret, method => 'POST'), '200', 'new scopes are in force');

$r = admin($t, 'PATCH', "/keys/$key->{id}", { name => 'Zapier 3' },
    "If-Match: $first");
is(problem_is($r), '412 precondition_failed',
    'an old entity tag overwrites nothing');
is(admin($t, 'GET', "/keys/$key->{id}")->json->{name}, 'Zapier 2',
    'nothing has changed');

$r = admin($t, 'PATCH', "/keys/$key->{id}",
    { rates => ['2r/h'], addresses => ['192.0.2.0/24'],
      expires_at => at(3600) });
is($r->{status}, 200, 'rates, addresses and an end are set');
is(everywhere($secret), '403', 'addresses are in force');

$r = admin($t, 'PATCH', "/keys/$key->{id}", { addresses => undef });
ok(!exists $r->json->{addresses}, 'null takes them away');
is(everywhere($secret), '200 429', 'the key\'s own rate is in force');

admin($t, 'PATCH', "/keys/$key->{id}", { rates => undef });
is(everywhere($secret), '200', 'and no more when it is taken away');

admin($t, 'PATCH', "/keys/$key->{id}", { expires_at => at(-1) });
is(everywhere($secret), '401', 'a key that has expired is refused');
admin($t, 'PATCH', "/keys/$key->{id}", { expires_at => undef });
is(everywhere($secret), '200', 'and lives again when that is undone');

my $lines = () = $t->read_file('keys.jsonl') =~ /\n/g;

$r = admin($t, 'PATCH', "/keys/$key->{id}", { name => 'Zapier 2' });
is($r->{status}, 200, 'a change that changes nothing is fine');
is(scalar(() = $t->read_file('keys.jsonl') =~ /\n/g), $lines,
    'and writes nothing');


# -- Rotation

my $before = $r->header('ETag');

$r = admin($t, 'POST', "/keys/$key->{id}/rotate", { overlap => '24h' });
is($r->{status}, 200, 'a key is rotated');

my $second = $r->json->{secret};

is($r->json->{id}, $key->{id}, 'it keeps its id');
isnt($second, $secret, 'and has another secret');
is_deeply([ keys %{$r->json->{previous}} ], [ 'until' ],
    'of the one before only its end is told');
isnt($r->header('ETag'), $before, 'the entity tag has changed');
is(everywhere($secret), '200', 'the old secret works during the overlap');
is(everywhere($second), '200', 'and so does the new one');

$r = admin($t, 'POST', "/keys/$key->{id}/rotate");
my $third = $r->json->{secret};

is($r->{status}, 200, 'a rotation without a body has no overlap');
ok(!exists $r->json->{previous}, 'nothing is left of the old secret');
is(everywhere($second), '401', 'which is refused at once');
is(everywhere($secret), '401', 'as is the one before');
is(everywhere($third), '200', 'the new one works');

$r = admin($t, 'POST', "/keys/$key->{id}/rotate", { overlap => '2s' });
my $fourth = $r->json->{secret};
my $begin = Time::HiRes::time();
my ($y, $m, $d, $h, $i, $s) = split /\D/, $r->json->{previous}{until};
my $until = timegm($s, $i, $h, $d, $m - 1, $y);

is(everywhere($third), '200', 'an overlap of two seconds has begun');
ok($t->wait_for(sub { $t->status('/v1/items', key => $third) == 401 }, 5),
    'and ends');

cmp_ok(Time::HiRes::time() - $begin, '>=', 1.9, 'not before two seconds');

my $late = Time::HiRes::time() - $until;

ok($late >= 0 && $late < 1, 'to the second') or diag($late);

is(everywhere($fourth), '200', 'the new secret goes on');


# -- The end

$r = admin($t, 'POST', "/keys/$key->{id}/revoke");
is($r->{status}, 200, 'a key is revoked');
like($r->json->{revoked_at}, $time, 'the record says when');
is(everywhere($fourth), '401', 'it is refused on the very next request');
is($t->get('/v1/items', key => $fourth)->json->{code}, 'key_revoked',
    'and the reason is told');

my $again = admin($t, 'POST', "/keys/$key->{id}/revoke", {});
is($again->{body}, $r->{body}, 'to revoke it again changes nothing');
is(problem_is(admin($t, 'POST', "/keys/$key->{id}/rotate")), '409 conflict',
    'a revoked key is not rotated');

$r = admin($t, 'DELETE', "/keys/$key->{id}");
is($r->{status}, 204, 'a key is deleted');
is($r->{body}, '', 'without a body');
is($t->get('/v1/items', key => $fourth)->json->{code}, 'credential_invalid',
    'nobody remembers it');
is(problem_is(admin($t, 'GET', "/keys/$key->{id}")), '404 not_found',
    'there is no record');
is(problem_is(admin($t, 'DELETE', "/keys/$key->{id}")), '404 not_found',
    'nothing to delete again');


# -- Accounts with keys

$key = admin($t, 'POST', '/keys', { account => 'acc_1', name => 'Last',
    scopes => [], expires_at => at(3600) })->json;

is(problem_is(admin($t, 'DELETE', '/accounts/acc_1')), '409 conflict',
    'an account with a live key is not deleted');
admin($t, 'PATCH', '/accounts/acc_1', { status => 'canceled' });
is(everywhere($key->{secret}, path => '/v1/me'), '403',
    'the status of the account is in force');
admin($t, 'POST', "/keys/$key->{id}/revoke");
is(admin($t, 'DELETE', '/accounts/acc_1')->{status}, 204,
    'one whose keys are all revoked is deleted');
is(problem_is(admin($t, 'GET', '/accounts/acc_1')), '404 not_found',
    'and gone');
is(problem_is(admin($t, 'POST', '/keys', { account => 'acc_1',
        name => 'Late', scopes => [] })),
    '422 unprocessable_content /account is not the id of an account;',
    'no key is made for it');


# -- The journal is the truth

$t->account(id => 'acc_2', name => 'From outside', plan => 'pro',
    custom => { kept => 1 });
is(admin($t, 'PATCH', '/accounts/acc_2', { name => 'Seen' })->{status}, 200,
    'what another process has just appended is seen');
is_deeply(admin($t, 'GET', '/accounts/acc_2')->json->{custom}, { kept => 1 },
    'members that nobody knows are kept');
is_deeply(admin($t, 'PUT', '/accounts/acc_2', { name => 'Put' })->json,
    { id => 'acc_2', name => 'Put', status => 'active',
      changed_by => 'admin', custom => { kept => 1 } }, 'by PUT, too');

my $given = $t->key(id => 'tk_OUTSID', account => 'acc_2',
    scopes => ['items:read']);
is(admin($t, 'POST', '/keys/tk_OUTSID/revoke')->{status}, 200,
    'a key from outside is revoked');
is(everywhere($given), '401', 'and refused');

$key = admin($t, 'POST', '/keys', { account => 'acc_2', name => 'Stays',
    scopes => ['items:read'] })->json;
ok($t->reload, 'the configuration is loaded anew');
is(everywhere($key->{secret}), '200', 'keys outlive that');

$t->stop;
delete $t->{stuck};
$t->start;
is(everywhere($key->{secret}), '200', 'and a restart');
is(everywhere($given), '401', 'what is revoked stays so');


# -- The log

my @audit = grep { /keygate audit:/ }
            split /\n/, $t->read_file('error.log');

is(scalar @audit, scalar(() = $t->read_file('keys.jsonl') =~ /\n/g) - 2,
    'every change but those from outside has a line in the log');
like($audit[0], qr/\[notice\].*audit:\ account\.put;\ api:\ "items",
     \ account:\ "acc_1",\ actor:\ "admin",\ client:\ 127\.0\.0\.1,
     \ request:\ "[0-9a-f]{32}",\ location:\ "\/admin\/"/x,
    'which tells who, what and where from');
like(join("\n", @audit),
    qr/key\.change;.*\{"name":\{"before":"Zapier","after":"Zapier 2"\}/,
    'before and after');
like(join("\n", @audit), qr/key\.rotate;.*"secret":"replaced"/,
    'of secrets only that they have changed');

# answers to the administrator hold secrets, and nothing else may
$t->{seen} = '';
$t->secret("secret $_", $_) for $secret, $second, $third, $fourth,
                                 $key->{secret};

$t->done;

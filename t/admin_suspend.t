#!/usr/bin/perl

# A key that is suspended is refused until it is resumed, and nothing else of
# it changes.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;

use Keygate;
use Keygate::Admin;

my $t = Keygate->new(workers => 2, conf => admin_conf());

admin_token($t);
$t->account(id => 'acc_1', name => 'One', plan => 'pro');

my $key = $t->key(id => 'tk_AAAAAA', account => 'acc_1',
    scopes => ['items:read']);

$t->start;

# Status and code of a request with the key.

sub used {
    my $r = $t->get('/v1/items', key => $key);

    return $r->{status} == 200 ? 200 : "$r->{status} " . $r->json->{code};
}

sub act {
    my ($what, $body) = @_;

    return admin($t, 'POST', "/keys/tk_AAAAAA/$what", $body);
}

my $r = act('suspend');
my $since = $r->json->{suspended_at};

is($r->{status}, 200, 'suspended');
like($since, qr/^20\d\d-\S+Z$/, 'since when is told');
is($r->json->{changed_by}, 'admin', 'and who has done it');
is(used(), '401 key_suspended', 'it is refused by all workers') for 1 .. 4;
is(admin($t, 'GET', '/keys?state=suspended')->json->{data}[0]{id}, 'tk_AAAAAA',
    'it is among those that are suspended');
is(act('suspend', {})->json->{suspended_at}, $since, 'once is enough');
$t->stop;
$t->start;
is(used(), '401 key_suspended', 'a restart changes nothing');
$r = act('resume', {});
is($r->{status}, 200, 'resumed');
ok(!exists $r->json->{suspended_at}, 'and nothing is left of it');
is(used(), 200, 'it works again') for 1 .. 4;
is(act('resume')->{status}, 200, 'so does one that was not suspended');
for (qw(suspend resume revoke)) {
    $r = act($_, { until => 'tomorrow', 'a/b' => 1 });
    is($r->{status}, 422, "nothing can be given: $_");
    is_deeply([ sort { $a->{pointer} cmp $b->{pointer} }
        @{$r->json->{errors}} ], [
        { pointer => '/a~1b', detail => 'is not known here' },
        { pointer => '/until', detail => 'is not known here' },
    ], 'which says what is not known');
}
is(problem_is(admin($t, 'POST', '/keys/tk_ZZZZZZ/suspend')), '404 not_found',
    'there must be such a key');
act('revoke');
is(problem_is(act($_)), '409 conflict', "a revoked key: $_")
    for qw(suspend resume);
like($t->read_file('error.log'),
    qr/audit: key\.suspend; .*audit: key\.resume; /s, 'the log tells of both');

$t->done;

#!/usr/bin/perl

# $keygate_*: for logs, for handlers, for maps.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use Test::More;

use Keygate;
use Keygate::Items;

my $t = Keygate->new(conf => <<'E' . items_api(rate => 'rate 10r/h;',
    log_format keygate '[$keygate_verdict|$keygate_key_id|$keygate_account|'
                       '$keygate_plan|$keygate_scopes|$keygate_route|'
                       '$keygate_remaining]';
    access_log %%DIR%%/verdicts.log keygate;
E
        extra => 'plan paid; scope super implies=items:read,items:write;')
    . items_server(location => <<'E2') . <<'E3');
            proxy_set_header X-Key-Id    $keygate_key_id;
            proxy_set_header X-Account   $keygate_account;
            proxy_set_header X-Scopes    $keygate_scopes;
            proxy_set_header X-Plan      $keygate_plan;
            proxy_set_header X-Route     $keygate_route;
            add_header X-Verdict $keygate_verdict always;
E2
    server {
        listen 127.0.0.1:%%PORT2%%;
        return 200 "$keygate_verdict|$keygate_key_id|$keygate_remaining";
    }
E3

$t->account(id => 'acc_1', name => 'One', plan => 'paid');

my $key = $t->key(id => 'tk_AAAAAA', scopes => ['items:read']);
my $super = $t->key(id => 'tk_SUPER1', scopes => ['super', 'foreign:scope']);
my $dead = $t->key(id => 'tk_DEAD01', revoked_at => '2026-01-01T00:00:00Z');

$t->start;

sub last_line {
    my ($n) = @_;

    $t->wait_for(sub { ($t->read_file('verdicts.log') =~ tr/\n//) >= $n }, 5);
    my @lines = split /\n/, $t->read_file('verdicts.log');

    return $lines[-1];
}

my $n = 0;

for my $case (
    [ 'allowed', '/v1/items/7?x=1', [ key => $key ],
      '[allowed|tk_AAAAAA|acc_1|paid|items:read|/v1/items/:id|9]' ],
    [ 'implied scopes', '/v1/me', [ key => $super ],
      '[allowed|tk_SUPER1|acc_1|paid|items:read items:write super|/v1/me|9]' ],
    [ 'public', '/v1/open', [], '[allowed|||||/v1/open|]' ],
    [ 'missing', '/v1/items', [], '[credential_missing|||||/v1/items|]' ],
    [ 'wrong', '/v1/items', [ key => 'tk_AAAAAA_' . 'x' x 24 ],
      '[credential_invalid|||||/v1/items|]' ],
    [ 'ambiguous', '/v1/%2e', [ key => $key ], '[path_ambiguous||||||]' ],
    [ 'a scope', '/v1/admin/keys', [ key => $key ],
      '[insufficient_scope|tk_AAAAAA|acc_1|paid|items:read|/v1/admin/keys|8]' ],
    [ 'no route', '/v1/x', [ key => $key ],
      '[route_not_found|tk_AAAAAA|acc_1|paid|items:read||7]' ],
    [ 'a method', '/v1/items', [ key => $key, method => 'PUT' ],
      '[method_not_allowed|tk_AAAAAA|acc_1|paid|items:read|/v1/items|6]' ])
{
    my ($name, $path, $request, $want) = @$case;

    $t->get($path, @$request);

    # "-" is what nginx logs for nothing
    is(last_line(++$n) =~ s/(?<=[|\[])-(?=[|\]])//gr, $want, $name);
}

$t->get('/v1/items', key => $dead);
like(last_line(++$n), qr/^\[key_revoked\|/, 'a revoked key');

is($t->get('/v1/admin/keys', key => $key)->header('X-Verdict'),
   'insufficient_scope', 'in add_header of a refusal');

# -- for the handlers, and out of the clients' reach

my $r = $t->get('/v1/items', key => $key, headers => [ 'X-Account: acc_9',
    'X-Key-Id: tk_OTHER1', 'X-Scopes: admin:read', 'x-plan: gold',
    'X_Account: acc_9' ]);
is($r->{status}, 200, 'a request that would like to be somebody else');

my %sent;
push @{$sent{lc $_->[0]}}, $_->[1] for @{$t->last_hit->{headers}};

is("@{$sent{'x-account'}}", 'acc_1', 'the account');
is("@{$sent{'x-key-id'}}", 'tk_AAAAAA', 'the key');
is("@{$sent{'x-scopes'}}", 'items:read', 'the scopes');
is("@{$sent{'x-plan'}}", 'paid', 'the plan');
ok(!$sent{'x_account'}, 'nor by an underscore');

$t->get('/v1/open', headers => [ 'X-Account: acc_9', 'X-Scopes: all' ]);
ok(!grep({ lc $_->[0] =~ /^x-(?:account|scopes)/ }
         @{$t->last_hit->{headers}}), 'nothing when nobody is known');

is($t->get('/', port => $t->port('PORT2'))->{body}, '||',
   'empty where there is no gate');

$t->done;

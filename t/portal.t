#!/usr/bin/perl

# The API of the developers page: whose keys it serves, what a user may do, and
# which requests a browser may bring.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use JSON::PP ();
use Test::More;

use Keygate;
use Keygate::Admin;
use Keygate::Items;
use Keygate::Portal;

my $t = Keygate->new(workers => 2, conf => portal_conf(
    portal => 'keys=3 expires=30d',
    ways => <<'END',
        credential header X-Own;
        credential bearer;
        credential scheme Token;
        credential scheme Odd param=key;
        credential basic password;
        credential websocket key.;
END
    more => <<'END'));
        location /narrow/ {
            keygate_portal items account=$account user=$user can=$can
                           scopes=$scopes;
        }
        location /fixed/ {
            keygate_portal items account=$account user=$user can=read,check
                           scopes=items:read,admin:read;
        }
        location /all/ {
            keygate_portal items account=all user=$user;
        }
        location /ways/ {
            keygate_portal ways account=all user=$user;
        }
END

admin_token($t);
$t->account(id => 'acc_1', name => 'One & Only', plan => 'pro');
$t->account(id => 'acc_2', name => 'Two');
$t->account(id => 'acc_3', name => 'Three');

my $own = $t->key(id => 'tk_AAAAAA', account => 'acc_1', name => 'Mine',
    scopes => ['items:read']);
$t->key(id => 'tk_BBBBBB', account => 'acc_2', name => 'Theirs');
$t->start;


# -- Who asks

is(problem_is(portal($t, 'GET', '/session', who => undef)),
    '401 unauthorized', 'nobody is signed in');
is(problem_is(portal($t, 'GET', '/session', who => 'nobody')),
    '401 unauthorized', 'a user of no account');
is(problem_is(portal($t, 'GET', '/session', who => 'nameless')),
    '401 unauthorized', 'an account without a user');
is(problem_is(portal($t, 'GET', '/session', who => 'long')),
    '401 unauthorized', 'a user whose name is too long for a record');
is(problem_is(portal($t, 'GET', '/keys', who => 'odd')),
    '401 unauthorized', 'an account that is no id');

# Whose changes would be taken for those of the command's user.

is(problem_is(portal($t, 'POST', '/keys/tk_AAAAAA/suspend',
    who => 'command')), '401 unauthorized', 'a user whose name is cli:root');
is(portal($t, 'GET', '/keys/tk_AAAAAA')->json->{suspended_at}, undef,
    'changes nothing');
like($t->read_file('error.log'),
    qr/\[error\] .*keygate_portal: the user begins with "cli:".*another name/,
    'and the log says why');

my $s = portal($t, 'GET', '/session');
my $session = $s->json;

is($s->{status}, 200, 'a user is told who it is');
is($s->header('Cache-Control'), 'no-store', 'and nobody else is');
is_deeply($session->{account}, { id => 'acc_1', name => 'One & Only',
    plan => 'pro', status => 'active' }, 'the account');
is($session->{user}, 'mia@one.example', 'the user');
is_deeply($session->{can},
    [qw(read create change rotate revoke check usage)], 'all can be done');
is_deeply($session->{formats}, [{ prefix => 'tk_', id => 6, secret => 24 }],
    'what keys look like');
is_deeply($session->{credentials},
    [{ kind => 'header', header => 'X-Api-Key' }], 'where they are sent');
is_deeply(portal($t, 'GET', '/session', at => '/ways')->json->{credentials}, [
    { kind => 'header', header => 'X-Own' }, { kind => 'bearer' },
    { kind => 'scheme', scheme => 'Token', param => undef },
    { kind => 'scheme', scheme => 'Odd', param => 'key' },
    { kind => 'basic', part => 'password' },
    { kind => 'websocket', prefix => 'key.' } ], 'in any way there is');
is_deeply([@$session{qw(api base example account_word)}],
    ['items', '', '/v1/me', 'account'], 'the API');
is_deeply($session->{scopes}[1], { name => 'items:write',
    description => 'Create and change items', implies => [],
    offered => JSON::PP::true }, 'its scopes, with their texts');
is_deeply($session->{rates}, [{ name => 'minute', limit => 100,
    unit => 'minute', seconds => 60, per => 'key', group => undef }],
    'its rates');
is_deeply([@$session{qw(keys expires)}], [3, 30 * 86400], 'the limits');

is(portal($t, 'GET', '/session', who => 'stray')->json->{account}{name},
    undef, 'an account without a record has no name');
is(problem_is(portal($t, 'POST', '/keys', who => 'stray',
    body => { name => 'x', scopes => [] })), '409 conflict', 'and no keys');


# -- Keys of the account, and nobody's else

is_deeply([map { $_->{id} } @{portal($t, 'GET', '/keys')->json->{data}}],
    ['tk_AAAAAA'], 'the keys of the account');

my $key = portal($t, 'GET', '/keys/tk_AAAAAA')->json;

is($key->{state}, 'live', 'a state');
is($key->{limits}[0]{remaining}, 100, 'what is left of its rate');
$t->get('/v1/items', key => $own);
$key = portal($t, 'GET', '/keys/tk_AAAAAA')->json;
is($key->{limits}[0]{remaining}, 99, 'goes down');
ok($key->{last_used_at}, 'and the last use is told');
ok(!exists $key->{digest}, 'not the digest');

for (['GET', ''], ['PATCH', '', { name => 'x' }], ['POST', '/rotate', {}],
    ['POST', '/revoke', {}])
{
    my ($method, $rest, $body) = @$_;
    my @bodies = map {
        portal($t, $method, "/keys/$_$rest", body => $body)->{body}
            =~ s/\Q$_\E|"request_id":"\w+"//gr
    } qw(tk_BBBBBB tk_ZZZZZZ);

    is($bodies[0], $bodies[1], "$method$rest: another account's key is none");
    like($bodies[0], qr/"status":404/, 'at all');
}

my @checked = map { portal($t, 'POST', '/check', body => { key_id => $_,
    method => 'GET', path => '/v1/items' })->{body}
    =~ s/"request_id":"\w+"//gr } qw(tk_BBBBBB tk_ZZZZZZ);

is($checked[0], $checked[1], 'nor can it be asked about');
like($checked[0], qr/"status":404/, 'as if it was not there');
is(portal($t, 'POST', '/check', body => { key_id => 'tk_AAAAAA',
    method => 'POST', path => '/v1/items' })->json->{verdict},
    'insufficient_scope', 'a key of its own can');
like(problem_is(portal($t, 'GET', '/keys?account=acc_2')), qr/^400 /,
    'no other account can be asked for');
is(problem_is(portal($t, 'GET', '/accounts')), '404 not_found',
    'nor which there are');
is(problem_is(portal($t, 'DELETE', '/keys/tk_AAAAAA')),
    '405 method_not_allowed', 'nothing is deleted');


# -- A key's life

my $made = portal($t, 'POST', '/keys', body => { name => 'Zapier',
    scopes => ['items:read'] });
my $new = $made->json;
my $fresh = portal($t, 'POST', '/keys', body => { name => 'Fresh',
    scopes => ['items:read'] })->json;

is($made->{status}, 201, 'a key is made');
is($new->{account}, 'acc_1', 'for the account');
is($new->{changed_by}, 'mia@one.example', 'by the user');
is($made->header('Location'), "/api/keys/$new->{id}", 'and said where');
like($new->{expires_at}, qr/^20\d\d-/, 'it ends, though nobody said when');
is($t->status('/v1/items', key => $new->{secret}), 200, 'it works at once');
my $told = portal($t, 'GET', "/keys/$fresh->{id}")->json;

ok(!exists $told->{secret}, 'its secret is told once');
is_deeply($told, { map { $_ => $fresh->{$_} } grep { $_ ne 'secret' }
    keys %$fresh }, 'all else was told at once, and what it may use');

like(problem_is(portal($t, 'POST', '/keys', body => { account => 'acc_1',
    name => '', scopes => ['x'], rates => ['9r/s'],
    expires_at => '2099-01-01T00:00:00Z' })),
    qr{^422\ unprocessable_content\ (?=.*/account\ is\ not\ known\ here;)
       (?=.*/rates\ is\ not\ known\ here;)(?=.*/name\ is\ empty;)
       (?=.*/expires_at\ is\ later\ than)
       (?=.*/scopes/0\ is\ not\ a\ scope\ of\ this\ API;)}x,
    'all that is wrong is told');
like(problem_is(portal($t, 'PATCH', "/keys/$new->{id}",
    body => { expires_at => undef })), qr{^422 \S+ /expires_at must be},
    'it cannot be made to live for ever');
like(problem_is(portal($t, 'PATCH', "/keys/$new->{id}",
    body => { rates => ['9r/s'] })), qr{^422 \S+ /rates}, 'nor to do more');
is(portal($t, 'PATCH', "/keys/$new->{id}", body => { name => 'Make' })
    ->json->{name}, 'Make', 'a name can be changed');

portal($t, 'POST', "/keys/$fresh->{id}/revoke", body => {});

my $rotated = portal($t, 'POST', "/keys/$new->{id}/rotate",
    body => { overlap => '1h' })->json;

is($rotated->{id}, $new->{id}, 'a rotation keeps the id');
is($t->status('/v1/items', key => $_), 200, 'both secrets work')
    for $new->{secret}, $rotated->{secret};
is(portal($t, 'POST', "/keys/$new->{id}/revoke", body => {})->json->{state},
    'revoked', 'it is revoked');
is($t->status('/v1/items', key => $rotated->{secret}), 401,
    'and refused from then on');
is_deeply(portal($t, 'GET', "/keys/$new->{id}")->json->{limits}, [],
    'nothing is left of it');

my $stale = portal($t, 'GET', '/keys/tk_AAAAAA')->header('ETag');

portal($t, 'PATCH', '/keys/tk_AAAAAA', body => { name => 'Other' });
is(problem_is(portal($t, 'PATCH', '/keys/tk_AAAAAA', body => { name => 'x' },
    headers => ["If-Match: $stale"])), '412 precondition_failed',
    'who has not seen the last change changes nothing');


# -- How many

my @many = map { portal_later($t, 'POST', '/keys', who => 'tom',
    body => { name => "k$_", scopes => [] }) } 1 .. 8;
my @status = sort map { $_->()->{status} } @many;

is("@status", '201 201 201 409 409 409 409 409',
    'as many live keys as there may be, exactly, at once');
is(problem_is(portal($t, 'POST', '/keys', who => 'tom',
    body => { name => 'x', scopes => [] })), '409 too_many_keys', 'why');

my ($first) = @{portal($t, 'GET', '/keys', who => 'tom')->json->{data}};

is(portal($t, 'POST', "/keys/$first->{id}/suspend", who => 'tom', body => {})
    ->json->{state}, 'suspended', 'one can be suspended');

my $more = portal($t, 'POST', '/keys', who => 'tom',
    body => { name => 'x', scopes => [] })->json;

like($more->{id}, qr/^tk_/, 'which makes room');
is(problem_is(portal($t, 'POST', "/keys/$first->{id}/resume", who => 'tom',
    body => {})), '409 too_many_keys', 'and there is none for it then');
portal($t, 'POST', "/keys/$more->{id}/revoke", who => 'tom', body => {});
is(portal($t, 'POST', "/keys/$first->{id}/resume", who => 'tom', body => {})
    ->json->{state}, 'live', 'until there is');
portal($t, 'POST', "/keys/$first->{id}/revoke", who => 'tom', body => {});
is(problem_is(portal($t, 'POST', "/keys/$first->{id}/$_", who => 'tom',
    body => {})), '409 conflict', "a revoked one: $_")
    for qw(suspend resume);
is(portal($t, 'POST', '/keys', who => 'tom',
    body => { name => 'x', scopes => [] })->{status}, 201,
    'a revoked one makes room');
$t->key(id => 'tk_EEEEEE', account => 'acc_3', name => 'Old',
    expires_at => '2020-01-01T00:00:00Z');
$t->wait_for(sub {
    portal($t, 'GET', '/keys/tk_EEEEEE', who => 'tom')->{status} == 200
});
is(problem_is(portal($t, 'PATCH', '/keys/tk_EEEEEE', who => 'tom',
    body => { expires_at => portal_time(86400) })), '409 too_many_keys',
    'one that has expired cannot come back beside them');
is(portal($t, 'PATCH', '/keys/tk_EEEEEE', who => 'tom',
    body => { name => 'Older' })->{status}, 200, 'but be given a name');


# -- What a user may

for my $case (['read', 'items:read', 200, '403 not_permitted'],
    ['create,nonsense', 'items:read', '403 not_permitted', 201],
    ['', 'items:read', '403 not_permitted', '403 not_permitted'],
    ['nonsense', 'items:read', '403 not_permitted', '403 not_permitted'])
{
    my ($can, $scopes, @want) = @$case;
    my @headers = ("X-Can: $can", "X-Scopes: $scopes");
    my @got = (portal($t, 'GET', '/keys', at => '/narrow',
            headers => \@headers),
        portal($t, 'POST', '/keys', at => '/narrow', headers => \@headers,
            body => { name => 'n', scopes => [$scopes] }));

    is($got[$_]{status} < 400 ? $got[$_]{status} : problem_is($got[$_]),
        $want[$_], "can=$can: " . (qw(read create))[$_]) for 0, 1;
}

my @narrow = ('X-Can: create,change,read', 'X-Scopes: items:read');

like(problem_is(portal($t, 'POST', '/keys', at => '/narrow',
    headers => \@narrow,
    body => { name => 'n', scopes => ['items:read', 'items:write'] })),
    qr{^422 \S+ /scopes/1 is not a scope}, 'what is not offered is not given');

$t->key(id => 'tk_WWWWWW', account => 'acc_1', name => 'Writes',
    scopes => ['items:write']);
$t->wait_for(sub {
    portal($t, 'GET', '/keys/tk_WWWWWW')->{status} == 200
});
is(portal($t, 'PATCH', '/keys/tk_WWWWWW', at => '/narrow',
    headers => \@narrow, body => { scopes => ['items:write', 'items:read'] })
    ->{status}, 200, 'what a key has already may stay');
like(problem_is(portal($t, 'PATCH', '/keys/tk_WWWWWW', at => '/narrow',
    headers => \@narrow, body => { scopes => ['items:write', 'admin:read'] })),
    qr{^422 \S+ /scopes/1 is not}, 'no other may come');
is_deeply([map { $_->{offered} ? 1 : 0 } @{portal($t, 'GET', '/session',
    at => '/fixed')->json->{scopes}}], [1, 0, 1], 'as the session says');
is_deeply(portal($t, 'GET', '/session', at => '/fixed')->json->{can},
    ['read', 'check'], 'a list that is written down');


# -- Every account

$session = portal($t, 'GET', '/session', at => '/all')->json;
is($session->{account}, undef, 'no account');
is_deeply([sort map { $_->{id} } @{portal($t, 'GET', '/accounts',
    at => '/all')->json->{data}}], [qw(acc_1 acc_2 acc_3)], 'which there are');
is(portal($t, 'GET', '/keys/tk_BBBBBB', at => '/all')->{status}, 200,
    'keys of all of them');
is(portal($t, 'GET', '/keys?account=acc_2', at => '/all')->json->{data}[0]{id},
    'tk_BBBBBB', 'or of one');
like(problem_is(portal($t, 'POST', '/keys', at => '/all',
    body => { name => 'x', scopes => [] })), qr{^422 \S+ /account is missing},
    'a new one needs an account');
is(portal($t, 'POST', '/keys', at => '/all', body => { account => 'acc_2',
    name => 'x', scopes => [] })->json->{changed_by}, 'mia@one.example',
    'and the user has made it');
is(portal($t, 'GET', '/session', who => 'all')->json->{account}{id}, 'all',
    'an account that is called so is one');
is_deeply(portal($t, 'GET', '/keys', who => 'all')->json->{data}, [],
    'and has no keys of others');


# -- Pages of other origins

my $port = $t->port('PORTAL');

for (['Sec-Fetch-Site: same-origin', 200],
    ['Sec-Fetch-Site: same-site', 403], ['Sec-Fetch-Site: cross-site', 403],
    ['Sec-Fetch-Site: none', 403],
    ["Sec-Fetch-Site: cross-site\r\nOrigin: http://localhost", 403],
    ["Sec-Fetch-Site: same-origin\r\nSec-Fetch-Site: same-origin", 403],
    ['Origin: http://localhost', 200], ['Origin: HTTP://LOCALHOST', 200],
    ['Origin: https://localhost', 403], ['Origin: null', 403],
    ['Origin: http://localhost.example', 403],
    ["Origin: http://localhost:$port", 403], ['X-Nothing: at all', 403])
{
    my ($line, $want) = @$_;
    my $r = portal($t, 'PATCH', '/keys/tk_AAAAAA', site => undef,
        headers => [$line], body => { name => 'Site' });

    is($r->{status}, $want, $line =~ s/\r\n/, /r);
    is(problem_is($r), '403 forbidden', 'as a problem') if $want == 403;
    is($r->header('Access-Control-Allow-Origin'), undef, 'nothing for CORS');
}

is(problem_is(portal($t, 'POST', '/keys', body => '{"name":"x","scopes":[]}',
    headers => ["Content-Type: $_"])), '415 unsupported_media_type', $_)
    for 'text/plain', 'application/x-www-form-urlencoded';
is(problem_is(portal($t, 'POST', '/keys', body => '{"name":"x","scopes":[]}',
    type => undef)), '415 unsupported_media_type', 'no type at all');
is(portal($t, 'GET', '/keys', site => 'cross-site')->{status}, 200,
    'what changes nothing may come from anywhere: no page can read it');

like($t->read_file('error.log'), qr/audit:\ key\.create;\ api:\ "items",
    \ key:\ "$new->{id}",\ account:\ "acc_1",\ actor:\ "mia\@one\.example"/x,
    'the log tells who did what');

$t->done;

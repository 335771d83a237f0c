#!/usr/bin/perl

# Where a key is sent, besides a header of its own: other schemes of
# Authorization, Basic, a WebSocket's subprotocols.  Found once, taken off,
# conflicts refused, each with the challenge that is right for it.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use MIME::Base64 qw(encode_base64);
use Test::More;

use Keygate;
use Keygate::Items;

my %source = (
    TOKEN => 'credential scheme Token param=token;',
    BOT => 'credential scheme Bot;',
    APIKEY => 'credential scheme ApiKey;',
    USER => 'credential basic user;',
    PASSWORD => 'credential basic password;',
    SOCKET => 'credential websocket key.;',
    LONG => 'credential header X-' . 'k' x 78 . '; credential header X-'
            . 'y' x 61 . ';',
    MANY => 'credential header X-Api-Key; credential bearer; '
            . 'credential scheme Bot; credential basic user; '
            . 'credential websocket key.;',
);

my $conf = "keygate_zone zone=keys:1m journal=keys.jsonl;\n"
    . 'log_format users "$remote_user"; access_log %%DIR%%/users.log users;'
    . "\n";

for my $name (sort keys %source) {
    $conf .= items_api(name => lc $name, zone => '',
                       rate => 'rate 100000r/m;', credential => $source{$name})
        . items_server() =~ s/keygate items/keygate \L$name/r
                         =~ s/%%PORT%%/%%$name%%/r;
}

$conf .= items_api(name => 'old', zone => '', rate => 'rate 100000r/m;',
                   extra => 'key_format any;')
    . items_server() =~ s/keygate items/keygate old/r =~ s/%%PORT%%/%%OLD%%/r;

my $t = Keygate->new(conf => $conf);
my $key = $t->key(id => 'tk_AAAAAA', scopes => ['items:read']);
my $other = $t->key(id => 'tk_BBBBBB', scopes => ['items:read']);
my $uuid = '0b5c9f2e-7d1a-4c55-9d7e-0f7c6a1b2c3d';

$t->key(id => 'old_1', credential => $uuid, scopes => ['items:read']);

my ($long, $longer) = ('a' x 256, 'b' x 257);

$t->key(id => 'old_2', credential => $long, scopes => ['items:read']);
$t->key(id => 'old_3', credential => $longer, scopes => ['items:read']);

$t->start;

sub basic { return 'Authorization: Basic ' . encode_base64(join(':', @_), '') }

sub answer {
    my ($port, @headers) = @_;
    my $r = $t->get('/v1/items', headers => \@headers,
                    port => $t->port($port));

    return $r ? join ' | ', $r->{status}, ($r->json || {})->{code} // '',
                $r->header('WWW-Authenticate')
              : 'closed';
}

sub passes {
    my ($port, $name, @headers) = @_;

    $t->hits;
    is($t->status('/v1/items', headers => \@headers, port => $t->port($port)),
       200, $name);
    is($t->hits, 1, '... to the upstream');
    ok(!grep({ $_->[1] =~ /tk_/ || $_->[0] =~ /^authorization/i }
             @{$t->last_hit->{headers}}), '... without the key');
}

my %realm = (
    TOKEN => 'Token realm="token"', BOT => 'Bot realm="bot"',
    APIKEY => 'ApiKey realm="apikey"',
    USER => 'Basic realm="user", charset="UTF-8"',
    PASSWORD => 'Basic realm="password", charset="UTF-8"',
    SOCKET => 'ApiKey realm="socket", protocol="key."',
);

sub none { "401 | credential_missing | $realm{$_[0]}" }
sub wrong { "401 | credential_invalid | $realm{$_[0]}" }

# -- scheme with a parameter

for my $value ("Token token=$key", "token Token=\"$key\"",
               "Token token = $key", "TOKEN nonce=\"a,b\", token=\"$key\"",
               "Token token=$key, coverage=\"x\"")
{
    passes('TOKEN', $value =~ s/\Q$key\E/K/r, "Authorization: $value");
}

is(answer('TOKEN'), none('TOKEN'), 'no key');
is(answer('TOKEN', "Authorization: Token $key"), none('TOKEN'),
   'no parameter of that name');
is(answer('TOKEN', "Authorization: Token tokens=$key"), none('TOKEN'),
   'another parameter');
is(answer('TOKEN', "Authorization: Bearer $key"), none('TOKEN'),
   'another scheme');
is(answer('TOKEN', 'Authorization: Token token=""'), none('TOKEN'), 'empty');
is(answer('TOKEN', "Authorization: Token token=\"$key"), wrong('TOKEN'),
   'a quote without an end');
is(answer('TOKEN', "Authorization: Token token=\"\xe2\x80\x8b$key\""),
   wrong('TOKEN'), 'bytes above 0x7f');
is(answer('TOKEN', 'Authorization: Token token=' . 'a' x 8000),
   wrong('TOKEN'), '8,000 bytes');
like(answer('TOKEN', "Authorization: Token token=$key, token=$other"),
     qr/^400 \| credential_conflict/, 'the parameter twice');
like(answer('TOKEN', 'Authorization: Token token=x',
            'Authorization: Token token=y'), qr/^400 /, 'two lines');

# -- scheme alone

passes('BOT', 'Bot', "Authorization: Bot $key");
passes('BOT', 'bot, more spaces', "Authorization: bot   $key");
is(answer('BOT', "Authorization: Bots $key"), none('BOT'), 'a longer scheme');
is(answer('BOT', 'Authorization: Bot'), none('BOT'), 'nothing but the scheme');
is(answer('BOT', "Authorization: Bot $key $key"), wrong('BOT'), 'two words');

passes('APIKEY', 'ApiKey', "Authorization: ApiKey $key");
is(answer('APIKEY'), none('APIKEY'), 'no ApiKey');
is(answer('APIKEY', "X-Api-Key: $key"), none('APIKEY'), 'nor a header');

# -- Basic

passes('USER', 'user', basic($key, ''));
passes('USER', 'user, whatever the password', basic($key, 'x:y'));
passes('PASSWORD', 'password', basic('api', $key));
is(answer('USER', basic('api', $key)), wrong('USER'), 'the other part');
is(answer('USER', basic('', $key)), none('USER'), 'an empty user');
is(answer('USER', 'Authorization: Basic'), none('USER'), 'nothing');
is(answer('USER', basic($key)), wrong('USER'), 'no colon');
is(answer('USER', "Authorization: Basic $key"), wrong('USER'), 'no base64');
is(answer('USER', 'Authorization: Basic ' . 'QUFB' x 2000), wrong('USER'),
   '8,000 bytes');
is(answer('USER', "Authorization: Basic \xff\xfe"), wrong('USER'),
   'bytes above 0x7f');
is(answer('USER'), none('USER'), 'no key');

for my $case ([ 'USER', "-u '$key:'" ], [ 'PASSWORD', "-u 'api:$key'" ],
              [ 'APIKEY', "-H 'Authorization: ApiKey $key'" ],
              [ 'BOT', "-H 'Authorization: Bot $key'" ],
              [ 'TOKEN', "-H 'Authorization: Token token=$key'" ])
{
    my ($port, $option) = @$case;
    my $url = 'http://127.0.0.1:' . $t->port($port) . '/v1/items';

    is(`curl -s -o /dev/null -w '%{http_code}' $option $url`, 200,
       "curl $option" =~ s/\Q$key\E/KEY/r);
    is(`curl -s -o /dev/null -w '%{http_code}' $url`, 401, '... not without');
}

# a refused key is in no log either, as $remote_user would have it

like(answer('USER', basic('tk_AAAAAA_' . 'x' x 24, '')), qr/^401/, 'wrong');
is($t->status('/v1/admin/keys', headers => [basic($key, '')],
              port => $t->port('USER')), 403, 'a scope');
is($t->status('/v1/items', method => 'POST', headers => [basic($key, ''),
    'Content-Length: 99999999' ], port => $t->port('USER')), 413,
   'refused before the gate');

# -- WebSocket

for my $value ("app, key.$key", "key.$key,app", "app,key.$key,  v2") {
    $t->hits;
    is($t->status('/v1/items', port => $t->port('SOCKET'), headers =>
        [ "Sec-WebSocket-Protocol: $value", 'X-Before: 1' ]), 200,
       $value =~ s/\Q$key\E/K/r);
    my ($left) = map { $_->[1] } grep { lc $_->[0] eq 'sec-websocket-protocol' }
                 @{$t->last_hit->{headers}};
    is($left, $value =~ /v2/ ? 'app,v2' : 'app', '... the others go on');
}

passes('SOCKET', 'the key alone', "Sec-WebSocket-Protocol: key.$key");
is(answer('SOCKET', 'Sec-WebSocket-Protocol: app'), none('SOCKET'), 'no key');
is(answer('SOCKET', 'Sec-WebSocket-Protocol: key.'), none('SOCKET'), 'empty');
like(answer('SOCKET', "Sec-WebSocket-Protocol: key.$key, key.$other"),
     qr/^400 \| credential_conflict/, 'two keys in a line');
like(answer('SOCKET', "Sec-WebSocket-Protocol: key.$key",
            "Sec-WebSocket-Protocol: key.$key"), qr/^400 /, 'in two lines');
is(answer('SOCKET', "Sec-WebSocket-Protocol: key.\xff"), wrong('SOCKET'),
   'bytes above 0x7f');
is(answer('SOCKET', 'Sec-WebSocket-Protocol: key.' . 'a' x 8000),
   wrong('SOCKET'), '8,000 bytes');
is(answer('SOCKET', 'Sec-WebSocket-Protocol: ' . 'a,' x 4000), none('SOCKET'),
   '4,000 others');
is(answer('SOCKET', 'Sec-WebSocket-Protocol:'), none('SOCKET'), 'empty');
is(answer('SOCKET', "Sec-WebSocket-Protocol: app\xff"), none('SOCKET'),
   'another, above 0x7f');
is(answer('BOT', 'Authorization: Bot ' . 'a' x 8000), wrong('BOT'),
   'another scheme, 8,000 bytes');
is(answer('BOT', "Authorization: Bot \xc3\xa4"), wrong('BOT'),
   '... bytes above 0x7f');
is(answer('BOT', 'Authorization:'), none('BOT'), '... empty');
like(answer('BOT', ('Authorization: Bot x') x 2), qr/^400 /, '... twice');
like(answer('USER', (basic('x', '')) x 2), qr/^400 /, 'Basic, twice');

# -- several sources

passes('MANY', 'a header', "X-Api-Key: $key");
passes('MANY', 'bearer', "Authorization: Bearer $key");
passes('MANY', 'bot', "Authorization: Bot $key");
passes('MANY', 'basic', basic($key, ''));

for my $pair ([ "X-Api-Key: $key", basic($key, '') ],
              [ "X-Api-Key: $key", "Sec-WebSocket-Protocol: key.$key" ],
              [ 'Authorization: Bot x', basic('y', '') ],
              [ basic($key, ''), "Sec-WebSocket-Protocol: app, key.$other" ])
{
    like(answer('MANY', @$pair), qr/^400 /, 'two sources');
}

# an empty one is none: it is no second one either

for my $pair ([ "X-Api-Key: $key", 'Authorization: Bearer' ],
              [ "X-Api-Key: $key", 'Authorization: Bearer ' ],
              [ "X-Api-Key: $key", 'Authorization:' ],
              [ "X-Api-Key: $key", 'Authorization: Bot' ],
              [ "X-Api-Key: $key", basic('', 'pw') ],
              [ "X-Api-Key: $key", 'Authorization: Basic' ],
              [ "X-Api-Key: $key", 'Sec-WebSocket-Protocol: key.' ],
              [ 'X-Api-Key:', "Authorization: Bearer $key" ],
              [ 'X-Api-Key:', basic($key, '') ])
{
    passes('MANY', 'beside an empty one: '
           . join(' and ', @$pair) =~ s/\Q$key\E/K/r, @$pair);
}

for my $pair ([ 'X-Api-Key: x', 'Authorization: Bearer' ],
              [ 'X-Api-Key:', basic('x', '') ])
{
    like(answer('MANY', @$pair), qr/^401 \| credential_invalid/,
         'a wrong one beside an empty one');
}

for my $lines ([ "X-Api-Key: $key", 'X-Api-Key:' ],
               [ 'X-Api-Key:', "X-Api-Key: $key" ],
               [ "Sec-WebSocket-Protocol: key.$key, key." ],
               [ "Sec-WebSocket-Protocol: key., key.$key",
                 "X-Api-Key: $other" ])
{
    like(answer('MANY', @$lines), qr/^400 \| credential_conflict/,
         'the same place twice: ' . join(' and ', @$lines)
         =~ s/(\Q$key\E|\Q$other\E)/K/gr);
}

# RFC 6750's codes are for bearer tokens

for my $case ([ 'Authorization: Bot x', '' ], [ basic('x', ''), '' ],
              [ 'X-Api-Key: x', '' ],
              [ 'Sec-WebSocket-Protocol: key.x', '' ],
              [ 'Authorization: Bearer x', ', error="invalid_token"' ])
{
    is(answer('MANY', $case->[0]), join(' | ', '401', 'credential_invalid',
       'ApiKey realm="many", header="X-Api-Key"',
       'Bearer realm="many"' . $case->[1],
       'Bot realm="many"', 'Basic realm="many", charset="UTF-8"',
       'ApiKey realm="many", protocol="key."'),
       "the challenges where a wrong one was sent: $case->[0]");
}

is(answer('MANY'), join(' | ', '401', 'credential_missing',
   'ApiKey realm="many", header="X-Api-Key"', 'Bearer realm="many"',
   'Bot realm="many"', 'Basic realm="many", charset="UTF-8"',
   'ApiKey realm="many", protocol="key."'), 'all of them are told');

is($t->get('/v1/items', port => $t->port('MANY'))->json->{detail},
   'No API key was sent: send it as X-Api-Key: KEY or Authorization: Bearer '
   . 'KEY or Authorization: Bot KEY or the user name of HTTP Basic or the '
   . 'WebSocket subprotocol key.KEY.', 'and how to send one');

# -- Names of any length

for my $name ('X-' . 'k' x 78, 'X-' . 'y' x 61) {
    is(answer('LONG', "$name: $key") =~ s/ .*//sr, 200, 'a name of '
       . length($name) . ' bytes');
    is_deeply([ grep { lc $_->[0] eq lc $name } @{$t->last_hit->{headers}} ],
              [], '... which is taken off');
}

# -- key_format any

is($t->status('/v1/items', key => $uuid, port => $t->port('OLD')), 200,
   'key_format any: a key of another shape');
is($t->status('/v1/items', key => $key, port => $t->port('OLD')), 200,
   '... beside the new ones');
is($t->status('/v1/items', key => 'none', port => $t->port('OLD')), 401,
   '... and no other');
is($t->status('/v1/items', key => $long, port => $t->port('OLD')), 200,
   '... of up to 256 bytes');
is(answer('OLD', "X-Api-Key: $longer"),
   '401 | credential_invalid | ApiKey realm="old", header="X-Api-Key"',
   '... a longer one is none, though it has a record');

$t->stop;
is(join('', grep { /tk_/ } split /^/, $t->read_file('users.log')), '',
   'no key in a log by $remote_user');

$t->done;

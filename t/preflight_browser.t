#!/usr/bin/perl

# A page in a real Chromium calls an API of another origin with a key.  The
# configuration is that of docs/recipes.md.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use JSON::PP ();
use Test::More;

use Keygate;
use Keygate::Browser;
use Keygate::Readme;

plan skip_all => 'there is no Chromium' if !Keygate::Browser->there;

my ($recipe) = map { $_->{text} }
               grep { $_->{part} eq 'Pages of other origins' }
               blocks('nginx');

my $t = Keygate->new(conf => <<'E');
    keygate_zone keys:1m journal=keys.jsonl;

    server {
        listen 127.0.0.1:%%APP%%;

        location = /told { proxy_pass http://127.0.0.1:%%UPSTREAM%%; }
        location / {
            root %%DIR%%;
            default_type text/html;
        }
    }
E

my $app = 'http://127.0.0.1:' . $t->port('APP');
my $api = 'http://127.0.0.1:' . $t->port('API');
my ($upstream, $own, $nobody) = map { '127.0.0.1:' . $t->port($_) }
                                qw(UPSTREAM API NOBODY);

$recipe =~ s{https://app\.example\.com}{$app}g;
$recipe =~ s{listen \d+}{listen $own};
$recipe =~ s{127\.0\.0\.1:3000}{$upstream}g;
$recipe =~ s{rate 60r/m}{rate 3r/h};
$recipe =~ s{(\n *route .*)}{$1\nroute GET /v1/small any;
    route GET /v1/down any; route GET /v1/admin admin; scope admin;};
$recipe =~ s{(\n *location / )}{
    location = /v1/down { proxy_pass http://$nobody; }
    client_max_body_size 10;$1};
$t->{conf} .= $recipe;

my $weak = $t->key(id => 'pg_AAAAAA');
my $key = $t->key(id => 'pg_BBBBBB');
my $down = $t->key(id => 'pg_CCCCCC');

$t->exposed($_) for $weak, $key, $down;
$t->write_file('page', <<"E");
<!doctype html>
<title>page</title>
<script>
const told = {};

async function ask(name, path, key, options = {}) {
    try {
        const headers = key ? { 'X-Api-Key': key } : {};
        const r = await fetch('$api' + path, { headers, ...options });

        told[name] = { status: r.status, body: await r.text(),
            rates: r.headers.get('RateLimit'),
            retry: r.headers.get('Retry-After'),
            challenge: r.headers.get('WWW-Authenticate') };
    } catch (e) {
        told[name] = { error: String(e) };
    }
}

(async () => {
    const big = { method: 'POST', body: 'a longer body' };

    await ask('ok', '/v1/notes', '$key');
    await ask('post', '/v1/notes', '$key', {
        method: 'POST', body: '{}',
        headers: { 'X-Api-Key': '$key', 'Content-Type': 'application/json' }
    });
    await ask('none', '/v1/notes');
    await ask('wrong', '/v1/notes', 'pg_AAAAAA_' + 'x'.repeat(24));
    await ask('scope', '/v1/admin', '$weak');
    await ask('route', '/v1/nothing', '$weak');
    await ask('last', '/v1/notes', '$key');
    await ask('limit', '/v1/notes', '$key');
    await ask('large', '/v1/notes', '$weak', big);
    await ask('down', '/v1/down', '$down');
    await fetch('/told', { method: 'POST', body: JSON.stringify(told) });
})();
</script>
E

$t->start;


sub visit {
    my ($host) = @_;

    my $n = () = $t->{upstream}->requests;
    my $text = Keygate::Browser->visit($t, "http://$host:" . $t->port('APP')
        . '/page', sub {
            my @all = $t->{upstream}->requests;
            my ($told) = grep { $_->{uri} eq '/told' } @all[$n .. $#all];

            return $told && $told->{body};
        });

    return $text eq '' ? {} : JSON::PP::decode_json($text);
}


my $told = visit('127.0.0.1');

sub seen {
    my ($name, $status, $code, $what) = @_;

    my $r = $told->{$name};
    my $body = $r->{body} // '';

    is($r->{status} // $r->{error}, $status, $what);
    like($body, qr/"code":"$code"/, 'and its body') if $code;

    return $r;
}


like(seen('ok', 200, '', 'a page with a key')->{rates}, qr/r=2/, 'its rates');
seen('post', 200, '', 'JSON, by POST');
like(seen('none', 401, 'credential_missing', 'no key')->{challenge},
     qr/^ApiKey /, 'where it goes');
seen('wrong', 401, 'credential_invalid', 'a wrong key');
like(seen('scope', 403, 'insufficient_scope', 'no scope')->{rates}, qr/r=2/,
     'its rates');
seen('last', 200, '', 'the last one');

my $r = seen('limit', 429, 'rate_limited', 'limited');
like($r->{rates}, qr/r=0/, 'its rates');
cmp_ok($r->{retry}, '>', 0, 'when to come back');

seen('large', 413, 'payload_too_large', "nginx's 413");
like(seen('down', 502, 'bad_gateway', "nginx's 502")->{rates}, qr/r=2/,
     'its rates');
like($told->{route}{error}, qr/TypeError/,
     'no leave is given for a path without a route');

$told = visit('localhost');
is(join(' ', grep { !$told->{$_}{error} } sort keys %$told), '',
   'a page of another origin reads nothing');
is(scalar keys %$told, 10, 'though it asks as well');

$t->done;

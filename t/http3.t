#!/usr/bin/perl

# HTTP/3, to a real Chromium: what the gate says there is what it says over
# HTTP/1.1 and HTTP/2.  Skipped where nginx has no HTTP/3.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use JSON::PP ();
use Test::More;

use Keygate;
use Keygate::Browser;
use Keygate::Items;
use Keygate::Stream;

my $build = `$Keygate::Server::binary -V 2>&1`;

plan skip_all => 'this nginx has no HTTP/3'
    if $build !~ /--with-http_v3_module/;
plan skip_all => 'there is no Chromium' if !Keygate::Browser->there;
plan skip_all => 'there is no openssl'
    if !grep { -x "$_/openssl" } split /:/, $ENV{PATH};

my $t = Keygate->new(conf => items_api(
    credential => 'credential header X-Api-Key; credential bearer; '
        . 'credential basic user;',
    rate => 'rate 5r/h;', extra => 'errors problem; preflight answer '
        . 'https://127.0.0.1:%%PORT%%;', routes => <<'R') . <<'E');
        route POST /v1/when     items:read;
        when  POST /v1/when     body.admin admin:read;
        route GET  /v1/optional optional;
        route GET  /v1/sse      any;
        route GET  /v1/down     any;
R
    log_format three '$request_method $uri $server_protocol $status '
                     '"$keygate_verdict" "$keygate_key_id"';

    map $sent_http_access_control_allow_origin $cors {
        ""      https://127.0.0.1:%%PORT%%;
        default "";
    }

    server {
        listen 127.0.0.1:%%PORT%% quic;
        listen 127.0.0.1:%%PORT%% ssl;
        ssl_certificate     cert.pem;
        ssl_certificate_key key.pem;
        access_log %%DIR%%/three.log three;
        keygate_recheck 100ms;
        add_header Access-Control-Allow-Origin $cors always;

        location / {
            keygate items;
            client_max_body_size 1k;
            proxy_pass http://127.0.0.1:%%UPSTREAM%%;
        }
        location = /v1/sse {
            keygate items;
            proxy_pass http://127.0.0.1:%%STREAM%%;
            proxy_buffering off;
        }
        location = /v1/down { keygate items; proxy_pass http://127.0.0.1:9; }
        location = /v1/me { keygate items; keygate_me; }
        location /told/ { proxy_pass http://127.0.0.1:%%UPSTREAM%%; }
        location = /page { root %%DIR%%; default_type text/html; }
    }
E

my $dir = $t->{dir};

$t->write_certificate;

my $pin = `openssl x509 -in $dir/cert.pem -pubkey -noout \\
    | openssl pkey -pubin -outform der \\
    | openssl dgst -sha256 -binary | openssl enc -base64`;
chomp $pin;

my $up = Keygate::Stream->start(port => $t->port('STREAM'),
                                log => "$dir/stream.log");
my %key = map { $_ => $t->key(id => "tk_$_", scopes => ['items:read']) }
          qw(AAAAAA LIMITS STREAM);
my $here = '127.0.0.1:' . $t->port;
my $other = 'localhost:' . $t->port;

$t->exposed($_) for values %key;
$t->write_file('page', <<"E");
<!doctype html>
<title>page</title>
<script>
const told = {};
const tell = (what, body) =>
    fetch('/told/' + what, { method: 'POST', body: JSON.stringify(body) });

async function ask(name, path, options = {}) {
    try {
        const r = await fetch(path, { credentials: 'omit', ...options });
        const text = await r.text();
        let body = {};

        try { body = JSON.parse(text); } catch (e) { }

        told[name] = { status: r.status, code: body.code, body: text,
            type: r.headers.get('Content-Type'),
            rates: r.headers.get('RateLimit'),
            challenge: r.headers.get('WWW-Authenticate'),
            protocol: performance.getEntriesByName(new URL(path,
                location).href).at(-1)?.nextHopProtocol };
    } catch (e) {
        told[name] = { error: String(e) };
    }
}

const key = (k) => ({ headers: { 'X-Api-Key': k } });
const post = (k, body) => ({ method: 'POST', body,
    headers: { 'X-Api-Key': k, 'Content-Type': 'application/json' } });

(async () => {
    await ask('header', '/v1/items', key('$key{AAAAAA}'));
    await ask('bearer', '/v1/me',
              { headers: { Authorization: 'Bearer $key{AAAAAA}' } });
    await ask('basic', '/v1/items/1',
              { headers: { Authorization: 'Basic ' + btoa('$key{AAAAAA}:') } });
    await ask('none', '/v1/items/2');
    await ask('wrong', '/v1/items/3', key('tk_AAAAAA_' + 'x'.repeat(24)));
    await ask('both', '/v1/items/4', { headers: { 'X-Api-Key': '$key{AAAAAA}',
        Authorization: 'Bearer $key{LIMITS}' } });
    await ask('scope', '/v1/admin/keys', key('$key{AAAAAA}'));
    await ask('route', '/v1/nothing', key('$key{AAAAAA}'));
    await ask('limit', '/v1/items/5', key('$key{AAAAAA}'));
    await ask('path', '/v1/items/a%2Fb', key('$key{LIMITS}'));
    await ask('optional', '/v1/optional');
    await ask('when', '/v1/when', post('$key{LIMITS}', '{"a":1}'));
    await ask('when_no', '/v1/when', post('$key{LIMITS}', '{"admin":1}'));
    await ask('large', '/v1/when', post('$key{LIMITS}', 'x'.repeat(5000)));
    await ask('down', '/v1/down', key('$key{LIMITS}'));
    await ask('cross', 'https://$other/v1/optional', key('$key{LIMITS}'));
    await ask('cross_no', 'https://$other/v1/items');
    await tell('all', told);

    const r = await fetch('/v1/sse', key('$key{STREAM}'));
    const reader = r.body.getReader();
    let n = 0;

    try {
        for (;;) {
            const { done } = await reader.read();
            if (done) { await tell('end', 'whole'); break; }
            if (++n === 3) await tell('events', r.status);
        }
    } catch (e) {
        await tell('end', e.name);
    }
})();
</script>
E

$t->start;


sub told {
    my ($what) = @_;

    my ($last) = grep { $_->{uri} eq "/told/$what" } $t->{upstream}->requests;

    return $last && JSON::PP->new->utf8->allow_nonref->decode($last->{body});
}


my $browser = Keygate::Browser->new(args => [
    "--ignore-certificate-errors-spki-list=$pin",
    "--origin-to-force-quic-on=$here,$other" ]);

$browser->go("https://$here/page");

my $all = $t->wait_for(sub { told('all') }, 60) || {};


sub seen {
    my ($name, $status, $code, $what) = @_;

    my $r = $all->{$name} || {};

    is($r->{status} // $r->{error}, $status, $what);
    is($r->{code}, $code, "... $code") if defined $code;
    is($r->{protocol}, 'h3', '... over HTTP/3') if $name !~ /^cross/;

    return $r;
}


like(seen('header', 200, undef, 'a key in a header')->{rates}, qr/r=4/,
     '... its rates');
like(seen('bearer', 200, undef, 'a bearer')->{body}, qr/"kind":"api_key"/,
     '... and who that is');
seen('basic', 200, undef, 'the user of Basic');
like(seen('none', 401, 'credential_missing', 'no key')->{challenge},
     qr/^ApiKey realm="items"/, '... and how to send one');
is($all->{none}{type}, 'application/problem+json', '... in the format');
seen('wrong', 401, 'credential_invalid', 'a wrong key');
seen('both', 400, 'credential_conflict', 'two keys');
seen('scope', 403, 'insufficient_scope', 'no scope');
seen('route', 404, 'route_not_found', 'no route');
seen('limit', 429, 'rate_limited', 'over a limit');
seen('path', 400, 'path_ambiguous', 'a path of two meanings');
seen('optional', 200, undef, 'nobody, where a key is optional');
seen('when', 200, undef, 'a body that needs no more');
seen('when_no', 403, 'insufficient_scope', 'a body that does');
seen('large', 413, 'body_too_large', 'a body that is too large');
seen('down', 502, 'bad_gateway', "nginx's own 502");
seen('cross', 200, undef, 'a page of another origin');
seen('cross_no', 401, 'credential_missing', '... reads its errors');

ok($t->wait_for(sub { told('events') }), 'events come');
$t->append($t->key_line(id => 'tk_STREAM', account => 'acc_1', scopes => [],
    digest => $t->digest($key{STREAM}),
    revoked_at => '2026-11-01T00:00:00Z'));
ok($t->wait_for(sub { told('end') }), 'they end when the key is revoked');
is(told('end'), 'TypeError', '... cut');
$browser->stop;

my $log = $t->read_file('three.log');

is(join('', grep { m{ /v1/} && !/ HTTP\/3\.0 / } split /^/, $log), '',
   'all of it was HTTP/3');
like($log, qr{^GET /v1/items HTTP/3\.0 200 "allowed" "tk_AAAAAA"$}m,
     'and variables have what they have');
like($log, qr{^OPTIONS /v1/optional HTTP/3\.0 204 }m,
     'a preflight was answered');
is(scalar(grep { grep { $_->[0] =~ /^(?:x-api-key|authorization)$/i }
                 @{$_->{headers}} }
          grep { $_->{uri} =~ m{^/v1/} } $t->{upstream}->requests), 0,
   'no key has reached an upstream');

$up->stop;
$t->done;

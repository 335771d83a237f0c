#!/usr/bin/perl

# A page in a real Chromium reads events and has a WebSocket, which end when
# the key is revoked.  The configuration is that of docs/recipes.md.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use JSON::PP ();
use Test::More;

use Keygate;
use Keygate::Browser;
use Keygate::Readme;
use Keygate::Stream;

plan skip_all => 'there is no Chromium' if !Keygate::Browser->there;

my ($recipe) = map { $_->{text} }
               grep { $_->{part} eq 'Events and WebSockets' } blocks('nginx');

my $t = Keygate->new(conf => <<'E');
    keygate_zone keys:1m journal=keys.jsonl;
E

my ($api, $stream) = map { '127.0.0.1:' . $t->port($_) } qw(API STREAM);

$recipe =~ s{listen \d+;}{listen $api;
    location /told/ { keygate off; proxy_pass http://127.0.0.1:%%UPSTREAM%%; }
    location = /page { keygate off; root %%DIR%%; default_type text/html; }};
$recipe =~ s{127\.0\.0\.1:3000}{$stream};
$recipe =~ s{keygate_recheck 5s}{keygate_recheck 100ms};
$t->{conf} .= $recipe;

my $up = Keygate::Stream->start(port => $t->port('STREAM'),
                                log => "$t->{dir}/stream.log");
my $key = $t->key(id => 'st_AAAAAA');

$t->exposed($key);
$t->write_file('page', <<"E");
<!doctype html>
<title>page</title>
<script>
const tell = (what, body) =>
    fetch('/told/' + what, { method: 'POST', body: String(body) });

const socket = new WebSocket('ws://$api/v1/socket/ws', ['app', 'key.$key']);
let messages = 0;

socket.onmessage = () => {
    if (++messages === 3) tell('socket', socket.protocol);
};
socket.onclose = (e) => tell('socket-closed', e.code + ' ' + e.wasClean);

(async () => {
    const r = await fetch('/v1/events', { headers: { 'X-Api-Key': '$key' } });
    const reader = r.body.getReader();
    let n = 0;

    try {
        for (;;) {
            const { done } = await reader.read();
            if (done) { tell('events-closed', 'whole'); break; }
            if (++n === 3) tell('events', r.status);
        }
    } catch (e) {
        tell('events-closed', e.name);
    }

    const again = await fetch('/v1/events',
                              { headers: { 'X-Api-Key': '$key' } });
    tell('again', (await again.json()).code);
})();
</script>
E

$t->start;


sub told {
    my ($what) = @_;

    my ($last) = grep { $_->{uri} eq "/told/$what" } $t->{upstream}->requests;

    return $last && $last->{body};
}


my $browser = Keygate::Browser->new;

$browser->go("http://$api/page");

ok($t->wait_for(sub { told('events') && told('socket') }),
   'events and messages come');
is(told('events'), 200, 'events, by fetch with the key in a header');
is(told('socket'), 'app', 'a WebSocket, with the key among its protocols');

$t->append($t->key_line(id => 'st_AAAAAA', account => 'acc_1', scopes => [],
    digest => $t->digest($key), revoked_at => '2026-11-01T00:00:00Z'));

ok($t->wait_for(sub { told('again') && told('socket-closed') }),
   'the key is revoked, and both end');
is(told('socket-closed'), '1006 false', 'the page is told of the WebSocket');
is(told('events-closed'), 'TypeError', 'and that the events were cut');
is(told('again'), 'key_revoked', 'and reads why when it asks again');
is(() = $t->read_file('error.log') =~ /closed key_revoked/g, 2,
   'the log tells of both');

$browser->stop;
$up->stop;
$t->done;

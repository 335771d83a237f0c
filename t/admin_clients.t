#!/usr/bin/perl

# The admin API and all sorts of clients and keys: HTTP/2, chunks, pipelines,
# clients that go away, reloads in the middle; keys that are opaque, peppered,
# or whose ids run out.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Digest::SHA qw(hmac_sha256_hex);
use JSON::PP ();
use Socket qw(SOL_SOCKET SO_LINGER);
use Test::More;
use Time::HiRes qw(time);

use Keygate;
use Keygate::Admin;
use Keygate::Writers;

my $token = $Keygate::Admin::token;
my $t = Keygate->new(workers => 2, conf => <<'END');
keygate_zone keys:16m journal=keys.jsonl pepper=pepper;
keygate_api one {
    zone keys; credential header X-Api-Key; key_format o_ id=1 secret=24;
    scope s; plan p; route GET /x s;
}
keygate_api two {
    zone keys; credential bearer; key_format opq_ id=0 secret=32;
    scope s; route GET /x s;
}
server {
    listen 127.0.0.1:%%ADMIN%% http2;
    location / { keygate_admin one token=admin.token; }
    location /two { keygate_admin two token=admin.token; }
}
server {
    listen 127.0.0.1:%%H1%%;
    location / { keygate_admin one token=admin.token; }
    location /two { keygate_admin two token=admin.token; }
}
server {
    listen 127.0.0.1:%%PORT%%;
    location = /x { keygate two; try_files /none @ok; }
    location @ok { return 204; }
}
END

$t->{pepper} = 'p' x 40;
$t->write_file('pepper', $t->{pepper});
$t->allow(qr/protocol options redefined/);
admin_token($t);
$t->account(id => 'acc_1', name => 'One', plan => 'p');
$t->start;


# One request over HTTP/2: (status, body).

sub h2 {
    my ($method, $path, $body, @options) = @_;

    push @options, '-H', 'Content-Type: application/json' if defined $body;
    $t->write_file('body', $body // '');

    my ($admin, $dir) = ($t->port('ADMIN'), $t->{dir});
    my $pid = open my $out, '-|', 'curl', '-s', '-w', ' %{http_code}',
        '--http2-prior-knowledge', '-X', $method,
        '-H', "Authorization: Bearer $token",
        (defined $body && !grep({ $_ eq '-T' } @options)
            ? ('--data-binary', "\@$dir/body") : ()),
        @options, "http://127.0.0.1:$admin$path" or return 'no curl';
    local $/;
    my ($text, $status) = (<$out> // '') =~ /^(.*) (\d+)$/s;

    return ($status, $text);
}

sub h1 {
    my ($method, $path, $body) = @_;

    return $t->get($path, method => $method, port => $t->port('H1'),
        headers => [ "Authorization: Bearer $token",
                     defined $body ? 'Content-Type: application/json' : () ],
        defined $body ? (body => $body) : ());
}

my $new = '{"account":"acc_1","name":"n","scopes":["s"]}';


# -- Keys of other formats

my ($status, $text) = h2('POST', '/two/keys', $new);
my $key = JSON::PP::decode_json($text);

is($status, 201, 'a key is made over HTTP/2');
like($key->{secret}, qr/^opq_[0-9A-Za-z]{32}$/, 'an opaque one');
like($key->{id}, qr/^key_[0-9A-Z]{12}$/, 'with an id apart from it');
is($t->status('/x', bearer => $key->{secret}), 204, 'which works');

my $hmac = hmac_sha256_hex($key->{secret}, $t->{pepper});
like($t->read_file('keys.jsonl'), qr/"digest":"hmac-sha256:$hmac"/,
    'its digest is an HMAC');

($status, $text) = h2('POST', "/two/keys/$key->{id}/rotate");
is($status, 200, 'it is rotated');
is($t->status('/x', bearer => $key->{secret}), 401, 'at once');
is($t->status('/x', bearer => JSON::PP::decode_json($text)->{secret}), 204,
    'for another opaque one');
is(problem_is(h1('POST', "/keys/$key->{id}/rotate")), '404 not_found',
    'to an API that makes no such keys it is none');

is((h2('POST', '/two/keys', $new, '-T', "$t->{dir}/body"))[0], 201,
    'a body of unknown length over HTTP/2');
is((h2('GET', '/two/keys'))[0], 200, 'a list over HTTP/2');

# an account's plan may be of any API in the zone

is(problem_is(h1('PUT', '/accounts/acc_2', '{"name":"Two","plan":"q"}')),
    '422 unprocessable_content /plan is not a plan of this API;',
    'an API with plans knows which there are');
is(h1('PUT', '/two/accounts/acc_2', '{"name":"Two","plan":"q"}')->{status},
    201, 'one without does not look at them');
is(h1('GET', '/accounts/acc_2')->json->{plan}, 'q', 'and keeps them');

my $made = 0;
my $r;

while ($made <= 36) {
    $r = h1('POST', '/keys', $new);
    last if $r->{status} != 201;
    $made++;
}

is($made, 36, 'all ids of one character are given out');
is(problem_is($r), '507 insufficient_storage', 'then there are none');


# -- Pipelines, and clients that go away

my $head = "HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer $token\r\n";
my $post = "POST /two/keys ${head}Content-Type: application/json\r\n"
    . 'Content-Length: ' . length($new) . "\r\n\r\n$new";
my $client = $t->client($t->port('H1'));

$client->send(join '', $post, "GET /keys?limit=1 $head\r\n", $post,
    "GET /nothing $head\r\n", $post);
is(join(' ', map { $client->response->{status} } 1 .. 5),
    '201 200 201 404 201', 'pipelined requests are answered in order');

my $before = () = $t->read_file('keys.jsonl') =~ /\n/g;

for my $i (1 .. 300) {
    my $s = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
        PeerPort => $t->port('H1'), Proto => 'tcp') or next;

    syswrite $s, $i % 2 ? $post : "GET /keys?limit=100 $head\r\n";
    setsockopt $s, SOL_SOCKET, SO_LINGER, pack 'ii', 1, 0 if $i % 3;
    close $s;
}

is(h1('GET', '/keys')->{status}, 200, 'clients that go away hurt nobody');
ok($t->wait_for(sub {
    my $n = () = $t->read_file('keys.jsonl') =~ /\n/g;
    $n > $before
}), 'what they asked for is done or not, but whole');


# -- Reloads under load

my (%status, $reloads);
my $next = time + 0.2;

Keygate::Writers->run(port => $t->port('H1'), n => 16, seconds => 2,
    request => sub { $post }, answer => sub { $status{$_[0]}++ },
    tick => sub {
        return if time < $next;
        kill 'HUP', $t->{master};
        $reloads++;
        $next = time + 0.2;
    });

is(join(' ', keys %status), '201', "$reloads reloads fail no change");
ok($t->wait_for(sub {
    my @all = split ' ', join ' ', map { $t->read_file($_) }
              glob "/proc/$t->{master}/task/*/children";
    @all == 2
}), 'and no old worker stays');
is(h1('GET', '/two/keys/key_000000000000')->{status}, 404, 'all is well');

$t->{seen} = '';
$t->done;

#!/usr/bin/perl

# The same over HTTP/2, where every header has a lower-case name.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use Test::More;

use Keygate;
use Keygate::Items;

plan(skip_all => 'no curl with HTTP/2, or no nghttp and h2load')
    if `curl --version 2>&1` !~ /\bHTTP2\b/
       || `nghttp --version 2>&1` !~ /nghttp2/
       || `h2load --version 2>&1` !~ /nghttp2/;

my $t = Keygate->new(workers => 2, conf =>
    items_conf(rate => 'rate 20r/h;') =~ s/(%%PORT%%);/$1 http2;/r);

my $key = $t->key(scopes => ['items:read']);
my $burst = $t->key(scopes => ['items:read']);

$t->start;

sub curl {
    my ($path, @args) = @_;

    my $url = 'http://127.0.0.1:' . $t->port . $path;

    open my $f, '-|', 'curl', '-s', '--path-as-is', '--http2-prior-knowledge',
        '-m', 10, '-D', '-', @args, $url or die "curl: $!\n";
    local $/;
    my $out = <$f> // '';
    close $f;
    $t->{seen} .= $out;

    my ($head, $body) = split /\r\n\r\n/, $out, 2;
    my ($status) = $head =~ m{^HTTP/2 (\d+)};

    return { status => $status // 'none', head => $head,
             body => $body // '' };
}

my $r = curl('/v1/items', '-H', "X-Api-Key: $key");

is($r->{status}, 200, 'a known key');
like($r->{head}, qr/^ratelimit: "hour";r=19/m, 'rate headers');
is(curl('/v1/items', '-H', "x-api-key: $key")->{status}, 200,
   'the name in lower case, as it is sent');
ok(!grep({ lc $_->[0] eq 'x-api-key' } @{$t->last_hit->{headers}}),
   'stripped');
$t->hits;

$r = curl('/v1/items');
is($r->{status}, 401, 'no key');
like($r->{head}, qr/^www-authenticate: ApiKey realm="items"/m, 'a challenge');
like($r->{head}, qr/^content-type: application\/problem\+json/m, 'a problem');
is(JSON::PP::decode_json($r->{body})->{code}, 'credential_missing', 'a code');

is(curl('/v1/items', '-H', "X-Api-Key: $key", '-H', "X-Api-Key: $key")
   ->{status}, 400, 'two keys');
is(curl('/v1/admin/keys', '-H', "X-Api-Key: $key")->{status}, 403, 'a scope');
is(curl('/v1/items', '-H', "X-Api-Key: $key", '-X', 'DELETE')->{status}, 405,
   'a method');
is(curl('/v1/items/%2e%2e/admin/keys', '-H', "X-Api-Key: $key")->{status},
   400, 'a path of two meanings');
is(curl('/v1/items/../admin/keys', '-H', "X-Api-Key: $key")->{status}, 400,
   'another');
$r = curl('/v1/items', '-I', '-H', "X-Api-Key: $key");
is($r->{status}, 200, 'HEAD');
is($t->hits, 1, 'of these, only the HEAD has reached the upstream');

# Two things that the curl of Debian 12 cannot do: a body that the server does
# not want, and many streams at once from the start.

my $url = 'http://127.0.0.1:' . $t->port . '/v1/items';
my $body = $t->write_file('body', 'x' x 100000);

like(`timeout 20 nghttp -v -d $body $url 2>&1`, qr/:status: 401/,
     'a refused request with a body');
is($t->hits, 0, 'of which nothing reaches the upstream');

like(`timeout 20 h2load -n 60 -c 1 -m 60 -H 'X-Api-Key: $burst' $url 2>&1`,
     qr/status codes: 20 2xx, 0 3xx, 40 4xx, 0 5xx/,
     '60 streams at once on a limit of 20: 20 admitted');

$t->done;

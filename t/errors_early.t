#!/usr/bin/perl

# What nginx refuses while it still reads the request, and the gate would
# refuse as well, is refused in the gate's words.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use Test::More;

use Keygate;
use Keygate::Items;

my $t = Keygate->new(conf => <<'LOG'
    log_format early '$keygate_verdict $status';
    client_header_buffer_size 1k;
    large_client_header_buffers 4 4k;
LOG
    . items_api(credential => 'credential bearer;',
        rate => 'rate 2r/h;')
    . items_api(name => 'own', zone => '', credential => 'credential bearer;',
        extra => 'errors envelope; error path_ambiguous status=422 code=odd
                  "detail=What is {method} {path}?";
                  error credential_conflict status=409;')
    . items_api(name => 'header', zone => '')
    . (join '', map {
        my ($name, $more) = @$_;
        my $port = uc "%%$name%%";
        <<"SERVER"
    server {
        listen 127.0.0.1:$port;
        $more
        access_log %%DIR%%/early.log early;
        location / { proxy_pass http://127.0.0.1:%%UPSTREAM%%; }
        location = /page.html { keygate off; root %%DIR%%; }
    }
SERVER
    } [ items => 'keygate items;' ], [ own => 'keygate own;' ],
      [ header => 'keygate header;' ],
      [ dry => 'keygate items; keygate_dry_run on;' ],
      [ silent => 'keygate items; keygate_errors off;' ],
      [ open => 'keygate_errors items;' ],
      [ page => 'keygate items; error_page 400 /page.html;' ],
      [ two => 'keygate items;' ]) =~ s/(%%TWO%%);/$1 http2;/r);

my $key = $t->key(scopes => ['items:read']);
$t->exposed($key);
$t->write_file('page.html', 'the page');
$t->start;


sub ask {
    my ($name, $path, @lines) = @_;

    return $t->raw(join("\r\n", "GET $path HTTP/1.1", 'Host: localhost',
        @lines, 'Connection: close', '', ''), port => $t->port(uc $name));
}


sub said {
    my ($r) = @_;

    my $json = $r->json || {};

    return join ' ', $r->{status},
        ref $json->{error} ? $json->{error}{code} : $json->{code},
        $r->header('Cache-Control');
}


my @paths = ('/v1/items/%00', '/%00', '/../v1/items', '/v1/../../items',
             '/v1/items/%zz', '/v1/items/%', "/v1/items/\x01",
             "/v1/items/\x7fx", '/v1/open%00',
             map { '/v1/' . 'x' x 1500 . $_ } '%00', "\x01", "/../\x01");

for my $path (@paths) {
    my $name = $path =~ s/([^ -~])/sprintf '\\x%02x', ord $1/ger
                     =~ s/xxx+/.../r;
    my $r = ask('items', $path);

    is(said($r), '400 path_ambiguous no-store', "$name");
    (my $uri = $path) =~ s/(?<=[\x01\x7f]).*//;
    $uri =~ s/([\x01\x7f]|%(?![0-9a-f]{2}))/sprintf '%%%02X', ord $1/ge;
    is($r->json->{instance}, $uri, "$name: the path, as a URI");
    is(said(ask('items', "$path?a=%00", "Authorization: Bearer $key")),
       '400 path_ambiguous no-store', "$name: with a key and a query");
}

is(ask('items', '/%00?secret=1')->json->{instance}, '/%00', 'never the query');
is(said(ask('own', '/%00')), '422 odd no-store', 'in words of its own');
is(said(ask('header', '/%00')), '400 path_ambiguous no-store',
   'whatever the credential');

my @two = ("Authorization: Bearer $key", "Authorization: Bearer $key");
my $r = ask('items', '/v1/items', @two);

is(said($r), '400 credential_conflict no-store', 'two Authorization lines');
is($r->json->{instance}, '/v1/items', 'to that path');
is(join('|', $r->header('WWW-Authenticate')),
   'Bearer realm="items", error="invalid_request"', 'and a challenge');
is(said(ask('items', '/v1/items', 'Authorization: Basic eDp5', $two[0])),
   '400 credential_conflict no-store', 'of which one is no key');
is(said(ask('own', '/v1/items', @two)), '409 credential_conflict no-store',
   'with a status of its own');
is(said(ask('items', '/v1//items', @two)), '400 path_ambiguous no-store',
   'the path is looked at first');
is(said(ask('items', '/v1/open', @two)), '400 bad_request',
   'nobody asks for a key on a public route: nginx alone refuses');
is(said(ask('header', '/v1/items', @two)), '400 bad_request',
   'nor for that header where keys are sent in another');

# what is nginx's own affair stays so

is(said(ask('items', '/v1/items', 'Host: b')), '400 bad_request',
   'two Host lines');
is(said(ask('items', '/v1/items', $two[0], 'Content-Length: x')),
   '400 bad_request', 'a bad header');
is(said(ask('items', '/v1/items x')), '400 bad_request',
   'a request line that goes on');
is(said(ask('items', '/' . 'x' x 5000)), '414 uri_too_long',
   'a path that is too long');
like(ask('dry', '/%00')->{body}, qr/<center>nginx/,
     'a dry run leaves it to nginx, page and all');
is(said(ask('open', '/%00')), '400 path_ambiguous no-store',
   'where only errors hold, and locations may be gated');
is(said(ask('open', '/v1/items', @two)), '400 credential_conflict no-store',
   'and on a route of that API');
is(said(ask('open', '/v2/items', @two)), '400 bad_request',
   'not on what may well be something else');
like(ask('silent', '/%00')->{body}, qr/<html>/, 'no errors in shape here');
is(ask('page', '/%00')->{body}, 'the page', 'a page of error_page');

# over HTTP/2, where curl knows it

if (`curl --version 2>&1` =~ /\bHTTP2\b/) {
    my @curl = ('curl', '-s', '--path-as-is', '--http2-prior-knowledge', '-m',
                10, '-H', $two[0]);
    my $base = 'http://127.0.0.1:' . $t->port('TWO');

    for my $row ([ 'path_ambiguous', "$base/%00" ],
                 [ 'path_ambiguous', "$base/../v1/items" ],
                 [ 'credential_conflict', '-H', $two[1], "$base/v1/items" ])
    {
        my ($code, @args) = @$row;

        open my $f, '-|', @curl, @args or die "curl: $!\n";
        like(<$f> // '', qr/"code":"$code"/, "HTTP/2: $code");
        close $f;
    }
}

# nothing of all that has been charged, and it is known to the log

is($t->status('/v1/items', bearer => $key, port => $t->port('ITEMS')), 200,
   'the first request');
like(ask('items', '/v1/items', $two[0])->header('RateLimit'), qr/;r=0;/,
     'and the second are all that is charged');
is($t->hits, 2, 'nor has it reached the upstream');

my $log = $t->read_file('early.log');
my ($paths, $keys) = map { my @n = $log =~ /^$_ 400$/mg; scalar @n }
    'path_ambiguous', 'credential_conflict';

ok($paths >= 2 * @paths + 5 && $keys >= 3, 'the verdict is a variable, too')
    or diag($log);
like($t->read_file('error.log'),
     qr/keygate: refused path_ambiguous: /, 'and a line in the log');

# "listen ... http2" is deprecated, not gone, in newer versions
$t->allow(qr/\[warn\]/);
$t->done;

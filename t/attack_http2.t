#!/usr/bin/perl

# HTTP/2 written by hand: pseudo headers and fields that no client library
# would send.  Whatever they are, nothing is let in that the key may not.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use IO::Select;
use IO::Socket::INET;
use Test::More;
use Time::HiRes qw(time);

use Keygate;
use Keygate::Items;

my $t = Keygate->new(conf =>
    items_conf(rate => 'rate 100000r/h;', credential =>
        "credential header X-Api-Key;\n credential bearer;")
    =~ s/(%%PORT%%);/$1 http2;/r);

my $key = $t->key(scopes => ['items:read']);
my $other = $t->key(scopes => ['items:read']);

# what nginx refuses itself, it logs
$t->exposed($other);
$t->start;

sub frame {
    my ($type, $flags, $stream, $data) = @_;

    return substr(pack('N', length $data), 1)
           . pack('CCN', $type, $flags, $stream) . $data;
}

# Literal fields, never indexed, without Huffman coding.

sub fields {
    return join '', map { "\0" . join '', map { text($_) } @$_ } @_;
}

sub text {
    my ($text) = @_;

    my ($n, $out) = (length $text);
    return chr($n) . $text if $n < 127;

    $out = "\x7f";
    for ($n -= 127; $n >= 128; $n >>= 7) { $out .= chr(128 + $n % 128) }

    return $out . chr($n) . $text;
}

# One stream on one connection: the status, or "none".

sub status {
    my ($headers, %o) = @_;

    my $s = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
        PeerPort => $t->port) or die "connect: $!\n";
    my $flags = 4 | (defined $o{body} ? 0 : 1);

    syswrite $s, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" . frame(4, 0, 0, '')
        . frame(1, $flags, 1, fields(@$headers))
        . (defined $o{body} ? frame(0, 1, 1, $o{body}) : '');

    my ($in, $status, $deadline) = ('', 'none', time + 10);

    while ($status eq 'none' && time < $deadline
           && IO::Select->new($s)->can_read(3))
    {
        sysread $s, $in, 65536, length $in or last;

        while (length $in >= 9) {
            my $n = unpack 'N', "\0" . substr $in, 0, 3;
            last if length $in < 9 + $n;

            my ($type, undef, $stream) = unpack 'x3 CCN', $in;
            my $data = substr $in, 9, $n;
            substr $in, 0, 9 + $n, '';

            return 'reset' if $type == 3 && $stream == 1;
            return 'closed' if $type == 7 && unpack('x4 N', $data) != 0;
            next if $type != 1;

            my %known = (0x88 => 200, 0x89 => 204, 0x8c => 400, 0x8d => 404,
                         0x8e => 500);
            $data =~ s/^(?:[\x20-\x3f])+//;
            my $first = unpack 'C', $data;
            $status = $known{$first} // (substr($data, 2, 3));
            last;
        }
    }

    return $status;
}

sub request {
    my (%o) = @_;

    return [ [ ':method', $o{method} // 'GET' ],
             [ ':scheme', $o{scheme} // 'http' ],
             [ ':path', $o{path} // '/v1/items' ],
             [ ':authority', $o{authority} // 'localhost' ],
             @{$o{more} || []} ];
}

my @key = [ 'x-api-key', $key ];
my @loud = [ 'x-api-key', $other ];

is(status(request(more => \@key)), 200, 'a plain request');
is(status(request()), 401, 'one without a key');
is(status(request(path => '/v1/admin/keys', more => \@key)), 403,
   'one without the scope');
is(status(request(more => [ [ authorization => "bearer $key" ] ])), 200,
   'a bearer token');
is($t->hits, 2, 'as it should be');

my @p = @{request(more => \@loud)};

my %odd = (
    'no path'                  => [ @p[0, 1, 3, 4] ],
    'no method'                => [ @p[1 .. 4] ],
    'no scheme'                => [ @p[0, 2, 3, 4] ],
    'two paths'                => [ @p, [ ':path', '/v1/items' ] ],
    'a path after the fields'
        => [ @p[0, 1, 3, 4], [ ':path', '/v1/admin/keys' ] ],
    'two methods'              => [ [ ':method', 'GET' ], @p ],
    'two keys'                 => [ @p, @loud ],
    'two keys, and a space'    => [ @p, [ 'x-api-key', " $other" ] ],
    'a key and a token'        => [ @p, [ authorization => "Bearer $other" ] ],
    'the name in upper case'   => [ @p[0 .. 3], [ 'X-Api-Key', $other ] ],
    'a name that ends in a space'
        => [ @p[0 .. 3], [ 'x-api-key ', $other ] ],
    'a name with a colon'      => [ @p[0 .. 3], [ 'x-api-key:', $other ] ],
    'a name with an underscore' => [ @p[0 .. 3], [ 'x_api_key', $other ] ],
    'a line break in a value'  => [ @p, [ 'a', "b\r\nX-Api-Key: $other" ] ],
    'a NUL in the key'         => [ @p[0 .. 3], [ 'x-api-key', "$other\0" ] ],
    'a NUL before the key'     => [ @p[0 .. 3], [ 'x-api-key', "\0$other" ] ],
    'a name that is empty'     => [ @p[0 .. 3], [ '', $other ] ],
    'a response\'s header'     => [ [ ':status', '200' ], @p ],
    'an unknown one'           => [ [ ':key', $other ], @p ],
    'another protocol'         => [ [ ':protocol', 'websocket' ], @p ],
);

for my $name (sort keys %odd) {
    like(status($odd{$name}), qr/^(?:40[0-9]|none|reset|closed)$/, $name);
}

for my $path ('*', '', 'v1/items', '?', '//v1/items', "/v1/items\0",
    "/v1/items HTTP/1.1\r\nX-Api-Key: x", "/v1/items\nx", '/v1/items/../items',
    '/v1/items#x', "/v1/items\xff", '/v1/items/%2e%2e', '/v1\\items',
    'http://localhost/v1/items', "/v1/admin/keys", '/v1/items/..;/admin/keys')
{
    my $name = $path =~ s/([^!-~])/sprintf '\\x%02x', ord $1/ger;

    like(status(request(path => $path, more => \@loud)),
         qr/^(?:40[0-9]|none|reset|closed)$/, "the path \"$name\"");
}

for my $method ('get', '', 'GET /v1/items', "GET\0", 'G' x 300, 'CONNECT',
                'TRACE', 'PUT', '*')
{
    my $name = $method =~ s/([^!-~])/sprintf '\\x%02x', ord $1/ger;

    like(status(request(method => $method, more => \@loud)),
         qr/^(?:40[0-9]|none|reset|closed)$/, "the method \"$name\"");
}

is($t->hits, 0, 'nothing of all that has reached the upstream');

# -- a refused request's body

for my $more ([], \@key) {
    like(status(request(method => 'POST', more => $more),
                body => "GET /v1/open HTTP/1.1\r\nHost: a\r\n\r\n"),
         qr/^40[13]$/, 'a refused request with a body');
}

is(status(request(path => '/v1/open')), 200, 'all is well afterwards');
is($t->hits, 1, 'and only that has reached the upstream');

$t->allow(qr/\[warn\]/);
$t->done;

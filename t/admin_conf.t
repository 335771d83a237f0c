#!/usr/bin/perl

# Mistakes around keygate_admin and keygate_metrics are found by nginx -t, with
# file and line, what was found and what was expected.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Digest::SHA qw(sha256_hex);
use Test::More;

use Keygate;
use Keygate::Admin;
use Keygate::Items;

my $t = Keygate->new;

admin_token($t);
$t->write_file('short', substr sha256_hex('x'), 1);
$t->write_file('none', '');
$t->write_file('empty', sha256_hex('') . "\n");
$t->write_file('sum', sha256_hex('x') . "  -\n");


# One line in a location, or a server's whole inside.

sub conf {
    my ($line, %o) = @_;

    my $where = $o{where} // 'location /admin/';
    my $server = $o{server} // "$where { $line }";

    return items_api(%o) . "server { listen 127.0.0.1:%%PORT%%; $server }\n";
}

for (['keygate_admin items token=admin.token;'],
    ['keygate_admin items token=sum;'],
    ['keygate_admin items token=admin.token;', where => 'location /'],
    ['keygate_admin items token=admin.token; keygate off;'],
    ['keygate_metrics;', where => 'location = /metrics'])
{
    my ($line, %o) = @$_;
    my ($code, $text) = $t->check_conf(conf($line, %o));

    is($code, 0, $line . ($o{where} // '')) or diag($text);
}

for (['keygate_admin items;', qr/invalid number of arguments/],
    ['keygate_admin items secret=x;', qr/"secret=x", expected "token=PATH"/],
    ['keygate_admin items token=;', qr/"token=", expected "token=PATH"/],
    ['keygate_admin items token=missing;',
        qr/invalid token file ".*\/missing", expected .* \(2: No such file/],
    ['keygate_admin items token=short;', qr/invalid token file ".*\/short"/],
    ['keygate_admin items token=none;', qr/invalid token file ".*\/none"/],
    ['keygate_admin items token=empty;', qr/which is not empty/],
    ['keygate_admin itmes token=admin.token;', qr/unknown API "itmes"/],
    ['keygate_admin items token=admin.token; '
        . 'keygate_admin items token=admin.token;', qr/is duplicate/],
    ['keygate_admin items token=admin.token; keygate_metrics;',
        qr/another directive that answers/],
    ['keygate_metrics; keygate_admin items token=admin.token;',
        qr/expected a location of its own/],
    ['keygate_admin items token=admin.token; keygate items;',
        qr/where "keygate items" holds, expected "keygate off"/],
    ['keygate_admin items token=admin.token;', qr/where "keygate items" holds/,
        server => 'keygate items; location / { '
                  . 'keygate_admin items token=admin.token; }'],
    ['keygate_admin items token=admin.token;', qr/expected a prefix/,
        where => 'location ~ ^/admin'],
    ['keygate_admin items token=admin.token;', qr/expected a prefix/,
        where => 'location = /admin'],
    ['keygate_admin items token=admin.token;', qr/expected a prefix/,
        where => 'location @admin'],
    ['keygate_admin items token=admin.token;', qr/directive is not allowed/,
        server => 'keygate_admin items token=admin.token;'],
    ['keygate_admin items token=admin.token;',
        qr/zone "keys" has no journal .* expected "journal=PATH"/,
        zone => "keygate_zone keys:1m;\n"])
{
    my ($line, $expected, %o) = @$_;
    my ($code, $text) = $t->check_conf(conf($line, %o));

    is($code, 1, "refused: $line");
    like($text, $expected, 'and why');
    like($text, qr/in \S+check\.conf:\d+/, 'with file and line');
}

$t->done;

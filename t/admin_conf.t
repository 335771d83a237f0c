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
$t->write_file('two', sha256_hex('x') . "  -\n" . sha256_hex('y') . "  -\n");
$t->write_file('good', "# who\n\nben admin sha256:" . sha256_hex('x')
    . " 2027-01-01T00:00:00Z\r\n\tmia\tread sha256:" . sha256_hex('y'));

# Lines of token files, and what is said of each.

my $x = 'sha256:' . sha256_hex('x');
my @bad = (["ben admin", qr/word 3 in line 1 of .*a line "NAME ROLE sha256:/],
    ["cli:ben admin $x", qr/word 1 "cli:ben" in line 1 .* a name/],
    ["b/n admin $x", qr/word 1 "b\/n" in line 1 .* a name/],
    ["# 1\nben boss $x", qr/word 2 "boss" in line 2 .* a role: read, keys/],
    ['ben read ' . sha256_hex('x'), qr/word 3 in line 1 .* "sha256:"/],
    ['ben read sha256:' . sha256_hex(''), qr/word 3 in line 1 .*not empty/],
    ["ben read $x tomorrow", qr/word 4 "tomorrow" in line 1 .* RFC 3339/],
    ["ben read $x 2027-01-01T00:00:00Z x", qr/word 5 "x" .* end of the line/],
    ["ben read $x\nmia read $x", qr/word 3 in line 2 .*no other line has/]);

$t->write_file("bad$_", "$bad[$_][0]\n") for 0 .. $#bad;


# One line in a location, or a server's whole inside.

sub conf {
    my ($line, %o) = @_;

    my $where = $o{where} // 'location /admin/';
    my $server = $o{server} // "$where { $line }";

    return items_api(%o) . "server { listen 127.0.0.1:%%PORT%%; $server }\n";
}

for (['keygate_admin items token=admin.token;'],
    ['keygate_admin items token=sum;'],
    ['keygate_admin items tokens=good;'],
    ['keygate_admin items tokens=none;'],
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
    ['keygate_admin items token=two;',
        qr/a second line in the token file ".*\/two", expected one token/],
    ['keygate_admin items token=sum tokens=good;',
        qr/"tokens=good" is one parameter too many/],
    ['keygate_admin items tokens=;', qr/"tokens=", expected "token=PATH"/],
    ['keygate_admin items tokens=missing;', qr/invalid token file ".*missing"/],
    ['keygate_admin items tokens=.;', qr/invalid token file/],
    (map { ["keygate_admin items tokens=bad$_;", $bad[$_][1]] } 0 .. $#bad),
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
    unlike($text, qr/[0-9a-f]{64}/, 'and no digest');
}

SKIP: {
    skip 'only root has workers of another user', 4 if $> != 0;

    my $other = Keygate->new(user => 'nobody nogroup');

    $other->write_file('good', $t->read_file('good'));
    chmod 0600, "$other->{dir}/good";

    my ($code, $text) = $other->check_conf(
        conf('keygate_admin items tokens=good;'));

    is($code, 1, 'a file that workers cannot read again is refused');
    like($text, qr/"\S+good" belongs to uid 0 with mode 0600, expected one (?#
            )that the workers,/, 'and why');
    $other->done;
}

$t->done;

#!/usr/bin/perl

# What may be in place of a journal: garbage, holes, nothing, a directory, what
# nobody may read.  The keys stay as they are, and nobody else gets in.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use Time::HiRes qw(sleep time);

use Keygate;
use Keygate::Faults;
use Keygate::Items;

# the workers are somebody else, who must be able to get there

local $ENV{TMPDIR} = '/tmp';

my $t = Keygate->new(workers => 2, user => 'nobody nogroup',
    conf => items_conf(zone => "keygate_zone keys:1m "
        . "journal=%%DIR%%/j/keys.jsonl;\n"));

mkdir "$t->{dir}/j";
chown scalar(getpwnam 'nobody'), -1, "$t->{dir}/j" if $> == 0;
$t->{zones} = ['j/keys'];
chmod 0777, "$t->{dir}/temp";

my $path = "$t->{dir}/j/keys.jsonl";
my $first = $t->key(id => 'tk_FIRST1', scopes => ['items:read']);

$t->start;
$t->allow(qr/cannot follow/);
is($t->status('/v1/items', key => $first), 200, 'a key');

my @garbage = (
    'a hole, as a crash leaves it' => "\0" x 5000,
    'bytes' => join('', map { chr } 0 .. 9, 11 .. 255) x 20,
    'ten megabytes without an end' => 'x' x 10_000_000,
    'half of a record' => '{"key":{"id":"tk_FIRST1","deleted":tr',
    'two records on a line' => '{"key":{"id":"tk_FIRST1","deleted":true}}' x 2,
    'a deep one' => '[' x 60000,
    'carriage returns' => '{"key":{"id":"tk_FIRST1","deleted":true}}' . "\r{",
    'a byte order mark' => "\xef\xbb\xbf"
        . '{"key":{"id":"tk_FIRST1","deleted":true}}',
    'a record in UTF-16' => join('', map { "$_\0" }
        split //, '{"key":{"id":"tk_FIRST1","deleted":true}}'),
);

for (my $i = 0; $i < @garbage; $i += 2) {
    my ($what, $bytes) = @garbage[$i, $i + 1];

    $t->append("$bytes\n");
    my $next = $t->key(scopes => ['items:read']);

    ok($t->wait_for(sub {
        $t->status('/v1/items', key => $next) == 200 }, 5),
        "$what: what comes after it is read");
    is($t->status('/v1/items', key => $first), 200,
        'and the record that it names is as before');
}

my $bad = ($t->make_key(id => 'tk_FIRST1'))[1];
my $whole = $t->read_file('j/keys.jsonl');


sub holds {
    my ($what) = @_;

    sleep 0.7;
    is($t->status('/v1/items', key => $first), 200, "$what: keys stay");
    is($t->status('/v1/items', key => $bad), 401, 'and nobody else gets in');
    is($t->status('/v1/items'), 401, 'nor without a key');
    is(scalar(() = $t->workers), 2, 'both workers live');
}


sub back {
    my ($what) = @_;

    unlink $path or rmdir $path;
    $t->replace($whole);
    chown scalar(getpwnam 'nobody'), -1, $path if $> == 0;
    my $next = $t->key(scopes => ['items:read']);
    $whole = $t->read_file('j/keys.jsonl');

    ok($t->wait_for(sub {
        $t->status('/v1/items', key => $next) == 200 }, 5),
        "$what: when it is back it is followed");
}

unlink $path;
holds('missing');
back('missing');

unlink $path;
mkdir $path;
holds('a directory');
back('a directory');

unlink $path;
symlink $path, $path;
holds('a link to itself');
back('a link to itself');

unlink $path;
symlink '/dev/zero', $path;
holds('a device');
back('a device');

SKIP: {
    skip 'only root can be somebody else', 6 if $> != 0;

    unlink $path;
    $t->replace($whole);
    chmod 0, $path;
    holds('unreadable');

    my $log = length $t->read_file('error.log');

    kill 'HUP', $t->{master};
    sleep 1;
    holds('unreadable, and a reload');
    back('unreadable');
}

SKIP: {
    skip 'only root has workers of another user', 7 if $> != 0;

    chown 0, -1, $path;
    chmod 0600, $path;
    holds('of root');

    my ($code, $text) = $t->check_conf;

    isnt($code, 0, 'one that only root may read: nginx -t fails');
    like($text, qr/it belongs to uid 0 with mode 0600, expected .* owner (?#
        )nobody \(uid \d+\) and mode 0600 in \S+:\d+/, 'and what is wanted');
    is((stat $path)[4], 0, 'it is still root\'s');
    chown scalar(getpwnam 'nobody'), -1, $path;
}

# -- None of them at the start: no gateway is better than an open one

my %none = (
    'a directory' => sub { mkdir $path },
    'a link to itself' => sub { symlink $path, $path },
    'a device' => sub { symlink '/dev/zero', $path },
);

$t->stop;
$t->allow(qr/\[emerg\]/);

for my $what (sort keys %none) {
    unlink $path or rmdir $path;
    $none{$what}->();

    my ($code, $text) = $t->check_conf;

    isnt($code, 0, "$what at the start: nginx -t fails");
    like($text, qr/keys\.jsonl.* in \S+:\d+/, 'with the file and the line');
}

figure(@garbage / 2 . ' kinds of garbage', '7 kinds of nothing');

$t->{seen} = '';
$t->done;

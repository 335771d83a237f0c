#!/usr/bin/perl

# A reload with a configuration that is wrong, under load: the old one goes on,
# with its workers, its keys and its counts, and the message names file and
# line.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use POSIX ();
use Test::More;
use Time::HiRes qw(sleep);

use Keygate;
use Keygate::Admin;
use Keygate::Faults;
use Keygate::Load;
use Keygate::Mix;

my $conf = admin_conf(rate => 'rate 1000000r/h;', routes => '',
    zone => "keygate_zone keys:1m journal=keys.jsonl pepper=pepper;\n");

my $t = Keygate->new(workers => 2, origin => 1, conf => $conf,
    pepper => 'p' x 40);

$t->write_file('pepper', $t->{pepper});
POSIX::mkfifo("$t->{dir}/fifo", 0600);
admin_token($t);

my $mix = Keygate::Mix->new($t);

# what is wrong => the configuration

my @wrong = (
    'a brace that is missing' => $conf =~ s/\}\s*\z//r,
    'an unknown directive' => "$conf keygate_zoom keys;\n",
    'an unknown scope' => $conf =~ s/items +items:read;/items item:read;/r,
    'a missing directory' => $conf =~ s{journal=}{journal=none/}r,
    'a file in place of a directory' =>
        $conf =~ s{journal=}{journal=nginx.conf/}r,
    'a directory in place of the journal' =>
        $conf =~ s{journal=keys.jsonl}{journal=temp}r,
    'a FIFO in place of the journal' =>
        $conf =~ s{journal=keys.jsonl}{journal=fifo}r,
    'a smaller zone, too small for anything' => $conf =~ s/keys:1m/keys:4k/r,
    'a smaller zone, too small for its journal' =>
        $conf =~ s/keys:1m/keys:128k/r,
    'a pepper that is missing' => $conf =~ s/pepper=pepper/pepper=salt/r,
    'an admin token that is missing' => $conf =~ s/admin\.token/no.token/r,
    'no zone at all' => $conf =~ s/keygate_zone.*;\n//r,
);

# more keys than 128 KiB hold

$t->append(join '', map { ($t->make_key(scopes => ['items:read']))[0] }
    1 .. 600);

$t->start;
$t->allow(qr/\[emerg\]/);

my $load = Keygate::Load->new(n => 8, rate => 150, next => $mix->next)
    ->background("$t->{dir}/load.json");

sub counted {
    return $t->get('/v1/items', key => $mix->{keys}{live})
             ->header('RateLimit') =~ /r=(\d+)/ ? $1 : -1;
}

for my $i (0 .. @wrong / 2 - 1) {
    my ($name, $text) = @wrong[2 * $i, 2 * $i + 1];
    my @before = sort $t->workers;
    my $log = length $t->read_file('error.log');
    my $left = counted();

    $t->{conf} = $text;
    $t->write_conf;
    kill 'HUP', $t->{master};

    ok($t->wait_for(sub {
        substr($t->read_file('error.log'), $log) =~ /\[emerg\]/ }),
        "$name: is reported");

    sleep 0.1;

    my ($first) = substr($t->read_file('error.log'), $log)
        =~ /(\[emerg\].*)/;

    like($first, qr/nginx\.conf:\d+/, 'with file and line')
        or diag($first);
    is(join(' ', sort $t->workers), "@before", 'the old workers go on');
    cmp_ok(counted(), '<', $left, 'and count');
}

$t->{conf} = $conf;
ok($t->reload, 'the right configuration is taken');
cmp_ok(counted(), '<', 1000000 - 2 * @wrong / 2, 'and the count goes on');

my $key = $t->key(scopes => ['items:read']);
ok($t->wait_for(sub { $t->status('/v1/items', key => $key) == 200 }, 3),
    'and the journal is followed');

$load->finish;
figure(@wrong / 2 . ' wrong configurations', $load->summary);
is($load->faults, '', 'no request has failed, none was decided wrongly');
is($load->{failed} + $load->{wrong}, 0, $load->summary);
is($mix->leaked, '', 'nothing that was refused has reached the upstream');

$t->done;

#!/usr/bin/perl

# Usage is exact: under load over two workers that are reloaded meanwhile, and
# when the disk is full for a while.  What could not be written is written
# later, once.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use JSON::PP ();
use Test::More;

use Keygate;
use Keygate::Admin;
use Keygate::Faults;
use Keygate::Load;

my $t = Keygate->new(workers => 2, origin => 1, conf => admin_conf(
    zone => "keygate_zone keys:1m journal=keys.jsonl "
        . "usage=%%DIR%%/disk/usage;\n",
    routes => 'route GET /v1/dear any cost=3;',
    rate => 'rate 1000000r/h;'));

# a small disk of its own, where that may be made

my $disk = "$t->{dir}/disk";

mkdir $disk;
my $own = $> == 0 && system("mount -t tmpfs -o size=64k none $disk 2>&1") == 0;

admin_token($t);

my %key = (live => $t->key(id => 'tk_AAAAAA', scopes => ['items:read']),
    scopeless => $t->key(id => 'tk_BBBBBB'));

$t->start;


sub used {
    my ($id) = @_;

    my ($allowed, $refused, $cost) = (0, 0, 0);

    for my $day (@{admin($t, 'GET', "/keys/tk_$id/usage")->json->{data}}) {
        $allowed += $day->{allowed};
        $cost += $day->{cost};
        $refused += $_ for values %{$day->{refused}};
    }

    return "$allowed $refused $cost";
}


# What all lines together say, by their last ones.

sub written {
    my ($id) = @_;

    my %last;
    my $sum = 0;

    for my $path (glob "$disk/usage/usage-*.jsonl") {
        for my $line (split /\n/, $t->read_file($path =~ s/^\Q$t->{dir}\E.//r))
        {
            my $u = JSON::PP->new->decode($line)->{usage};

            $last{$u->{hour}} = $u->{allowed} if $u->{key} eq "tk_$id";
        }
    }

    $sum += $_ for values %last;

    return $sum;
}


my ($reloads, $next, %sent) = (0, time + 1);
my @mix = ([ 'live', '/v1/items', 200 ], [ 'live', '/v1/dear', 200 ],
    [ 'scopeless', '/v1/items', 403 ], [ 'scopeless', '/v1/nothing', 404 ]);
my $turn = 0;

my $load = Keygate::Load->new(n => 16, rate => 500, next => sub {
    my ($who, $path, $status) = @{$mix[$turn++ % @mix]};

    return { port => $t->port, again => 1, want => $status,
        bytes => $t->request_bytes($path, key => $key{$who}, keep => 1) };
}, tick => sub {
    return if time < $next || $reloads == 3;

    kill 'HUP', $t->{master};
    $reloads++;
    $next = time + 1;
});

$load->run(6);
figure($load->summary, "$reloads reloads");
is($load->{wrong} + $load->{failed}, 0, $load->summary)
    or diag($load->faults);

my $allowed = $load->{status}{200};
my $refused = $load->{status}{403} + $load->{status}{404};

# half of them, within the order in which they were sent, cost 3

my ($n, undef, $cost) = split ' ', used('AAAAAA');

is($n, $allowed, "each of the $allowed that were let in is counted once");
cmp_ok(abs($cost - 2 * $allowed), '<', 64, 'with what it costs');
is((split ' ', used('BBBBBB'))[1], $refused,
    "each of the $refused that were refused is");
ok($t->reload, 'a reload writes all of it');
ok($t->wait_for(sub { written('AAAAAA') == $allowed }), 'as it is');
is((split ' ', used('AAAAAA'))[0], $allowed, 'and none of it twice');

# -- No room

SKIP: {
    skip 'no disk of its own can be made here', 8 if !$own;

    my $room = 'x' x 4096;

    open my $f, '>', "$disk/fill" or die;
    1 while syswrite $f, $room;
    close $f;

    my ($path) = glob "$disk/usage/*";

    # what is left of the last page of the file is room, too
    open $f, '>>', $path;
    syswrite $f, ' ' x (4096 - (-s $path) % 4096 - 1) . "\n";
    close $f;
    my $size = -s $path;

    $t->allow(qr/cannot write its usage/);
    $t->status('/v1/items', key => $key{live}) for 1 .. 5;
    ok($t->wait_for(sub {
        $t->read_file('error.log') =~ /cannot write its usage into ".*": /
        && $t->read_file('error.log') =~ /: No space left on device; what is /
        && $t->read_file('error.log') =~ /what is counted is kept in memory/;
    }, 60), 'a disk that is full is told');
    is(-s $path, $size, 'a file that cannot be written is as before');
    $t->status('/v1/items', key => $key{live}) for 1 .. 4;
    is($t->status('/v1/items', key => $key{live}), 200, 'traffic goes on');
    like($t->get('/metrics', port => $t->port('ADMIN'))->{body},
        qr/^keygate_usage_write_errors_total\{zone="keys"\} [1-9]/m,
        'and a metric');
    unlink "$disk/fill";
    ok($t->wait_for(sub {
        $t->read_file('error.log') =~ /writes its usage into ".*" again/;
    }, 60), 'it goes on when there is room');
    is((split ' ', used('AAAAAA'))[0], $allowed + 10,
        'nothing is lost, nor twice');
    $t->stop;
    is(() = $t->read_file('error.log') =~ /kept in memory/g, 1,
        'it was told once');
}

$t->stop;
system "umount $disk 2>/dev/null" if $own;
$t->done;

#!/usr/bin/perl

# A disk that fails: short writes, no room, failed syncs, and what goes wrong
# while that is put right.  The change is refused, the journal is as before,
# what is in memory is unchanged, traffic goes on, and when it is over changes
# are taken again.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Errno qw(EDQUOT EFBIG EIO ENOSPC EROFS);
use Test::More;

use Keygate;
use Keygate::Admin;
use Keygate::Faults;
use Keygate::Load;
use Keygate::Mix;
use Keygate::Shim;

plan skip_all => Keygate::Shim->impossible if Keygate::Shim->impossible;

my $t = Keygate->new(workers => 2, origin => 1, conf => admin_conf(
    zone => "keygate_zone keys:1m journal=disk/keys.jsonl;\n",
    rate => 'rate 1000000r/h;'), zones => []);

# a small disk of its own, where that may be made

my $disk = "$t->{dir}/disk";

mkdir $disk;
my $own = $> == 0 && system("mount -t tmpfs -o size=256k none $disk 2>&1") == 0;

$t->{zones} = ['disk/keys'];
$t->journal_create;
admin_token($t);

my $mix = Keygate::Mix->new($t);
my $shim = Keygate::Shim->new($t, 'disk');
my $path = "$disk/keys.jsonl";

$t->start;
$t->allow(qr/\[crit\]/);

my $victim = $t->key(id => 'tk_VICTIM', scopes => ['items:read']);

$t->wait_for(sub { $t->status('/v1/items', key => $victim) == 200 }, 3);

my $load = Keygate::Load->new(n => 4, rate => 300, next => $mix->next)
    ->background("$t->{dir}/load.json");

sub create {
    return admin($t, 'POST', '/keys', { account => 'acc_1', name => 'x',
        scopes => ['items:read'] });
}

# The numbers of t/faults/disk.c, by the name of the call.

my %place = (write => 0, fdatasync => 4, fsync => 8, truncate => 12,
             rename => 16);

sub faults {
    my (%fault) = @_;

    my @numbers = (0) x 20;

    for my $call (keys %fault) {
        splice @numbers, $place{$call}, @{$fault{$call}}, @{$fault{$call}};
    }

    $shim->set(@numbers);
}

sub met {
    return join ' ', grep { $shim->get($place{$_} + 3) } sort keys %place;
}


# -- What is refused

my ($error, $half, $most) = (1, 2, 3);
my $cases = 0;

for my $case (
    [ 507, 'no room', write => [ $error, ENOSPC ] ],
    [ 507, 'a quota', write => [ $error, EDQUOT ] ],
    [ 507, 'a file as large as it may be', write => [ $error, EFBIG ] ],
    [ 503, 'a disk that does not write', write => [ $error, EIO ] ],
    [ 503, 'a disk that is read-only now', write => [ $error, EROFS ] ],
    [ 503, 'a disk that does not sync', fdatasync => [ $error, EIO ] ],
    [ 507, 'no room when it is synced', fdatasync => [ $error, ENOSPC ] ],
    [ 503, 'that, and no sync of a new file either',
        fdatasync => [ $error, EIO ], fsync => [ $error, EIO ] ],
    [ 503, 'that, and no way to write a new file',
        fdatasync => [ $error, EIO ], write => [ $error, EIO, 1 ] ],
    [ 503, 'that, and no way to name it',
        fdatasync => [ $error, EIO ], rename => [ $error, EIO ] ],
    [ 503, 'that, and no way to take back what was written',
        fdatasync => [ $error, EIO ], truncate => [ $error, EIO ],
        rename => [ $error, EIO ] ],
)
{
    my ($status, $name, %fault) = @$case;
    my $before = $t->read_file($path);

    faults(%fault);

    my $r = admin($t, 'POST', '/keys/tk_VICTIM/revoke');
    is($r->{status}, $status, "$name: a key is not revoked");
    isnt(met(), '', 'which is what was to be tried: ' . met());
    is(problem_is($r), $status == 507 ? '507 insufficient_storage'
                                      : '503 service_unavailable',
        'the answer says so');
    is(create()->{status} =~ /^50[37]$/, 1, 'nor is one made');

    # whoever follows the journal has read all that it holds when this is in
    # force

    my $next = $fault{truncate}
        ? $t->key(id => 'tk_NEXT01', scopes => ['items:read']) : $victim;

    ok($t->wait_for(sub { $t->status('/v1/items', key => $next) == 200 }, 3),
        'what others append is followed');
    is($t->status('/v1/items', key => $victim), 200, 'the key is alive');
    is(admin($t, 'GET', '/keys/tk_VICTIM')->json->{revoked_at}, undef,
        'and is said to be');

    is($t->read_file($path), $before, 'the journal is as before')
        if !$fault{truncate};

    faults();
    $r = create();
    is($r->{status}, 201, 'when it is over, changes are taken again');
    is($t->status('/v1/items', key => $r->json->{secret}), 200,
        'and in force');
    is($t->status('/v1/items', key => $_), 200, 'the others are alive')
        for $victim, $next;

    my @lines = split /\n/, $t->read_file($path), -1;

    is(substr($t->read_file($path), 0, length $before), $before,
        'the journal goes on from where it was');
    is(pop @lines, '', 'and has no torn line');
    $cases++;
}


# -- What is not: a write that needs several calls

for my $case ([ 'half of it at a time', $half ], [ 'all but a byte', $most ]) {
    my ($name, $what) = @$case;

    faults(write => [ $what, 0 ]);

    my $r = create();

    is($r->{status}, 201, "a short write, $name: the rest follows");
    isnt(met(), '', 'which is what was to be tried');
    faults();
    is($t->status('/v1/items', key => $r->json->{secret}), 200, 'in force');
    is(scalar(grep { length && !/^\{.*\}$/ }
              split /\n/, $t->read_file($path)), 0, 'no line is torn');
}

# half of it, and then no more

my $before = $t->read_file($path);

$t->append('{"key":{"id":"tk_VIC');
my $torn = $t->read_file($path);

faults(write => [ $half, 0, 0 ], fdatasync => [ $error, ENOSPC ]);
is(create()->{status}, 507, 'behind a torn line: short, and then no room');
is($t->read_file($path), $torn, 'the torn line is as it was');
faults();
is(create()->{status}, 201, 'and the next one begins a line of its own');
is(scalar(grep { length && !/^\{.*\}$/ } split /\n/, $t->read_file($path)),
    1, 'after the torn one');


# -- A disk that is full

SKIP: {
    skip 'no disk of its own', 6 if !$own;

    open my $f, '>', "$disk/filler" or die;
    binmode $f;
    1 while syswrite $f, 'x' x 4096;

    my ($r, $made) = (create(), 0);

    # what is left of the last page

    while ($r->{status} == 201 && $made++ < 100) {
        $r = create();
    }

    $before = $t->read_file($path);

    is(problem_is($r), '507 insufficient_storage', 'a full disk');
    is(create()->{status}, 507, 'however often') for 1 .. 3;
    is(admin($t, 'POST', '/keys/tk_VICTIM/revoke')->{status}, 507,
        'nothing can be revoked, and nobody is told it was');
    is($t->status('/v1/items', key => $victim), 200, 'it is alive');
    is($t->read_file($path), $before, 'the journal is as before');

    close $f;
    unlink "$disk/filler";
    is(create()->{status}, 201, 'when there is room again, all is well');
}

is(admin($t, 'POST', '/keys/tk_VICTIM/revoke')->{status}, 200, 'at last');
is($t->status('/v1/items', key => $victim), 401, 'it is revoked');

$load->finish;
figure("$cases faults", $load->summary, $own ? 'and a full disk' : ());
is($load->faults, '', 'traffic: no request failed, none was decided wrongly');
is($load->{failed} + $load->{wrong}, 0, $load->summary);

like($t->read_file('error.log'), qr/\[crit\].*cannot write the journal/,
    'the log says so');

$t->{seen} = '';
$t->stop;
system("umount $disk") if $own;
$t->done;

END {
    local $?;
    system("umount -l $disk 2>/dev/null") if $own;
}

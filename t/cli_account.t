#!/usr/bin/perl

# "keygate account delete": only without live keys, and the journal is read
# before its lock is taken: whoever else writes to it does not wait so long.

use strict;
use warnings;

use Fcntl qw(:flock);
use FindBin qw($Bin);
use lib "$Bin/lib";
use POSIX ();
use Digest::SHA qw(sha256_hex);
use Test::More;
use Time::HiRes qw(sleep time);

use Keygate;
use Keygate::Command;

plan skip_all => 'no keygate command is built'
    if !-x $Keygate::Command::binary;


sub key {
    my ($id, $account, $more, $digest) = @_;

    return sprintf qq({"key":{"id":"%s","account":"%s","digest":"sha256:%s",)
        . qq("scopes":[]%s}}\n), $id, $account, $digest // sha256_hex($id),
        $more // '';
}


my $gone = ',"revoked_at":"2026-01-01T00:00:00Z"';
my $over = ',"expires_at":"2026-01-01T00:00:00Z"';
my $deleted = qq({"key":{"id":"k","deleted":true}}\n);

# what is in the journal after the account, and whether it can be deleted

my @cases = (
    [ 0, 'no keys', '' ],
    [ 4, 'a key', key('k', 'acc') ],
    [ 0, 'a key of another', key('k', 'other') ],
    [ 0, 'a revoked one', key('k', 'acc') . key('k', 'acc', $gone) ],
    [ 0, 'an expired one', key('k', 'acc', $over) ],
    [ 0, 'a deleted one', key('k', 'acc') . $deleted ],
    [ 4, 'one made anew', key('k', 'acc') . $deleted . key('k', 'acc') ],
    [ 0, 'one that has moved', key('k', 'acc') . key('k', 'other') ],
    [ 4, 'one that has come', key('k', 'other') . key('k', 'acc') ],
    [ 4, 'a revocation that no gateway takes', key('k', 'acc')
        . key('x', 'other') . key('k', 'acc', $gone, sha256_hex('x')) ],
    [ 0, 'a key that no gateway takes', key('x', 'other')
        . key('k', 'acc', '', sha256_hex('x')) ],
    [ 0, 'an id in escapes', key('k', 'acc')
        . key('k', 'acc', $gone) =~ s/"k"/"\\u006b"/r ],
);

for my $case (@cases) {
    my ($code, $what, $lines) = @$case;
    my $c = Keygate::Command->new;

    $c->append(qq({"account":{"id":"acc","name":"A"}}\n$lines));

    my $r = $c->run(qw(account delete acc));

    is $r->{code}, $code, "$what: $code" or diag $r->{err};
    is $c->run(qw(account show acc))->{code}, $code == 0 ? 3 : 0,
        $code == 0 ? 'it is gone' : 'it is still there';
    like $r->{err}, qr/has live keys \(1\)/, 'and it is told' if $code != 0;
}

# -- What is read when

my $c = Keygate::Command->new;

$c->append(qq({"account":{"id":"acc","name":"A"}}\n)
    . join '', map { key("k$_", 'other') } 1 .. 20000);

my $size = -s $c->{journal};


# How much the process has read, and whether it has ended.

sub has_read {
    my ($pid) = @_;

    open my $f, '<', "/proc/$pid/io" or return;
    local $/;
    my ($n) = (<$f> // '') =~ /^rchar: (\d+)/;

    return $n;
}


SKIP: {
    skip 'nothing tells what a process reads', 3 if !has_read($$);

    open my $lock, '<', $c->{journal} or die;
    flock $lock, LOCK_EX or die;

    my $pid = fork // die;

    if ($pid == 0) {
        $ENV{KEYGATE_JOURNAL} = $c->{journal};
        exec $Keygate::Command::binary, qw(account delete acc)
            or POSIX::_exit(127);
    }

    my $until = time + 20;

    sleep 0.01 while (has_read($pid) // 0) < $size && time < $until;
    cmp_ok has_read($pid), '>=', $size,
        'all is read while somebody else holds the lock';

    # the process stays to be asked, until it is waited for

    flock $lock, LOCK_UN;
    sleep 0.01 while time < $until && do {
        open my $f, '<', "/proc/$pid/stat" or die;
        <$f> !~ /\) Z /;
    };

    cmp_ok has_read($pid), '<', 1.5 * $size, 'and next to nothing after that';
    waitpid $pid, 0;
    is $?, 0, 'it is deleted';
}

done_testing();

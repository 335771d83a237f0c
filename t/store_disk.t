#!/usr/bin/perl

# The disk of a node's copy is full, or fails: keys are answered as they were,
# limits go on, other nodes notice nothing but that receipts name the node, and
# the log tells.  When there is room again, it has caught up, and its copy is
# in order.

use strict;
use warnings;

use Errno qw(EDQUOT EIO ENOSPC);
use FindBin qw($Bin);
use lib "$Bin/lib";
use Test::More;

use Keygate;
use Keygate::Admin;
use Keygate::Command;
use Keygate::Nodes;
use Keygate::Shim;
use Keygate::Store;

plan skip_all => 'no redis-server here' if !Keygate::Store->available;
plan skip_all => Keygate::Shim->impossible if Keygate::Shim->impossible;

my $store = Keygate::Store->start(data => 1);
my $one = node($store, 'one');
my $two = node_create($store, 'two', zone => 'limits=cluster wait=100ms');
my $shim = Keygate::Shim->new($two, 'disk');

$two->allow(qr/\[crit\]/);
$two->start;

my ($id, $key) = made($one, 'k');
my (undef, $limited) = made($one, 'l', rates => ['1000r/h']);

ok becomes($two, $_, 200), 'both have the keys' for $key, $limited;

# The places of these calls in t/faults/disk.c, and what happens to them.

my %place = (write => 0, fdatasync => 4);
my ($error, $half) = (1, 2);


sub faults {
    my (%fault) = @_;

    my @numbers = (0) x 20;

    for my $call (keys %fault) {
        splice @numbers, $place{$call}, @{$fault{$call}}, @{$fault{$call}};
    }

    $shim->set(@numbers);
}


sub log_since { return substr $two->read_file('error.log'), $_[0] }


sub metric {
    my ($value) = $two->get('/metrics', port => $two->port('ADMIN'))->{body}
        =~ /^keygate_store_$_[0]\{zone="keys"\} (\d+)$/m;

    return $value;
}


# What is so while its disk takes nothing.  A key that was revoked meanwhile is
# what it was: there is no room to say that it is not.

sub stands {
    my ($gone_id, $gone) = @_;

    is $two->status('/v1/items', key => $key), 200, 'who was let in, is';
    is $two->status('/v1/items', key => $limited), 200, 'with a limit, too';
    is $two->status('/v1/items', key => $key =~ s/.$/0/r), 401,
        'who is unknown, is not';
    is $two->status('/v1/items', key => $gone), 200, 'it knows no better';
    is problem_is(admin($two, 'PATCH', "/keys/$id", { name => 'no' })),
        '503 service_unavailable', 'it makes no changes';
    is admin($one, 'PATCH', "/keys/$id", { name => 'x' . rand })->{status},
        200, 'the other does';

    my $receipt = admin($one, 'POST', "/keys/$gone_id/revoke?wait=0")
        ->json->{receipt};

    is join(' ', map { $_->{node} } @{$receipt->{waiting_for}}), 'two',
        'receipts name the node';
    ok $two->wait_for(sub { metric('behind') > 0 && metric('up') == 0 }),
        'metrics tell';
}


sub well {
    my ($gone) = @_;

    faults();
    ok becomes($two, $gone, 401), 'in force when there is room';
    is $two->status('/v1/items', key => $key), 200, 'who was let in, is';
    ok $two->wait_for(sub {
        admin($two, 'PATCH', "/keys/$id", { name => 'y' . rand })->{status}
            == 200
    }), 'it makes changes';
    ok $two->wait_for(sub { metric('behind') == 0 && metric('up') == 1 }),
        'metrics tell';

    my $r = Keygate::Command->new->run('check', '--journal',
        $two->journal_path);

    is $r->{code}, 0, 'its copy is in order' or diag $r->{out};
}


sub to_be_revoked {
    my @key = made($one, 'gone');

    becomes($two, $key[1], 200) or die "no key\n";

    return @key;
}


for my $case (
    [ 'no room', qr/28: No space left on device/,
        write => [ $error, ENOSPC ] ],
    [ 'a quota', qr/122: Disk quota exceeded/, write => [ $error, EDQUOT ] ],
    [ 'a disk that does not write', qr{5: Input/output error},
        write => [ $error, EIO ] ],
    [ 'a disk that does not sync', qr{5: Input/output error},
        fdatasync => [ $error, EIO ] ],
) {
    my ($name, $says, %fault) = @$case;

    subtest $name => sub {
        my ($gone_id, $gone) = to_be_revoked();
        my $before = length $two->read_file('error.log');

        faults(%fault);
        is admin($one, 'POST', "/keys/$gone_id/revoke?wait=0")->{status}, 200,
            'one is revoked elsewhere';
        ok $two->wait_for(sub {
            log_since($before)
                =~ /cannot follow: the copy cannot be written \($says\); its k/
        }), 'the log tells' or diag log_since($before);
        stands($gone_id, $gone);
        well($gone);
    };
}

subtest 'writes that need several calls' => sub {
    my ($gone_id, $gone) = to_be_revoked();

    faults(write => [ $half, 0 ]);
    is admin($one, 'POST', "/keys/$gone_id/revoke?wait=5s")
        ->json->{receipt}{applied}, 2, 'are made';
    well($gone);
};

subtest 'it is started anew meanwhile' => sub {
    my ($gone_id, $gone) = to_be_revoked();

    faults(write => [ $error, ENOSPC ]);
    is admin($one, 'POST', "/keys/$gone_id/revoke?wait=0")->{status}, 200,
        'one is revoked elsewhere';
    $two->stop;
    $two->start;
    stands($gone_id, $gone);
    well($gone);
};

subtest 'the log does not reach back to it any more' => sub {
    my ($gone_id, $gone) = to_be_revoked();
    my $before = length $two->read_file('error.log');
    my $fulls = metric('full_syncs_total');

    faults(write => [ $error, ENOSPC ]);
    is admin($one, 'POST', "/keys/$gone_id/revoke?wait=0")->{status}, 200,
        'one is revoked elsewhere';
    is admin($one, 'PATCH', "/keys/$id", { name => 'z' })->{status}, 200,
        'and another change is made';
    $store->call('XTRIM', 'kg:{keys}:log', 'MAXLEN', 1);
    ok $two->wait_for(sub {
        log_since($before) =~ /cannot\ follow:\ the\ copy\ cannot\ be\ written
            \ anew;[^\n(]+\(28:\ No\ space\ left\ on\ device\)/x
    }), 'the log tells' or diag log_since($before);
    stands($gone_id, $gone);
    well($gone);
    is metric('full_syncs_total'), $fulls + 1, 'all was read anew';
};

$_->done for $one, $two;

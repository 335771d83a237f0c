#!/usr/bin/perl

# A node's copy: what is written into it by hand is in force nowhere, and a
# node that has missed more than the log keeps reads everything anew, while
# those who are let in are let in.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use Test::More;

use Keygate;
use Keygate::Admin;
use Keygate::Command;
use Keygate::Nodes;
use Keygate::Store;

plan skip_all => 'no redis-server here' if !Keygate::Store->available;

my $store = Keygate::Store->start;
my $one = node($store, 'one', store => 'timeout 100ms;');
my $two = node($store, 'two');

my ($id, $key) = made($one, 'k');
my ($gone, $revoked) = made($one, 'r');

ok becomes($two, $_, 200), 'in force on both' for $key, $revoked;

my $path = $two->journal_path;


sub mode { return sprintf '%o', (stat $_[0])[2] & 07777 }


# The log of a node: how many lines are not in force, and where they are.

sub tells {
    my ($t, $n, $name) = @_;

    ok says($t, qr/\[error\].*\ lines\ of\ "\Q@{[$t->journal_path]}\E"\ that
                   \ are\ not\ the\ store's\ and\ not\ in\ force:\ $n;\ the
                   \ file\ as\ it\ was\ is\ kept\ beside\ it\ as
                   \ "\Q$name\E"/x),
        'how many, and where they are kept';
}


subtest 'the command finds a copy in order' => sub {
    plan skip_all => 'no keygate command is built'
        if !-x $Keygate::Command::binary;

    my $c = Keygate::Command->new;

    for my $node ($one, $two) {
        my $r = $c->run('check', '--journal', $node->journal_path);

        is "$r->{code} $r->{err}", '0 ', 'exit code 0' or diag $r->{out};
        like $r->{out}, qr/, 0 bad\n.*^healthy$/ms, 'none of its lines is bad';
        like $r->{out}, qr/^a node's copy of a store: [1-9]/m, 'marks or not';
    }
};

subtest 'a line by hand' => sub {
    my $by_hand = $two->key(id => 'tk_BYHAND', scopes => ['items:read']);

    ok says($two, qr/copy ends in what is not its own.*made anew/),
        'the log tells';
    is $two->status('/v1/items', key => $by_hand), 401, 'is no key';

    like $two->read_file('error.log'), qr/\[error\].*\ line\ \d+\ of\ "\Q@{[
        $two->journal_path]}\E"\ \(key\ "tk_BYHAND"\)\ is\ not\ the
        \ store's,\ and\ is\ not\ in\ force/x, 'which line it is';
    # the key's account is a line, too
    tells($two, 2, 'keys.jsonl.replaced');
    like $two->read_file("$path.replaced"), qr/"tk_BYHAND".*\n\z/,
        'which has the line';
    is mode("$path.replaced"), mode($path), 'and who may read it';

    $two->key(id => 'tk_BYHAND2', scopes => ['items:read']);
    $two->reload;
    is $two->status('/v1/items', key => $by_hand), 401, 'nor after a reload';
    ok $two->wait_for(sub { $two->read_file($two->journal_path) !~ /BYHAND/ }),
        'and it is gone from the copy';
    is $two->status('/v1/items', key => $key), 200, 'the others stay';
    tells($two, 1, 'keys.jsonl.replaced.1');
    unlike $two->read_file("$path.replaced"), qr/BYHAND2/,
        'and what was kept before stays';
};

subtest 'a node that had records of its own' => sub {
    my $four = node_create($store, 'four');
    my $path = $four->journal_path;
    my $own = $four->key(id => 'tk_OWN', scopes => ['items:read']);

    $four->key(id => 'tk_OTHER', scopes => ['items:read']);
    $four->append("no record\n");

    my $before = $four->read_file($path);
    my $n = $before =~ tr/\n//;

    $four->write_file('elsewhere', "mine\n");
    symlink "$four->{dir}/elsewhere", "$path.replaced" or die "symlink: $!\n";
    $four->start;

    ok becomes($four, $key, 200), 'has those of the store';
    ok becomes($four, $own, 401), 'and not its own';
    tells($four, $n, 'keys.jsonl.replaced.1');
    like $four->read_file('error.log'), qr/line 1 of "[^"]+" \(account "/,
        'an account is named';
    like $four->read_file('error.log'), qr/\(key "tk_OWN"\) is not the store/,
        'a key is';
    like $four->read_file('error.log'), qr/line $n of "[^"]+" \(no record\) is/,
        'and what is none';
    is $four->read_file("$path.replaced.1"), $before, 'all of it is kept';
    is $four->read_file('elsewhere'), "mine\n", 'a link is not followed';
    $four->done;
};

subtest 'a node whose records are in the store' => sub {
    my $five = node_create($store, 'five');
    my $path = $five->journal_path;

    $five->write_file($path, join '', map { "$_\n" }
        grep { !/^\{"at"/ } split /\n/, $one->read_file($one->journal_path));
    $five->start;

    ok becomes($five, $key, 200), 'goes on';
    ok says($five, qr/copy ends in what is not its own.*made anew/),
        'with a copy that was made anew';
    unlike $five->read_file('error.log'), qr/not in force/, 'nothing is lost';
    ok !-e "$path.replaced", 'and nothing is kept';
    $five->done;
};

subtest 'all names are taken' => sub {
    my $six = node_create($store, 'six');
    my $path = $six->journal_path;
    my @names = map { "$path.replaced$_" } '', map { ".$_" } 1 .. 9;

    $six->key(id => 'tk_OWN', scopes => ['items:read']);
    $six->write_file($_, "mine\n") for @names;
    $six->start;

    ok becomes($six, $key, 200), 'it goes on all the same';
    ok says($six, qr/\[error\].*\ not\ in\ force:\ \d+;\ the\ file\ as\ it\ was
                     \ could\ not\ be\ kept.*File\ exists/x), 'and says so';
    is $six->read_file($_), "mine\n", 'nothing is written over' for @names;
    ok !-e "$path.replaced.10", 'nor further on';
    $six->done;
};

subtest 'the log does not reach back to a node' => sub {
    $two->stop;

    is admin($one, 'POST', "/keys/$gone/revoke")->{status}, 200, 'a change';

    my ($late, $later) = made($one, 'l');

    $store->call('XTRIM', 'kg:{keys}:log', 'MAXLEN', 1);
    $store->suspend;
    $two->start;

    is $two->status('/v1/items', key => $key), 200,
        'it starts from its copy without the engine';
    is $two->status('/v1/items', key => $revoked), 200,
        'with what it has known';

    $store->resume;

    ok becomes($two, $later, 200), 'then it has everything';
    is $two->status('/v1/items', key => $revoked), 401, 'all of it';
    is $two->status('/v1/items', key => $key), 200, 'and who was live is';
    is admin($two, 'POST', "/keys/$late/revoke")->{status}, 200,
        'and it makes changes';
    ok becomes($one, $later, 401), 'that the others follow';
};

subtest 'a node that has no copy' => sub {
    $store->suspend;

    my $three = node($store, 'three');

    my $r = $three->get('/v1/items', key => $key);

    is $r->{status}, 503, 'cannot tell that a key is none';
    is $r->json->{status}, 503, 'also in the body';
    is $r->json->{code}, 'unavailable', 'says so';
    is $r->header('Retry-After'), 1, 'and when to try again';
    is $three->status('/v1/items'), 401, 'but that there is none';
    ok says($three, qr/cannot follow: no answer in time/), 'the log tells';

    $store->resume;

    ok becomes($three, $key, 200), 'until it has everything';
    is $three->status('/v1/items', key => $revoked), 401, 'all of it';
    $three->done;
};

$_->done for $one, $two;

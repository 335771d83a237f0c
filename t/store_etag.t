#!/usr/bin/perl

# The ETag of a record is its version in the store: the same on every node,
# however that has come by the record, and what one node has told is taken by
# all.

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

my $store = Keygate::Store->start(data => 1);
my ($one, $two) = map { node($store, $_) } 'one', 'two';
my $c = Keygate::Command->new;
my @at = ('--store', "unix:$store->{socket}");


sub tag {
    my ($t, $path) = @_;

    return admin($t, 'GET', $path)->header('ETag') // 'none';
}


# Soon the same, which is that.

sub tagged {
    my ($path, $tag, @nodes) = @_;

    for my $t (@nodes) {
        ok $t->wait_for(sub { tag($t, $path) eq $tag }), "$path is $tag"
            or diag tag($t, $path);
    }
}


my ($id, $key) = made($one, 'k');

tagged('/accounts/acc', '"1"', $one, $two);
tagged("/keys/$id", '"2"', $one, $two);

my $r = admin($one, 'PATCH', "/keys/$id", { name => 'n' }, 'If-Match: "2"');

is $r->{status}, 200, 'what one has told is taken by it';
is $r->header('ETag'), '"3"', 'and the answer has the next one';
is $r->json->{receipt}{version}, 3, 'which is that of the receipt';
tagged("/keys/$id", '"3"', $one, $two);

$r = admin($two, 'PATCH', "/keys/$id", { name => 'm' }, 'If-Match: "3"');
is $r->{status}, 200, 'and by the other';
is $r->header('ETag'), '"4"', 'with the next one';
is admin($one, 'PATCH', "/keys/$id", { name => 'x' }, 'If-Match: "3"')
    ->{status}, 412, 'one that is over is not';
is admin($two, 'PATCH', "/keys/$id", { name => 'x' }, 'If-Match: "44"')
    ->{status}, 412, 'nor one that is none';
is admin($two, 'PATCH', "/keys/$id", { name => 'm' }, 'If-Match: "4"')
    ->header('ETag'), '"4"', 'nothing is changed, and no ETag';
is admin($one, 'POST', "/keys/$id/revoke", undef, 'If-Match: W/"4"')
    ->{status}, 412, 'a weak one is none';

subtest 'many changes at once' => sub {
    my %ids;

    for my $n (1 .. 20) {
        my $r = admin($one, 'POST', '/keys', { account => 'acc',
            name => "k$n", scopes => ['items:read'] });

        $ids{$r->json->{id}} = '"' . $r->json->{receipt}{version} . '"';
        is $r->header('ETag'), $ids{$r->json->{id}}, "key $n";
    }

    tagged("/keys/$_", $ids{$_}, $one, $two) for sort keys %ids;
};

# more than the log has, in the end
my @lines = map {
    sprintf '{"key":{"id":"tk_B%05d","account":"acc","name":"b","scopes":[],'
        . '"digest":"sha256:%064x","created_at":"2026-01-01T00:00:00Z"}}',
        $_, $_
} 1 .. 300;
my $file = $one->write_file('many.jsonl', join("\n", @lines) . "\n");

is $c->run('store', 'push', '--merge', '--journal', $file, @at)->{code}, 0,
    'many more';
tagged('/keys/tk_B00300', '"324"', $one, $two);

$store->call('XTRIM', 'kg:{keys}:log', 'MAXLEN', 5);

subtest 'a node that reads everything' => sub {
    my $three = node($store, 'three');

    ok says($three, qr/is up to date/), 'is up to date';
    tagged("/keys/$id", '"4"', $three);
    tagged('/accounts/acc', '"1"', $three);
    tagged("/keys/$_", tag($one, "/keys/$_"), $three)
        for 'tk_B00001', 'tk_B00200', 'tk_B00300';
    is admin($three, 'PATCH', "/keys/$id", { name => 'three' },
             'If-Match: "4"')->header('ETag'), '"325"', 'and changes it';
    tagged("/keys/$id", '"325"', $one, $two, $three);

    $three->stop;
    $three->start;
    tagged("/keys/$id", '"325"', $three);
    tagged('/accounts/acc', '"1"', $three);
    $three->done;
};

subtest 'an engine that is filled from a copy' => sub {
    $store->call('FLUSHALL');
    ok says($two, qr/\(EMPTY\)/), 'is empty';
    tagged("/keys/$id", '"325"', $two);
    is $c->run('store', 'push', '--journal', $one->journal_path, @at)->{code},
        0, 'filled';

    my $four = node($store, 'four');

    ok says($four, qr/is up to date/), 'a node that knew nothing';
    tagged("/keys/$id", '"325"', $one, $two, $four);
    tagged('/keys/tk_B00001', tag($one, '/keys/tk_B00001'), $two, $four);
    tagged('/accounts/acc', '"1"', $one, $two, $four);
    is admin($four, 'PATCH', "/keys/$id", { name => 'four' },
             'If-Match: "325"')->{status}, 200, 'takes what others tell';
    $four->done;
};

$_->done for $one, $two;

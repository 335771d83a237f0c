#!/usr/bin/perl

# Another binary (USR2, QUIT): two masters, each with counts of its own, write
# for one node, and nothing is lost or counted twice.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;

use Keygate;
use Keygate::Admin;

plan skip_all => 'each server would be reloaded by memcheck'
    if $ENV{TEST_NGINX_MEMCHECK};

my $t = Keygate->new(workers => 2, daemon => 1,
    main => "env ASAN_OPTIONS;\nenv LSAN_OPTIONS;\nenv UBSAN_OPTIONS;\n",
    conf => admin_conf(rate => 'rate 1000000r/h;',
        zone => "keygate_zone keys:1m journal=keys.jsonl "
            . "usage=%%DIR%%/usage;\n"));

admin_token($t);

my $key = $t->key(id => 'tk_AAAAAA', scopes => ['items:read']);

$t->start;


sub pid {
    my ($name) = @_;

    return 0 + ($t->read_file($name) || 0);
}


sub ask {
    return scalar grep { $t->status('/v1/items', key => $key) == 200 }
                  1 .. $_[0];
}


sub used {
    my $n = 0;

    $n += $_->{allowed}
        for @{admin($t, 'GET', '/keys/tk_AAAAAA/usage')->json->{data}};

    return $n;
}


my $old = $t->{master};

is(ask(20), 20, 'requests to the old binary');
is(used(), 20, 'are counted');
kill 'USR2', $old;
ok($t->wait_for(sub {
    pid('nginx.pid') && pid('nginx.pid') != $old
    && $t->workers(pid('nginx.pid')) == 2;
}), 'there is a new one');

my $new = pid('nginx.pid');

is(ask(40), 40, 'requests to either of them');
kill 'QUIT', $old;
ok($t->wait_for(sub { $t->gone($old) }), 'the old one ends');
$t->{master} = $new;
is(used(), 60, 'nothing is lost, nor counted twice');
is(ask(20), 20, 'requests to the new one');
is(used(), 80, 'go on from there');
$t->stop;

my ($path) = glob "$t->{dir}/usage/usage-*";
my ($last) = $t->read_file($path =~ s/^\Q$t->{dir}\E.//r)
             =~ /.*"allowed":(\d+)/s;

cmp_ok($last, '<=', 80, 'and in the file');
$t->done;

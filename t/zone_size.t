#!/usr/bin/perl

# A zone that is too small for its journal says which size is enough: with it
# nginx starts, and with half of it nginx does not.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use Test::More;

use Keygate;
use Keygate::Items;

my $t = Keygate->new(conf => items_conf());

sub conf {
    my ($size, %o) = @_;

    return items_conf(
        zone => "keygate_zone keys:${size}k journal=keys.jsonl;\n",
        rate => $o{rate} // '');
}


# Fills the journal, and goes by what nginx says about a zone of 128 KB.

sub fits {
    my ($name, $lines, %o) = @_;

    $t->replace(join '', @$lines);

    my ($code, $said) = $t->check_conf(conf(128, %o));
    my ($size) = $said =~ /too small for its journal .*at least (\d+)k in /;

    ok($code != 0 && $size, "$name: too small") or return diag($said);
    note("$size KB");

    ($code, $said) = $t->check_conf(conf($size, %o));
    is($code, 0, "$name: ${size}k are enough") or diag($said);

    ($code) = $t->check_conf(conf(int($size / 2), %o));
    isnt($code, 0, "$name: half of it is not");

    return;
}


sub keys_of {
    my ($n, %more) = @_;

    return map { ($t->make_key(id => sprintf('tk_%06d', $_),
        scopes => ['items:read'], %more))[0] } 1 .. $n;
}


my $account = $t->account_line(id => 'acc_1', name => 'One');

$t->append($account);

fits('keys', [$account, keys_of(5000)],
    rate => 'rate 100r/m; rate 5r/s per=account;');
fits('a few keys too many', [$account, keys_of(900)]);
fits('addresses', [$account, keys_of(1000,
    addresses => [map { "10.0.$_.0/24" } 1 .. 32])]);
fits('accounts', [map { $t->account_line(id => "acc_$_", name => "Of many $_",
    plan => "plan $_", profile => { text => 'x' x ($_ % 3000) }) } 1 .. 1500]);

# what is changed and deleted does not count as often as it was written

my @lines = keys_of(1200);

fits('changes', [$account, @lines, @lines, @lines,
    (map { $t->key_line(id => sprintf('tk_%06d', $_),
        deleted => JSON::PP::true()) } 1 .. 300), keys_of(300)]);

# nor does it stand in the way of a start

$t->replace(join '', $account, @lines, map { $t->key_line(
    id => sprintf('tk_%06d', $_), deleted => JSON::PP::true()) } 1 .. 1150);

my ($code, $said) = $t->check_conf(conf(128));

is($code, 0, 'what is there in the end has room') or diag($said);
unlike($said, qr/put off/, 'nothing is told of what had none before');

$t->start;
$t->done;

#!/usr/bin/perl

# The key is taken off, and nothing else: wherever it stands among however
# many header lines, the others reach the upstream as they came.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use Test::More;

use Keygate;
use Keygate::Items;

my $t = Keygate->new(conf => items_conf(rate => 'rate 100000r/m;'));
my $key = $t->key(scopes => ['items:read']);

$t->start;

# nginx keeps header lines in parts of twenty

for my $others (0, 1, 18, 19, 20, 21, 39, 40, 41) {
    my @lines = map { "X-Line-$_: $_" } 1 .. $others;
    my %places = map { $_ => 1 }
                 grep { $_ <= $others } 0, 1, 18, 19, 20, 38, 39, $others;

    for my $at (sort { $a <=> $b } keys %places) {
        is_deeply(sent(@lines[0 .. $at - 1], "X-Api-Key: $key",
                       @lines[$at .. $#lines]),
                  \@lines, "$others other lines, the key after $at of them");
    }
}

is_deeply(sent('X-HTTP-Method-Override: DELETE', 'X-A: 1', "X-Api-Key: $key",
               'X-Original-URL: /', 'X-B: 2', 'X-Rewrite-Url: /'),
          [ 'X-A: 1', 'X-B: 2' ], 'several, side by side and at both ends');
is_deeply(sent("X-Api-Key: $key", map { "X-Method-Override: $_" } 1 .. 30),
          [], 'nothing but such lines');

$t->done;


# What the upstream saw of the lines that begin with "X-".

sub sent {
    my (@lines) = @_;

    my $r = $t->raw(join "\r\n", 'GET /v1/items HTTP/1.1', @lines,
                    'Host: a.example', 'Connection: close', '', '');

    return $r && $r->{status} if !$r || $r->{status} != 200;

    return [ map { "$_->[0]: $_->[1]" }
             grep { $_->[0] =~ /^X-/i } @{$t->last_hit->{headers}} ];
}

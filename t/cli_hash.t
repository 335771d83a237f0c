#!/usr/bin/perl

# keygate hash: the digest of one line of stdin, all of it, or none.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use Digest::SHA qw(hmac_sha256_hex sha256_hex);
use Test::More;

use Keygate;
use Keygate::Command;

plan skip_all => 'no keygate command is built'
    if !-x $Keygate::Command::binary;

my $c = Keygate::Command->new;
my $pepper = 'p' x 32;

$c->write('pepper', $pepper);

my $r = $c->run('hash', { stdin => "tok\n" });
is($r->{out}, 'sha256:' . sha256_hex('tok') . "\n", 'hash');
is($c->run(qw(hash --bare), { stdin => 'tok' })->{out},
   sha256_hex('tok') . "\n", 'hash --bare');
$r = $c->run('hash', { stdin => "tok\nand more\n" });
is("$r->{code} $r->{out}", '2 ', 'of two lines there is no digest');
like($r->{err}, qr/more than one line on stdin/, 'which is told');
is($c->run('hash', { stdin => "tok\n\r\n" })->{code}, 0,
    'a blank line is none');
is($c->run(qw(hash --pepper pepper), { stdin => "tok\r\n" })->{out},
   'hmac-sha256:' . hmac_sha256_hex('tok', $pepper) . "\n",
   'hash --pepper');
is($c->run('hash', { stdin => "\n" })->{code}, 2, 'nothing to hash');
is($c->run('hash', 'tok')->{code}, 2, 'never from an argument');

for my $bytes ("tok\0en\n", "\0\n", "tok\0", "tok\n\0", "to\rk\n", "to\tk") {
    $r = $c->run('hash', { stdin => $bytes });
    is("$r->{code} $r->{out}", '2 ', 'a byte that no credential has');
    like($r->{err}, qr/control characters, or zero|more than one line/,
        'is told');
}

is($c->run(qw(hash --json), { stdin => 'tok' })->{out},
   '{"digest":"sha256:' . sha256_hex('tok') . "\"}\n", 'hash --json');
is($c->run(qw(hash --json --bare), { stdin => 'tok' })->{out},
   '{"digest":"' . sha256_hex('tok') . "\"}\n", 'with --bare, too');

for ([ '<&-', 'Bad file' ], [ '</', 'Is a dir' ]) {
    my $said = `$Keygate::Command::binary hash $_->[0] 2>&1`;

    is($? >> 8, 5, "hash $_->[0]");
    like($said, qr/^keygate: stdin: $_->[1]/, 'is told');
}

done_testing();

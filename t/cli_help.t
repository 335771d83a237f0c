#!/usr/bin/perl

# The examples of each --help are commands that work, as they stand there.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use File::Basename qw(dirname);
use Test::More;

use Keygate;
use Keygate::Command;

plan skip_all => 'no keygate command is built'
    if !-x $Keygate::Command::binary;

my $c = Keygate::Command->new;
my $path = dirname($Keygate::Command::binary) . ":$ENV{PATH}";

$c->write('keys.jsonl', qq({"account":{"id":"acc","name":"A"}}\n));
mkdir "$c->{dir}/usage";
$c->write('usage/usage-2026-11-28.jsonl', '{"usage":{"node":"one","key":"tk_A",'
    . '"account":"acc","api":"items","hour":"2026-11-28T13:00:00Z",'
    . '"allowed":3,"refused":{},"cost":4}}' . "\n");

my %examples;

for my $command ($c->run('--help')->{out}
    =~ /^  ((?:account |store |nodes (?=forget))?[a-z]+)/mg)
{
    my $help = $c->run(split(' ', $command), '--help')->{out};

    $examples{$command} = [ $help =~ /^  ((?:keygate|openssl) .*)$/mg ];
}

is(join(' ', sort grep { @{$examples{$_}} } keys %examples),
    'compact hash token usage', 'the commands that have examples');

for my $command (sort keys %examples) {
    for my $example (@{$examples{$command}}) {
        my $line = $example =~ s{/var/lib/keygate/}{$c->{dir}/}gr;
        my $r = do {
            local $Keygate::Command::binary = '/bin/sh';
            $c->run('-ec', $line, { env => { PATH => $path } });
        };

        is($r->{code}, 0, "$command: $example") or diag $r->{err};
    }
}

like($c->run('usage', "$c->{dir}/usage", qw(--by month --format csv))->{out},
    qr/^2026-11,acc,tk_A,3,/m, 'that of usage has something to add up');
is(length do {
    open my $f, '<', "$c->{dir}/admin.sha256" or die "admin.sha256: $!\n";
    scalar <$f>;
}, 65, 'that of hash has made a digest');

# -- an option stands before what it is about, or behind it

for my $by (qw(hour day month)) {
    my $want = $c->run('usage', "--by=$by", 'usage');

    is($want->{code}, 0, "usage --by=$by") or diag $want->{err};
    like($want->{out}, qr/^\U$by\E .*\n2026-11.* 3 .* 4$/m, '... adds up');

    for my $words ([ '--by', $by, 'usage' ], [ 'usage', '--by', $by ],
        [ 'usage', "--by=$by" ], [ '--by', $by, '--', 'usage' ])
    {
        my $r = $c->run('usage', @$words);

        is("$r->{code} $r->{err}$r->{out}", "0 $want->{out}",
            "usage @$words");
    }
}

is($c->run(qw(usage usage --by week))->{code}, 2, 'a week is none of them');

done_testing;

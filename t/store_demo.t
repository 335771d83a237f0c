#!/usr/bin/perl

# "make run NODES=3" does what it prints: every line of it, pasted into one
# shell.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use File::Path ();
use File::Temp qw(tempdir);
use POSIX ();
use Test::More;

use Keygate;
use Keygate::Command;
use Keygate::Store;

plan skip_all => 'no redis-server here' if !Keygate::Store->available;

my $dir = tempdir('keygate-XXXXXXXX', TMPDIR => 1);
my ($shift) = grep { Keygate::take_demo($_, 3) } map { 13000 + 400 * $_ }
              0 .. 5;

$ENV{TEST_NGINX_MODULE} = $Keygate::module;
$ENV{ASAN_OPTIONS} = "detect_leaks=0:log_path=$dir/sanitizer";
symlink $Keygate::Command::binary, "$dir/keygate" or die "$dir/keygate: $!\n";

my $pid = open my $out, '-|';

die "fork: $!\n" if !defined $pid;

if ($pid == 0) {
    POSIX::setpgid(0, 0);
    open STDERR, '>', "$dir/stderr";
    exec $^X, "-I$Bin/lib", "$Bin/../tools/nodes.pl", $dir, 3, $shift
        or POSIX::_exit(127);
}

my $text = '';

while (my $line = <$out>) {
    $text .= $line;
    last if $line =~ /Ctrl-C/;
}

my $where = join ', ', map { '127.0.0.1:' . ($_ + $shift) } 8080, 8180, 8280;

like($text, qr/^Cooledge on \Q$where\E, with one store/m, 'it says where')
    or diag `cat $dir/stderr`;

# a command is what is indented by four, up to the next empty line

my @blocks = $text =~ /^ {4}(\S.*(?:\n {4,}.*)*)$/mg;

is(scalar @blocks, 9, 'nine things to paste');

my @answers = split /=====\n/, do {
    open my $f, '>', "$dir/pasted" or die "$!\n";
    print $f map { "$_\necho =====\n" } @blocks;
    close $f;
    `bash $dir/pasted 2>/dev/null`;
};

sub eventually {
    my ($sub) = @_;

    for (1 .. 1000) {
        return 1 if $sub->();
        select undef, undef, undef, 0.02;
    }

    return 0;
}

sub statuses { return join ' ', $_[0] =~ m{HTTP/1\.1 (\d+) }g }

is(statuses($answers[0]), '200 200', 'one key on two nodes');
like($answers[1], qr/"applied":3,"waiting_for":\[\]/, 'a key, on all nodes');
is(statuses($answers[2]), '200', 'it is used on another one');
is(statuses($answers[3]), '200', 'it is revoked on the last');
like($answers[3], qr/"nodes":3,"applied":3/, 'for all');
is(statuses($answers[4]), '401', 'and refused on the first');
like($answers[5], qr/edge-1.*edge-2.*edge-3/s, 'who is there');
is(statuses($answers[6]), '200 503', 'traffic without the engine, changes')
    or diag $answers[6];

my $port = $shift + 8090;

ok(eventually(sub {
    `curl -s http://127.0.0.1:$port/metrics`
        =~ /^keygate_store_up\{[^}]*\} 1$/m
}), 'it is back');

my $admitted = () = $answers[8] =~ /200/g;

like($answers[8], qr/^(?:200 |429 ){150}\n$/, '150 answers');
cmp_ok($admitted, '<=', 118, 'no more than one limit over all');
cmp_ok($admitted, '>=', 60, 'most of it');

kill 'INT', $pid;
waitpid $pid, 0;
is($?, 0, 'Ctrl-C stops it');
ok(!-e "$dir/nodes$shift/engine.pid", 'and its engine');

open my $f, '<', "$dir/stderr";
my @errors = grep { /\[(?:alert|emerg|crit)\]/ } <$f>;
push @errors, glob "$dir/sanitizer*";
is("@errors", '', 'nothing went wrong');

File::Path::remove_tree($dir) if Test::More->builder->is_passing;

done_testing();

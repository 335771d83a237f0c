#!/usr/bin/perl

# Fuzzing: perl tools/fuzz.pl BUILD NAME... runs these targets for TIME
# seconds each, JOBS at a time, and prints a line for each.  With --tap it is
# a test of one target.
#
# What libFuzzer says goes to BUILD/fuzz/NAME.log; an input that brings a
# target down stays in BUILD/fuzz/, what it has found new in BUILD/corpus/.  A
# test that fails tells all that matters itself, and once more in
# BUILD/fuzz/NAME.failed: a log may be all that is kept.

use strict;
use warnings;

use File::Temp qw(tempdir);
use FindBin;
use MIME::Base64 qw(encode_base64);
use POSIX ();

my $tap = @ARGV && $ARGV[0] eq '--tap' && shift;
my ($build, @names) = @ARGV;
my $time = $ENV{TIME} // 60;
my $jobs = $ENV{JOBS} // 1;

$time =~ /^[1-9]\d*$/ or die "TIME: so many seconds, 1 or more: $time\n";
$jobs =~ /^[1-9]\d*$/ or die "JOBS: so many at a time, 1 or more: $jobs\n";

chdir "$FindBin::Bin/.." or die "$!\n";

my ($fuzz, $seeds) = ("$build/fuzz", 't/fuzz/corpus');
my %running;

$SIG{$_} = sub { kill TERM => keys %running; exit 1 } for qw(INT TERM);

mkdir "$build/corpus";

# a target may write files, and crash before it has removed them; the fewer of
# them see a disk, the better

$ENV{TMPDIR} //= '/dev/shm' if -w '/dev/shm';
$ENV{TMPDIR} = tempdir('keygate-fuzz-XXXXXX', TMPDIR => 1, CLEANUP => 1);
$ENV{UBSAN_OPTIONS} //= 'print_stacktrace=1';


sub redirect {
    my ($file) = @_;

    open STDOUT, '>', $file or die "$file: $!\n";
    open STDERR, '>&', \*STDOUT or die "$!\n";
}


# Starts a target.  The seeds come first, by themselves: what they bring forth
# is not left to luck.

sub start {
    my ($name) = @_;

    my $corpus = "$build/corpus/$name";
    my @call = ("$fuzz/$name", "-artifact_prefix=$fuzz/$name-", '-timeout=25',
                '-print_final_stats=1');

    # a test goes the same way each time, as long as the sources are the same
    push @call, '-seed=1' if $tap;

    mkdir $corpus;
    unlink map { "$fuzz/$name.$_" } qw(log seeds.log failed);

    my $pid = fork // die "fork: $!\n";

    if ($pid) {
        $running{$pid} = $name;
        return;
    }

    $SIG{$_} = 'DEFAULT' for qw(INT TERM);
    redirect("$fuzz/$name.seeds.log");
    system @call, '-runs=0', "$seeds/$name";
    POSIX::_exit(1) if $?;

    redirect("$fuzz/$name.log");
    exec @call, "-max_total_time=$time", $corpus, "$seeds/$name"
        or POSIX::_exit(1);
}


sub slurp {
    my ($file) = @_;

    open my $f, '<:raw', $file or return '';
    return join '', <$f>;
}


# Whether an input that seemed to take for ever does so once more, with nothing
# else to be blamed: a machine that has been stopped for a while, for one.

sub hangs {
    my ($name, $input) = @_;

    my $log = "$fuzz/$name.again.log";

    return system("$fuzz/$name -timeout=300 $input >$log 2>&1") != 0;
}


# What has come of the next one to end, from its status and what it said.

sub result {
    my $pid = wait;
    my $status = $?;
    my $name = delete $running{$pid};

    my $first = slurp("$fuzz/$name.seeds.log");
    my $log = $first . slurp("$fuzz/$name.log");

    my %r = (name => $name, seeds => scalar(() = glob "$seeds/$name/*"),
             runs => 0, edges => 0, corpus => 0, wrong => []);

    $r{runs} += $_ for $log =~ /^stat::number_of_executed_units: (\d+)/mg;
    @r{qw(edges corpus)} = ($1, $2)
        while $log =~ / cov: (\d+) ft: \d+ corp: (\d+)/g;
    ($r{crash}) = $log =~ /Test unit written to (\S+)/;

    if ($log =~ /^==\d+== ERROR: libFuzzer: timeout/m
        && !hangs($name, $r{crash}))
    {
        unlink delete $r{crash};
        $status = 0;
    }

    # the first thing that is said to be wrong, and what follows

    my ($what, $rest) = $log =~ /^(fuzz: not so .*|.*runtime error: .*)\n/m
        ? ($1, $') : $log =~ /^.*ERROR: (\w+: .*)\n/m ? ($1, $') : ();
    my @missed = $first =~ /^fuzz: never saw: (.*)/mg;
    my $wrong = $r{wrong};

    $what //= 'it ended ' . ($status & 127 ? 'by signal ' . ($status & 127)
                                           : 'with status ' . ($status >> 8));

    if ($status) {
        push @$wrong, $what;
        $r{said} = [grep { defined } (split /\n/, $rest // '')[0 .. 23]];
    }

    push @$wrong, "of $r{seeds} seeds it has executed $r{runs}"
        if $r{runs} < $r{seeds} || !$r{seeds};
    push @$wrong, 'its seeds have not brought forth: ' . join ', ', @missed
        if @missed;
    push @$wrong, 'its seeds have not brought forth anything'
        if !$status && $first !~ /^fuzz: saw: /m;

    return \%r;
}


# The first bytes of an input, for "base64 -d".

sub dump_of {
    my ($file) = @_;

    my $most = 3072;
    my $bytes = slurp($file);
    my $n = length $bytes;

    return ("the input is $file, $n bytes, "
            . ($n > $most ? "the first $most in base64:" : 'in base64:'),
            map { "    $_" } split /\n/,
                encode_base64(substr $bytes, 0, $most));
}


# What there is to be said of a result, for people.

sub complaints {
    my ($r) = @_;

    return if !@{$r->{wrong}};

    return (@{$r->{wrong}}, (map { "    " . substr $_, 0, 200 } @{$r->{said}}),
            $r->{crash} ? dump_of($r->{crash}) : (),
            "what it said is in $fuzz/$r->{name}.log and .seeds.log");
}


if ($tap) {
    start(@names);

    my $r = result();
    my @complaints = complaints($r);

    my $told = join '', map { "$_\n" } @complaints;

    # a '#' would begin a directive

    $| = 1;
    print "1..1\n", @complaints
        ? "not ok 1 - $r->{name}: " . $complaints[0] =~ tr/#/ /r . "\n"
        : "ok 1 - $r->{name}: $r->{runs} runs, $r->{edges} edges, nothing "
          . "found\n";

    exit 0 if !@complaints;

    if (open my $f, '>', "$fuzz/$r->{name}.failed") {
        print $f "$r->{name}: $told";
    }

    print STDERR $told =~ s/^/# /mgr;
    exit 1;
}

my $failed = 0;

$| = 1;

printf "%-14s %5s %10s %9s %6s %6s  %s\n", 'target', 'seeds', 'runs',
    'a second', 'corpus', 'edges', 'result';

while (@names || %running) {
    if (@names && keys %running < $jobs) {
        start(shift @names);
        next;
    }

    my $r = result();
    my @complaints = complaints($r);

    $failed ||= !!@complaints;
    printf "%-14s %5d %10d %9d %6d %6d  %s\n", @$r{qw(name seeds runs)},
        $r->{runs} / $time, @$r{qw(corpus edges)},
        @complaints ? 'FAILED' : 'ok';
    print map { "    $_\n" } @complaints;
}

exit $failed;

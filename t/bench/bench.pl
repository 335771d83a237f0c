#!/usr/bin/perl

# "make bench": what the gate costs, beside bare nginx and beside its peers,
# and how that grows.  Prints a table for each topic and keeps them in
# BUILD/bench.  Nothing is asserted.
#
#     bench.pl BUILD [TOPIC...]
#
# BENCH=quick      a few minutes instead of twenty
# ROUNDS           of a comparison, and BENCH_SECONDS of each round
# MILLIONS=10      to grow to ten million keys, which takes 10 GB of memory
# HISTORY=FILE     to append a line with the main figures of this run

use strict;
use warnings;

use Cwd qw(abs_path);
use File::Basename qw(dirname);
use File::Path qw(make_path);
use POSIX ();

use lib dirname(abs_path(__FILE__));

use Bench::Data;
use Bench::Gateway;
use Bench::History;
use Bench::Instructions;
use Bench::Load;
use Bench::Rounds;
use Bench::Table;
use Bench::Topics;

$SIG{INT} = $SIG{TERM} = sub { exit 1 };

my $root = abs_path(dirname(abs_path(__FILE__)) . '/../..');
my $build = abs_path(shift // "$root/build");
my $quick = ($ENV{BENCH} // '') eq 'quick';
my $dir = "$build/bench";
my $processors = () = Bench::Process::slurp('/proc/cpuinfo') =~ /^processor/mg;
my $cpus = $processors > 1 ? [ 0, '1-' . ($processors - 1) ] : undef;

make_path("$dir/run");

my $data = Bench::Data->new("$dir/data");
my $load = Bench::Load->new(root => $root, cpus => $cpus && $cpus->[1],
    seconds => $ENV{BENCH_SECONDS} // 1);

my $topics = Bench::Topics->new(
    quick => $quick, dir => $dir, root => $root, data => $data, load => $load,
    most => 1_000_000 * ($ENV{MILLIONS} // 1), processors => $processors,
    gateways => Bench::Gateway->new(dir => "$dir/run", root => $root,
        build => $build, cpus => $cpus, data => $data),
    rounds => Bench::Rounds->new(load => $load,
        rounds => $ENV{ROUNDS} // ($quick ? 5 : 7)),
);

print machine(), "\n";

for my $name (@ARGV ? @ARGV : $topics->names) {
    my $text = $topics->run($name);

    open my $f, '>', "$dir/$name.txt" or die "$dir/$name.txt: $!\n";
    print $f $text;
    close $f or die "$dir/$name.txt: $!\n";

    print $text;
}

system('rm', '-rf', "$dir/run");

Bench::History::append($ENV{HISTORY}, $topics->figures, root => $root,
                       nginx => nginx(), processor => processor())
    if $ENV{HISTORY};


sub processor {
    my ($model) = Bench::Process::slurp('/proc/cpuinfo')
                  =~ /^model name\s*: (.*)/m;

    return "$processors x $model";
}


sub nginx {
    return (`${\($ENV{NGINX} // '/usr/sbin/nginx')} -v 2>&1`
            =~ m{(nginx/\S+)})[0];
}


sub machine {
    return processor() . ', Linux ' . (POSIX::uname())[2] . ', ' . nginx()
           . ', load ' . Bench::Process::slurp('/proc/loadavg');
}

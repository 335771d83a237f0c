#!/usr/bin/perl

# What a log tells of a fuzz target that failed, where nothing else is kept:
# what was wrong, the last that it said, and the input.

use strict;
use warnings;

use File::Temp qw(tempdir);
use FindBin qw($Bin);
use MIME::Base64 qw(decode_base64);
use Test::More;

my $dir = tempdir('keygate-XXXXXXXX', TMPDIR => 1, CLEANUP => 1);

mkdir "$dir/fuzz" or die;

# A target that has the journal's name, and therefore its seeds.

sub result_of {
    my ($first, $then) = @_;

    open my $f, '>', "$dir/fuzz/journal" or die;
    print $f <<'END', "grep { \$_ eq '-runs=0' } \@ARGV or do { $then };\n",
#!/usr/bin/perl
$| = 1;
my ($prefix) = map { /^-artifact_prefix=(.*)/ } @ARGV;
sub crash {
    my ($bytes, $what, $status) = @_;
    open my $f, '>', "${prefix}crash-1" or die;
    print $f $bytes;
    close $f;
    print "$what\n";
    print "    #$_ 0x1 in somewhere$_\n" for 0 .. 99;
    print "Test unit written to ${prefix}crash-1\n";
    print "stat::number_of_executed_units: 7\n";
    exit $status;
}
END
        "$first;\n";
    close $f;
    chmod 0755, "$dir/fuzz/journal";

    return scalar `$^X $Bin/../tools/fuzz.pl --tap $dir journal 2>&1`;
}

my $well = 'print "fuzz: saw: x\n", "stat::number_of_executed_units: 99\n"';
my $said = result_of($well, "$well; exit");

like $said, qr/^1\.\.1\nok 1 - journal: 198 runs, /, 'nothing is found';
unlike $said, qr/^#/m, '... and there is nothing to say';
ok !-e "$dir/fuzz/journal.failed", '... nor to keep';

$said = result_of($well, 'crash(join("", map { chr } 0 .. 255) x 4, '
    . '"fuzz: not so at x.c:7: a == b", 77)');

like $said, qr/^not\ ok\ 1\ -\ journal:\ fuzz:\ not\ so\ at\ x\.c:7:\ a\ ==\ b$
    /mx, 'what is wrong is the name of the result';
like $said, qr/^# \s+#0 0x1 in somewhere0$/m, '... it is told where';
unlike $said, qr/somewhere90/, '... but not without end';

my ($input) = $said =~ /^\#\ the\ input\ is\ \S+,\ 1024\ bytes,\ in\ base64:\n
    ((?:\#\ {5}\S+\n)+)/mx;

is decode_base64(($input // '') =~ s/^# //mgr),
    join('', map { chr } 0 .. 255) x 4, '... and the input, whole';

open my $f, '<', "$dir/fuzz/journal.failed";
is join('', map { "# $_" } $f ? <$f> : ()),
    ($said =~ /^(#.*)\z/ms)[0] =~ s/^# /# journal: /r,
    'a file has it for the end of the log';
close $f if $f;

$said = result_of($well, 'crash("x" x 100000, '
    . '"==1== ERROR: libFuzzer: out-of-memory (used: 9Mb; limit: 8Mb)", 71)');

like $said, qr/^not ok 1 - journal: libFuzzer: out-of-memory \(used: 9Mb/m,
    'out of memory';
like $said, qr/100000 bytes, the first 3072 in base64:/,
    'an input that is long';
cmp_ok length $said, '<', 10000, '... is cut';

$said = result_of($well, 'kill KILL => $$');
like $said, qr/^not ok 1 - journal: it ended by signal 9$/m,
    'one that is killed, by a machine without memory for one';

done_testing;

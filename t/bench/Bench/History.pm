package Bench::History;

# A line of tab-separated figures for each run that was worth keeping, as a
# release is: instructions and lines per request, which are the same on any
# machine, and ratios to bare nginx, which are not.  "-": was not measured.

use strict;
use warnings;

use POSIX ();

use Bench::Process;

my $admitted = 'Admitted requests, 100000 keys: keygate';

# A column: its name, which figure it is, and how it is written.

my @columns = (
    map({ [ "ir_$_->[0]", "Instructions: $_->[1]", 'Ir', '%.0f' ] }
        [ bare => 'bare nginx' ], [ off => 'module loaded, off' ],
        [ errors => 'keygate_errors alone' ], [ norate => 'keygate, no rate' ],
        [ admitted => 'keygate' ], map { [ $_ => "keygate, $_" ] }
                                       401, 403, 429),
    [ 'code_bare', 'Instructions: bare nginx', 'code', '%.0f' ],
    [ 'code_admitted', 'Instructions: keygate', 'code', '%.0f' ],
    [ 'data_bare', 'Instructions: bare nginx', 'data', '%.0f' ],
    [ 'data_admitted', 'Instructions: keygate', 'data', '%.0f' ],
    [ 'ratio_median', $admitted, 'median', '%.3f' ],
    [ 'ratio_least', $admitted, 'least', '%.3f' ],
    map({ [ "keys_$_->[0]", "Keys: $_->[1] keys", 'median', '%.3f' ] }
        [ '1k', 1000 ], [ '100k', 100_000 ], [ '1m', 1_000_000 ],
        [ '10m', 10_000_000 ]),
);


# root: the project; nginx, processor: what it was measured with.

sub append {
    my ($path, $figures, %o) = @_;

    my @line = ($o{version} // version($o{root}),
                POSIX::strftime('%Y-%m-%d', gmtime), $o{nginx}, $o{processor});

    for (@columns) {
        my (undef, $row, $what, $format) = @$_;
        my $value = ($figures->{$row} // {})->{$what};

        push @line, defined $value ? sprintf $format, $value : '-';
    }

    my $new = !-s $path;

    open my $f, '>>', $path or die "$path: $!\n";
    print $f join("\t", qw(version date nginx processor),
                  map { $_->[0] } @columns), "\n" if $new;
    print $f join("\t", @line), "\n";
    close $f or die "$path: $!\n";
}


sub version {
    my ($root) = @_;

    return (Bench::Process::slurp("$root/src/base/keygate_version.h")
            =~ /KEYGATE_VERSION\s+"(.*?)"/)[0];
}


1;

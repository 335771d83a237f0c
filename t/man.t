#!/usr/bin/perl

# The pages of the manual: keygate.conf has the words of docs/directives.md, in
# their order, and man has nothing to say of it or of the command's.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use File::Temp qw(tempdir);
use Test::More;

use Keygate;

my $root = $Keygate::root;
my $dir = tempdir('keygate-XXXXXXXX', TMPDIR => 1, CLEANUP => 1);
my $page = "$dir/keygate.conf.5";


sub slurp {
    my ($path) = @_;

    open my $f, '<', $path or die "$path: $!\n";
    local $/;

    return <$f>;
}

is(system("$root/tools/man 1.2.3 <$root/docs/directives.md >$page"), 0,
    'the page is made');

my $roff = slurp($page);
my $docs = slurp("$root/docs/directives.md");

like($roff, qr/^\.TH KEYGATE\.CONF 5 "" "keygate 1\.2\.3"/m, 'of a version');
is(join(' ', $roff =~ /^\.SS (\w+)$/mg), join(' ', $docs =~ /^### (\w+)$/mg),
    'each directive has a part');

my $groff = '/usr/bin/groff';

if (!-x $groff) {
    note 'groff is not installed: pages are not looked at';
    done_testing();
    exit;
}

for my $path ($page, "$root/src/cli/keygate.1") {
    is(`$groff -mandoc -Kutf8 -Tutf8 -ww -z $path 2>&1`, '',
        "no warning about @{[ $path =~ m{([^/]+)$} ]}");
}

# without what is only in one of them

my $shown = `$groff -man -Kutf8 -Tutf8 -P-cbou -rcR=1 -rLL=300n $page`;

$shown =~ s/^.*?^DESCRIPTION\n//ms;
$shown =~ s/^SEE ALSO.*//ms;
$docs =~ s/^# .*\n//m;
$docs =~ s/ \[README\].*//;
$docs =~ s/^```.*\n//mg;
$docs =~ s/\]\([^)]*\)/]/g;
$docs =~ s/^## (.*)/uc $1/mge;

my @shown = $shown =~ /(\w+)/g;
my @docs = $docs =~ /(\w+)/g;
my $same = 0;

$same++ while $same < @docs && $same < @shown
              && $docs[$same] eq $shown[$same];

cmp_ok(scalar @docs, '>', 2000, 'there is something to read');
is("@shown[$same .. ($same + 5 > $#shown ? $#shown : $same + 5)]",
    "@docs[$same .. ($same + 5 > $#docs ? $#docs : $same + 5)]",
    'all of the words, and no other');

done_testing();

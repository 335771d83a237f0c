#!/usr/bin/perl

# The samples of conf.d keep their data where the package has made a place for
# it, and their logs where nginx's are: nginx's prefix is neither.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use Test::More;

use Keygate;

my $places = 0;

for my $path (sort glob "$Bin/../conf.d/*.conf") {
    my ($name) = $path =~ m{([^/]+)$};

    open my $f, '<', $path or die "$path: $!\n";

    while (my $line = <$f>) {
        if ($line =~ /^\s*keygate_zone\s.*\bjournal=([^;\s]+)/) {
            like $1, qr{^/var/lib/keygate/\w+\.jsonl$}, "$name: $1";
            $places++;
        }

        if ($line =~ /^\s*(?:access|error)_log\s+([^;\s]+)/ && $1 ne 'off') {
            like $1, qr{^/var/log/nginx/\w+\.log$}, "$name: $1";
            $places++;
        }
    }
}

cmp_ok $places, '>=', 6, 'all of them were looked at';

# what they are in a test is what they are there

my $t = Keygate->new(zones => [qw(cooledge coolset crewkeel)]);

$t->write_file('admin.sha256', '0' x 64 . "\n");
$t->{conf} = join '', map { $t->shipped("$_.conf") }
    qw(cooledge coolset crewkeel handlers admin);

my ($code, $text) = $t->check_conf;

is $code, 0, 'nginx takes them together' or diag $text;
unlike join('', map { $t->read_file("$_.conf") } qw(cooledge coolset crewkeel)),
    qr{^[^#\n]*/var/}m, 'and a test leaves that directory alone';

done_testing();
$t->{finished} = 1;

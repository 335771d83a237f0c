#!/usr/bin/perl

# A name tells its file: the first word after the prefix of an exported
# function is one of the words of its file's name.  No type is defined twice,
# and every name in a comment is one that exists.

use strict;
use warnings;

use FindBin qw($Bin);
use Test::More;

chdir "$Bin/.." or die;

# Words that stand for more than one file, or for what a file is all about.

my %also = (
    'src/base/keygate_core.c' => [qw(str buf hex utf8)],   # each in a header
    'src/base/keygate_digest.c' => [qw(digester)],   # what makes digests
    'src/store/keygate_resp.c' => [qw(reply)],       # what RESP is read into
    'src/rate/keygate_meter.c' => [qw(ring)],        # part of a meter
    'src/cli/error.c' => [qw(note)],                 # no error, said there too
    'src/cli/main.c' => [qw(main)],
);

my @files = split /\n/, `find src -name '*.[ch]' | LC_ALL=C sort`;
my (%code, %comments, %bad, %types);


sub told {
    my ($file, $name) = @_;

    my ($base) = $file =~ m{([^/]+)\.c$};
    my $prefix = $base =~ s/^ngx_http_keygate_// ? 'ngx_http_keygate_'
                 : $base =~ s/^keygate_// ? 'keygate_' : 'cli_';

    return grep { $name =~ /^(?:\Q$prefix\E)?\Q$_\Es?(?:_|$)/ }
                split(/_/, $base), @{ $also{$file} || [] };
}


for my $file (@files) {
    open my $f, '<', $file or die "$file: $!\n";
    local $/;
    my $text = <$f>;

    $comments{$file} = join "\n", $text =~ m{/\*.*?\*/}gs;
    $text =~ s{/\*.*?\*/}{}gs;
    $code{$file} = $text;

    $types{$_}{$file}++ for $text =~ /^\} *(?:__attribute__.*\)\) *)?(\w+);/mg;
    $types{"struct $_"}{$file}++ for $text =~ /^struct (\w+) \{/mg;

    next if $file !~ /\.c$/;

    while ($text =~ /^(?!static)[a-z][^\n;={}]*\n(\w+)\([^;{}]*\)\n\{/mg) {
        $bad{$1} = $file if !told($file, $1);
    }
}

is(join("\n", map { "$bad{$_}: $_" } sort keys %bad), '',
   'every exported name tells its file');

my @twice = grep { my $n = 0; $n += $_ for values %{ $types{$_} }; $n > 1 }
            sort keys %types;

cmp_ok(scalar keys %types, '>', 100, 'types are found');
is(join("\n", map { "$_: @{[ sort keys %{ $types{$_} } ]}" } @twice), '',
   'no type is defined twice');

my %known = map { $_ => 1 }
            map({ /\b((?:ngx_http_)?keygate_\w+)/g } values %code),
            map({ m{([^/.]+)\.\w+$} } @files);
my @unknown;

for my $file (@files) {
    for my $name ($comments{$file} =~ /\b((?:ngx_http_)?keygate_\w+)\b/g) {
        push @unknown, "$file: $name"
            if !$known{$name} && $name !~ /_(?:NAME)?$/;
    }
}

is(join("\n", @unknown), '', 'every name in a comment exists');
done_testing();

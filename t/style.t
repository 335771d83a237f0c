#!/usr/bin/perl

# What a regular expression can tell about the house.

use strict;
use warnings;

use FindBin qw($Bin);
use Test::More;

chdir "$Bin/.." or die;

my $list = -e '.git' && `git ls-files -co --exclude-standard 2>/dev/null`
           || `find . -type f ! -path './build/*' ! -path './.git/*'`;
my @all = grep { -f } map { s{^\./}{}r } split /\n/, $list;
my @text = grep { !m{^t/fuzz/corpus/} } @all;
my @c = grep { /\.[ch]$/ } @text;


sub none {
    my ($name, $files, $check) = @_;

    my @found;

    for my $file (@$files) {
        open my $f, '<', $file or next;

        while (my $line = <$f>) {
            chomp $line;
            push @found, "$file:$.: $line" if $check->($line, $file);
        }
    }

    is(join("\n", @found[0 .. ($#found < 9 ? $#found : 9)]), '', $name);
}


# prose may have lines of any length; so may what is quoted whole, and what
# names a maintainer
my @wrapped = grep { !m{\.md$|^LICENSE$|\.(?:jsonl?|csv|tsv)$|^t/bench/peers/}
                     && !m{^debian/(?:changelog|control)$} } @text;

none('no line is wider than 80 columns', \@wrapped,
     sub { length $_[0] > 80 });
none('no tabs', [ grep { !m{^Makefile$|\.mk$|^debian/rules$} } @wrapped ],
     sub { $_[0] =~ /\t/ });
none('no trailing space', \@text, sub { $_[0] =~ /[ \t\r]$/ });
none('no nginx in the core', [ grep { m{^src/(?!nginx/|cli/)} } @c ],
     sub { $_[0] =~ /ngx_/ && $_[0] !~ m{^ ?\*|^/\*} && $_[0] !~ /ngx_str_t/ });
none('two blank lines at most', \@c, do {
    my ($in, $blank) = ('', 0);

    sub {
        my ($line, $file) = @_;

        $blank = $line eq '' && $file eq $in ? $blank + 1 : 0;
        $in = $file;

        return $blank > 2;
    };
});
none('no C++ comments', \@c, sub { $_[0] =~ m{(?:^|[;{}\s])//} });
none('no archive is named', \@text, sub {
    $_[1] ne 't/style.t'
    && $_[0] =~ /deb\.debian\.org|snapshot\.debian|registry\.npmjs|pypi\.org/
});

my @headless = grep {
    open my $f, '<', $_ or die "$_: $!\n";
    <$f> !~ m{^/\*$};
} @c;

is("@headless", '', 'every C file tells first what it decides');

my @long = grep {
    open my $f, '<', $_ or die "$_: $!\n";
    my $n = () = <$f>;
    $n > 400;
} grep { m{^src/} } @c;

is("@long", '', 'no file of the sources has more than 400 lines');

# one layout of a file, nginx's: what is included, macros and types, prototypes
# of all static functions, then functions; a macro may stand with the table or
# the function that alone uses it

my (@unordered, $functions);

for my $file (grep { m{^src/.*\.c$} } @c) {
    open my $f, '<', $file or die "$file: $!\n";
    local $/;
    my $text = <$f> =~ s{/\*.*?\*/}{}gsr;
    my ($before, $after) = ($text, '');

    ($before, $after) = (substr($text, 0, $-[0]), substr($text, $-[0]))
        if $text =~ /^[a-z][^\n;={}]*\n\w+\([^;{}]*\)\n\{/m;

    push @unordered, "$file: $1"
        while $after =~ /^(#include.*|typedef.*|(?:struct|enum) \w+ \{)/mg;

    while ($after =~ /^static (?!inline)[^\n;={}]*\n(\w+)\([^;{}]*\)\n\{/mg) {
        my $name = $1;

        $functions++;
        push @unordered, "$file: $name"
            if $before !~ /^static [^;={}]*\b\Q$name\E\([^;{}]*\)[^;{}]*;/m;
    }
}

cmp_ok($functions, '>', 1000, 'static functions are found');
is(join("\n", @unordered), '', 'types and prototypes stand before functions');

# lower folders know nothing of higher ones

my %height = (base => 0, route => 1, rate => 1, error => 1, record => 2,
              table => 3, journal => 4, store => 4, api => 4, decide => 5,
              usage => 5, nginx => 6, openapi => 5, cli => 6);
my %folder = map { m{^src/(\w+)/.*?([^/]+\.h)$} ? ($2 => $1) : () } @c;

none('no folder includes a higher one, or one beside it',
     [ grep { m{^src/} } @c ], sub {
    my ($line, $file) = @_;
    my ($own) = $file =~ m{^src/(\w+)/};
    my ($header) = $line =~ /^#include "([^"]+)"/ or return 0;
    my $other = $folder{$header} // return 0;

    return $other ne $own && $height{$other} >= $height{$own};
});

my @unnamed = grep { m{^t/fuzz/corpus/.*/[0-9a-f]{40}$} } @all;
is(scalar @unnamed, 0, 'every seed has a name that tells what it is');

my %top = map { (split m{/})[0] => 1 } @all;
delete @top{qw(.ci .gitignore CHANGES LICENSE Makefile README.md bench conf.d
               config debian docs src t tools)};
is(join(' ', sort keys %top), '', 'nothing else at the top');

# modules are loaded RTLD_GLOBAL: a name that is not hidden is everybody's

my $so = $ENV{TEST_NGINX_MODULE} || 'build/ngx_http_keygate_module.so';

SKIP: {
    skip 'no module is built', 1 if !-e $so;

    my @symbols = map { (split)[-1] } grep { / [A-Z] / }
                  `nm -D --defined-only $so`;

    is("@symbols", 'ngx_module_names ngx_module_order ngx_modules',
       'the module exports what nginx looks for, and nothing else');
}

done_testing();

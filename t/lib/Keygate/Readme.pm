package Keygate::Readme;

# README.md and docs/*.md taken apart: their headings, the text below them,
# their fenced blocks; and gates made of what they show.  After the language a
# fence tells what the block is: "main", "http", "server", "location" or "api"
# is where a piece of configuration belongs, anything else is the name it is
# asked for by.

use strict;
use warnings;

use Exporter qw(import);
use Test::More;

use Keygate;

our @EXPORT = qw(slurp names block blocks section sections dead_links localize
                 gate sh synopsis readme);

my (%heading, %text, @blocks, %section);


sub slurp {
    my ($name) = @_;

    open my $f, '<:raw', "$Keygate::root/$name" or die "$name: $!\n";
    local $/;

    return <$f>;
}


my @files = ('README.md', map { s{^\Q$Keygate::root\E/}{}r }
                          sort glob "$Keygate::root/docs/*.md");

for my $file (@files) {
    my ($part, $name, $block) = ('', '');

    $text{$file} = slurp($file);
    $heading{$file} = {};

    for my $line (split /\n/, $text{$file}) {
        if ($block) {
            $line =~ s/^$block->{indent}//;

            if ($line eq '```') {
                undef $block;

            } else {
                $block->{text} .= "$line\n";
            }

            next;
        }

        if ($line =~ /^( *)```(\w*) ?(.*)/) {
            $block = { indent => $1, lang => $2, is => $3, text => '',
                       part => $part, name => $name };
            push @blocks, $block;
            next;
        }

        if ($line =~ /^(#+) (.*)/) {
            my ($depth, $title) = (length $1, $2);
            my $anchor = lc $title =~ s/ /-/gr =~ s/[^\w-]//gr;
            my $n = '';

            # the second of a name is NAME-1
            $part = $title if $depth <= 2;
            $name = $title;
            $n-- while $heading{$file}{"$anchor$n"};
            $heading{$file}{"$anchor$n"} = 1;
        }

        $section{"$part/$name"} .= "$line\n";
    }
}


# All of them, one after the other.

sub readme {
    return join '', @text{@files};
}


# Links to a heading or a file that is not there, as FILE: LINK.

sub dead_links {
    my @dead;

    for my $file (@files) {
        my ($folder) = $file =~ m{^(.*/)?};

        for my $link ($text{$file} =~ /\]\(([^)]*)\)/g) {
            next if $link =~ /^https?:/;

            my ($to, $anchor) = $link =~ /^([^#]*)#?(.*)/;
            my $path = $to eq '' ? $file : ($folder // '') . $to;

            1 while $path =~ s{[^/]+/\.\./}{};

            push @dead, "$file: $link"
                if !-e "$Keygate::root/$path"
                   || $anchor ne '' && !$heading{$path}{$anchor};
        }
    }

    return @dead;
}


# The names of the headings below one, and the text below one of these; without
# a second name the text of the part itself.

sub sections {
    my ($part) = @_;

    return grep { $_ ne $part } map { m{^\Q$part\E/(.*)} ? $1 : () }
           keys %section;
}


sub section {
    my ($part, $name) = @_;

    return $section{"$part/" . ($name // $part)} // '';
}


sub blocks {
    my ($lang) = @_;

    return grep { $_->{lang} =~ /^$lang/ } @blocks;
}


sub block {
    my ($lang, $is) = @_;

    my @found = grep { $_->{lang} eq $lang && $_->{is} eq $is } @blocks;
    is(scalar @found, 1, "one block: $lang $is");

    return @found ? $found[0]{text} : '';
}


sub names {
    return join ' ', sort @_;
}


# The whole file, what is in http, and its API.

sub synopsis {
    my $main = block('nginx', 'main');
    my ($http) = $main =~ /^http \{\n(.*)^\}\n/ms;
    my ($shop) = $http =~ /(^ +keygate_api shop \{.*?^    \}\n)/ms;

    return ($main, $http, $shop);
}


# Paths and ports as the README has them, to those of a test.

sub localize {
    my ($text) = @_;

    $text =~ s{/var/lib/keygate}{%%DIR%%/lib}g;
    $text =~ s{/etc/keygate}{%%DIR%%/etc}g;
    $text =~ s{listen\s+(?:127\.0\.0\.1:)?(\d+);}{listen 127.0.0.1:%%P$1%%;}g;
    $text =~ s{http://127\.0\.0\.1:300\d}{http://127.0.0.1:%%UPSTREAM%%}g;
    $text =~ s{http://127\.0\.0\.1:(8\d+)}{http://127.0.0.1:%%P$1%%}g;

    return $text;
}


sub gate {
    my ($conf) = @_;

    my $t = Keygate->new(conf => localize($conf));

    mkdir "$t->{dir}/$_" for qw(lib etc logs);
    $t->write_file('etc/pepper', 'p' x 32);
    $t->write_file('etc/admin.sha256', '0' x 64 . "\n");

    return $t;
}


# Runs a block in the gate's directory; returns what it has printed.

sub sh {
    my ($t, $name) = @_;

    my $text = $t->expand(localize(block('sh', $name)));
    my $path = "$Keygate::root/build";

    # what it makes is for the workers to read, whoever they are
    my $out = `umask 022; exec 2>&1; sh -e <<'SCRIPT'
cd $t->{dir}
PATH=$path:\$PATH
${text}SCRIPT
`;

    is($?, 0, "the shell does what is to be done: $name") or diag($out);

    return $out;
}


1;

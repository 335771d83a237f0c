package Bench::Data;

# Keys to ask with, and the same keys as each gateway wants to have them.
# Everything is made once per directory and found there again.
#
# A key's number says all about it, so a million of them are made in seconds.
# One account holds ten keys.

use strict;
use warnings;

use Digest::MD5 qw(md5_hex);
use Digest::SHA qw(sha256_hex);

my @scopes = qw(customers:read customers:write jobs:read jobs:write
                quotes:read invoices:read);
my @digits = (0 .. 9, 'A' .. 'Z');
my @triples;

for my $a (@digits) {
    for my $b (@digits) {
        push @triples, map { "$a$b$_" } @digits;
    }
}

my $refused = 1000;      # keys of each kind that is refused
my $sample = 1_000_000;  # keys that requests are drawn from, at most


sub new {
    my ($class, $dir) = @_;

    mkdir $dir;

    return bless { dir => $dir }, $class;
}


# The id and the whole credential of key number i.

sub credential {
    my ($i) = @_;

    my $x = $i * 7919 % 36 ** 6;
    my $id = 'ck_live_' . $triples[$x / 46656] . $triples[$x % 46656];

    return ($id, "${id}_" . substr md5_hex("bench $i"), 0, 24);
}


sub make {
    my ($self, $name, $code) = @_;

    my $path = "$self->{dir}/$name";

    return $path if -e $path;

    open my $f, '>', "$path.new" or die "$path.new: $!\n";
    $code->($f);
    close $f or die "$path.new: $!\n";
    rename "$path.new", $path or die "$path: $!\n";

    return $path;
}


# -- What clients send

sub keys {
    my ($self, $n) = @_;

    my $step = $n > $sample ? $n / $sample : 1;

    return $self->make("keys-$n.txt", sub {
        my ($f) = @_;

        for (my $i = 0; $i < $n; $i += $step) {
            print $f +(credential(int $i))[1], "\n";
        }
    });
}


# Keys that are unknown, may nothing, or may do one request a minute: far
# from the numbers of the others.

sub refused {
    my ($self, $kind) = @_;

    my $first = refused_from($kind);

    return $self->make("$kind.txt", sub {
        my ($f) = @_;

        print $f +(credential($_))[1], "\n" for $first .. $first + $refused - 1;
    });
}


sub refused_from {
    my ($kind) = @_;

    my %first = (unknown => 50_000_000, powerless => 51_000_000,
                 limited => 52_000_000);

    return $first{$kind};
}


# -- keygate: a journal

# rest: members of the key; digits are in the order of the contract.

sub key_line {
    my ($i, $account, $scopes, $rest) = @_;

    my ($id, $credential) = credential($i);

    return sprintf '{"key":{"id":"%s","account":"%s","name":"Key %d",'
        . '"digest":"sha256:%s","scopes":[%s],%s'
        . '"created_at":"2026-11-01T09:00:00Z"}}' . "\n",
        $id, $account, $i, sha256_hex($credential),
        join(',', map { "\"$_\"" } @$scopes), $rest // '';
}


sub account_line {
    my ($n) = @_;

    return sprintf '{"account":{"id":"biz_%08x","name":"Brightline %d",'
        . '"plan":"growth","status":"active"}}' . "\n", $n, $n;
}


# keys: a multiple of 10; accounts: 1 puts all keys under one of them.

sub journal {
    my ($self, $n, %o) = @_;

    my $name = $o{accounts} ? "journal-$n-$o{accounts}.jsonl"
                            : "journal-$n.jsonl";

    return $self->make($name, sub {
        my ($f) = @_;

        for my $i (0 .. $n - 1) {
            my $account = $o{accounts} ? $i % $o{accounts} : int $i / 10;

            print $f account_line($account)
                if $o{accounts} ? $i < $o{accounts} : $i % 10 == 0;
            print $f key_line($i, sprintf('biz_%08x', $account), \@scopes);
        }

        my $first = refused_from('powerless');
        print $f key_line($_, 'biz_00000000', ['leads:read'])
            for $first .. $first + $refused - 1;

        $first = refused_from('limited');
        print $f key_line($_, 'biz_00000000', \@scopes, '"rates":["1r/m"],')
            for $first .. $first + $refused - 1;
    });
}


# -- The others: digest or key, and what they have to know of it

# HAProxy: "DIGEST id|account|plan|status|expires|scopes as bits|limit".

my %bit = ('customers:read' => 1, 'customers:write' => 2, 'jobs:read' => 4,
           'jobs:write' => 8, 'quotes:read' => 16, 'invoices:read' => 64,
           'leads:read' => 1024);


sub every {
    my ($n, $code) = @_;

    my $powerless = refused_from('powerless');
    my $limited = refused_from('limited');

    $code->($_, sprintf('biz_%08x', $_ / 10), \@scopes, 1000000)
        for 0 .. $n - 1;
    $code->($_, 'biz_00000000', ['leads:read'], 1000000)
        for $powerless .. $powerless + $refused - 1;
    $code->($_, 'biz_00000000', \@scopes, 1)
        for $limited .. $limited + $refused - 1;
}


sub haproxy {
    my ($self, $n) = @_;

    return $self->make("haproxy-$n.map", sub {
        my ($f) = @_;

        every($n, sub {
            my ($i, $account, $scopes, $limit) = @_;
            my ($id, $credential) = credential($i);
            my $bits = 0;

            $bits |= $bit{$_} for @$scopes;
            printf $f "%s %s|%s|growth|active|4102444800|%d|%d\n",
                sha256_hex($credential), $id, $account, $bits, $limit;
        });
    });
}


# nginx's map has no digest to look for: it holds the keys themselves.

sub native {
    my ($self, $n) = @_;

    return $self->make("native-$n.map", sub {
        my ($f) = @_;

        every($n, sub {
            my ($i, $account, $scopes, $limit) = @_;
            my ($id, $credential) = credential($i);
            my $class = $limit == 1 ? 'limited' : 'normal';

            print $f "$credential \"$id $account growth active $class "
                     . join(' ', @$scopes) . "\";\n";
        });
    });
}


# Lua: the journal's own lines serve it.

sub lua {
    my ($self, $n) = @_;

    return $self->journal($n);
}


1;

package Keygate::Command;

# Running the keygate command: TEST_KEYGATE, or build/keygate.
#
#     my $c = Keygate::Command->new;
#     my $r = $c->run('show', 'ck_live_AB12CD');
#     is $r->{code}, 3, 'there is none'; like $r->{err}, qr/no key/;
#
# It runs in a directory of its own, with the journal keys.jsonl there.

use strict;
use warnings;

use File::Temp qw(tempdir tempfile);
use JSON::PP ();
use POSIX ();

use Keygate;

our $binary = $ENV{TEST_KEYGATE} // "$Keygate::root/build/keygate";


sub new {
    my ($class, %o) = @_;

    my $dir = $o{dir} // tempdir('keygate-XXXXXXXX', TMPDIR => 1,
        CLEANUP => 1);

    return bless {
        dir => $dir, journal => "$dir/keys.jsonl",
        format => 'tk_ id=6 secret=24', %o,
    }, $class;
}


# Arguments, and at their end { stdin => bytes, env => { NAME => value } }:
# { code, out, err }.

sub run {
    my ($self, @args) = @_;

    my %o = ref $args[-1] ? %{pop @args} : ();
    my ($in, $out, $err) = map { scalar tempfile() } 1 .. 3;

    binmode $in;
    print $in $o{stdin} // '';
    seek $in, 0, 0;

    my $pid = fork // die "fork: $!\n";

    if ($pid == 0) {
        chdir $self->{dir};
        $ENV{KEYGATE_JOURNAL} = $self->{journal};
        $ENV{KEYGATE_FORMAT} = $self->{format};
        delete $ENV{KEYGATE_PEPPER};

        for my $name (keys %{$o{env} || {}}) {
            if (defined $o{env}{$name}) {
                $ENV{$name} = $o{env}{$name};

            } else {
                delete $ENV{$name};
            }
        }

        open STDIN, '<&', $in;
        open STDOUT, '>&', $o{stdout} // $out;
        open STDERR, '>&', $err;
        exec $binary, @args or POSIX::_exit(127);
    }

    waitpid $pid, 0;

    my $status = $?;
    my @text;

    for my $f ($out, $err) {
        local $/;
        seek $f, 0, 0;
        push @text, scalar(<$f>) // '';
    }

    return { code => $status & 127 ? "signal $status" : $status >> 8,
             out => $text[0], err => $text[1] };
}


# What it prints with --json; undef unless it is one JSON value.

sub json {
    my ($self, @args) = @_;

    my @o = ref $args[-1] ? pop @args : ();
    my $r = $self->run(@args, '--json', @o);

    return scalar eval { JSON::PP->new->utf8->decode($r->{out}) };
}


sub lines {
    my ($self) = @_;

    open my $f, '<', $self->{journal} or return;
    binmode $f;

    my @lines = <$f>;

    return @lines;
}


# The records that the journal's lines hold: [ kind, record ].

sub records {
    my ($self) = @_;

    return map { [ %{JSON::PP->new->utf8->decode($_)} ] } $self->lines;
}


# The last record of an id.

sub record {
    my ($self, $id) = @_;

    return (map { $_->[1] } grep { $_->[1]{id} eq $id } $self->records)[-1];
}


sub write {
    my ($self, $name, $bytes) = @_;

    my $path = "$self->{dir}/$name";

    open my $f, '>', $path or die "$path: $!\n";
    binmode $f;
    print $f $bytes;
    close $f or die "$path: $!\n";

    return $path;
}


sub append {
    my ($self, $bytes) = @_;

    open my $f, '>>', $self->{journal} or die "$self->{journal}: $!\n";
    binmode $f;
    print $f $bytes;
    close $f;
}


1;

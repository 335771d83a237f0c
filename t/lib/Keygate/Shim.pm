package Keygate::Shim;

# The faults that are made in nginx's own process: a shared object from
# t/faults, loaded before all others, and the file that tells it what to do.
#
#     my $shim = Keygate::Shim->new($t, 'clock');
#     $t->start;
#     $shim->set(86400);
#
# The file is a row of 64-bit numbers, which both sides see at once; what they
# mean is at the top of each t/faults/*.c.

use strict;
use warnings;

use Keygate;


sub new {
    my ($class, $t, $name) = @_;

    my $dir = $t->{dir};
    my $cc = $ENV{CC} || 'gcc';
    my @command = ($cc, qw(-std=gnu99 -g -O2 -Wall -Wextra -Werror -fPIC
        -shared -o), "$dir/$name.so", "$Keygate::root/t/faults/$name.c");

    system(@command) == 0 or die "cannot build t/faults/$name.c\n";

    my $self = bless { path => "$dir/$name.shim" }, $class;

    open $self->{f}, '+>', $self->{path} or die "$self->{path}: $!\n";
    chmod 0666, $self->{path};
    $self->set((0) x 512);

    $t->{env}{LD_PRELOAD} = "$dir/$name.so";
    $t->{env}{KEYGATE_SHIM} = $self->{path};

    return $self;
}


# Stores the first numbers.

sub set {
    my ($self, @numbers) = @_;

    sysseek $self->{f}, 0, 0;
    syswrite $self->{f}, pack 'q<*', @numbers;
}


# One of them.

sub get {
    my ($self, $i) = @_;

    sysseek $self->{f}, 8 * $i, 0;
    sysread $self->{f}, my $bytes, 8;

    return unpack 'q<', $bytes;
}


# Why an nginx cannot be given a shim, or ''.

sub impossible {
    my ($class) = @_;

    return 'valgrind has these calls already' if $Keygate::Server::reloads;

    open my $f, '<:raw', $Keygate::Server::binary or return 'no nginx';
    local $/;

    return <$f> =~ /__asan_init/ ? 'a sanitizer has these calls already' : '';
}


1;

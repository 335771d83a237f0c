package Keygate::Chroot;

# A small Debian to install a package in: a copy of this machine's own nginx
# with all that it depends on, as dpkg knows them, which takes seconds and no
# archive.  The test runs in namespaces of its own, so that ports, processes
# and mounts are nobody else's, and all of them end with it:
#
#     Keygate::Chroot->alone or plan skip_all => '...';
#     my $chroot = Keygate::Chroot->new($dir, qw(nginx curl));
#     $chroot->run('dpkg -i /a.deb')->{out};

use strict;
use warnings;

use File::Copy ();
use File::Path ();
use POSIX ();

my @alone = qw(unshare -n -p -m -f --kill-child --mount-proc);

# what a Debian without an archive is made of, beside what is essential
my @base = qw(debconf init-system-helpers);


# Runs the test once more, as the only one there is.  The shell is its init: it
# takes in the servers whose parents have gone.  False where that cannot be.

sub alone {
    return 1 if $ENV{KEYGATE_ALONE};

    return 0 if $> != 0
        || system("@alone ip link set lo up >/dev/null 2>&1") != 0;

    $ENV{KEYGATE_ALONE} = 1;
    $| = 1;

    exec @alone, 'sh', '-c', 'ip link set lo up; "$@"; exit $?', 'sh', $^X, $0
        or die "unshare: $!\n";
}


# Paragraphs of dpkg's status, by name.

sub installed {
    local $/ = '';
    my %package;

    open my $f, '<', '/var/lib/dpkg/status' or die "status: $!\n";

    while (my $text = <$f>) {
        $text =~ s/\n+\z/\n/;
        next if $text !~ /^Status: \S+ ok installed$/m;

        my %p = (text => $text, $text =~ /^([\w-]+): (.*)$/mg);

        $package{$p{Package}} = \%p;
    }

    return \%package;
}


sub names {
    return map { s/[ :(].*//r } split /\s*[,|]\s*/, $_[0] // '';
}


# All that these need, of alternatives those that are here.

sub closure {
    my ($installed, @names) = @_;

    my %wanted;
    my %gives;

    for my $name (sort keys %$installed) {
        $gives{$_} //= $name for $name, names($installed->{$name}{Provides});
    }

    while (defined(my $name = shift @names)) {
        $name = $installed->{$name} ? $name : $gives{$name} // next;
        next if $wanted{$name}++;
        push @names, map { names($installed->{$name}{$_}) }
                     'Pre-Depends', 'Depends';
    }

    return sort keys %wanted;
}


sub new {
    my ($class, $dir, @names) = @_;

    my $self = bless { dir => $dir }, $class;
    my $installed = installed();

    my @packages = closure($installed, @base, @names,
        grep { ($installed->{$_}{Essential} // '') eq 'yes' }
        keys %$installed);

    File::Path::make_path(map { "$dir$_" } '/dev', '/proc', '/root', '/run',
        '/tmp', '/var/lib/dpkg/info', '/var/lib/dpkg/updates',
        '/var/lib/dpkg/triggers', '/var/lib/dpkg/alternatives',
        '/var/cache/debconf', '/var/log',
        map { "/usr/$_" } qw(bin sbin lib lib64));
    chmod 01777, "$dir/tmp";

    my @info = map {
        my ($name, $architecture) = @{$installed->{$_}}
            {qw(Package Architecture)};

        glob "/var/lib/dpkg/info/{$name,$name:$architecture}.*";
    } @packages;

    open my $list, '>', "$dir/files" or die "files: $!\n";

    for my $path (grep { -l || -e } '/bin', '/sbin', '/lib', '/lib64', @info,
                  '/etc/alternatives', glob '/etc/alternatives/*')
    {
        print $list "$path\n";
    }

    for my $info (grep { /\.list$/ } @info) {
        open my $f, '<', $info or die "$info: $!\n";
        print $list grep {
            !m{^/\.$|^/usr/share/(?:doc|info|locale|man)/|^/(?:dev|proc)/}
        } <$f>;
    }

    close $list or die "files: $!\n";

    system("tar -C / --no-recursion --ignore-failed-read -T $dir/files -cPf -"
           . " 2>$dir/lost | tar -C $dir -xf - --skip-old-files 2>>$dir/lost");

    $self->write('/var/lib/dpkg/status',
        join "\n", map { $installed->{$_}{text} } @packages);
    $self->write('/var/lib/dpkg/available', '');
    $self->write('/etc/hosts', "127.0.0.1 localhost\n");

    File::Copy::copy("$dir/usr/share/base-passwd/$_.master", "$dir/etc/$_")
        or die "$_: $!\n" for qw(passwd group);

    system("mount -t proc proc $dir/proc && mount --rbind /dev $dir/dev") == 0
        or die "mount failed\n";

    return $self;
}


sub write {
    my ($self, $path, $text) = @_;

    open my $f, '>', "$self->{dir}$path" or die "$path: $!\n";
    print $f $text;
    close $f or die "$path: $!\n";

    return $path;
}


sub read {
    my ($self, $path) = @_;

    local $/;
    open my $f, '<', "$self->{dir}$path" or return '';

    return <$f> // '';
}


# A line of shell, inside, as root: its exit code, and all that it printed.

sub run {
    my ($self, $line) = @_;

    my $pid = open my $out, '-|';

    die "fork: $!\n" if !defined $pid;

    if ($pid == 0) {
        open STDIN, '<', '/dev/null';
        open STDERR, '>&', \*STDOUT;
        %ENV = (HOME => '/root', PATH => '/usr/sbin:/usr/bin:/sbin:/bin',
                LC_ALL => 'C', DEBIAN_FRONTEND => 'noninteractive');
        exec 'chroot', $self->{dir}, 'sh', '-c', $line
            or POSIX::_exit(127);
    }

    # servers that the line has started must not hold the pipe
    local $/;
    my $text = <$out> // '';
    close $out;

    return { code => $? >> 8, out => $text };
}


1;

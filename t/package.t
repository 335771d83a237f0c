#!/usr/bin/perl

# "make deb": what is in the package, and what it does to a Debian and to an
# nginx that is at work: installed, upgraded, removed, purged.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use File::Temp qw(tempdir);
use HTTP::Tiny;
use Test::More;
use Time::HiRes qw(sleep time);

use Keygate::Chroot;
use Keygate::Load;

my $root = "$Bin/..";
my $name = 'libnginx-mod-http-keygate';

-x "/usr/bin/$_" or plan skip_all => "$_ is not installed"
    for qw(dh_nginx dpkg-buildpackage debconf-updatepo);

my $alone = Keygate::Chroot->alone;

delete @ENV{grep { /^MAKE|^MFLAGS/ } keys %ENV};

my ($deb) = $ENV{TEST_PACKAGE} // ();

if (!defined $deb) {
    my $said = `make -C $root deb 2>&1`;

    is $?, 0, 'make deb' or diag $said;
    ($deb) = glob "$root/build/${name}_*.deb";
}

sub slurp {
    my ($path) = @_;

    local $/;
    open my $f, '<', $path or return '';

    return <$f>;
}


# -- What is in it

my ($version) = slurp("$root/src/base/keygate_version.h")
                =~ /KEYGATE_VERSION +"(.*)"/;

like slurp("$root/CHANGES"), qr/\A\nChanges with keygate \Q$version\E\n/m,
    'CHANGES has that version';
like slurp("$root/debian/changelog"), qr/\A$name \(\Q$version\E\) /,
    'so has the changelog';

my %mode;

for (split /\n/, `dpkg-deb -c $deb`) {
    my ($mode, $owner, undef, undef, undef, $path) = split ' ', $_, 6;

    $path =~ s/^\.| -> .*//g;
    $mode{$path} = $mode;
    is $owner, 'root/root', "$path is root's" if $owner ne 'root/root';
}

is join(' ', grep { $mode{$_} !~ /^(?:drwxr-xr-x|-rw-r--r--|lrwxrwxrwx)$/ }
             sort keys %mode),
    '/usr/bin/keygate', 'the command alone can be run';

is join("\n", grep { !m{/$|^/usr/share/doc/} } sort keys %mode),
    join("\n", '/usr/bin/keygate',
        '/usr/lib/nginx/modules/ngx_http_keygate_module.so',
        "/usr/lib/tmpfiles.d/$name.conf",
        '/usr/share/bash-completion/completions/keygate',
        (map { '/usr/share/keygate/portal/' . s{.*/}{}r }
         sort glob "$root/src/portal/*"),
        '/usr/share/man/man1/keygate.1.gz',
        '/usr/share/man/man5/keygate.conf.5.gz',
        '/usr/share/nginx/modules-available/mod-http-keygate.conf'),
    'what is in the package';

my $doc = "/usr/share/doc/$name";

ok exists $mode{"$doc/$_"} || exists $mode{"$doc/$_.gz"}, "$_ is there"
    for 'README.md', 'CHANGES', 'copyright', 'docs/directives.md',
        'docs/package.md', 'examples/cooledge.conf', 'examples/admin.conf',
        'examples/monitoring/alerts.yml', 'examples/monitoring/dashboard.json';

my %field = `dpkg-deb -f $deb` =~ /^(\S+): (.*)$/mg;

is $field{Version}, $version, 'its version is the one of the sources';
like $field{Depends}, qr/\bnginx-abi-[\d.]+-\d+\b/,
    'it needs the nginx that it was built for';

SKIP: {
    skip 'lintian is not installed', 1 if !-x '/usr/bin/lintian';

    is `lintian --allow-root --fail-on none $deb 2>&1`, '',
        'lintian has nothing to say';
}

my $dir = tempdir('keygate-XXXXXXXX', TMPDIR => 1, CLEANUP => 1);

system("dpkg-deb -R $deb $dir/package") == 0 or die;

for my $script (qw(config postinst postrm prerm)) {
    is `sh -n $dir/package/DEBIAN/$script 2>&1`, '', "$script is a shell's";
    like slurp("$dir/package/DEBIAN/$script"), qr/\A#!\/bin\/sh\n.*^set -e$/ms,
        'and ends at an error';
}

for my $path ('usr/bin/keygate', grep { /\.so$/ } sort keys %mode) {
    my $elf = `readelf -W -d -h -s $dir/package/$path`;

    like $elf, qr/BIND_NOW/, "$path is bound at once";
    like $elf, qr/Type: +DYN/, 'anywhere';
    like $elf, qr/__stack_chk_fail.*__\w+_chk@|__\w+_chk@.*__stack_chk/s,
        'with guards of stack and buffers';
}


# -- What it does

if (!$alone) {
    note 'no namespaces for a chroot here: it is not installed';
    done_testing();
    exit;
}

my $chroot = Keygate::Chroot->new("$dir/root", qw(nginx curl libcurl4
    libjansson4 libyaml-0-2));
my $http = HTTP::Tiny->new(timeout => 10);
my ($id, $key);


sub ok_run {
    my ($line, $what) = @_;

    my $r = $chroot->run($line);

    is $r->{code}, 0, $what // $line or diag $r->{out};

    return $r->{out};
}


sub status {
    my ($path, $sent) = @_;

    return $http->get("http://127.0.0.1:8080$path",
        { headers => $sent ? { 'X-Api-Key' => $sent } : {} })->{status};
}


sub master {
    return $chroot->read('/run/nginx.pid') =~ /^(\d+)$/ ? $1 : 0;
}


# What a process has mapped of the module: "", "old" or "new".

sub mapped {
    my ($pid) = @_;

    my ($line) = slurp("/proc/$pid/maps") =~ /(ngx_http_keygate.*)/;

    return !defined $line ? '' : $line =~ /deleted/ ? 'old' : 'new';
}


# The same package with another version.

sub newer {
    my ($plus) = @_;

    my $control = slurp("$dir/package/DEBIAN/control")
                  =~ s/^(Version: \Q$version\E).*/$1+$plus/mr;

    open my $f, '>', "$dir/package/DEBIAN/control" or die;
    print $f $control;
    close $f;
    system("dpkg-deb --root-owner-group -b $dir/package $dir/root/new.deb"
           . ' >/dev/null') == 0 or die;
}


# without an init nothing is started, unless this says so
$chroot->write('/usr/sbin/policy-rc.d', "#!/bin/sh\nexit 0\n");
chmod 0755, "$dir/root/usr/sbin/policy-rc.d";

$chroot->write('/package.deb', slurp($deb));
ok_run('/var/lib/dpkg/info/nginx-common.postinst configure'
       . ' && /var/lib/dpkg/info/nginx.postinst configure', 'nginx is there');
ok master(), 'and runs';

subtest 'installed' => sub {
    my $before = master();

    ok_run('dpkg -i /package.deb', 'dpkg takes it');
    is master(), $before, 'nginx goes on';
    is $http->get('http://127.0.0.1/')->{status}, 200, 'nothing is gated';
    is ok_run("stat -c '%U %G %a' /var/lib/keygate"), "www-data www-data 700\n",
        'where the keys are is for the workers only';
    is ok_run('keygate --version'), "keygate $version\n", 'the command';
    like ok_run('nginx -T 2>&1'), qr/^load_module.*keygate/m,
        'the module is loaded';
};

my $as = 'setpriv --reuid=www-data --regid=www-data --clear-groups'
         . ' env KEYGATE_JOURNAL=/var/lib/keygate/shop.jsonl'
         . " KEYGATE_FORMAT='shop_ id=6 secret=24' keygate";

subtest 'a gate' => sub {
    my ($curl) = ok_run('keygate setup shop', 'keygate setup')
                 =~ /^  (curl .*)\n\z/m;

    ($key) = ($curl // '') =~ /'X-Api-Key: (\w+)'/;
    ($id) = ($key // '') =~ /^(shop_\w{6})_/;

    # a reload takes a moment
    for (1 .. 500) {
        last if status('/v1/me', $key) == 200;
        sleep 0.02;
    }

    like ok_run("$curl 2>/dev/null", 'the request that it prints'),
        qr{^HTTP/1\.1 200 }, 'is answered';
    is status('/v1/me'), 401, 'one without a key is not';
    is $http->post('http://127.0.0.1:8080/v1/orders',
        { headers => { 'X-Api-Key' => $key } })->{status}, 403,
        'nor one that takes another scope';

    my $slow = ok_run("$as create --account first --name Slow --quiet"
                      . ' --scope read --rate 1r/d', 'a slow key')
               =~ s/\s//gr;

    for (1 .. 500) {
        last if status('/v1/me', $slow) == 200;
        sleep 0.02;
    }

    is status('/v1/me', $slow), 429, 'nor what is used up';
};

subtest 'upgraded under load' => sub {
    ok_run("$as set $id --rate 100000r/m", 'a key for that');

    my $before = master();
    my $done = "$dir/done";

    newer(1);

    my $pid = fork // die;

    if ($pid == 0) {
        my $r = $chroot->run('dpkg -i /new.deb');

        open my $f, '>', "$done.new";
        print $f "$r->{code} $r->{out}";
        close $f;
        rename "$done.new", $done;
        POSIX::_exit(0);
    }

    my $load = Keygate::Load->new(n => 4, rate => 100,
        tick => sub { $_[0]{over} = 1 if -e $done && mapped(master()) },
        next => sub {
            return { port => 8080, want => 200, again => 1,
                bytes => "GET /v1/me HTTP/1.1\r\nHost: a\r\n"
                         . "X-Api-Key: $key\r\n\r\n" };
        });

    $load->run(60);
    waitpid $pid, 0;
    like slurp($done), qr/^0 /, 'dpkg takes it' or diag slurp($done);
    isnt master(), $before, 'another nginx serves';
    is mapped(master()), 'new', 'with the new code';
    is $load->{failed} + $load->{wrong}, 0, 'every request was answered well'
        or diag $load->summary;
    cmp_ok $load->{answered}, '>', 10, 'and there were some';

    for (1 .. 500) {
        last if !-e "/proc/$before";
        sleep 0.02;
    }

    ok !-e "/proc/$before", 'the old one ends';
};

subtest 'upgraded while the configuration is wrong' => sub {
    my $before = master();

    $chroot->write('/etc/nginx/conf.d/wrong.conf', "nonsense;\n");
    newer(2);

    like ok_run('dpkg -i /new.deb', 'dpkg takes it'),
        qr/keygate: nginx goes on as it runs, with the old module/,
        'and says what is the matter';
    is master(), $before, 'nginx goes on';
    is status('/v1/me', $key), 200, 'and serves';

    unlink "$dir/root/etc/nginx/conf.d/wrong.conf";
    ok_run('invoke-rc.d nginx upgrade', 'what it says, does it');
    isnt master(), $before, 'another nginx serves';
};

subtest 'removed' => sub {
    like ok_run("dpkg -r $name", 'dpkg removes it'),
        qr{need the module.*/etc/nginx/conf\.d/keygate-shop\.conf},
        'and names what needs it';
    is status('/v1/me', $key), 200, 'a running nginx goes on';
    like $chroot->read('/var/lib/keygate/shop.jsonl'), qr/\Q$id\E/,
        'the keys are kept';
    ok !-e "$dir/root/usr/bin/keygate", 'the command is gone';
};

subtest 'installed again' => sub {
    ok_run('dpkg -i /new.deb', 'dpkg takes it');
    is ok_run("$as show $id --json") =~ /"id":\s*"\Q$id\E"/, 1,
        'the keys are those from before';
    ok_run('nginx -t', 'and so is the gate');
};

subtest 'purged' => sub {
    like ok_run("dpkg -P $name", 'dpkg removes it'),
        qr{the keys are kept, in /var/lib/keygate}, 'and says where keys are';
    like $chroot->read('/var/lib/keygate/shop.jsonl'), qr/\Q$id\E/,
        'which are there';
    is join(' ', glob "$dir/root/etc/nginx/modules-enabled/*keygate*"), '',
        'nothing of it is in nginx';
};

subtest 'purged with the keys' => sub {
    ok_run('dpkg -i /new.deb', 'dpkg takes it');
    ok_run("echo $name keygate/purge-keys boolean true"
           . ' | debconf-set-selections', 'debconf is told');
    ok_run("dpkg -P $name", 'dpkg removes it');
    ok !-e "$dir/root/var/lib/keygate", 'with the keys';
    ok !-e "$dir/root/etc/keygate", 'and the tokens';
};

# -- debian/tests: what Debian's own tests of packages run

like slurp("$root/debian/tests/control"), qr/^Tests: gate\nDepends: @, /m,
    'debian/tests has one';

subtest 'debian/tests/gate' => sub {
    unlink "$dir/root/etc/nginx/conf.d/keygate-shop.conf";
    ok_run("echo $name keygate/purge-keys boolean false"
           . ' | debconf-set-selections', 'debconf is as it was');
    ok_run('dpkg -i /new.deb', 'dpkg takes it');

    # the gate from before, which nginx has as long as it is not reloaded

    ok_run('invoke-rc.d nginx reload', 'nginx lets its ports go');

    for (1 .. 500) {
        last if status('/v1/me') == 599;
        sleep 0.02;
    }

    $chroot->write('/gate', slurp("$root/debian/tests/gate"));

    my $said = ok_run('sh /gate', 'it finds no fault');

    like $said, qr/^a key: 200$/m, 'who has a key is let in';
    like $said, qr/^a slow key, used up: 429$/m, 'who has used it up is not';
    like $said, qr/^purged: the keys are kept$/m, 'and it comes to its end';
};

$chroot->run('invoke-rc.d nginx stop');

system("umount -R $dir/root/dev $dir/root/proc");
done_testing();

#!/usr/bin/perl

# A journal lies in a directory of the workers' user, who may put anything in
# its place.  Neither the master nor a command that root runs there opens, makes
# or gives away a file of root's; and it is told what is wrong.

use strict;
use warnings;

use Cwd qw(abs_path);
use Fcntl qw(S_IMODE);
use FindBin qw($Bin);
use lib "$Bin/lib";
use POSIX ();
use Test::More;

use Keygate;
use Keygate::Command;
use Keygate::Items;

plan skip_all => 'only root can be led to files of root' if $> != 0;
plan skip_all => 'no keygate command is built'
    if !-x $Keygate::Command::binary;

# the workers are somebody else, who must be able to get there

local $ENV{TMPDIR} = '/tmp';

my $user = getpwnam('www-data') ? 'www-data' : 'nobody';
my ($uid, $gid) = (getpwnam $user)[2, 3];

my $t = Keygate->new(user => $user,
    conf => items_conf(zone => "keygate_zone keys:1m "
        . "journal=%%DIR%%/j/keys.jsonl;\n"));
my $dir = $t->{dir};
my $path = "$dir/j/keys.jsonl";
my $victim = "$dir/root/victim";
my $secret = "root's own\n";

chmod 0777, "$dir/temp";
mkdir "$dir/j";
chown $uid, $gid, "$dir/j";
mkdir "$dir/root", 0755;
$t->{zones} = ['j/keys'];

my $c = Keygate::Command->new(dir => $dir, journal => $path);
my $line = '{"account":{"id":"acc","name":"A"}}' . "\n";


# The file that must stay as it is, and what was in the journal's place.

sub afresh {
    system 'rm', '-rf', $path, $victim;
    $t->write_file($victim, $secret);
    chmod 0600, $victim;
}


sub state_of {
    my ($file) = @_;

    my @st = lstat $file or return 'not there';

    return sprintf '%d:%d %04o %d %s', @st[4, 5], S_IMODE($st[2]), $st[3],
        -f _ ? $t->read_file($file) : '';
}


sub starts {
    no warnings 'redefine';
    local *Keygate::Server::diag = sub { };


    # nginx that does not start ends without giving back anything
    local $t->{env} = { ASAN_OPTIONS =>
        "log_path=$dir/sanitizer:abort_on_error=0:detect_leaks=0" };

    my $up = eval { $t->start; 1 };

    $t->stop if !$up;

    return $up;
}


my $link = qr/a link that is not followed/;
my $regular = qr/it is not a regular file/;

my @places = (
    [ 'a link', $link, sub { symlink $victim, $path } ],
    [ 'a link to nothing', qr/$link|No such file/,
        sub { unlink $victim; symlink $victim, $path } ],
    [ 'a hard link', qr/has another name \(a hard link\)/,
        sub { link $victim, $path } ],
    [ 'a FIFO', $regular, sub { POSIX::mkfifo($path, 0666) } ],
    [ 'a device', qr/$regular|$link/, sub { symlink '/dev/full', $path } ],
    [ 'a directory', qr/Is a directory/,
        sub { mkdir $path; chown $uid, $gid, $path } ],
);

# -- Commands of root

my @commands = (
    [ 'account put', 5, qw(account put acc --name A) ],
    [ 'import', 5, 'import' ],
    [ 'compact', 5, 'compact' ],
    [ 'create', 5, qw(create --account acc --name A) ],
    [ 'account delete', 5, qw(account delete acc) ],
);

for my $place (@places) {
    my ($what, $why, $make) = @$place;

    for my $command (@commands) {
        my ($name, $code, @args) = @$command;

        afresh();
        $t->write_file($victim, $line) if $name ne 'account put';
        chmod 0600, $victim;
        $make->();

        my @before = map { state_of($_) } $victim, $path;
        my $r = $c->run(@args, { stdin => $line });

        is $r->{code}, $code, "$name on $what: $code" or diag $r->{err};
        is join('', map { state_of($_) } $victim, $path), join('', @before),
            '... and all is as it was';

        like $r->{err}, qr/keys\.jsonl: .*$why/, '... which is told';
    }
}

# what lies on the way there

afresh();
rename "$dir/j", "$dir/real" or die;
mkdir "$dir/j";
chown $uid, $gid, "$dir/j";
symlink "$dir/root", "$dir/j/sub" or die;
my $r = $c->run('account', 'put', 'acc', '--name', 'A',
    { env => { KEYGATE_JOURNAL => "$dir/j/sub/keys.jsonl" } });
is $r->{code}, 5, 'a link on the way';
like $r->{err}, $link, 'is told';
ok !-e "$dir/root/keys.jsonl", 'nothing is made behind it';

symlink "$dir/real", "$dir/mine" or die;
$r = $c->run('account', 'put', 'acc', '--name', 'A',
    { env => { KEYGATE_JOURNAL => "$dir/mine/keys.jsonl" } });
is $r->{code}, 0, 'a link that only root can make is followed';
is state_of("$dir/real/keys.jsonl") =~ s/ 1 .*//sr, "$uid:$gid 0600",
    'and a new journal is of the user whose directory it is in';

$r = $c->run('compact', { env => { KEYGATE_JOURNAL =>
    "$dir/mine/keys.jsonl" } });
is $r->{code}, 0, 'it is compacted';
is state_of("$dir/real/keys.jsonl") =~ s/ 1 .*//sr, "$uid:$gid 0600",
    'and still is';
system 'rm', '-rf', "$dir/j", "$dir/real", "$dir/mine";
mkdir "$dir/j";
chown $uid, $gid, "$dir/j";

# -- The master

$t->allow(qr/\[emerg\]/);

for my $place (@places) {
    my ($what, $why, $make) = @$place;

    afresh();
    $make->();

    my @before = map { state_of($_) } $victim, $path;
    my ($code, $text) = $t->check_conf;

    isnt $code, 0, "nginx -t, $what in place of a journal: fails";
    like $text, qr/keys\.jsonl" .* in \S+:\d+/, '... with file and line';
    ok !starts(), 'it does not start';
    is join('', map { state_of($_) } $victim, $path), join('', @before),
        '... and all is as it was';
}

afresh();
symlink $victim, $path;
like +($t->check_conf)[1], qr/Permission denied; it belongs to uid 0 with (?#
    )mode 0600, expected .* owner \Q$user\E \(uid $uid\) and mode 0600 in /,
    'it is told which owner and mode are wanted';

# a reload

afresh();
my $key = $t->key(id => 'tk_FIRST1', scopes => ['items:read']);
chown $uid, $gid, $path;
$t->start;
is $t->status('/v1/items', key => $key), 200, 'a key';
my $whole = $t->read_file($path);

for my $place (@places) {
    my ($what, $why, $make) = @$place;

    afresh();
    $make->();

    my @before = map { state_of($_) } $victim, $path;
    my $log = length $t->read_file('error.log');

    kill 'HUP', $t->{master};
    ok $t->wait_for(sub {
        substr($t->read_file('error.log'), $log)
            =~ /keygate zone "keys" is missing|cannot open the journal/
    }), "a reload, $what in place of the journal: it is told";
    is join('', map { state_of($_) } $victim, $path), join('', @before),
        '... and all is as it was';
    is $t->status('/v1/items', key => $key), 200, 'the keys stay';
}

# -- Swapped meanwhile

afresh();
$t->write_file($path, $whole);
$t->write_file("$dir/j/own", $line);
chown $uid, $gid, $path, "$dir/j/own";
chmod 0600, $path, "$dir/j/own";

my $swapper = fork // die;

if ($swapper == 0) {
    ($(, $)) = ($gid, "$gid $gid");
    ($<, $>) = ($uid, $uid);

    while (getppid() != 1) {
        symlink $victim, "$dir/j/a";
        rename "$dir/j/a", $path;
        link "$dir/j/own", "$dir/j/b";
        rename "$dir/j/b", $path;
        symlink "$dir/root/made", "$dir/j/c";
        rename "$dir/j/c", $path;
        unlink $path;
    }

    POSIX::_exit(0);
}

my $before = state_of($victim);

for my $n (1 .. 60) {
    $c->run('account', 'put', "acc_$n", '--name', 'A');
    $c->run('compact');
    kill 'HUP', $t->{master} if $n % 10 == 0;
}

kill 'KILL', $swapper;
waitpid $swapper, 0;
is state_of($victim), $before, 'swapped meanwhile: a file of root\'s stays';
ok !-e "$dir/root/made", 'and none is made';
$t->stop;
$t->{seen} = '';
system 'rm', '-rf', glob "$dir/j/*";

# -- A new journal

my ($code, $text) = $t->check_conf;
is $code, 0, 'nginx -t without a journal' or diag $text;
is join(' ', glob "$dir/j/*"), '', 'makes none';
$t->start;
is state_of($path), "$uid:$gid 0600 1 ", 'a start does, of the workers\' user';
$t->stop;
unlink $path;
chown 0, 0, "$dir/j";
$t->start;
is state_of($path) =~ s/:\d+//r, "$uid 0600 1 ",
    'in a directory of root\'s, too';
$t->stop;

rmdir "$dir/j" if unlink $path and unlink "$path.usage";
($code, $text) = $t->check_conf;
isnt $code, 0, 'no directory: nginx -t fails';
like $text, qr/keys\.jsonl" of .*No such file .* in \S+:\d+/, 'and says so';
mkdir "$dir/j";

# -- One that was there

$t->write_file($path, $whole);
chmod 0600, $path;
($code, $text) = $t->check_conf;
isnt $code, 0, 'a journal that only root may read';
like $text, qr/it belongs to uid 0 with mode 0600, expected /, 'is told';
ok !starts(), 'it does not start';
is state_of($path), "0:0 0600 1 $whole", 'and does not change hands';

chmod 0644, $path;
$t->start;
is $t->status('/v1/items', key => $key), 200,
    'one that the workers can read will do, where nothing is to change it';
unlike $t->read_file('error.log'), qr/cannot write the journal/,
    'without a word';
$t->stop;

my $conf = $t->{conf};
$t->write_file('admin.sha256', '0' x 64 . "\n");
$t->{conf} .= 'server { listen 127.0.0.1:%%ADMIN%%; location /a { '
    . 'keygate_admin items token=admin.sha256; } }';
($code, $text) = $t->check_conf;
is $code, 0, 'with an admin API, too' or diag $text;
like $text, qr/the workers cannot write the journal .*Permission denied.*(?#
    )expected .* owner \Q$user\E/, 'but it is told that changes are refused';
$t->{conf} = $conf;

# -- "keygate setup"

mkdir "$dir/$_" for qw(bin sites data);
chown $uid, $gid, "$dir/data";
$t->{conf} = "include $dir/sites/*.conf;\n";
$t->write_conf;
$t->write_file('bin/nginx', <<"END");
#!/bin/sh
# nginx -t ends without giving back anything
export ASAN_OPTIONS="\$ASAN_OPTIONS:detect_leaks=0"
exec $Keygate::Server::binary -p $dir/ -c $dir/nginx.conf \\
    -e $dir/setup.log "\$@"
END
chmod 0755, "$dir/bin/nginx";

for my $where (
    [ 'a link in place of a journal', 'data', qr/uid 0 with mode 0600/,
        sub { symlink $victim, "$dir/data/shop.jsonl" } ],
    [ 'a link on the way to it', 'data/sub', $link,
        sub { symlink "$dir/root", "$dir/data/sub" } ],
)
{
    my ($what, $data, $why, $make) = @$where;

    afresh();
    $make->();

    my @before = map { state_of($_) } $victim, glob "$dir/data/*";

    $r = $c->run('setup', 'shop', '--data', "$dir/$data", '--etc', "$dir/etc",
        '--conf', "$dir/sites", '--listen', $t->port, '--listen-admin',
        $t->port('ADMIN'), { env => { PATH => "$dir/bin:$ENV{PATH}" } });

    isnt $r->{code}, 0, "setup, $what: fails";
    like $r->{err}, $why, '... and says why';
    is join('', map { state_of($_) } $victim, glob "$dir/data/*"),
        join('', @before), '... and all is as it was';
    is join(' ', map { glob "$dir/$_/*" } qw(etc sites root)), $victim,
        '... with nothing left';
    system 'rm', '-rf', glob "$dir/data/*";
}

$t->{conf} = $conf;

# -- Where root may do no more than others: a container without CAP_DAC_OVERRIDE

SKIP: {
    skip 'no setpriv', 8 if system("setpriv --version >/dev/null 2>&1") != 0;

    my $nginx = $Keygate::Server::binary;

    local $Keygate::Server::binary = $t->write_file('nginx.sh', <<"END");
#!/bin/sh
exec setpriv --bounding-set=-dac_override,-dac_read_search \\
    --inh-caps=-dac_override,-dac_read_search $nginx "\$@"
END
    chmod 0755, "$dir/nginx.sh";

    # what docs say, and no more for root
    unlink $path;
    chown $uid, $gid, "$dir/j";
    chmod 0700, "$dir/j";

    ($code, $text) = $t->check_conf;
    is $code, 0, 'without CAP_DAC_OVERRIDE: nginx -t' or diag $text;
    $t->start;
    is state_of($path), "$uid:$gid 0600 1 ", 'the journal is made';

    $key = $t->key(account => 'acc_2', scopes => ['items:read']);
    ok $t->wait_for(sub { $t->status('/v1/items', key => $key) == 200 }),
        'and followed';
    ok $t->reload, 'a reload';
    is $t->status('/v1/items', key => $key), 200, 'finds it';
    $t->stop;
    $t->start;
    is $t->status('/v1/items', key => $key), 200, 'so does the next start';
    $t->stop;

    # root of more groups than anybody counts with

    my $groups = join ',', 2000 .. 4999;

    $t->write_file('nginx.sh', $t->read_file('nginx.sh')
        =~ s/setpriv/setpriv --groups $groups/r);
    unlink $path;
    $t->start;
    is state_of($path), "$uid:$gid 0600 1 ", 'the same as root of 3000 groups';

    my ($master) = $t->read_file('nginx.pid') =~ /(\d+)/;
    my ($has) = $t->read_file("/proc/$master/status") =~ /^Groups:\s*(.*)$/m;

    is scalar(split ' ', $has), 3000, '... which it has again';
}

# -- A FIFO where a secret should be: nobody waits for who may write to it

POSIX::mkfifo("$dir/fifo", 0644);

for my $with ('zone keys:1m journal=%%DIR%%/j/keys.jsonl pepper=%%DIR%%/fifo;',
              "store s { server 127.0.0.1:1; user a password=%%DIR%%/fifo; }\n"
              . 'keygate_zone keys:1m journal=%%DIR%%/j/keys.jsonl store=s;')
{
    my ($what) = $with =~ /(pepper|password)/;

    local $SIG{ALRM} = sub { die "nginx waits for a FIFO\n" };

    alarm 60;
    ($code, $text) = eval { $t->check_conf(items_conf(
        zone => "keygate_$with\n")) };
    alarm 0;

    is $code, 1, "a $what that is a FIFO is refused" or diag $@;
    like $text, qr/invalid $what .*fifo"/, '... which is told' or diag $text;
}

$t->done;

#!/usr/bin/perl

# Where usage is written: what nginx -t says of it, what a start makes, and what
# stays as it is.

use strict;
use warnings;

use Fcntl qw(S_IMODE);
use FindBin qw($Bin);
use lib "$Bin/lib";
use POSIX qw(strftime);
use Test::More;

use Keygate;
use Keygate::Admin;

# the workers are somebody else, who must be able to get there

local $ENV{TMPDIR} = '/tmp';

my $user = $> != 0 ? (getpwuid $>)[0]
         : getpwnam('www-data') ? 'www-data' : 'nobody';
my ($uid, $gid) = (getpwnam $user)[2, 3];


sub conf {
    my ($usage) = @_;

    return admin_conf(rate => 'rate 1000r/m;',
        zone => "keygate_zone keys:1m journal=%%DIR%%/j/keys.jsonl $usage;\n");
}


my $t = Keygate->new(user => $user, workers => 2,
    conf => conf('usage=%%DIR%%/j/usage'));
my $dir = $t->{dir};
my $usage = "$dir/j/usage";

chmod 0777, "$dir/temp";
mkdir "$dir/j";
chown $uid, $gid, "$dir/j" if $> == 0;
mkdir "$dir/root", 0755;
$t->{zones} = ['j/keys'];
admin_token($t);

my $key = $t->key(scopes => ['items:read'], id => 'tk_AAAAAA');

chown $uid, $gid, "$dir/j/keys.jsonl" if $> == 0;


sub said {
    my ($name, $pattern, $words) = @_;
    my ($code, $text) = $t->check_conf(conf($words));

    is($code, 1, "nginx -t: $name");
    like($text, qr/$pattern/, 'that is said');
}


# -- Words

my $expected = qr/expected .*"usage=DIR", each once/;

said('nothing', $expected, 'usage=');
said('two', $expected, "usage=$usage usage=$usage");
said('another case', $expected, "Usage=$usage");

# -- What is there

my $place = quotemeta $usage;
my $where = qr{ in \S+:\d+\n};

$t->write_file('j/usage', '');
chown $uid, $gid, $usage if $> == 0;
said('a file', qr/cannot write "$place" for "usage" of keygate zone "keys": /
    . qr/Not a directory; .*expected a directory .* mode 0750/ . $where,
    "usage=$usage");
unlink $usage;
said('nowhere', qr/cannot write ".*none.usage".*: No such file or directory, /
    . qr/expected a directory that the workers can write, or one to make it /
    . qr/in: /
    . qr/owner $user \(uid $uid\)/ . $where, "usage=$dir/none/usage");

my ($code, $text) = $t->check_conf;

is($code, 0, 'what is not there can be made') or diag($text);
ok(!-e $usage, 'nginx -t leaves nothing behind');

SKIP: {
    skip 'only root makes what is not the workers\'', 11 if $> != 0;

    mkdir $usage, 0755;
    my $owner = qr/it belongs to uid 0 with mode 0755, expected a directory /
        . qr/that the workers can write: owner $user \(uid $uid\) and mode /
        . qr/0750/;

    said('a directory of root\'s', qr/"$place".*: Permission denied; $owner/,
        "usage=$usage");
    is(join(' ', (stat $usage)[4], S_IMODE((stat _)[2])), '0 ' . 0755,
        'which stays root\'s');

    chown $uid, $gid, $usage;

    my $file = strftime "usage-%Y-%m-%d.jsonl", gmtime;

    $t->write_file("j/usage/$file", '');
    chmod 0644, "$usage/$file";
    said('a file of root\'s', qr{"$place/$file".*: Permission denied; it }
        . qr/belongs to uid 0 with mode 0644, expected a file that the /
        . qr/workers can write: owner $user \(uid $uid\) and mode 0640/,
        "usage=$usage");
    unlink "$usage/$file";
    $t->write_file('root/victim', 'root');
    symlink "$dir/root/victim", "$usage/$file";
    said('a link', qr{"$place/$file".*: it is a link that is not followed},
        "usage=$usage");
    is($t->read_file('root/victim'), 'root', 'which is not');
    unlink "$usage/$file";
    rmdir $usage;

    chown $uid, $gid, "$dir/j";
}

# -- A start

$t->start;

is(join(' ', (stat $usage)[4], S_IMODE((stat _)[2])), "$uid " . 0750,
    'a start makes it, of the workers\' user');
is($t->status('/v1/items', key => $key), 200, 'a request');
$t->stop;

my ($file) = glob "$usage/*";

is((stat $file)[4], $uid, 'a file is the workers\', too');
is(() = $t->read_file($file =~ s/^\Q$dir\E.//r) =~ /\n/g, 1, 'of one line');

# root makes it where the workers may not: what root has just made is theirs

SKIP: {
    skip 'only root can', 4 if $> != 0;

    system 'rm', '-rf', $usage;
    chown 0, 0, "$dir/root";
    ($code, $text) = $t->check_conf(conf("usage=$dir/root/usage"));
    is($code, 0, 'in a directory of root\'s') or diag($text);
    ok(!-e "$dir/root/usage", 'nothing is made by nginx -t');
    $t->{conf} = conf("usage=$dir/root/usage");
    $t->start;
    is(join(' ', (stat "$dir/root/usage")[4], S_IMODE((stat _)[2])),
        "$uid " . 0750, 'a start makes it, and gives it to the workers');
    $t->status('/v1/items', key => $key);

    # what they can write no more is told, and traffic goes on

    chown 0, 0, "$dir/root/usage";
    $t->allow(qr/cannot write its usage/);
    is($t->status('/v1/items', key => $key), 200, 'traffic goes on');
    $t->stop;
    like($t->read_file('error.log'), qr/cannot write its usage into ".*": wh/,
        'what may be lost is told');
}

$t->done;

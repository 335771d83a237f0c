#!/usr/bin/perl

# What "make" says where something is taken or missing, and what it calls with
# the parameters that it takes.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use Cwd qw(abs_path);
use File::Temp qw(tempdir);
use IO::Socket::INET;
use Test::More;

use Keygate;

my $root = abs_path("$Bin/..");
my $dir = tempdir('keygate-XXXXXXXX', TMPDIR => 1, CLEANUP => 1);

delete @ENV{qw(MAKEFLAGS MAKELEVEL MFLAGS PORT NGINX MODULE TESTS)};


# Standard output and error of a command, and its exit code.

sub run {
    my ($command) = @_;

    my $out = `cd '$root' && ($command) 2>&1`;

    return ($out, $? >> 8);
}

# -- make run

my ($port) = grep { Keygate::take_port($_) } map { 12080 + 120 * $_ } 0 .. 9;
my $taken = IO::Socket::INET->new(LocalAddr => '127.0.0.1',
    LocalPort => $port, Listen => 1, ReuseAddr => 1) or die "$port: $!\n";
my $demo = "'$^X' -It/lib tools/demo.pl '$dir'";

my ($out, $rc) = run("PORT=$port $demo");

isnt($rc, 0, 'a port that is taken');
like($out, qr/^127\.0\.0\.1:$port: .*: make run PORT=@{[ $port + 1000 ]}$/m,
     '... what to do');

for my $wrong (qw(80 1090 abc 9080x 65000)) {
    ($out, $rc) = run("PORT=$wrong $demo");
    isnt($rc, 0, "PORT=$wrong");
    like($out, qr/^PORT: expected .*1100 to 60000: \Q$wrong\E$/m, '... why');
}

($out) = run('make -n run PORT=9080');
like($out, qr{^PORT='9080' perl .*tools/demo\.pl}m, 'make run PORT=9080');

# -- make check

($out) = run('make -n check NGINX=/a/nginx MODULE=/b/module.so TESTS=t/x.t');
like($out, qr{TEST_NGINX_BINARY='/a/nginx'}, 'make check NGINX=');
like($out, qr{TEST_NGINX_MODULE='/b/module\.so'}, '... MODULE=');
like($out, qr{prove -j\d+ -It/lib t/x\.t$}m, '... TESTS=');

($out) = run('make -n check NGINX=/a/nginx');
like($out, qr{TEST_NGINX_MODULE=''}, '... with keygate in it');
like($out, qr{ t/paths\.t }, '... all of the black-box tests');

SKIP: {
    my $nginx = $ENV{TEST_NGINX_BINARY} // '/usr/sbin/nginx';
    my $module = "$root/build/ngx_http_keygate_module.so";

    skip 'the module is not built', 2 if !-e $module || !-x $nginx;

    ($out, $rc) = run("make check NGINX='$nginx' MODULE='$module'"
                      . ' TESTS=t/http09.t');
    is($rc, 0, 'make check NGINX= runs them') or diag($out);
    like($out, qr/^Result: PASS$/m, '... and they pass');
}

# -- make build

mkdir "$dir/empty";
($out, $rc) = run("CC=gcc tools/configure '$dir/to' '$dir/empty' dynamic");
isnt($rc, 0, 'no source tree of nginx');
like($out, qr/no nginx source tree: install nginx-dev .* NGINX_SRC=dir$/m,
     '... what to do');

# a checkout of nginx's repository

mkdir "$dir/$_" for qw(git git/auto git/src);

open my $f, '>', "$dir/git/auto/configure" or die "$!\n";
print $f <<'E';
#!/bin/sh
test -d auto && test -d src || exit 1
mkdir -p objs
echo "$@" >objs/called
echo all: >objs/Makefile
touch objs/ngx_auto_config.h objs/ngx_auto_headers.h
E
close $f;
chmod 0755, "$dir/git/auto/configure";

($out, $rc) = run("CC=gcc tools/configure '$dir/to' '$dir/git' dynamic");
is($rc, 0, 'a checkout of nginx') or diag($out);
like(`cat '$dir/to/objs/called'`, qr/--add-dynamic-module=\Q$root\E$/m,
     '... is configured with keygate');

done_testing();

#!/usr/bin/perl

# "make run": nginx with the configurations of conf.d, in the foreground, with
# keys that were made a moment ago.  The arguments are the build directory and,
# for the test of this, what to add to all ports.

use strict;
use warnings;

use Cwd qw(abs_path);
use Digest::SHA qw(sha256_hex);
use File::Basename qw(dirname);
use IO::Socket::INET;
use POSIX qw(strftime);

use Keygate::Journal;

my $root = abs_path(dirname(abs_path(__FILE__)) . '/..');
my $build = abs_path($ARGV[0] // "$root/build");
my $shift = $ARGV[1] // port() - 8080;
my $dir = "$build/run" . ($shift || '');
my $nginx = $ENV{TEST_NGINX_BINARY} || '/usr/sbin/nginx';
my @apis = qw(cooledge coolset crewkeel);

sub port {
    my $port = $ENV{PORT} || 8080;

    die "PORT: expected the first of the demo's ports, 1024 to 60000: $port\n"
        if $port !~ /^\d{4,5}$/ || $port < 1024 || $port > 60000;

    return $port;
}


umask 0077;
mkdir $dir;
mkdir "$dir/temp";
unlink glob "$dir/*.jsonl";

my $journal = bless { dir => $dir, zones => \@apis }, 'Keygate::Journal';

sub reader {
    my ($zone, $prefix, @scopes) = @_;

    my $id = $zone eq 'cooledge'
        ? $prefix . Keygate::Journal::random_text(6, 'A' .. 'Z', 0 .. 9)
        : 'key_' . Keygate::Journal::random_text(12, 'A' .. 'Z', 0 .. 9);

    my $secret = Keygate::Journal::new_secret($zone eq 'cooledge' ? 24 : 32);

    return $journal->key(zone => $zone, id => $id, account => 'biz_8f2a1c9e',
        credential => $zone eq 'cooledge' ? "${id}_$secret"
                                          : "$prefix$secret",
        name => 'Demo', scopes => \@scopes,
        created_at => strftime('%Y-%m-%dT%H:%M:%SZ', gmtime));
}

$journal->journal_create;

$journal->account(zone => $_, id => 'biz_8f2a1c9e', status => 'active',
    name => 'Brightline Heating & Cooling',
    plan => $_ eq 'crewkeel' ? 'pro' : $_ eq 'cooledge' ? 'growth' : undef,
    profile => { slug => 'brightline-heating-cooling',
        business_email => 'office@brightlinehvac.com.au',
        business_phone => '+61731234567', website => undef, abn => undef })
    for @apis;

my $cooledge = reader('cooledge', 'ck_live_', qw(customers:read jobs:read));
my $coolset = reader('coolset', 'sk_live_', 'read');
my $crewkeel = reader('crewkeel', 'ck_live_', qw(jobs:read documents:write));

my $admin = Keygate::Journal::random_text(40, 'a' .. 'z', 0 .. 9);

# workers that are started as root run as somebody who may read the journals
my $user = $> == 0 ? 'user root;' : '';

my $module = $ENV{TEST_NGINX_MODULE} // "$build/ngx_http_keygate_module.so";
my $load = $module eq '' ? '' : "load_module $module;";


sub write_file {
    my ($path, $text) = @_;

    open my $f, '>', $path or die "$path: $!\n";
    print $f $text;
    close $f or die "$path: $!\n";

    return $path;
}


sub ports {
    return $_[0] =~ s/127\.0\.0\.1:\K(\d+)/$1 + $shift/ger;
}


# A copy, with journal and logs in the demo's own directory.

sub configuration {
    my ($path) = @_;

    open my $f, '<', $path or die "$path: $!\n";
    local $/;

    my $text = ports(<$f>)
        =~ s{(?:/var/lib/keygate|/var/log/nginx)/(?=\w)}{}gr;

    return write_file($dir . $path =~ s{.*(/)}{$1}r, $text);
}


# nginx would try again and again, and then say no more than "in use".

sub taken {
    my ($path) = @_;

    open my $f, '<', $path or die "$path: $!\n";

    for my $port (ports(join '', <$f>)
                  =~ /^\s*listen\s+127\.0\.0\.1:(\d+)/mg)
    {
        IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => $port,
                              Listen => 1, ReuseAddr => 1)
            or die "127.0.0.1:$port: $!: end what is there, or move all of "
                   . 'the demo: make run PORT=' . ($shift + 8080 + 1000) . "\n";
    }
}


my @conf = grep { -e } map { "$root/conf.d/$_.conf" } @apis,
    qw(handlers admin portal);

taken($_) for @conf;

my $includes = join "\n    ",
                    map { 'include ' . configuration($_) . ';' } @conf;

unlink "$dir/portal";
symlink "$root/src/portal", "$dir/portal" or die "$dir/portal: $!\n";

write_file("$dir/admin.sha256", sha256_hex($admin) . "\n");
write_file("$dir/nginx.conf", <<"END");
$load
daemon off;
$user
worker_processes 2;
error_log stderr warn;
pid nginx.pid;
events { worker_connections 1024; }
http {
    access_log off;
    client_body_temp_path temp/body;
    proxy_temp_path temp/proxy;
    fastcgi_temp_path temp/fastcgi;
    uwsgi_temp_path temp/uwsgi;
    scgi_temp_path temp/scgi;
    $includes
}
END

my @command = ($nginx, '-p', "$dir/", '-c', "$dir/nginx.conf", '-e', 'stderr');

system(@command, '-t', '-q') == 0 or exit 1;

$| = 1;
print ports(<<"END");

Cooledge on 127.0.0.1:8080, with a key that may read customers and jobs

  200, the caller's identity:
    curl -i http://127.0.0.1:8080/api/v1/me -H "X-Api-Key: $cooledge"

  200, the handler's JSON:
    curl -i http://127.0.0.1:8080/api/v1/customers -H "X-Api-Key: $cooledge"

  401, no key:
    curl -i http://127.0.0.1:8080/api/v1/customers

  403, a scope is missing:
    curl -i http://127.0.0.1:8080/api/v1/invoices -H "X-Api-Key: $cooledge"

  429, after 120 requests within a minute:
    for i in `seq 125`; do curl -s -o /dev/null -w '%{http_code} ' \\
      http://127.0.0.1:8080/api/v1/jobs -H "X-Api-Key: $cooledge"; done; echo

Coolset on 127.0.0.1:8081, with a token that may read

    curl -i http://127.0.0.1:8081/api/orders/ \\
      -H "Authorization: Bearer $coolset"

CrewKeel on 127.0.0.1:8082: 201, then 403, for sending takes another scope

    curl -i http://127.0.0.1:8082/api/v1/estimates -d '{"job":"J-1042"}' \\
      -H "Authorization: Bearer $crewkeel"

    curl -i http://127.0.0.1:8082/api/v1/estimates \\
      -d '{"job":"J-1042","send":true}' -H "Authorization: Bearer $crewkeel"

The admin API on 127.0.0.1:8090: the keys, a new one, which is shown this once

    curl -i http://127.0.0.1:8090/cooledge/keys \\
      -H "Authorization: Bearer $admin"

    curl -i http://127.0.0.1:8090/cooledge/keys \\
      -H "Authorization: Bearer $admin" \\
      -H "Content-Type: application/json" \\
      -d '{"account":"biz_8f2a1c9e","name":"Zapier","scopes":["jobs:read"]}'

  and what is counted:
    curl -i http://127.0.0.1:8090/metrics

The page at which customers make their keys, for a browser

    http://127.0.0.1:8091/

The journals and logs are in $dir.  Ctrl-C stops it all.

END

exec @command or die "$nginx: $!\n";

package Keygate::Demo;

# What "make run" runs: copies of conf.d in directories of their own, with all
# ports moved, and an account with keys that were made a moment ago.

use strict;
use warnings;

use Cwd qw(abs_path);
use Exporter qw(import);
use File::Basename qw(dirname);
use IO::Socket::INET;
use POSIX qw(strftime);

use Keygate::Journal;

our @EXPORT = qw(demo_port demo_ports demo_file demo_conf demo_taken
                 demo_nginx demo_journal demo_account demo_key demo_token
                 $demo_root $demo_nginx);

our $demo_root = abs_path(dirname(abs_path(__FILE__)) . '/../../..');
our $demo_nginx = $ENV{TEST_NGINX_BINARY} || '/usr/sbin/nginx';


# How far PORT moves the demo.

sub demo_port {
    my $port = $ENV{PORT} || 8080;

    die "PORT: expected the first of the demo's ports, 1100 to 60000: $port\n"
        if $port !~ /^\d{4,5}$/ || $port < 1100 || $port > 60000;

    return $port - 8080;
}


# A text with all ports of this machine moved.

sub demo_ports {
    my ($text, $shift) = @_;

    return $text =~ s/127\.0\.0\.1:\K(\d+)/$1 + $shift/ger;
}


sub demo_file {
    my ($path, $text) = @_;

    open my $f, '>', $path or die "$path: $!\n";
    print $f $text;
    close $f or die "$path: $!\n";

    return $path;
}


sub shipped {
    my ($name) = @_;

    my $path = "$demo_root/conf.d/$name.conf";

    open my $f, '<', $path or die "$path: $!\n";
    local $/;

    return scalar <$f>;
}


# Copies of conf.d, with journals and logs in the demo's own directory; returns
# what includes them.  Each text may be changed on the way.

sub demo_conf {
    my ($dir, $shift, $names, $change) = @_;

    return join "\n    ", map {
        my $name = $_;
        my $text = demo_ports(shipped($name), $shift)
            =~ s{(?:/var/lib/keygate|/var/log/nginx)/(?=\w)}{}gr;

        $text = $change->($text) if $change;
        'include ' . demo_file("$dir/$name.conf", $text) . ';';
    } @$names;
}


# nginx would try again and again, and then say no more than "in use".

sub demo_taken {
    my ($shift, $first, @names) = @_;

    for my $port (map { demo_ports(shipped($_), $shift)
                            =~ /^\s*listen\s+127\.0\.0\.1:(\d+)/mg } @names)
    {
        IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => $port,
                              Listen => 1, ReuseAddr => 1)
            or die "127.0.0.1:$port: $!: end what is there, or move all of "
                   . 'the demo: make run PORT=' . ($first + 1000) . "\n";
    }
}


# Writes nginx.conf, looks whether nginx takes it, and returns the command.

sub demo_nginx {
    my ($dir, $build, $includes) = @_;

    # workers that are started as root run as somebody who may read the journals
    my $user = $> == 0 ? 'user root;' : '';

    my $module = $ENV{TEST_NGINX_MODULE}
        // "$build/ngx_http_keygate_module.so";
    my $load = $module eq '' ? '' : "load_module $module;";

    mkdir "$dir/temp";
    demo_file("$dir/nginx.conf", <<"END");
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

    my @command = ($demo_nginx, '-p', "$dir/", '-c', "$dir/nginx.conf",
                   '-e', 'stderr');

    system(@command, '-t', '-q') == 0 or exit 1;

    return @command;
}


sub demo_journal {
    my ($dir, @zones) = @_;

    my $journal = bless { dir => $dir, zones => \@zones }, 'Keygate::Journal';

    $journal->journal_create;

    return $journal;
}


sub demo_account {
    my ($journal, $zone) = @_;

    $journal->account(zone => $zone, id => 'biz_8f2a1c9e', status => 'active',
        name => 'Brightline Heating & Cooling',
        plan => $zone eq 'crewkeel' ? 'pro'
                : $zone eq 'cooledge' ? 'growth' : undef,
        profile => { slug => 'brightline-heating-cooling',
            business_email => 'office@brightlinehvac.com.au',
            business_phone => '+61731234567', website => undef, abn => undef });
}


# A key of that account: its credential.

sub demo_key {
    my ($journal, $zone, $prefix, @scopes) = @_;

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


# An administrator's token.

sub demo_token {
    return Keygate::Journal::random_text(40, 'a' .. 'z', 0 .. 9);
}


1;

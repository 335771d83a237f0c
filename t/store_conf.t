#!/usr/bin/perl

# What nginx -t says of the block keygate_store: it checks all of it, and
# connects to nothing.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use Test::More;

use Keygate;
use Keygate::Store;

plan skip_all => 'no redis-server here' if !Keygate::Store->available;

my $store = Keygate::Store->start(tls => 1);
my $dir = $store->{dir};
my $other = Keygate::Store->start(tls => 1);
my $t = Keygate->new(conf => '');
my $listen = IO::Socket::INET->new(Listen => 5, LocalAddr => '127.0.0.1')
    or die "cannot listen: $!\n";
my $port = $listen->sockport;

$t->write_file('password', "secret\n");
$t->write_file('empty', '');
$t->write_file('text', "no certificate\n");
system("openssl rsa -aes128 -passout pass:x -in $dir/server.key -out "
       . "$dir/locked.key 2>/dev/null || openssl ec -aes128 -passout pass:x "
       . "-in $dir/server.key -out $dir/locked.key 2>/dev/null");


sub refused {
    my ($block, $pattern) = @_;

    my ($code, $text) = $t->check_conf("keygate_store main { $block }\n");

    is $code, 1, "{ $block }";
    like $text, $pattern, 'says what is wrong';
    unlike $text, qr/secret/, 'and no password';
}


my $pair = "ssl_certificate $dir/server.crt; "
    . "ssl_certificate_key $dir/server.key;";
my $password = "$t->{dir}/password";

for my $good (
    'server a:1;',
    'server a:1; server [::1]:1; server unix:/run/redis.sock;',
    'server a:1; sentinel mymaster; database 3;',
    'server a:1; cluster on;',
    'server a:1; cluster off; sentinel m;',
    'server a:1; connect_timeout 250ms; timeout 10s;',
    "server a:1; ssl on; ssl_trusted_certificate $dir/ca.crt; $pair",
    "server a:1; ssl on; ssl_verify off; ssl_name b;",
    "server a:1; user gate password=$password;",
    "server a:1; password $password; ack fsync replicas=2;",
    "server 127.0.0.1:$port; server unix:/nowhere;",
) {
    my ($code, $text) = $t->check_conf("keygate_store main { $good }\n");

    is $code, 0, "{ $good }" or diag $text;
}

is(IO::Select->new($listen)->can_read(0), undef, 'nothing is connected to');

for my $name (qw(sentinel cluster password database prefix node ssl
                 ssl_verify ssl_name timeout connect_timeout retain))
{
    my %value = (cluster => 'off', password => $password, database => 1,
                 ssl => 'on', ssl_verify => 'on', timeout => '1s',
                 connect_timeout => '1s', retain => 5000);
    my $line = "$name " . ($value{$name} // 'a') . ';';

    refused("server a:1; $line $line", qr/duplicate "$name" in keygate_store/);
}

for my $case (
    [ '', qr/has no server, expected "server HOST:PORT;"/ ],
    [ 'server localhost;', qr/"localhost" of "server".*HOST:PORT/ ],
    [ 'server a:0;', qr/"a:0" of "server".*HOST:PORT/ ],
    [ 'server a:65536;', qr/"a:65536" of "server"/ ],
    [ 'server :1;', qr/":1" of "server"/ ],
    [ 'server unix:a;', qr/"unix:a" of "server".*unix:PATH/ ],
    [ 'server unix:/' . 'a' x 108 . ';', qr/of "server".*a shorter path/ ],
    [ 'server ' . 'a' x 256 . ':1;', qr/of "server".*HOST:PORT/ ],
    [ 'server a:1; server b:1; server a:1;', qr/duplicate server "a:1"/ ],
    [ 'server unix:/a; server unix:/a;', qr{duplicate server "unix:/a"} ],
    [ 'server a:1; sever b:2;', qr/unknown directive "sever".*connect_time/ ],
    [ 'server a:1 b:2;', qr/number of values of "server".*expected one/ ],
    [ 'server a:1; sentinel "";', qr/of "sentinel".*name of a master/ ],
    [ 'server a:1; sentinel "my master";', qr/"my master" of "sentinel"/ ],
    [ 'server a:1; cluster maybe;', qr/"maybe" of "cluster".*on or off/ ],
    [ 'server a:1; cluster on; sentinel m;',
      qr/has "sentinel" and "cluster on", expected one of them/ ],
    [ 'server a:1; cluster on; database 1;',
      qr/"cluster on" and a database, expected none/ ],
    [ 'server a:1; timeout 1y;', qr/"1y" of "timeout".*100ms to 10s/ ],
    [ 'server a:1; connect_timeout 11s;',
      qr/"11s" of "connect_timeout".*100ms to 10s/ ],
    [ 'server a:1; database -1;', qr/"-1" of "database".*from 0/ ],
    [ 'server a:1; retain 5;', qr/"5" of "retain".*from 1000/ ],
    [ 'server a:1; ssl yes;', qr/"yes" of "ssl".*on or off/ ],
    [ 'server a:1; password none;', qr/password file .*none"/ ],
    [ 'server a:1; password ' . "$t->{dir}/empty" . ';',
      qr/password file .*empty"/ ],
    [ 'server a:1; user b;', qr/number of values of "user".*NAME password=/ ],
    [ 'server a:1; user b c;', qr/expected "user NAME password=PATH;"/ ],
    [ 'server a:1; user b password=;', qr/"user NAME password=PATH;"/ ],
    [ "server a:1; user b password=$password; password $password;",
      qr/has "user" and "password", expected one of them/ ],
    [ 'server unix:/a; ssl on;', qr/no name to verify/ ],
    [ 'server a:1; ssl_name b;', qr/directives of TLS and no TLS/ ],
    [ 'server a:1; ssl off; ssl_verify off;', qr/of TLS and no TLS/ ],
    [ 'server a:1; ' . $pair, qr/directives of TLS and no TLS/ ],
    [ "server a:1; ssl on; ssl_certificate $dir/server.crt;",
      qr/one of "ssl_certificate" and "ssl_certificate_key"/ ],
    [ "server a:1; ssl on; ssl_certificate_key $dir/server.key;",
      qr/one of "ssl_certificate" and "ssl_certificate_key"/ ],
    [ "server a:1; ssl on; ssl_verify off; ssl_trusted_certificate "
      . "$dir/ca.crt;", qr/"ssl_verify off" and "ssl_trusted_certificate"/ ],
    [ 'server a:1; ssl on; ssl_trusted_certificate /nowhere;',
      qr{"/nowhere" of "ssl_trusted_certificate".*file that can be read} ],
    [ 'server a:1; ssl on; ssl_trusted_certificate ' . "$t->{dir}/text" . ';',
      qr/cannot have TLS: the trusted certificates in/ ],
    [ 'server a:1; ssl on; ssl_certificate ' . "$t->{dir}/text"
      . "; ssl_certificate_key $dir/server.key;",
      qr/cannot have TLS: the certificate in/ ],
    [ "server a:1; ssl on; ssl_certificate $dir/server.crt; "
      . "ssl_certificate_key $other->{dir}/server.key;",
      qr/cannot have TLS: the key in .*key values mismatch/ ],
    [ "server a:1; ssl on; ssl_certificate $dir/server.crt; "
      . "ssl_certificate_key $dir/locked.key;",
      qr/cannot have TLS: the key in .*locked\.key/ ],
) {
    refused(@$case);
}

my ($code, $text) = $t->check_conf(
    "keygate_store m { server a:1; }\nkeygate_store m { server a:1; }\n");

like $text, qr/"keygate_store" directive is duplicate/, 'two of one name';

# -- two zones over one journal, and a store

$t->write_file('here', '');
link "$t->{dir}/here", "$t->{dir}/linked" or die "link: $!\n";
symlink "$t->{dir}/here", "$t->{dir}/led" or die "symlink: $!\n";
mkdir "$t->{dir}/deep" or die "mkdir: $!\n";


sub zones {
    my ($one, $two) = @_;

    return $t->check_conf(<<"END");
keygate_store m { server a:1; }
keygate_store n { server a:1; prefix other; }
keygate_zone one:1m journal=$t->{dir}/$one;
keygate_zone two:1m journal=$t->{dir}/$two;
END
}


for my $case (
    [ 'j store=m', 'j store=m', 'one store' ],
    [ 'j store=m', 'j store=n', 'two stores' ],
    [ 'j store=m', 'j', 'the first has one' ],
    [ 'j', 'j store=m', 'the second has one' ],
    [ 'j', 'deep/../j store=m', 'another path, and no file yet' ],
    [ 'here', 'linked store=m', 'another name of the file' ],
    [ 'here store=m', 'led', 'a link to it' ],
) {
    my ($one, $two, $name) = @$case;
    my ($path) = $two =~ /^(\S+)/;
    my ($code, $text) = zones($one, $two);

    is $code, 1, "one journal, $name";
    like $text, qr{the\ journal\ "\Q$t->{dir}/$path\E"\ of\ zone\ "two"\ is
                   \ also\ that\ of\ zone\ "one"\ in\ \S+:\d+,\ and\ one\ of
                   \ them\ has\ a\ store,\ expected\ a\ "journal=PATH"\ of
                   \ its\ own\ for\ each:.*\ in\ \S+check\.conf:\d+}x,
        'says which, where, and what to do';
}

for my $case ([ 'j', 'j', 'no store' ],
              [ 'j store=m', 'k store=m', 'a journal each' ],
              [ 'here store=m', 'deep/here', 'one name in two directories' ])
{
    my ($one, $two, $name) = @$case;
    my ($code, $text) = zones($one, $two);

    is $code, 0, $name or diag $text;
}

$t->done;

#!/usr/bin/perl

# TLS to a store: verified, with a name of its own, with a certificate of the
# node; and what is told when something about it is wrong.  Users and passwords,
# too.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use Test::More;

use Keygate;
use Keygate::Admin;
use Keygate::Command;
use Keygate::Nodes;
use Keygate::Relay;
use Keygate::Store;

plan skip_all => 'no redis-server here' if !Keygate::Store->available;

my $store = Keygate::Store->start(data => 1, tls => 1,
    conf => "tls-auth-clients yes\n");
my $dir = $store->{dir};
my $at = "127.0.0.1:$store->{tls}";
my $ca = "ssl_trusted_certificate $dir/ca.crt;";
my $pair = "ssl_certificate $dir/server.crt; "
    . "ssl_certificate_key $dir/server.key;";
my $secret = 'a-password-of-a-user';

my @user = ('ACL', 'SETUSER', 'gate', 'on', ">$secret", '~kg:*', '+@all');

$store->call(@user);

my $one = node($store, 'one', server => $at,
               store => "ssl on; $ca $pair");
my ($id, $key) = made($one, 'live');
my ($gone_id, $gone) = made($one, 'gone');

is admin($one, 'POST', "/keys/$gone_id/revoke")->{status}, 200, 'one revoked';

my $two = node($store, 'two', server => "localhost:$store->{tls}",
               store => "ssl on; $ca $pair ssl_name localhost;");

ok becomes($two, $key, 200), 'another name that is in the certificate';
is $two->status('/v1/items', key => $gone), 401, 'with all that is known';
$two->done;

$two = node($store, 'two', server => $at,
            store => "ssl on; ssl_verify off; $pair");
ok becomes($two, $key, 200), 'unverified, when that is what is wanted';
$two->done;


sub fails {
    my ($what, $server, $block, $pattern) = @_;

    my $t = node($store, 'bad', server => $server, store => $block);

    ok says($t, qr/cannot follow: $pattern/), $what
        or diag $t->read_file('error.log');
    is $t->status('/v1/items', key => $key), 503, 'it knows nobody, and says'
        . ' so';
    unlike $t->read_file('error.log'), qr/\Q$secret\E|wrong-word/,
        'without a password';
    $t->done;
}


my $file = "$dir/password";


sub password {
    my ($text) = @_;

    open my $f, '>', $file or die "$file: $!\n";
    print $f "$text\n";
    close $f;
}


password('wrong-word');

fails('not trusted', $at, "ssl on; $pair",
      qr/TLS handshake: self[- ]signed certificate in certificate chain/);
fails('another name', $at, "ssl on; $ca $pair ssl_name example.com;",
      qr/TLS handshake: hostname mismatch/);
fails('no certificate of the node', $at, "ssl on; $ca",
      qr/the connection was closed.*; does it want a certificate\?/);
fails('a port without TLS', "127.0.0.1:$store->{port}", "ssl on; $ca",
      qr/TLS handshake: (?:no answer in time; is it a port with TLS\?|wrong)/);
my $silent = Keygate::Relay->start($store->{port});

$silent->mode('stall');
fails('nobody answers', "127.0.0.1:$silent->{port}",
      "ssl on; $ca connect_timeout 200ms;",
      qr/TLS handshake: no answer in time; is it a port with TLS\?/);
fails('TLS where there must be some', $at, '',
      qr/(?:the connection was closed|Connection reset)/);
fails('a wrong password', $at,
      "ssl on; $ca $pair user gate password=$file;", qr/AUTH: WRONGPASS/);
fails('a password that the engine does not want',
      "127.0.0.1:$store->{port}", "password $file;", qr/AUTH: /);

password($secret);
$two = node($store, 'two', server => $at,
            store => "ssl on; $ca $pair user gate password=$file;");
ok becomes($two, $key, 200), 'a user with a password';
$two->done;

subtest 'its certificate is another one, suddenly' => sub {
    rename "$dir/server.crt", "$dir/good.crt" or die;
    rename "$dir/server.key", "$dir/good.key" or die;
    system("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 "
        . "-nodes -days 2 -subj /CN=thief -keyout $dir/server.key "
        . "-out $dir/server.crt 2>/dev/null") == 0 or die;
    $store->kill;
    $store->start_again;

    ok says($one, qr/cannot follow: TLS handshake: self[- ]signed/),
        'the log tells';
    is $one->status('/v1/items', key => $key), 200, 'live';
    is $one->status('/v1/items', key => $gone), 401, 'revoked';
    is admin($one, 'POST', "/keys/$id/revoke")->{status}, 503, 'no changes';

    rename "$dir/good.crt", "$dir/server.crt" or die;
    rename "$dir/good.key", "$dir/server.key" or die;
    $store->kill;
    $store->start_again;

    ok $one->wait_for(sub {
        admin($one, 'PATCH', "/keys/$id", { name => 'n' })->{status} == 200
    }), 'the right one again';
    $store->call(@user);
};

# What an engine is to be is asked for at each connection: a node with keys
# goes on by what it has.

subtest 'its ports change places, suddenly' => sub {
    my $plain = node($store, 'plain', server => "127.0.0.1:$store->{port}",
                     store => 'timeout 500ms;');

    ok becomes($plain, $key, 200), 'one without TLS has its keys';

    for my $t ($one, $plain) {
        $t->{before} = length $t->read_file('error.log');
    }

    $store->kill;
    @{$store}{qw(port tls)} = @{$store}{qw(tls port)};
    $store->start_again;

    for my $case ([ $one, qr/TLS handshake: / ],
        [ $plain, qr/the connection was closed|Connection reset|is no / ])
    {
        my ($t, $says) = @$case;

        ok $t->wait_for(sub {
            substr($t->read_file('error.log'), $t->{before})
                =~ /cannot follow: (?:$says)[^\n]*; its keys stay as they are/
        }), 'the log tells'
            or diag substr $t->read_file('error.log'), $t->{before};
        is $t->status('/v1/items', key => $key), 200, 'live';
        is $t->status('/v1/items', key => $gone), 401, 'revoked';
        is admin($t, 'POST', "/keys/$id/revoke")->{status}, 503, 'no changes';
    }

    $store->kill;
    @{$store}{qw(port tls)} = @{$store}{qw(tls port)};
    $store->start_again;
    $store->call(@user);

    for my $t ($one, $plain) {
        ok $t->wait_for(sub {
            admin($t, 'PATCH', "/keys/$id", { name => 'm' })->{status} == 200
        }), 'all is well again';
    }

    $plain->done;
};

subtest 'the command' => sub {
    my $c = Keygate::Command->new;
    my @url = ('--store', "rediss://$at");
    my @cert = ('--cert', "$dir/server.crt", '--cert-key', "$dir/server.key");

    is $c->run('list', @url, '--ca', "$dir/ca.crt", @cert)->{code}, 0,
        'with a certificate';

    my $r = $c->run('list', @url, '--ca', "$dir/ca.crt");

    is $r->{code}, 5, 'without';
    like $r->{err}, qr/closed.*; does it want a certificate\?/, 'it says why';

    $r = $c->run('list', @url, @cert);
    is $r->{code}, 5, 'not trusted';
    like $r->{err}, qr/TLS handshake: self[- ]signed/, 'it says why';

    $r = $c->run('list', @url, '--ca', "$dir/ca.crt", @cert, '--tls-name',
                 'example.com');
    is $r->{code}, 5, 'another name';
    like $r->{err}, qr/hostname mismatch/, 'it says why';

    $r = $c->run('list', '--store', "rediss://localhost:$store->{tls}",
                 '--ca', "$dir/ca.crt", @cert, '--user', 'gate',
                 '--password-file', $file);
    is $r->{code}, 0, 'a user' or diag $r->{err};

    $r = $c->run('list', '--store', "redis://127.0.0.1:1", @cert);
    is $r->{code}, 2, 'without TLS';
    like $r->{err}, qr/are for a store with TLS: rediss:/, 'an error';
    $r = $c->run('list', @url, '--cert', "$dir/server.crt");
    is $r->{code}, 2, 'no key';
    like $r->{err}, qr/--cert and --cert-key: give both/, 'an error';
    $r = $c->run('list', @url, '--cert', $file, '--cert-key', $file);
    is $r->{code}, 5, 'no certificate';
    like $r->{err}, qr/the certificate in "/, 'it says which file';
    unlike $r->{err}, qr/\Q$secret\E/, 'and not what is in it';
};

$one->done;

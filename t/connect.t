#!/usr/bin/perl

# CONNECT, which nginx knows since 1.31: credentials and challenges are those
# of a proxy, as nginx's own modules have them (RFC 9110, 11.7).

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use Test::More;

use Keygate;
use Keygate::Items;
use Keygate::Stream;

my $t = Keygate->new(conf =>
    items_api(only => 1, routes => 'route * / items:read;',
              extra => 'credential bearer;') . <<'E');
    server {
        listen 127.0.0.1:%%PORT%%;
        keygate items;
        tunnel_pass 127.0.0.1:%%UPSTREAM%%;
    }

    server {
        listen 127.0.0.1:%%ANY%%;
        keygate items;
        satisfy any;
        auth_basic staff;
        auth_basic_user_file %%DIR%%/users;
        tunnel_pass 127.0.0.1:%%UPSTREAM%%;
    }
    server {
        listen 127.0.0.1:%%WATCHED%%;
        keygate items;
        keygate_recheck 100ms;
        tunnel_pass 127.0.0.1:%%STREAM%%;
    }
E

plan skip_all => 'nginx knows no CONNECT before 1.31'
    if $t->version < 1.031;

$t->write_file('users', "boss:{PLAIN}secret\n");

my $key = $t->key(scopes => ['items:read']);
my $poor = $t->key(scopes => []);

$t->start;


# What comes of CONNECT with such lines, and of a request in the tunnel.

sub ask {
    my ($port, @lines) = @_;

    my $c = Keygate::Client->new($t->port($port));

    $c->send(join "\r\n", 'CONNECT example.com:443 HTTP/1.1',
             'Host: example.com:443', @lines, '', '');

    my $r = $c->response('CONNECT');

    return $r if $r->{status} != 200;

    $c->send("GET /in HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    $r->{through} = $c->response->{status};

    return $r;
}

for my $row ([ [], 'credential_missing' ],
    [ ['Authorization: Bearer ' . $key], 'credential_missing' ],
    [ ['Proxy-Authorization: Bearer x'], 'credential_invalid' ],
    [ ['X-Api-Key: x'], 'credential_invalid' ])
{
    my ($lines, $code) = @$row;
    my $r = ask('PORT', @$lines);

    is($r->{status}, 407, "$code: 407");
    is($r->json->{code}, $code, 'with the code');
    is($r->json->{status}, 407, 'and the status');
    like($r->header('Proxy-Authenticate') // '', qr/^ApiKey realm="items"/,
         'and the challenge of a proxy');
    is($r->header('WWW-Authenticate'), undef, 'and no other');
}

like(ask('PORT')->json->{detail},
     qr/X-Api-Key: KEY or Proxy-Authorization: Bearer KEY\.$/,
     'the body tells where it goes');
is(ask('PORT', "Proxy-Authorization: Bearer $poor")->{status}, 403,
   'a key that lacks something is 403');
is(ask('PORT', "Proxy-Authorization: Bearer $key")->{through}, 200,
   'a key opens the tunnel');
is(ask('PORT', "X-Api-Key: $key")->{through}, 200,
   'in a header of its own, too');
is(ask('ANY', 'Proxy-Authorization: Basic Ym9zczpzZWNyZXQ=')->{through}, 200,
   "nginx's own user is let in beside it");
is(ask('ANY')->{status}, 407, 'and nobody else');

# -- a tunnel ends with its key

my $up = Keygate::Stream->start(port => $t->port('STREAM'),
                                log => "$t->{dir}/stream.log");
my $c = $t->client($t->port('WATCHED'));

$c->send("CONNECT x:1 HTTP/1.1\r\nHost: x:1\r\nX-Api-Key: $key\r\n\r\n");
is($c->response('CONNECT')->{status}, 200, 'a tunnel that is looked at');
$c->send("GET /sse HTTP/1.1\r\nHost: x\r\n\r\n");
ok(defined $c->take("data: 3\n\n", time + $Keygate::Client::timeout),
   'with events in it');
$t->append($t->key_line(id => $key =~ s/_[^_]+\z//r, account => 'acc_1',
    digest => $t->digest($key), scopes => [],
    revoked_at => '2026-11-01T00:00:00Z'));

my $deadline = time + $Keygate::Client::timeout;

while ($c->more($deadline)) { }

ok($c->{eof}, 'ends when the key is revoked');
like($t->read_file('error.log'), qr/closed key_revoked: .*"CONNECT /,
     'and the log says why');
$up->stop;

$t->done;

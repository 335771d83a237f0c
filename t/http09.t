#!/usr/bin/perl

# HTTP/0.9: a line, no header, and no list of header lines in nginx.  Every
# place of the gate takes it.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use IO::Socket::INET;
use Test::More;

use Keygate;
use Keygate::Admin;

my $t = Keygate->new(conf => admin_conf(extra => 'preflight answer *;',
    routes => 'route GET /v1/maybe optional;', server => <<'E', in => <<'E2'));
        location = /ready { keygate_ready; }
        location /portal/ {
            set $who acc_1;
            keygate_portal items account=$who user=$who;
        }
E
        location = /v1/me { keygate items; keygate_me; }
        location = /v1/scopes { keygate items; keygate_scopes; }
        location /dry/ {
            keygate items;
            keygate_dry_run on;
            proxy_pass http://127.0.0.1:%%UPSTREAM%%;
        }
        location = /auth { keygate items; keygate_auth; }
E2

admin_token($t);
$t->account(id => 'acc_1', name => 'One');
$t->start;


# All that comes back, over a connection that the server ends.

sub old {
    my ($port, $line) = @_;

    my $socket = IO::Socket::INET->new('127.0.0.1:' . $t->port($port))
        or die "no connection: $!\n";

    print $socket $line;
    local $/;

    return readline($socket) // '';
}

for my $case (
    [ '/v1/open', qr/"path":"\/v1\/open"/ ],
    [ '/v1/open?x', qr/"path":"\/v1\/open/ ],
    [ '/v1/maybe', qr/"path":"\/v1\/maybe"/ ],
    [ '/dry/x', qr/"path":"\/dry\/x"/ ],
    [ '/v1/items', qr/"code":"credential_missing"/ ],
    [ '/v1/me', qr/"code":"credential_missing"/ ],
    [ '/v1/scopes', qr/"code":"credential_missing"/ ],
    [ '/v1/%2e', qr/"code":"path_ambiguous"/ ],
    [ '/auth', qr/"code":"path_ambiguous"/ ],
    [ '/v1/none', qr/"code":"credential_missing"/ ],
) {
    my ($path, $says) = @$case;

    like(old('PORT', "GET $path$_"), $says, $path) for "\n", "\r\n";
}

for my $case (
    [ '/admin/keys', qr/"status":401/ ], [ '/metrics', qr/^keygate_up|^# / ],
    [ '/ready', qr/./ ], [ '/portal/session', qr/./ ],
) {
    my ($path, $says) = @$case;

    like(old('ADMIN', "GET $path\r\n"), $says, $path);
}

old('PORT', $_) for "GET\n", "GET \n", "GET  /v1/open\n",
    "GET http://a/v1/open\n", "GET /\xff\n";
$t->done;

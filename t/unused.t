#!/usr/bin/perl

# Handlers and filters are called only where some location has a use for them:
# one such place, however it is written, is enough.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use MIME::Base64 qw(encode_base64);
use Test::More;

use Keygate;
use Keygate::Items;

my $up = 'proxy_pass http://127.0.0.1:%%UPSTREAM%%;';

sub gate {
    my ($in, %o) = @_;

    return Keygate->new(conf => items_api(%o) . "    server {\n"
        . "        listen 127.0.0.1:%%PORT%%;\n$in\n    }\n");
}


my $users = gate('location / { auth_basic staff; '
                 . "auth_basic_user_file %%DIR%%/users; $up }",
                 credential => 'credential basic user;');
my $off = gate("location / { keygate off; $up }");
my $errors = gate("keygate_errors items; location /no { return 404; }"
                  . " location / { $up }");

my %in = (
    limit_except =>
        gate("location / { limit_except GET { keygate items; } $up }"),
    named => gate('location / { error_page 418 = @gate;'
                  . ' if ($request_method = POST) { return 418; }'
                  . " $up } location \@gate { keygate items; $up }"),
);


# An API whose keys are users, and no place that asks for one: nginx's own
# access module logs users that it does not know.

{
    my $t = $users;

    $t->write_file('users', "boss:{PLAIN}secret\n");
    my $key = $t->key(scopes => ['items:read']);
    $t->start;

    for ([ 'boss:secret', 200, 'a user' ], [ "$key:x", 401, 'a key' ]) {
        is($t->get('/v1/items', headers => ['Authorization: Basic '
               . encode_base64($_->[0], '')])->{status}, $_->[1], $_->[2]);
    }

    unlike($t->read_file('error.log'), qr/\Q$key\E/, 'which is in no log');
    $t->done;
}


# Nothing at all: nginx as it is.

{
    my $t = $off->start;

    is($t->get('/v1/items', headers => ['X-Api-Key: x'])->{status}, 200,
       'off: whatever is sent');
    is_deeply([ map { $_->[1] } grep { lc $_->[0] eq 'x-api-key' }
                @{$t->last_hit->{headers}} ], ['x'], 'and goes on');
    $t->done;
}


# Errors alone

{
    my $t = $errors->start;

    is($t->get('/no')->json->{code}, 'not_found', 'errors alone: one of nginx');
    is($t->get('/v1/items')->{status}, 200, 'and what is none');
    $t->done;
}


# A gate that is found only below "limit_except", or in a named location

for my $how (sort keys %in) {
    my $t = $in{$how}->start;

    is($t->get('/v1/items')->{status}, 200, "$how: where there is no gate");
    is($t->get('/v1/items', method => 'POST')->{status}, 401,
       "$how: where there is one");
    is($t->hits, 1, "$how: which nobody has passed");
    $t->done;
}

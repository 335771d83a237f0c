#!/usr/bin/perl

# Keys as users of HTTP Basic beside nginx's own users: auth_basic logs a user
# that it does not know, and a key is never logged.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use MIME::Base64 qw(encode_base64);
use Test::More;

use Keygate;
use Keygate::Items;

my $staff = 'auth_basic staff; auth_basic_user_file %%DIR%%/users;'
    . ' proxy_pass http://127.0.0.1:%%UPSTREAM%%;';

my $t = Keygate->new(conf =>
    items_api(credential => 'credential basic user;', only => 1,
              routes => 'route GET /:place/v1/items items:read;')
    . items_api(name => 'opaque', zone => '', only => 1,
                credential => 'credential basic user;',
                extra => 'key_format any;',
                routes => 'route GET /opaque/v1/items items:read;') . <<"E");
    server {
        listen 127.0.0.1:%%PORT%%;

        location /any/ { keygate items; satisfy any; $staff }
        location /all/ { keygate items; $staff }
        location /dry/ { keygate items; keygate_dry_run on; $staff }
        location /free/ { $staff }

        location /opaque/ {
            keygate opaque;
            satisfy any;
            $staff
        }
    }
E

$t->write_file('users', "boss:{PLAIN}secret\n");

my $key = $t->key(scopes => ['items:read']);
my $gone = $t->key(scopes => ['items:read'],
                   revoked_at => '2026-01-01T00:00:00Z');
my $none = 'tk_AAAAAZ_' . 'x' x 24;

$t->start;
$t->secret('a key that is none', $none);

sub asks {
    my ($place, $user, $password) = @_;

    my $r = $t->get("/$place/v1/items", headers => ['Authorization: Basic '
        . encode_base64("$user:$password", '')]);

    return $r->{status};
}

for my $place (qw(any all dry free opaque)) {
    is(asks($place, $gone, 'x'), 401, "$place: a revoked key");
    is(asks($place, $none, 'x'), 401, "$place: no key");
}

is(asks('all', $key, 'x'), 401, 'a key is no user');
is(asks('opaque', $key, 'x'), 200, 'where either will do, it is let in');
is($t->hits, 1, 'the upstream has seen that one');

is(asks('any', 'boss', 'secret'), 200, "nginx's own user is let in");
is(asks('any', 'boss', 'wrong'), 401, 'with the right password only');
is(asks('any', 'other', 'x'), 401, 'and no others');
is(asks('free', 'boss', 'secret'), 200, 'where there is no gate, too');
like($t->read_file('error.log'), qr/user "other" was not found/,
     'who is no key is named in the log as ever');

$t->done;

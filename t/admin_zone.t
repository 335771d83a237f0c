#!/usr/bin/perl

# Two APIs keep their keys in one zone, each with an administrator of its own:
# the keys of the other one are as unknown to him as keys that do not exist.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use JSON::PP ();
use Test::More;

use Keygate;
use Keygate::Admin;

my $t = Keygate->new(conf => <<'END');
keygate_zone keys:1m journal=keys.jsonl;
keygate_api shop {
    zone keys; credential header X-Api-Key;
    key_format ck_shop_ id=6 secret=24; key_format ck_old_ id=8 secret=24;
    scope s; route GET /x s;
}
keygate_api othr {
    zone keys; credential header X-Api-Key; key_format ck_othr_ id=6 secret=24;
    scope s; route GET /x s;
}
keygate_api opaque {
    zone keys; credential bearer; key_format opq_ id=0 secret=32;
    scope s; route GET /x s;
}
server {
    listen 127.0.0.1:%%ADMIN%%;
    location /admin/shop { keygate_admin shop token=admin.token; }
    location /admin/othr { keygate_admin othr token=admin.token; }
    location /admin/opaque { keygate_admin opaque token=admin.token; }
}
server {
    listen 127.0.0.1:%%PORT%%;
    location = /x { keygate othr; try_files /none @ok; }
    location @ok { return 204; }
}
END

my %key = (shop => 'ck_shop_AAAAAA', othr => 'ck_othr_BBBBBB',
    opaque => 'key_0123456789AB');

admin_token($t);
$t->account(id => 'acc_1', name => 'One');
my $secret = $t->key(id => $key{othr}, account => 'acc_1', scopes => ['s']);
$t->append(($t->make_key(id => $_, account => 'acc_1', scopes => ['s']))[0])
    for $key{shop}, 'ck_old_CCCCCCCC', $key{opaque}, 'legacy-7';
$t->start;


# The ids in a list, sorted.

sub ids {
    my ($path) = @_;

    return join ' ', sort map { $_->{id} }
        @{admin($t, 'GET', $path)->json->{data}};
}

is(ids('/shop/keys'), "ck_old_CCCCCCCC $key{shop}", "a list has an API's own");
is(ids('/shop/keys?account=acc_1'), "ck_old_CCCCCCCC $key{shop}",
    'that of an account, too');
is(ids('/othr/keys'), $key{othr}, 'and the other one its own');
is(ids('/opaque/keys'), "$key{opaque} legacy-7",
    'opaque keys may have any id but such as others make');
is(admin($t, 'GET', '/shop/keys?limit=2')->json->{next_cursor}, undef,
    'others make no further page');

for my $api (qw(shop othr opaque)) {
    for my $id (map { $key{$_} } grep { $_ ne $api } sort keys %key) {
        next if $api eq 'opaque' && $id eq 'legacy-7';

        for (['GET', ''], ['PATCH', '', { name => 'taken' }],
            ['POST', '/rotate'], ['POST', '/revoke'], ['DELETE', ''])
        {
            my ($method, $end, $body) = @$_;
            my $r = admin($t, $method, "/$api/keys/$id$end", $body);

            is(problem_is($r), '404 not_found', "$api: $method $id$end");
        }
    }
}

for my $id ($key{othr}, 'ck_shop_ZZZZZZ') {
    my $r = admin($t, 'POST', '/shop/check',
        { key_id => $id, method => 'GET', path => '/x' });

    is("$r->{status} $r->{body}" =~ s/ZZZZZZ//r,
        admin($t, 'POST', '/shop/check',
            { key_id => 'ck_shop_YYYYYY', method => 'GET', path => '/x' })
        ->{body} =~ s/^/200 /r, "check: $id is unknown");
}

is($t->get('/x', key => $secret)->{status}, 204, 'nothing has become of it');
is(admin($t, 'POST', "/othr/keys/$key{othr}/revoke")->{status}, 200,
    'its own administrator revokes it');
is($t->get('/x', key => $secret)->{status}, 401, 'and it is');

$t->done;

#!/usr/bin/perl

# Two zones over one journal: a change through the admin API of one of them is
# in force in the other one, too, when its answer arrives.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;

use Keygate;
use Keygate::Admin;

my $t = Keygate->new(workers => 2, conf => <<'END');
keygate_zone keys:1m journal=keys.jsonl;
keygate_zone more:1m journal=keys.jsonl;
keygate_zone link:1m journal=link.jsonl;
keygate_api one {
    zone keys; credential header X-Api-Key; key_format ck_ id=6 secret=24;
    scope s; route GET /one s;
}
keygate_api two {
    zone more; credential header X-Api-Key; key_format ck_ id=6 secret=24;
    scope s; route GET /two s;
}
keygate_api three {
    zone link; credential header X-Api-Key; key_format ck_ id=6 secret=24;
    scope s; route GET /three s;
}
server {
    listen 127.0.0.1:%%ADMIN%%;
    location /admin/ { keygate_admin one token=admin.token; }
}
server {
    listen 127.0.0.1:%%PORT%%;
    location = /one   { keygate one;   try_files /none @ok; }
    location = /two   { keygate two;   try_files /none @ok; }
    location = /three { keygate three; try_files /none @ok; }
    location @ok { return 204; }
}
END

admin_token($t);
$t->account(id => 'acc_1', name => 'One');
symlink "$t->{dir}/keys.jsonl", "$t->{dir}/link.jsonl" or die "link: $!\n";
$t->start;


sub statuses {
    my ($key) = @_;

    return join ' ', map { $t->status($_, key => $key) } qw(/one /two /three);
}


my (@made, @revoked, @rotated);

for (1 .. 12) {
    my $key = admin($t, 'POST', '/keys',
        { account => 'acc_1', name => 'x', scopes => ['s'] })->json;

    push @made, statuses($key->{secret});

    my $new = admin($t, 'POST', "/keys/$key->{id}/rotate")->json;

    push @rotated, statuses($key->{secret}) . ', ' . statuses($new->{secret});

    admin($t, 'POST', "/keys/$key->{id}/revoke");
    push @revoked, statuses($new->{secret});
}

my %all = map { $_ => 1 } @made;

is_deeply(\%all, { '204 204 204' => 1 }, 'a key that is made opens all');
%all = map { $_ => 1 } @rotated;
is_deeply(\%all, { '401 401 401, 204 204 204' => 1 },
    'one that is rotated does with its new secret only');
%all = map { $_ => 1 } @revoked;
is_deeply(\%all, { '401 401 401' => 1 }, 'one that is revoked opens nothing');

$t->append(($t->make_key(id => 'ck_BYHAND', scopes => ['s']))[0]);

my $r = admin($t, 'POST', '/keys',
    { account => 'acc_1', name => 'x', scopes => ['s'] });

is(statuses($r->json->{secret}), '204 204 204',
    'with what others append in between');

# a zone that is smaller, and full: what would not be in force in all of them
# is refused, and nothing has changed

my $u = Keygate->new(workers => 2, conf => <<'END');
keygate_zone keys:1m journal=keys.jsonl;
keygate_zone less:160k journal=keys.jsonl;
keygate_api one {
    zone keys; credential header X-Api-Key; key_format ck_ id=6 secret=24;
    scope s; route GET /one s;
}
keygate_api two {
    zone less; credential header X-Api-Key; key_format ck_ id=6 secret=24;
    scope s; route GET /two s;
}
server {
    listen 127.0.0.1:%%ADMIN%%;
    location /admin/ { keygate_admin one token=admin.token; }
}
server {
    listen 127.0.0.1:%%PORT%%;
    location = /one { keygate one; try_files /none @ok; }
    location = /two { keygate two; try_files /none @ok; }
    location @ok { return 204; }
}
END

admin_token($u);
$u->account(id => 'acc_1', name => 'One');
$u->append(join '', map { ($u->make_key(id => sprintf('ck_FIL%03d', $_),
    scopes => ['s']))[0] } 1 .. 200);
$u->start;
$u->allow(qr/\[alert\].*keygate zone "less" is full/);

sub both {
    my ($key) = @_;

    return join ' ', map { $u->status($_, key => $key) } qw(/one /two);
}


sub create {
    return admin($u, 'POST', '/keys',
        { account => 'acc_1', name => 'x', scopes => ['s'] });
}


my ($n, $last) = (0);

while ($n < 1500) {
    $r = create();
    last if $r->{status} != 201;
    $last = $r->json;
    $n++;
}

ok($n > 10, "$n keys are made");
is($r->{status}, 507, 'until the smaller zone is full');
is(both($last->{secret}), '204 204', 'the last one opens both');
is(admin($u, 'POST', "/keys/$last->{id}/revoke")->{status}, 200,
    'one is revoked');
is(both($last->{secret}), '401 401', 'in both');
is(admin($u, 'DELETE', "/keys/$last->{id}")->{status}, 204, 'and deleted');
$r = create();
is($r->{status}, 201, 'then there is room for another one');
is(both($r->json->{secret}), '204 204', 'in both');

$u->{seen} = '';
$u->done;
$t->done;

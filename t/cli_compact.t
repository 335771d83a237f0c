#!/usr/bin/perl

# keygate compact and check: journals as they may be found.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use Digest::SHA qw(sha256_hex);
use Test::More;

use Keygate;
use Keygate::Command;

plan skip_all => 'no keygate command is built'
    if !-x $Keygate::Command::binary;

my $c = Keygate::Command->new;
my $done;


sub key {
    my ($id, %o) = @_;

    my $digest = $o{digest} // 'sha256:' . sha256_hex($id);

    return qq({"key":{"id":"$id","account":"acc","name":"$id",)
           . qq("digest":"$digest","scopes":[]$o{more}}}\n)
        if defined $o{more};

    return qq({"key":{"id":"$id","account":"acc","digest":"$digest",)
           . qq("scopes":[]}}\n);
}

my $account = qq({"account":{"id":"acc","name":"A"}}\n);

# -- healthy

$c->append($account . key('a') . key('b') . "\n" . key('a', more => ',"x":1')
           . qq({"key":{"id":"b","deleted":true}}\n) . key('c'));

my $r = $c->json('check');
is($c->run('check')->{code}, 0, 'a healthy journal');
is_deeply($r, { healthy => JSON::PP::true, bad => [], lines => 7, blank => 1,
    marks => 0, superseded => 3, torn => JSON::PP::false, keys => 2, live => 2,
    accounts => 1, orphans => 0, sha256 => 4, hmac_sha256 => 0 },
    'and what is in it');

{
    my $copy = Keygate::Command->new;

    $copy->append($account . qq({"at":{"seq":4710}}\n) . key('a')
        . qq({"at":{"epoch":"5f0c","seq":4711,"chain":"9f86",)
        . qq("time":"2026-11-01T00:00:00Z"}}\n));
    $r = $copy->json('check');
    is_deeply($r, { healthy => JSON::PP::true, bad => [], lines => 4,
        blank => 0, marks => 2, superseded => 0, torn => JSON::PP::false,
        keys => 1, live => 1, accounts => 1, orphans => 0, sha256 => 1,
        hmac_sha256 => 0 }, "a node's copy, whose marks are in order");

    $r = $copy->run('check');
    is($r->{code}, 0, '... is healthy');
    like($r->{out}, qr/^4 lines: 2 records, 0 superseded or deleted, 0 bad$/m,
        '... with nothing in it that was superseded');
    like($r->{out}, qr/^a node's copy of a store: 2 of the lines are marks$/m,
        '... and told to be one');

    $copy->append(qq({"at":{"seq":"x"}}\n));
    is($copy->run('check')->{code}, 4, 'a mark that is none is not in order');
    like($copy->run('check')->{out}, qr/keys\.jsonl:5: /, '... and told');
}

is($c->run('check', $c->{journal},
    { env => { KEYGATE_JOURNAL => undef } })->{code}, 0, 'named by itself');

my $wanted = $account . key('a', more => ',"x":1') . key('c');

like($c->run('list')->{out}, qr/^c +acc .* - +-$/m,
     'what a record does not say is not shown');
is_deeply($c->json('compact'), { kept => 3, dropped => 4 }, 'compact');
is(join('', $c->lines), $wanted, 'one line a record, byte for byte');
is((stat $c->{journal})[2] & 0777, (stat _)[2] & 0777, 'the same mode');
is_deeply([ glob "$c->{dir}/*" ], [ $c->{journal} ], 'nothing is left beside');
is_deeply($c->json('compact'), { kept => 3, dropped => 0 }, 'once more');

# -- ill

my %ill = (
    'garbage'             => "garbage\n",
    'no record'           => qq({"x":{}}\n),
    'no digest'           => qq({"key":{"id":"d","account":"acc"}}\n),
    'a duplicate member'  => qq({"account":{"id":"a","id":"b"}}\n),
    'a time that is none' => key('d', more => ',"expires_at":"never"'),
    'another one\'s digest' =>
        key('d', digest => 'sha256:' . sha256_hex('a')),
    'a long line'         => key('d', more => ',"x":"' . 'x' x 70_000 . '"'),
    'bytes'               => "\x00\xff\xfe\n",
);

for my $name (sort keys %ill) {
    my $i = Keygate::Command->new;

    $i->append($wanted . $ill{$name} . key('z'));
    $r = $i->run('check');
    is($r->{code}, 4, "$name: 4");
    like($r->{out}, qr/^\Q$i->{journal}\E:4: \S/m, "$name: told by its line");
    is_deeply([ map { $_->{line} } @{$i->json('check')->{bad}} ], [4],
              "$name: in JSON");
    is(scalar @{$i->json('list')}, 3, "$name: the others are listed");
    is($i->run('revoke', 'z')->{code}, 0, "$name: and changed");

    my $before = join '', $i->lines;

    $r = $i->run('compact');
    is($r->{code}, 4, "$name: compact refuses");
    like($r->{err}, qr/\Q$i->{journal}\E:4: \S.*nothing was changed/s,
         "$name: and tells which line it is");
    is(join('', $i->lines), $before, "$name: nothing is changed");

    $r = $i->run('compact', '--drop');
    is($r->{code}, 0, "$name: unless it is to go");
    is($r->{out}, $ill{$name}, "$name: then it is printed");
    is(scalar(my @kept = $i->lines), 4, "$name: and is gone");
    is($i->run('check')->{code}, 0, "$name: and all is well");
}

# -- nothing but what is no record; nothing but deletions; a torn end

my %none = (
    'CSV' => "id,name\n1,x\n",
    'blank lines' => "\n \n",
    'a torn line' => '{"account":{"id":"acc","name"',
);

for my $name (sort keys %none) {
    my $i = Keygate::Command->new;

    $i->append($none{$name});

    for my $drop ([], ['--drop']) {
        $r = $i->run('compact', @$drop);
        is($r->{code}, 4, "$name @$drop: refused");
        like($r->{err}, qr/nothing was changed/, "$name @$drop: and told");
        is($r->{out}, '', "$name @$drop: nothing is printed");
        is(join('', $i->lines), $none{$name}, "$name @$drop: nor changed");
    }
}

my $d = Keygate::Command->new;
my @deleted = map { qq({"key":{"id":"$_","deleted":true}}\n) } qw(a b);

$d->append(key('a') . join '', @deleted);
is_deeply($d->json('compact'), { kept => 1, dropped => 2 },
          'of nothing but deletions');
is(join('', $d->lines), $deleted[1], 'one stays');

$d->append("\xff\n" . '{"account":');
is($d->run('compact')->{code}, 4, 'a torn end');
is_deeply($d->json('compact', '--drop'), { kept => 1, dropped => 2,
    lost => [ { hex => 'ff' }, { line => '{"account":' } ] }, 'is printed');
is(join('', $d->lines), $deleted[1], 'and gone');

my $empty = Keygate::Command->new;
$empty->append('');
is_deeply($empty->json('compact'), { kept => 0, dropped => 0 },
          'an empty one stays empty');

my $lost = Keygate::Command->new;
$lost->append($wanted . "garbage\n");
my $all = join '', $lost->lines;

SKIP: {
    open my $full, '>', '/dev/full' or skip 'no /dev/full', 2;

    is($lost->run('compact', '--drop', { stdout => $full })->{code}, 5,
       'what cannot be printed');
    is(join('', $lost->lines), $all, 'does not go');
}

my $many = Keygate::Command->new;
$many->append($wanted . "x\n" x 20);
$r = $many->run('compact');
is(scalar(() = $r->{err} =~ /:\d+: /g), 10, 'the first ten are told');
like($r->{err}, qr/and 10 more;/, 'and how many more there are');

# -- two kinds of digests; orphans; torn

my $i = Keygate::Command->new;
$i->append($wanted . key('h', digest => 'hmac-sha256:' . sha256_hex('h')));
is($i->run('check')->{code}, 4, 'two kinds of digests');
$i->write('pepper', 'p' x 32);
is_deeply([ map { $_->{line} } @{$i->json(qw(check --pepper pepper))->{bad}} ],
          [ 2, 3 ], 'with the pepper it is known which are wrong');

$i = Keygate::Command->new;
$i->append(key('a'));
$r = $i->json('check');
is($r->{orphans}, 1, 'a key without its account');
ok($r->{healthy}, 'is told, but no fault of the journal');

for my $cut (1 .. length(key('z')) - 2) {
    my $torn = Keygate::Command->new;

    $torn->append($wanted . substr key('z'), 0, $cut);

    my $code = $torn->run('check')->{code};
    my $kept = $torn->run('set', 'a', '--name', 'new')->{code};
    my @names = map { "$_->{id}=" . ($_->{name} // '') }
                    @{$torn->json('list')};

    next if $code == 4 && $kept == 0 && "@names" =~ /^a=new c=/ && @names == 2;

    fail("torn after $cut bytes: @names");
}

pass('torn at every byte: told, and what follows begins a line');

# -- what cannot be written

SKIP: {
    skip 'root may write anywhere', 2 if $> == 0;

    chmod 0400, $c->{journal};
    is($c->run('revoke', 'a')->{code}, 5, 'a journal that is read-only');
    is(join('', $c->lines), $wanted, 'is as it was');
    chmod 0600, $c->{journal};
}

my $limited = "ulimit -f 1; exec $Keygate::Command::binary";
my $l = Keygate::Command->new;
$l->append($account . join '', map { key("k$_") } 1 .. 20);

my @before = $l->lines;
my $out = `sh -c '$limited revoke --journal $l->{journal} k1' 2>&1`;
is($? >> 8, 5, 'a file that may not grow: 5');
like($out, qr/nothing was changed/, 'says so');
is_deeply([ $l->lines ], \@before, 'and is as it was');

is($c->run('list', '--journal', $c->{dir})->{code}, 5, 'a directory');

# -- a running gateway

SKIP: {
    skip 'no module is built', 1
        if $Keygate::module ne '' && !-e $Keygate::module;

    require Keygate::Items;

    my $t = Keygate->new(workers => 2, conf => Keygate::Items::items_conf());
    my $g = Keygate::Command->new(dir => $t->{dir});

    $t->start;
    is($g->run(qw(account put acc --name A))->{code}, 0, 'an account');

    my ($secret, $id) = created($t, $g);
    my $is = sub {
        my ($status, $name, $key) = @_;
        ok($t->wait_for(sub {
            $t->status('/v1/items', key => $key // $secret) == $status }, 2),
           $name);
    };

    $is->(200, 'a key works');

    my $now = $g->json('rotate', $id, '--overlap', '1h');
    $t->secret('a rotated credential', $now->{secret});
    $is->(200, 'its new secret works', $now->{secret});
    is($t->status('/v1/items', key => $secret), 200, 'so does the old one');

    $now = $g->json('rotate', $id);
    $t->secret('a rotated credential', $now->{secret});
    $is->(200, 'the next one works', $now->{secret});
    $is->(401, 'and no other');
    $secret = $now->{secret};

    is($g->json('compact')->{kept}, 2, 'compaction');
    my ($other) = created($t, $g);
    $is->(200, 'is followed', $other);
    is($t->status('/v1/items', key => $secret), 200, 'nothing is lost');

    is($g->run('set', $id, '--no-scopes')->{code}, 0, 'no scopes');
    $is->(403, 'are none');
    is($g->run('revoke', $id)->{code}, 0, 'revoked');
    $is->(401, 'is refused');
    is($g->run('delete', $id)->{code}, 0, 'deleted');
    is($t->status('/v1/items', key => $other), 200, 'the other one works');

    $t->done;
    $done = 1;
}


sub created {
    my ($t, $g) = @_;

    my $r = $g->json(qw(create --account acc --name Test --scope items:read));

    $t->secret("the credential of $r->{id}", $r->{secret});
    $t->secret("the digest of $r->{id}", sha256_hex($r->{secret}));

    return ($r->{secret}, $r->{id});
}

done_testing() if !$done;

#!/usr/bin/perl

# keygate import and export: what is taken, what is refused and why.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use Digest::SHA qw(sha256_hex);
use Fcntl qw(:flock);
use JSON::PP ();
use Test::More;

use Keygate;
use Keygate::Command;

plan skip_all => 'no keygate command is built'
    if !-x $Keygate::Command::binary;

my $json = JSON::PP->new->utf8->canonical;
my ($r, $report);


sub credential {
    my ($n) = @_;

    return sprintf 'tk_%06d_%024d', $n, $n;
}


sub digest {
    return 'sha256:' . sha256_hex($_[0]);
}


# -- CSV

my $c = Keygate::Command->new;
$c->run(qw(account put acc --name Account));

$c->write('keys.csv', join "\r\n",
    "\xef\xbb\xbfcredential,account,name,scopes,rates,created_at,expires_at",
    credential(1) . ',acc,One,a b,600r/m,2024-01-01T00:00:00Z,',
    '"' . credential(2) . '","acc","Two, ""2""","a,b|c",,,',
    '',
    credential(3) . ",acc,\"Three\nlines\",,,,",
    credential(4) . ',acc,Four,,,,2030-01-01T00:00:00Z', '');

$r = $c->run('import', 'keys.csv');
is($r->{code}, 1, 'some are refused');
like($r->{err}, qr{^keys\.csv:5: name is longer .* control char}m,
     'with line and reason');
like($r->{err}, qr/^3 keys and 0 accounts imported, 1 rows refused$/m,
     'and counted');
unlike($r->{err}, qr/_0{5}/, 'no credential is told');

my $one = $c->record('tk_000001');
is_deeply($one, { id => 'tk_000001', account => 'acc', name => 'One',
    digest => digest(credential(1)), scopes => [ 'a', 'b' ],
    rates => ['600r/m'], created_at => '2024-01-01T00:00:00Z' },
    'a row is a record');
is_deeply($c->record('tk_000002')->{scopes}, [ 'a', 'b', 'c' ],
          'lists in a cell');
is($c->record('tk_000002')->{name}, 'Two, "2"', 'quotes');
is($c->record('tk_000004')->{expires_at}, '2030-01-01T00:00:00Z', 'a time');
unlike(join('', $c->lines), qr/_0{10}/, 'no credential is in the journal');

$r = $c->run('import', 'keys.csv');
is($r->{code}, 1, 'once more');
like($r->{err}, qr/^keys\.csv:$_: tk_00000\d is there already$/m,
     "line $_ is there already") for 2, 3, 7;
like($r->{err}, qr/^0 keys/m, 'nothing is imported');

for my $case (
    [ 'an unknown column', "credential,scope\nx,y\n", qr/column 2 is none/ ],
    [ 'a column twice', "id,id\nx,y\n", qr/there twice/ ],
    [ 'Latin-1', "id,n\xe4me\n", qr/column 2/ ],
) {
    $r = $c->run('import', { stdin => $case->[1] });
    is($r->{code}, 2, $case->[0]);
    like($r->{err}, $case->[2], "$case->[0]: why");
}

my $n = 10;

for my $case (
    [ 'too few fields', sub { credential(shift) . ',acc' }, qr/fewer/ ],
    [ 'too many', sub { credential(shift) . ',acc,n,s,t' }, qr/more/ ],
    [ 'a stray quote', sub { '"' . credential(shift) . '"x,acc,n,s' },
      qr/closing quote/ ],
    [ 'open quotes', sub { '"' . credential(shift) . ',acc,n,s' },
      qr/within quotes/ ],
    [ 'not UTF-8', sub { credential(shift) . ",acc,\xff,s" }, qr/UTF-8/ ],
    [ 'a scope that is none', sub { credential(shift) . ',acc,n,"""\"' },
      qr/./ ],
    [ 'no account', sub { credential(shift) . ',,n,s' }, qr/account.*missing/ ],
    [ 'not a key', sub { 'tk_abc,acc,n,s' }, qr/of no --format/ ],
    [ 'a key of 100 KB', sub { 'x' x 100_000 . ',acc,n,s' }, qr/longer/ ],
    [ 'NUL', sub { credential(shift) . ",a\0c,n,s" }, qr/account/ ],
) {
    my $row = $case->[1]->(++$n);

    $r = $c->run('import', { stdin => "credential,account,name,scopes\n$row\n"
                             . ($case->[0] eq 'open quotes' ? ''
                                : credential(++$n) . ",acc,n,s\n") });
    is($r->{code}, 1, "$case->[0]: refused");
    like($r->{err}, qr/^stdin:2: .*$case->[2]/m, "$case->[0]: why");
    like($r->{err}, qr/^1 keys/m, "$case->[0]: the next row is taken")
        if $case->[0] ne 'open quotes' && $case->[0] !~ /scope/;
}

# -- keys of any shape

my $uuid = '0b5c9f2e-7d1a-4c55-9d7e-0f7c6a1b2c3d';
my $hex = 'c0ffee' x 6 . 'beef';

for my $format ('', 'any', 'tk_ id=6 secret=24; any') {
    my $old = Keygate::Command->new(format => '');

    $old->run(qw(account put acc --name Account));
    $r = $old->run('import', $format ? ('--format', $format) : (),
        { stdin => "id,credential,account\nold_1,$uuid,acc\n,$hex,acc\n"
                   . 'tk_000001,' . credential(1) . ",acc\n"
                   . join '', map { ",$_,acc\n" }
                         'short', 'two words', "caf\xc3\xa9caf\xc3\xa9",
                         'x' x 257 });
    is($r->{code}, 1, "format \"$format\"");
    is($old->record('old_1')->{digest}, digest($uuid), 'whole, by its id');

    my @made = grep { /"\Q@{[ digest($hex) ]}\E"/ } $old->lines;

    is(scalar @made, 1, 'whole, without an id');
    like($made[0], qr/"id":"key_\w{12}"/, '... which is made');
}

is($c->run(qw(create --account acc --format any))->{code}, 2,
   'no key can be made of any shape');

# -- JSON Lines

my $j = Keygate::Command->new;

sub rows {
    return { stdin => join('', map { (ref $_ ? $json->encode($_) : $_) . "\n" }
                               @_) };
}

$r = $j->run('import', rows(
    { account => { id => 'acc', name => 'Account', more => [1] } },
    { key => { id => 'tk_000001', account => 'acc', scopes => [],
               digest => digest('a'), more => { x => 1 } } },
    { key => { credential => credential(2), account => 'acc' } },
    { secret => credential(3), account => 'acc', scopes => ['a'] },
    { id => 'other', digest => digest('b'), account => 'acc' }));
is($r->{code}, 0, 'JSON Lines');
is($r->{err} =~ /new journal/, 1, 'into a new journal');
like($r->{err}, qr/^4 keys and 1 accounts imported, 0 rows/m, 'all of them');
is_deeply($j->record('tk_000001')->{more}, { x => 1 },
          'what nobody knows is kept');
is($j->record("tk_00000$_")->{digest}, digest(credential($_)),
   'a credential is digested') for 2, 3;
is($j->record('tk_000003')->{secret}, undef, 'and gone');

$report = $j->json('import', rows(
    '{"id":1', '[1]', '{"id":"a","id":"b"}',
    { key => { id => 'k', account => 'acc', scopes => [] } },
    { id => 'k', digest => digest('c'), account => 'acc', scope => ['x'] },
    { id => 'k', digest => digest('a'), account => 'acc' },
    { id => 'k', digest => digest('c'), credential => credential(7),
      account => 'acc' },
    { id => 'k', credential => credential(8), account => 'acc' },
    { id => 'k', digest => 'hmac-' . digest('c'), account => 'acc' },
    { key => { id => 'tk_000001', deleted => JSON::PP::true } },
    { key => { id => 'k', account => 'acc', digest => digest('d'),
               scopes => [] }, more => 1 },
    { credential => [1], account => 'acc' },
    { id => 'k' x 65, digest => digest('e'), account => 'acc' },
    { id => 'k', digest => digest('f'), account => 'acc', rates => ['1'] },
    { id => 'last', digest => digest('g'), account => 'gone' }));
is_deeply([ map { $_->{line} } @{$report->{refused}} ], [ 1 .. 14 ],
          'each is refused, by its line');
is($report->{keys}, 1, 'but for one');
is($report->{unknown_accounts}, 1, 'whose account is not there');

my @reasons = map { $_->{reason} } @{$report->{refused}};
like($reasons[$_->[0] - 1], $_->[1], "line $_->[0]: why") for
    [ 1, qr/JSON object/ ], [ 2, qr/JSON object/ ], [ 3, qr/duplicate/ ],
    [ 4, qr/digest is missing/ ], [ 5, qr/not known/ ],
    [ 6, qr/of another key/ ], [ 7, qr/both/ ], [ 8, qr/not the one in/ ],
    [ 9, qr/kind/ ], [ 10, qr/deleted/ ], [ 11, qr/beside/ ],
    [ 12, qr/not a string/ ], [ 13, qr/^id is not an id/ ],
    [ 14, qr{^rates/0 is not a rate} ];

# -- options

my $o = Keygate::Command->new(format => 'sk_ id=0 secret=8;tk_ id=6 secret=24');
$r = $o->run(qw(import --account acc --scope a --dry-run),
             rows({ credential => 'sk_abcdefgh' }));
is($r->{code}, 0, '--dry-run');
ok(!-s $o->{journal}, 'writes nothing');

$r = $o->run(qw(import --account acc --scope a), rows(
    { credential => 'sk_abcdefgh' }, { credential => credential(1) },
    { credential => 'sk_ijklmnop', id => 'mine' },
    { credential => 'sk_abcdefgh' }));
my @keys = map { $_->[1] } $o->records;
is(scalar @keys, 3, 'formats: all are taken');
like($keys[0]{id}, qr/^key_[0-9A-Z]{12}$/, 'an id is made for an opaque key');
is($keys[1]{id}, 'tk_000001', 'or is in the key');
is($keys[2]{id}, 'mine', 'or given');
is_deeply([ @{$keys[0]}{qw(account scopes)} ], [ 'acc', ['a'] ],
          'what the options say');
like($r->{err}, qr/^stdin:4: key_\w+ has the credential of another key$/m,
     'a credential twice');

$r = $o->run('import', rows({ credential => 'sk_zzzzzzzz',
    account => 'acc' }), { });
is($o->run('import', { %{rows({ credential => credential(9),
    account => 'acc' })}, env => { KEYGATE_FORMAT => undef } })->{code}, 0,
   'a credential without a format');

# -- export, and back

is($c->run('export')->{out} =~ /sha256:/ || '', '', 'export has no digests');
$r = $c->run('export', '--digests');
my $copy = Keygate::Command->new;
is($copy->run('import', { stdin => $r->{out} })->{code}, 0, 'back in');
is_deeply([ sort $copy->lines ],
          [ sort map { "$_\n" } split /\n/, $r->{out} ], 'the same');

# -- many, in batches

my $many = 10_000;
my $big = Keygate::Command->new;
$big->run(qw(account put acc --name A));
$r = $big->run('import', { stdin => join '', "credential,account\n",
    map { credential($_) . ",acc\n" } 1 .. $many });
is($r->{code}, 0, "$many rows");
is(scalar $big->lines, $many + 1, 'as many lines');
is(scalar @{$big->json('list')}, $many, 'as many keys');

# a writer in between: what it adds is seen

my $pid = fork // die;

if ($pid == 0) {
    open my $f, '>>', $big->{journal};

    for my $i (1 .. 200) {
        flock $f, LOCK_EX;
        syswrite $f, $json->encode({ key => { id => "w$i", account => 'acc',
            scopes => [], digest => digest("w$i") } }) . "\n";
        flock $f, LOCK_UN;
        select undef, undef, undef, 0.001;
    }

    POSIX::_exit(0);
}

$r = $big->run('import', { stdin => join '', "credential,account\n",
    map { credential($_ + $many) . ",acc\n" } 1 .. $many });
waitpid $pid, 0;
is($r->{code}, 0, 'beside another writer');
is($big->run('check')->{code}, 0, 'a healthy journal');
is(scalar $big->lines, 2 * $many + 201, 'and all that both have written');

# -- a full disk: whole batches, and the rest on the next run

my $f = Keygate::Command->new;
$f->write('rows.csv', join '', "credential,account\n",
          map { credential($_) . ",acc\n" } 1 .. 10_000);

my $out = `ulimit -f 2048; KEYGATE_FORMAT='$f->{format}' \\
    $Keygate::Command::binary import --journal $f->{journal} \\
    $f->{dir}/rows.csv 2>&1`;
is($? >> 8, 5, 'a full disk');
like($out, qr/^4096 keys and 0 accounts imported/m, 'after the first batch');
is(scalar $f->lines, 4096, 'which is there, and no more');
is($f->run('import', 'rows.csv')->{code}, 1, 'later');
is(scalar $f->lines, 10_000, 'the rest');

# -- killed at any moment: whole lines, and the rest on the next run

my $k = Keygate::Command->new;
$k->write('many.csv', join '', "credential,account\n",
          map { credential($_) . ",acc\n" } 1 .. 30_000);
$k->run(qw(account put acc --name A));

for my $delay (map { $_ * 0.01 } 1 .. 8) {
    my $child = fork // die;

    if ($child == 0) {
        open STDERR, '>', '/dev/null';
        $ENV{KEYGATE_FORMAT} = $k->{format};
        exec $Keygate::Command::binary, 'import', '--journal', $k->{journal},
            "$k->{dir}/many.csv" or POSIX::_exit(127);
    }

    select undef, undef, undef, $delay;
    kill 'KILL', $child;
    waitpid $child, 0;
}

$k->run('import', 'many.csv');
is($k->run('check')->{code} =~ /^[04]$/, 1, 'killed eight times');
is(scalar @{$k->json('list')}, 30_000, 'and then all is there');

done_testing();

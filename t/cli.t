#!/usr/bin/perl

# The command keygate: keys and accounts from their making to their end, as
# people and as programs see it.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use Digest::SHA qw(hmac_sha256_hex sha256_hex);
use Test::More;

use Keygate;
use Keygate::Command;

plan skip_all => 'no keygate command is built'
    if !-x $Keygate::Command::binary;

my $c = Keygate::Command->new;
my $me = 'cli:' . ($< == 0 && $ENV{SUDO_USER} || getpwuid($<) // $<);
my ($r, $id, $secret);

# -- help, usage

$r = $c->run('--help');
is($r->{code}, 0, '--help');
like($r->{out}, qr/Exit codes: 0/, 'tells the exit codes');

my @commands = $r->{out}
    =~ /^  ((?:account |store |nodes (?=forget))?[a-z]+)/mg;
cmp_ok(scalar @commands, '>=', 17, 'and all commands');

for my $command (@commands) {
    $r = $c->run(split(' ', $command), '--help');
    is($r->{code}, 0, "$command --help");
    like($r->{out}, qr/^usage: keygate $command\b/, "$command: its usage");
    unlike($r->{out}, qr/^.{81}/m, "$command: in 80 columns");
    unlike($r->{out}, qr/ $/m, "$command: no spaces at the end");
    like($r->{out}, qr/^  --json /m, "$command: JSON");
}

is($c->run('account', '--help')->{code}, 0, 'account --help');
is($c->run('account', '--help')->{out}, $c->run('--help')->{out},
   'tells all commands');

{
    open my $f, '<', "$Keygate::root/src/cli/options.c" or die;

    my %option;

    while (my $line = <$f>) {
        push @{$option{$2}}, $1 if $line =~ /^    \{ "([a-z-]+)", '(.)'/;
    }

    cmp_ok(scalar keys %option, '>', 40, 'options, each with a letter');

    is(join('; ', map { "@$_" } grep { @$_ > 1 } values %option), '',
       'no letter stands for two options');
}

my $page = do {
    open my $f, '<', "$Keygate::root/src/cli/keygate.1" or die;
    local $/;
    <$f>;
};

for my $command (@commands) {
    like($page, qr/\.I[tc] (?:Xo\n\.)?(?:Ic )?\Q$command\E/,
         "the man page has $command");
}

for my $case (
    [ 'no command', [] ], [ 'an unknown one', ['make'] ],
    [ 'half a command', ['account'] ],
    [ 'an unknown option', [ 'list', '--all' ] ],
    [ 'an option of another command', [ 'list', '--overlap', '1h' ] ],
    [ 'an option without its value', [ 'list', '--older-than' ] ],
    [ 'a value that is none', [ 'list', '--older-than', 'soon' ] ],
    [ 'a short option', [ 'list', '-j' ] ],
    [ 'too few arguments', ['show'] ],
    [ 'too many', [ 'show', 'a', 'b' ] ],
    [ '--unused-for without a gateway', [ 'list', '--unused-for', '1d' ] ],
) {
    $r = $c->run(@{$case->[1]});
    is($r->{code}, 2, "$case->[0]: 2");
    is($r->{out}, '', "$case->[0]: nothing on stdout");
    like($r->{err}, qr/\S/, "$case->[0]: something on stderr");
}

is($c->run('list', { env => { KEYGATE_JOURNAL => undef } })->{code}, 2,
   'no journal is named');

for my $command (qw(export compact check)) {
    is($c->run($command, '--journal', '/a', '/b')->{code}, 2,
       "$command: two are named");
}

# -- no journal yet

for my $command ([ 'list' ], [ 'show', 'x' ], [ 'check' ], [ 'compact' ],
                 [ 'revoke', 'x' ], [ qw(create --account a --name a) ])
{
    is($c->run(@$command)->{code}, 5, "$command->[0]: no journal, 5");
}

for my $case ([ 2, 'put without a name', qw(account put a) ],
    [ 2, 'put, an id that cannot be one', qw(account put --name x), 'a b' ],
    [ 2, 'put, none', qw(account put --name x), '' ],
    [ 2, 'put, one that is too long', qw(account put --name x), 'a' x 65 ],
    [ 2, 'put, a wrong status', qw(account put a --name x --status gone) ],
    [ 2, 'create without an account', qw(create --name x) ],
    [ 2, 'create without a name', qw(create --account a) ],
    [ 2, 'create, a wrong rate', qw(create --account a --name x --rate 1) ],
    [ 3, 'create, an account that cannot be', 'create', '--account', 'a b',
      '--name', 'x' ],
    [ 3, 'set, one that cannot be', 'account', 'set', 'a b', '--name', 'x' ])
{
    my ($code, $what, @command) = @$case;

    $r = $c->run(@command);
    is($r->{code}, $code, "$what: $code");
    like($r->{err}, qr/\Akeygate: .+\n\z/, 'a line that tells');
}

ok(!-e $c->{journal}, 'and none is made of it');

# -- accounts

$r = $c->run(qw(account put biz_1 --plan growth --status trialing
                --trial-ends-at 2030-01-01T00:00:00Z --profile slug=one
                --profile abn --name), "Brightline \xc3\xa9");
is($r->{code}, 0, 'an account');
is_deeply($c->record('biz_1'), { id => 'biz_1', name => "Brightline \x{e9}",
    plan => 'growth', status => 'trialing',
    trial_ends_at => '2030-01-01T00:00:00Z', changed_by => $me,
    profile => { slug => 'one', abn => undef } }, 'is in the journal');
is((stat $c->{journal})[2] & 0777, 0600, 'which only we may read');

is($c->run(qw(account set biz_1 --status active --trial-ends-at), '',
           qw(--profile slug --profile website=x))->{code}, 0, 'changed');
is_deeply($c->record('biz_1'), { id => 'biz_1', name => "Brightline \x{e9}",
    plan => 'growth', status => 'active', changed_by => $me,
    profile => { abn => undef, website => 'x' } }, 'as it should be');

$r = $c->run(qw(account put biz_2 --status gone --plan), 'x' x 64);
is($r->{code}, 2, 'a wrong account');
like($r->{err}, qr/--status .*--plan .*--name is missing/s,
     'with all that is wrong');
is($c->run(qw(account set nope --name x))->{code}, 3, 'one that is not there');
is($c->run('account', 'show', 'biz_1')->{code}, 0, 'shown');
is($c->json('account', 'show', 'biz_1')->{plan}, 'growth', 'in JSON');
like($c->run('account', 'list')->{out}, qr/^ID +STATUS.*\nbiz_1 +active/,
     'listed');

# -- create

$r = $c->run(qw(create --account biz_1 --name Zapier --scope), 'a:read,b:read',
             qw(--scope c --rate 600r/m --address 192.0.2.0/24
                --expires-at 2031-01-01T00:00:00Z));
is($r->{code}, 0, 'a key');
($secret) = $r->{out} =~ /^secret +(tk_[0-9A-Z]{6}_[0-9A-Za-z]{24})$/m;
($id) = $secret =~ /^(tk_.{6})/;

my $record = $c->record($id);
my $created = delete $record->{created_at};
like($created, qr/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/, 'made now');
is_deeply($record, { id => $id, account => 'biz_1', name => 'Zapier',
    digest => 'sha256:' . sha256_hex($secret), changed_by => $me,
    scopes => [ 'a:read', 'b:read', 'c' ], rates => ['600r/m'],
    addresses => ['192.0.2.0/24'], expires_at => '2031-01-01T00:00:00Z' },
    'its record');
unlike(join('', $c->lines), qr/\Q@{[substr $secret, 10]}/,
       'and nowhere its secret');

$r = $c->run(qw(create --account biz_1 --name Q --quiet));
like($r->{out}, qr/^tk_[0-9A-Z]{6}_[0-9A-Za-z]{24}\n\z/, '--quiet: no more');
is($r->{err}, '', 'nor on stderr');

my $made = $c->json(qw(create --account biz_1 --name J));
is($c->record($made->{id})->{digest}, 'sha256:' . sha256_hex($made->{secret}),
   '--json: the record and its secret');
is($made->{digest}, undef, 'not its digest');

is($c->run(qw(create --account biz_9 --name x))->{code}, 3, 'no such account');
$r = $c->run(qw(create --account biz_1 --rate 0r/m --scope), 'a b',
             qw(--address 10.0.0.1/8 --expires-at soon));
is($r->{code}, 2, 'a wrong key');
like($r->{err}, qr/--name.*missing/, 'its name');
like($r->{err}, qr/--$_.* is not /, "its $_")
    for qw(rate scope address expires-at);
is($c->run(qw(create --account biz_1 --name x),
           { env => { KEYGATE_FORMAT => undef } })->{code}, 2, 'no format');
$r = $c->run(qw(create --account biz_1 --name x --format), 'ck id=99');
is($r->{code}, 2, 'a wrong format');
like($r->{err}, qr/id=0 to id=32/, 'told in the words of nginx -t');

$r = $c->json(qw(create --account biz_1 --name opaque --format),
              'sk_ id=0 secret=32');
like($r->{id}, qr/^key_[0-9A-Z]{12}$/, 'opaque: an id of its own');
like($r->{secret}, qr/^sk_[0-9A-Za-z]{32}$/, 'opaque: the credential');

my @before = $c->lines;
open my $full, '>', '/dev/full';
$r = $c->run(qw(create --account biz_1 --name lost),
             { stdout => $full });
is($r->{code}, 5, 'a secret that cannot be shown');
like($r->{err}, qr/tk_\w{6} was made, but/, 'says which key to rotate');
is(scalar $c->lines, @before + 1, 'the key is there');

# -- show, list

is($c->json('show', $id)->{name}, 'Zapier', 'show');
is($c->json('show', $id)->{digest}, undef, 'no digest');
like($c->run('show', $id)->{out}, qr/^state +live$/m, 'its state');
is($c->run('show', 'nope')->{code}, 3, 'one that is not there');
is($c->run('show', "a\nb")->{code}, 3, 'one that cannot be');

my $list = $c->json('list');
is(scalar @$list, 5, 'list');
is($list->[0]{id}, $id, 'in the order of their making');
is(scalar(grep { exists $_->{digest} } @$list), 0, 'no digests');
is(scalar @{$c->json('list', '--account', 'biz_1')}, 5, 'of an account');
is(scalar @{$c->json('list', '--account', 'biz_2')}, 0, 'of no account');
like($c->run('list')->{out},
     qr/^ID +ACCOUNT.*\n$id +biz_1 +live +\d{4}.* 2031-01-01  a:read,b/,
     'a table for people');

# -- set, rotate

is($c->run('set', $id, qw(--name Other --no-rates --scope z
                          --no-addresses --expires-in 1d))->{code}, 0, 'set');
$record = $c->record($id);
is_deeply([ @$record{qw(name scopes rates addresses created_at)} ],
          [ 'Other', ['z'], undef, undef, $created ], 'what was set');
is($c->run('set', $id)->{code}, 2, 'nothing to set');

$r = $c->json('rotate', $id, qw(--overlap 24h));
like($r->{secret}, qr/^${id}_/, 'rotate: the same id');
isnt($r->{secret}, $secret, 'another secret');
$record = $c->record($id);
is($record->{digest}, 'sha256:' . sha256_hex($r->{secret}), 'its digest');
is($record->{previous}{digest}, 'sha256:' . sha256_hex($secret),
   'and the one before');
ok($record->{rotated_at}, 'and when');
is($r->{previous}{digest}, undef, 'which is not shown');

is(scalar @{$c->json(qw(list --older-than 1d))}, 0, 'none is older than 1d');
$c->append('{"key":{"id":"tk_OLDOLD","account":"biz_1","digest":"sha256:'
           . sha256_hex('old') . '","scopes":[],"x":1,'
           . '"created_at":"2020-01-01T00:00:00Z"}}' . "\n");
is_deeply([ map { $_->{id} } @{$c->json(qw(list --older-than 90d))} ],
          ['tk_OLDOLD'], 'one is older than 90d');
is($c->run('rotate', 'tk_OLDOLD')->{code}, 0, 'it is rotated');
is(scalar @{$c->json(qw(list --older-than 90d))}, 0, 'and no longer old');
is($c->record('tk_OLDOLD')->{x}, 1, 'what nobody knows is kept');

is($c->run('rotate', $id, '--overlap', 'x')->{code}, 2, 'a wrong overlap');
is($c->run('rotate', 'nope')->{code}, 3, 'one that is not there');
is($c->run('rotate', $id, '--format', 'other_')->{code}, 2,
   'of another format');

# -- expire, revoke, delete

is($c->run('expire', $id, '--at', '2020-01-01T00:00:00Z')->{code}, 0,
   'expire');
is($c->record($id)->{expires_at}, '2020-01-01T00:00:00Z', 'then');
like($c->run('show', $id)->{out}, qr/^state +expired$/m, 'which was before');
is($c->run('expire', $id, '--never')->{code}, 0, 'never');
is($c->record($id)->{expires_at}, undef, 'no longer');

is($c->run('suspend', $id)->{code}, 0, 'suspend');
my $since = $c->record($id)->{suspended_at};
ok($since, 'since when');
like($c->run('show', $id)->{out}, qr/^state +suspended$/m, 'show tells');
like($c->run('list')->{out}, qr/^\Q$id\E .* suspended /m, 'so does list');
is($c->run('suspend', $id, 'tk_OLDOLD')->{code}, 0, 'once more, and another');
is($c->record($id)->{suspended_at}, $since, 'it has been since then');
is($c->run('suspend', $id, 'nope')->{code}, 3, 'one is not there');
is($c->run('resume', $id, 'tk_OLDOLD')->{code}, 0, 'resume');
is($c->record($id)->{suspended_at}, undef, 'no longer');
like($c->run('show', $id)->{out}, qr/^state +live$/m, 'live again');

@before = $c->lines;
is($c->run('revoke', $id, 'nope')->{code}, 3, 'revoke: one is not there');
is(scalar $c->lines, scalar @before, 'none is revoked');
is(scalar @{$c->json('revoke', $id, 'tk_OLDOLD')}, 2, 'two are');
@before = $c->lines;

for my $command (qw(suspend resume)) {
    $r = $c->run($command, $id);
    is($r->{code}, $c->run('rotate', $id)->{code},
       "$command: a revoked key stays one");
    like($r->{err}, qr/\Q$id\E.*is revoked/, 'and that is said');
}

is(scalar $c->lines, scalar @before, 'nothing was written');
my $when = $c->record($id)->{revoked_at};
ok($when, 'when');
is($c->run('rotate', $id)->{code}, 1, 'and not rotated any more');
is(scalar @{$c->json(qw(list --live))}, 4, 'list --live');

is($c->run('account', 'delete', 'biz_1')->{code}, 4, 'live keys: 4');
is($c->run('revoke', map { $_->{id} } @{$c->json('list')})->{code}, 0,
   'all are revoked');
is($c->record($id)->{revoked_at}, $when, 'one of them long ago');
is($c->json('account', 'delete', 'biz_1')->{deleted}, JSON::PP::true,
   'then it goes');
is($c->run('account', 'show', 'biz_1')->{code}, 3, 'it is gone');
is($c->run('delete', $id)->{code}, 0, 'delete');
is($c->run('show', $id)->{code}, 3, 'gone');

# -- pepper

my $pepper = 'p' x 32;
my $p = Keygate::Command->new;
$p->write('pepper', $pepper);
$p->write('short', 'p' x 31);
$p->run(qw(account put a --name a));
$r = $p->json(qw(create --account a --name a --pepper pepper));
is($p->record($r->{id})->{digest},
   'hmac-sha256:' . hmac_sha256_hex($r->{secret}, $pepper), 'with a pepper');
is($p->run(qw(create --account a --name a))->{code}, 4,
   'without it: the gateway would not take the key');
is($p->run(rotate => $r->{id})->{code}, 4, 'nor this');
is($p->run(rotate => $r->{id}, '--pepper', 'pepper', qw(--overlap 1h))->{code},
   0, 'with it');
is($p->run('revoke', $r->{id})->{code}, 0, 'revoking takes none');
is($p->run(qw(create --account a --name a --pepper short))->{code}, 2,
   'a pepper that is too short');

# -- names that somebody else has written, on a terminal

my $odd = Keygate::Command->new;

$odd->write('keys.jsonl', join '', map { "$_\n" }
    '{"account":{"id":"acc","name":"A"}}',
    '{"key":{"id":"tk_AAAAAA","account":"acc","digest":"sha256:' . 'a' x 64
    . '","scopes":[],"name":"\u00e9\u202eevil\u2066\u200b\ufeff\u061c'
    . '\u4e2d\ud83d\ude00"}}');

for my $command ([ 'list' ], [ 'show', 'tk_AAAAAA' ]) {
    $r = $odd->run(@$command);
    like($r->{out}, qr/\xc3\xa9\?evil\?\?\?\?\xe4\xb8\xad\xf0\x9f\x98\x80\n/,
        "$command->[0] shows none that turns what is beside it");
    unlike($r->{out}, qr/\xe2\x80\xae/, '... at all');
}

$odd->append('{"account":{"id":"odd","name":"O","scopes":["\u001b[1m\u202ex"]}}'
    . "\n");
like($odd->run(qw(account show odd))->{out}, qr/^scopes +\?\[1m\?x$/m,
    'nor does a list of an account, that nobody has looked at');

like($odd->run(qw(list --json))->{out}, qr/\\u202Eevil/,
    'with --json it is escaped');

# -- token

$r = $c->run(qw(token billing --role keys --expires-in 90d));
is($r->{code}, 0, 'token');
my ($shown) = $r->{out} =~ /^token: (kga_[0-9a-f]{64})$/m;
my ($digest, $until) = $r->{out}
    =~ /^line:  billing keys sha256:(\w{64}) (\S+)$/m;
ok($shown, 'shows it');
is($digest, sha256_hex($shown // ''), 'its line has its digest');
like($until // '', qr/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/, 'until then');
like($r->{err}, qr/shown this once/, 'and says so');
isnt($c->run(qw(token billing --role keys --quiet))->{out},
    ($shown // '') . "\n", 'each is another one');
$r = $c->run(qw(token ben --role admin --json))->{out};
like($r, qr/^\{"token":"kga_\w+","line":"ben admin sha256:\w{64}"\}$/,
    'JSON');
is($c->run(qw(token ben --role read --quiet))->{out} =~ tr/\n//, 1,
    'nothing but the token');

for (['ben'], ['ben', '--role', 'boss'], ['cli:ben', '--role', 'read'],
    ['b n', '--role', 'read'], ['--role', 'read'],
    ['ben', '--role', 'read', '--expires-at', 'tomorrow'],
    ['ben', '--role', 'read', '--expires-in', '-1d'],
    ['ben', '--role', 'read', '--expires-in', '0d'],
    ['ben', '--role', 'read', '--expires-at', '2020-01-01T00:00:00Z'])
{
    $r = $c->run('token', @$_);
    is("$r->{code} $r->{out}", '2 ', "refused: token @$_");
}

done_testing();

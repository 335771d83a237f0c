#!/usr/bin/perl

# However the journal comes to another content, what it then says is in force
# within a second: for the gate, for GET, for /check.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use Test::More;
use Time::HiRes qw(sleep time);

use Keygate;
use Keygate::Admin;

my $t = Keygate->new(workers => 2, conf => admin_conf());

admin_token($t);

my %read = (scopes => ['items:read']);
my $path = $t->journal_path;
my %key;

# As long, whatever it says.

sub line {
    my ($id, %o) = @_;

    $key{$id} //= $t->make_key(id => $id)
        && ($t->make_key(id => $id, credential => "${id}_" . 'x' x 24))[1];

    return $t->key_line(id => $id, account => 'acc_1', %read,
        digest => $t->digest($key{$id}),
        expires_at => ($o{year} // 2100) . '-01-01T00:00:00Z');
}


my $account = $t->account_line(id => 'acc_1', name => 'One');

# What the gate, GET and /check say of a key, in one word each.

sub said {
    my ($id) = @_;

    my $r = $t->get('/v1/items', key => $key{$id});
    my $gate = $r->{status} == 200 ? 'allowed' : $r->json->{code};

    $r = admin($t, 'GET', "/keys/$id");
    my $get = $r->{status} != 200 ? $r->{status}
        : $r->json->{expires_at} =~ /^2020/ ? 'expired' : 'live';

    $r = admin($t, 'POST', '/check', { key_id => $id, method => 'GET',
                                       path => '/v1/items' });
    my $check = $r->{status} != 200 ? $r->{status}
        : $r->json->{verdict};

    return "$gate $get $check";
}


my %live = (live => 'allowed live allowed',
            expired => 'key_expired expired key_expired',
            gone => 'credential_invalid 404 credential_invalid');

sub in_force {
    my ($name, %want) = @_;

    my %said;

    # a second is promised, a busy machine gets more
    $t->wait_for(sub {
        %said = map { $_ => said($_) } keys %want;
        return !grep { $said{$_} ne $live{$want{$_}} } keys %want;
    }, 3);

    is_deeply(\%said, { map { $_ => $live{$want{$_}} } keys %want }, $name);
}


sub in_place {
    my ($bytes) = @_;

    open my $f, '+<', $path or die "$path: $!\n";
    syswrite $f, $bytes;
    truncate $f, length $bytes;
    close $f;
}


sub sh {
    my ($command, $bytes) = @_;

    $t->write_file('new', $bytes);
    system("cd $t->{dir} && $command") == 0 or die "$command\n";
}


my @ways = (
    'renamed' => sub { $t->replace($_[0]) },
    'renamed twice' => sub { $t->replace(line('tk_BBBBBB')) for 1 .. 2;
                             $t->replace($_[0]) },
    'written in place' => \&in_place,
    'truncated and written' => sub { $t->write_file($path, $_[0]) },
    'cp' => sub { sh('cp new keys.jsonl', $_[0]) },
    'rm; cp' => sub { sh('rm keys.jsonl; cp new keys.jsonl', $_[0]) },
    'install' => sub { sh('install -m 600 new keys.jsonl', $_[0]) },
    'tar x' => sub { sh('mv new keys.jsonl; touch -d 2001-01-01 keys.jsonl; '
        . 'tar cf x.tar keys.jsonl; rm keys.jsonl; tar xf x.tar', $_[0]) },
    'cp -p of an old one' => sub {
        sh('touch -d 2001-01-01 new; cp -p new keys.jsonl', $_[0]) },
    'dd of where it differs' => sub {
        sh('dd if=new of=keys.jsonl conv=notrunc status=none', $_[0]) },
    'tee' => sub { sh('tee keys.jsonl <new >/dev/null', $_[0]) },
);

$t->append($account . line('tk_AAAAAA') . line('tk_BBBBBB'));
$t->start;
in_force('at the start', tk_AAAAAA => 'live', tk_BBBBBB => 'live');

for (my $i = 0; $i < @ways; $i += 2) {
    my ($name, $way) = @ways[$i, $i + 1];

    $way->($account . line('tk_AAAAAA', year => 2020) . line('tk_BBBBBB'));
    in_force("$name: a line as long", tk_AAAAAA => 'expired',
             tk_BBBBBB => 'live');

    $way->($account . line('tk_BBBBBB') . line('tk_CCCCCC'));
    in_force("$name: lines elsewhere", tk_AAAAAA => 'gone',
             tk_BBBBBB => 'live', tk_CCCCCC => 'live');

    $way->($account . line('tk_AAAAAA') . line('tk_BBBBBB'));
    in_force("$name: and back", tk_AAAAAA => 'live', tk_BBBBBB => 'live',
             tk_CCCCCC => 'gone');
}

# twice within any interval

for my $pause (0, 0.001, 0.01, 0.05, 0.1, 0.2, 0.3) {
    for my $way (@ways[1, 5]) {
        $way->($account . line('tk_AAAAAA', year => 2030)
               . line('tk_BBBBBB'));
        sleep $pause;
        $way->($account . line('tk_AAAAAA', year => 2020)
               . line('tk_BBBBBB'));
        in_force("twice within $pause s", tk_AAAAAA => 'expired');
        $way->($account . line('tk_AAAAAA') . line('tk_BBBBBB'));
        in_force('and back', tk_AAAAAA => 'live');
    }
}

# what the API changes after that goes on from there

in_place($account . line('tk_AAAAAA') . line('tk_CCCCCC'));
is(admin($t, 'POST', '/keys/tk_CCCCCC/revoke')->{status}, 200,
    'a key that nobody has heard of before is revoked at once');
is($t->get('/v1/items', key => $key{tk_CCCCCC})->json->{code}, 'key_revoked',
    'and that is in force');
in_force('the others', tk_AAAAAA => 'live', tk_BBBBBB => 'gone');

# an edit gives a key another id

in_place($t->read_file('keys.jsonl') =~ s/tk_AAAAAA/tk_DDDDDD/r);
$key{tk_DDDDDD} = $key{tk_AAAAAA};
is(admin($t, 'POST', '/keys/tk_DDDDDD/revoke')->{status}, 200,
    'a key by its new id');
is($t->get('/v1/items', key => $key{tk_AAAAAA})->json->{code}, 'key_revoked',
    'which is the one that is asked');

# a byte order mark at the start

in_place("\xef\xbb\xbf" . line('tk_AAAAAA') . $account . line('tk_BBBBBB'));
in_force('behind a byte order mark', tk_AAAAAA => 'live',
         tk_BBBBBB => 'live');
in_place("\xef\xbb\xbf" . line('tk_AAAAAA', year => 2020) . $account
         . line('tk_BBBBBB'));
in_force('and changed', tk_AAAAAA => 'expired', tk_BBBBBB => 'live');
unlike($t->read_file('error.log'), qr/is skipped/, 'no line was skipped');

# a file that tells all that ever was, as a backup of an append-only one does:
# nobody is let in by what has been taken back since

my $many = join '', map { line(sprintf 'tk_M%05d', $_ % 500) } 1 .. 20_000;

$t->replace($account . line('tk_AAAAAA') . line('tk_GONE01') . $many
    . line('tk_BBBBBB', year => 2020) . line('tk_AAAAAA', year => 2020)
    . line('tk_GONE01', year => 2020) . line('tk_MARKER'));

my %seen;
my $end = time + 10;

while (time < $end && !$seen{'tk_MARKER 200'}) {
    $seen{"$_ " . $t->status('/v1/items', key => $key{$_})}++
        for qw(tk_AAAAAA tk_GONE01 tk_MARKER);
}

ok($seen{'tk_MARKER 200'}, 'a long past is in force');
ok(!$seen{'tk_AAAAAA 200'} && !$seen{'tk_GONE01 200'},
    'of which nothing was, but its end') or diag(explain(\%seen));
in_force('which is the same for all', tk_AAAAAA => 'expired',
         tk_GONE01 => 'expired', tk_MARKER => 'live');

$t->done;

#!/usr/bin/perl

# A journal that is empty, or in which no line is a record, is as one that is
# missing, at whatever moment it becomes so: the keys stay, changes are refused,
# the log and a metric tell, until there is a record again.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use Test::More;

use Keygate;
use Keygate::Admin;

my $conf = admin_conf(zone => "keygate_zone keys:1m journal=keys.jsonl;\n"
    . "keygate_zone other:1m journal=keys.jsonl;\n");
my $t = Keygate->new(workers => 2, conf => $conf);

admin_token($t);

my $path = $t->journal_path;

$t->account(id => 'acc_1', name => 'One');

my $key = $t->key(id => 'tk_STAYS1', scopes => ['items:read']);
my $dead = $t->key(id => 'tk_DEAD01', scopes => ['items:read'],
    revoked_at => '2026-11-01T10:00:00Z');
my $whole = $t->read_file('keys.jsonl');

$t->start;
$t->allow(qr/\[crit\]|cannot follow|cannot open/);


sub up {
    return join ' ', $t->get('/metrics', port => $t->port('ADMIN'))->{body}
        =~ /^keygate_journal_up\{[^}]*\} (\S+)$/mg;
}


sub create {
    return admin($t, 'POST', '/keys',
        { account => 'acc_1', name => 'x', scopes => ['items:read'] });
}


sub in_place {
    my ($bytes) = @_;

    open my $f, '+<', $path or die "$path: $!\n";
    syswrite $f, $bytes;
    truncate $f, length $bytes;
    close $f;
}


# What holds while there is nothing to go by.

sub holds {
    my ($what) = @_;

    is($t->status('/v1/items', key => $key), 200, "$what: keys stay");
    is($t->get('/v1/items', key => $dead)->json->{code}, 'key_revoked',
        '... as they were');

    my $r = create();

    is($r->{status}, 503, '... changes are refused');
    is($t->read_file('keys.jsonl') // '', $_[1], '... and nothing is written')
        if defined $_[1];
    is(admin($t, 'POST', '/keys/tk_STAYS1/revoke')->{status}, 503,
        '... all of them');
}


sub tells {
    my ($what, $from, $why) = @_;

    ok($t->wait_for(sub { up() eq '0 0' }, 5), "$what: the metric tells")
        or diag(up());
    ok($t->wait_for(sub {
        substr($t->read_file('error.log'), $from) =~ $why }, 5),
        '... and so does the log');

    # the keys are there, so nobody says that there are none
    is(admin($t, 'GET', $_)->{status}, 503, "... GET $_")
        for qw(/keys /keys/tk_STAYS1 /accounts);
}


sub comes_back {
    my ($what, $way) = @_;

    $way->($whole);
    ok($t->wait_for(sub { up() eq '1 1' }, 5), "$what: with a record it is up");
    is($t->status('/v1/items', key => $key), 200, '... the key opens');
    is($t->get('/v1/items', key => $dead)->json->{code}, 'key_revoked',
        '... the other one does not');

    my $r = create();

    is($r->{status}, 201, '... and changes are made');
    is($t->status('/v1/items', key => $r->json->{secret}), 200, '... in force');
}


my $why = qr/cannot follow .*there is no record in it any more; the keys stay/;
my %hollow = (
    'empty' => '',
    'blank lines' => "\n \n\r\n",
    'a CSV' => "id,account,name\ntk_STAYS1,acc_1,x\n",
    'records that are not valid' => '{"key":{"id":"tk_STAYS1"}}' . "\n",
    'a record that is torn' =>
        '{"key":{"id":"tk_STAYS1","deleted":true}}',
    'longer than before' => "x\n" x 20_000,
);
my %ways = (
    'written in place' => \&in_place,
    'renamed' => sub { $t->replace($_[0]) },
);

for my $what (sort keys %hollow) {
    for my $way (sort keys %ways) {
        my $from = length $t->read_file('error.log');

        $ways{$way}->($hollow{$what});
        holds("$what, $way, at once", $hollow{$what});
        tells("$what, $way", $from, $why);
        holds("$what, $way, and after a while", $hollow{$what});
        comes_back("$what, $way", $ways{$way});
    }
}

# in the middle of a reload, and of changes

in_place('');
ok($t->reload($conf), 'a reload with an empty one');
holds('after a reload', '');
comes_back('after a reload', \&in_place);

unlink $path;
$t->write_file('keys.jsonl', "id,account\n");
ok($t->reload($conf), 'a reload with another file');
holds('after that', "id,account\n");
comes_back('after that', $ways{renamed});

for (1 .. 10) {
    in_place('');
    is(create()->{status}, 503, 'a change in that instant');
    is($t->read_file('keys.jsonl'), '', 'makes no journal of one key');
    in_place($whole);
    is(create()->{status}, 201, 'nor is it refused when all is back');
    is($t->status('/v1/items', key => $key), 200, 'of which nothing is lost');
}

# at a start

$t->stop;
in_place("id,account\n");

my ($code, $text) = $t->check_conf;

is($code, 1, 'at a start, something else is refused');
like($text, qr/no line of ".*" is a record: it is not the journal of .* in /,
    'and that is said');

in_place('');
$t->start;
is($t->status('/v1/items', key => $key), 401, 'an empty one is a beginning');
is(up(), '1 1', 'and no fault');
is(admin($t, 'PUT', '/accounts/acc_1', { name => 'One' })->{status}, 201,
    'an account');
is(create()->{status}, 201, 'and a key are made');

$t->{seen} = '';
$t->done;

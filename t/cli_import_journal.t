#!/usr/bin/perl

# keygate import of a journal: the last line of a record counts, so nothing
# that was revoked, suspended, rotated or deleted is as it was before.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use JSON::PP ();
use Test::More;

use Keygate;
use Keygate::Command;

plan skip_all => 'no keygate command is built'
    if !-x $Keygate::Command::binary;

my $from = Keygate::Command->new;
my %id;


sub key {
    my ($name) = @_;

    my $r = $from->run('create', '--account', 'acc', '--name', $name,
        '--scope', 'a', '--json');

    return $id{$name} = JSON::PP::decode_json($r->{out})->{id};
}


$from->run(qw(account put acc --name Account));
$from->run(qw(account put gone --name Gone));
key($_) for qw(live revoked suspended deleted rotated changed);
$from->run('revoke', $id{revoked});
$from->run('suspend', $id{suspended});
$from->run('delete', $id{deleted});
$from->run('rotate', $id{rotated});
$from->run('set', $id{changed}, '--no-scopes');
$from->run(qw(account set acc --status canceled));
$from->run(qw(account delete gone));

my $journal = join '', map { "$_\n" } $from->lines;
my %last = map { $_ => $from->record($id{$_}) }
           grep { $_ ne 'deleted' } keys %id;


# What an import has made of it.

sub same {
    my ($to, $what) = @_;

    for (sort keys %last) {
        is_deeply $to->record($id{$_}), $last{$_}, "$what: $_";
    }

    is $to->record($id{deleted}), undef, "$what: what was deleted is not there";
    is $to->record('gone'), undef, "$what: nor is such an account";
    is $to->record('acc')->{status}, 'canceled', "$what: the account";
    is scalar(() = $to->lines), 6, "$what: a line for each";
}


for my $way (qw(file stdin)) {
    my $to = Keygate::Command->new;
    my $r = $way eq 'file'
        ? $to->run('import', $to->write('from.jsonl', $journal))
        : $to->run('import', { stdin => $journal });

    is $r->{code}, 0, "$way: nothing is refused" or diag $r->{err};
    like $r->{err}, qr/^5 keys and 1 accounts imported, 0 rows refused$/m,
        "$way: what is imported";
    like $r->{err}, qr/^9 lines were not taken, as later ones of the same/m,
        "$way: and what is not";
    same($to, $way);

    $r = $to->run('import', '--json', { stdin => $journal });
    is $r->{code}, 1, "$way: once more";

    my $report = JSON::PP::decode_json($r->{out});

    is "$report->{keys} $report->{replaced} " . @{$report->{refused}},
        '0 9 6', "$way: it is all there";
}

# a line that does not say what is deleted in this file is refused as ever

my $to = Keygate::Command->new;
my $r = $to->run('import',
    { stdin => qq({"key":{"id":"tk_NOBODY","deleted":true}}\n) });

is $r->{code}, 1, 'a deletion alone';
like $r->{err}, qr/tk_NOBODY is about something deleted/, 'is refused';

ok !-e "$to->{dir}/none.jsonl", 'and makes no journal' if $to->run('import',
    '--journal', "$to->{dir}/none.jsonl",
    { stdin => qq({"key":{"id":"tk_NOBODY","deleted":true}}\n) })->{code} == 1;

# made anew after it was deleted

$r = $from->run('import', { stdin => join '', map { "$_\n" } grep {
    /\Q$id{deleted}\E/ && !/"deleted":true/ } split /\n/, $journal });
is $r->{code}, 0, 'it is made anew' or diag $r->{err};
$journal = join '', map { "$_\n" } $from->lines;
$r = $to->run('import', { stdin => $journal });
is $r->{code}, 0, 'and imported';
is_deeply $to->record($id{deleted}), $from->record($id{deleted}),
    'as it is now';

done_testing();

#!/usr/bin/perl

# keygate usage: what gateways have written, added up; from several nodes, by
# hour, day and month, for people and for programs.

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

my $c = Keygate::Command->new;
my $json = JSON::PP->new->canonical;


# node, key, account, hour, allowed, cost, refusals

sub line {
    my ($node, $key, $account, $hour, $allowed, $cost, %refused) = @_;

    return $json->encode({ usage => { node => $node, key => $key,
        account => $account, api => 'items', hour => $hour,
        allowed => $allowed, cost => $cost, refused => \%refused } }) . "\n";
}


mkdir "$c->{dir}/$_" for 'one', 'two', 'empty';

$c->write('one/usage-2026-11-28.jsonl', join '',
    line('one', 'tk_A', 'acc_1', '2026-11-28T13:00:00Z', 3, 3),
    line('one', 'tk_A', 'acc_1', '2026-11-28T13:00:00Z', 5, 5,
        rate_limited => 1),
    line('one', 'tk_A', 'acc_1', '2026-11-28T14:00:00Z', 1, 10),
    line('one', 'tk_C', 'acc_2', '2026-11-28T14:00:00Z', 9, 9),
    line('one', 'tk_A', 'acc_1', '2026-11-27T14:00:00Z', 500, 500),
    line('one', 'tk_A', 'acc_1', '2026-11-28T14:30:00Z', 500, 500),
    line('one', 'tk_"A', 'acc_1', '2026-11-28T14:00:00Z', -1, 500),
    "no line\n", 'x' x 5000, "\n", "\0\n", '{"usage":{"node":"one","key":"t');
$c->write('one/usage-2026-12-01.jsonl',
    line('one', 'tk_B', 'acc_1', '2026-12-01T00:00:00Z', 2, 2,
        key_suspended => 3, of_tomorrow => 1));
$c->write('two/usage-2026-11-28.jsonl',
    line('two', 'tk_A', 'acc_1', '2026-11-28T13:00:00Z', 100, 100,
        rate_limited => 20));
$c->write("one/$_", line('one', 'tk_A', 'acc_1', '2026-11-29T13:00:00Z', 7, 7))
    for 'usage-2026-11-29.json', 'usage-2026-11-31.jsonl',
        'new-usage-2026-11-29.jsonl', 'usage-2026-11-29.jsonl.gz';


sub rows {
    return $json->encode($json->decode(
        $c->run('usage', @_, '--json')->{out})->{data});
}


is($c->run('usage', 'one')->{out}, <<'END', 'for people');
DAY         ACCOUNT  KEY   ALLOWED  REFUSED  COST
2026-11-28  acc_1    tk_A  6        1        15
2026-11-28  acc_2    tk_C  9        0        9
2026-12-01  acc_1    tk_B  2        3        2
END

is($c->run('usage', 'one', 'two', '--account', 'acc_1', '--by', 'month')->{out},
    <<'END', 'several nodes, an account, by month');
MONTH    ACCOUNT  ALLOWED  REFUSED  COST
2026-11  acc_1    106      21       115
2026-12  acc_1    2        3        2
END

is($c->run('usage', 'one', 'one', 'two', 'two', 'one', '--key', 'tk_A')->{out},
    <<'END', 'what is there twice counts once');
DAY         ACCOUNT  KEY   ALLOWED  REFUSED  COST
2026-11-28  acc_1    tk_A  106      21       115
END

is($c->run(qw(usage one --by hour --format csv --to 2026-11))->{out},
    <<'END' =~ s/\\\n//gr, 'for a spreadsheet');
hour,account,key,allowed,cost,key_revoked,key_suspended,key_expired,\
address_not_allowed,rate_limited,quota_exceeded,subscription_lapsed,\
plan_required,route_not_found,method_not_allowed,insufficient_scope,\
body_invalid,body_too_large,unavailable
2026-11-28T13:00:00Z,acc_1,tk_A,5,5,0,0,0,0,1,0,0,0,0,0,0,0,0,0
2026-11-28T14:00:00Z,acc_1,tk_A,1,10,0,0,0,0,0,0,0,0,0,0,0,0,0,0
2026-11-28T14:00:00Z,acc_2,tk_C,9,9,0,0,0,0,0,0,0,0,0,0,0,0,0,0
END

is(rows(qw(one two --account acc_1)), $json->encode([
    { day => '2026-11-28', account => 'acc_1', allowed => 106, cost => 115,
      refused => { rate_limited => 21 } },
    { day => '2026-12-01', account => 'acc_1', allowed => 2, cost => 2,
      refused => { key_suspended => 3 } } ]), 'for programs');
is(rows('empty'), '[]', 'nothing');

# the last line counts, of whichever account it is

mkdir "$c->{dir}/$_" for 'moved', 'later';
$c->write('moved/usage-2026-11-28.jsonl', join '',
    line('one', 'tk_M', 'acc_1', '2026-11-28T13:00:00Z', 5, 5),
    line('one', 'tk_M', 'acc_2', '2026-11-28T13:00:00Z', 7, 7),
    line('one', 'tk_N', 'acc_1', '2026-11-28T13:00:00Z', 1, 1));
$c->write('later/usage-2026-11-28.jsonl',
    line('one', 'tk_N', 'acc_3', '2026-11-28T13:00:00Z', 2, 2));

for ([ 'moved --account acc_1', '1' ], [ 'moved --account acc_2', '7' ],
    [ 'moved later --account acc_1', '' ],
    [ 'moved later --account acc_3', '2' ],
    [ 'later moved --account acc_1', '1' ],
    [ 'moved --key tk_M', '7' ], [ 'moved later --key tk_N', '2' ])
{
    my ($words, $allowed) = @$_;

    is(join(' ', rows(split ' ', $words) =~ /"allowed":(\d+)/g), $allowed,
        "usage $words");
}
is($c->run('usage', 'empty', '--format', 'csv')->{out} =~ tr/\n//, 1,
    'or the names alone');

# from then on, and until the end of it

for ([ '--from 2026-12', 'tk_B' ], [ '--from 2026-11-29', 'tk_B' ],
    [ '--to 2026-11-30', 'tk_A tk_C' ], [ '--to 2026-12-01', 'tk_A tk_C tk_B' ],
    [ '--from 2026-11-28T14:00:00Z --to 2026-11-28T15:00:00Z', 'tk_A tk_C' ],
    [ '--from 2026-11-28T13:00:00Z --to 2026-11-28T14:00:00Z', 'tk_A' ],
    [ '--from 2027', undef ], [ '--to yesterday', undef ])
{
    my ($words, $keys) = @$_;
    my $r = $c->run('usage', 'one', split(' ', $words), '--json');

    is($r->{code}, defined $keys ? 0 : 2, $words);
    is(join(' ', $r->{out} =~ /"key":"(\w+)"/g), $keys // '', 'what it is');
}

for ([ 2, 'a directory is needed', qr/needs DIR/ ],
    [ 2, 'no such unit', qr/hour, day, month/, 'one', '--by', 'week' ],
    [ 2, 'no such format', qr/table, csv, json/, 'one', '--format', 'xml' ],
    [ 2, 'both', qr/not both/, qw(one --key a --account b) ],
    [ 5, 'no such directory', qr/No such file/, 'none' ],
    [ 5, 'no directory', qr/Not a directory/, 'one/usage-2026-12-01.jsonl' ])
{
    my ($code, $name, $err, @args) = @$_;
    my $r = $c->run('usage', @args);

    is($r->{code}, $code, $name);
    like($r->{err}, $err, 'that is said');
    is($r->{out}, '', 'and nothing else');
}

done_testing();

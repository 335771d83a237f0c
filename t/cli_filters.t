#!/usr/bin/perl

# Filters of "keygate list": the same ones as those of GET /keys, with the same
# keys, on a journal, in a store and by the admin API.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use JSON::PP ();
use Test::More;

use Keygate;
use Keygate::Admin;
use Keygate::Command;
use Keygate::Store;

my $t = Keygate->new(conf => admin_conf());
my $url = 'http://127.0.0.1:' . $t->port('ADMIN') . '/admin';


sub at {
    my ($s, $m, $h, $d, $mo, $y) = gmtime(time + $_[0] * 86400);

    return sprintf '%04d-%02d-%02dT%02d:%02d:%02dZ', $y + 1900, $mo + 1, $d,
        $h, $m, $s;
}

admin_token($t);
$t->write_file('token', $Keygate::Admin::token);
$t->account(id => 'acc_1', name => 'One', plan => 'pro');
$t->account(id => 'acc_2', name => 'Two', plan => 'pro');

my %more = (
    A => { name => 'Zapier (billing)', scopes => ['items:read'],
        meta => { team => 'core', seats => 7, beta => JSON::PP::true() } },
    B => { name => "\x{c4}rzte", scopes => ['items:read', 'items:write'],
        meta => { team => 'ops' } },
    C => { expires_at => at(10), meta => { team => 'core', at => 'a=b' } },
    D => { expires_at => at(-1), created_at => at(-400) },
    E => { revoked_at => at(-2), created_at => at(-30) },
    F => { suspended_at => at(-3), created_at => at(-30) },
    G => { account => 'acc_2', created_at => at(-400), rotated_at => at(-1) },
);

$t->append(join '', map {
    ($t->make_key(id => "tk_$_$_$_$_$_$_", account => 'acc_1',
        name => "key $_", scopes => [], created_at => at(-1), %{$more{$_}}))[0]
} sort keys %more);
$t->start;

my $c = Keygate::Command->new(dir => $t->{dir});
my @admin = ('--admin', $url, '--token-file', "$t->{dir}/token");
my %way = (journal => [], admin => \@admin);

if (Keygate::Store->available) {
    my $store = $way{engine} = Keygate::Store->start;

    $way{store} = [ '--store', "unix:$store->{socket}" ];
    is($c->run('store', 'push', '--journal', $c->{journal}, @{$way{store}})
       ->{code}, 0, 'the same records in a store');
}

my $engine = delete $way{engine};


# The letters of the keys that are listed.

sub letters {
    my (@args) = @_;
    my $r = $c->run('list', '--json', @args);

    return "$r->{code} $r->{err}" if $r->{code};

    return join '', sort map { substr $_->{id}, 3, 1 }
                    @{JSON::PP->new->utf8->decode($r->{out})};
}


for my $case (
    [ [], 'ABCDEFG' ],
    [ [ '--account', 'acc_2' ], 'G' ],
    [ [ '--name', 'ZAP' ], 'A' ], [ [ '--name', 'g)' ], 'A' ],
    [ [ '--name', "\xc3\xa4RZ" ], 'B' ], [ [ '--name', 'nobody' ], '' ],
    [ [ '--name', 'key' ], 'CDEFG' ],
    [ [ '--scope', 'items:read' ], 'AB' ],
    [ [ '--scope', 'items:write' ], 'B' ], [ [ '--scope', 'other' ], '' ],
    [ [ '--state', 'live' ], 'ABCG' ], [ [ '--state', 'suspended' ], 'F' ],
    [ [ '--state', 'revoked' ], 'E' ], [ [ '--state', 'expired' ], 'D' ],
    [ [ '--meta', 'team=core' ], 'AC' ], [ [ '--meta', 'seats=7' ], 'A' ],
    [ [ '--meta', 'beta=true' ], 'A' ], [ [ '--meta', 'team=CORE' ], '' ],
    [ [ '--meta', 'at=a=b' ], 'C' ], [ [ '--meta', 'none=' ], '' ],
    [ [ '--meta', 'team=core', '--meta', 'seats=7' ], 'A' ],
    [ [ '--expiring-within', '14d' ], 'C' ],
    [ [ '--expiring-within', '9d' ], '' ],
    [ [ '--state', 'live', '--meta', 'team=core', '--name', 'key' ], 'C' ],
    [ [ '--state', 'live', '--account', 'acc_1', '--scope', 'items:write' ],
      'B' ],
    [ [ '--older-than', '20d' ], 'F' ],
    [ [ '--older-than', '20d', '--state', 'revoked' ], 'E' ],
    [ [ '--older-than', '390d', '--state', 'expired' ], 'D' ],
    [ [ '--live' ], 'ABCFG' ], [ [ '--live', '--state', 'revoked' ], '' ],
)
{
    for my $way (sort keys %way) {
        is(letters(@{$case->[0]}, @{$way{$way}}), $case->[1],
           "$way: @{$case->[0]}");
    }
}

is(letters('--unused-for', '20d', @admin), 'FG', 'unused, and live');
is(letters('--unused-for', '20d', '--state', 'live', @admin), 'G',
   'unused, of a state');
is(letters('--unused-for', '20d', '--state', 'expired', @admin), 'D',
   'unused, of another');

for my $case (
    [ [ '--state', 'dead' ], '--state: "dead" is none of "live"' ],
    [ [ '--state', 'live', '--state', 'live' ],
      '--state: "live" is given twice' ],
    [ [ '--name', '' ], '--name: "" is empty, too long or holds' ],
    [ [ '--name', "\x07" ], "--name: \"\x07\" is empty, too long or holds" ],
    [ [ '--name', 'x' x 8192 ], '--name: "' . 'x' x 8192 . '" is empty, ' ],
    [ [ '--account', 'a b' ], '--account: "a b" is not an id' ],
    [ [ '--scope', '' ], '--scope: "" is empty' ],
    [ [ '--meta', 'team' ], '--meta: "team" is not NAME=VALUE' ],
    [ [ '--meta', 'a=1', '--meta', 'a=2' ], '--meta: "a=2" is given twice' ],
    [ [ map { ('--meta', "m$_=1") } 1 .. 17 ],
      '--meta: "m17=1" is one name too many' ],
    [ [ '--expiring-within', 'soon' ],
      '--expiring-within: "soon" is not a duration such as "14d"' ],
    [ [ '--older-than', '1d', '--older-than', '2d' ],
      '--older-than: "2d" is given twice' ],
    [ [ '--unused-for', '1d' ], '--unused-for needs --admin' ],
)
{
    my ($args, $want) = @$case;
    my $r = $c->run('list', @$args);
    my $name = substr "@$args", 0, 60;

    is($r->{code}, 2, "refused: $name");
    is(substr($r->{err}, 0, 9 + length $want), "keygate: $want",
       '... and told why');
}

$t->done;

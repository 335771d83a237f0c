#!/usr/bin/perl

# What the command changes beside an nginx that runs is in its error log, as
# what its admin API changes: once, and without a secret.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use JSON::PP ();
use Test::More;

use Keygate;
use Keygate::Admin;
use Keygate::Command;

plan skip_all => 'no keygate command is built'
    if !-x $Keygate::Command::binary;

my $json = JSON::PP->new->utf8;
my $t = Keygate->new(workers => 2, conf => admin_conf());

admin_token($t);
$t->account(id => 'acc_1', name => 'One');
$t->key(id => 'tk_BEFORE', account => 'acc_1', scopes => ['items:read'],
    changed_by => 'cli:root');
$t->start;

my $c = Keygate::Command->new(journal => $t->journal_path);
my @told;


# All events of the command so far: [ action, key, account, actor, changes ].

sub events {
    return map { [ $_->[0], $_->[1] // '', @$_[2, 3], $json->decode($_->[4]) ] }
        map { [ /audit:\ (\S+);\ zone:\ "keys"(?:,\ key:\ "(\w+)")?,\ account:
                \ "(\w*)",\ actor:\ "(.*?)",\ changes:\ (\{.*\})$/x ] }
        grep { /keygate audit: .* zone: / }
        split /\n/, $t->read_file('error.log');
}


# What a command is told as: the changes, and whose they are.

sub told {
    my ($action, $key, $account, $changes, @args) = @_;

    my $r = $c->run(@args, { env => { SUDO_USER => 'mia "x"' } });

    is($r->{code}, 0, "@args") or diag $r->{err};
    my @all;

    $t->wait_for(sub { @all = events(); @all > @told });
    is(scalar @all, @told + 1, '- one event');
    @told = @all;

    my $e = $told[-1];

    $key //= $e->[1];
    is("@$e[0 .. 2]", "$action $key $account", "- $action");
    is($e->[3], 'cli:mia?\"x\"', '- by whom');
    is_deeply($e->[4]{$_}, $changes->{$_}, "- $_") for keys %$changes;

    return $r;
}


is_deeply([ events() ], [], 'what was there at the start is no change');

told('account.put', '', 'acc_2', { name => { before => undef,
    after => 'Two' } }, qw(account put acc_2 --name Two));
told('account.change', '', 'acc_2', { plan => { before => undef,
    after => 'pro' } }, qw(account set acc_2 --plan pro));

my $made = told('key.create', undef, 'acc_2', { secret => 'made',
    name => { before => undef, after => 'Zap' } },
    qw(create --account acc_2 --name Zap --scope items:read));
my ($id, $secret) = $made->{out} =~ /^secret +((tk_\w{6})_\w+)$/m ? ($2, $1)
                                                                  : ();

$t->secret('a secret', $secret);

told('key.change', $id, 'acc_2', { name => { before => 'Zap',
    after => 'Zip' } }, 'set', $id, '--name', 'Zip');
told('key.suspend', $id, 'acc_2', {}, 'suspend', $id);
told('key.resume', $id, 'acc_2', {}, 'resume', $id);

my $rotated = told('key.rotate', $id, 'acc_2', { secret => 'replaced' },
    'rotate', $id, '--overlap', '1h');

$t->secret('another secret', $1) if $rotated->{out} =~ /^secret +(\S+)$/m;

told('key.reset', $id, 'acc_2', {}, 'reset', $id);
told('key.revoke', $id, 'acc_2', {}, 'revoke', $id);

# the same records in a new file are no change, and what the admin API does is
# its own event, and no other

is($c->run('compact')->{code}, 0, 'the journal is made anew');
is(admin($t, 'PATCH', '/keys/tk_BEFORE', { name => 'New' })->{status}, 200,
    'a change by the admin API');
is(admin($t, 'DELETE', "/keys/$id")->{status}, 204, 'and a deletion');
told('account.change', '', 'acc_1', { plan => { before => undef,
    after => 'pro' } }, qw(account set acc_1 --plan pro));

$t->reload;
told('account.change', '', 'acc_1', { plan => { before => 'pro',
    after => 'max' } }, qw(account set acc_1 --plan max));

$t->done;

#!/usr/bin/perl

# Who changed what: the variables, in the three formats of conf.d/audit.conf,
# and the line in the error log.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use JSON::PP ();
use Test::More;

use Keygate;
use Keygate::Admin;

my @formats = qw(keygate_audit keygate_audit_ecs keygate_audit_ocsf);

my $t = Keygate->new(conf => "include $Bin/../conf.d/audit.conf;"
    . admin_conf(admin_location => join('', map {
        "access_log %%DIR%%/$_ $_ if=\$keygate_audit_action;"
    } @formats) . 'access_log %%DIR%%/all keygate_audit;'));

admin_token($t);
$t->account(id => 'acc_1', name => 'One', plan => 'pro');
$t->start;

my $name = qq{"><img onerror> \x{202e}};

my $json = JSON::PP->new->latin1;
my %make = (account => 'acc_1', name => 'first', scopes => ['items:read']);
my $made = admin($t, 'POST', '/keys', \%make)->json;
my $key = "/keys/$made->{id}";


# (request, action, key?, what of its changes)

my @steps = (
    [['PATCH', $key, { name => $name }], 'key.change',
        { name => { before => 'first', after => $name } }],
    [['POST', "$key/rotate", { overlap => '1h' }], 'key.rotate',
        { secret => 'replaced' }],
    [['POST', "$key/revoke"], 'key.revoke', {}],
    [['DELETE', $key], 'key.delete', { secret => 'forgotten',
        name => { before => $name, after => undef } }],
    [['PUT', '/accounts/acc_2', { name => 'Two' }], 'account.put',
        { name => { before => undef, after => 'Two' } }],
    [['PATCH', '/accounts/acc_2', { plan => 'pro' }], 'account.change',
        { plan => { before => undef, after => 'pro' } }],
    [['DELETE', '/accounts/acc_2'], 'account.delete', {}],
);

# what changes nothing, or is refused, is no change

admin($t, 'GET', $key);
admin($t, 'PATCH', $key, { name => 'first' });
admin($t, 'PATCH', $key, { name => '' });
admin($t, 'POST', '/keys/tk_NOSUCH/revoke');

my @ids = map { admin($t, @{$_->[0]})->header('X-Request-Id') } @steps;

my $requests = 1 + 4 + @steps;
$t->wait_for(sub { ($t->read_file('all') =~ tr/\n//) == $requests });

my %log = map {
    my $format = $_;
    $format => [ map { $json->decode($_) } split /\n/, $t->read_file($format) ]
} @formats, 'all';

is(scalar @{$log{$_}}, 1 + @steps, "$_: a line for each change")
    for @formats;
is(scalar(grep { $_->{action} eq '' } @{$log{all}}), 4,
    'what changes nothing has no action');

my %first = %{$log{keygate_audit}[0]};

is("$first{action} $first{actor} $first{key} $first{account}",
    "key.create admin $made->{id} acc_1", 'what, who, which, whose');
is($first{client}, '127.0.0.1', 'and from where');
like($first{request_id}, qr/^[0-9a-f]{32}$/, 'in which request');
is_deeply($json->decode($first{changes})->{secret}, 'made',
    'of a secret only that there is one');

for my $i (0 .. $#steps) {
    my ($request, $action, $want) = @{$steps[$i]};
    my $flat = $log{keygate_audit}[$i + 1];
    my $changes = $json->decode($flat->{changes});

    is($flat->{action}, $action, "$action: told by its name");
    is($flat->{key}, $action =~ /^key/ ? $made->{id} : '',
        "$action: with its key");
    is($flat->{account}, $action =~ /^key/ ? 'acc_1' : 'acc_2',
        "$action: and account");
    is_deeply({ map { $_ => $changes->{$_} } keys %$want }, $want,
        "$action: before and after");
    ok(!grep({ /digest|previous|changed_by/ } keys %$changes),
        "$action: no digest");
}

my ($ecs, $ocsf) = map { $log{$_}[1] } @formats[1, 2];

is_deeply($ecs->{event}{type}, ['change'], 'ECS: type');
is($ecs->{event}{action}, 'key.change', 'ECS: action');
is($ecs->{user}{name}, 'admin', 'ECS: user');
is_deeply([ map { $_->{event}{type}[0] } @{$log{keygate_audit_ecs}}[0, 4] ],
    [qw(creation deletion)], 'ECS: other types');
is("$ocsf->{class_uid} $ocsf->{activity_id} $ocsf->{type_uid}", '6003 3 600303',
    'OCSF: class and activity');
cmp_ok(abs($ocsf->{time} / 1000 - time), '<', 600, 'OCSF: time, in ms');
is($ocsf->{actor}{user}{name}, 'admin', 'OCSF: actor');

my @lines = grep { /keygate audit:/ } split /\n/, $t->read_file('error.log');
is(scalar @lines, 1 + @steps, 'the error log tells of each, too');
like($lines[1], qr/\[notice\].*audit:\ key\.change;.*actor:\ "admin",
     \ client:\ 127\.0\.0\.1,\ request:\ "[0-9a-f]{32}"/x,
    'with who and where');
unlike($t->read_file($_), qr/\Q$made->{secret}/, "no secret is in $_")
    for 'error.log', @formats;

$t->done;

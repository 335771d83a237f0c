#!/usr/bin/perl

# Who has changed a record by the command: changed_by, in a journal and in a
# store.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use JSON::PP ();
use Test::More;

use Keygate;
use Keygate::Command;
use Keygate::Store;

plan skip_all => 'no keygate command is built'
    if !-x $Keygate::Command::binary;

my $json = JSON::PP->new->utf8;
my $me = 'cli:' . (getpwuid($<) // $<);
my $store = Keygate::Store->available ? Keygate::Store->start : undef;


# Each command, on records that somebody else has changed last; then what
# changes nothing.

sub commands {
    my ($c, @at) = @_;

    my $run = sub {
        my (@args) = @_;
        my $r = $c->run(@args, @at, { env => { SUDO_USER => undef } });

        is $r->{code}, 0, "@args" or diag $r->{err};

        return $r;
    };
    my $by = sub {
        my ($id, @group) = @_;
        my $r = $run->(@group, 'show', $id, '--json');

        return eval { $json->decode($r->{out})->{changed_by} };
    };

    $run->(qw(account put acc --name Acme));
    is $by->('acc', 'account'), $me, '... by';
    my $made = $json->decode($run->(qw(create --account acc --name Zap --json),
        '--scope', 'a')->{out});
    my $id = $made->{id};

    is $made->{changed_by}, $me, '... says by whom';
    is $by->($id), $me, '... and keeps it';
    like $run->('show', $id)->{out}, qr/^changed_by {5}\Q$me\E$/m,
        '... bare, as any other member';
    like $run->(qw(account show acc))->{out}, qr/^changed_by {5}\Q$me\E$/m,
        '... of an account, too';

    return ($id, $run, $by);
}


# What an administrator has done before, for a journal and for a store.

sub others {
    my ($c, $id, @at) = @_;

    my $record = $json->decode($c->run('export', '--digests', @at)->{out}
        =~ /^(\{"key":.*\Q$id\E.*)$/m ? $1 : '{}');

    $record->{key}{changed_by} = 'ann';
    $record->{key}{rates} = ['9r/m'];

    return $json->encode($record) . "\n";
}


sub each_command {
    my ($c, $by, $run, $id, $reset) = @_;

    for my $command ([qw(set ID --name New)], [qw(rotate ID)],
        [qw(suspend ID)], [qw(resume ID)], [qw(reset ID)],
        [qw(reset ID --rate day)], [qw(expire ID --in 1d)],
        [qw(expire ID --never)], [qw(expire ID)], [qw(revoke ID)])
    {
        $reset->();
        is $by->($id), 'ann', 'somebody else was the last one';

        # what is not suspended is not resumed by anybody

        $run->('suspend', $id) if $command->[0] eq 'resume';
        $run->('expire', $id, '--in', '2d') if "@$command" =~ /--never/;
        $run->(map { $_ eq 'ID' ? $id : $_ } @$command);
        is $by->($id), $me, "@$command tells who has done it";
    }
}


subtest 'a journal' => sub {
    my $c = Keygate::Command->new;
    my ($id, $run, $by) = commands($c);
    my $line = others($c, $id);

    each_command($c, $by, $run, $id, sub { $c->append($line) });

    $c->append($line);
    $run->('resume', $id);
    is $by->($id), 'ann', 'what changes nothing has no author';
    $c->append('{"account":{"id":"acc","name":"A","changed_by":"ann"}}' . "\n");
    $run->(qw(account set acc --plan gold));
    is $by->('acc', 'account'), $me, 'account set';
    $c->append('{"account":{"id":"acc","name":"A","changed_by":"ann"}}' . "\n");
    $run->(qw(account put acc --name B));
    is $by->('acc', 'account'), $me, 'account put';
    $run->('revoke', $id);
    $run->('delete', $id);
    is_deeply $c->record($id), { id => $id, deleted => JSON::PP::true },
        'of what is deleted nothing is left';
};

subtest 'a store' => sub {
    plan skip_all => 'no redis-server here' if !$store;

    my $c = Keygate::Command->new;
    my @at = ('--store', "unix:$store->{socket}");
    my ($id, $run, $by) = commands($c, @at);
    my $line = others($c, $id, @at);
    my $file = $c->write('ann.jsonl', $line);

    each_command($c, $by, $run, $id, sub {
        $run->('delete', $id);
        $run->('import', $file);
    });
};

subtest 'who it is' => sub {
    my $c = Keygate::Command->new;
    my $times = 0;
    my $by = sub {
        my ($sudo) = @_;
        my $r = $c->run(qw(account put acc --name), ++$times,
            { env => { SUDO_USER => $sudo } });

        is $r->{code}, 0, 'a change' or diag $r->{err};

        return $c->record('acc')->{changed_by};
    };

    my $root = $< == 0;

    is $by->('ben'), $root ? 'cli:ben' : $me,
        'root by sudo is who has become it; nobody else is';
    is $by->(''), $me, 'an empty name is none';
    is $by->("b\e[1m \xe2\x80\xae\"n"), $root ? 'cli:b?[1m????"n' : $me,
        'what is not visible in it is not taken';
    is $by->('x' x 5000), $root ? 'cli:' . 'x' x 64 : $me,
        'it is not long';
    is $c->run('check')->{code}, 0, 'the journal is in order';
};

subtest 'members of a record, for people' => sub {
    my $c = Keygate::Command->new;

    $c->append('{"key":{"id":"tk_AAAAAA","account":"acc","digest":"sha256:'
        . 'a' x 64 . '","scopes":[],"suspended_at":"2026-11-01T00:00:00Z",'
        . '"resets":{"all":"2026-11-02T00:00:00Z"},'
        . '"changed_by":"\u202eann"}}' . "\n");

    my $out = $c->run('show', 'tk_AAAAAA')->{out};

    like $out, qr/^changed_by {5}\?ann$/m, 'changed_by, made plain';
    like $out, qr/^suspended_at {3}2026-11-01T00:00:00Z$/m, 'suspended_at';
    like $out, qr/^resets {9}\{"all":"2026-11-02T00:00:00Z"\}$/m, 'resets';
};

subtest '--wait is refused before anything is changed' => sub {
    my $c = Keygate::Command->new;

    $c->run(qw(account put acc --name A));
    my $id = $c->json(qw(create --account acc --name a))->{id};
    my @before = $c->lines;

    for my $command (qw(revoke suspend resume reset)) {
        my $r = $c->run($command, $id, '--journal', $c->{journal},
            '--wait', '1s');

        is "$r->{code} $r->{out}", '2 ', $command;
        like $r->{err}, qr/^keygate: --wait is for a store: a journal has no /,
            'says why';
        is_deeply [ $c->lines ], \@before, 'nothing is changed';
    }
};

done_testing;

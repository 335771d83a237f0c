#!/usr/bin/perl

# Completion in bash: the words that --help has, where they can stand.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use File::Basename qw(dirname);
use Test::More;

use Keygate;
use Keygate::Command;

plan skip_all => 'no keygate command is built'
    if !-x $Keygate::Command::binary;
plan skip_all => 'no bash here' if !-x '/bin/bash';

my $c = Keygate::Command->new;

mkdir "$c->{dir}/bin";
symlink $Keygate::Command::binary, "$c->{dir}/bin/keygate";
$ENV{PATH} = "$c->{dir}/bin:$ENV{PATH}";
$c->write('some.jsonl', '');
mkdir "$c->{dir}/somewhere";


# What bash offers after these words, the last of which is being written.

sub offered {
    my (@words) = @_;

    my $n = @words;
    my $words = join ' ', map { "'$_'" } 'keygate', @words;
    my $script = $c->write('script', <<"END");
cd $c->{dir}
. $Keygate::root/src/cli/keygate.bash
COMP_WORDS=($words)
COMP_CWORD=$n
_keygate
printf '%s\\n' "\${COMPREPLY[\@]}"
END

    return join ' ', sort split /\n/, `bash --norc $script 2>&1`;
}


sub options {
    return join ' ', sort $c->run(@_, '--help')->{out} =~ /^  (--[a-z-]+)/mg;
}


my %command;

for ($c->run('--help')->{out} =~ /^  ([a-z]+(?: [a-z]+)?)/mg) {
    my ($first, $second) = split ' ';

    $command{$first}{$second} = 1 if defined $second;
    $command{$first} ||= {};
}

is offered(''), join(' ', sort '--help', '--version', keys %command),
    'all commands';
is offered('rev'), 'revoke', 'one of them';
is offered('--v'), '--version', 'or the version';

for my $first (sort keys %command) {
    my @second = sort keys %{$command{$first}};

    is offered($first, ''), "@second", "$first: its second words" if @second;

    for my $second (@second ? @second : ()) {
        is offered($first, $second, '--'), options($first, $second),
            "$first $second: its options";
    }

    next if @second && $first ne 'nodes';

    is offered($first, '--'), options($first), "$first: its options";
}

is offered('list', '--journal', 'some'), 'some.jsonl somewhere',
    'a PATH is a file';
is offered('setup', '--data', 'some'), 'somewhere', 'a DIR is a directory';
is offered('list', '--account', 's'), '', 'an ID is nothing that is known';
is offered('list', '--state', ''), 'expired live revoked suspended',
    'a choice is one of its words';
is offered('usage', '--by', 'd'), 'day', 'or what it begins with';
is offered('openapi', '--scopes', 'a'), 'all any', 'of "openapi", too';
is offered('openapi', '--server', 'a'), '', 'N|PATH is none';
is offered('token', 'ben', '--role', ''), 'admin keys read', 'after a name';
is offered('list', '--live', '--j'), '--journal --json', 'after a flag';
is offered('import', 'some.j'), 'some.jsonl', 'arguments are files';
is offered('nonsense', '--'), '', 'nothing after what is no command';

done_testing();

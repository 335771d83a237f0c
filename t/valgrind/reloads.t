#!/usr/bin/perl

# "make valgrind": nginx under memcheck over five reloads, with allowed and
# refused requests, errors of the upstream and changes to the journal between
# them.  What nginx itself leaks when it forks is not ours: only reports with
# a frame of the module count.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/../lib";
use Test::More;

use Keygate;
use Keygate::Items;

plan skip_all => 'valgrind is not installed'
    if !grep { -x "$_/valgrind" } split /:/, $ENV{PATH};

my $t = Keygate->new(conf => items_api(rate => 'rate 100r/m;',
    extra => 'scope send; route POST /v1/send items:read;'
             . 'when POST /v1/send body.send send;')
    . items_server(in => <<'E'));
        location = /v1/me { keygate items; keygate_me; }
        location = /v1/broken { keygate_errors items; return 502; }
        location = /v1/gone {
            keygate_errors items;
            proxy_pass http://127.0.0.1:%%NOBODY%%;
        }
E

$t->account(id => 'acc_1', name => 'One');
my $key = $t->key(id => 'tk_AAAAAA', scopes => ['items:read']);

mkdir "$t->{dir}/memcheck";

$t->{upstream} = Keygate::Upstream->start(port => $t->port('UPSTREAM'),
    log => "$t->{dir}/upstream.jsonl");

my @command = $t->command('nginx.conf', 'error.log');
my $pid = fork // die "fork: $!\n";

if ($pid == 0) {
    open STDOUT, '>', '/dev/null';
    open STDERR, '>&', \*STDOUT;
    exec 'valgrind', '-q', '--trace-children=yes', '--leak-check=full',
        '--show-leak-kinds=definite,indirect',
        "--log-file=$t->{dir}/memcheck/%p", @command;
    POSIX::_exit(127);
}

sub workers_started {
    return scalar(() = $t->read_file('error.log') =~ /start worker process /g);
}

for my $round (1 .. 6) {
    $t->wait_for(sub { workers_started() >= $round }, 60);
    $t->wait_for(sub { ($t->get('/v1/open') // {})->{status} }, 60);

    is($t->get('/v1/items', key => $key)->{status}, 200, "allowed, $round");
    is($t->get('/v1/items')->{status}, 401, 'no key');
    is($t->get('/v1/admin/keys', key => $key)->{status}, 403, 'no scope');
    is($t->get('/v1/%2e%2e/x', key => $key)->{status}, 400, 'no path');
    is($t->get('/v1/me', key => $key)->{status}, 200, 'me');
    is($t->get('/v1/broken')->{status}, 502, 'an error of nginx');
    is($t->get('/v1/gone')->{status}, 502, 'an upstream that is gone');
    is($t->get('/v1/send', key => $key, method => 'POST',
               body => '{"send":true}')->{status}, 403, 'a body');

    $t->key(id => "tk_BBBBB$round", scopes => ['items:read']);
    kill 'HUP', $pid if $round < 6;
}

kill 'QUIT', $pid;
waitpid $pid, 0;
$t->{upstream}->stop;

my $ours = '';

for my $log (glob "$t->{dir}/memcheck/*") {
    for my $report (split /^==\d+== \n/m, $t->read_file($log)) {
        $ours .= $report if $report =~ /keygate|jansson/;
    }
}

is($ours, '', 'no report names the module');
is(scalar(() = glob "$t->{dir}/memcheck/*") >= 7, 1, 'and there were logs');

File::Path::remove_tree($t->{dir}) if Test::More->builder->is_passing;

done_testing();

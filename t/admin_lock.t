#!/usr/bin/perl

# While somebody holds the journal's lock (a command that was stopped, a
# backup), reads go on, and changes are refused after a while, with who it is.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use Fcntl qw(:flock);
use Test::More;

use Keygate;
use Keygate::Admin;
use Keygate::Command;

my $t = Keygate->new(workers => 1, conf => admin_conf());

admin_token($t);
$t->account(id => 'acc_1', name => 'One');

my $key = $t->key(id => 'tk_AAAAAA', account => 'acc_1',
                  scopes => ['items:read']);

$t->start;

my $journal = "$t->{dir}/keys.jsonl";
my $c = Keygate::Command->new(dir => $t->{dir});
my %new = (account => 'acc_1', name => 'n', scopes => []);

is(admin($t, 'POST', '/keys', \%new)->{status}, 201, 'changes are taken');

for my $how (LOCK_EX, LOCK_SH) {
    my $kind = $how == LOCK_EX ? 'a writer' : 'a reader';
    my $before = $t->read_file('keys.jsonl');
    my $pid = holder($how);

    is(admin($t, 'GET', $_)->{status}, 200, "$kind holds it: GET $_")
        for '/keys', '/keys?name=n', '/keys/tk_AAAAAA', '/accounts/acc_1';

    is(admin($t, 'POST', '/check', { key_id => 'tk_AAAAAA', method => 'GET',
        path => '/v1/items' })->json->{allowed}, JSON::PP::true, '/check');
    is($t->status('/v1/items', key => $key), 200, 'requests');

    my $r = $c->run('list', '--json');

    is($r->{code}, 0, 'keygate list');
    like($r->{out}, qr/tk_AAAAAA/, 'has them all');
    is($c->run('show', 'tk_AAAAAA')->{code}, 0, 'keygate show');

    # two at once, the second behind the first

    my @waiting = map {
        my $s = Keygate::Client->new($t->port('ADMIN'));

        $s->send(request('/keys/tk_AAAAAA/suspend'));
        $s;
    } 1 .. 2;

    for my $s (@waiting) {
        my $r = $s->response;

        is($r->{status}, 503, 'a change is refused');
        like($r->json->{detail}, qr/holds the journal's lock: nothing has ch/,
            'and says why');
    }

    like($t->read_file('error.log'),
        qr/\[crit\] .*process $pid holds the lock of the journal "\Q$journal/,
        'the log names the process');

    $r = $c->run('revoke', 'tk_AAAAAA');
    isnt($r->{code}, 0, 'keygate revoke gives up');
    like($r->{err}, qr/process $pid holds its lock; nothing was changed/,
        'and names it, too');
    is($t->read_file('keys.jsonl'), $before, 'nothing was written');

    kill KILL => $pid;
    waitpid $pid, 0;

    is(admin($t, 'POST', '/keys', \%new)->{status}, 201,
        'when it has ended, changes are taken');
}

$t->allow(qr/\[crit\] .*holds the lock of the journal/);
$t->done;


# A process that has the lock, and does nothing.

sub holder {
    my ($how) = @_;

    pipe my $r, my $w or die;

    my $pid = fork // die;

    if ($pid == 0) {
        open my $f, '+<', $journal or POSIX::_exit(1);
        flock $f, $how;
        syswrite $w, "\n";
        sleep;
    }

    sysread $r, my $got, 1;

    return $pid;
}


sub request {
    my ($path) = @_;

    return "POST /admin$path HTTP/1.1\r\nHost: localhost\r\n"
        . "Authorization: Bearer $Keygate::Admin::token\r\n"
        . "Content-Length: 0\r\n\r\n";
}

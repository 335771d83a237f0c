#!/usr/bin/perl

# The file that keeps days and months, where it cannot be written, and where
# more than one zone, or more than one nginx, has it.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use Test::More;

use Keygate;
use Keygate::Items;

sub left {
    my ($t, $key, $path, $port) = @_;

    my $r = $t->get($path // '/v1/items', key => $key, port => $port);
    my %left = ($r->header('RateLimit') // '') =~ /"([^"]+)";r=(\d+)/g;

    return ($r->{status}, $left{day});
}

# What requests have asked for that they needed no more is given back soon: then
# the file has one unit more than was used, by zone, which a kill loses.

sub settled {
    my ($t, %used) = @_;

    ok($t->wait_for(sub {
        my %said;

        for my $line ($t->read_file('keys.jsonl.usage') =~ /^(\{.*\})$/mg) {
            $said{$1} = $2 + $3 if $line
                =~ /"zone":"(\w+)","key".*"count":(\d+),"ahead":(\d+)/;
        }

        !grep { ($said{$_} // 0) > $used{$_} + 1 } keys %used
    }), 'no more is ahead than a kill may lose');
}

subtest 'it cannot be written' => sub {
    plan skip_all => 'only root is another user than the workers'
        if $> != 0;

    my $t = Keygate->new(workers => 2, user => 'nobody nogroup',
        conf => items_conf(rate => 'rate 5r/d;',
            zone => "keygate_zone keys:1m journal=j/keys.jsonl;\n"));
    my $uid = (getpwnam('nobody'))[2];

    mkdir "$t->{dir}/j";
    $t->write_file('j/keys.jsonl', '');
    $t->{journal} = "$t->{dir}/j/keys.jsonl";

    my ($text, $key) = $t->make_key(id => 'tk_AAAAAA', account => 'acc_1',
        scopes => ['items:read']);

    $t->write_file('j/keys.jsonl', $t->account_line(id => 'acc_1',
        name => 'One') . $text);
    chown $uid, -1, "$t->{dir}/j/keys.jsonl";
    $t->write_file('j/keys.jsonl.usage', '');
    chown 0, 0, "$t->{dir}/j", "$t->{dir}/j/keys.jsonl.usage";
    chmod 0755, "$t->{dir}/j";
    chmod 0644, "$t->{dir}/j/keys.jsonl.usage";

    $t->start;
    like($t->read_file('error.log'), qr/\[warn\]\ .*the\ workers\ cannot\ write
        \ ".*keys\.jsonl\.usage":\ .*\ is\ forgotten\ when\ nginx\ ends/x,
        'a file that they cannot write is told of at a start');

    my @got = left($t, $key);

    is($got[0], 200, 'requests go on');
    is($got[1], 4, '... and are counted');
    is((left($t, $key))[1], $_, '... by all workers') for 3, 2;
    ok($t->wait_for(sub { $t->read_file('error.log') =~ /\[error\]\ .*zone
        \ "keys"\ cannot\ write\ ".*keys\.jsonl\.usage":\ requests\ go\ on/x
        }), 'which the log tells');
    is((stat "$t->{dir}/j/keys.jsonl.usage")[4], 0,
        'nothing that was there changes hands');

    # and it is all there when it can be written

    chown $uid, -1, "$t->{dir}/j", "$t->{dir}/j/keys.jsonl.usage";
    ok($t->wait_for(sub {
        left($t, $key);
        $t->read_file('error.log') =~ /\.usage" is written again/;
    }, 5), 'it is written when that is possible');
    $t->kill_all;
    $t->start;
    ok((left($t, $key))[0] == 429 || (left($t, $key))[1] == 0,
        '... with what was used meanwhile');
    $t->done;
};

subtest 'two zones of one journal' => sub {
    my $t = Keygate->new(workers => 2, conf => items_conf(
        zone => "keygate_zone keys:1m journal=keys.jsonl;\n"
            . "    keygate_zone more:1m journal=keys.jsonl;\n",
        rate => 'rate 9r/d;') . <<'END');
    keygate_api others {
        zone       more;
        credential header X-Api-Key;
        key_format tk_ id=6 secret=24;
        rate       9r/d;
        route GET  /v1/items any;
    }
    server {
        listen 127.0.0.1:%%OTHER%%;
        location / {
            keygate others;
            proxy_pass http://127.0.0.1:%%UPSTREAM%%;
        }
    }
END

    $t->account(id => 'acc_1', name => 'One');

    my $key = $t->key(id => 'tk_AAAAAA', scopes => ['items:read'],
        account => 'acc_1');

    $t->start;
    left($t, $key) for 1 .. 5;
    left($t, $key, '/v1/items', $t->port('OTHER'));
    settled($t, keys => 5, more => 1);
    $t->kill_all;
    $t->start;

    my ($one) = (left($t, $key))[1];
    my ($two) = (left($t, $key, '/v1/items', $t->port('OTHER')))[1];

    ok($one >= 2 && $one <= 3, 'each zone goes on from its own')
        or diag $one;
    ok($two >= 6 && $two <= 7, '... the other one, too') or diag $two;
    left($t, $key) for 1 .. 9;
    $t->kill_all;
    $t->start;
    is((left($t, $key))[0], 429, 'and neither takes out the other\'s lines');
    is((left($t, $key, '/v1/items', $t->port('OTHER')))[0], 200,
        '... when it writes the file anew');
    $t->done;
};

subtest 'another nginx beside it, as in an upgrade of the binary' => sub {
    my $t = Keygate->new(workers => 1, daemon => 1, conf => items_conf(
        rate => 'rate 20r/d;'));

    $t->account(id => 'acc_1', name => 'One');

    my $key = $t->key(id => 'tk_AAAAAA', scopes => ['items:read'],
        account => 'acc_1');

    $t->start;
    left($t, $key) for 1 .. 4;

    my $old = $t->{master};

    kill 'USR2', $old;
    ok($t->wait_for(sub {
        $t->read_file('nginx.pid') =~ /^(\d+)\n/ && $1 != $old
            && $t->workers($1)
    }), 'a successor');

    my $new = 0 + $t->read_file('nginx.pid');

    kill 'WINCH', $old;
    $t->wait_for(sub { !$t->workers($old) });

    my ($status, $day) = left($t, $key);

    ok($day >= 14 && $day <= 15, 'it goes on from what was used')
        or diag $day;
    kill 'QUIT', $old;
    $t->wait_for(sub { !kill 0, $old });
    $t->{master} = $new;
    $t->done;
};

done_testing;

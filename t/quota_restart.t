#!/usr/bin/perl

# Days and months survive a restart and a kill -9 of all of nginx, in the file
# beside the journal: units never come back, and at most a hundredth of the
# limit, or one unit, is lost.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use Test::More;

use Keygate;
use Keygate::Items;

# A disk that does not answer for a second and a half stops nobody; what is used
# meanwhile a kill may lose.  So this one answers.

my $t = Keygate->new(workers => 2, prompt => 1, conf => items_conf(
    rate => <<'END',
        rate 20r/d;
        rate 1000r/month;
        rate 5r/d   group=search;
        rate 2000r/d per=account name=all;
        rate 100r/s name=burst;
END
    routes => <<'END'));
        route GET  /v1/search  items:read group=search;
END

$t->account(id => 'acc_1', name => 'One');
$t->account(id => 'acc_2', name => 'Two');

my %rates = (AAAAAL => ['400r/d'], BBBBBB => ['10r/d'],
    map { $_ => ['10r/m', '100r/d', '1000r/month'] } qw(DDDDDD DDDDDE EEEEEE
    EEEEEF));
my %key = map { ("tk_$_" => $t->key(id => "tk_$_", scopes => ['items:read'],
    account => /^B/ ? 'acc_2' : 'acc_1',
    $rates{$_} ? (rates => $rates{$_}) : ())) } qw(AAAAAA AAAAAL BBBBBB DDDDDD
    DDDDDE EEEEEE EEEEEF);

# Units that are left: "day=7 month=997 ...".

sub left {
    my ($r) = @_;

    my %left = ($r->header('RateLimit') // '') =~ /"([^"]+)";r=(\d+)/g;

    return \%left;
}

sub again {
    my ($how) = @_;

    $how eq 'kill -9' ? $t->kill_all : $t->stop;
    $t->start;
}

sub use_up {
    my ($n, $id, $path) = @_;

    my $r;

    for (1 .. $n) {
        $r = $t->get($path // '/v1/items', key => $key{$id}, keep => 0);
        is($r->{status}, 200, "$id is let in") or last;
    }

    return left($r);
}

$t->start;

my $file = "$t->{dir}/keys.jsonl.usage";

is(sprintf('%04o', (stat $file)[2] & 07777), '0600', 'the file has mode 0600');

my $before = use_up(3, 'tk_AAAAAA');
is($before->{day}, 17, 'so many are left');
is($before->{month}, 997, 'and of the month');

for my $how ('a stop', 'kill -9') {
    again($how);

    my $after = use_up(1, 'tk_AAAAAA');
    my $lost = $before->{day} - 1 - $after->{day};

    ok($lost >= 0 && $lost <= 1, "after $how: at most one unit is lost of a "
        . 'day') or diag($lost);

    $lost = $before->{month} - 1 - $after->{month};
    ok($lost >= 0 && $lost <= 10, '... and a hundredth of a month')
        or diag($lost);

    $lost = $before->{all} - 1 - $after->{all};
    ok($lost >= 0 && $lost <= 20, '... and of what the account has')
        or diag($lost);
    is($after->{burst}, 99, '... and a second begins anew');

    $before = $after;
}


# -- Groups, rates of a key's own, and what is left to the last unit

use_up(4, 'tk_AAAAAA', '/v1/search');
use_up(1, 'tk_AAAAAL');

again('kill -9');

my $r = $t->get('/v1/search', key => $key{tk_AAAAAA});
ok($r->{status} == 429 || left($r)->{'search-day'} == 0,
    'what a group has used is not forgotten') or diag($r->header('RateLimit'));

$r = $t->get('/v1/items', key => $key{tk_AAAAAL});
is($r->{status}, 200, 'a rate of its own');
ok(left($r)->{day} >= 396 && left($r)->{day} <= 398, '... is kept as well')
    or diag(left($r)->{day});


# -- Killed under load, again and again: the upstream has never seen more

{
    my $served = 0;

    $t->hits;

    for my $turn (1 .. 5) {
        my @clients = map { $t->client } 1 .. 8;

        $_->send($t->request_bytes('/v1/items', key => $key{tk_BBBBBB},
            keep => 1)) for @clients;
        $clients[0]->response if $turn != 3;

        again('kill -9');
    }

    while (1) {
        my $answer = $t->get('/v1/items', key => $key{tk_BBBBBB});

        last if $answer->{status} != 200 || $served++ > 20;
    }

    ok($t->hits <= 10, 'ten a day over six lives');
}


# -- A burst that another rate refuses: what it asked for is not lost

for ([tk_DDDDDD => 'a stop'], [tk_DDDDDE => 'kill -9']) {
    my ($id, $how) = @$_;
    my %status;
    my @clients = map { $t->client } 1 .. 100;

    for (1 .. 2) {
        $_->send($t->request_bytes('/v1/items', key => $key{$id}, keep => 1))
            for @clients;
        $status{$_->response->{status}}++ for @clients;
    }

    is($status{200}, 10, 'a burst: ten are let in');
    is($status{429}, 190, '... and no other');

    # A kill is for when it has settled.  What others ask for afterwards is in
    # the file no earlier than in the second batch from now; that has all that
    # the burst has asked for.  Its last line may be older than some of the
    # ten: it covers them.

    if ($how eq 'kill -9') {
        use_up(1, $_) for qw(tk_EEEEEE tk_EEEEEF);

        ok($t->wait_for(sub { covered($id) =~ /^1[01]$/ }),
            '... and what it asked for is given back') or diag(covered($id));
    }

    again($how);

    my $after = left($t->get('/v1/items', key => $key{$id}));

    for my $of ([day => 89, 1], [month => 989, 10]) {
        my ($unit, $left, $most) = @$of;
        my $lost = $left - $after->{$unit};

        $most = 0 if $how eq 'a stop';
        ok($lost >= 0 && $lost <= $most, "after $how: at most $most of a "
            . "$unit are lost") or diag($lost);
    }
}


# -- What becomes of the file

sub usage_lines {
    return split /^/m, $t->read_file('keys.jsonl.usage');
}

# How many units the last line of a key covers.

sub covered {
    my ($id) = @_;

    my ($last) = reverse grep { /"$id"/ } usage_lines();
    my ($count, $ahead) = $last =~ /"count":(\d+)(?:,"ahead":(\d+))?/;

    return $count + ($ahead // 0);
}

sub log_since {
    my ($from) = @_;

    return substr $t->read_file('error.log'), $from;
}

# A torn last line was never relied on.

$t->stop;

my $whole = $t->read_file('keys.jsonl.usage');

$t->write_file('keys.jsonl.usage', $whole . '{"usage":{"zone":"keys","ke');

my $from = length $t->read_file('error.log');

$t->start;
unlike(log_since($from), qr/damaged/, 'a torn last line is no damage');
is($t->get('/v1/search', key => $key{tk_AAAAAA})->{status}, 429,
    '... and nothing is forgotten');

# One in the middle is told of, and gives nothing back.

$t->stop;
$t->write_file('keys.jsonl.usage', "garbage\n" . $t->read_file(
    'keys.jsonl.usage'));
$from = length $t->read_file('error.log');
$t->start;
like(log_since($from), qr/\[error\]\ .*keygate\ zone\ "keys":\ 1\ lines\ of
    \ ".*keys\.jsonl\.usage",\ the\ first\ of\ them\ line\ 1,\ are
    \ damaged:/x, 'a damaged line is told of');
is($t->get('/v1/search', key => $key{tk_AAAAAA})->{status}, 429,
    '... and nothing is given back');

# A file that is none is refused, as a journal is.

$t->stop;

my $good = $t->read_file('keys.jsonl.usage');

$t->write_file('keys.jsonl.usage', "garbage\n");

my ($code, $said) = $t->check_conf($t->{conf});

isnt($code, 0, 'a file without a line of its own is refused');
like($said, qr/\[emerg\]\ .*no\ line\ of\ ".*\.usage"\ says\ what\ keys
    \ of\ keygate\ zone\ "keys"\ have\ used:\ .*take\ it\ away,\ and\ all\ days
    \ and\ months\ begin\ anew,\ in\ .*:\d+/x, '... with what to do');

unlink "$t->{dir}/keys.jsonl.usage";
($code) = $t->check_conf($t->{conf});
is($code, 0, 'without one, nginx -t has nothing to say');
ok(!-e "$t->{dir}/keys.jsonl.usage", '... and makes none');

$t->write_file('keys.jsonl.usage', $good);
chown((getpwnam($t->{user}))[2], -1, "$t->{dir}/keys.jsonl.usage") if $> == 0;
chmod 0600, "$t->{dir}/keys.jsonl.usage";
$t->start;

# Taken away while nginx runs, it is written anew whole.

unlink "$t->{dir}/keys.jsonl.usage";
use_up(2, 'tk_AAAAAL');
ok($t->wait_for(sub { -s "$t->{dir}/keys.jsonl.usage"
    && $t->read_file('keys.jsonl.usage') =~ /"search|"group":/ }),
    'a file that is gone is made anew, whole');
again('kill -9');
is($t->get('/v1/search', key => $key{tk_AAAAAA})->{status}, 429,
    '... and nothing is forgotten');


# -- A zone of another size is another table, and reads the file

ok($t->reload($t->{conf} =~ s/keys:1m/keys:2m/r), 'a zone that is larger');
is($t->get('/v1/search', key => $key{tk_AAAAAA})->{status}, 429,
    '... has forgotten nothing');


# -- Deleted records leave it

$t->append("{\"key\":{\"id\":\"tk_AAAAAL\",\"deleted\":true}}\n");
ok($t->wait_for(sub { $t->status('/v1/items', key => $key{tk_AAAAAL})
    == 401 }), 'a key is deleted');
again('kill -9');
$key{tk_CCCCCC} = $t->key(id => 'tk_CCCCCC', scopes => ['items:read'],
    account => 'acc_2');
ok($t->wait_for(sub { $t->status('/v1/items', key => $key{tk_CCCCCC})
    == 200 }), 'another one is used');
ok($t->wait_for(sub {
    my $text = $t->read_file('keys.jsonl.usage');

    $text =~ /tk_AAAAAA/ && $text !~ /tk_AAAAAL/;
}), '... and leaves the file when that is written anew');

$t->done;

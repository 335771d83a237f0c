#!/usr/bin/perl

# keygate_metrics: what is counted, in both formats, as promtool and a real
# Prometheus understand it.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use POSIX ();
use Test::More;

use Keygate;
use Keygate::Admin;
use Keygate::Prometheus;

my $t = Keygate->new(workers => 2, reload_last => 1, conf => admin_conf(
    extra => 'rate 5r/m; rate 1000r/month;'));

admin_token($t);
$t->account(id => 'acc_1', name => 'One', plan => 'pro');
my $key = $t->key(id => 'tk_AAAAAA', scopes => ['items:read']);
$t->append("not a record\n");
$t->start;


sub metrics {
    my (@headers) = @_;

    return $t->get('/metrics', port => $t->port('ADMIN'),
        headers => \@headers);
}

# One sample, by its name and labels.

sub sample {
    my ($name) = @_;

    my ($value) = metrics()->{body} =~ /^\Q$name\E (\S+)$/m;

    return $value;
}


$t->status('/v1/items', key => $key) for 1 .. 7;
$t->status('/v1/items', key => 'tk_AAAAAA_' . 'x' x 24);
$t->status('/v1/items');

my $r = metrics();

is($r->{status}, 200, 'metrics are served');
is($r->header('Cache-Control'), 'no-store', 'never stored');

my $post = $t->get('/metrics', port => $t->port('ADMIN'), method => 'POST');

is($post->{status}, 405, 'POST is not for them');
is($post->header('Allow'), 'GET, HEAD', 'and the answer says what is');
is($t->get('/metrics', port => $t->port('ADMIN'), method => 'HEAD')->{body},
    '', 'HEAD has no body');

is(sample('keygate_decisions_total{api="items",code="allowed"}'), 5,
    'what was allowed is counted');
is(sample('keygate_decisions_total{api="items",code="rate_limited"}'), 2,
    'what a rate refused');
is(sample('keygate_rate_refusals_total{api="items",unit="minute"}'), 2,
    'and which rate');
is(sample('keygate_rate_refusals_total{api="items",unit="month"}'), 0,
    'not the other');
is(sample('keygate_decisions_total{api="items",code="credential_invalid"}'), 1,
    'what was no key');
is(sample('keygate_decisions_total{api="items",code="credential_missing"}'), 1,
    'what had none');
is(sample('keygate_keys{zone="keys"}'), 1, 'keys');
is(sample('keygate_accounts{zone="keys"}'), 1, 'accounts');
is(sample('keygate_journal_size_bytes{zone="keys"}'), -s "$t->{dir}/keys.jsonl",
    'the size of the journal');
is(sample('keygate_journal_position_bytes{zone="keys"}'),
    -s "$t->{dir}/keys.jsonl", 'how far it is applied');
is(sample('keygate_journal_lag_bytes{zone="keys"}'), 0, 'what is left');
is(sample('keygate_journal_applied_lines_total{zone="keys"}'), 2,
    'lines that were applied');
is(sample('keygate_journal_rejected_lines_total{zone="keys"}'), 1,
    'and that were not');
is(sample('keygate_reloads_total{zone="keys"}'), 0, 'no reload yet');
is(sample('keygate_zone_full{zone="keys"}'), 0, 'there is room');
cmp_ok(sample('keygate_zone_used_bytes{zone="keys"}'), '<',
    sample('keygate_zone_size_bytes{zone="keys"}'), 'how much is used');

admin($t, 'POST', '/keys', { account => 'acc_1', name => 'x', scopes => [] })
    for 1 .. 3;

is(sample('keygate_journal_writes_total{zone="keys"}'), 3, 'writes');
is(sample('keygate_journal_written_lines_total{zone="keys"}'), 3, 'lines');
is(sample('keygate_journal_write_errors_total{zone="keys"}'), 0, 'errors');
is(sample('keygate_journal_write_seconds_count{zone="keys"}'), 3,
    'and how long they took');
is(sample('keygate_journal_write_seconds_bucket{zone="keys",le="+Inf"}'), 3,
    'all of them');
is(sample('keygate_keys{zone="keys"}'), 4, 'three keys more');



# -- What administrators do

sub asked {
    my ($action, $status) = @_;

    return sample(qq(keygate_admin_requests_total{api="items",)
                  . qq(action="$action",status="$status"}));
}

is(asked('key.create', '2xx'), 3, 'three keys were made by the admin API');
is(asked('key.create', '4xx'), 0, 'none was refused');

admin($t, 'POST', '/keys', { account => 'acc_1' });
admin($t, 'GET', '/keys');
admin($t, 'GET', '/keys/tk_AAAAAA');
admin($t, 'GET', '/keys/tk_NOBODY');
admin($t, 'GET', '/nothing');
admin($t, 'GET', '/keys', undef, 'Authorization: Bearer nobody');

is(asked('key.create', '4xx'), 1, 'now one was');
is(asked('read', '2xx'), 2, 'what only reads');
is(asked('read', '4xx'), 1, 'in vain');
is(asked('none', '4xx'), 2, 'and what is nothing, or of nobody');


# -- Keys that expire soon, and when things were

sub expiring {
    return join ' ', map { sample(qq(keygate_keys_expiring{zone="keys",)
                                  . qq(within="$_"})) } qw(7d 30d);
}

sub soon {
    my ($days) = @_;

    return POSIX::strftime('%Y-%m-%dT%H:%M:%SZ', gmtime time + $days * 86400);
}

is(expiring(), '0 0', 'no key expires soon');

my $later = time;

$t->key(scopes => [], expires_at => soon($_)) for 3, 6, 20, 40, -1;
$t->key(scopes => [], expires_at => soon(2), revoked_at => soon(-1));

ok($t->wait_for(sub { expiring() eq '2 3' }, 5), 'two in a week, three in 30 '
   . 'days; what has expired, or is revoked, is none') or diag(expiring());

cmp_ok(sample('keygate_journal_applied_timestamp_seconds{zone="keys"}'), '>=',
    $later, 'when the journal was applied');
cmp_ok(sample('keygate_reload_timestamp_seconds{zone="keys"}'), '>=', $^T,
    'when the configuration was');

my ($build) = metrics()->{body} =~ /^(keygate_build_info\{.*)$/m;
like($build,
    qr/^keygate_build_info\{version="[\d.]+",nginx="1\.[\d.]+"\} 1$/,
    'what is running');

my $before = sample('keygate_decisions_total{api="items",code="allowed"}');
my $loaded = sample('keygate_reload_timestamp_seconds{zone="keys"}');

ok($t->wait_for(sub { time > $loaded }, 5), 'a second is over');
ok($t->reload, 'the configuration is loaded anew');
is(sample('keygate_reloads_total{zone="keys"}'), 1, 'which is counted');
is(sample('keygate_decisions_total{api="items",code="allowed"}'), $before,
    'counters outlive it');
ok($t->wait_for(sub {
    sample('keygate_reload_timestamp_seconds{zone="keys"}') > $loaded
}, 5), 'and so is when it was');
is(asked('key.create', '2xx'), 3, 'what was asked for is still known');


# -- OpenMetrics, and the older format

my $open = 'application/openmetrics-text; version=1.0.0; charset=utf-8';
my $older = 'text/plain; version=0.0.4; charset=utf-8';

for (
    [ $open ],
    [ $open, '*/*' ],
    [ $open, 'application/openmetrics-text' ],
    [ $open, 'application/openmetrics-text;version=1.0.0,text/plain' ],
    [ $open, 'text/plain;q=0.5,APPLICATION/OpenMetrics-Text; version=0.0.1' ],
    [ $open, 'application/json' ],
    [ $older, 'text/plain' ],
    [ $older, 'text/plain;version=0.0.4;q=1,*/*;q=0.1' ],
    [ $older, 'text/html, Text/Plain;q=0.2' ],
)
{
    my ($type, $accept) = @$_;

    is(metrics(defined $accept ? "Accept: $accept" : ())
       ->header('Content-Type'), $type, $accept // 'no Accept');
}

$r = metrics('Accept: text/plain');
unlike($r->{body}, qr/EOF/, 'the older format has no end');
like($r->{body}, qr/^# TYPE keygate_decisions_total counter$/m,
    'and other names of families');

$r = metrics();
like($r->{body}, qr/\n# EOF\n\z/, 'OpenMetrics has an end');
like($r->{body}, qr/^# TYPE keygate_decisions counter$/m,
    'and its names of families');
like($r->{body}, qr/^keygate_decisions_total\{/m, 'and of samples');

my @bad;
my %family;

for (split /\n/, $r->{body}) {
    if (/^# TYPE (\w+) (?:counter|gauge|histogram)$/) {
        push @bad, "twice: $_" if $family{$1}++;

    } elsif (!/^# (?:HELP \w+ \S.*|EOF)$/
             && !/^\w+\{(?:\w+="[^"]*",?)+\} [0-9.]+$/) {
        push @bad, $_;
    }
}

is("@bad", '', 'every line has its form');


# -- promtool and Prometheus

SKIP: {
    my ($promtool) = grep { -x } '/usr/bin/promtool', '/usr/local/bin/promtool';

    skip 'promtool is not installed', 1 if !$promtool;

    my $text = $t->write_file('metrics.txt',
        metrics('Accept: text/plain')->{body});
    my $said = `$promtool check metrics <$text 2>&1`;

    is($? >> 8, 0, 'promtool finds no fault') or diag($said);
    is($said, '', 'nor has it advice');
}

SKIP: {
    skip 'prometheus is not installed', 2 if !Keygate::Prometheus::binary();

    my $prometheus = Keygate::Prometheus->start(dir => $t->{dir},
        port => $t->port('PROMETHEUS'),
        target => '127.0.0.1:' . $t->port('ADMIN'));
    my $allowed;

    $t->wait_for(sub {
        ($allowed) = $prometheus->query(
            'keygate_decisions_total{code="allowed"}');
    }, 25);

    is($allowed->{value}, $before, 'a Prometheus has scraped the counter');
    is(($prometheus->query('up'))[0]{value}, 1, 'and takes the target for up');
    $prometheus->stop;
}

$t->{seen} = '';
$t->done;

#!/usr/bin/perl

# conf.d/monitoring: what it asks for is in the output of keygate_metrics, its
# rules fire when they should and only then, and a real Prometheus has an
# answer to each query of the dashboard.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use JSON::PP ();
use Test::More;

use Keygate;
use Keygate::Admin;
use Keygate::Prometheus;

my $root = $Keygate::root;
my $json = JSON::PP->new->utf8->canonical;

# a zone with a store has metrics of it, whether there is one or not

my $t = Keygate->new(zones => [qw(keys shared)], conf => <<'E' . admin_conf(
    keygate_store main { server unix:%%DIR%%/nobody; }
    keygate_zone shared:1m journal=%%DIR%%/shared.jsonl store=main;
E
    extra => 'rate 1000r/m; rate 100000r/month;'));

admin_token($t);
$t->account(id => 'acc_1', name => 'One', plan => 'pro');

my $key = $t->key(id => 'tk_AAAAAA', scopes => ['items:read']);

$t->start;


# What is served: name => [ { label => value }, ... ].

my %served;

for (split /\n/, $t->get('/metrics', port => $t->port('ADMIN'))->{body}) {
    my ($name, $labels) = /^(\w+)\{(.*)\} \S+$/ or next;

    push @{$served{$name}}, { $labels =~ /(\w+)="([^"]*)"/g };
}

# Prometheus adds these to each sample.

my @added = qw(instance job);


# What an expression asks for and nobody serves.

sub unserved {
    my ($expr) = @_;

    my (@bad, %label);

    while ($expr =~ /\b(keygate_\w+)(?:\{([^}]*)\})?/g) {
        my ($name, $matchers) = ($1, $2 // '');
        my @samples = @{$served{$name} || []};

        push @bad, $name if !@samples;
        $label{$_} = 1 for map { keys %$_ } @samples;

        while ($matchers =~ /(\w+)\s*(=~|!=|=)\s*"([^"]*)"/g) {
            my ($label, $how, $value) = ($1, $2, $3);

            next if grep { $_ eq $label } @added;
            push @bad, "$name\{$label\}" if !grep { exists $_->{$label} }
                                            @samples;
            push @bad, "$name\{$label=\"$value\"\}"
                if $how ne '=~' && !grep { ($_->{$label} // '') eq $value }
                                    @samples;
        }
    }

    while ($expr =~ /\bby\s*\(([^)]*)\)/g) {
        push @bad, "by ($_)" for grep { !$label{$_} } split /[,\s]+/, $1
                                                      =~ s/\b(?:@{[ join '|',
                                                           @added ]})\b//gr;
    }

    return grep { $_ ne 'by ()' } @bad;
}

is(join(' ', unserved('rate(keygate_nothing[5m])')), 'keygate_nothing',
    'what is not served is seen');
is(join(' ', unserved('sum by (key) (keygate_keys{api="x",zone=~"$zone"})')),
    'keygate_keys{api} keygate_keys{api="x"} by (key)', 'and its labels');


# -- Alert rules

my $rules = $t->read_file("$root/conf.d/monitoring/alerts.yml");
my @alerts = split /^ +- (?=alert:)/m, $rules;

shift @alerts;
cmp_ok(scalar @alerts, '>=', 12, 'there are rules');

my %severity = map { /^alert: (\w+)\n.*^ +severity: (\w+)$/ms } @alerts;
my @names;

for (@alerts) {
    my ($name) = /^alert: (\w+)$/m;
    my ($expr) = /^ +expr: (.*?)\n +(?:for|labels):/ms;

    push @names, $name;
    is(join(' ', unserved($expr)), '', "$name: what it asks for is served");
    like($_, qr/^ +severity: (?:info|warning|critical)$/m, '... how bad it is');
    like($_, qr/^ +summary: .*^ +description: >-\n +\S/ms, '... what to do');

    # Prometheus tells those labels that the expression leaves
    my @told = /\$labels\.(\w+)/g;
    my @left = $expr =~ /\bby \(([^)]*)\)/ ? split(/[, ]+/, $1)
               : (@added, map { keys %$_ } map { @{$served{$_} || []} }
                          $expr =~ /(keygate_\w+)/);

    is(join(' ', grep { my $label = $_; !grep { $_ eq $label } @left } @told),
        '', '... and where');
}


{
    my %told = $t->read_file("$root/docs/monitoring.md")
               =~ /^\| `(Keygate\w+)` \| (\w+) \|/mg;

    is_deeply(\%told, \%severity, 'the documents have each, and how bad it is');
}


# Each of them: a label of the alert, and series that make it fire.

my $shop = 'keygate_decisions_total{instance="a",api="shop",code=';
my $zone = '{instance="a",zone="keys"}';
my $asked = 'keygate_admin_requests_total{instance="a",api="shop",'
            . 'action="none",status="4xx"}';

my %at = (instance => 'a', zone => 'keys');
my %of = (instance => 'a', api => 'shop');

my @fire = (
    [ KeygateDown => '3m', { instance => 'a', job => 'keygate' },
      'up{job="keygate",instance="a"}' => '0x10' ],
    [ KeygateDown => '3m', { job => 'keygate' } ],
    [ KeygateNothingAllowed => '15m', \%of, qq($shop"allowed"}) => '5x20',
      qq($shop"credential_invalid"}) => '0+60x20' ],
    [ KeygateUnavailable => '3m', { %of, code => 'unavailable' },
      qq($shop"unavailable"}) => '0 0 1x10' ],
    [ KeygateZoneFull => '1m', \%at, "keygate_zone_full$zone" => '0 1x10' ],
    [ KeygateZoneFilling => '11m', \%at,
      "keygate_zone_used_bytes$zone" => '901x20',
      "keygate_zone_size_bytes$zone" => '1000x20' ],
    [ KeygateJournalDown => '2m', \%at, "keygate_journal_up$zone" => '0x10' ],
    [ KeygateJournalLag => '2m', \%at,
      "keygate_journal_lag_bytes$zone" => '0 80x10' ],
    [ KeygateJournalWriteErrors => '3m', \%at,
      "keygate_journal_write_errors_total$zone" => '0 0 1x10' ],
    [ KeygateUsageWriteErrors => '3m', \%at,
      "keygate_usage_write_errors_total$zone" => '0 0 1x10' ],
    [ KeygateJournalRejectedLines => '3m', \%at,
      "keygate_journal_rejected_lines_total$zone" => '7 7 8x10' ],
    [ KeygateLimitsNotShared => '2m', \%at,
      "keygate_limit_outage$zone" => '0 1x10' ],
    [ KeygateStoreDown => '2m', \%at, "keygate_store_up$zone" => '1 0x10' ],
    [ KeygateStoreBehind => '3m', \%at,
      "keygate_store_behind$zone" => '0 9x10',
      "keygate_store_heard_seconds$zone" => '0x10' ],
    [ KeygateStoreBehind => '3m', \%at,
      "keygate_store_behind$zone" => '0x10',
      "keygate_store_heard_seconds$zone" => '0 20+60x10' ],
    [ KeygateStoreLost => '3m', \%at,
      "keygate_store_forks_total$zone" => '0 0 1x10' ],
    [ KeygateInvalidKeys => '26h', { api => 'shop' },
      qq($shop"credential_invalid"}) => '0+1x1440 1500+20x200' ],
    [ KeygateUnknownRoutes => '40m', { api => 'shop' },
      qq($shop"allowed"}) => '0+70x60',
      qq($shop"route_not_found"}) => '0+30x60' ],
    [ KeygateAdminRefused => '12m', \%of, $asked => '0+6x20' ],
    [ KeygateKeysExpiring => '62m', { %at, within => '7d' },
      'keygate_keys_expiring{instance="a",zone="keys",within="7d"}'
      => '3x70' ],
);

my @well = (
    'up{job="keygate",instance="a"}' => '1x2000',
    qq($shop"allowed"}) => '0+600x2000',
    qq($shop"credential_invalid"}) => '0+6x2000',
    qq($shop"route_not_found"}) => '0+60x2000',
    qq($shop"unavailable"}) => '0x2000',
    "keygate_zone_full$zone" => '0x2000',
    "keygate_zone_used_bytes$zone" => '900x2000',
    "keygate_zone_size_bytes$zone" => '1000x2000',
    "keygate_journal_up$zone" => '1x2000',
    "keygate_journal_lag_bytes$zone" => '0 500 0x2000',
    "keygate_journal_write_errors_total$zone" => '3x2000',
    "keygate_journal_rejected_lines_total$zone" => '3x2000',
    "keygate_limit_outage$zone" => '0x2000',
    "keygate_store_up$zone" => '1x2000',
    "keygate_store_behind$zone" => '0 5 0x2000',
    "keygate_store_heard_seconds$zone" => '1x2000',
    "keygate_store_forks_total$zone" => '2x2000',
    $asked => '0+1x2000',
    'keygate_keys_expiring{instance="a",zone="keys",within="7d"}' => '0x2000',
    'keygate_keys_expiring{instance="a",zone="keys",within="30d"}' => '9x2000',
);

sub series {
    my (@pairs) = @_;

    my @series;

    while (my ($series, $values) = splice @pairs, 0, 2) {
        push @series, { series => $series, values => $values };
    }

    return \@series;
}

my %fired = map { $_->[0] => 1 } @fire;

is(join(' ', sort keys %fired), join(' ', sort @names),
    'each rule has a case here');

SKIP: {
    my ($promtool) = grep { -x } '/usr/bin/promtool', '/usr/local/bin/promtool';

    skip 'promtool is not installed', 3 if !$promtool;

    my $there = "cd '$root/conf.d/monitoring' && $promtool";
    my $said = `$there check rules alerts.yml 2>&1`;
    is($?, 0, 'promtool check rules') or diag($said);

    $said = `$there check config prometheus.yml 2>&1`;
    is($?, 0, 'promtool check config') or diag($said);

    # the texts are for people
    $t->write_file('alerts.yml',
        $rules =~ s/^ +annotations:\n(?: {10,}.*\n)+//mgr);

    $t->write_file('rules.json', $json->encode({
        rule_files => ['alerts.yml'], evaluation_interval => '1m',
        tests => [
            { interval => '1m', input_series => series(@well),
              alert_rule_test => [ map {
                  { eval_time => '30h', alertname => $_, exp_alerts => [] }
              } @names ] },
            map {
                my ($name, $when, $labels, @series) = @$_;

                { interval => '1m', input_series => series(@series),
                  alert_rule_test => [ {
                      eval_time => $when, alertname => $name,
                      exp_alerts => [ { exp_labels => {
                          %$labels, severity => $severity{$name} } } ] } ] }
            } @fire ],
    }));

    $said = `cd $t->{dir} && $promtool test rules rules.json 2>&1`;
    is($?, 0, 'promtool test rules') or diag($said);
}


# -- The dashboard

my $dashboard = eval {
    $json->decode($t->read_file("$root/conf.d/monitoring/dashboard.json"))
};

ok($dashboard, 'the dashboard is JSON') or diag($@);

my @variables = @{$dashboard->{templating}{list}};

is(join(' ', map { $_->{name} } grep { $_->{type} eq 'datasource' } @variables),
    'datasource', 'which Prometheus is one variable');

for my $variable (grep { $_->{type} eq 'query' } @variables) {
    my ($name, $label) = $variable->{query}{query}
                         =~ /^label_values\((\w+), (\w+)\)$/;

    ok((grep { $_ eq $label } @added, map { keys %$_ }
                               $served{$name}[0] || ()),
        "\$$variable->{name} can be chosen");
}

my @panels = @{$dashboard->{panels}};
my %id;
my @exprs = map { [ @$_{qw(title expr)} ] } Keygate::Prometheus::panels();

is(join(' ', grep { $id{$_}++ } map { $_->{id} } @panels), '',
    'each panel has a number of its own');
is(join(', ', map { $_->{title} } grep { $_->{type} eq 'row' } @panels),
    'Traffic, Refusals, Limits, Keys and the journal, The store, '
    . 'Administration', 'rows');

for my $panel (grep { $_->{type} ne 'row' } @panels) {
    is(join(' ', map { $_->{uid} } $panel->{datasource},
            map { $_->{datasource} } @{$panel->{targets}}),
        join(' ', ('${datasource}') x (1 + @{$panel->{targets}})),
        "$panel->{title}: asks that Prometheus");

    for my $target (@{$panel->{targets}}) {
        is(join(' ', unserved($target->{expr})), '',
            '... for what is served');
    }
}

push @exprs, map { [ $_->{name}, $_->{expr} ] }
             @{$dashboard->{annotations}{list}};
is(join(' ', map { unserved($_->[1]) } @exprs), '', 'so do annotations');


# -- A Prometheus that scrapes it

SKIP: {
    skip 'prometheus is not installed', scalar @exprs
        if !Keygate::Prometheus::binary();

    my $prometheus = Keygate::Prometheus->start(dir => $t->{dir},
        port => $t->port('PROMETHEUS'),
        target => '127.0.0.1:' . $t->port('ADMIN'));

    # two scrapes with something in between
    $t->wait_for(sub {
        $t->get('/v1/items', key => $key);
        $prometheus->query('rate(keygate_decisions_total'
                           . '{code="allowed"}[10s]) > 0');
    }, 40);

    for (@exprs) {
        my ($title, $expr) = @$_;
        my $n = $prometheus->query($expr);

        # an annotation has nothing to say, most of the time
        cmp_ok($n, '>=', $expr =~ /changes/ ? 0 : 1, "$title: has an answer")
            or diag($expr);
        is($prometheus->{error}, '', '... and no complaint');
    }

    $prometheus->stop;
}


# -- OpenTelemetry: the variables are there

my $otel = $t->read_file("$root/conf.d/monitoring/otel.conf");
my @attributes = $otel =~ /^otel_span_attr +([\w.]+) +(\$\w+);$/mg;

cmp_ok(scalar @attributes, '>=', 10, 'attributes of spans');
is($otel =~ s/^(?:#.*|otel_span_attr .*)?\n//mgr, '', 'and nothing else');

my $conf = '';

while (my ($name, $value) = splice @attributes, 0, 2) {
    $conf .= qq(add_header X-Span "$name=$value" always;\n);
}

my $spans = Keygate->new(conf => $conf . Keygate::Items::items_conf());

my $sent = $spans->key(id => 'tk_AAAAAA', scopes => ['items:read']);

$spans->start;

my %span = map { split /=/, $_->[1], 2 }
           grep { $_->[0] =~ /^x-span$/i }
           @{$spans->get('/v1/items/7', key => $sent)->{headers}};

is($span{'http.route'}, '/v1/items/:id', 'the route, not the path');
is($span{'keygate.verdict'}, 'allowed', 'the verdict');
is($span{'keygate.key.id'}, 'tk_AAAAAA', 'which key');
is($span{'keygate.account'}, 'acc_1', 'whose');

$t->{seen} = '';
$_->done for $spans, $t;

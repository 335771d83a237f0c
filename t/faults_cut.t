#!/usr/bin/perl

# The journal cut at every byte of its last record: for every cut an API, a
# zone and a journal of its own in one gateway.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;

use Keygate;
use Keygate::Faults;
use Keygate::Items;

my $requests = 0;

# name => (what the key is before the last line, what it is after): a line
# for the last record, and the status of the key without and with it.

my %last = (
    'a new key' => [ 401, 200, sub { $_[0]->make_key(id => 'tk_LAST01',
        credential => $_[1], scopes => ['items:read']) } ],
    'a key that is revoked' => [ 200, 401, sub {
        $_[0]->key_line(id => 'tk_LAST01', account => 'acc_1',
            digest => $_[0]->digest($_[1]), scopes => ['items:read'],
            revoked_at => '2026-01-01T00:00:00Z') } ],
    'a key that is deleted' => [ 200, 401, sub {
        $_[0]->key_line(id => 'tk_LAST01', deleted => JSON::PP::true()) } ],
    'a key that loses a scope' => [ 200, 403, sub {
        $_[0]->key_line(id => 'tk_LAST01', account => 'acc_1',
            digest => $_[0]->digest($_[1]), scopes => []) } ],
    'an account that is canceled' => [ 200, 403, sub {
        $_[0]->account_line(id => 'acc_1', name => 'One',
            status => 'canceled') } ],
);


sub cut {
    my ($name) = @_;

    my ($before, $after, $make) = @{$last{$name}};
    my $credential = 'tk_LAST01_' . 'L' x 24;
    my $t = Keygate->new(workers => 2);
    my ($head, $first) = $t->make_key(id => 'tk_FIRST1',
        scopes => ['items:read'], account => 'acc_2');

    $head .= $t->account_line(id => 'acc_1', name => 'One')
           . $t->account_line(id => 'acc_2', name => 'Two');
    $head .= ($t->make_key(id => 'tk_LAST01', credential => $credential,
                           scopes => ['items:read']))[0] if $before == 200;

    my ($line) = $make->($t, $credential);
    my @cuts = 0 .. length($line) - 1;
    my @zones = map { "z$_" } @cuts;

    $t->{main} = "worker_rlimit_nofile 8192;\n";
    $t->{zones} = \@zones;
    $t->{conf} = join '', map { items_api(name => $_,
            zone => "keygate_zone $_:128k journal=$_.jsonl;\n")
            =~ s/zone       keys/zone $_/r } @zones;
    $t->{conf} .= 'server { listen 127.0.0.1:%%PORT%%; '
        . "keepalive_requests 100000;\n"
        . join('', map { "location /$_/ { keygate $_; "
            . "rewrite ^/$_(/.*) \$1 break; root %%DIR%%; "
            . "error_page 404 =200 \@up; }\n" } @zones)
        . 'location @up { return 200 "up"; } }';

    # valgrind keeps this limit to itself
    $t->allow(qr/setrlimit\(RLIMIT_NOFILE/) if $Keygate::Server::reloads;

    $t->append($head . substr($line, 0, $_), "z$_") for @cuts;
    $t->start;

    # for which cuts a key is not treated so

    my $client;
    my $not = sub {
        my ($status, $key) = @_;
        my @not;

        for my $i (@cuts) {
            $client = $t->client if $requests++ % 500 == 0 || !$client;
            $client->send($t->request_bytes("/z$i/v1/items", key => $key,
                keep => 1));
            my $r = $client->response;
            push @not, $i if !$r || $r->{status} != $status;
            $client = undef if !$r;
        }

        return "@not";
    };

    my $soon = sub {
        my ($status, $key, $what) = @_;
        my $where;

        $t->wait_for(sub { ($where = $not->($status, $key)) eq '' }, 5);
        is($where, '', "$name: $what");
    };

    is($not->($before, $credential), '',
        "$name: cut when nginx starts, at " . @cuts . ' bytes');
    is($not->(200, $first), '', "$name: what was before it counts");

    $t->append(substr($line, $_), "z$_") for @cuts;
    $soon->($after, $credential, 'the rest makes it whole');

    truncate "$t->{dir}/z$_.jsonl", $_ + length $head for @cuts;
    $soon->($before, $credential, 'cut while it runs');
    is($not->(200, $first), '', "$name: what was before it still counts");

    # whoever comes next begins a new line, as keygate itself does
    $t->append("\n$line", "z$_") for @cuts;
    $soon->($after, $credential, 'appended again after the torn one');
    is($not->(200, $first), '', "$name: and nothing else has changed");

    $t->{seen} = '';
    $t->stop;

    return ($t, scalar @cuts);
}


my $cuts = 0;
my @all;

for my $name (sort keys %last) {
    next if !long() && sanitized() && $name !~ /new|revoked/;

    my ($t, $n) = cut($name);

    push @all, $t;
    $cuts += $n;
}

figure("$cuts cuts, each of them 4 times");

$_->done for @all;

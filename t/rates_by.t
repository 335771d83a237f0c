#!/usr/bin/perl

# Rates by plan and by group of routes: which of them hold, what is counted
# apart, and who tells of it.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use Test::More;

use Keygate;
use Keygate::Admin;
use Keygate::Portal;

my $t = Keygate->new(workers => 2, conf => portal_conf(rate => <<'END',
        rate 20r/h;
        rate 3r/h   plan=free;
        rate 50r/h  plan=pro;
        rate 2r/h   group=search;
        rate 4r/h   group=search plan=pro;
        rate 7r/d   group=search per=account name=found;
END
    routes => <<'END'));
        route GET  /v1/search      items:read group=search;
        route GET  /v1/search/:id  items:read group=search;
END

admin_token($t);
$t->account(id => 'acc_1', name => 'One', plan => 'free');
$t->account(id => 'acc_2', name => 'Two');

my %key = map { ("tk_$_" => $t->key(id => "tk_$_",
    account => /^B/ ? 'acc_2' : 'acc_1', scopes => ['items:read'],
    /^A{5}L/ ? (rates => ['30r/h']) : ())) } qw(AAAAAA AAAAAB AAAAAL BBBBBB);

$t->start;

sub get {
    my ($id, $path, %o) = @_;

    return $t->get("/v1/$path", key => $key{$id}, %o);
}

# "200 hour=3-2": what came of it, and of each rate its limit and what is left.

sub told {
    my ($r) = @_;

    my %limit = ($r->header('RateLimit-Policy') // '') =~ /"([^"]+)";q=(\d+)/g;
    my @left = ($r->header('RateLimit') // '') =~ /"([^"]+)";r=(\d+)/g;
    my @told = ($r->{status});

    while (my ($name, $left) = splice @left, 0, 2) {
        push @told, "$name=$limit{$name}-$left";
    }

    return join ' ', @told;
}

sub change_plan {
    my ($account, $plan) = @_;

    is(admin($t, 'PATCH', "/accounts/$account", { plan => $plan })->{status},
       200, "$account is on $plan now");
}

# -- plans

is(told(get('tk_AAAAAA', 'items')), '200 hour=3-2', 'the rate of a plan');
get('tk_AAAAAA', 'items');
get('tk_AAAAAA', 'items');

my $r = get('tk_AAAAAA', 'items');

is(told($r), '429 hour=3-0', 'is one that holds');
is_deeply($r->json->{'violated-policies'}, ['hour'], 'and is named');
is(told(get('tk_BBBBBB', 'items')), '200 hour=20-19',
   'an account without a plan has the rate of all');
is(told(get('tk_AAAAAL', 'items')), '200 hour=30-29',
   "a key's own takes the place of a plan's");

change_plan('acc_1', 'pro');
is(told(get('tk_AAAAAA', 'items')), '200 hour=50-46',
   'it counts from the next request on, and what was used counts');
change_plan('acc_1', 'free');
is(told(get('tk_AAAAAA', 'items')), '429 hour=3-0', 'and so it does back');

# -- groups

is(told(get('tk_AAAAAB', 'search')), '200 hour=3-2 search-hour=2-1 found=7-6',
   'a request in a group');
is(told(get('tk_AAAAAB', 'items')), '200 hour=3-1', 'and one that is not');
is(told(get('tk_AAAAAB', 'search/17')),
   '200 hour=3-0 search-hour=2-0 found=7-5', 'another route of the group');

change_plan('acc_1', 'pro');
is(told(get('tk_AAAAAL', 'search')),
   '200 hour=30-28 search-hour=4-3 found=7-4',
   "a key's own rates leave those of a group");
get('tk_AAAAAL', 'search') for 1 .. 3;

$r = get('tk_AAAAAL', 'search', method => 'HEAD');
is(told($r), '429 hour=30-25 search-hour=4-0 found=7-1',
   'the group is used up, nothing is charged');
cmp_ok($r->header('Retry-After'), '>', 3000, 'Retry-After is its own');
is_deeply(get('tk_AAAAAL', 'search')->json->{'violated-policies'},
          ['search-hour'], 'what was violated');
is(told(get('tk_AAAAAL', 'items')), '200 hour=30-24', 'the rest is free');

# -- 60 at once, by two workers, for a key that has not been in the group

my @clients = map { $t->client } 1 .. 60;
my $bytes = $t->request_bytes('/v1/search', key => $key{tk_BBBBBB});

$_->send($bytes) for @clients;

my %n;
$n{$_->response->{status}}++ for @clients;

is_deeply(\%n, { 200 => 2, 429 => 58 }, 'as many as there may be are admitted');

# -- who tells

my ($search) = grep { $_->{template} eq '/v1/search' }
               @{admin($t, 'GET', '/routes')->json->{data}};

is($search->{group}, 'search', '/routes tells the group');
is_deeply([ grep { defined } map { $_->{group} }
            grep { $_->{template} !~ /search/ }
            @{admin($t, 'GET', '/routes')->json->{data}} ], [],
          'null where there is none');

sub checked {
    my ($id, $path) = @_;

    my $a = admin($t, 'POST', '/check', { key_id => $id, method => 'GET',
                                          path => "/v1/$path" })->json;

    return join ' ', $a->{verdict},
                map { "$_->{name}=$_->{limit}-$_->{remaining}" } @{$a->{rates}};
}

is(checked('tk_AAAAAA', 'search'),
   'allowed hour=50-46 search-hour=4-4 found=7-1',
   '/check, of a key that has used nothing in the group');
is(checked('tk_AAAAAA', 'search'),
   'allowed hour=50-46 search-hour=4-4 found=7-1', 'charges nothing');
is(checked('tk_BBBBBB', 'search'),
   'rate_limited hour=20-17 search-hour=2-0 found=7-5', 'and of one that has');
is(checked('tk_BBBBBB', 'items'), 'allowed hour=20-17', 'and of another route');

my $s = portal($t, 'GET', '/session')->json;

is_deeply([ map { [ @$_{qw(name limit per group)} ] } @{$s->{rates}} ],
          [ [ 'hour', 50, 'key', undef ], [ 'search-hour', 4, 'key', 'search' ],
            [ 'found', 7, 'account', 'search' ] ],
          'the session has the rates of the plan and of groups');
is_deeply([ map { "$_->{name}=$_->{limit}-$_->{remaining}" }
            @{portal($t, 'GET', '/keys/tk_AAAAAB')->json->{limits}} ],
          [ 'hour=50-47', 'search-hour=4-2', 'found=7-1' ],
          'a key what is left of all');

# -- a reload keeps counts, and a group may get another unit

ok($t->reload($t->{conf} =~ s{(rate 2r/h   group=search;)}
                             {$1 rate 90r/m group=search;}r), 'a reload');

is(told(get('tk_BBBBBB', 'search')),
   '429 hour=20-17 search-hour=2-0 search-minute=90-90 found=7-5',
   'keeps what was used');

$t->done;

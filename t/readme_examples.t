#!/usr/bin/perl

# What the README shows is what happens: its configurations are started, its
# commands run, its answers compared byte by byte.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use JSON::PP ();
use Test::More;

use Keygate;
use Keygate::Readme;

my ($main, $http, $shop) = synopsis();
my @gates;


# -- The synopsis, with a key made as it says

is(($main =~ /(load_module [^;]+)/)[0],
   'load_module modules/ngx_http_keygate_module.so', 'which module to load');
is($main =~ s/^(?:load_module|events)[^\n]*\n|^http \{.*^\}\n|^\n//msgr, '',
   'nothing more outside of http');

my $trace = <<'E';
<pre>TypeError: order is undefined
    at ship (/srv/app/orders.js:41:17) db=10.0.3.7:5432</pre>
E

my ($admin) = map { $_->{text} } grep { $_->{name} eq 'keygate_admin' }
              blocks('nginx');

my $t = gate($http . $admin . <<'E');
    log_format plain '$request_id';
    server {
        listen 127.0.0.1:%%PLAIN%%;
        location = /v1/denied { return 403; }
        location = /metrics { keygate_metrics; }
        location / { proxy_pass http://127.0.0.1:%%UPSTREAM%%; }
    }
E

$t->{reply} = sub {
    my ($request) = @_;

    return Keygate::Upstream::answer(500, $trace, 'Content-Type: text/html')
        if $request->{uri} =~ /500/;
    return Keygate::Upstream::answer(400, '{"message":"This order cannot be '
        . 'placed","errors":[{"field":"quantity","reason":"is 0"}]}')
        if $request->{method} eq 'POST';
    return Keygate::Upstream::hello($request);
};

my ($key) = sh($t, 'first') =~ /(\S+)\n\z/;

$t->secret('the first key', $key);
like($key, qr/^shop_AB12CD_\w{24}$/, 'a key');

sh($t, 'token');
$t->secret('the token', $t->read_file('admin.token'));

# more of them, where the synopsis has its journal
$t->{zones} = ['lib/keys'];

sub fresh {
    return $t->key(prefix => 'shop_', account => 'acc_2', scopes => \@_);
}

my $writer = fresh('orders:read', 'orders:write');
my $reader = fresh('orders:read');
my @fresh = map { fresh('orders:read') } 1 .. 3;

$t->start;

my %port = map { $_ => $t->port($_) } qw(P8080 PLAIN);
my $r = $t->get('/v1/orders', key => $key, port => $port{P8080});

is($r->{status}, 200, 'the key opens what it may');

{
    my %sent = map { lc $_->[0] => $_->[1] } @{$t->last_hit->{headers}};

    is($sent{'x-account'}, 'acc_1', 'the upstream knows who calls');
    is($sent{'x-scopes'}, 'orders:read', 'and what they may');
    ok(!exists $sent{'x-api-key'}, 'and is not shown the key');
}

is_deeply($t->get('/v1/me', key => $key, port => $port{P8080})->json,
          { account => { id => 'acc_1', name => 'Brightline' },
            caller => { kind => 'api_key', scopes => ['orders:read'] } },
          'who am I?');

for my $case ([ 401, '/v1/orders' ], [ 401, '/v1/me' ],
    [ 401, '/v1/orders', key => "${key}x" ],
    [ 403, '/v1/orders', key => $key, method => 'POST', body => '{}' ],
    [ 404, '/v1/none', key => $key ],
    [ 405, '/v1/orders', key => $key, method => 'DELETE' ],
    [ 400, '/v1/orders/%2e%2e', key => $key ])
{
    my ($status, @request) = @$case;

    $t->hits;
    is($t->status(@request, port => $port{P8080}), $status,
       "$status for $request[0]");
    is($t->hits, 0, 'nothing of it upstream');
}


# -- Bytes before and after, header fields, log lines

# What differs from day to day, machine to machine, one nginx to the next.

sub constant {
    my ($text) = @_;

    $text =~ s/\r//g;
    $text =~ s/^(?:Date|Server|Connection): .*\n//mg;
    $text =~ s/"request_id":"\w{32}"/"request_id":"ID"/g;
    $text =~ s/(;t=|X-RateLimit-Reset: )\d+/$1N/g;
    $text =~ s{nginx/[\d.]+}{nginx}g;
    $text =~ s/^(HTTP\S+ \d+).*/$1/;
    $text =~ s/^Content-Length: .*/Content-Length: N/m if $text =~ /<center>/;
    $text =~ s/\n*\z/\n/;

    return $text;
}

sub same {
    my ($name, @request) = @_;

    my $r = $t->get(@request);

    is($r ? constant($r->{raw}) : 'closed', constant(block('http', $name)),
       "$name: the very bytes");
}

my @large = (method => 'POST', headers => ['Content-Length: 2000000']);

same('gate before', '/v1/denied', port => $port{PLAIN});
same('gate after', '/v1/orders', port => $port{P8080}, key => $reader,
     method => 'POST', body => '{}');
same('nginx before', '/v1/orders', port => $port{PLAIN}, @large);
same('nginx after', '/v1/orders', port => $port{P8080}, @large);
same('upstream before', '/v1/orders/500', port => $port{PLAIN});
same('upstream after', '/v1/orders/500', port => $port{P8080},
     key => $fresh[0]);
same('shape before', '/v1/orders', port => $port{PLAIN}, method => 'POST',
     body => '{}');
same('shape after', '/v1/orders', port => $port{P8080}, key => $writer,
     method => 'POST', body => '{}');

sub fields {
    my ($r) = @_;

    return join '', map { "$_->[0]: $_->[1]\n" }
                    grep { $_->[0] =~ /ratelimit/i } @{$r->{headers}};
}

is(constant(fields($t->get('/v1/orders', key => $fresh[1],
                           port => $port{P8080}))),
   constant(block('http', 'draft')), 'draft: the very fields');

sub log_line {
    my ($text) = @_;

    $text =~ s/^\S+ \S+ (\[\w+\]) \S+ \*?\d*/$1/;
    $text =~ s/key: "\w+"/key: "ID"/;

    return $text;
}

{
    my $want = block('log', 'refused') =~ s/\n\z//r;
    my @got = $t->read_file('error.log') =~ /^(.*refused insuff.*)$/mg;

    is(log_line($got[-1] // ''), log_line($want), 'the line in the log');
}


# -- The admin API, metrics, the command

{
    my $out = sh($t, 'create');
    my $made = eval { JSON::PP->new->utf8->decode($out) };
    my $secret = ($made // {})->{secret} // '';

    like($secret, qr/^shop_[A-Z0-9]{6}_\w{24}$/, 'a key by the admin API')
        or diag($out);
    $t->{seen} = '';
    $t->secret('its secret', $secret);
    is($t->status('/v1/orders', key => $secret, port => $port{P8080}), 200,
       'opens what it may');

    my ($plain, $open) = map {
        $t->get('/metrics', port => $port{PLAIN}, headers => [@$_])->{body}
    } ['Accept: text/plain'], [];

    my @served = map { /^keygate_rate_refusals(?:_total)?$/
                       ? 'keygate_rate_refusals_total' : $_ }
                 $plain =~ /^# TYPE (\S+)/mg;

    my @told = grep { !/^keygate_store_/ }
               section('Metrics') =~ /^\| `(\w+)`/mg;

    is(names(@told), names(@served),
       'Metrics: all of a node without a store, and no other');
    like($open, qr/^# EOF\n\z/m, 'OpenMetrics for who asks for nothing else');
}

{
    my @commands = slurp('src/cli/commands.c')
                   =~ /^    \{ "(\w+)", (?:NULL|"(\w+)"),/mg;
    my (%there, %told);

    while (my ($name, $group) = splice @commands, 0, 2) {
        $there{defined $group ? "$group $name" : $name} = 1;
    }

    for my $row (section('The command') =~ /^\| (`.*?) \|/mg) {
        my $group = $row =~ /^`(\w+) / ? "$1 " : '';
        $told{$group . s/^\w+ //r} = 1 for $row =~ /`([^`]*)`/g;
    }

    is(names(keys %told), names(keys %there),
       'The command: all there are, and no other');
}

SKIP: {
    skip 'no command is built', 4 if !-x "$Keygate::root/build/keygate";

    my $out = sh($t, 'command');
    my ($secret) = $out =~ /^(shop_\w+)$/m;

    like($out, qr/^healthy$/m, 'the journal is in order');
    $t->secret('what the command has made', $secret);

    ok($t->wait_for(sub {
        $t->status('/v1/orders', key => $secret, port => $port{P8080}) == 200
    }, 3), 'a key by the command') or diag($out);
}


# -- Appending while nginx runs

sh($t, 'append');

ok($t->wait_for(sub {
    my $r = $t->get('/v1/orders', key => $key, port => $port{P8080});
    ($r->json // {})->{code} // '' eq 'subscription_lapsed'
}, 3), 'what is appended is in force') or diag($t->read_file('error.log'));

push @gates, $t;


# -- Legacy fields, the records

$t = gate("keygate_zone keys:1m journal=keys.jsonl;\n"
          . $shop =~ s/120r\/m;/1000r\/h; rate_headers legacy;/r
          . 'server { listen 8080; keygate shop; location / {
             proxy_pass http://127.0.0.1:3000; } }');

$t->append(block('jsonl', ''));
$t->account(id => 'acc_1');
$key = $t->key(prefix => 'shop_', scopes => ['orders:read']);
$t->start;

$r = $t->get('/v1/orders', key => $key, port => $t->port('P8080'));
is(constant(fields($r)), constant(block('http', 'legacy')),
   'legacy: the very fields');
like($t->read_file('error.log'), qr/: 2 keys and 1 accounts .* 0 lines rej/,
     'the records are what they say');

push @gates, $t;


# -- A fourth API

my ($fourth) = map { $_->{text} } grep { $_->{part} =~ /^A fourth API/ }
               blocks('nginx');

cmp_ok(($fourth =~ tr/\n//), '<=', 20, 'in twenty lines');

$t = gate($fourth);
$t->{zones} = ['lib/parcels'];
$t->journal_create;
$t->account(id => 'acc_1', name => 'Ada', profile => { website => 'x.test' });

my %key = map { $_ => $t->key(id => "pp_0000\U$_", scopes => [$_],
                              credential => "pp_0000\U${_}_"
                              . Keygate::Journal::new_secret(32)) }
          qw(read ship);

$t->start;

sub fourth {
    my ($path, %o) = @_;

    $o{headers} = ["X-Parcel-Key: $key{delete $o{as}}"] if $o{as};

    return $t->get($path, port => $t->port('P8083'), %o);
}

my @post = (method => 'POST', body => '{}');

is(fourth('/v2/status')->{status}, 200, 'the status page is for everybody');
is(fourth('/v2/parcels/1')->{status}, 401, 'parcels are not');
is(fourth('/v2/parcels/1', as => 'read')->{status}, 200, 'tracked');
is(fourth('/v2/parcels/1', as => 'ship')->{status}, 200, 'tracked by senders');
is(fourth('/v2/parcels', as => 'ship', @post)->{status}, 200, 'sent');
is(fourth('/v2/none', as => 'read')->{status}, 404, 'all else is not there');
is_deeply(fourth('/v2/parcels', as => 'read', @post)->json,
          { error => { code => 'insufficient_scope', message =>
                       'This key is missing the required scope: ship.' } },
          'not sent');
is_deeply(fourth('/v2/me', as => 'ship')->json,
          { shipper => { id => 'acc_1', name => 'Ada', website => 'x.test' },
            caller => { kind => 'api_key', scopes => [qw(read ship)] } },
          'who am I?');

# 10 units a second: two at 5, if they fall into the same
is(join(' ', map { fourth('/v2/parcels', as => 'ship', @post)->{status} }
        1 .. 3) =~ /429/ ? 1 : 0, 1, 'limited by what it costs');

push @gates, $t;

$_->done for @gates;

#!/usr/bin/perl

# docs/recipes.md: what its configurations are said to do, they do.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use IO::Select;
use IO::Socket::INET;
use JSON::PP ();
use Test::More;

use Keygate;
use Keygate::Readme;

my (undef, undef, $shop) = synopsis();


# The configuration of one recipe.

sub recipe {
    my ($part) = @_;

    my @found = grep { $_->{part} eq $part } blocks('nginx');

    is(scalar @found, 1, "$part: the recipe");

    return $found[0]{text};
}


# Its gate, with all that it takes for granted.

sub played {
    my ($conf, $reply) = @_;

    my $t = gate("keygate_zone keys:1m journal=keys.jsonl;\n$shop$conf");

    $t->{reply} = $reply if $reply;
    $t->account(id => "acc_$_", name => "Number $_") for 1, 2;

    return $t;
}


sub key {
    my ($t, $account) = @_;

    return $t->key(prefix => 'shop_', account => $account // 'acc_1',
                   scopes => ['orders:read']);
}


# Statuses of some requests, one after the other.

sub statuses {
    my ($t, $port, @requests) = @_;

    return join ' ', map { $t->status('/v1/orders', %$_,
                                      port => $t->port($port)) } @requests;
}


sub header_of {
    my ($request, $name) = @_;

    my ($value) = map { $_->[1] } grep { lc $_->[0] eq $name }
                  @{$request->{headers}};

    return $value;
}


my $none = 'shop_ZZZZZZ_' . 'x' x 24;
my @gates;


# -- Each recipe is played, here or where it says

my %elsewhere = (
    'A fourth API in twenty lines' => [ readme_examples => '^A fourth API' ],
    'Pages of other origins' => [ preflight_browser => 'Pages of other' ],
    'Events and WebSockets' => [ recheck_browser => 'Events and WebSockets' ],
    'Behind another proxy' => [ auth_caddy => 'docs/recipes.md' ],
);

for my $part (slurp('docs/recipes.md') =~ /^## (.*)$/mg) {
    my ($file, $text) = @{$elsewhere{$part} // [ recipes => "# -- $part\n" ]};

    ok(index(slurp("t/$file.t"), $text) >= 0, "$part: t/$file.t plays it");
}


# -- Moving an API behind the gate

my $t = played(recipe('Moving an API behind the gate'));
my $key = key($t);

$t->start;
is(statuses($t, 'P8080', {}, { key => $none }, { key => $key }), '200 200 200',
   'nothing changes for anybody');
ok($t->wait_for(sub {
    3 == (() = $t->read_file('logs/trial.log') =~ /\n/g)
}), 'the log of the trial');
is(join("\n", map { (split ' ')[0] }
        split /\n/, $t->read_file('logs/trial.log')),
   join("\n", qw(credential_missing credential_invalid allowed)),
   'tells what would have become of them');
like($t->read_file('error.log'), qr/would refuse credential_missing/,
    'and so does that of errors');

push @gates, $t;


# -- With a key more, without one a little

$t = played(recipe('With a key more, without one a little'));
$key = $t->key(prefix => 'tr_', account => 'acc_1');
$t->start;

sub quotes {
    my (@key) = @_;

    return $t->status('/v1/quotes/1', port => $t->port('P8084'), @key);
}

is(quotes(key => 'tr_ZZZZZZ_' . 'x' x 24), 401, 'a wrong key not at all');
is(quotes(), 200, 'a stranger is let in');

my $times = 1;

$times++ while $times < 1000 && quotes() == 200;

cmp_ok($times, '<', 1000, '... a little');
is(quotes(key => $key), 200, 'a key more') for 1 .. 8;

push @gates, $t;


# -- Keys or tokens of users

$t = played(recipe('Keys or tokens of users'), sub {
    my ($request) = @_;

    return Keygate::Upstream::hello($request) if $request->{uri} ne '/verify';

    return (header_of($request, 'authorization') // '') eq 'Bearer a.b.c'
           ? Keygate::Upstream::answer(200, '', 'X-Account: acc_9')
           : Keygate::Upstream::answer(401, '');
});

$key = key($t);

$t->start;


sub account_of {
    my (@request) = @_;

    my $r = $t->get('/v1/orders', port => $t->port('P8088'), @request);

    return $r->{status} if $r->{status} != 200;

    return header_of($t->last_hit, 'x-account');
}

is(account_of(key => $key), 'acc_1', 'a key');
is(account_of(bearer => 'a.b.c'), 'acc_9', 'a JWT');
is(account_of(key => $none, bearer => 'a.b.c'), 'acc_9',
   'a JWT beside a key that is none');
is(account_of(bearer => 'x.y.z'), 401, 'another JWT');
is(account_of(key => $none), 401, 'what is no key');
is($t->get('/v1/orders', port => $t->port('P8088'))->json->{code},
   'credential_missing', 'neither of them: the refusal of the gate');

push @gates, $t;


# -- Guessing, slowed down

$t = played(recipe('Guessing, slowed down'));
$key = key($t);
$t->start;

is(statuses($t, 'P8089', ({ key => $none }) x 8),
   '401 401 401 401 401 429 429 429', 'guesses are slowed down');
is(statuses($t, 'P8089', { key => $key }), 200, 'a good key is not');
is(statuses($t, 'P8089', {}), 401, 'nor is who has none');

push @gates, $t;


# -- Banning who guesses

$t = played('server { listen 8097; keygate shop; location / {
             proxy_pass http://127.0.0.1:3000; } }');
$key = key($t);
$t->start;

statuses($t, 'P8097', { key => $none }, { key => $key }, {});

for my $path ('/v1/x,%20client:%206.6.6.6,',
              '/v1/x,client:6.6.6.6,?q=",%20client:%206.6.6.6,')
{
    $t->get($path, key => $none, port => $t->port('P8097'));
}

{
    my ($regex) = block('fail2ban', 'filter') =~ /^failregex = (.*)$/m;
    my $log = $t->read_file('error.log');
    my $n = () = $log =~ /refused credential_invalid/g;

    $regex =~ s/<HOST>/(\\S+)/;

    # fail2ban takes the date away
    my @hosts = map { s/^\S+ \S+//r =~ /$regex/ ? $1 : () } split /\n/, $log;

    is("@hosts", join(' ', ('127.0.0.1') x 3),
        'who guesses is found, whatever the path tells');
    is($n, 3, 'each time, and nobody else');

    SKIP: {
        my $program = '/usr/bin/fail2ban-regex';

        skip 'fail2ban is not installed', 1 if !-x $program;

        my $filter = $t->write_file('keygate.conf',
                                    block('fail2ban', 'filter'));

        like(`$program '$t->{dir}/error.log' '$filter' 2>&1`,
            qr/, 3 matched/, 'by fail2ban, too');
    }
}

push @gates, $t;


# -- A few requests at once

$t = played(recipe('A few requests at once'));
$key = key($t);

my $other = key($t, 'acc_2');

$t->start;

{
    my $port = $t->port('P8092');

    # their bodies are still to come
    my @open = map { $t->client($port) } 1, 2;

    $_->send("POST /v1/me HTTP/1.1\r\nHost: a\r\nX-Api-Key: $key\r\n"
             . "Content-Length: 4\r\n\r\n")
        for @open;

    ok($t->wait_for(sub { statuses($t, 'P8092', { key => $key }) == 429 }, 5),
       'the third one is too many');
    is($t->get('/v1/orders', key => $key, port => $port)
       ->header('Content-Type'), 'application/problem+json', 'in one shape');
    is(statuses($t, 'P8092', { key => $other }), 200, 'another key is free');

    $_->send('body') for @open;

    ok($t->wait_for(sub { statuses($t, 'P8092', { key => $key }) == 200 }, 5),
       'when they are done, there is room');
}

push @gates, $t;


# -- A key in the query, for an old client

$t = played(recipe('A key in the query, for an old client') . <<'CONF');
    server {
        listen 8080;
        keygate shop;
        location / { proxy_pass http://127.0.0.1:3000; }
    }
CONF
$key = key($t);
$t->start;

{
    my $port = $t->port('P8093');

    for (
        [ "?api_key=$key", '?' ],
        [ "?page=2&api_key=$key", '?page=2&' ],
        [ "?api_key=$key&page=2", '?page=2' ],
        [ "?API_KEY=$key", '?' ],
        [ "?a=1&Api_Key=$key&b=2", '?a=1&b=2' ],
        [ "?a=1&api_key=$key&b=%20&my_api_key=x", '?a=1&b=%20&my_api_key=x' ],
    )
    {
        my ($sent, $arrives) = @$_;

        is($t->status("/v1/orders$sent", port => $port), 200, 'it is let in');
        is($t->last_hit->{uri}, "/v1/orders$arrives", "as $arrives");
    }

    is($t->status('/v1/orders', port => $port), 401, 'nobody without a key');
    is($t->status("/v1/orders?api_key=$none", port => $port), 401,
       'or with one that is none');
    is($t->status("/v1/orders?api_key=$key&api_key=$key", port => $port), 400,
       'nor with two of them');
    is($t->status("/v1/orders?API_KEY=$key&api_key=a", port => $port), 400,
       'however they are spelled');
    is($t->status("/v1/%2e%2e/orders?api_key=$key", port => $port), 400,
       'the path is what the client has sent');
}

push @gates, $t;


# -- Health checks

$t = played("server {\nlisten 8098;\nkeygate shop;\n" . recipe('Health checks')
            . "}\n",
            sub { return Keygate::Upstream::answer(503, 'not yet',
                                                'Content-Type: text/plain') });
$t->start;

{
    my $port = $t->port('P8098');

    is($t->get('/healthz', port => $port)->{body}, "ok\n", 'nginx is there');

    my $r = $t->get('/readyz', port => $port);

    is("$r->{status} $r->{body}", '503 not yet', 'the service is not, yet');
    is($t->status('/v1/orders', port => $port), 401, 'all else takes a key');
    unlike($t->read_file('access.log'), qr/z HTTP/, 'no log is filled');
}

push @gates, $t;


# -- Caching by account

my $answers = 0;

$t = played(recipe('Caching by account'), sub {
    return Keygate::Upstream::answer(200, 'answer ' . ++$answers);
});

{
    my @keys = (key($t), key($t), key($t, 'acc_2'));

    $t->start;

    my @bodies = map { $t->get('/v1/orders', key => $_,
                               port => $t->port('P8094'))->{body} }
                 @keys, $keys[0], $keys[2];

    is(join(', ', @bodies), 'answer 1, answer 1, answer 2, answer 1, answer 2',
       'an account gets its own, by any of its keys');
    is(statuses($t, 'P8094', {}), 401, 'nobody without one');
}

push @gates, $t;


# -- Blue and green

$t = played((recipe('Blue and green')
             =~ s/(server 127\.0\.0\.1:)3000/$1%%UPSTREAM%%/r
             =~ s/(server 127\.0\.0\.1:)3001/$1%%GREEN%%/r) . <<'CONF');
    server { listen 127.0.0.1:%%GREEN%%; return 200 "green $request_uri"; }
CONF

{
    my @keys = (key($t), key($t, 'acc_2'));

    $t->start;

    my ($green, $blue) = map { $t->get('/v1/orders?a=%41', key => $_,
                                       port => $t->port('P8095')) } @keys;

    is($green->{body}, 'green /v1/orders?a=%41', 'an account on the new one');
    is($blue->{status}, 200, 'another one');
    is($t->last_hit->{uri}, '/v1/orders?a=%41', 'on the old one');
    is($t->hits, 1, 'alone');
}

push @gates, $t;


# -- Shipping logs

{
    my $collector = IO::Socket::INET->new(LocalAddr => '127.0.0.1',
        LocalPort => 0, Proto => 'udp') or die "$!\n";
    my $port = $collector->sockport;

    $t = played(recipe('Shipping logs') =~ s/:5140/:$port/r);
    $key = key($t);
    $t->start;
    $t->get("/v1/orders?key=$none&q=\"", key => $key,
        port => $t->port('P8096'));

    ok(IO::Select->new($collector)->can_read(10), 'a line comes');
    $collector->recv(my $line, 65536);

    my ($text) = $line =~ /^<\d+>.*? keygate: (.*)$/;
    my $record = eval { JSON::PP->new->decode($text) } || {};

    is(join(' ', map { $_ // '' } @$record{qw(status verdict route account)}),
       '200 allowed /v1/orders acc_1', 'which is JSON') or diag($line);
    unlike($line, qr/$none|\Q$key\E/, 'without any key');
}

push @gates, $t;


# -- The journal in a repository

SKIP: {
    skip 'no command is built', 1 if !-x "$Keygate::root/build/keygate";

    $t = played('server { listen 8099; keygate shop; location / {
                 proxy_pass http://127.0.0.1:3000; } }');

    # the gate's is where the recipe has it, the repository's beside it
    $t->{conf} =~ s/journal=keys/journal=lib\/keys/;

    my ($one, $two) = (key($t), key($t, 'acc_2'));
    my $lines = $t->read_file('keys.jsonl');

    $t->write_file('lib/keys.jsonl', $lines);
    $t->start;
    is(statuses($t, 'P8099', { key => $one }, { key => $two }), '200 200',
       'two keys');

    my ($id) = $two =~ /^(shop_\w{6})/;

    $t->write_file('keys.jsonl', join '', grep { !/"id":"$id"/ }
                                          split /^/, $lines);
    sh($t, 'gitops');
    ok($t->wait_for(sub {
        statuses($t, 'P8099', { key => $one }, { key => $two }) eq '200 401'
    }, 5), 'what has no line any more is gone, and nothing else');
    is((stat "$t->{dir}/lib/keys.jsonl")[2] & 0777, 0600,
       'only the workers can read it');

    push @gates, $t;
}

$_->done for @gates;

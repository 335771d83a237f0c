#!/usr/bin/perl

# keygate_auth behind a real Caddy, with the configuration of docs/recipes.md.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use POSIX ();
use Test::More;

use Keygate;
use Keygate::Items;
use Keygate::Readme;

my ($caddy) = grep { -x } map { "$_/caddy" } split /:/, $ENV{PATH};

plan skip_all => 'there is no caddy' if !defined $caddy;

my ($recipe) = map { $_->{text} } blocks('caddy');

my $t = Keygate->new(conf =>
    items_api(rate => 'rate 5r/h;') . <<'E');
    server {
        listen 127.0.0.1:%%PORT%%;
        location = /auth { keygate items; keygate_auth; }
        location / { proxy_pass http://127.0.0.1:%%UPSTREAM%%; }
    }
E

my $key = $t->key(id => 'tk_AAAAAA', scopes => ['items:read']);
my $port = $t->port('CADDY');
my ($gate, $upstream) = map { '127.0.0.1:' . $t->port($_) }
                        qw(PORT UPSTREAM);

$t->start;

$recipe =~ s{localhost:8087}{localhost:$port};
$recipe =~ s{127\.0\.0\.1:8086}{$gate};
$recipe =~ s{127\.0\.0\.1:3000}{$upstream};
$t->write_file('Caddyfile', "{\nadmin off\nauto_https off\n}\n$recipe");

my $pid = fork // die "fork: $!\n";

if ($pid == 0) {
    open STDOUT, '>', "$t->{dir}/caddy.txt" or POSIX::_exit(1);
    open STDERR, '>&', \*STDOUT or POSIX::_exit(1);
    @ENV{qw(HOME XDG_DATA_HOME XDG_CONFIG_HOME)} = ($t->{dir}) x 3;
    exec $caddy, 'run', '--config', "$t->{dir}/Caddyfile", '--adapter',
        'caddyfile' or POSIX::_exit(127);
}

END {
    local $?;

    if ($pid) {
        kill 'KILL', $pid;
        waitpid $pid, 0;
    }
}

ok($t->wait_for(sub { IO::Socket::INET->new("127.0.0.1:$port") }, 60),
   'Caddy is up') or diag($t->read_file('caddy.txt'));

sub answer {
    my ($method, $path, @lines) = @_;

    $t->hits;

    my $r = $t->get($path, method => $method, headers => \@lines,
                    port => $port);
    my $hits = $t->hits;

    return join ' ', $r->{status},
        $hits ? "$hits hit" : ($r->json || {})->{code} // 'no code';
}

is(answer('GET', '/v1/items?a=b', "X-Api-Key: $key",
          'X-Keygate-Account: mallory', 'X-Keygate-Plan: gold',
          'X-Keygate_Account: mallory', 'X_Keygate-Plan: gold',
          'x_keygate_Scopes: items:write',
          'X-Forwarded-Method: GET', 'X-Forwarded-Uri: /v1/open'),
   '200 1 hit', 'a key');

my $hit = $t->last_hit;

is("$hit->{method} $hit->{uri}", 'GET /v1/items?a=b', '... its request');
is_deeply({ map { lc $_->[0] => $_->[1] }
            grep { $_->[0] =~ /^x[-_]keygate/i && length $_->[1] }
            @{$hit->{headers}} },
          { 'x-keygate-key-id' => 'tk_AAAAAA', 'x-keygate-account' => 'acc_1',
            'x-keygate-scopes' => 'items:read',
            'x-keygate-route' => '/v1/items' }, '... of whom, and no other');
ok(!grep({ lc $_->[0] eq 'x-api-key' } @{$hit->{headers}}),
   '... without the key');

is(answer('GET', '/v1/open'), '200 1 hit', 'public');
is(answer('GET', '/v1/items'), '401 credential_missing', 'no key');
is(answer('GET', '/v1/items', 'X-Forwarded-Uri: /v1/open'),
   '401 credential_missing', "a client's own line");
is(answer('POST', '/v1/items', "X-Api-Key: $key"), '403 insufficient_scope',
   'a scope');
is(answer('DELETE', '/v1/items', "X-Api-Key: $key"),
   '405 method_not_allowed', 'a method');
is(answer('GET', '/v1//items', "X-Api-Key: $key"), '400 path_ambiguous',
   'a path');
is(answer('GET', '/v1/items', "X-Api-Key: $key"), '200 1 hit', 'the fourth');
is(answer('GET', '/v1/items', "X-Api-Key: $key"), '200 1 hit', 'the fifth');
is(answer('GET', '/v1/items', "X-Api-Key: $key"), '429 rate_limited',
   'and one too many');

$t->done;

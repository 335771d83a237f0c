#!/usr/bin/perl

# Whatever way of proxying the operator has chosen, and however the upstream
# parses what it is sent: a path is never worth more than what the gate has
# matched.  Random targets; the upstream writes down what has reached it, and
# every reading of that must be of the route that the gate took it for.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use Test::More;

use Keygate;
use Keygate::Items;

# name, port, what is before the path, what goes into the server

my @ways = (
    [ 'as it came', 'RAW', '', <<'E' ],
        location / { keygate items; proxy_pass http://up; }
E
    [ 'with a URI', 'URI', '/api', <<'E' ],
        location /api/ { keygate based; proxy_pass http://up/; }
E
    [ 'with $uri', 'VAR', '', <<'E' ],
        location / { keygate items; proxy_pass http://up$uri$is_args$args; }
E
    [ 'with a capture', 'CAPTURE', '/api', <<'E' ],
        location ~ ^/api(/.*)$ {
            keygate based;
            proxy_pass http://up$1$is_args$args;
        }
E
    [ 'rewritten', 'REWRITE', '/api', <<'E' ],
        location / {
            rewrite ^/api/(.*)$ /$1 break;
            keygate items;
            proxy_pass http://up;
        }
E
    [ 'rewritten, with $uri', 'BOTH', '/api', <<'E' ],
        rewrite ^/api/(.*)$ /$1 last;
        location / { keygate items; proxy_pass http://up$uri$is_args$args; }
E
    [ 'with $request_uri', 'REQUEST', '', <<'E' ],
        location / { keygate items; proxy_pass http://up$request_uri; }
E
    [ 'slashes unmerged', 'SLASHES', '', <<'E' ],
        merge_slashes off;
        location / { keygate items; proxy_pass http://up; }
E
    [ 'a named location', 'NAMED', '', <<'E' ],
        location / { keygate items; try_files /none @up; }
        location @up { keygate items; proxy_pass http://up; }
E
);

my %routes = ('/v1/items' => 1, '/v1/items/:id' => 1, '/v1/items/special' => 0,
    '/v1/items/:id/parts' => 1, '/v1/admin/keys' => 0, '/v1/files/*' => 1,
    '/v1/:x/pub' => 1, '/v1/open' => 1);

my $routes = <<'E';
        route GET /v1/items             items:read;
        route GET /v1/items/:id         items:read;
        route GET /v1/items/special     admin:read;
        route GET /v1/items/:id/parts   items:read;
        route GET /v1/admin/keys        admin:read;
        route GET /v1/files/*           items:read;
        route GET /v1/:x/pub            items:read;
        route GET /v1/open              public;
E

my %o = (only => 1, routes => $routes, rate => 'rate 1000000000r/h;');

my $t = Keygate->new(conf => <<'E' . items_api(%o)
    proxy_set_header X-Route $keygate_route;
    proxy_set_header Connection "";
    proxy_http_version 1.1;
    keepalive_requests 100000;
    upstream up { server 127.0.0.1:%%UPSTREAM%% max_fails=0; keepalive 4; }
E
    . items_api(%o, name => 'based', zone => '', extra => 'base /api;')
    . join '', map { <<"E" } @ways);
    server {
        listen 127.0.0.1:%%$_->[1]%%;
$_->[3]
    }
E

my $key = $t->key(scopes => ['items:read']);

$t->start;

# -- what an upstream may make of a target

sub decode { return $_[0] =~ s/%([0-9a-f]{2})/chr hex $1/gier }

sub clean {
    my ($path) = @_;
    my @out;

    for my $s (split m{/+}, $path =~ tr{\\}{/}r =~ s{^/+}{}r, -1) {
        if ($s eq '..') { pop @out }
        elsif ($s ne '.') { push @out, $s }
    }

    return '/' . join '/', @out;
}

sub readings {
    my ($target) = @_;

    my ($raw, $whole) = map { $target =~ $_ } qr/^([^?#]*)/, qr/^([^?]*)/;
    my @all = map { decode($_) } $raw, $whole, decode($raw);

    push @all, map { s/;[^\/]*//gr } $raw, @all;
    push @all, map { decode(s/;[^\/]*//gr) } $raw, decode($raw);
    push @all, map { /^([^?#]*)/ } @all;

    my %seen;

    return grep { !/%[0-9a-f]{2}/i && !$seen{$_}++ }
           map { ($_, clean($_)) } @all;
}

sub route {
    my ($path) = @_;

    for my $r (sort { ($a =~ tr/:*//) <=> ($b =~ tr/:*//)
                      || length $b <=> length $a } keys %routes)
    {
        my $re = quotemeta $r;
        $re =~ s{\\:\w+}{[^/]+}g;
        $re =~ s{\\\*}{.*};
        return $r if $path =~ /\A$re\z/s;
    }

    return 'none';
}

# -- targets

srand($ENV{SEED} // 20261101);

my @segments = (qw(items items items special admin keys files pub parts open 7
    x .. . v1), '');
my @odd = ('%2f', '%5c', ';', '%3b', '%3B', '%3bx=1', '%23', '%3f', '%3F',
    '%20', '\\', '//', '%2e', '%2E%2e', '%252e', '%252f', '%253b', '%2523',
    '%253f', '%25', '%2561', '%2525', '%u002e', '+', '*', ':', '@', '%c0%af',
    '%C3%A9', '%e2%80%a8', '%7e', '%09', '%00', '&', '=', ',', '!', '%2b',
    '..%3b', '%2e%2e%3b', '%3b/..', '%3f/..', '%23/..', '"', '|', '%7c');

sub encoded {
    my ($c) = @_;

    my $hex = sprintf rand() < .5 ? '%02x' : '%02X', ord $c;

    return rand() < .8 ? "%$hex" : "%25$hex";
}

sub target {
    my @s = ('v1', map { $segments[rand @segments] } 1 .. 1 + int rand 3);

    # mostly something that is routed
    @s = ('v1', 'items', $segments[rand @segments]) if rand() < .4;
    @s = ('v1', $segments[rand @segments], 'pub') if rand() < .1;

    for my $n (1 .. int rand 3) {
        my $at = int rand @s;
        my $s = $s[$at];
        my $p = int rand 1 + length $s;

        if (rand() < .6) {
            substr $s, $p, 0, $odd[rand @odd];
        } elsif ($p < length $s && $s !~ /%/) {
            substr $s, $p, 1, encoded(substr $s, $p, 1);
        }

        $s[$at] = $s;
    }

    return '/' . join '/', @s;
}

sub round {
    my ($way, $n) = @_;

    my ($name, $port, $before) = @$way;
    my @targets = map { target() } 1 .. $n;
    my ($client, @status);

    for (my $i = 0; $i < $n; $i += 40) {
        my $end = $i + 39 < $n ? $i + 39 : $n - 1;
        my $bytes = join '', map {
            "GET $before$targets[$_]?n=$_ HTTP/1.1\r\nHost: a\r\n"
            . "X-Api-Key: $key\r\n\r\n" } $i .. $end;

        $client //= $t->client($t->port($port));
        $client->send($bytes);

        for my $k ($i .. $end) {
            my $r = $client->response;

            # what cannot be parsed ends the connection
            $status[$k] = $r ? $r->{status} : 'closed';

            if (!$r || lc($r->header('Connection') // '') eq 'close') {
                $client = undef;
                $i = $k + 1 - 40;
                last;
            }
        }
    }

    return (\@targets, \@status);
}

my $seen = 0;
my $each = $ENV{TARGETS} // 2500;

for my $way (@ways) {
    my ($targets, $status) = round($way, $each);
    my @hits = $t->{upstream}->requests;
    my @new = splice @hits, $seen;
    my (%passed, @bad);

    $seen += @new;

    $passed{$_}++ for @$status;

    for my $hit (@new) {
        my ($taken) = map { $_->[1] } grep { lc $_->[0] eq 'x-route' }
                      @{$hit->{headers}};
        my ($n) = $hit->{uri} =~ /n=(\d+)$/;

        # a space that $uri has put into the request line: no server takes it
        next if $hit->{version} !~ m{^HTTP/1\.\d$};

        for my $path (readings($hit->{uri})) {
            my $route = route($path);

            next if $route eq ($taken // '?');
            push @bad, ($n // '?') . ': '
                . (defined $n ? $targets->[$n] : '?') . ' reached upstream as '
                . "$hit->{uri}, taken for " . ($taken // '?')
                . ", may be read as $path, $route";
            last;
        }
    }

    ok(@new > $each / 20, "$way->[0]: " . @new . " of $each let through");
    is(scalar @new, $passed{200} // 0, "$way->[0]: and these only");
    is(scalar grep({ !/^(?:200|400|403|404)$/ } @$status), 0,
       "$way->[0]: all others refused");
    is(scalar @bad, 0, "$way->[0]: each of them as it was matched")
        or diag(join "\n", splice @bad, 0, 8);
}

$t->done;

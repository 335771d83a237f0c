#!/usr/bin/perl

# What an upstream is sent, by whatever protocol: no credential, and nothing
# that makes another request of the one that was decided on.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use IO::Select;
use IO::Socket::INET;
use POSIX ();
use Test::More;

use Keygate;
use Keygate::Items;

my @binary = qw(fastcgi scgi uwsgi);

my $t = Keygate->new(conf => "underscores_in_headers on;\n"
    . items_api(rate => 'rate 100000r/h;', routes => <<'R', credential =>
        route GET  /p/*      items:read;
        route *    /any/*    items:read;
        route GET  /cached/* items:read;
R
        "credential header X-Api-Key;\n credential bearer;")
    . items_api(name => 'passed', only => 1, zone => '',
                extra => 'pass_credential on;',
                routes => 'route * /passed/* items:read;')
    . <<'E');
    proxy_cache_path %%DIR%%/cache keys_zone=cache:1m;

    server {
        listen 127.0.0.1:%%PORT%%;
        keygate items;
        keygate_errors off;

        location /p/fastcgi/ { fastcgi_pass 127.0.0.1:%%FASTCGI%%; }
        location /p/scgi/ { scgi_pass 127.0.0.1:%%SCGI%%; }
        location /p/uwsgi/ { uwsgi_pass 127.0.0.1:%%UWSGI%%; }
        location /p/grpc/ { grpc_pass grpc://127.0.0.1:%%GRPC%%; }
        location / { proxy_pass http://127.0.0.1:%%UPSTREAM%%; }

        location /p/variables/ {
            proxy_pass http://127.0.0.1:%%UPSTREAM%%;
            proxy_set_header X-Seen "[$http_x_api_key$http_authorization]";
        }

        location /p/any/ {
            satisfy any;
            allow all;
            proxy_pass http://127.0.0.1:%%UPSTREAM%%;
        }

        location /p/buffered/ {
            proxy_pass http://127.0.0.1:%%UPSTREAM%%;
            proxy_request_buffering off;
            proxy_http_version 1.1;
        }

        location /cached/ {
            proxy_pass http://127.0.0.1:%%UPSTREAM%%;
            proxy_cache cache;
            proxy_cache_valid 200 1h;
            add_header X-Cached $upstream_cache_status;
        }

        location /passed/ {
            keygate passed;
            proxy_pass http://127.0.0.1:%%UPSTREAM%%;
        }
    }

    server {
        listen 127.0.0.1:%%GRPC%% http2;
        location / { proxy_pass http://127.0.0.1:%%UPSTREAM%%; }
    }
E

my $key = $t->key(scopes => ['items:read']);
my $other = $t->key(scopes => ['items:read']);
my $none = $t->key(scopes => []);
my $passed = $t->key(scopes => ['items:read']);

$t->exposed($passed);

# Keep what comes, for as long as it comes, and hang up.

my @children;

for my $name (@binary) {
    my $listen = IO::Socket::INET->new(LocalAddr => '127.0.0.1',
        LocalPort => $t->port(uc $name), Listen => 16, ReuseAddr => 1)
        or die "listen: $!\n";
    my $pid = fork // die "fork: $!\n";

    if ($pid == 0) {
        while (my $s = $listen->accept) {
            my $all = '';

            while (IO::Select->new($s)->can_read(0.3)) {
                sysread $s, $all, 65536, length $all or last;
            }

            open my $f, '>>', "$t->{dir}/$name.seen" or POSIX::_exit(1);
            syswrite $f, "$all\n";
            close $f;
            close $s;
        }

        POSIX::_exit(0);
    }

    push @children, $pid;
}

END {
    if (@children) {
        my $status = $?;
        kill 'KILL', @children;
        waitpid $_, 0 for @children;
        $? = $status;
    }
}

$t->start;

my @marker = ('X-Other: here');

# -- the credential

for my $name (@binary) {
    for my $o ([ key => $key ], [ bearer => $key ]) {
        $t->get("/p/$name/x", @$o, headers => [ @marker ]);
    }

    my $seen = $t->read_file("$name.seen");

    is(() = $seen =~ /X_OTHER/g, 2, "$name: two requests");
    is(index($seen, $key), -1, "$name: without the key");
    unlike($seen, qr/X_API_KEY|AUTHORIZATION/, "$name: nor its header");
}

sub headers {
    my ($path, @o) = @_;

    $t->hits;
    my $r = $t->get($path, @o);
    return () if $t->hits != 1;

    return map { lc $_->[0] => $_->[1] } @{$t->last_hit->{headers}};
}

for my $path ('/p/grpc/x', '/p/variables/x', '/p/any/x', '/p/buffered/x') {
    for my $o ([ key => $key ], [ bearer => $key ]) {
        my %h = headers($path, @$o, headers => [ @marker ]);

        is($h{'x-other'}, 'here', "$path: has reached the upstream");
        ok(!exists $h{'x-api-key'} && !exists $h{authorization},
           "$path: without $o->[0]");
        is($h{'x-seen'}, '[]', "$path: variables are empty")
            if $path =~ /variables/;
    }
}

my %h = headers('/p/x', key => $key, headers => [ "X_Api_Key: $key", @marker ]);
ok(!exists $h{x_api_key} && $h{'x-other'},
   'nor under a name that CGI takes for the same');

# -- what makes another request of it

my @overrides = ('X-HTTP-Method-Override: DELETE', 'X-HTTP-Method: DELETE',
    'X-Method-Override: DELETE', 'X-Original-URL: /v1/admin/keys',
    'X-Rewrite-URL: /v1/admin/keys', 'x-original-url: /v1/admin/keys',
    'X_HTTP_METHOD_OVERRIDE: DELETE');

for my $line (@overrides) {
    my ($name) = map { lc } $line =~ /^([^:]+)/;

    for my $path ('/v1/items', '/any/x') {
        my %h = headers($path, key => $key, headers => [ $line, @marker ],
                        $path eq '/any/x' ? (method => 'POST') : ());

        is($h{'x-other'}, 'here', "$path: has reached the upstream");
        ok(!exists $h{$name}, "$path: without $name");
    }
}

%h = headers('/v1/open', headers => [ $overrides[0], @marker ]);
ok(!exists $h{'x-http-method-override'} && $h{'x-other'},
   'nor on a public route, without a key');

%h = headers('/passed/x', key => $passed, headers => [ $overrides[0] ]);
is($h{'x-api-key'}, $passed, 'pass_credential: the key passes');
ok(!exists $h{'x-http-method-override'}, 'and that does not');

# -- a cache does not open anything

my $r = $t->get('/cached/a', key => $key);
is("$r->{status} " . $r->header('X-Cached'), '200 MISS', 'a first answer');
$t->hits;

$r = $t->get('/cached/a', key => $other);
is("$r->{status} " . $r->header('X-Cached'), '200 HIT',
   'is there for another key that may have it');
is($t->hits, 0, 'from the cache');
like($r->header('RateLimit'), qr/;r=99999;/, 'at the price of its own');

for my $who ([ 'no key' => undef, 401 ], [ 'a wrong one' => 'x', 401 ],
             [ 'one without the scope' => $none, 403 ])
{
    my $r = $t->get('/cached/a', key => $who->[1]);

    is($r->{status}, $who->[2], "but not for $who->[0]");
    ok(!$r->header('X-Cached'), "$who->[0]: the cache is not asked");
}

$t->done;

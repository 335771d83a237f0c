#!/usr/bin/perl

# keygate_log_level: the level at which refusals are in the error log, a dry
# run's too, and streams that are closed.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use Test::More;
use Time::HiRes qw(time);

use Keygate;
use Keygate::Items;
use Keygate::Stream;

my $t = Keygate->new(conf => items_api(rate => 'rate 3r/h;') . <<'E');
    keygate_log_level notice;

    server {
        listen 127.0.0.1:%%PORT%%;
        keygate items;

        location / { proxy_pass http://127.0.0.1:%%UPSTREAM%%; }
        location /v1/items/info {
            keygate_log_level info;
            proxy_pass http://127.0.0.1:%%UPSTREAM%%;
        }
        location /v1/items/warn {
            keygate_log_level warn;
            proxy_pass http://127.0.0.1:%%UPSTREAM%%;
        }
        location /v1/items/error {
            keygate_log_level error;
            proxy_pass http://127.0.0.1:%%UPSTREAM%%;
        }
        location /v1/items/dry {
            keygate_dry_run on;
            keygate_log_level info;
            proxy_pass http://127.0.0.1:%%UPSTREAM%%;
        }
        location /v1/items/quiet {
            error_log %%DIR%%/quiet.log warn;
            proxy_pass http://127.0.0.1:%%UPSTREAM%%;
        }
        location /v1/items/sse {
            keygate_recheck 100ms;
            keygate_log_level warn;
            proxy_pass http://127.0.0.1:%%STREAM%%;
            proxy_buffering off;
        }
    }

    server {
        listen 127.0.0.1:%%OWN%%;
        keygate_log_level warn;
        keygate items;
        location / { proxy_pass http://127.0.0.1:%%UPSTREAM%%; }
        location /v1/items/quiet {
            error_log %%DIR%%/quiet.log warn;
            proxy_pass http://127.0.0.1:%%UPSTREAM%%;
        }
    }
E

my $up = Keygate::Stream->start(port => $t->port('STREAM'),
                                log => "$t->{dir}/stream.log");
my $key = $t->key(id => 'tk_AAAAAA', scopes => ['items:read']);
my $live = $t->key(id => 'tk_BBBBBB', scopes => ['items:read']);

$t->start;


# Lines about a path: "level verb code", of either log.

sub lines {
    my ($path, $log) = @_;

    return join ', ', map { /\[(\w+)\] .* keygate: (.*?): .*"GET \Q$path\E"/
                            ? "$1 $2" : () }
                      split /\n/, $t->read_file($log // 'error.log');
}


for my $case ([ '/v1/items/none', 'notice refused credential_missing' ],
              [ '/v1/items/info', 'info refused credential_missing' ],
              [ '/v1/items/warn', 'warn refused credential_missing' ],
              [ '/v1/items/error', 'error refused credential_missing' ],
              [ '/v1/items/dry', 'info would refuse credential_missing' ])
{
    $t->get($case->[0]);
    is(lines($case->[0]), $case->[1], "$case->[0]: $case->[1]");
}

$t->get('/v1/items/server', port => $t->port('OWN'));
is(lines('/v1/items/server'), 'warn refused credential_missing',
   "a server's own");

$t->get('/v1/items/quiet');
is(lines('/v1/items/quiet') . lines('/v1/items/quiet', 'quiet.log'), '',
   "what is below nginx's own level is left out");
$t->get('/v1/items/quiet', port => $t->port('OWN'));
is(lines('/v1/items/quiet', 'quiet.log'), 'warn refused credential_missing',
   '... and what is not is there');

for my $code ('', '', '', 'notice refused rate_limited') {
    my $path = '/v1/items/limit' . length $code;

    $t->get($path, key => $key);
    is(lines($path), $code, $code ? 'a limit, likewise' : 'what is let in');
}

my $c = $t->client;

$c->send($t->request_bytes('/v1/items/sse', key => $live, keep => 1));
ok(defined $c->take("data: 2\n\n", time + $Keygate::Client::timeout),
   'a stream');
$t->append($t->key_line(id => 'tk_BBBBBB', account => 'acc_1', scopes => [],
    digest => $t->digest($live), revoked_at => '2026-11-01T00:00:00Z'));
ok($t->wait_for(sub {
    lines('/v1/items/sse') eq 'warn closed key_revoked'
}), 'a stream that is closed, likewise');

is(() = $t->read_file('error.log') =~ /\[error\].*keygate:/g, 1,
   'nothing else is an error');

$up->stop;
$t->done;

#!/usr/bin/perl

# Mistakes in where keys are sent, in what routes need, and in directives of
# locations: each is refused by "nginx -t" with file, line, the value that was
# found and what was expected.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use Test::More;

use Keygate;

my $t = Keygate->new(conf => '');

# %s: lines of the API, or of the server.

my $api = <<'E';
keygate_zone keys:1m journal=keys.jsonl;
keygate_api items {
    zone keys;
%s
    scope items:read;
}
server { listen 127.0.0.1:%%%%PORT%%%%; location / { keygate items; } }
E
my $server = <<'E';
keygate_zone keys:1m journal=keys.jsonl;
keygate_api items { zone keys; credential bearer; }
server {
    listen 127.0.0.1:%%%%PORT%%%%;
%s
}
E
my $zone = <<'E';


%s
E


# What is refused in line 4 of a configuration, and so said.

sub wrong {
    my ($conf, $line, $said) = @_;

    my ($rc, $out) = $t->check_conf(sprintf $conf, $line);
    my ($message) = $out =~ /^(.*\[emerg\].*)$/m;
    my $at = $t->{first_line} + ($conf eq $zone ? 2 : $conf eq $api ? 3 : 4);
    my $name = length $line > 70 ? substr($line, 0, 70) . '...' : $line;

    ok($rc == 1 && ($message // '') =~ m{\Q$said\E.* in \S+/check\.conf:$at$},
       $name) or diag("exit $rc, wanted line $at, $said\n$out");
}


sub right {
    my ($conf, $line) = @_;

    my ($rc, $out) = $t->check_conf(sprintf $conf, $line);

    is($rc, 0, $line) or diag($out);
}


# -- Where keys are sent

for my $case (
    [ 'credential scheme;', 'invalid "scheme"' ],
    [ 'credential scheme "a b";', '"a b"' ],
    [ 'credential scheme Token param=;', 'param=' ],
    [ 'credential scheme Token token;', 'token' ],
    [ 'credential scheme Token param=a param=b;', 'param=b' ],
    [ 'credential scheme Token param="a b";', '"b""' ],
    [ 'credential scheme Basic;', '"Basic"' ],
    [ 'credential scheme bearer;', '"bearer"' ],
    [ 'credential scheme Bot; credential scheme bot;', '"bot"' ],
    [ 'credential basic;', 'invalid "basic"' ],
    [ 'credential basic both;', '"both"' ],
    [ 'credential basic user password;', 'basic' ],
    [ 'credential basic user; credential basic user;', '"user"' ],
    [ 'credential basic user; credential basic password;', '"password"' ],
    [ 'credential websocket;', 'invalid "websocket"' ],
    [ 'credential websocket "";', '""' ],
    [ 'credential websocket "a b";', '"a b"' ],
    [ 'credential websocket a,b;', '"a,b"' ],
    [ 'credential websocket key. more;', '"websocket PREFIX"' ],
    [ 'credential websocket a; credential websocket a;', '"a"' ],
    [ 'credential websocket a; credential websocket ab;', '"ab"' ],
    [ 'credential bearer more;', 'invalid "bearer"' ],
    [ 'credential header X-Key more;', 'invalid "header"' ],
    map({ [ "credential header $_;", "\"$_\"" ] } qw(Host Cookie Content-Type
        Content-Length Transfer-Encoding Connection Upgrade TE Trailer
        Keep-Alive Expect Authorization Proxy-Authorization
        Sec-WebSocket-Protocol Sec-WebSocket-Key)))
{
    wrong($api, @$case);
}

right($api, 'credential scheme Token param=token; credential scheme Bot;');
right($api, 'credential basic user; credential websocket key.;');

# -- How keys look, paths, routes

for my $case (
    [ 'key_format any id=6;', 'id=6' ],
    [ 'key_format any secret=6;', 'secret=6' ],
    [ 'key_format any; key_format any;', '"any"' ],
    [ 'key_format any; key_format tk_;', '"tk_"' ],
    [ 'encoded_slash keep; encoded_slash keep;', 'encoded_slash' ],
    [ 'encoded_slash;', 'encoded_slash' ],
    [ 'encoded_slash keep deny;', 'encoded_slash' ],
    [ 'preflight;', 'preflight' ],
    [ 'unmatched maybe;', '"maybe"' ],
    [ 'unmatched pass; unmatched pass;', 'unmatched' ],
    [ 'route GET /a optional&items:read;', 'optional' ],
    [ 'route GET /a optional|any;', 'optional' ],
    [ 'route GET /a items:read&any;', 'any' ],
    [ 'route GET /a items:read|items:read;', 'items:read' ],
    [ 'scope optional;', '"optional"' ], [ 'scope public;', '"public"' ],
    [ 'route GET /:a.json any; route GET /:b.json any;', '/:b.json' ],
    [ 'route GET /: any;', '/:' ],
    [ 'route GET /:a.x:b any;', '/:a.x:b' ],
    [ 'route GET /:a-b/:a-b any;', '/:a-b/:a-b' ],
    [ 'route GET /*/a any;', '/*/a' ],
    [ 'route GET /a* any;', '/a*' ],
    map({ [ "route GET \"/a${_}b\" any;", "/a${_}b" ] }
        '{', '}', '<', '>', '[', ']', '(', ')', '|', '?', '#',
        "\x7f", "%2f"))
{
    wrong($api, "credential bearer; $case->[0]", $case->[1]);
}

right($api, 'credential bearer; route GET /:id.json any; '
      . 'route GET /:id:cancel any; route GET /v:major any; '
      . 'route GET /items::batch any; route POST /x optional;');

# -- Locations

for my $case (
    [ 'keygate_log_level;', 'invalid number of arguments' ],
    [ 'keygate_log_level debug;', 'invalid value "debug"' ],
    [ 'keygate_log_level info notice;', 'invalid number of arguments' ],
    [ 'keygate_log_level info; keygate_log_level warn;', 'is duplicate' ],
    [ 'if ($uri) { keygate_log_level info; }', 'is not allowed here' ],
    [ 'if ($uri) { keygate items; }', 'is not allowed here' ],
    [ 'keygate_auth;', '"keygate_auth" directive is not allowed here' ],
    [ 'keygate; ', 'invalid number of arguments' ],
    [ 'keygate items items;', 'invalid number of arguments' ],
    [ 'keygate items; keygate items;', '"keygate" directive is duplicate' ],
    [ 'location /a { limit_except GET { keygate items; keygate off; } }',
      '"keygate" directive is duplicate' ],
    [ 'location /a { limit_except GET { keygate_dry_run on; } }',
      'is not allowed here' ],
    [ 'location /a { limit_except GET { keygate_errors items; } }',
      'is not allowed here' ],
    [ 'location /a { limit_except GET { keygate_recheck 1s; } }',
      'is not allowed here' ],
    [ 'location /a { limit_except GET { keygate_me; } }',
      'is not allowed here' ],
    [ 'keygate_dry_run on; keygate_dry_run on;', 'is duplicate' ],
    [ 'keygate_zone a:1m;', 'is not allowed here' ],
    [ 'keygate_api a { zone keys; }', 'is not allowed here' ])
{
    wrong($server, @$case);
}

# what keygate answers, in a location where something else answers, too: it
# would be open, or dead, by which of them comes last

for my $one ('keygate items; keygate_auth;', 'keygate items; keygate_me;',
             'keygate items; keygate_scopes;', 'keygate_metrics;',
             'keygate_ready;')
{
    my ($name) = $one =~ /(keygate_\w+);$/;

    for my $other ('proxy_pass http://127.0.0.1:9;', 'stub_status;',
                   'fastcgi_pass 127.0.0.1:9;', 'empty_gif;')
    {
        wrong($server, "location /a { $one $other }",
              qq{"$name" stands beside another directive});
        wrong($server, "location /a { $other $one }",
              qq{"$name" directive stands beside another directive});
    }

    right($server, "location /a { $one } location /b "
        . '{ proxy_pass http://127.0.0.1:9; }');
}

right($server, 'location /a { limit_except GET { keygate items; } }');
right($server, 'location /a { keygate items; limit_except GET { keygate off; '
      . 'deny all; } }');

# -- The zone

for my $case (
    [ 'keygate_zone zone=keys;', 'invalid zone "zone=keys"' ],
    [ 'keygate_zone zone=:1m;', 'invalid zone "zone=:1m"' ],
    [ 'keygate_zone zone=keys:x;', 'invalid size "x" of zone "keys"' ],
    [ 'keygate_zone zone=keys:1m zone=keys:1m;', 'zone=keys:1m' ],
    [ 'keygate_zone zone=keys:1m keys:1m;', 'keys:1m' ],
    [ 'keygate_zone;', 'invalid number of arguments' ],
    [ 'keygate_zone k:1m journal=a journal=b;', 'journal=b' ],
    [ 'keygate_zone k:1m journal=;', 'journal=' ])
{
    wrong($zone, @$case);
}

right($zone, 'keygate_zone zone=keys:1m journal=keys.jsonl;');

$t->done;

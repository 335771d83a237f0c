#!/usr/bin/perl

# Every mistake is caught by "nginx -t", with file, line, the value found and
# what was expected.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use Test::More;

use Keygate;

my $t = Keygate->new;

# A configuration that is right; each mistake replaces or adds one line.

my @right = split /\n/, <<'E';
keygate_zone keys:1m journal=keys.jsonl;
keygate_api items {
    zone keys;
    credential header X-Api-Key;
    key_format tk_ id=6 secret=24;
    base /api;
    account business slug website;
    scope items:read "Read items";
    scope items:write implies=items:read;
    plan free;
    plan paid api_access;
    require api_access;
    rate 120r/m;
    rate_headers draft;
    route GET /v1/items items:read;
    route POST /v1/items items:write;
    route GET /v1/items/:id items:read|items:write;
    errors problem;
    error rate_limited "title=Slow";
    problem_types https://example.com/problems/;
    preflight off;
    encoded_slash deny;
    unmatched deny;
    pass_credential off;
}
server {
    listen 127.0.0.1:%%PORT%%;
    location / { keygate items; keygate_dry_run off; }
    location = /me { keygate items; keygate_me; }
}
E

# what it is called, the line (a pattern of what it replaces, or +pattern to
# come after it), what it is then, and what the message says

my @table = (
    # the zone
    [ 'a zone without a size', 'keygate_zone', 'keygate_zone keys;', 'keys' ],
    [ 'a zone without a name', 'keygate_zone', 'keygate_zone :1m;', ':1m' ],
    [ 'a size that is none', 'keygate_zone', 'keygate_zone keys:big;', 'big' ],
    [ 'a size that is too small', 'keygate_zone', 'keygate_zone keys:4k;',
      '4k' ],
    [ 'an unknown parameter of a zone', 'keygate_zone',
      'keygate_zone keys:1m color=blue;', 'color=blue' ],
    [ 'a zone twice', '+keygate_zone', 'keygate_zone keys:1m;', 'keys' ],
    [ 'a journal in no directory', 'keygate_zone',
      'keygate_zone keys:1m journal=none/keys.jsonl;', 'none/keys.jsonl' ],
    [ 'a journal that is a directory', 'keygate_zone',
      'keygate_zone keys:1m journal=temp;', 'temp' ],
    [ 'a pepper that is not there', 'keygate_zone',
      'keygate_zone keys:1m journal=keys.jsonl pepper=none;', 'none' ],
    [ 'a pepper that is too short', 'keygate_zone',
      'keygate_zone keys:1m journal=keys.jsonl pepper=short;', 'short' ],

    # the table of an API
    [ 'no zone', ' zone keys', '', 'zone' ],
    [ 'an unknown zone', ' zone keys', 'zone kees;', 'kees' ],
    [ 'two zones', '+ zone keys', 'zone keys;', 'zone' ],
    [ 'an API twice', '+^ \}$', 'keygate_api items { zone keys; }', 'items' ],
    [ 'an unknown directive', '+ zone keys', 'color blue;', 'color' ],

    # where a key is sent
    [ 'no credential', 'credential header', '', 'credential' ],
    [ 'an unknown kind', 'credential header', 'credential cookie sid;',
      'cookie' ],
    [ 'a header without a name', 'credential header', 'credential header;',
      'header' ],
    [ 'a header name that is none', 'credential header',
      'credential header "X Api";', 'X Api' ],
    [ 'the same header twice', '+credential header',
      'credential header x-api-key;', 'x-api-key' ],
    [ 'bearer twice', '+credential header',
      'credential bearer; credential bearer;', 'bearer' ],

    # how keys look
    [ 'an id= that is no number', 'key_format', 'key_format tk_ id=x;',
      'id=x' ],
    [ 'an id= that is too long', 'key_format', 'key_format tk_ id=9999;',
      'id=9999' ],
    [ 'a secret= that is too short', 'key_format', 'key_format tk_ secret=1;',
      'secret=1' ],
    [ 'a secret= that is too long', 'key_format',
      'key_format tk_ secret=100000;', 'secret=100000' ],
    [ 'an unknown parameter', 'key_format', 'key_format tk_ length=6;',
      'length=6' ],
    [ 'a prefix that no header holds', 'key_format', 'key_format "t k";',
      't k' ],
    [ 'the same format twice', '+key_format', 'key_format tk_ id=6;', 'tk_' ],

    # base and account
    [ 'a base without a slash', 'base /api', 'base api;', 'api' ],
    [ 'two bases', '+base /api', 'base /api;', 'base' ],
    [ 'a field twice', 'account business', 'account business slug slug;',
      'slug' ],
    [ 'an account by the name of what stands beside it', 'account business',
      'account caller slug;', '"caller"' ],
    [ 'a field that would hide the id', 'account business',
      'account business id;', 'id' ],

    # scopes
    [ 'a scope twice', '+scope items:read', 'scope items:read;',
      'items:read' ],
    [ 'a scope called any', '+scope items:read', 'scope any;', 'any' ],
    [ 'a scope called public', '+scope items:read', 'scope public;',
      'public' ],
    [ 'a scope with a pipe', '+scope items:read', 'scope a|b;', 'a|b' ],
    [ 'an implied scope that is unknown', 'scope items:write',
      'scope items:write implies=items:reed;', 'items:reed' ],
    [ 'an implication cycle', '+scope items:write',
      'scope a implies=b; scope b implies=c; scope c implies=a;',
      '"[abc]"' ],
    [ 'a scope that implies itself', '+scope items:write',
      'scope self implies=self;', 'self' ],

    # plans
    [ 'a plan twice', '+plan paid', 'plan paid;', 'paid' ],
    [ 'a feature twice in a plan', 'plan paid',
      'plan paid api_access api_access;', 'api_access' ],
    [ 'a feature that no plan has', 'require', 'require api_acess;',
      'api_acess' ],

    # rates
    [ 'a rate of 0', 'rate 120', 'rate 0r/m;', '0r/m' ],
    [ 'a rate that is too high', 'rate 120', 'rate 1000000001r/m;',
      '1000000001r/m' ],
    [ 'a rate of an unknown unit', 'rate 120', 'rate 120r/w;', '120r/w' ],
    [ 'a rate without a unit', 'rate 120', 'rate 120;', '120' ],
    [ 'a negative rate', 'rate 120', 'rate -1r/m;', '-1r/m' ],
    [ 'a rate of many digits', 'rate 120', 'rate ' . '9' x 40 . 'r/m;',
      '9' x 40 . 'r/m' ],
    [ 'two rates of a unit', '+rate 120', 'rate 60r/m;', 'minute|60r/m' ],
    [ 'two rates of a name', '+rate 120', 'rate 60r/h name=minute;',
      'minute' ],
    [ 'a rate per something else', 'rate 120', 'rate 120r/m per=address;',
      'per=address|address' ],
    [ 'a rate of an unknown plan', '+rate 120', 'rate 60r/m plan=gold;',
      'gold' ],
    [ 'two rates of a plan', '+rate 120',
      'rate 60r/m plan=paid; rate 70r/m plan=paid;', '70r/m' ],
    [ 'a rate of a plan twice', '+rate 120', 'rate 60r/m plan=paid,paid;',
      'paid,paid' ],
    [ 'a rate of no plan', '+rate 120', 'rate 60r/m plan=;', 'plan=' ],
    [ 'a rate of a group without a route', '+rate 120',
      'rate 60r/m group=search;', 'search' ],
    [ 'a route of an unknown group', 'route POST',
      'route POST /v1/items any group=search;', 'search' ],
    [ 'unknown rate headers', 'rate_headers', 'rate_headers modern;',
      'modern' ],
    [ 'rate headers twice', '+rate_headers', 'rate_headers off;',
      'rate_headers' ],

    # routes
    [ 'a route with an unknown scope', 'route POST',
      'route POST /v1/items items:wrote;', 'items:wrote' ],
    [ 'a route without a need', 'route POST', 'route POST /v1/items;',
      'route' ],
    [ '& and | together', 'route POST',
      'route POST /v1/items items:read&items:write|items:read;',
      'items:read&items:write\|items:read' ],
    [ 'a scope twice in a need', 'route POST',
      'route POST /v1/items items:read&items:read;', 'items:read' ],
    [ 'an empty scope in a need', 'route POST',
      'route POST /v1/items items:read&;', 'items:read&' ],
    [ 'two routes that are one', '+route POST',
      'route POST /v1/items items:read;', '/v1/items' ],
    [ 'two routes that cannot be told apart', '+route GET +/v1/items/:id',
      'route GET /v1/items/:ref items:read;', '/v1/items/:ref.*/v1/items/:id' ],
    [ 'a method that is none', 'route POST', 'route "P@ST" /v1/items any;',
      'P@ST' ],
    [ 'a method in lower case', 'route POST', 'route post /v1/items any;',
      'post' ],
    [ 'a method twice', 'route POST', 'route POST|POST /v1/items any;',
      '/v1/items' ],
    [ 'a template without a slash', 'route POST', 'route POST v1/items any;',
      'v1/items' ],
    [ 'a template of OpenAPI', 'route POST', 'route POST "/v1/{id}" any;',
      '/v1/\{id\}.*":id"' ],
    [ 'a template of Flask', 'route POST', 'route POST /v1/<id> any;',
      '/v1/<id>.*":id"' ],
    [ 'a template with an optional parameter', 'route POST',
      'route POST /v1/:id? any;', '/v1/:id\?.*":id"' ],
    [ 'a regular expression', 'route POST', 'route POST "/v1/(.+)$" any;',
      '/v1/\(\.\+\)\$' ],
    [ 'two parameters in a segment', 'route POST',
      'route POST /v1/:a.:b any;', '/v1/:a.:b.*"::"' ],
    [ 'a parameter without a name', 'route POST', 'route POST /v1/a: any;',
      '/v1/a:.*"::"' ],
    [ 'two parameters with the same text', '+route POST',
      'route GET|GET /v1/a:x.b any;', '/v1/a:x.b' ],
    [ 'a template with ..', 'route POST', 'route POST /v1/../x any;',
      '/v1/../x' ],
    [ 'a template with //', 'route POST', 'route POST /v1//x any;',
      '/v1//x' ],
    [ 'a template with a star inside', 'route POST',
      'route POST /v1/*/x any;', '/v1/\*/x' ],
    [ 'a param twice', 'route POST', 'route POST /v1/:a/:a any;',
      '/v1/:a/:a' ],
    [ 'a param without a name', 'route POST', 'route POST /v1/: any;',
      '/v1/:' ],
    [ 'a template with a query', 'route POST', 'route POST /v1?x any;',
      '/v1\?x' ],
    [ 'a cost that is none', 'route POST', 'route POST /v1/items any cost=x;',
      'cost=x|"x"' ],
    [ 'a feature that no plan has', 'route POST',
      'route POST /v1/items any feature=gold;', 'gold' ],
    [ 'an unknown parameter', 'route POST',
      'route POST /v1/items any color=blue;', 'color=blue' ],

    # errors
    [ 'an unknown format', 'errors problem', 'errors xml;', 'xml' ],
    [ 'an unknown code', 'error rate', 'error too_fast title=Slow;',
      'too_fast' ],
    [ 'a status that is no error', 'error rate',
      'error rate_limited status=200;', '200' ],
    [ 'an unknown placeholder', 'error rate',
      'error rate_limited "detail=wait {seconds}";', 'seconds' ],
    [ 'an unknown part of an error', 'error rate',
      'error rate_limited text=x;', 'text=x' ],
    [ 'a text in quotes', 'error rate', 'error rate_limited title="Slow";',
      'title="Slow"' ],
    [ 'a text that is empty, in quotes', 'error rate',
      'error rate_limited code="";', 'code=""' ],
    [ 'an error twice', '+error rate', 'error rate_limited title=x;',
      'rate_limited' ],
    [ 'a preflight that is none', 'preflight', 'preflight on;', '"on"' ],
    [ 'a preflight twice', '+preflight', 'preflight pass;', 'preflight' ],
    [ 'origins that are not asked', 'preflight', 'preflight pass *;', '\*' ],
    [ 'no origins', 'preflight', 'preflight answer;', 'answer' ],
    [ 'all origins, and one', 'preflight', 'preflight answer * http://a;',
      '"\*"' ],
    [ 'one origin, and all', 'preflight', 'preflight answer http://a *;',
      '"\*"' ],
    [ 'an origin twice', 'preflight',
      'preflight answer http://a http://b http://a;', '"http://a"' ],
    [ 'too many origins', 'preflight', 'preflight answer '
      . join(' ', map { "http://a:$_" } 1 .. 33) . ';', 'at most 32' ],
    map({ [ "an origin that is none: $_", 'preflight', "preflight answer $_;",
            "\"\Q$_\E\"" ] }
        'https://a/', 'https://A', 'a.b', 'https://a:443', 'http://a:80',
        'http://a:0', 'http://a:', 'http://a:65536', 'http://', '://a',
        'http://[::1', 'http://[]', 'http://u@a', 'null', 'https://*.a'),
    [ 'an encoded slash, neither', 'encoded_slash', 'encoded_slash on;',
      'on' ],
    [ 'unmatched, neither', 'unmatched', 'unmatched maybe;', 'maybe' ],
    [ 'pass_credential, neither', 'pass_credential', 'pass_credential yes;',
      'yes' ],

    # locations
    [ 'an unknown API', 'location / ', 'location / { keygate itmes; }',
      'itmes' ],
    [ 'keygate twice', 'location / ',
      'location / { keygate items; keygate items; }', 'duplicate' ],
    [ 'a dry run, neither', 'location / ',
      'location / { keygate items; keygate_dry_run maybe; }', 'maybe' ],
    [ 'keygate_auth in a server', '+listen', 'keygate_auth;', 'keygate_auth' ],
    [ 'keygate_auth without an API', '+listen',
      'location = /auth { keygate_auth; }', 'expected "keygate NAME"' ],
    [ 'keygate_auth and another', 'location = /me',
      'location = /me { keygate items; keygate_me; keygate_auth; }',
      'expected one of "keygate_me", "keygate_scopes" and "keygate_auth"' ],
    [ 'keygate_auth twice', 'location = /me',
      'location = /me { keygate items; keygate_auth; keygate_auth; }',
      'duplicate' ],
    [ 'keygate_auth with a value', 'location = /me',
      'location = /me { keygate items; keygate_auth on; }',
      'invalid number of arguments' ],
    [ 'keygate_me in a server', '+listen', 'keygate_me;', 'keygate_me' ],
);

$t->write_file('short', 'x' x 31);

my ($rc, $out) = $t->check_conf(join "\n", @right, '');
is($rc, 0, 'what is right is accepted') or diag($out);

for my $case (@table) {
    my ($name, $where, $line, $said) = @$case;

    my $after = $where =~ s/^\+//;
    my ($at) = grep { " $right[$_]" =~ /$where/ } 0 .. $#right;

    die "$name: no line like $where\n" if !defined $at;

    my @lines = @right;
    splice @lines, $after ? $at + 1 : $at, $after ? 0 : 1, $line;

    my ($rc, $out) = $t->check_conf(join "\n", @lines, '');
    my ($message) = $out =~ /^(.*\[emerg\].*)$/m;

    $message //= '';

    my ($number) = $message =~ m{ in \S+/check\.conf:(\d+)(?: \(\d+: .*\))?$};
    my $want = $t->{first_line} + $at + ($after ? 1 : 0);

    # what is missing from a block is told where the block is
    my ($open) = grep { $right[$_] =~ /^keygate_api/ } 0 .. $#right;
    my ($close) = grep { $right[$_] eq '}' } 0 .. $#right;
    my @may = $line ne '' ? ($want)
            : map { $t->{first_line} + $_ } $open, $open - 1, $close,
                                            $close - 1;

    my $there = defined $number && grep { $_ == $number } @may;

    ok($rc == 1 && $message =~ /$said/ && $there, $name)
        or diag("exit $rc, wanted line @may, /$said/\n$out");
}

# a block within a block, a line without its end
for my $broken ('keygate_api x { y { } }', 'keygate_api x { zone keys }',
                'keygate_api { zone keys; }', 'keygate_api x y { }',
                'keygate_api x { zone keys;')
{
    my ($rc, $out) = $t->check_conf("keygate_zone keys:1m;\n$broken\n");
    is($rc, 1, "broken: $broken");
    like($out, qr/\[emerg\].*check\.conf:\d+$/m, 'with file and line');
}

# nothing of keygate at all
($rc, $out) = $t->check_conf('server { listen 127.0.0.1:%%PORT%%; }');
is($rc, 0, 'no keygate at all') or diag($out);

# what may look like a mistake, and is none

for my $fine (
    [ 'many formats', '+key_format', 'key_format sk_ id=0 secret=16;' ],
    [ 'a rate in every unit', '+rate 120',
      'rate 5r/s; rate 1000r/h; rate 9r/d; rate 1000000000r/month;' ],
    [ 'a rate per account', '+rate 120',
      'rate 500r/m name=all per=account;' ],
    [ 'a rate of a plan', '+rate 120', 'rate 60r/m plan=paid;' ],
    [ 'a group of routes', '+route POST', 'rate 60r/m group=search; '
      . 'route GET /v1/search any group=search;' ],
    [ 'a route that costs nothing', 'route POST',
      'route POST /v1/items any cost=0;' ],
    [ 'origins', 'preflight', 'preflight answer http://[::1]:8080 '
      . 'http://127.0.0.1:443 https://a:80 moz-extension://2c1-64 app://.;' ],
    [ 'a fixed segment beside a param', '+route POST',
      'route GET /v1/items/new items:read;' ],
    [ 'the same template, another method', '+route POST',
      'route PATCH /v1/items/:ref items:write;' ],
    [ 'an implied scope that comes later', '+scope items:read',
      'scope early implies=late; scope late;' ],
    [ 'a zone that comes later', 'keygate_zone', '' ])
{
    my ($name, $where, $line) = @$fine;
    my $after = $where =~ s/^\+//;
    my ($at) = grep { " $right[$_]" =~ /$where/ } 0 .. $#right;
    my @lines = @right;

    splice @lines, $after ? $at + 1 : $at, $after ? 0 : 1, $line;
    push @lines, $right[0] if $name =~ /zone/;
    my ($rc, $out) = $t->check_conf(join "\n", @lines, '');
    is($rc, 0, "fine: $name") or diag($out);
}

$t->done;

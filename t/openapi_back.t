#!/usr/bin/perl

# "keygate openapi --export": a configuration as an overlay, which becomes the
# same configuration again; and --check: whether a document and a configuration
# say the same.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use JSON::PP ();
use Test::More;

use Keygate;
use Keygate::Admin;
use Keygate::Command;
use Keygate::OpenAPI qw(document convert command nginx_takes done);

plan skip_all => 'no keygate command is built'
    if !-x $Keygate::Command::binary;

my $block = <<'E';
keygate_api shop {
    zone        shop;
    credential  header X-Api-Key;
    credential  basic user;
    credential  websocket key.;
    key_format  shop_ id=6 secret=24;
    base        /v1;
    account     business slug;
    plan        starter;
    plan        growth api_access;
    require     api_access;
    rate        120r/m name=per_minute;
    rate        5000r/d per=account;
    rate_headers legacy;
    errors      envelope;
    error       rate_limited "title=Not so fast";
    preflight   answer https://shop.example;
    unmatched   pass;

    scope       read "Read";
    scope       write implies=read "Write; \"all\" of it";
    scope       b:x;

    route       GET        /items                                  read;
    route       POST|PUT   /items                                  write cost=5;
    route       GET        /items/:id.json                         read|b:x;
    route       DELETE     /items/:id:undo                         write&b:x;
    route       GET        /items::batch                           any;
    route       none       /left/out                               any;
    route       GET        /left/:x                                public;
    route       GET        "/a b/:y"                               optional;
    route       GET        /rest/*                                 read;
    route       GET        /:any/:other                            write;
    route       GET        /open/*                                 public;
    route       PROPFIND   /dav/*                                  read;
    route       *          /all                                    any;
    when        POST /items body.archived write;
    when        POST /items body.price b:x;
}
E

my $conf = command->write('shop.conf', "# mine\nhttp {\n$block}\n");
my ($r, $overlay);

sub overlay {
    return JSON::PP->new->utf8->decode($_[0]{out});
}

sub again {
    my ($text, @options) = @_;

    my $r = command->run('openapi', command->write('again.json', $text),
        @options);

    diag $r->{err} if $r->{code};

    return $r->{out} =~ s/\A(?:#.*\n)*\n//r;
}


$r = command->run('openapi', '--export', $conf);
is $r->{code}, 0, 'a configuration is exported' or diag $r->{err};
$overlay = overlay($r);
is $overlay->{overlay}, '1.0.0', 'as an overlay';
is again($r->{out}), $block, 'which becomes the same configuration';

my ($update) = map { $_->{update} // () } @{$overlay->{actions}};
my $item = $update->{paths}{'/items'};

is_deeply $item->{get}{security}, [ { keygate => ['read'] },
    { keygate_2 => ['read'] }, { keygate_3 => ['read'] } ],
    'each credential is an alternative';
is_deeply $update->{paths}{'/items/{id}.json'}{get}{security},
    [ map { my $s = $_; map { { $_ => [$s] } }
            qw(keygate keygate_2 keygate_3) } qw(read b:x) ],
    'and so is each of several scopes';
is_deeply $update->{paths}{'/left/{x}'}{get}{security}, [], 'public';
is_deeply [ sort keys %{$item->{post}{responses}} ],
    [ qw(400 401 403 413 429 503) ], 'answers of the gate';
is_deeply [ sort keys %{$update->{paths}{'/left/{x}'}{get}{responses}} ],
    ['400'], 'to everybody';
is_deeply [ sort keys %{$item->{post}{responses}{429}{headers}} ],
    [ qw(Retry-After X-RateLimit-Limit X-RateLimit-Remaining
         X-RateLimit-Reset) ], 'with their fields';
is_deeply $item->{post}{'x-keygate'},
    { cost => '5', when => { archived => 'write', price => 'b:x' } },
    'what OpenAPI has no word for';
is_deeply $overlay->{actions}[0],
    { target => q{$.paths['/items'].get.security},
      remove => JSON::PP::true() },
    'security of the document is replaced, not added to';

$r = command->run('openapi', '--export', '--fragment', $conf);
is overlay($r)->{openapi}, '3.1.0', '--fragment: a document';
is again($r->{out}), $block, 'which becomes the same configuration';

# -- when it cannot be printed

my $routes = join '', map { "route GET /items/$_ read;\n" } 1 .. 400;
my $many = command->write('many.conf', "keygate_api shop {\nzone shop;\n"
    . "credential bearer;\nkey_format shop_ id=6 secret=24;\nscope read;\n"
    . "${routes}}\n");
my $read = command->write('read.json',
    JSON::PP->new->encode(document(security => [{ key => ['read'] }],
        schemes => { key => { type => 'apiKey', in => 'header',
            name => 'Authorization' } },
        paths => { '/items/1' => { get => {} } })));

open my $full, '>', '/dev/full';

for my $case (
    [ 'an overlay', '--export', $conf ], [ 'a long one', '--export', $many ],
    [ 'differences', $read, '--check', $many ],
    [ 'many in JSON', $read, '--check', $many, '--json' ],
    [ 'a block, if there are warnings', $read, '--strict' ],
    [ 'one in JSON', $read, '--strict', '--json' ],
) {
    my ($what, @args) = @$case;
    my $r = command->run('openapi', @args, { stdout => $full });

    is $r->{code}, 5, "$what: no room is 5";
    like $r->{err}, qr/^keygate: stdout: No space left on device\n\z/m,
        "$what: and is told";
    unlike $r->{err}, qr/memory/, "$what: as what it is";
}

# -- whatever there is to be tried, where it is there

my @there = map { glob "$Keygate::root/$_/shared/corpora/openapi/*.*" }
            qw(.. ../..);

diag 'no documents to try: shared/corpora/openapi' if !@there;

for my $file (@there) {
    my ($name) = $file =~ m{([^/]+)\z};
    my $first = command->run('openapi', $file, '--public');

    is $first->{code}, 0, "$name: is converted";
    nginx_takes($first, "$name: nginx takes it");

    my $path = command->write('first.conf', $first->{out});

    is again(command->run('openapi', '--export', $path)->{out}),
        $first->{out} =~ s/\A(?:#.*\n)*\n//r, "$name: there and back";
    is command->run('openapi', $file, '--public', '--check', $path)->{code},
        0, "$name: they say the same";
}

# -- --check

my %document = (security => [ { key => ['read'] } ],
    servers => [ { url => '/v1' } ], paths => {
        '/items' => { get => {}, post => { 'x-keygate' => { cost => 5 },
            security => [ { key => [ 'read', 'write' ] } ] } },
        '/items/{id}' => { get => {} } });
my $same = <<'E';
keygate_api shop { zone keys; credential header X-Api-Key;
scope read "Something"; scope write; rate 7r/m;
route GET /v1/items read; route POST /v1/items write&read cost=5;
route GET /v1/items/:other read feature=f; plan p f; }
E

for my $case (
    [ 'the same', sub { }, '' ],
    [ 'another need', sub { s/write&read/write/ },
      'POST /v1/items: the document says "read&write", and the configuration '
      . '"write"' ],
    [ 'one of, not all', sub { s/write&read/write|read/ },
      'POST /v1/items: the document says "read&write", and the configuration '
      . '"write|read"' ],
    [ 'another cost', sub { s/ cost=5// },
      'POST /v1/items: the document says "cost=5", and the configuration '
      . 'does not' ],
    [ 'no such route', sub { s{route GET /v1/items read;}{} },
      'GET /v1/items: only the document has it' ],
    [ 'one more', sub { s{plan}{route PUT /v1/x any; plan} },
      'PUT /v1/x: only the configuration has it' ],
    [ 'another scope', sub { s/scope write;/scope write; scope x;/ },
      'scope x: only the configuration has it' ],
    [ 'another credential', sub { s/header X-Api-Key/bearer/ },
      "credential header X-Api-Key: only the document has it\n" ],
    [ 'another base', sub { s{zone}{base /v2; zone} },
      'GET /v1/items: only the document has it' ],
) {
    my ($name, $edit, $told) = @$case;

    local $_ = $same;
    $edit->();
    $r = convert(document(%document), '--check',
        command->write('check.conf', $_));
    is $r->{code}, $told eq '' ? 0 : 1, "$name: the exit code";
    is substr($r->{out}, 0, length $told), $told, "$name: what is told";
    is $r->{out}, '', "$name: nothing" if $told eq '';
}

# -- what the document has no word for

my %extended = (%document, 'x-keygate' => {
    plan => { p => [ 'f', 'g' ] }, require => 'f', account => 'business slug',
    rate => [ '10r/m', '5r/d per=account' ], errors => 'problem',
    key_format => 'sk_ id=6 secret=32' });
my $directives = 'plan p f g; require f; account business slug; rate 10r/m; '
    . 'rate 5r/d per=account; key_format sk_ secret=32;';

for my $case (
    [ 'the same', sub { } ],
    [ 'in another order', sub { s/f g/g f/; s/rate 10r.m; //;
      $_ .= ' rate 10r/m per=key name=minute;' } ],
    [ 'without what holds anyway', sub { $_ .= ' errors problem;' } ],
    [ 'another one of what it has not', sub { $_ .= ' preflight pass;' } ],
    [ 'require', sub { s/require f; // }, 'require f: only the document' ],
    [ 'one more', sub { s/require f/require f g/ },
      'require g: only the configuration' ],
    [ 'rate', sub { s/rate 10r.m; // }, 'rate 10r/m: only the document' ],
    [ 'another rate', sub { s/10r/20r/ },
      'rate 10r/m: only the document', 'rate 20r/m: only the configuration' ],
    [ 'one per key', sub { s/ per=account// },
      'rate 5r/d per=account: only the document',
      'rate 5r/d: only the configuration' ],
    [ 'a feature of a plan', sub { s/ f g/ f/ },
      'plan p f g: only the document', 'plan p f: only the configuration' ],
    [ 'a plan', sub { s/plan/plan q; plan/ }, 'plan q: only the config' ],
    [ 'an account', sub { s/ slug// }, 'account business slug: only the doc',
      'account business: only the configuration' ],
    [ 'a format', sub { s/secret=32/secret=40/ },
      'key_format sk_ secret=32: only the document',
      'key_format sk_ secret=40: only the configuration' ],
    [ 'errors', sub { $_ .= ' errors envelope;' },
      'errors envelope: only the configuration' ],
) {
    my ($name, $edit, @told) = @$case;

    local $_ = $directives;
    $edit->();
    $r = convert(document(%extended), '--check', command->write('check.conf',
        $same =~ s/ rate 7r.m;| plan p f;//gr =~ s/\bzone/$_ zone/r));
    is $r->{code}, @told ? 1 : 0, "x-keygate: $name: the exit code"
        or diag $r->{out}, $r->{err};
    is scalar(() = $r->{out} =~ /\n/g), scalar @told, '... so many lines';
    like $r->{out}, qr/^\Q$_\E/m, "... $_" for @told;
}

$r = convert(document(%document), '--zone', 'others', '--check',
    command->write('check.conf', $same));
is $r->{out}, "zone others: only the document has it\n"
    . "zone keys: only the configuration has it\n", 'a zone that is asked for';

for my $case (
    [ 'no block', 'events {}', qr/there is no "keygate_api"/ ],
    [ 'several', "keygate_api a { }\nkeygate_api b { }",
      qr/several APIs in it; --name/ ],
    [ 'half a one', "keygate_api a {\n zone x", qr/:2: unexpected end/ ],
    [ 'what nginx does not take', "keygate_api a {\nzone x; zone y; }",
      qr/:2: invalid "zone", expected this directive only once/ ],
) {
    my ($name, $text, $told) = @$case;

    $r = convert(document(%document), '--check',
        command->write('check.conf', $text));
    is $r->{code}, 2, "$name: is not usable";
    like $r->{err}, $told, "$name: and why";
}

is convert(document(%document), '--check', 'none.conf')->{code}, 2,
    'nor is what is not there';
is convert(document(%document), '--name', 'shop', '--check',
    command->write('check.conf', "keygate_api x { }\n$same"))->{code}, 0,
    '--name says which';

# -- a gateway

my $t = Keygate->new(conf => <<'E');
keygate_zone keys:1m journal=keys.jsonl;
keygate_api shop {
    zone keys; credential header X-Api-Key; key_format shop_; base /v1;
    scope read; scope write;
    route GET /items read; route POST /items read&write cost=5;
    route GET /items/:id read;
}
server {
    listen 127.0.0.1:%%ADMIN%%;
    location / { keygate_admin shop token=admin.token; }
}
E

admin_token($t);
$t->start;

my @admin = ('--admin', 'http://127.0.0.1:' . $t->port('ADMIN'),
    '--token-file', '-', { stdin => "$Keygate::Admin::token\n" });

$r = convert(document(%document), '--check', @admin);
is $r->{code}, 0, 'a gateway says the same' or diag $r->{out}, $r->{err};

delete $document{paths}{'/items'}{post};
$r = convert(document(%document), @admin);
is $r->{code}, 1, 'or something else';
is $r->{out}, "scope write: only the configuration has it\n"
    . "POST /v1/items: only the configuration has it\n", 'which is told';

$r = command->run('openapi', '--export', @admin);
is_deeply [ sort keys %{overlay($r)->{actions}[-1]{update}{paths}} ],
    [ '/items', '/items/{id}' ], 'and is exported';

done($t);

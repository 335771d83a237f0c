#!/usr/bin/perl

# "keygate openapi": what each rule of a document becomes, what is told of it,
# and that nginx takes it.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use JSON::PP ();
use Test::More;

use Keygate;
use Keygate::Command;
use Keygate::OpenAPI qw(document convert routes warned nginx_takes done);

plan skip_all => 'no keygate command is built'
    if !-x $Keygate::Command::binary;

my %key = (type => 'apiKey', in => 'header', name => 'X-Api-Key');
my ($r, %route);

# -- what everybody has

$r = convert(document(
    servers => [ { url => 'https://api.example.com/v1/' } ],
    security => [ { key => ['read'] } ],
    paths => {
        '/items' => { get => {},
            post => { security => [ { key => ['write'] } ] } },
        '/items/{item-id}' => {
            get => {},
            delete => { security => [ { key => [ 'write', 'admin' ] } ] },
        },
        '/health' => { get => { security => [] } },
    },
));

is $r->{code}, 0, 'a document is converted';
like $r->{out}, qr/^keygate_api shop \{$/m, 'the title is its name';
like $r->{out}, qr/^    zone +keys;$/m, 'a zone';
like $r->{out}, qr/^    credential +header X-Api-Key;$/m, 'its credential';
like $r->{out}, qr/^    base +\/v1;$/m, 'the base of the server';
like $r->{out}, qr/^    scope +read;$/m, 'scopes';
like $r->{out}, qr/^# Made by: keygate openapi \S+
# from OpenAPI 3\.1\.0: Shop 1
# sha256:[0-9a-f]{64}$/m, 'where it is from';

is_deeply routes($r), {
    'GET /items' => 'read', 'POST /items' => 'write',
    'GET /items/:item_id' => 'read',
    'DELETE /items/:item_id' => 'write&admin', 'GET /health' => 'public',
}, 'routes and what they need';

like $r->{err}, qr/^\S+:\d+: \/paths\/~1health\/get: public: GET \/health$/m,
    'what is public is told, with pointer and line';
like $r->{err}, qr/^5 operations: 5 routes, 0 left out; 3 scopes, 1 public, /m,
    'and a summary';
like $r->{err}, qr/, 0 warnings\n\z/, 'comes last';
unlike $r->{err}, qr/optional/, 'and of nothing else';
nginx_takes($r, 'nginx takes it');

# -- what takes a key, or none

my $either = document(
    security => [ { key => ['read'] } ],
    paths => {
        '/feed' => { get => { security => [ {}, { key => ['read'] } ] },
            post => {} },
        '/open' => { get => { security => [ {} ] } },
    },
);

$r = convert($either);
like $r->{err}, qr{^\S+:\d+: /paths/~1feed/get: optional: GET /feed$}m,
    'what is optional is told, with pointer and line';
like $r->{err}, qr/; 1 scopes, 1 public, 1 optional, 0 warnings\n\z/,
    'and in the summary';

$r = JSON::PP::decode_json(convert($either, '--json')->{out});
is_deeply [ map { $_->{detail} } @{$r->{optional}} ],
    ['optional: GET /feed'], 'in JSON, too';
is_deeply [ map { $_->{detail} } @{$r->{public}} ], ['public: GET /open'],
    'apart from what is public';

# -- options

$r = convert(document(security => [ { key => [] } ],
        servers => [ { url => '/a' }, { url => '/b' } ],
        paths => { '/x' => { get => {} } }),
    '--name', 'mine', '--zone', 'others', '--server', '2');
like $r->{out}, qr/^keygate_api mine \{\n    zone +others;/m,
    '--name and --zone';
like $r->{out}, qr{^    base +/b;}m, '--server by its number';
is convert(document(security => [ { key => [] } ],
        paths => { '/x' => { get => {} } }), '--server', '/c/')->{out}
    =~ m{^    base +(\S+);}m && $1, '/c', '--server by its path';
is convert(document(), '--server', '3')->{code}, 2, 'one that is not there';

$r = convert(document(security => [ { key => [ 'a', 'b' ] } ],
    paths => { '/x' => { get => {} } }), '--scopes', 'any');
is routes($r)->{'GET /x'}, 'a|b', '--scopes any';

# -- no "security"

my %open = (paths => { '/x' => { get => {} } });

$r = convert(document(%open));
is $r->{code}, 2, 'a document without any security is an error';
is $r->{out}, '', 'and nothing is printed';
like $r->{err}, qr/no "security" in it: --public .* --any/, 'but what to say';
is routes(convert(document(%open), '--public'))->{'GET /x'}, 'public',
    '--public';
is routes(convert(document(%open), '--any'))->{'GET /x'}, 'any', '--any';
is convert(document(%open), '--any', '--public')->{code}, 2, 'but not both';

$r = convert(document(paths => {
    '/x' => { get => {}, post => { security => [ { key => [] } ] } } }));
is_deeply routes($r), { 'POST /x' => 'any' },
    'an operation without any is left out';
warned($r, '/paths/~1x/get', qr/left out: nothing says what it needs/);
is convert(document(paths => { '/x' => { get => {},
            post => { security => [ { key => [] } ] } } }), '--strict')->{code},
    1, '--strict: then the exit code is 1';

# -- alternatives

my %two = (
    oauth => { type => 'oauth2', flows => { implicit => {
        scopes => { 'pets:read' => "Read\n pets", 'pets:write' => '' } } } },
    key => \%key,
    jar => { type => 'apiKey', in => 'cookie', name => 'sid' },
    search => { type => 'apiKey', in => 'query', name => 'k' },
    place => { type => 'apiKey', in => 'path', name => 'k' },
    token => { type => 'http', scheme => 'Token' },
    basic => { type => 'http', scheme => 'basic' },
    underscore => { type => 'apiKey', in => 'header', name => 'api_key' },
    field => { type => 'apiKey', in => 'header', name => 'Authorization' },
    host => { type => 'apiKey', in => 'header', name => 'Host' },
    digest => { type => 'http', scheme => 'digest' },
    tls => { type => 'mutualTLS' },
);

for my $case (
    [ 'a scheme without scopes needs those of the other',
      [ { key => [] }, { oauth => ['pets:read'] } ], 'pets:read',
      qr/has no scopes/ ],
    [ 'one of the scopes of each', [ { oauth => ['a'] }, { key => ['b'] } ],
      'a|b' ],
    [ 'what the other holds anyway',
      [ { oauth => ['a'] }, { key => [ 'a', 'b' ] } ], 'a' ],
    [ 'what cannot be said',
      [ { oauth => ['a'] }, { key => [ 'c', 'b' ] } ], undef,
      qr/left out: alternatives with different scopes/ ],
    [ 'nothing, or a key', [ {}, { oauth => ['a'] } ], 'optional' ],
    [ 'nothing', [ {} ], 'public' ],
    [ 'two schemes at once', [ { key => [], oauth => [] } ], undef,
      qr/left out: .* several schemes at once/ ],
    [ 'a scheme that nobody declares', [ { none => [] } ], undef,
      qr/"none": the scheme is not declared; --scheme/ ],
    [ 'a key in a cookie', [ { jar => [] } ], undef, qr/in a cookie/ ],
    [ 'in the query', [ { search => [] } ], undef, qr/in the query ends up/ ],
    [ 'in the path', [ { place => [] } ], undef, qr/its "in" is none of/ ],
    [ 'or in a header', [ { jar => [] }, { key => ['a'] } ], 'a' ],
    [ 'a field that is not for keys', [ { host => [] } ], undef,
      qr/not one for keys/ ],
    [ 'what is no key', [ { digest => [] } ], undef, qr/not a key/ ],
    [ 'a certificate', [ { tls => [] } ], undef, qr/ssl_verify_client/ ],
    [ 'a scope that cannot be', [ { key => ['public'] } ], undef,
      qr/"public": no scope here .* --rename/ ],
    [ 'nor by another way', [ { key => ['public'] }, { oauth => [] } ],
      undef, qr/left out/ ],
    [ 'no list', 'key', undef, qr/no list/ ],
) {
    my ($name, $security, $need, $warning) = @$case;

    $r = convert(document(schemes => \%two,
        paths => { '/x' => { get => { security => $security } } }));
    is $r->{code}, 0, "$name: is converted";
    is routes($r)->{'GET /x'}, $need, "$name: " . ($need // 'left out');
    warned($r, '/paths/~1x/get/security', $warning) if $warning;
    nginx_takes($r, "$name: nginx takes it") if defined $need;
}

for my $case (
    [ 'token', 'scheme Token' ], [ 'basic', 'basic password', qr/which half/ ],
    [ 'field', 'bearer', qr/how a key looks in "Authorization"/ ],
    [ 'underscore', 'bearer', qr/drops header fields with "_"/ ],
    [ 'oauth', 'bearer' ],
) {
    my ($scheme, $credential, $warning) = @$case;

    $r = convert(document(schemes => \%two, paths => { '/x' => {
        get => { security => [ { $scheme => [] } ] } } }));
    is $r->{out} =~ /^    credential +(.*);$/m && $1, $credential,
        "$scheme: $credential";
    warned($r, "/components/securitySchemes/$scheme", $warning) if $warning;
    nginx_takes($r, "$scheme: nginx takes it");
}

$r = convert(document(schemes => \%two, paths => { '/x' => {
        get => { security => [ { oauth => ['a'] }, { key => ['b'] } ] } } }),
    '--scheme', 'key');
is routes($r)->{'GET /x'}, 'b', '--scheme chooses what is needed';
unlike $r->{out}, qr/credential +bearer/, 'and where keys are sent';

$r = convert(document(schemes => \%two, paths => { '/x' => {
        get => { security => [ { jar => [] } ] } } }),
    '--credential', 'scheme Key param=k');
is routes($r)->{'GET /x'}, 'any', '--credential is for all of them';
like $r->{out}, qr/^    credential +scheme Key param=k;$/m, 'as it says';
is convert(document(), '--credential', 'cookie x')->{code}, 2,
    'one that is none';

$r = convert(document(paths => { '/x' => { get => {
    security => [ { key => ['public'] } ] } } }), '--rename', 'public=all');
is routes($r)->{'GET /x'}, 'all', '--rename';

# -- the catalogue

$r = convert(document(schemes => \%two, paths => { '/x' => {
    get => { security => [ { oauth => ['pets:read'] } ] } } }));
like $r->{out}, qr/^    scope +pets:read "Read pets";$/m,
    'a description, in one line';
warned($r, '/components/securitySchemes/oauth/flows/implicit/scopes/pets:write',
    qr/declared, but not enforced/);
warned($r, '/components/securitySchemes/basic',
    qr/declared, but not enforced: no operation names/);

for my $case ([ 1, 'x', 'x.read' ], [ 1, 'a', 'a.*' ],
    [ 1, 'chat:user', 'chat:bot' ], [ 1, 'a:read', 'b:read' ],
    [ 0, 'read:pets', 'write:pets' ], [ 0, 'x:read', 'x:write' ])
{
    my ($like, @scopes) = @$case;

    $r = convert(document(paths => { '/x' => {
        get => { security => [ { key => \@scopes } ] } } }));
    is $r->{err} =~ /looks like one of them: --scopes any/ ? 1 : 0, $like,
        "@scopes: " . ($like ? 'looks like any' : 'means all');
}

$r = convert(document(paths => { '/x' => { get => { security => [],
    responses => { 401 => {} } } } }));
warned($r, '/paths/~1x/get', qr/it is public, and says that 401/);

my %from = ('x-needs' => [ 'a', 'b' ], security => [ { key => [] } ]);
is routes(convert(document(paths => { '/x' => { get => \%from } }),
    '--scopes-from', 'x-needs'))->{'GET /x'}, 'a&b', '--scopes-from';
$from{'x-needs'} = 'a b';
is routes(convert(document(paths => { '/x' => { get => \%from } }),
    '--scopes-from', 'x-needs'))->{'GET /x'}, 'a&b', 'and of one text';

# -- too many scopes

$r = convert(document(paths => { map { ("/$_" => { get => {
    security => [ { key => ["s$_"] } ] } }) } 100 .. 399 }));
is scalar(keys %{routes($r)}), 256, 'as many scopes as an API can have';
like $r->{err}, qr/left out: its scopes would be more than the 256/, 'told';
nginx_takes($r, 'nginx takes it');

# -- YAML, and Swagger 2.0

$r = convert(<<'Y');
# a comment
openapi: 3.0.4
info:
  title: "A shop: YAML"
  version: 1.10
security:
- &needs
  key: [a, 'b']
components:
  securitySchemes:
    key: &key {type: apiKey, in: header, name: X-Api-Key}
    other:
      <<: *key
      name: X-Other
paths:
  /a:
    get:
      description: |
        Some
          text: here
    put: {security: [*needs, {other: [a, b]}]}
  ? /b
  : get: {security: []}
Y
is_deeply routes($r), { 'GET /a' => 'a&b', 'PUT /a' => 'a&b',
    'GET /b' => 'public' }, 'a document in YAML';
like $r->{out}, qr/^# from OpenAPI 3\.0\.4: A shop: YAML 1\.10$/m,
    'in which versions are texts';
like $r->{out}, qr/credential +header X-Other;/, 'with what "<<" brings in';
warned($r, '/paths/~1b/get', qr/public: GET/);
nginx_takes($r, 'nginx takes it');

$r = convert(<<'Y');
swagger: "2.0"
info: {title: Old, version: "1"}
host: api.example.com
basePath: /v2/
securityDefinitions:
  key: {type: apiKey, in: header, name: X-Api-Key}
  flow:
    type: oauth2
    flow: implicit
    scopes: {read: Read it, write: Write it, x-more: no scope}
  user: {type: basic}
security: [{key: []}]
paths:
  /a:
    get: {}
    put: {security: [{flow: [write]}]}
    delete: {security: [{user: []}]}
Y
is_deeply routes($r), { 'GET /a' => 'any', 'PUT /a' => 'write',
    'DELETE /a' => 'any' }, 'Swagger 2.0';
like $r->{out}, qr/^ +base +\/v2;/m, 'has a basePath';
like $r->{out}, qr/^ +scope +read "Read it";\n +scope +write "Write it";\n\n/m,
    'and scopes';
nginx_takes($r, 'nginx takes it');

# -- x-keygate

$r = convert(document(security => [ { key => [] } ],
    'x-keygate' => { plan => { pro => ['export'] }, rate => '9r/s',
        error => [ [ 'rate_limited', 'title=Too fast' ] ] },
    paths => { '/a' => { 'x-keygate' => { cost => 2 }, get => {},
        put => { 'x-keygate' => { cost => 3, need => 'x|y', feature =>
            'export', when => { gone => 'z' } } },
        delete => { 'x-keygate' => { skip => JSON::PP::true() } } } }));
is_deeply routes($r), { 'GET /a' => 'any cost=2',
    'PUT /a' => 'x|y cost=3 feature=export' }, 'x-keygate of operations';
like $r->{out}, qr/^ +error +rate_limited "title=Too fast";/m, 'directives';
like $r->{out}, qr/^ +when +PUT \/a body\.gone z;/m, 'and when';
unlike $r->{err}, qr/left out:/, 'what is skipped is not told';
nginx_takes($r, 'nginx takes it');

for my $case (
    [ 'an unknown directive', { rates => '9r/s' }, '/x-keygate/rates' ],
    [ 'one that nginx does not take', { rate => 'many' }, '/x-keygate' ],
    [ 'no object', 'rate', '/x-keygate' ],
) {
    my ($name, $extension, $pointer) = @$case;

    $r = convert(document(security => [ { key => [] } ],
        'x-keygate' => $extension, paths => { '/a' => { get => {} } }));
    is $r->{code}, 2, "x-keygate: $name: is an error";
    like $r->{err}, qr/:\d+: \Q$pointer\E: /, "$name: and told";
}

$r = convert(document(security => [ { key => [] } ], paths => { '/a' => {
    get => { 'x-keygate' => { needs => 'x' } } } }));
is $r->{code}, 2, 'x-keygate: an unknown member of an operation';
like $r->{err}, qr{/paths/~1a/get/x-keygate/needs: no member}, 'is told';

# -- JSON

my $json = JSON::PP->new->utf8->decode(
    convert(document(security => [ { key => [] } ],
        paths => { '/x' => { get => {} } }), '--json')->{out});
is $json->{name}, 'shop', '--json: the name';
like $json->{configuration}, qr/^keygate_api shop \{/, 'the configuration';
is_deeply [ @$json{qw(operations routes left_out scopes)} ], [ 1, 1, 0, 0 ],
    'numbers';
is_deeply $json->{warnings}, [], 'warnings';

# -- what is no document

for my $case (
    [ 'nothing', '', qr/an empty document/ ],
    [ 'half of one', '{"openapi":', qr/:1: expected a value/ ],
    [ 'a name twice', qq({"openapi":"3.0.0",\n"openapi":"3.0.0"}),
      qr/:2: a name that is there already/ ],
    [ 'another version', '{"openapi":"4.0.0","paths":{}}',
      qr/:1: \/openapi: version "4\.0\.0": expected/ ],
    [ 'something else', '{"a":1}', qr/neither "openapi" nor "swagger"/ ],
    [ 'a list', '[]', qr/it is no object/ ],
    [ 'something after it', '{"openapi":"3.0.0"} x', qr/something after/ ],
) {
    my ($name, $text, $error) = @$case;

    $r = convert($text);
    is $r->{code}, 2, "$name: is not usable";
    like $r->{err}, $error, "$name: and why";
    is $r->{out}, '', "$name: nothing is printed";
}

$r = Keygate::Command->new->run('openapi', 'none.json');
is $r->{code}, 2,
    'nor is a file that is not there';

done();

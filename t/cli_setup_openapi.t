#!/usr/bin/perl

# "keygate setup NAME --openapi FILE": a gate for the API of a document.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use Test::More;

use Keygate;
use Keygate::Command;

plan skip_all => 'no keygate command is built'
    if !-x $Keygate::Command::binary;

my $t = Keygate->new(conf => "include %%DIR%%/sites/*.conf;\n",
    reload_last => 1, reply => \&Keygate::Upstream::hello);
my $dir = $t->{dir};
my $c = Keygate::Command->new(dir => $dir);

mkdir "$dir/$_" for qw(bin sites data);
$t->write_conf('nginx.conf');
$t->write_file('bin/nginx', <<"END");
#!/bin/sh
ASAN_OPTIONS=detect_leaks=0 exec $Keygate::Server::binary -p $dir/ \\
    -c $dir/nginx.conf -e $dir/setup.log "\$@"
END
chmod 0755, "$dir/bin/nginx";

if ($> == 0) {
    my $user = getpwnam('www-data') ? 'www-data' : 'nobody';

    chown((getpwnam $user)[2, 3], "$dir/data");
}

$t->write_file('shop.yaml', <<'END');
openapi: 3.1.0
info: {title: Something else, version: "1"}
servers: [{url: https://api.example.com/v1}]
components: {securitySchemes: {key: {type: http, scheme: bearer}}}
security: [{key: [orders:read]}]
x-keygate: {account: [business, slug]}
paths:
  /orders: {get: {}, post: {security: [{key: [orders:write]}]}}
  /health: {get: {security: []}}
END
$t->write_file('open.yaml', "openapi: 3.0.0\npaths: {/a: {get: {}}}\n");

my @at = ('--data', "$dir/data", '--etc', "$dir/etc", '--conf', "$dir/sites",
    '--upstream', 'http://127.0.0.1:' . $t->port('UPSTREAM'));

sub setup {
    return $c->run('setup', @_, @at,
        { env => { PATH => "$dir/bin:$ENV{PATH}" } });
}

sub files {
    return join ' ', map { s{^\Q$dir\E/}{}r }
                     sort glob "$dir/{data,etc,sites}/*";
}


my $r = setup('shop', '--openapi', 'open.yaml');

is $r->{code}, 2, 'a document without security';
like $r->{err}, qr/no "security" in it: --public/, 'is told';
is setup('shop', '--openapi', 'none.yaml')->{code}, 2, 'nor is none';
is files(), '', 'nothing is made';

$r = setup('shop', '--openapi', 'shop.yaml', '--listen',
    '127.0.0.1:' . $t->port('GATE'), '--listen-admin',
    '127.0.0.1:' . $t->port('ADMIN'));
is $r->{code}, 0, 'a gate' or diag $r->{err};
like $r->{err}, qr/public: GET \/health\n.*1 public/s,
    'what is to be told of the document';
is files(), 'data/shop.jsonl etc/shop.sha256 etc/shop.token '
    . 'sites/keygate-shop.conf', 'its files';

my ($curl) = $r->{out} =~ /^  (curl .*)\n\z/m;
my ($key) = ($curl // '') =~ /Authorization: Bearer (shop_\w+)'$/;

ok $key, 'the last line is a request, as the document has it' or diag $curl;

$t->start;
my $me = `$curl 2>/dev/null`;

like $me, qr{^HTTP/1\.1 200 .*"business":\{"id":"first"[^\}]*"slug":null}s,
    'it is answered with 200, and with the account as the document has it';
like $me, qr/"scopes":\["orders:read","orders:write"\]/,
    'and with what the key may do';

for my $case (
    [ 200, GET => '/v1/health' ], [ 401, GET => '/v1/orders' ],
    [ 200, GET => '/v1/orders', $key ], [ 200, POST => '/v1/orders', $key ],
    [ 404, GET => '/v1/others', $key ], [ 405, PUT => '/v1/orders', $key ],
) {
    my ($status, $method, $path, $with) = @$case;

    is $t->get($path, port => $t->port('GATE'), method => $method,
        headers => [ defined $with ? "Authorization: Bearer $with" : () ])
        ->{status}, $status, "$method $path: $status";
}

# once more: the site stays as it is, and says the same or not

my @again = ('shop', '--openapi', 'shop.yaml', '--listen',
    '127.0.0.1:' . $t->port('GATE'), '--listen-admin',
    '127.0.0.1:' . $t->port('ADMIN'));
my $site = $t->read_file('sites/keygate-shop.conf');

$r = setup(@again);
is $r->{code}, 0, 'the same document again' or diag $r->{err};

$t->write_file('shop.yaml', $t->read_file('shop.yaml')
    =~ s{orders:write}{orders:admin}r);
$r = setup(@again);
is $r->{code}, 1, 'another document';
like $r->{err}, qr/keygate-shop\.conf\ stays\ as\ it\ is,\ and\ does\ not\ say
    \ what\ shop\.yaml\ says\ now:\ "keygate\ openapi\ [^"]*"/x, 'is told';
is $t->read_file('sites/keygate-shop.conf'), $site, 'it stays';

my ($command) = $r->{err} =~ /"keygate (openapi [^"]*)"/;

$r = $c->run(split ' ', $command // '');
is $r->{code}, 1, 'the command that is told';
like $r->{out}, qr/orders:admin/, 'tells the difference';

# of a document without security

for my $option ('--any', '--public') {
    my $name = 'open' . ($option =~ s/^--//r);

    $t->write_file('any.yaml', "openapi: 3.0.0\npaths: {/a: {get: {}}}\n");

    my @other = ($name, '--openapi', 'any.yaml', $option,
        '--listen', '127.0.0.1:' . $t->port("GATE$option"),
        '--listen-admin', '127.0.0.1:' . $t->port("ADMIN$option"));

    $r = setup(@other);
    is $r->{code}, 0, "a gate with $option" or diag $r->{err};
    unlike $r->{err}, qr{/keygate/me}, 'the document has no /keygate/me';
    $t->write_file('any.yaml',
        "openapi: 3.0.0\npaths: {/b: {get: {}}, \"/{x}/{y}\": {get: {}}}\n");
    $r = setup(@other);
    is $r->{code}, 1, 'and another document' or diag $r->{err};
    like $r->{err}, qr{any\.yaml: "/:x/:y" has /keygate/me, which is the},
        'which has /keygate/me, and that is told';
    ($command) = $r->{err} =~ /"keygate (openapi [^"]*)"/;
    $r = $c->run(split ' ', $command // '');
    is $r->{code}, 1, 'the command that is told' or diag $command, $r->{err};
    like $r->{out}, qr{GET /b: only the document has it}, 'has the option';
}

$t->{seen} = '';
$t->done;

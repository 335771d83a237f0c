#!/usr/bin/perl

# "keygate openapi": a path that is left out is refused to every request,
# whatever its method is, by a gate that runs with the block.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use Test::More;

use Keygate;
use Keygate::Command;
use Keygate::Items;
use Keygate::OpenAPI qw(document convert routes);

plan skip_all => 'no keygate command is built'
    if !-x $Keygate::Command::binary;

my $r = convert(document(security => [ { key => [] } ],
    'x-keygate' => { key_format => ['tk_ id=6 secret=24'],
                     unmatched => 'pass' },
    paths => { '/admin' => { 'x-keygate' => { skip => \1 } },
               '/{x}' => { get => { security => [] } } }),
    '--name', 'items');

is_deeply routes($r), { 'none /admin' => 'any', 'GET /:x' => 'public' },
    'the block has a route of no method';
unlike $r->{out}, qr/\bNONE\b/, 'nor one that a client can send';

my $t = Keygate->new(conf => "keygate_zone keys:1m journal=keys.jsonl;\n"
    . $r->{out} . items_server(in => <<'IN'));
        location = /auth { keygate items; keygate_auth; }
IN

my $key = $t->key(scopes => []);

$t->start;

is $t->status('/other'), 200, 'the other path is public';
is $t->hits, 1, 'and has its upstream';

for my $method (qw(NONE GET HEAD POST PUT DELETE OPTIONS QUERY - _),
                'N' x 64)
{
    my $r = $t->get('/admin', method => $method, bearer => $key);

    is $r->{status}, 405, "$method: refused";
    is $r->header('Allow'), '', 'there is none that it has';
}

is $t->status('/admin', method => $_, bearer => $key), 400, "$_: no method"
    for qw(none None), q{*};
is $t->status('/admin'), 401, 'without a key, too';
is $t->hits, 0, 'nothing of all that has reached the upstream';

# a proxy in front may take more methods than nginx does

is $t->get('/auth', bearer => $key, headers => [ "X-Forwarded-Method: $_",
        'X-Forwarded-Uri: /admin' ])->{status}, 405, "keygate_auth: $_"
    for qw(none NONE GET *);

$t->done;

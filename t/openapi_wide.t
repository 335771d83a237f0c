#!/usr/bin/perl

# "keygate openapi": a route that takes more than the document's path is never
# weaker than what else it takes, and lets nobody in without a key.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use Test::More;

use Keygate;
use Keygate::Command;
use Keygate::OpenAPI qw(document convert routes warned nginx_takes done);

plan skip_all => 'no keygate command is built'
    if !-x $Keygate::Command::binary;


# Paths whose operations have a need, "" for everybody, or are as given.

sub made {
    my ($paths, @options) = @_;
    my %items;

    for my $path (keys %$paths) {
        my %item = %{$paths->{$path}};

        for my $method (grep { !ref $item{$_} } keys %item) {
            $item{$method} = { security => $item{$method} eq ''
                ? [] : [ { key => [ $item{$method} ] } ] };
        }

        $items{$path} = \%item;
    }

    return convert(document(paths => \%items), @options);
}

my %open = (security => [ {}, { key => [] } ]);
my $rest = { 'x-keygate' => { rest => \1 } };
my $wide = qr/written as .* which takes more than this path/;
my $open = qr/left out: it is for everybody, and .* takes more than this path/;

for my $case (
    [ 'a literal "*"', '/s/*',
      { '/s/*' => { get => '' }, '/{z}/{w}' => { get => 'a' } },
      { 'GET /s/*' => 'a', 'GET /:z/:w' => 'a' }, get => qr/one route with/ ],
    [ 'a reserved expansion', '/r/{+p}',
      { '/r/{+p}' => { get => '' }, '/{z}/{w}/{v}' => { get => 'b' } },
      { 'GET /r/*' => 'b', 'GET /:z/:w/:v' => 'b' }, get => qr/one route/ ],
    (map {
        [ $_, "/r/$_",
          { "/r/$_" => { get => 'a' }, '/{z}/{w}/{v}' => { get => 'b' },
            '/r/x' => { get => 'c' } },
          { 'GET /r/*' => 'a&b', 'GET /:z/:w/:v' => 'b', 'GET /r/x' => 'c' },
          get => qr/one route with/ ]
    } qw(* ** {p+} {p*} {+p} {*p})),
    [ 'everybody, and nobody else there', '/s/*',
      { '/s/*' => { get => '', put => 'a' } },
      { 'PUT /s/*' => 'a' }, get => $open ],
    [ 'everybody, with a key or not', '/s/{p+}',
      { '/s/{p+}' => { get => \%open, put => 'a' } },
      { 'PUT /s/*' => 'a' }, get => $open ],
    [ 'everybody, and another one would serve it', '/s/*',
      { '/s/*' => { get => '' }, '/{z}/{w}' => { put => 'a' } },
      { 'none /s/*' => 'any', 'PUT /:z/:w' => 'a' }, get => $open ],
    (map {
        my ($path, $template) = @$_;

        ([ "$path: everybody", $path, { $path => { get => '', put => 'a' } },
           { "PUT $template" => 'a' }, get => $open ],
         [ "$path: with a key or not", $path, { $path => { get => \%open } },
           {}, get => $open ],
         [ "$path: what else it takes", $path,
           { $path => { get => '', head => '' }, '/{y}' => { get => 'a' } },
           { "GET $template" => 'a', "HEAD $template" => 'a' },
           head => qr/one route with/ ])
    } [ '/report({id})', '/:report_id' ], [ '/semi;v=1', '/:semi_v_1' ],
      [ '/{a}-{b}', '/:a_b' ], [ '/<up>', '/:up' ], [ '/a*b', '/:a_b' ]),
    [ 'everybody, in the middle', '/s/*/b',
      { '/s/*/b' => { get => '', post => 'x' }, '/{x}/y/b' => { get => 'a' },
        '/{x}/{y}/b' => { put => '' } },
      { 'GET /s/:part/b' => 'a', 'POST /s/:part/b' => 'x',
        'GET /:x/y/b' => 'a', 'PUT /:x/:y/b' => 'public' },
      get => qr/one route with/ ],
    [ 'everybody, by x-keygate', '/{a}-{b}',
      { '/{a}-{b}' => { get => { 'x-keygate' => { need => 'public' } } },
        '/other' => { get => '' } },
      { 'GET /other' => 'public' }, get => $open ],
    [ 'HEAD by itself', '/s/*',
      { '/s/*' => { head => 'a' }, '/{z}/{w}' => { get => 'b' } },
      { 'HEAD /s/*' => 'a&b', 'GET /:z/:w' => 'b' }, head => qr/one route/ ],
    [ 'HEAD of another one', '/s/*',
      { '/s/*' => { get => 'a' }, '/{z}/{w}' => { head => 'b' } },
      { 'GET /s/*' => 'a&b', 'HEAD /:z/:w' => 'b' }, get => qr/one route/ ],
) {
    my ($name, $path, $paths, $routes, $method, $told) = @$case;
    my $r = made($paths);
    my $pointer = '/paths/' . $path =~ s{/}{~1}gr;

    is_deeply routes($r), $routes, $name or diag $r->{err};
    warned($r, $pointer, $wide);
    warned($r, "$pointer/$method", $told);
    nginx_takes($r, "$name: nginx takes it");
}

# -- one that comes before it, and takes what the document has it for

for my $case (
    [ 'text on both sides', '/k{u}k', '/k{w}', '/:k_u_k', '/k:w', 'x&w' ],
    [ 'a letter behind it', '/{u}k', '/a{w}', '/:u_k', '/a:w', 'w&x' ],
    [ 'two parameters', '/{a}-{b}', '/k{w}', '/:a_b', '/k:w', 'w&x' ],
    [ 'two, one for less', '/{a}-{b}', '/k-{w}', '/:a_b', '/k-:w', 'w' ],
    [ 'what is encoded', '/k%2E{u}k', '/k{w}', '/:k_2E_u_k', '/k:w', 'x&w' ],
    [ 'for less', '/k{u}k', '/k{w}.k', '/:k_u_k', '/k:w.k', 'w' ],
    [ 'fixed text', '/k{u}k', '/kak', '/:k_u_k', '/kak', 'w' ],
    [ 'text of others', '/k{u}k', '/m{w}', '/:k_u_k', '/m:w', 'w' ],
    [ 'in the middle', '/k{u}k/z', '/k{v}/{w}', '/:k_u_k/z', '/k:v/:w',
      'x&w' ],
    [ 'elsewhere', '/k{u}k/z', '/k{v}/y', '/:k_u_k/z', '/k:v/y', 'w' ],
    [ 'in brackets', '/r({u})', '/r{w}', '/:r_u', '/r:w', 'x&w' ],
) {
    my ($name, $wide, $path, $template, $other, $need) = @$case;
    my $r = made({ $wide => { get => 'x' }, $path => { get => 'w' } });
    my $pointer = '/paths/' . $path =~ s{/}{~1}gr;

    is_deeply routes($r), { "GET $template" => 'x', "GET $other" => $need },
        $name or diag $r->{err};
    warned($r, "$pointer/get", qr/one route with .*, which needs something/)
        if length $need > 1;
    nginx_takes($r, "$name: nginx takes it");
}

my $r = made({ '/k{u}k' => { get => 'x' }, '/k{w}' => { get => '' },
               '/{v}' => { get => '' } });
is_deeply routes($r), { 'GET /:k_u_k' => 'x', 'GET /k:w' => 'x' },
    'of two that are one route, each takes what is its own';

$r = made({ '/k{u}k' => { get => 'x', put => 'y' }, '/k{w}' => { get => 'x',
            head => '' } });
is_deeply routes($r), { 'GET /:k_u_k' => 'x', 'PUT /:k_u_k' => 'y',
    'GET /k:w' => 'x', 'HEAD /k:w' => 'x' }, 'HEAD, too; no method more';

$r = made({ '/k{u}k' => { get => { security => [ { no => [] } ] } },
            '/k{w}' => { get => 'w', put => 'w' } });
is_deeply routes($r), { 'PUT /k:w' => 'w' },
    'what is left out is not served by it either';

# -- what is meant

$r = made({ '/s/{p+}' => { get => '', %$rest },
            '/t/*' => { get => { security => [], %$rest } },
            '/{z}/{w}' => { get => 'a' } });

is_deeply routes($r), { 'GET /s/*' => 'public', 'GET /t/*' => 'public',
    'GET /:z/:w' => 'a' }, '"rest: true": all below is meant';
unlike $r->{err}, qr/takes more/, 'nothing is told of it';
nginx_takes($r, 'nginx takes it');

$r = made({ '/s/{p+}' => { get => '', %$rest }, '/s/*' => { get => '' } });
is_deeply routes($r), { 'GET /s/*' => 'public' },
    'meant by one of two that are one route';

$r = made({ '/{a}-{b}' => { map { $_ => '' } qw(get head put) },
            '/{c}' => { get => '' } });
is_deeply routes($r), { 'GET /:a_b' => 'public', 'HEAD /:a_b' => 'public' },
    'everybody, as by the document of all that it takes';
warned($r, '/paths/~1{a}-{b}/put', $open);

$r = made({ '/s/{p}' => { get => 'a', %$rest } });
is $r->{code}, 2, '"rest" of a path that does not end so';
like $r->{err}, qr/:\d+: \/paths\/~1s~1\{p}\/get: "rest" .* is for a path/,
    'is told';

done();

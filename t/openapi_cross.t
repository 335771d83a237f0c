#!/usr/bin/perl

# "keygate openapi": a path that two templates are for, of which neither is for
# all of the other's, needs what both need.

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


# { '/a' => { get => 'x' } }: "" is public, undef cannot be written.

sub made {
    my ($paths, @more) = @_;
    my %items;

    for my $path (keys %$paths) {
        for my $method (keys %{$paths->{$path}}) {
            my $need = $paths->{$path}{$method};

            $items{$path}{$method} = ref $need ? $need : { security =>
                !defined $need ? [ { jar => [] } ]
                : $need eq '' ? [] : [ { key => [ split /&/, $need ] } ] };
        }
    }

    return convert(document(paths => \%items, @more, schemes => {
        key => { type => 'apiKey', in => 'header', name => 'X-Api-Key' },
        jar => { type => 'apiKey', in => 'cookie', name => 'sid' },
    }));
}


my $r;

for my $case (
    [ 'public beside a scope',
      { '/s/{a}/t' => { get => 'c' }, '/s/x/{b}' => { get => '' } },
      'GET /s/x/t' => 'c' ],
    [ 'a scope beside another',
      { '/s/{a}/t' => { get => 'c' }, '/s/x/{b}' => { get => 'd' } },
      'GET /s/x/t' => 'c&d' ],
    [ 'the same', { '/s/{a}/t' => { get => 'c' },
      '/s/x/{b}' => { get => 'c' } } ],
    [ 'the one that is chosen needs more', { '/s/{a}/t' => { get => '' },
      '/s/x/{b}' => { get => 'c' } } ],
    [ 'other methods', { '/s/{a}/t' => { put => 'c' },
      '/s/x/{b}' => { get => '' } } ],
    [ 'all that one of them has', { '/s/{a}/t' => { get => 'c', put => 'd' },
      '/s/x/{b}' => { get => '', post => 'e' } },
      'GET /s/x/t' => 'c', 'PUT /s/x/t' => 'd', 'POST /s/x/t' => 'e' ],
    [ 'HEAD, which GET would serve', { '/s/{a}/t' => { head => 'c' },
      '/s/x/{b}' => { get => '' } },
      'GET /s/x/t' => 'public', 'HEAD /s/x/t' => 'c' ],
    [ 'what cannot be written', { '/s/{a}/t' => { get => undef },
      '/s/x/{b}' => { get => '' } }, 'none /s/x/t' => 'any' ],
    [ 'the document has it', { '/s/{a}/t' => { get => 'c' },
      '/s/x/{b}' => { get => '' }, '/s/x/t' => { get => '' } } ],
    [ 'one that is for less', { '/s/{a}' => { get => 'c' },
      '/s/x' => { get => '' }, '/s/{a}.json' => { get => '' } } ],
    [ 'three of them', { '/{a}/y/z' => { get => 'c' },
      '/x/{b}/z' => { get => 'd' }, '/x/y/{c}' => { get => 'e' } },
      'GET /x/y/z' => 'c&d&e' ],
    [ 'three, in two steps', { '/{a}/{b}/z' => { get => 'c' },
      '/x/{b}/{c}' => { get => 'd' }, '/{a}/y/{c}' => { get => 'e' } },
      'GET /x/:b/z' => 'c&d', 'GET /:a/y/z' => 'c&e',
      'GET /x/y/:c' => 'd&e', 'GET /x/y/z' => 'c&d&e' ],
    [ 'one that is for more than one of them',
      { '/s/{a}/t' => { get => 'c' }, '/s/x/{b}' => { get => '' },
        '/s/{a}/{b}' => { get => 'd', put => 'd' } }, 'GET /s/x/t' => 'c' ],
    [ 'a parameter with a text', { '/s/{a}.json/t' => { get => '' },
      '/{z}/x.json/{b}' => { get => 'd' } },
      'GET /s/x.json/t' => 'd' ],
    [ 'parameters of one name', { '/{a}/s/{b}.x' => { get => 'c' },
      '/r/{b}/{a}' => { get => '' } }, 'GET /r/s/:a.x' => 'c' ],
    [ 'a feature', { '/s/{a}/t' => { get => { security => [],
        'x-keygate' => { need => 'any', feature => 'f' } } },
      '/s/x/{b}' => { get => { 'x-keygate' => { need => 'any' } } } },
      'GET /s/x/t' => 'any feature=f' ],
) {
    my ($name, $paths, %routes) = @$case;

    $r = made($paths, $name eq 'a feature'
        ? ('x-keygate' => { plan => { p => ['f'] } }) : ());

    my %crossed = %{routes($r)};
    my %own = map { s{\{(\w+)\}}{:$1}gr => 1 } keys %$paths;

    $_ = join '&', sort split /&/ for values %crossed;
    delete @crossed{grep { $own{s/^\S+ //r} } keys %crossed};
    is_deeply \%crossed, \%routes, $name or diag $r->{out}, $r->{err};
    unlike $r->{err}, qr/is for this path and for/,
        "$name: nothing is told" if !%routes;
    nginx_takes($r, "$name: nginx takes it");
}

$r = made({ '/s/{a}/t' => { get => 'c' }, '/s/x/{b}' => { get => '' } });
warned($r, '/paths/~1s~1x~1{b}',
    qr{"/s/x/t" is .*/paths/~1s~1\{a\}~1t \(line \d+\), which needs more});
like $r->{err}, qr/^2 operations: 3 routes, 0 left out/m, 'a route more';

$r = made({ '/s/a.{a}/t' => { get => '' }, '/s/{b}.c/t' => { get => 'c' } });
warned($r, '/paths/~1s~1a.{a}~1t',
    qr/left out: some path is for this one and .* which needs more, and no/);
is_deeply routes($r), { 'none /s/a.:a/t' => 'any', 'GET /s/:b.c/t' => 'c' },
    'what no template can say is left out';
nginx_takes($r, 'nginx takes it');

# -- at another server

$r = made({ '/{a}/t' => { get => 'c' }, '/v2/x/{b}' => { get => '' } },
    servers => [ { url => '/' }, { url => '/v2' } ]);
is routes($r)->{'none /v2/x/t'}, 'any',
    'by another server: what both have in common is refused';
nginx_takes($r, 'nginx takes it');

# -- a rest

$r = made({ '/s/{a}/t/u' => { get => 'c' }, '/s/x/{p+}' => { get => {
    security => [], 'x-keygate' => { rest => \1 } } } });
is routes($r)->{'GET /s/x/t/u'}, undef,
    'with "rest: true" all that is below is meant';
nginx_takes($r, 'nginx takes it');

done();

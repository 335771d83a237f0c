#!/usr/bin/perl

# "keygate openapi": what x-keygate of a path and of an operation say is done,
# or is an error.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use Test::More;

use Keygate;
use Keygate::Command;
use Keygate::OpenAPI qw(convert routes);

plan skip_all => 'no keygate command is built'
    if !-x $Keygate::Command::binary;

my $head = "openapi: 3.0.0\nsecurity: [{key: []}]\ncomponents: {"
    . "securitySchemes: {key: {type: http, scheme: bearer}}}\npaths:\n"
    . "  /b: {get: {}}\n";
my $r;

for my $case (
    [ 'true', 0 ], [ 'false', 0, 'any' ],
    map { [ $_, 2 ] } qw(yes True TRUE on 1 no False "true" 'false' ~),
) {
    my ($word, $code, $need) = @$case;

    for my $in ('get: {x-keygate: {skip: %s}}',
                'x-keygate: {skip: %s}, get: {}')
    {
        $r = convert($head . "  /a: {" . sprintf($in, $word) . "}\n");
        is $r->{code}, $code, "skip: $word";

        if ($code) {
            like $r->{err},
                qr/:6: \/paths\/~1a\S*\/x-keygate\/skip: expected true or fal/,
                "skip: $word: is told";

        } else {
            is routes($r)->{'GET /a'}, $need, "skip: $word: is done";
        }
    }
}

for my $word (qw(yes "true")) {
    $r = convert($head . "  /a/*: {get: {x-keygate: {rest: $word}}}\n");
    is $r->{code}, 2, "rest: $word";
    like $r->{err}, qr/:6: \S+\/x-keygate\/rest: expected true or false/,
        "rest: $word: is told";
}

my $both = $head . "  /a: {x-keygate: {when: {x: s}},"
    . " post: {x-keygate: {when: %s}}}\n";

$r = convert(sprintf $both, '{y: t}');
is $r->{code}, 2, '"when" of a path and of its operation';
like $r->{err}, qr/:6: \S+\/post\/x-keygate\/when: the path has "when", too/,
    'is told';
like convert($head . "  /a: {x-keygate: {when: {x: s}}, post: {}}\n")->{out},
    qr/^ +when +POST \/a body\.x s;$/m, '"when" of a path only';

done_testing();

#!/usr/bin/perl

# "keygate openapi --check": what changes who may do what and OpenAPI has no
# word for is compared, too.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use Test::More;

use Keygate;
use Keygate::Command;
use Keygate::OpenAPI qw(document convert command);

plan skip_all => 'no keygate command is built'
    if !-x $Keygate::Command::binary;

my %document = (
    security => [ { key => ['read'] } ], servers => [ { url => '/v1' } ],
    paths => {
        '/a/{x}' => { post => { 'x-keygate' => { when => { b => 'c' } } } } },
    'x-keygate' => { scope => [ [ 'read' ], [ 'write', 'implies=c,read' ],
                                [ 'c' ] ] });
my $same = <<'E';
keygate_api shop { zone keys; credential header X-Api-Key; base /v1;
scope read; scope c; scope write implies=read,c "Text"; unmatched deny;
route POST /a/:other read; when POST /a/:other body.b c; }
E

my $when = 'when POST /v1/a/:other body.b';

for my $case (
    [ 'the same', sub { }, '' ],
    [ '"unmatched pass"', sub { s/unmatched deny/unmatched pass/ },
      "unmatched pass: only the configuration has it\n" ],
    [ 'no "when"', sub { s/when .* c;// },
      "when POST /v1/a/:x body.b c: only the document has it\n" ],
    [ 'another "when"', sub { s/body\.b c/body.b read/ },
      "when POST /v1/a/:x body.b c: only the document has it\n"
      . "$when read: only the configuration has it\n" ],
    [ 'one more', sub { s/(when .*)body\.b c;/$1body.b c; $1body.d c;/ },
      "when POST /v1/a/:other body.d c: only the configuration has it\n" ],
    [ 'more is implied', sub { s/scope c/scope c implies=read/ },
      'scope c: the document says "implies=", and the configuration '
      . "\"implies=read\"\n" ],
    [ 'less is', sub { s/read,c/read/ },
      'scope write: the document says "implies=c,read", and the '
      . "configuration \"implies=read\"\n" ],
) {
    my ($name, $edit, $told) = @$case;

    local $_ = $same;
    $edit->();

    my $r = convert(document(%document), '--check',
        command->write('check.conf', $_));

    is $r->{code}, $told eq '' ? 0 : 1, "$name: the exit code"
        or diag $r->{err};
    is $r->{out}, $told, "$name: what is told";
}

done_testing();

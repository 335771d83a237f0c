#!/usr/bin/perl

# "keygate openapi" reads what anybody wrote: whatever it is, it takes bounded
# memory, and says what is too much.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use Test::More;

use Keygate;
use Keygate::Command;
use Keygate::OpenAPI qw(command routes);

plan skip_all => 'no keygate command is built'
    if !-x $Keygate::Command::binary;

# a sanitizer has no use for a limit of address space

my $limit = $Keygate::Command::binary !~ /sanitized|memcheck/;
my $head = "openapi: 3.0.0\nsecurity: [{key: []}]\ncomponents: {"
    . "securitySchemes: {key: {type: http, scheme: bearer}}}\n";


# In half a gigabyte of address space, and a minute of a processor's time:
# where that is not enough it is killed.

sub convert {
    my ($text, @options) = @_;

    my $path = command->write('bounds.yaml', $text);
    my @r;

    pipe my $out, my $in or die "pipe: $!\n";

    my $r = Keygate::Command->new(dir => command->{dir});

    local $Keygate::Command::binary = $Keygate::Command::binary;

    if ($limit) {
        my $script = command->write('limited', <<"END");
#!/bin/sh
ulimit -v 524288
ulimit -t 60
exec $Keygate::Command::binary "\$@"
END
        chmod 0755, $script;
        $Keygate::Command::binary = $script;
    }

    return $r->run('openapi', $path, @options);
}


# 10 of each of the one before, 30 times

my $bomb = "a0: &a0 [x, x]\n" . join '', map {
    "a$_: &a$_ [" . join(', ', ('*a' . ($_ - 1)) x 10) . "]\n"
} 1 .. 30;

my $op = '{get: {}, put: {}, post: {}, patch: {}}';

for my $case (
    [ 'a bomb of aliases', "${head}paths: {/x: {get: {}}}\n$bomb", 0 ],
    [ 'one where security is', $head . $bomb
      . "paths: {/x: {get: {security: *a30}}}\n", 0, qr/no object/ ],
    [ 'one in scopes', "x: &l [" . join(',', map { "s$_" } 1 .. 50000)
      . "]\ny: &s [" . join(',', ('{key: *l}') x 500) . "]\n"
      . "${head}paths: {/x: {get: {security: *s}}}\n", 2,
      qr/takes too many steps/ ],
    [ 'one in paths', $head . "x: &i $op\npaths:\n"
      . join('', map { "  /a$_/{b}x: *i\n" } 1 .. 60000), 2,
      qr/takes too many steps/ ],
    [ 'an alias to what it is in', "${head}paths: &p\n  /x: *p\n", 2,
      qr/:5: an alias to what it is in itself/ ],
    [ 'an alias of nothing', "${head}paths: *none\n", 2,
      qr/:4: .*an alias without an anchor/ ],
    [ 'merges of merges', "a0: &a0 {" . join(',', map { "k$_: x" } 1 .. 999)
      . "}\n" . join('', map { "a$_: &a$_ {<<: *a0, z: y}\n" } 1 .. 3000)
      . $head, 2, qr/more values than a document may have/ ],
    [ 'a reference to itself', $head
      . "paths: {/x: {\$ref: '#/paths/~1x'}}\n", 0, qr/without an end/ ],
    [ 'merges that bring nothing', "a: &a {" . join(',', map { "k$_: x" }
      1 .. 30000) . "}\nb: {<<: [" . join(',', ('*a') x 30000) . "]}\n"
      . $head, 2, qr/more values than a document may have/ ],
    [ 'a server of braces', '{"openapi":"3.0.0","security":[],"servers":['
      . '{"url":"' . '{' x (10 << 20) . '"}],"paths":{"/x":{"get":{}}}}', 0,
      qr/cannot be a base/ ],
    [ 'servers of a long name', "s: &s [{url: '{" . 'a' x (10 << 20) . "}'}]\n"
      . $head . "paths:\n" . join('', map {
          "  /a$_: {get: {servers: *s}}\n" } 1 .. 20000), 0 ],
    [ 'deep lists', 'x: ' . '[' x 100000, 2, qr/nested too deeply/ ],
    [ 'deep maps', join('', map { ' ' x $_ . "a:\n" } 1 .. 300), 2,
      qr/nested too deeply/ ],
    [ 'deep JSON', '{"a":' x 100000, 2, qr/nested too deeply/ ],
    [ 'many values', '{"x":[' . '[],' x 2000000 . '1]}', 2,
      qr/more values than a document may have/ ],
    [ 'the same in YAML', "x: [" . '[],' x 2000000 . ']', 2,
      qr/more values than a document may have/ ],
    [ 'one long text', $head . "paths: {/x: {get: {}}}\nx: '"
      . 'a' x (10 << 20) . "'\n", 0 ],
    [ 'one long name', $head . "paths: {/x: {get: {}}}\n? '"
      . 'a' x (10 << 20) . "'\n: x\n", 0 ],
    [ 'a long path', '{"openapi":"3.0.0","security":[],"paths":{"/'
      . 'a' x (10 << 20) . '":{"get":{}}}}', 0, qr/left out: no request/ ],
    [ 'many scopes', $head . "paths: {/x: {get: {security: [{key: ["
      . join(',', map { "s$_" } 1 .. 200000) . "]}]}}}\n", 0,
      qr/more than the 256/ ],
    [ 'more bytes than it may have', '{"a":"' . 'a' x (32 << 20) . '"}', 2,
      qr/more than 32 megabytes/ ],
    [ 'a NUL', "a: \"\\0\"\n", 2, qr/:1: a NUL in a text/ ],
    [ 'broken UTF-8', "{\"a\":\"\xff\"}", 2, qr/:1: a string with what is/ ],
    [ 'a tab', "a:\n\tb: c\n", 2, qr/bounds\.yaml:2: / ],
    [ 'a second document', "${head}---\na: b\n", 2, qr/a second document/ ],
) {
    my ($name, $text, $code, $told) = @$case;

    my $r = convert($text);

    is $r->{code}, $code, "$name: the exit code"
        or diag substr $r->{err}, 0, 1000;
    like $r->{err}, $told, "$name: and what is told" if $told;
}

my $beside = convert('{"openapi":"3.0.0","security":[{"key":[]}],"servers":'
    . '[{"url":"/"},{"url":"/v2"}],"components":{"securitySchemes":{"key":'
    . '{"type":"http","scheme":"bearer"}}},"paths":{'
    . join(',', map { qq("/users/{id}/a$_/{b}":{"get":{}}) } 1 .. 22000)
    . '}}');

is $beside->{code}, 0, 'many paths beside one another, on two servers'
    or diag substr $beside->{err}, 0, 1000;

my $many = convert('{"openapi":"3.0.0","security":[{"key":[]}],'
    . '"components":{"securitySchemes":{"key":{"type":"http",'
    . '"scheme":"bearer"}}},"paths":{'
    . join(',', map { qq("/a$_/{id}":{"get":{"description":")
                      . 'x' x 400 . '"}}' } 1 .. 22000) . '}}');

is $many->{code}, 0, '10 MB of a document are converted';
is scalar(keys %{routes($many)}), 22000, 'all of it';

done_testing();

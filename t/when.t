#!/usr/bin/perl

# "when": a scope that depends on the body.  Whatever is in it, and whatever
# is said of it, the upstream receives nothing that one of its parsers may read
# differently, and what it does receive is what was sent, byte for byte.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use Encode ();
use Test::More;

use Keygate;
use Keygate::When;

my $t = Keygate->new(conf => when_conf());

my $write = $t->key(scopes => ['docs:write']);
my $send = $t->key(scopes => ['docs:write', 'docs:send', 'docs:rush']);

$t->allow(qr/\[warn\]/);
$t->start;

# -- what the body says

my $refused = '403 insufficient_scope docs:send';
my $invalid = '400 body_invalid';

my @allowed = (
    [ 'an empty object', '{}' ],
    [ 'send: false', '{"send": false}' ],
    [ 'send: null', '{"send": null}' ],
    [ 'send nested', '{"a": {"send": true}, "b": [{"send": true}]}' ],
    [ 'a longer name', '{"sends": true, "xsend": true, "sen": true}' ],
    [ 'a value that reads like it', '{"a": "\"send\":true"}' ],
    [ 'space of all kinds around it', " \t\r\n{ }\n\r\t " ],
    [ 'large numbers', '{"a": 123456789012345678901234567890, "b": -1E+9}' ],
    [ 'letters beyond ASCII', '{"a": "' . "\xe2\x82\xac"
                              . '\u20ac \ud83d\ude00"}' ],
    [ 'depth 1,024', '{"a":' . '[' x 1023 . ']' x 1023 . '}' ],
    [ 'depth 1,024 of objects', '{"a":' x 1024 . '1' . '}' x 1024 ],
);

my @asking = (
    [ 'send: true', '{"send": true}' ],
    [ '"send": 1', '{"send": 1}' ],
    [ '"send": 0', '{"send": 0}' ],
    [ '"send": "false"', '{"send": "false"}' ],
    [ '"send": ""', '{"send": ""}' ],
    [ '"send": []', '{"send": []}' ],
    [ '"send": {}', '{"send": {}}' ],
    [ '"\u0073end": true', '{"\u0073end": true}' ],
    [ 'every letter escaped', '{"\u0073\u0065\u006E\u006e": 1, '
                              . '"\u0073\u0065\u006E\u0064": 1}' ],
    [ 'the last of many', '{' . join('', map { "\"m$_\": [$_, {}], " }
                          1 .. 2000) . '"send": true}' ],
    [ 'in capitals, as Go and .NET read it', '{"SEND": true}' ],
    [ 'beside itself in capitals', '{"send": false, "Send": true}' ],
    [ 'with a long s, as Go reads it', "{\"\xc5\xbfend\": true}" ],
    [ 'by inheritance, as JavaScript may have it',
      '{"__proto__": {"send": true}}' ],
);

my @broken = (
    [ 'no body', '' ],
    [ 'space alone', " \n" ],
    [ 'an array', '[{"send": true}]' ],
    [ 'a string', '"send"' ],
    [ 'duplicates', '{"send": false, "send": true}' ],
    [ 'equal duplicates', '{"send": false, "send": false}' ],
    [ 'a duplicate in disguise', '{"send": false, "\u0073end": true}' ],
    [ 'duplicates further down', '{"a": [{"b": 1, "b": 2}]}' ],
    [ 'duplicates of something else', '{"a": 1, "a": 1}' ],
    [ 'duplicates among many', '{' . join(', ', map { "\"m$_\": $_" }
                               1 .. 3000, 1) . '}' ],
    [ 'trailing garbage', '{"send": false} x' ],
    [ 'two objects', '{"send": false}{"send": true}' ],
    [ 'two lines', "{\"send\": false}\n{\"send\": true}" ],
    [ 'a NUL at the end', "{\"send\": false}\0" ],
    [ 'a NUL in the name', '{"send\u0000": true}' ],
    [ 'a raw NUL in the name', "{\"send\0\": true}" ],
    [ 'cut off', '{"send": tru' ],
    [ 'a trailing comma', '{"send": false,}' ],
    [ 'a comment', '{/*"send": false,*/ "a": 1}' ],
    [ 'a comment to the line\'s end', "{\"a\": 1 // }\n}" ],
    [ 'single quotes', "{'send': true}" ],
    [ 'a bare name', '{send: true}' ],
    [ 'NaN', '{"a": NaN}' ],
    [ 'a leading zero', '{"a": 01}' ],
    [ 'a line feed in a string', "{\"a\": \"\n\"}" ],
    [ 'half a surrogate pair', '{"se\ud800nd": true}' ],
    [ 'invalid UTF-8', "{\"a\": \"\xff\"}" ],
    [ 'overlong UTF-8', "{\"\xc1\xb3end\": true}" ],
    [ 'UTF-8 with a BOM', "\xef\xbb\xbf{\"send\": true}" ],
    [ 'UTF-16 with a BOM', Encode::encode('UTF-16', '{"send": true}') ],
    [ 'UTF-16LE', Encode::encode('UTF-16LE', '{"send": true}') ],
    [ 'UTF-16BE', Encode::encode('UTF-16BE', '{"send": true}') ],
    [ 'UTF-32LE', Encode::encode('UTF-32LE', '{"send": true}') ],
    [ 'depth 1,025', '{"a":' . '[' x 1024 . ']' x 1024 . '}' ],
    [ 'depth 1,025 of objects', '{"a":' x 1025 . '1' . '}' x 1025 ],
    [ 'a duplicate deep within', '{"a":' x 500 . '{"b":1,"c":{},"b":2}'
                                 . '}' x 500 ],
    [ 'brackets that cross', '{"a":[{"b":1]}}' ],
    [ 'depth 100,000', '{"a":' . '[' x 100_000 . ']' x 100_000 . '}' ],
    [ 'depth 100,000 of objects', '{"a":' x 100_000 . '1' . '}' x 100_000 ],
    [ 'a form', 'send=true' ],
    [ 'gzip', "\x1f\x8b\x08\0\0\0\0\0\0\3" ],
);


# However it comes, the same.

sub ways {
    my ($key, $case, $expected) = @_;

    my ($name, $body) = @$case;
    my %got;

    for my $way (@ways) {
        my ($how, $port) = @$way;

        for my $chunk (0, 7, 4000) {
            next if $chunk == 7 && length $body > 10000;

            my $r = $chunk
                ? post($t, $key, chunked($chunk, $body),
                       port => $t->port($port),
                       headers => [ $json, 'Transfer-Encoding: chunked' ])
                : post($t, $key, $body, port => $t->port($port));
            my $got = verdict($r);

            if ($got eq '200') {
                my $sent = length $body > 1 << 16
                    ? Keygate::Upstream::digest($body) : $body;
                $got = 'changed' if received($t) ne $sent;
            }

            push @{$got{$got}}, $chunk ? "$how, in chunks of $chunk" : $how;
        }
    }

    is_deeply([ keys %got ], [$expected], "$name: $expected")
        or diag(explain(\%got));
}

$t->hits;
ways($write, $_, 200) for @allowed;
cmp_ok($t->hits, '>=', 14 * @allowed, 'each of them reached the upstream');

ways($write, $_, $refused) for @asking;
ways($write, $_, $invalid) for @broken;
ways($send, $_, $invalid) for grep { $_->[0] !~ /depth/ } @broken;
is($t->hits, 0, 'nothing of what was refused has reached the upstream');

ways($send, $_, 200) for @asking;
cmp_ok($t->hits, '>=', 14 * @asking, 'with the scope all of them pass');

is(verdict(post($t, $write, '{"rush": 1}')),
   '403 insufficient_scope docs:rush', 'another member, another scope');
is(verdict(post($t, $write, '{"rush": 1, "send": 1}')), $refused,
   'both: the first as configured');

# -- what the headers say of the body

my @forms = (
    [ 'no Content-Type' ],
    [ 'JSON with a charset', 'Content-Type: application/json; charset=UTF-8' ],
    [ 'quoted', 'Content-Type: application/json;charset="utf-8"' ],
    [ 'JSON of another kind', 'Content-Type: application/vnd.docs+json' ],
    [ 'as fetch() has it', 'Content-Type: text/plain;charset=UTF-8' ],
    [ 'as curl -d has it', 'Content-Type: application/x-www-form-urlencoded' ],
    [ 'no encoding by name', $json, 'Content-Encoding: identity' ],
);

for my $form (@forms) {
    my ($name, @headers) = @$form;

    my @o = (headers => \@headers);

    is(verdict(post($t, $write, '{"a": "b"}', @o)), 200, $name);
    is(verdict(post($t, $write, '{"send": 1}', @o)), $refused, "$name: send");
}

$t->hits;

my $boundary = '{"a": "--x\r\nContent-Disposition: form-data; name=send'
               . '\r\n\r\ntrue\r\n--x--"}';

for my $case (
    [ 'a form with another field', '{"a":"&send=true&"}',
      'Content-Type: application/x-www-form-urlencoded' ],
    [ 'a form with semicolons', '{"a":";send=true;"}',
      'Content-Type: application/x-www-form-urlencoded; charset=utf-8' ],
    [ 'a multipart form', $boundary,
      'Content-Type: multipart/form-data; boundary=x' ],
    [ 'XML', '{}', 'Content-Type: application/xml' ],
    [ 'YAML', '{}', 'Content-Type: application/yaml' ],
    [ 'UTF-7', '{"+AHM-end": true}',
      'Content-Type: application/json; charset=utf-7' ],
    [ 'EBCDIC, behind another parameter', '{}',
      'Content-Type: application/json; a=b; Charset = "IBM037"' ],
    [ 'two types', '{}', $json, 'Content-Type: multipart/form-data' ],
    [ 'gzip by name', '{}', $json, 'Content-Encoding: gzip' ],
    [ 'deflate, which may begin with "{"', '{}', $json,
      'Content-Encoding: deflate' ],
    [ 'two encodings', '{}', $json, 'Content-Encoding: identity',
      'Content-Encoding: deflate' ],
    [ 'two encodings in a line', '{}', $json,
      'Content-Encoding: identity, br' ])
{
    my ($name, $body, @headers) = @$case;

    is(verdict(post($t, $write, $body, headers => \@headers)), $invalid, $name);
}

is($t->hits, 0, 'nothing of these has reached the upstream');

$t->done;

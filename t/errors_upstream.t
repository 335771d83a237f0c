#!/usr/bin/perl

# Errors that an upstream makes: what is in the API's format passes byte for
# byte, known shapes keep what they say, and nothing else gets out.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";

use IO::Compress::Gzip qw(gzip);
use Keygate;
use Keygate::Errors;
use Test::More;
use Time::HiRes qw(sleep);

my $trace = "Traceback (most recent call last):\n  File \"/srv/app.py\"\n"
    . "db-1.internal: refused\n";
my $html = '<html>' . '<p>db-1.internal</p>' x 150_000;
gzip \$trace, \my $zipped;
gzip \'{"message":"It is packed"}', \my $zipped_message;
gzip \('{"detail":"' . 'x' x 1_000_000 . '"}'), \my $bomb;

my $json = 'Content-Type: application/json';
my $problem = 'Content-Type: application/problem+json; charset=utf-8';
my $page = 'Content-Type: text/html; charset=utf-8';

my @old = ('ETag: "old"', 'Last-Modified: Thu, 01 Jan 2026 00:00:00 GMT',
    'Accept-Ranges: bytes', 'Content-Range: bytes 0-1/2',
    'Content-Disposition: attachment', 'Content-Language: en');

my @kept = ([ 'Set-Cookie' => 'a=1' ], [ 'Set-Cookie' => 'b=2' ],
    [ 'Access-Control-Allow-Origin' => '*' ], [ 'Retry-After' => '7' ],
    [ 'Allow' => 'GET' ], [ 'WWW-Authenticate' => 'Own realm="it"' ]);

my $shown = '{"detail":"no <b>such</b> thing"}';
my $shown_problem = '{"type":"urn:x:y","title":"Own","status":404,"extra":[1]}';
my $shown_lists = '{"name": ["is empty"], "age": ["is <0", "is odd"]}';
my $shown_envelope =
    '{ "error": { "code": "own", "message": "Own.", "x": 1 } }';

# as long as may be

my $full_detail = '{"detail":"' . 'd' x (131_072 - 13) . '"}';
my $full_envelope = '{"error":{"code":"a","message":"'
    . 'e' x (131_072 - 35) . '"}}';
my $full_problem = '{"title":"t","status":400,"x":"'
    . 'p' x (131_072 - 33) . '"}';

# path => [ status, body, headers... ]
my %answer = (
    html4 => [ 404, '<h1>db-1.internal</h1>', $page ],
    html5 => [ 500, $trace, 'Content-Type: text/plain' ],
    untyped => [ 500, $trace, 'Content-Type:' ],
    huge => [ 502, $html, $page ],
    hugejson => [ 422, '{"detail":"' . 'x' x 131_072 . '"}', $json ],
    gzip => [ 500, $zipped, 'Content-Encoding: gzip', $page ],
    gzipjson => [ 400, $zipped, 'Content-Encoding: gzip', $json ],
    gzipbroken => [ 400, substr($zipped_message, 0, 20), $json,
                    'Content-Encoding: gzip' ],
    bomb => [ 400, $bomb, 'Content-Encoding: gzip', $json ],
    packed => [ 400, $zipped_message, 'Content-Encoding: gzip', $json ],
    plain => [ 400, '{"message":"It is plain"}', 'Content-Encoding: Identity',
               $json ],
    plains => [ 400, '{"message":"It is plain"}', $json,
                'Content-Encoding: identity,identity ,' ],
    plainbr => [ 400, '{"message":"db-1.internal"}', $json,
                 'Content-Encoding: identity, br' ],
    plainly => [ 400, '{"message":"db-1.internal"}', $json,
                 'Content-Encoding: identity2' ],
    plaintext => [ 404, $trace, 'Content-Type: text/plain',
                   'Content-Encoding: identity' ],
    empty4 => [ 409, '', $json ],
    empty5 => [ 503, '', $page ],
    unknown => [ 400, '{"trace":"db-1.internal"}', $json ],
    array => [ 400, '["db-1.internal"]', $json ],
    broken => [ 400, '{"detail":"db-1.internal"', $json ],
    json5 => [ 500, '{"title":"db-1.internal"}', $json ],
    title => [ 400, '{"title":"Own title"}', $json ],
    extended => [ 429, '{"message":"Slower","retry_after":64.57,"global":false,'
                  . '"required_scopes":"a","granted_scopes":2,"errors":"x",'
                  . '"violated-policies":true,"status":"no","more":[1]}',
                  $json ],
    message => [ 404, '{"message":"no <b>such</b> thing"}', $json ],
    error => [ 409, '{"error":"It is taken"}', $json ],
    object => [ 409, '{"error":{"message":"It is taken"}}', $json ],
    lists => [ 422, '{"message":"Not valid","errors":{"a":["is </odd>"]}}',
               $json ],
    fields => [ 400, '{"title":"Bad","field_errors":[{"f":"a"}]}', $json ],
    fastapi => [ 422, '{"detail":[{"loc":["a",1],"msg":"no"}],"x":1}', $json ],
    nest => [ 400, '{"statusCode":400,"message":["is <short>"],"error":"Bad"}',
              $json ],
    hygiene => [ 404, 'old', @old, (map { "$_->[0]: $_->[1]" } @kept), $page ],
    reason => [ 400, 'x', $page ],
    accel => [ 200, 'x', $page, 'X-Accel-Redirect: /html4' ],
);

gzip \$shown, \my $zipped_shown;

my %own = (
    problem => { own4 => [ 404, $shown_problem, $problem, @old ],
                 own5 => [ 500, $shown_problem, $problem ],
                 ownzip => [ 500, $zipped, $problem, 'Content-Encoding: gzip' ],
                 ownfull => [ 400, $full_problem, $json ],
                ownlong => [ 400, 'x' x 50_000, $problem ] },
    detail => { own4 => [ 404, $shown, $json, @old ],
                own5 => [ 500, $shown, $json ],
                ownzip => [ 404, $zipped_shown, $json,
                            'Content-Encoding: gzip' ],
                ownplain => [ 404, $shown, $json,
                              'Content-Encoding: identity' ],
                ownlarge => [ 422, '{"detail":"x","n":9223372036854775808}',
                              $json ],
                ownlarge5 => [ 500, '{"detail": "x", "n": [-1e400]}', $json ],
                ownlists => [ 400, $shown_lists, $json ],
                ownfull => [ 400, $full_detail, $json ],
                ownfull5 => [ 500, $full_detail, $json ] },
    envelope => { own4 => [ 404, $shown_envelope, $json, @old ],
                  owncode => [ 404, '{"error":{"code":404,"message":"m1",'
                               . '"status":"NOT_FOUND"}}', $json ],
                  own5 => [ 500, $shown_envelope, $json ],
                  ownfull => [ 400, $full_envelope, $json ] },
);


# path: /ANSWER, /FORMAT.ANSWER; with ?chunked, ?slow, ?cut, ?reset, ?late

sub reply {
    my ($request) = @_;

    my ($format, $name, $how) =
        $request->{uri} =~ m{^/(?:\w+/)?(?:(\w+)\.)?(\w+)\??(\w*)};
    my $answer = $format ? $own{$format}{$name} : $answer{$name};
    my ($status, $body, @headers) = @{$answer || [ 200, 'fine' ]};
    my $head = join "\r\n", "HTTP/1.1 $status db-1.internal", @headers, '';

    if ($how eq 'chunked') {
        return $head . "Transfer-Encoding: chunked\r\n\r\n" . join '',
            map { sprintf "%x\r\n%s\r\n", length, $_ }
            (unpack '(a7000)*', $body), '';
    }

    if ($how eq 'closed') {
        return ($head . "Connection: close\r\n\r\n$body", undef);
    }

    my $whole = $head . 'Content-Length: ' . length($body) . "\r\n\r\n";

    if ($how eq 'cut') {
        return ($whole . substr($body, 0, length($body) / 2), undef);
    }

    if ($how eq 'cutchunk') {
        return ($head . "Transfer-Encoding: chunked\r\n\r\n1000\r\n$body",
                undef);
    }

    if ($how eq 'cuthead') {
        return (substr($head, 0, 20), undef);
    }

    if ($how eq 'slow') {
        return ($whole, map { select undef, undef, undef, 0.002; $_ }
                        split //, $body);
    }

    return $whole . $body;
}


my $t = Keygate->new(reply => \&reply, conf => errors_conf(listen => '',
    http => <<'HTTP', server => <<'SERVER'));
    proxy_cache_path %%DIR%%/temp/cache keys_zone=cache:1m;
HTTP
        proxy_http_version 1.1;
        proxy_set_header Connection "";
        location / { proxy_pass http://127.0.0.1:%%UPSTREAM%%; }
        location /unbuffered/ {
            proxy_buffering off;
            proxy_pass http://127.0.0.1:%%UPSTREAM%%;
        }
        location /small/ {
            keygate_errors_inspect 10;
            proxy_pass http://127.0.0.1:%%UPSTREAM%%;
        }
        location /files/ {
            proxy_buffers 2 4k;
            proxy_buffer_size 4k;
            proxy_busy_buffers_size 4k;
            proxy_temp_file_write_size 4k;
            proxy_pass http://127.0.0.1:%%UPSTREAM%%;
        }
        location /cached/ {
            proxy_cache cache;
            proxy_cache_valid any 1h;
            proxy_ignore_headers Set-Cookie Cache-Control;
            add_header X-Cache $upstream_cache_status always;
            sendfile on;
            proxy_pass http://127.0.0.1:%%UPSTREAM%%;
        }
        location /off/ {
            keygate_errors off;
            proxy_pass http://127.0.0.1:%%UPSTREAM%%;
        }
SERVER

is(length $_, 131_072, 'as long as is looked at')
    for $full_detail, $full_envelope, $full_problem;

$t->start;


sub replaced {
    my ($format, $uri, $status, %o) = @_;

    my $port = $t->port(uc $format);
    my ($path) = $uri =~ m{^([^?]*)};

    for my $version ('1.0', '1.1') {
        my $r = $t->get($uri, port => $port, version => $version);

        error_ok($r, $format, $status, "$format $version: $uri",
            instance => $path, %o);
        unlike($r->{raw}, qr/db-1|Traceback/,
            "$format $version: $uri keeps its secrets") if $r;
    }
}


for my $format (@formats) {
    my $port = $t->port(uc $format);

    for my $how ('', '?chunked', '?closed', '?slow') {
        for my $at ('', '/unbuffered', '/files') {
            for my $name (qw(html4 html5 untyped huge hugejson gzip gzipjson
                             gzipbroken bomb plainbr plainly plaintext
                             empty4 empty5 unknown array broken json5))
            {
                next if $how eq '?slow' && ($at ne '' || $name =~ /huge/);
                next if $how && $name eq 'huge' && $at ne '';

                replaced($format, "$at/$name$how", $answer{$name}[0]);
            }

            next if $how eq '?slow' && $at ne '';

            for my $name (sort keys %{$own{$format}}) {
                my ($status, $body) = @{$own{$format}{$name}};

                next if $how eq '?slow' && length $body > 10_000;

                my $r = $t->get("$at/$format.$name$how", port => $port);

                is($r->{status}, $status, "$format: $at/$name$how");
                is($r->{body}, $body, "$format: $at/$name$how, every byte");
            }
        }
    }

    # an API's own errors keep their headers, too

    my $r = $t->get("/$format.own4", port => $port);
    is($r->header('ETag'), '"old"', "$format: the upstream's own is untouched");

    # members that the gate has of its own are the upstream's here

    if ($format eq 'problem') {
        my $body = $t->get('/extended', port => $port)->json;

        is_deeply({ map { $_ => $body->{$_} } grep { !/^(?:type|title|detail
            |instance|request_id|code)$/x } keys %$body },
            { status => 429, retry_after => 64.57, required_scopes => 'a',
              granted_scopes => 2, 'violated-policies' => JSON::PP::true(),
              global => JSON::PP::false() },
            'numbers, strings and booleans stay');
    }

    # what says something keeps it

    my @said = (
        [ packed => 400, detail => 'It is packed' ],
        [ plain => 400, detail => 'It is plain' ],
        [ plains => 400, detail => 'It is plain' ],
        [ title => 400, detail => 'Own title' ],
        [ message => 404, detail => 'no <b>such</b> thing' ],
        [ error => 409, detail => 'It is taken' ],
        [ object => 409, detail => 'It is taken' ],
        [ lists => 422, detail => 'Not valid',
          errors => [ { pointer => '/a', detail => 'is </odd>' } ] ],
        [ fields => 400, detail => 'Bad', errors => [ { f => 'a' } ] ],
        [ nest => 400, detail => 'Bad', errors => [ 'is <short>' ],
          more => { statusCode => 400 } ],
        [ fastapi => 422, errors => [ { loc => [ 'a', 1 ], msg => 'no' } ],
          more => { x => 1 } ],
    );

    for my $row (@said) {
        my ($name, $status, %o) = @$row;

        replaced($format, "/$name$_", $status, %o) for '', '?chunked';
    }

    # known only as far as one looks

    if ($format ne 'problem') {
        replaced($format, "/small/$format.own4", 404);
        replaced($format, "/small/$format.own4?chunked", 404);
    }

    replaced($format, '/small/message', 404);

    # broken off: a whole error all the same

    for my $at ('', '/unbuffered') {
        replaced($format, "$at/html5?cut", 500);
        replaced($format, "$at/html5?cutchunk", 500);
        replaced($format, "$at/message?cut", 404);
        replaced($format, "$at/$format.own4?cut", 404);
        replaced($format, "$at/$format.own4?cutchunk", 404);
        replaced($format, "$at/html5?cuthead", 502);
    }

    # headers

    $r = $t->get('/hygiene', port => $port);
    error_ok($r, $format, 404, "$format: headers of the old body",
        instance => '/hygiene');

    for my $header (@kept) {
        ok(scalar(grep { $_ eq $header->[1] } $r->header($header->[0])),
            "$format: $header->[0] stays");
    }

    unlike($t->get('/reason', port => $port)->{head}, qr/db-1/,
        "$format: the upstream's own reason phrase goes");

    # HEAD

    for my $name (qw(html4 html5 huge gzip empty5)) {
        my $get = $t->get("/$name", port => $port);
        my $head = $t->get("/$name", port => $port, method => 'HEAD');

        error_ok($head, $format, $answer{$name}[0], "$format: HEAD of $name",
            head => 1);
        is($head->header('Content-Length'), $get->header('Content-Length'),
            "$format: HEAD of $name has the length of GET");
    }

    my $head = $t->get("/$format.own4", port => $port, method => 'HEAD');
    my $length = $head->header('Content-Length');
    ok(!defined $length || $length == length $own{$format}{own4}[1],
        "$format: HEAD of its own has no wrong length");

    # one connection

    for my $how ('', '?chunked', '?slow') {
        my $client = $t->client($port);

        for my $name (qw(html4 html5 unknown message gzip empty5)) {
            $client->send($t->request_bytes("/$name$how", keep => 1));
            my $one = $client->response;
            is($one && $one->{status}, $answer{$name}[0],
                "$format: $name$how on one connection");
        }

        $client->send($t->request_bytes('/fine', keep => 1));
        is($client->response->{body}, 'fine', "$format: and then a success");
    }

    # from the cache, too; what is there is the upstream's own for all formats

    for my $n (1, 2) {
        for my $name (qw(html5 message huge broken)) {
            replaced($format, "/cached/$name", $answer{$name}[0],
                $name eq 'message'
                ? (detail => $answer{message}[1] =~ /:"(.*)"/) : ());
        }

        $r = $t->get("/cached/$format.own4", port => $port);
        is($r->{body}, $own{$format}{own4}[1], "$format: its own, cached");
        is($r->header('X-Cache'), 'HIT', "$format: it is cached") if $n == 2;
    }

    # elsewhere, by X-Accel-Redirect

    replaced($format, '/accel', 404);

    is($t->get('/off/html5', port => $port)->{body}, $trace,
        "$format: off is off");
}

$t->allow(qr/prematurely closed/);
$t->done;

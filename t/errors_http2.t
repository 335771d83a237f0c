#!/usr/bin/perl

# The same errors over HTTP/2 and around TLS.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";

use Keygate;
use Keygate::Errors;
use Test::More;

plan(skip_all => 'no curl with HTTP/2')
    if `curl --version 2>&1` !~ /\bHTTP2\b/;
plan(skip_all => 'no openssl') if `openssl version 2>&1` !~ /^OpenSSL/;

my $json = "Content-Type: application/json\r\n";
my $own = '{"detail":"own"}';

sub reply {
    my ($request) = @_;

    return "HTTP/1.1 404 X\r\n${json}Content-Length: 16\r\n\r\n$own"
        if $request->{uri} =~ /own/;

    return ("HTTP/1.1 500 X\r\n${json}Content-Length: 99\r\n\r\n{\"trace\":",
            undef) if $request->{uri} =~ /cut/;

    return "HTTP/1.1 500 X\r\nContent-Type: text/plain\r\n"
        . "Transfer-Encoding: chunked\r\n\r\n5\r\nTrace\r\n0\r\n\r\n";
}

my $t = Keygate->new(reply => \&reply, conf => errors_conf(listen => 'http2',
    server => <<'SERVER') . <<'TLS');
        log_not_found off;
        location = /teapot { return 418; }
        location /up/      { proxy_pass http://127.0.0.1:%%UPSTREAM%%; }
        location /gate     { keygate %s; }
SERVER
    server {
        listen 127.0.0.1:%%TLS%% ssl;
        ssl_certificate cert.pem;
        ssl_certificate_key key.pem;
        ssl_verify_client optional;
        ssl_client_certificate cert.pem;
        keygate_errors problem;
        add_header X-Request-Id $request_id always;
        location / { if ($ssl_client_verify != SUCCESS) { return 496; } }
    }
TLS

$t->write_certificate;

$t->start;


sub curl {
    my ($url, @args) = @_;

    open my $f, '-|', 'curl', '-s', '-k', '--path-as-is',
        '--http2-prior-knowledge', '-m', 10, '-D', '-', @args, $url
        or die "curl: $!\n";
    local $/;
    my $out = <$f> // '';
    close $f;

    my ($head, $body) = split /\r\n\r\n/, $out, 2;
    my ($line, @lines) = split /\r\n/, $head // '';
    my ($version, $status) = ($line // '') =~ m{^HTTP/(\S+) (\d+)} or return;

    return bless { status => $status, version => $version, body => $body // '',
        raw => $out, headers => [ map { [ split /:[ \t]*/, $_, 2 ] } @lines ] },
        'Keygate::Response';
}


for my $format (@formats) {
    my $base = 'http://127.0.0.1:' . $t->port(uc $format);

    for my $row (
        [ '/none', 404 ],
        [ '/teapot', 418 ],
        [ '/gate', 401, code => 'credential_missing' ],
        [ '/up/trace', 500 ],
        [ '/up/cut', 500 ],
    ) {
        my ($path, $status, %o) = @$row;
        my $r = curl("$base$path");
        my $name = "$format: HTTP/2: $path $status";

        is($r && $r->{version}, 2, "$name: it is HTTP/2");
        error_ok($r, $format, $status, $name, any_instance => 1, %o,
            instance => $path);

        next if $path eq '/up/cut';

        my $head = curl("$base$path", '-I', '-o', '/dev/null');
        error_ok($head, $format, $status, "$name: HEAD", head => 1);
        is($head->header('Content-Length'), $r->header('Content-Length'),
            "$name: HEAD: the same length");
    }

    my $r = curl("$base/up/own");

    if ($format eq 'detail') {
        is($r->{body}, $own, 'HTTP/2: what is in the format passes');

    } else {
        error_ok($r, $format, 404, "$format: HTTP/2: a known shape",
            detail => 'own', instance => '/up/own');
    }
}

# plain text to a TLS port, and what TLS itself calls errors

my $r = $t->get('/none', port => $t->port('TLS'));

error_ok($r, 'problem', 400, 'plain text to a TLS port', any_instance => 1,
    instance => undef, detail => 'The request was sent in plain text to a port '
    . 'that speaks TLS: use https.');

$r = curl('https://127.0.0.1:' . $t->port('TLS') . '/none', '--http1.1');
error_ok($r, 'problem', 400, 'no client certificate', instance => '/none');

$t->allow(qr/prematurely closed|\[warn\]/);
$t->done;

package Keygate::When;

# An API whose documents need a scope more when they are sent, behind servers
# that read bodies in different ways, and requests to it.

use strict;
use warnings;

use Exporter qw(import);

our @EXPORT = qw(when_conf post verdict chunked received @ways $json);

our $json = 'Content-Type: application/json';

# However a body comes: in one piece, in a temporary file, with the upstream
# reading along.

our @ways = (
    [ 'in memory', 'PORT' ], [ 'in a file', 'FILE' ],
    [ 'in a file for want of room', 'SMALL' ],
    [ 'in a single buffer', 'SINGLE' ], [ 'unbuffered', 'STREAM' ],
);

my $conf = <<'END';
    keygate_zone keys:1m journal=keys.jsonl;
    keygate_api docs {
        zone       keys;
        credential header X-Api-Key;
        key_format tk_ id=6 secret=24;
        rate       100000r/h;

        scope  docs:read;
        scope  docs:write;
        scope  docs:send;
        scope  docs:rush;

        route  GET  /v1/docs  docs:read;
        route  POST /v1/docs  docs:write;
        when   POST /v1/docs  body.send docs:send;
        when   POST /v1/docs  body.rush docs:rush;
        route  POST /v1/notes docs:write;
        route  *    /too/*    any;
    }

    log_format verdict '$request_method $status $keygate_verdict';
    access_log %%DIR%%/verdict.log verdict;
    client_max_body_size 11m;
    client_body_buffer_size 64k;
    proxy_http_version 1.1;
    keygate docs;

    server {
        listen 127.0.0.1:%%PORT%%;
        location / { proxy_pass http://127.0.0.1:%%UPSTREAM%%; }
    }

    server {
        listen 127.0.0.1:%%SMALL%%;
        client_body_buffer_size 16;
        location / { proxy_pass http://127.0.0.1:%%UPSTREAM%%; }
    }

    server {
        listen 127.0.0.1:%%FILE%%;
        client_body_in_file_only clean;
        location / { proxy_pass http://127.0.0.1:%%UPSTREAM%%; }
    }

    server {
        listen 127.0.0.1:%%SINGLE%%;
        client_body_in_single_buffer on;
        location / { proxy_pass http://127.0.0.1:%%UPSTREAM%%; }
    }

    server {
        listen 127.0.0.1:%%STREAM%%;
        proxy_request_buffering off;
        location / { proxy_pass http://127.0.0.1:%%UPSTREAM%%; }
    }

    server {
        listen 127.0.0.1:%%LITTLE%%;
        client_max_body_size 1k;
        client_body_timeout 1s;
        location / { proxy_pass http://127.0.0.1:%%UPSTREAM%%; }
    }

    server {
        listen 127.0.0.1:%%PAGES%%;
        client_max_body_size 1k;
        client_body_timeout 1s;
        error_page 400 /too/malformed;
        error_page 408 413 /too/large;
        location / { proxy_pass http://127.0.0.1:%%UPSTREAM%%; }
    }

    server {
        listen 127.0.0.1:%%NAMED%%;
        client_max_body_size 1k;
        error_page 413 @large;
        location @large { proxy_pass http://127.0.0.1:%%UPSTREAM%%; }
        location / { proxy_pass http://127.0.0.1:%%UPSTREAM%%; }
    }

    server {
        listen 127.0.0.1:%%DRY%%;
        keygate_dry_run on;
        location / { proxy_pass http://127.0.0.1:%%UPSTREAM%%; }
    }

    server {
        listen 127.0.0.1:%%H2%% http2;
        location / { proxy_pass http://127.0.0.1:%%UPSTREAM%%; }
    }
END


sub when_conf {
    return $conf;
}


# (test, key, body, options): the response.

sub post {
    my ($t, $key, $body, %o) = @_;

    return $t->get('/v1/docs', method => 'POST', key => $key, body => $body,
                   headers => [$json], %o);
}


# "200", or what it was refused for.

sub verdict {
    my ($r) = @_;

    return 'none' if !$r;
    return $r->{status} if $r->{status} < 400;

    my $p = $r->json or return "$r->{status}: no JSON";

    return "$r->{status} $p->{code}"
           . ($p->{code} eq 'insufficient_scope'
              ? " @{$p->{required_scopes}}" : '');
}


sub chunked {
    my ($size, $body) = @_;

    return join '', map({ sprintf "%x\r\n%s\r\n", length $_, $_ }
                        unpack "(a$size)*", $body), "0\r\n\r\n";
}


# The body that has reached the upstream.

sub received {
    my ($t) = @_;

    return $t->last_hit->{body};
}


1;

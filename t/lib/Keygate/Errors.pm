package Keygate::Errors;

# What the tests of errors share: one API of each format, a server for each,
# and the check that a response is a whole error in that format.

use strict;
use warnings;

use Exporter qw(import);
use JSON::PP ();
use Test::More;

our @EXPORT = qw(@formats errors_apis errors_conf error_ok error_body);

our @formats = qw(problem detail envelope);

my %type = (problem => 'application/problem+json', detail => 'application/json',
            envelope => 'application/json');

# they describe a body that is not there any more
my @gone = qw(Content-Encoding ETag Last-Modified Accept-Ranges Content-Range
              Content-Disposition Content-Language);


sub errors_apis {
    my (%o) = @_;

    my $extra = $o{extra} // '';

    return "keygate_zone keys:1m journal=keys.jsonl;\n" . join '', map { <<"END"
    keygate_api $_ {
        zone       keys;
        credential header X-Api-Key;
        credential bearer;
        key_format tk_ id=6 secret=24;
        scope      items:read   "Read items";
        scope      items:write  "Write items";
        rate       1000r/m;
        errors     $_;
        route      GET  /v1/items  items:read;
        route      POST /v1/items  items:write;
        route      GET  /v1/open/* public;
        $extra
    }
END
    } @formats;
}


# A server a format, on %%PROBLEM%%, %%DETAIL%% and %%ENVELOPE%%, with %s for
# the name of the format.

sub errors_conf {
    my (%o) = @_;

    return errors_apis(%o) . ($o{http} // '') . join '', map {
        my $format = $_;
        my $port = uc $format;
        (my $server = $o{server}) =~ s/%s/$format/g;

        <<"END"
    server {
        listen 127.0.0.1:%%$port%% $o{listen};
        server_name localhost;
        keygate_errors $format;
        add_header X-Request-Id \$request_id always;
$server
    }
END
    } @formats;
}


sub title {
    my ($status) = @_;

    my %title = (400 => 'Bad Request', 401 => 'Unauthorized',
        403 => 'Forbidden', 404 => 'Not Found', 405 => 'Method Not Allowed',
        409 => 'Conflict', 412 => 'Precondition Failed',
        413 => 'Payload Too Large', 414 => 'URI Too Long',
        416 => 'Range Not Satisfiable', 418 => "I'm a Teapot",
        422 => 'Unprocessable Content', 429 => 'Too Many Requests',
        431 => 'Request Header Fields Too Large',
        451 => 'Unavailable For Legal Reasons',
        500 => 'Internal Server Error', 501 => 'Not Implemented',
        502 => 'Bad Gateway', 503 => 'Service Unavailable',
        504 => 'Gateway Timeout', 505 => 'HTTP Version Not Supported',
        507 => 'Insufficient Storage');

    return $title{$status} // 'Error';
}


# The body as data.  code, title, detail: where they are not the status's.

sub error_body {
    my ($format, $status, %o) = @_;

    (my $code = lc title($status)) =~ tr/ '/_/d;
    $code = $o{code} // $code;
    my @errors = $o{errors} ? (errors => $o{errors}) : ();

    return { detail => $o{detail}, @errors } if $format eq 'detail';

    return { error => { code => $code, message => $o{detail}, @errors } }
        if $format eq 'envelope';

    my $limit = $status == 429;

    return {
        type => $limit
            ? 'https://iana.org/assignments/http-problem-types#quota-exceeded'
            : 'about:blank',
        title => $limit
            ? 'Request cannot be satisfied as assigned quota has been exceeded'
            : title($status),
        status => 0 + $status, detail => $o{detail}, code => $code,
        request_id => $o{request_id},
        defined $o{instance} ? (instance => $o{instance}) : (),
        @errors, %{$o{more} || {}},
    };
}


# One test: the whole of a response.  detail may be left out: then it must
# be there, and be a sentence.

sub error_ok {
    my ($r, $format, $status, $name, %o) = @_;

    my @bad;

    if (!$r) {
        fail("$name: no response");
        return;
    }

    my $got = $o{head} ? undef : $r->json;

    if (($o{version} // '1.1') ne '0.9') {
        push @bad, "status $r->{status}" if $r->{status} != $status;
        push @bad, 'type ' . ($r->header('Content-Type') // 'none')
            if ($r->header('Content-Type') // '') ne $type{$format};
        push @bad, "$_ is there" for grep { defined $r->header($_) } @gone;
        push @bad, 'lengths: ' . join ', ', $r->header('Content-Length')
            if !$o{unsure} && 1 != @{[$r->header('Content-Length')]};
        push @bad, 'length ' . $r->header('Content-Length')
            if !$o{unsure} && !$o{head}
               && $r->header('Content-Length') != length $r->{body};
        push @bad, 'a body' if $o{head} && length $r->{body};
        push @bad, 'truncated' if $r->{truncated};

        $o{request_id} = $r->header('X-Request-Id');
    }

    if (!$o{head}) {
        my $detail = !$got ? undef : $format eq 'envelope'
            ? $got->{error}{message} : $got->{detail};

        push @bad, 'no sentence' if ($detail // '') !~ /^[A-Z].*\.$/
                                    && !defined $o{detail};
        $o{detail} //= $detail;
        $o{request_id} //= $got->{request_id} if $got;
        $o{instance} = $got->{instance} if $got && exists $o{any_instance};

        my $json = JSON::PP->new->canonical;
        my $want = $json->encode(error_body($format, $status, %o));
        my $have = $got ? $json->encode($got) : "no JSON: $r->{body}";

        push @bad, "body\n  $have\nwanted\n  $want" if $have ne $want;
    }

    ok(!@bad, $name) or diag(join "\n", @bad);
}


1;

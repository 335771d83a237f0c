package Keygate::Admin;

# The admin API of the items API in a server of its own, and requests to it.

use strict;
use warnings;

use Digest::SHA qw(sha256_hex);
use Exporter qw(import);
use JSON::PP ();

use Keygate::Items;

our @EXPORT = qw(admin_conf admin_token admin admin_post problem_is);

our $token = 'adm_0123456789abcdefghijklmnop';

my $json = JSON::PP->new->canonical->allow_nonref->latin1;


# The items API, its server, and the admin API on %%ADMIN%%.

sub admin_conf {
    my (%o) = @_;

    my ($server, $location) = map { $_ // '' } @o{qw(server admin_location)};
    my $tokens = $o{tokens} // 'token=admin.token';

    $o{routes} //= '';
    $o{extra} = ($o{extra} // '') . 'plan free; plan pro;';

    return items_conf(%o) . <<"END";
    server {
        listen 127.0.0.1:%%ADMIN%%;
        $server
        location /admin/ {
            keygate_admin items $tokens;
            $location
        }
        location = /metrics { keygate_metrics; }
    }
END
}


# Writes the file of the token's digest; the token must be seen nowhere.

sub admin_token {
    my ($t) = @_;

    $t->write_file('admin.token', sha256_hex($token) . "\n");
    $t->secret('the token of the admin API', $token);
    $t->secret('its digest', sha256_hex($token));
}


# (method, path, body?, headers...): the response.  A reference is sent as
# JSON, a string as it is.

sub admin {
    my ($t, $method, $path, $body, @headers) = @_;

    $body = $json->encode($body) if ref $body;
    push @headers, 'Content-Type: application/json'
        if defined $body && !grep { /^content-type:/i } @headers;
    push @headers, "Authorization: Bearer $token"
        if !grep { /^authorization:/i } @headers;

    return $t->get("/admin$path", method => $method, headers => \@headers,
        port => $t->port('ADMIN'), defined $body ? (body => $body) : ());
}


# A POST as Keygate::Load sends it: its port and bytes.

sub admin_post {
    my ($t, $path, $body) = @_;

    return (port => $t->port('ADMIN'), bytes => $t->request_bytes(
        "/admin$path", method => 'POST', body => $body, headers => [
            "Authorization: Bearer $token",
            'Content-Type: application/json' ]));
}


# What a response is as a problem: "status code", or what is wrong with it.

sub problem_is {
    my ($r) = @_;

    return 'no answer' if !$r;

    my $p = $r->json or return "$r->{status}: no JSON";

    return "type $_" for grep { $_ ne 'application/problem+json' }
                         $r->header('Content-Type') // 'none';
    return 'may be stored' if ($r->header('Cache-Control') // '') ne 'no-store';
    return "status $p->{status} in the body of a $r->{status}"
        if $p->{status} != $r->{status};
    return 'members are missing: ' . join ' ', sort keys %$p
        if grep { !defined $p->{$_} }
           qw(type title detail instance code request_id);

    return join ' ', "$r->{status} $p->{code}",
        map { "$_->{pointer} $_->{detail};" } @{$p->{errors} || []};
}


1;

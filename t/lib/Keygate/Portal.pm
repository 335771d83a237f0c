package Keygate::Portal;

# The API of the developers page, on %%PORTAL%% below /api/, for users who are
# told by a cookie of the application; and requests to it.

use strict;
use warnings;

use Exporter qw(import);
use JSON::PP ();
use POSIX qw(strftime);

use Keygate::Admin;
use Keygate::Items;

our @EXPORT = qw(portal_conf portal portal_later portal_time);

my $json = JSON::PP->new->canonical->allow_nonref->latin1;


# The items API with its admin API, and the portal; portal: its parameters,
# ways: directives of another API, "ways", on where keys are sent; more: other
# locations.

sub portal_conf {
    my (%o) = @_;

    my ($portal, $more) = map { $_ // '' } @o{qw(portal more)};
    my $long = 'x' x 256;

    $o{rate} //= 'rate 100r/m;';

    my $ways = $o{ways} ? items_api(name => 'ways', zone => '',
        credential => $o{ways}) =~ s/key_format tk_/key_format wy_/r : '';

    return <<"END" . admin_conf(%o) . $ways . <<"END";
    map_hash_bucket_size 512;
    map \$cookie_who \$account {
        mia acc_1;
        tom acc_3;
        stray acc_9;
        all all;
        nameless acc_1;
        long acc_1;
        odd "not/an id";
        command acc_1;
    }
    map \$cookie_who \$user {
        mia mia\@one.example;
        tom tom\@three.example;
        stray stray;
        all all;
        nobody nobody;
        long $long;
        odd odd;
        command cli:root;
    }
    map \$http_x_can \$can { default \$http_x_can; }
    map \$http_x_scopes \$scopes { default \$http_x_scopes; }
END
    server {
        listen 127.0.0.1:%%PORTAL%%;
        location /api/ {
            keygate_portal items account=\$account user=\$user $portal;
        }
        $more
    }
END
}


# who: whose cookie is sent; at: the location; site: Sec-Fetch-Site; body: a
# reference is sent as JSON; type: its Content-Type.

sub bytes {
    my ($t, $method, $path, %o) = @_;

    my @headers = @{$o{headers} || []};
    my $who = exists $o{who} ? $o{who} : 'mia';
    my $site = exists $o{site} ? $o{site} : 'same-origin';
    my $type = exists $o{type} ? $o{type} : 'application/json';
    my $body = ref $o{body} ? $json->encode($o{body}) : $o{body};

    push @headers, "Cookie: who=$who" if defined $who;
    push @headers, "Sec-Fetch-Site: $site" if defined $site;
    push @headers, "Content-Type: $type"
        if defined $body && defined $type
           && !grep { /^content-type:/i } @headers;

    return $t->request_bytes(($o{at} // '/api') . $path, method => $method,
        headers => \@headers, defined $body ? (body => $body) : ());
}


sub portal {
    my ($t, $method, $path, %o) = @_;

    return $t->raw(bytes($t, $method, $path, %o), port => $t->port('PORTAL'),
        method => $method);
}


# Sends the request now; what is returned waits for the response.

sub portal_later {
    my ($t, $method, $path, %o) = @_;

    my $client = $t->client($t->port('PORTAL'));

    $client->send(bytes($t, $method, $path, %o));

    return sub { $client->response($method) };
}


# A time that many seconds from now.

sub portal_time {
    return strftime '%Y-%m-%dT%H:%M:%SZ', gmtime time + $_[0];
}


1;

package Keygate::Items;

# The API that most tests put behind the gate: items that are read and
# written, something for administrators, and something for everybody.

use strict;
use warnings;

use Exporter qw(import);

our @EXPORT = qw(items_api items_server items_conf);


# The zone and the API.  rate: directives about rates; extra: any others;
# routes: more of them, or in place of the usual ones with only => 1.

sub items_api {
    my (%o) = @_;

    my ($rate, $extra, $routes) = map { $_ // '' } @o{qw(rate extra routes)};
    my $credential = $o{credential} // 'credential header X-Api-Key;';
    my $name = $o{name} // 'items';

    $routes .= <<'END' if !$o{only};
        route GET  /v1/items      items:read;
        route GET  /v1/items/:id  items:read;
        route POST /v1/items      items:write;
        route GET  /v1/admin/keys admin:read;
        route GET  /v1/open       public;
        route GET  /v1/me         any;
END

    return ($o{zone} // "keygate_zone keys:1m journal=keys.jsonl;\n") . <<"END";
    keygate_api $name {
        zone       keys;
        $credential
        key_format tk_ id=6 secret=24;
        scope      items:read   "Read items";
        scope      items:write  "Create and change items";
        scope      admin:read   "Read what administrators read";
        $rate
        $extra
$routes
    }
END
}


# A server on %%PORT%%; in: what goes into it, before location /.

sub items_server {
    my (%o) = @_;

    my ($in, $location) = map { $_ // '' } @o{qw(in location)};

    return <<"END";
    server {
        listen 127.0.0.1:%%PORT%%;
        $in
        location / {
            keygate items;
            proxy_pass http://127.0.0.1:%%UPSTREAM%%;
            proxy_http_version 1.1;
            $location
        }
    }
END
}


sub items_conf {
    my (%o) = @_;

    return items_api(%o) . items_server(%o);
}


1;

package Keygate::Page;

# The developers page as nginx serves it, with its Content-Security-Policy,
# and whatever answers below /developers/api/; and what such a page is asked.

use strict;
use warnings;

use Exporter qw(import);
use Test::More;

use Keygate;
use Keygate::Browser;

our @EXPORT = qw(page_api page_portal page_session page_conf sign_in browser
    reports axe);

our $policy = join '; ', "default-src 'none'", "script-src 'self'",
    "style-src 'self'", "connect-src 'self'", "img-src 'self'",
    "base-uri 'none'", "form-action 'none'", "frame-ancestors 'self'",
    "require-trusted-types-for 'script'", "trusted-types 'none'";


# What the page is about: an API on %%PORT%% that has no upstream; and on
# %%APP%% a stand-in for the application's session, which knows mia by her
# cookie.

sub page_api {
    return <<'END';
    keygate_zone keys:1m journal=keys.jsonl usage=usage;
    keygate_api cooledge {
        zone       keys;
        credential header X-Api-Key;
        key_format ck_live_ id=6 secret=24;
        base       /api;
        account    business;
        rate       120r/m;
        plan       growth;
        scope customers:read  "Read customers and their sites";
        scope customers:write "Create and update customers";
        scope jobs:read       "Read jobs and their details";
        scope jobs:write      "Create and update jobs";
        scope invoices:read   "Read invoices and payments";
        scope webhooks:manage "Manage webhook subscriptions";
        route GET  /v1/me        any;
        route GET  /v1/customers customers:read;
        route POST /v1/customers customers:write;
        route GET  /v1/jobs      jobs:read;
        route POST /v1/jobs      jobs:write;
        route GET  /v1/invoices  invoices:read;
        route *    /v1/webhooks  webhooks:manage;
    }
    server {
        listen 127.0.0.1:%%PORT%%;
        location /api/ {
            keygate cooledge;
            try_files /nothing @api;
        }
        location @api { return 200 '{"data":[]}'; }
    }
    server {
        listen 127.0.0.1:%%APP%%;
        location = /session {
            if ($cookie_who != mia) { return 401; }
            add_header X-Account biz_1;
            add_header X-User mia@brightline.example;
            return 204;
        }
    }
END
}


# The API of the page, for whom the application's session tells.

sub page_portal {
    my ($parameters) = @_;

    return <<"END";
            auth_request     /session;
            auth_request_set \$account \$upstream_http_x_account;
            auth_request_set \$user \$upstream_http_x_user;
            keygate_portal   cooledge account=\$account user=\$user
                             $parameters;
END
}


# How that session is asked about, and begun.

sub page_session {
    return <<'END';
        location = /session {
            internal;
            proxy_pass http://127.0.0.1:%%APP%%;
            proxy_pass_request_body off;
            proxy_set_header Content-Length "";
        }
        location = /sign-in {
            add_header Set-Cookie "who=$arg_who; Path=/; HttpOnly";
            return 200 "signed in";
        }
END
}


# Signs somebody in, from the page that is there if it is of this origin.

sub sign_in {
    my ($t, $b, $who) = @_;

    my $origin = 'http://127.0.0.1:' . $t->port('PAGE');

    $b->go("$origin/sign-in?who=$who") if !$b->js(<<'E', $origin, $who);
return location.origin === arguments[0]
    && fetch("/sign-in?who=" + arguments[1]).then((r) => r.ok);
E
}


# A server on %%PAGE%%; api: what is in the location of the API.

sub page_conf {
    my (%o) = @_;

    my ($api, $more) = map { $_ // '' } @o{qw(api more)};

    return <<"END";
    include /etc/nginx/mime.types;
    server {
        listen 127.0.0.1:%%PAGE%%;
        $more
        location /developers/ {
            alias $Keygate::root/src/portal/;
            types {
                text/html html; text/css css; text/javascript js;
            }
            charset utf-8;
            add_header Content-Security-Policy
                "$policy; report-uri /reports";
            add_header X-Content-Type-Options nosniff;
            add_header Referrer-Policy no-referrer;
            add_header Cache-Control no-store;
        }
        location /developers/api/ {
            $api
        }
        location = /reports {
            access_log %%DIR%%/reports.log;
            client_max_body_size 1m;
            return 204;
        }
    }
END
}


# A browser that lets the page copy.

sub browser {
    my ($t) = @_;

    my $b = Keygate::Browser->new;

    $b->cdp('Browser.grantPermissions',
        origin => 'http://127.0.0.1:' . $t->port('PAGE'),
        permissions => [qw(clipboardReadWrite clipboardSanitizedWrite)]);

    return $b;
}


# What broke the policy, as its reports and the console tell.

sub reports {
    my ($t, $b) = @_;

    return join "\n", $t->read_file('reports.log'),
           grep { /Content.Security|Refused|Uncaught|TypeError/i } $b->console;
}


# What axe finds on the page as it is, a line each; undef where there is none.

sub axe {
    my ($b) = @_;

    my $path = "$Keygate::root/build/npm/node_modules/axe-core/axe.min.js";

    if (!-e $path) {
        return undef if !Keygate::Browser::path('npm');

        system "mkdir -p $Keygate::root/build/npm && cd $Keygate::root/build"
            . "/npm && npm install --no-save --silent axe-core >/dev/null"
            . ' 2>&1';
        return undef if !-e $path;
    }

    open my $f, '<', $path or die "$path: $!\n";
    local $/;

    # in a world of its own, as an extension's: the policy is not in its way
    my $frames = $b->cdp('Page.getFrameTree');
    my $world = $b->cdp('Page.createIsolatedWorld', worldName => 'axe',
                        frameId => $frames->{frameTree}{frame}{id});
    my %in = (contextId => $world->{executionContextId},
              awaitPromise => JSON::PP::true(),
              returnByValue => JSON::PP::true());

    $b->cdp('Runtime.evaluate', %in, expression => <$f>);

    my $r = $b->cdp('Runtime.evaluate', %in, expression => <<'E');
axe.run().then((all) => all.violations.map((one) => `${one.id}: ${one.help}\n`
    + one.nodes.map((node) => "    " + node.html).join("\n")).join("\n"))
E
    return $r->{result}{value} // "axe failed: "
        . JSON::PP->new->encode($r);
}


1;

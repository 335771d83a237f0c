/*
 * What an option makes of a cli_t.  Every option is described once, here; which
 * command takes which is in commands.c.  What is a member of a record goes
 * into the request as it is, and is judged by the core with the rest of it.
 */

#include <stdlib.h>
#include <string.h>

#include "openapi.h"


static int cli_set_flag(cli_t *cli, const cli_option_t *o, const char *value);
static int cli_set_text(cli_t *cli, const cli_option_t *o, const char *value);
static int cli_set_seconds(cli_t *cli, const cli_option_t *o,
    const char *value);
static int cli_set_filter(cli_t *cli, const cli_option_t *o,
    const char *value);
static int cli_set_at(cli_t *cli, const cli_option_t *o, const char *value);
static int cli_set_in(cli_t *cli, const cli_option_t *o, const char *value);
static int cli_set_formats(cli_t *cli, const cli_option_t *o,
    const char *value);
static int cli_put_in(cli_t *cli, const cli_option_t *o, const char *value);


static int
cli_set_flag(cli_t *cli, const cli_option_t *o, const char *value)
{
    (void) value;

    *(int *) ((char *) cli + o->offset) = 1;

    return CLI_OK;
}


static int
cli_set_text(cli_t *cli, const cli_option_t *o, const char *value)
{
    *(const char **) ((char *) cli + o->offset) = value;

    return CLI_OK;
}


static int
cli_set_seconds(cli_t *cli, const cli_option_t *o, const char *value)
{
    int64_t  *seconds;

    seconds = (int64_t *) ((char *) cli + o->offset);

    if (keygate_time_duration(keygate_span(value), seconds) == KEYGATE_OK) {
        return CLI_OK;
    }

    return cli_error(CLI_USAGE, "--%s: \"%s\" is not a duration such as "
                     "\"90d\", \"24h\", \"15m\", \"30s\"",
                     o->name, value);
}


/* What is wanted of a list, as the admin API has it. */

static int
cli_set_filter(cli_t *cli, const cli_option_t *o, const char *value)
{
    const char     *reason;
    keygate_str_t   name;

    if (strcmp(o->member, "meta") == 0) {
        name = keygate_span(value);
        name.len = strcspn(value, "=");

        reason = value[name.len] == '\0'
                 ? "is not NAME=VALUE"
                 : keygate_filter_meta(&cli->filter, name,
                                       keygate_span(value + name.len + 1));

    } else {
        reason = keygate_filter_set(&cli->filter, keygate_span(o->member),
                                    keygate_span(value));
    }

    return reason == NULL
           ? CLI_OK : cli_error(CLI_USAGE, "--%s: \"%s\" %s", o->name, value,
                                reason);
}


static int
cli_set_at(cli_t *cli, const cli_option_t *o, const char *value)
{
    if (keygate_time_parse(keygate_span(value), &cli->at) == KEYGATE_OK) {
        return CLI_OK;
    }

    return cli_error(CLI_USAGE, "--%s: \"%s\" is not an RFC 3339 time such "
                     "as \"2027-01-31T00:00:00Z\"", o->name, value);
}


static int
cli_set_in(cli_t *cli, const cli_option_t *o, const char *value)
{
    int  rc;

    rc = cli_set_seconds(cli, o, value);

    if (rc == CLI_OK) {
        cli->at += cli->now;
    }

    return rc;
}


static int
cli_set_formats(cli_t *cli, const cli_option_t *o, const char *value)
{
    (void) o;

    return cli_setup_add_formats(cli, value);
}


static int
cli_put_in(cli_t *cli, const cli_option_t *o, const char *value)
{
    int   rc;
    char  text[21];

    rc = cli_set_in(cli, o, value);

    if (rc != CLI_OK) {
        return rc;
    }

    keygate_time_format(cli->at, text);

    return cli_member_put(cli, o, json_string(text));
}


#define cli_field(name)  NULL, offsetof(cli_t, name)
#define cli_member(name)  name, 0

static const cli_option_t  cli_option_list[] = {

    { "journal", 'J', "PATH", "the journal [$KEYGATE_JOURNAL]",
      cli_set_text, cli_field(journal_path) },
    { "pepper", 'P', "PATH", "the zone's pepper, if it has one "
      "[$KEYGATE_PEPPER]", cli_set_text, cli_field(pepper_path) },
    { "format", 'F', "FORMAT", "what keys look like, as in key_format: "
      "\"PREFIX id=N secret=N\" [$KEYGATE_FORMAT]",
      cli_set_formats, NULL, 0 },
    { "store", '1', "URL", "the store that nodes share, in place of a "
      "journal: redis://HOST:PORT, rediss://HOST:PORT or unix:PATH "
      "[$KEYGATE_STORE]", cli_set_text, cli_field(store_url) },
    { "sentinel", '<', "NAME", "the URL names Sentinels of this master, one or "
      "more: redis://HOST:PORT,HOST:PORT",
      cli_set_text, cli_field(sentinel) },
    { "cluster", '>', NULL, "the URL names nodes of a cluster",
      cli_set_flag, cli_field(cluster) },
    { "user", '2', "NAME", "of the store",
      cli_set_text, cli_field(store_user) },
    { "password-file", '3', "PATH", "that user's password, in its first line",
      cli_set_text, cli_field(password_path) },
    { "ca", '4', "PATH", "certificates that the store's is verified by; else "
      "the system's", cli_set_text, cli_field(ca_path) },
    { "cert", '[', "PATH", "a certificate of ours, where the store wants one",
      cli_set_text, cli_field(cert_path) },
    { "cert-key", ']', "PATH", "its key",
      cli_set_text, cli_field(cert_key_path) },
    { "tls-name", '~', "NAME", "the name in the store's certificate; else the "
      "host's", cli_set_text, cli_field(tls_name) },
    { "zone", '5', "NAME", "the zone in the store; \"keys\"",
      cli_set_text, cli_field(zone) },
    { "prefix", '6', "NAME", "of the store's keys; \"kg\"",
      cli_set_text, cli_field(prefix) },
    { "json", 'j', NULL, "JSON, for programs",
      cli_set_flag, cli_field(json) },
    { "quiet", 'q', NULL, "nothing but what was asked for",
      cli_set_flag, cli_field(quiet) },
    { "help", 'h', NULL, "this", cli_set_flag, cli_field(help) },

    { "account", 'a', "ID", "of this account",
      cli_member_text, cli_member("account") },
    { "name", 'n', "TEXT", "what it is called",
      cli_member_text, cli_member("name") },
    { "scope", 's', "NAME[,NAME]", "a scope; may be repeated",
      cli_member_list, cli_member("scopes") },
    { "no-scopes", 'S', NULL, "no scope at all",
      cli_member_none, cli_member("scopes") },
    { "rate", 'r', "NUMr/UNIT", "a rate of its own, as \"600r/m\"; may be "
      "repeated", cli_member_list, cli_member("rates") },
    { "no-rates", 'R', NULL, "the API's rates only",
      cli_member_null, cli_member("rates") },
    { "address", 'i', "CIDR", "usable from there only; may be repeated",
      cli_member_list, cli_member("addresses") },
    { "no-addresses", 'I', NULL, "usable from anywhere",
      cli_member_null, cli_member("addresses") },
    { "meta", '!', "NAME=VALUE", "what is to be known of it; NAME alone "
      "removes it; may be repeated", cli_member_field, cli_member("meta") },
    { "expires-at", 'e', "TIME", "until then, as \"2027-01-31T00:00:00Z\"",
      cli_member_text, cli_member("expires_at") },
    { "expires-in", 'E', "DURATION", "for as long, as \"90d\"",
      cli_put_in, "expires_at", offsetof(cli_t, at) },

    { "at", 't', "TIME", "then, as \"2027-01-31T00:00:00Z\"; else now",
      cli_set_at, NULL, 0 },
    { "in", 'T', "DURATION", "so much later, as \"30d\"",
      cli_set_in, cli_field(at) },
    { "never", 'N', NULL, "not any more",
      cli_set_flag, cli_field(never) },
    { "overlap", 'o', "DURATION", "how long the old secret still works, as "
      "\"24h\"; else not at all", cli_member_text, cli_member("overlap") },

    { "account", '*', "ID", "of this account",
      cli_set_filter, cli_member("account") },
    { "name", '@', "TEXT", "with this in their name, in any case",
      cli_set_filter, cli_member("name") },
    { "scope", '%', "NAME", "that were granted this scope by name",
      cli_set_filter, cli_member("scope") },
    { "state", '.', "live|suspended|revoked|expired", "that are so",
      cli_set_filter, cli_member("state") },
    { "meta", '/', "NAME=VALUE", "whose meta has this, as text; may be "
      "repeated", cli_set_filter, cli_member("meta") },
    { "expiring-within", '^', "DURATION", "that expire within such a time, as "
      "\"14d\"", cli_set_filter, cli_member("expiring_within") },
    { "older-than", 'O', "DURATION", "whose secret is older, as \"90d\"",
      cli_set_filter, cli_member("older_than") },
    { "unused-for", 'U', "DURATION", "that were not used for so long, as "
      "\"30d\"; takes --admin", cli_set_filter, cli_member("unused_for") },
    { "live", 'l', NULL, "neither revoked nor expired",
      cli_set_flag, cli_field(live) },
    { "admin", 'A', "URL", "ask a running gateway, at http[s]://HOST:PORT/PATH "
      "of its admin API, not the journal", cli_set_text, cli_field(admin) },
    { "token-file", 'k', "PATH", "its token; \"-\" for stdin",
      cli_set_text, cli_field(token_path) },

    { "plan", 'p', "NAME", "its plan; \"\" for none",
      cli_member_text_or_null, cli_member("plan") },
    { "status", 'u', "active|trialing|past_due|canceled", "its subscription",
      cli_member_text, cli_member("status") },
    { "trial-ends-at", 'x', "TIME", "when its trial ends; \"\" for none",
      cli_member_text_or_null, cli_member("trial_ends_at") },
    { "profile", 'f', "FIELD=VALUE", "a field of its profile; FIELD alone "
      "for null; may be repeated", cli_member_field, cli_member("profile") },

    { "digests", 'd', NULL, "with their digests, to be imported again",
      cli_set_flag, cli_field(digests) },
    { "dry-run", 'D', NULL, "look at everything, write nothing",
      cli_set_flag, cli_field(dry_run) },
    { "drop", 'K', NULL, "lines that are no records go too, and are printed",
      cli_set_flag, cli_field(drop) },
    { "wait", '7', "DURATION", "until all nodes have it, but at most so "
      "long, as \"5s\"", cli_set_seconds, cli_field(wait) },
    { "rate", '$', "NAME", "of this unit only, as \"day\"; of a group of "
      "routes, as \"search-day\"", cli_set_text, cli_field(rate) },
    { "merge", '8', NULL, "into what is there already",
      cli_set_flag, cli_field(merge) },
    { "new", '9', NULL, "begin one", cli_set_flag, cli_field(fresh) },
    { "role", 'B', "read|keys|admin", "what it may do: look, change keys, or "
      "everything", cli_set_text, cli_field(role) },
    { "bare", 'b', NULL, "hex alone, as token= of keygate_admin has it",
      cli_set_flag, cli_field(bare) },

    { "openapi", '+', "FILE", "a document of what is behind it; --public and "
      "--any as of \"openapi\"", cli_set_text, cli_field(document) },
    { "listen", 'H', "[ADDRESS:]PORT", "where the gate is; "
      "127.0.0.1:8080", cli_set_text, cli_field(listen) },
    { "listen-admin", 'M', "[ADDRESS:]PORT", "where its admin API is; "
      "127.0.0.1:8090", cli_set_text, cli_field(listen_admin) },
    { "upstream", 'w', "URL", "what is behind it; http://127.0.0.1:3000",
      cli_set_text, cli_field(upstream) },
    { "data", 'g', "DIR", "for its journal; /var/lib/keygate",
      cli_set_text, cli_field(data_dir) },
    { "etc", 'c', "DIR", "for the token of the admin API; /etc/keygate",
      cli_set_text, cli_field(etc_dir) },
    { "conf", 'C', "DIR", "for what nginx includes at http level; "
      "/etc/nginx/conf.d", cli_set_text, cli_field(conf_dir) },

    { "name", 'm', "NAME", "of the API; else from the document's title",
      cli_set_text, cli_field(openapi.name) },
    { "zone", 'z', "NAME", "of its keys; \"keys\"",
      cli_set_text, cli_field(openapi.zone) },
    { "scheme", '=', "NAME", "the security scheme whose keys these are",
      cli_set_text, cli_field(openapi.scheme) },
    { "credential", 'W', "WORDS", "where the key is sent, whatever the "
      "document says: as \"header X-Api-Key\"",
      cli_set_text, cli_field(openapi.credential) },
    { "server", 'v', "N|PATH", "which server's path is the base, or the base "
      "itself", cli_set_text, cli_field(openapi.server) },
    { "scopes", 'y', "all|any", "what several scopes mean; \"all\"",
      cli_options_scopes, NULL, 0 },
    { "scopes-from", 'Y', "x-NAME", "an extension with an operation's scopes",
      cli_set_text, cli_field(openapi.scopes_from) },
    { "rename", 'Z', "OLD=NEW", "another name for a scope; may be repeated",
      cli_options_rename, NULL, 0 },
    { "public", 'L', NULL, "no \"security\" means: for everybody",
      cli_options_open, NULL, KEYGATE_OPENAPI_PUBLIC },
    { "any", 'Q', NULL, "no \"security\" means: any key",
      cli_options_open, NULL, KEYGATE_OPENAPI_ANY },
    { "check", 'V', "CONF", "whether it says the same; or, with --admin, what "
      "a gateway runs", cli_options_check, NULL, 0 },
    { "export", 'G', NULL, "FILE is a configuration: an OpenAPI Overlay of it",
      cli_set_flag, cli_field(export) },
    { "fragment", '0', NULL, "with --export: a document, not an overlay",
      cli_set_flag, cli_field(fragment) },
    { "strict", 'X', NULL, "with warnings, the exit code is 1",
      cli_set_flag, cli_field(strict) },

    { "key", '#', "ID", "of this key", cli_set_text, cli_field(key) },
    { "by", '-', "hour|day|month", "a row for each",
      cli_set_text, cli_field(by) },
    { "from", '(', "TIME", "from then on", cli_set_text, cli_field(from) },
    { "to", ')', "TIME", "to its end", cli_set_text, cli_field(to) },
    { "format", '&', "table|csv|json", "how it is printed",
      cli_set_text, cli_field(as) },

    { NULL, 0, NULL, NULL, NULL, NULL, 0 }
};


const cli_option_t *
cli_options_find(char letter)
{
    const cli_option_t  *o;

    for (o = cli_option_list; o->name != NULL; o++) {
        if (o->letter == letter) {
            break;
        }
    }

    return o;
}

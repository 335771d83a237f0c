/*
 * What "setup" says: each file that it made, each that was there, and the
 * request that shows that it works.
 */

#include <string.h>

#include <openssl/crypto.h>

#include "gate.h"


static void cli_gate_line(const cli_gate_file_t *file, const char *what);
static int cli_gate_pair(const cli_gate_t *gate);
static int cli_gate_request(const cli_gate_t *gate, char *request,
    size_t size);
static int cli_gate_json(const cli_gate_t *gate, const char *request);
static void cli_gate_first(const cli_gate_t *gate);
static void cli_gate_files(const cli_gate_t *gate);
static int cli_gate_lost(const cli_gate_t *gate, int rc);


static void
cli_gate_line(const cli_gate_file_t *file, const char *what)
{
    printf("%s  %s: %s\n", file->made ? "made " : cli_gate_there(file)
           ? "there" : "gone ", file->path, what);
}


/* A token whose digest is there cannot be made again; nor may either be
 * written over.  Without the digest nginx does not start. */

static int
cli_gate_pair(const cli_gate_t *gate)
{
    int                     digest;
    const cli_gate_file_t  *there, *gone;

    digest = cli_gate_there(&gate->digest);

    if (digest == cli_gate_there(&gate->token)) {
        return CLI_OK;
    }

    there = digest ? &gate->digest : &gate->token;
    gone = digest ? &gate->token : &gate->digest;

    (void) cli_error(0, "%s is not there: for a new token remove %s, and run "
                     "this again", gone->path, there->path);

    return digest ? CLI_OK : CLI_FAILED;
}


static int
cli_gate_request(const cli_gate_t *gate, char *request, size_t size)
{
    int            n;
    char           header[512];
    cli_gate_at_t  at;

    cli_gate_host(gate, &at);

    n = snprintf(request, size, "curl -i http://%.*s:%s/%s/me ", at.len,
                 at.host, at.port, gate->documented ? "keygate" : "v1");

    if (n < 0 || (size_t) n >= size
        || !cli_gate_header(gate, header, sizeof(header)))
    {
        return 0;
    }

    request += n;
    size -= (size_t) n;
    n = snprintf(request, size, "%s", header);
    OPENSSL_cleanse(header, sizeof(header));

    return n > 0 && (size_t) n < size;
}


static int
cli_gate_json(const cli_gate_t *gate, const char *request)
{
    int      rc;
    json_t  *json;

    json = json_pack("{s:s, s:s, s:s, s:b, s:b}",
                     "journal", gate->journal.path, "site", gate->site.path,
                     "token_file", gate->token.path, "made", gate->site.made,
                     "loaded", gate->loaded);

    if (json == NULL) {
        return cli_error_nomem();
    }

    if (gate->keyed
        && (json_object_set_new(json, "key", json_string(gate->id)) != 0
            || json_object_set_new(json, "secret",
                                   json_string(gate->credential)) != 0
            || json_object_set_new(json, "request",
                                   json_string(request)) != 0))
    {
        json_decref(json);
        return cli_error_nomem();
    }

    rc = cli_print_whole(json);
    json_decref(json);

    return rc;
}


/* Commands that make what is not in an empty journal. */

static void
cli_gate_first(const cli_gate_t *gate)
{
    char     format[128];
    size_t   i;
    json_t  *scopes, *scope;

    if (!cli_gate_format(gate, format, sizeof(format))) {
        return;
    }

    scopes = cli_gate_scopes(gate);

    printf("\nThere is no account and no key in that journal. These make "
           "them:\n\n"
           "  keygate account put first --name 'First account' --journal %s\n"
           "  keygate create --account first --name 'First key'",
           gate->journal.path);

    json_array_foreach(scopes, i, scope) {
        printf("%s%s", i != 0 ? "," : " --scope '", json_string_value(scope));
    }

    printf("%s --format '%s' --journal %s\n",
           json_array_size(scopes) != 0 ? "'" : "", format,
           gate->journal.path);

    json_decref(scopes);
}


static void
cli_gate_files(const cli_gate_t *gate)
{
    cli_gate_line(&gate->journal, "accounts and keys");
    cli_gate_line(&gate->token, "the token of the admin API");
    cli_gate_line(&gate->digest, "its digest, for nginx");
    cli_gate_line(&gate->site, "the gate; change it as you like");

    if (gate->site.made || gate->digest.made) {
        puts(gate->loaded ? "nginx has loaded it."
             : gate->told ? "nginx was told to load it."
                          : "nginx does not run: start it.");
    }

    if (gate->keyed) {
        puts("\nThe key is shown this once and kept nowhere. It opens:\n");

    } else if (cli_gate_empty(&gate->journal)) {
        cli_gate_first(gate);

    } else {
        puts("\nA key of that journal opens it; \"keygate create\" makes "
             "another one.");
    }
}


/* The key is in the journal, and its secret was not shown: another one. */

static int
cli_gate_lost(const cli_gate_t *gate, int rc)
{
    char  format[128];

    if (!cli_gate_format(gate, format, sizeof(format))) {
        format[0] = '\0';
    }

    return cli_error(rc, "%s was made, but its secret could not be shown: "
                     "rotate it: \"keygate rotate %s --format '%s' "
                     "--journal %s\"", gate->id, gate->id, format,
                     gate->journal.path);
}


int
cli_gate_tell(const cli_t *cli, const cli_gate_t *gate)
{
    int   rc, pair;
    char  request[1024];

    request[0] = '\0';

    if (gate->keyed && !cli_gate_request(gate, request, sizeof(request))) {
        return cli_gate_lost(gate, CLI_FAILED);
    }

    pair = cli_gate_pair(gate);

    if (gate->told && !gate->loaded) {
        pair = cli_error(CLI_FAILED, "nginx was told to load it, and does not "
                         "listen on %s yet: its error log says why",
                         gate->listen);
    }

    if (cli->json) {
        rc = cli_gate_json(gate, request);

    } else {
        if (!cli->quiet) {
            cli_gate_files(gate);
        }

        if (gate->keyed) {
            printf("%s%s\n", cli->quiet ? "" : "  ", request);
        }

        rc = cli_print_flush();
    }

    OPENSSL_cleanse(request, sizeof(request));

    if (rc != CLI_OK) {
        return gate->keyed ? cli_gate_lost(gate, rc) : rc;
    }

    return pair;
}

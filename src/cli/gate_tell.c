/*
 * What "setup" says: each file that it made, each that was there, and the
 * request that shows that it works.
 */

#include <string.h>

#include <openssl/crypto.h>

#include "gate.h"


static void
cli_gate_line(const cli_gate_file_t *file, const char *what)
{
    printf("%s  %s: %s\n", file->made ? "made " : "there", file->path, what);
}


/* The gate's address as a client on this machine has it. */

static void
cli_gate_host(const cli_gate_t *gate, const char **host, const char **port)
{
    const char  *colon;

    colon = strrchr(gate->listen, ':');
    *port = colon == NULL ? gate->listen : colon + 1;

    *host = colon == NULL || gate->listen[0] == '*'
            || strncmp(gate->listen, "0.0.0.0:", 8) == 0
            ? "127.0.0.1" : strncmp(gate->listen, "[::]:", 5) == 0
            ? "[::1]" : gate->listen;
}


static int
cli_gate_request(const cli_gate_t *gate, char *request, size_t size)
{
    int          n;
    char         header[512];
    const char  *host, *port;

    cli_gate_host(gate, &host, &port);

    n = snprintf(request, size, "curl -i http://%.*s:%s/%s/me ",
                 host == gate->listen ? (int) (port - host - 1) : 64, host,
                 port, gate->documented ? "keygate" : "v1");

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
        return cli_nomem();
    }

    if (gate->journal.made
        && (json_object_set_new(json, "key", json_string(gate->id)) != 0
            || json_object_set_new(json, "secret",
                                   json_string(gate->credential)) != 0
            || json_object_set_new(json, "request",
                                   json_string(request)) != 0))
    {
        json_decref(json);
        return cli_nomem();
    }

    rc = cli_print_json(json) ? CLI_OK : CLI_IO;
    json_decref(json);

    return rc;
}


int
cli_gate_tell(const cli_t *cli, const cli_gate_t *gate)
{
    char  request[1024];

    if (!cli_gate_request(gate, request, sizeof(request))) {
        request[0] = '\0';
    }

    if (cli->json) {
        return cli_gate_json(gate, request);
    }

    if (!cli->quiet) {
        cli_gate_line(&gate->journal, "accounts and keys");
        cli_gate_line(&gate->token, "the token of the admin API");
        cli_gate_line(&gate->digest, "its digest, for nginx");
        cli_gate_line(&gate->site, "the gate; change it as you like");

        if (gate->site.made) {
            puts(gate->loaded ? "nginx has loaded it."
                              : "nginx does not run: start it.");
        }

        puts(gate->journal.made
             ? "\nThe key is shown this once and kept nowhere. It opens:\n"
             : "\nA key of that journal opens it; \"keygate create\" makes "
               "another one.");
    }

    if (gate->journal.made) {
        printf("%s%s\n", cli->quiet ? "" : "  ", request);
    }

    return CLI_OK;
}

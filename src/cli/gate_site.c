/*
 * The configuration that "setup" makes, from words that cannot mean anything
 * else in it.
 */

#include <string.h>

#include "gate.h"


#define CLI_GATE_NAME  "abcdefghijklmnopqrstuvwxyz0123456789_"
#define CLI_GATE_ADDRESS                                                      \
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.:[]*-"
#define CLI_GATE_PATH  CLI_GATE_ADDRESS "/_"
#define CLI_GATE_URL  CLI_GATE_ADDRESS "_~%/@+,=&?!"

#define CLI_GATE_NAME_MAX  16


static int cli_gate_only(const char *word, const char *bytes);
static const char *cli_gate_word(const cli_gate_t *gate, char letter);
static int cli_gate_part(const cli_gate_t *gate, const char *part,
    cli_text_t *text);


/* "%" and a letter stand for what cli_gate_word() has for it. */

static const char  cli_gate_head[] =
    "# A first gate, made by \"keygate setup %n\", which does not touch it\n"
    "# again: change what you like, then \"nginx -t && nginx -s reload\".\n"
    "# What there is to write: man 1 keygate, and the documents beside it.\n"
    "\n"
    "keygate_zone  %n:16m journal=%j;\n"
    "\n";

static const char  cli_gate_api[] =
    "keygate_api %n {\n"
    "    zone        %n;\n"
    "    credential  header X-Api-Key;\n"
    "    key_format  %n_ id=6 secret=24;\n"
    "\n"
    "    scope  read   \"Read\";\n"
    "    scope  write  \"Create, change and delete\";\n"
    "\n"
    "    rate   120r/m;\n"
    "\n"
    "    route  GET  /v1/me  any;\n"
    "    route  GET  /*      read;\n"
    "    route  POST|PUT|PATCH|DELETE  /*  write;\n"
    "}\n";

static const char  cli_gate_server[] =
    "\n"
    "server {\n"
    "    listen   %l;\n"
    "    keygate  %n;\n"
    "\n"
    "    location / {\n"
    "        proxy_pass        %u;\n"
    "        proxy_set_header  X-Account  $keygate_account;\n"
    "        proxy_set_header  X-Scopes   $keygate_scopes;\n"
    "    }\n"
    "\n";

static const char  cli_gate_me[] =
    "    location = /v1/me {\n"
    "        keygate_me;\n"
    "    }\n";

static const char  cli_gate_own_me[] =
    "    location = /keygate/me {\n"
    "        keygate  %n_me;\n"
    "        keygate_me;\n"
    "    }\n";

static const char  cli_gate_admin[] =
    "}\n"
    "\n"
    "# Keys, accounts and metrics, for who may connect to this socket and has\n"
    "# the token.\n"
    "\n"
    "server {\n"
    "    listen  %s;\n"
    "\n"
    "    location / {\n"
    "        keygate_admin  %n token=%t;\n"
    "    }\n"
    "\n"
    "    location = /metrics {\n"
    "        keygate_metrics;\n"
    "    }\n"
    "}\n";


static int
cli_gate_only(const char *word, const char *bytes)
{
    return word[0] != '\0' && word[strspn(word, bytes)] == '\0';
}


int
cli_gate_words(const cli_gate_t *gate)
{
    if (!cli_gate_only(gate->name, CLI_GATE_NAME)
        || gate->name[0] < 'a' || strlen(gate->name) > CLI_GATE_NAME_MAX)
    {
        return cli_error(CLI_USAGE, "\"%s\": a name is a letter and up to %d "
                         "of a-z, 0-9 and \"_\"", gate->name,
                         CLI_GATE_NAME_MAX - 1);
    }

    if (!cli_gate_only(gate->listen, CLI_GATE_ADDRESS)) {
        return cli_error(CLI_USAGE, "--listen: \"%s\" is not [ADDRESS:]PORT",
                         gate->listen);
    }

    if (!cli_gate_only(gate->admin, CLI_GATE_ADDRESS)) {
        return cli_error(CLI_USAGE, "--listen-admin: \"%s\" is not "
                         "[ADDRESS:]PORT", gate->admin);
    }

    if ((strncmp(gate->upstream, "http://", 7) != 0
         && strncmp(gate->upstream, "https://", 8) != 0)
        || !cli_gate_only(gate->upstream, CLI_GATE_URL))
    {
        return cli_error(CLI_USAGE, "--upstream: \"%s\" is not a URL such as "
                         "\"http://127.0.0.1:3000\"", gate->upstream);
    }

    if (!cli_gate_only(gate->journal.path, CLI_GATE_PATH)
        || !cli_gate_only(gate->digest.path, CLI_GATE_PATH))
    {
        return cli_error(CLI_USAGE, "--data, --etc: a path is of letters, "
                         "digits and \"/._-\"");
    }

    return CLI_OK;
}


static const char *
cli_gate_word(const cli_gate_t *gate, char letter)
{
    switch (letter) {

    case 'n':
        return gate->name;

    case 'l':
        return gate->listen;

    case 's':
        return gate->admin;

    case 'u':
        return gate->upstream;

    case 'j':
        return gate->journal.path;

    default:
        return gate->digest.path;
    }
}


static int
cli_gate_part(const cli_gate_t *gate, const char *part, cli_text_t *text)
{
    int          ok;
    size_t       len;
    const char  *p;

    ok = 1;

    for (p = part; *p != '\0' && ok; p += len) {
        len = strcspn(p, "%");
        ok = cli_text_add(text, p, len);

        if (p[len] == '%') {
            ok = ok && cli_text_puts(text, cli_gate_word(gate, p[len + 1]));
            len += 2;
        }
    }

    return ok;
}


int
cli_gate_site(cli_gate_t *gate, cli_text_t *text)
{
    int  ok;

    ok = cli_gate_part(gate, cli_gate_head, text)
         && (gate->documented ? cli_gate_document_api(gate, text)
                              : cli_gate_part(gate, cli_gate_api, text))
         && cli_gate_part(gate, cli_gate_server, text)
         && cli_gate_part(gate, gate->documented ? cli_gate_own_me
                                                 : cli_gate_me, text)
         && cli_gate_part(gate, cli_gate_admin, text);

    return ok ? CLI_OK : cli_error_nomem();
}

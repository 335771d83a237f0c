/*
 * setup --openapi: a gate for the API that a document describes.  What shows a
 * key what it is, is an API of its own, on the same keys, for no document has
 * a path for that.
 */

#include <stdlib.h>
#include <string.h>

#include "gate.h"


#define CLI_GATE_ME  "/keygate/me"


static void cli_gate_document_me(const cli_gate_t *gate);
static keygate_rc_t cli_gate_beside(cli_gate_t *gate, keygate_block_t *block);

/* What the document has where the gate shows a key what it is. */

static void
cli_gate_document_me(const cli_gate_t *gate)
{
    keygate_str_t           rest;
    const keygate_api_t    *api;
    const keygate_route_t  *route;

    api = gate->document.result.api;
    route = keygate_path_rest(KEYGATE_STR(CLI_GATE_ME), api->base, &rest)
            ? keygate_router_match(api->router, rest) : NULL;

    if (route != NULL
        && !keygate_str_eq(route->method, KEYGATE_STR(KEYGATE_METHOD_NONE)))
    {
        cli_note(gate->document.cli, "%s: \"%.*s\" has %s, which is the "
                 "gate's: its location in the site is to be removed, or to "
                 "have another path, where the document's is meant",
                 gate->document.path, (int) route->path.len,
                 (const char *) route->path.data, CLI_GATE_ME);
    }
}


int
cli_gate_document(cli_t *cli, cli_gate_t *gate)
{
    int             rc;
    cli_openapi_t  *o;

    if (cli->document == NULL) {
        return CLI_OK;
    }

    o = &gate->document;
    o->cli = cli;
    o->path = cli->document;
    gate->documented = 1;
    keygate_doc_init(&o->doc);

    cli->openapi.name = gate->name;
    cli->openapi.zone = gate->name;

    rc = cli_openapi_import(o);

    if (rc == CLI_OK) {
        cli_openapi_tell(o);
        cli_gate_document_me(gate);
    }

    return rc;
}


void
cli_gate_document_free(cli_gate_t *gate)
{
    if (gate->documented) {
        keygate_doc_free(&gate->document.doc);
        free(gate->document.dir);
    }
}


int
cli_gate_document_same(cli_gate_t *gate)
{
    int          rc;
    unsigned     n;
    const char  *open;

    if (!gate->documented || gate->site.made) {
        return CLI_OK;
    }

    rc = cli_openapi_differs(&gate->document, gate->site.path, &n);

    if (rc != CLI_OK || n == 0) {
        return rc;
    }

    switch (gate->document.cli->openapi.open) {

    case KEYGATE_OPENAPI_PUBLIC:
        open = " --public";
        break;

    case KEYGATE_OPENAPI_ANY:
        open = " --any";
        break;

    default:
        open = "";
    }

    return cli_error(CLI_OPENAPI_DIFFERENT, "%s stays as it is, and does not "
                     "say what %s says now: \"keygate openapi %s --name %s%s "
                     "--check %s\" tells each difference", gate->site.path,
                     gate->document.path, gate->document.path, gate->name,
                     open, gate->site.path);
}


/* What the two have in common: where keys are, what they look like, how they
 * are sent, what they may do, and what is told of whose they are. */

static keygate_rc_t
cli_gate_beside(cli_gate_t *gate, keygate_block_t *block)
{
    unsigned                i;
    keygate_rc_t            rc;
    const keygate_words_t  *words;

    static const char *const  common[] = {
        "zone", "credential", "key_format", "account", "scope", NULL
    };

    rc = KEYGATE_OK;

    for (words = gate->document.result.block.first; words != NULL;
         words = words->next)
    {
        for (i = 0; common[i] != NULL && rc == KEYGATE_OK; i++) {
            if (keygate_str_eq(words->args[0], keygate_span(common[i]))) {
                rc = keygate_block_add(block, words->args, words->n, 0);
            }
        }
    }

    return rc != KEYGATE_OK
           ? rc : keygate_block_puts(block, 4, "route", "GET", CLI_GATE_ME,
                                     "any");
}


int
cli_gate_document_api(cli_gate_t *gate, cli_text_t *text)
{
    char             *printed, *name;
    size_t            len;
    keygate_buf_t     b;
    keygate_block_t   block;

    printed = cli_openapi_text(&gate->document, &len);

    if (printed == NULL || !cli_text_add(text, printed, len)
        || !cli_text_puts(text, "\n# What a key is, to whoever has it\n\n"))
    {
        return 0;
    }

    memset(&block, 0, sizeof(keygate_block_t));
    block.doc = &gate->document.doc;
    name = keygate_doc_printf(block.doc, "%s_me", gate->name);

    if (name == NULL) {
        return 0;
    }

    block.name = keygate_span(name);

    if (cli_gate_beside(gate, &block) != KEYGATE_OK) {
        return 0;
    }

    memset(&b, 0, sizeof(keygate_buf_t));
    keygate_block_print(&block, &b);
    b.size = b.len;
    b.len = 0;
    b.data = keygate_doc_alloc(block.doc, b.size + 1);

    if (b.data == NULL) {
        return 0;
    }

    keygate_block_print(&block, &b);

    return cli_text_add(text, b.data, b.len);
}


int
cli_gate_format(const cli_gate_t *gate, char *format, size_t size)
{
    int                      n;
    const keygate_api_t     *api;
    const keygate_format_t  *f;

    api = gate->documented ? gate->document.result.api : NULL;

    if (api == NULL || api->n_formats == 0) {
        n = snprintf(format, size, "%s_ id=6 secret=24", gate->name);

    } else {
        f = &api->formats[0];
        n = snprintf(format, size, "%.*s id=%u secret=%u", (int) f->prefix.len,
                     (const char *) f->prefix.data, (unsigned) f->id_len,
                     (unsigned) f->secret_len);
    }

    return n > 0 && (size_t) n < size;
}


json_t *
cli_gate_scopes(const cli_gate_t *gate)
{
    json_t                     *scopes;
    unsigned                    i;
    const keygate_catalogue_t  *c;

    if (!gate->documented) {
        return json_pack("[s]", "read");
    }

    c = &gate->document.result.api->catalogue;
    scopes = json_array();

    for (i = 0; i < c->n && scopes != NULL; i++) {
        if (json_array_append_new(scopes,
                json_stringn((const char *) c->scopes[i].name.data,
                             c->scopes[i].name.len))
            != 0)
        {
            json_decref(scopes);
            scopes = NULL;
        }
    }

    return scopes;
}


int
cli_gate_header(const cli_gate_t *gate, char *header, size_t size)
{
    int                      n;
    const keygate_source_t  *s;

    if (!gate->documented) {
        n = snprintf(header, size, "-H 'X-Api-Key: %s'", gate->credential);
        return n > 0 && (size_t) n < size;
    }

    s = &gate->document.result.api->sources[0];

    switch (s->kind) {

    case KEYGATE_SOURCE_BASIC:
        n = snprintf(header, size, s->password ? "-u 'key:%s'" : "-u '%s:'",
                     gate->credential);
        break;

    case KEYGATE_SOURCE_HEADER:
        n = snprintf(header, size, "-H '%.*s: %s'", (int) s->field.len,
                     (const char *) s->field.data, gate->credential);
        break;

    case KEYGATE_SOURCE_WEBSOCKET:
        n = snprintf(header, size, "-H 'Sec-WebSocket-Protocol: %.*s%s'",
                     (int) s->prefix.len, (const char *) s->prefix.data,
                     gate->credential);
        break;

    default:
        n = snprintf(header, size, "-H 'Authorization: %.*s %.*s%s%s'",
                     (int) s->scheme.len, (const char *) s->scheme.data,
                     (int) s->param.len, (const char *) s->param.data,
                     s->param.len != 0 ? "=" : "", gate->credential);
    }

    return n > 0 && (size_t) n < size;
}

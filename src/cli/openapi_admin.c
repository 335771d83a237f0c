/*
 * What a running gateway's admin API tells of its API: scopes, and routes with
 * what they need.
 */

#include <string.h>

#include "openapi.h"


static keygate_str_t cli_openapi_kept(cli_openapi_t *o, const char *text,
    int *ok);
static char *cli_openapi_joined(cli_openapi_t *o, const json_t *names,
    const char *first, const char *between);
static int cli_openapi_admin_scope(cli_openapi_t *o, keygate_block_t *block,
    const json_t *scope);
static int cli_openapi_admin_route(cli_openapi_t *o, keygate_block_t *block,
    const json_t *route);
static int cli_openapi_admin_list(cli_openapi_t *o, keygate_block_t *block,
    const json_t *answer,
    int (*add)(cli_openapi_t *o, keygate_block_t *block, const json_t *item));


/* A text in the document's memory; the first failure stays one. */

static keygate_str_t
cli_openapi_kept(cli_openapi_t *o, const char *text, int *ok)
{
    keygate_str_t  s;

    s = keygate_doc_copy(&o->doc, keygate_span(text != NULL ? text : ""));
    *ok = *ok && s.data != NULL && text != NULL;

    return s;
}


/* Names joined; NULL when out of memory. */

static char *
cli_openapi_joined(cli_openapi_t *o, const json_t *names, const char *first,
    const char *between)
{
    char        *text;
    size_t       i;
    json_t      *name;

    text = keygate_doc_printf(&o->doc, "%s", first);

    json_array_foreach(names, i, name) {
        text = text == NULL || !json_is_string(name) ? NULL
               : keygate_doc_printf(&o->doc, "%s%s%s", text,
                                    i != 0 ? between : "",
                                    json_string_value(name));
    }

    return text;
}


static int
cli_openapi_admin_scope(cli_openapi_t *o, keygate_block_t *block,
    const json_t *scope)
{
    int             ok;
    unsigned        n;
    const json_t   *implies;
    keygate_str_t   args[4];

    ok = 1;
    n = 0;
    args[n++] = KEYGATE_STR("scope");
    args[n++] = cli_openapi_kept(o, cli_json_text(scope, "name"), &ok);
    implies = json_object_get(scope, "implies");

    if (json_array_size(implies) != 0) {
        args[n++] = cli_openapi_kept(o, cli_openapi_joined(o, implies,
                                                    "implies=", ","), &ok);
    }

    if (cli_json_text(scope, "description") != NULL) {
        args[n++] = cli_openapi_kept(o, cli_json_text(scope, "description"),
                                     &ok);
    }

    return ok && keygate_block_add(block, args, n, 0) == KEYGATE_OK;
}


static int
cli_openapi_admin_route(cli_openapi_t *o, keygate_block_t *block,
    const json_t *route)
{
    int             ok;
    unsigned        n;
    const char     *need;
    json_int_t      cost;
    keygate_str_t   args[5];

    ok = 1;
    n = 0;
    need = cli_json_text(route, "need");

    if (need != NULL && (strcmp(need, "all_of") == 0
                         || strcmp(need, "one_of") == 0))
    {
        need = cli_openapi_joined(o, json_object_get(route, "scopes"), "",
                                  need[0] == 'a' ? "&" : "|");
    }

    args[n++] = KEYGATE_STR("route");
    args[n++] = cli_openapi_kept(o, cli_json_text(route, "method"), &ok);
    args[n++] = cli_openapi_kept(o, cli_json_text(route, "template"), &ok);
    args[n++] = cli_openapi_kept(o, need, &ok);

    cost = json_integer_value(json_object_get(route, "cost"));

    if (cost != 1 && ok && need != NULL && strcmp(need, "public") != 0) {
        args[n++] = cli_openapi_kept(o, keygate_doc_printf(&o->doc,
                                         "cost=%lld", (long long) cost), &ok);
    }

    return ok && keygate_block_add(block, args, n, 0) == KEYGATE_OK;
}


/* Calls "add" with each of a list; an exit code. */

static int
cli_openapi_admin_list(cli_openapi_t *o, keygate_block_t *block,
    const json_t *answer, int (*add)(cli_openapi_t *o, keygate_block_t *block,
                                 const json_t *item))
{
    int           ok;
    size_t        i;
    json_t       *item;
    const char   *base;

    ok = json_is_array(json_object_get(answer, "data"));

    json_array_foreach(json_object_get(answer, "data"), i, item) {
        base = i == 0 ? cli_json_text(item, "base") : NULL;

        if (ok && base != NULL && base[0] != '\0') {
            base = keygate_doc_printf(&o->doc, "%s", base);
            ok = base != NULL && keygate_block_puts(block, 2, "base", base)
                                 == KEYGATE_OK;
        }

        ok = ok && add(o, block, item);
    }

    return ok ? CLI_OK
              : cli_error(CLI_OPENAPI_UNUSABLE, "%s: its answer is not what "
                          "keygate's admin API answers", o->cli->admin);
}


int
cli_openapi_admin(cli_openapi_t *o, keygate_block_t *block)
{
    int            rc, n;
    json_t        *answers[2];
    const char    *name;
    keygate_str_t  args[5];

    name = o->cli->openapi.name != NULL ? o->cli->openapi.name : "api";
    block->name = keygate_span(name);

    args[0] = KEYGATE_STR("credential");
    n = keygate_block_split(&o->doc,
                            keygate_span(o->cli->openapi.credential != NULL
                                         ? o->cli->openapi.credential
                                         : "bearer"),
                            args + 1, 4);

    if (n < 1 || keygate_block_add(block, args, (unsigned) n + 1, 0)
                 != KEYGATE_OK)
    {
        return cli_error(CLI_OPENAPI_UNUSABLE, "--credential: not one");
    }

    if (cli_admin_get(o->cli, "/scopes", "/routes", answers) != CLI_OK) {
        return CLI_OPENAPI_UNUSABLE;
    }

    rc = cli_openapi_admin_list(o, block, answers[0], cli_openapi_admin_scope);
    rc = rc != CLI_OK
         ? rc : cli_openapi_admin_list(o, block, answers[1],
                                       cli_openapi_admin_route);
    json_decref(answers[0]);
    json_decref(answers[1]);

    return rc;
}

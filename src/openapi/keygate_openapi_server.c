/*
 * The base: the path of the server that is meant, and which operations are on
 * another one.
 */

#include <stdlib.h>

#include "keygate_openapi_private.h"


static int keygate_openapi_is_base(const char *path);
static keygate_rc_t keygate_openapi_set_base(keygate_openapi_work_t *w,
    const char *path, const char *pointer, unsigned line);
static keygate_rc_t keygate_openapi_others(keygate_openapi_work_t *w,
    const keygate_doc_node_t *servers);
static keygate_rc_t keygate_openapi_servers(keygate_openapi_work_t *w);


/* As keygate_api_parse_base() has it. */

static int
keygate_openapi_is_base(const char *path)
{
    return path[0] == '\0'
           || (keygate_template_error(keygate_span(path)) == NULL
               && strpbrk(path, ":*") == NULL);
}


static keygate_rc_t
keygate_openapi_set_base(keygate_openapi_work_t *w, const char *path,
    const char *pointer, unsigned line)
{
    keygate_str_t  base;

    if (path == NULL) {
        return KEYGATE_NOMEM;
    }

    if (!keygate_openapi_is_base(path)) {
        return keygate_openapi_warn(w, pointer, line,
                   "the path of the server, \"%s\", cannot be a base: without "
                   "one; --server PATH names another",
                   (const char *) keygate_openapi_line(w, keygate_span(path),
                                                       200).data);
    }

    base = keygate_span(path);

    while (base.len != 0 && base.data[base.len - 1] == '/') {
        base.len--;
    }

    w->base = base;

    return KEYGATE_OK;
}


static keygate_rc_t
keygate_openapi_others(keygate_openapi_work_t *w,
    const keygate_doc_node_t *servers)
{
    const char          *path;
    keygate_rc_t         rc;
    keygate_doc_node_t  *server;

    for (server = servers->first; server != NULL; server = server->next) {
        path = keygate_openapi_url_path(w, server, NULL);

        if (path == NULL) {
            return KEYGATE_NOMEM;
        }

        rc = keygate_openapi_steps(w, 1);

        if (rc != KEYGATE_OK) {
            return rc;
        }

        if (!keygate_str_eq(keygate_span(path), w->base)) {
            return keygate_openapi_warn(w, "/servers", server->line,
                       "another server has another path, \"%s\"; --server "
                       "chooses",
                       (const char *) keygate_openapi_line(w,
                                          keygate_span(path), 200).data);
        }
    }

    return KEYGATE_OK;
}


/* Of the document: without any, or with none of them, it is "/".  Those of a
 * path are its own. */

static keygate_rc_t
keygate_openapi_servers(keygate_openapi_work_t *w)
{
    unsigned             n;
    keygate_rc_t         rc;
    keygate_doc_node_t  *servers, *server;

    servers = keygate_doc_get(w->root, KEYGATE_STR("servers"));

    if (servers == NULL || servers->kind != KEYGATE_DOC_LIST
        || servers->n == 0)
    {
        return w->options->server == NULL
               ? KEYGATE_OK
               : keygate_openapi_fail(w, "", 0, "there is no server number "
                     "%s: without \"servers\" it is \"/\"; --server PATH "
                     "names another", w->options->server);
    }

    server = servers->first;

    if (w->options->server != NULL) {
        n = (unsigned) strtoul(w->options->server, NULL, 10);

        if (n == 0 || n > servers->n) {
            return keygate_openapi_fail(w, "/servers", servers->line,
                       "there is no server number %s: there are %u",
                       w->options->server, (unsigned) servers->n);
        }

        while (--n != 0) {
            server = server->next;
        }
    }

    rc = keygate_openapi_set_base(w, keygate_openapi_url_path(w, server, NULL),
                                  "/servers", server->line);

    return rc != KEYGATE_OK || w->options->server != NULL
           ? rc : keygate_openapi_others(w, servers);
}


keygate_rc_t
keygate_openapi_base(keygate_openapi_work_t *w)
{
    const char          *server;
    keygate_doc_node_t  *node;

    server = w->options->server;

    if (server != NULL && server[0] == '/') {
        if (!keygate_openapi_is_base(server)) {
            return keygate_openapi_fail(w, "", 0, "--server: \"%s\" cannot be "
                                        "a base: it is a fixed path", server);
        }

        return keygate_openapi_set_base(w, server, "", 0);
    }

    if (server != NULL
        && (server[0] == '\0' || server[strspn(server, "0123456789")] != '\0'))
    {
        return keygate_openapi_fail(w, "", 0, "--server: \"%s\" is neither a "
                                    "number nor a path", server);
    }

    node = keygate_doc_get(w->extension, KEYGATE_STR("base"));

    while (node != NULL && node->kind == KEYGATE_DOC_LIST && node->n == 1) {
        node = node->first;
    }

    if (server == NULL && node != NULL && keygate_doc_is_scalar(node)) {
        return keygate_openapi_set_base(w,
                   (const char *) keygate_doc_copy(w->doc, node->text).data,
                   "/x-keygate/base", node->line);
    }

    if (!w->swagger) {
        return keygate_openapi_servers(w);
    }

    node = keygate_doc_get(w->root, KEYGATE_STR("basePath"));

    return node == NULL || !keygate_doc_is_scalar(node)
           ? KEYGATE_OK
           : keygate_openapi_set_base(w,
                 (const char *) keygate_doc_copy(w->doc, node->text).data,
                 "/basePath", node->line);
}


keygate_rc_t
keygate_openapi_elsewhere(keygate_openapi_work_t *w,
    const keygate_doc_node_t *servers, const char **other)
{
    const char                *path;
    keygate_rc_t               rc;
    const keygate_doc_node_t  *server;

    *other = NULL;

    if (servers == NULL || servers->kind != KEYGATE_DOC_LIST) {
        return KEYGATE_OK;
    }

    for (server = servers->first; server != NULL; server = server->next) {
        rc = keygate_openapi_steps(w, 1);
        path = keygate_openapi_url_path(w, server, NULL);

        if (rc != KEYGATE_OK || path == NULL) {
            return rc != KEYGATE_OK ? rc : KEYGATE_NOMEM;
        }

        if (keygate_str_eq(keygate_span(path), w->base)) {
            *other = NULL;
            return KEYGATE_OK;
        }

        *other = *other != NULL ? *other : path;
    }

    return KEYGATE_OK;
}


keygate_doc_node_t *
keygate_openapi_servers_of(const keygate_doc_node_t *of)
{
    keygate_doc_node_t  *servers;

    servers = keygate_doc_get(of, KEYGATE_STR("servers"));

    return servers != NULL && servers->n != 0 ? servers : NULL;
}

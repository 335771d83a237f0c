/*
 * The URLs of servers: what their variables make of them, and their paths.
 */

#include "keygate_openapi_private.h"


#define KEYGATE_OPENAPI_URL      1024
#define KEYGATE_OPENAPI_URL_MAX  8192    /* with names of variables */


static const keygate_doc_node_t *keygate_openapi_value(
    const keygate_doc_node_t *server, keygate_str_t name, uint64_t *choice);
static keygate_str_t keygate_openapi_filled(const keygate_doc_node_t *server,
    uint64_t *choice, char *out);
static keygate_rc_t keygate_openapi_url_choices(keygate_openapi_work_t *w,
    const keygate_doc_node_t *server, keygate_doc_node_t *paths);


/* What a variable is: its default; or, of the values that it can have, the one
 * that "choice" says, of which what is left is for the next variable. */

static const keygate_doc_node_t *
keygate_openapi_value(const keygate_doc_node_t *server, keygate_str_t name,
    uint64_t *choice)
{
    uint64_t                   n;
    const keygate_doc_node_t  *node, *values;

    node = keygate_doc_get(server, KEYGATE_STR("variables"));
    node = keygate_doc_get(node, name);
    values = keygate_doc_get(node, KEYGATE_STR("enum"));

    if (choice == NULL || values == NULL || values->n == 0
        || values->kind != KEYGATE_DOC_LIST)
    {
        return keygate_doc_get(node, KEYGATE_STR("default"));
    }

    n = *choice % values->n;
    *choice /= values->n;

    for (node = values->first; n != 0; n--) {
        node = node->next;
    }

    return node;
}


/* The URL with its variables; cut where it is too long. */

static keygate_str_t
keygate_openapi_filled(const keygate_doc_node_t *server, uint64_t *choice,
    char *out)
{
    size_t                      i, end;
    keygate_buf_t               b;
    keygate_str_t               url, name;
    const keygate_doc_node_t   *node;

    b.data = (unsigned char *) out;
    b.size = KEYGATE_OPENAPI_URL;
    b.len = 0;

    node = keygate_doc_get(server, KEYGATE_STR("url"));
    url = keygate_doc_is_scalar(node) ? node->text : KEYGATE_STR("");

    url.len = url.len < KEYGATE_OPENAPI_URL_MAX ? url.len
                                                : KEYGATE_OPENAPI_URL_MAX;

    for (end = 0, i = 0; i < url.len && b.len < b.size; i++) {

        for (end = end > i ? end : i; url.data[i] == '{' && end < url.len
                                      && url.data[end] != '}'; end++)
        {
            /* void */
        }

        if (url.data[i] != '{' || end == url.len) {
            keygate_buf_put(&b, (keygate_str_t) { 1, url.data + i });
            continue;
        }

        name.data = url.data + i + 1;
        name.len = end - i - 1;
        node = keygate_openapi_value(server, name, choice);

        if (keygate_doc_is_scalar(node)) {
            keygate_buf_put(&b, node->text);
        }

        i = end;
    }

    return (keygate_str_t) { b.len < b.size ? b.len : b.size, b.data };
}


const char *
keygate_openapi_url_path(keygate_openapi_work_t *w,
    const keygate_doc_node_t *server, uint64_t *choice)
{
    char                  url[KEYGATE_OPENAPI_URL];
    size_t                i;
    keygate_str_t         path;

    path = keygate_openapi_filled(server, choice, url);

    for (i = 0; i + 2 < path.len; i++) {
        if (memcmp(path.data + i, "://", 3) == 0) {
            break;
        }
    }

    i = i + 2 < path.len ? i + 3
        : path.len > 1 && memcmp(path.data, "//", 2) == 0 ? 2 : 0;

    if (i != 0) {
        for ( /* void */ ; i < path.len && path.data[i] != '/'; i++) {
            if (path.data[i] == '?' || path.data[i] == '#') {
                break;
            }
        }
    }

    path.data += i;
    path.len -= i;

    for (i = 0; i < path.len && path.data[i] != '?' && path.data[i] != '#';
         i++)
    {
        /* void */
    }

    while (i != 0 && path.data[i - 1] == '/') {
        i--;
    }

    return keygate_doc_printf(w->doc, "%s%.*s",
                              i == 0 || path.data[0] == '/' ? "" : "/",
                              (int) i, (const char *) path.data);
}


/* Adds what a server's variables make of its path: a choice each. */

static keygate_rc_t
keygate_openapi_url_choices(keygate_openapi_work_t *w,
    const keygate_doc_node_t *server, keygate_doc_node_t *paths)
{
    uint64_t             i, choice;
    const char          *path;
    keygate_doc_node_t  *node;

    for (i = 0, choice = 0; choice == 0; i++) {
        if (keygate_openapi_steps(w, i == 0 ? 1 : 16) != KEYGATE_OK) {
            return KEYGATE_INVALID;
        }

        choice = i;
        path = keygate_openapi_url_path(w, server, &choice);

        if (path == NULL) {
            return KEYGATE_NOMEM;
        }

        if (choice != 0
            || keygate_doc_get(paths, keygate_span(path)) != NULL)
        {
            continue;
        }

        node = keygate_doc_node(w->doc, KEYGATE_DOC_MAP, 0);

        if (node == NULL) {
            return KEYGATE_NOMEM;
        }

        node->name = keygate_span(path);

        if (!keygate_doc_append(w->doc, paths, node)) {
            return KEYGATE_NOMEM;
        }
    }

    return KEYGATE_OK;
}


keygate_rc_t
keygate_openapi_url_paths(keygate_openapi_work_t *w,
    const keygate_doc_node_t *servers, keygate_doc_node_t **paths)
{
    keygate_rc_t               rc;
    const keygate_doc_node_t  *server;

    *paths = keygate_doc_node(w->doc, KEYGATE_DOC_MAP, 0);

    if (*paths == NULL) {
        return KEYGATE_NOMEM;
    }

    server = servers != NULL && servers->kind == KEYGATE_DOC_LIST
             ? servers->first : NULL;

    for (rc = KEYGATE_OK; server != NULL && rc == KEYGATE_OK;
         server = server->next)
    {
        rc = keygate_openapi_url_choices(w, server, *paths);
    }

    return rc;
}

/*
 * Where operations are by servers that are not the base's: no route here is
 * for them, and none of another path may serve them.
 */

#include "keygate_openapi_private.h"


static keygate_rc_t keygate_openapi_real_by(keygate_openapi_work_t *w,
    keygate_openapi_path_t *of, keygate_str_t server);
static keygate_rc_t keygate_openapi_real_servers(keygate_openapi_work_t *w);


keygate_rc_t
keygate_openapi_refuse(keygate_openapi_work_t *w,
    keygate_openapi_path_t *path)
{
    keygate_openapi_op_t  *op;

    op = keygate_doc_alloc(w->doc, sizeof(keygate_openapi_op_t));

    if (op == NULL) {
        return KEYGATE_NOMEM;
    }

    op->method = KEYGATE_STR(KEYGATE_OPENAPI_NOBODY);
    op->need = keygate_openapi_any();
    op->pointer = path->pointer;
    op->line = path->line;
    op->skip = op->left = 1;
    path->ops = op;

    return KEYGATE_OK;
}


static keygate_rc_t
keygate_openapi_real_by(keygate_openapi_work_t *w,
    keygate_openapi_path_t *of, keygate_str_t server)
{
    int                            inside, outside;
    char                          *name;
    keygate_rc_t                   rc;
    keygate_openapi_path_t        *path;
    const keygate_openapi_path_t  *other;

    path = keygate_doc_alloc(w->doc, sizeof(keygate_openapi_path_t));
    name = keygate_doc_printf(w->doc, "%.*s%.*s", (int) server.len,
                              (const char *) server.data, (int) of->name.len,
                              (const char *) of->name.data);

    if (path == NULL || name == NULL) {
        return KEYGATE_NOMEM;
    }

    path->name = keygate_span(name);
    path->pointer = of->pointer;
    path->line = of->line;
    rc = keygate_openapi_template(w, path);

    if (rc != KEYGATE_OK) {
        return rc == KEYGATE_NONE ? KEYGATE_OK : rc;
    }

    inside = keygate_openapi_rebase(path, w->base, &outside);

    if (outside && w->outside == NULL) {
        w->outside = of;
    }

    if (!inside) {
        return KEYGATE_OK;
    }

    /* those of this path are behind it: another operation has brought them */

    for (other = of; other != NULL; other = other->next) {
        if (keygate_str_eq(other->shape, path->shape)) {
            return KEYGATE_OK;
        }
    }

    path->wide = path->rest = 0;
    path->real = path->unknown = 1;
    w->last_path->next = path;
    w->last_path = path;

    return keygate_openapi_refuse(w, path);
}


/* Those of the document are taken apart once. */

static keygate_rc_t
keygate_openapi_real_servers(keygate_openapi_work_t *w)
{
    keygate_doc_node_t  *servers;

    servers = w->swagger ? NULL : keygate_doc_get(w->root,
                                                  KEYGATE_STR("servers"));

    return w->servers != NULL
           ? KEYGATE_OK
           : keygate_openapi_url_paths(w, servers, &w->servers);
}


keygate_rc_t
keygate_openapi_real(keygate_openapi_work_t *w, keygate_openapi_path_t *path,
    const keygate_doc_node_t *servers)
{
    keygate_rc_t               rc;
    keygate_doc_node_t        *paths;
    const keygate_doc_node_t  *node;

    if (servers != NULL) {
        rc = keygate_openapi_url_paths(w, servers, &paths);

    } else {
        rc = keygate_openapi_real_servers(w);
        paths = w->servers;
    }

    if (rc != KEYGATE_OK) {
        return rc;
    }

    for (node = paths->first; node != NULL && rc == KEYGATE_OK;
         node = node->next)
    {
        if (!keygate_str_eq(node->name, w->base)) {
            rc = keygate_openapi_steps(w, 4);
            rc = rc != KEYGATE_OK
                 ? rc : keygate_openapi_real_by(w, path, node->name);
        }
    }

    return rc;
}

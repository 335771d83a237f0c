/*
 * What is left out must not be served by a route that is for something else.
 * Where all of a path is left out and another template takes it, the path has
 * a route for a method that no request has, so that all others are refused.
 */

#include "keygate_openapi_private.h"


static int keygate_openapi_written(const keygate_openapi_path_t *path);
static keygate_rc_t keygate_openapi_guard_head(keygate_openapi_work_t *w,
    keygate_openapi_path_t *path);
static keygate_rc_t keygate_openapi_taken(keygate_openapi_work_t *w,
    keygate_openapi_path_t *path, keygate_openapi_path_t *other);
static int keygate_openapi_passes(const keygate_openapi_work_t *w);
static keygate_rc_t keygate_openapi_deny(keygate_openapi_work_t *w);
static const char *keygate_openapi_place(keygate_openapi_work_t *w,
    const keygate_openapi_path_t *path);


static int
keygate_openapi_written(const keygate_openapi_path_t *path)
{
    const keygate_openapi_op_t  *op;

    for (op = path->ops; op != NULL; op = op->next) {
        if (!op->left) {
            return 1;
        }
    }

    return 0;
}


/* HEAD is served by GET where it has no route: without the one, the other is
 * left out, too. */

static keygate_rc_t
keygate_openapi_guard_head(keygate_openapi_work_t *w,
    keygate_openapi_path_t *path)
{
    keygate_openapi_op_t  *op, *get, *head;

    get = head = NULL;

    for (op = path->ops; op != NULL; op = op->next) {
        if (keygate_str_eq(op->method, KEYGATE_STR("GET"))) {
            get = op;

        } else if (keygate_str_eq(op->method, KEYGATE_STR("HEAD"))) {
            head = op;
        }
    }

    if (get == NULL || head == NULL || get->left || !head->left) {
        return KEYGATE_OK;
    }

    get->left = 1;

    return keygate_openapi_warn(w, get->pointer, get->line, "left out: it "
                                "would serve HEAD, too, which is left out");
}


/* Whether a route of another one would serve what is left out here. */

static keygate_rc_t
keygate_openapi_taken(keygate_openapi_work_t *w, keygate_openapi_path_t *path,
    keygate_openapi_path_t *other)
{
    (void) w;

    if (other != path && other->served && path->by == NULL
        && keygate_openapi_overlap(path, other)
        && keygate_openapi_first(path, other) < 0)
    {
        path->by = other;
    }

    return KEYGATE_OK;
}


/* Routes that the document adds, or keys that pass without one. */

static int
keygate_openapi_passes(const keygate_openapi_work_t *w)
{
    return keygate_doc_get(w->extension, KEYGATE_STR("route")) != NULL
           || (!w->denied
               && keygate_doc_get(w->extension, KEYGATE_STR("unmatched"))
                  != NULL);
}


/* "unmatched pass" is for all that is outside of the base, too. */

static keygate_rc_t
keygate_openapi_deny(keygate_openapi_work_t *w)
{
    const keygate_doc_node_t  *node;

    node = keygate_doc_get(w->extension, KEYGATE_STR("unmatched"));

    if (node == NULL || w->outside == NULL
        || (keygate_doc_is_scalar(node)
            && keygate_str_eq(node->text, KEYGATE_STR("deny"))))
    {
        return KEYGATE_OK;
    }

    w->denied = 1;

    return keygate_openapi_warn(w, "/x-keygate/unmatched", node->line,
               "left out: by another server %s (line %u) is outside of the "
               "base, where any key would pass", w->outside->pointer,
               w->outside->line);
}


/* What is told of a path that is there by another server. */

static const char *
keygate_openapi_place(keygate_openapi_work_t *w,
    const keygate_openapi_path_t *path)
{
    const char  *told;

    told = keygate_doc_printf(w->doc, "by another server it is at \"%.*s\", "
               "and refused there: else", (int) path->text.len,
               (const char *) path->text.data);

    return told != NULL ? told : "by another server it is refused: else";
}


keygate_rc_t
keygate_openapi_guard(keygate_openapi_work_t *w)
{
    int                      passes, some;
    keygate_rc_t             rc;
    keygate_openapi_path_t  *path;

    rc = keygate_openapi_deny(w);
    passes = keygate_openapi_passes(w);

    for (some = 0, path = w->paths; path != NULL && rc == KEYGATE_OK;
         path = path->next)
    {
        rc = keygate_openapi_guard_head(w, path);
        path->served = keygate_openapi_written(path);
        some |= path->served;
    }

    for (path = w->paths; path != NULL && rc == KEYGATE_OK; path = path->next)
    {
        if (path->ops == NULL || path->served || (!some && !passes)) {
            continue;
        }

        rc = passes
             ? KEYGATE_OK
             : keygate_openapi_tree_each(w, path, keygate_openapi_taken);
        path->blocked = passes || path->by != NULL;

        if (rc == KEYGATE_OK && path->by != NULL) {
            rc = keygate_openapi_warn(w, path->pointer, path->line,
                     "%s \"%.*s\" would serve it", path->real
                     ? keygate_openapi_place(w, path)
                     : "all of it is left out, and refused: else",
                     (int) path->by->text.len,
                     (const char *) path->by->text.data);
        }
    }

    return rc;
}

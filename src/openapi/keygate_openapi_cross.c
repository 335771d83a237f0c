/*
 * Two templates of which each is for paths that the other is not for, and some
 * path is for both: the router has one of them for it, and the document does
 * not say which one it means.  Where that one needs less, what they have in
 * common gets a route of its own, which needs what everything needs that is
 * for all of it.
 */

#include "keygate_openapi_private.h"


static keygate_rc_t keygate_openapi_copy(keygate_openapi_work_t *w,
    const keygate_openapi_path_t *of, keygate_openapi_path_t *same);
static int keygate_openapi_outdone(const keygate_openapi_work_t *w,
    const keygate_openapi_path_t *path, const keygate_openapi_path_t *other);
static keygate_rc_t keygate_openapi_cross_route(keygate_openapi_work_t *w,
    keygate_openapi_path_t *path);
static keygate_rc_t keygate_openapi_cross_out(keygate_openapi_work_t *w,
    keygate_openapi_path_t *first, const keygate_openapi_path_t *other);
static keygate_rc_t keygate_openapi_cross_pair(keygate_openapi_work_t *w,
    keygate_openapi_path_t *first, const keygate_openapi_path_t *other);
static keygate_rc_t keygate_openapi_cross_with(keygate_openapi_work_t *w,
    keygate_openapi_path_t *path, keygate_openapi_path_t *other);


/* A copy, whose operations become those of "same". */

static keygate_rc_t
keygate_openapi_copy(keygate_openapi_work_t *w,
    const keygate_openapi_path_t *of, keygate_openapi_path_t *same)
{
    keygate_openapi_op_t         *op, **last;
    keygate_openapi_path_t        path;
    const keygate_openapi_op_t   *from;

    path = *of;
    path.same = same;
    path.wide = 0;
    last = &path.ops;

    for (from = of->ops; from != NULL; from = from->next) {
        op = keygate_doc_alloc(w->doc, sizeof(keygate_openapi_op_t));

        if (op == NULL) {
            return KEYGATE_NOMEM;
        }

        *op = *from;
        op->schemes = 0;
        *last = op;
        last = &op->next;
    }

    return keygate_openapi_gather(w, &path);
}


/* Whether another one is for all of "path", and for less than "other" is: that
 * one is meant, then. */

static int
keygate_openapi_outdone(const keygate_openapi_work_t *w,
    const keygate_openapi_path_t *path, const keygate_openapi_path_t *other)
{
    const keygate_openapi_path_t  *less;

    for (less = w->paths; less != NULL; less = less->next) {
        if (less != other && !less->cross && less->ops != NULL
            && keygate_openapi_inside(path, less)
            && keygate_openapi_inside(less, other))
        {
            break;
        }
    }

    return less != NULL;
}


static keygate_rc_t
keygate_openapi_cross_route(keygate_openapi_work_t *w,
    keygate_openapi_path_t *path)
{
    keygate_rc_t                   rc;
    keygate_doc_node_t            *node;
    const keygate_openapi_path_t  *other;

    node = keygate_doc_node(w->doc, KEYGATE_DOC_MAP, 0);

    if (node == NULL) {
        return KEYGATE_NOMEM;
    }

    node->name = path->shape;
    node->data = path;

    if (!keygate_doc_append(w->doc, w->shapes, node)) {
        return KEYGATE_NOMEM;
    }

    rc = KEYGATE_OK;

    for (other = w->paths; other != NULL && rc == KEYGATE_OK;
         other = other->next)
    {
        rc = keygate_openapi_steps(w, 4);

        if (rc == KEYGATE_OK && !other->cross && other->ops != NULL
            && keygate_openapi_inside(path, other)
            && !keygate_openapi_outdone(w, path, other))
        {
            rc = keygate_openapi_copy(w, other, path);
        }
    }

    path->cross = 1;
    w->last_path->next = path;
    w->last_path = path;

    return rc;
}


/* What no template can say is not served. */

static keygate_rc_t
keygate_openapi_cross_out(keygate_openapi_work_t *w,
    keygate_openapi_path_t *first, const keygate_openapi_path_t *other)
{
    keygate_openapi_op_t  *op;

    for (op = first->ops; op != NULL; op = op->next) {
        op->left = 1;
    }

    return keygate_openapi_warn(w, first->pointer, first->line, "all of it is "
               "left out: some path is for this one and for %s (line %u), "
               "which needs more, and no template can say which",
               other->pointer, other->line);
}


/* "first" is the one that the router has for what is for both. */

static keygate_rc_t
keygate_openapi_cross_pair(keygate_openapi_work_t *w,
    keygate_openapi_path_t *first, const keygate_openapi_path_t *other)
{
    int                      weaker;
    keygate_rc_t             rc;
    keygate_openapi_path_t  *path;

    rc = keygate_openapi_weaker(w, first, other, &weaker);

    if (rc != KEYGATE_OK || !weaker) {
        return rc;
    }

    path = keygate_doc_alloc(w->doc, sizeof(keygate_openapi_path_t));

    if (path == NULL) {
        return KEYGATE_NOMEM;
    }

    path->pointer = first->pointer;
    path->line = first->line;
    rc = keygate_openapi_common_shape(w, first, other, path);

    if (rc == KEYGATE_NONE) {
        return keygate_openapi_cross_out(w, first, other);
    }

    if (rc != KEYGATE_OK || keygate_doc_get(w->shapes, path->shape) != NULL) {
        return rc;
    }

    rc = keygate_openapi_warn(w, first->pointer, first->line, "\"%.*s\" is "
             "for this path and for %s (line %u), which needs more: it has a "
             "route of its own, which needs what both need",
             (int) path->text.len, (const char *) path->text.data,
             other->pointer, other->line);

    return rc != KEYGATE_OK ? rc : keygate_openapi_cross_route(w, path);
}


static keygate_rc_t
keygate_openapi_cross_with(keygate_openapi_work_t *w,
    keygate_openapi_path_t *path, keygate_openapi_path_t *other)
{
    int  first;

    if (!keygate_openapi_overlap(path, other)
        || keygate_openapi_inside(path, other)
        || keygate_openapi_inside(other, path))
    {
        return KEYGATE_OK;
    }

    first = keygate_openapi_first(path, other);

    return first < 0 ? keygate_openapi_cross_pair(w, path, other)
           : first > 0 ? keygate_openapi_cross_pair(w, other, path)
           : KEYGATE_OK;
}


keygate_rc_t
keygate_openapi_cross(keygate_openapi_work_t *w)
{
    keygate_rc_t             rc;
    keygate_openapi_path_t  *path;

    rc = keygate_openapi_tree(w);

    /* the list of paths grows by what is found */

    for (path = w->paths; path != NULL && rc == KEYGATE_OK; path = path->next)
    {
        if (path->ops == NULL) {
            continue;
        }

        rc = keygate_openapi_tree_each(w, path, keygate_openapi_cross_with);
        rc = rc != KEYGATE_OK ? rc : keygate_openapi_tree_add(w, path);
    }

    return rc;
}

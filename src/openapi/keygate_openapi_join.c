/*
 * Operations that one route serves: of paths of one shape, and of those that a
 * wide template takes from others.  The route needs what each of them needs.
 */

#include "keygate_openapi_private.h"


static keygate_rc_t
keygate_openapi_unjoined(keygate_openapi_work_t *w, keygate_openapi_op_t *op,
    const keygate_openapi_op_t *other, const char *reason)
{
    op->left = 1;

    return keygate_openapi_warn(w, op->pointer, op->line, "left out: it is "
                                "one route with %s (line %u), %s",
                                other->pointer, other->line, reason);
}


/* An option that both have must be the same; else that of who has one. */

static int
keygate_openapi_options(keygate_str_t *option, keygate_str_t other)
{
    if (option->len == 0) {
        *option = other;
    }

    return other.len == 0 || keygate_str_eq(*option, other);
}


keygate_rc_t
keygate_openapi_merge(keygate_openapi_work_t *w, keygate_openapi_op_t *op,
    const keygate_openapi_op_t *other)
{
    keygate_rc_t            rc;
    keygate_str_t           text;
    keygate_openapi_need_t  both;

    if (op->left) {
        return KEYGATE_OK;
    }

    if (other->left) {
        return keygate_openapi_unjoined(w, op, other, "which is left out");
    }

    rc = keygate_openapi_both(w, &op->need, &other->need, &both);

    if (rc == KEYGATE_NONE) {
        return keygate_openapi_unjoined(w, op, other, "and what both need "
                                        "cannot be said");
    }

    if (rc != KEYGATE_OK) {
        return rc;
    }

    if (!keygate_openapi_options(&op->cost, other->cost)
        || !keygate_openapi_options(&op->feature, other->feature)
        || !keygate_openapi_options(&op->group, other->group)
        || (op->when != NULL && other->when != NULL
            && op->when != other->when))
    {
        return keygate_openapi_unjoined(w, op, other, "which has another "
                                        "cost, feature, group or when");
    }

    if (op->when == NULL) {
        op->when = other->when;
        op->when_pointer = other->when_pointer;
    }

    if (keygate_openapi_need_eq(&op->need, &other->need)) {
        return KEYGATE_OK;
    }

    op->need = both;
    text = keygate_openapi_need_text(w, &both);

    return text.data == NULL
           ? KEYGATE_NOMEM
           : keygate_openapi_warn(w, op->pointer, op->line, "one route with "
                 "%s (line %u), which needs something else: it needs "
                 "\"%.*s\", as both do", other->pointer, other->line,
                 (int) text.len, (const char *) text.data);
}


static keygate_openapi_op_t *
keygate_openapi_op(const keygate_openapi_path_t *path, keygate_str_t method)
{
    keygate_openapi_op_t  *op;

    for (op = path->ops; op != NULL; op = op->next) {
        if (keygate_str_eq(op->method, method)) {
            break;
        }
    }

    return op;
}


/* Operations that are one route with a path of which nobody knows what it
 * has. */

static keygate_rc_t
keygate_openapi_unknown(keygate_openapi_work_t *w, keygate_openapi_op_t *op,
    const keygate_openapi_path_t *path)
{
    keygate_rc_t  rc;

    for (rc = KEYGATE_OK; op != NULL && rc == KEYGATE_OK; op = op->next) {
        if (!op->left) {
            op->left = 1;
            rc = keygate_openapi_warn(w, op->pointer, op->line, "left out: it "
                     "is one route with %s (line %u), %s", path->pointer,
                     path->line, path->real
                     ? "which is there by another server, and left out"
                     : "of which it is not known what it needs");
        }
    }

    return rc;
}


/* A HEAD of "a" is one of "b", too, whose GET serves it. */

static keygate_rc_t
keygate_openapi_merge_head(keygate_openapi_work_t *w,
    const keygate_openapi_path_t *a, const keygate_openapi_path_t *b)
{
    keygate_openapi_op_t  *head, *get;

    head = keygate_openapi_op(a, KEYGATE_STR("HEAD"));
    get = keygate_openapi_op(b, KEYGATE_STR("GET"));

    if (head == NULL || get == NULL
        || keygate_openapi_op(b, KEYGATE_STR("HEAD")) != NULL)
    {
        return KEYGATE_OK;
    }

    head->wide &= get->wide;

    return keygate_openapi_merge(w, head, get);
}


keygate_rc_t
keygate_openapi_gather(keygate_openapi_work_t *w,
    keygate_openapi_path_t *path)
{
    keygate_rc_t           rc;
    keygate_openapi_op_t  *op, *next, *own, **last;

    rc = KEYGATE_OK;

    if (path->unknown || path->same->unknown) {
        rc = keygate_openapi_unknown(w, path->ops, path->same);
        rc = rc != KEYGATE_OK
             ? rc : keygate_openapi_unknown(w, path->same->ops, path);
        path->same->unknown = 1;
    }

    rc = rc != KEYGATE_OK ? rc : keygate_openapi_merge_head(w, path,
                                                            path->same);
    rc = rc != KEYGATE_OK ? rc : keygate_openapi_merge_head(w, path->same,
                                                            path);

    for (op = path->ops; op != NULL && rc == KEYGATE_OK; op = next) {
        next = op->next;
        own = keygate_openapi_op(path->same, op->method);

        if (own != NULL) {
            own->wide &= op->wide;
            rc = keygate_openapi_merge(w, own, op);
            continue;
        }

        for (last = &path->same->ops; *last != NULL; last = &(*last)->next) {
            /* void */
        }

        op->next = NULL;
        *last = op;
    }

    path->ops = NULL;
    path->same->wide |= path->wide;

    return rc;
}


static keygate_rc_t
keygate_openapi_shape(keygate_openapi_work_t *w, keygate_openapi_path_t *path)
{
    keygate_doc_node_t  *node;

    node = keygate_doc_get(w->shapes, path->shape);

    if (node != NULL) {
        path->same = node->data;
        return keygate_openapi_gather(w, path);
    }

    node = keygate_doc_node(w->doc, KEYGATE_DOC_MAP, 0);

    if (node == NULL) {
        return KEYGATE_NOMEM;
    }

    node->name = path->shape;
    node->data = path;
    path->same = path;

    return keygate_doc_append(w->doc, w->shapes, node) ? KEYGATE_OK
                                                       : KEYGATE_NOMEM;
}


/* What serves a method: GET serves HEAD, too, where HEAD has no route. */

static keygate_openapi_op_t *
keygate_openapi_serves(const keygate_openapi_path_t *path,
    keygate_str_t method)
{
    keygate_openapi_op_t  *op;

    op = keygate_openapi_op(path, method);

    return op == NULL && keygate_str_eq(method, KEYGATE_STR("HEAD"))
           ? keygate_openapi_op(path, KEYGATE_STR("GET")) : op;
}


/*
 * What "wide" takes from "path", which it comes before: a HEAD of it is served
 * by GET, too.
 */

static keygate_rc_t
keygate_openapi_take(keygate_openapi_work_t *w, keygate_openapi_path_t *wide,
    keygate_openapi_path_t *path)
{
    keygate_rc_t           rc;
    keygate_openapi_op_t  *op, *other;

    if (path->unknown) {
        return keygate_openapi_unknown(w, wide->ops, path);
    }

    for (op = wide->ops; op != NULL; op = op->next) {
        if (!op->wide && !wide->wide) {
            continue;
        }

        other = keygate_openapi_serves(path, op->method);
        rc = other == NULL ? KEYGATE_OK : keygate_openapi_merge(w, op, other);

        if (rc == KEYGATE_OK
            && keygate_str_eq(op->method, KEYGATE_STR("GET"))
            && keygate_openapi_op(wide, KEYGATE_STR("HEAD")) == NULL)
        {
            other = keygate_openapi_op(path, KEYGATE_STR("HEAD"));
            rc = other == NULL ? KEYGATE_OK
                               : keygate_openapi_merge(w, op, other);
        }

        if (rc != KEYGATE_OK) {
            return rc;
        }
    }

    return KEYGATE_OK;
}


/* Whether some route of it takes more than the document's path does. */

static int
keygate_openapi_is_wide(const keygate_openapi_path_t *path)
{
    const keygate_openapi_op_t  *op;

    for (op = path->ops; op != NULL && !op->wide; op = op->next) {
        /* void */
    }

    return op != NULL || (path->wide && path->ops != NULL);
}


static keygate_rc_t
keygate_openapi_widen(keygate_openapi_work_t *w, keygate_openapi_path_t *wide)
{
    keygate_rc_t             rc;
    keygate_openapi_path_t  *path;

    rc = keygate_openapi_warn(w, wide->pointer, wide->line, "written as "
                              "\"%.*s\", which takes more than this path%s",
                              (int) wide->text.len,
                              (const char *) wide->text.data,
                              wide->rest ? "; \"rest: true\" in x-keygate "
                              "says that all below it is meant" : "");

    for (path = w->paths; path != NULL && rc == KEYGATE_OK; path = path->next)
    {
        if (path == wide || path->ops == NULL) {
            continue;
        }

        rc = keygate_openapi_steps(w, 2 + wide->n);

        if (rc == KEYGATE_OK && keygate_openapi_overlap(wide, path)
            && keygate_openapi_first(wide, path) < 0)
        {
            rc = keygate_openapi_take(w, wide, path);
        }
    }

    return rc;
}


/* What everybody may do, by a route that takes more than the document says. */

static keygate_rc_t
keygate_openapi_narrow(keygate_openapi_work_t *w,
    const keygate_openapi_path_t *path)
{
    keygate_rc_t           rc;
    keygate_openapi_op_t  *op;

    for (rc = KEYGATE_OK, op = path->ops; op != NULL && rc == KEYGATE_OK;
         op = op->next)
    {
        if (op->left || !op->wide
            || (op->need.kind != KEYGATE_OPENAPI_NEED_PUBLIC
                && op->need.kind != KEYGATE_OPENAPI_NEED_OPTIONAL))
        {
            continue;
        }

        op->left = 1;
        rc = keygate_openapi_warn(w, op->pointer, op->line, "left out: it is "
                 "for everybody, and \"%.*s\" takes more than this path: %s",
                 (int) path->text.len, (const char *) path->text.data,
                 path->rest && !path->wide
                 ? "\"rest: true\" in x-keygate says that all below it is "
                   "meant, \"need\" asks for a key"
                 : "\"need\" in x-keygate can ask for a key");
    }

    return rc;
}


keygate_rc_t
keygate_openapi_join(keygate_openapi_work_t *w)
{
    keygate_rc_t             rc;
    keygate_openapi_path_t  *path;

    for (rc = KEYGATE_OK, path = w->paths; path != NULL && rc == KEYGATE_OK;
         path = path->next)
    {
        if (path->ops != NULL) {
            rc = keygate_openapi_steps(w, 8);
            rc = rc != KEYGATE_OK ? rc : keygate_openapi_shape(w, path);
        }
    }

    for (path = w->paths; path != NULL && rc == KEYGATE_OK; path = path->next)
    {
        if (keygate_openapi_is_wide(path)) {
            rc = keygate_openapi_widen(w, path);
        }
    }

    for (path = w->paths; path != NULL && rc == KEYGATE_OK; path = path->next)
    {
        rc = keygate_openapi_narrow(w, path);
    }

    return rc;
}

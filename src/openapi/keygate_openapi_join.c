/*
 * Operations that one route serves, as their paths are of one shape: it needs
 * what each of them needs.
 */

#include "keygate_openapi_private.h"


static keygate_rc_t keygate_openapi_unjoined(keygate_openapi_work_t *w,
    keygate_openapi_op_t *op, const keygate_openapi_op_t *other,
    const char *reason);
static int keygate_openapi_options(keygate_str_t *option, keygate_str_t other);
static keygate_rc_t keygate_openapi_merge_head(keygate_openapi_work_t *w,
    const keygate_openapi_path_t *a, const keygate_openapi_path_t *b);
static keygate_rc_t keygate_openapi_shape(keygate_openapi_work_t *w,
    keygate_openapi_path_t *path);


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


keygate_openapi_op_t *
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


keygate_rc_t
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
            op->also = own->also;
            own->also = op;
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

    return rc;
}

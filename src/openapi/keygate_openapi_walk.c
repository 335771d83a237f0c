/*
 * Paths and their operations, each with what it needs, in the order of the
 * document.
 */

#include "keygate_openapi_private.h"


/* A path item, and the one that its $ref leads to, if it has one. */

typedef struct {
    keygate_openapi_at_t  own;
    keygate_openapi_at_t  meant;
} keygate_openapi_items_t;


static keygate_rc_t keygate_openapi_others_of(keygate_openapi_work_t *w,
    keygate_openapi_path_t *path, const keygate_doc_node_t *operation,
    const keygate_openapi_items_t *items);
static keygate_rc_t keygate_openapi_served(keygate_openapi_work_t *w,
    const keygate_openapi_at_t *operation,
    const keygate_openapi_items_t *items, int *served);
static keygate_rc_t keygate_openapi_meant(keygate_openapi_work_t *w,
    const keygate_openapi_at_t *at, keygate_openapi_at_t *found);
static keygate_rc_t keygate_openapi_add_operation(keygate_openapi_work_t *w,
    keygate_openapi_path_t *path, const keygate_openapi_items_t *items,
    const keygate_openapi_at_t *at, const char *method);
static keygate_rc_t keygate_openapi_twice(keygate_openapi_work_t *w,
    keygate_openapi_path_t *path, const char *method, int *twice);
static keygate_rc_t keygate_openapi_operations(keygate_openapi_work_t *w,
    keygate_openapi_path_t *path, const keygate_openapi_items_t *items,
    const keygate_openapi_at_t *item);
static keygate_rc_t keygate_openapi_refused(keygate_openapi_work_t *w,
    keygate_openapi_path_t *path, const keygate_openapi_items_t *items);
static keygate_rc_t keygate_openapi_add_path(keygate_openapi_work_t *w,
    const keygate_openapi_at_t *at);


/* By which other servers an operation, or a path without any, is there. */

static keygate_rc_t
keygate_openapi_others_of(keygate_openapi_work_t *w,
    keygate_openapi_path_t *path, const keygate_doc_node_t *operation,
    const keygate_openapi_items_t *items)
{
    keygate_rc_t               rc;
    const keygate_doc_node_t  *own, *meant;

    own = keygate_openapi_servers_of(operation);

    if (own != NULL) {
        return keygate_openapi_real(w, path, own);
    }

    own = keygate_openapi_servers_of(items->own.node);
    meant = keygate_openapi_servers_of(items->meant.node);
    rc = own != NULL || meant == NULL ? keygate_openapi_real(w, path, own)
                                      : KEYGATE_OK;

    return rc != KEYGATE_OK || meant == NULL
           ? rc : keygate_openapi_real(w, path, meant);
}


/* Whether the operation is on a server of another path; then it is told. */

static keygate_rc_t
keygate_openapi_served(keygate_openapi_work_t *w,
    const keygate_openapi_at_t *operation,
    const keygate_openapi_items_t *items, int *served)
{
    const char          *other;
    keygate_rc_t         rc;
    keygate_str_t        shown;
    keygate_doc_node_t  *own;

    own = keygate_openapi_servers_of(operation->node);
    rc = keygate_openapi_elsewhere(w,
             own != NULL ? own : keygate_openapi_servers_of(items->own.node),
             &other);

    if (rc == KEYGATE_OK && own == NULL && other == NULL) {
        rc = keygate_openapi_elsewhere(w,
                 keygate_openapi_servers_of(items->meant.node), &other);
    }

    *served = other == NULL;

    if (rc != KEYGATE_OK || other == NULL) {
        return rc;
    }

    shown = keygate_openapi_line(w, keygate_span(other), 200);

    return shown.data == NULL
           ? KEYGATE_NOMEM
           : keygate_openapi_warn(w, operation->pointer,
                 operation->node->line, "left out: it is on another server, "
                 "with the path \"%s\"; --server PATH chooses",
                 shown.len ? (const char *) shown.data : "/");
}


/* Where an operation's reference leads; what stands beside it counts for
 * nothing in OpenAPI, and is not meant so. */

static keygate_rc_t
keygate_openapi_meant(keygate_openapi_work_t *w,
    const keygate_openapi_at_t *at, keygate_openapi_at_t *found)
{
    keygate_rc_t  rc;

    rc = keygate_openapi_follow(w, at, found);

    if (rc != KEYGATE_OK || found->node == NULL) {
        return rc;
    }

    if (found->node != at->node && keygate_openapi_says(w, at->node)) {
        found->node = NULL;
        return keygate_openapi_warn(w, at->pointer, at->node->line, "left "
                   "out: \"$ref\" has beside it what it needs, or where it "
                   "is, which has no meaning there");
    }

    if (found->node->kind != KEYGATE_DOC_MAP) {
        found->node = NULL;
        return keygate_openapi_warn(w, at->pointer, at->node->line,
                                    "left out: it is no object");
    }

    return KEYGATE_OK;
}


static keygate_rc_t
keygate_openapi_add_operation(keygate_openapi_work_t *w,
    keygate_openapi_path_t *path, const keygate_openapi_items_t *items,
    const keygate_openapi_at_t *at, const char *method)
{
    int                     served;
    keygate_rc_t            rc;
    keygate_openapi_op_t   *op, **last;
    keygate_openapi_at_t    found;

    op = keygate_doc_alloc(w->doc, sizeof(keygate_openapi_op_t));

    if (op == NULL) {
        return KEYGATE_NOMEM;
    }

    op->method = keygate_span(method);
    op->pointer = at->pointer;
    op->line = at->node->line;
    op->need = keygate_openapi_any();
    op->of = path;
    w->result->n_operations++;

    rc = keygate_openapi_meant(w, at, &found);
    op->left = found.node == NULL;
    rc = rc != KEYGATE_OK
         ? rc : keygate_openapi_others_of(w, path, op->left ? at->node
                                                            : found.node,
                                          items);

    if (rc == KEYGATE_OK && !op->left) {
        rc = keygate_openapi_served(w, &found, items, &served);

        if (rc != KEYGATE_OK || !served) {
            w->result->n_left += rc == KEYGATE_OK;
            path->elsewhere = 1;
            return rc;
        }

        rc = keygate_openapi_extend(w, &items->meant, op);
        rc = rc != KEYGATE_OK ? rc : keygate_openapi_extend(w, &items->own,
                                                            op);
        rc = rc != KEYGATE_OK ? rc : keygate_openapi_extend(w, &found, op);
        rc = rc != KEYGATE_OK ? rc : keygate_openapi_security(w, &found, op);
    }

    if (rc == KEYGATE_OK && op->rest && !path->rest) {
        return keygate_openapi_fail(w, op->pointer, op->line, "\"rest\" in "
                                    "x-keygate is for a path that ends in "
                                    "\"/{path+}\" or \"/*\"");
    }

    op->wide = path->wide || (path->rest && !op->rest);

    for (last = &path->ops; *last != NULL; last = &(*last)->next) {
        /* void */
    }

    *last = op;

    return rc;
}


/* An operation that the item has and the one that it means: OpenAPI does not
 * say which of them it is. */

static keygate_rc_t
keygate_openapi_twice(keygate_openapi_work_t *w, keygate_openapi_path_t *path,
    const char *method, int *twice)
{
    keygate_openapi_op_t  *op;

    for (op = path->ops; op != NULL; op = op->next) {
        if (keygate_str_eq(op->method, keygate_span(method))) {
            break;
        }
    }

    *twice = op != NULL;

    if (op == NULL || op->left) {
        return KEYGATE_OK;
    }

    op->left = 1;

    return keygate_openapi_warn(w, op->pointer, op->line, "left out: the item "
                                "that \"$ref\" means has it, too");
}


static keygate_rc_t
keygate_openapi_operations(keygate_openapi_work_t *w,
    keygate_openapi_path_t *path, const keygate_openapi_items_t *items,
    const keygate_openapi_at_t *item)
{
    int                    twice;
    const char            *method;
    keygate_rc_t           rc;
    keygate_openapi_at_t   at;

    at = *item;
    rc = KEYGATE_OK;

    if (item->node == NULL || item->node->kind != KEYGATE_DOC_MAP) {
        return KEYGATE_OK;
    }

    for (at.node = item->node->first; at.node != NULL && rc == KEYGATE_OK;
         at.node = at.node->next)
    {
        method = keygate_openapi_method(at.node->name);
        rc = keygate_openapi_steps(w, 1);
        twice = 0;

        if (rc == KEYGATE_OK && method != NULL) {
            rc = keygate_openapi_twice(w, path, method, &twice);
        }

        if (rc == KEYGATE_OK && method != NULL && !twice) {
            at.pointer = keygate_openapi_pointer(w, item->pointer,
                                                 at.node->name);
            rc = at.pointer == NULL
                 ? KEYGATE_NOMEM
                 : keygate_openapi_add_operation(w, path, items, &at,
                                                 method);
        }
    }

    return rc;
}


/* Of a path without operations nobody knows what there is: it is not served,
 * nor is it by others. */

static keygate_rc_t
keygate_openapi_refused(keygate_openapi_work_t *w,
    keygate_openapi_path_t *path, const keygate_openapi_items_t *items)
{
    keygate_rc_t  rc;

    if (path->ops != NULL) {
        return KEYGATE_OK;
    }

    rc = keygate_openapi_refuse(w, path);

    if (rc != KEYGATE_OK) {
        return rc;
    }

    path->ops->wide = path->wide || path->rest;
    path->unknown |= !path->elsewhere;

    return path->unknown ? keygate_openapi_others_of(w, path, NULL, items)
                         : KEYGATE_OK;
}


static keygate_rc_t
keygate_openapi_add_path(keygate_openapi_work_t *w,
    const keygate_openapi_at_t *at)
{
    keygate_rc_t              rc;
    keygate_openapi_path_t   *path;
    keygate_openapi_items_t   items;

    path = keygate_doc_alloc(w->doc, sizeof(keygate_openapi_path_t));

    if (path == NULL) {
        return KEYGATE_NOMEM;
    }

    path->name = at->node->name;
    path->pointer = at->pointer;
    path->line = at->node->line;

    rc = keygate_openapi_template(w, path);

    if (rc != KEYGATE_OK) {
        return rc == KEYGATE_NONE ? keygate_openapi_impossible(w, path, at)
                                  : rc;
    }

    if (w->last_path != NULL) {
        w->last_path->next = path;

    } else {
        w->paths = path;
    }

    w->last_path = path;

    items.own = *at;
    rc = keygate_openapi_follow(w, at, &items.meant);

    if (rc != KEYGATE_OK) {
        return rc;
    }

    path->unknown = items.meant.node == NULL
                    || items.meant.node->kind != KEYGATE_DOC_MAP;

    if (items.meant.node == at->node) {
        items.meant.node = NULL;
    }

    rc = keygate_openapi_operations(w, path, &items, &items.own);
    rc = rc != KEYGATE_OK
         ? rc : keygate_openapi_operations(w, path, &items, &items.meant);

    return rc != KEYGATE_OK ? rc : keygate_openapi_refused(w, path, &items);
}


keygate_rc_t
keygate_openapi_walk(keygate_openapi_work_t *w)
{
    keygate_rc_t          rc;
    keygate_openapi_at_t  at, paths;

    memset(&at, 0, sizeof(keygate_openapi_at_t));
    at.node = w->root;
    at.pointer = w->pointer;

    rc = keygate_openapi_member(w, &at, "paths", &paths);

    if (rc != KEYGATE_OK || paths.node == NULL) {
        return rc;
    }

    if (paths.node->kind != KEYGATE_DOC_MAP) {
        return keygate_openapi_fail(w, paths.pointer, paths.node->line,
                                    "\"paths\" is no object");
    }

    at = paths;

    for (at.node = paths.node->first; at.node != NULL && rc == KEYGATE_OK;
         at.node = at.node->next)
    {
        rc = keygate_openapi_steps(w, 1);

        if (rc == KEYGATE_OK
            && (at.node->name.len < 2
                || memcmp(at.node->name.data, "x-", 2) != 0))
        {
            at.pointer = keygate_openapi_pointer(w, paths.pointer,
                                                 at.node->name);
            rc = at.pointer == NULL ? KEYGATE_NOMEM
                                    : keygate_openapi_add_path(w, &at);
        }
    }

    return rc;
}

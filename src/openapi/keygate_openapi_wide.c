/*
 * Templates that take more than the document's paths do, and come before or
 * behind those whose paths they take: what serves the path of another one
 * needs what that needs, too.
 */

#include "keygate_openapi_private.h"


static keygate_openapi_op_t *keygate_openapi_serves(
    const keygate_openapi_path_t *path, keygate_str_t method);
static keygate_rc_t keygate_openapi_take(keygate_openapi_work_t *w,
    keygate_openapi_path_t *wide, const keygate_openapi_path_t *path, int all);
static int keygate_openapi_is_wide(const keygate_openapi_path_t *path);
static keygate_rc_t keygate_openapi_widen(keygate_openapi_work_t *w,
    keygate_openapi_path_t *wide);
static keygate_rc_t keygate_openapi_narrow(keygate_openapi_work_t *w,
    const keygate_openapi_path_t *path);
static keygate_rc_t keygate_openapi_yield(keygate_openapi_work_t *w,
    keygate_openapi_path_t *exact, keygate_openapi_path_t *path);
static keygate_rc_t keygate_openapi_yields(keygate_openapi_work_t *w);


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
 * What "wide" takes from "path", which it comes before, by all of its
 * operations or by those that are wide: a HEAD of it is served by GET, too.
 */

static keygate_rc_t
keygate_openapi_take(keygate_openapi_work_t *w, keygate_openapi_path_t *wide,
    const keygate_openapi_path_t *path, int all)
{
    keygate_rc_t           rc;
    keygate_openapi_op_t  *op, *other;

    if (path->unknown) {
        return keygate_openapi_unknown(w, wide->ops, path);
    }

    for (op = wide->ops; op != NULL; op = op->next) {
        if (!all && !op->wide && !wide->wide) {
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
            rc = keygate_openapi_take(w, wide, path, 0);
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


/* What "path" takes from "exact", which it comes before though the document
 * has it for more than that. */

static keygate_rc_t
keygate_openapi_yield(keygate_openapi_work_t *w,
    keygate_openapi_path_t *exact, keygate_openapi_path_t *path)
{
    keygate_rc_t  rc;

    if (path->wide || !keygate_openapi_overlap(exact, path)
        || keygate_openapi_first(exact, path) <= 0)
    {
        return KEYGATE_OK;
    }

    rc = keygate_openapi_steps(w, exact->exact.len * path->shape.len / 16);

    return rc != KEYGATE_OK || !keygate_openapi_exact_meets(exact, path)
           || keygate_openapi_exact_covers(exact, path)
           ? rc : keygate_openapi_take(w, path, exact->same, 1);
}


static keygate_rc_t
keygate_openapi_yields(keygate_openapi_work_t *w)
{
    keygate_rc_t             rc;
    keygate_openapi_path_t  *path;

    rc = keygate_openapi_tree(w);

    for (path = w->paths; path != NULL && rc == KEYGATE_OK; path = path->next)
    {
        rc = path->ops == NULL ? rc : keygate_openapi_tree_add(w, path);
    }

    for (path = w->paths; path != NULL && rc == KEYGATE_OK; path = path->next)
    {
        rc = path->exact.len == 0
             ? rc : keygate_openapi_tree_each(w, path, keygate_openapi_yield);
    }

    return rc;
}


keygate_rc_t
keygate_openapi_wide(keygate_openapi_work_t *w)
{
    keygate_rc_t             rc;
    keygate_openapi_path_t  *path;

    for (rc = KEYGATE_OK, path = w->paths; path != NULL && rc == KEYGATE_OK;
         path = path->next)
    {
        if (keygate_openapi_is_wide(path)) {
            rc = keygate_openapi_widen(w, path);
        }
    }

    rc = rc != KEYGATE_OK ? rc : keygate_openapi_yields(w);

    for (path = w->paths; path != NULL && rc == KEYGATE_OK; path = path->next)
    {
        rc = keygate_openapi_narrow(w, path);
    }

    return rc;
}

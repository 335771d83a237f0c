/*
 * Operations that need no scope, by one scheme or by another: a document means
 * that some keys are for these and some for those, and here a key is a key.
 */

#include "keygate_openapi_private.h"


#define KEYGATE_OPENAPI_SETS  64         /* of schemes that are compared */


static int keygate_openapi_is_bare(const keygate_openapi_op_t *op);
static int keygate_openapi_disjoint(const uint64_t *sets, unsigned n,
    uint64_t set);
static unsigned keygate_openapi_sets(const keygate_openapi_work_t *w,
    uint64_t *sets);


static int
keygate_openapi_is_bare(const keygate_openapi_op_t *op)
{
    return !op->left && !op->given && op->schemes != 0
           && op->need.kind == KEYGATE_OPENAPI_NEED_ALL && op->need.n == 0;
}


/* Whether some set has nothing of this one. */

static int
keygate_openapi_disjoint(const uint64_t *sets, unsigned n, uint64_t set)
{
    while (n != 0) {
        if ((sets[--n] & set) == 0) {
            return 1;
        }
    }

    return 0;
}


static unsigned
keygate_openapi_sets(const keygate_openapi_work_t *w, uint64_t *sets)
{
    unsigned                       i, n;
    const keygate_openapi_op_t    *op;
    const keygate_openapi_path_t  *path;

    for (n = 0, path = w->paths; path != NULL; path = path->next) {
        for (op = path->ops; op != NULL; op = op->next) {
            if (!keygate_openapi_is_bare(op)) {
                continue;
            }

            for (i = 0; i < n && sets[i] != op->schemes; i++) {
                /* void */
            }

            if (i == n && n < KEYGATE_OPENAPI_SETS) {
                sets[n++] = op->schemes;
            }
        }
    }

    return n;
}


keygate_rc_t
keygate_openapi_apart(keygate_openapi_work_t *w)
{
    unsigned                       n;
    uint64_t                       sets[KEYGATE_OPENAPI_SETS];
    keygate_rc_t                   rc;
    const keygate_openapi_op_t    *op;
    const keygate_openapi_path_t  *path;

    n = keygate_openapi_sets(w, sets);
    rc = KEYGATE_OK;

    for (path = w->paths; path != NULL && rc == KEYGATE_OK; path = path->next)
    {
        for (op = path->ops; op != NULL && rc == KEYGATE_OK; op = op->next) {
            if (keygate_openapi_is_bare(op)
                && keygate_openapi_disjoint(sets, n, op->schemes))
            {
                rc = keygate_openapi_warn(w, op->pointer, op->line, "any key "
                         "of this API passes: it needs no scope, and other "
                         "operations have other schemes; \"need\" in "
                         "x-keygate, or --scheme, tells them apart");
            }
        }
    }

    return rc;
}

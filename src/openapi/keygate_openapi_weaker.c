/*
 * Whether a path would give for less what is another one's.
 */

#include "keygate_openapi_private.h"


static keygate_rc_t keygate_openapi_less(keygate_openapi_work_t *w,
    const keygate_openapi_op_t *a, const keygate_openapi_op_t *b, int *less);


/* Whether "a" asks for less than "b".  With "rest: true" it is said that all
 * that is below is meant. */

static keygate_rc_t
keygate_openapi_less(keygate_openapi_work_t *w,
    const keygate_openapi_op_t *a, const keygate_openapi_op_t *b, int *less)
{
    keygate_rc_t            rc;
    keygate_openapi_need_t  both;

    *less = 0;

    if (a == NULL || b == NULL || a->left || a->rest) {
        return KEYGATE_OK;
    }

    rc = keygate_openapi_both(w, &a->need, &b->need, &both);

    *less = b->left || rc == KEYGATE_NONE
            || (rc == KEYGATE_OK && !keygate_openapi_need_eq(&both, &a->need))
            || (b->feature.len != 0 && !keygate_str_eq(a->feature, b->feature))
            || (b->when != NULL && a->when != b->when);

    return rc == KEYGATE_NONE ? KEYGATE_OK : rc;
}


keygate_rc_t
keygate_openapi_weaker(keygate_openapi_work_t *w,
    const keygate_openapi_path_t *a, const keygate_openapi_path_t *b,
    int *weaker)
{
    keygate_rc_t                 rc;
    const keygate_openapi_op_t  *op, *other, *head;

    rc = KEYGATE_OK;
    *weaker = 0;

    for (op = a->ops; op != NULL && rc == KEYGATE_OK && !*weaker;
         op = op->next)
    {
        if (b->unknown) {
            *weaker = !op->left;
            continue;
        }

        other = keygate_openapi_op(b, op->method);
        head = NULL;

        if (other == NULL
            && keygate_str_eq(op->method, KEYGATE_STR("HEAD")))
        {
            other = keygate_openapi_op(b, KEYGATE_STR("GET"));

        } else if (keygate_str_eq(op->method, KEYGATE_STR("GET"))
                   && keygate_openapi_op(a, KEYGATE_STR("HEAD")) == NULL)
        {
            head = keygate_openapi_op(b, KEYGATE_STR("HEAD"));
        }

        rc = keygate_openapi_less(w, op, other, weaker);

        if (rc == KEYGATE_OK && !*weaker) {
            rc = keygate_openapi_less(w, op, head, weaker);
        }
    }

    return rc;
}

/*
 * Shapes of templates: whether some path is for two of them, and which one it
 * goes to.  In a shape, '\1' stands for a parameter, '\2' for the rest.
 */

#include "keygate_openapi_private.h"
#include "keygate_router.h"


typedef struct {
    keygate_str_t  before;               /* all of it when fixed */
    keygate_str_t  after;
    unsigned       rank;                 /* 0: fixed, mixed, param, 3: rest */
} keygate_openapi_part_t;


/* The next segment; 0 at the end. */

static int
keygate_openapi_part(keygate_str_t shape, size_t *at,
    keygate_openapi_part_t *part)
{
    keygate_str_t         segment;
    const unsigned char  *p;

    if (!keygate_segment_next(shape, at, &segment)) {
        return 0;
    }

    part->before = segment;
    part->after.data = segment.data + segment.len;
    part->after.len = 0;
    part->rank = 0;

    if (segment.len == 1 && segment.data[0] == '\2') {
        part->rank = 3;
        return 1;
    }

    p = segment.len ? memchr(segment.data, '\1', segment.len) : NULL;

    if (p != NULL) {
        part->before.len = (size_t) (p - segment.data);
        part->after.data = p + 1;
        part->after.len = segment.len - part->before.len - 1;
        part->rank = segment.len > 1 ? 1 : 2;
    }

    return 1;
}


/* Whether a text begins, or ends, both. */

static int
keygate_openapi_begins(keygate_str_t a, keygate_str_t b)
{
    size_t  len;

    len = a.len < b.len ? a.len : b.len;

    return len == 0 || memcmp(a.data, b.data, len) == 0;
}


static int
keygate_openapi_ends(keygate_str_t a, keygate_str_t b)
{
    size_t  len;

    len = a.len < b.len ? a.len : b.len;

    return len == 0 || memcmp(a.data + a.len - len, b.data + b.len - len, len)
                       == 0;
}


static int
keygate_openapi_meet(const keygate_openapi_part_t *a,
    const keygate_openapi_part_t *b)
{
    const keygate_openapi_part_t  *other;

    if (a->rank > b->rank) {
        other = a;
        a = b;
        b = other;
    }

    if (a->rank != 0) {
        return keygate_openapi_begins(a->before, b->before)
               && keygate_openapi_ends(a->after, b->after);
    }

    if (b->rank == 0) {
        return keygate_str_eq(a->before, b->before);
    }

    return a->before.len > b->before.len + b->after.len
           && keygate_openapi_begins(a->before, b->before)
           && keygate_openapi_ends(a->before, b->after);
}


int
keygate_openapi_overlap(const keygate_openapi_path_t *a,
    const keygate_openapi_path_t *b)
{
    int                      more_a, more_b;
    size_t                   i, k;
    keygate_openapi_part_t   x, y;

    for (i = 0, k = 0; /* void */ ; /* void */ ) {
        more_a = keygate_openapi_part(a->shape, &i, &x);
        more_b = keygate_openapi_part(b->shape, &k, &y);

        if (!more_a || !more_b) {
            return more_a == more_b;
        }

        if (x.rank == 3 || y.rank == 3) {
            return 1;
        }

        if (!keygate_openapi_meet(&x, &y)) {
            return 0;
        }
    }
}


int
keygate_openapi_first(const keygate_openapi_path_t *a,
    const keygate_openapi_path_t *b)
{
    size_t                   i, k, text_a, text_b;
    keygate_openapi_part_t   x, y;

    i = k = 0;

    while (keygate_openapi_part(a->shape, &i, &x)
           && keygate_openapi_part(b->shape, &k, &y))
    {
        if (x.rank != y.rank) {
            return x.rank < y.rank ? -1 : 1;
        }

        text_a = x.before.len + x.after.len;
        text_b = y.before.len + y.after.len;

        if (text_a != text_b) {
            return text_a > text_b ? -1 : 1;
        }

        if (x.before.len != y.before.len) {
            return x.before.len > y.before.len ? -1 : 1;
        }
    }

    return 0;
}

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


static int keygate_openapi_part(keygate_str_t shape, size_t *at,
    keygate_openapi_part_t *part);
static int keygate_openapi_begins(keygate_str_t a, keygate_str_t b);
static int keygate_openapi_ends(keygate_str_t a, keygate_str_t b);
static int keygate_openapi_meet(const keygate_openapi_part_t *a,
    const keygate_openapi_part_t *b);
static int keygate_openapi_pairs(const keygate_openapi_path_t *a,
    const keygate_openapi_path_t *b,
    int (*both)(const keygate_openapi_part_t *x,
                const keygate_openapi_part_t *y));
static int keygate_openapi_overlap_part(const keygate_openapi_part_t *x,
    const keygate_openapi_part_t *y);
static int keygate_openapi_within_part(const keygate_openapi_part_t *a,
    const keygate_openapi_part_t *b);
static int keygate_openapi_inside_part(const keygate_openapi_part_t *x,
    const keygate_openapi_part_t *y);
static int keygate_openapi_common_part(const keygate_openapi_part_t *x,
    const keygate_openapi_part_t *y, keygate_str_t segment, int last,
    keygate_str_t other, int other_last, keygate_buf_t *text,
    keygate_buf_t *shape);


/* The next segment; 0 at the end. */

static int
keygate_openapi_part(keygate_str_t shape, size_t *at,
    keygate_openapi_part_t *part)
{
    keygate_str_t         segment;
    const unsigned char  *p;

    memset(part, 0, sizeof(keygate_openapi_part_t));

    if (!keygate_template_next(shape, at, &segment)) {
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


/* Two paths by segments, until "both" says 1 or 0 of a pair of them; -1: it
 * goes on.  Where they end together, 1. */

static int
keygate_openapi_pairs(const keygate_openapi_path_t *a,
    const keygate_openapi_path_t *b,
    int (*both)(const keygate_openapi_part_t *x,
                const keygate_openapi_part_t *y))
{
    int                      rc, more_a, more_b;
    size_t                   i, k;
    keygate_openapi_part_t   x, y;

    i = k = 0;

    do {
        more_a = keygate_openapi_part(a->shape, &i, &x);
        more_b = keygate_openapi_part(b->shape, &k, &y);

        if (!more_a || !more_b) {
            return more_a == more_b;
        }

        rc = both(&x, &y);

    } while (rc < 0);

    return rc;
}


static int
keygate_openapi_overlap_part(const keygate_openapi_part_t *x,
    const keygate_openapi_part_t *y)
{
    if (x->rank == 3 || y->rank == 3) {
        return 1;
    }

    return keygate_openapi_meet(x, y) ? -1 : 0;
}


int
keygate_openapi_overlap(const keygate_openapi_path_t *a,
    const keygate_openapi_path_t *b)
{
    return keygate_openapi_pairs(a, b, keygate_openapi_overlap_part);
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


int
keygate_openapi_rebase(keygate_openapi_path_t *path, keygate_str_t base,
    int *outside)
{
    size_t                   i, k, text, exact;
    unsigned                 n;
    keygate_str_t            segment;
    keygate_openapi_part_t   x, y;

    i = k = text = exact = 0;
    *outside = 0;

    for (n = 0; keygate_openapi_part(base, &i, &x); n++) {
        if (!keygate_openapi_part(path->shape, &k, &y)) {
            *outside = 1;
            return 0;
        }

        *outside |= y.rank != 0;

        if (y.rank == 3) {
            path->text = KEYGATE_STR("/*");
            path->shape = KEYGATE_STR("/\2");
            path->exact.len = 0;
            path->n = 1;
            return 1;
        }

        if (!keygate_openapi_meet(&x, &y)) {
            *outside = 1;
            return 0;
        }

        (void) keygate_template_next(path->text, &text, &segment);
        (void) keygate_template_next(path->exact, &exact, &segment);
    }

    path->text.data += text;
    path->text.len -= text;
    path->shape.data += k;
    path->shape.len -= k;
    path->exact.data += exact;
    path->exact.len -= exact;
    path->n -= n;

    if (path->text.len == 0) {
        path->text = path->shape = KEYGATE_STR("/");
        path->n = 1;
    }

    return 1;
}


/* Whether "b" has all that "a" has, where they meet. */

static int
keygate_openapi_within_part(const keygate_openapi_part_t *a,
    const keygate_openapi_part_t *b)
{
    return a->rank < b->rank || (a->rank == b->rank
                                 && a->before.len >= b->before.len
                                 && a->after.len >= b->after.len);
}


static int
keygate_openapi_inside_part(const keygate_openapi_part_t *x,
    const keygate_openapi_part_t *y)
{
    if (y->rank == 3) {
        return 1;
    }

    return x->rank != 3 && keygate_openapi_meet(x, y)
           && keygate_openapi_within_part(x, y) ? -1 : 0;
}


int
keygate_openapi_inside(const keygate_openapi_path_t *a,
    const keygate_openapi_path_t *b)
{
    return keygate_openapi_pairs(a, b, keygate_openapi_inside_part);
}


/* A segment of both. */

static int
keygate_openapi_common_part(const keygate_openapi_part_t *x,
    const keygate_openapi_part_t *y, keygate_str_t segment, int last,
    keygate_str_t other, int other_last, keygate_buf_t *text,
    keygate_buf_t *shape)
{
    keygate_part_t                 named, part;
    const keygate_openapi_part_t  *p;

    p = keygate_openapi_within_part(x, y) ? x : y;

    if (p == y && !keygate_openapi_within_part(y, x)) {
        return 0;
    }

    memset(&named, 0, sizeof(keygate_part_t));
    memset(&part, 0, sizeof(keygate_part_t));
    (void) keygate_template_part(segment, last, &named);
    (void) keygate_template_part(p == x ? segment : other,
                                 p == x ? last : other_last, &part);

    keygate_buf_puts(text, "/");
    keygate_buf_puts(shape, "/");

    if (p->rank == 3) {
        keygate_buf_puts(text, "*");
        keygate_buf_puts(shape, "\2");
        return 1;
    }

    keygate_buf_put(text, part.before);
    keygate_buf_put(shape, p->before);

    if (p->rank != 0) {
        keygate_buf_puts(text, ":");
        keygate_buf_put(text, named.name.len ? named.name : part.name);
        keygate_buf_put(text, part.after);
        keygate_buf_puts(shape, "\1");
        keygate_buf_put(shape, p->after);
    }

    return 1;
}


keygate_rc_t
keygate_openapi_common_shape(keygate_openapi_work_t *w,
    const keygate_openapi_path_t *a, const keygate_openapi_path_t *b,
    keygate_openapi_path_t *path)
{
    int                      more_a, more_b;
    size_t                   i, k, u, v;
    keygate_buf_t            text, shape;
    keygate_str_t            segment, other;
    keygate_openapi_part_t   x, y;

    text.len = shape.len = 0;
    text.size = shape.size = 2 * (a->text.len + b->text.len) + 1;
    text.data = keygate_doc_alloc(w->doc, text.size);
    shape.data = keygate_doc_alloc(w->doc, shape.size);

    if (text.data == NULL || shape.data == NULL) {
        return KEYGATE_NOMEM;
    }

    x.rank = y.rank = 0;
    segment = other = KEYGATE_STR("");
    i = k = u = v = 0;

    for (path->n = 0; /* void */ ; path->n++) {
        more_a = keygate_openapi_part(a->shape, &i, &x);
        more_b = keygate_openapi_part(b->shape, &k, &y);

        if (!more_a && !more_b) {
            break;
        }

        /* one that has ended has the rest, which is for all that follows */

        (void) keygate_template_next(a->text, &u, &segment);
        (void) keygate_template_next(b->text, &v, &other);

        if (!keygate_openapi_common_part(&x, &y, segment, u == a->text.len,
                                         other, v == b->text.len, &text,
                                         &shape))
        {
            return KEYGATE_NONE;
        }
    }

    path->text = (keygate_str_t) { text.len, text.data };
    path->shape = (keygate_str_t) { shape.len, shape.data };

    return keygate_template_error(path->text) == NULL ? KEYGATE_OK
                                                      : KEYGATE_NONE;
}

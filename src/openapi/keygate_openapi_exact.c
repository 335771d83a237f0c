/*
 * What a template cannot say of a path: segments with several parameters, or
 * with text on both sides of one.  As in shapes, '\1' stands for a parameter
 * and '\2' for the rest; '\3' stands for text that may mean one.
 */

#include "keygate_openapi_private.h"
#include "keygate_router.h"


#define KEYGATE_OPENAPI_MAYBE  '\3'


static void keygate_openapi_exact_open(keygate_buf_t *exact, unsigned char c);
static size_t keygate_openapi_exact_close(keygate_str_t segment, size_t i);
static int keygate_openapi_exact_any(unsigned char c);
static int keygate_openapi_exact_segment_meets(keygate_str_t a,
    keygate_str_t b);
static int keygate_openapi_exact_segment_covers(keygate_str_t a,
    keygate_str_t b);
static int keygate_openapi_exact_pairs(keygate_str_t a, keygate_str_t b,
    int (*both)(keygate_str_t x, keygate_str_t y), int rest);


/* Several in a row are one. */

static void
keygate_openapi_exact_open(keygate_buf_t *exact, unsigned char c)
{
    if (exact->data[exact->len - 1] != c) {
        keygate_buf_put(exact, (keygate_str_t) { 1, &c });
    }
}


/* Where what an opening bracket begins ends; the end of it all without one
 * that closes it. */

static size_t
keygate_openapi_exact_close(keygate_str_t segment, size_t i)
{
    const unsigned char  *close;

    close = memchr(segment.data + i,
                   segment.data[i] == '{' ? '}'
                   : segment.data[i] == '<' ? '>'
                   : segment.data[i] == '[' ? ']' : ')',
                   segment.len - i);

    return close != NULL ? (size_t) (close - segment.data) : segment.len - 1;
}


void
keygate_openapi_exact(keygate_buf_t *exact, keygate_str_t segment)
{
    int            high, low;
    size_t         i;
    unsigned char  c;

    if (keygate_str_eq(segment, KEYGATE_STR("*"))) {
        keygate_openapi_exact_open(exact, KEYGATE_OPENAPI_PARAM);
        return;
    }

    for (i = 0; i < segment.len; i++) {
        c = segment.data[i];

        if (strchr("{<[(", c) != NULL) {
            i = keygate_openapi_exact_close(segment, i);
            keygate_openapi_exact_open(exact, c == '{' ? KEYGATE_OPENAPI_PARAM
                                                       : KEYGATE_OPENAPI_MAYBE);
            continue;
        }

        if (c == '%') {
            high = i + 2 < segment.len
                   ? keygate_hex_value(segment.data[i + 1]) : -1;
            low = i + 2 < segment.len
                  ? keygate_hex_value(segment.data[i + 2]) : -1;

            c = high == -1 || low == -1
                ? KEYGATE_OPENAPI_MAYBE : (unsigned char) (high << 4 | low);
            i += high == -1 || low == -1 ? 0 : 2;
        }

        if (c < 0x20 || c == 0x7f || strchr("/}>])|$?*%#;\\", c) != NULL) {
            keygate_openapi_exact_open(exact, KEYGATE_OPENAPI_MAYBE);

        } else {
            keygate_buf_put(exact, (keygate_str_t) { 1, &c });
        }
    }
}


static int
keygate_openapi_exact_any(unsigned char c)
{
    return c == KEYGATE_OPENAPI_PARAM || c == KEYGATE_OPENAPI_MAYBE;
}


/*
 * Whether some text is for both, from their beginnings on.  A parameter may be
 * empty here: what is asked for is whether they can be apart.
 */

static int
keygate_openapi_exact_segment_meets(keygate_str_t a, keygate_str_t b)
{
    size_t         i, k;
    unsigned char  was, now, left, row[KEYGATE_OPENAPI_PATH + 1];

    /* row[k]: whether the first i of "a" and the first k of "b" meet */

    memset(row, 0, b.len + 1);

    for (i = 0; i <= a.len; i++) {
        was = 0;

        for (k = 0; k <= b.len; k++) {
            left = k != 0 ? row[k - 1] : 0;

            if (i == 0) {
                now = k == 0 || (left && keygate_openapi_exact_any(
                                             b.data[k - 1]));

            } else if (keygate_openapi_exact_any(a.data[i - 1])
                       || (k != 0 && keygate_openapi_exact_any(b.data[k - 1])))
            {
                now = row[k] || left;

            } else {
                now = k != 0 && was && a.data[i - 1] == b.data[k - 1];
            }

            was = i != 0 ? row[k] : 0;
            row[k] = now;
        }
    }

    return row[b.len];
}


/* Whether all that "b" is for is for "a": each parameter of "a" takes one byte
 * of "b" or more, of which a parameter is one. */

static int
keygate_openapi_exact_segment_covers(keygate_str_t a, keygate_str_t b)
{
    size_t         i, k;
    unsigned char  was, now, row[KEYGATE_OPENAPI_PATH + 1];

    memset(row, 0, b.len + 1);

    for (i = 0; i <= a.len; i++) {
        was = 0;

        for (k = 0; k <= b.len; k++) {
            if (i == 0) {
                now = k == 0;

            } else if (k == 0) {
                now = 0;

            } else if (a.data[i - 1] == KEYGATE_OPENAPI_PARAM) {
                now = was || row[k - 1];

            } else {
                now = was && a.data[i - 1] == b.data[k - 1]
                      && !keygate_openapi_exact_any(b.data[k - 1]);
            }

            was = i != 0 ? row[k] : 0;
            row[k] = now;
        }
    }

    return row[b.len];
}


static int
keygate_openapi_exact_pairs(keygate_str_t a, keygate_str_t b,
    int (*both)(keygate_str_t x, keygate_str_t y), int rest)
{
    int            more_a, more_b;
    size_t         i, k;
    keygate_str_t  x, y;

    for (i = k = 0; /* void */ ; /* void */ ) {
        more_a = keygate_template_next(a, &i, &x);
        more_b = keygate_template_next(b, &k, &y);

        if (!more_a || !more_b) {
            return more_a == more_b;
        }

        if (x.len == 1 && x.data[0] == KEYGATE_OPENAPI_REST) {
            return 1;
        }

        if (y.len == 1 && y.data[0] == KEYGATE_OPENAPI_REST) {
            return rest;
        }

        if (!both(x, y)) {
            return 0;
        }
    }
}


int
keygate_openapi_exact_meets(const keygate_openapi_path_t *a,
    const keygate_openapi_path_t *b)
{
    return keygate_openapi_exact_pairs(a->exact, b->shape,
                                       keygate_openapi_exact_segment_meets, 1);
}


int
keygate_openapi_exact_covers(const keygate_openapi_path_t *a,
    const keygate_openapi_path_t *b)
{
    return keygate_openapi_exact_pairs(a->exact, b->shape,
                                       keygate_openapi_exact_segment_covers,
                                       0);
}

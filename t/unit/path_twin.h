/*
 * The path check once more, in the plainest way.  TWIN_MAX, if it is defined
 * before, is the longest path.
 */

#ifndef KEYGATE_PATH_TWIN_H
#define KEYGATE_PATH_TWIN_H

#include <stdlib.h>
#include <string.h>

#include "keygate_route.h"


#ifndef TWIN_MAX
#define TWIN_MAX  4096
#endif


/*
 * The twin.  It decodes into a fresh string, round after round, until
 * nothing changes; and marks each byte that came out of an escape.
 */

typedef struct {
    size_t         len;
    unsigned char  c[TWIN_MAX];
    unsigned char  fresh[TWIN_MAX];
} twin_t;


static int
twin_round(const twin_t *in, twin_t *out, int strict)
{
    char      hex[3];
    size_t    i;
    unsigned  changed;

    hex[2] = '\0';
    changed = 0;
    out->len = 0;

    for (i = 0; i < in->len; i++) {
        out->c[out->len] = in->c[i];
        out->fresh[out->len] = 0;

        if (in->c[i] == '%') {
            hex[0] = i + 1 < in->len ? (char) in->c[i + 1] : '\0';
            hex[1] = i + 2 < in->len ? (char) in->c[i + 2] : '\0';

            if (hex[0] != '\0' && hex[1] != '\0'
                && strspn(hex, "0123456789abcdefABCDEF") == 2)
            {
                out->c[out->len] = (unsigned char) strtoul(hex, NULL, 16);
                out->fresh[out->len] = 1;
                changed = 1;
                i += 2;

            } else if (strict) {
                return -1;
            }
        }

        out->len++;
    }

    return (int) changed;
}


static int
twin_fresh(const twin_t *t, const char *forbidden)
{
    size_t  i;

    for (i = 0; i < t->len; i++) {
        if (t->fresh[i]
            && (t->c[i] < 32 || t->c[i] == 127
                || strchr(forbidden, t->c[i]) != NULL))
        {
            return 1;
        }
    }

    return 0;
}


static int
twin_segments(const twin_t *t)
{
    char    text[TWIN_MAX + 2];
    size_t  i;

    for (i = 0; i < t->len; i += keygate_utf8(t->c + i, t->c + t->len)) {
        if (keygate_utf8(t->c + i, t->c + t->len) == 0) {
            return 0;
        }
    }

    memcpy(text, t->c, t->len);
    text[t->len] = '\0';

    if (strstr(text, "//") != NULL) {
        return 0;
    }

    strcat(text, "/");

    return strstr(text, "/./") == NULL && strstr(text, "/../") == NULL;
}


static int
twin_check(keygate_str_t raw, twin_t *first)
{
    size_t  i;
    twin_t  a, b;

    if (raw.len == 0 || raw.data[0] != '/') {
        return 0;
    }

    memset(&a, 0, sizeof(a));
    memcpy(a.c, raw.data, raw.len);
    a.len = raw.len;

    for (i = 0; i < a.len; i++) {
        if (a.c[i] < 32 || a.c[i] == 127 || strchr(";#\\", a.c[i]) != NULL) {
            return 0;
        }
    }

    memset(first, 0, sizeof(*first));

    if (twin_round(&a, first, 1) == -1 || twin_fresh(first, "/\\")) {
        return 0;
    }

    for (a = *first; twin_round(&a, &b, 0) == 1; a = b) {
        if (twin_fresh(&b, "/\\.;#")) {
            return 0;
        }
    }

    return twin_segments(first);
}


/* "a/" and a kept one in either order: an empty segment that is none. */

static void
twin_merge(const twin_t *in, twin_t *out)
{
    size_t  i;
    int     slash, kept;

    memset(out, 0, sizeof(*out));
    slash = 0;
    kept = 0;

    for (i = 0; i < in->len; i++) {

        if (in->c[i] != '/' && in->c[i] != KEYGATE_PATH_KEPT) {
            out->c[out->len++] = in->c[i];
            slash = 0;
            continue;
        }

        if (!slash || !(kept || in->c[i] == KEYGATE_PATH_KEPT)) {
            out->c[out->len++] = '/';
        }

        kept = in->c[i] == KEYGATE_PATH_KEPT;
        slash = 1;
    }
}


/* The same where an encoded '/' is kept: with an 'x' in its place the path
 * passes, and with a '/' there it has no step elsewhere. */

__attribute__((unused))
static int
twin_keep(keygate_str_t raw, twin_t *kept)
{
    size_t         i, n;
    twin_t         merged, as_x;
    keygate_str_t  replaced;
    unsigned char  text[TWIN_MAX];

    memset(kept, 0, sizeof(*kept));

    for (i = 0, n = 0; i < raw.len; i++) {

        if (raw.len - i > 2 && raw.data[i] == '%' && raw.data[i + 1] == '2'
            && (raw.data[i + 2] == 'f' || raw.data[i + 2] == 'F'))
        {
            text[n++] = 'x';
            kept->c[kept->len++] = KEYGATE_PATH_KEPT;
            i += 2;
            continue;
        }

        text[n++] = raw.data[i];
        kept->c[kept->len++] = raw.data[i];

        if (raw.data[i] < 32) {
            return 0;
        }
    }

    replaced.data = text;
    replaced.len = n;

    if (!twin_check(replaced, &as_x)) {
        return 0;
    }

    merged = *kept;
    (void) twin_round(&merged, kept, 0);
    twin_merge(kept, &merged);

    return twin_segments(&merged);
}


#endif /* KEYGATE_PATH_TWIN_H */

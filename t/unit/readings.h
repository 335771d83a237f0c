/*
 * What others make of a request target, each in the plainest way: nginx,
 * whatever it passes the target on to, and which route they would choose.
 *
 * READING_MAX, if it is defined before, is the longest target.
 */

#ifndef KEYGATE_READINGS_H
#define KEYGATE_READINGS_H

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keygate_route.h"


#ifndef READING_MAX
#define READING_MAX  256
#endif

#define READINGS     256
#define READ_AGAIN   5          /* times that anybody may decode */


typedef struct {
    size_t         len;
    unsigned       decoded;             /* so many times */
    unsigned char  c[READING_MAX];
} reading_t;


typedef struct {
    unsigned   n;
    reading_t  all[READINGS];
} readings_t;


/* -- What is done to a target, in place --------------------------------- */

static int
read_hex(const unsigned char *p, const unsigned char *end)
{
    char  hex[3];

    if (end - p < 3 || p[0] != '%') {
        return -1;
    }

    memcpy(hex, p + 1, 2);
    hex[2] = '\0';

    if (hex[0] == '\0' || strspn(hex, "0123456789abcdefABCDEF") != 2) {
        return -1;
    }

    return (int) strtoul(hex, NULL, 16);
}


/* Returns 0 when a '%' begins no escape: that one stays. */

static int
read_decode(reading_t *r)
{
    int     c, whole;
    size_t  i, n;

    whole = 1;

    for (i = 0, n = 0; i < r->len; i++) {
        c = read_hex(r->c + i, r->c + r->len);

        if (c != -1) {
            r->c[n++] = (unsigned char) c;
            i += 2;
            continue;
        }

        whole &= r->c[i] != '%';
        r->c[n++] = r->c[i];
    }

    r->len = n;
    r->decoded++;

    return whole;
}


static void
read_cut(reading_t *r, const char *ends)
{
    size_t  i;

    for (i = 0; i < r->len; i++) {
        if (r->c[i] != '\0' && strchr(ends, r->c[i]) != NULL) {
            r->len = i;
        }
    }
}


/* Takes ";params" off each segment. */

static void
read_strip(reading_t *r)
{
    int     off;
    size_t  i, n;

    for (i = 0, n = 0, off = 0; i < r->len; i++) {
        off = r->c[i] != '/' && (off || r->c[i] == ';');

        if (!off) {
            r->c[n++] = r->c[i];
        }
    }

    r->len = n;
}


/* "\" for "/", slashes merged, "." and ".." resolved.  Returns 0 when that
 * leads above the root. */

static int
read_clean(reading_t *r)
{
    int        inside;
    size_t     i, at, n;
    reading_t  in;

    in = *r;
    inside = 1;
    n = 1;
    r->c[0] = '/';

    for (i = 0; i < in.len; i++) {
        if (in.c[i] == '\\') {
            in.c[i] = '/';
        }
    }

    for (i = 0; i < in.len; i++) {
        if (in.c[i] == '/') {
            continue;
        }

        for (at = i; i < in.len && in.c[i] != '/'; i++) {
            /* void */
        }

        if (i - at == 1 && in.c[at] == '.') {
            continue;
        }

        if (i - at == 2 && memcmp(&in.c[at], "..", 2) == 0) {
            inside &= n > 1;

            while (n > 1 && r->c[--n - 1] != '/') {
                /* void */
            }

            continue;
        }

        memcpy(&r->c[n], &in.c[at], i - at);
        n += i - at;

        if (i < in.len) {
            r->c[n++] = '/';
        }
    }

    r->len = n;

    return inside;
}


__attribute__((unused))
static reading_t
read_target(const void *data, size_t len)
{
    reading_t  r;

    memcpy(r.c, data, len);
    r.len = len;
    r.decoded = 0;

    return r;
}


static int
read_same(const reading_t *a, const reading_t *b)
{
    return a->len == b->len && memcmp(a->c, b->c, a->len) == 0;
}


/* -- nginx -------------------------------------------------------------- */

/* $uri, or 0 where nginx answers 400. */

__attribute__((unused))
static int
nginx_uri(reading_t *r)
{
    read_cut(r, "?#");

    return r->len != 0 && r->c[0] == '/' && read_decode(r)
           && memchr(r->c, '\0', r->len) == NULL && read_clean(r);
}


/* As proxy_pass with a URI writes $uri. */

__attribute__((unused))
static void
nginx_escape(reading_t *r)
{
    size_t      i;
    reading_t   in;

    in = *r;
    r->len = 0;

    for (i = 0; i < in.len; i++) {
        if (in.c[i] <= ' ' || in.c[i] > '~'
            || strchr("\"#%<>?\\^`{|}", in.c[i]) != NULL)
        {
            static const char  digits[] = "0123456789ABCDEF";

            r->c[r->len++] = '%';
            r->c[r->len++] = (unsigned char) digits[in.c[i] >> 4];
            r->c[r->len++] = (unsigned char) digits[in.c[i] & 15];

        } else {
            r->c[r->len++] = in.c[i];
        }
    }
}


/* -- Upstreams ---------------------------------------------------------- */

static void
readings_add(readings_t *set, const reading_t *r)
{
    unsigned  i;

    for (i = 0; i < set->n; i++) {
        if (read_same(&set->all[i], r)
            && (set->all[i].decoded != 0) == (r->decoded != 0))
        {
            return;
        }
    }

    if (set->n == READINGS) {
        abort();
    }

    set->all[set->n++] = *r;
}


static int
read_has(const reading_t *r, const char *bytes)
{
    for ( /* void */ ; *bytes != '\0'; bytes++) {
        if (memchr(r->c, *bytes, r->len) != NULL) {
            return 1;
        }
    }

    return 0;
}


/*
 * All that can come of a target without its query by cutting it at a '?' or
 * '#', taking parameters off, cleaning and decoding, in any order, as long as
 * there is something to be done.
 */

static void
readings_of(readings_t *set, const reading_t *target)
{
    unsigned   i;
    reading_t  r;

    r = *target;
    read_cut(&r, "?");

    set->n = 0;
    readings_add(set, &r);

    for (i = 0; i < set->n; i++) {

        if (read_has(&set->all[i], "?")) {
            r = set->all[i];
            read_cut(&r, "?");
            readings_add(set, &r);
        }

        if (read_has(&set->all[i], "?#")) {
            r = set->all[i];
            read_cut(&r, "?#");
            readings_add(set, &r);
        }

        if (read_has(&set->all[i], ";")) {
            r = set->all[i];
            read_strip(&r);
            readings_add(set, &r);
        }

        r = set->all[i];
        (void) read_clean(&r);
        readings_add(set, &r);

        r = set->all[i];

        if (r.decoded == 0 || (r.decoded < READ_AGAIN && read_has(&r, "%"))) {
            (void) read_decode(&r);
            readings_add(set, &r);
        }
    }
}


/* -- Routes ------------------------------------------------------------- */

/* The same of one segment. */

static int
route_part_fits(const char *part, size_t n, const char *text, size_t len,
    char *rank)
{
    size_t       i, before, after;
    static char  fixed[2][KEYGATE_PATH_MAX];

    before = 0;
    after = 0;

    for (i = 0; i < n; i++) {
        if (part[i] == ':' && (i + 1 == n || part[i + 1] != ':')) {
            break;
        }

        if (before == KEYGATE_PATH_MAX) {
            return 0;                    /* longer than any text */
        }

        i += part[i] == ':';
        fixed[0][before++] = part[i];
    }

    if (i == n) {
        strcpy(rank, "1");
        return before == len && memcmp(fixed[0], text, len) == 0;
    }

    for (i++; i < n && (isalnum((unsigned char) part[i]) || part[i] == '_');
         i++)
    {
        /* void */
    }

    for ( /* void */ ; i < n; i++) {
        if (after == KEYGATE_PATH_MAX) {
            return 0;
        }

        i += part[i] == ':' && i + 1 < n && part[i + 1] == ':';
        fixed[1][after++] = part[i];
    }

    if (before + after != 0) {
        sprintf(rank, "2%06u%06u", (unsigned) (999999 - before - after),
                (unsigned) (999999 - before));

    } else {
        strcpy(rank, "3");
    }

    return len > before + after && memcmp(text, fixed[0], before) == 0
           && memcmp(text + len - after, fixed[1], after) == 0;
}


/*
 * Whether a template fits a path, both from a '/' on; what it is made of goes
 * to "rank": less is preferred.
 */

static int
route_fits(keygate_str_t template, keygate_str_t path, char *rank)
{
    size_t  i, k, n, m;

    for (i = 0, k = 0; i < template.len; /* void */ ) {

        if (k == path.len) {
            return 0;
        }

        for (n = ++i; i < template.len && template.data[i] != '/'; i++) {
            /* void */
        }

        if (i == template.len && i - n == 1 && template.data[n] == '*') {
            strcpy(rank, "4");
            return 1;
        }

        for (m = ++k; k < path.len && path.data[k] != '/'; k++) {
            /* void */
        }

        if (!route_part_fits((const char *) &template.data[n], i - n,
                             (const char *) &path.data[m], k - m, rank))
        {
            return 0;
        }

        rank += strlen(rank);
    }

    *rank = '\0';

    return k == path.len;
}


/* Which of "n" templates a path leads to, or -1. */

static int
route_choose(const keygate_str_t *templates, unsigned n, keygate_str_t path)
{
    int       best;
    char      rank[13 * KEYGATE_SEGMENTS_MAX + 2];
    char      best_rank[13 * KEYGATE_SEGMENTS_MAX + 2];
    unsigned  i;

    if (path.len == 0 || path.data[0] != '/' || path.len > KEYGATE_PATH_MAX) {
        return -1;
    }

    best = -1;

    for (i = 0; i < n; i++) {
        if (route_fits(templates[i], path, rank)
            && (best == -1 || strcmp(rank, best_rank) < 0))
        {
            best = (int) i;
            strcpy(best_rank, rank);
        }
    }

    return best;
}


/* The same below a base. */

static int
route_below(const keygate_str_t *templates, unsigned n, keygate_str_t base,
    keygate_str_t path)
{
    if (path.len < base.len
        || (base.len && memcmp(path.data, base.data, base.len) != 0))
    {
        return -1;
    }

    path.data += base.len;
    path.len -= base.len;

    return route_choose(templates, n, path.len ? path : KEYGATE_STR("/"));
}


/*
 * The first reading of "target" that leads elsewhere than to "want", or NULL.
 * What still has its escapes is none.
 */

__attribute__((unused))
static const reading_t *
readings_astray(const keygate_str_t *templates, unsigned n,
    keygate_str_t base, const reading_t *target, int want)
{
    unsigned           i;
    keygate_str_t      path;
    const reading_t   *r;
    static readings_t  set;

    readings_of(&set, target);

    for (i = 0; i < set.n; i++) {
        r = &set.all[i];
        path.data = r->c;
        path.len = r->len;

        if (r->decoded && route_below(templates, n, base, path) != want) {
            return r;
        }
    }

    return NULL;
}


#endif /* KEYGATE_READINGS_H */

/*
 * What else a decoded path may be taken for.  A proxy may send it on as it
 * is decoded ("proxy_pass" with a URI or with variables), and the upstream
 * may take a ';' for parameters, a '?' or '#' for an end, or decode once
 * more: each of these readings must lead to the routes that were matched.
 */

#include <string.h>

#include "keygate_router.h"


#define KEYGATE_READING_MAX     8192
#define KEYGATE_READING_ROUNDS  3


static int keygate_reading_differs(const char *ops, keygate_str_t path);
static size_t keygate_reading_cut(const unsigned char *data, size_t len,
    int hash);
static size_t keygate_reading_strip(unsigned char *data, size_t len);
static size_t keygate_reading_decode(unsigned char *data, size_t len);
static int keygate_reading_leads(const keygate_router_t *router,
    keygate_str_t base, keygate_str_t path, const keygate_route_t *routes);
static int keygate_reading_round(const keygate_router_t *router,
    keygate_str_t base, keygate_str_t path, const keygate_route_t *routes);


/* 'q' cuts at '?', 'h' at '?' or '#', 's' takes parameters off. */

static const char *const  keygate_readings[] = {
    "", "q", "h", "s", "qs", "sq", "hs", "sh", NULL
};


/* Whether there is something to do for all of "ops": without a '#', 'h' does
 * what 'q' does. */

static int
keygate_reading_differs(const char *ops, keygate_str_t path)
{
    int  c;

    for ( /* void */ ; *ops; ops++) {
        c = *ops == 'q' ? '?' : *ops == 'h' ? '#' : ';';

        if (memchr(path.data, c, path.len) == NULL) {
            return 0;
        }
    }

    return 1;
}


static size_t
keygate_reading_cut(const unsigned char *data, size_t len, int hash)
{
    size_t  i;

    for (i = 0; i < len; i++) {
        if (data[i] == '?' || (hash && data[i] == '#')) {
            break;
        }
    }

    return i;
}


static size_t
keygate_reading_strip(unsigned char *data, size_t len)
{
    int     params;
    size_t  i, n;

    params = 0;

    for (n = 0, i = 0; i < len; i++) {
        if (data[i] == '/') {
            params = 0;

        } else if (data[i] == ';') {
            params = 1;
        }

        if (!params) {
            data[n++] = data[i];
        }
    }

    return n;
}


/* Decodes once, in place; what is not a whole escape stays. */

static size_t
keygate_reading_decode(unsigned char *data, size_t len)
{
    int     c;
    size_t  i, n;

    for (n = 0, i = 0; i < len; i++) {
        c = data[i] == '%' ? keygate_path_escaped(&data[i + 1], &data[len])
                           : -1;

        if (c == -1) {
            data[n++] = data[i];
            continue;
        }

        data[n++] = (unsigned char) c;
        i += 2;
    }

    return n;
}


/* As nobody could take "." or "..", or a segment that is empty but the last,
 * for anything else than a step elsewhere, these are no readings. */

static int
keygate_reading_leads(const keygate_router_t *router, keygate_str_t base,
    keygate_str_t path, const keygate_route_t *routes)
{
    keygate_str_t  rest;

    if (keygate_path_steps(path)) {
        return 0;
    }

    if (!keygate_path_rest(path, base, &rest)) {
        return routes == NULL;
    }

    return keygate_router_match(router, rest) == routes;
}


static int
keygate_reading_round(const keygate_router_t *router, keygate_str_t base,
    keygate_str_t path, const keygate_route_t *routes)
{
    const char     *op;
    unsigned        i;
    keygate_str_t   reading;
    unsigned char   room[KEYGATE_READING_MAX];

    for (i = 0; keygate_readings[i] != NULL; i++) {

        if (!keygate_reading_differs(keygate_readings[i], path)) {
            continue;
        }

        memcpy(room, path.data, path.len);
        reading.data = room;
        reading.len = path.len;

        for (op = keygate_readings[i]; *op; op++) {
            reading.len = *op == 's'
                          ? keygate_reading_strip(room, reading.len)
                          : keygate_reading_cut(room, reading.len,
                                                *op == 'h');
        }

        if (!keygate_reading_leads(router, base, reading, routes)) {
            return 0;
        }
    }

    return 1;
}


int
keygate_path_firm(const keygate_router_t *router, keygate_str_t base,
    keygate_str_t path, const keygate_route_t *routes)
{
    size_t         i, len;
    unsigned       rounds;
    keygate_str_t  reading;
    unsigned char  room[KEYGATE_READING_MAX];

    for (i = 0; i < path.len; i++) {
        if (path.data[i] == ';' || path.data[i] == '?' || path.data[i] == '#'
            || path.data[i] == '%')
        {
            break;
        }
    }

    if (i == path.len) {
        return 1;
    }

    if (path.len > KEYGATE_READING_MAX) {
        return 0;
    }

    memcpy(room, path.data, path.len);
    reading.data = room;
    reading.len = path.len;

    for (rounds = 0; rounds <= KEYGATE_READING_ROUNDS; rounds++) {

        if (!keygate_reading_round(router, base, reading, routes)) {
            return 0;
        }

        len = keygate_reading_decode(room, reading.len);

        if (len == reading.len) {
            return 1;
        }

        reading.len = len;
    }

    return 0;
}

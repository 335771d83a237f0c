/*
 * Any bytes as a path.  What passes the check means the same to whoever
 * decodes it, writes it otherwise, or decodes it once more: the same route,
 * the same segments, no way up.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../src/core/keygate_route.h"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static void
must(int condition)
{
    if (!condition) {
        abort();
    }
}


static void *
fuzz_alloc(void *pool, size_t size)
{
    (void) pool;

    return calloc(1, size);
}


static const keygate_router_t *
fuzz_router(void)
{
    size_t                    i;
    keygate_route_t          *other;
    static keygate_pool_t     pool = { fuzz_alloc, NULL };
    static keygate_router_t  *router;

    static keygate_route_t  routes[] = {
        { .path = keygate_string("/") },
        { .path = keygate_string("/v1/items") },
        { .path = keygate_string("/v1/items/") },
        { .path = keygate_string("/v1/items/:id") },
        { .path = keygate_string("/v1/items/:id/*") },
        { .path = keygate_string("/v1/:any/keys") },
        { .path = keygate_string("/v1/admin/keys") },
        { .path = keygate_string("/a/:b/c") },
        { .path = keygate_string("/:a/b/d") },
        { .path = keygate_string("/files/*") },
    };

    if (router == NULL) {
        router = keygate_router_create(&pool);
        must(router != NULL);

        for (i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
            routes[i].method = KEYGATE_STR("GET");
            must(keygate_router_add(router, &routes[i], &other)
                 == KEYGATE_OK);
        }

        must(keygate_router_compile(router) == KEYGATE_OK);
    }

    return router;
}


/* Every byte but '/' as an escape, in upper or lower case. */

static void
test_encoded(keygate_str_t path, const char *escape)
{
    char           *text;
    size_t          i, len;
    keygate_str_t   raw, again;
    unsigned char  *decoded;

    text = malloc(path.len * 3 + 1);
    decoded = malloc(path.len * 3 + 1);
    must(text != NULL && decoded != NULL);

    for (i = 0, len = 0; i < path.len; i++) {
        if (path.data[i] == '/') {
            text[len++] = '/';

        } else {
            len += (size_t) sprintf(text + len, escape, path.data[i]);
        }
    }

    raw.data = (const unsigned char *) text;
    raw.len = len;

    must(keygate_path_check(raw, decoded, &again) == KEYGATE_OK);
    must(keygate_str_eq(path, again));
    must(keygate_router_match(fuzz_router(), path)
         == keygate_router_match(fuzz_router(), again));

    free(text);
    free(decoded);
}


/* One more decoding, in place, that leaves alone what is no escape. */

static size_t
fuzz_decode(char *text, size_t len)
{
    char    hex[3];
    size_t  i, n;

    for (i = 0, n = 0; i < len; i++) {
        if (text[i] == '%' && len - i > 2) {
            memcpy(hex, text + i + 1, 2);
            hex[2] = '\0';

            if (strspn(hex, "0123456789abcdefABCDEF") == 2) {
                text[n++] = (char) strtoul(hex, NULL, 16);
                i += 2;
                continue;
            }
        }

        text[n++] = text[i];
    }

    text[n] = '\0';

    return n;
}


static unsigned
fuzz_count(const char *text, const char *bytes)
{
    unsigned  n;

    for (n = 0; *text != '\0'; text++) {
        n += strchr(bytes, *text) != NULL;
    }

    return n;
}


static void
test_decoded_again(keygate_str_t path)
{
    char      *text;
    size_t     len, before;
    unsigned   special;

    text = malloc(path.len + 2);
    must(text != NULL);

    memcpy(text, path.data, path.len);
    text[path.len] = '\0';
    len = path.len;

    must(strlen(text) == len && strchr(text, '\\') == NULL);
    special = fuzz_count(text, "/.;#");

    do {
        before = len;
        len = fuzz_decode(text, before);

        must(strlen(text) == len);
        must(fuzz_count(text, "/.;#") == special);
        must(strpbrk(text, "\\\r\n\t\x7f") == NULL);
        must(strstr(text, "//") == NULL);
    } while (len != before);

    strcat(text, "/");
    must(strstr(text, "/./") == NULL && strstr(text, "/../") == NULL);

    free(text);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    keygate_rc_t    rc;
    keygate_str_t   raw, path;
    unsigned char  *decoded;

    decoded = malloc(size + (size == 0));
    must(decoded != NULL);

    raw.data = data;
    raw.len = size;
    rc = keygate_path_check(raw, decoded, &path);

    if (rc == KEYGATE_OK) {
        must(path.len != 0 && path.data[0] == '/');
        must(memchr(data, '%', size) != NULL
             ? path.data == decoded : path.data == data);

        test_encoded(path, "%%%02x");
        test_encoded(path, "%%%02X");
        test_decoded_again(path);

    } else {
        must(rc == KEYGATE_INVALID && path.len == 0);
    }

    (void) keygate_router_match(fuzz_router(), raw);
    free(decoded);

    return 0;
}

/*
 * Any bytes as a path.  It passes the check where a plain twin lets it pass.
 * What passes means the same to whoever decodes it, writes it otherwise, or
 * decodes it once more: the same route, the same segments, no way up.  And
 * what is passed on means the same to whoever gets it, or is not firm.
 */

#include "fuzz.h"

#define TWIN_MAX     512
#define READING_MAX  (3 * TWIN_MAX)

#include "../unit/path_twin.h"
#include "../unit/readings.h"


enum { AMBIGUOUS, PLAIN, DECODED, NOT_FIRM, ROUTED, UNROUTED, KEPT };

const char *const  fuzz_shapes[] = {
    "an ambiguous path", "a path without escapes", "a path with escapes",
    "a path that is not firm", "a route", "no route",
    "an encoded slash that is kept", NULL
};


static keygate_route_t  fuzz_all[] = {
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
    { .path = keygate_string("/thing/:id") },
};

#define FUZZ_ALL  (sizeof(fuzz_all) / sizeof(fuzz_all[0]))


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

    if (router == NULL) {
        router = keygate_router_create(&pool);
        must(router != NULL);

        for (i = 0; i < FUZZ_ALL; i++) {
            fuzz_all[i].method = KEYGATE_STR("GET");
            must(keygate_router_add(router, &fuzz_all[i], &other)
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


static void
test_twin(keygate_str_t raw, keygate_rc_t rc, keygate_str_t path)
{
    twin_t  twin;

    if (raw.len > TWIN_MAX) {
        return;
    }

    must(twin_check(raw, &twin) == (rc == KEYGATE_OK));
    must(rc != KEYGATE_OK
         || (twin.len == path.len && memcmp(twin.c, path.data, path.len) == 0));
}


/* As it came, as $uri, and as proxy_pass with a URI has it. */

static void
test_passed_on(keygate_str_t raw, keygate_str_t path)
{
    int               want;
    size_t            i;
    reading_t         target;
    keygate_str_t     base, templates[FUZZ_ALL];
    keygate_route_t  *routes;

    if (raw.len > TWIN_MAX) {
        return;
    }

    for (i = 0; i < FUZZ_ALL; i++) {
        templates[i] = fuzz_all[i].path;
    }

    base = KEYGATE_STR("");
    routes = keygate_router_match(fuzz_router(), path);
    want = route_choose(templates, FUZZ_ALL, path);
    must(routes == (want == -1 ? NULL : &fuzz_all[want]));
    fuzz_saw(want == -1 ? UNROUTED : ROUTED);

    if (!keygate_path_firm(fuzz_router(), base, path, routes)) {
        fuzz_saw(NOT_FIRM);
        return;
    }

    target = read_target(raw.data, raw.len);
    must(readings_astray(templates, FUZZ_ALL, base, &target, want) == NULL);

    must(nginx_uri(&target));
    must(keygate_str_eq(fuzz_span(target.c, target.len), path));
    target.decoded = 0;
    must(readings_astray(templates, FUZZ_ALL, base, &target, want) == NULL);

    nginx_escape(&target);
    must(readings_astray(templates, FUZZ_ALL, base, &target, want) == NULL);
}


/* An encoded '/' that stays in its segment: nothing else may differ. */

static void
test_keep(keygate_str_t raw, keygate_rc_t rc, keygate_str_t checked)
{
    size_t          kept, len;
    twin_t          twin;
    keygate_rc_t    keep;
    keygate_str_t   path;
    unsigned char  *decoded;

    decoded = malloc(raw.len + (raw.len == 0));
    must(decoded != NULL);

    keep = keygate_path_keep(raw, decoded, &path);
    kept = keygate_path_kept(path);
    must(rc != KEYGATE_OK
         || (keep == KEYGATE_OK && keygate_str_eq(path, checked)));
    must(keep != KEYGATE_OK || rc == KEYGATE_OK || kept != 0);

    if (raw.len <= TWIN_MAX) {
        must(twin_keep(raw, &twin) == (keep == KEYGATE_OK));
        must(keep != KEYGATE_OK
             || keygate_str_eq(path, fuzz_span(twin.c, twin.len)));
    }

    if (kept) {
        fuzz_saw(KEPT);
        (void) keygate_path_firm(fuzz_router(), KEYGATE_STR(""), path,
                                 keygate_router_match(fuzz_router(), path));
        len = path.len;
        keygate_path_restore(decoded, &path);
        must(path.len == len + 2 * kept && path.len <= raw.len);
    }

    free(decoded);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    keygate_rc_t    rc;
    keygate_str_t   raw, path;
    unsigned char  *decoded;

    /* what nginx takes for the path ends before a '?' */

    raw = fuzz_span(data, size);
    raw = fuzz_cut(&raw, '?');

    decoded = malloc(raw.len + (raw.len == 0));
    must(decoded != NULL);

    rc = keygate_path_check(raw, decoded, &path);
    test_twin(raw, rc, path);
    test_keep(raw, rc, path);

    if (rc == KEYGATE_OK) {
        must(path.len != 0 && path.data[0] == '/');
        must(memchr(data, '%', raw.len) != NULL
             ? path.data == decoded : path.data == data);
        fuzz_saw(path.data == decoded ? DECODED : PLAIN);

        test_encoded(path, "%%%02x");
        test_encoded(path, "%%%02X");
        test_decoded_again(path);
        test_passed_on(raw, path);

    } else {
        must(rc == KEYGATE_INVALID && path.len == 0);
        fuzz_saw(AMBIGUOUS);
    }

    (void) keygate_router_match(fuzz_router(), raw);
    free(decoded);

    return 0;
}

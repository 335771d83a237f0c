/*
 * What a path may be read as: each reading must lead to the same routes.
 */

#include "keygate_route.h"
#include "arena.h"
#include "random.h"
#include "tap.h"


#define N(array)  (sizeof(array) / sizeof((array)[0]))


static arena_t            arena;
static keygate_router_t  *router;


static keygate_str_t
span(const char *s)
{
    keygate_str_t  str;

    str.data = (const unsigned char *) s;
    str.len = strlen(s);

    return str;
}


static void
test_router(void)
{
    unsigned          i;
    keygate_pool_t    pool;
    keygate_route_t  *other;

    static const char  *templates[] = {
        "/items", "/items/:id", "/items/special", "/items/:id/parts",
        "/:x/pub", "/files/*"
    };

    static keygate_route_t  routes[N(templates)];

    pool = arena_pool(&arena);
    router = keygate_router_create(&pool);

    for (i = 0; i < N(templates); i++) {
        routes[i].method = span("GET");
        routes[i].path = span(templates[i]);
        is_num(keygate_router_add(router, &routes[i], &other), KEYGATE_OK,
               "the route %s", templates[i]);
    }

    is_num(keygate_router_compile(router), KEYGATE_OK, "compiled");
}


/* As the decision does: the path is in memory of its own, exactly so long. */

static int
firm(const char *base, const unsigned char *data, size_t len)
{
    int               result;
    keygate_str_t     path, rest;
    unsigned char    *copy;
    keygate_route_t  *routes;

    copy = malloc(len + 1);
    memcpy(copy, data, len);
    copy = realloc(copy, len ? len : 1);

    path.data = copy;
    path.len = len;
    routes = NULL;

    if (keygate_path_rest(path, span(base), &rest)) {
        routes = keygate_router_match(router, rest);
    }

    result = keygate_path_firm(router, span(base), path, routes);

    free(copy);

    return result;
}


static void
test_table(void)
{
    char      path[256];
    unsigned  i, based;

    static const struct {
        const char  *path;
        int          firm;
    } cases[] = {
        { "/items", 1 }, { "/items/1", 1 }, { "/none/at/all", 1 },
        { "/items/a;b", 1 }, { "/items/a;", 1 }, { "/items/a?b", 1 },
        { "/items/a#b", 1 }, { "/items/100%", 1 }, { "/items/%41", 1 },
        { "/items/%zz", 1 }, { "/items/50%off/parts", 1 },
        { "/items/%ff", 1 }, { "/files/a;b/c?d/e#f", 1 },
        { "/files/%2541", 1 }, { "/none/;", 1 }, { "/none;x", 1 },
        { "/items/special;x", 0 }, { "/items/special?", 0 },
        { "/items/special#", 0 }, { "/items/spec%69al", 0 },
        { "/items/spec%2569al", 0 }, { "/items/spec%252569al", 0 },
        { "/items/spec%69al;x", 0 }, { "/items/special%3fx", 0 },
        { "/items/;", 0 }, { "/items/?", 0 }, { "/items/#x", 0 },
        { "/items/..;x", 0 }, { "/items/..;", 0 }, { "/items/.?", 0 },
        { "/items/..#/x", 0 }, { "/items/;/parts", 0 },
        { "/items/a?b/parts", 0 }, { "/items/a;b/parts", 1 },
        { "/items/a#/parts", 0 }, { "/items;/a", 0 }, { "/;items/pub", 0 },
        { "/items;/pub", 0 }, { "/it%65ms/pub", 0 }, { "/items/a;?/parts", 0 },
        { "/items/a%2525252541", 0 },
        { "/items/a\x01" "b", 1 }, { "/items/a;\x01" "b", 1 },
        { "/items/a\x01..;x", 0 }, { "/items/..;x\x01" "b", 0 },
        { "/items/a;\x01/parts", 1 }, { "/items/special;\x01", 0 },
        { "/items/special\x01;x", 1 }, { "/files/a\x01;b/;x/", 0 },
        { "/files/\x01;/x", 1 }, { "/files/a%\x01..?", 0 }
    };

    for (based = 0; based < 2; based++) {
        for (i = 0; i < N(cases); i++) {
            snprintf(path, sizeof(path), "%s%s", based ? "/api" : "",
                     cases[i].path);

            is_num(firm(based ? "/api" : "", (unsigned char *) path,
                        strlen(path)),
                   cases[i].firm, "%s", path);
        }
    }

    ok(!firm("/api", (unsigned char *) "/api;/items/x", 13),
       "the base itself may be read as more");
}


static void
test_bounds(void)
{
    size_t                k, len;
    unsigned              i, n;
    static unsigned char  path[40000];

    static const char  alphabet[] = "/;?#%25aA..f3";

    memset(path, 'a', sizeof(path));
    memcpy(path, "/files/", 7);
    ok(firm("", path, sizeof(path)), "a long plain path");

    path[100] = '%';
    ok(firm("", path, 8192), "8192 bytes with a percent sign");
    ok(!firm("", path, 8193), "8193 bytes with one");

    for (n = 0, i = 0; i < 20000; i++) {
        len = 1 + random_below(60);
        path[0] = '/';

        for (k = 1; k < len; k++) {
            path[k] = (unsigned char)
                      alphabet[random_below(sizeof(alphabet) - 1)];
        }

        n += firm("", path, len) >= 0;
    }

    is_num(n, 20000, "random paths");
}


int
main(void)
{
    test_router();
    test_table();
    test_bounds();

    arena_free(&arena);

    return tap_done();
}

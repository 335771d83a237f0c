/*
 * The router: templates, the choice among them, methods; then random
 * templates and paths against a matcher that tries them one by one.
 */

#include <time.h>

#include "keygate_route.h"
#include "arena.h"
#include "random.h"
#include "readings.h"
#include "tap.h"


#define N(array)  (sizeof(array) / sizeof((array)[0]))

#define TEMPLATES  24
#define ROUTERS    3000
#define PATHS      30


static arena_t  arena;


static keygate_str_t
span(const char *s)
{
    keygate_str_t  str;

    str.data = (const unsigned char *) s;
    str.len = strlen(s);

    return str;
}


static void
test_templates(void)
{
    char         text[256];
    unsigned     i;
    const char  *error;

    static const char  *good[] = {
        "/", "/v1", "/v1/", "/v1/items/:id", "/:a/:b/", "/*", "/v1/*",
        "/:a/*", "/v1/items:batch", "/...", "/a b", "/caf\xc3\xa9", "/:_x9",
        "/-", "/items::batch", "/:id.json", "/:id:cancel", "/v:major",
        "/pre:param.suf", "/::", "/:::x", "/:id::cancel", "/:a-b", "/:1",
        "/a::b/c::", "/:x:", "/:a/:b.::c::::d"
    };

    static const char  *bad[] = {
        "", "v1", "*", ":id", "//", "/v1//", "//v1", "/.", "/..", "/a/../b",
        "/a/./b", "/a%20b", "/a?b", "/a#b", "/a;b", "/a\\b", "/a\tb",
        "/a\x7f", "/:", "/a:", "/a::b/c:", "/:caf\xc3\xa9", "/:-a",
        "/{id}", "/v1/<id>", "/[id]", "/(a)", "/a|b", "/$id", "/:id?",
        "/${id}", "/:id(.+)", "/a}", "/a>", "/a]", "/a)", "/:id*",
        "/:a:b:c", "/:a.:b", "/:a/x:a",
        "/:a/:a", "/:a/x/:a", "/*/a", "/*/", "/**", "/a*", "/*a", "/\xff"
    };

    for (i = 0; i < N(good); i++) {
        error = keygate_template_error(span(good[i]));
        ok(error == NULL, "a template: %s", good[i]);
    }

    for (i = 0; i < N(bad); i++) {
        error = keygate_template_error(span(bad[i]));
        ok(error != NULL, "no template: %u, but %s", i, error);
    }

    text[0] = '\0';

    for (i = 0; i < KEYGATE_SEGMENTS_MAX; i++) {
        strcat(text, "/a");
    }

    ok(keygate_template_error(span(text)) == NULL, "64 segments");
    strcat(text, "/");
    ok(keygate_template_error(span(text)) != NULL, "65 segments");
}


/* "GET /a" to a route. */

static keygate_route_t *
route(const char *text)
{
    size_t            n;
    keygate_route_t  *r;

    r = arena_alloc(&arena, sizeof(keygate_route_t));

    n = strcspn(text, " ");
    r->method.data = (const unsigned char *) text;
    r->method.len = n;
    r->path = span(text + n + 1);

    return r;
}


static keygate_router_t *
router(const char **texts, unsigned n)
{
    unsigned           i;
    keygate_pool_t     pool;
    keygate_route_t   *other;
    keygate_router_t  *r;

    pool = arena_pool(&arena);
    r = keygate_router_create(&pool);

    for (i = 0; i < n; i++) {
        if (keygate_router_add(r, route(texts[i]), &other) != KEYGATE_OK) {
            printf("# not added: %s\n", texts[i]);
            abort();
        }
    }

    (void) keygate_router_compile(r);

    return r;
}


static void
test_match(void)
{
    unsigned           i;
    keygate_str_t      got;
    keygate_route_t   *found;
    keygate_router_t  *r;

    static const char  *texts[] = {
        "GET /", "GET /v1/items", "POST /v1/items", "GET /v1/items/:id",
        "GET /v1/items/new", "GET /v1/items/:id/*", "GET /v1/items/:id/a/",
        "GET /a/:x/c", "GET /:x/b/d", "* /files/*", "GET /files/:id",
        "GET /t/:id.json", "GET /t/:id", "GET /t/a:id", "GET /t/a.json",
        "GET /t/:id:cancel", "GET /t/ab:id.json/x", "GET /t/:id.json/y",
        "GET /v:major/t", "GET /c/items::batch", "GET /c/items:x",
        "GET /t/:id.x", "GET /t/.x:id",
        "GET /slash/", "GET /deep/a/:x/*", "GET /deep/:y/b/c"
    };

    static const struct {
        const char  *path;
        const char  *template;
    } cases[] = {
        { "/", "/" },
        { "/v1/items", "/v1/items" },
        { "/v1/items/", "" },
        { "/v1/items/7", "/v1/items/:id" },
        { "/v1/items/new", "/v1/items/new" },
        { "/v1/items/New", "/v1/items/:id" },
        { "/v1/items/:id", "/v1/items/:id" },
        { "/v1/items/7/", "/v1/items/:id/*" },
        { "/v1/items/7/send/now", "/v1/items/:id/*" },
        { "/v1/items/7/a/", "/v1/items/:id/a/" },
        { "/v1/items/7/a", "/v1/items/:id/*" },
        { "/v1/items/new/x", "/v1/items/:id/*" },
        { "/v1", "" },
        { "/v1/", "" },
        { "/V1/items", "" },
        { "/v1/itemsx", "" },
        { "/v1/item", "" },
        { "/a/b/c", "/a/:x/c" },
        { "/a/b/d", "/:x/b/d" },
        { "/a/b/e", "" },
        { "/files", "" },
        { "/files/", "/files/*" },
        { "/files/1", "/files/:id" },
        { "/files/1/", "/files/*" },
        { "/t/a.json", "/t/a.json" },
        { "/t/b.json", "/t/:id.json" },
        { "/t/ab.json", "/t/:id.json" },
        { "/t/.json", "/t/:id" },
        { "/t/ab", "/t/a:id" },
        { "/t/a", "/t/:id" },
        { "/t/a:cancel", "/t/:id:cancel" },
        { "/t/:cancel", "/t/:id" },
        { "/t/a:cancelx", "/t/a:id" },
        { "/t/abc.json/x", "/t/ab:id.json/x" },
        { "/t/abc.json/y", "/t/:id.json/y" },
        { "/t/ab.json/x", "" },
        { "/t/.xz.x", "/t/.x:id" },
        { "/v2/t", "/v:major/t" },
        { "/v/t", "" },
        { "/c/items:batch", "/c/items::batch" },
        { "/c/items::batch", "/c/items:x" },
        { "/c/items", "" },
        { "/slash/", "/slash/" },
        { "/slash", "" },
        { "/slash/x", "" },
        { "/deep/a/b/c", "/deep/a/:x/*" },
        { "/deep/a/b", "" },
        { "", "" },
        { "v1/items", "" },
    };

    r = router(texts, N(texts));

    for (i = 0; i < N(cases); i++) {
        found = keygate_router_match(r, span(cases[i].path));
        got = found != NULL ? found->path : KEYGATE_STR("");
        is_str(got.data, got.len, cases[i].template, "path '%s'",
               cases[i].path);
    }

    arena_free(&arena);
}


static void
test_long(void)
{
    size_t             i;
    keygate_str_t      path;
    unsigned char     *text;
    keygate_router_t  *r;

    static const char  *texts[] = { "GET /*", "GET /a/a/a/:x" };

    r = router(texts, N(texts));
    text = malloc(KEYGATE_PATH_MAX + 1);

    for (i = 0; i <= KEYGATE_PATH_MAX; i++) {
        text[i] = i % 2 ? 'a' : '/';
    }

    path.data = text;
    path.len = KEYGATE_PATH_MAX;
    ok(keygate_router_match(r, path) != NULL, "the longest path");
    path.len++;
    ok(keygate_router_match(r, path) == NULL, "one byte more matches nothing");

    free(text);
    arena_free(&arena);
}


/* Fixed text of any length, beside a parameter that takes all others. */

static void
test_lengths(void)
{
    unsigned           i, k, bad;
    char               texts[100][128];
    const char        *list[101];
    unsigned char      path[128];
    keygate_str_t      at;
    keygate_route_t   *route;
    keygate_router_t  *r;

    list[0] = "GET /:any";

    for (i = 1; i <= 100; i++) {
        snprintf(texts[i - 1], sizeof(texts[0]), "GET /%0*u", (int) i, i % 10);
        list[i] = texts[i - 1];
    }

    r = router(list, 101);

    for (bad = 0, i = 1; i <= 100; i++) {
        at.data = (const unsigned char *) list[i] + 4;
        at.len = i + 1;
        route = keygate_router_match(r, at);
        bad += route == NULL || !keygate_str_eq(route->path, at);

        for (k = 1; k < at.len; k++) {
            memcpy(path, at.data, at.len);
            path[k] ^= 0x40;
            at.data = path;
            route = keygate_router_match(r, at);
            bad += route == NULL || !keygate_str_eq(route->path, span("/:any"));
            at.data = (const unsigned char *) list[i] + 4;
        }
    }

    is_num(bad, 0, "fixed text of 1 to 100 bytes, and each byte of it");
    arena_free(&arena);
}


static void
test_conflicts(void)
{
    unsigned           i;
    keygate_rc_t       rc;
    keygate_pool_t     pool;
    keygate_route_t   *first, *other;
    keygate_router_t  *r;

    static const struct {
        const char    *a;
        const char    *b;
        keygate_rc_t   rc;
    } cases[] = {
        { "GET /a", "GET /a", KEYGATE_CONFLICT },
        { "GET /a/:x", "GET /a/:y", KEYGATE_CONFLICT },
        { "GET /:a/b/:c/*", "GET /:x/b/:y/*", KEYGATE_CONFLICT },
        { "* /a", "* /a", KEYGATE_CONFLICT },
        { "GET /*", "GET /*", KEYGATE_CONFLICT },
        { "GET /a", "POST /a", KEYGATE_OK },
        { "GET /a", "get /a", KEYGATE_OK },
        { "* /a", "GET /a", KEYGATE_OK },
        { "GET /a", "HEAD /a", KEYGATE_OK },
        { "GET /a", "GET /a/", KEYGATE_OK },
        { "GET /a/:x", "GET /a/*", KEYGATE_OK },
        { "GET /a/:x", "GET /a/x", KEYGATE_OK },
        { "GET /a/", "GET /a/*", KEYGATE_OK },
        { "GET /a", "GET /A", KEYGATE_OK },
        { "GET /a", "GET /a%20", KEYGATE_INVALID },
        { "GET /a:x.b", "GET /a:y.b", KEYGATE_CONFLICT },
        { "GET /:x:b", "GET /:y::b", KEYGATE_CONFLICT },
        { "GET /a:x", "GET /:x.a", KEYGATE_OK },
        { "GET /a::b", "GET /a:b", KEYGATE_OK },
        { "GET /:x.a", "GET /:x", KEYGATE_OK },
    };

    for (i = 0; i < N(cases); i++) {
        pool = arena_pool(&arena);
        r = keygate_router_create(&pool);
        first = route(cases[i].a);
        (void) keygate_router_add(r, first, &other);
        other = NULL;
        rc = keygate_router_add(r, route(cases[i].b), &other);
        is_num(rc, cases[i].rc, "%s and %s", cases[i].a, cases[i].b);
        ok((rc == KEYGATE_CONFLICT ? first : NULL) == other, "the other");
        arena_free(&arena);
    }
}


/* The methods of those who serve GET, HEAD, POST, OPTIONS and "get". */

static void
served(keygate_route_t *routes, char *out)
{
    unsigned          i;
    keygate_route_t  *one;

    static const char  *methods[] = {
        "GET", "HEAD", "POST", "OPTIONS", "get"
    };

    for (i = 0; i < N(methods); i++) {
        one = keygate_route_method(routes, span(methods[i]));

        out += sprintf(out, "%s%.*s", i == 0 ? "" : " ",
                       one != NULL ? (int) one->method.len : 1,
                       one != NULL ? (const char *) one->method.data : "-");
    }
}


static void
test_methods(void)
{
    char               text[64];
    unsigned           i;
    keygate_buf_t      b;
    unsigned char      room[64];
    keygate_route_t   *found;
    keygate_router_t  *r;

    static const char  *texts[] = {
        "POST /a", "GET /a", "DELETE /a",
        "HEAD /b", "GET /b", "* /b",
        "* /c",
        "HEAD /d", "PUT /d",
        "none /e",
    };

    static const struct {
        const char  *path;
        const char  *allow;
        const char  *served;
    } cases[] = {
        { "/a", "POST, GET, HEAD, DELETE", "GET GET POST - -" },
        { "/b", "GET, HEAD", "GET HEAD * * *" },
        { "/c", "", "* * * * *" },
        { "/d", "HEAD, PUT", "- HEAD - - -" },
        { "/e", "", "- - - - -" },
    };

    r = router(texts, N(texts));

    b.data = room;
    b.size = sizeof(room);

    for (i = 0; i < N(cases); i++) {
        found = keygate_router_match(r, span(cases[i].path));

        b.len = 0;
        keygate_route_allow(found, &b);
        is_str(b.data, b.len, cases[i].allow, "Allow of %s", cases[i].path);

        served(found, text);
        is_str(text, strlen(text), cases[i].served, "who serves %s",
               cases[i].path);
    }

    ok(keygate_route_method(NULL, span("GET")) == NULL, "no routes");

    b.len = 0;
    keygate_route_allow(NULL, &b);
    is_num(b.len, 0, "and nothing to allow");
    arena_free(&arena);
}


static void
test_memory(void)
{
    long               n;
    unsigned           i, k;
    keygate_rc_t       rc;
    keygate_pool_t     pool;
    keygate_route_t   *other, *routes;
    keygate_router_t  *r;

    static char  paths[40][16];

    routes = calloc(40, sizeof(keygate_route_t));

    for (i = 0; i < 40; i++) {
        snprintf(paths[i], sizeof(paths[i]), "/%u/:x/a", i);
        routes[i].method = KEYGATE_STR("GET");
        routes[i].path = span(paths[i]);
    }

    for (n = 1; n < 1000; n++) {
        pool = arena_pool(&arena);
        arena.fail_at = n;
        r = keygate_router_create(&pool);

        if (r == NULL) {
            arena_free(&arena);
            continue;
        }

        rc = KEYGATE_OK;

        for (k = 0; k < 40 && rc == KEYGATE_OK; k++) {
            rc = keygate_router_add(r, &routes[k], &other);
        }

        if (rc == KEYGATE_OK) {
            ok(keygate_router_match(r, span("/7/b/a")) == NULL,
               "nothing is matched before compile");
            rc = keygate_router_compile(r);
        }

        if (rc == KEYGATE_OK) {
            break;
        }

        if (rc != KEYGATE_NOMEM || k == 0) {
            n = 1000;
        }

        arena_free(&arena);
    }

    ok(n > 100 && n < 1000, "%ld allocations that failed, each told", n - 1);
    ok(keygate_router_match(r, span("/7/b/a")) == &routes[7], "then matched");
    arena_free(&arena);
    free(routes);
}


static void
random_template(char *out)
{
    char      name[2];
    unsigned  i, n;

    static const char  *before[] = { "", "", "", "a", "a", "ab", "b", "::" };
    static const char  *after[] = { "", "", "", "", ".a", "-b", "-", ":c" };
    static const char  *fixed[] = { "a", "b", "ab", "a.a", "b-b", "::a" };
    static const char  *ends[] = { "", "", "", "/", "/*" };

    *out = '\0';
    n = random_below(5);

    for (i = 0; i < n; i++) {
        strcat(out, "/");

        if (random_below(2)) {
            strcat(out, fixed[random_below(N(fixed))]);
            continue;
        }

        name[0] = (char) ('p' + i);
        name[1] = '\0';

        strcat(out, before[random_below(N(before))]);
        strcat(out, ":");
        strcat(out, name);
        strcat(out, after[random_below(N(after))]);
    }

    strcat(out, n == 0 ? (random_below(2) ? "/" : "/*")
                       : ends[random_below(N(ends))]);
}


static void
random_path(char *out)
{
    unsigned  i, n;

    static const char  *pieces[] = {
        "/a", "/b", "/ab", "/a.a", "/aa", "/aa.a", "/ab-b", "/b-b", "/:c",
        "/x:c", "/:a", "/::a", "/x", "/:p", "/*", "/A", "/-", "/ab.a"
    };

    *out = '\0';
    n = random_below(6);

    for (i = 0; i < n; i++) {
        strcat(out, pieces[random_below(random_below(3) ? 8 : N(pieces))]);
    }

    strcat(out, n == 0 || random_below(4) == 0 ? "/" : "");
}


/* Adds the templates; one that was there before must be a conflict. */

static unsigned
random_router(keygate_router_t *r, char texts[][64], keygate_str_t *templates,
    unsigned *bad)
{
    unsigned          i, k, n;
    keygate_rc_t      rc;
    keygate_route_t  *one, *other;

    n = 0;

    for (i = 0; i < TEMPLATES; i++) {
        random_template(texts[n]);

        for (k = 0; k < n && strcmp(texts[k], texts[n]) != 0; k++) {
            /* void */
        }

        one = arena_alloc(&arena, sizeof(keygate_route_t));
        one->method = KEYGATE_STR("GET");
        one->path = span(texts[n]);
        rc = keygate_router_add(r, one, &other);

        *bad += rc != (k == n ? KEYGATE_OK : KEYGATE_CONFLICT);

        if (rc == KEYGATE_CONFLICT) {
            *bad += k == n
                    || other->path.data != (const unsigned char *) texts[k];
            continue;
        }

        templates[n] = one->path;
        n++;
    }

    return n;
}


static void
test_twin(void)
{
    int                want;
    char               texts[TEMPLATES + 1][64], path[64];
    unsigned           i, k, n, bad, found;
    keygate_pool_t     pool;
    keygate_str_t      templates[TEMPLATES];
    keygate_route_t   *got;
    keygate_router_t  *r;

    bad = 0;
    found = 0;
    printf("# seed %llu\n", (unsigned long long) random_state);

    for (i = 0; i < ROUTERS; i++) {
        pool = arena_pool(&arena);
        r = keygate_router_create(&pool);
        n = random_router(r, texts, templates, &bad);
        (void) keygate_router_compile(r);

        for (k = 0; k < PATHS; k++) {
            random_path(path);
            want = route_choose(templates, n, span(path));
            got = keygate_router_match(r, span(path));
            found += got != NULL;

            if ((want == -1) != (got == NULL)
                || (got != NULL
                    && got->path.data != templates[want].data))
            {
                if (bad++ < 5) {
                    printf("# '%s': want %s, got %s\n", path,
                           want == -1 ? "-" : texts[want],
                           got == NULL ? "-" : (const char *) got->path.data);
                }
            }
        }

        arena_free(&arena);
    }

    is_num(bad, 0, "%d routers, %d paths each, as the twin has them", ROUTERS,
           PATHS);
    ok(found > ROUTERS * PATHS / 4, "%u of them matched", found);
}


/* The tree at its worst: where fixed and param are both to be tried at each
 * level, and the end is always another. */

static void
test_worst(void)
{
    char              *text;
    clock_t            start;
    unsigned           i, k;
    keygate_pool_t     pool;
    keygate_route_t   *one, *other;
    keygate_router_t  *r;

    pool = arena_pool(&arena);
    r = keygate_router_create(&pool);

    for (i = 0; i < 4096; i++) {
        text = arena_alloc(&arena, 128);
        one = arena_alloc(&arena, sizeof(keygate_route_t));

        for (k = 0; k < 12; k++) {
            sprintf(text + strlen(text), i >> k & 1 ? "/a" : "/:p%u", k);
        }

        strcat(text, "/end");
        one->method = KEYGATE_STR("GET");
        one->path = span(text);
        (void) keygate_router_add(r, one, &other);
    }

    (void) keygate_router_compile(r);
    start = clock();

    for (i = 0; i < 20; i++) {
        if (keygate_router_match(r, span("/a/a/a/a/a/a/a/a/a/a/a/a/x"))
            != NULL)
        {
            break;
        }
    }

    is_num(i, 20, "4096 templates, each tried in vain");
    ok(clock() - start < CLOCKS_PER_SEC,
       "and each segment of them once: %ld us",
       (long) ((clock() - start) * 1000000 / CLOCKS_PER_SEC / 20));
    arena_free(&arena);
}


int
main(void)
{
    test_templates();
    test_match();
    test_long();
    test_lengths();
    test_conflicts();
    test_methods();
    test_memory();
    test_twin();
    test_worst();

    return tap_done();
}

/*
 * The path check: a table of what is refused and what is not; then random
 * paths from a nasty alphabet against a twin that works in rounds.
 */

#include "keygate_route.h"
#include "random.h"
#include "tap.h"

#define TWIN_MAX   40

#include "path_twin.h"


#define N(array)   (sizeof(array) / sizeof((array)[0]))
#define ROUNDS     300000


static keygate_str_t
span(const void *data, size_t len)
{
    keygate_str_t  s;

    s.data = data;
    s.len = len;

    return s;
}


/* In blocks of just the size, so that a sanitizer sees every byte too far. */

static keygate_rc_t
look(keygate_str_t raw, unsigned char *out, size_t *len, int keep)
{
    keygate_rc_t    rc;
    keygate_str_t   path;
    unsigned char  *in, *decoded;

    in = malloc(raw.len + (raw.len == 0));
    decoded = malloc(raw.len + (raw.len == 0));

    if (raw.len != 0) {
        memcpy(in, raw.data, raw.len);
    }

    rc = keep ? keygate_path_keep(span(in, raw.len), decoded, &path)
              : keygate_path_check(span(in, raw.len), decoded, &path);
    *len = path.len;

    if (path.len != 0) {
        memcpy(out, path.data, path.len);
    }

    free(in);
    free(decoded);

    return rc;
}


static keygate_rc_t
check(keygate_str_t raw, unsigned char *out, size_t *len)
{
    return look(raw, out, len, 0);
}


static void
test_good(void)
{
    size_t         len;
    unsigned       i;
    unsigned char  out[64];

    static const struct {
        keygate_str_t  raw;
        const char    *path;
    } cases[] = {
        { keygate_string("/"), "/" },
        { keygate_string("/v1/items/"), "/v1/items/" },
        { keygate_string("/%76%31/items"), "/v1/items" },
        { keygate_string("/a%20b+c"), "/a b+c" },
        { keygate_string("/..."), "/..." },
        { keygate_string("/.a/a./..a/a.."), "/.a/a./..a/a.." },
        { keygate_string("/a%2eb"), "/a.b" },
        { keygate_string("/%2e%2e%2E"), "/..." },
        { keygate_string("/a%3bb%23c%3fd"), "/a;b#c?d" },
        { keygate_string("/caf%c3%a9/\xe2\x82\xac"),
          "/caf\xc3\xa9/\xe2\x82\xac" },
        { keygate_string("/100%25"), "/100%" },
        { keygate_string("/100%25/x"), "/100%/x" },
        { keygate_string("/%2525"), "/%25" },
        { keygate_string("/%25252525"), "/%252525" },
        { keygate_string("/%2541"), "/%41" },
        { keygate_string("/%25zz%252"), "/%zz%2" },
        { keygate_string("/%25%25"), "/%%" },
        { keygate_string("/%25c3%25a9"), "/%c3%a9" },
        { keygate_string("/:id/*"), "/:id/*" },
    };

    for (i = 0; i < N(cases); i++) {
        is_num(check(cases[i].raw, out, &len), KEYGATE_OK, "%.*s",
               (int) cases[i].raw.len, (const char *) cases[i].raw.data);
        is_str(out, len, cases[i].path, "as %s", cases[i].path);
    }
}


static void
test_refused(void)
{
    size_t         len;
    unsigned       i;
    unsigned char  out[64];

    static const keygate_str_t  cases[] = {
        { 0, NULL },
        keygate_string(""),
        keygate_string("v1"),
        keygate_string("*"),
        keygate_string("%2fv1"),
        keygate_string("http://elsewhere/v1"),
        keygate_string("//"),
        keygate_string("//v1//admin//keys"),
        keygate_string("/v1//"),
        keygate_string("/v1/items/../admin/keys"),
        keygate_string("/.."),
        keygate_string("/../"),
        keygate_string("/."),
        keygate_string("/./a"),
        keygate_string("/a/.%2e/b"),
        keygate_string("/%2E%2e"),
        keygate_string("/%2e/"),
        keygate_string("/a%2fb"),
        keygate_string("/a%2Fb"),
        keygate_string("/a%5cb"),
        keygate_string("/a\\b"),
        keygate_string("/a;x=1"),
        keygate_string("/..;/b"),
        keygate_string("/a#b"),
        keygate_string("/a%00"),
        keygate_string("/a\0b"),
        keygate_string("/a%0ab"),
        keygate_string("/a\nb"),
        keygate_string("/a%7f"),
        keygate_string("/a\x7f"),
        keygate_string("/a%1f"),
        keygate_string("/%"),
        keygate_string("/%2"),
        keygate_string("/%g0"),
        keygate_string("/%0g"),
        keygate_string("/% 20"),
        keygate_string("/%u002e"),
        keygate_string("/%c0%ae"),
        keygate_string("/%c0%af"),
        keygate_string("/%e0%80%af"),
        keygate_string("/%ed%a0%80"),
        keygate_string("/%ff"),
        keygate_string("/\xc3"),
        keygate_string("/\xc3/\xa9"),
        keygate_string("/a%252e"),
        keygate_string("/%252e%252e/b"),
        keygate_string("/%25252525252f"),
        keygate_string("/%255c"),
        keygate_string("/%253b"),
        keygate_string("/%2523"),
        keygate_string("/%2500"),
        keygate_string("/%250A"),
        keygate_string("/%257F"),
        keygate_string("/%25%32%65"),
        keygate_string("/%25%32e"),
        keygate_string("/%252%65"),
        keygate_string("/%25%32%35%32%66"),
        keygate_string("/%252%2565"),
        keygate_string("/%25%2532e"),
    };

    for (i = 0; i < N(cases); i++) {
        is_num(check(cases[i], out, &len), KEYGATE_INVALID, "refused: %.*s",
               (int) cases[i].len, (const char *) cases[i].data);
        is_num(len, 0, "and empty");
    }
}


static size_t
nasty_path(unsigned char *out)
{
    size_t       n, len;
    const char  *piece;

    static const char  *pieces[] = {
        "/", "/", "/", ".", "%", "%", "%25", "%25", "2", "2", "5", "e", "E",
        "f", "F", "c", "C", "3", "B", "b", "0", "a", "z", "%2e", "%41", "%32",
        "%65", "%35", "%30", "%c3", "%a9", "\xc3\xa9", ";", "#", "\\", " ",
        "\x80", "\xc0", "\xaf", "\xe2", "\x7f", "..", "?", "%2", "%2f", "%2F"
    };

    out[0] = '/';
    len = random_below(50) != 0;

    for (n = random_below(14); n != 0 && len < TWIN_MAX - 4; n--) {
        piece = pieces[random_below(N(pieces))];
        memcpy(out + len, piece, strlen(piece));
        len += strlen(piece);
    }

    if (len != 0 && random_below(100) == 0) {
        out[random_below((unsigned) len)] = (unsigned char) random_below(256);
    }

    return len;
}


/* An encoded '/' that is kept, and how it is written afterwards. */

static void
test_kept(void)
{
    size_t         len;
    unsigned       i;
    keygate_rc_t   rc;
    keygate_str_t  path;
    unsigned char  out[64];

    static const struct {
        keygate_str_t  raw;
        const char    *path;                      /* NULL: refused */
    } cases[] = {
        { keygate_string("/a%2fb"), "/a%2Fb" },
        { keygate_string("/a%2Fb/c%2Fd%20"), "/a%2Fb/c%2Fd " },
        { keygate_string("/%2F"), "/%2F" },
        { keygate_string("/%2F%2F/x"), "/%2F%2F/x" },
        { keygate_string("/a%2F/b%2F"), "/a%2F/b%2F" },
        { keygate_string("/%c3%a9%2f%c3%a9"), "/\xc3\xa9%2F\xc3\xa9" },
        { keygate_string("/a%2F.b%2F..."), "/a%2F.b%2F..." },
        { keygate_string("/a%2F100%25"), "/a%2F100%" },
        { keygate_string("/a b"), "/a b" },
        { keygate_string("%2Fa"), NULL },
        { keygate_string("/a%2F.."), NULL },
        { keygate_string("/a%2F..%2Fb"), NULL },
        { keygate_string("/..%2Fb"), NULL },
        { keygate_string("/a%2F%2e%2E/b"), NULL },
        { keygate_string("/.%2F"), NULL },
        { keygate_string("/a%2F."), NULL },
        { keygate_string("/a%252Fb"), NULL },
        { keygate_string("/a%2F%252e"), NULL },
        { keygate_string("/a%2F%255c"), NULL },
        { keygate_string("/a%5c%2F"), NULL },
        { keygate_string("//a%2Fb"), NULL },
        { keygate_string("/a%2Fb//"), NULL },
        { keygate_string("/a%2F%01"), NULL },
        { keygate_string("/a%2F\x01"), NULL },
        { keygate_string("/%c3%2F%a9"), NULL },
        { keygate_string("/a%2"), NULL },
    };

    for (i = 0; i < N(cases); i++) {
        rc = look(cases[i].raw, out, &len, 1);

        is_num(rc, cases[i].path ? KEYGATE_OK : KEYGATE_INVALID, "kept: %.*s",
               (int) cases[i].raw.len, (const char *) cases[i].raw.data);

        path = span(out, len);
        keygate_path_restore(out, &path);
        is_str(out, path.len, cases[i].path ? cases[i].path : "",
               "as it is shown");
    }
}


static void
test_twin(int keep)
{
    int            want;
    size_t         len, got_len;
    twin_t         twin;
    unsigned       i, bad, good, kept;
    keygate_rc_t   rc;
    unsigned char  raw[TWIN_MAX], out[TWIN_MAX];

    bad = 0;
    good = 0;
    kept = 0;
    printf("# seed %llu\n", (unsigned long long) random_state);

    for (i = 0; i < ROUNDS; i++) {
        len = nasty_path(raw);
        want = keep ? twin_keep(span(raw, len), &twin)
                    : twin_check(span(raw, len), &twin);
        rc = look(span(raw, len), out, &got_len, keep);

        good += rc == KEYGATE_OK;
        kept += keygate_path_kept(span(out, got_len)) != 0;

        if ((rc == KEYGATE_OK) != want
            || (want && (got_len != twin.len
                         || memcmp(out, twin.c, got_len) != 0)))
        {
            if (bad++ < 5) {
                printf("# path '%.*s': got %d, want %s\n", (int) len,
                       (const char *) raw, (int) rc, want ? "ok" : "refused");
            }
        }
    }

    is_num(bad, 0, "%d random paths, as the twin has them", ROUNDS);
    ok(good > ROUNDS / 50, "%u of them fit to pass", good);
    ok(keep ? kept > ROUNDS / 200 : kept == 0, "%u with a '/' that is kept",
       kept);
}


static void
test_buffer(void)
{
    keygate_str_t  raw, path;
    unsigned char  decoded[8];

    raw = KEYGATE_STR("/v1/abc");
    memset(decoded, '#', sizeof(decoded));
    (void) keygate_path_check(raw, decoded, &path);
    ok(path.data == raw.data, "nothing to decode: the path itself");
    ok(memcmp(decoded, "########", 8) == 0, "and the buffer untouched");
    (void) keygate_path_check(raw, NULL, &path);
    is_num(path.len, 7, "or not there at all");
}


/* Time is linear: long runs of what a naive check would look at again and
 * again. */

static void
test_long(void)
{
    size_t          i, k, len;
    keygate_str_t   path;
    unsigned char  *raw, *decoded;

    static const struct {
        const char    *piece;
        keygate_rc_t   rc;
    } cases[] = {
        { "a", KEYGATE_OK },
        { "/a", KEYGATE_OK },
        { "%25", KEYGATE_OK },
        { "%252", KEYGATE_INVALID },      /* "%2%2...": the end decides */
        { "%25%32%35", KEYGATE_OK },
        { "25", KEYGATE_OK },
        { "%c3%a9", KEYGATE_OK },
    };

    len = 3000000;
    raw = malloc(len + 16);
    decoded = malloc(len + 16);

    for (i = 0; i < N(cases); i++) {
        k = 1;
        raw[0] = '/';

        while (k < len) {
            if (strcmp(cases[i].piece, "/a") == 0 && k == 1) {
                raw[k++] = 'x';
            }

            memcpy(raw + k, cases[i].piece, strlen(cases[i].piece));
            k += strlen(cases[i].piece);
        }

        if (cases[i].rc == KEYGATE_INVALID) {
            raw[k++] = 'f';
        }

        is_num(keygate_path_check(span(raw, k), decoded, &path), cases[i].rc,
               "3 MB of '%s'", cases[i].piece);
    }

    free(raw);
    free(decoded);
}


static void
test_rest(void)
{
    int            got;
    unsigned       i;
    keygate_str_t  path, base, rest;

    static const struct {
        const char  *path;
        const char  *base;
        const char  *rest;
    } cases[] = {
        { "/v1/x", "", "/v1/x" },
        { "/", "", "/" },
        { "/api/v1", "/api", "/v1" },
        { "/api", "/api", "/" },
        { "/api/", "/api", "/" },
        { "/apix", "/api", NULL },
        { "/api.v1", "/api", NULL },
        { "/ap", "/api", NULL },
        { "/", "/api", NULL },
        { "/API/v1", "/api", NULL },
        { "/x/api/v1", "/api", NULL },
        { "/a/b/c", "/a/b", "/c" },
        { "/a/bc", "/a/b", NULL },
    };

    for (i = 0; i < N(cases); i++) {
        path = span(cases[i].path, strlen(cases[i].path));
        base = span(cases[i].base, strlen(cases[i].base));
        got = keygate_path_rest(path, base, &rest);
        is_num(got, cases[i].rest != NULL, "%s below '%s'", cases[i].path,
               cases[i].base);

        if (got) {
            is_str(rest.data, rest.len, cases[i].rest, "the rest");
        }
    }
}


int
main(void)
{
    test_good();
    test_refused();
    test_buffer();
    test_kept();
    test_twin(0);
    test_twin(1);
    test_long();
    test_rest();

    return tap_done();
}

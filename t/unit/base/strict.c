/*
 * Strict JSON: what is taken and what is not, and random texts against
 * jansson, which does the same with more memory.
 */

#include "tap.h"

#include <jansson.h>

#include "keygate_strict.h"
#include "random_json.h"


typedef struct {
    unsigned  members;
    unsigned  set;
    unsigned  send;
} seen_t;


static void
member(void *data, const keygate_strict_name_t *name, int set)
{
    seen_t  *seen;

    seen = data;
    seen->members++;
    seen->set += set;
    seen->send += keygate_strict_is(name, KEYGATE_STR("send"));
}


static keygate_rc_t
strict(const char *text, size_t len, seen_t *seen)
{
    char           *copy;
    keygate_rc_t    rc;
    keygate_str_t   s;

    /* a copy of its very length: the sanitizer sees what is read beyond */

    copy = malloc(len ? len : 1);
    memcpy(copy, text, len);

    s.data = (unsigned char *) copy;
    s.len = len;

    memset(seen, 0, sizeof(seen_t));
    rc = keygate_strict_object(s, member, seen);
    free(copy);

    return rc;
}


static unsigned
depth_of(const char *text, size_t len)
{
    size_t    i;
    unsigned  depth, most, quoted;

    for (depth = most = quoted = 0, i = 0; i < len; i++) {
        if (text[i] == '"') {
            quoted = !quoted;

        } else if (text[i] == '\\') {
            i += quoted;

        } else if (!quoted && (text[i] == '{' || text[i] == '[')) {
            depth++;
            most = depth > most ? depth : most;

        } else if (!quoted && (text[i] == '}' || text[i] == ']')) {
            depth -= depth > 0;
        }
    }

    return most;
}


/* What jansson makes of it: KEYGATE_AGAIN where it must not be compared. */

static keygate_rc_t
twin(const char *text, size_t len, seen_t *seen)
{
    json_t        *json, *value;
    const char    *name;
    json_error_t   error;

    memset(seen, 0, sizeof(seen_t));

    json = json_loadb(text, len, JSON_REJECT_DUPLICATES|JSON_ALLOW_NUL
                      |JSON_DECODE_INT_AS_REAL, &error);

    if (json == NULL
        && json_error_code(&error) == json_error_numeric_overflow)
    {
        return KEYGATE_AGAIN;
    }

    if (!json_is_object(json)
        || depth_of(text, len) > KEYGATE_STRICT_DEPTH)
    {
        json_decref(json);
        return KEYGATE_INVALID;
    }

    json_object_foreach(json, name, value) {
        seen->members++;
        seen->set += !json_is_false(value) && !json_is_null(value);
        seen->send += strcasecmp(name, "send") == 0;
    }

    json_decref(json);

    return KEYGATE_OK;
}


/* -- Random texts ------------------------------------------------------- */

static void
against_twin(void)
{
    seen_t        a, b;
    unsigned      i, taken, wrong;
    keygate_rc_t  x, y;

    for (taken = wrong = 0, i = 0; i < 40000 && wrong < 5; i++) {
        random_text();

        x = strict(made, made_len, &a);
        y = twin(made, made_len, &b);

        if (y == KEYGATE_AGAIN) {
            continue;
        }

        taken += x == KEYGATE_OK;

        if (x != y || (x == KEYGATE_OK && memcmp(&a, &b, sizeof(a)) != 0)) {
            wrong++;
            printf("# %d, not %d: %.*s\n", x, y, (int) made_len, made);
        }
    }

    is_num(wrong, 0, "40,000 random texts: what jansson says");
    ok(taken > 4000, "%u of them are objects", taken);
}


/* Objects and arrays within each other, now and then with a name twice or an
 * end that is wrong. */

static void
levels(void)
{
    char           closes[1200], *p;
    seen_t         a, b;
    unsigned       i, k, depth, taken, wrong, bad;
    keygate_rc_t   x, y;

    static char    text[65536];

    for (taken = wrong = 0, i = 0; i < 5000 && wrong < 5; i++) {
        depth = i % 4 ? 1 + random_below(70) : 900u + random_below(250);
        bad = i % 3 != 0 ? depth : random_below(depth);

        for (p = text, k = 0; k < depth; k++) {

            if (k == 0 || random_below(2)) {
                p += sprintf(p, "{\"a\":%u,\"%s\":", random_below(9),
                             k == bad && random_below(2) ? "a" : "b");
                closes[k] = '}';

            } else {
                p += sprintf(p, "[%s", random_below(2) ? "{},[]," : "");
                closes[k] = ']';
            }
        }

        for (*p++ = '1', k = depth; k-- > 0; /* void */ ) {
            p += sprintf(p, "%s%c",
                         random_below(3) ? "" : closes[k] == '}'
                                                ? ",\"c\":{}" : ",[{}]",
                         k == bad && random_below(2)
                         ? closes[k] ^ ('}' ^ ']') : closes[k]);
        }

        x = strict(text, p - text, &a);
        y = twin(text, p - text, &b);
        taken += x == KEYGATE_OK;

        if (x != y || (x == KEYGATE_OK && memcmp(&a, &b, sizeof(a)) != 0)) {
            wrong++;
            printf("# %d, not %d: %.*s\n", x, y, (int) (p - text), text);
        }
    }

    is_num(wrong, 0, "5,000 nests: what jansson says");
    ok(taken > 1250 && taken < 4500, "%u of them are right", taken);
}


/* -- Sizes ---------------------------------------------------------------- */

static void
sizes(void)
{
    char      *big, *p;
    seen_t     seen;
    unsigned   i, n;

    n = 200000;
    big = malloc(n * 12 + 16);

    for (p = big, *p++ = '{', i = 0; i < n; i++) {
        p += sprintf(p, "%s\"%x\":1", i ? "," : "", i);
    }

    *p = '}';
    is_num(strict(big, p + 1 - big, &seen), KEYGATE_OK, "200,000 names");
    is_num(seen.members, n, "each of them seen");

    p += sprintf(p, ",\"%x\":1}", n / 2);
    is_num(strict(big, p - big, &seen), KEYGATE_INVALID, "one of them twice");

    memset(big, '[', n);
    is_num(strict(big, n, &seen), KEYGATE_INVALID, "200,000 brackets");
    memcpy(big, "{\"\":", 4);
    is_num(strict(big, n, &seen), KEYGATE_INVALID, "in an object");
    memset(big, ' ', n);
    is_num(strict(big, n, &seen), KEYGATE_INVALID, "space");
    is_num(strict("", 0, &seen), KEYGATE_INVALID, "nothing");

    free(big);
}


static void
names(void)
{
    char       body[256];
    seen_t     seen;
    unsigned   i;

    static const char *const  same[] = {
        "send", "SEND", "sEnD", "\\u0073end", "\\u0053END", "\xc5\xbf" "end",
        "\\u017fend", "\\u017FEND"
    };

    static const char *const  others[] = {
        "sen", "sends", " send", "", "s\\u00e9nd", "\\u212aend", "5end",
        "\\ud83d\\ude00", "send send send send send send send send send send "
        "send send send send send send"
    };

    for (i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
        snprintf(body, sizeof(body), "{\"%s\":1}", same[i]);
        (void) strict(body, strlen(body), &seen);
        is_num(seen.send, 1, "%s may be taken for send", same[i]);
    }

    for (i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        snprintf(body, sizeof(body), "{\"%s\":1}", others[i]);
        (void) strict(body, strlen(body), &seen);
        is_num(seen.members * 10 + seen.send, 10, "\"%s\" may not", others[i]);
    }
}


int
main(void)
{
    names();
    sizes();
    against_twin();
    levels();

    return tap_done();
}

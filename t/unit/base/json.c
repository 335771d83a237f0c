/*
 * JSON into jansson's values: as jansson's own parser does it, while there is
 * memory; and where there is none, nothing is made and nothing overrun.
 */

#include <errno.h>
#include <stdlib.h>

#include "tap.h"

#include "keygate_json.h"
#include "random_json.h"


/* A copy of its very length: the sanitizer sees what is read beyond. */

static json_t *
parse(const char *s, size_t n, unsigned flags, keygate_json_error_t *error)
{
    char           *copy;
    json_t         *json;
    keygate_str_t   span;

    copy = malloc(n ? n : 1);
    memcpy(copy, s, n);

    span.data = (unsigned char *) copy;
    span.len = n;

    json = keygate_json_parse(span, flags, error);
    free(copy);

    return json;
}


static void
test_faults(void)
{
    json_t                *json;
    unsigned               i;
    keygate_json_error_t   e;

    static const struct {
        const char  *text;
        const char  *reason;
        unsigned     line;
        unsigned     column;
    } cases[] = {
        { "", "an object or an array is expected", 1, 1 },
        { " \n ", "an object or an array is expected", 2, 2 },
        { "\"x\"", "an object or an array is expected", 1, 1 },
        { "\xef\xbb\xbf{}", "an object or an array is expected", 1, 1 },
        { "{", "the name of a member is expected", 1, 2 },
        { "{a:1}", "the name of a member is expected", 1, 2 },
        { "{\"a\"}", "\":\" is expected", 1, 5 },
        { "{\"a\":}", "a value is expected", 1, 6 },
        { "{\"a\":1", "\",\" or \"}\" is expected", 1, 7 },
        { "{\"a\":1,}", "the name of a member is expected", 1, 8 },
        { "[1 2]", "\",\" or \"]\" is expected", 1, 4 },
        { "[1,]", "a value is expected", 1, 4 },
        { "[01]", "a value is expected", 1, 2 },
        { "[1.]", "a value is expected", 1, 2 },
        { "[1e]", "a value is expected", 1, 2 },
        { "[.5]", "a value is expected", 1, 2 },
        { "[+1]", "a value is expected", 1, 2 },
        { "[-]", "a value is expected", 1, 2 },
        { "[tru]", "a value is expected", 1, 2 },
        { "{}{}", "the end is expected", 1, 3 },
        { "[1]\n x", "the end is expected", 2, 2 },
        { "[\"a", "a string has no end", 1, 4 },
        { "[\"\\", "an escape is wrong", 1, 4 },
        { "[\"\\u12\"]", "an escape is wrong", 1, 8 },
        { "[\"\\x\"]", "an escape is wrong", 1, 4 },
        { "[\"\\ud800\"]", "an escape is wrong", 1, 9 },
        { "[\"\\udc00\"]", "an escape is wrong", 1, 9 },
        { "[\"\\u0000\"]", "an escape is wrong", 1, 9 },
        { "[\"\n\"]", "a control character is in a string", 1, 3 },
        { "[\"\xc0\xaf\"]", "it is not UTF-8", 1, 3 },
        { "{\"a\":1,\"a\":1}", "a member is there twice", 1, 11 },
        { "{\"a\":1,\"\\u0061\":1}", "a member is there twice", 1, 16 },
        { "[9223372036854775808]", "a number is too large", 1, 2 },
        { "[-1e999]", "a number is too large", 1, 2 }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        json = parse(cases[i].text, strlen(cases[i].text), 0, &e);

        ok(json == NULL && !e.nomem, "text %u is wrong", i);

        if (e.reason == NULL) {
            ok(0, "without a reason");
            continue;
        }

        is_str(e.reason, strlen(e.reason), cases[i].reason, "why");
        ok(e.line == cases[i].line && e.column == cases[i].column,
           "at %u:%u", e.line, e.column);
    }
}


static void
test_wide(void)
{
    char           text[512];
    json_t        *json;
    unsigned       i;
    keygate_buf_t  out;

    static const char *const  texts[] = {
        "[9223372036854775808]", "[-9223372036854775809]", "[1e400]",
        "[-1.25E+999]", "{\"a\":99999999999999999999,\"b\":[1e999,{}]}",
        "[1,9223372036854775807,\"9223372036854775808\"]"
    };

    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        json = parse(texts[i], strlen(texts[i]), KEYGATE_JSON_WIDE, NULL);
        out.data = (unsigned char *) text;
        out.size = sizeof(text);
        out.len = 0;

        if (json != NULL) {
            keygate_json_put(&out, json);
        }

        is_str(text, out.len, texts[i], "the same");
        json_decref(json);
    }

    json = parse("[1e400,\"x\",1,1.5,null]", 22, KEYGATE_JSON_WIDE, NULL);

    for (i = 0; i < 5; i++) {
        is_num(keygate_json_is_number(json_array_get(json, i)),
               i == 0 || i == 2 || i == 3, "whether value %u is a number", i);
        is_num(keygate_json_is_string(json_array_get(json, i)), i == 1,
               "... or a string");
    }

    json_decref(json);

    ok(parse("[1e]", 4, KEYGATE_JSON_WIDE, NULL) == NULL, "no number");
}


static void
test_any(void)
{
    json_t    *json;
    unsigned   i;

    static const struct {
        const char  *text;
        unsigned     sound:1;
    } cases[] = {
        { "null", 1 }, { " \"x\" ", 1 }, { "7", 1 }, { "1e400", 1 },
        { "-99999999999999999999", 1 }, { "[]", 1 }, { "{}", 1 },
        { "", 0 }, { " ", 0 }, { "x", 0 }, { "1 2", 0 }, { "null,", 0 },
        { "\"", 0 }, { "nul", 0 }, { "-", 0 }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        json = parse(cases[i].text, strlen(cases[i].text),
                     KEYGATE_JSON_ANY|KEYGATE_JSON_WIDE, NULL);
        is_num(json != NULL, cases[i].sound, "any value: <%s>",
               cases[i].text);
        json_decref(json);
    }
}


static void
test_values(void)
{
    char    *out;
    json_t  *json;

    static const char  source[] =
        " { \"a\" : [ ] , \"\" : { } , \"\\u0061b\" : [ 0 , -0 , 12 , -1.5 ,"
        "2.5e-1,1E2,9223372036854775807,-9223372036854775808,1e-999],\n"
        "\"\xe2\x82\xac\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u20ac\\uD83D\\ude00\","
        "\"t\":true,\"f\":false,\"n\":null,"
        "\"o\":{\"p\":{\"q\":[{\"r\":1}]}}}\r";

    static const char  wanted[] =
        "{\"a\":[],\"\":{},\"ab\":[0,0,12,-1.5,0.25,100.0,"
        "9223372036854775807,-9223372036854775808,0.0],"
        "\"\\u20AC\":\"\\\"\\\\/\\b\\f\\n\\r\\t\\u20AC\\uD83D\\uDE00\","
        "\"t\":true,\"f\":false,\"n\":null,\"o\":{\"p\":{\"q\":[{\"r\":1}]}}}";

    json = parse(source, strlen(source), 0, NULL);
    out = json_dumps(json, JSON_COMPACT|JSON_ENSURE_ASCII);
    is_str(out, strlen(out), wanted, "values");
    free(out);
    json_decref(json);

    json = parse("[\"a\\u0000b\"]", 12, 1, NULL);
    is_num(json_string_length(json_array_get(json, 0)), 3, "U+0000 inside");
    json_decref(json);

    ok(parse("{\"a\\u0000\":1}", 13, 1, NULL) == NULL, "but not in a name");
}


static void
test_depth(void)
{
    char      s[2 * KEYGATE_JSON_DEPTH + 2];
    json_t   *json;
    unsigned  n;

    for (n = KEYGATE_JSON_DEPTH; n < KEYGATE_JSON_DEPTH + 2; n++) {
        memset(s, '[', n);
        memset(s + n, ']', n);

        json = parse(s, 2 * n, 0, NULL);
        ok((json != NULL) == (n == KEYGATE_JSON_DEPTH), "%u deep", n);
        json_decref(json);
    }
}


static void
test_twin(void)
{
    json_t        *ours, *theirs;
    unsigned       i, taken, wrong;

    for (taken = wrong = 0, i = 0; i < 200000 && wrong < 5; i++) {
        random_text();

        ours = parse(made, made_len, 1, NULL);
        theirs = json_loadb(made, made_len,
                            JSON_REJECT_DUPLICATES|JSON_ALLOW_NUL, NULL);

        taken += ours != NULL;

        if (ours == NULL ? theirs != NULL : !json_equal(ours, theirs)) {
            wrong++;
            printf("# not as jansson: %.*s\n", (int) made_len, made);
        }

        json_decref(ours);
        json_decref(theirs);
    }

    is_num(wrong, 0, "200,000 random texts: what jansson makes of them");
    ok(taken > 20000, "%u of them are something", taken);
}


static unsigned  allocations, fail_at, fail_once;


static void *
failing_malloc(size_t size)
{
    if (++allocations == fail_at || (allocations > fail_at && !fail_once)) {
        errno = ENOMEM;
        return NULL;
    }

    return malloc(size);
}


static void
test_memory(unsigned once)
{
    json_t                *json;
    unsigned               bad;
    keygate_json_error_t   e;

    static const char  source[] =
        "{\"a name that is longer than sixteen bytes\":"
        "\"a text that is longer than sixteen, and than thirty-two bytes\","
        "\"list\":[1,2.5,\"three\",[4],{\"five\":6},7,8,9,10,11,12],"
        "\"b\":1,\"c\":2,\"d\":3,\"e\":4,\"f\":5,\"g\":6,\"h\":7,\"i\":8}";

    json_set_alloc_funcs(failing_malloc, free);
    fail_once = once;

    for (bad = 0, json = NULL, fail_at = 1; json == NULL; fail_at++) {
        allocations = 0;
        json = parse(source, strlen(source), 0, &e);
        bad += json == NULL && !e.nomem;

        if (fail_at == 2000) {
            break;
        }
    }

    json_set_alloc_funcs(malloc, free);

    ok(json != NULL && bad == 0, "each of %u allocations failing%s",
       fail_at - 2, once ? "" : ", and all that follow");
    json_decref(json);
}


int
main(void)
{
    test_faults();
    test_wide();
    test_any();
    test_values();
    test_depth();
    test_twin();
    test_memory(1);
    test_memory(0);

    return tap_done();
}

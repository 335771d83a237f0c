/*
 * Random JSON texts, some of them wrong: random_text() leaves one in "made",
 * of "made_len" bytes.
 */

#ifndef KEYGATE_RANDOM_JSON_H
#define KEYGATE_RANDOM_JSON_H

#include <stdio.h>
#include <string.h>

#include "random.h"


static const char *const  pieces[] = {
    "{", "}", "[", "]", ":", ",", "\"", "\\", " ", "\n", "true", "false",
    "null", "0", "-1", "1.5", "1e5", "0.", "01", "-", "e", "\"a\"", "\"b\"",
    "\"send\"", "\"SEND\"", "\"\\u0073end\"", "\"\\u0000\"",
    "\"\\ud83d\\ude00\"",
    "\"\\ud800\"", "\"\\n\"", "\"\\x\"", "\xe2\x82\xac", "\"\xe2\x82\xac\"",
    "\"\xff\"", "\xef\xbb\xbf", "\t", "\r", "\"a\":1", "\"a\":", "{}", "[]",
    "/", "x", "\x01", "\"\x1f\"", "\"\x7f\"", "\"\\/\\b\\f\\r\\t\"", "\"\""
};

#define PIECES  (sizeof(pieces) / sizeof(pieces[0]))

static char    made[4096];
static size_t  made_len;


static void
put(const char *s)
{
    size_t  n;

    n = strlen(s);

    if (made_len + n < sizeof(made)) {
        memcpy(made + made_len, s, n);
        made_len += n;
    }
}


/* A value that is well-formed, mostly. */

static void
put_value(unsigned depth)
{
    unsigned  i, n, kind;
    char      name[16];

    kind = random_below(depth > 5 ? 6 : 9);

    if (kind < 6) {
        put(kind == 5 ? pieces[random_below(PIECES)] : pieces[10 + kind]);
        return;
    }

    n = random_below(random_below(10) ? 5 : 40);
    put(kind == 6 ? "[" : "{");

    for (i = 0; i < n; i++) {
        put(i ? "," : random_below(2) ? " " : "");

        if (kind != 6) {
            snprintf(name, sizeof(name), "\"n%u\" :", random_below(400));
            put(random_below(20) ? name : "\"\\u0073END\":");
        }

        put_value(depth + 1);
    }

    put(kind == 6 ? "]" : "}");
}


static void
random_text(void)
{
    unsigned  i, n;

    made_len = 0;

    switch (random_below(3)) {

    case 0:
        for (i = 0, n = random_below(12); i < n; i++) {
            put(pieces[random_below(PIECES)]);
        }

        return;

    case 1:
        put("{\"send\":");
        put_value(0);
        put("}");
        break;

    default:
        put("{\"a\":");
        put_value(0);
        put(",\"n\":");
        put_value(0);
        put("}");
    }

    /* now and then a byte is another one, or the end is missing */

    if (random_below(3) == 0) {
        made[random_below((unsigned) made_len)] = (char) random_below(256);
    }

    if (random_below(8) == 0) {
        made_len = random_below((unsigned) made_len);
    }
}


#endif /* KEYGATE_RANDOM_JSON_H */

/*
 * keygate_core: spans, the bounded buffer, JSON strings, UTF-8, hex digits; and
 * the hash of keygate_fnv.h.
 */

#include <jansson.h>

#include "keygate_core.h"
#include "keygate_fnv.h"
#include "random.h"
#include "tap.h"


static unsigned char  room[4096];


static keygate_str_t
span(const void *data, size_t len)
{
    keygate_str_t  s;

    s.data = data;
    s.len = len;

    return s;
}


static keygate_buf_t
buf(size_t size)
{
    keygate_buf_t  b;

    memset(room, '#', sizeof(room));

    b.data = room;
    b.size = size;
    b.len = 0;

    return b;
}


static void
test_str_eq(void)
{
    ok(keygate_str_eq(KEYGATE_STR("ab"), KEYGATE_STR("ab")), "equal");
    ok(!keygate_str_eq(KEYGATE_STR("ab"), KEYGATE_STR("aB")), "other byte");
    ok(!keygate_str_eq(KEYGATE_STR("ab"), KEYGATE_STR("abc")), "other length");
    ok(keygate_str_eq(span(NULL, 0), KEYGATE_STR("")), "NULL is empty");
    ok(!keygate_str_eq(span("a\0b", 3), span("a\0c", 3)), "NUL ends nothing");
}


static void
test_buf(void)
{
    keygate_buf_t  b;

    b = buf(8);
    keygate_buf_puts(&b, "abc");
    keygate_buf_put(&b, KEYGATE_STR("defgh"));
    is_str(b.data, b.len, "abcdefgh", "fills to the last byte");

    keygate_buf_puts(&b, "ij");
    is_num(b.len, 10, "what does not fit is counted");
    ok(room[8] == '#', "and not stored");

    b = buf(4);
    keygate_buf_puts(&b, "abcdef");
    is_num(b.len, 6, "a put across the end is counted whole");
    ok(memcmp(room, "abcd##", 6) == 0, "and stored as far as it fits");

    b = buf(0);
    b.data = NULL;
    keygate_buf_puts(&b, "abc");
    keygate_buf_num(&b, -12);
    keygate_buf_json(&b, KEYGATE_STR("x"));
    is_num(b.len, 9, "no buffer at all: length only");

    b = buf(80);
    keygate_buf_put(&b, span(NULL, 0));
    keygate_buf_puts(&b, "");
    is_num(b.len, 0, "nothing is nothing");
}


static void
test_num(void)
{
    unsigned       i;
    keygate_buf_t  b;

    static const struct {
        int64_t      n;
        const char  *text;
    } cases[] = {
        { 0, "0" },
        { 7, "7" },
        { -1, "-1" },
        { 1000000000, "1000000000" },
        { INT64_MAX, "9223372036854775807" },
        { INT64_MIN, "-9223372036854775808" },
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        b = buf(64);
        keygate_buf_num(&b, cases[i].n);
        is_str(b.data, b.len, cases[i].text, "number %s", cases[i].text);
    }
}


static void
test_json(void)
{
    unsigned       i;
    keygate_buf_t  b;

    static const struct {
        keygate_str_t  in;
        const char    *out;
    } cases[] = {
        { keygate_string(""), "\"\"" },
        { keygate_string("plain ~ /text'"), "\"plain ~ /text'\"" },
        { keygate_string("\"\\"), "\"\\\"\\\\\"" },
        { keygate_string("a\0b"), "\"a\\u0000b\"" },
        { keygate_string("\n\r\t\x1f"), "\"\\n\\r\\t\\u001f\"" },
        { keygate_string("\x7f"), "\"\\u007f\"" },
        { keygate_string("</script>&"),
          "\"\\u003c/script\\u003e&\"" },
        { keygate_string("\xc2\x80\xc2\x9f\xc2\xa0"),
          "\"\\u0080\\u009f\xc2\xa0\"" },
        { keygate_string("\xe2\x80\xa7\xe2\x80\xa8\xe2\x80\xa9\xe2\x80\xaa"),
          "\"\xe2\x80\xa7\\u2028\\u2029\xe2\x80\xaa\"" },
        { keygate_string("\xc3\xa9\xe2\x82\xac\xf0\x9f\x94\x91"),
          "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x94\x91\"" },
        { keygate_string("\xc0\xaf"), "\"\\ufffd\\ufffd\"" },
        { keygate_string("x\xe2\x82"), "\"x\\ufffd\\ufffd\"" },
        { keygate_string("\xed\xa0\x80"), "\"\\ufffd\\ufffd\\ufffd\"" },
        { keygate_string("\xf0\x9fz"), "\"\\ufffd\\ufffdz\"" },
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        b = buf(sizeof(room));
        keygate_buf_json(&b, cases[i].in);
        is_str(b.data, b.len, cases[i].out, "JSON string %u", i);
    }
}


/* Any bytes: jansson reads it, and reads what was written. */

static void
test_json_random(void)
{
    size_t          n;
    json_t         *json;
    unsigned        i, k, bad;
    const char     *read;
    keygate_buf_t   b, whole;
    unsigned char   in[24];

    static const unsigned char  nasty[] =
        "\"\\/<>&\0\x1f\x7f\x80\x9f\xa8\xa9\xbf\xc0\xc2\xe0\xe2\xed\xf0\xf4z";

    bad = 0;
    printf("# seed %llu\n", (unsigned long long) random_state);

    for (i = 0; i < 20000; i++) {
        n = random_below(sizeof(in) + 1);

        for (k = 0; k < n; k++) {
            in[k] = nasty[random_below(sizeof(nasty) - 1)];
        }

        b = buf(sizeof(room));
        keygate_buf_json(&b, span(in, n));

        json = json_loadb((char *) room, b.len,
                          JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
        if (json == NULL) {
            bad++;
            continue;
        }

        read = json_string_value(json);

        for (k = 0; k < b.len; k++) {
            bad += room[k] < 0x20 || room[k] == '<' || room[k] == 0x7f;
        }

        for (k = 0; k < n && in[k] < 0x80; k++) {
            bad += (unsigned char) read[k] != in[k];
        }

        json_decref(json);

        whole = b;
        b = buf(random_below((unsigned) whole.len + 1));
        keygate_buf_json(&b, span(in, n));
        bad += b.len != whole.len || room[b.size] != '#';
    }

    is_num(bad, 0, "20000 random strings are read back by jansson");
}


/* Every sequence of up to 4 bytes that may make a difference, against the
 * code point it would stand for. */

static size_t
naive_utf8(const unsigned char *p, size_t len)
{
    size_t    i, n;
    uint32_t  code;

    static const struct {
        unsigned char  mask;
        unsigned char  lead;
        uint32_t       least;
    } forms[] = {
        { 0x80, 0x00, 0 },
        { 0xe0, 0xc0, 0x80 },
        { 0xf0, 0xe0, 0x800 },
        { 0xf8, 0xf0, 0x10000 },
    };

    for (n = 1; n <= 4 && n <= len; n++) {
        if ((p[0] & forms[n - 1].mask) != forms[n - 1].lead) {
            continue;
        }

        code = p[0] & (unsigned char) ~forms[n - 1].mask;

        for (i = 1; i < n; i++) {
            if (p[i] >> 6 != 2) {
                return 0;
            }

            code = code << 6 | (p[i] & 0x3f);
        }

        if (code < forms[n - 1].least || code > 0x10ffff
            || (code >= 0xd800 && code <= 0xdfff))
        {
            return 0;
        }

        return n;
    }

    return 0;
}


static void
test_utf8(void)
{
    size_t         len;
    unsigned       a, b, c, bad;
    unsigned char  in[4];

    static const unsigned char  tails[] = {
        0x00, 0x2f, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xff
    };

    bad = 0;

    for (a = 0; a < 65536; a++) {
        for (b = 0; b < sizeof(tails); b++) {
            for (c = 0; c < sizeof(tails); c++) {
                in[0] = (unsigned char) (a >> 8);
                in[1] = (unsigned char) a;
                in[2] = tails[b];
                in[3] = tails[c];

                for (len = 1; len <= 4; len++) {
                    bad += keygate_utf8(in, in + len) != naive_utf8(in, len);
                }
            }
        }
    }

    is_num(bad, 0, "UTF-8 is what RFC 3629 says, cut anywhere");
}


static void
test_hex(void)
{
    char           text[2 * 256 + 1], want[16], pair[2];
    unsigned       c, bad;
    unsigned char  bytes[256];

    bad = 0;

    for (c = 0; c < 256; c++) {
        bytes[c] = (unsigned char) c;
        keygate_hex_pair(bytes[c], pair);
        snprintf(want, sizeof(want), "%02X", c);
        bad += memcmp(pair, want, 2) != 0;
    }

    keygate_hex_text(bytes, 256, text);
    bad += strlen(text) != 512;

    for (c = 0; c < 256; c++) {
        snprintf(want, sizeof(want), "%02x", c);
        bad += memcmp(text + 2 * c, want, 2) != 0;
    }

    is_num(bad, 0, "each byte has its hex digits, large and small");
}


/* Of the test vectors that come with FNV; numbers that lie in a store and in
 * shared memory. */

static void
test_fnv(void)
{
    is_num(keygate_fnv32(KEYGATE_FNV32_START, KEYGATE_STR("")), 0x811c9dc5,
           "FNV-1a of nothing, 32 bits");
    is_num(keygate_fnv32(KEYGATE_FNV32_START, KEYGATE_STR("foobar")),
           0xbf9cf968, "FNV-1a of a text, 32 bits");
    ok(keygate_fnv64(KEYGATE_FNV64_START, KEYGATE_STR(""))
       == 0xcbf29ce484222325, "FNV-1a of nothing, 64 bits");
    ok(keygate_fnv64(KEYGATE_FNV64_START, KEYGATE_STR("foobar"))
       == 0x85944171f73967e8, "FNV-1a of a text, 64 bits");
}


int
main(void)
{
    test_str_eq();
    test_buf();
    test_num();
    test_json();
    test_json_random();
    test_utf8();
    test_hex();
    test_fnv();

    return tap_done();
}

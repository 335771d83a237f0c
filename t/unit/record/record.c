/*
 * Records: what a line may hold, and that the short way through a line gives
 * what the long one gives.
 */

#include <errno.h>
#include <time.h>

#include "keygate_core.h"
#include "keygate_record.h"
#include "tap.h"


#define HEX  "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
#define HEX2 "60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752"
#define KEY  "\"id\":\"k1\",\"account\":\"a1\",\"digest\":\"sha256:" HEX "\""


static keygate_str_t
str(const char *s)
{
    keygate_str_t  v;

    v.data = (const unsigned char *) s;
    v.len = strlen(s);

    return v;
}


static int
same_str(keygate_str_t a, keygate_str_t b)
{
    return keygate_str_eq(a, b);
}


/* Whether both ways have read the same. */

static int
same(const keygate_record_t *a, const keygate_record_t *b)
{
    unsigned  i;

    if (a->kind != b->kind || a->deleted != b->deleted || a->hmac != b->hmac
        || a->has_digest != b->has_digest
        || a->has_previous != b->has_previous
        || memcmp(a->digest, b->digest, KEYGATE_DIGEST_LEN) != 0
        || memcmp(a->previous, b->previous, KEYGATE_DIGEST_LEN) != 0
        || a->previous_until != b->previous_until
        || memcmp(a->limits, b->limits, sizeof(a->limits)) != 0
        || a->created_at != b->created_at || a->expires_at != b->expires_at
        || a->suspended_at != b->suspended_at
        || a->meta_len != b->meta_len
        || (a->meta_len && memcmp(a->meta, b->meta, a->meta_len) != 0)
        || !same_str(a->changed_by, b->changed_by)
        || a->revoked_at != b->revoked_at || a->status != b->status
        || a->trial_ends_at != b->trial_ends_at
        || a->n_scopes != b->n_scopes || a->n_addresses != b->n_addresses
        || !same_str(a->id, b->id) || !same_str(a->account, b->account)
        || !same_str(a->name, b->name) || !same_str(a->plan, b->plan))
    {
        return 0;
    }

    for (i = 0; i < a->n_scopes; i++) {
        if (!same_str(a->scopes[i], b->scopes[i])) {
            return 0;
        }
    }

    for (i = 0; i < a->n_addresses; i++) {
        if (memcmp(a->addresses[i].address, b->addresses[i].address, 16) != 0
            || a->addresses[i].bits != b->addresses[i].bits)
        {
            return 0;
        }
    }

    return 1;
}


/* Both ways; they must agree.  1: taken. */

static int
both(keygate_str_t line, keygate_fault_t *fault, int *agree)
{
    keygate_rc_t      ra, rb;
    keygate_fault_t   fa, fb;
    keygate_record_t  a, b;

    ra = keygate_record_parse(line, &a, &fa);
    rb = keygate_record_scan(line, &b, &fb);

    *agree = ra == rb;
    *fault = fa;

    if (ra == KEYGATE_OK && rb == KEYGATE_OK) {
        *agree = same(&a, &b);
    }

    if (ra == KEYGATE_INVALID && rb == KEYGATE_INVALID) {
        /* what is refused points nowhere: its text is gone */
        *agree = strcmp(fa.pointer, fb.pointer) == 0
                 && strcmp(fa.reason, fb.reason) == 0
                 && a.id.data == NULL && a.account.data == NULL
                 && a.name.data == NULL;
    }

    if (ra == KEYGATE_OK) {
        keygate_record_free(&a);
    }

    if (rb == KEYGATE_OK) {
        keygate_record_free(&b);
    }

    return ra == KEYGATE_OK;
}


static void
test_valid(void)
{
    int               agree;
    unsigned          i;
    keygate_fault_t   fault;
    static const char *const  lines[] = {
        "{\"key\":{" KEY "}}",
        " { \"key\" : { " KEY " , \"x\" : null } } \r",
        "{\"key\":{" KEY ",\"name\":\"Zapi\\u00e9r\",\"scopes\":[]}}",
        "{\"key\":{" KEY ",\"rates\":[],\"addresses\":[]}}",
        "{\"key\":{" KEY ",\"name\":\"B\xc3\xbcro \xf0\x9f\x94\x91\"}}",
        "{\"key\":{" KEY ",\"scopes\":[\"a:read\",\"b:write\",\"c\",\"d\","
            "\"e\"],\"rates\":[\"600r/m\",\"5r/s\"]}}",
        "{\"key\":{" KEY ",\"addresses\":[\"203.0.113.0/24\",\"::1\"]}}",
        "{\"key\":{" KEY ",\"addresses\":null,\"rates\":null}}",
        "{\"key\":{" KEY ",\"expires_at\":null,\"revoked_at\":null}}",
        "{\"key\":{" KEY ",\"expires_at\":\"2026-11-01T09:00:00+10:00\"}}",
        "{\"key\":{" KEY ",\"previous\":{\"digest\":\"sha256:" HEX2 "\","
            "\"until\":\"2026-11-01T09:00:00Z\"}}}",
        "{\"key\":{" KEY ",\"previous\":{\"until\":\"2026-11-01T09:00:00Z\","
            "\"digest\":\"sha256:" HEX2 "\",\"why\":1}}}",
        "{\"key\":{" KEY ",\"previous\":null}}",
        "{\"key\":{" KEY ",\"suspended_at\":\"2026-11-01T09:00:00Z\","
            "\"changed_by\":\"cli:root\"}}",
        "{\"key\":{" KEY ",\"suspended_at\":null,\"meta\":null}}",
        "{\"key\":{" KEY ",\"meta\":{}}}",
        "{\"key\":{" KEY ",\"meta\":{\"team\":\"B\\u00fcro\",\"seats\":12,"
            "\"beta\":true}}}",
        "{\"key\":{" KEY ",\"tags\":[1,2.5,{\"a\":null}],\"n\":-12}}",
        "{\"key\":{" KEY ",\"deleted\":false}}",
        "{\"key\":{\"id\":\"k1\",\"deleted\":true}}",
        "{\"key\":{\"id\":\"k1\",\"deleted\":true,\"digest\":7}}",
        "{\"key\":{\"id\":\"k1\",\"account\":\"a1\",\"digest\":"
            "\"hmac-sha256:" HEX "\"}}",
        "{\"account\":{\"id\":\"a1\"}}",
        "{\"account\":{\"id\":\"a1\",\"name\":\"B & C\",\"plan\":null,"
            "\"status\":\"past_due\",\"trial_ends_at\":null,"
            "\"profile\":{\"slug\":\"b\",\"site\":null}}}",
        "{\"account\":{\"id\":\"a1\",\"deleted\":true}}"
    };

    for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        ok(both(str(lines[i]), &fault, &agree), "valid %u", i);
        ok(agree, "both ways agree on valid %u", i);
    }
}


static void
test_invalid(void)
{
    int              agree;
    unsigned         i;
    keygate_fault_t  fault;

    static const struct {
        const char  *line;
        const char  *pointer;
    } cases[] = {
        { "", "" },
        { "garbage", "" },
        { "[]", "" },
        { "{}", "" },
        { "{\"key\":[]}", "" },
        { "{\"key\":null}", "" },
        { "{\"keys\":{" KEY "}}", "" },
        { "{\"key\":{" KEY "},\"account\":{\"id\":\"a\"}}", "" },
        { "{\"key\":{" KEY "},\"x\":1}", "" },
        { "{\"key\":{" KEY "}} x", "" },
        { "{\"key\":{" KEY "}", "" },
        { "{\"key\":{" KEY ",}}", "" },
        { "{\"key\":{" KEY ",\"id\":\"k2\"}}", "" },
        { "{\"key\":{" KEY ",\"x\":1,\"x\":2}}", "" },
        { "{\"key\":{" KEY ",\"x\":\"1\",\"x\":\"2\"}}", "" },
        { "{\"key\":{" KEY ",\"x\":{\"a\":1,\"a\":1}}}", "" },
        { "{\"key\":{" KEY ",\"na\\u006de\":\"a\",\"name\":\"b\"}}", "" },
        { "{\"key\":{" KEY ",\"name\":\"a\\u0000b\"}}", "" },
        { "{\"key\":{" KEY ",\"name\":\"\xff\"}}", "" },
        { "{\"key\":{" KEY ",\"name\":\"\xc0\xaf\"}}", "" },
        { "{\"key\":{" KEY ",\"name\":\"\xed\xa0\x80\"}}", "" },
        { "\xef\xbb\xbf{\"key\":{" KEY "}}", "" },
        { "{\"key\":{}}", "/id" },
        { "{\"key\":{\"id\":\"\"}}", "/id" },
        { "{\"key\":{\"id\":7,\"deleted\":true}}", "/id" },
        { "{\"key\":{\"id\":\"a/b\",\"deleted\":true}}", "/id" },
        { "{\"key\":{\"id\":\"a b\",\"deleted\":true}}", "/id" },
        { "{\"key\":{\"id\":\"k\",\"deleted\":1}}", "/deleted" },
        { "{\"key\":{\"id\":\"k\"}}", "/account" },
        { "{\"key\":{\"id\":\"k\",\"account\":\"a\"}}", "/digest" },
        { "{\"key\":{" KEY ",\"name\":7}}", "/name" },
        { "{\"key\":{" KEY ",\"name\":null}}", "/name" },
        { "{\"key\":{" KEY ",\"name\":\"a\\nb\"}}", "/name" },
        { "{\"key\":{" KEY ",\"name\":\"a\xc2\x9f\"}}", "/name" },
        { "{\"key\":{" KEY ",\"scopes\":\"a\"}}", "/scopes" },
        { "{\"key\":{" KEY ",\"scopes\":null}}", "/scopes" },
        { "{\"key\":{" KEY ",\"scopes\":[\"a\",7]}}", "/scopes/1" },
        { "{\"key\":{" KEY ",\"scopes\":[\"a b\"]}}", "/scopes/0" },
        { "{\"key\":{" KEY ",\"scopes\":[\"\"]}}", "/scopes/0" },
        { "{\"key\":{" KEY ",\"rates\":[\"0r/m\"]}}", "/rates/0" },
        { "{\"key\":{" KEY ",\"rates\":[\"5r/m\",\"6r/m\"]}}", "/rates/1" },
        { "{\"key\":{" KEY ",\"addresses\":[\"::1/129\"]}}", "/addresses/0" },
        { "{\"key\":{" KEY ",\"created_at\":\"yesterday\"}}", "/created_at" },
        { "{\"key\":{" KEY ",\"created_at\":1700000000}}", "/created_at" },
        { "{\"key\":{" KEY ",\"expires_at\":\"2026-02-30T00:00:00Z\"}}",
          "/expires_at" },
        { "{\"key\":{" KEY ",\"previous\":{}}}", "/previous/digest" },
        { "{\"key\":{" KEY ",\"previous\":7}}", "/previous" },
        { "{\"key\":{" KEY ",\"previous\":{\"digest\":\"sha256:" HEX2
          "\"}}}", "/previous/until" },
        { "{\"key\":{" KEY ",\"previous\":{\"digest\":\"sha256:" HEX
          "\",\"until\":\"2026-11-01T09:00:00Z\"}}}", "/previous/digest" },
        { "{\"key\":{" KEY ",\"previous\":{\"digest\":\"hmac-sha256:" HEX2
          "\",\"until\":\"2026-11-01T09:00:00Z\"}}}", "/previous/digest" },
        { "{\"key\":{\"id\":\"k\",\"account\":\"a\",\"digest\":\"" HEX
          "\"}}", "/digest" },
        { "{\"key\":{\"id\":\"k\",\"account\":\"a\",\"digest\":\"sha1:" HEX
          "ab\"}}", "/digest" },
        { "{\"key\":{\"id\":\"k\",\"account\":\"a\",\"digest\":\"sha256:"
          "x" HEX "\"}}", "/digest" },
        { "{\"account\":{\"id\":\"a\",\"status\":\"\"}}", "/status" },
        { "{\"account\":{\"id\":\"a\",\"status\":null}}", "/status" },
        { "{\"account\":{\"id\":\"a\",\"plan\":\"\"}}", "/plan" },
        { "{\"account\":{\"id\":\"a\",\"profile\":[]}}", "/profile" },
        { "{\"account\":{\"id\":\"a\",\"profile\":{\"x\":{}}}}",
          "/profile/x" }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        ok(!both(str(cases[i].line), &fault, &agree) && agree,
           "invalid %u, both ways", i);
        is_str(fault.pointer, strlen(fault.pointer), cases[i].pointer,
               "invalid %u: the pointer", i);
    }
}


static void
test_members(void)
{
    keygate_fault_t   fault;
    keygate_record_t  r;

    ok(keygate_record_parse(str(
           "{\"key\":{" KEY ",\"name\":\"Zapier\",\"scopes\":[\"a\",\"b\"],"
           "\"rates\":[\"600r/m\"],\"created_at\":\"1970-01-02T00:00:00Z\","
           "\"expires_at\":\"1970-01-03T00:00:00Z\","
           "\"revoked_at\":\"1970-01-04T00:00:00Z\","
           "\"previous\":{\"digest\":\"sha256:" HEX2 "\",\"until\":"
           "\"1970-01-05T00:00:00.9Z\"},\"addresses\":[\"10.0.0.0/8\"]}}"),
           &r, &fault) == KEYGATE_OK, "a whole key");

    is_str(r.id.data, r.id.len, "k1", "id");
    is_str(r.account.data, r.account.len, "a1", "account");
    is_str(r.name.data, r.name.len, "Zapier", "name");
    is_num(r.n_scopes, 2, "scopes");
    is_str(r.scopes[1].data, r.scopes[1].len, "b", "a scope");
    is_num(r.limits[KEYGATE_MINUTE], 600, "a rate");
    is_num(r.limits[KEYGATE_SECOND], 0, "no rate");
    is_num(r.created_at, 86400, "created_at");
    is_num(r.expires_at, 2 * 86400, "expires_at");
    is_num(r.revoked_at, 3 * 86400, "revoked_at");
    is_num(r.previous_until, 4 * 86400, "until");
    is_num(r.digest[0], 0x9f, "digest");
    is_num(r.previous[0], 0x60, "previous digest");
    is_num(r.n_addresses, 1, "addresses");
    is_num(r.addresses[0].bits, 104, "IPv4 counts from 96");
    ok(r.has_digest && r.has_previous && !r.hmac && !r.deleted, "flags");

    keygate_record_free(&r);
}


static void
test_limits(void)
{
    char             *line;
    size_t            n;
    unsigned          i;
    keygate_str_t     s;
    keygate_fault_t   fault;
    keygate_record_t  r;

    line = malloc(KEYGATE_LINE_MAX + 100);

    n = (size_t) sprintf(line, "{\"key\":{" KEY "}}");
    memset(line + n, ' ', KEYGATE_LINE_MAX + 1 - n);

    s.data = (unsigned char *) line;
    s.len = KEYGATE_LINE_MAX;
    ok(keygate_record_parse(s, &r, &fault) == KEYGATE_OK, "longest line");
    keygate_record_free(&r);

    s.len++;
    ok(keygate_record_parse(s, &r, &fault) == KEYGATE_INVALID
       && keygate_record_scan(s, &r, &fault) == KEYGATE_INVALID,
       "a line too long");

    n = (size_t) sprintf(line, "{\"key\":{" KEY ",\"scopes\":[\"s0\"");

    for (i = 1; i < 256; i++) {
        n += (size_t) sprintf(line + n, ",\"s%u\"", i);
    }

    strcpy(line + n, "]}}");
    s.len = n + 3;
    ok(keygate_record_scan(s, &r, &fault) == KEYGATE_OK, "256 scopes");
    is_num(r.n_scopes, 256, "all of them");
    keygate_record_free(&r);

    for (i = 256; i < 5000; i++) {
        n += (size_t) sprintf(line + n, ",\"s%u\"", i);
    }

    strcpy(line + n, "]}}");
    s.len = n + 3;
    ok(keygate_record_scan(s, &r, &fault) == KEYGATE_OK
       && r.n_scopes == 5000, "as many as there is room for in a line");
    is_str(r.scopes[4999].data, r.scopes[4999].len, "s4999", "the last");
    keygate_record_free(&r);

    ok(keygate_record_parse(s, &r, &fault) == KEYGATE_OK
       && r.n_scopes == 5000, "the long way, too");
    keygate_record_free(&r);

    free(line);
}


static void
test_line(void)
{
    char             *line, *again;
    size_t            len, len2;
    json_t           *json;
    keygate_str_t     s;
    keygate_fault_t   fault;
    keygate_record_t  r;

    s = str("{\"key\":{" KEY ",\"name\":\"B\xc3\xbcro\\u2028\",\"z\":[1,2.5,"
            "{\"q\":null}],\"a\":true,\"big\":9007199254740993}}");

    ok(keygate_record_parse(s, &r, &fault) == KEYGATE_OK, "unknown members");

    line = keygate_record_line(r.kind, r.json, &len);
    ok(line != NULL && line[len - 1] == '\n', "its line");
    ok(memchr(line, '\n', len - 1) == NULL, "one LF");
    is_str(line, len, "{\"key\":{" KEY ",\"name\":\"B\\u00FCro\\u2028\",\"z\":"
           "[1,2.5,{\"q\":null}],\"a\":true,\"big\":9007199254740993}}\n",
           "all members, in order");
    keygate_record_free(&r);

    s.data = (unsigned char *) line;
    s.len = len - 1;
    ok(keygate_record_parse(s, &r, &fault) == KEYGATE_OK, "and back");
    again = keygate_record_line(r.kind, r.json, &len2);
    ok(len == len2 && memcmp(line, again, len) == 0, "to the same bytes");
    keygate_record_free(&r);
    free(line);
    free(again);

    json = json_object();
    line = malloc(KEYGATE_LINE_MAX);
    memset(line, 'x', KEYGATE_LINE_MAX);
    json_object_set_new(json, "name",
                        json_stringn(line, KEYGATE_LINE_MAX - 20));
    free(line);

    line = keygate_record_line(KEYGATE_KEY, json, &len);
    is_num(line == NULL ? 0 : len, KEYGATE_LINE_MAX, "the longest line");
    free(line);

    line = malloc(KEYGATE_LINE_MAX);
    memset(line, 'x', KEYGATE_LINE_MAX);
    json_object_set_new(json, "name",
                        json_stringn(line, KEYGATE_LINE_MAX - 19));
    free(line);

    ok(keygate_record_line(KEYGATE_KEY, json, &len) == NULL,
       "a line longer than any may be");
    json_decref(json);
}


/* The twin: what the C library makes of it. */

static void
test_times(void)
{
    char       text[21], twin[32];
    int        bad, i;
    time_t     t;
    int64_t    back;
    struct tm  tm;

    static const struct {
        const char  *text;
        int64_t      seconds;
    } good[] = {
        { "1970-01-01T00:00:00Z", 0 },
        { "2026-11-21T22:10:03Z", 1795299003 },
        { "2026-11-21t22:10:03z", 1795299003 },
        { "2026-11-21T22:10:03.999999999Z", 1795299003 },
        { "2026-11-22T08:10:03+10:00", 1795299003 },
        { "2026-11-21T12:40:03-09:30", 1795299003 },
        { "2026-11-21T22:10:03-00:00", 1795299003 },
        { "2016-12-31T23:59:60Z", 1483228799 },
        { "2017-01-01T09:59:60+10:00", 1483228799 },
        { "2000-02-29T00:00:00Z", 951782400 },
        { "0000-01-01T00:00:00Z", INT64_C(-62167219200) },
        { "9999-12-31T23:59:59Z", INT64_C(253402300799) },
        { "1969-12-31T23:59:59.5Z", -1 }
    };
    static const char *const  wrong[] = {
        "", "2026-11-21", "2026-11-21T22:10Z", "2026-11-21 22:10:03Z",
        "2026-11-21T22:10:03", "2026-11-21T22:10:03.Z",
        "2026-11-21T22:10:03ZZ", "2026-11-21T22:10:03+10",
        "2026-11-21T22:10:03+1000", "2026-11-21T22:10:03+24:00",
        "2026-11-21T22:10:03+10:60", "2026-11-21T24:00:00Z",
        "2026-11-21T22:60:00Z", "2026-11-21T22:10:61Z",
        "2026-11-21T22:10:60Z", "2026-11-30T22:59:60Z",
        "2026-02-29T00:00:00Z", "1900-02-29T00:00:00Z",
        "2026-02-30T00:00:00Z", "2026-04-31T00:00:00Z",
        "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z",
        "2026-01-00T00:00:00Z", "2026-01-32T00:00:00Z",
        "-026-01-01T00:00:00Z", "+026-01-01T00:00:00Z",
        " 026-01-01T00:00:00Z", "9999-12-31T23:59:59-00:01",
        "0000-01-01T00:00:00+00:01", "2026-11-21T22:10:03,5Z"
    };

    for (i = 0; i < (int) (sizeof(good) / sizeof(good[0])); i++) {
        back = 42;
        ok(keygate_time_parse(str(good[i].text), &back) == KEYGATE_OK
           && back == good[i].seconds, "%s", good[i].text);
    }

    for (i = 0; i < (int) (sizeof(wrong) / sizeof(wrong[0])); i++) {
        ok(keygate_time_parse(str(wrong[i]), &back) == KEYGATE_INVALID,
           "not a time: '%s'", wrong[i]);
    }

    srand(1);

    for (bad = 0, i = 0; i < 20000; i++) {
        t = (time_t) (((int64_t) rand() << 31 | rand())
                      % INT64_C(315569520000)) - INT64_C(62167219200);
        gmtime_r(&t, &tm);
        snprintf(twin, sizeof(twin), "%04u-%02u-%02uT%02u:%02u:%02uZ",
                 (unsigned) (tm.tm_year + 1900) % 10000,
                 (unsigned) (tm.tm_mon + 1) % 100,
                 (unsigned) tm.tm_mday % 100, (unsigned) tm.tm_hour % 100,
                 (unsigned) tm.tm_min % 100, (unsigned) tm.tm_sec % 100);
        keygate_time_format(t, text);

        bad += strcmp(text, twin) != 0
               || keygate_time_parse(str(text), &back) != KEYGATE_OK
               || back != t;
    }

    is_num(bad, 0, "20000 random times as the C library has them");

    keygate_time_format(INT64_MAX, text);
    is_str(text, 20, "9999-12-31T23:59:59Z", "the last of times");
    keygate_time_format(INT64_MIN, text);
    is_str(text, 20, "0000-01-01T00:00:00Z", "the first of times");
}


static void
test_durations(void)
{
    unsigned  i;
    int64_t   got;

    static const struct {
        const char  *text;
        int64_t      seconds;
    } cases[] = {
        { "0", 0 }, { "0s", 0 }, { "30s", 30 }, { "15m", 900 },
        { "24h", 86400 }, { "90d", 7776000 }, { "999999999d", 86399999913600 },
        { "", -1 }, { "1", -1 }, { "h", -1 }, { "-1h", -1 }, { "1.5h", -1 },
        { "24H", -1 }, { "1h30m", -1 }, { " 1h", -1 }, { "1w", -1 },
        { "1000000000d", -1 }, { "00", -1 }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        got = -1;

        if (keygate_time_duration(str(cases[i].text), &got) != KEYGATE_OK) {
            got = -1;
        }

        is_num(got, cases[i].seconds, "duration '%s'", cases[i].text);
    }
}


static void
test_cidrs(void)
{
    unsigned        i;
    keygate_cidr_t  c, in;

    static const struct {
        const char  *text;
        const char  *address;
        int          want;          /* -1: the text is not valid */
    } cases[] = {
        { "203.0.113.0/24", "203.0.113.255", 1 },
        { "203.0.113.0/24", "203.0.114.0", 0 },
        { "203.0.113.7", "203.0.113.7", 1 },
        { "203.0.113.7", "203.0.113.6", 0 },
        { "203.0.113.8/30", "203.0.113.11", 1 },
        { "203.0.113.8/30", "203.0.113.12", 0 },
        { "0.0.0.0/0", "255.255.255.255", 1 },
        { "0.0.0.0/0", "::1", 0 },
        { "::/0", "203.0.113.7", 0 },
        { "2001:db8::/32", "2001:db8:ffff::1", 1 },
        { "2001:db8::/32", "2001:db9::", 0 },
        { "2001:db8::1", "2001:db8::1", 1 },
        { "2001:db8::2/127", "2001:db8::3", 1 },
        { "2001:db8::2/127", "2001:db8::4", 0 },
        { "::ffff:10.0.0.0/104", "10.1.2.3", 1 },
        { "::ffff:0:0/96", "10.1.2.3", 1 }, { "::/0", "10.1.2.3", 0 },
        { "::/64", "10.1.2.3", 0 }, { "::/80", "255.255.255.255", 0 },
        { "::fffe:0:0/95", "10.1.2.3", 0 }, { "::/0", "2001:db8::3", 1 },
        { "::/64", "::1", 1 }, { "0.0.0.0/0", "10.1.2.3", 1 },
        { "0.0.0.0/0", "2001:db8::3", 0 },
        { "203.0.113.1/24", "::", -1 }, { "203.0.113.0/33", "::", -1 },
        { "203.0.113.0/024", "::", -1 }, { "203.0.113.0/", "::", -1 },
        { "203.0.113.0/-1", "::", -1 }, { "203.0.113", "::", -1 },
        { "203.0.113.01", "::", -1 }, { "203.0.113.256", "::", -1 },
        { "203.0.113.0/2 ", "::", -1 }, { "203.0.113.0/24/24", "::", -1 },
        { "2001:db8::1/127", "::", -1 }, { "2001:db8::/129", "::", -1 },
        { "fe80::1%eth0", "::", -1 }, { "", "::", -1 }, { "/8", "::", -1 },
        { "localhost", "::", -1 }, { " 10.0.0.1", "::", -1 },
        { "0x7f.0.0.1", "::", -1 }, { "127.1", "::", -1 },
        { "1111:2222:3333:4444:5555:6666:7777:8888:9999/128", "::", -1 }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {

        if (keygate_cidr_parse(str(cases[i].text), &c) != KEYGATE_OK) {
            is_num(-1, cases[i].want, "no block: '%s'", cases[i].text);
            continue;
        }

        keygate_cidr_parse(str(cases[i].address), &in);
        is_num(keygate_cidr_has(&c, 1, in.address), cases[i].want,
               "%s in %s", cases[i].address, cases[i].text);
    }

    ok(!keygate_cidr_has(NULL, 0, in.address), "an empty list has nobody");
}


/* Lines that were valid, with random bytes changed: never a crash, and never
 * two opinions. */

static void
test_mutations(void)
{
    int              agree;
    char             line[512];
    size_t           len;
    unsigned         i, n, bad, taken;
    keygate_str_t    s;
    keygate_fault_t  fault;

    static const char  bytes[] = "{}[]\",:\\ \t\rutrfnals0e-.\x01\x7f\xc2\xa9";
    static const char *const  seeds[] = {
        "{\"key\":{" KEY ",\"name\":\"Z\",\"scopes\":[\"a\",\"b\"]}}",
        "{\"key\":{" KEY ",\"x\":null,\"yy\":\"\",\"zzz\":true}}",
        "{\"key\":{" KEY ",\"rates\":[\"6r/m\"],\"expires_at\":null}}",
        "{\"key\":{\"id\":\"k\",\"deleted\":true}}",
        "{\"account\":{\"id\":\"a\",\"plan\":\"p\",\"profile\":{\"a\":null}}}"
    };

    srand(7);

    for (bad = 0, taken = 0, i = 0; i < 60000; i++) {
        strcpy(line, seeds[i % (sizeof(seeds) / sizeof(seeds[0]))]);
        len = strlen(line);

        for (n = (unsigned) rand() % 3 + 1; n > 0; n--) {

            if (rand() % 3 == 0) {
                memmove(line, line + 1, len--);

            } else if (rand() % 3 == 0) {
                size_t  at = (size_t) rand() % len, k = (size_t) rand() % 9;

                if (at + k < len) {
                    memmove(line + at, line + at + k, len - at - k + 1);
                    len -= k;
                }

            } else {
                line[(size_t) rand() % len]
                    = bytes[(size_t) rand() % (sizeof(bytes) - 1)];
            }
        }

        s.data = malloc(len);
        s.len = len;
        memcpy((void *) s.data, line, len);
        taken += (unsigned) both(s, &fault, &agree);

        if (!agree && bad++ < 3) {
            printf("# two opinions: %.*s\n", (int) len, line);
        }

        free((void *) s.data);
    }

    is_num(bad, 0, "60000 mutations, one opinion each (%u valid)", taken);
}


/* jansson calls a failed allocation a syntax error here and there. */

static unsigned  allocations, fail_at;


static void *
failing_malloc(size_t size)
{
    if (++allocations == fail_at) {
        errno = ENOMEM;
        return NULL;
    }

    return malloc(size);
}


static void
test_memory(void)
{
    unsigned          bad;
    keygate_rc_t      rc;
    keygate_fault_t   fault;
    keygate_record_t  r;

    json_set_alloc_funcs(failing_malloc, free);

    for (bad = 0, fail_at = 1, rc = KEYGATE_NOMEM; rc != KEYGATE_OK;
         fail_at++)
    {
        allocations = 0;
        rc = keygate_record_parse(str("{\"key\":{" KEY ",\"name\":\"Zapi\\u00e9"
                                      "r\",\"scopes\":[\"a\"]}}"),
                                  &r, &fault);
        bad += rc != KEYGATE_OK && rc != KEYGATE_NOMEM;

        if (fail_at == 1000) {
            break;
        }
    }

    json_set_alloc_funcs(malloc, free);

    ok(rc == KEYGATE_OK && bad == 0,
       "failing allocations are never the line's fault (%u)", fail_at - 2);

    if (rc == KEYGATE_OK) {
        keygate_record_free(&r);
    }
}


int
main(void)
{
    test_valid();
    test_invalid();
    test_members();
    test_limits();
    test_line();
    test_times();
    test_durations();
    test_cidrs();
    test_mutations();
    test_memory();

    return tap_done();
}

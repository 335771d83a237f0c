/*
 * Error bodies: names and texts of codes and statuses, placeholders, the
 * three formats, and what an upstream's body is taken for.
 */

#include <jansson.h>
#include <string.h>

#include "arena.h"
#include "tap.h"

#include "keygate_error.h"


static unsigned char    room[65536];
static keygate_texts_t  texts;
static keygate_error_t  error;


static keygate_str_t
str(const char *s)
{
    keygate_str_t  span;

    span.data = (const unsigned char *) s;
    span.len = strlen(s);

    return span;
}


static const char *
body(void)
{
    size_t         len;
    keygate_buf_t  out;

    memset(&out, 0, sizeof(out));
    keygate_error_body(&texts, &error, &out);
    len = out.len;

    out.data = room;
    out.size = len;
    out.len = 0;
    keygate_error_body(&texts, &error, &out);

    if (out.len != len) {
        return "the counting pass differs";
    }

    room[len] = '\0';

    return (char *) room;
}


static int
body_has(const char *part)
{
    return strstr(body(), part) != NULL;
}


static void
fresh(keygate_error_format_e format, keygate_code_e code, unsigned status)
{
    memset(&texts, 0, sizeof(texts));
    memset(&error, 0, sizeof(error));

    texts.format = format;
    error.code = code;
    error.status = status;
}


static void
test_codes(void)
{
    int            i;
    keygate_str_t  name;

    for (i = 0; i < KEYGATE_CODES; i++) {
        name = keygate_code_name((keygate_code_e) i);
        is_num(keygate_code_find(name), i, "%.*s is found", (int) name.len,
               name.data);
    }

    is_num(keygate_code_find(str("nothing")), KEYGATE_CODES, "no such code");
    is_num(keygate_code_find(str("")), KEYGATE_CODES, "no empty code");

    fresh(KEYGATE_PROBLEM, KEYGATE_RATE_LIMITED, 0);
    is_num(keygate_error_status(&texts, KEYGATE_RATE_LIMITED), 429, "429");
    is_num(keygate_error_status(&texts, KEYGATE_UNAVAILABLE), 500, "500");
    texts.text[KEYGATE_RATE_LIMITED].status = 503;
    is_num(keygate_error_status(&texts, KEYGATE_RATE_LIMITED), 503,
           "a status of its own");
}


static void
test_statuses(void)
{
    unsigned              i;
    keygate_buf_t         out;
    unsigned char         code[64];

    static const struct {
        unsigned     status;
        const char  *code;
    } table[] = {
        { 400, "bad_request" }, { 404, "not_found" },
        { 413, "payload_too_large" }, { 414, "uri_too_long" },
        { 418, "im_a_teapot" }, { 429, "too_many_requests" },
        { 431, "request_header_fields_too_large" },
        { 451, "unavailable_for_legal_reasons" }, { 502, "bad_gateway" },
        { 599, "network_connect_timeout_error" }, { 477, "error" }
    };

    for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        out.data = code;
        out.size = sizeof(code);
        out.len = 0;
        keygate_status_code(table[i].status, &out);
        is_str(code, out.len, table[i].code, "%u as a code", table[i].status);
    }

    for (i = 0; i <= 1000; i++) {
        out.len = 0;
        keygate_status_code(i, &out);

        if (out.len == 0 || out.len > out.size) {
            ok(0, "status %u has a code that fits", i);
        }
    }
}


static void
test_placeholders(void)
{
    unsigned       i;
    keygate_str_t  culprit, missing[2];
    keygate_buf_t  out;

    static const struct {
        const char  *text;
        const char  *culprit;      /* NULL: none */
    } table[] = {
        { "", NULL }, { "{", NULL }, { "{}", NULL }, { "}{", NULL },
        { "{scope} {retry_after} {limit} {method} {path} {plan}", NULL },
        { "{scopes}", "{scopes}" }, { "a {b} c", "{b}" },
        { "{ scope }", NULL }, { "{{scope}}", NULL }, { "{scope", NULL },
        { "{scope}{x", NULL }, { "{scope}{x}", "{x}" }
    };

    for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        culprit = str("");

        is_num(keygate_text_check(str(table[i].text), &culprit),
               table[i].culprit ? KEYGATE_INVALID : KEYGATE_OK,
               "placeholders of '%s'", table[i].text);
        is_str(culprit.data, culprit.len,
               table[i].culprit ? table[i].culprit : "", "the culprit");
    }

    fresh(KEYGATE_DETAIL, KEYGATE_INSUFFICIENT_SCOPE, 0);
    missing[0] = str("a:b");
    missing[1] = str("c:d");
    error.missing = missing;
    error.n_missing = 2;
    error.retry_after = 7;
    error.method = str("GET");
    error.path = str("/\"\xff</script>{plan}");
    error.plan = str("growth");
    error.limit = 2;

    out.data = room;
    out.size = sizeof(room);
    out.len = 0;
    keygate_text_fill(str("{{scope}|{retry_after}|{limit}|{method}|{plan}{"),
                      &error, &out);
    is_str(room, out.len,
           "{a:b, c:d|7|2|GET|growth{", "filled in");

    error.one_of = 1;
    out.len = 0;
    keygate_text_fill(str("{scope}"), &error, &out);
    is_str(room, out.len, "a:b or c:d", "one of several");

    texts.text[KEYGATE_INSUFFICIENT_SCOPE].detail = str("x {path} y");
    is_str(body(), strlen(body()),
           "{\"detail\":\"x /\\\"\\ufffd\\u003c/script\\u003e{plan} y\"}",
           "what is filled in is escaped, and not filled in again");

    fresh(KEYGATE_DETAIL, KEYGATE_CREDENTIAL_INVALID, 0);
    error.detail = str("{path}");
    is_str(body(), strlen(body()), "{\"detail\":\"{path}\"}",
           "what others have said is not filled in");
}


static void
test_problem(void)
{
    keygate_str_t  names[2];

    names[0] = str("minute");
    names[1] = str("day");

    fresh(KEYGATE_PROBLEM, KEYGATE_ALLOWED, 502);
    is_str(body(), strlen(body()),
           "{\"type\":\"about:blank\",\"title\":\"Bad Gateway\",\"status\":502,"
           "\"detail\":\"The service behind this API gave no valid answer: try "
           "again later.\",\"code\":\"bad_gateway\"}", "of a status");

    error.instance = str("/a");
    error.request_id = str("77");
    error.detail = str("Own.");
    error.errors = str("[1]");
    is_str(body(), strlen(body()),
           "{\"type\":\"about:blank\",\"title\":\"Bad Gateway\",\"status\":502,"
           "\"detail\":\"Own.\",\"instance\":\"/a\",\"code\":\"bad_gateway\","
           "\"request_id\":\"77\",\"errors\":[1]}", "with all");

    texts.types = str("https://a.example/p/");
    ok(body_has("\"type\":\"https://a.example/p/bad-gateway\""),
       "a prefix of types");

    fresh(KEYGATE_PROBLEM, KEYGATE_RATE_LIMITED, 0);
    error.limit = 2;
    error.retry_after = 7;
    error.violated = names;
    error.n_violated = 2;
    is_str(body(), strlen(body()),
           "{\"type\":\"https://iana.org/assignments/http-problem-types"
           "#quota-exceeded\",\"title\":\"Request cannot be satisfied as "
           "assigned quota has been exceeded\",\"status\":429,\"detail\":"
           "\"Over the limit of 2 requests; try again in 7 "
           "seconds.\","
           "\"code\":\"rate_limited\",\"retry_after\":7,"
           "\"violated-policies\":[\"minute\",\"day\"]}", "of a limit");

    texts.types = str("https://a.example/p/");
    texts.text[KEYGATE_RATE_LIMITED].code = str("too_much_at_once");
    ok(body_has("\"type\":\"https://a.example/p/too-much-at-once\""),
       "a prefix and a code of its own");
    ok(body_has("\"title\":\"Rate limited\""), "and a title");
    texts.text[KEYGATE_RATE_LIMITED].title = str("No {method}");
    error.method = str("GET");
    ok(body_has("\"title\":\"No GET\""), "which may be another");

    fresh(KEYGATE_PROBLEM, KEYGATE_INSUFFICIENT_SCOPE, 0);
    error.scoped = 1;
    ok(body_has(",\"required_scopes\":[],\"granted_scopes\":[]}"),
       "lists of scopes, even when empty");
}


static void
test_every_code(void)
{
    int      i, format;
    json_t  *json;

    for (format = KEYGATE_PROBLEM; format <= KEYGATE_ENVELOPE; format++) {
        for (i = 1; i < KEYGATE_CODES; i++) {
            fresh((keygate_error_format_e) format, (keygate_code_e) i, 0);
            json = json_loads(body(), JSON_REJECT_DUPLICATES, NULL);
            ok(json != NULL, "code %d in format %d is JSON", i, format);
            json_decref(json);
        }
    }

    fresh(KEYGATE_ENVELOPE, KEYGATE_ALLOWED, 404);
    error.errors = str("{\"a\":[1]}");
    is_str(body(), strlen(body()),
           "{\"error\":{\"code\":\"not_found\",\"message\":\"There is nothing "
           "at this path.\",\"errors\":{\"a\":[1]}}}", "an envelope");
}


static const char  plain_type[] = "application/json; charset=utf-8";
static const char  problem_type[] = "Application/Problem+JSON ;charset=utf-8";


static void
test_inspect(void)
{
    unsigned        i;
    arena_t         arena;
    keygate_rc_t    rc;
    keygate_pool_t  pool;

    static const struct {
        keygate_error_format_e  format;
        unsigned                status;
        const char             *type;
        const char             *body;
        keygate_rc_t            rc;
        const char             *detail, *errors;
    } table[] = {
        { KEYGATE_PROBLEM, 500, problem_type, "x", KEYGATE_OK, "", "" },
        { KEYGATE_PROBLEM, 400, problem_type, "", KEYGATE_NONE, "", "" },
        { KEYGATE_PROBLEM, 400, "text/html", "{\"detail\":\"a\"}",
          KEYGATE_NONE, "", "" },
        { KEYGATE_PROBLEM, 400, plain_type, "{\"detail\":\"a\"}",
          KEYGATE_AGAIN, "a", "" },
        { KEYGATE_PROBLEM, 400, "", "{\"detail\":\"a\"}",
          KEYGATE_AGAIN, "a", "" },
        { KEYGATE_PROBLEM, 500, plain_type, "{\"detail\":\"a\"}",
          KEYGATE_NONE, "", "" },
        { KEYGATE_PROBLEM, 400, plain_type, "{\"detail\":\"a\"",
          KEYGATE_NONE, "", "" },
        { KEYGATE_PROBLEM, 400, plain_type, "{\"detail\":\"a\"}}",
          KEYGATE_NONE, "", "" },
        { KEYGATE_PROBLEM, 400, plain_type,
          "{\"detail\":\"a\",\"detail\":\"b\"}", KEYGATE_NONE, "", "" },
        { KEYGATE_PROBLEM, 400, plain_type, "[]", KEYGATE_NONE, "", "" },
        { KEYGATE_PROBLEM, 400, plain_type, "{}", KEYGATE_NONE, "", "" },
        { KEYGATE_PROBLEM, 400, plain_type, "{\"detail\":\"\"}",
          KEYGATE_NONE, "", "" },
        { KEYGATE_PROBLEM, 400, plain_type,
          "{\"title\":\"t\",\"error\":\"e\",\"message\":\"m\"}",
          KEYGATE_AGAIN, "m", "" },
        { KEYGATE_PROBLEM, 400, plain_type,
          "{\"error\":{\"error\":{\"title\":\"deep\",\"errors\":[1.5]}}}",
          KEYGATE_AGAIN, "deep", "[1.5]" },
        { KEYGATE_PROBLEM, 400, plain_type,
          "{\"errors\":{\"a\":[\"</b>\",null,true,{}]}}", KEYGATE_AGAIN, "",
          "{\"a\":[\"\\u003c/b\\u003e\",null,true,{}]}" },
        { KEYGATE_PROBLEM, 400, plain_type,
          "{\"message\":[\"m\"],\"error\":{\"title\":\"e\"}}",
          KEYGATE_AGAIN, "e", "[\"m\"]" },
        { KEYGATE_PROBLEM, 400, plain_type, "{\"errors\":[]}",
          KEYGATE_NONE, "", "" },
        { KEYGATE_DETAIL, 500, plain_type, "{\"detail\":\"a\",\"b\":1}",
          KEYGATE_OK, "", "" },
        { KEYGATE_DETAIL, 400, plain_type, "{\"a\":[],\"b\":[1]}",
          KEYGATE_OK, "", "" },
        { KEYGATE_DETAIL, 400, plain_type, "{\"a\":[],\"b\":{}}",
          KEYGATE_NONE, "", "" },
        { KEYGATE_DETAIL, 400, plain_type, "{}", KEYGATE_NONE, "", "" },
        { KEYGATE_DETAIL, 400, problem_type, "{\"title\":\"a\"}",
          KEYGATE_AGAIN, "a", "" },
        { KEYGATE_ENVELOPE, 503, plain_type,
          "{\"error\":{\"code\":\"a\",\"message\":\"b\"}}",
          KEYGATE_OK, "", "" },
        { KEYGATE_ENVELOPE, 400, plain_type,
          "{\"error\":{\"code\":1,\"message\":\"b\\u0000\"}}",
          KEYGATE_AGAIN, NULL, "" },
    };

    memset(&arena, 0, sizeof(arena));
    pool = arena_pool(&arena);

    for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        memset(&error, 0, sizeof(error));

        rc = keygate_error_inspect(table[i].format, table[i].status,
                                   str(table[i].type), str(table[i].body),
                                   &pool, &error);

        is_num(rc, table[i].rc, "format %d, %u: %s", table[i].format,
               table[i].status, table[i].body);

        if (table[i].detail != NULL) {
            is_str(error.detail.data, error.detail.len, table[i].detail,
                   "its message");
        }

        is_str(error.errors.data, error.errors.len, table[i].errors,
               "its lists");
    }

    for (i = 1; i <= 2; i++) {
        memset(&error, 0, sizeof(error));
        arena.calls = 0;
        arena.fail_at = (long) i;

        rc = keygate_error_inspect(KEYGATE_PROBLEM, 400, str(plain_type),
                                   str("{\"message\":\"a\",\"errors\":[1]}"),
                                   &pool, &error);
        is_num(rc, KEYGATE_NOMEM, "allocation %u fails", i);
    }

    arena_free(&arena);
}


int
main(void)
{
    test_codes();
    test_statuses();
    test_placeholders();
    test_problem();
    test_every_code();
    test_inspect();

    return tap_done();
}

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
        name = keygate_error_name((keygate_code_e) i);
        is_num(keygate_error_find(name), i, "%.*s is found", (int) name.len,
               name.data);
    }

    is_num(keygate_error_find(str("nothing")), KEYGATE_CODES, "no such code");
    is_num(keygate_error_find(str("")), KEYGATE_CODES, "no empty code");

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
static const char  text_type[] = "Text/Plain;charset=utf-8";
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
          "{\"error\":{\"message\":\"deep\",\"errors\":[1.5]}}",
          KEYGATE_AGAIN, "deep", "[1.5]" },
        { KEYGATE_PROBLEM, 400, plain_type,
          "{\"error\":{\"error\":{\"title\":\"deep\"}}}", KEYGATE_NONE, "",
          "" },
        { KEYGATE_PROBLEM, 400, plain_type,
          "{\"errors\":{\"a\":[\"</b>\",{}]}}", KEYGATE_AGAIN, "",
          "[{\"pointer\":\"/a\",\"detail\":\"\\u003c/b\\u003e\"}]" },
        { KEYGATE_PROBLEM, 400, plain_type,
          "{\"errors\":[\"</b>\",null,true,{}]}", KEYGATE_AGAIN, "",
          "[\"\\u003c/b\\u003e\",null,true,{}]" },
        { KEYGATE_PROBLEM, 400, plain_type,
          "{\"message\":[\"m\"],\"error\":{\"title\":\"e\"}}",
          KEYGATE_AGAIN, "", "[\"m\"]" },
        { KEYGATE_PROBLEM, 400, plain_type, "{\"errors\":[]}",
          KEYGATE_NONE, "", "" },
        { KEYGATE_DETAIL, 500, plain_type, "{\"detail\":\"a\",\"b\":1}",
          KEYGATE_OK, "", "" },
        { KEYGATE_DETAIL, 400, plain_type, "{\"a\":[],\"b\":[1]}",
          KEYGATE_OK, "", "" },
        { KEYGATE_DETAIL, 400, plain_type, "{\"a\":[],\"b\":{}}",
          KEYGATE_NONE, "", "" },
        { KEYGATE_DETAIL, 400, plain_type, "{}", KEYGATE_NONE, "", "" },
        { KEYGATE_DETAIL, 400, plain_type, "\xef\xbb\xbf{\"message\":\"a\"}",
          KEYGATE_AGAIN, "a", "" },
        { KEYGATE_GRPC, 400, problem_type, "{\"detail\":\"a\"}",
          KEYGATE_AGAIN, "a", "" },
        { KEYGATE_GRPC, 500, problem_type, "{\"detail\":\"a\"}",
          KEYGATE_NONE, "", "" },
        { KEYGATE_PROBLEM, 400, "text/html",
          "{\"detail\":\"a\",\"status\":400}", KEYGATE_OK, "", "" },
        { KEYGATE_PROBLEM, 400, plain_type,
          "{\"detail\":\"a\",\"status\":401}", KEYGATE_AGAIN, "a", "" },
        { KEYGATE_PROBLEM, 400, text_type, "None left.\r\n", KEYGATE_AGAIN,
          "None left.", "" },
        { KEYGATE_PROBLEM, 400, text_type, "\xef\xbb\xbf\xc3\xa9",
          KEYGATE_AGAIN, "\xc3\xa9", "" },
        { KEYGATE_PROBLEM, 400, text_type, "{\"message\":\"a\"}",
          KEYGATE_AGAIN, "a", "" },
        { KEYGATE_PROBLEM, 500, text_type, "None", KEYGATE_NONE, "", "" },
        { KEYGATE_PROBLEM, 400, text_type, "two\nlines", KEYGATE_NONE, "", "" },
        { KEYGATE_PROBLEM, 400, text_type, "\xff", KEYGATE_NONE, "", "" },
        { KEYGATE_PROBLEM, 400, text_type, "a\x1b[0m", KEYGATE_NONE, "", "" },
        { KEYGATE_PROBLEM, 400, text_type, "a\xe2\x80\xa8z", KEYGATE_NONE, "",
          "" },
        { KEYGATE_PROBLEM, 400, text_type, " \r\n", KEYGATE_NONE, "", "" },
        { KEYGATE_DETAIL, 400, problem_type, "{\"title\":\"a\"}",
          KEYGATE_AGAIN, "a", "" },
        { KEYGATE_ENVELOPE, 503, plain_type,
          "{\"error\":{\"code\":\"a\",\"message\":\"b\"}}",
          KEYGATE_OK, "", "" },
        { KEYGATE_ENVELOPE, 400, plain_type,
          "{\"error\":{\"code\":1,\"message\":\"b\\u0000\"}}",
          KEYGATE_OK, "", "" },
        { KEYGATE_ENVELOPE, 404, plain_type,
          "{\"error\":{\"code\":404,\"message\":\"m1\",\"status\":"
          "\"NOT_FOUND\"}}", KEYGATE_OK, "", "" },
        { KEYGATE_ENVELOPE, 500, plain_type,
          "{\"error\":{\"code\":1e999,\"message\":\"m\"}}", KEYGATE_OK, "",
          "" },
        { KEYGATE_ENVELOPE, 400, plain_type,
          "{\"error\":{\"code\":null,\"message\":\"m\"}}",
          KEYGATE_AGAIN, "m", "" },
        { KEYGATE_ENVELOPE, 400, plain_type,
          "{\"error\":{\"code\":404,\"message\":1e999}}",
          KEYGATE_NONE, "", "" },
        { KEYGATE_DETAIL, 400, plain_type,
          "{\"detail\":\"x\",\"n\":9223372036854775808}", KEYGATE_OK, "",
          "" },
        { KEYGATE_DETAIL, 500, plain_type,
          "{\"a\":[{\"n\":[-1e400,18446744073709551616]}]}", KEYGATE_OK, "",
          "" },
        { KEYGATE_DETAIL, 400, plain_type,
          "{\"detail\":9223372036854775808,\"n\":1}", KEYGATE_NONE, "", "" },
        { KEYGATE_PROBLEM, 400, plain_type,
          "{\"title\":\"t\",\"status\":400,\"n\":9223372036854775808}",
          KEYGATE_OK, "", "" },
        { KEYGATE_PROBLEM, 400, plain_type,
          "{\"detail\":99999999999999999999,\"title\":1e400,\"status\":400,"
          "\"message\":\"m\"}", KEYGATE_AGAIN, "m", "" },
        { KEYGATE_PROBLEM, 400, plain_type,
          "{\"message\":\"m\",\"errors\":[{\"n\":12345678901234567890,"
          "\"e\":1E+400}]}", KEYGATE_AGAIN, "m",
          "[{\"n\":12345678901234567890,\"e\":1E+400}]" },
        { KEYGATE_PROBLEM, 400, plain_type,
          "{\"errors\":{\"a\":[12345678901234567890]}}", KEYGATE_NONE, "",
          "" },
        { KEYGATE_PROBLEM, 400, plain_type,
          "{\"errors\":{\"a\":12345678901234567890}}", KEYGATE_NONE, "", "" },
        { KEYGATE_PROBLEM, 400, plain_type,
          "{\"errors\":{\"detail\":12345678901234567890}}", KEYGATE_NONE, "",
          "" },
        { KEYGATE_DETAIL, 400, plain_type, "{\"detail\":\"x\",\"n\":1e}",
          KEYGATE_NONE, "", "" },
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


/* Errors as fifteen frameworks and services write them, and what becomes of
 * them as problems, behind "status" and "detail". */

static void
test_frameworks(void)
{
    unsigned        i;
    arena_t         arena;
    const char     *text;
    keygate_rc_t    rc;
    keygate_pool_t  pool;

    static const struct {
        const char  *name;
        unsigned     status;
        const char  *body;
        const char  *want;         /* NULL: it passes as it is */
    } table[] = {
        { "Django REST, by field", 400,
          "{\"email\":[\"Required.\"],\"address\":[{},{\"zip\":[\"Bad.\"]}]}",
          "\"code\":\"bad_request\",\"errors\":[{\"pointer\":\"/email\","
          "\"detail\":\"Required.\"},{\"pointer\":\"/address/1/zip\","
          "\"detail\":\"Bad.\"}]}" },
        { "Django REST", 404, "{\"detail\":\"Not found.\",\"code\":\"nope\"}",
          "\"detail\":\"Not found.\",\"code\":\"nope\"}" },
        { "FastAPI", 422,
          "{\"detail\":[{\"loc\":[\"body\",1],\"msg\":\"no\"}]}",
          "\"errors\":[{\"loc\":[\"body\",1],\"msg\":\"no\"}]}" },
        { "Rails", 404, "{\"status\":404,\"error\":\"Not Found\"}",
          "\"detail\":\"Not Found\",\"code\":\"not_found\"}" },
        { "Rails, by field", 422, "{\"errors\":{\"a~/b\":[\"x\",\"y\"]}}",
          "\"errors\":[{\"pointer\":\"/a~0~1b\",\"detail\":\"x\"},"
          "{\"pointer\":\"/a~0~1b\",\"detail\":\"y\"}]}" },
        { "Express", 400,
          "{\"error\":{\"message\":\"Bad\",\"stack\":\"Error: at db-1\"}}",
          "\"detail\":\"Bad\",\"code\":\"bad_request\"}" },
        { "NestJS", 400, "{\"statusCode\":400,\"message\":[\"a is short\"],"
          "\"error\":\"Bad Request\"}",
          "\"detail\":\"Bad Request\",\"code\":\"bad_request\","
          "\"errors\":[\"a is short\"],\"statusCode\":400}" },
        { "Spring", 404, "{\"timestamp\":\"2026\",\"status\":404,"
          "\"error\":\"Not Found\",\"message\":\"No order\",\"trace\":\"x\","
          "\"path\":\"/a\"}",
          "\"detail\":\"No order\",\"code\":\"not_found\","
          "\"timestamp\":\"2026\",\"error\":\"Not Found\",\"path\":\"/a\"}" },
        { "ASP.NET", 400, "{\"type\":\"urn:x\",\"title\":\"Bad\","
          "\"status\":400,\"errors\":{\"Name\":[\"x\"]}}", NULL },
        { "Laravel", 422, "{\"message\":\"Invalid.\",\"errors\":"
          "{\"email\":[\"Taken.\"]}}",
          "\"detail\":\"Invalid.\",\"code\":\"unprocessable_content\","
          "\"errors\":[{\"pointer\":\"/email\",\"detail\":\"Taken.\"}]}" },
        { "Laravel in debug mode", 404, "{\"message\":\"No\","
          "\"exception\":\"X\",\"file\":\"/srv/a.php\",\"line\":7,"
          "\"trace\":[{}]}",
          "\"detail\":\"No\",\"code\":\"not_found\"}" },
        { "Gin", 400, "{\"error\":\"bad id\"}",
          "\"detail\":\"bad id\",\"code\":\"bad_request\"}" },
        { "Echo", 404, "{\"message\":\"Not Found\"}",
          "\"detail\":\"Not Found\",\"code\":\"not_found\"}" },
        { "Phoenix", 404, "{\"errors\":{\"detail\":\"Not Found\"}}",
          "\"detail\":\"Not Found\",\"code\":\"not_found\"}" },
        { "API Platform", 422, "{\"@type\":\"List\",\"title\":\"An error\","
          "\"detail\":\"a: b\",\"status\":422,\"violations\":[]}", NULL },
        { "JSON:API", 422, "{\"errors\":[{\"status\":\"422\","
          "\"source\":{\"pointer\":\"/data\"},\"detail\":\"x\"}]}",
          "\"errors\":[{\"status\":\"422\",\"source\":{\"pointer\":"
          "\"/data\"},\"detail\":\"x\"}]}" },
        { "OAuth", 400, "{\"error\":\"invalid_grant\","
          "\"error_description\":\"Expired.\",\"error_uri\":\"u\"}",
          "\"detail\":\"Expired.\",\"code\":\"invalid_grant\","
          "\"error_uri\":\"u\"}" },
        { "Stripe", 402, "{\"error\":{\"code\":\"card_declined\","
          "\"message\":\"Declined.\",\"param\":\"x\",\"type\":\"card_error\"}}",
          "\"detail\":\"Declined.\",\"code\":\"card_declined\","
          "\"param\":\"x\"}" },
        { "Google", 404, "{\"error\":{\"code\":404,\"message\":\"No.\","
          "\"status\":\"NOT_FOUND\",\"details\":[{}]}}",
          "\"detail\":\"No.\",\"code\":\"NOT_FOUND\"}" },
        { "its own code", 409, "{\"code\":\"OUT_OF_STOCK\","
          "\"message\":\"None\",\"sku\":\"A1\",\"n\":1.5,\"b\":false,"
          "\"request_id\":\"x\","
          "\"l\":[],\"</i>\":1}",
          "\"detail\":\"None\",\"code\":\"OUT_OF_STOCK\",\"sku\":\"A1\","
          "\"n\":1.5,\"b\":false,\"\\u003c/i\\u003e\":1}" },
        { "large numbers", 409, "{\"message\":\"m\",\"n\":"
          "9223372036854775808,\"e\":-1e400}",
          "\"detail\":\"m\",\"code\":\"conflict\","
          "\"n\":9223372036854775808,\"e\":-1e400}" },
        { "the same name twice", 409, "{\"message\":\"m\",\"x\":1,"
          "\"error\":{\"x\":2,\"y\":3}}",
          "\"detail\":\"m\",\"code\":\"conflict\",\"x\":1,\"y\":3}" },
        { "four deep", 400, "{\"a\":{\"b\":{\"c\":{\"d\":[\"x\"]}}}}",
          "\"errors\":[{\"pointer\":\"/a/b/c/d\",\"detail\":\"x\"}]}" },
        { "five deep", 400, "{\"a\":{\"b\":{\"c\":{\"d\":{\"e\":[\"x\"]}}}}}",
          "" },
        { "texts of no list", 400, "{\"a\":\"db-1\"}", "" },
        { "an empty list", 400, "{\"a\":[]}", "" }
    };

    memset(&arena, 0, sizeof(arena));
    pool = arena_pool(&arena);

    for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        fresh(KEYGATE_PROBLEM, KEYGATE_ALLOWED, table[i].status);

        rc = keygate_error_inspect(KEYGATE_PROBLEM, table[i].status,
                                   str(plain_type), str(table[i].body), &pool,
                                   &error);

        if (table[i].want == NULL || table[i].want[0] == '\0') {
            is_num(rc, table[i].want == NULL ? KEYGATE_OK : KEYGATE_NONE,
                   "%s: the verdict", table[i].name);
            is_num(error.problem, table[i].want == NULL, "%s: a problem",
                   table[i].name);
            continue;
        }

        is_num(rc, KEYGATE_AGAIN, "%s: known", table[i].name);

        text = strstr(body(), table[i].want);
        ok(text != NULL && strlen(text) == strlen(table[i].want),
           "%s: %s", table[i].name, body());
    }

    arena_free(&arena);
}


static void
test_own_code(void)
{
    fresh(KEYGATE_PROBLEM, KEYGATE_ALLOWED, 409);
    texts.types = str("https://a.example/");
    error.own_code = str("OUT_OF_STOCK");
    ok(body_has("\"type\":\"https://a.example/OUT-OF-STOCK\""),
       "the type of an upstream's code");

    error.own_code = str("no </way>");
    ok(body_has("\"type\":\"https://a.example/conflict\"")
       && body_has("\"code\":\"no \\u003c/way\\u003e\""),
       "no code that is none of a URI becomes a part of one");

    texts.format = KEYGATE_ENVELOPE;
    error.members = str(",\"a\":1");
    ok(body_has("{\"code\":\"no \\u003c/way\\u003e\",\"message\"")
       && !body_has("\"a\""), "in an envelope");
}


static void
test_instance(void)
{
    unsigned  i;
    char      want[256];

    static const struct {
        const char  *path;
        const char  *uri;
    } table[] = {
        { "/v1/a:b;c=1,2/@x/~u/%2F%zz%4", "/v1/a:b;c=1,2/@x/~u/%2F%25zz%254" },
        { "/\"<>\\^`{|}", "/%22%3C%3E%5C%5E%60%7B%7C%7D" },
        { "/\xc3\xa9\xff\x01 #?[]", "/%C3%A9%FF%01%20%23%3F%5B%5D" },
        { "//host/x", "/.//host/x" }, { "///", "/.///" }, { "/", "/" },
        { "a:1/b:2", "a%3A1/b:2" }, { "*", "*" }
    };

    for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        fresh(KEYGATE_PROBLEM, KEYGATE_ALLOWED, 404);
        error.instance = str(table[i].path);
        snprintf(want, sizeof(want), "\"instance\":\"%s\",", table[i].uri);
        ok(body_has(want), "%s: %s", table[i].uri, body());
    }
}


static void
test_grpc(void)
{
    unsigned  i;

    static const unsigned  table[][2] = {
        { 400, 3 }, { 401, 16 }, { 403, 7 }, { 404, 12 }, { 413, 8 },
        { 429, 8 }, { 502, 14 }, { 503, 14 }, { 504, 4 }, { 500, 13 },
        { 599, 13 }, { 405, 2 }, { 499, 2 }
    };

    for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        is_num(keygate_status_grpc(table[i][0]), table[i][1], "%u in gRPC",
               table[i][0]);
    }

    fresh(KEYGATE_GRPC, KEYGATE_ALLOWED, 404);
    error.detail = str("50% of\r\n\xc3\xa9 <~>");
    is_str(body(), strlen(body()), "50%25 of%0D%0A%C3%A9 <~>",
           "a message of gRPC");

    fresh(KEYGATE_GRPC, KEYGATE_METHOD_NOT_ALLOWED, 0);
    texts.text[KEYGATE_METHOD_NOT_ALLOWED].detail = str("no {method}%");
    error.method = str("\xff");
    is_str(body(), strlen(body()), "no %FF%25", "and one with placeholders");
}


int
main(void)
{
    test_frameworks();
    test_own_code();
    test_instance();
    test_grpc();
    test_codes();
    test_statuses();
    test_placeholders();
    test_problem();
    test_every_code();
    test_inspect();

    return tap_done();
}

/*
 * The decision: each row of the contract, their order, what is charged, and
 * what a verdict says.
 */

#include "decide_world.h"


static const char  conf[] =
    "zone keys;\n"
    "credential header X-Api-Key;\n"
    "credential bearer;\n"
    "key_format ck_live_ id=6 secret=24;\n"
    "base /api;\n"
    "scope items:read \"Read\";\n"
    "scope items:write implies=items:read \"Write\";\n"
    "scope admin:read;\n"
    "plan starter;\n"
    "plan growth api_access;\n"
    "plan scale api_access bulk;\n"
    "require api_access;\n"
    "rate 10r/m;\n"
    "rate 15r/h per=account name=company;\n"
    "route GET /v1/open public;\n"
    "route GET /v1/me any;\n"
    "route GET /v1/items items:read;\n"
    "route GET /v1/items/:id items:read;\n"
    "route POST /v1/items items:write cost=4;\n"
    "route GET /v1/admin/keys admin:read;\n"
    "route GET /v1/either items:write|admin:read;\n"
    "route GET /v1/both items:read&admin:read;\n"
    "route GET /v1/bulk any feature=bulk;\n"
    "route POST /v1/send items:read;\n"
    "when POST /v1/send body.send admin:read;\n"
    "when POST /v1/send body.now admin:read;\n";


static void
setup(void)
{
    keygate_str_t         none = KEYGATE_STR("");
    keygate_conf_fault_t  fault;
    static uint64_t       mem[SIZE / 8];

    memset(mem, 0, SIZE);

    if (digester == NULL) {
        digester = keygate_digester_create(none);
    }

    api_text_free();
    now = keygate_rate_now(1000000, WALL);
    api = api_text(conf, sizeof(conf) - 1, &fault);
    table = keygate_table_init(mem, SIZE, (const unsigned char *)
                               "0123456789abcdef");

    if (api == NULL || table == NULL
        || keygate_api_bind(api, table, &now) != KEYGATE_OK)
    {
        printf("Bail out! %.*s expected %s\n", (int) fault.value.len,
               fault.value.data, fault.expected);
        exit(1);
    }

    apply("{\"account\":{\"id\":\"biz_1\",\"name\":\"B\",\"plan\":\"growth\","
          "\"status\":\"active\"}}");
    apply_key("ck_live_AAAAAA", KEY("AAAAAA"),
              ",\"account\":\"biz_1\",\"scopes\":[\"items:read\"]");
    apply_key("ck_live_WWWWWW", KEY("WWWWWW"),
              ",\"account\":\"biz_1\",\"scopes\":[\"items:write\","
              "\"gone:scope\"]");
}


static keygate_code_e
decide_flags(const char *method, const char *path, const char *credential,
    unsigned flags)
{
    static unsigned char  decoded[1024];
    keygate_request_t     r;

    memset(&r, 0, sizeof(r));
    r.method.data = (const unsigned char *) method;
    r.method.len = strlen(method);
    r.raw.data = (const unsigned char *) path;
    r.raw.len = strlen(path);
    r.decoded = decoded;
    r.now = now;
    r.address[10] = r.address[11] = 0xff;
    r.address[12] = 10;
    r.address[15] = 1;
    r.has_address = 1;

    if (credential) {
        r.n_credentials = 1;
        r.credential.data = (const unsigned char *) credential;
        r.credential.len = strlen(credential);
    }

    keygate_decide(api, table, digester, &r, flags, &scratch, &v);

    return v.code;
}


static keygate_code_e
decide(const char *method, const char *path, const char *credential)
{
    return decide_flags(method, path, credential, 0);
}


static void
rows(void)
{
    const char  *k = KEY("AAAAAA");

    setup();

    is_num(decide("GET", "/api/v1/items", k), KEYGATE_ALLOWED, "allowed");
    ok(v.authenticated && v.charged, "authenticated and charged");
    is_str(v.route->path.data, v.route->path.len, "/v1/items", "route");
    is_str(v.key.id, v.key.id_len, "ck_live_AAAAAA", "key id");
    is_str(v.key.account, v.key.account_len, "biz_1", "account");
    is_str(v.plan->name.data, v.plan->name.len, "growth", "plan");

    is_num(decide("GET", "/api/v1/open", NULL), KEYGATE_ALLOWED, "public");
    ok(!v.authenticated && !v.charged, "nobody, not charged");
    is_num(decide("GET", "/api/v1/%2e%2e/open", NULL), KEYGATE_PATH_AMBIGUOUS,
           "an ambiguous path comes before a public route");
    is_num(decide("GET", "/api/v1/items", NULL), KEYGATE_CREDENTIAL_MISSING,
           "no credential");
    is_num(decide("POST", "/api/v1/open", NULL), KEYGATE_CREDENTIAL_MISSING,
           "the other methods of a public path are not public");
    is_num(decide("GET", "/api/v1/items", "nonsense"),
           KEYGATE_CREDENTIAL_INVALID, "malformed");
    is_num(decide("GET", "/api/v1/items", KEY("BBBBBB")),
           KEYGATE_CREDENTIAL_INVALID, "unknown");
    ok(v.key.id_len == 0 && !v.known, "an unknown key has no id");
    is_num(decide("GET", "/api/v1/none", NULL), KEYGATE_CREDENTIAL_MISSING,
           "no route is not told without a key");
    is_num(decide("GET", "/api/v1/none", k), KEYGATE_ROUTE_NOT_FOUND,
           "no route");
    is_num(decide("GET", "/v1/items", k), KEYGATE_ROUTE_NOT_FOUND,
           "not below the base");
    is_num(decide("DELETE", "/api/v1/items", k), KEYGATE_METHOD_NOT_ALLOWED,
           "no such method");
    is_num(decide("HEAD", "/api/v1/items", k), KEYGATE_ALLOWED,
           "GET serves HEAD");
    is_num(decide("GET", "/api/v1/bulk", k), KEYGATE_PLAN_REQUIRED,
           "a feature of the route");
}


static void
scopes(void)
{
    unsigned       n;
    const char    *k = KEY("AAAAAA"), *w = KEY("WWWWWW");
    keygate_str_t  names[KEYGATE_SCOPES_MAX];

    setup();

    is_num(decide("POST", "/api/v1/items", k), KEYGATE_INSUFFICIENT_SCOPE,
           "scope");
    n = keygate_verdict_required(api, &v, names);
    is_num(n, 1, "one is required");
    is_str(names[0].data, names[0].len, "items:write", "this one");
    n = keygate_verdict_granted(api, &v, names);
    is_num(n, 1, "one is granted");
    is_str(names[0].data, names[0].len, "items:read", "that one");

    is_num(decide("GET", "/api/v1/both", k), KEYGATE_INSUFFICIENT_SCOPE,
           "all of");
    n = keygate_verdict_missing(api, &v, names);
    is_num(n, 1, "one of the two is missing");
    is_str(names[0].data, names[0].len, "admin:read", "the other");

    setup();
    is_num(decide("GET", "/api/v1/items", w), KEYGATE_ALLOWED, "implied");
    is_num(decide("GET", "/api/v1/either", w), KEYGATE_ALLOWED, "one of");
    is_num(decide("GET", "/api/v1/either", k), KEYGATE_INSUFFICIENT_SCOPE,
           "none of");
    (void) decide("GET", "/api/v1/me", w);
    n = keygate_verdict_granted(api, &v, names);
    is_num(n, 2, "implied scopes are granted, unknown ones are not shown");
    is_str(names[0].data, names[0].len, "items:read", "catalogue order");
}


static void
lives(void)
{
    setup();

    apply_key("ck_live_RRRRRR", KEY("RRRRRR"), ",\"account\":\"biz_1\","
              "\"scopes\":[],\"revoked_at\":\"2030-01-01T00:00:00Z\"");
    is_num(decide("GET", "/api/v1/me", KEY("RRRRRR")), KEYGATE_KEY_REVOKED,
           "revoked, whatever the clock says");
    ok(v.known && !v.authenticated, "known, not authenticated");

    /* WALL is 2026-05-28T20:26:40Z */

    apply_key("ck_live_EEEEEE", KEY("EEEEEE"), ",\"account\":\"biz_1\","
              "\"scopes\":[],\"expires_at\":\"2026-05-28T20:26:40Z\"");
    is_num(decide("GET", "/api/v1/me", KEY("EEEEEE")), KEYGATE_KEY_EXPIRED,
           "expired to the second");
    now.wall--;
    is_num(decide("GET", "/api/v1/me", KEY("EEEEEE")), KEYGATE_ALLOWED,
           "a second earlier");

    setup();
    apply_key("ck_live_NNNNNN", KEY("NNNNNN"), ",\"account\":\"biz_1\","
              "\"scopes\":[],\"addresses\":[\"10.0.0.2\"]");
    is_num(decide("GET", "/api/v1/me", KEY("NNNNNN")),
           KEYGATE_ADDRESS_NOT_ALLOWED, "address");
    ok(!v.charged && v.n_windows == 2, "not charged, but counted");
    is_num(v.windows[0].remaining, 10, "all is left");

    apply_key("ck_live_OOOOOO", KEY("OOOOOO"), ",\"account\":\"nobody\","
              "\"scopes\":[]");
    is_num(decide("GET", "/api/v1/me", KEY("OOOOOO")),
           KEYGATE_SUBSCRIPTION_LAPSED, "an account without a record");
}


static void
accounts(void)
{
    unsigned     i;
    const char  *k = KEY("AAAAAA");

    static const struct {
        const char      *members;
        keygate_code_e   code;
    } t[] = {
        { "\"plan\":\"growth\",\"status\":\"active\"", KEYGATE_ALLOWED },
        { "\"plan\":\"scale\",\"status\":\"active\"", KEYGATE_ALLOWED },
        { "\"plan\":\"starter\",\"status\":\"active\"",
          KEYGATE_PLAN_REQUIRED },
        { "\"plan\":\"unheard\",\"status\":\"active\"",
          KEYGATE_PLAN_REQUIRED },
        { "\"status\":\"active\"", KEYGATE_PLAN_REQUIRED },
        { "\"plan\":\"growth\",\"status\":\"past_due\"",
          KEYGATE_SUBSCRIPTION_LAPSED },
        { "\"plan\":\"growth\",\"status\":\"canceled\"",
          KEYGATE_SUBSCRIPTION_LAPSED },
        { "\"plan\":\"growth\",\"status\":\"trialing\"",
          KEYGATE_SUBSCRIPTION_LAPSED },
        { "\"plan\":\"growth\",\"status\":\"trialing\","
          "\"trial_ends_at\":\"2026-05-28T20:26:40Z\"",
          KEYGATE_SUBSCRIPTION_LAPSED },
        { "\"plan\":\"growth\",\"status\":\"trialing\","
          "\"trial_ends_at\":\"2026-05-28T20:26:41Z\"", KEYGATE_ALLOWED },
        { "\"plan\":\"starter\",\"status\":\"canceled\"",
          KEYGATE_SUBSCRIPTION_LAPSED },
    };

    for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        char  line[256];

        setup();
        snprintf(line, sizeof(line), "{\"account\":{\"id\":\"biz_1\","
                 "\"name\":\"B\",%s}}", t[i].members);
        apply(line);
        is_num(decide("GET", "/api/v1/me", k), t[i].code, "%s", t[i].members);
        ok(v.charged, "charged all the same");
    }
}


static void
named(unsigned i, const char *name, const char *what)
{
    keygate_str_t  s;

    s = v.windows[i].label->name;
    is_str(s.data, s.len, name, "%s", what);
}


static void
rates(void)
{
    unsigned     i;
    const char  *k = KEY("AAAAAA"), *w = KEY("WWWWWW");

    setup();

    for (i = 0; i < 10; i++) {
        (void) decide("GET", "/api/v1/items", k);
    }

    is_num(v.code, KEYGATE_ALLOWED, "the tenth");
    is_num(v.n_windows, 2, "two windows");
    is_num(v.windows[0].remaining, 0, "nothing left for the key");
    is_num(v.windows[1].remaining, 5, "five for the account");
    named(1, "company", "by its name");

    is_num(decide("GET", "/api/v1/none", k), KEYGATE_RATE_LIMITED,
           "rates come before routes");
    ok(v.windows[0].refused && !v.windows[1].refused, "the key's refused");
    ok(v.retry_after >= 1 && v.retry_after <= 62, "Retry-After");
    is_num(v.windows[1].remaining, 5, "and the account is not charged");

    is_num(decide("POST", "/api/v1/items", w), KEYGATE_ALLOWED, "cost=4");
    is_num(v.windows[1].remaining, 1, "four of the account's five");
    is_num(decide("POST", "/api/v1/items", w), KEYGATE_RATE_LIMITED,
           "four more are too many for the account");
    ok(!v.windows[0].refused && v.windows[1].refused, "the account's");
    is_num(v.windows[0].remaining, 6, "the key is not charged");
    is_num(decide("GET", "/api/v1/items", w), KEYGATE_ALLOWED, "one is not");

    apply_key("ck_live_LLLLLL", KEY("LLLLLL"), ",\"account\":\"biz_1\","
              "\"scopes\":[],\"rates\":[\"2r/m\",\"3r/h\",\"9r/month\"]");
    (void) decide("GET", "/api/v1/me", KEY("LLLLLL"));
    is_num(v.n_windows, 4, "own rates replace those per key of the same unit");
    is_num(v.windows[0].limit, 2, "its own minute");
    named(0, "minute", "the replaced one's name");
    named(1, "hour", "one beside the account's");
    is_num(v.windows[2].unit, KEYGATE_MONTH, "and one that is new");
    named(3, "company", "the account's stays");
}


static void
quota(void)
{
    setup();

    apply_key("ck_live_QQQQQQ", KEY("QQQQQQ"), ",\"account\":\"biz_1\","
              "\"scopes\":[],\"rates\":[\"1r/month\"]");
    is_num(decide("GET", "/api/v1/me", KEY("QQQQQQ")), KEYGATE_ALLOWED,
           "the first of the month");
    is_num(decide("GET", "/api/v1/me", KEY("QQQQQQ")),
           KEYGATE_QUOTA_EXCEEDED, "the second");

    /* 2026-06-01T00:00:00Z - WALL */

    is_num(v.retry_after, 1780272000 - WALL, "until the month is over");
}


static void
check(void)
{
    const char  *k = KEY("AAAAAA");

    setup();

    is_num(decide_flags("GET", "/api/v1/items", k, KEYGATE_CHECK_ONLY),
           KEYGATE_ALLOWED, "checked");
    is_num(v.windows[0].remaining, 10, "for nothing");
    is_num(keygate_table_used_at(table, v.key.ref), 0, "unnoticed");
    (void) decide("GET", "/api/v1/items", k);
    is_num(keygate_table_used_at(table, v.key.ref), WALL, "used");
}


static keygate_code_e
body(const char *text)
{
    keygate_str_t  s;

    s.data = (const unsigned char *) text;
    s.len = strlen(text);

    setup();
    (void) decide("POST", "/api/v1/send", KEY("AAAAAA"));

    if (!v.need_body) {
        return KEYGATE_CODES;
    }

    keygate_decide_body(api, s, &v);

    return v.code;
}


static void
bodies(void)
{
    char      *deep;
    unsigned   i;

    static const char *const  allowed[] = {
        "{}", " {\"send\": false}\n", "{\"send\":null}",
        "{\"a\":{\"send\":true}}", "{\"Send\":false}", "{\"a\":1e5}",
        "{\"sen\":true}", "{\"sends\":true}", "{\"\":1}", "{\"a\":1e999}",
        "{\"__proto__\":null}", "{\"a\":{\"__proto__\":1}}",
        "{\"\xf0\x9f\x98\x80\":\"\\ud83d\\ude00\\/\"}",
        "{\"a\":123456789012345678901234567890}", "{\"a\":\"\\u0000\"}",
        "{\"a\":\"send\\\":true\"}",
    };

    static const char *const  refused[] = {
        "{\"send\":true}", "{\"send\":1}", "{\"send\":0}",
        "{\"send\":\"false\"}", "{\"\\u0073end\":true}", "{\"send\":[]}",
        "{\"send\":{}}", "{\"send\":\"\"}", "{\"now\":true}",
        "{\"Send\":true}", "{\"\xc5\xbf" "END\":1}", "{\"\\u017FEND\":1}",
        "{\"send\":false,\"SEND\":true}", "{\"__proto__\":{\"send\":true}}",
    };

    static const char *const  invalid[] = {
        "", " ", "[]", "true", "\"send\"", "{\"send\":false,\"send\":true}",
        "{\"send\":false,\"\\u0073end\":true}", "{\"a\":{\"b\":1,\"b\":2}}",
        "{} x", "{}{}", "{", "{\"a\":1,}", "{'send':true}",
        "\xef\xbb\xbf{}", "{\"a\":\"\xff\"}", "{\"a\":\"\\ud800\"}",
        "{send:true}", "{\"a\":01}", "{\"a\":NaN}", "/**/{}", "{\"a\":\"\n\"}",
        "{\"send\\u0000\":true}", "{\"a\":\"\\udc00\"}", "{\"a\":\"\\ud800x\"}",
        "{\"a\":\"\\ud800\\u0041\"}", "{\"a\":\"\\x\"}", "{\"a\":\"\\u00g0\"}",
        "{\"a\":-}", "{\"a\":1.}", "{\"a\":.5}", "{\"a\":1e}", "{\"a\":+1}",
        "{\"a\":tru}", "{\"a\":truee}", "{\"a\" 1}", "{,}", "{\"a\":[1,]}",
        "{\"a\":[1}", "{\"a\"", "{\"a\":", "{\"a\":\"", "{\"a\":\"\\", "\f{}",
        "{\"a\":[{\"b\":1,\"c\":{\"b\":2},\"b\":3}]}",
    };

    for (i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++) {
        is_num(body(allowed[i]), KEYGATE_ALLOWED, "%s", allowed[i]);
    }

    for (i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        is_num(body(refused[i]), KEYGATE_INSUFFICIENT_SCOPE, "%s",
               refused[i]);
    }

    for (i = 0; i < sizeof(invalid) / sizeof(invalid[0]); i++) {
        is_num(body(invalid[i]), KEYGATE_BODY_INVALID, "invalid %u", i);
    }

    deep = malloc(200001);
    memset(deep, '[', 200000);
    deep[200000] = '\0';
    is_num(body(deep), KEYGATE_BODY_INVALID, "200,000 levels");
    free(deep);
}


static void
fields(void)
{
    char           text[2][256];
    keygate_buf_t  b[2];
    unsigned       i;

    setup();
    (void) decide("POST", "/api/v1/items", KEY("AAAAAA"));

    for (i = 0; i < 2; i++) {
        b[i].data = (unsigned char *) text[i];
        b[i].size = sizeof(text[i]);
        b[i].len = 0;
    }

    keygate_verdict_policy_of(&v, WALL, &b[0]);
    b[1].len = keygate_verdict_left(&v, b[1].data);
    is_str(text[0], b[0].len, "\"minute\";q=10;w=60, \"company\";q=15;w=3600",
           "RateLimit-Policy");
    is_str(text[1], b[1].len, "\"minute\";r=6;t=62, \"company\";r=11;t=3613",
           "RateLimit");
    ok(keygate_verdict_nearest(&v) == &v.windows[0], "the nearest");

    b[0].len = b[1].len = 0;
    keygate_verdict_challenge(api, &api->sources[0], &v, &b[0]);
    is_str(text[0], b[0].len, "", "a header has no challenge for scopes");
    keygate_verdict_challenge(api, &api->sources[1], &v, &b[1]);
    is_str(text[1], b[1].len, "Bearer realm=\"test\", "
           "error=\"insufficient_scope\", scope=\"items:write\"", "bearer");

    (void) decide("GET", "/api/v1/items", NULL);
    b[0].len = b[1].len = 0;
    keygate_verdict_challenge(api, &api->sources[0], &v, &b[0]);
    is_str(text[0], b[0].len, "ApiKey realm=\"test\", header=\"X-Api-Key\"",
           "header");
    keygate_verdict_challenge(api, &api->sources[1], &v, &b[1]);
    is_str(text[1], b[1].len, "Bearer realm=\"test\"", "no error");

    (void) decide("GET", "/api/v1/items", "x");
    b[1].len = 0;
    keygate_verdict_challenge(api, &api->sources[1], &v, &b[1]);
    is_str(text[1], b[1].len, "Bearer realm=\"test\"",
           "no error where no bearer token was sent");

    v.source = &api->sources[1];
    b[1].len = 0;
    keygate_verdict_challenge(api, &api->sources[1], &v, &b[1]);
    is_str(text[1], b[1].len, "Bearer realm=\"test\", "
           "error=\"invalid_token\"", "invalid_token");
}


int
main(void)
{
    rows();
    scopes();
    lives();
    accounts();
    rates();
    quota();
    check();
    bodies();
    fields();

    api_text_free();
    keygate_digester_destroy(digester);

    return tap_done();
}

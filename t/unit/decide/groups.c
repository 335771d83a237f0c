/*
 * Rates by plan and by group of routes: which hold, what they count apart, and
 * for whom there is memory.
 */

#include "decide_world.h"


static const char  conf[] =
    "zone keys;\n"
    "credential header X-Api-Key;\n"
    "key_format ck_live_ id=6 secret=24;\n"
    "plan starter;\n"
    "plan growth;\n"
    "plan scale;\n"
    "rate 10r/m;\n"
    "rate 3r/m plan=starter;\n"
    "rate 20r/m plan=growth,scale;\n"
    "rate 90r/h per=account plan=scale;\n"
    "rate 2r/m group=search;\n"
    "rate 4r/m group=search plan=scale;\n"
    "rate 5r/h group=search per=account name=found;\n"
    "rate 3r/month group=export;\n"
    "route GET /me any;\n"
    "route GET /free any cost=0 group=search;\n"
    "route GET /search any group=search;\n"
    "route GET /search/all any group=search cost=2;\n"
    "route GET /export any group=export;\n";

static void
account(const char *id, const char *plan)
{
    char  line[256];

    snprintf(line, sizeof(line), "{\"account\":{\"id\":\"%s\",\"name\":\"B\","
             "\"plan\":\"%s\",\"status\":\"active\"}}", id, plan);
    apply(line);
}


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

    account("biz_1", "starter");
    account("biz_2", "other");
    apply_key("ck_live_AAAAAA", KEY("AAAAAA"), ",\"account\":\"biz_1\"");
    apply_key("ck_live_BBBBBB", KEY("BBBBBB"), ",\"account\":\"biz_1\"");
    apply_key("ck_live_CCCCCC", KEY("CCCCCC"), ",\"account\":\"biz_2\"");
    apply_key("ck_live_LLLLLL", KEY("LLLLLL"), ",\"account\":\"biz_2\","
              "\"rates\":[\"50r/m\",\"9r/h\"]");
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


/* As the gate does it: what is missing is made, and it is asked again. */

static keygate_code_e
decide(const char *path, const char *credential)
{
    if (decide_flags("GET", path, credential, 0) == KEYGATE_UNAVAILABLE
        && v.lacks)
    {
        if (keygate_decide_group(api, table, &v, &now) != KEYGATE_OK) {
            return KEYGATE_UNAVAILABLE;
        }

        (void) decide_flags("GET", path, credential, 0);
    }

    return v.code;
}


/* "minute=3-1 hour=5-0": names, limits and what is left, in their order. */

static const char *
windows(void)
{
    size_t       n;
    unsigned     i;
    static char  text[1024];

    for (text[0] = '\0', n = 0, i = 0; i < v.n_windows; i++) {
        n += (size_t) snprintf(text + n, sizeof(text) - n, "%s%.*s=%u-%u",
                               i ? " " : "",
                               (int) v.windows[i].label->name.len,
                               v.windows[i].label->name.data,
                               v.windows[i].limit, v.windows[i].remaining);
    }

    return text;
}


#define shows(want, ...)                                                      \
    is_str(windows(), strlen(windows()), want, __VA_ARGS__)


static uint64_t
used(void)
{
    keygate_table_stats_t  stats;

    keygate_table_stats(table, &stats);

    return stats.used;
}


static void
plans(void)
{
    unsigned       i;
    char           text[128];
    const char    *k = KEY("AAAAAA");
    keygate_buf_t  p = { (unsigned char *) text, sizeof(text), 0 };

    setup();

    for (i = 0; i < 3; i++) {
        is_num(decide("/me", k), KEYGATE_ALLOWED, "of three");
    }

    is_num(decide("/me", k), KEYGATE_RATE_LIMITED, "no fourth on that plan");
    shows("minute=3-0", "in place of the rate of all");
    keygate_verdict_policy_of(&v, WALL, &p);
    is_str(text, p.len, "\"minute\";q=3;w=60", "and so is the policy");

    account("biz_1", "scale");
    is_num(decide("/me", k), KEYGATE_ALLOWED, "a new plan holds at once");
    shows("minute=20-16 hour=90-89", "what was used counts");

    account("biz_1", "starter");
    is_num(decide("/me", k), KEYGATE_RATE_LIMITED, "and the old one again");

    is_num(decide("/me", KEY("CCCCCC")), KEYGATE_ALLOWED,
           "a plan that the API does not know");
    shows("minute=10-9", "has the rate of all");

    is_num(decide("/me", KEY("LLLLLL")), KEYGATE_ALLOWED, "own rates");
    shows("minute=50-49 hour=9-8", "take their place");
    account("biz_2", "scale");
    (void) decide("/me", KEY("LLLLLL"));
    shows("minute=50-48 key-hour=9-7 hour=90-89", "not that of the account");
}


static void
groups(void)
{
    const char  *k = KEY("AAAAAA"), *b = KEY("BBBBBB");

    setup();

    is_num(decide("/search", k), KEYGATE_ALLOWED, "in a group");
    shows("minute=3-2 search-minute=2-1 found=5-4", "all count");
    is_num(decide("/me", k), KEYGATE_ALLOWED, "not in one");
    shows("minute=3-1", "the group's are not shown");
    is_num(decide("/search", k), KEYGATE_ALLOWED, "a second in it");
    shows("minute=3-0 search-minute=2-0 found=5-3", "have counts of their own");

    account("biz_1", "scale");
    is_num(decide("/search", k), KEYGATE_ALLOWED, "a plan for a group");
    shows("minute=20-16 hour=90-89 search-minute=4-1 found=5-2",
          "in place of the group's");
    is_num(decide("/search/all", b), KEYGATE_ALLOWED, "a cost");
    shows("minute=20-18 hour=90-87 search-minute=4-2 found=5-0",
          "of another key of the account");
    is_num(decide("/search", b), KEYGATE_RATE_LIMITED, "the account is full");
    ok(v.windows[3].refused && !v.windows[2].refused && v.retry_after > 3000,
       "it says which");
    shows("minute=20-18 hour=90-87 search-minute=4-2 found=5-0",
          "and nothing was charged");
    is_num(decide("/me", b), KEYGATE_ALLOWED, "the others are free");

    is_num(decide("/search", KEY("LLLLLL")), KEYGATE_ALLOWED, "own rates");
    shows("minute=50-49 hour=9-8 search-minute=2-1 found=5-4",
          "replace none of a group");

    is_num(decide("/export", b), KEYGATE_ALLOWED, "a month in a group");
    (void) decide("/export", b);
    (void) decide("/export", b);
    is_num(decide("/export", b), KEYGATE_QUOTA_EXCEEDED, "is a quota");
    shows("minute=20-14 hour=90-83 export-month=3-0", "of its own");

    now.tick += 62 * KEYGATE_TICKS;
    now.ms += 62000;
    is_num(decide("/search", k), KEYGATE_RATE_LIMITED, "a minute later");
    shows("minute=20-20 hour=90-83 search-minute=4-4 found=5-0",
          "minutes are free");
}


static void
memory(void)
{
    uint64_t       n;
    const char    *k = KEY("AAAAAA");
    keygate_key_t  key;

    setup();

    n = used();
    (void) decide("/me", k);
    (void) decide("/free", k);
    is_num(v.code, KEYGATE_ALLOWED, "a request that costs nothing");
    shows("minute=3-2 search-minute=2-2 found=5-5", "what it would have");
    (void) decide_flags("GET", "/search", k, KEYGATE_CHECK_ONLY);
    is_num(v.code, KEYGATE_ALLOWED, "one that is only looked at");
    shows("minute=3-2 search-minute=2-2 found=5-5", "nothing is used yet");
    is_num(keygate_decide_left(api, table, NULL, KEYGATE_STR("ck_live_AAAAAA"),
                               1, &now, &scratch, &v),
           KEYGATE_OK, "what is left");
    shows("search-minute=2-2 found=5-5", "of a group");
    is_num(used(), n, "take no memory");

    is_num(decide_flags("GET", "/search", k, 0), KEYGATE_UNAVAILABLE,
           "before there is any");
    ok(v.lacks && v.retry_after == 1 && !v.charged, "nothing is charged");
    is_num(used(), n, "and it takes none by itself");

    (void) decide("/search", k);
    is_num(used() - n, 2 * (64 + 136), "a ring for the key and its account");
    n = used();
    (void) decide("/search", k);
    is_num(used(), n, "only once");
    (void) keygate_decide_left(api, table, NULL, KEYGATE_STR("ck_live_AAAAAA"),
                               1, &now, &scratch, &v);
    shows("search-minute=2-0 found=5-3", "what is left of it");
    (void) keygate_decide_left(api, table, NULL, KEYGATE_STR("ck_live_AAAAAA"),
                               0, &now, &scratch, &v);
    shows("minute=3-0", "and of all routes");

    /* another key in its place */

    (void) keygate_table_find_id(table, KEYGATE_STR("ck_live_AAAAAA"), &key);
    apply("{\"key\":{\"id\":\"ck_live_AAAAAA\",\"deleted\":true}}");
    apply_key("ck_live_DDDDDD", KEY("DDDDDD"), ",\"account\":\"biz_1\"");
    is_num(decide("/search", KEY("DDDDDD")), KEYGATE_ALLOWED, "a new key");
    is_num(v.key.ref, key.ref, "where one was deleted");
    shows("minute=3-2 search-minute=2-1 found=5-2", "begins anew");

    n = used();
    apply_key("ck_live_DDDDDD", KEY("DDDDDD"), ",\"account\":\"biz_2\"");
    is_num(decide("/search", KEY("DDDDDD")), KEYGATE_ALLOWED, "moved");
    shows("minute=10-8 search-minute=2-0 found=5-4", "to another account");
}


/* A zone without room refuses, and never admits. */

static void
full(void)
{
    char      id[32], secret[64];
    unsigned  i;

    setup();
    account("biz_1", "growth");

    for (i = 0; i < 3000; i++) {
        snprintf(id, sizeof(id), "ck_live_%06u", i);
        snprintf(secret, sizeof(secret), "%s_abcdefghijklmnopqrstuvwx", id);
        apply_key(id, secret, ",\"account\":\"biz_1\"");
    }

    for (i = 0; i < 3000; i++) {
        snprintf(secret, sizeof(secret),
                 "ck_live_%06u_abcdefghijklmnopqrstuvwx", i);

        if (decide("/export", secret) != KEYGATE_ALLOWED) {
            break;
        }
    }

    ok(i > 700 && i < 3000, "%u keys have used a group", i);
    is_num(v.code, KEYGATE_UNAVAILABLE, "and then no room");
    is_num(decide("/me", secret), KEYGATE_ALLOWED,
           "what needs none is allowed");
    is_num(decide("/export", KEY("AAAAAA")), KEYGATE_UNAVAILABLE,
           "for nobody who comes now");
    is_num(decide("/export", "ck_live_000001_abcdefghijklmnopqrstuvwx"),
           KEYGATE_ALLOWED, "who was there goes on");
}


int
main(void)
{
    plans();
    groups();
    memory();
    full();

    keygate_digester_destroy(digester);
    api_text_free();

    return tap_done();
}

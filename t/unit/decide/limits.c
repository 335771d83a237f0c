/*
 * The limits of the three APIs as they are shipped in conf.d, through the
 * whole decision, without waiting: time is an argument.
 */

#include "tap.h"

#include "api_text.h"
#include "keygate_decide.h"
#include "random.h"


#define WALL   1780000000
#define SIZE   (1024 * 1024)
#define TIMES  40000


typedef struct {
    const char  *name;
    const char  *method;
    const char  *path;
    const char  *credential;
    const char  *other;           /* of the same account */
    const char  *plan;
    const char  *scope;
    unsigned     limit;
    unsigned     seconds;
    const char  *policy;
} shipped_t;


static const shipped_t  shipped[] = {

    { "cooledge", "GET", "/api/v1/jobs",
      "ck_live_AAAAAA_abcdefghijklmnopqrstuvwx",
      "ck_live_BBBBBB_abcdefghijklmnopqrstuvwx", "growth", "jobs:read",
      120, 60, "\"minute\";q=120;w=60" },

    { "coolset", "GET", "/api/orders/",
      "sk_live_abcdefghijklmnopqrstuvwxyzABCDEF",
      "sk_live_abcdefghijklmnopqrstuvwxyzABCDEG", "", "read",
      1000, 3600, "\"hour\";q=1000;w=3600" },

    { "crewkeel", "GET", "/api/v1/jobs",
      "ck_live_abcdefghijklmnopqrstuvwxyzABCDEF",
      "ck_live_abcdefghijklmnopqrstuvwxyzABCDEG", "pro", "jobs:read",
      100, 60, "\"minute\";q=100;w=60" },
};


static keygate_api_t       *api;
static keygate_table_t     *table;
static keygate_digester_t  *digester;
static keygate_verdict_t    v;
static keygate_scratch_t    scratch;
static uint64_t             mem[SIZE / 8];


/* The inside of "keygate_api NAME { ... }", without comments. */

static size_t
block(const char *name, char *text, size_t size)
{
    int     inside;
    FILE   *f;
    char    line[256], first[80], *p;
    size_t  len;

    snprintf(line, sizeof(line), "conf.d/%s.conf", name);
    snprintf(first, sizeof(first), "keygate_api %s {", name);

    f = fopen(line, "r");
    if (f == NULL) {
        printf("Bail out! %s cannot be read\n", line);
        exit(1);
    }

    for (inside = 0, len = 0; fgets(line, sizeof(line), f); /* void */ ) {
        p = line + strspn(line, " ");

        if (*p == '}') {
            inside = 0;
        }

        if (inside && *p != '#' && len + strlen(p) < size) {
            strcpy(text + len, p);

            /* quotes inside of quotes are not what this is about */

            while ((p = strstr(text + len, "\\\"")) != NULL) {
                p[0] = p[1] = '\'';
            }

            len += strlen(text + len);
        }

        if (strncmp(line, first, strlen(first)) == 0) {
            inside = 1;
        }
    }

    fclose(f);

    return len;
}


static void
apply(const char *line, const keygate_now_t *now)
{
    keygate_str_t     s;
    keygate_fault_t   fault;
    keygate_record_t  record;

    s.data = (const unsigned char *) line;
    s.len = strlen(line);

    if (keygate_record_parse(s, &record, &fault) != KEYGATE_OK) {
        printf("Bail out! %s\n", line);
        exit(1);
    }

    if (keygate_table_apply(table, &record, 0, now) != KEYGATE_OK) {
        printf("Bail out! not applied: %s\n", line);
        exit(1);
    }

    keygate_record_free(&record);
}


static void
apply_key(const char *id, const char *credential, const char *scope,
    const keygate_now_t *now)
{
    char           line[512], hex[65];
    unsigned char  digest[32];
    keygate_str_t  s;

    s.data = (const unsigned char *) credential;
    s.len = strlen(credential);

    keygate_digest(digester, s, digest);
    keygate_digest_hex(digest, hex);

    snprintf(line, sizeof(line), "{\"key\":{\"id\":\"%s\",\"account\":\"a\","
             "\"digest\":\"sha256:%s\",\"scopes\":[\"%s\"]}}", id, hex, scope);
    apply(line, now);
}


static void
setup(const shipped_t *s)
{
    char                  line[256];
    size_t                len;
    keygate_now_t         now;
    keygate_str_t         name;
    keygate_conf_fault_t  fault;
    static char           text[65536];

    now = keygate_rate_now(0, WALL);
    len = block(s->name, text, sizeof(text));
    memset(mem, 0, SIZE);

    api_text_free();
    api = api_text(text, len, &fault);
    table = keygate_table_init(mem, SIZE, (const unsigned char *)
                               "0123456789abcdef");

    if (len == 0 || api == NULL || table == NULL
        || keygate_api_bind(api, table, &now) != KEYGATE_OK)
    {
        printf("Bail out! %s: \"%.*s\", expected %s\n", s->name,
               (int) fault.value.len, fault.value.data, fault.expected);
        exit(1);
    }

    name.data = (const unsigned char *) s->plan;
    name.len = strlen(s->plan);

    snprintf(line, sizeof(line), "{\"account\":{\"id\":\"a\",\"name\":\"A\""
             "%s%.*s%s}}", name.len ? ",\"plan\":\"" : "", (int) name.len,
             name.data, name.len ? "\"" : "");
    apply(line, &now);

    apply_key("ck_live_AAAAAA", s->credential, s->scope, &now);
    apply_key("ck_live_BBBBBB", s->other, s->scope, &now);
}


static int
allowed(const shipped_t *s, const char *credential, uint64_t ms)
{
    keygate_request_t  r;

    memset(&r, 0, sizeof(r));

    r.method.data = (const unsigned char *) s->method;
    r.method.len = strlen(s->method);
    r.raw.data = (const unsigned char *) s->path;
    r.raw.len = strlen(s->path);
    r.n_credentials = 1;
    r.credential.data = (const unsigned char *) credential;
    r.credential.len = strlen(credential);
    r.now = keygate_rate_now(ms, WALL + (int64_t) (ms / 1000));

    keygate_decide(api, table, digester, &r, 0, &scratch, &v);

    return v.code == KEYGATE_ALLOWED ? 1 : v.code == KEYGATE_RATE_LIMITED ? 0
                                                                         : -1;
}


/* All at once, then no more, then again. */

static void
burst(const shipped_t *s)
{
    char           policy[128];
    unsigned       i, n, wait;
    uint64_t       ms;
    keygate_buf_t  p = { (unsigned char *) policy, sizeof(policy), 0 };

    setup(s);
    ms = 5000;

    for (n = 0, i = 0; i < s->limit; i++) {
        n += allowed(s, s->credential, ms + i) == 1;
    }

    is_num(n, s->limit, "%s: %u are admitted", s->name, s->limit);
    is_num(v.windows[0].remaining, 0, "none remains");
    is_num(allowed(s, s->credential, ms + i), 0, "the next is refused");

    keygate_verdict_policy_of(&v, WALL + 6, &p);
    is_str(policy, p.len, s->policy, "the policy");

    wait = v.retry_after;
    ok(wait > s->seconds - 2 && wait <= s->seconds + s->seconds / 32 + 1,
       "to come back in %u s", wait);
    is_num(allowed(s, s->other, ms + i), 1, "another key is free to");

    ms += i + wait * 1000ull;
    is_num(allowed(s, s->credential, ms), 1, "Retry-After tells the truth");
}


/*
 * Requests at random times, many of them in bursts, for a dozen windows: in
 * no span of one window are more admitted than the limit, and none is refused
 * that an exact log of the last 33/32 of a window would admit.
 */

static void
slide(const shipped_t *s)
{
    unsigned         i, first, last, late, over, early, refused;
    uint64_t         ms, span;
    static uint64_t  log[TIMES];

    setup(s);

    span = s->seconds * 1000ull;
    ms = 1000;
    first = last = late = over = early = refused = 0;

    for (i = 0; i < TIMES; i++) {
        ms += random_below(4) ? random_below(20)
                              : random_below(s->seconds * 4000 / s->limit);

        while (first < last && log[first] + span <= ms) {
            first++;
        }

        while (late < last && log[late] + span + span / 32 <= ms) {
            late++;
        }

        if (allowed(s, s->credential, ms) == 1) {
            over += last - first >= s->limit;
            log[last++] = ms;

        } else {
            refused++;
            early += last - late < s->limit;
        }
    }

    is_num(over, 0, "%s: never more than %u in %u s, in %u s", s->name,
           s->limit, s->seconds, (unsigned) (ms / 1000));
    is_num(early, 0, "none refused too early");
    ok(refused > TIMES / 50 && last > 10 * s->limit,
       "%u admitted, %u refused", last, refused);
}


int
main(void)
{
    unsigned  i;

    digester = keygate_digester_create(KEYGATE_STR(""));

    for (i = 0; i < sizeof(shipped) / sizeof(shipped[0]); i++) {
        burst(&shipped[i]);
        slide(&shipped[i]);
    }

    keygate_digester_destroy(digester);
    api_text_free();

    return tap_done();
}

/*
 * Many random targets, each received by the gate and passed on in the
 * ways that nginx knows: whoever reads what was passed on, in whatever way,
 * is led to the route that the gate has decided on; or the answer is 4xx.
 */

#include "tap.h"

#include "api_text.h"
#include "keygate_decide.h"
#include "random.h"
#include "readings.h"


#define TARGETS  300000
#define SIZE     (1024 * 1024)
#define N(array) (sizeof(array) / sizeof((array)[0]))
#define KEY      "ck_live_AAAAAA_abcdefghijklmnopqrstuvwx"


/* Paths without a route are let through, too: they must be of none to all. */

#define ROUTES                                                                \
    "zone keys;\n"                                                            \
    "credential bearer;\n"                                                    \
    "unmatched pass;\n"                                                       \
    "route GET /v1/items any;\n"                                              \
    "route GET /v1/items/:id any;\n"                                          \
    "route GET /v1/items/special any;\n"                                      \
    "route GET /v1/items/:id/parts any;\n"                                    \
    "route GET /v1/admin/keys any;\n"                                         \
    "route GET /v1/files/* any;\n"                                            \
    "route GET /v1/:x/pub any;\n"                                             \
    "route GET /v1/open public;\n"

static const char *const  confs[] = { ROUTES, ROUTES "base /api;\n" };


typedef struct {
    keygate_api_t  *api;
    keygate_str_t   templates[16];
    unsigned        hits[17];
} gate_t;


static gate_t               gates[N(confs)];
static keygate_table_t     *table;
static keygate_digester_t  *digester;
static keygate_now_t        now;
static unsigned             refused, escaped, refused_well, wrong;


static keygate_str_t
str(const char *s)
{
    keygate_str_t  v;

    v.data = (const unsigned char *) s;
    v.len = strlen(s);

    return v;
}


static void
setup_key(void)
{
    char              line[512], hex[65];
    unsigned char     digest[32];
    keygate_fault_t   fault;
    keygate_record_t  record;

    digester = keygate_digester_create(KEYGATE_STR(""));
    (void) keygate_digest(digester, KEYGATE_STR(KEY), digest);
    keygate_digest_hex(digest, hex);

    snprintf(line, sizeof(line), "{\"key\":{\"id\":\"ck_live_AAAAAA\","
             "\"account\":\"a\",\"scopes\":[],\"digest\":\"sha256:%s\"}}", hex);

    if (keygate_record_parse(str(line), &record, &fault) != KEYGATE_OK
        || keygate_table_apply(table, &record, 0, &now) != KEYGATE_OK)
    {
        abort();
    }

    keygate_record_free(&record);
    (void) keygate_record_parse(str("{\"account\":{\"id\":\"a\"}}"), &record,
                                &fault);
    (void) keygate_table_apply(table, &record, 0, &now);
    keygate_record_free(&record);
}


static void
setup(void)
{
    unsigned              i, k;
    keygate_conf_fault_t  fault;
    static uint64_t       mem[SIZE / 8];

    now = keygate_rate_now(1000000, 1780000000);
    table = keygate_table_init(mem, SIZE,
                               (const unsigned char *) "0123456789abcdef");

    for (i = 0; i < N(confs); i++) {
        gates[i].api = api_text(confs[i], strlen(confs[i]), &fault);

        if (gates[i].api == NULL
            || keygate_api_bind(gates[i].api, table, &now) != KEYGATE_OK)
        {
            printf("Bail out! %.*s expected %s\n", (int) fault.value.len,
                   fault.value.data, fault.expected);
            exit(1);
        }

        for (k = 0; k < gates[i].api->n_routes; k++) {
            gates[i].templates[k] = gates[i].api->routes[k]->path;
        }
    }

    setup_key();
}


/* -- Targets ------------------------------------------------------------ */

static size_t
put(char *out, size_t len, const char *s)
{
    size_t  n;

    n = strlen(s);
    memcpy(out + len, s, n + 1);

    return len + n;
}


static size_t
put_segment(char *out, size_t len)
{
    static const char *const  segments[] = {
        "items", "items", "items", "special", "special", "admin", "keys",
        "files", "pub", "parts", "open", "7", "x", "..", ".", "v1", ""
    };

    return put(out, len, segments[random_below(N(segments))]);
}


/* Puts something odd into a segment, or an escape in place of a character,
 * "%25" and the like being one. */

static size_t
distort(char *out, size_t len, size_t from)
{
    char         rest[64], c;
    size_t       at;
    const char  *digits;

    static const char *const  odd[] = {
        "%2f", "%5c", ";", "%3b", "%3B", "%3bx=1", "%23", "%3f", "%3F", "%20",
        "\\", "//", "%2e", "%2E%2e", "%252e", "%252f", "%253b", "%2523",
        "%253f", "%25", "%2561", "%2525", "%u002e", "+", "*", ":", "@",
        "%c0%af", "%C3%A9", "\xc3\xa9", "%7e", "%09", "%00", "&", "=", "!",
        "..%3b", "%2e%2e%3b", "%3b/..", "%3f/..", "%23/..", "\"", "|", "%7c",
        "%", "#", "%3Bx/", "%25252541", "/", "%61"
    };

    at = from + random_below((unsigned) (len - from) + 1);
    strcpy(rest, out + at);

    if (random_below(2)) {
        len = put(out, at, odd[random_below(N(odd))]);
        return put(out, len, rest);
    }

    c = rest[0];

    if (c == '\0' || c == '/' || c == '%') {
        return len;
    }

    len = put(out, at, random_below(4) ? "%" : "%25");

    digits = random_below(2) ? "0123456789abcdef" : "0123456789ABCDEF";
    out[len++] = digits[(unsigned char) c >> 4];
    out[len++] = digits[c & 15];

    return put(out, len, rest + 1);
}


static reading_t
random_target(const char *base)
{
    char       text[READING_MAX];
    size_t     len, from;
    unsigned   i, n;

    len = put(text, 0, random_below(50) ? base : "");
    len = put(text, len, random_below(50) ? "/v1" : "");

    n = 1 + random_below(3);

    for (i = 0; i < n; i++) {
        from = len;
        len = put(text, len, "/");

        if (n == 2 && i == 0 && random_below(2)) {
            len = put(text, len, "items");

        } else {
            len = put_segment(text, len);
        }

        while (random_below(3) == 0 && len - from < 48) {
            len = distort(text, len, random_below(20) ? from + 1 : 0);
        }
    }

    if (random_below(4) == 0) {
        len = put(text, len, random_below(2) ? "?x=/v1/open" : "?");
    }

    return read_target(text, len);
}


/* -- The gate, and what is passed on ------------------------------------ */

/* The number of the route, -1 for none, -2 for 4xx. */

static int
decide(const gate_t *gate, const reading_t *target, reading_t *path)
{
    int                       route;
    unsigned                  status;
    reading_t                 raw;
    unsigned char             decoded[READING_MAX];
    keygate_request_t         request;
    static keygate_verdict_t  v;
    static keygate_scratch_t  scratch;

    raw = *target;
    read_cut(&raw, "?");

    memset(&request, 0, sizeof(request));
    request.method = KEYGATE_STR("GET");
    request.raw.data = raw.c;
    request.raw.len = raw.len;
    request.decoded = decoded;
    request.credential = KEYGATE_STR(KEY);
    request.n_credentials = 1;
    request.now = now;

    keygate_decide(gate->api, table, digester, &request, KEYGATE_CHECK_ONLY,
                   &scratch, &v);

    if (v.code != KEYGATE_ALLOWED) {
        status = keygate_error_status(&gate->api->texts, v.code);
        return status >= 400 && status < 500 ? -2 : -3;
    }

    *path = read_target(v.path.data, v.path.len);

    for (route = 0; (unsigned) route < gate->api->n_routes; route++) {
        if (gate->api->routes[route] == v.route) {
            return route;
        }
    }

    return -1;
}


static const reading_t *
astray(const gate_t *gate, const reading_t *target, keygate_str_t base,
    int want)
{
    return readings_astray(gate->templates, gate->api->n_routes, base, target,
                           want);
}


/*
 * The ways to pass a target on, of which "how" is one: as it came, with $uri,
 * and with a URI in place of the location.  Returns 0 when the target is not
 * one for that.
 */

static int
pass_on(const gate_t *gate, const reading_t *target, unsigned how,
    keygate_str_t *base, reading_t *sent)
{
    size_t  len;

    *sent = *target;
    *base = gate->api->base;

    if (how == 0) {
        return 1;
    }

    if (!nginx_uri(sent)) {
        return 0;
    }

    sent->decoded = 0;

    if (how == 1) {
        return 1;
    }

    /* location BASE/ { proxy_pass http://upstream/; } */

    len = base->len;

    if (sent->len <= len || sent->c[len] != '/'
        || (len && memcmp(sent->c, base->data, len) != 0))
    {
        return 0;
    }

    memmove(sent->c, sent->c + len, sent->len - len);
    sent->len -= len;
    nginx_escape(sent);
    *base = KEYGATE_STR("");

    return 1;
}


static void
test_target(gate_t *gate, const reading_t *target)
{
    int               route;
    unsigned          how;
    reading_t         path, uri, sent;
    keygate_str_t     base;
    const reading_t  *other;

    static const char *const  ways[] = { "as it came", "with $uri",
                                         "with a URI" };

    route = decide(gate, target, &path);
    uri = *target;

    if (route < -1) {
        refused++;
        wrong += route == -3;

        /* a gate that had taken it all the same, as nginx has it */

        if (!nginx_uri(&uri)) {
            return;
        }

        route = route_below(gate->templates, gate->api->n_routes,
                            gate->api->base,
                            (keygate_str_t) { uri.len, uri.c });
        refused_well += astray(gate, target, gate->api->base, route) != NULL;

        return;
    }

    gate->hits[route + 1]++;
    escaped += memchr(target->c, '%', target->len) != NULL;

    if (!nginx_uri(&uri) || !read_same(&uri, &path)) {
        wrong++;
        printf("# %.*s is %.*s to nginx\n", (int) target->len,
               (const char *) target->c, (int) uri.len, (const char *) uri.c);
        return;
    }

    for (how = 0; how < N(ways); how++) {
        if (!pass_on(gate, target, how, &base, &sent)
            || (how && read_same(&sent, target)))
        {
            continue;
        }

        other = astray(gate, &sent, base, route);

        if (other != NULL && wrong++ < 5) {
            printf("# %.*s, route %d, is sent %s as %.*s: may be read as "
                   "%.*s\n", (int) target->len, (const char *) target->c,
                   route, ways[how], (int) sent.len, (const char *) sent.c,
                   (int) other->len, (const char *) other->c);
        }
    }
}


int
main(void)
{
    unsigned       i, k;
    reading_t      target;
    keygate_str_t  base, route;

    setup();
    printf("# seed %llu\n", (unsigned long long) random_state);

    for (i = 0; i < TARGETS; i++) {
        k = i % N(confs);
        base = gates[k].api->base;
        target = random_target(base.len ? "/api" : "");
        test_target(&gates[k], &target);
    }

    is_num(wrong, 0, "%u targets, as decided for whoever reads them", i);
    ok(refused < TARGETS * 3 / 4, "%u of them refused", refused);
    ok(escaped > TARGETS / 20, "%u let through with an escape", escaped);
    ok(refused_well > TARGETS / 100,
       "%u refused that would have gone astray", refused_well);

    for (k = 0; k < N(confs); k++) {
        base = gates[k].api->base;

        for (i = 0; i <= gates[k].api->n_routes; i++) {
            route = i ? gates[k].templates[i - 1] : KEYGATE_STR(": none");

            ok(gates[k].hits[i] > TARGETS / 10000, "%u for %.*s%.*s",
               gates[k].hits[i], (int) base.len, (const char *) base.data,
               (int) route.len, (const char *) route.data);
        }
    }

    api_text_free();
    keygate_digester_destroy(digester);

    return tap_done();
}

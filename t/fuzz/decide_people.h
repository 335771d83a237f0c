/*
 * Who knocks at the gate of the decision's target: two APIs, accounts and
 * keys, told twice, as the journal tells them and as plainly as it gets.
 */

#ifndef KEYGATE_DECIDE_PEOPLE_H
#define KEYGATE_DECIDE_PEOPLE_H

#include "fuzz.h"

#include "../unit/api_text.h"

#include "keygate_decide.h"


#define WALL        1780000000           /* 2026-05-28T20:26:40Z */
#define TABLE_SIZE  (160 * 1024)
#define TEMPLATES   32

#define A(id)       "ck_live_" id "_abcdefghijklmnopqrstuvwx"
#define B(last)     "sk_abcdefghijklmnopqrstuv" last


static const char *const  confs[] = {

    "zone keys;\n"
    "credential header X-Api-Key;\n"
    "credential bearer;\n"
    "key_format ck_live_ id=6 secret=24;\n"
    "base /api;\n"
    "scope items:read \"Read\";\n"
    "scope items:write implies=items:read;\n"
    "scope items:all implies=items:write;\n"
    "scope admin:read;\n"
    "plan starter;\n"
    "plan growth api_access;\n"
    "plan scale api_access bulk;\n"
    "require api_access;\n"
    "preflight pass;\n"
    "rate 10r/m;\n"
    "rate 15r/h per=account name=company;\n"
    "route GET /v1/open public;\n"
    "route GET /v1/maybe optional;\n"
    "route GET /v1/me any;\n"
    "route GET /v1/items items:read;\n"
    "route POST /v1/items items:write cost=4;\n"
    "route GET /v1/items/:id items:read;\n"
    "route GET|DELETE /v1/items/special admin:read;\n"
    "route GET /v1/admin/keys admin:read;\n"
    "route GET /v1/either items:write|admin:read;\n"
    "route GET /v1/both items:read&admin:read;\n"
    "route GET /v1/bulk any feature=bulk;\n"
    "route GET /v1/dear any cost=10;\n"
    "route GET /v1/dearest any cost=9;\n"
    "route POST /v1/send items:read;\n"
    "when POST /v1/send body.send admin:read;\n"
    "when POST /v1/send body.now items:write;\n",

    "zone keys;\n"
    "credential bearer;\n"
    "key_format sk_ id=0 secret=24;\n"
    "preflight answer *;\n"
    "unmatched pass;\n"
    "rate_headers off;\n"
    "scope read;\n"
    "scope write implies=read;\n"
    "route * /files/* read;\n"
    "route PUT /files/* write;\n"
    "route GET /files/:name/public public;\n"
    "route GET / public;\n"
    "route PATCH /:thing/:id write;\n"
    "when PATCH /:thing/:id body.owner read;\n"
};


typedef struct {
    const char  *id;
    const char  *members;
    const char  *plan;
    int          open;                   /* the subscription holds */
} account_t;


static const account_t  accounts[] = {
    { "good", "\"plan\":\"growth\",\"status\":\"active\"", "growth", 1 },
    { "large", "\"plan\":\"scale\",\"status\":\"trialing\","
      "\"trial_ends_at\":\"2026-05-28T20:26:41Z\"", "scale", 1 },
    { "tried", "\"plan\":\"scale\",\"status\":\"trialing\","
      "\"trial_ends_at\":\"2026-05-28T20:26:40Z\"", "scale", 0 },
    { "endless", "\"plan\":\"scale\",\"status\":\"trialing\"", "scale", 0 },
    { "late", "\"plan\":\"starter\",\"status\":\"past_due\"", "starter", 0 },
    { "small", "\"plan\":\"starter\",\"status\":\"active\"", "starter", 1 },
    { "odd", "\"plan\":\"unheard_of\",\"status\":\"active\"", "", 1 },
};

#define ACCOUNTS  (sizeof(accounts) / sizeof(accounts[0]))


typedef struct {
    const char  *credential;
    const char  *old;                    /* before a rotation */
    const char  *account;
    const char  *scopes;                 /* as a JSON list */
    const char  *rest;                   /* of the members */
    unsigned     old_is_over:1;
    unsigned     revoked:1;
    unsigned     suspended:1;
    unsigned     expired:1;
    unsigned     inside:1;               /* only from 10.0.0.0/8 */
    uint32_t     minute;                 /* rates of its own; 0: none */
    uint32_t     month;
} person_t;


static const person_t  people[] = {
    { .credential = A("AAAAAA"), .account = "good",
      .scopes = "\"items:read\"" },
    { .credential = A("BBBBBB"), .account = "good",
      .scopes = "\"items:all\",\"gone:scope\"" },
    { .credential = A("CCCCCC"), .account = "large",
      .scopes = "\"admin:read\",\"items:read\"" },
    { .credential = A("DDDDDD"), .account = "good",
      .scopes = "\"items:all\",\"admin:read\"", .revoked = 1,
      .rest = ",\"revoked_at\":\"2030-01-01T00:00:00Z\"" },
    { .credential = A("EEEEEE"), .account = "good",
      .scopes = "\"items:all\",\"admin:read\"", .expired = 1,
      .rest = ",\"expires_at\":\"2026-05-28T20:26:40Z\"" },
    { .credential = A("FFFFFF"), .account = "good",
      .scopes = "\"items:write\"", .inside = 1,
      .rest = ",\"addresses\":[\"10.0.0.0/8\"],"
              "\"expires_at\":\"2026-05-28T20:26:41Z\"" },
    { .credential = A("GGGGGG"), .account = "tried",
      .scopes = "\"items:all\"" },
    { .credential = A("HHHHHH"), .account = "late", .scopes = "" },
    { .credential = A("IIIIII"), .account = "small",
      .scopes = "\"items:read\"" },
    { .credential = A("JJJJJJ"), .account = "nobody",
      .scopes = "\"items:read\"" },
    { .credential = A("KKKKKK"), .account = "large",
      .scopes = "\"items:read\"", .minute = 1, .month = 3,
      .rest = ",\"rates\":[\"1r/m\",\"3r/month\"]" },
    { .credential = A("LLLLLL"), .old = A("L0L0L0"), .account = "good",
      .scopes = "\"items:write\"" },
    { .credential = A("MMMMMM"), .old = A("M0M0M0"), .account = "good",
      .scopes = "\"items:write\"", .old_is_over = 1 },
    { .credential = B("NN"), .account = "odd", .scopes = "\"read\"" },
    { .credential = B("OO"), .account = "good", .scopes = "\"write\"" },
    { .credential = B("PP"), .account = "late", .scopes = "\"write\"" },
    { .credential = B("QQ"), .account = "odd", .scopes = "" },
    { .credential = A("RRRRRR"), .account = "endless",
      .scopes = "\"items:read\"" },
    { .credential = A("SSSSSS"), .account = "good",
      .scopes = "\"items:all\",\"admin:read\"", .suspended = 1,
      .rest = ",\"suspended_at\":\"2026-01-01T00:00:00Z\"" },
};

#define PEOPLE  (sizeof(people) / sizeof(people[0]))


static keygate_api_t       *apis[2];
static keygate_digester_t  *digester;
static keygate_now_t        now;
static uint64_t             fresh[TABLE_SIZE / 8];
static uint64_t             mem[TABLE_SIZE / 8];
static keygate_table_t     *table;


static int
person_live(const person_t *who)
{
    return !who->revoked && !who->suspended && !who->expired;
}


static void
person_hex(const char *credential, char hex[65])
{
    unsigned char  digest[KEYGATE_DIGEST_LEN];

    must(keygate_digest(digester, fuzz_str(credential), digest)
         == KEYGATE_OK);
    keygate_digest_hex(digest, hex);
}


/* "A", "B", ... in the order of the list. */

static void
person_id(const person_t *person, char id[2])
{
    id[0] = (char) ('A' + (person - people));
    id[1] = '\0';
}


static void
people_apply(const char *line)
{
    keygate_fault_t   fault;
    keygate_record_t  record;

    must(keygate_record_parse(fuzz_str(line), &record, &fault)
         == KEYGATE_OK);
    must(keygate_table_apply(table, &record, 0, &now) == KEYGATE_OK);
    keygate_record_free(&record);
}


static void
people_settle(const person_t *person)
{
    int   n;
    char  line[1024], hex[65], id[2];

    person_id(person, id);
    person_hex(person->credential, hex);

    n = snprintf(line, sizeof(line), "{\"key\":{\"id\":\"%s\",\"account\":"
                 "\"%s\",\"digest\":\"sha256:%s\",\"scopes\":[%s]%s", id,
                 person->account, hex, person->scopes,
                 person->rest ? person->rest : "");

    if (person->old != NULL) {
        person_hex(person->old, hex);
        n += snprintf(line + n, sizeof(line) - (size_t) n,
                      ",\"previous\":{\"digest\":\"sha256:%s\",\"until\":"
                      "\"2026-05-28T20:26:4%dZ\"}", hex,
                      person->old_is_over ? 0 : 1);
    }

    snprintf(line + n, sizeof(line) - (size_t) n, "}}");
    people_apply(line);
}


/* All of them, in a table that can be had anew at any time. */

static void
people_settle_all(void)
{
    char                  line[256];
    unsigned              i;
    keygate_conf_fault_t  fault;

    digester = keygate_digester_create(KEYGATE_STR(""));
    now = keygate_rate_now(1000000, WALL);
    table = keygate_table_init(mem, TABLE_SIZE,
                               (const unsigned char *) "0123456789abcdef");
    must(digester != NULL && table != NULL);

    for (i = 0; i < 2; i++) {
        apis[i] = api_text(confs[i], strlen(confs[i]), &fault);
        must(apis[i] != NULL && apis[i]->n_routes <= TEMPLATES);
        must(keygate_api_bind(apis[i], table, &now) == KEYGATE_OK);
    }

    for (i = 0; i < ACCOUNTS; i++) {
        snprintf(line, sizeof(line), "{\"account\":{\"id\":\"%s\",%s}}",
                 accounts[i].id, accounts[i].members);
        people_apply(line);
    }

    for (i = 0; i < PEOPLE; i++) {
        people_settle(&people[i]);
    }

    memcpy(fresh, mem, TABLE_SIZE);
}


static void
people_as_before(void)
{
    memcpy(mem, fresh, TABLE_SIZE);
}


#endif /* KEYGATE_DECIDE_PEOPLE_H */

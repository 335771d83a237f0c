/*
 * A table that never comes to rest: a reader gives up after a while, and then
 * a key that may exist is "unavailable", never one that is none, and nobody is
 * let in for it.
 */

#include <pthread.h>
#include <time.h>

#include "decide_world.h"
#include "keygate_table_layout.h"


#define SECONDS  10


static const char  conf[] =
    "zone keys;\n"
    "credential header X-Api-Key;\n"
    "key_format ck_live_ id=6 secret=24;\n"
    "scope a;\n"
    "route GET /a a;\n";

static int  over;


/* What a writer does who frees something again and again. */

static void *
disturb(void *data)
{
    (void) data;

    while (!__atomic_load_n(&over, __ATOMIC_RELAXED)) {
        __atomic_fetch_add(&table->reused, 1, __ATOMIC_SEQ_CST);
    }

    return NULL;
}


static keygate_code_e
decide(const char *credential)
{
    static unsigned char  decoded[1024];
    keygate_request_t     r;

    memset(&r, 0, sizeof(r));
    r.method = KEYGATE_STR("GET");
    r.raw = KEYGATE_STR("/a");
    r.decoded = decoded;
    r.now = now;
    r.n_credentials = 1;
    r.credential.data = (const unsigned char *) credential;
    r.credential.len = strlen(credential);

    keygate_decide(api, table, digester, &r, 0, &scratch, &v);

    return v.code;
}


int
main(void)
{
    time_t                end;
    unsigned              n[2], wrong;
    pthread_t             thread;
    keygate_code_e        code;
    keygate_str_t         none = KEYGATE_STR("");
    keygate_conf_fault_t  fault;
    static uint64_t       mem[SIZE / 8];

    digester = keygate_digester_create(none);
    now = keygate_rate_now(1000000, WALL);
    api = api_text(conf, sizeof(conf) - 1, &fault);
    table = keygate_table_init(mem, SIZE, (const unsigned char *)
                               "0123456789abcdef");

    if (api == NULL || keygate_api_bind(api, table, &now) != KEYGATE_OK) {
        printf("Bail out! no API\n");
        return 1;
    }

    apply("{\"account\":{\"id\":\"biz_1\",\"name\":\"B\","
          "\"status\":\"active\"}}");
    apply_key("ck_live_AAAAAA", KEY("AAAAAA"),
              ",\"account\":\"biz_1\",\"scopes\":[\"a\"]");
    apply_key("ck_live_BBBBBB", KEY("BBBBBB"),
              ",\"account\":\"biz_1\",\"scopes\":[\"a\"],"
              "\"revoked_at\":\"2020-01-01T00:00:00Z\"");

    is_num(decide(KEY("AAAAAA")), KEYGATE_ALLOWED, "at rest: a key");
    is_num(decide(KEY("BBBBBB")), KEYGATE_KEY_REVOKED, "a revoked one");
    is_num(decide(KEY("CCCCCC")), KEYGATE_CREDENTIAL_INVALID, "none");

    if (pthread_create(&thread, NULL, disturb, NULL) != 0) {
        printf("Bail out! no thread\n");
        return 1;
    }

    memset(n, 0, sizeof(n));
    wrong = 0;
    end = time(NULL) + SECONDS;

    while ((n[0] == 0 || n[1] == 0) && time(NULL) < end) {
        code = decide(KEY("AAAAAA"));
        n[0] += code == KEYGATE_UNAVAILABLE;
        wrong += code != KEYGATE_ALLOWED && code != KEYGATE_UNAVAILABLE;

        code = decide(KEY("BBBBBB"));
        n[1] += code == KEYGATE_UNAVAILABLE;
        wrong += code != KEYGATE_KEY_REVOKED && code != KEYGATE_UNAVAILABLE;

        code = decide(KEY("CCCCCC"));
        wrong += code != KEYGATE_CREDENTIAL_INVALID
                 && code != KEYGATE_UNAVAILABLE;
    }

    __atomic_store_n(&over, 1, __ATOMIC_RELAXED);
    pthread_join(thread, NULL);

    is_num(wrong, 0, "disturbed: nobody gets another answer than that");

    /* processors of a virtual machine may be one, in turns */

    printf("# unavailable: a key %u times, a revoked one %u%s\n", n[0], n[1],
           n[0] == 0 || n[1] == 0
           ? ": two threads have not run at the same time here" : "");

    is_num(decide(KEY("AAAAAA")), KEYGATE_ALLOWED, "then all is as before");

    keygate_digester_destroy(digester);
    api_text_free();

    return tap_done();
}

/*
 * What was let in, looked at again: keygate_decide_live() says what a new
 * request would be told.
 */

#include "decide_world.h"


#define SECRET  KEY("LIVE01")
#define OTHER   KEY("LIVE02")


static const char  conf[] =
    "zone keys;\n"
    "credential header X-Api-Key;\n"
    "key_format ck_live_ id=6 secret=24;\n"
    "route GET /v1/me any;\n";


static void
asked(keygate_str_t credential)
{
    keygate_request_t  request;

    memset(&request, 0, sizeof(request));
    request.method = KEYGATE_STR("GET");
    request.raw = KEYGATE_STR("/v1/me");
    request.credential = credential;
    request.n_credentials = 1;
    request.now = now;

    keygate_decide(api, table, digester, &request, 0, &scratch, &v);
}


static void
is_live(const char *secret, keygate_code_e want, int there, const char *name)
{
    int             found;
    keygate_str_t   id = KEYGATE_STR("ck_live_LIVE01"), s;
    keygate_code_e  code;

    s.data = (const unsigned char *) secret;
    s.len = strlen(secret);

    code = keygate_decide_live(table, digester, id, s, now.wall, &found);
    ok(code == want && found == there, "%s (%.*s)", name,
       (int) keygate_error_name(code).len,
       (const char *) keygate_error_name(code).data);

    asked(s);

    if (v.key.id_len == 0 || memcmp(v.key.id, id.data, id.len) == 0) {
        ok(v.code == want, "and so is a new request");
    }
}


static void
account(const char *rest)
{
    char  line[256];

    snprintf(line, sizeof(line), "{\"account\":{\"id\":\"a\"%s}}", rest);
    apply(line);
}


static void
previous(const char *secret, const char *until)
{
    char           rest[256], hex[65];
    unsigned char  digest[32];
    keygate_str_t  s;

    s.data = (const unsigned char *) secret;
    s.len = strlen(secret);
    keygate_digest(digester, s, digest);
    keygate_digest_hex(digest, hex);

    snprintf(rest, sizeof(rest), ",\"account\":\"a\",\"previous\":{\"digest\":"
             "\"sha256:%s\",\"until\":\"%s\"}", hex, until);
    apply_key("ck_live_LIVE01", OTHER, rest);
}


int
main(void)
{
    keygate_str_t         none = KEYGATE_STR(""), line;
    keygate_fault_t       fault;
    keygate_record_t      record;
    static uint64_t       mem[SIZE / 8];
    keygate_conf_fault_t  bad;

    digester = keygate_digester_create(none);
    now = keygate_rate_now(1000000, WALL);
    table = keygate_table_init(mem, SIZE, (const unsigned char *)
                               "0123456789abcdef");
    api = api_text(conf, sizeof(conf) - 1, &bad);

    if (api == NULL || keygate_api_bind(api, table, &now) != KEYGATE_OK) {
        printf("Bail out! no API\n");
        return 1;
    }

    is_live(SECRET, KEYGATE_CREDENTIAL_INVALID, 0, "no such key");

    apply_key("ck_live_LIVE01", SECRET, ",\"account\":\"a\"");
    is_live(SECRET, KEYGATE_SUBSCRIPTION_LAPSED, 1, "no account");

    account("");
    is_live(SECRET, KEYGATE_ALLOWED, 1, "a live one");
    is_live(OTHER, KEYGATE_CREDENTIAL_INVALID, 1, "another secret");

    apply_key("ck_live_LIVE02", OTHER, ",\"account\":\"a\"");
    is_live(OTHER, KEYGATE_CREDENTIAL_INVALID, 1, "that of another key");
    apply("{\"key\":{\"id\":\"ck_live_LIVE02\",\"deleted\":true}}");

    account(",\"status\":\"past_due\"");
    is_live(SECRET, KEYGATE_SUBSCRIPTION_LAPSED, 1, "past due");
    account(",\"status\":\"trialing\"");
    is_live(SECRET, KEYGATE_SUBSCRIPTION_LAPSED, 1, "a trial without an end");
    account(",\"status\":\"trialing\",\"trial_ends_at\":"
            "\"2026-06-01T00:00:00Z\"");
    is_live(SECRET, KEYGATE_ALLOWED, 1, "a trial");
    now.wall += 86400 * 365;
    is_live(SECRET, KEYGATE_SUBSCRIPTION_LAPSED, 1, "its end");
    now.wall = WALL;
    account("");

    apply_key("ck_live_LIVE01", SECRET, ",\"account\":\"a\",\"expires_at\":"
              "\"2026-06-01T00:00:00Z\"");
    is_live(SECRET, KEYGATE_ALLOWED, 1, "before it expires");
    now.wall += 86400 * 365;
    is_live(SECRET, KEYGATE_KEY_EXPIRED, 1, "after");
    now.wall = WALL;

    apply_key("ck_live_LIVE01", SECRET, ",\"account\":\"a\",\"suspended_at\":"
              "\"2026-01-01T00:00:00Z\"");
    is_live(SECRET, KEYGATE_KEY_SUSPENDED, 1, "suspended");
    apply_key("ck_live_LIVE01", SECRET, ",\"account\":\"a\",\"revoked_at\":"
              "\"2026-01-01T00:00:00Z\"");
    is_live(SECRET, KEYGATE_KEY_REVOKED, 1, "revoked");

    previous(SECRET, "2026-06-01T00:00:00Z");
    is_live(SECRET, KEYGATE_ALLOWED, 1, "a secret within its overlap");
    is_live(OTHER, KEYGATE_ALLOWED, 1, "the one after it");
    now.wall += 86400 * 365;
    is_live(SECRET, KEYGATE_CREDENTIAL_INVALID, 1, "after the overlap");
    is_live(OTHER, KEYGATE_ALLOWED, 1, "but not the other");

    /* a line that found no room */

    line = KEYGATE_STR("{\"account\":{\"id\":\"a\"}}");

    if (keygate_record_parse(line, &record, &fault) == KEYGATE_OK) {
        ok(keygate_table_stale(table, &record, 1), "an account is stale");
        keygate_record_free(&record);
    }

    is_live(OTHER, KEYGATE_UNAVAILABLE, 1, "so nobody knows");

    line = KEYGATE_STR("{\"key\":{\"id\":\"ck_live_LIVE01\",\"account\":\"a\","
                       "\"digest\":\"sha256:00000000000000000000000000000000"
                       "00000000000000000000000000000000\"}}");

    if (keygate_record_parse(line, &record, &fault) == KEYGATE_OK) {
        ok(keygate_table_stale(table, &record, 2), "a key is stale");
        keygate_record_free(&record);
    }

    is_live(OTHER, KEYGATE_UNAVAILABLE, 1, "nor what it may do");

    api_text_free();
    keygate_digester_destroy(digester);

    return tap_done();
}

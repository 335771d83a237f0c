/*
 * What a decision is made in: an API, a table, the time; and records put into
 * the table as their lines.
 */

#ifndef KEYGATE_DECIDE_WORLD_H
#define KEYGATE_DECIDE_WORLD_H

#include "tap.h"

#include "api_text.h"
#include "keygate_decide.h"


#define WALL  1780000000
#define SIZE  (1024 * 1024)

#define KEY(n)  "ck_live_" n "_abcdefghijklmnopqrstuvwx"


static keygate_api_t       *api;
static keygate_table_t     *table;
static keygate_digester_t  *digester;
static keygate_verdict_t    v;
static keygate_scratch_t    scratch;
static keygate_now_t        now;


static void
apply(const char *line)
{
    keygate_fault_t   fault;
    keygate_record_t  record;
    keygate_str_t     s;

    s.data = (const unsigned char *) line;
    s.len = strlen(line);

    if (keygate_record_parse(s, &record, &fault) != KEYGATE_OK) {
        ok(0, "%s: %s %s", line, fault.pointer, fault.reason);
        return;
    }

    if (keygate_table_apply(table, &record, 0, &now) != KEYGATE_OK) {
        ok(0, "applied: %s", line);
    }

    keygate_record_free(&record);
}


static void
apply_key(const char *id, const char *secret, const char *rest)
{
    char           line[1024], hex[65];
    unsigned char  digest[32];
    keygate_str_t  s;

    s.data = (const unsigned char *) secret;
    s.len = strlen(secret);
    keygate_digest(digester, s, digest);
    keygate_digest_hex(digest, hex);

    snprintf(line, sizeof(line),
             "{\"key\":{\"id\":\"%s\",\"digest\":\"sha256:%s\"%s}}",
             id, hex, rest);
    apply(line);
}


#endif /* KEYGATE_DECIDE_WORLD_H */

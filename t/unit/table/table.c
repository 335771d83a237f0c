/*
 * The table against a plain map, under random operations; its memory; its
 * walks and sweeps.
 */

#include <time.h>

#include "keygate_table.h"

#include "random.h"
#include "table_check.h"
#include "table_keys.h"
#include "tap.h"


#define KEYS      400
#define ACCOUNTS  40


/* What the twin knows of a key; version 0: not there. */

typedef struct {
    unsigned  version;
    unsigned  account;
    unsigned  previous;              /* version, 0: none */
    uint64_t  at;
} twin_t;


static unsigned char    seed[] = "0123456789abcdef";
static keygate_now_t    now;
static twin_t           twins[KEYS];
static unsigned         known[ACCOUNTS];


static void
make_account(keygate_record_t *r, unsigned account, unsigned version)
{
    static char  id[65], name[400];

    memset(r, 0, sizeof(keygate_record_t));
    sprintf(id, "biz_%u", account);
    memset(name, 'a' + version % 26, version % 300);
    name[version % 300] = '\0';

    r->kind = KEYGATE_ACCOUNT;
    r->id = str(id);
    r->name = str(name);
    r->status = (keygate_status_e) (version % 4);
    r->plan = version % 3 ? KEYGATE_STR("growth") : KEYGATE_STR("");
    r->trial_ends_at = version % 2 ? KEYGATE_NEVER : (int64_t) version;
}


static keygate_table_t *
make_table(void **mem, size_t size)
{
    keygate_table_t  *t;

    *mem = malloc(size);
    memset(*mem, 0xa5, size < 1 << 20 ? size : 1 << 20);
    t = keygate_table_init(*mem, size, seed);

    return t;
}


static int
same_twin(const keygate_key_t *k, const keygate_cidr_t *addresses, unsigned i)
{
    return same_key(k, addresses, i, twins[i].version, twins[i].account)
           && k->account_known == known[twins[i].account];
}


/* Compares all of the table with all of the twin. */

static int
compare(const keygate_table_t *t)
{
    int                    wrong;
    unsigned               i, n, keys;
    uint64_t               cursor;
    keygate_key_t          k;
    keygate_cidr_t         cidrs[KEYGATE_ADDRESSES_MAX];
    keygate_record_t       r;
    unsigned char          digest[KEYGATE_DIGEST_LEN];

    wrong = 0;
    keys = 0;

    for (i = 0; i < KEYS; i++) {
        make_key(&r, i, 1, 0);

        if (twins[i].version == 0) {
            wrong += keygate_table_find_id(t, r.id, &k) != KEYGATE_NONE;
            continue;
        }

        keys++;

        wrong += keygate_table_find_id_with(t, r.id, &k, cidrs)
                 != KEYGATE_OK
                 || !same_twin(&k, cidrs, i)
                 || k.at != twins[i].at;

        make_digest(digest, i, twins[i].version);
        wrong += keygate_table_find_with(t, digest, WALL, &k, cidrs)
                 != KEYGATE_OK
                 || !same_twin(&k, cidrs, i)
                 || k.previous;

        make_digest(digest, i, twins[i].version + 1);
        wrong += keygate_table_find(t, digest, WALL, &k) != KEYGATE_NONE;

        if (twins[i].previous) {
            make_digest(digest, i, twins[i].previous);
            wrong += keygate_table_find_with(t, digest, WALL, &k, cidrs)
                     != KEYGATE_OK
                     || !same_twin(&k, cidrs, i)
                     || !k.previous;
            wrong += keygate_table_find(t, digest, WALL + 100, &k)
                     != KEYGATE_NONE;
        }
    }

    n = 0;
    cursor = 0;

    while (keygate_table_next_key(t, &cursor, &k) == KEYGATE_OK) {
        n++;
    }

    wrong += n != keys;
    n = 0;

    for (i = 0; i < ACCOUNTS; i++) {
        uint64_t  last;

        make_account(&r, i, 1);
        cursor = 0;
        last = UINT64_MAX;

        while (keygate_table_next_key_of(t, r.id, &cursor, &k) == KEYGATE_OK) {
            n++;
            wrong += k.sequence >= last;
            last = k.sequence;
        }
    }

    return wrong + (n != keys);
}


static void
test_random(unsigned run, size_t size, unsigned steps)
{
    int                wrong, full, conflicts;
    void              *mem;
    unsigned           i, j, account, version;
    const char        *bad;
    keygate_rc_t       rc;
    keygate_table_t   *t;
    keygate_record_t   r;
    keygate_account_t  a;

    random_state += run * 9999;
    memset(twins, 0, sizeof(twins));
    memset(known, 0, sizeof(known));
    t = make_table(&mem, size);
    ok(t != NULL && keygate_table_valid(mem, size)
       && !keygate_table_valid(mem, size - 1), "a new table");

    make_names(t);
    ok(keygate_table_units(t, 2, 4, &now) == KEYGATE_OK, "rings");
    wrong = 0;
    full = 0;
    conflicts = 0;
    version = 0;
    bad = NULL;

    for (i = 0; i < steps && bad == NULL; i++) {
        j = random_below(KEYS);
        account = random_below(ACCOUNTS);
        version++;

        switch (random_below(12)) {

        case 0:
            make_key(&r, j, 1, 0);
            r.deleted = 1;
            wrong += keygate_table_apply(t, &r, i, &now) != KEYGATE_OK;
            twins[j].version = 0;
            break;

        case 1:
            make_account(&r, account, version);
            rc = keygate_table_apply(t, &r, i, &now);

            if (rc == KEYGATE_FULL) {
                full++;
                break;
            }

            wrong += rc != KEYGATE_OK
                     || keygate_table_find_account(t, r.id, &a) != KEYGATE_OK
                     || a.status != r.status
                     || a.trial_ends_at != r.trial_ends_at
                     || (a.plan < 0) != (r.plan.len == 0);
            known[account] = 1;
            break;

        case 2:
            make_account(&r, account, 1);
            r.deleted = 1;
            rc = keygate_table_apply(t, &r, i, &now);

            if (rc == KEYGATE_FULL) {
                full++;
                break;
            }

            wrong += rc != KEYGATE_OK
                     || keygate_table_find_account(t, r.id, &a)
                        != KEYGATE_NONE;
            known[account] = 0;
            break;

        case 3:
            if (twins[j].version != 0 && j > 0 && twins[j - 1].version != 0) {
                make_key(&r, j, 1, twins[j].account);
                make_digest(r.digest, j - 1, twins[j - 1].version);
                rc = keygate_table_apply(t, &r, i, &now);
                wrong += rc != KEYGATE_CONFLICT;
                conflicts++;
            }

            break;

        default:
            if (twins[j].version != 0 && random_below(8) != 0) {
                account = twins[j].account;
            }

            make_key(&r, j, version, account);

            if (twins[j].version != 0 && version % 3 == 0) {
                r.has_previous = 1;
                r.previous_until = WALL + 100;
                make_digest(r.previous, j, twins[j].version);
            }

            rc = keygate_table_apply(t, &r, i, &now);

            if (rc == KEYGATE_FULL) {
                full++;
                break;
            }

            wrong += rc != KEYGATE_OK;
            twins[j].previous = r.has_previous ? twins[j].version : 0;
            twins[j].version = version;
            twins[j].account = account;
            twins[j].at = i;
        }

        if (i % 97 == 0) {
            bad = table_check(t);
            wrong += compare(t);
        }
    }

    bad = bad ? bad : table_check(t);
    is_num(wrong, 0, "run %u: as the twin has it (%d full, %d conflicts)", run,
           full, conflicts);
    ok(bad == NULL, "  whole: %s", bad ? bad : "yes");

    /* a sweep that names every third key, and no account */

    keygate_table_sweep_begin(t);
    ok(keygate_table_position(t)->sweep != 0, "  a sweep is on");

    for (i = 0; i < KEYS; i++) {
        if (i % 3 == 0 && twins[i].version != 0) {
            make_key(&r, i, twins[i].version, twins[i].account);

            if (keygate_table_apply(t, &r, twins[i].at, &now) != KEYGATE_OK) {
                full++;
                twins[i].version = 0;
            }

            twins[i].previous = 0;

        } else {
            twins[i].version = 0;
        }
    }

    while ((rc = keygate_table_sweep_end(t, 7)) == KEYGATE_AGAIN) { /* void */ }

    memset(known, 0, sizeof(known));
    bad = table_check(t);
    is_num(rc, KEYGATE_OK, "  the sweep ends");
    ok(keygate_table_position(t)->sweep == 0, "  a sweep is over");
    is_num(compare(t), 0, "  and leaves what was named");
    ok(bad == NULL, "  whole: %s", bad ? bad : "yes");

    free(mem);
}


static void
test_cursors(void)
{
    int                wrong;
    void              *mem;
    unsigned           i, round, seen[KEYS], page;
    uint64_t           cursor;
    keygate_key_t      k;
    keygate_table_t   *t;
    keygate_record_t   r;

    t = make_table(&mem, 1 << 20);
    make_names(t);
    memset(known, 0, sizeof(known));
    wrong = 0;

    for (round = 0; round < 40; round++) {
        for (i = 0; i < KEYS; i++) {
            make_key(&r, i, 1 + i, 0);
            wrong += keygate_table_apply(t, &r, i, &now) != KEYGATE_OK;
        }

        memset(seen, 0, sizeof(seen));
        cursor = 0;
        page = 0;

        while ((round % 2 ? keygate_table_next_key(t, &cursor, &k)
                : keygate_table_next_key_of(t, KEYGATE_STR("biz_0"), &cursor,
                                            &k)) == KEYGATE_OK)
        {
            seen[atoi(k.id + 9)]++;

            /* odd ones come and go, the one just seen among them */

            for (i = 0; i < 3; i++) {
                page = i == 0 && atoi(k.id + 9) % 2
                       ? (unsigned) atoi(k.id + 9) : random_below(KEYS) | 1;
                make_key(&r, page, 1 + page, 0);
                r.deleted = i != 2;
                wrong += keygate_table_apply(t, &r, 1, &now) != KEYGATE_OK;
            }
        }

        for (i = 0; i < KEYS; i += 2) {
            wrong += seen[i] != 1;
        }
    }

    is_num(wrong, 0, "walks visit once whatever comes and goes");

    for (i = 0, wrong = 0; i < 20000; i++) {
        cursor = ((uint64_t) random_below(1 << 17) << 32)
                 | random_below(100000);
        (void) keygate_table_next_key_of(t, KEYGATE_STR("biz_0"), &cursor, &k);
    }

    ok(1, "made-up cursors do no harm");
    ok(table_check(t) == NULL, "whole");
    free(mem);
}


static void
test_names(void)
{
    int                bad;
    char               text[80];
    void              *mem;
    unsigned           i;
    keygate_key_t      k;
    keygate_str_t      name;
    keygate_table_t   *t;
    keygate_record_t   r;

    t = make_table(&mem, 65536);
    bad = 0;

    for (i = 0; i < 256; i++) {
        sprintf(text, "scope:%u", i);
        bad += keygate_table_intern_scope(t, str(text)) != (int) i;
        bad += keygate_table_intern_scope(t, str(text)) != (int) i;
    }

    is_num(bad, 0, "256 scopes");
    is_num(keygate_table_intern_scope(t, KEYGATE_STR("one more")), -1,
           "and no more");
    ok(keygate_table_scope_name(t, 77, &name) == KEYGATE_OK
       && name.len == 8 && memcmp(name.data, "scope:77", 8) == 0,
       "the name of a number");
    ok(keygate_table_scope_name(t, 256, &name) == KEYGATE_NONE
       && keygate_table_plan_name(t, 0, &name) == KEYGATE_NONE,
       "no such number");
    memset(text, 'x', sizeof(text));
    name.data = (unsigned char *) text;
    name.len = 64;
    is_num(keygate_table_intern_plan(t, name), -1, "a name too long");
    name.len = 63;
    is_num(keygate_table_intern_plan(t, name), 0, "a long name");

    make_key(&r, 1, 5, 0);
    ok(keygate_table_apply(t, &r, 0, &now) == KEYGATE_OK
       && keygate_table_find_id(t, r.id, &k) == KEYGATE_OK
       && k.scopes.w[0] == 0 && k.scopes.w[3] == 0,
       "scopes that no API has open nothing");
    ok(!keygate_table_again_due(t), "and are of no use later");
    ok(table_check(t) == NULL, "whole");
    free(mem);
}


static void
test_life(void)
{
    char               text[2][2000];
    void              *mem;
    keygate_buf_t      name, profile;
    keygate_key_t      k;
    keygate_ring_t    *ring;
    keygate_table_t   *t;
    keygate_record_t   r;
    keygate_window_t   w;

    ring = NULL;
    t = make_table(&mem, 1 << 20);
    make_names(t);
    memset(known, 0, sizeof(known));
    make_key(&r, 1, 1, 0);
    ok(keygate_table_apply(t, &r, 10, &now) == KEYGATE_OK
       && keygate_table_find_id(t, r.id, &k) == KEYGATE_OK
       && !k.account_known && k.status == KEYGATE_CANCELED
       && keygate_table_ring(t, k.ref, KEYGATE_KEY, KEYGATE_MINUTE) == NULL,
       "a key before its account, and without a ring");
    ok(keygate_table_units(t, 1 << KEYGATE_MINUTE, 1 << KEYGATE_DAY, &now)
       == KEYGATE_OK
       && (ring = keygate_table_ring(t, k.ref, KEYGATE_KEY, KEYGATE_MINUTE))
          != NULL
       && keygate_table_ring(t, k.ref, KEYGATE_KEY, KEYGATE_HOUR) == NULL
       && keygate_table_ring(t, k.account_ref, KEYGATE_ACCOUNT, KEYGATE_DAY)
          != NULL, "rings come later");

    memset(&w, 0, sizeof(w));
    w.limit = 5;
    w.unit = KEYGATE_MINUTE;
    w.meter = keygate_table_meter(t, k.ref, KEYGATE_KEY);
    w.ring = ring;
    ok(keygate_rate_charge(&w, 1, 5, &now), "charged");
    is_num(keygate_table_used_at(t, k.ref), 0, "never used");
    keygate_table_touch(t, k.ref, WALL);
    is_num(keygate_table_used_at(t, k.ref), WALL, "used");

    make_key(&r, 1, 2, 1);
    ok(keygate_table_apply(t, &r, 20, &now) == KEYGATE_OK
       && keygate_table_find_id(t, r.id, &k) == KEYGATE_OK
       && k.sequence == 1 && k.at == 20, "another secret and account");
    w.meter = keygate_table_meter(t, k.ref, KEYGATE_KEY);
    ok(!keygate_rate_charge(&w, 1, 1, &now)
       && keygate_table_used_at(t, k.ref) != 0, "the meter outlives it");

    r.deleted = 1;
    keygate_table_apply(t, &r, 30, &now);
    r.deleted = 0;
    ok(keygate_table_apply(t, &r, 40, &now) == KEYGATE_OK
       && keygate_table_find_id(t, r.id, &k) == KEYGATE_OK
       && k.sequence == 2 && keygate_table_used_at(t, k.ref) == 0,
       "deleted and made again");
    w.meter = keygate_table_meter(t, k.ref, KEYGATE_KEY);
    w.ring = keygate_table_ring(t, k.ref, KEYGATE_KEY, KEYGATE_MINUTE);
    ok(keygate_rate_charge(&w, 1, 5, &now), "it begins anew");

    make_account(&r, 1, 28);
    r.json = json_pack("{s:{s:s,s:n}}", "profile", "slug", "br\xc3\xbc",
                       "website");
    ok(keygate_table_apply(t, &r, 50, &now) == KEYGATE_OK, "an account");
    name.data = (unsigned char *) text[0];
    name.size = sizeof(text[0]);
    name.len = 0;
    profile.data = (unsigned char *) text[1];
    profile.size = sizeof(text[1]);
    profile.len = 0;
    is_num(keygate_table_profile(t, r.id, &name, &profile), KEYGATE_OK,
           "its profile");
    is_str(name.data, name.len, "cccccccccccccccccccccccccccc", "its name");
    ok(profile.len > 10 && strstr(memcpy(text[1] + profile.len, "", 1)
                                  ? text[1] : "", "\"website\":null") != NULL,
       "the profile's members");
    json_decref(r.json);
    is_num(keygate_table_profile(t, KEYGATE_STR("biz_77"), &name, &profile),
           KEYGATE_NONE, "nobody's profile");
    ok(table_check(t) == NULL, "whole");
    free(mem);
}


/* A typical key: an id of 14 bytes, 3 scopes, a ring. */

static void
typical(keygate_record_t *r, unsigned i)
{
    static char           id[32];
    static keygate_str_t  scopes[3] = { keygate_string("customers:read"),
                                        keygate_string("customers:write"),
                                        keygate_string("jobs:read") };

    make_key(r, 1, 1, 0);
    sprintf(id, "ck_live_%06u", i % 1000000);
    r->id = str(id);
    r->scopes = scopes;
    r->n_scopes = 3;
    r->expires_at = KEYGATE_NEVER;
    r->n_addresses = 0;
    make_digest(r->digest, i, 7);
}


static void
test_memory(size_t size)
{
    void                   *mem;
    unsigned                i, n;
    keygate_key_t           k;
    keygate_rc_t            rc;
    keygate_table_t        *t;
    keygate_record_t        r;
    keygate_table_stats_t   stats;

    t = make_table(&mem, size);
    (void) keygate_table_units(t, 1 << KEYGATE_MINUTE, 0, &now);
    n = 0;

    do {
        typical(&r, n);
        rc = keygate_table_apply(t, &r, n, &now);
        n += rc == KEYGATE_OK;
    } while (rc == KEYGATE_OK);

    keygate_table_stats(t, &stats);
    is_num(rc, KEYGATE_FULL, "full with %u keys in %zu bytes", n, size);
    ok(n != 0 && size / n <= 324, "%zu bytes a key", size / (n ? n : 1));
    is_num(stats.keys, n, "stats count them");
    ok(stats.size - stats.used < size / 20, "stats: used up");
    ok(!keygate_table_room(t, &r, 1), "no room for one more");

    for (i = 0; i < n / 100 && rc == KEYGATE_FULL; i++) {
        typical(&r, i);
        r.revoked_at = 5;
        rc = keygate_table_apply(t, &r, n + i, &now);
        rc = rc == KEYGATE_OK ? KEYGATE_FULL : KEYGATE_NOMEM;
    }

    is_num(rc, KEYGATE_FULL, "yet what is there can be changed");
    typical(&r, 0);
    ok(keygate_table_find(t, r.digest, WALL, &k) == KEYGATE_OK
       && k.revoked_at == 5, "and was");

    for (i = 0; i < n; i++) {
        typical(&r, i);
        r.deleted = 1;
        (void) keygate_table_apply(t, &r, n, &now);
    }

    keygate_table_stats(t, &stats);
    is_num(stats.keys, 0, "all deleted");
    typical(&r, 0);
    ok(keygate_table_room(t, &r, n / 2), "there is room again");

    for (i = 0, rc = KEYGATE_OK; i < n * 9 / 10 && rc == KEYGATE_OK; i++) {
        typical(&r, i);
        rc = keygate_table_apply(t, &r, n, &now);
    }

    is_num(rc, KEYGATE_OK, "and they fit again");
    ok(table_check(t) == NULL, "whole");
    free(mem);
}


int
main(void)
{
    unsigned  i;

    now = keygate_rate_now(123456, WALL);

    ok(keygate_table_init(seed, 1000, seed) == NULL, "too small");
    test_names();
    test_life();
    test_cursors();

    for (i = 0; i < 4; i++) {
        test_random(2 * i, 1 << 20, 6000);
        test_random(2 * i + 1, 140 << 10, 6000);
    }

    test_memory(1 << 20);
    test_memory(64 << 20);

    return tap_done();
}

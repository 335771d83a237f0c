/*
 * Records whose lines are to be applied again: those with names that became an
 * API's only later, and those that found no room.
 */

#include "keygate_table.h"

#include "random.h"
#include "table_check.h"
#include "table_keys.h"
#include "tap.h"


#define SIZE  (4 << 20)
#define KEYS  200


static unsigned char    seed[] = "fedcba9876543210";
static keygate_now_t    now;


/* A key or an account that has a name with that number. */

static void
make_named(keygate_record_t *r, keygate_kind_e kind, unsigned i, unsigned name)
{
    static char           text[80], id[65];
    static keygate_str_t  scopes[2];

    make_key(r, i, 4, i);
    sprintf(text, "name:%u", name);

    if (kind == KEYGATE_KEY) {
        scopes[0] = KEYGATE_STR("a:read");
        scopes[1] = str(text);
        r->scopes = scopes;
        r->n_scopes = 2;
        return;
    }

    memset(r, 0, sizeof(keygate_record_t));
    sprintf(id, "biz_%u", i);
    r->kind = kind;
    r->id = str(id);
    r->name = KEYGATE_STR("One of many");
    r->plan = str(text);
    r->status = KEYGATE_ACTIVE;
    r->trial_ends_at = KEYGATE_NEVER;
}


/* Applies again what is asked for, "step" records at a time; how many. */

static unsigned
apply_again(keygate_table_t *t, unsigned step, unsigned *wrong)
{
    unsigned          n, i, budget;
    keygate_rc_t      rc;
    keygate_again_t   again;
    keygate_record_t  r;

    n = 0;

    for ( ;; ) {
        budget = step;

        do {
            rc = keygate_table_again_next(t, &budget, &again);

            if (rc == KEYGATE_OK) {
                n++;
                i = (unsigned) again.at % 10000;
                make_named(&r, again.kind, i, i);
                *wrong += r.id.len != again.id_len
                          || memcmp(r.id.data, again.id, r.id.len) != 0
                          || again.at / 10000 != (uint64_t) again.kind + 1
                          || keygate_table_apply(t, &r, again.at, &now)
                             != KEYGATE_OK;
                keygate_table_again_done(t);
            }

        } while (rc == KEYGATE_OK);

        if (rc == KEYGATE_NONE) {
            return n;
        }

        *wrong += rc != KEYGATE_AGAIN || budget != 0;
    }
}


static void
test_names(void)
{
    int                bit;
    void              *mem;
    unsigned           i, n, wrong;
    keygate_key_t      k;
    keygate_str_t      name;
    keygate_rc_t       rc;
    keygate_table_t   *t;
    keygate_record_t   r;
    keygate_account_t  a;

    mem = calloc(1, SIZE);
    t = keygate_table_init(mem, SIZE, seed);
    make_names(t);
    wrong = 0;

    /* more plans than have a number */

    for (i = 0; i < 2 * KEYS; i++) {
        make_named(&r, KEYGATE_ACCOUNT, i, i);
        wrong += keygate_table_apply(t, &r, 10000
                                     * (KEYGATE_ACCOUNT + 1) + i, &now)
                 != KEYGATE_OK;
    }

    for (i = 0; i < KEYS; i++) {
        make_named(&r, KEYGATE_KEY, i, i);
        wrong += keygate_table_apply(t, &r, 10000 * (KEYGATE_KEY + 1) + i,
                                     &now) != KEYGATE_OK;
        wrong += keygate_table_find_id(t, r.id, &k) != KEYGATE_OK
                 || k.scopes.w[0] != 1;
    }

    is_num(wrong, 0, "records with names that no API has");
    ok(table_check(t) == NULL, "whole");
    ok(!keygate_table_again_due(t), "they are applied");

    make_named(&r, KEYGATE_ACCOUNT, 3, 3);
    ok(keygate_table_find_account(t, r.id, &a) == KEYGATE_OK
       && a.plan >= 256
       && keygate_table_plan_name(t, (unsigned) a.plan, &name) == KEYGATE_OK
       && keygate_str_eq(name, KEYGATE_STR("name:3")),
       "a plan of a record has a number");
    make_named(&r, KEYGATE_ACCOUNT, 399, 399);
    ok(keygate_table_find_account(t, r.id, &a) == KEYGATE_OK && a.plan == -1,
       "as long as there are any");
    is_num(keygate_table_intern_plan(t, KEYGATE_STR("name:3")), 256 + 3,
           "it stays so for an API");
    ok(!keygate_table_again_due(t), "to whom nothing is new");

    /* an API has one of each */

    bit = keygate_table_intern_scope(t, KEYGATE_STR("name:7"));
    ok(bit == 8 && keygate_table_again_due(t), "an API has a new scope");
    n = apply_again(t, 7, &wrong);
    is_num(wrong, 0, "all records of a kind are applied again");
    is_num(n, KEYS + 2 * KEYS - 256, "%u of them", n);
    ok(!keygate_table_again_due(t), "then no more");

    for (i = 0; i < KEYS; i++) {
        make_named(&r, KEYGATE_KEY, i, i);
        wrong += keygate_table_find_id(t, r.id, &k) != KEYGATE_OK
                 || k.scopes.w[0] != (i == 7 ? 0x101u : 1u);
    }

    is_num(wrong, 0, "it opens where it was named, and nowhere else");

    is_num(keygate_table_intern_plan(t, KEYGATE_STR("name:300")), 0,
           "a plan without a number gets one of an API");
    (void) apply_again(t, 1000, &wrong);
    make_named(&r, KEYGATE_ACCOUNT, 300, 300);
    ok(keygate_table_find_account(t, r.id, &a) == KEYGATE_OK && a.plan == 0,
       "and its account has it");

    /* cut short, and interrupted by a sweep */

    (void) keygate_table_intern_scope(t, KEYGATE_STR("name:8"));
    i = 3;
    {
        keygate_again_t  again;

        rc = keygate_table_again_next(t, &i, &again);
    }
    ok(rc == KEYGATE_OK || rc == KEYGATE_AGAIN, "a walk begins");
    (void) keygate_table_intern_scope(t, KEYGATE_STR("name:9"));
    (void) apply_again(t, 50, &wrong);
    ok(keygate_table_again_due(t), "a name that came meanwhile is not over");
    keygate_table_sweep_begin(t);
    ok(!keygate_table_again_due(t), "while all is read nothing is due");

    for (i = 0; i < KEYS; i++) {
        make_named(&r, KEYGATE_KEY, i, i);
        (void) keygate_table_apply(t, &r, 10000 * (KEYGATE_KEY + 1) + i, &now);
    }

    while (keygate_table_sweep_end(t, 1000) == KEYGATE_AGAIN) {
        /* void */
    }

    (void) apply_again(t, 50, &wrong);
    make_named(&r, KEYGATE_KEY, 9, 9);
    ok(keygate_table_find_id(t, r.id, &k) == KEYGATE_OK
       && k.scopes.w[0] == 0x401, "the last name opens, too");
    is_num(wrong, 0, "nothing went wrong");
    ok(table_check(t) == NULL, "whole");
    free(mem);
}


/* A key of a table that is full; "more" words more than the others. */

static void
make_large(keygate_record_t *r, unsigned key, unsigned more)
{
    static keygate_cidr_t  cidrs[KEYGATE_ADDRESSES_MAX];

    make_key(r, key, 4, key);
    r->expires_at = KEYGATE_NEVER;
    r->suspended_at = KEYGATE_NEVER;
    r->addresses = cidrs;
    r->n_addresses = more;
    memset(r->limits, 0, sizeof(r->limits));
}


/* Lets records have more and more addresses, until not even one finds room; the
 * last one is "key". */

static unsigned
fill(keygate_table_t *t, unsigned n)
{
    unsigned          i, more;
    keygate_record_t  r;

    for (more = 32; more > 0; more--) {
        for (i = 1; i < n; i++) {
            make_large(&r, i, more);
            (void) keygate_table_apply(t, &r, i, &now);
        }
    }

    return n;
}


static void
test_room(void)
{
    void              *mem;
    unsigned           i, n, budget, wrong;
    keygate_key_t      k;
    keygate_rc_t       rc;
    keygate_table_t   *t;
    keygate_again_t    again;
    keygate_record_t   r;
    keygate_account_t  a;
    unsigned char      digest[KEYGATE_DIGEST_LEN];

    mem = calloc(1, 1 << 18);
    t = keygate_table_init(mem, 1 << 18, seed);
    make_names(t);
    n = 0;

    do {
        make_large(&r, n, 0);
        rc = keygate_table_apply(t, &r, 5, &now);
        n += rc == KEYGATE_OK;
    } while (rc == KEYGATE_OK);

    ok(n > 100 && rc == KEYGATE_FULL, "%u keys are all", n);
    is_num(keygate_table_stale(t, &r, 6), 0, "a new one is not there");
    (void) fill(t, n);

    make_large(&r, 0, 32);
    ok(!keygate_table_room(t, &r, 1), "no room for addresses");
    ok(keygate_table_apply(t, &r, (uint64_t) 7 << 32, &now) == KEYGATE_FULL
       && keygate_table_find_id(t, r.id, &k) == KEYGATE_OK && !k.stale,
       "applied they are not");
    is_num(keygate_table_stale(t, &r, (uint64_t) 7 << 32 | 9), 1,
           "so it is stale");
    make_digest(digest, 0, 4);
    ok(keygate_table_find(t, digest, WALL, &k) == KEYGATE_OK && k.stale
       && k.at == ((uint64_t) 7 << 32 | 9) && k.n_addresses == 0
       && k.id_len == r.id.len && !k.account_stale,
       "it is found, and says so, and where its line is");
    ok(table_check(t) == NULL, "whole");

    ok(!keygate_table_again_due(t),
       "its line is not to be applied again while there is no room for it");
    budget = 100000;
    rc = keygate_table_again_next(t, &budget, &again);
    ok(rc == KEYGATE_OK && again.kind == KEYGATE_KEY
       && again.at == ((uint64_t) 7 << 32 | 9)
       && memcmp(again.id, r.id.data, r.id.len) == 0, "that one");
    is_num(keygate_table_apply(t, &r, again.at, &now), KEYGATE_FULL,
           "there is no room yet");
    keygate_table_again_late(t);
    keygate_table_again_done(t);
    is_num(keygate_table_again_next(t, &budget, &again), KEYGATE_NONE,
           "and no other one");
    ok(!keygate_table_again_due(t), "not again until something is freed");

    /* an account whose keys go on naming it */

    memset(&r, 0, sizeof(keygate_record_t));
    r.kind = KEYGATE_ACCOUNT;
    r.id = KEYGATE_STR("biz_0");
    r.status = KEYGATE_ACTIVE;
    r.trial_ends_at = KEYGATE_NEVER;
    r.name = KEYGATE_STR("a name that is so long that it finds no room at all, "
                         "as there is none for anything of its size in here");
    is_num(keygate_table_apply(t, &r, 11, &now), KEYGATE_FULL,
           "nor is there for its account");
    is_num(keygate_table_stale(t, &r, 11), 1, "which is stale, too");
    ok(keygate_table_find(t, digest, WALL, &k) == KEYGATE_OK
       && k.account_stale && !k.account_known, "its key knows it");
    ok(keygate_table_find_account(t, r.id, &a) == KEYGATE_NONE,
       "without a record it is none");

    /* deletions */

    for (i = 1; i < n; i++) {
        make_large(&r, i, 0);
        r.deleted = 1;
        (void) keygate_table_apply(t, &r, 20, &now);
    }

    ok(keygate_table_again_due(t), "after deletions it is due");
    budget = 1;
    wrong = 0;

    while ((rc = keygate_table_again_next(t, &budget, &again))
           != KEYGATE_NONE)
    {
        if (rc == KEYGATE_AGAIN) {
            budget = 1;
            wrong += !keygate_table_again_due(t);
            continue;
        }

        if (again.kind == KEYGATE_KEY) {
            make_large(&r, 0, 32);
            wrong += keygate_table_apply(t, &r, again.at, &now) != KEYGATE_OK;
            keygate_table_again_done(t);
            continue;
        }

        wrong += again.at != 11;
        memset(&r, 0, sizeof(keygate_record_t));
        r.kind = KEYGATE_ACCOUNT;
        r.id = KEYGATE_STR("biz_0");
        r.status = KEYGATE_ACTIVE;
        r.trial_ends_at = KEYGATE_NEVER;
        wrong += keygate_table_apply(t, &r, again.at, &now) != KEYGATE_OK;
        keygate_table_again_done(t);
    }

    is_num(wrong, 0, "both are applied");
    ok(keygate_table_find(t, digest, WALL, &k) == KEYGATE_OK && !k.stale
       && k.n_addresses == 32 && k.account_known && !k.account_stale,
       "and are what their lines say");
    ok(table_check(t) == NULL, "whole");
    free(mem);
}


/* An account that had found no room, and is deleted then, is gone; and who is
 * killed before a line is applied has not lost it. */

static void
test_gone(void)
{
    void              *mem;
    unsigned           budget;
    keygate_key_t      k;
    keygate_table_t   *t;
    keygate_again_t    again, once_more;
    keygate_record_t   r;

    mem = calloc(1, 1 << 18);
    t = keygate_table_init(mem, 1 << 18, seed);
    make_names(t);
    make_large(&r, 0, 0);
    is_num(keygate_table_apply(t, &r, 5, &now), KEYGATE_OK, "a key");

    memset(&r, 0, sizeof(keygate_record_t));
    r.kind = KEYGATE_ACCOUNT;
    r.id = KEYGATE_STR("biz_0");
    is_num(keygate_table_stale(t, &r, 11), 1, "its account is stale");

    budget = 100;
    is_num(keygate_table_again_next(t, &budget, &again), KEYGATE_OK,
           "its line is to be applied again");
    is_num(keygate_table_again_next(t, &budget, &once_more), KEYGATE_OK,
           "as long as it has not been");
    ok(again.at == 11 && once_more.at == 11, "that one");

    r.deleted = 1;
    is_num(keygate_table_apply(t, &r, 12, &now), KEYGATE_OK, "it is deleted");
    make_large(&r, 0, 0);
    ok(keygate_table_find_id(t, r.id, &k) == KEYGATE_OK && !k.account_stale
       && !k.account_known, "and not stale any more");
    is_num(keygate_table_again_next(t, &budget, &again), KEYGATE_NONE,
           "nothing brings it back");
    ok(table_check(t) == NULL, "whole");
    free(mem);
}


int
main(void)
{
    now = keygate_rate_now(123456, WALL);

    test_names();
    test_room();
    test_gone();

    return tap_done();
}

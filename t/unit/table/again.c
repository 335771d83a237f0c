/*
 * Records whose lines are to be applied again: those with names that became an
 * API's only later.
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
            }

        } while (rc == KEYGATE_OK);

        if (rc == KEYGATE_NONE) {
            return n;
        }

        *wrong += rc != KEYGATE_AGAIN || budget != 0;
    }
}


int
main(void)
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

    now = keygate_now(123456, WALL);
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

    return tap_done();
}

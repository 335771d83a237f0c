/*
 * Meters for groups of routes: each is found again, and of one holder only.
 */

#include "keygate_table.h"

#include "random.h"
#include "table_keys.h"
#include "tap.h"


#define SIZE    (1 << 20)
#define KEYS    50
#define GROUPS  7


static unsigned char    seed[] = "fedcba9876543210";
static keygate_now_t    now;


static uint32_t
ref_of(const keygate_table_t *t, unsigned i)
{
    keygate_key_t     key;
    keygate_record_t  r;

    make_key(&r, i, 4, 0);

    return keygate_table_find_id(t, r.id, &key) == KEYGATE_OK ? key.ref : 0;
}


int
main(void)
{
    void               *mem;
    unsigned            i, j, k, u, wrong, twice;
    uint32_t            at, ref, seen[KEYS][GROUPS];
    uint64_t            group;
    keygate_table_t    *t;
    keygate_record_t    r;

    mem = malloc(SIZE);
    now = keygate_rate_now(1000, 1780000000);
    t = keygate_table_init(mem, SIZE, seed);
    make_names(t);

    for (i = 0; i < KEYS; i++) {
        make_key(&r, i, 4, 0);
        (void) keygate_table_apply(t, &r, i, &now);
    }

    ref = ref_of(t, 0);

    is_num(keygate_table_group(t, ref, 5), 0, "no heads, no meter");
    is_num(keygate_table_group_add(t, ref, 5, 2, &now), KEYGATE_FULL,
           "and none can be made");
    is_num(keygate_table_groups(t), KEYGATE_OK, "heads");
    is_num(keygate_table_groups(t), KEYGATE_OK, "once");

    memset(seen, 0, sizeof(seen));
    wrong = 0;

    for (k = 0; k < 5000; k++) {
        i = random_below(KEYS);
        j = random_below(GROUPS);
        u = random_below(16);
        ref = ref_of(t, i);
        at = keygate_table_group(t, ref, j * 1000003ull);

        wrong += at != seen[i][j];

        if (random_below(4)) {
            continue;
        }

        wrong += keygate_table_group_add(t, ref, j * 1000003ull, u, &now)
                 != KEYGATE_OK;
        at = keygate_table_group(t, ref, j * 1000003ull);
        wrong += at == 0 || (seen[i][j] && seen[i][j] != at);
        seen[i][j] = at;

        wrong += keygate_table_group_of(t, at, &group) != ref
                 || group != j * 1000003ull;

        for (i = 0; i < KEYGATE_MONTH; i++) {
            wrong += (u & 1u << i)
                     && keygate_table_ring(t, at, KEYGATE_KEY,
                                           (keygate_unit_e) i) == NULL;
        }
    }

    is_num(wrong, 0, "each has its own, and keeps it");

    for (twice = 0, i = 0; i < KEYS * GROUPS; i++) {
        for (j = 0; j < i; j++) {
            twice += seen[i / GROUPS][i % GROUPS] != 0
                     && seen[i / GROUPS][i % GROUPS]
                        == seen[j / GROUPS][j % GROUPS];
        }
    }

    is_num(twice, 0, "none is of two");

    /* a deleted key's are nobody's, until somebody is in its place */

    ref = ref_of(t, 3);
    (void) keygate_table_group_add(t, ref, 42, 2, &now);
    at = keygate_table_group(t, ref, 42);
    make_key(&r, 3, 4, 0);
    r.deleted = 1;
    (void) keygate_table_apply(t, &r, 99, &now);
    make_key(&r, KEYS, 4, 0);
    (void) keygate_table_apply(t, &r, 100, &now);

    is_num(ref_of(t, KEYS), ref, "another key in its place");
    is_num(keygate_table_group(t, ref, 42), 0, "has not its meter");
    is_num(keygate_table_group_of(t, at, &group), 0, "which is nobody's");
    is_num(keygate_table_group_add(t, ref, 42, 2, &now), KEYGATE_OK, "but");
    is_num(keygate_table_group(t, ref, 42), at, "takes it over");

    free(mem);

    return tap_done();
}

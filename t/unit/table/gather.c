/*
 * Memory that is free in pieces: bodies are moved for what needs more in one
 * piece, and nothing is lost by that, were the writer killed in the middle.
 */

#include <signal.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "keygate_table.h"

#include "random.h"
#include "table_check.h"
#include "table_keys.h"
#include "tap.h"


#define SIZE      (5 << 14)
#define KEYS      600
#define ACCOUNTS  60
#define KILLS     300


typedef struct {
    unsigned  keys[KEYS];                /* versions; 0: not there */
    unsigned  names[ACCOUNTS];           /* bytes of a name, + 1 */
    uint64_t  gathered;
} twin_t;


static unsigned char    seed[] = "fedcba9876543210";
static keygate_now_t    now;
static char             text[3000];


static keygate_rc_t
put_account(keygate_table_t *t, unsigned i, unsigned len, int deleted)
{
    char              id[32];
    json_t           *json;
    keygate_rc_t      rc;
    keygate_record_t  r;

    memset(&r, 0, sizeof(keygate_record_t));
    sprintf(id, "acc_%u", i);
    r.kind = KEYGATE_ACCOUNT;
    r.id = str(id);
    r.status = KEYGATE_ACTIVE;
    r.trial_ends_at = KEYGATE_NEVER;
    r.name = KEYGATE_STR("One");
    r.deleted = deleted;

    json = json_pack("{s:{s:s%}}", "profile", "text", text, (size_t) len);
    r.json = json;
    rc = keygate_table_apply(t, &r, i, &now);
    json_decref(json);

    return rc;
}


static keygate_rc_t
put_key(keygate_table_t *t, unsigned i, unsigned version, int deleted)
{
    keygate_record_t  r;

    make_key(&r, i, version, 1000 + i % 7);
    r.deleted = deleted;

    return keygate_table_apply(t, &r, i, &now);
}


/* Whether all is as it was applied. */

static unsigned
wrong(const keygate_table_t *t, const twin_t *twin)
{
    char              id[32];
    unsigned          i, n;
    unsigned char     digest[KEYGATE_DIGEST_LEN];
    keygate_buf_t     name, profile;
    keygate_key_t     key;
    keygate_rc_t      rc;

    static unsigned char  room[2][4096];

    n = 0;

    for (i = 0; i < KEYS; i++) {
        make_digest(digest, i, twin->keys[i]);
        rc = keygate_table_find(t, digest, WALL, &key);
        n += (rc == KEYGATE_OK) != (twin->keys[i] != 0)
             || (rc == KEYGATE_OK && key.at != i);
    }

    for (i = 0; i < ACCOUNTS; i++) {
        sprintf(id, "acc_%u", i);
        name = (keygate_buf_t) { room[0], sizeof(room[0]), 0 };
        profile = (keygate_buf_t) { room[1], sizeof(room[1]), 0 };
        rc = keygate_table_profile(t, str(id), &name, &profile);
        n += (rc == KEYGATE_OK) != (twin->names[i] != 0)
             || (rc == KEYGATE_OK
                 && profile.len != twin->names[i] - 1 + strlen("{'text':''}"));
    }

    return n;
}


/* All but few are deleted: then anything finds room that is as large. */

static void
test_joined(void)
{
    void             *mem;
    unsigned          i, n, failed;
    twin_t           *twin;
    keygate_rc_t      rc;
    keygate_table_t  *t;

    mem = calloc(1, SIZE);
    twin = calloc(1, sizeof(twin_t));
    t = keygate_table_init(mem, SIZE, seed);
    make_names(t);

    for (n = 0; n < KEYS && put_key(t, n, 1, 0) == KEYGATE_OK; n++) {
        twin->keys[n] = 1;
    }

    ok(n > 100 && n < KEYS, "%u keys are all", n);
    is_num(put_account(t, 0, 2000, 0), KEYGATE_FULL, "no room for a profile");

    /* every seventh stays where it is */

    for (i = 0; i < n; i++) {
        if (i % 7 != 0) {
            (void) put_key(t, i, 1, 1);
            twin->keys[i] = 0;
        }
    }

    failed = 0;

    for (i = 0; i < 4; i++) {
        rc = put_account(t, i, 2000, 0);
        failed += rc != KEYGATE_OK;
        twin->names[i] = rc == KEYGATE_OK ? 2001 : 0;
    }

    is_num(failed, 0, "accounts with large profiles find room");
    ok(table_check(t) == NULL, "whole");
    is_num(wrong(t, twin), 0, "the keys are as they were");
    ok(t->gather == 0, "nothing is left to be moved");

    free(twin);
    free(mem);
}


/* One change, by chance: large and small ones, in a table that is full. */

static void
operate(keygate_table_t *t, twin_t *twin)
{
    unsigned      i, x;
    uint32_t      floor;
    keygate_rc_t  rc;

    x = random_below(10);
    floor = t->floor;

    if (x < 3) {
        i = random_below(ACCOUNTS);
        x = x == 0 ? random_below(2500) : random_below(200);
        rc = put_account(t, i, x, 0);
        twin->names[i] = rc == KEYGATE_OK ? x + 1 : twin->names[i];

    } else if (x < 4) {
        i = random_below(ACCOUNTS);
        (void) put_account(t, i, 0, 1);
        twin->names[i] = 0;

    } else if (x < 8) {
        i = random_below(KEYS);
        x = 1 + random_below(30);
        rc = put_key(t, i, x, 0);
        twin->keys[i] = rc == KEYGATE_OK ? x : twin->keys[i];

    } else {
        i = random_below(KEYS);
        (void) put_key(t, i, 1, 1);
        twin->keys[i] = 0;
    }

    twin->gathered += t->floor > floor;
}


static void
test_random(void)
{
    void             *mem;
    unsigned          i, bad;
    twin_t           *twin;
    const char       *why;
    keygate_table_t  *t;

    mem = calloc(1, SIZE);
    twin = calloc(1, sizeof(twin_t));
    t = keygate_table_init(mem, SIZE, seed);
    make_names(t);
    bad = 0;

    for (i = 0; i < 60000 && bad == 0; i++) {
        operate(t, twin);

        if (i % 50 == 0) {
            why = table_check(t);

            if (why != NULL) {
                printf("# operation %u: %s\n", i, why);
                bad++;
            }
        }

        if (i % 500 == 0) {
            bad += wrong(t, twin);
        }
    }

    is_num(bad, 0, "whole and right after each of 60000 changes");
    ok(twin->gathered > 20, "bodies were moved %u times",
       (unsigned) twin->gathered);

    free(twin);
    free(mem);
}


/* What was under way when it was killed is done again, or was never done. */

static void
test_killed(void)
{
    void             *mem;
    pid_t             pid;
    twin_t           *twin;
    unsigned          i, n, bad, pending, budget;
    const char       *why;
    struct itimerval  timer;
    keygate_table_t  *t;

    mem = mmap(NULL, SIZE, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_ANONYMOUS, -1,
               0);
    twin = mmap(NULL, sizeof(twin_t), PROT_READ|PROT_WRITE,
                MAP_SHARED|MAP_ANONYMOUS, -1, 0);
    t = keygate_table_init(mem, SIZE, seed);
    make_names(t);
    bad = 0;
    pending = 0;
    budget = 0;

    for (n = 0; n < KILLS && bad == 0; n++) {
        (void) random_below(2);
        pid = fork();

        if (pid == 0) {
            keygate_table_recover(t);

            for (i = 0; i < 40; i++) {
                operate(t, twin);
                (void) put_key(t, random_below(KEYS), 1, 1);
            }

            /* dead a moment after this, whatever it is about */

            memset(&timer, 0, sizeof(timer));
            timer.it_value.tv_usec = 1 + (long) random_below(400);
            setitimer(ITIMER_REAL, &timer, NULL);

            for (i = 1; ; i++) {
                t->gather_tried = 0;
                twin->gathered += (unsigned) keygate_arena_gather(t,
                                      t->floor - t->top + i % 300);
                (void) put_account(t, i % ACCOUNTS, i % 200, 0);
            }
        }

        waitpid(pid, NULL, 0);

        keygate_table_recover(t);
        pending += t->gather != 0;

        for (i = 0; t->gather != 0 && i < KEYS; i++) {
            (void) put_key(t, i, 1, 1);
            t->gather_tried = 0;
            (void) keygate_arena_gather(t, 1);
        }

        budget += i;
        why = table_check(t);

        if (why != NULL) {
            printf("# kill %u: %s\n", n, why);
            bad++;
        }
    }

    is_num(bad, 0, "whole after each of %u kills", n);
    printf("# %u of them while bodies were moved, %llu times in all, %u\n",
           pending, (unsigned long long) twin->gathered, budget);
}


int
main(void)
{
    memset(text, 'x', sizeof(text));
    now = keygate_rate_now(1000, WALL);

    test_joined();
    test_random();
    test_killed();

    return tap_done();
}

/*
 * Writers that are killed at random instants, readers that look on: whatever
 * is found is whole and right, and the next writer goes on.
 *
 * What operation number "i" does follows from "i".  The position in the table
 * says which is next, and is moved on after it was applied, as the position
 * in a journal is: so the one that was cut short is applied again.
 */

#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "keygate_table.h"

#include "random.h"
#include "table_check.h"
#include "table_keys.h"
#include "tap.h"


#define SIZE      (1 << 20)
#define KEYS      200
#define STABLE    4                  /* keys that always are what they are,
                                        though applied again and again */
#define ACCOUNTS  20
#define READERS   2
#define KILLS     400


typedef struct {
    uint32_t  version;               /* 0: not there */
    uint32_t  before;                /* the version before */
    uint32_t  previous;              /* the one in overlap; 0: none */
} twin_t;


typedef struct {
    twin_t    twins[KEYS];
    uint32_t  stop;
    uint64_t  found[READERS];
    uint64_t  wrong[READERS];
    uint64_t  lost[READERS];         /* stable keys that were not found */
} shared_t;


static shared_t         *shared;
static keygate_table_t  *table;
static keygate_now_t     now;


static unsigned
account_of(unsigned key, unsigned version)
{
    return (key + version / 5) % ACCOUNTS;
}


static keygate_rc_t
do_account(unsigned x)
{
    char              id[32];
    keygate_record_t  r;

    memset(&r, 0, sizeof(keygate_record_t));
    sprintf(id, "biz_%u", x % ACCOUNTS);
    r.kind = KEYGATE_ACCOUNT;
    r.id.len = strlen(id);
    r.id.data = (unsigned char *) id;
    r.trial_ends_at = KEYGATE_NEVER;
    r.deleted = x % 3 == 0;

    return keygate_table_apply(table, &r, x, &now);
}


static keygate_rc_t
do_key(unsigned key, unsigned version, unsigned deleted, unsigned rotated)
{
    uint32_t          before;
    twin_t           *twin;
    keygate_rc_t      rc;
    keygate_record_t  r;

    twin = &shared->twins[key];
    before = twin->version == version || twin->before >= version
             ? twin->before : twin->version;

    make_key(&r, key, version, account_of(key, version));
    r.deleted = deleted;

    if (rotated && before != 0) {
        r.has_previous = 1;
        r.previous_until = WALL + 100;
        make_digest(r.previous, key, before);
    }

    rc = keygate_table_apply(table, &r, version, &now);

    if (deleted) {
        twin->version = 0;
        return rc;
    }

    __atomic_store_n(&twin->before, before, __ATOMIC_SEQ_CST);
    __atomic_store_n(&twin->previous, r.has_previous ? before : 0,
                     __ATOMIC_SEQ_CST);
    __atomic_store_n(&twin->version, version, __ATOMIC_SEQ_CST);

    return rc;
}


static keygate_rc_t
operate(void)
{
    uint64_t              i, x;
    unsigned              key, version;
    keygate_rc_t          rc;
    keygate_position_t   *position;

    position = keygate_table_position(table);
    i = position->offset;
    version = (unsigned) i + 1;
    x = (i + 1) * 0x9e3779b97f4a7c15ull;
    x = (x ^ x >> 31) * 0xbf58476d1ce4e5b9ull >> 20;

    if (i < STABLE) {
        rc = do_key((unsigned) i, version, 0, 0);

    } else if (x % 16 > 8) {
        key = (unsigned) (x >> 8) % STABLE;
        rc = do_key(key, key + 1, 0, 0);

    } else if (x % 16 == 0) {
        rc = do_account((unsigned) (x >> 8));

    } else {
        key = STABLE + (unsigned) (x >> 8) % (KEYS - STABLE);
        rc = do_key(key, version, x % 16 < 4, x % 2);
    }

    if (rc == KEYGATE_OK) {
        __atomic_store_n(&position->offset, i + 1, __ATOMIC_SEQ_CST);
    }

    return rc;
}


static void
run_writer(void)
{
    keygate_table_recover(table);

    for ( ;; ) {
        if (operate() != KEYGATE_OK) {
            _exit(1);
        }
    }
}


static int
right(const keygate_key_t *k, const keygate_cidr_t *addresses, unsigned key)
{
    return k->at != 0 && (k->at > STABLE) == (key >= STABLE)
           && same_key(k, addresses, key, (unsigned) k->at,
                       account_of(key, (unsigned) k->at));
}


static void
look(unsigned me, unsigned key)
{
    uint32_t          version;
    keygate_key_t     k;
    keygate_cidr_t    cidrs[KEYGATE_ADDRESSES_MAX];
    unsigned char     digest[KEYGATE_DIGEST_LEN];
    keygate_window_t  w;

    version = __atomic_load_n(random_below(3) ? &shared->twins[key].version
                                              : &shared->twins[key].before,
                              __ATOMIC_SEQ_CST);
    make_digest(digest, key, version);

    if (keygate_table_find_with(table, digest, WALL, &k, cidrs)
        != KEYGATE_OK)
    {
        shared->lost[me] += key < STABLE && version != 0;
        return;
    }

    shared->found[me]++;

    /* the current secret, or an older one while it overlaps */

    if (!right(&k, cidrs, key)
        || (k.previous ? k.at <= version : k.at != version))
    {
        shared->wrong[me]++;
    }

    memset(&w, 0, sizeof(keygate_window_t));
    w.limit = 1000;
    w.unit = KEYGATE_MINUTE;
    w.meter = keygate_table_meter(table, k.ref, KEYGATE_KEY);
    w.ring = keygate_table_ring(table, k.ref, KEYGATE_KEY, KEYGATE_MINUTE);
    shared->wrong[me] += w.ring == NULL;
    now.tick++;
    (void) keygate_rate_charge(&w, 1, 1, &now);
    keygate_table_touch(table, k.ref, WALL + (int64_t) now.tick);
}


static void
run_reader(unsigned me)
{
    unsigned          i, n, key;
    uint64_t          cursor;
    unsigned char     seen[KEYS];
    keygate_key_t     k;
    keygate_cidr_t    cidrs[KEYGATE_ADDRESSES_MAX];
    keygate_record_t  r;

    random_state += me * 12345 + 1;

    for (n = 0; !__atomic_load_n(&shared->stop, __ATOMIC_RELAXED); n++) {
        key = random_below(2) ? random_below(KEYS) : random_below(STABLE);
        look(me, key);

        for (i = 0; i < 20; i++) {
            look(me, random_below(STABLE));
        }

        make_key(&r, key, 1, 0);

        if (keygate_table_find_id_with(table, r.id, &k, cidrs) == KEYGATE_OK) {
            shared->wrong[me] += !right(&k, cidrs, key);

        } else {
            shared->lost[me] += key < STABLE;
        }

        if (n % 64 != 0) {
            continue;
        }

        memset(seen, 0, sizeof(seen));
        cursor = 0;

        while (keygate_table_next_key(table, &cursor, &k) == KEYGATE_OK) {
            key = (unsigned) atoi(k.id + 9);
            shared->wrong[me] += key >= KEYS || !right(&k, NULL, key)
                                 || seen[key];
            seen[key < KEYS ? key : 0] = 1;
        }

        for (key = 0; key < STABLE; key++) {
            shared->lost[me] += !seen[key];
        }
    }

    _exit(0);
}


/* At rest, after the operation that was cut short. */

static int
compare(void)
{
    int               wrong;
    unsigned          i, n;
    uint64_t          cursor;
    keygate_key_t     k;
    keygate_cidr_t    cidrs[KEYGATE_ADDRESSES_MAX];
    unsigned char     digest[KEYGATE_DIGEST_LEN];
    twin_t           *twin;
    keygate_record_t  r;

    wrong = 0;
    n = 0;

    for (i = 0; i < KEYS; i++) {
        twin = &shared->twins[i];
        make_key(&r, i, 1, 0);

        if (twin->version == 0) {
            wrong += keygate_table_find_id(table, r.id, &k) == KEYGATE_OK;
            continue;
        }

        n++;
        make_digest(digest, i, twin->version);
        wrong += keygate_table_find_with(table, digest, WALL, &k, cidrs)
                 != KEYGATE_OK
                 || k.at != twin->version || !right(&k, cidrs, i);

        if (twin->before != 0) {
            make_digest(digest, i, twin->before);
            wrong += (keygate_table_find(table, digest, WALL, &k)
                      == KEYGATE_OK) != (twin->previous == twin->before);
        }
    }

    cursor = 0;

    while (keygate_table_next_key(table, &cursor, &k) == KEYGATE_OK) {
        n--;
    }

    return wrong + (n != 0);
}


static unsigned
run_kills(const char **bad)
{
    int       status;
    pid_t     pid;
    unsigned  i, wrong;

    wrong = 0;

    for (i = 0; i < KILLS && *bad == NULL; i++) {
        pid = fork();

        if (pid == 0) {
            run_writer();
        }

        usleep(300 + random_below(4000));
        kill(pid, SIGKILL);
        waitpid(pid, &status, 0);
        wrong += !WIFSIGNALED(status);

        /* most of the time the next writer finds it as it was left */

        if (i % 4 == 3) {
            keygate_table_recover(table);
            *bad = table_check(table);
            wrong += operate() != KEYGATE_OK;
            *bad = *bad ? *bad : table_check(table);
            wrong += (unsigned) compare();
        }
    }

    return wrong;
}


int
main(void)
{
    int            status;
    pid_t          readers[READERS];
    unsigned       i, wrong;
    uint64_t       found, bad_reads, lost;
    const char    *bad;
    unsigned char  seed[] = "fedcba9876543210";

    now = keygate_rate_now(1000, WALL);
    shared = mmap(NULL, sizeof(shared_t), PROT_READ|PROT_WRITE,
                  MAP_SHARED|MAP_ANONYMOUS, -1, 0);
    table = keygate_table_init(mmap(NULL, SIZE, PROT_READ|PROT_WRITE,
                                    MAP_SHARED|MAP_ANONYMOUS, -1, 0),
                               SIZE, seed);

    make_names(table);
    ok(keygate_table_units(table, 3, 4, &now) == KEYGATE_OK, "a table");

    for (i = 0; i < 1000; i++) {
        if (operate() != KEYGATE_OK) {
            break;
        }
    }

    bad = table_check(table);
    ok(i == 1000 && bad == NULL && compare() == 0, "filled: %s",
       bad ? bad : "whole");

    for (i = 0; i < READERS; i++) {
        readers[i] = fork();

        if (readers[i] == 0) {
            run_reader(i);
        }
    }

    wrong = run_kills(&bad);
    shared->stop = 1;
    found = 0;
    bad_reads = 0;
    lost = 0;

    for (i = 0; i < READERS; i++) {
        waitpid(readers[i], &status, 0);
        wrong += status != 0;
        found += shared->found[i];
        bad_reads += shared->wrong[i];
        lost += shared->lost[i];
    }

    is_num(wrong, 0, "%u writers killed in %llu operations", KILLS,
           (unsigned long long) keygate_table_position(table)->offset);
    ok(bad == NULL, "whole after each: %s", bad ? bad : "yes");
    ok(found > 1000, "%llu lookups", (unsigned long long) found);
    is_num(bad_reads, 0, "no wrong or torn record was seen");
    is_num(lost, 0, "nor was one missed that was there all the time");

    return tap_done();
}

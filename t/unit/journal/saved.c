/*
 * JOURNAL.usage against an exact log of what was admitted: a node is killed
 * again and again, over months.  What a new table has of a day and a month is
 * never less than what the log says, and more by no more than a hundredth of
 * the limit for each life.
 */

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keygate_calendar.h"
#include "keygate_meter.h"
#include "keygate_saved.h"

#include "random.h"
#include "table_keys.h"
#include "tap.h"


#define SIZE     (1024 * 1024)
#define BEGIN    1780012345000ll
#define RUNS     4
#define STEPS    1000
#define LOG_MAX  200000


typedef struct {
    int64_t   ms;
    uint32_t  cost;
} entry_t;


static char               dir[] = "/tmp/keygate-saved-XXXXXX";
static char               path[64];
static unsigned char      seed[16];
static void              *mem;
static keygate_table_t   *table;
static keygate_quotas_t   quotas;
static keygate_saved_t   *file;
static int64_t            epoch, clock_ms;
static uint32_t           life, ref;
static keygate_kind_e     kind;
static uint32_t           limits[2];
static entry_t            entries[LOG_MAX];
static unsigned           n_entries;


static keygate_now_t
now(void)
{
    return keygate_rate_now((uint64_t) (clock_ms - epoch), clock_ms / 1000);
}


static keygate_saved_t *
open_file(const char *zone)
{
    return keygate_saved_create(str(path), str(zone), life);
}


/* A process begins: nothing of the one before is left but the file. */

static keygate_rc_t
begin(keygate_saved_stats_t *stats)
{
    int                begun;
    keygate_now_t      t;
    keygate_key_t      key;
    keygate_record_t   r;
    keygate_rc_t       rc;

    epoch = clock_ms - clock_ms % 2700000;
    life++;
    t = now();

    memset(&quotas, 0, sizeof(quotas));
    table = keygate_table_init(mem, SIZE, seed);
    make_names(table);
    (void) keygate_table_units(table, 1 << KEYGATE_DAY | 1 << KEYGATE_MINUTE,
                               1 << KEYGATE_DAY, &t);
    (void) keygate_table_groups(table);
    memset(&r, 0, sizeof(keygate_record_t));
    r.kind = KEYGATE_ACCOUNT;
    r.id = str("biz_0");
    (void) keygate_table_apply(table, &r, 0, &t);
    make_key(&r, 1, 4, 0);
    (void) keygate_table_apply(table, &r, 1, &t);
    (void) keygate_table_find_id(table, r.id, &key);

    if (file != NULL) {
        keygate_saved_destroy(file);
    }

    file = open_file("keys");
    rc = keygate_saved_load(file, table, 1, &t, stats, &begun);
    ref = kind == KEYGATE_KEY ? key.ref : key.account_ref;

    return rc;
}


/* The keeper: what nginx does in a thread. */

static void
keep(void)
{
    int               anew;
    uint32_t          cursor, count, ceiling;
    uint64_t          said, written;
    keygate_now_t     t;
    keygate_meter_t  *meter;
    keygate_quota_t   q;

    t = now();
    cursor = 0;

    while (keygate_quota_next(quotas.slots, &cursor, &q)) {
        meter = keygate_table_meter(table, q.ref, KEYGATE_KEY);
        ceiling = keygate_quota_ceiling(meter, &q, &said, &count);
        (void) keygate_saved_add(file, table, &q, said, count, ceiling, &t);

        if (keygate_saved_write(file, &t, &anew, &written) == KEYGATE_OK) {
            (void) keygate_quota_saved(meter, said, ceiling);
        }
    }

    __atomic_store_n(&quotas.asked, 0, __ATOMIC_RELAXED);
}


static void
make_windows(keygate_window_t *w)
{
    memset(w, 0, 2 * sizeof(keygate_window_t));

    w[0].unit = KEYGATE_DAY;
    w[1].unit = KEYGATE_MONTH;
    w[0].limit = limits[0];
    w[1].limit = limits[1];
    w[0].quotas = w[1].quotas = &quotas;
    w[0].meter = w[1].meter = keygate_table_meter(table, ref, kind);
    w[0].ring = keygate_table_ring(table, ref, kind, KEYGATE_DAY);
}


/* As keygate_decide_quotas.c; returns 1 when admitted. */

static int
charge(uint32_t cost)
{
    int               tries, pass;
    uint32_t          room;
    keygate_now_t     t;
    keygate_quota_t   q;
    keygate_window_t  w[2];

    for (pass = 0, tries = 0; !pass && tries < 3; tries++) {
        t = now();
        make_windows(w);
        pass = keygate_rate_charge(w, 2, cost, &t);

        room = w[0].remaining < w[1].remaining ? w[0].remaining
                                               : w[1].remaining;
        q.ref = ref;
        q.kind = kind;
        q.grouped = 0;
        q.room = room;
        q.step = keygate_quota_step(limits[0]);

        if (keygate_quota_step(limits[1]) < q.step) {
            q.step = keygate_quota_step(limits[1]);
        }

        if (!pass && !w[0].unsaved) {
            return 0;
        }

        if (!pass || (room != 0
                      && keygate_quota_ahead(w[0].meter) <= q.step / 2))
        {
            keygate_quota_want(&quotas, w[0].meter, &q, pass ? 0 : cost,
                               t.ms);
        }

        if (!pass) {
            keep();
        }
    }

    if (pass) {
        entries[n_entries].ms = clock_ms;
        entries[n_entries++].cost = cost;
    }

    return pass;
}


static uint32_t
logged(int64_t since)
{
    unsigned  i;
    uint32_t  sum;

    for (sum = 0, i = n_entries; i > 0 && entries[i - 1].ms > since; i--) {
        sum += entries[i - 1].cost;
    }

    return sum;
}


static void
used(uint32_t *day, uint32_t *month)
{
    keygate_now_t     t;
    keygate_window_t  w[2];

    t = now();
    make_windows(w);
    (void) keygate_rate_used(w, 2, &t);

    *day = w[0].remaining;
    *month = w[1].remaining;
}


static uint32_t
hundredth(uint32_t limit)
{
    return limit < 200 ? 2 : limit / 100;
}


static void
run(unsigned n)
{
    unsigned               i, lives, less, more, admitted;
    int64_t                month_begin, died[STEPS];
    uint32_t               day, month, most, j, lately, in_month;
    keygate_saved_stats_t  stats;

    static const uint32_t  all[][2] = { { 10, 100 }, { 1, 1 }, { 500, 9000 },
                                        { 100000, 1000000 } };

    limits[0] = all[n % 4][0];
    limits[1] = all[n % 4][1];
    kind = n % 2 ? KEYGATE_ACCOUNT : KEYGATE_KEY;

    (void) unlink(path);
    (void) sprintf(path + strlen(path), ".usage");
    (void) unlink(path);
    path[strlen(path) - 6] = '\0';

    clock_ms = BEGIN + random_below(86400000);
    n_entries = 0;
    lives = less = more = admitted = 0;
    most = limits[0] < 1000 ? 1 : limits[0] / 500;

    if (begin(&stats) != KEYGATE_NONE) {
        ok(0, "there is no file");
    }

    for (i = 0; i < STEPS; i++) {
        clock_ms += random_below(4) ? random_below(60000)
                                    : random_below(7200000);

        admitted += (unsigned) charge(1 + random_below(most));

        if (random_below(3)) {
            keep();
        }

        if (random_below(40) == 0) {
            keygate_now_t  t;
            uint64_t       size;

            t = now();
            (void) keygate_saved_rewrite(file, table, &t, &size);
        }

        if (random_below(50) != 0) {
            continue;
        }

        died[lives++] = clock_ms;
        clock_ms += random_below(600000);

        if (begin(&stats) != KEYGATE_OK || stats.damaged != 0) {
            ok(0, "the file is read: %u damaged", (unsigned) stats.damaged);
        }

        used(&day, &month);

        month_begin = keygate_calendar_month(clock_ms / 1000);
        month_begin = keygate_calendar_begin(month_begin) * 1000;

        for (lately = 0, in_month = 0, j = 0; j < lives; j++) {
            lately += died[j] > clock_ms - 86400000 - 2 * 2700000;
            in_month += died[j] >= month_begin;
        }

        less += day < logged(clock_ms - 86400000)
                || month < logged(month_begin - 1);
        more += day > logged(clock_ms - 86400000 - 2 * 2700000)
                      + (lately + 1) * hundredth(limits[0])
                || month > logged(month_begin - 1)
                           + (in_month + 1) * hundredth(limits[0]);
    }

    is_num(less, 0, "%ur/d, %ur/month, %u lives, %u admitted: no unit is "
           "given back", limits[0], limits[1], lives, admitted);
    is_num(more, 0, "  and none is lost but a hundredth for each life");
}


static void
append(const char *text)
{
    int   fd;
    char  name[80];

    (void) sprintf(name, "%s.usage", path);
    fd = open(name, O_WRONLY|O_CREAT|O_APPEND, 0600);

    if (write(fd, text, strlen(text)) != (ssize_t) strlen(text)) {
        ok(0, "%s is written", name);
    }

    (void) close(fd);
}


static void
fresh(void)
{
    char  name[80];

    (void) sprintf(name, "%s.usage", path);
    (void) unlink(name);
    clock_ms = BEGIN;
    limits[0] = limits[1] = 1000;
    kind = KEYGATE_KEY;
}


/* What a line says, and what no line is. */

static void
test_lines(void)
{
    size_t                 i;
    char                   text[512], id[80];
    uint32_t               day, month;
    keygate_record_t       r;
    keygate_saved_stats_t  stats;

    static const char  *bad[] = {
        "", "x", "{}", "[]", "{\"usage\":1}", "{\"usage\":{}}",
        "{\"usage\":{\"zone\":\"keys\",\"by\":\"0000000g\",\"begun\":1}}",
        "{\"usage\":{\"zone\":\"keys\",\"by\":\"01\",\"begun\":1}}",
        "{\"usage\":{\"zone\":\"\",\"by\":\"00000001\",\"begun\":1}}",
        "{\"usage\":{\"zone\":\"keys\",\"key\":\"a\",\"by\":\"00000001\","
        "\"at\":1,\"count\":-1}}",
        "{\"usage\":{\"zone\":\"keys\",\"key\":\"a\",\"by\":\"00000001\","
        "\"at\":1,\"count\":2147483648}}",
        "{\"usage\":{\"zone\":\"keys\",\"key\":\"a\",\"by\":\"00000001\","
        "\"at\":\"1\",\"count\":1}}",
        "{\"usage\":{\"zone\":\"keys\",\"key\":\"a\",\"by\":\"00000001\","
        "\"at\":1,\"count\":1,\"day\":[-1],\"month\":1}}",
        "{\"usage\":{\"zone\":\"keys\",\"key\":\"a\",\"by\":\"00000001\","
        "\"at\":1,\"count\":1,\"day\":[1]}}",
        "{\"usage\":{\"zone\":\"keys\",\"key\":\"a\",\"by\":\"00000001\","
        "\"at\":1,\"count\":1,\"group\":\"1\"}}"
    };

    make_key(&r, 1, 4, 0);
    (void) snprintf(id, sizeof(id), "%.*s", (int) r.id.len, r.id.data);

    fresh();

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        append(bad[i]);
        append("\n");
    }

    is_num(begin(&stats), KEYGATE_INVALID, "no line at all");
    is_num(stats.damaged, sizeof(bad) / sizeof(bad[0]), "each is damaged");
    is_num(stats.first, 1, "from the first on");

    fresh();
    (void) snprintf(text, sizeof(text),
        "{\"usage\":{\"zone\":\"keys\",\"key\":\"%s\",\"by\":\"00000007\","
        "\"at\":%lld,\"from\":0,\"count\":40,\"ahead\":5}}\n", id,
        (long long) (clock_ms / 1000));
    append(text);
    append(text);
    append("{\"usage\":{\"zone\":\"keys\",\"key\":\"nobody\",\"by\":"
           "\"00000007\",\"at\":1,\"count\":1,\"ahead\":1}}\n");
    append("{\"usage\":{\"zone\":\"others\",\"key\":\"nobody\",\"by\":"
           "\"00000007\",\"at\":1,\"count\":1,\"ahead\":1}}\n{\"usage");

    is_num(begin(&stats), KEYGATE_OK, "lines");
    is_num(stats.lines, 4, "all of them");
    is_num(stats.damaged, 0, "a torn one is no damage");
    used(&day, &month);
    is_num(day, 45, "a line that is there twice counts once");
    is_num(month, 45, "and of a month");

    fresh();
    append("rubbish\n");
    append(text);
    is_num(begin(&stats), KEYGATE_OK, "one is damaged");
    used(&day, &month);
    is_num(day, 50, "what it could have let in counts");

    fresh();
    append(text);
    clock_ms += 40ll * 86400000;
    is_num(begin(&stats), KEYGATE_OK, "much later");
    used(&day, &month);
    is_num(day, 5, "only what was put in ahead may have been used since");
    is_num(month, 5, "of a month, too");

    fresh();
    append(text);
    clock_ms -= 3600000;
    is_num(begin(&stats), KEYGATE_OK, "a clock that was put back");
    used(&day, &month);
    is_num(day, 45, "gives nothing back");
}


/* Another zone's lines stay, those of a life that goes on beside this one
 * too; what this one's memory says is written once. */

static void
test_rewrite(void)
{
    int                    begun;
    void                  *other;
    uint32_t               day, month;
    uint64_t               size;
    keygate_now_t          t;
    keygate_saved_t       *before;
    keygate_saved_stats_t  stats;

    fresh();
    append("{\"usage\":{\"zone\":\"others\",\"key\":\"nobody\",\"by\":"
           "\"00000007\",\"at\":1,\"count\":1,\"ahead\":1}}\n");
    (void) begin(&stats);
    is_num(charge(7), 1, "charged");
    t = now();
    is_num(keygate_saved_rewrite(file, table, &t, &size), KEYGATE_OK,
           "written anew");
    is_num(keygate_saved_rewrite(file, table, &t, &size), KEYGATE_OK,
           "and again");

    before = file;
    file = NULL;
    other = mem;
    mem = malloc(SIZE);
    is_num(begin(&stats), KEYGATE_OK, "a successor begins");
    is_num(stats.lines, 3, "lines of both zones, and whose life it was");
    used(&day, &month);
    ok(day >= 7 && day <= 12, "it knows of what was used: %u", day);

    is_num(keygate_saved_rewrite(before, other, &t, &size), KEYGATE_NONE,
           "the life before it does not write the file any more");
    is_num(keygate_saved_rewrite(file, table, &t, &size), KEYGATE_OK,
           "the successor does");

    keygate_saved_destroy(before);
    free(other);

    before = open_file("others");
    is_num(keygate_saved_load(before, table, 0, &t, &stats, &begun),
           KEYGATE_OK, "the other zone");
    ok(stats.lines >= 3 && !begun, "has its line");
    keygate_saved_destroy(before);
}


/* A burst asks for units that nobody then uses; all but a step are given
 * back, and the process is killed on the way.  Meanwhile a charge is stopped
 * between its look and its taking. */

typedef enum {
    ASKED,
    LOWERED,
    PAST,
    WRITTEN,
    STAGES
} stage_e;


static void
back_until(stage_e stage, stage_e wakes, uint32_t cost, const char *name)
{
    int               anew, late;
    uint32_t          count, ceiling, day, month, sum;
    uint64_t          written, word, none;
    keygate_now_t     t;
    keygate_back_t    back;
    keygate_quota_t   q;
    keygate_meter_t  *meter;
    keygate_saved_stats_t  stats;

    fresh();
    limits[0] = limits[1] = 100;
    n_entries = 0;
    (void) begin(&stats);
    clock_ms += 1000;
    (void) charge(1);
    (void) charge(1);

    t = now();
    q.ref = ref;
    q.kind = kind;
    q.grouped = 0;
    q.room = 98;
    q.step = 1;
    meter = keygate_table_meter(table, ref, kind);
    keygate_quota_want(&quotas, meter, &q, 20, t.ms);

    if (keygate_quota_lower(meter, 1, &back, &t) == KEYGATE_BACK_LOWERED) {
        ok(0, "%s: what is wanted is not given back", name);
    }

    keep();

    word = meter->word;
    late = (int) keygate_quota_covers(&quotas, meter,
                                      keygate_word_count(word), cost, t.ms);
    none = 0;

    for (unsigned at = ASKED; at <= stage; at++) {
        clock_ms += 100;
        t = now();

        if (at == LOWERED) {
            is_num(keygate_quota_lower(meter, 1, &back, &t),
                   KEYGATE_BACK_LOWERED, "%s: lowered", name);

        } else if (at == PAST) {
            is_num(keygate_quota_past(meter, &back, &t), 1, "%s: past", name);

        } else if (at == WRITTEN
                   && keygate_quota_lowered(meter, &back, &count, &ceiling))
        {
            (void) keygate_saved_add(file, table, &q, back.to, count, ceiling,
                                     &t);
            (void) keygate_saved_write(file, &t, &anew, &written);
        }

        if (at == (unsigned) wakes && late) {
            none = __atomic_compare_exchange_n(&meter->word, &word,
                       keygate_word(keygate_word_tick(word),
                                    word & KEYGATE_TURN,
                                    keygate_word_count(word) + cost, 0),
                       0, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);
        }
    }

    if (none) {
        entries[n_entries].ms = clock_ms;
        entries[n_entries++].cost = cost;
    }

    if (stage == STAGES) {
        (void) keygate_saved_exact(file, table, &t);
    }

    sum = logged(0);
    (void) begin(&stats);
    used(&day, &month);

    ok(day >= sum && month >= sum, "%s: %u are known, %u were admitted", name,
       day, sum);

    if (stage >= WRITTEN) {
        ok(day <= sum + (stage == WRITTEN) && month <= sum + 1,
           "%s: no more than one is lost: %u, %u", name, day, sum);
    }
}


/* A wish that comes while a line is written, and that the line does for. */

static void
test_meanwhile(void)
{
    uint32_t          i, said_count, ceiling;
    uint64_t          said;
    keygate_now_t     t;
    keygate_quota_t   q;
    keygate_meter_t  *meter;
    keygate_saved_stats_t  stats;

    static const struct {
        uint32_t  before;                /* wanted */
        uint32_t  meanwhile;
        int       again;
    } cases[] = { { 0, 1, 0 }, { 0, 2, 1 }, { 3, 1, 0 }, { 3, 2, 1 } };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        fresh();
        limits[0] = limits[1] = 100;
        n_entries = 0;
        (void) begin(&stats);
        clock_ms += 1000;
        (void) charge(1);

        t = now();
        q.ref = ref;
        q.kind = kind;
        q.grouped = 0;
        q.room = 98;
        q.step = 1;
        meter = keygate_table_meter(table, ref, kind);

        keygate_quota_want(&quotas, meter, &q, cases[i].before, t.ms);
        ceiling = keygate_quota_ceiling(meter, &q, &said, &said_count);
        keygate_quota_want(&quotas, meter, &q, cases[i].meanwhile, t.ms);

        is_num(keygate_quota_saved(meter, said, ceiling), cases[i].again,
               "%u wanted, and %u while the line is written: once more",
               cases[i].before, cases[i].meanwhile);
        is_num(keygate_quota_ahead(meter), cases[i].before + 1,
               "... and so many are ahead");
    }
}


static void
test_back(void)
{
    char      name[80];
    unsigned  stage, wakes;
    uint32_t  cost;

    for (stage = ASKED; stage <= STAGES; stage++) {
        for (wakes = ASKED; wakes <= STAGES; wakes++) {
            for (cost = 1; cost <= 10; cost += 9) {
                (void) sprintf(name, "killed at %u, cost %u at %u", stage,
                               (unsigned) cost, wakes);
                back_until((stage_e) stage, (stage_e) wakes, cost, name);
            }
        }
    }
}


int
main(void)
{
    unsigned  i;
    char      name[80];

    if (mkdtemp(dir) == NULL) {
        return 1;
    }

    (void) sprintf(path, "%s/keys.jsonl", dir);
    mem = malloc(SIZE);

    for (i = 0; i < RUNS; i++) {
        run(i);
    }

    test_lines();
    test_rewrite();
    test_meanwhile();
    test_back();

    keygate_saved_destroy(file);
    free(mem);
    (void) sprintf(name, "%s.usage", path);
    (void) unlink(name);
    (void) rmdir(dir);

    return tap_done();
}

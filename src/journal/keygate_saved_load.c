/*
 * JOURNAL.usage read at a start.  A life's lines tell counts, so what lies
 * between two of them is put into the bucket and the month of the later one:
 * later than it was used, never earlier.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "keygate_calendar.h"
#include "keygate_meter.h"
#include "keygate_saved_private.h"


#define KEYGATE_LIVES_LEAST  1024
#define KEYGATE_DAMAGED_MOST 8


/* What one life has said of one meter last. */

typedef struct {
    uint64_t  who;                       /* meter, life; 0: nobody */
    uint32_t  count;
    uint32_t  ahead;
    unsigned  anew;                      /* since the windows were emptied */
} keygate_life_t;


typedef struct {
    keygate_saved_t        *saved;
    keygate_table_t        *table;
    keygate_now_t           now;
    keygate_saved_stats_t  *stats;
    keygate_life_t         *lives;
    size_t                  size;        /* a power of two */
    size_t                  n;
} keygate_loading_t;


static keygate_rc_t keygate_saved_read(keygate_loading_t *l);
static keygate_rc_t keygate_saved_apply(keygate_loading_t *l,
    const keygate_saved_line_t *line);
static uint32_t keygate_saved_find(keygate_loading_t *l,
    const keygate_saved_line_t *line, uint64_t *reset);
static keygate_life_t *keygate_life(keygate_loading_t *l, uint64_t who);
static keygate_rc_t keygate_lives_grow(keygate_loading_t *l);
static void keygate_saved_put(keygate_loading_t *l, uint32_t ref, int64_t at,
    const uint32_t *day, uint32_t n, uint32_t month);
static void keygate_saved_aheads(keygate_loading_t *l);


keygate_rc_t
keygate_saved_load(keygate_saved_t *s, keygate_table_t *table, int begin,
    const keygate_now_t *now, keygate_saved_stats_t *stats, int *begun)
{
    int                saved, anew;
    keygate_rc_t       rc;
    keygate_loading_t  l;

    memset(&l, 0, sizeof(keygate_loading_t));
    memset(stats, 0, sizeof(keygate_saved_stats_t));

    l.saved = s;
    l.table = table;
    l.now = *now;
    l.stats = stats;
    *begun = 0;

    rc = begin ? keygate_saved_lock(s, 0, &anew) : KEYGATE_NONE;

    if (rc == KEYGATE_IO) {
        begin = 0;
    }

    if (rc != KEYGATE_OK) {
        keygate_saved_close(s);
        s->fd = keygate_file_read(s->path);
    }

    if (s->fd == -1) {
        return errno == ENOENT ? KEYGATE_NONE : KEYGATE_IO;
    }

    rc = keygate_saved_read(&l);

    if (rc == KEYGATE_OK && stats->lines == 0 && stats->damaged != 0) {
        rc = KEYGATE_INVALID;
    }

    if (rc == KEYGATE_OK) {
        keygate_saved_aheads(&l);

        if (begin && s->file.name != NULL) {
            *begun = keygate_saved_begin(s, now) == KEYGATE_OK;
        }
    }

    saved = errno;
    free(l.lives);
    keygate_saved_close(s);
    errno = saved;

    return rc;
}


/* A last line without its end was never relied on. */

static keygate_rc_t
keygate_saved_read(keygate_loading_t *l)
{
    int                    fd;
    char                  *text;
    FILE                  *f;
    size_t                 size;
    ssize_t                n;
    uint64_t               number;
    keygate_rc_t           rc;
    keygate_str_t          span;
    keygate_saved_line_t   line;

    fd = dup(l->saved->fd);
    f = fd == -1 ? NULL : fdopen(fd, "r");

    if (f == NULL) {
        return KEYGATE_IO;
    }

    text = NULL;
    size = 0;
    rc = KEYGATE_OK;

    for (number = 1; rc == KEYGATE_OK; number++) {
        n = getline(&text, &size, f);

        if (n <= 0 || text[n - 1] != '\n') {
            rc = ferror(f) ? KEYGATE_IO : KEYGATE_OK;
            break;
        }

        span.data = (unsigned char *) text;
        span.len = (size_t) n - 1;

        rc = keygate_saved_parse(span, &line);

        if (rc == KEYGATE_INVALID) {
            rc = KEYGATE_OK;

            if (l->stats->damaged++ == 0) {
                l->stats->first = number;
            }

        } else if (rc == KEYGATE_OK) {
            l->stats->lines++;

            if (line.id[0] != '\0'
                && strcmp(line.zone, l->saved->zone) == 0)
            {
                rc = keygate_saved_apply(l, &line);
            }
        }
    }

    free(text);
    (void) fclose(f);

    return rc;
}


static keygate_rc_t
keygate_saved_apply(keygate_loading_t *l, const keygate_saved_line_t *line)
{
    uint32_t         ref, n, month;
    uint64_t         reset;
    unsigned         empty;
    keygate_life_t  *life;

    ref = keygate_saved_find(l, line, &reset);

    if (ref == 0) {
        return KEYGATE_OK;
    }

    if (l->n * 2 >= l->size && keygate_lives_grow(l) != KEYGATE_OK) {
        return KEYGATE_NOMEM;
    }

    if (line->fresh) {
        keygate_meter_reuse(keygate_table_meter(l->table, ref,
                                                (keygate_kind_e) line->kind),
                            &l->now);
    }

    life = keygate_life(l, (uint64_t) ref << 32 | line->life);

    if (line->fresh) {
        life->ahead = 0;
    }

    if (line->reset != 0 && line->reset >= keygate_table_reset_at(reset)) {
        life->anew = 1;
    }

    /* what was used before the windows were emptied */

    empty = !life->anew && line->at <= keygate_table_reset_at(reset)
            ? keygate_table_reset_units(reset, line->grouped, line->group)
            : 0;

    if (line->whole) {
        month = empty >> KEYGATE_MONTH & 1 ? 0 : line->month;
        keygate_saved_put(l, ref, line->at, line->day,
                          empty >> KEYGATE_DAY & 1 ? 0 : KEYGATE_BUCKETS,
                          month);

    } else {
        n = line->count - (life->who != 0 && !line->fresh ? life->count
                                                          : line->from);
        n &= KEYGATE_COUNTS;
        n = n > KEYGATE_COUNTS / 2 ? 0 : n;

        month = empty >> KEYGATE_MONTH & 1 ? 0 : n;
        keygate_saved_put(l, ref, line->at, &n,
                          empty >> KEYGATE_DAY & 1 ? 0 : 1, month);
    }

    l->n += life->who == 0;
    life->who = (uint64_t) ref << 32 | line->life;
    life->count = line->count;
    life->ahead = empty >> KEYGATE_DAY == 3 ? 0 : line->ahead;

    return KEYGATE_OK;
}


/* The meter that a line is about; 0: there is none any more. */

static uint32_t
keygate_saved_find(keygate_loading_t *l, const keygate_saved_line_t *line,
    uint64_t *reset)
{
    uint32_t            ref;
    keygate_str_t       id;
    keygate_key_t       key;
    keygate_account_t   account;

    id = keygate_span(line->id);
    *reset = 0;

    if (line->kind == KEYGATE_KEY) {
        ref = keygate_table_find_id(l->table, id, &key) == KEYGATE_OK
              ? key.ref : 0;
        *reset = ref != 0 ? key.reset : 0;

    } else {
        ref = keygate_table_find_account(l->table, id, &account) == KEYGATE_OK
              ? account.ref : 0;
    }

    if (ref == 0 || !line->grouped) {
        return ref;
    }

    if (keygate_table_group_add(l->table, ref, line->group,
                                1u << KEYGATE_DAY, &l->now) != KEYGATE_OK)
    {
        return 0;
    }

    return keygate_table_group(l->table, ref, line->group);
}


static keygate_life_t *
keygate_life(keygate_loading_t *l, uint64_t who)
{
    size_t  i;

    i = (size_t) (who * 0x9e3779b97f4a7c15ull >> 20) & (l->size - 1);

    while (l->lives[i].who != 0 && l->lives[i].who != who) {
        i = (i + 1) & (l->size - 1);
    }

    return &l->lives[i];
}


static keygate_rc_t
keygate_lives_grow(keygate_loading_t *l)
{
    size_t           i, size;
    keygate_life_t  *old;

    old = l->lives;
    size = l->size;

    l->size = size == 0 ? KEYGATE_LIVES_LEAST : size * 2;
    l->lives = calloc(l->size, sizeof(keygate_life_t));

    if (l->lives == NULL) {
        l->lives = old;
        l->size = size;
        return KEYGATE_NOMEM;
    }

    for (i = 0; i < size; i++) {
        if (old[i].who != 0) {
            *keygate_life(l, old[i].who) = old[i];
        }
    }

    free(old);

    return KEYGATE_OK;
}


/* Units by the age that their bucket had at "at". */

static void
keygate_saved_put(keygate_loading_t *l, uint32_t ref, int64_t at,
    const uint32_t *day, uint32_t n, uint32_t month)
{
    int64_t   age, tick, bucket;
    uint32_t  i, aged[KEYGATE_BUCKETS];

    memset(aged, 0, sizeof(aged));

    at = at > l->now.wall ? l->now.wall : at;
    tick = (int64_t) l->now.tick - (l->now.wall - at) * KEYGATE_TICKS;
    bucket = tick >= 0 ? tick / 86400 : -((86399 - tick) / 86400);

    for (i = 0; i < n; i++) {
        age = (int64_t) (l->now.tick / 86400) - bucket + i;

        if (age < KEYGATE_BUCKETS) {
            aged[age] += day[i];
        }
    }

    if (keygate_calendar_month(at) != keygate_calendar_month(l->now.wall)) {
        month = 0;
    }

    keygate_quota_restore(keygate_table_meter(l->table, ref, KEYGATE_KEY),
                          aged, month, &l->now);
}


/*
 * What was put in ahead may have been used up to now.  A damaged line may have
 * put in more: as much again, for each of them.
 */

static void
keygate_saved_aheads(keygate_loading_t *l)
{
    size_t    i;
    uint32_t  n, times;

    times = 1 + (uint32_t) (l->stats->damaged > KEYGATE_DAMAGED_MOST
                            ? KEYGATE_DAMAGED_MOST : l->stats->damaged);

    for (i = 0; i < l->size; i++) {
        n = l->lives[i].ahead > KEYGATE_RATE_MAX / times
            ? KEYGATE_RATE_MAX : l->lives[i].ahead * times;

        if (l->lives[i].who != 0 && n != 0) {
            keygate_saved_put(l, (uint32_t) (l->lives[i].who >> 32),
                              l->now.wall, &n, 1, n);
        }
    }
}

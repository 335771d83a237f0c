/*
 * From the journal into the table: where reading goes on, which lines are
 * skipped, and when a file is to be read from its start.  The table's lock,
 * which the caller holds, covers the position.
 */

#include <errno.h>
#include <string.h>

#include "keygate_journal_private.h"


#define KEYGATE_SWEEP_BUDGET  65536
#define KEYGATE_SWEEP_STEPS   16         /* that cost what one line does */


static void keygate_journal_reject(keygate_journal_t *j,
    keygate_position_t *position, const keygate_fault_t *fault);
static keygate_rc_t keygate_journal_record(keygate_journal_t *j,
    keygate_table_t *t, const keygate_line_t *line, const keygate_now_t *now,
    keygate_fault_t *fault);
static keygate_rc_t keygate_journal_line(keygate_journal_t *j,
    keygate_table_t *t, const keygate_line_t *line, const keygate_now_t *now);
static keygate_rc_t keygate_journal_sweep(keygate_journal_t *j,
    keygate_table_t *t, unsigned lines);
static keygate_rc_t keygate_journal_lines(keygate_journal_t *j,
    keygate_table_t *t, int fd, uint64_t end, unsigned lines,
    const keygate_now_t *now);
static keygate_rc_t keygate_journal_read_on(keygate_journal_t *j,
    keygate_table_t *t, int fd, uint64_t end, unsigned lines,
    const keygate_now_t *now);
static void keygate_journal_learn(keygate_journal_t *j,
    const keygate_position_t *position);


static void
keygate_journal_reject(keygate_journal_t *j, keygate_position_t *position,
    const keygate_fault_t *fault)
{
    __atomic_store_n(&position->rejected, position->rejected + 1,
                     __ATOMIC_RELAXED);

    if (j->conf.reject != NULL) {
        j->conf.reject(j->conf.data, position->line + 1, fault);
    }
}


void
keygate_journal_serve(keygate_journal_t *j, const keygate_journal_conf_t *conf)
{
    j->conf = *conf;
    j->check_end = 0;
    j->full = 0;
    keygate_ahead_end(&j->ahead);
    keygate_ahead_end(&j->missed.ahead);
}


/* KEYGATE_OK, or KEYGATE_INVALID with the fault that the line is skipped for,
 * or what makes reading stop. */

static keygate_rc_t
keygate_journal_record(keygate_journal_t *j, keygate_table_t *t,
    const keygate_line_t *line, const keygate_now_t *now,
    keygate_fault_t *fault)
{
    keygate_rc_t      rc;
    keygate_told_t    told;
    keygate_record_t  record;

    rc = keygate_journal_parse(j, line->text, &record, fault);

    if (rc != KEYGATE_OK) {
        return rc;
    }

    if (!keygate_ahead_last(&j->ahead, keygate_table_position(t), &record,
                            line->at))
    {
        keygate_record_free(&record);
        return KEYGATE_OK;
    }

    keygate_journal_before(j, t, &record, &told);

    rc = keygate_table_apply(t, &record, line->at, now);

    keygate_journal_told(j, line->text, &told, rc == KEYGATE_OK);

    if (rc == KEYGATE_FULL) {
        fault->late = 1;

        if (!keygate_table_stale(t, &record, line->at)) {
            keygate_table_miss(t, &record, line->at,
                               keygate_table_position(t)->line + 1);
        }
    }

    keygate_record_free(&record);

    fault->pointer[0] = '\0';

    switch (rc) {

    case KEYGATE_FULL:
        fault->reason = "found no room in the zone";
        j->full = 1;
        return KEYGATE_INVALID;

    case KEYGATE_CONFLICT:

        if (j->ahead.skipped && !j->ahead.plain) {
            return rc;
        }

        fault->reason = "has a digest that belongs to another key";
        return KEYGATE_INVALID;

    case KEYGATE_INVALID:
        fault->reason = "is more than 256 GB away from the start of the file";
        return KEYGATE_INVALID;

    default:
        return rc;
    }
}


static keygate_rc_t
keygate_journal_line(keygate_journal_t *j, keygate_table_t *t,
    const keygate_line_t *line, const keygate_now_t *now)
{
    keygate_rc_t         rc;
    keygate_fault_t      fault;
    keygate_position_t  *position;

    position = keygate_table_position(t);
    fault.late = 0;

    if (!keygate_line_passed(position, line)) {
        rc = keygate_journal_record(j, t, line, now, &fault);

        if (rc == KEYGATE_INVALID) {
            keygate_journal_reject(j, position, &fault);

        } else if (rc == KEYGATE_OK) {
            __atomic_store_n(&position->applied, position->applied + 1,
                             __ATOMIC_RELAXED);

        } else {
            return rc;
        }
    }

    /* killed before the offset is stored, the line is applied once more,
     * which is harmless; the other way round it would be lost */

    __atomic_store_n(&position->line, position->line + 1, __ATOMIC_RELAXED);
    keygate_position_move(position, line->next, line->sum);

    return KEYGATE_OK;
}


/* All is read: what is left of a sweep, then. */

static keygate_rc_t
keygate_journal_sweep(keygate_journal_t *j, keygate_table_t *t,
    unsigned lines)
{
    unsigned      budget;
    keygate_rc_t  rc;

    budget = lines < KEYGATE_SWEEP_BUDGET ? lines * KEYGATE_SWEEP_STEPS
                                          : lines;

    if (keygate_table_position(t)->sweep != 0) {

        do {
            rc = keygate_table_sweep_end(t, lines == 0 ? KEYGATE_SWEEP_BUDGET
                                                       : budget);
        } while (rc == KEYGATE_AGAIN && lines == 0);

        if (rc != KEYGATE_OK) {
            return rc;
        }
    }

    rc = j->full ? KEYGATE_FULL : KEYGATE_OK;
    j->full = 0;

    return rc;
}


/* Reads lines from the position up to "end". */

static keygate_rc_t
keygate_journal_lines(keygate_journal_t *j, keygate_table_t *t, int fd,
    uint64_t end, unsigned lines, const keygate_now_t *now)
{
    unsigned             n;
    keygate_rc_t         rc;
    keygate_line_t       line;
    keygate_reader_t    *r;
    keygate_position_t  *position;

    r = &j->reader;
    position = keygate_table_position(t);
    rc = keygate_journal_ahead(j, t, fd, end, lines);

    if (rc == KEYGATE_OK) {
        rc = keygate_reader_begin(r, fd, position->offset, end, lines);
    }

    if (rc != KEYGATE_OK) {
        return rc;
    }

    if (!keygate_position_sum(position, &r->sum)) {
        return keygate_journal_anew(j, t, fd, now) == KEYGATE_OK
               ? keygate_journal_lines(j, t, fd, end, lines, now)
               : KEYGATE_IO;
    }

    for (n = 0; lines == 0 || n < lines; n++) {
        rc = keygate_reader_next(r, &line);

        if (rc == KEYGATE_NONE || (rc == KEYGATE_OK && line.torn)) {
            keygate_ahead_end(&j->ahead);

            return keygate_journal_sweep(j, t, lines);
        }

        if (rc == KEYGATE_OK) {
            rc = keygate_journal_line(j, t, &line, now);
        }

        if (rc != KEYGATE_OK) {
            return rc;
        }
    }

    return KEYGATE_AGAIN;
}


/* What has come is applied, and then it is looked whether what was before it
 * is what it was; if not, all is read anew. */

static keygate_rc_t
keygate_journal_read_on(keygate_journal_t *j, keygate_table_t *t, int fd,
    uint64_t end, unsigned lines, const keygate_now_t *now)
{
    keygate_rc_t  rc, full;

    for ( ;; ) {
        rc = keygate_journal_position(j, t, fd, now);

        if (rc == KEYGATE_OK) {
            rc = keygate_journal_lines(j, t, fd, end, lines, now);
        }

        if (rc == KEYGATE_CONFLICT) {
            rc = keygate_journal_plain(j, t, fd, now);

            if (rc == KEYGATE_OK && lines == 0) {
                continue;
            }

            return rc == KEYGATE_OK ? KEYGATE_AGAIN : rc;
        }

        if (rc != KEYGATE_OK && rc != KEYGATE_FULL) {
            return rc;
        }

        full = rc;
        rc = keygate_journal_verify(j, t, fd,
                                    (uint64_t) lines * KEYGATE_CHECK_BYTES,
                                    now);

        if (rc == KEYGATE_OK) {
            rc = keygate_journal_again(j, t, fd, lines, now);
        }

        if (rc == KEYGATE_OK) {
            rc = keygate_journal_missed(j, t, fd, lines, now);
        }

        if (rc != KEYGATE_CONFLICT) {
            j->full = rc != KEYGATE_OK && full == KEYGATE_FULL;

            return rc == KEYGATE_OK ? full : rc;
        }

        rc = keygate_journal_anew(j, t, fd, now);

        if (rc != KEYGATE_OK) {
            return rc;
        }

        if (lines != 0) {
            return KEYGATE_AGAIN;
        }
    }
}


keygate_rc_t
keygate_journal_follow(keygate_journal_t *j, keygate_table_t *t,
    unsigned lines, const keygate_now_t *now)
{
    int           fd, saved;
    struct stat   st;
    keygate_rc_t  rc;

    if (j->locked) {
        return KEYGATE_AGAIN;
    }

    rc = keygate_journal_share(j, 0, &fd, &st);

    if (rc != KEYGATE_OK) {
        return rc;
    }

    rc = keygate_journal_read_on(j, t, fd, (uint64_t) st.st_size, lines, now);

    saved = errno;
    keygate_journal_release(j);
    errno = saved;

    return rc;
}


/* What is void in the file that is locked, by whoever has failed to write. */

static void
keygate_journal_learn(keygate_journal_t *j,
    const keygate_position_t *position)
{
    j->void_from = position->void_from;
    j->void_to = position->void_to;

    if (j->void_to != 0) {
        j->bad = 1;
        j->bad_dev = position->dev;
        j->bad_ino = position->ino;
    }
}


keygate_rc_t
keygate_journal_catch_up(keygate_journal_t *j, keygate_table_t *t,
    uint64_t end, const keygate_now_t *now)
{
    struct stat   st;
    keygate_rc_t  rc;

    if (!j->locked) {
        return KEYGATE_INVALID;
    }

    if (fstat(j->wfd, &st) == -1) {
        return KEYGATE_IO;
    }

    rc = keygate_journal_position(j, t, j->wfd, now);

    if (rc != KEYGATE_OK) {
        return rc;
    }

    keygate_journal_learn(j, keygate_table_position(t));

    if (end == 0 || end > (uint64_t) st.st_size) {
        end = (uint64_t) st.st_size;
    }

    return keygate_journal_read_on(j, t, j->wfd, end, 0, now);
}

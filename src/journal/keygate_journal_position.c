/*
 * Where in which file reading goes on.  A file that is another one than that
 * of the position is read from its start, as a sweep, but only when there is
 * a record in it: one that is empty, or wholly something else, is taken for
 * one that is missing, since it tells nothing about any key.
 */

#include <errno.h>
#include <string.h>

#include "keygate_journal_private.h"


static int keygate_journal_hollow(keygate_journal_t *j,
    const keygate_evidence_t *e, const keygate_now_t *now);
static void keygate_journal_hollow_set(keygate_journal_t *j,
    const keygate_evidence_t *e, const keygate_now_t *now);
static keygate_rc_t keygate_journal_probe(keygate_journal_t *j, int fd,
    const keygate_evidence_t *e, const keygate_now_t *now);


/*
 * A file in which there was no record is not searched again and again, but
 * once more some time later: what changes within one tick of the kernel's
 * clock leaves no evidence.
 */

static int
keygate_journal_hollow(keygate_journal_t *j, const keygate_evidence_t *e,
    const keygate_now_t *now)
{
    return memcmp(&j->hollow, e, sizeof(keygate_evidence_t)) == 0
           && (j->hollow_since == 0
               || now->tick + 1 < j->hollow_since + keygate_evidence_grain(e));
}


static void
keygate_journal_hollow_set(keygate_journal_t *j, const keygate_evidence_t *e,
    const keygate_now_t *now)
{
    if (memcmp(&j->hollow, e, sizeof(keygate_evidence_t)) == 0) {
        j->hollow_since = 0;
        return;
    }

    j->hollow = *e;
    j->hollow_since = now->tick + 1;
}


/* Whether there is a record in the file at all, a deletion being one. */

static keygate_rc_t
keygate_journal_probe(keygate_journal_t *j, int fd,
    const keygate_evidence_t *e, const keygate_now_t *now)
{
    keygate_rc_t       rc;
    keygate_line_t     line;
    keygate_fault_t    fault;
    keygate_record_t   record;
    keygate_reader_t  *r;

    if (keygate_journal_hollow(j, e, now)) {
        errno = ENODATA;
        return KEYGATE_NONE;
    }

    r = &j->reader;
    rc = keygate_reader_init(r);

    if (rc != KEYGATE_OK) {
        return rc;
    }

    r->blocks = 0;
    keygate_reader_start(r, fd, 0, e->size);

    for ( ;; ) {
        rc = keygate_reader_next(r, &line);

        if (rc == KEYGATE_NONE || (rc == KEYGATE_OK && line.torn)) {
            keygate_journal_hollow_set(j, e, now);
            errno = ENODATA;
            return KEYGATE_NONE;
        }

        if (rc == KEYGATE_OK) {
            rc = keygate_journal_parse(j, line.text, &record, &fault);

            if (rc == KEYGATE_INVALID) {
                continue;
            }

            if (rc == KEYGATE_OK) {
                keygate_record_free(&record);
            }
        }

        return rc;
    }
}


keygate_rc_t
keygate_journal_anew(keygate_journal_t *j, keygate_table_t *t, int fd,
    const keygate_now_t *now)
{
    keygate_rc_t            rc;
    keygate_evidence_t      e;
    keygate_position_t     *position;
    keygate_table_stats_t   stats;

    position = keygate_table_position(t);

    if (keygate_evidence("", fd, &e) == -1) {
        return KEYGATE_IO;
    }

    /* where nothing would be lost, a file without a record is a beginning: so
     * is what a compaction leaves when all is deleted */

    keygate_table_stats(t, &stats);

    if (stats.keys != 0 || stats.accounts != 0) {
        rc = keygate_journal_probe(j, fd, &e, now);

        if (rc != KEYGATE_OK) {
            return rc;
        }
    }

    if (position->ino != 0) {
        keygate_table_sweep_begin(t);
    }

    __atomic_store_n(&position->anew, position->anew + 1, __ATOMIC_RELAXED);

    /* the inode comes last: killed before, the next one starts over again */

    __atomic_store_n(&position->ino, 0, __ATOMIC_RELEASE);
    __atomic_store_n(&position->void_to, 0, __ATOMIC_RELEASE);
    keygate_position_move(position, 0, 0);
    __atomic_store_n(&position->line, 0, __ATOMIC_RELEASE);
    __atomic_store_n(&position->changed, 0, __ATOMIC_RELEASE);
    __atomic_store_n(&position->born, e.born, __ATOMIC_RELEASE);
    __atomic_store_n(&position->dev, e.dev, __ATOMIC_RELEASE);
    __atomic_store_n(&position->ino, e.ino, __ATOMIC_RELEASE);

    keygate_journal_forget(j);

    return KEYGATE_OK;
}


keygate_rc_t
keygate_journal_position(keygate_journal_t *j, keygate_table_t *t, int fd,
    const keygate_now_t *now)
{
    int                  is;
    keygate_rc_t         rc;
    keygate_evidence_t   e;
    keygate_position_t  *position;

    position = keygate_table_position(t);

    if (keygate_evidence("", fd, &e) == -1) {
        return KEYGATE_IO;
    }

    if (position->dev == e.dev && position->ino == e.ino
        && position->born == e.born && position->offset <= e.size)
    {
        rc = keygate_reader_boundary(fd, position->offset, &is);

        if (rc != KEYGATE_OK) {
            return rc;
        }

        if (is) {
            keygate_journal_forget(j);
            return KEYGATE_OK;
        }
    }

    return keygate_journal_anew(j, t, fd, now);
}


keygate_rc_t
keygate_journal_plain(keygate_journal_t *j, keygate_table_t *t, int fd,
    const keygate_now_t *now)
{
    keygate_rc_t         rc;
    keygate_ahead_t     *a;
    keygate_position_t  *position;

    a = &j->ahead;
    position = keygate_table_position(t);

    if (position->sweep != 0) {
        rc = keygate_journal_anew(j, t, fd, now);

        if (rc != KEYGATE_OK) {
            return rc;
        }

        a->from = 0;
        a->anew = position->anew;

    } else {
        __atomic_store_n(&position->line, a->line, __ATOMIC_RELAXED);
        keygate_position_move(position, a->from, a->sum);
    }

    a->plain = 1;

    return KEYGATE_OK;
}

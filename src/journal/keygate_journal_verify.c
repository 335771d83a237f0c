/*
 * Whether the file is still what was applied.  A device, an inode and a size
 * tell little: an editor, a copy, a file that happens to get the inode of the
 * one before it keep them.  So a position rests on the change time and the
 * birth time beside them, which are looked at in every poll, and on a sum
 * over what was applied, taken as it was applied: when the change time is a
 * new one, the bytes before the position are read and summed again, piece by
 * piece.  What was appended is applied before that: it does not wait.
 *
 * A change time has the grain of the kernel's clock: what changes twice within
 * one tick is seen once.  So a look at a file that has just changed is not
 * the last one.
 */

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "keygate_journal_private.h"


#define KEYGATE_OWN_MAX  (64 * 1024 * 1024)


static void keygate_verify_done(keygate_position_t *position,
    const keygate_evidence_t *e, const keygate_now_t *now, int last);
static int keygate_verify_own(const keygate_journal_t *j,
    const keygate_position_t *position, const keygate_evidence_t *e);
static int keygate_verify_due(const keygate_position_t *position,
    const keygate_evidence_t *e, const keygate_now_t *now);
static keygate_rc_t keygate_verify_bytes(keygate_journal_t *j, int fd,
    uint64_t budget);


static void
keygate_verify_done(keygate_position_t *position,
    const keygate_evidence_t *e, const keygate_now_t *now, int last)
{
    __atomic_store_n(&position->unsettled, last ? 0 : now->tick + 1,
                     __ATOMIC_RELEASE);
    __atomic_store_n(&position->size, e->size, __ATOMIC_RELEASE);
    __atomic_store_n(&position->changed, e->changed, __ATOMIC_RELEASE);
}


/* An append of ourselves has changed it, and nothing else. */

static int
keygate_verify_own(const keygate_journal_t *j,
    const keygate_position_t *position, const keygate_evidence_t *e)
{
    return j->locked && j->after.changed != 0
           && e->changed == j->after.changed && e->size == j->after.size
           && position->changed == j->before.changed
           && position->size == j->before.size;
}


/* 0: nothing is to be done; 1: it has changed; 2: a second look is due. */

static int
keygate_verify_due(const keygate_position_t *position,
    const keygate_evidence_t *e, const keygate_now_t *now)
{
    if (position->changed != e->changed || position->size != e->size) {
        return 1;
    }

    return position->unsettled != 0
           && now->tick + 1 >= position->unsettled
                               + keygate_evidence_grain(e)
           ? 2 : 0;
}


int
keygate_journal_unsettled(const keygate_position_t *position,
    const keygate_now_t *now)
{
    uint64_t  since;

    since = position->unsettled;

    return since != 0 && now->tick + 1 >= since + KEYGATE_GRAIN;
}


static keygate_rc_t
keygate_verify_bytes(keygate_journal_t *j, int fd, uint64_t budget)
{
    size_t   size;
    ssize_t  n;

    if (j->check_buf == NULL) {
        j->check_buf = malloc(KEYGATE_BLOCK);

        if (j->check_buf == NULL) {
            return KEYGATE_NOMEM;
        }
    }

    while (j->check_at < j->check_end) {
        size = KEYGATE_BLOCK;

        if (size > j->check_end - j->check_at) {
            size = (size_t) (j->check_end - j->check_at);
        }

        n = keygate_file_pread(fd, j->check_buf, size, j->check_at);

        if (n == -1) {
            return KEYGATE_IO;
        }

        if (n == 0) {
            return KEYGATE_CONFLICT;
        }

        j->check_sum = keygate_evidence_sum(j->check_sum, j->check_buf,
                                            (size_t) n);
        j->check_at += (uint64_t) n;

        if (budget != 0 && j->check_at < j->check_end) {
            if (budget <= (uint64_t) n) {
                return KEYGATE_AGAIN;
            }

            budget -= (uint64_t) n;
        }
    }

    return j->check_sum == j->check_want ? KEYGATE_OK : KEYGATE_CONFLICT;
}


keygate_rc_t
keygate_journal_verify(keygate_journal_t *j, keygate_table_t *t, int fd,
    uint64_t budget, const keygate_now_t *now)
{
    int                  due;
    keygate_rc_t         rc;
    keygate_position_t  *position;
    keygate_evidence_t   e;

    position = keygate_table_position(t);

    if (keygate_evidence("", fd, &e) == -1) {
        return KEYGATE_IO;
    }

    if (keygate_verify_own(j, position, &e)) {
        keygate_verify_done(position, &e, now, e.size > KEYGATE_OWN_MAX);
        return KEYGATE_OK;
    }

    due = keygate_verify_due(position, &e, now);

    if (due == 0) {
        return KEYGATE_OK;
    }

    /* nothing has been read before: this is what it looked like then */

    if (j->check_end == 0 || j->check_anew != position->anew) {
        j->check_at = 0;
        j->check_sum = 0;
        j->check_end = position->offset;
        j->check_changed = e.changed;
        j->check_anew = position->anew;

        if (!keygate_position_sum(position, &j->check_want)) {
            j->check_end = 0;
            return KEYGATE_CONFLICT;
        }
    }

    rc = keygate_verify_bytes(j, fd, budget);

    if (rc == KEYGATE_AGAIN) {
        return rc;
    }

    j->check_end = 0;

    if (rc != KEYGATE_OK) {
        return rc;
    }

    /* it may have changed while it was looked at */

    if (j->check_changed != e.changed) {
        return budget != 0 ? KEYGATE_AGAIN : KEYGATE_OK;
    }

    keygate_verify_done(position, &e, now, due == 2);

    return KEYGATE_OK;
}

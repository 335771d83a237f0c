/*
 * Lines whose records found no room and are not there at all: when memory was
 * given back they are looked for once more, from the first of them on, and
 * those that are the last of their records are applied.  See
 * keygate_table_missed_due().
 */

#include <string.h>

#include "keygate_journal_private.h"


static int keygate_missed_start(keygate_journal_t *j, keygate_table_t *t);
static keygate_rc_t keygate_missed_read(keygate_journal_t *j,
    keygate_table_t *t, int fd, unsigned lines, const keygate_now_t *now);
static keygate_rc_t keygate_missed_line(keygate_journal_t *j,
    keygate_table_t *t, const keygate_line_t *line, const keygate_now_t *now);
static keygate_rc_t keygate_missed_apply(keygate_journal_t *j,
    keygate_table_t *t, const keygate_record_t *record, uint64_t at,
    const keygate_now_t *now);


keygate_rc_t
keygate_journal_missed(keygate_journal_t *j, keygate_table_t *t, int fd,
    unsigned lines, const keygate_now_t *now)
{
    keygate_rc_t         rc;
    keygate_missed_t    *m;
    keygate_position_t  *position;

    m = &j->missed;
    position = keygate_table_position(t);

    if (j->locked) {
        return KEYGATE_OK;
    }

    if (m->ahead.to == 0 || m->ahead.anew != position->anew) {
        keygate_ahead_end(&m->ahead);

        if (!keygate_table_missed_due(t)) {
            return KEYGATE_OK;
        }

        if (!keygate_missed_start(j, t)) {
            return KEYGATE_NOMEM;
        }
    }

    /* what has been applied meanwhile may be later lines of the same ones */

    if (m->ahead.to < position->offset) {
        m->ahead.to = position->offset;
    }

    rc = keygate_ahead_read(j, t, &m->ahead, fd, lines);

    return rc == KEYGATE_OK ? keygate_missed_read(j, t, fd, lines, now) : rc;
}


static int
keygate_missed_start(keygate_journal_t *j, keygate_table_t *t)
{
    uint64_t             from;
    keygate_missed_t    *m;
    keygate_position_t  *position;

    m = &j->missed;
    position = keygate_table_position(t);
    from = keygate_table_missed_begin(t, &m->line, &m->freed) - 1;

    m->at = from;
    m->first = 0;

    return keygate_ahead_start(&m->ahead, position, from, position->offset);
}


static keygate_rc_t
keygate_missed_read(keygate_journal_t *j, keygate_table_t *t, int fd,
    unsigned lines, const keygate_now_t *now)
{
    unsigned           n;
    keygate_rc_t       rc;
    keygate_line_t     line;
    keygate_missed_t  *m;

    m = &j->missed;
    rc = keygate_reader_begin(&j->reader, fd, m->at, m->ahead.to, lines);

    for (n = 0; rc == KEYGATE_OK && (lines == 0 || n < lines); n++) {
        rc = keygate_reader_next(&j->reader, &line);

        if (rc == KEYGATE_NONE || (rc == KEYGATE_OK && line.torn)) {
            keygate_table_missed_end(t, m->first, m->first_line, m->freed);
            keygate_ahead_end(&m->ahead);
            return KEYGATE_OK;
        }

        if (rc == KEYGATE_OK) {
            rc = keygate_missed_line(j, t, &line, now);
        }

        if (rc == KEYGATE_OK) {
            m->at = line.next;
            m->line++;
        }
    }

    return rc == KEYGATE_OK ? KEYGATE_AGAIN : rc;
}


static keygate_rc_t
keygate_missed_line(keygate_journal_t *j, keygate_table_t *t,
    const keygate_line_t *line, const keygate_now_t *now)
{
    keygate_rc_t         rc;
    keygate_fault_t      fault;
    keygate_record_t     record;
    keygate_position_t  *position;

    position = keygate_table_position(t);

    if (keygate_line_passed(position, line)) {
        return KEYGATE_OK;
    }

    rc = keygate_journal_parse(j, line->text, &record, &fault);

    if (rc != KEYGATE_OK) {
        return rc == KEYGATE_INVALID ? KEYGATE_OK : rc;
    }

    if (!record.deleted
        && keygate_ahead_last(&j->missed.ahead, position, &record, line->at)
        && !keygate_table_has(t, record.kind, record.id))
    {
        rc = keygate_missed_apply(j, t, &record, line->at, now);
    }

    keygate_record_free(&record);

    return rc;
}


static keygate_rc_t
keygate_missed_apply(keygate_journal_t *j, keygate_table_t *t,
    const keygate_record_t *record, uint64_t at, const keygate_now_t *now)
{
    keygate_rc_t       rc;
    keygate_missed_t  *m;

    m = &j->missed;
    rc = keygate_table_apply(t, record, at, now);

    if (rc == KEYGATE_FULL) {
        keygate_table_miss(t, record, at, m->line);

        if (m->first == 0) {
            m->first = at + 1;
            m->first_line = m->line;
        }
    }

    return rc == KEYGATE_NOMEM ? rc : KEYGATE_OK;
}

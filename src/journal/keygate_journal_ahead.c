/*
 * Which lines are the last ones of their records, of those that are still to
 * be applied.  Only these are: a file that was replaced, or many lines that
 * come at once, may tell again what was revoked since, and nobody is to be let
 * in by that, not for a moment.
 *
 * The lines are read once more for it, ahead of the position, as far as the
 * file reaches then; what is known of them is this process's own, and another
 * one that goes on in its place begins anew.
 */

#include <stdlib.h>
#include <string.h>

#include "keygate_journal_private.h"


#define KEYGATE_AHEAD_MIN   256          /* slots */
#define KEYGATE_AHEAD_KEEP  4096


static uint64_t keygate_ahead_hash(const keygate_record_t *record);
static int keygate_ahead_begin(keygate_ahead_t *a);
static int keygate_ahead_grow(keygate_ahead_t *a);
static keygate_ahead_slot_t *keygate_ahead_slot(const keygate_ahead_t *a,
    uint64_t hash);
static keygate_rc_t keygate_ahead_line(keygate_journal_t *j,
    keygate_table_t *t, keygate_ahead_t *a, const keygate_line_t *line);


void
keygate_ahead_free(keygate_ahead_t *a)
{
    free(a->slots);
    memset(a, 0, sizeof(keygate_ahead_t));
}


void
keygate_ahead_end(keygate_ahead_t *a)
{
    if (a->size > KEYGATE_AHEAD_KEEP) {
        free(a->slots);
        a->slots = NULL;
        a->size = 0;
    }

    a->to = 0;
}


/* 0 is no hash: it is an empty slot. */

static uint64_t
keygate_ahead_hash(const keygate_record_t *record)
{
    uint64_t  hash;

    hash = keygate_evidence_sum((uint64_t) record->kind + 1, record->id.data,
                                record->id.len);
    hash ^= hash >> 29;

    return hash == 0 ? 1 : hash;
}


int
keygate_ahead_start(keygate_ahead_t *a, const keygate_position_t *position,
    uint64_t from, uint64_t to)
{
    if (!keygate_ahead_begin(a)) {
        return 0;
    }

    a->anew = position->anew;
    a->from = from;
    a->at = from;
    a->to = to;
    a->plain = 0;
    a->skipped = 0;

    return 1;
}


static int
keygate_ahead_begin(keygate_ahead_t *a)
{
    if (a->slots == NULL) {
        a->slots = malloc(KEYGATE_AHEAD_MIN * sizeof(keygate_ahead_slot_t));

        if (a->slots == NULL) {
            return 0;
        }

        a->size = KEYGATE_AHEAD_MIN;
    }

    memset(a->slots, 0, a->size * sizeof(keygate_ahead_slot_t));
    a->used = 0;

    return 1;
}


static int
keygate_ahead_grow(keygate_ahead_t *a)
{
    size_t                 i, size;
    keygate_ahead_slot_t  *slots;

    slots = a->slots;
    size = a->size;

    a->slots = calloc(2 * size, sizeof(keygate_ahead_slot_t));

    if (a->slots == NULL) {
        a->slots = slots;
        return 0;
    }

    a->size = 2 * size;

    for (i = 0; i < size; i++) {
        if (slots[i].hash != 0) {
            *keygate_ahead_slot(a, slots[i].hash) = slots[i];
        }
    }

    free(slots);

    return 1;
}


/* That of the hash, or the empty one where it belongs. */

static keygate_ahead_slot_t *
keygate_ahead_slot(const keygate_ahead_t *a, uint64_t hash)
{
    size_t  i;

    i = hash & (a->size - 1);

    while (a->slots[i].hash != 0 && a->slots[i].hash != hash) {
        i = (i + 1) & (a->size - 1);
    }

    return &a->slots[i];
}


static keygate_rc_t
keygate_ahead_line(keygate_journal_t *j, keygate_table_t *t,
    keygate_ahead_t *a, const keygate_line_t *line)
{
    uint64_t               hash;
    keygate_rc_t           rc;
    keygate_fault_t        fault;
    keygate_record_t       record;
    keygate_ahead_slot_t  *slot;

    if (keygate_line_passed(keygate_table_position(t), line)) {
        return KEYGATE_OK;
    }

    rc = keygate_journal_parse(j, line->text, &record, &fault);

    if (rc != KEYGATE_OK) {
        return rc == KEYGATE_INVALID ? KEYGATE_OK : rc;
    }

    hash = keygate_ahead_hash(&record);
    keygate_record_free(&record);

    if (2 * a->used >= a->size && !keygate_ahead_grow(a)) {
        return KEYGATE_NOMEM;
    }

    slot = keygate_ahead_slot(a, hash);
    a->used += slot->hash == 0;
    slot->hash = hash;
    slot->at = line->at;

    return KEYGATE_OK;
}


keygate_rc_t
keygate_ahead_read(keygate_journal_t *j, keygate_table_t *t,
    keygate_ahead_t *a, int fd, unsigned lines)
{
    unsigned           n;
    keygate_rc_t       rc;
    keygate_line_t     line;
    keygate_reader_t  *r;

    if (a->at >= a->to) {
        return KEYGATE_OK;
    }

    r = &j->reader;
    rc = keygate_reader_begin(r, fd, a->at, a->to, lines);

    for (n = 0; rc == KEYGATE_OK && (lines == 0 || n < lines); n++) {
        rc = keygate_reader_next(r, &line);

        if (rc == KEYGATE_NONE || (rc == KEYGATE_OK && line.torn)) {
            a->to = a->at;
            return KEYGATE_OK;
        }

        if (rc == KEYGATE_OK) {
            rc = keygate_ahead_line(j, t, a, &line);
        }

        if (rc == KEYGATE_OK) {
            a->at = line.next;
        }
    }

    return rc == KEYGATE_OK && a->at < a->to ? KEYGATE_AGAIN : rc;
}


/* Where nothing was ever applied nobody can be let in by what is older. */

keygate_rc_t
keygate_journal_ahead(keygate_journal_t *j, keygate_table_t *t, int fd,
    uint64_t end, unsigned lines)
{
    uint64_t             sum;
    keygate_ahead_t     *a;
    keygate_position_t  *position;

    a = &j->ahead;
    position = keygate_table_position(t);

    if (a->to == 0 || a->anew != position->anew
        || position->offset < a->from || position->offset >= a->to)
    {
        keygate_ahead_end(a);

        if (position->offset >= end
            || (position->offset == 0 && position->sweep == 0 && lines == 0
                && !j->conf.last)
            || !keygate_position_sum(position, &sum))
        {
            return KEYGATE_OK;
        }

        if (!keygate_ahead_start(a, position, position->offset, end)) {
            return KEYGATE_NOMEM;
        }

        a->sum = sum;
        a->line = position->line;
    }

    return a->plain ? KEYGATE_OK : keygate_ahead_read(j, t, a, fd, lines);
}


int
keygate_ahead_last(keygate_ahead_t *a, const keygate_position_t *position,
    const keygate_record_t *record, uint64_t at)
{
    const keygate_ahead_slot_t  *slot;

    if (a->to == 0 || a->plain || a->anew != position->anew
        || at < a->from || at >= a->to)
    {
        return 1;
    }

    slot = keygate_ahead_slot(a, keygate_ahead_hash(record));

    if (slot->hash == 0 || slot->at == at) {
        return 1;
    }

    a->skipped = 1;

    return 0;
}

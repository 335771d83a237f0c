/*
 * The history of a copy: read forwards, compared with an engine's, and what of
 * it was lost there.
 */

#include <stdlib.h>

#include "keygate_fnv.h"
#include "keygate_history.h"


static keygate_rc_t keygate_history_push(keygate_history_t *h,
    const char *chain, uint64_t number);
static keygate_rc_t keygate_history_mark(keygate_history_t *h,
    const keygate_place_t *mark);
static uint64_t keygate_history_seq(const keygate_history_t *h, size_t step);
static keygate_rc_t keygate_history_lose(keygate_history_t *h,
    const keygate_record_t *record, keygate_str_t line);
static int keygate_history_same(const keygate_lost_t *a,
    const keygate_lost_t *b);


void
keygate_history_init(keygate_history_t *h)
{
    memset(h, 0, sizeof(keygate_history_t));
}


void
keygate_history_free(keygate_history_t *h)
{
    size_t  i;

    for (i = 0; i < h->n_lost; i++) {
        free(h->lost[i].line);
    }

    free(h->lost);
    free(h->steps);
    keygate_history_init(h);
}


static uint64_t
keygate_history_seq(const keygate_history_t *h, size_t step)
{
    return h->first.seq + step + 1;
}


/* When there are too many, the older half is forgotten. */

static keygate_rc_t
keygate_history_push(keygate_history_t *h, const char *chain, uint64_t number)
{
    size_t           size, half;
    keygate_step_t  *steps;

    if (h->n == KEYGATE_HISTORY_MAX) {
        half = h->n / 2;

        memcpy(h->first.chain, h->steps[half - 1].chain,
               sizeof(h->first.chain));
        h->first.seq += half;
        h->n -= half;
        h->pending = h->pending < h->n ? h->pending : h->n;
        memmove(h->steps, h->steps + half, h->n * sizeof(keygate_step_t));
    }

    if (h->n == h->size) {
        size = h->size != 0 ? 2 * h->size : 64;
        steps = realloc(h->steps, size * sizeof(keygate_step_t));

        if (steps == NULL) {
            return KEYGATE_NOMEM;
        }

        h->steps = steps;
        h->size = size;
    }

    memcpy(h->steps[h->n].chain, chain, KEYGATE_CHAIN_MAX + 1);
    h->steps[h->n].number = number;
    h->n++;

    return KEYGATE_OK;
}


static keygate_rc_t
keygate_history_mark(keygate_history_t *h, const keygate_place_t *mark)
{
    uint64_t  number, before;

    if (keygate_place_eq(&h->here, mark)) {
        h->pending = 0;
        return KEYGATE_OK;
    }

    before = keygate_history_seq(h, h->n) - 1 - h->pending;

    if (h->first.epoch[0] != '\0' && strcmp(h->here.epoch, mark->epoch) == 0
        && h->pending <= 1 && mark->seq == before + 1)
    {
        number = h->pending != 0 ? h->steps[h->n - 1].number : 0;
        h->n -= h->pending;
        h->pending = 0;
        h->here = *mark;

        return keygate_history_push(h, mark->chain, number);
    }

    h->first = *mark;
    h->here = *mark;
    h->n = 0;
    h->pending = 0;

    return KEYGATE_OK;
}


keygate_rc_t
keygate_history_line(keygate_history_t *h, uint64_t number,
    keygate_str_t line)
{
    int64_t          wall;
    keygate_rc_t     rc;
    keygate_place_t  mark;

    if (keygate_place_parse(line, &mark, &wall) == KEYGATE_OK) {
        return keygate_history_mark(h, &mark);
    }

    if (h->first.epoch[0] == '\0') {
        return KEYGATE_OK;
    }

    rc = keygate_place_next(&h->here, line);

    if (rc == KEYGATE_OK) {
        h->pending++;
        rc = keygate_history_push(h, h->here.chain, number);
    }

    return rc;
}


int
keygate_history_whole(const keygate_history_t *h)
{
    return h->first.epoch[0] != '\0' && h->pending == 0;
}


/* Up to there all are the same, and from there on all differ; what is gone
 * from the log is before all that is not. */

keygate_rc_t
keygate_history_common(const keygate_history_t *h,
    const keygate_place_t *theirs, keygate_chain_pt chain, void *data,
    keygate_place_t *common)
{
    char          text[KEYGATE_CHAIN_MAX + 1];
    size_t        low, high, at;
    uint64_t      seq;
    const char   *mine;
    keygate_rc_t  rc;

    memset(common, 0, sizeof(keygate_place_t));

    if (theirs->seq < h->first.seq) {
        return KEYGATE_NONE;
    }

    /* 0 is "first", and then come the steps */

    low = 0;
    high = h->n < theirs->seq - h->first.seq
           ? h->n + 1 : (size_t) (theirs->seq - h->first.seq) + 1;

    while (low < high) {
        at = low + (high - low) / 2;
        seq = h->first.seq + at;
        mine = at == 0 ? h->first.chain : h->steps[at - 1].chain;

        if (seq == theirs->seq) {
            memcpy(text, theirs->chain, sizeof(text));

        } else {
            rc = chain(data, seq, text);

            if (rc == KEYGATE_NONE) {
                low = at + 1;
                continue;
            }

            if (rc != KEYGATE_OK) {
                return rc;
            }
        }

        if (strcmp(text, mine) == 0) {
            *common = h->first;
            common->seq = seq;
            memcpy(common->chain, text, sizeof(text));
            low = at + 1;

        } else {
            high = at;
        }
    }

    return common->epoch[0] != '\0' ? KEYGATE_OK : KEYGATE_NONE;
}


keygate_rc_t
keygate_history_take(keygate_history_t *h, const keygate_place_t *common,
    uint64_t number, keygate_str_t line)
{
    size_t             low;
    keygate_rc_t       rc;
    keygate_fault_t    fault;
    keygate_record_t   record;

    /* lines are in the order of steps, some of which have none */

    low = (size_t) (common->seq - h->first.seq);
    h->cursor = h->cursor < low ? low : h->cursor;

    while (h->cursor < h->n && h->steps[h->cursor].number < number) {
        h->cursor++;
    }

    if (h->cursor == h->n || h->steps[h->cursor].number != number) {
        return KEYGATE_OK;
    }

    rc = keygate_record_scan(line, &record, &fault);

    if (rc != KEYGATE_OK) {
        return rc == KEYGATE_NOMEM ? rc : KEYGATE_OK;
    }

    rc = keygate_history_lose(h, &record, line);
    keygate_record_free(&record);

    return rc;
}


static keygate_rc_t
keygate_history_lose(keygate_history_t *h, const keygate_record_t *record,
    keygate_str_t line)
{
    char            *text;
    size_t           i, size;
    keygate_str_t    field;
    keygate_lost_t  *lost;

    text = malloc(line.len + 1);

    if (text == NULL) {
        return KEYGATE_NOMEM;
    }

    memcpy(text, line.data, line.len);

    if (h->n_lost == h->size_lost) {
        size = h->size_lost != 0 ? 2 * h->size_lost : 16;
        lost = realloc(h->lost, size * sizeof(keygate_lost_t));

        if (lost == NULL) {
            free(text);
            return KEYGATE_NOMEM;
        }

        h->lost = lost;
        h->size_lost = size;
    }

    lost = &h->lost[h->n_lost];
    lost->last = 1;
    lost->len = line.len;
    lost->line = text;

    field.len = keygate_store_field(record->kind, record->id, lost->field);
    field.data = (const unsigned char *) lost->field;

    lost->hash = keygate_fnv32(KEYGATE_FNV32_START, field);

    for (i = 0; i < h->n_lost; i++) {
        if (keygate_history_same(&h->lost[i], lost)) {
            h->lost[i].last = 0;
        }
    }

    h->n_lost++;

    return KEYGATE_OK;
}


static int
keygate_history_same(const keygate_lost_t *a, const keygate_lost_t *b)
{
    return a->hash == b->hash && strcmp(a->field, b->field) == 0;
}


int
keygate_history_had(const keygate_history_t *h, size_t lost,
    keygate_str_t line)
{
    size_t         i;
    keygate_str_t  old;

    for (i = 0; i < lost; i++) {
        old.data = (unsigned char *) h->lost[i].line;
        old.len = h->lost[i].len;

        if (keygate_history_same(&h->lost[i], &h->lost[lost])
            && keygate_str_eq(old, line))
        {
            return 1;
        }
    }

    return 0;
}

/*
 * The history that a node's copy leads through, read from its lines, and how
 * much of it an engine has lost that was failed over, or restored from a
 * backup.
 *
 *   copy     mark 4, line, line, mark 6, line, mark 7
 *   engine   ... 5 6 7' 8'           (7 was lost, 7' and 8' came after)
 *   common   6; lost is the line of 7
 *
 * A copy that was made anew has only the last line of a record, so between two
 * marks with following numbers there may be none.  Where a line does not lead
 * to the mark after it, the history begins there.
 *
 * What becomes of a lost line the engine's script "merge" decides.
 */

#ifndef KEYGATE_HISTORY_H
#define KEYGATE_HISTORY_H

#include "keygate_place.h"
#include "keygate_store.h"


#define KEYGATE_HISTORY_MAX  131072      /* changes that are looked back at */


/* A change: of the line with that number (from 1; 0: it is not there). */

typedef struct {
    char      chain[KEYGATE_CHAIN_MAX + 1];
    uint64_t  number;
} keygate_step_t;


/* A lost change of a record. */

typedef struct {
    char      field[KEYGATE_STORE_FIELD_MAX];
    uint32_t  hash;                      /* of the field */
    char     *line;                      /* malloc()ed */
    size_t    len;
    unsigned  last:1;                    /* of that record */
} keygate_lost_t;


typedef struct {
    keygate_place_t   first;             /* epoch "": there is no mark */
    keygate_place_t   here;              /* of the last line */
    keygate_step_t   *steps;             /* those after "first" */
    size_t            n;
    size_t            size;
    size_t            pending;           /* of them, since the last mark */
    size_t            cursor;            /* of the second reading */
    keygate_lost_t   *lost;
    size_t            n_lost;
    size_t            size_lost;
} keygate_history_t;


void keygate_history_init(keygate_history_t *h);
void keygate_history_free(keygate_history_t *h);

/* Takes the copy's lines one by one, without LF.  KEYGATE_OK or
 * KEYGATE_NOMEM. */
keygate_rc_t keygate_history_line(keygate_history_t *h, uint64_t number,
    keygate_str_t line);

/* Whether the last line is a mark, so that "here" is where the copy is. */
int keygate_history_whole(const keygate_history_t *h);

/*
 * The last place that both have, where "theirs" is the engine's.  "chain" is
 * called for the engine's chain after a change: KEYGATE_OK, KEYGATE_NONE when
 * its log no longer has it, or what ends the search.  KEYGATE_OK;
 * KEYGATE_NONE when no such place is known.
 */
typedef keygate_rc_t (*keygate_chain_pt)(void *data, uint64_t seq,
    char chain[KEYGATE_CHAIN_MAX + 1]);
keygate_rc_t keygate_history_common(const keygate_history_t *h,
    const keygate_place_t *theirs, keygate_chain_pt chain, void *data,
    keygate_place_t *common);

/*
 * Takes the copy's lines once more, from the first on: those of changes after
 * "common" become "lost", in their order.  KEYGATE_OK or KEYGATE_NOMEM.
 */
keygate_rc_t keygate_history_take(keygate_history_t *h,
    const keygate_place_t *common, uint64_t number, keygate_str_t line);

/* Whether the record of a lost change had that line before, since "common". */
int keygate_history_had(const keygate_history_t *h, size_t lost,
    keygate_str_t line);


#endif /* KEYGATE_HISTORY_H */

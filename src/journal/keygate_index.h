/*
 * Which line is a record's last, for who reads a journal without a table: a
 * few dozen bytes a record, and no JSON.
 */

#ifndef KEYGATE_INDEX_H
#define KEYGATE_INDEX_H

#include "keygate_core.h"
#include "keygate_record.h"


typedef struct keygate_index_s  keygate_index_t;


/* NULL when out of memory.  "wall" is Unix time: the secret before a rotation
 * is its key's only until its overlap has ended. */
keygate_index_t *keygate_index_create(int64_t wall);
void keygate_index_destroy(keygate_index_t *index);

/*
 * Takes the next record.  KEYGATE_OK; KEYGATE_CONFLICT when a digest belongs
 * to another key, and nothing has changed; KEYGATE_NOMEM.
 */
keygate_rc_t keygate_index_add(keygate_index_t *index,
    const keygate_record_t *record, uint64_t at, size_t len);

/* Where the last line of a record is: KEYGATE_OK, or KEYGATE_NONE when it is
 * not there or deleted. */
keygate_rc_t keygate_index_find(const keygate_index_t *index,
    keygate_kind_e kind, keygate_str_t id, uint64_t *at);

/* The last lines, in the order of their records' first ones; *cursor is 0 at
 * first: 1, or 0 after the last. */
int keygate_index_next(const keygate_index_t *index, size_t *cursor,
    uint64_t *at, size_t *len);


#endif /* KEYGATE_INDEX_H */

/*
 * Which line is a record's last: the same judgement that the table makes line
 * by line, without its limits.  A key whose digest belongs to another is
 * refused, or compaction would bring it to life once the other's line is
 * gone.  Records of a key with plain and with keyed digests are kept apart:
 * which of them counts is known only to who has the pepper.
 */

#include <stdlib.h>
#include <string.h>

#include "keygate_journal_private.h"
#include "keygate_journal_slots.h"


#define KEYGATE_ENTRIES_MIN  1024


typedef struct {
    uint64_t       at;
    const char    *id;
    uint32_t       len;
    unsigned char  id_len;
    unsigned char  kind;
    unsigned       hmac:1;
    unsigned       live:1;
    unsigned       has_digest:1;
    unsigned       has_previous:1;
    unsigned char  digest[KEYGATE_DIGEST_LEN];
    unsigned char  previous[KEYGATE_DIGEST_LEN];
} keygate_entry_t;


struct keygate_index_s {
    keygate_entry_t  *entries;           /* in the order of their first line */
    size_t            n;
    size_t            size;
    keygate_slots_t   ids;
    keygate_slots_t   digests;           /* some of digests that are gone */
    int64_t           wall;
    keygate_chunk_t  *chunks;
};


static uint64_t keygate_index_hash_id(unsigned kind, unsigned hmac,
    const void *id, size_t len);
static uint64_t keygate_index_hash_digest(const unsigned char *digest);
static int keygate_index_room(keygate_index_t *index);
static keygate_entry_t *keygate_index_entry(const keygate_index_t *index,
    keygate_kind_e kind, unsigned hmac, keygate_str_t id);
static int keygate_index_taken(keygate_index_t *index, unsigned hmac,
    const unsigned char *digest, const keygate_entry_t *own);
static keygate_entry_t *keygate_index_new(keygate_index_t *index,
    const keygate_record_t *record);
static void keygate_index_set(keygate_index_t *index, keygate_entry_t *e,
    const keygate_record_t *record, int overlaps, uint64_t at, size_t len);
static keygate_rc_t keygate_index_delete(keygate_index_t *index,
    const keygate_record_t *record);


keygate_index_t *
keygate_index_create(int64_t wall)
{
    keygate_index_t  *index;

    index = calloc(1, sizeof(keygate_index_t));

    if (index != NULL) {
        index->wall = wall;
    }

    return index;
}


void
keygate_index_destroy(keygate_index_t *index)
{
    if (index == NULL) {
        return;
    }

    keygate_slots_drop(&index->chunks);
    free(index->ids.slots);
    free(index->digests.slots);
    free(index->entries);
    free(index);
}


static uint64_t
keygate_index_hash_id(unsigned kind, unsigned hmac, const void *id,
    size_t len)
{
    return keygate_slots_hash(id, len, 1 + kind * 2 + hmac);
}


static uint64_t
keygate_index_hash_digest(const unsigned char *digest)
{
    return keygate_slots_hash(digest, KEYGATE_DIGEST_LEN, 7);
}


/* Room for one more entry in the slots of ids, and two in those of digests. */

static int
keygate_index_room(keygate_index_t *index)
{
    size_t            i;
    keygate_entry_t  *e;

    if (index->ids.used + 1 > index->ids.size / 2) {

        if (!keygate_slots_alloc(&index->ids, index->n + 1)) {
            return 0;
        }

        for (i = 0; i < index->n; i++) {
            e = &index->entries[i];

            if (e->live) {
                keygate_slots_put(&index->ids,
                                  keygate_index_hash_id(e->kind, e->hmac,
                                                        e->id, e->id_len),
                                  (uint32_t) i + 1);
            }
        }
    }

    if (index->digests.used + 2 <= index->digests.size / 2) {
        return 1;
    }

    if (!keygate_slots_alloc(&index->digests, 2 * index->n + 2)) {
        return 0;
    }

    for (i = 0; i < index->n; i++) {
        e = &index->entries[i];

        if (e->live && e->has_digest) {
            keygate_slots_put(&index->digests,
                              keygate_index_hash_digest(e->digest),
                              (uint32_t) i + 1);
        }

        if (e->live && e->has_previous) {
            keygate_slots_put(&index->digests,
                              keygate_index_hash_digest(e->previous),
                              (uint32_t) i + 1);
        }
    }

    return 1;
}


static keygate_entry_t *
keygate_index_entry(const keygate_index_t *index, keygate_kind_e kind,
    unsigned hmac, keygate_str_t id)
{
    size_t            i;
    keygate_entry_t  *e;

    i = keygate_index_hash_id(kind, hmac, id.data, id.len)
        & (index->ids.size - 1);

    while (index->ids.slots[i] != 0) {
        e = &index->entries[index->ids.slots[i] - 1];

        if (e->live && e->kind == kind && e->hmac == hmac
            && e->id_len == id.len && memcmp(e->id, id.data, id.len) == 0)
        {
            return e;
        }

        i = (i + 1) & (index->ids.size - 1);
    }

    return NULL;
}


/* Whether the digest belongs to a live key other than "own". */

static int
keygate_index_taken(keygate_index_t *index, unsigned hmac,
    const unsigned char *digest, const keygate_entry_t *own)
{
    size_t            i;
    keygate_entry_t  *e;

    i = keygate_index_hash_digest(digest) & (index->digests.size - 1);

    while (index->digests.slots[i] != 0) {
        e = &index->entries[index->digests.slots[i] - 1];

        if (e != own && e->live && e->hmac == hmac
            && ((e->has_digest
                 && memcmp(e->digest, digest, KEYGATE_DIGEST_LEN) == 0)
                || (e->has_previous
                    && memcmp(e->previous, digest, KEYGATE_DIGEST_LEN)
                       == 0)))
        {
            return 1;
        }

        i = (i + 1) & (index->digests.size - 1);
    }

    return 0;
}


static keygate_entry_t *
keygate_index_new(keygate_index_t *index, const keygate_record_t *record)
{
    size_t            size;
    const char       *id;
    keygate_entry_t  *e;

    if (index->n == index->size) {
        size = index->size == 0 ? KEYGATE_ENTRIES_MIN : 2 * index->size;

        if (size > UINT32_MAX / 2) {
            return NULL;
        }

        e = realloc(index->entries, size * sizeof(keygate_entry_t));

        if (e == NULL) {
            return NULL;
        }

        index->entries = e;
        index->size = size;
    }

    id = keygate_slots_keep(&index->chunks, record->id);

    if (id == NULL) {
        return NULL;
    }

    e = &index->entries[index->n++];
    memset(e, 0, sizeof(keygate_entry_t));

    e->id = id;
    e->id_len = (unsigned char) record->id.len;
    e->kind = (unsigned char) record->kind;
    e->hmac = record->hmac;
    e->live = 1;

    keygate_slots_put(&index->ids,
                      keygate_index_hash_id(e->kind, e->hmac, e->id,
                                            e->id_len),
                      (uint32_t) index->n);

    return e;
}


static void
keygate_index_set(keygate_index_t *index, keygate_entry_t *e,
    const keygate_record_t *record, int overlaps, uint64_t at, size_t len)
{
    uint32_t  number;

    number = (uint32_t) (e - index->entries) + 1;

    e->at = at;
    e->len = (uint32_t) len;

    if (record->has_digest
        && (!e->has_digest
            || memcmp(e->digest, record->digest, KEYGATE_DIGEST_LEN) != 0))
    {
        memcpy(e->digest, record->digest, KEYGATE_DIGEST_LEN);
        keygate_slots_put(&index->digests,
                          keygate_index_hash_digest(e->digest), number);
    }

    if (overlaps
        && (!e->has_previous
            || memcmp(e->previous, record->previous, KEYGATE_DIGEST_LEN)
               != 0))
    {
        memcpy(e->previous, record->previous, KEYGATE_DIGEST_LEN);
        keygate_slots_put(&index->digests,
                          keygate_index_hash_digest(e->previous), number);
    }

    e->has_digest = record->has_digest;
    e->has_previous = overlaps;
}


static keygate_rc_t
keygate_index_delete(keygate_index_t *index, const keygate_record_t *record)
{
    unsigned          hmac;
    keygate_entry_t  *e;

    for (hmac = 0; hmac < 2; hmac++) {
        e = keygate_index_entry(index, record->kind, hmac, record->id);

        if (e != NULL) {
            e->live = 0;
        }
    }

    return KEYGATE_OK;
}


keygate_rc_t
keygate_index_add(keygate_index_t *index, const keygate_record_t *record,
    uint64_t at, size_t len)
{
    int               overlaps;
    keygate_entry_t  *e;

    if (!keygate_index_room(index)) {
        return KEYGATE_NOMEM;
    }

    if (record->deleted) {
        return keygate_index_delete(index, record);
    }

    overlaps = record->has_previous && record->previous_until > index->wall;
    e = keygate_index_entry(index, record->kind, record->hmac, record->id);

    if ((record->has_digest
         && keygate_index_taken(index, record->hmac, record->digest, e))
        || (overlaps
            && keygate_index_taken(index, record->hmac, record->previous, e)))
    {
        return KEYGATE_CONFLICT;
    }

    if (e == NULL) {
        e = keygate_index_new(index, record);

        if (e == NULL) {
            return KEYGATE_NOMEM;
        }
    }

    keygate_index_set(index, e, record, overlaps, at, len);

    return KEYGATE_OK;
}


int
keygate_index_next(const keygate_index_t *index, size_t *cursor,
    uint64_t *at, size_t *len)
{
    keygate_entry_t  *e;

    while (*cursor < index->n) {
        e = &index->entries[(*cursor)++];

        if (e->live) {
            *at = e->at;
            *len = e->len;
            return 1;
        }
    }

    return 0;
}


keygate_rc_t
keygate_index_find(const keygate_index_t *index, keygate_kind_e kind,
    keygate_str_t id, uint64_t *at)
{
    unsigned          hmac;
    keygate_entry_t  *e;

    if (index->ids.size == 0) {
        return KEYGATE_NONE;
    }

    for (hmac = 0; hmac < 2; hmac++) {
        e = keygate_index_entry(index, kind, hmac, id);

        if (e != NULL) {
            *at = e->at;
            return KEYGATE_OK;
        }
    }

    return KEYGATE_NONE;
}

/*
 * Records that are not what their lines say: a stale one opens nothing until
 * its line has been applied, a late one has not yet got what a change of names
 * gives it.  keygate_table_again.c walks over them.
 */

#include <string.h>

#include "keygate_table_private.h"


int
keygate_table_stale(keygate_table_t *t, const keygate_record_t *record,
    uint64_t at)
{
    uint32_t  node;

    node = keygate_index_id(t, record->kind, keygate_table_hash(t, record->id),
                            record->id, t->reused);

    if (node == 0) {
        return 0;
    }

    if (record->kind == KEYGATE_KEY) {
        keygate_key_node(t, node)->sweep = t->generation;

    } else {
        keygate_account_node(t, node)->sweep = t->generation;
    }

    keygate_table_mark(t, node, KEYGATE_IS_STALE, at);

    return 1;
}


int
keygate_table_has(const keygate_table_t *t, keygate_kind_e kind,
    keygate_str_t id)
{
    uint32_t   node;
    uint64_t  *words;

    node = keygate_index_id(t, kind, keygate_table_hash(t, id), id,
                            keygate_peek(&t->reused));

    if (node == 0 || kind == KEYGATE_KEY) {
        return node != 0;
    }

    words = keygate_at(t, keygate_node(t, node)->body);

    return keygate_table_known(t, node)
           || (keygate_body_flags(words) & KEYGATE_IS_STALE) != 0;
}


void
keygate_table_mark(keygate_table_t *t, uint32_t node, unsigned flag,
    uint64_t at)
{
    uint32_t   body;
    uint16_t   tail;
    uint64_t  *words, word;

    body = keygate_node(t, node)->body;
    words = keygate_at(t, body);
    tail = (uint16_t) keygate_body_tail(words);

    if (!(tail >> (KEYGATE_AT_BITS - 32) & flag)) {
        keygate_store(&t->again.lacking, t->again.lacking + 1);
    }

    tail = (uint16_t) ((at >> 32 & 0x3f) | (tail & ~0x3fu)
                       | flag << (KEYGATE_AT_BITS - 32));
    word = words[2];
    memcpy(&word, &tail, sizeof(tail));

    keygate_block_least(&t->again.least, &t->wanted);

    /* killed in between, the line is applied once more; until then what leads
     * to no line of the record is searched for */

    keygate_store(&words[1], (uint32_t) words[1] | at << 32);
    keygate_store(&words[2], word);
}


void
keygate_table_unmark(keygate_table_t *t, uint32_t node)
{
    uint16_t   tail;
    uint64_t  *words, word;

    if (keygate_node(t, node)->body == 0) {
        return;
    }

    words = keygate_at(t, keygate_node(t, node)->body);
    tail = (uint16_t) keygate_body_tail(words);

    if (!(tail >> (KEYGATE_AT_BITS - 32)
          & (KEYGATE_IS_STALE|KEYGATE_IS_LATE)))
    {
        return;
    }

    tail &= (uint16_t) ~((KEYGATE_IS_STALE|KEYGATE_IS_LATE)
                         << (KEYGATE_AT_BITS - 32) | 0x3f);
    word = words[2];
    memcpy(&word, &tail, sizeof(tail));

    keygate_store(&words[1], (uint64_t) (uint32_t) words[1]);
    keygate_store(&words[2], word);
}

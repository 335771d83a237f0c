/*
 * Heads and chains: by digest, by id, and the keys of one account.
 *
 * Chains by id are in the order of hashes, and heads are too, so that a walk
 * can stop anywhere and go on later.
 */

#include <string.h>

#include "keygate_table_private.h"


#define KEYGATE_NEAR  8                  /* from a hash to a new id's place */

#define keygate_rotl(x, n)  ((x) << (n) | (x) >> (64 - (n)))


static void keygate_mix(uint64_t v[4]);
static uint32_t *keygate_head(const keygate_table_t *t, keygate_kind_e kind,
    uint64_t hash);
static int keygate_id_is(const keygate_table_t *t, uint32_t body,
    keygate_str_t id);
static uint32_t keygate_elder(const keygate_table_t *t, uint32_t account,
    uint32_t key);


/* SipHash-1-3 */

uint64_t
keygate_table_hash(const keygate_table_t *t, keygate_str_t id)
{
    size_t    i;
    uint64_t  v[4], word;

    v[0] = t->seed[0] ^ 0x736f6d6570736575ull;
    v[1] = t->seed[1] ^ 0x646f72616e646f6dull;
    v[2] = t->seed[0] ^ 0x6c7967656e657261ull;
    v[3] = t->seed[1] ^ 0x7465646279746573ull;

    for (i = 0; i + 8 <= id.len; i += 8) {
        memcpy(&word, id.data + i, 8);
        v[3] ^= word;
        keygate_mix(v);
        v[0] ^= word;
    }

    word = (uint64_t) id.len << 56;

    for ( /* void */ ; i < id.len; i++) {
        word |= (uint64_t) id.data[i] << (i % 8 * 8);
    }

    v[3] ^= word;
    keygate_mix(v);
    v[0] ^= word;

    v[2] ^= 0xff;
    keygate_mix(v);
    keygate_mix(v);
    keygate_mix(v);

    word = v[0] ^ v[1] ^ v[2] ^ v[3];

    /* room for neighbours, and for a cursor before and after */

    return word < 17 ? 17 : word > UINT64_MAX - 17 ? UINT64_MAX - 17 : word;
}


static void
keygate_mix(uint64_t v[4])
{
    v[0] += v[1];
    v[2] += v[3];
    v[1] = keygate_rotl(v[1], 13) ^ v[0];
    v[3] = keygate_rotl(v[3], 16) ^ v[2];
    v[0] = keygate_rotl(v[0], 32);

    v[2] += v[1];
    v[0] += v[3];
    v[1] = keygate_rotl(v[1], 17) ^ v[2];
    v[3] = keygate_rotl(v[3], 21) ^ v[0];
    v[2] = keygate_rotl(v[2], 32);
}


static uint32_t *
keygate_head(const keygate_table_t *t, keygate_kind_e kind, uint64_t hash)
{
    uint32_t  *heads;

    heads = keygate_at(t, t->nodes[kind]);

    return &heads[keygate_reduce(hash, t->n_nodes[kind])];
}


uint32_t *
keygate_index_head(const keygate_table_t *t, const uint64_t digest[4])
{
    uint32_t  *heads;

    heads = keygate_at(t, t->digests);

    return &heads[keygate_reduce(digest[0], t->n_digests)];
}


uint32_t
keygate_index_id(const keygate_table_t *t, keygate_kind_e kind, uint64_t hash,
    keygate_str_t id, uint64_t seen)
{
    uint32_t               at;
    uint64_t               place;
    unsigned               n;
    const keygate_node_t  *node;

    at = keygate_load(keygate_head(t, kind, hash));

    for (n = 1; at != 0; n++) {
        node = keygate_node(t, at);
        place = keygate_peek(&node->hash);

        if (place + KEYGATE_NEAR - hash <= 2 * KEYGATE_NEAR
            && keygate_id_is(t, keygate_load(&node->body), id))
        {
            return at;
        }

        /* what was used again may lead in circles */

        if (n % 64 == 0 && keygate_peek(&t->reused) != seen) {
            return 0;
        }

        at = keygate_load(&node->next);
    }

    return 0;
}


static int
keygate_id_is(const keygate_table_t *t, uint32_t body, keygate_str_t id)
{
    unsigned  n;
    uint64_t  words[KEYGATE_ACCOUNT_WORDS];

    if (body == 0) {
        return 0;
    }

    n = keygate_body_copy(t, body, words, KEYGATE_ACCOUNT_WORDS);

    return n != 0
           && keygate_id_len(words[0]) == id.len
           && memcmp((unsigned char *) words + KEYGATE_ID_AT, id.data, id.len)
              == 0;
}


/* The first cell of a digest, or the next one after the cell "after". */

uint32_t
keygate_index_digest(const keygate_table_t *t, const uint64_t digest[4],
    uint32_t after, uint64_t seen)
{
    uint32_t               at;
    uint64_t               differs;
    unsigned               i, n;
    const keygate_cell_t  *cell;

    at = keygate_load(after == 0 ? keygate_index_head(t, digest)
                                 : &keygate_cell(t, after)->next);

    for (n = 1; at != 0; n++) {
        cell = keygate_cell(t, at);
        differs = 0;

        for (i = 0; i < 4; i++) {
            differs |= keygate_peek(&cell->digest[i]) ^ digest[i];
        }

        if (differs == 0) {
            return at;
        }

        if (n % 64 == 0 && keygate_peek(&t->reused) != seen) {
            return 0;
        }

        at = keygate_load(&cell->next);
    }

    return 0;
}


uint64_t
keygate_index_place(const keygate_table_t *t, keygate_kind_e kind,
    uint64_t hash)
{
    int        taken;
    uint32_t   at, *head;
    uint64_t   place;
    unsigned   i;

    head = keygate_head(t, kind, hash);
    place = hash;

    for (i = 1; i <= 2 * KEYGATE_NEAR + 1; i++) {
        if (keygate_head(t, kind, place) == head) {
            taken = 0;

            for (at = *head; at != 0; at = keygate_node(t, at)->next) {
                taken |= keygate_node(t, at)->hash == place;
            }

            if (!taken) {
                return place;
            }
        }

        place = hash + (i % 2 ? (i + 1) / 2 : 0 - (uint64_t) (i / 2));
    }

    /* seventeen equal hashes of 64 bits; walks may miss some of them */

    return hash;
}


void
keygate_index_link(keygate_table_t *t, keygate_kind_e kind, uint32_t at)
{
    uint32_t        *link;
    keygate_node_t  *node;

    node = keygate_node(t, at);
    link = keygate_head(t, kind, node->hash);

    while (*link != 0 && keygate_node(t, *link)->hash < node->hash) {
        link = &keygate_node(t, *link)->next;
    }

    keygate_store(&node->next, *link);
    keygate_store(link, at);
}


void
keygate_index_unlink(keygate_table_t *t, keygate_kind_e kind, uint32_t at)
{
    uint32_t        *link;
    keygate_node_t  *node;

    node = keygate_node(t, at);
    link = keygate_head(t, kind, node->hash);

    while (*link != 0 && *link != at) {
        link = &keygate_node(t, *link)->next;
    }

    if (*link == at) {
        keygate_store(link, node->next);
    }
}


void
keygate_index_link_cell(keygate_table_t *t, uint32_t at)
{
    uint32_t        *head;
    keygate_cell_t  *cell;

    cell = keygate_cell(t, at);
    head = keygate_index_head(t, cell->digest);

    keygate_store(&cell->next, *head);
    keygate_store(head, at);
}


void
keygate_index_unlink_cell(keygate_table_t *t, uint32_t at)
{
    uint32_t        *link;
    keygate_cell_t  *cell;

    cell = keygate_cell(t, at);
    link = keygate_index_head(t, cell->digest);

    while (*link != 0 && *link != at) {
        link = &keygate_cell(t, *link)->next;
    }

    if (*link == at) {
        keygate_store(link, cell->next);
    }
}


void
keygate_index_join(keygate_table_t *t, uint32_t account, uint32_t key)
{
    uint32_t                 next, prev;
    keygate_key_node_t      *k;
    keygate_account_node_t  *a;

    k = keygate_key_node(t, key);
    a = keygate_account_node(t, account);

    prev = 0;
    next = a->keys;

    while (next != 0 && keygate_key_node(t, next)->sequence > k->sequence) {
        prev = next;
        next = keygate_key_node(t, next)->sibling;
    }

    if (next == key) {
        return;
    }

    k->prev = prev;
    keygate_store(&k->sibling, next);
    keygate_store(prev == 0 ? &a->keys : &keygate_key_node(t, prev)->sibling,
                  key);

    if (next != 0) {
        keygate_key_node(t, next)->prev = key;
    }
}


void
keygate_index_leave(keygate_table_t *t, uint32_t account, uint32_t key)
{
    uint32_t                 prev;
    keygate_key_node_t      *k;
    keygate_account_node_t  *a;

    k = keygate_key_node(t, key);
    a = keygate_account_node(t, account);
    prev = 0;

    if (a->keys == key) {
        keygate_store(&a->keys, k->sibling);

    } else {
        prev = keygate_elder(t, account, key);

        if (prev == 0) {
            return;
        }

        keygate_store(&keygate_key_node(t, prev)->sibling, k->sibling);
    }

    if (k->sibling != 0) {
        keygate_key_node(t, k->sibling)->prev = prev;
    }
}


/* The key in an account's chain whose sibling is "key", or 0. */

static uint32_t
keygate_elder(const keygate_table_t *t, uint32_t account, uint32_t key)
{
    uint32_t  at;
    uint64_t  words[KEYGATE_ACCOUNT_WORDS];

    at = keygate_key_node(t, key)->prev;

    /* the hint may be older than what a killed writer did */

    if (at != 0
        && keygate_key_node(t, at)->sibling == key
        && keygate_key_node(t, at)->node.body != 0
        && keygate_body_copy(t, keygate_key_node(t, at)->node.body, words,
                             KEYGATE_ACCOUNT_WORDS) != 0
        && keygate_body_account(words) == account)
    {
        return at;
    }

    for (at = keygate_account_node(t, account)->keys;
         at != 0;
         at = keygate_key_node(t, at)->sibling)
    {
        if (keygate_key_node(t, at)->sibling == key) {
            return at;
        }
    }

    return 0;
}

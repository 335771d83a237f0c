/*
 * Usage by node, key and hour, in memory: a table that is at most half full,
 * of entries that are as long as their names.
 */

#include <stdlib.h>
#include <string.h>

#include "keygate_fnv.h"
#include "keygate_usage.h"


#define KEYGATE_BOOK_SLOTS  64

enum { KEYGATE_OF_KEY, KEYGATE_OF_NODE, KEYGATE_OF_ACCOUNT, KEYGATE_OF_API };


struct keygate_entry_s {
    uint64_t       hash;
    int64_t        hour;
    uint64_t       allowed;
    uint64_t       cost;
    uint64_t      *refused;              /* NULL: nothing was */
    unsigned char  len[4];               /* of the parts of "text" */
    unsigned char  text[];
};

#define keygate_entry_free(e)  (free((e)->refused), free(e))


static uint64_t keygate_book_hash(const keygate_usage_t *u);
static int keygate_entry_is(const keygate_entry_t *e,
    const keygate_usage_t *u);
static keygate_entry_t *keygate_entry_make(const keygate_usage_t *u);
static void keygate_entry_show(const keygate_entry_t *e, keygate_usage_t *u);
static int keygate_entry_fill(keygate_entry_t *e, const keygate_usage_t *u);
static keygate_entry_t **keygate_book_slot(const keygate_book_t *book,
    const keygate_usage_t *u, uint64_t hash);
static int keygate_book_room(keygate_book_t *book, size_t size, int64_t hour);
static int keygate_span_order(keygate_str_t a, keygate_str_t b);
static int keygate_usage_order(const void *one, const void *two);


static uint64_t
keygate_book_hash(const keygate_usage_t *u)
{
    uint64_t  hash;

    hash = KEYGATE_FNV64_START ^ (uint64_t) u->hour;
    hash = keygate_fnv64(hash, u->key);
    hash = keygate_fnv64(hash, u->node);

    return hash ^ hash >> 32;
}


static int
keygate_entry_is(const keygate_entry_t *e, const keygate_usage_t *u)
{
    return e->hour == u->hour
           && e->len[KEYGATE_OF_KEY] == u->key.len
           && e->len[KEYGATE_OF_NODE] == u->node.len
           && memcmp(e->text, u->key.data, u->key.len) == 0
           && (u->node.len == 0 || memcmp(e->text + u->key.len, u->node.data,
                                          u->node.len) == 0);
}


static keygate_entry_t *
keygate_entry_make(const keygate_usage_t *u)
{
    unsigned          i;
    unsigned char    *p;
    keygate_str_t     parts[4];
    keygate_entry_t  *e;

    parts[KEYGATE_OF_KEY] = u->key;
    parts[KEYGATE_OF_NODE] = u->node;
    parts[KEYGATE_OF_ACCOUNT] = u->account;
    parts[KEYGATE_OF_API] = u->api;

    e = malloc(sizeof(keygate_entry_t) + u->key.len + u->node.len
               + u->account.len + u->api.len);

    if (e == NULL) {
        return NULL;
    }

    memset(e, 0, sizeof(keygate_entry_t));
    e->hash = keygate_book_hash(u);
    e->hour = u->hour;
    p = e->text;

    for (i = 0; i < 4; i++) {
        e->len[i] = (unsigned char) parts[i].len;

        if (parts[i].len) {
            memcpy(p, parts[i].data, parts[i].len);
            p += parts[i].len;
        }
    }

    return e;
}


static void
keygate_entry_show(const keygate_entry_t *e, keygate_usage_t *u)
{
    const unsigned char  *p;

    p = e->text;

    u->key.data = p;
    u->key.len = e->len[KEYGATE_OF_KEY];
    p += u->key.len;
    u->node.data = p;
    u->node.len = e->len[KEYGATE_OF_NODE];
    p += u->node.len;
    u->account.data = p;
    u->account.len = e->len[KEYGATE_OF_ACCOUNT];
    p += u->account.len;
    u->api.data = p;
    u->api.len = e->len[KEYGATE_OF_API];

    u->hour = e->hour;
    u->allowed = e->allowed;
    u->cost = e->cost;

    if (e->refused) {
        memcpy(u->refused, e->refused, sizeof(u->refused));

    } else {
        memset(u->refused, 0, sizeof(u->refused));
    }
}


static int
keygate_entry_fill(keygate_entry_t *e, const keygate_usage_t *u)
{
    unsigned   i;
    uint64_t   any;

    for (i = 0, any = 0; i < KEYGATE_REASONS; i++) {
        any |= u->refused[i];
    }

    if (any && e->refused == NULL) {
        e->refused = malloc(sizeof(u->refused));

        if (e->refused == NULL) {
            return 0;
        }
    }

    if (e->refused) {
        memcpy(e->refused, u->refused, sizeof(u->refused));
    }

    e->allowed = u->allowed;
    e->cost = u->cost;

    return 1;
}


static keygate_entry_t **
keygate_book_slot(const keygate_book_t *book, const keygate_usage_t *u,
    uint64_t hash)
{
    size_t             i;
    keygate_entry_t  **slot;

    for (i = hash & (book->size - 1); /* void */ ;
         i = (i + 1) & (book->size - 1))
    {
        slot = &book->slots[i];

        if (*slot == NULL
            || ((*slot)->hash == hash && keygate_entry_is(*slot, u)))
        {
            return slot;
        }
    }
}


/* Moves all entries into a table of another size, but for those of an earlier
 * hour. */

static int
keygate_book_room(keygate_book_t *book, size_t size, int64_t hour)
{
    size_t            i;
    keygate_book_t    next;
    keygate_entry_t  *e;
    keygate_usage_t   u;

    next.n = 0;
    next.size = size;
    next.slots = calloc(size, sizeof(keygate_entry_t *));

    if (next.slots == NULL) {
        return 0;
    }

    for (i = 0; i < book->size; i++) {
        e = book->slots[i];

        if (e && e->hour < hour) {
            keygate_entry_free(e);

        } else if (e) {
            keygate_entry_show(e, &u);
            *keygate_book_slot(&next, &u, e->hash) = e;
            next.n++;
        }
    }

    free(book->slots);
    *book = next;

    return 1;
}


void
keygate_book_clear(keygate_book_t *book)
{
    size_t  i;

    for (i = 0; i < book->size; i++) {
        if (book->slots[i]) {
            keygate_entry_free(book->slots[i]);
        }
    }

    free(book->slots);
    memset(book, 0, sizeof(keygate_book_t));
}


int
keygate_book_set(keygate_book_t *book, const keygate_usage_t *u)
{
    keygate_usage_t   was;
    keygate_entry_t  *e, **slot;

    if (book->n * 2 >= book->size
        && !keygate_book_room(book, book->size ? book->size * 2
                                               : KEYGATE_BOOK_SLOTS,
                              INT64_MIN))
    {
        return 0;
    }

    slot = keygate_book_slot(book, u, keygate_book_hash(u));

    if (*slot) {
        keygate_entry_show(*slot, &was);

        if (keygate_str_eq(was.account, u->account)
            && keygate_str_eq(was.api, u->api))
        {
            return keygate_entry_fill(*slot, u);
        }
    }

    e = keygate_entry_make(u);

    if (e == NULL) {
        return 0;
    }

    if (!keygate_entry_fill(e, u)) {
        keygate_entry_free(e);
        return 0;
    }

    if (*slot) {
        keygate_entry_free(*slot);

    } else {
        book->n++;
    }

    *slot = e;

    return 1;
}


int
keygate_book_add(keygate_book_t *book, const keygate_usage_t *u)
{
    keygate_usage_t  sum, was;

    sum = *u;
    was = *u;

    if (keygate_book_get(book, &was)) {
        keygate_usage_add(&sum, &was);
    }

    return keygate_book_set(book, &sum);
}


int
keygate_book_get(const keygate_book_t *book, keygate_usage_t *u)
{
    keygate_entry_t  *e;

    if (book->size == 0) {
        return 0;
    }

    e = *keygate_book_slot(book, u, keygate_book_hash(u));

    if (e == NULL) {
        return 0;
    }

    keygate_entry_show(e, u);

    return 1;
}


int
keygate_book_forget(keygate_book_t *book, int64_t hour)
{
    return book->size == 0 || keygate_book_room(book, book->size, hour);
}


int
keygate_book_next(const keygate_book_t *book, size_t *i, keygate_usage_t *u)
{
    while (*i < book->size) {
        if (book->slots[(*i)++]) {
            keygate_entry_show(book->slots[*i - 1], u);
            return 1;
        }
    }

    return 0;
}


static int
keygate_span_order(keygate_str_t a, keygate_str_t b)
{
    int     order;
    size_t  len;

    len = a.len < b.len ? a.len : b.len;
    order = memcmp(a.data, b.data, len);

    return order ? order : (a.len > b.len) - (a.len < b.len);
}


static int
keygate_usage_order(const void *one, const void *two)
{
    int                     order;
    const keygate_usage_t  *a = one, *b = two;

    order = (a->hour > b->hour) - (a->hour < b->hour);
    order = order ? order : keygate_span_order(a->account, b->account);
    order = order ? order : keygate_span_order(a->key, b->key);

    return order ? order : keygate_span_order(a->node, b->node);
}


keygate_usage_t *
keygate_book_sorted(const keygate_book_t *book, size_t *n)
{
    size_t            i;
    keygate_usage_t  *all;

    *n = 0;
    i = 0;
    all = malloc((book->n + 1) * sizeof(keygate_usage_t));

    if (all == NULL) {
        return NULL;
    }

    while (keygate_book_next(book, &i, &all[*n])) {
        (*n)++;
    }

    qsort(all, *n, sizeof(keygate_usage_t), keygate_usage_order);

    return all;
}

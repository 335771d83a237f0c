/*
 * Trees of documents: their memory, their nodes, and what is found in them.
 */

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "keygate_doc.h"
#include "keygate_fnv.h"


#define KEYGATE_DOC_BLOCK   65536
#define KEYGATE_DOC_INDEX   16       /* members from which on there is one */
#define KEYGATE_DOC_PROBES  1000     /* names that share a place, at most */


struct keygate_doc_block_s {
    keygate_doc_block_t  *next;
    uint64_t              align;
};


static void *keygate_doc_pool_alloc(void *pool, size_t size);
static void keygate_doc_free_blocks(keygate_doc_block_t *block);
static void *keygate_doc_alloc_large(keygate_doc_t *doc, size_t size);
static keygate_doc_node_t **keygate_doc_slot(keygate_doc_node_t **index,
    uint32_t size, keygate_str_t name, uint32_t *probes);
static int keygate_doc_index_put(keygate_doc_t *doc,
    keygate_doc_node_t **index, uint32_t size, keygate_doc_node_t *node);
static uint32_t keygate_doc_index_size(uint32_t n);
static int keygate_doc_reindex(keygate_doc_t *doc, keygate_doc_node_t *map,
    uint32_t size);


static void *
keygate_doc_pool_alloc(void *pool, size_t size)
{
    return keygate_doc_alloc(pool, size);
}


void
keygate_doc_init(keygate_doc_t *doc)
{
    memset(doc, 0, sizeof(keygate_doc_t));

    doc->pool.alloc = keygate_doc_pool_alloc;
    doc->pool.pool = doc;
}


static void
keygate_doc_free_blocks(keygate_doc_block_t *block)
{
    keygate_doc_block_t  *next;

    for ( /* void */ ; block != NULL; block = next) {
        next = block->next;
        free(block);
    }
}


void
keygate_doc_free(keygate_doc_t *doc)
{
    keygate_doc_free_blocks(doc->blocks);
    keygate_doc_free_blocks(doc->large);
    doc->blocks = doc->large = NULL;
}


/* What is large has a block of its own. */

static void *
keygate_doc_alloc_large(keygate_doc_t *doc, size_t size)
{
    keygate_doc_block_t  *block;

    block = calloc(1, sizeof(keygate_doc_block_t) + size);

    if (block == NULL) {
        return NULL;
    }

    block->next = doc->large;
    doc->large = block;

    return block + 1;
}


void *
keygate_doc_alloc(keygate_doc_t *doc, size_t size)
{
    unsigned char        *p;
    keygate_doc_block_t  *block;

    size = size == 0 ? 16 : (size + 15) & ~(size_t) 15;

    if (size > KEYGATE_DOC_BLOCK / 4) {
        return keygate_doc_alloc_large(doc, size);
    }

    if (doc->left < size) {
        block = calloc(1, sizeof(keygate_doc_block_t) + KEYGATE_DOC_BLOCK);

        if (block == NULL) {
            return NULL;
        }

        block->next = doc->blocks;
        doc->blocks = block;
        doc->left = KEYGATE_DOC_BLOCK;
    }

    p = (unsigned char *) (doc->blocks + 1) + KEYGATE_DOC_BLOCK - doc->left;
    doc->left -= size;

    return p;
}


keygate_str_t
keygate_doc_copy(keygate_doc_t *doc, keygate_str_t s)
{
    unsigned char  *p;

    p = keygate_doc_alloc(doc, s.len + 1);

    if (p != NULL && s.len != 0) {
        memcpy(p, s.data, s.len);
    }

    return (keygate_str_t) { p != NULL ? s.len : 0, p };
}


char *
keygate_doc_printf(keygate_doc_t *doc, const char *fmt, ...)
{
    int       n;
    char     *p;
    va_list   args;

    va_start(args, fmt);
    n = vsnprintf(NULL, 0, fmt, args);
    va_end(args);

    p = n < 0 ? NULL : keygate_doc_alloc(doc, (size_t) n + 1);

    if (p != NULL) {
        va_start(args, fmt);
        vsnprintf(p, (size_t) n + 1, fmt, args);
        va_end(args);
    }

    return p;
}


keygate_doc_node_t *
keygate_doc_fail(keygate_doc_t *doc, const char *reason, unsigned line)
{
    doc->fault.reason = reason;
    doc->fault.line = line;

    return NULL;
}


keygate_doc_node_t *
keygate_doc_node(keygate_doc_t *doc, keygate_doc_kind_e kind, unsigned line)
{
    keygate_doc_node_t  *node;

    if (doc->nodes == KEYGATE_DOC_NODES) {
        return keygate_doc_fail(doc, "more values than a document may have",
                                line);
    }

    node = keygate_doc_alloc(doc, sizeof(keygate_doc_node_t));

    if (node == NULL) {
        return keygate_doc_fail(doc, NULL, 0);
    }

    doc->nodes++;
    node->kind = kind;
    node->name = KEYGATE_STR("");
    node->text = KEYGATE_STR("");
    node->line = line;

    return node;
}


/* The slot of a name in an index of "size", a power of two. */

static keygate_doc_node_t **
keygate_doc_slot(keygate_doc_node_t **index, uint32_t size,
    keygate_str_t name, uint32_t *probes)
{
    uint32_t  i, hash;

    hash = keygate_fnv32(KEYGATE_FNV32_START, name);

    for (i = 0; index[(hash + i) & (size - 1)] != NULL; i++) {
        if (keygate_str_eq(index[(hash + i) & (size - 1)]->name, name)) {
            break;
        }
    }

    *probes = i;

    return &index[(hash + i) & (size - 1)];
}


/* Names that were chosen to share a place would make every search a long
 * one. */

static int
keygate_doc_index_put(keygate_doc_t *doc, keygate_doc_node_t **index,
    uint32_t size, keygate_doc_node_t *node)
{
    uint32_t  probes;

    *keygate_doc_slot(index, size, node->name, &probes) = node;

    if (probes > KEYGATE_DOC_PROBES) {
        keygate_doc_fail(doc, "names that nobody chose to be read",
                         node->line);
        return 0;
    }

    return 1;
}


/* Twice the members, rounded up; it changes whenever "n" reaches a power of
 * two. */

static uint32_t
keygate_doc_index_size(uint32_t n)
{
    uint32_t  size;

    for (size = 2 * KEYGATE_DOC_INDEX; size < 2 * n + 2; size *= 2) {
        /* void */
    }

    return size;
}


static int
keygate_doc_reindex(keygate_doc_t *doc, keygate_doc_node_t *map,
    uint32_t size)
{
    keygate_doc_node_t  *node, **index;

    index = keygate_doc_alloc(doc, size * sizeof(keygate_doc_node_t *));

    if (index == NULL) {
        keygate_doc_fail(doc, NULL, 0);
        return 0;
    }

    for (node = map->first; node != NULL; node = node->next) {
        if (!keygate_doc_index_put(doc, index, size, node)) {
            return 0;
        }
    }

    map->index = index;

    return 1;
}


int
keygate_doc_append(keygate_doc_t *doc, keygate_doc_node_t *parent,
    keygate_doc_node_t *node)
{
    uint32_t  size;

    if (parent->kind == KEYGATE_DOC_MAP) {

        if (keygate_doc_get(parent, node->name) != NULL) {
            keygate_doc_fail(doc, "a name that is there already", node->line);
            return 0;
        }

        size = keygate_doc_index_size(parent->n + 1);

        if (parent->n + 1 >= KEYGATE_DOC_INDEX
            && (parent->index == NULL
                || size != keygate_doc_index_size(parent->n))
            && !keygate_doc_reindex(doc, parent, size))
        {
            return 0;
        }

        if (parent->index != NULL
            && !keygate_doc_index_put(doc, parent->index, size, node))
        {
            return 0;
        }
    }

    if (parent->last != NULL) {
        parent->last->next = node;

    } else {
        parent->first = node;
    }

    parent->last = node;
    parent->n++;

    return 1;
}


keygate_doc_node_t *
keygate_doc_get(const keygate_doc_node_t *map, keygate_str_t name)
{
    uint32_t             probes;
    keygate_doc_node_t  *node;

    if (map == NULL || map->kind != KEYGATE_DOC_MAP) {
        return NULL;
    }

    if (map->index != NULL) {
        return *keygate_doc_slot(map->index, keygate_doc_index_size(map->n),
                                 name, &probes);
    }

    for (node = map->first; node != NULL; node = node->next) {
        if (keygate_str_eq(node->name, name)) {
            break;
        }
    }

    return node;
}


keygate_doc_node_t *
keygate_doc_again(keygate_doc_t *doc, const keygate_doc_node_t *node,
    unsigned line)
{
    keygate_doc_node_t  *again;

    again = keygate_doc_node(doc, node->kind, line);

    if (again != NULL) {
        *again = *node;
        again->line = line;
        again->next = NULL;
    }

    return again;
}


keygate_doc_node_t *
keygate_doc_member(keygate_doc_t *doc, keygate_doc_node_t *map,
    keygate_str_t name, unsigned line)
{
    keygate_doc_node_t  *node;

    node = keygate_doc_get(map, name);

    if (node == NULL) {
        node = keygate_doc_node(doc, KEYGATE_DOC_MAP, line);

        if (node == NULL) {
            return NULL;
        }

        node->name = name;

        if (!keygate_doc_append(doc, map, node)) {
            return NULL;
        }
    }

    return node;
}

/*
 * Documents in JSON or YAML as trees whose values know their lines, for those
 * who have to say where something is wrong.
 *
 * Values are not interpreted: a scalar is its text, and whether it was quoted.
 * An alias of YAML is a second node with the members of the first, so that a
 * tree takes no more memory than its text allows, however often one is used;
 * who walks it counts the steps.
 */

#ifndef KEYGATE_DOC_H
#define KEYGATE_DOC_H

#include "keygate_core.h"


#define KEYGATE_DOC_SIZE   (32 << 20)    /* bytes of a text, at most */
#define KEYGATE_DOC_DEPTH  200
#define KEYGATE_DOC_NODES  1500000


typedef enum {
    KEYGATE_DOC_MAP = 0,
    KEYGATE_DOC_LIST,
    KEYGATE_DOC_TEXT,        /* in quotes, or in a block of its own */
    KEYGATE_DOC_WORD         /* as it stands: true, null, 12, and YAML's rest */
} keygate_doc_kind_e;


typedef struct keygate_doc_node_s  keygate_doc_node_t;

struct keygate_doc_node_s {
    keygate_str_t        name;       /* in a map */
    keygate_str_t        text;       /* of a scalar */
    keygate_doc_node_t  *first;
    keygate_doc_node_t  *last;
    keygate_doc_node_t  *next;       /* in the order of the text */
    keygate_doc_node_t **index;      /* of a map with many members */
    void                *data;       /* of whoever has made the node */
    uint32_t             n;          /* members */
    uint32_t             line;       /* from 1 */
    keygate_doc_kind_e   kind;
};


typedef struct {
    const char  *reason;             /* NULL: out of memory */
    unsigned     line;               /* 0: of no line */
} keygate_doc_fault_t;


/* Memory in which trees live, and whatever lives as long as they. */

typedef struct keygate_doc_block_s  keygate_doc_block_t;

typedef struct {
    keygate_pool_t        pool;      /* allocates here; zeroed */
    keygate_doc_block_t  *blocks;
    keygate_doc_block_t  *large;
    size_t                left;      /* in the first of "blocks" */
    unsigned              nodes;
    keygate_doc_fault_t   fault;     /* of the last one read */
} keygate_doc_t;


/* -- keygate_doc.c */

void keygate_doc_init(keygate_doc_t *doc);
void keygate_doc_free(keygate_doc_t *doc);

/*
 * Reads a text: JSON when it begins with '{', else YAML.  "text" must stay.
 * NULL: doc->fault says why.
 */
keygate_doc_node_t *keygate_doc_read(keygate_doc_t *doc, keygate_str_t text);

/* A member of a map, or NULL; of what is no map, and of NULL, too. */
keygate_doc_node_t *keygate_doc_get(const keygate_doc_node_t *map,
    keygate_str_t name);

/* keygate_doc_kind.c: whether it is a scalar, and which; "null", "~",
 * "true" and "false" are WORDs only. */
int keygate_doc_is_scalar(const keygate_doc_node_t *node);
int keygate_doc_is_null(const keygate_doc_node_t *node);
int keygate_doc_is_true(const keygate_doc_node_t *node);
int keygate_doc_is_false(const keygate_doc_node_t *node);

/* Zeroed memory that lives as long as the trees, or NULL. */
void *keygate_doc_alloc(keygate_doc_t *doc, size_t size);

/* A copy, NUL-terminated; .data is NULL when out of memory. */
keygate_str_t keygate_doc_copy(keygate_doc_t *doc, keygate_str_t s);

/* printf into such memory; NULL when out of it. */
char *keygate_doc_printf(keygate_doc_t *doc, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));


/* -- for readers */

/* A node, or NULL and doc->fault. */
keygate_doc_node_t *keygate_doc_node(keygate_doc_t *doc,
    keygate_doc_kind_e kind, unsigned line);

/* A second node for the same, whose name is its own; NULL and doc->fault. */
keygate_doc_node_t *keygate_doc_again(keygate_doc_t *doc,
    const keygate_doc_node_t *node, unsigned line);

/* A map's member of that name, which is made an empty map when there is none;
 * NULL and doc->fault. */
keygate_doc_node_t *keygate_doc_member(keygate_doc_t *doc,
    keygate_doc_node_t *map, keygate_str_t name, unsigned line);

/* Appends to a list; to a map, where node->name is not there yet.  0: it is,
 * or memory is out; doc->fault says which. */
int keygate_doc_append(keygate_doc_t *doc, keygate_doc_node_t *parent,
    keygate_doc_node_t *node);

/* Sets doc->fault; returns NULL. */
keygate_doc_node_t *keygate_doc_fail(keygate_doc_t *doc, const char *reason,
    unsigned line);


/* -- keygate_doc_json.c, keygate_doc_yaml.c */

keygate_doc_node_t *keygate_doc_json(keygate_doc_t *doc, keygate_str_t text);
keygate_doc_node_t *keygate_doc_yaml(keygate_doc_t *doc, keygate_str_t text);


#endif /* KEYGATE_DOC_H */

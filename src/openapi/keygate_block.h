/*
 * The directives of a keygate_api block as words: gathered one by one or read
 * from a configuration, printed as nginx reads them, compiled by the same
 * code that nginx compiles them by.
 */

#ifndef KEYGATE_BLOCK_H
#define KEYGATE_BLOCK_H

#include "keygate_api.h"
#include "keygate_doc.h"


#define KEYGATE_BLOCK_WORD  4000         /* bytes: nginx reads no longer one */


typedef struct keygate_words_s  keygate_words_t;

struct keygate_words_s {
    keygate_str_t    *args;              /* the first is the name */
    unsigned          n;
    unsigned          line;              /* where they were read, or 0 */
    unsigned          made:1;            /* up, where nobody says anything */
    keygate_words_t  *next;
};


typedef struct {
    keygate_doc_t    *doc;               /* whose memory it is in */
    keygate_str_t     name;              /* of the API */
    keygate_words_t  *first;
    keygate_words_t  *last;
} keygate_block_t;


/* Adds a directive of these words, which must stay: KEYGATE_OK or
 * KEYGATE_NOMEM. */
keygate_rc_t keygate_block_add(keygate_block_t *block,
    const keygate_str_t *args, unsigned n, unsigned line);

/* The same from what is in the configuration; "n" strings. */
keygate_rc_t keygate_block_puts(keygate_block_t *block, unsigned n, ...);

/* The words of "text", as nginx takes them apart; at most "max".  -1: more, or
 * a quote that does not end, or what ends a directive; -2: no memory. */
int keygate_block_split(keygate_doc_t *doc, keygate_str_t text,
    keygate_str_t *words, int max);

/* Appends the block as a configuration. */
void keygate_block_print(const keygate_block_t *block, keygate_buf_t *out);

/* What is printed for a word. */
void keygate_block_word(keygate_str_t word, keygate_buf_t *out);

/* As nginx does at a start: KEYGATE_OK, KEYGATE_NOMEM, or KEYGATE_INVALID and
 * the fault.  "block" must stay as long as the API. */
keygate_rc_t keygate_block_compile(const keygate_block_t *block,
    keygate_api_t **api, keygate_conf_fault_t *fault);

/* What "base" says, without the slashes at its end; else empty. */
keygate_str_t keygate_block_base(const keygate_block_t *block);


/* -- keygate_block_read.c */

#define KEYGATE_BLOCK_FILES   4096       /* with the first of them */
#define KEYGATE_BLOCK_NESTED  32

typedef struct keygate_block_missed_s  keygate_block_missed_t;

struct keygate_block_missed_s {
    const char              *path;
    unsigned                 line;
    const char              *reason;
    keygate_block_missed_t  *next;
};

/*
 * A configuration, and where it has its files from.  "find" tells what a name
 * or mask means, in the order of nginx: KEYGATE_OK or KEYGATE_NOMEM; where it
 * is NULL, "include" is a directive as any.  "read" reads one: KEYGATE_OK,
 * KEYGATE_NONE with doc->fault.reason, KEYGATE_NOMEM.  All that they give must
 * stay as long as the block.
 */
typedef struct {
    keygate_rc_t            (*find)(void *data, keygate_str_t mask,
                                    const char ***paths, unsigned *n);
    keygate_rc_t            (*read)(void *data, const char *path,
                                    keygate_str_t *text);
    void                     *data;
    const char               *path;      /* the main file; of a fault */
    const char              **paths;     /* of what was read */
    unsigned                  n;
    size_t                    size;
    keygate_block_missed_t   *missed;    /* outside of the block, in order */
    keygate_block_missed_t  **last_missed;
} keygate_block_conf_t;

/*
 * The block "name", or the only one when name.len is 0, of a configuration
 * whose main file is "text".  KEYGATE_OK; KEYGATE_NONE when there is no such
 * block, KEYGATE_CONFLICT when there are several; KEYGATE_INVALID with
 * doc->fault, in conf->path; KEYGATE_NOMEM.
 */
keygate_rc_t keygate_block_read(keygate_block_t *block,
    keygate_block_conf_t *conf, keygate_str_t text, keygate_str_t name);

/* The file and line of a directive, of which the compiler tells a number. */
const char *keygate_block_placed(const keygate_block_conf_t *conf,
    unsigned place, unsigned *line);


#endif /* KEYGATE_BLOCK_H */

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

/*
 * keygate_block_read.c: the block "name", or the only one when name.len is 0,
 * of a configuration.  KEYGATE_OK; KEYGATE_NONE when there is no such block,
 * KEYGATE_CONFLICT when there are several; KEYGATE_INVALID with doc->fault;
 * KEYGATE_NOMEM.
 */
keygate_rc_t keygate_block_read(keygate_block_t *block, keygate_str_t text,
    keygate_str_t name);


#endif /* KEYGATE_BLOCK_H */

/*
 * Between the files that read a configuration.
 */

#ifndef KEYGATE_BLOCK_PRIVATE_H
#define KEYGATE_BLOCK_PRIVATE_H

#include "keygate_block.h"


#define KEYGATE_BLOCK_ARGS  256              /* words of a directive */


/* What is left of a text. */

typedef struct {
    const unsigned char  *p;
    const unsigned char  *end;
    unsigned              line;
    keygate_doc_t        *doc;
} keygate_block_text_t;


/* A file that is being read, and the one that includes it. */

typedef struct keygate_block_file_s  keygate_block_file_t;

struct keygate_block_file_s {
    keygate_block_text_t         text;
    const char                  *path;
    unsigned                     index;  /* of conf->paths */
    unsigned                     nested;
    unsigned                     depth;  /* of the blocks around it */
    const keygate_block_file_t  *above;
};


typedef struct {
    keygate_doc_t         *doc;
    keygate_block_t       *block;
    keygate_block_conf_t  *conf;
    keygate_block_file_t  *file;
    keygate_str_t          wanted;       /* empty: the only one */
    unsigned               found;
    unsigned               depth;
    unsigned               inside;       /* depth of the block that is read */
    unsigned               n;
    unsigned               started;      /* line of the first word */
    keygate_str_t          args[KEYGATE_BLOCK_ARGS];
} keygate_block_reader_t;


/* -- keygate_block_text.c */

int keygate_block_blank(unsigned char c);

/* A word, in quotes or not: 1, 0 when it has no end, -1 without memory. */
int keygate_block_take(keygate_block_text_t *t, keygate_str_t *word);


#endif /* KEYGATE_BLOCK_PRIVATE_H */

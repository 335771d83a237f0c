/*
 * Between the files that read JSON.
 */

#ifndef KEYGATE_DOC_PRIVATE_H
#define KEYGATE_DOC_PRIVATE_H

#include "keygate_doc.h"


typedef struct {
    keygate_doc_t        *doc;
    const unsigned char  *p;
    const unsigned char  *end;
    unsigned              line;
    unsigned              depth;
} keygate_doc_json_t;


/* -- keygate_doc_text.c */

/* What is left of a string after its first quote, without its last one; one
 * that needs no decoding stays where it is.  0, and doc->fault. */
int keygate_doc_json_string(keygate_doc_json_t *j, keygate_str_t *s);


#endif /* KEYGATE_DOC_PRIVATE_H */

/*
 * Between keygate_strict.c, which knows how objects and arrays are made, and
 * keygate_strict_text.c, which reads what they are made of.
 */

#ifndef KEYGATE_STRICT_PRIVATE_H
#define KEYGATE_STRICT_PRIVATE_H

#include "keygate_strict.h"


typedef struct {
    const unsigned char    *p;
    const unsigned char    *end;
    unsigned                depth;
    unsigned                nomem:1;

    uint64_t               *hashes;
    size_t                  n;
    size_t                  size;

    uint64_t                hash;        /* of the name that is being read */
    keygate_strict_name_t   name;

    keygate_strict_pt       member;
    void                   *data;
} keygate_strict_t;


/*
 * Each takes what it is named after off the front of the text: 1, or 0 when
 * it is not there or not whole.  A name is left in s->name and s->hash.
 */

void keygate_strict_space(keygate_strict_t *s);
int keygate_strict_char(keygate_strict_t *s, unsigned char c);
int keygate_strict_word(keygate_strict_t *s, const char *word);
int keygate_strict_number(keygate_strict_t *s);
int keygate_strict_string(keygate_strict_t *s);
int keygate_strict_name(keygate_strict_t *s);


#endif /* KEYGATE_STRICT_PRIVATE_H */

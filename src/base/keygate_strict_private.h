/*
 * Between keygate_strict.c, which knows how objects and arrays are made, and
 * keygate_strict_text.c, which reads what they are made of.
 */

#ifndef KEYGATE_STRICT_PRIVATE_H
#define KEYGATE_STRICT_PRIVATE_H

#include "keygate_lex.h"
#include "keygate_strict.h"


typedef struct {
    keygate_lex_t           lex;
    unsigned                depth;       /* of what is open */
    unsigned                nomem:1;
    unsigned char           objects[KEYGATE_STRICT_DEPTH / 8];   /* a bit a
                                            level: it is no array */

    uint64_t               *hashes;
    size_t                  n;
    size_t                  size;
    size_t                  first;       /* of the innermost object's */

    uint64_t                hash;        /* of the name that is being read */
    keygate_strict_name_t   name;

    keygate_strict_pt       member;
    void                   *data;
} keygate_strict_t;


/*
 * Each takes what it is named after off the front of the text: 1, or 0 when
 * it is not there or not whole.  A name is left in s->name and s->hash.
 */

int keygate_strict_string(keygate_strict_t *s);
int keygate_strict_name(keygate_strict_t *s);


#endif /* KEYGATE_STRICT_PRIVATE_H */

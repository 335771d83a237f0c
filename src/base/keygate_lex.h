/*
 * The words of JSON (RFC 8259).  Whoever reads JSON here takes them off the
 * front of a text by these functions: the parser of values
 * (keygate_json.c), the judge of bodies (keygate_strict.c) and the short way
 * from a line to a record (keygate_record_scan.c).
 */

#ifndef KEYGATE_LEX_H
#define KEYGATE_LEX_H

#include "keygate_core.h"


/* What is left of a text. */

typedef struct {
    const unsigned char  *p;
    const unsigned char  *end;
} keygate_lex_t;


static inline void
keygate_lex_space(keygate_lex_t *lex)
{
    while (lex->p < lex->end
           && (*lex->p == ' ' || *lex->p == '\t' || *lex->p == '\r'
               || *lex->p == '\n'))
    {
        lex->p++;
    }
}


/* Takes the character, if it is next: 1 or 0. */

static inline int
keygate_lex_char(keygate_lex_t *lex, unsigned char c)
{
    if (lex->p == lex->end || *lex->p != c) {
        return 0;
    }

    lex->p++;

    return 1;
}


/* Takes the word, if it is next: 1 or 0. */
int keygate_lex_word(keygate_lex_t *lex, const char *word);

/* Takes a number: 1, and in *real whether it has a fraction or an exponent;
 * or 0, and nothing is taken. */
int keygate_lex_number(keygate_lex_t *lex, int *real);

/*
 * Takes what follows a '\' in a string, of a surrogate pair both halves: 1,
 * and the code point in *c, which may be 0; or 0 when there is no such
 * escape, with "p" behind what was right.
 */
int keygate_lex_escape(keygate_lex_t *lex, uint32_t *c);


#endif /* KEYGATE_LEX_H */

/*
 * Between keygate_json.c, which makes objects and arrays, and
 * keygate_json_text.c, which reads strings and numbers.
 */

#ifndef KEYGATE_JSON_PRIVATE_H
#define KEYGATE_JSON_PRIVATE_H

#include "keygate_json.h"
#include "keygate_lex.h"


/*
 * "decoded" is as long as the text.  In it are, one behind the other, the
 * names of the members that are being read, from the outermost, each with a
 * NUL; at "top" is room for what is read next, which is never longer than its
 * text.
 */

typedef struct {
    keygate_lex_t         lex;
    char                 *decoded;
    size_t                top;
    unsigned              depth;
    unsigned              nul:1;
    unsigned              wide:1;
    unsigned              any:1;
    unsigned              nomem:1;
    const char           *reason;    /* of the first fault, at "lex" */
} keygate_json_t;


/* What a number begins with that is kept as a string. */
#define KEYGATE_JSON_MARK  '\xff'


/* Notes a fault; returns -1. */
int keygate_json_fault(keygate_json_t *j, const char *reason);

/* Reads the string that begins at "lex" to decoded + top, with a NUL behind it.
 * 0 or -1. */
int keygate_json_string(keygate_json_t *j, int nul, size_t *len);

/* A number; NULL, with or without a fault. */
json_t *keygate_json_number(keygate_json_t *j);


#endif /* KEYGATE_JSON_PRIVATE_H */

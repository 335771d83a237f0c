/*
 * JSON texts into jansson's values.
 *
 * jansson's own parser is not used: where memory runs out while it gathers a
 * string, it leaves out a byte and goes on, past the end of the string and of
 * what it has allocated.
 */

#ifndef KEYGATE_JSON_H
#define KEYGATE_JSON_H

#include <jansson.h>

#include "keygate_core.h"


#define KEYGATE_JSON_DEPTH  2048


typedef struct {
    const char  *reason;     /* what is wrong, and where: both from 1, the
                                column in bytes */
    unsigned     line;
    unsigned     column;
    unsigned     nomem:1;    /* nothing is wrong with the text */
} keygate_json_error_t;


/*
 * Parses one object or array (RFC 8259) in UTF-8, with nothing but space
 * around it, without duplicate names and lone surrogates.  U+0000 may not be
 * in names, and in strings only with "nul".  Whole numbers must fit 64 bits.
 * Returns NULL, and says why in *error (may be NULL).
 */
json_t *keygate_json_parse(keygate_str_t text, int nul,
    keygate_json_error_t *error);

/*
 * A value as text, NUL-terminated, in malloc()ed memory that the caller frees;
 * NULL when out of memory.  In place of json_dumps(), which leaves out names
 * that it has no memory for and calls that a success.
 */
char *keygate_json_print(const json_t *json, size_t flags, size_t *len);

/*
 * Appends a value; the one writer of trees, which escapes every string as
 * keygate_buf_json() does.  Recursion is as deep as the value, which
 * KEYGATE_JSON_DEPTH bounds for what keygate_json_parse() has read.
 */
void keygate_buf_tree(keygate_buf_t *out, const json_t *json);


#endif /* KEYGATE_JSON_H */

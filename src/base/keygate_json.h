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

#define KEYGATE_JSON_NUL    1   /* U+0000 may be in strings */
#define KEYGATE_JSON_WIDE   2   /* so may numbers of any size be there */
#define KEYGATE_JSON_ANY    4   /* the whole may be any value */


typedef struct {
    const char  *reason;     /* what is wrong, and where: both from 1, the
                                column in bytes */
    unsigned     line;
    unsigned     column;
    unsigned     nomem:1;    /* nothing is wrong with the text */
} keygate_json_error_t;


/*
 * Parses one object or array (RFC 8259), with KEYGATE_JSON_ANY one value, in
 * UTF-8, with nothing but space around it, without duplicate names and lone
 * surrogates.  U+0000 may not be in names, and in strings only with
 * KEYGATE_JSON_NUL.
 *
 * Whole numbers must fit 64 bits, others a double.  With KEYGATE_JSON_WIDE one
 * that does not is a string to jansson, of a byte 0xff, which no string has,
 * and its text; keygate_json_is_string() tells them apart, and
 * keygate_json_put() writes the number that it was.
 *
 * Returns NULL, and says why in *error (may be NULL).
 */
json_t *keygate_json_parse(keygate_str_t text, unsigned flags,
    keygate_json_error_t *error);

/* Whether it is a string, and no number; 0 for NULL. */
int keygate_json_is_string(const json_t *json);

/* Whether it is a number of any size; 0 for NULL. */
int keygate_json_is_number(const json_t *json);

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
void keygate_json_put(keygate_buf_t *out, const json_t *json);


#endif /* KEYGATE_JSON_H */

/*
 * What the files of keygate_error share.
 */

#ifndef KEYGATE_ERROR_PRIVATE_H
#define KEYGATE_ERROR_PRIVATE_H

#include <jansson.h>

#include "keygate_error.h"


/* A sentence for a status that nothing more is known about. */
const char *keygate_status_detail(unsigned status);

/* Whether a code that is not ours may stand in a type URI as it is. */
int keygate_text_plain(keygate_str_t code);

/* As keygate_text_fill(), for the inside of a JSON string. */
void keygate_text_fill_json(keygate_str_t text, const keygate_error_t *e,
    keygate_buf_t *out);

/* As keygate_text_fill(), for the value of grpc-message. */
void keygate_text_fill_grpc(keygate_str_t text, const keygate_error_t *e,
    keygate_buf_t *out);


/* keygate_error_known.c: known shapes */

/*
 * Whether an object is a problem under any media type: a string "title" or
 * "detail", and a number "status" that is the response's.
 */
int keygate_error_is_problem(const json_t *body, unsigned status);

/*
 * Takes from an object of a known shape what keygate_error_inspect() says, in
 * memory from "pool": KEYGATE_AGAIN, KEYGATE_NONE when its shape is not known,
 * KEYGATE_NOMEM.  The members that are left are taken for a problem only.
 */
keygate_rc_t keygate_error_take(keygate_error_format_e format, json_t *body,
    const keygate_pool_t *pool, keygate_error_t *e);


/* keygate_error_lists.c: errors by field */

/* Writes the lists of an object as one array; nothing, when it has none. */
void keygate_error_read_lists(json_t *body, keygate_buf_t *out);


#endif /* KEYGATE_ERROR_PRIVATE_H */

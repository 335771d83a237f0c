/*
 * What the files of keygate_error share.
 */

#ifndef KEYGATE_ERROR_PRIVATE_H
#define KEYGATE_ERROR_PRIVATE_H

#include "keygate_error.h"


/* A sentence for a status that nothing more is known about. */
const char *keygate_status_detail(unsigned status);

/* As keygate_buf_json(), but without the quotes. */
void keygate_error_raw_json(keygate_buf_t *out, keygate_str_t s);

/* As keygate_text_fill(), for the inside of a JSON string. */
void keygate_text_fill_json(keygate_str_t text, const keygate_error_t *e,
    keygate_buf_t *out);


#endif /* KEYGATE_ERROR_PRIVATE_H */

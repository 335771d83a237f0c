/*
 * Percent-encoding (RFC 3986, section 2.1).
 */

#ifndef KEYGATE_URI_H
#define KEYGATE_URI_H

#include "keygate_core.h"


/*
 * Writes a path, whatever bytes it is of, as a URI reference (RFC 3986,
 * section 4.1) that resolves to it: what may not stand there is encoded, and
 * so is a '%' that begins no escape; "//a" becomes "/.//a", for else "a" would
 * be a host; nor is a colon of the first segment taken for that of a scheme.
 */
void keygate_uri_path(keygate_buf_t *out, keygate_str_t path);

/* Writes a grpc-message: all but printable ASCII is encoded, and '%'. */
void keygate_uri_grpc(keygate_buf_t *out, keygate_str_t text);

/* The byte that the escape at "p", of at least three bytes, stands for; -1
 * when it is none. */
int keygate_uri_escape(const unsigned char *p);


#endif /* KEYGATE_URI_H */

/*
 * Media types, as Content-Type has them (RFC 9110, section 8.3): the one
 * place that reads them.  Parameters and case never matter.
 */

#ifndef KEYGATE_MEDIA_H
#define KEYGATE_MEDIA_H

#include "keygate_core.h"


/* The type without its parameters, as it is written; empty for none. */
keygate_str_t keygate_media_bare(keygate_str_t type);

/* Whether it is "name", which is in lower case. */
int keygate_media_is(keygate_str_t type, const char *name);

/* Whether it is JSON: TYPE/json or TYPE/SUBTYPE+json. */
int keygate_media_is_json(keygate_str_t type);

/* Whether it is application/grpc, or that and "+" or ";" and more. */
int keygate_media_is_grpc(keygate_str_t type);


#endif /* KEYGATE_MEDIA_H */

/*
 * Between push.c, which looks at a journal and brings records into a store,
 * and push_fill.c, which fills an empty one.
 */

#ifndef KEYGATE_CLI_PUSH_H
#define KEYGATE_CLI_PUSH_H

#include "remote.h"


typedef struct {
    cli_t            *cli;
    int               rc;
    keygate_place_t   mark;              /* of a copy; else epoch is "" */
    uint64_t          n;
    unsigned          ahead;
    uint64_t          taken;             /* by a merge */
    uint64_t          kept;
    unsigned          digests:1;
    unsigned          hmac:1;
} cli_push_t;


/* The line as it is in a store, in memory that the caller frees. */
char *cli_push_plain(keygate_str_t *line, uint64_t *version);

/* The field of a line's record, and the bucket of that. */
int cli_push_field(cli_push_t *p, keygate_str_t line, char *field, char *key);

/* A command about a member of "meta"; "value" may be NULL. */
int cli_push_meta(cli_t *cli, const char *command, const char *member,
    const char *value, keygate_reply_t **reply);

/* Fills an empty store. */
int cli_push_fill(cli_push_t *p);


#endif /* KEYGATE_CLI_PUSH_H */

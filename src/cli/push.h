/*
 * Between push.c, which looks at a journal and brings records into a store,
 * and push_fill.c, which fills an empty one.
 */

#ifndef KEYGATE_CLI_PUSH_H
#define KEYGATE_CLI_PUSH_H

#include "remote.h"


/* A line of a copy. */

typedef struct {
    uint64_t          at;
    uint64_t          version;           /* 0: it has none */
} cli_pushed_t;


typedef struct {
    cli_t            *cli;
    int               rc;
    cli_pushed_t     *lines;             /* by "at" */
    size_t            n_lines;
    size_t            n_told;            /* of them have their versions */
    size_t            size;
    keygate_place_t   mark;              /* of a copy; else epoch is "" */
    uint64_t          n;
    unsigned          ahead;
    uint64_t          taken;             /* by a merge */
    uint64_t          kept;
    uint64_t          bad;               /* lines that are not valid */
    unsigned          digests:1;
    unsigned          hmac:1;
} cli_push_t;


/* -- push_version.c */

/* Takes each line of a journal: its last mark, and the versions of a copy. */
keygate_rc_t cli_push_mark(void *data, uint64_t number, uint64_t at,
    keygate_str_t line, int torn);

/* The version of the line that is there; 0: it has none. */
uint64_t cli_push_version(const cli_push_t *p, uint64_t at);


/* -- push_fill.c */

/* The field of a line's record, and the bucket of that. */
int cli_push_field(cli_push_t *p, keygate_str_t line, char *field, char *key);

/* A command about a member of "meta"; "value" may be NULL. */
int cli_push_meta(cli_t *cli, const char *command, const char *member,
    const char *value, keygate_reply_t **reply);

/* Fills an empty store. */
int cli_push_fill(cli_push_t *p);


#endif /* KEYGATE_CLI_PUSH_H */

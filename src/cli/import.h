/*
 * Between import.c, which reads rows, and import_batch.c, which writes them.
 */

#ifndef KEYGATE_CLI_IMPORT_H
#define KEYGATE_CLI_IMPORT_H

#include "cli.h"
#include "keygate_index.h"


#define CLI_BATCH         4096           /* rows */
#define CLI_BATCH_BYTES   (4 << 20)


typedef struct {
    cli_t            *cli;
    cli_source_t      source;
    cli_progress_t    progress;
    keygate_index_t  *index;
    keygate_mark_t    mark;
    json_t           *unknown;           /* accounts not seen so far */
    cli_row_t         rows[CLI_BATCH];
    unsigned          n;
    size_t            bytes;
    cli_text_t        lines;
    unsigned          kind:1;            /* the digests' is known: */
    unsigned          hmac:1;
    uint64_t          keys;
    uint64_t          accounts;
    uint64_t          refused;
} cli_import_t;


/* Brings the index up to date with the journal. */
keygate_rc_t cli_import_look(cli_import_t *m);

/* Writes the batch, and empties it: an exit code. */
int cli_import_flush(cli_import_t *m);


#endif /* KEYGATE_CLI_IMPORT_H */

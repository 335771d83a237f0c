/*
 * What the files of import share: import.c, import_file.c, import_row.c and
 * import_credential.c, which read rows, and import_batch.c, which writes them.
 */

#ifndef KEYGATE_CLI_IMPORT_H
#define KEYGATE_CLI_IMPORT_H

#include "table.h"
#include "keygate_index.h"


#define CLI_BATCH         4096           /* rows */
#define CLI_BATCH_BYTES   (4 << 20)


/* -- import_file.c: rows out of a file */

typedef struct {
    FILE        *f;
    const char  *name;
    uint64_t     size;           /* 0: not known */
    uint64_t     bytes;          /* that were read */
    uint64_t     line;           /* of the file, the one that is read */
    uint64_t     row;            /* the line where the row began */
    int          csv;
    json_t      *columns;        /* of CSV: their names */
    cli_text_t   text;
    const char  *reason;         /* why a row is refused */
} cli_source_t;

int cli_source_open(cli_source_t *s, const char *path);  /* an exit code */
void cli_source_close(cli_source_t *s);

/*
 * The next row as an object: KEYGATE_OK; KEYGATE_NONE after the last;
 * KEYGATE_INVALID with s->reason, and the row is passed over; KEYGATE_NOMEM;
 * KEYGATE_IO.
 */
keygate_rc_t cli_source_next(cli_source_t *s, json_t **row);


/* -- import_row.c */

/* A row on its way into the journal. */

typedef struct {
    uint64_t           line;             /* in the file */
    keygate_record_t   record;
    char              *text;             /* its line in the journal */
    size_t             len;
    char              *reason;           /* why it is refused, or NULL */
} cli_row_t;

/*
 * Makes a row's record, or its reason, to be freed: KEYGATE_OK; KEYGATE_NOMEM.
 * Takes the reference, and cleanses the credential that is in it.
 */
keygate_rc_t cli_row_make(cli_t *cli, json_t *json, cli_row_t *row);
keygate_rc_t cli_row_refuse(cli_row_t *row, const char *reason);
void cli_row_free(cli_row_t *row);

/*
 * import_credential.c: puts the digest of a key's credential in its place, and
 * an id; nothing where it has none.
 */
keygate_rc_t cli_row_digest(cli_t *cli, json_t *key, cli_row_t *row);

/* Whether CSV may have a column of this name, and whether that is a list. */
int cli_row_member(const char *name, int *list);


/* -- import.c, import_batch.c */

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

/*
 * What the files of import share: import_source.c, import_file.c, import_csv.c,
 * import_row.c and import_credential.c, which read rows, import_ahead.c, which
 * knows the last of them, import_batch.c, which writes them, and import.c.
 */

#ifndef KEYGATE_CLI_IMPORT_H
#define KEYGATE_CLI_IMPORT_H

#include "table.h"
#include "keygate_index.h"


#define CLI_BATCH         4096           /* rows */
#define CLI_BATCH_BYTES   (4 << 20)


/* -- import_source.c: bytes and lines */

typedef struct {
    FILE        *f;
    const char  *name;
    uint64_t     size;           /* 0: not known */
    uint64_t     bytes;          /* that were read */
    uint64_t     line;           /* of the file, the one that is read */
    uint64_t     row;            /* the line where the row began */
    int          csv;
    json_t      *columns;        /* of CSV: their names */
    off_t        start;          /* of the first row */
    cli_text_t   text;
    const char  *reason;         /* why a row is refused */
} cli_source_t;

/* An exit code; a file is at its first byte. */
int cli_source_open(cli_source_t *s, const char *path);
void cli_source_close(cli_source_t *s);

/*
 * To the beginning of the next row, past empty lines; and the next line as it
 * is, in s->text: KEYGATE_OK; KEYGATE_NONE after the last; KEYGATE_INVALID with
 * s->reason, and it is passed over; KEYGATE_NOMEM; KEYGATE_IO.
 */
keygate_rc_t cli_source_begin(cli_source_t *s);
keygate_rc_t cli_source_line(cli_source_t *s);

/* Before all of it is read for the first of two times, and then again, from
 * the first row: KEYGATE_OK; KEYGATE_IO. */
keygate_rc_t cli_source_twice(cli_source_t *s);
keygate_rc_t cli_source_again(cli_source_t *s);

/* Bytes of it, for import_csv.c: the next one, taken or not; the rest of a
 * line passed over; one more in s->text; and what is wrong with the row. */
int cli_source_getc(cli_source_t *s);
int cli_source_peek(cli_source_t *s);
void cli_source_skip(cli_source_t *s);
keygate_rc_t cli_source_take(cli_source_t *s, int c);
keygate_rc_t cli_source_refuse(cli_source_t *s, const char *reason);


/* -- import_file.c: an exit code; and the next row as an object, results as of
 * cli_source_line() */

int cli_file_open(cli_source_t *s, const char *path);
keygate_rc_t cli_file_next(cli_source_t *s, json_t **row);


/* -- import_csv.c */

/* The names in the first line: an exit code.  A row as an object: as of
 * cli_file_next(). */
int cli_csv_names(cli_source_t *s);
keygate_rc_t cli_csv_row(cli_source_t *s, json_t *row);


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
keygate_rc_t cli_import_refuse(cli_row_t *row, const char *reason);
void cli_row_free(cli_row_t *row);

/*
 * import_credential.c: puts the digest of a key's credential in its place, and
 * an id; nothing where it has none.
 */
keygate_rc_t cli_import_digest(cli_t *cli, json_t *key, cli_row_t *row);

/* Whether CSV may have a column of this name, and whether that is a list. */
int cli_row_member(const char *name, int *list);


/* -- import.c, import_batch.c */

typedef struct {
    cli_t            *cli;
    cli_source_t      source;
    cli_progress_t    progress;
    keygate_index_t  *latest;            /* lines of the file, by record */
    json_t           *gone;              /* what it deletes in the end */
    keygate_index_t  *index;             /* of the journal */
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
    uint64_t          replaced;
} cli_import_t;


/* -- import_ahead.c */

/* Goes through a file of JSON Lines, for what its last lines are: KEYGATE_OK;
 * KEYGATE_NOMEM; KEYGATE_IO. */
keygate_rc_t cli_import_ahead(cli_import_t *m);

/* Whether a later line of the file is what counts for the row's record. */
int cli_import_replaced(const cli_import_t *m, const cli_row_t *row);


/* Brings the index up to date with the journal. */
keygate_rc_t cli_import_look(cli_import_t *m);

/* Writes the batch, and empties it: an exit code. */
int cli_import_flush(cli_import_t *m);


#endif /* KEYGATE_CLI_IMPORT_H */

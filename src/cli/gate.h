/*
 * What the files of "setup" share: a gate that is made, and the files of it.
 */

#ifndef KEYGATE_CLI_GATE_H
#define KEYGATE_CLI_GATE_H

#include <limits.h>

#include "cli.h"
#include "keygate_file.h"
#include "openapi.h"


/* A file of a gate.  One that is there already is left as it is. */

typedef struct {
    char            path[PATH_MAX];
    keygate_file_t  at;                  /* while it is made */
    unsigned        made:1;              /* by this run */
} cli_gate_file_t;


typedef struct {
    const char       *name;
    const char       *listen;
    const char       *admin;             /* where the admin API listens */
    const char       *upstream;

    cli_gate_file_t   journal;
    cli_gate_file_t   token;
    cli_gate_file_t   digest;            /* of the token */
    cli_gate_file_t   site;

    cli_openapi_t     document;          /* with --openapi */
    unsigned          documented:1;
    unsigned          loaded:1;          /* by an nginx that runs */
    char              id[KEYGATE_ID_MAX + 1];
    char              credential[KEYGATE_CREDENTIAL_MAX + 1];
} cli_gate_t;


/* -- gate_file.c: each says what is wrong, and returns an exit code */

/* Where it is; not whether. */
int cli_gate_path(cli_gate_file_t *file, const char *dir, const char *prefix,
    const char *name, const char *suffix);

int cli_gate_there(const cli_gate_file_t *file);

/* Makes it; "give": for the user whose directory it is in. */
int cli_gate_write(cli_gate_file_t *file, const char *text, size_t len,
    unsigned mode, int give);

/* Removes it, if this run has made it and it is not to stay. */
void cli_gate_done(cli_gate_file_t *file, int stays);

/* Runs nginx with one or two arguments; what it prints is shown.  Its exit
 * status, or -1 when it cannot be run. */
int cli_gate_nginx(const char *first, const char *second);


/* -- gate_site.c */

/* The configuration of the gate, appended to "text". */
int cli_gate_site(cli_gate_t *gate, cli_text_t *text);

/* Whether what goes into the configuration is what it looks like. */
int cli_gate_words(const cli_gate_t *gate);


/* -- gate_document.c */

/* With --openapi: reads the document, and tells what is to be told of it.  An
 * exit code. */
int cli_gate_document(cli_t *cli, cli_gate_t *gate);
void cli_gate_document_free(cli_gate_t *gate);

/* Its API, and one beside it that shows a key what it is; 0 without memory. */
int cli_gate_document_api(cli_gate_t *gate, cli_text_t *text);

/* What its keys look like; and all that they may do, or NULL. */
int cli_gate_format(const cli_gate_t *gate, char *format, size_t size);
json_t *cli_gate_scopes(const cli_gate_t *gate);

/* How curl sends a key. */
int cli_gate_header(const cli_gate_t *gate, char *header, size_t size);


/* -- gate_tell.c */

/* What was made, and the request to try.  An exit code. */
int cli_gate_tell(const cli_t *cli, const cli_gate_t *gate);


#endif /* KEYGATE_CLI_GATE_H */

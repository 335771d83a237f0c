/*
 * What the files of "setup" share: a gate that is made, and the files of it.
 */

#ifndef KEYGATE_CLI_GATE_H
#define KEYGATE_CLI_GATE_H

#include <limits.h>

#include "cli.h"
#include "keygate_file.h"


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
int cli_gate_site(const cli_gate_t *gate, cli_text_t *text);

/* Whether what goes into the configuration is what it looks like. */
int cli_gate_words(const cli_gate_t *gate);


/* -- gate_tell.c */

/* What was made, and the request to try.  An exit code. */
int cli_gate_tell(const cli_t *cli, const cli_gate_t *gate);


#endif /* KEYGATE_CLI_GATE_H */

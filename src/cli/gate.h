/*
 * What the files of "setup" share: a gate that is made, and the files of it.
 */

#ifndef KEYGATE_CLI_GATE_H
#define KEYGATE_CLI_GATE_H

#include <limits.h>
#include <netdb.h>

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
    char              local[32];         /* that, when a port was given */
    const char       *upstream;

    cli_gate_file_t   journal;
    cli_gate_file_t   token;
    cli_gate_file_t   digest;            /* of the token */
    cli_gate_file_t   site;

    cli_openapi_t     document;          /* with --openapi */
    unsigned          documented:1;
    unsigned          keyed:1;           /* a key was made: the two below */
    unsigned          told:1;            /* an nginx that runs, to reload */
    unsigned          loaded:1;          /* which it has */
    char              id[KEYGATE_ID_MAX + 1];
    char              credential[KEYGATE_CREDENTIAL_MAX + 1];
} cli_gate_t;


/* -- gate_file.c: each says what is wrong, and returns an exit code */

/* Where it is; not whether. */
int cli_gate_path(cli_gate_file_t *file, const char *dir, const char *prefix,
    const char *name, const char *suffix);

int cli_gate_there(const cli_gate_file_t *file);
int cli_gate_empty(const cli_gate_file_t *file);     /* and no link */

/* Makes it; "give": for the user whose directory it is in. */
int cli_gate_write(cli_gate_file_t *file, const char *text, size_t len,
    unsigned mode, int give);

/* Removes it, if this run has made it and it is not to stay. */
void cli_gate_done(cli_gate_file_t *file, int stays);


/* -- gate_nginx.c */

/* Runs nginx with one or two arguments; what it prints is shown.  Its exit
 * status, or -1 when it cannot be run. */
int cli_gate_nginx(const char *first, const char *second);

/* Calls "each" with every line of the configuration that nginx reads, which it
 * may change.  Whether these were all. */
int cli_gate_dump(void (*each)(void *data, char *line), void *data);

/* Whether the file is among those that nginx reads. */
int cli_gate_included(const cli_gate_file_t *file);


/* -- gate_site.c */

/* The configuration of the gate, appended to "text". */
int cli_gate_site(cli_gate_t *gate, cli_text_t *text);

/* Whether what goes into the configuration is what it looks like. */
int cli_gate_words(const cli_gate_t *gate);


/* -- gate_listen.c */

typedef struct {
    const char  *host;                   /* "len" bytes; 0: all addresses */
    int          len;
    const char  *port;
} cli_gate_at_t;

/* To nginx a port is one of all addresses: the admin API is not for them.  An
 * exit code, as of the two below, which say what is wrong. */
int cli_gate_local(cli_gate_t *gate);

/* Whether the gate and its admin API listen apart from one another. */
int cli_gate_apart(const cli_gate_t *gate);

/* Whether nobody listens there, nor would by nginx's configuration; what is
 * free instead is told. */
int cli_gate_free(const cli_gate_t *gate);

/* The gate's address as a client on this machine has it. */
void cli_gate_host(const cli_gate_t *gate, cli_gate_at_t *at);

/* NULL: a name, or nothing that is an address; nginx is to say so. */
struct addrinfo *cli_gate_address(const cli_gate_at_t *at, const char *port);


/* -- gate_load.c */

/* Waits until somebody listens where the gate does, for five seconds; 0: nobody
 * does.  A name is not looked up. */
int cli_gate_listens(const cli_gate_t *gate);


/* -- gate_document.c */

/* With --openapi: reads the document, and tells what is to be told of it.  An
 * exit code. */
int cli_gate_document(cli_t *cli, cli_gate_t *gate);
void cli_gate_document_free(cli_gate_t *gate);

/* Whether a site that was there says what the document says; what is to be done
 * where it does not is told.  An exit code. */
int cli_gate_document_same(cli_gate_t *gate);

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

/*
 * openapi: files, and what is told of a document.
 */

#ifndef KEYGATE_CLI_OPENAPI_H
#define KEYGATE_CLI_OPENAPI_H

#include "cli.h"


#define CLI_OPENAPI_DIFFERENT  1         /* exit codes of its own */
#define CLI_OPENAPI_UNUSABLE   2


typedef struct {
    cli_t              *cli;
    const char         *path;
    char               *dir;             /* of files beside it, or NULL */
    const char         *conf;            /* the configuration, or NULL */
    keygate_doc_t       doc;
    keygate_str_t       text;
    keygate_openapi_t   result;
} cli_openapi_t;


/* -- openapi.c */

/* Reads the document at o->path, by the command's options.  An exit code. */
int cli_openapi_import(cli_openapi_t *o);


/* -- openapi_file.c */

/* Reads a file, "-" for stdin, into the document's memory: KEYGATE_OK, or
 * KEYGATE_NONE with errno, or KEYGATE_NOMEM. */
keygate_rc_t cli_openapi_read(keygate_doc_t *doc, const char *path,
    keygate_str_t *text);

/* keygate_openapi_load_pt of a cli_openapi_t. */
keygate_rc_t cli_openapi_load(void *data, const char *path,
    keygate_str_t *text);


/* -- openapi_conf.c */

/* The block in a configuration or in what that includes.  An exit code. */
int cli_openapi_block(cli_openapi_t *o, const char *path,
    keygate_block_t *block);


/* -- openapi_back.c: exit codes */

/* Whether a configuration, or a gateway, says what the document says. */
int cli_openapi_check(cli_openapi_t *o);

/* In how many lines a configuration does not; nothing is printed of them. */
int cli_openapi_differs(cli_openapi_t *o, const char *path, unsigned *n);

int cli_openapi_export(cli_openapi_t *o);


/* -- openapi_admin.c */

/* What a gateway's admin API tells of its API, as directives. */
int cli_openapi_admin(cli_openapi_t *o, keygate_block_t *block);


/* -- openapi_options.c: each is cli_option_t.set */

int cli_options_scopes(cli_t *cli, const cli_option_t *o, const char *value);
int cli_options_open(cli_t *cli, const cli_option_t *o, const char *value);
int cli_options_check(cli_t *cli, const cli_option_t *o, const char *value);
int cli_options_rename(cli_t *cli, const cli_option_t *o, const char *value);


/* -- admin.c */

/* What the admin API answers to GET of two paths below it; both, or what is
 * wrong is said. */
int cli_admin_get(cli_t *cli, const char *first, const char *second,
    json_t *answers[2]);


/* -- openapi_tell.c */

/* The block with a head that tells where it is from. */
int cli_openapi_print(cli_openapi_t *o);

/* Warnings and a summary, on stderr. */
void cli_openapi_tell(const cli_openapi_t *o);

/* The block, NUL-terminated; NULL when out of memory. */
char *cli_openapi_text(cli_openapi_t *o, size_t *len);

/* All of it as JSON. */
int cli_openapi_json(cli_openapi_t *o);


#endif /* KEYGATE_CLI_OPENAPI_H */

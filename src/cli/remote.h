/*
 * Records in a store that many nodes share, in place of a journal.
 *
 *   remote.c        the connection, where its history is
 *   remote_url.c    the URL, the password
 *   remote_find.c   finding records
 *   remote_write.c  changing them
 *   remote_view.c   all of them
 *   receipt.c       which nodes have a change
 *   nodes.c         nodes, nodes forget
 *   watch.c         watch
 *   push.c          store push, and push_fill.c into an empty one, with
 *                   versions by push_version.c
 *   pull.c          store pull
 *   store_check.c   store check, store epoch
 */

#ifndef KEYGATE_CLI_REMOTE_H
#define KEYGATE_CLI_REMOTE_H

#include "cli.h"
#include "keygate_link.h"
#include "keygate_place.h"
#include "keygate_store.h"


#define CLI_KEY       KEYGATE_STORE_KEY_MAX
#define CLI_RETAIN    "100000"
#define CLI_KNOWN_MS  86400000           /* a node is one for a day */
#define CLI_FRESH_MS  5000               /* and there for so long */
#define CLI_SERVERS   16                 /* of one URL */


struct cli_remote_s {
    keygate_link_t        *link;
    keygate_link_conf_t    conf;
    keygate_wire_server_t  servers[CLI_SERVERS];
    keygate_store_name_t   name;
    keygate_place_t        place;        /* where it was when last asked */
    char                   digest[16];   /* "sha256", "hmac-sha256", "" */
    char                   shown[256];   /* the URL, without who and how */
    char                  *url;          /* a copy, in pieces */
    char                  *password;
    uint64_t               version;      /* of the last change of ours */
    const char            *durable;
    unsigned               empty:1;
};


/* -- remote.c */

/* Whether a store is meant and no journal; CLI_OK once it is connected. */
int cli_remote_wanted(const cli_t *cli);
int cli_remote_open(cli_t *cli);
void cli_remote_close(cli_t *cli);

/* Asks where the history is; "empty" tells whether there is none. */
int cli_remote_place(cli_t *cli);

/* The same, and it is an error when there is none. */
int cli_remote_filled(cli_t *cli);

/* A new history from this place on; "filling" as beat.lua has it. */
int cli_remote_begin(cli_t *cli, const keygate_place_t *place,
    const char *filling);
int cli_remote_epoch(char epoch[KEYGATE_EPOCH_MAX + 1]);

/* The name of a key in the engine. */
keygate_str_t cli_remote_key(const cli_t *cli, const char *what,
    char key[CLI_KEY]);

/*
 * One command: CLI_OK and its answer, to be given back, or what went wrong is
 * said: an error of the engine too.
 */
int cli_remote_ask(cli_t *cli, unsigned n, const keygate_str_t *args,
    keygate_reply_t **reply);
int cli_remote_take(cli_t *cli, keygate_reply_t **reply);
int cli_remote_refused(cli_t *cli, const keygate_reply_t *reply);
int cli_remote_failed(cli_t *cli);


/* -- remote_url.c */

/* "url" into "conf" and "servers", the password file into "password". */
int cli_remote_url(cli_t *cli);
int cli_remote_password(cli_t *cli);


/* -- remote_find.c */

/* As cli_find(). */
int cli_remote_find(cli_t *cli, cli_find_t *find);

/* The value of a field into what is wanted. */
int cli_remote_want(cli_want_t *want, cli_find_t *find, keygate_str_t value);


/* -- remote_write.c */

/* As cli_change(). */
int cli_remote_change(cli_t *cli, cli_find_t *find, cli_make_pt make,
    void *data);

/* Records that are new, all or none; CLI_CONFLICT, unsaid, when one is there
 * meanwhile. */
int cli_remote_add(cli_t *cli, const char *lines, size_t len);


/* -- remote_view.c */

typedef struct {
    uint64_t  version;
    size_t    at;                        /* into "text" */
    size_t    len;                       /* without LF */
} cli_entry_t;

typedef struct {
    cli_text_t    text;
    cli_entry_t  *entries;               /* by version */
    size_t        n;
    size_t        size;
} cli_view_t;

/* All records, those that were deleted too: an exit code. */
int cli_view_read(cli_t *cli, cli_view_t *view);
void cli_view_free(cli_view_t *view);

/* The same as cli->journal, in memory. */
int cli_view_journal(cli_t *cli);


/* -- receipt.c */

/* Waits, at most cli->wait seconds, until all nodes have the last change, and
 * tells; CLI_CONFLICT when they have not.  NULL: for people. */
int cli_receipt(cli_t *cli, json_t *into);


#endif /* KEYGATE_CLI_REMOTE_H */

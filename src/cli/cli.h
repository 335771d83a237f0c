/*
 * What the files of the command share.
 *
 *   main.c        which command, and with what
 *   commands.c    the commands: their options, their help
 *   options.c     the options, and what they set; option_member.c: of a record
 *   command_line.c  the command line to a cli_t
 *   help.c        --help, from the tables of the two above
 *   setup.c       formats of keys, the pepper, the journal
 *   find.c        finding records; change.c: under the journal's lock
 *   key.c         create, rotate
 *   key_change.c  set, revoke, suspend, resume, reset, expire, delete
 *   account.c     account put, set, delete
 *   actor.h       who has changed a record
 *   line.h        which lines are no records, and in order
 *   live.h        how many live keys an account has
 *   list.c        list, account list
 *   list_key.c    what is asked of a key; list_row.c: rows of their tables
 *   show.c        show, account show
 *   admin.c       keys as the admin API lists them
 *   http.c        one GET
 *   import.c      import: rows into the journal; import_batch.c: by batches
 *   import_row.c  one row to a record; import_credential.c: its credential
 *   import_file.c rows out of CSV and JSON Lines
 *   export.c      export; compact.c: compact
 *   check.c       check
 *   hash.c        hash
 *   usage.h       usage: what is asked for, and what is printed
 *   openapi.h     openapi: a document and a configuration
 *   gate.h        setup: a first gate, its files, its site
 *   token.c       token
 *   remote.h      records in a store that many nodes share, and its commands
 *   print.h       what is printed, and how it is said what is wrong
 *   table.h       tables for people, and the bar
 */

#ifndef KEYGATE_CLI_H
#define KEYGATE_CLI_H

#include <jansson.h>
#include <stdio.h>

#include "keygate_api.h"
#include "keygate_change.h"
#include "keygate_core.h"
#include "keygate_credential.h"
#include "keygate_digest.h"
#include "keygate_filter.h"
#include "keygate_journal.h"
#include "keygate_json.h"
#include "keygate_openapi.h"
#include "keygate_record.h"


#define CLI_JOURNAL  "[JOURNAL]"     /* args: the journal, by its name */

#define CLI_STDOUT  65536    /* bytes of buffer, where there is much to print */


/* Exit codes; documented in keygate.1. */

enum {
    CLI_OK = 0,
    CLI_FAILED = 1,          /* refused, or some of it was */
    CLI_USAGE = 2,
    CLI_NOT_FOUND = 3,
    CLI_CONFLICT = 4,        /* with what is there; the journal is unhealthy */
    CLI_IO = 5
};


typedef struct cli_command_s  cli_command_t;
typedef struct cli_remote_s  cli_remote_t;
typedef struct cli_live_s  cli_live_t;

typedef struct {
    const cli_command_t  *command;
    char                **args;
    int                   n_args;
    char                **words;         /* all of them, the command's first */
    int                   n_words;
    int64_t               now;

    const char           *journal_path;
    const char           *pepper_path;
    const char           *admin;         /* URL */
    const char           *token_path;
    const char           *role;          /* of a token */
    const char           *rate;          /* reset; NULL: all */
    const char           *store_url;
    const char           *store_user;
    const char           *password_path;
    const char           *ca_path;
    const char           *cert_path;
    const char           *cert_key_path;
    const char           *tls_name;
    const char           *sentinel;      /* the name of a master */
    const char           *zone;
    const char           *prefix;
    const char           *listen;        /* setup; as the five below */
    const char           *listen_admin;
    const char           *upstream;
    const char           *data_dir;
    const char           *etc_dir;
    const char           *conf_dir;
    keygate_openapi_options_t  openapi;
    const char           *document;      /* setup --openapi */
    const char           *key;           /* usage; as the four below */
    const char           *by;
    const char           *from;
    const char           *to;
    const char           *as;
    const char           *check;         /* openapi; "": by the admin API */
    int                   strict;        /* openapi; as the two below */
    int                   export;
    int                   fragment;
    int                   cluster;       /* the store is one */
    int64_t               wait;          /* seconds; -1: not asked */
    int                   merge;
    int                   fresh;         /* store epoch --new */
    int                   json;
    int                   quiet;
    int                   help;
    int                   live;
    int                   digests;
    int                   dry_run;
    int                   drop;          /* compact --drop */
    int                   bare;          /* hash --bare */
    int                   never;         /* expire --never */
    int                   hmac;          /* there is a pepper */
    keygate_filter_t      filter;        /* list */
    int64_t               at;            /* expire; KEYGATE_NEVER: not said */

    json_t               *request;       /* what the admin API would be sent */
    keygate_format_t      formats[KEYGATE_FORMATS_MAX];
    unsigned              n_formats;
    int                   any_format;    /* keys of other shapes as well */

    keygate_journal_t    *journal;
    keygate_digester_t   *digester;
    cli_remote_t         *remote;        /* a store in place of a journal */
    struct cli_block_s   *blocks;        /* of memory: see setup.c */
} cli_t;


struct cli_command_s {
    const char  *name;
    const char  *group;      /* "account", or NULL */
    const char  *args;       /* "ID...", "" */
    int          min_args;
    int          max_args;
    const char  *options;    /* letters of options.c, in the order of help */
    int        (*run)(cli_t *cli);
    const char  *summary;
    const char  *text;
};


typedef struct cli_option_s  cli_option_t;

struct cli_option_s {
    const char  *name;
    char         letter;
    const char  *value;      /* NULL: takes none */
    const char  *text;

    /* an exit code; "member" of the request, "offset" in a cli_t: either */
    int        (*set)(cli_t *cli, const cli_option_t *o, const char *value);
    const char  *member;
    size_t       offset;
};


/* A growing text. */

typedef struct {
    char    *data;
    size_t   len;
    size_t   size;
} cli_text_t;


/* -- commands.c */

extern const cli_command_t  cli_commands[];

/* Takes the words of a command off the arguments. */
const cli_command_t *cli_commands_find(int *argc, char ***argv);


/* -- options.c */

const cli_option_t *cli_options_find(char letter);


/* -- option_member.c: an exit code */

/* Sets the option's member; NULL: the text was not UTF-8. */
int cli_member_put(cli_t *cli, const cli_option_t *o, json_t *value);
int cli_member_text(cli_t *cli, const cli_option_t *o, const char *value);
int cli_member_null(cli_t *cli, const cli_option_t *o, const char *value);
int cli_member_text_or_null(cli_t *cli, const cli_option_t *o,
    const char *value);
int cli_member_none(cli_t *cli, const cli_option_t *o, const char *value);
/* Adds to a list, what is separated by commas one by one. */
int cli_member_list(cli_t *cli, const cli_option_t *o, const char *value);
/* FIELD=VALUE; FIELD alone is null. */
int cli_member_field(cli_t *cli, const cli_option_t *o, const char *value);


/* -- command_line.c */

/* The rest of the command line, "argv[0]" being the command's name.  CLI_OK or
 * CLI_USAGE. */
int cli_command_options(cli_t *cli, int argc, char **argv);


/* -- help.c */

void cli_help(FILE *out);
void cli_help_command(const cli_command_t *command, FILE *out);


/* -- setup.c: each says what is wrong, and returns an exit code */

int cli_setup_formats(cli_t *cli);           /* at least one */
int cli_setup_read_formats(cli_t *cli);      /* of the environment, if any */
int cli_setup_add_formats(cli_t *cli, const char *text);
int cli_setup_digester(cli_t *cli);          /* with the pepper, if any */
int cli_setup_journal(cli_t *cli, int create);   /* or the store */
int cli_setup_records(cli_t *cli, int create);   /* all records are wanted */
int cli_setup_file(cli_t *cli, int create);      /* a journal in any case */
void cli_setup_cleanup(cli_t *cli);


/* -- find.c, change.c */

/* A record that is looked for; "json" is NULL when there is none. */

typedef struct {
    keygate_kind_e  kind;
    const char     *id;
    json_t         *json;        /* the last of it that is valid */
    uint64_t        version;     /* in a store; 0: there is none */
} cli_want_t;


typedef struct {
    cli_want_t      *wants;
    cli_live_t      *live;       /* is given each line, too; NULL: none */
    unsigned         n;
    keygate_mark_t   mark;
    unsigned         digests:1;  /* there are any */
    unsigned         hmac:1;     /* the newest is an HMAC */
} cli_find_t;


/* Fills in "json" of every want.  Says what is wrong; an exit code. */
int cli_find(cli_t *cli, cli_find_t *find);
void cli_find_free(cli_find_t *find);

/* Only what was appended to the journal since the last time. */
keygate_rc_t cli_find_more(cli_t *cli, cli_find_t *find);

/* Looks for "n" ids of a kind; CLI_NOT_FOUND, said, unless all are there. */
int cli_find_want(cli_find_t *find, keygate_kind_e kind, char **ids, int n);
int cli_find_all(const cli_find_t *find);

/*
 * A change: what is wanted is found, then, under the lock, found again if it
 * has changed, and "make" appends the new lines to "lines", or says what is
 * wrong and returns an exit code.  They are written and synced at once; none,
 * when "make" has added none.
 */
typedef int (*cli_make_pt)(cli_t *cli, cli_find_t *find, cli_text_t *lines,
    void *data);
int cli_change(cli_t *cli, cli_find_t *find, cli_make_pt make, void *data);

/* Adds a record's line; takes the reference.  CLI_OK, or the faults, which it
 * takes too, are said. */
int cli_change_add(cli_text_t *lines, keygate_kind_e kind, json_t *record,
    json_t *faults);

/* Whether the journal's digests are of the kind that this pepper makes. */
int cli_find_kind(cli_t *cli, const cli_find_t *find);


/* -- copy.c */

/* Whether the journal is a node's copy of a store; then that is said. */
int cli_copy_is(cli_t *cli);


/* -- the commands */

int cli_key_create(cli_t *cli);
int cli_gate(cli_t *cli);
int cli_key_rotate(cli_t *cli);
int cli_key_set(cli_t *cli);
int cli_key_revoke(cli_t *cli);
int cli_key_suspend(cli_t *cli);
int cli_key_resume(cli_t *cli);
int cli_key_reset(cli_t *cli);
int cli_key_expire(cli_t *cli);
int cli_key_delete(cli_t *cli);
int cli_list(cli_t *cli);
int cli_show(cli_t *cli);
int cli_list_accounts(cli_t *cli);
int cli_show_account(cli_t *cli);
int cli_account_put(cli_t *cli);
int cli_account_set(cli_t *cli);
int cli_account_delete(cli_t *cli);
int cli_import(cli_t *cli);
int cli_export(cli_t *cli);
int cli_compact(cli_t *cli);
int cli_check(cli_t *cli);
int cli_hash(cli_t *cli);
int cli_token(cli_t *cli);
int cli_usage(cli_t *cli);
int cli_openapi(cli_t *cli);
int cli_nodes(cli_t *cli);
int cli_nodes_forget(cli_t *cli);
int cli_store_check(cli_t *cli);
int cli_store_epoch(cli_t *cli);
int cli_pull(cli_t *cli);
int cli_push(cli_t *cli);
int cli_watch(cli_t *cli);


/* -- admin.c, http.c */

/* Calls "key" with every key that the admin API lists. */
int cli_admin_keys(cli_t *cli, int (*key)(void *data, const json_t *key),
    void *data);

/*
 * GET path (below the URL's) with a bearer token; the body of a 200 is put
 * into *body.  Says what is wrong; an exit code.
 */
int cli_http_get(const char *url, const char *path, const char *token,
    cli_text_t *body);


#include "print.h"


#endif /* KEYGATE_CLI_H */

/*
 * What the files of the store share: the block, and a node's copy of what
 * lies in the engine, which is the zone's journal.
 *
 *   ngx_http_keygate_store_conf.c    the block
 *   ngx_http_keygate_store_lines.c   its directives
 *   ngx_http_keygate_store_server.c  where it is
 *   ngx_http_keygate_store_ssl.c     with TLS
 *   ngx_http_keygate_store_user.c    who it is asked as
 *   ngx_http_keygate_store_link.c    the link to it
 *   ngx_http_keygate_store_copy.c    the copy: where it is, what comes next
 *   ngx_http_keygate_store_beat.c    what is said of it, and heard
 *   ngx_http_keygate_store_full.c    the copy made anew
 *   ngx_http_keygate_store_stray.c   what was in it that is not the store's
 *   ngx_http_keygate_store_past.c    with the history that leads to it
 *   ngx_http_keygate_store_repair.c  what the engine has lost
 *   ngx_http_keygate_store_merge.c   is brought back
 *   ngx_http_keygate_store_round.c   following: a round, in a thread
 *   ngx_http_keygate_store_follow.c  following, from one worker
 *   ngx_http_keygate_store_lease.c   leases, for limits over all nodes
 *   ngx_http_keygate_store_write.c   changes of the admin API
 *   ngx_http_keygate_store_again.c   made anew, after others'
 *   ngx_http_keygate_store_send.c    to the engine
 *   ngx_http_keygate_store_ack.c     how durable they are there
 *   ngx_http_keygate_store_receipt.c which nodes have them
 *   ngx_http_keygate_store_receipts.c  who waits for that
 *
 * Whatever talks to the engine does so in a thread of nginx's pool "default":
 * no event loop waits for it, and no request but one that changes a record.
 * The journal's lock makes the copy's place and its lines one: who appends
 * has looked at the last mark under the same lock.
 */

#ifndef _NGX_HTTP_KEYGATE_STORE_H_INCLUDED_
#define _NGX_HTTP_KEYGATE_STORE_H_INCLUDED_


#include "ngx_http_keygate_admin.h"

#include "keygate_calendar.h"
#include "keygate_history.h"
#include "keygate_link.h"
#include "keygate_place.h"
#include "keygate_store.h"


#define NGX_HTTP_KEYGATE_STORE_FRESH  5000       /* ms: a node is there */
#define NGX_HTTP_KEYGATE_STORE_KNOWN  86400000   /* ms: it is one at all */
#define NGX_HTTP_KEYGATE_STORE_CLOCK  1000       /* ms between two looks */
#define NGX_HTTP_KEYGATE_STORE_LATEST 253402300799000    /* the year 9999 */
#define NGX_HTTP_KEYGATE_PASSWORD_MAX 4096


struct ngx_http_keygate_store_s {
    ngx_str_t                  name;
    ngx_http_keygate_where_t   where;
    ngx_array_t                servers;      /* keygate_wire_server_t */
    keygate_link_conf_t        link;
    ngx_uint_t                 given;        /* bits: which directives were */
    ngx_str_t                  prefix;
    ngx_str_t                  node;         /* NUL-terminated */
    ngx_int_t                  retain;
    keygate_ack_t              ack;
    ngx_str_t                  pool;
    void                      *threads;      /* of that pool */
    u_char                    *secret_path;  /* NULL: there is no password */
    u_char                    *secret;
    unsigned                   user:1;       /* "user" was given, */
    unsigned                   password:1;   /* "password", */
    unsigned                   tls:1;        /* what only TLS needs */
};


/* A growing text. */

typedef struct {
    u_char                    *data;
    size_t                     len;
    size_t                     size;
} ngx_http_keygate_lines_t;


/* Used by one thread at a time. */

typedef struct {
    ngx_http_keygate_zone_t   *zone;
    ngx_http_keygate_store_t  *store;
    keygate_store_name_t       name;
    keygate_journal_t         *journal;
    keygate_link_t            *link;         /* NULL: not connected */
    keygate_link_conf_t        conf;         /* of the link */
    u_char                     secret[NGX_HTTP_KEYGATE_PASSWORD_MAX + 1];
    ngx_atomic_uint_t          masters;      /* of the zone, when it was */
    uint64_t                   looked;       /* ms, when Sentinels were asked */
    unsigned                   turn;         /* whose it is then */
    char                       master[KEYGATE_LINK_NAME];    /* by them */
    keygate_place_t            place;        /* of the last mark */
    int64_t                    marked_at;    /* Unix time */
    unsigned                   marked:1;     /* which is the last line */
    unsigned                   empty:1;      /* there are no lines */
    unsigned                   full:1;       /* it was made anew */
    unsigned                   strange:1;    /* what it had was no copy */
    unsigned                   forked:1;     /* the engine had lost changes */
    unsigned                   stale:1;      /* the link leads to no master */
    unsigned                   yields:1;     /* to a worker's end */
    unsigned                   moved:1;      /* it was another one before */
    unsigned                   timed:1;      /* "offset" is this engine's */
    unsigned                   warned:1;     /* of clocks that differ */
    int64_t                    offset;       /* ms, its clock less a zone's */
    int64_t                    away;         /* the same, less the wall's */
    uint64_t                   set;          /* ms, when it was looked at */
    uint64_t                   took;         /* ms, to do that */
    uint64_t                   kept;         /* of them, as the engine has it */
    ngx_http_keygate_lines_t   merged;       /* fields that were brought back */
    uint64_t                   astray;       /* lines that were not its own */
    ngx_http_keygate_lines_t   strays;       /* some of them, for the log */
    keygate_kept_t             kept_as;      /* the file that had them */
    char                       word[16];     /* of the last beat, or "" */
    uint64_t                   seq;          /* the engine's, then */
    uint64_t                   nodes;        /* there, then */
    keygate_engine_t           engine;       /* of the link */
    keygate_place_t            theirs;
    char                       untold[KEYGATE_LINK_ERROR];   /* why it does
                                                not take what is told to it */
    char                       error[KEYGATE_LINK_ERROR];
} ngx_http_keygate_copy_t;


/* What a copy that is made anew tells of the history before. */

typedef struct {
    keygate_place_t            from;
    u_char                    *latest;       /* malloc()ed; from.seq is [0] */
} ngx_http_keygate_past_t;


/* What the engine tells of all nodes. */

typedef struct {
    keygate_reply_t           *nodes;        /* NAME "MS BOOT SEQ ..." ... */
    keygate_reply_t           *acks;         /* NAME SEQ ... */
    int64_t                    now;          /* ms, by the engine's clock */
} ngx_http_keygate_known_t;


/* ngx_http_keygate_store_conf.c */

char *ngx_http_keygate_store_block(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
/* All stores have threads of their own, once all zones are known. */
ngx_int_t ngx_http_keygate_store_threads(ngx_conf_t *cf,
    ngx_http_keygate_main_conf_t *kmcf);
/* The store of that name, or NULL. */
ngx_http_keygate_store_t *ngx_http_keygate_store_get(ngx_conf_t *cf,
    ngx_str_t *name);


/* ngx_http_keygate_store_lines.c */

/* A directive of the block. */
char *ngx_http_keygate_store_line(ngx_conf_t *cf, ngx_command_t *dummy,
    void *conf);
char *ngx_http_keygate_store_bad(ngx_conf_t *cf, ngx_str_t *value,
    const char *expected);
char *ngx_http_keygate_store_flag(ngx_conf_t *cf, ngx_str_t *value,
    ngx_uint_t *flag);


/* ngx_http_keygate_store_server.c */

char *ngx_http_keygate_store_server(ngx_conf_t *cf,
    ngx_http_keygate_store_t *store, ngx_str_t *value);


/* ngx_http_keygate_store_ssl.c */

char *ngx_http_keygate_store_ssl(ngx_conf_t *cf,
    ngx_http_keygate_store_t *store, ngx_str_t *value);
char *ngx_http_keygate_store_ssl_verify(ngx_conf_t *cf,
    ngx_http_keygate_store_t *store, ngx_str_t *value);
char *ngx_http_keygate_store_ssl_name(ngx_conf_t *cf,
    ngx_http_keygate_store_t *store, ngx_str_t *value);
char *ngx_http_keygate_store_ssl_file(ngx_conf_t *cf,
    ngx_http_keygate_store_t *store, ngx_str_t *value);
/* Files are read, by a process that is allowed to. */
char *ngx_http_keygate_store_tls(ngx_conf_t *cf,
    ngx_http_keygate_store_t *store);


/* ngx_http_keygate_store_user.c */

char *ngx_http_keygate_store_user(ngx_conf_t *cf,
    ngx_http_keygate_store_t *store, ngx_str_t *value);
char *ngx_http_keygate_store_password(ngx_conf_t *cf,
    ngx_http_keygate_store_t *store, ngx_str_t *value);
/* In a thread: how to connect, with the password that is in the file now. */
const keygate_link_conf_t *ngx_http_keygate_store_login(
    ngx_http_keygate_copy_t *c);


/* ngx_http_keygate_store_link.c: all in a thread, too */

void ngx_http_keygate_link_close(ngx_http_keygate_copy_t *c);
/* Whether it is connected, as far as that is known. */
ngx_uint_t ngx_http_keygate_link_made(ngx_http_keygate_copy_t *c);
/* Connects, unless it is connected, to the first server that answers. */
ngx_int_t ngx_http_keygate_link_connect(ngx_http_keygate_copy_t *c);
/* The same for the one that follows, which tells all others where to. */
ngx_int_t ngx_http_keygate_link_master(ngx_http_keygate_copy_t *c);
/* Whether an error says that the link does not lead to a master any more;
 * then another one is made before it is used again. */
ngx_uint_t ngx_http_keygate_link_suspect(ngx_http_keygate_copy_t *c,
    const char *error);
/* A key's name in the engine. */
keygate_str_t ngx_http_keygate_link_key(ngx_http_keygate_copy_t *c,
    const char *what, char key[KEYGATE_STORE_KEY_MAX]);


/* ngx_http_keygate_store_copy.c: all in a thread; NGX_ERROR, and "error" says
 * why */

void ngx_http_keygate_copy_init(ngx_http_keygate_copy_t *c,
    ngx_http_keygate_zone_t *zone, keygate_journal_t *journal);
ngx_int_t ngx_http_keygate_copy_fail(ngx_http_keygate_copy_t *c,
    const char *why);
/* The same of what the system says of the copy's file. */
ngx_int_t ngx_http_keygate_copy_refused(ngx_http_keygate_copy_t *c,
    keygate_rc_t rc, const char *why);
/* One command; an error of the engine is one of ours. */
ngx_int_t ngx_http_keygate_copy_ask(ngx_http_keygate_copy_t *c, unsigned n,
    const keygate_str_t *args, keygate_reply_t **reply);
ngx_int_t ngx_http_keygate_copy_answer(ngx_http_keygate_copy_t *c,
    keygate_rc_t rc, keygate_reply_t **reply);
/* Under the journal's lock: where the copy is. */
ngx_int_t ngx_http_keygate_copy_look(ngx_http_keygate_copy_t *c);
/* The log's next changes after "place", onto "lines", and "place" moves on:
 * how many, or NGX_ERROR. */
ngx_int_t ngx_http_keygate_copy_read(ngx_http_keygate_copy_t *c,
    keygate_place_t *place, ngx_http_keygate_lines_t *lines);
/* Under the journal's lock: all changes that the log has beyond the copy are
 * written and applied. */
ngx_int_t ngx_http_keygate_copy_follow(ngx_http_keygate_copy_t *c,
    void (*written)(void *data, ngx_http_keygate_lines_t *lines, uint64_t at),
    void *data);
/* Under the journal's lock: "lines" lead to "place". */
ngx_int_t ngx_http_keygate_copy_append(ngx_http_keygate_copy_t *c,
    ngx_http_keygate_lines_t *lines, const keygate_place_t *place,
    uint64_t *at);
/* The same: the table has all that is in the copy, up to "end" or its end.
 * Somebody else, of another configuration, may have written it. */
ngx_int_t ngx_http_keygate_copy_catch_up(ngx_http_keygate_copy_t *c,
    uint64_t end);
/* Whether the journal has only become longer, and has a store: what comes of
 * that is for the store's threads to see, which know a line of its own. */
ngx_uint_t ngx_http_keygate_store_grown(ngx_http_keygate_zone_t *zone);
ngx_int_t ngx_http_keygate_copy_add(ngx_http_keygate_lines_t *lines,
    keygate_str_t text, ngx_uint_t lf);


/* Cut to the size, with a NUL. */
void ngx_http_keygate_copy_text(char *to, size_t size, keygate_str_t text);
/* Whether that is the word of the last answer. */
ngx_uint_t ngx_http_keygate_copy_is(ngx_http_keygate_copy_t *c,
    const char *word);


/* ngx_http_keygate_store_beat.c */

/* Tells the engine where the copy is, and learns what that is there: the
 * copy's "word"; "begin": an engine that is empty begins at its place. */
ngx_int_t ngx_http_keygate_store_beat(ngx_http_keygate_copy_t *c,
    ngx_uint_t begin);


/* ngx_http_keygate_store_full.c: everything is read, and the copy is made
 * anew */

ngx_int_t ngx_http_keygate_store_full(ngx_http_keygate_copy_t *c);


/* ngx_http_keygate_store_stray.c */

/* Under the journal's lock: which lines of a file that is no whole copy are
 * not in "made", which takes its place. */
ngx_int_t ngx_http_keygate_stray_find(ngx_http_keygate_copy_t *c,
    const ngx_http_keygate_lines_t *made);
/* Of the round before, nothing is known any more. */
void ngx_http_keygate_stray_reset(ngx_http_keygate_copy_t *c);
/* In the event loop, after a round. */
void ngx_http_keygate_stray_log(ngx_http_keygate_copy_t *c);


/* ngx_http_keygate_store_past.c */

/* Where the log begins, or not too far back in it: the copy is made anew from
 * there.  "latest" has a byte for each change since then. */
ngx_int_t ngx_http_keygate_past_begin(ngx_http_keygate_copy_t *c,
    ngx_http_keygate_past_t *past);
/* The changes since then, up to the engine's place: each as a mark, and with
 * its line where it is "latest" of its record. */
ngx_int_t ngx_http_keygate_past_read(ngx_http_keygate_copy_t *c,
    ngx_http_keygate_past_t *past, ngx_http_keygate_lines_t *lines);


/* ngx_http_keygate_store_repair.c: the engine has lost changes that the copy
 * has; they are brought back, and the copy is made anew */

ngx_int_t ngx_http_keygate_store_repair(ngx_http_keygate_copy_t *c);
/* In the event loop, after a round: what has come of it. */
void ngx_http_keygate_repair_log(ngx_http_keygate_copy_t *c);


/* ngx_http_keygate_store_again.c: of a batch, in its thread */

void ngx_http_keygate_again_begin(ngx_http_keygate_writer_t *w);
void ngx_http_keygate_again_end(ngx_http_keygate_writer_t *w);
/* Makes the changes that are still to be made: each has a line then, or is
 * done with. */
void ngx_http_keygate_again_run(ngx_http_keygate_writer_t *w);
/* Whether a change must be made on top of all others: an account that goes has
 * no keys, and one that gets a live key has no more than it may have. */
ngx_uint_t ngx_http_keygate_again_whole(const ngx_http_keygate_job_t *job);
/* A change has met one of another node, as the script says: NGX_AGAIN; or
 * NGX_ERROR, and none is left to be made. */
ngx_int_t ngx_http_keygate_again(ngx_http_keygate_writer_t *w,
    const keygate_reply_t *reply);


/* ngx_http_keygate_store_send.c */

/* The script's answer to the "n" lines of a batch; "whole": every change must
 * be known here. */
ngx_int_t ngx_http_keygate_store_send(ngx_http_keygate_copy_t *c,
    ngx_http_keygate_job_t *batch, ngx_uint_t n, ngx_uint_t whole,
    keygate_reply_t **reply);
/* Whether it is a word of the script's answers, other than "OK". */
ngx_uint_t ngx_http_keygate_store_says(keygate_str_t word);


/* ngx_http_keygate_store_ack.c */

char *ngx_http_keygate_store_ack(ngx_conf_t *cf,
    ngx_http_keygate_store_t *store, ngx_str_t *value);
/* Whether the engine can acknowledge as "ack" says: NGX_OK or NGX_ERROR. */
ngx_int_t ngx_http_keygate_store_acks(ngx_http_keygate_copy_t *c);


/* ngx_http_keygate_store_receipt.c */

/* In a thread, without the journal's lock: the batch's changes are waited for
 * until they are durable, and each of them has a receipt then. */
void ngx_http_keygate_receipt_make(ngx_http_keygate_writer_t *w,
    ngx_http_keygate_copy_t *c);
/* What the engine tells of all nodes; NGX_OK, and both are to be freed. */
ngx_int_t ngx_http_keygate_receipt_ask(ngx_http_keygate_copy_t *c,
    ngx_http_keygate_known_t *known);
/* Makes a receipt; one that is complete ends the waiting.  Where nothing is
 * known of nodes ("known" is NULL), only what is known of the change is in
 * it. */
void ngx_http_keygate_receipt_write(ngx_http_keygate_job_t *job,
    const ngx_http_keygate_known_t *known);


/* ngx_http_keygate_store_receipts.c */

void ngx_http_keygate_receipts_cleanup(ngx_http_keygate_writer_t *w);


/* ngx_http_keygate_store_round.c */

/* Tells where the copy is, brings it up to date, waits a moment for the next
 * change.  NGX_OK, and the copy's word; or NGX_ERROR. */
ngx_int_t ngx_http_keygate_round_run(ngx_http_keygate_copy_t *c);
/* Only brings the copy up to date, and tells the engine nothing. */
ngx_int_t ngx_http_keygate_round_glance(ngx_http_keygate_copy_t *c);


/* ngx_http_keygate_store_follow.c */

/* Whether the journal is a copy that was whole once, as a start has it. */
void ngx_http_keygate_store_loaded(ngx_http_keygate_zone_t *zone);
ngx_int_t ngx_http_keygate_store_start(ngx_http_keygate_zone_t *zone);
void ngx_http_keygate_store_stop(ngx_http_keygate_zone_t *zone);
/* In a worker that is to end and still has streams: follows a moment more,
 * unless another one does. */
void ngx_http_keygate_store_look(ngx_http_keygate_zone_t *zone);


/* ngx_http_keygate_store_lease.c */

ngx_int_t ngx_http_keygate_lease_start(ngx_http_keygate_zone_t *zone);
void ngx_http_keygate_lease_stop(ngx_http_keygate_zone_t *zone);


#endif /* _NGX_HTTP_KEYGATE_STORE_H_INCLUDED_ */

/*
 * A link to whoever has the records: for the command, for a gateway that
 * starts, and for the threads of one that runs.  Never in an event loop, for
 * it blocks.
 *
 *   keygate_wire.h            one connection
 *   keygate_link_open.c       which of several servers, and what it is
 *   keygate_link_sentinel.c   servers that only know where the master is
 *   keygate_link_cluster.c    a cluster: which node has a key
 *
 * A link that failed once is of no use any more: what was asked then may have
 * been done or not.
 */

#ifndef KEYGATE_LINK_H
#define KEYGATE_LINK_H

#include "keygate_engine.h"
#include "keygate_lua.h"
#include "keygate_wire.h"


#define KEYGATE_LINK_ERROR  KEYGATE_WIRE_ERROR
#define KEYGATE_LINK_NAME   264          /* bytes of HOST:PORT, with NUL */


typedef struct keygate_link_s  keygate_link_t;


typedef struct {
    keygate_wire_conf_t           wire;
    const keygate_wire_server_t  *servers;       /* they are tried in turn */
    unsigned                      n;
    const char                   *sentinel;      /* NULL, or the name of a
                                                    master: they are its
                                                    Sentinels */
    unsigned                      cluster:1;     /* MOVED and ASK are
                                                    followed */
} keygate_link_conf_t;


/*
 * Connects to the first server that answers, names the user, selects the
 * database.  With "engine", records must be fit to be kept there, and what it
 * is is told.  In a cluster it is the node that has "key", NUL-terminated.
 * NULL, and why not: without a password.  "conf" stays as long as the link
 * does.
 */
keygate_link_t *keygate_link_open(const keygate_link_conf_t *conf,
    const char *key, keygate_engine_t *engine,
    char error[KEYGATE_LINK_ERROR]);
void keygate_link_close(keygate_link_t *link);

/* The master that Sentinels have named, as HOST:PORT; "" without them. */
const char *keygate_link_name(const keygate_link_t *link);

/* Whether a Sentinel, another one each "turn", names another one by now; not,
 * if it does not answer. */
int keygate_link_left(const keygate_link_t *link, unsigned turn);

/* What went wrong last. */
const char *keygate_link_error(const keygate_link_t *link);

/*
 * Sends a command; takes the next answer, which the caller frees, and which
 * may be an error of the engine.  Any number may be sent before the answers
 * are taken.  KEYGATE_OK; KEYGATE_IO, also when time is up, KEYGATE_INVALID
 * for what is no answer, KEYGATE_NOMEM: the link has failed.
 */
keygate_rc_t keygate_link_send(keygate_link_t *link, unsigned n,
    const keygate_str_t *args);
keygate_rc_t keygate_link_take(keygate_link_t *link, keygate_reply_t **reply);

/* Both. */
keygate_rc_t keygate_link_ask(keygate_link_t *link, unsigned n,
    const keygate_str_t *args, keygate_reply_t **reply);

/* A command of words without spaces, as "HMGET kg:{keys}:meta seq chain". */
keygate_rc_t keygate_link_words(keygate_link_t *link, const char *words,
    keygate_reply_t **reply);

/*
 * Runs a script: of "args", the first "keys" are KEYS.  By its digest, and,
 * where the engine does not know it, whole.
 */
keygate_rc_t keygate_link_script(keygate_link_t *link, keygate_lua_e script,
    unsigned keys, unsigned n, const keygate_str_t *args,
    keygate_reply_t **reply);

/* The engine, and every node of a cluster that is met later, knows a script
 * by its digest from now on.  The answer may be an error. */
keygate_rc_t keygate_link_load(keygate_link_t *link, keygate_lua_e script,
    keygate_reply_t **reply);

/*
 * What the engine is, by what it tells this user.  And, after a change: waits
 * for as long as one answer may take until that is durable, and tells what it
 * is then, also when the link has failed meanwhile.
 */
keygate_rc_t keygate_link_engine(keygate_link_t *link,
    keygate_engine_t *engine);
keygate_rc_t keygate_link_durable(keygate_link_t *link,
    const keygate_engine_t *engine, const keygate_ack_t *ack,
    char text[KEYGATE_ENGINE_DURABLE]);

/* A command may block for so long, beyond the time-out. */
void keygate_link_patience(keygate_link_t *link, unsigned ms);


#endif /* KEYGATE_LINK_H */

/*
 * A connection to an engine that blocks: for the command, and for a gateway
 * that starts, before it serves anything.  Never in an event loop, where
 * nginx's own connections carry the same bytes.
 *
 * Each step (connect, handshake, an answer) takes at most "timeout".  A link
 * that failed once is of no use any more: what was asked then may have been
 * done or not.
 */

#ifndef KEYGATE_LINK_H
#define KEYGATE_LINK_H

#include "keygate_engine.h"
#include "keygate_lua.h"
#include "keygate_resp.h"


#define KEYGATE_LINK_ERROR  256          /* bytes of a reason, NUL included */


typedef struct keygate_link_s  keygate_link_t;


/* Spans are NUL-terminated strings, or NULL. */

typedef struct {
    const char  *path;           /* of a unix socket, or */
    const char  *host;
    const char  *port;
    const char  *user;           /* NULL: none */
    const char  *password;       /* NULL: none */
    const char  *ca;             /* file of certificates; NULL: the system's */
    const char  *name;           /* in the certificate; NULL: the host */
    unsigned     database;
    unsigned     timeout;        /* ms */
    unsigned     tls:1;
    unsigned     unverified:1;
} keygate_link_conf_t;


/*
 * Connects, shakes hands, names the user, selects the database.  NULL, and why
 * not: without a password.
 */
keygate_link_t *keygate_link_open(const keygate_link_conf_t *conf,
    char error[KEYGATE_LINK_ERROR]);
void keygate_link_close(keygate_link_t *link);

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

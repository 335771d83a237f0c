/*
 * One connection to an engine, or to one of its Sentinels: the socket, TLS,
 * bytes out, replies in.  It blocks: keygate_link.h says where that may be.
 *
 * "connect_timeout" is for connecting, once for each address of a name, and
 * for the handshake of TLS; "timeout" for every pause while an answer comes,
 * and the whole answer takes at most ten of them.  A name is resolved each
 * time, by the system, which has time-outs of its own.
 */

#ifndef KEYGATE_WIRE_H
#define KEYGATE_WIRE_H

#include "keygate_resp.h"


#define KEYGATE_WIRE_ERROR  256          /* bytes of a reason, NUL included */
#define KEYGATE_WIRE_HOST   256          /* of the name of a host, likewise */
#define KEYGATE_WIRE_PORT   6            /* of a port, likewise */


typedef struct keygate_wire_s  keygate_wire_t;


/* Strings end in NUL. */

typedef struct {
    const char  *path;           /* of a unix socket, or */
    const char  *host;
    const char  *port;
} keygate_wire_server_t;


/* The same; what is NULL is not there. */

typedef struct {
    const char         *user;
    const char         *password;
    const char         *ca;      /* file of certificates; NULL: the system's */
    const char         *certificate;     /* file, of ours */
    const char         *key;     /* file, of it */
    const char         *name;    /* in the certificate; NULL: the host */
    struct ssl_ctx_st  *ctx;     /* of keygate_wire_prepare() */
    unsigned            database;
    unsigned            timeout;         /* ms */
    unsigned            connect_timeout; /* ms */
    unsigned            tls:1;
    unsigned            unverified:1;
} keygate_wire_conf_t;


/*
 * Reads the certificates and the key that TLS needs, once and for all links:
 * whoever connects later may not be allowed to.  KEYGATE_OK, also where there
 * is no TLS; else why not.
 */
keygate_rc_t keygate_wire_prepare(keygate_wire_conf_t *conf,
    char error[KEYGATE_WIRE_ERROR]);
void keygate_wire_release(keygate_wire_conf_t *conf);

/*
 * Connects and shakes hands, and nothing more; NULL, and why not.  "conf"
 * stays as long as the wire does.
 */
keygate_wire_t *keygate_wire_open(const keygate_wire_server_t *server,
    const keygate_wire_conf_t *conf, char error[KEYGATE_WIRE_ERROR]);
void keygate_wire_close(keygate_wire_t *wire);

/* Names the user, and selects the database; KEYGATE_OK, or the wire has
 * failed: without a password in what went wrong. */
keygate_rc_t keygate_wire_greet(keygate_wire_t *wire);
keygate_rc_t keygate_wire_auth(keygate_wire_t *wire);

/*
 * Sends bytes, and takes the next answer, which the caller frees.  KEYGATE_OK;
 * KEYGATE_IO, also when time is up, KEYGATE_INVALID for what is no answer,
 * KEYGATE_NOMEM: the wire has failed.  "patience" is how many ms the answer
 * may take beyond the time-out.
 */
keygate_rc_t keygate_wire_send(keygate_wire_t *wire, const char *text,
    size_t len);
keygate_rc_t keygate_wire_take(keygate_wire_t *wire, unsigned patience,
    keygate_reply_t **reply);

/* A command and its answer. */
keygate_rc_t keygate_wire_ask(keygate_wire_t *wire, unsigned n,
    const keygate_str_t *args, keygate_reply_t **reply);

/* What went wrong last. */
const char *keygate_wire_error(const keygate_wire_t *wire);


#endif /* KEYGATE_WIRE_H */

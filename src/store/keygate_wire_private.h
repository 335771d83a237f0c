/*
 * Between keygate_wire_open.c, which connects, keygate_wire_tls.c, which
 * shakes hands, and keygate_wire.c, which sends and receives.
 */

#ifndef KEYGATE_WIRE_PRIVATE_H
#define KEYGATE_WIRE_PRIVATE_H

#include <openssl/ssl.h>

#include "keygate_wire.h"


struct keygate_wire_s {
    int                         fd;      /* never blocks by itself */
    SSL                        *ssl;     /* NULL: no TLS */
    keygate_resp_t             *resp;
    const keygate_wire_conf_t  *conf;
    int64_t                     deadline;    /* ms, of what is being done */
    unsigned                    pause;       /* ms, of its steps */
    unsigned                    failed:1;
    unsigned                    writing:1;
    unsigned                    greeted:1;   /* it has answered once */
    char                        error[KEYGATE_WIRE_ERROR];
};


/* Keeps the reason; returns "rc". */
keygate_rc_t keygate_wire_fail(keygate_wire_t *wire, keygate_rc_t rc,
    const char *what);

/* Something begins that takes at most "whole" ms, in steps of "pause". */
void keygate_wire_begin(keygate_wire_t *wire, unsigned pause, unsigned whole);

/* Waits until the socket can be read, or written: KEYGATE_OK or
 * KEYGATE_IO. */
keygate_rc_t keygate_wire_wait(keygate_wire_t *wire, short events);

/* After the socket is connected: TLS, if there is any. */
keygate_rc_t keygate_wire_tls(keygate_wire_t *wire,
    const keygate_wire_server_t *server);


#endif /* KEYGATE_WIRE_PRIVATE_H */

/*
 * Between keygate_link_open.c, which connects, and keygate_link.c, which
 * sends and receives.
 */

#ifndef KEYGATE_LINK_PRIVATE_H
#define KEYGATE_LINK_PRIVATE_H

#include <openssl/ssl.h>

#include "keygate_link.h"


struct keygate_link_s {
    int              fd;                 /* never blocks by itself */
    SSL_CTX         *ctx;                /* NULL: no TLS */
    SSL             *ssl;                /* from the handshake on */
    keygate_resp_t  *resp;
    unsigned         timeout;            /* ms */
    unsigned         patience;           /* ms */
    unsigned         failed:1;
    unsigned         writing:1;
    char             error[KEYGATE_LINK_ERROR];
};


/* Keeps the reason; returns "rc". */
keygate_rc_t keygate_link_fail(keygate_link_t *link, keygate_rc_t rc,
    const char *what);

keygate_rc_t keygate_link_wait(keygate_link_t *link, short events);


#endif /* KEYGATE_LINK_PRIVATE_H */

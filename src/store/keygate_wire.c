/*
 * Sending and receiving over one connection that blocks.
 */

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <openssl/err.h>

#include "keygate_wire_private.h"


#define KEYGATE_WIRE_READ   16384
#define KEYGATE_WIRE_WRITE  65536
#define KEYGATE_WIRE_TIMES  10           /* time-outs, for a whole answer */


static int64_t keygate_wire_now(void);
static keygate_rc_t keygate_wire_again(keygate_wire_t *wire, int n);
static keygate_rc_t keygate_wire_read(keygate_wire_t *wire);
static keygate_rc_t keygate_wire_must(keygate_wire_t *wire, unsigned n,
    const keygate_str_t *args);


keygate_rc_t
keygate_wire_fail(keygate_wire_t *wire, keygate_rc_t rc, const char *what)
{
    wire->failed = 1;
    snprintf(wire->error, sizeof(wire->error), "%s", what);

    return rc;
}


static int64_t
keygate_wire_now(void)
{
    struct timespec  ts;

    (void) clock_gettime(CLOCK_MONOTONIC, &ts);

    return (int64_t) ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}


void
keygate_wire_begin(keygate_wire_t *wire, unsigned pause, unsigned whole)
{
    wire->pause = pause;
    wire->deadline = keygate_wire_now() + whole;
}


keygate_rc_t
keygate_wire_wait(keygate_wire_t *wire, short events)
{
    int            n;
    int64_t        left;
    struct pollfd  p;

    p.fd = wire->fd;
    p.events = events;

    do {
        left = wire->deadline - keygate_wire_now();
        left = left < (int64_t) wire->pause ? left : (int64_t) wire->pause;

        n = poll(&p, 1, left > 0 ? (int) left : 0);
    } while (n == -1 && errno == EINTR);

    if (n > 0) {
        return KEYGATE_OK;
    }

    return keygate_wire_fail(wire, KEYGATE_IO,
                             n == 0 ? "no answer in time" : strerror(errno));
}


/* After a step that has moved no byte: whether to try it again. */

static keygate_rc_t
keygate_wire_again(keygate_wire_t *wire, int n)
{
    char         text[KEYGATE_WIRE_ERROR];
    const char  *reason;

    if (wire->ssl == NULL) {

        if (n == 0) {
            return keygate_wire_fail(wire, KEYGATE_IO,
                                     "the connection was closed");
        }

        if (errno == EINTR) {
            return KEYGATE_OK;
        }

        if (errno != EAGAIN) {
            return keygate_wire_fail(wire, KEYGATE_IO, strerror(errno));
        }

        return keygate_wire_wait(wire, wire->writing ? POLLOUT : POLLIN);
    }

    switch (SSL_get_error(wire->ssl, n)) {

    case SSL_ERROR_WANT_READ:
        return keygate_wire_wait(wire, POLLIN);

    case SSL_ERROR_WANT_WRITE:
        return keygate_wire_wait(wire, POLLOUT);

    default:

        /* why a peer has gone away is to be read, whatever was written */

        if (wire->writing) {
            ERR_clear_error();
            (void) SSL_read(wire->ssl, text, 1);
        }

        reason = ERR_reason_error_string(ERR_peek_error());

        snprintf(text, sizeof(text), "the connection was closed%s%s%s",
                 reason != NULL ? ": TLS: " : "",
                 reason != NULL ? reason : "",
                 wire->greeted || wire->conf->certificate != NULL
                 ? "" : "; does it want a certificate?");

        return keygate_wire_fail(wire, KEYGATE_IO, text);
    }
}


keygate_rc_t
keygate_wire_send(keygate_wire_t *wire, const char *text, size_t len)
{
    int           n, most;
    keygate_rc_t  rc;

    if (wire->failed) {
        return KEYGATE_IO;
    }

    wire->writing = 1;
    keygate_wire_begin(wire, wire->conf->timeout,
                       KEYGATE_WIRE_TIMES * wire->conf->timeout);

    while (len != 0) {
        ERR_clear_error();

        most = len < KEYGATE_WIRE_WRITE ? (int) len : KEYGATE_WIRE_WRITE;

        n = wire->ssl != NULL
            ? SSL_write(wire->ssl, text, most)
            : (int) write(wire->fd, text, (size_t) most);

        if (n > 0) {
            text += n;
            len -= (size_t) n;
            continue;
        }

        rc = keygate_wire_again(wire, n);

        if (rc != KEYGATE_OK) {
            return rc;
        }
    }

    return KEYGATE_OK;
}


static keygate_rc_t
keygate_wire_read(keygate_wire_t *wire)
{
    int            n;
    keygate_rc_t   rc;
    unsigned char  data[KEYGATE_WIRE_READ];

    wire->writing = 0;
    ERR_clear_error();

    n = wire->ssl != NULL ? SSL_read(wire->ssl, data, sizeof(data))
                          : (int) read(wire->fd, data, sizeof(data));

    if (n <= 0) {
        return keygate_wire_again(wire, n);
    }

    rc = keygate_resp_feed(wire->resp, data, (size_t) n);

    if (rc != KEYGATE_OK) {
        return keygate_wire_fail(wire, rc, "its answer is too long");
    }

    return keygate_wire_now() < wire->deadline ? KEYGATE_OK
           : keygate_wire_fail(wire, KEYGATE_IO, "its answer does not end in "
                               "time");
}


keygate_rc_t
keygate_wire_take(keygate_wire_t *wire, unsigned patience,
    keygate_reply_t **reply)
{
    keygate_rc_t  rc;

    *reply = NULL;
    keygate_wire_begin(wire, wire->conf->timeout + patience,
                       KEYGATE_WIRE_TIMES * wire->conf->timeout + patience);

    while (!wire->failed) {
        rc = keygate_resp_next(wire->resp, reply);

        if (rc == KEYGATE_OK) {
            return rc;
        }

        if (rc != KEYGATE_AGAIN) {
            return keygate_wire_fail(wire, rc, "its answer is not one of "
                                     "Redis' protocol");
        }

        rc = keygate_wire_read(wire);

        if (rc != KEYGATE_OK) {
            return rc;
        }
    }

    return KEYGATE_IO;
}


keygate_rc_t
keygate_wire_ask(keygate_wire_t *wire, unsigned n, const keygate_str_t *args,
    keygate_reply_t **reply)
{
    char          *text;
    size_t         len;
    keygate_rc_t   rc;

    *reply = NULL;
    text = keygate_resp_command(n, args, &len);

    if (text == NULL) {
        return keygate_wire_fail(wire, KEYGATE_NOMEM, "out of memory");
    }

    rc = keygate_wire_send(wire, text, len);

    OPENSSL_cleanse(text, len);
    free(text);

    return rc == KEYGATE_OK ? keygate_wire_take(wire, 0, reply) : rc;
}


/* A command whose answer must be no error. */

static keygate_rc_t
keygate_wire_must(keygate_wire_t *wire, unsigned n, const keygate_str_t *args)
{
    char              text[KEYGATE_WIRE_ERROR], said[160];
    keygate_rc_t      rc;
    keygate_reply_t  *reply;

    rc = keygate_wire_ask(wire, n, args, &reply);

    if (rc == KEYGATE_OK
        && keygate_reply_kind(reply) == KEYGATE_REPLY_ERROR)
    {
        keygate_reply_say(reply, said, sizeof(said));
        snprintf(text, sizeof(text), "%.*s: %s", (int) args[0].len,
                 (const char *) args[0].data, said);

        rc = keygate_wire_fail(wire, KEYGATE_IO, text);
    }

    keygate_reply_free(reply);

    return rc;
}


keygate_rc_t
keygate_wire_auth(keygate_wire_t *wire)
{
    unsigned       n;
    keygate_str_t  args[3];

    if (wire->conf->password == NULL) {
        return KEYGATE_OK;
    }

    n = 0;
    args[n++] = KEYGATE_STR("AUTH");

    if (wire->conf->user != NULL) {
        args[n++] = keygate_span(wire->conf->user);
    }

    args[n++] = keygate_span(wire->conf->password);

    return keygate_wire_must(wire, n, args);
}


keygate_rc_t
keygate_wire_greet(keygate_wire_t *wire)
{
    char           database[16];
    keygate_rc_t   rc;
    keygate_str_t  args[2];

    rc = keygate_wire_auth(wire);

    if (rc == KEYGATE_OK) {
        args[0] = KEYGATE_STR("PING");
        rc = keygate_wire_must(wire, 1, args);
    }

    wire->greeted = rc == KEYGATE_OK;

    if (rc != KEYGATE_OK || wire->conf->database == 0) {
        return rc;
    }

    snprintf(database, sizeof(database), "%u", wire->conf->database);

    args[0] = KEYGATE_STR("SELECT");
    args[1] = keygate_span(database);

    return keygate_wire_must(wire, 2, args);
}


const char *
keygate_wire_error(const keygate_wire_t *wire)
{
    return wire->error;
}

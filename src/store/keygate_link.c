/*
 * Sending and receiving over a link that blocks, and running scripts.  How it
 * is connected: keygate_link_open.c.
 */

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "keygate_link_private.h"


#define KEYGATE_LINK_READ   16384
#define KEYGATE_LINK_WORDS  16


static keygate_rc_t keygate_link_again(keygate_link_t *link, int n);


keygate_rc_t
keygate_link_fail(keygate_link_t *link, keygate_rc_t rc, const char *what)
{
    link->failed = 1;
    snprintf(link->error, sizeof(link->error), "%s", what);

    return rc;
}


/* Waits until the socket can be read, or written.  KEYGATE_OK or
 * KEYGATE_IO. */

keygate_rc_t
keygate_link_wait(keygate_link_t *link, short events)
{
    int            n;
    struct pollfd  p;

    p.fd = link->fd;
    p.events = events;

    do {
        n = poll(&p, 1, (int) (link->timeout + link->patience));
    } while (n == -1 && errno == EINTR);

    if (n > 0) {
        return KEYGATE_OK;
    }

    return keygate_link_fail(link, KEYGATE_IO,
                             n == 0 ? "no answer in time" : strerror(errno));
}


/* After a step that has moved no byte: whether to try it again. */

static keygate_rc_t
keygate_link_again(keygate_link_t *link, int n)
{
    if (link->ssl == NULL) {

        if (n == 0) {
            return keygate_link_fail(link, KEYGATE_IO,
                                     "the connection was closed");
        }

        if (errno == EINTR) {
            return KEYGATE_OK;
        }

        if (errno != EAGAIN) {
            return keygate_link_fail(link, KEYGATE_IO, strerror(errno));
        }

        return keygate_link_wait(link, link->writing ? POLLOUT : POLLIN);
    }

    switch (SSL_get_error(link->ssl, n)) {

    case SSL_ERROR_WANT_READ:
        return keygate_link_wait(link, POLLIN);

    case SSL_ERROR_WANT_WRITE:
        return keygate_link_wait(link, POLLOUT);

    default:
        return keygate_link_fail(link, KEYGATE_IO,
                                 "the connection was closed");
    }
}


static keygate_rc_t
keygate_link_write(keygate_link_t *link, const char *data, size_t len)
{
    int           n;
    keygate_rc_t  rc;

    link->writing = 1;

    while (len != 0) {
        ERR_clear_error();

        n = link->ssl != NULL
            ? SSL_write(link->ssl, data, (int) (len < 65536 ? len : 65536))
            : (int) write(link->fd, data, len < 65536 ? len : 65536);

        if (n > 0) {
            data += n;
            len -= (size_t) n;
            continue;
        }

        rc = keygate_link_again(link, n);

        if (rc != KEYGATE_OK) {
            return rc;
        }
    }

    return KEYGATE_OK;
}


keygate_rc_t
keygate_link_send(keygate_link_t *link, unsigned n, const keygate_str_t *args)
{
    char          *text;
    size_t         len;
    keygate_rc_t   rc;

    if (link->failed) {
        return KEYGATE_IO;
    }

    text = keygate_resp_command(n, args, &len);

    if (text == NULL) {
        return keygate_link_fail(link, KEYGATE_NOMEM, "out of memory");
    }

    rc = keygate_link_write(link, text, len);

    OPENSSL_cleanse(text, len);
    free(text);

    return rc;
}


static keygate_rc_t
keygate_link_read(keygate_link_t *link)
{
    int            n;
    keygate_rc_t   rc;
    unsigned char  data[KEYGATE_LINK_READ];

    link->writing = 0;
    ERR_clear_error();

    n = link->ssl != NULL ? SSL_read(link->ssl, data, sizeof(data))
                          : (int) read(link->fd, data, sizeof(data));

    if (n <= 0) {
        return keygate_link_again(link, n);
    }

    rc = keygate_resp_feed(link->resp, data, (size_t) n);

    return rc == KEYGATE_OK
           ? rc : keygate_link_fail(link, rc, "its answer is too long");
}


keygate_rc_t
keygate_link_take(keygate_link_t *link, keygate_reply_t **reply)
{
    keygate_rc_t  rc;

    *reply = NULL;

    while (!link->failed) {
        rc = keygate_resp_next(link->resp, reply);

        if (rc == KEYGATE_OK) {
            return rc;
        }

        if (rc != KEYGATE_AGAIN) {
            return keygate_link_fail(link, rc, "its answer is not one of "
                                     "Redis' protocol");
        }

        rc = keygate_link_read(link);

        if (rc != KEYGATE_OK) {
            return rc;
        }
    }

    return KEYGATE_IO;
}


keygate_rc_t
keygate_link_ask(keygate_link_t *link, unsigned n, const keygate_str_t *args,
    keygate_reply_t **reply)
{
    keygate_rc_t  rc;

    *reply = NULL;

    rc = keygate_link_send(link, n, args);

    return rc == KEYGATE_OK ? keygate_link_take(link, reply) : rc;
}


keygate_rc_t
keygate_link_words(keygate_link_t *link, const char *words,
    keygate_reply_t **reply)
{
    unsigned       n;
    keygate_str_t  args[KEYGATE_LINK_WORDS];

    for (n = 0; *words != '\0' && n < KEYGATE_LINK_WORDS; n++) {
        args[n].data = (const unsigned char *) words;
        args[n].len = strcspn(words, " ");

        words += args[n].len + (words[args[n].len] == ' ');
    }

    return keygate_link_ask(link, n, args, reply);
}


keygate_rc_t
keygate_link_script(keygate_link_t *link, keygate_lua_e script, unsigned keys,
    unsigned n, const keygate_str_t *args, keygate_reply_t **reply)
{
    char            count[16], sha[KEYGATE_LUA_SHA + 1];
    keygate_rc_t    rc;
    keygate_str_t  *all;

    *reply = NULL;
    all = malloc((n + 3) * sizeof(keygate_str_t));

    if (all == NULL || keygate_lua_sha(script, sha) != KEYGATE_OK) {
        free(all);
        return keygate_link_fail(link, KEYGATE_NOMEM, "out of memory");
    }

    snprintf(count, sizeof(count), "%u", keys);

    all[0] = KEYGATE_STR("EVALSHA");
    all[1] = keygate_span(sha);
    all[2] = keygate_span(count);
    memcpy(all + 3, args, n * sizeof(keygate_str_t));

    rc = keygate_link_ask(link, n + 3, all, reply);

    if (rc == KEYGATE_OK && keygate_reply_failed(*reply, "NOSCRIPT")) {
        keygate_reply_free(*reply);

        all[0] = KEYGATE_STR("EVAL");
        all[1] = keygate_lua_text(script);

        rc = keygate_link_ask(link, n + 3, all, reply);
    }

    free(all);

    return rc;
}


void
keygate_link_patience(keygate_link_t *link, unsigned ms)
{
    link->patience = ms;
}


const char *
keygate_link_error(const keygate_link_t *link)
{
    return link->error;
}

/*
 * A link is connected: the socket, TLS, the user and the database.
 */

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "keygate_link_private.h"


static keygate_rc_t keygate_link_connect(keygate_link_t *link,
    const struct sockaddr *address, socklen_t len, int family);
static keygate_rc_t keygate_link_unix(keygate_link_t *link, const char *path);
static keygate_rc_t keygate_link_host(keygate_link_t *link,
    const keygate_link_conf_t *conf);
static keygate_rc_t keygate_link_tls(keygate_link_t *link,
    const keygate_link_conf_t *conf);
static keygate_rc_t keygate_link_verify(keygate_link_t *link,
    const keygate_link_conf_t *conf);
static keygate_rc_t keygate_link_handshake(keygate_link_t *link);
static keygate_rc_t keygate_link_greet(keygate_link_t *link,
    const keygate_link_conf_t *conf);
static keygate_rc_t keygate_link_must(keygate_link_t *link, unsigned n,
    const keygate_str_t *args);


keygate_link_t *
keygate_link_open(const keygate_link_conf_t *conf,
    char error[KEYGATE_LINK_ERROR])
{
    keygate_rc_t     rc;
    keygate_link_t  *link;

    link = calloc(1, sizeof(keygate_link_t));

    if (link == NULL) {
        snprintf(error, KEYGATE_LINK_ERROR, "out of memory");
        return NULL;
    }

    link->fd = -1;
    link->timeout = conf->timeout;
    link->resp = keygate_resp_create();

    rc = link->resp == NULL
         ? keygate_link_fail(link, KEYGATE_NOMEM, "out of memory")
         : conf->path != NULL ? keygate_link_unix(link, conf->path)
                              : keygate_link_host(link, conf);

    rc = rc != KEYGATE_OK ? rc : keygate_link_tls(link, conf);
    rc = rc != KEYGATE_OK ? rc : keygate_link_greet(link, conf);

    if (rc == KEYGATE_OK) {
        return link;
    }

    snprintf(error, KEYGATE_LINK_ERROR, "%s", link->error);
    keygate_link_close(link);

    return NULL;
}


void
keygate_link_close(keygate_link_t *link)
{
    if (link == NULL) {
        return;
    }

    SSL_free(link->ssl);
    SSL_CTX_free(link->ctx);
    keygate_resp_destroy(link->resp);

    if (link->fd != -1) {
        (void) close(link->fd);
    }

    free(link);
}


static keygate_rc_t
keygate_link_connect(keygate_link_t *link, const struct sockaddr *address,
    socklen_t len, int family)
{
    int           error;
    socklen_t     size;
    keygate_rc_t  rc;

    if (link->fd != -1) {
        (void) close(link->fd);
    }

    link->failed = 0;
    link->fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (link->fd == -1) {
        return keygate_link_fail(link, KEYGATE_IO, strerror(errno));
    }

    if (connect(link->fd, address, len) == 0) {
        return KEYGATE_OK;
    }

    if (errno != EINPROGRESS && errno != EAGAIN) {
        return keygate_link_fail(link, KEYGATE_IO, strerror(errno));
    }

    rc = keygate_link_wait(link, POLLOUT);

    if (rc != KEYGATE_OK) {
        return rc;
    }

    error = 0;
    size = sizeof(error);

    (void) getsockopt(link->fd, SOL_SOCKET, SO_ERROR, &error, &size);

    return error == 0 ? KEYGATE_OK
                      : keygate_link_fail(link, KEYGATE_IO, strerror(error));
}


static keygate_rc_t
keygate_link_unix(keygate_link_t *link, const char *path)
{
    struct sockaddr_un  address;

    memset(&address, 0, sizeof(address));
    address.sun_family = AF_UNIX;

    if (strlen(path) >= sizeof(address.sun_path)) {
        return keygate_link_fail(link, KEYGATE_IO, "the path is too long");
    }

    memcpy(address.sun_path, path, strlen(path));

    return keygate_link_connect(link, (struct sockaddr *) &address,
                                sizeof(address), AF_UNIX);
}


/* Every address of the name, until there is one that answers. */

static keygate_rc_t
keygate_link_host(keygate_link_t *link, const keygate_link_conf_t *conf)
{
    int               n;
    keygate_rc_t      rc;
    struct addrinfo   hints, *list, *a;

    memset(&hints, 0, sizeof(hints));
    hints.ai_socktype = SOCK_STREAM;

    n = getaddrinfo(conf->host, conf->port, &hints, &list);

    if (n != 0) {
        return keygate_link_fail(link, KEYGATE_IO, gai_strerror(n));
    }

    rc = KEYGATE_IO;

    for (a = list; a != NULL && rc != KEYGATE_OK; a = a->ai_next) {
        rc = keygate_link_connect(link, a->ai_addr, a->ai_addrlen,
                                  a->ai_family);
    }

    freeaddrinfo(list);

    return rc;
}


static keygate_rc_t
keygate_link_verify(keygate_link_t *link, const keygate_link_conf_t *conf)
{
    int                 ok;
    const char         *name;
    X509_VERIFY_PARAM  *param;

    if (conf->unverified) {
        return KEYGATE_OK;
    }

    ok = conf->ca != NULL
         ? SSL_CTX_load_verify_locations(link->ctx, conf->ca, NULL)
         : SSL_CTX_set_default_verify_paths(link->ctx);

    if (ok != 1) {
        return keygate_link_fail(link, KEYGATE_IO, "the file of certificates "
                                 "cannot be read");
    }

    name = conf->name != NULL ? conf->name : conf->host;
    param = SSL_get0_param(link->ssl);

    if (name == NULL
        || (X509_VERIFY_PARAM_set1_ip_asc(param, name) != 1
            && X509_VERIFY_PARAM_set1_host(param, name, 0) != 1))
    {
        return keygate_link_fail(link, KEYGATE_IO, "there is no name to "
                                 "verify");
    }

    SSL_set_verify(link->ssl, SSL_VERIFY_PEER, NULL);

    return KEYGATE_OK;
}


static keygate_rc_t
keygate_link_tls(keygate_link_t *link, const keygate_link_conf_t *conf)
{
    const char    *name;
    keygate_rc_t   rc;

    if (!conf->tls) {
        return KEYGATE_OK;
    }

    name = conf->name != NULL ? conf->name : conf->host;

    link->ctx = SSL_CTX_new(TLS_client_method());

    if (link->ctx == NULL
        || SSL_CTX_set_min_proto_version(link->ctx, TLS1_2_VERSION) != 1)
    {
        return keygate_link_fail(link, KEYGATE_NOMEM, "out of memory");
    }

    link->ssl = SSL_new(link->ctx);

    if (link->ssl == NULL || SSL_set_fd(link->ssl, link->fd) != 1
        || (name != NULL
            && SSL_set_tlsext_host_name(link->ssl, (char *) name) != 1))
    {
        return keygate_link_fail(link, KEYGATE_NOMEM, "out of memory");
    }

    rc = keygate_link_verify(link, conf);

    return rc == KEYGATE_OK ? keygate_link_handshake(link) : rc;
}


static keygate_rc_t
keygate_link_handshake(keygate_link_t *link)
{
    int            n;
    long           verified;
    char           text[KEYGATE_LINK_ERROR];
    keygate_rc_t   rc;
    unsigned long  error;

    for ( ;; ) {
        ERR_clear_error();

        n = SSL_connect(link->ssl);

        if (n == 1) {
            return KEYGATE_OK;
        }

        switch (SSL_get_error(link->ssl, n)) {

        case SSL_ERROR_WANT_READ:
            rc = keygate_link_wait(link, POLLIN);
            break;

        case SSL_ERROR_WANT_WRITE:
            rc = keygate_link_wait(link, POLLOUT);
            break;

        default:
            verified = SSL_get_verify_result(link->ssl);
            error = ERR_peek_error();

            snprintf(text, sizeof(text), "TLS handshake: %s",
                     verified != X509_V_OK
                     ? X509_verify_cert_error_string(verified)
                     : error != 0 ? ERR_reason_error_string(error)
                                  : "the connection was closed");

            return keygate_link_fail(link, KEYGATE_IO, text);
        }

        if (rc != KEYGATE_OK) {
            return keygate_link_fail(link, rc, "TLS handshake: no answer in "
                                     "time; is it a port with TLS?");
        }
    }
}


/* A command whose answer must be no error. */

static keygate_rc_t
keygate_link_must(keygate_link_t *link, unsigned n, const keygate_str_t *args)
{
    char              text[KEYGATE_LINK_ERROR];
    keygate_rc_t      rc;
    keygate_str_t     said;
    keygate_reply_t  *reply;

    rc = keygate_link_ask(link, n, args, &reply);

    if (rc == KEYGATE_OK
        && keygate_reply_kind(reply) == KEYGATE_REPLY_ERROR)
    {
        said = keygate_reply_text(reply);
        snprintf(text, sizeof(text), "%.*s: %.*s", (int) args[0].len,
                 (const char *) args[0].data,
                 said.len < 160 ? (int) said.len : 160,
                 (const char *) said.data);

        rc = keygate_link_fail(link, KEYGATE_IO, text);
    }

    keygate_reply_free(reply);

    return rc;
}


static keygate_rc_t
keygate_link_greet(keygate_link_t *link, const keygate_link_conf_t *conf)
{
    char           database[16];
    unsigned       n;
    keygate_rc_t   rc;
    keygate_str_t  args[3];

    if (conf->password != NULL) {
        n = 0;
        args[n++] = KEYGATE_STR("AUTH");

        if (conf->user != NULL) {
            args[n++] = keygate_span(conf->user);
        }

        args[n++] = keygate_span(conf->password);

        rc = keygate_link_must(link, n, args);

        if (rc != KEYGATE_OK) {
            return rc;
        }
    }

    args[0] = KEYGATE_STR("PING");
    rc = keygate_link_must(link, 1, args);

    if (rc != KEYGATE_OK || conf->database == 0) {
        return rc;
    }

    snprintf(database, sizeof(database), "%u", conf->database);

    args[0] = KEYGATE_STR("SELECT");
    args[1] = keygate_span(database);

    return keygate_link_must(link, 2, args);
}

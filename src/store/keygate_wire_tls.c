/*
 * TLS: the certificates and the key, which are read once, and the handshake
 * of each connection.
 */

#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "keygate_wire_private.h"


static int keygate_wire_no_passphrase(char *buf, int size, int writing,
    void *data);
static keygate_rc_t keygate_wire_files(const keygate_wire_conf_t *conf,
    SSL_CTX *ctx, char error[KEYGATE_WIRE_ERROR]);
static const char *keygate_wire_reason(void);
static int keygate_wire_is_address(const char *name);
static keygate_rc_t keygate_wire_verify(keygate_wire_t *wire,
    const char *name);
static keygate_rc_t keygate_wire_handshake(keygate_wire_t *wire);


keygate_rc_t
keygate_wire_prepare(keygate_wire_conf_t *conf,
    char error[KEYGATE_WIRE_ERROR])
{
    SSL_CTX       *ctx;
    keygate_rc_t   rc;

    if (!conf->tls || conf->ctx != NULL) {
        return KEYGATE_OK;
    }

    ERR_clear_error();
    ctx = SSL_CTX_new(TLS_client_method());

    if (ctx == NULL
        || SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) != 1)
    {
        SSL_CTX_free(ctx);
        snprintf(error, KEYGATE_WIRE_ERROR, "out of memory");
        return KEYGATE_NOMEM;
    }

    SSL_CTX_set_default_passwd_cb(ctx, keygate_wire_no_passphrase);

    rc = keygate_wire_files(conf, ctx, error);

    if (rc != KEYGATE_OK) {
        SSL_CTX_free(ctx);
        ERR_clear_error();
        return rc;
    }

    conf->ctx = ctx;

    return KEYGATE_OK;
}


void
keygate_wire_release(keygate_wire_conf_t *conf)
{
    SSL_CTX_free(conf->ctx);
    conf->ctx = NULL;
}


/* Nobody is there to be asked for one. */

static int
keygate_wire_no_passphrase(char *buf, int size, int writing, void *data)
{
    (void) buf;
    (void) size;
    (void) writing;
    (void) data;

    return -1;
}


static const char *
keygate_wire_reason(void)
{
    const char  *reason;

    reason = ERR_reason_error_string(ERR_peek_last_error());

    return reason != NULL ? reason : "it cannot be read";
}


static keygate_rc_t
keygate_wire_files(const keygate_wire_conf_t *conf, SSL_CTX *ctx,
    char error[KEYGATE_WIRE_ERROR])
{
    int  ok;

    if (!conf->unverified) {
        ok = conf->ca != NULL
             ? SSL_CTX_load_verify_locations(ctx, conf->ca, NULL)
             : SSL_CTX_set_default_verify_paths(ctx);

        if (ok != 1) {
            snprintf(error, KEYGATE_WIRE_ERROR, "the trusted certificates in "
                     "\"%.160s\": %s", conf->ca != NULL ? conf->ca
                                                   : "the system's files",
                     keygate_wire_reason());
            return KEYGATE_IO;
        }
    }

    if (conf->certificate == NULL) {
        return KEYGATE_OK;
    }

    if (SSL_CTX_use_certificate_chain_file(ctx, conf->certificate) != 1) {
        snprintf(error, KEYGATE_WIRE_ERROR, "the certificate in \"%.160s\": "
                 "%s", conf->certificate, keygate_wire_reason());
        return KEYGATE_IO;
    }

    /* a key of another certificate is refused here */

    if (SSL_CTX_use_PrivateKey_file(ctx, conf->key, SSL_FILETYPE_PEM) != 1
        || SSL_CTX_check_private_key(ctx) != 1)
    {
        snprintf(error, KEYGATE_WIRE_ERROR, "the key in \"%.160s\": %s",
                 conf->key, keygate_wire_reason());
        return KEYGATE_IO;
    }

    return KEYGATE_OK;
}


static int
keygate_wire_is_address(const char *name)
{
    unsigned char  address[16];

    return inet_pton(AF_INET, name, address) == 1
           || inet_pton(AF_INET6, name, address) == 1;
}


static keygate_rc_t
keygate_wire_verify(keygate_wire_t *wire, const char *name)
{
    X509_VERIFY_PARAM  *param;

    if (wire->conf->unverified) {
        return KEYGATE_OK;
    }

    param = SSL_get0_param(wire->ssl);

    if (name == NULL
        || (X509_VERIFY_PARAM_set1_ip_asc(param, name) != 1
            && X509_VERIFY_PARAM_set1_host(param, name, 0) != 1))
    {
        return keygate_wire_fail(wire, KEYGATE_IO, "there is no name to "
                                 "verify");
    }

    SSL_set_verify(wire->ssl, SSL_VERIFY_PEER, NULL);

    return KEYGATE_OK;
}


keygate_rc_t
keygate_wire_tls(keygate_wire_t *wire, const keygate_wire_server_t *server)
{
    const char    *name;
    keygate_rc_t   rc;

    if (!wire->conf->tls) {
        return KEYGATE_OK;
    }

    name = wire->conf->name != NULL ? wire->conf->name : server->host;
    wire->ssl = SSL_new(wire->conf->ctx);

    if (wire->ssl == NULL || SSL_set_fd(wire->ssl, wire->fd) != 1
        || (name != NULL && !keygate_wire_is_address(name)
            && SSL_set_tlsext_host_name(wire->ssl, (char *) name) != 1))
    {
        return keygate_wire_fail(wire, KEYGATE_NOMEM, "out of memory");
    }

    rc = keygate_wire_verify(wire, name);

    return rc == KEYGATE_OK ? keygate_wire_handshake(wire) : rc;
}


static keygate_rc_t
keygate_wire_handshake(keygate_wire_t *wire)
{
    int            n;
    long           verified;
    char           text[KEYGATE_WIRE_ERROR];
    const char    *reason;
    keygate_rc_t   rc;

    keygate_wire_begin(wire, wire->conf->connect_timeout,
                       wire->conf->connect_timeout);

    for ( ;; ) {
        ERR_clear_error();

        n = SSL_connect(wire->ssl);

        if (n == 1) {
            return KEYGATE_OK;
        }

        switch (SSL_get_error(wire->ssl, n)) {

        case SSL_ERROR_WANT_READ:
            rc = keygate_wire_wait(wire, POLLIN);
            break;

        case SSL_ERROR_WANT_WRITE:
            rc = keygate_wire_wait(wire, POLLOUT);
            break;

        default:
            verified = SSL_get_verify_result(wire->ssl);
            reason = verified != X509_V_OK
                     ? X509_verify_cert_error_string(verified)
                     : ERR_reason_error_string(ERR_peek_error());

            snprintf(text, sizeof(text), "TLS handshake: %s",
                     reason != NULL ? reason : "the connection was closed");

            return keygate_wire_fail(wire, KEYGATE_IO, text);
        }

        if (rc != KEYGATE_OK) {
            return keygate_wire_fail(wire, rc, "TLS handshake: no answer in "
                                     "time; is it a port with TLS?");
        }
    }
}

/*
 * A store: the connection to it, and where its history is.  What is shown of
 * a URL never tells who connects and how.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "remote.h"


#define CLI_TIMEOUT  5000           /* ms */


static int cli_remote_conf(cli_t *cli);
static void cli_remote_copy(char *to, size_t size, keygate_str_t text);


int
cli_remote_wanted(const cli_t *cli)
{
    const char  *url;

    url = getenv("KEYGATE_STORE");

    return cli->store_url != NULL
           || (cli->journal_path == NULL && url != NULL && url[0] != '\0');
}


int
cli_remote_open(cli_t *cli)
{
    int                   rc;
    char                  error[KEYGATE_LINK_ERROR], meta[CLI_KEY];
    const char           *url;
    cli_remote_t         *remote;

    if (cli->remote != NULL) {
        return CLI_OK;
    }

    remote = calloc(1, sizeof(cli_remote_t));

    if (remote == NULL) {
        return cli_error_nomem();
    }

    cli->remote = remote;

    url = cli->store_url != NULL ? cli->store_url : getenv("KEYGATE_STORE");
    remote->url = strdup(url != NULL ? url : "");

    rc = remote->url != NULL ? cli_remote_url(cli) : cli_error_nomem();
    rc = rc != CLI_OK ? rc : cli_remote_password(cli);
    rc = rc != CLI_OK ? rc : cli_remote_conf(cli);

    if (rc != CLI_OK) {
        return rc;
    }

    remote->name.zone = keygate_span(cli->zone != NULL ? cli->zone : "keys");
    remote->name.prefix = keygate_span(cli->prefix != NULL ? cli->prefix
                                                           : "kg");
    (void) cli_remote_key(cli, "meta", meta);

    remote->link = keygate_wire_prepare(&remote->conf.wire, error)
                   == KEYGATE_OK
                   ? keygate_link_open(&remote->conf, meta, NULL, error)
                   : NULL;

    if (remote->link == NULL) {
        return cli_error(CLI_IO, "%s: %s", remote->shown, error);
    }

    return CLI_OK;
}


static int
cli_remote_conf(cli_t *cli)
{
    cli_remote_t         *remote;
    keygate_wire_conf_t  *wire;

    remote = cli->remote;
    wire = &remote->conf.wire;

    remote->conf.sentinel = cli->sentinel;
    remote->conf.cluster = cli->cluster != 0;

    wire->timeout = CLI_TIMEOUT;
    wire->connect_timeout = CLI_TIMEOUT;
    wire->ca = cli->ca_path;
    wire->certificate = cli->cert_path;
    wire->key = cli->cert_key_path;
    wire->name = cli->tls_name;
    wire->user = cli->store_user != NULL ? cli->store_user : wire->user;
    wire->password = remote->password != NULL ? remote->password
                                              : wire->password;

    if (cli->sentinel != NULL && cli->cluster) {
        return cli_error(CLI_USAGE, "--sentinel and --cluster: give one of "
                         "them");
    }

    if (cli->cluster && wire->database != 0) {
        return cli_error(CLI_USAGE, "--cluster: a cluster has only database "
                         "0");
    }

    if ((wire->certificate == NULL) != (wire->key == NULL)) {
        return cli_error(CLI_USAGE, "--cert and --cert-key: give both or "
                         "none");
    }

    if (!wire->tls
        && (wire->ca != NULL || wire->key != NULL || wire->name != NULL))
    {
        return cli_error(CLI_USAGE, "--ca, --cert and --tls-name are for a "
                         "store with TLS: rediss://");
    }

    return CLI_OK;
}


void
cli_remote_close(cli_t *cli)
{
    cli_remote_t  *remote;

    remote = cli->remote;

    if (remote == NULL) {
        return;
    }

    keygate_link_close(remote->link);
    keygate_wire_release(&remote->conf.wire);

    if (remote->url != NULL) {
        OPENSSL_cleanse(remote->url, strlen(remote->url));
    }

    if (remote->password != NULL) {
        OPENSSL_cleanse(remote->password, strlen(remote->password));
    }

    free(remote->url);
    free(remote->password);
    free(remote);

    cli->remote = NULL;
}


keygate_str_t
cli_remote_key(const cli_t *cli, const char *what, char key[CLI_KEY])
{
    keygate_str_t  span;

    span.len = keygate_store_key(&cli->remote->name, what, key);
    span.data = (unsigned char *) key;

    return span;
}


int
cli_remote_failed(cli_t *cli)
{
    return cli_error(CLI_IO, "%s: %s", cli->remote->shown,
                     keygate_link_error(cli->remote->link));
}


/* What an engine says when it refuses, and what is to be done then. */

int
cli_remote_refused(cli_t *cli, const keygate_reply_t *reply)
{
    char  said[200];

    if (keygate_reply_failed(reply, "OOM")) {
        return cli_error(CLI_IO, "%s: the engine is full: raise its "
                         "maxmemory; nothing was changed",
                         cli->remote->shown);
    }

    if (keygate_reply_failed(reply, "READONLY")) {
        return cli_error(CLI_IO, "%s: is a replica, and takes no changes: "
                         "give its master", cli->remote->shown);
    }

    keygate_reply_say(reply, said, sizeof(said));

    if (keygate_reply_failed(reply, "MOVED") && !cli->cluster) {
        return cli_error(CLI_IO, "%s: is a node of a cluster (%s): give "
                         "--cluster", cli->remote->shown, said);
    }

    return cli_error(CLI_IO, "%s: the engine refuses: %s",
                     cli->remote->shown, said);
}


int
cli_remote_take(cli_t *cli, keygate_reply_t **reply)
{
    int  rc;

    if (keygate_link_take(cli->remote->link, reply) != KEYGATE_OK) {
        return cli_remote_failed(cli);
    }

    if (keygate_reply_kind(*reply) != KEYGATE_REPLY_ERROR) {
        return CLI_OK;
    }

    rc = cli_remote_refused(cli, *reply);

    keygate_reply_free(*reply);
    *reply = NULL;

    return rc;
}


int
cli_remote_ask(cli_t *cli, unsigned n, const keygate_str_t *args,
    keygate_reply_t **reply)
{
    *reply = NULL;

    return keygate_link_send(cli->remote->link, n, args) == KEYGATE_OK
           ? cli_remote_take(cli, reply) : cli_remote_failed(cli);
}


static void
cli_remote_copy(char *to, size_t size, keygate_str_t text)
{
    size_t  n;

    n = text.len < size ? text.len : size - 1;

    if (n != 0) {
        memcpy(to, text.data, n);
    }

    to[n] = '\0';
}


int
cli_remote_place(cli_t *cli)
{
    int               rc;
    char              key[CLI_KEY];
    cli_remote_t     *remote;
    keygate_str_t     args[6];
    keygate_reply_t  *reply;

    remote = cli->remote;

    args[0] = KEYGATE_STR("HMGET");
    args[1] = cli_remote_key(cli, "meta", key);
    args[2] = KEYGATE_STR("epoch");
    args[3] = KEYGATE_STR("seq");
    args[4] = KEYGATE_STR("chain");
    args[5] = KEYGATE_STR("digest");

    rc = cli_remote_ask(cli, 6, args, &reply);

    if (rc != CLI_OK) {
        return rc;
    }

    remote->empty = keygate_reply_text(keygate_reply_at(reply, 0)).len == 0;
    remote->place.seq = remote->empty
        ? 0 : (uint64_t) keygate_reply_number(keygate_reply_at(reply, 1));

    cli_remote_copy(remote->place.epoch, sizeof(remote->place.epoch),
                    keygate_reply_text(keygate_reply_at(reply, 0)));
    cli_remote_copy(remote->place.chain, sizeof(remote->place.chain),
                    keygate_reply_text(keygate_reply_at(reply, 2)));
    cli_remote_copy(remote->digest, sizeof(remote->digest),
                    keygate_reply_text(keygate_reply_at(reply, 3)));

    keygate_reply_free(reply);

    return CLI_OK;
}


int
cli_remote_filled(cli_t *cli)
{
    int  rc;

    rc = cli_remote_open(cli);
    rc = rc != CLI_OK ? rc : cli_remote_place(cli);

    if (rc == CLI_OK && cli->remote->empty) {
        return cli_error(CLI_IO, "%s: holds no keys of zone %.*s yet; "
                         "\"keygate store push\" fills it from a journal",
                         cli->remote->shown,
                         (int) cli->remote->name.zone.len,
                         (const char *) cli->remote->name.zone.data);
    }

    return rc;
}


int
cli_remote_epoch(char epoch[KEYGATE_EPOCH_MAX + 1])
{
    unsigned char  bytes[16];

    if (RAND_bytes(bytes, sizeof(bytes)) != 1) {
        return cli_error(CLI_FAILED, "there is no randomness");
    }

    keygate_hex_text(bytes, sizeof(bytes), epoch);

    return CLI_OK;
}


int
cli_remote_begin(cli_t *cli, const keygate_place_t *place,
    const char *filling)
{
    int               rc;
    char              seq[24], keys[4][CLI_KEY];
    unsigned          i;
    const char       *pepper;
    keygate_str_t     args[17];
    keygate_reply_t  *reply;

    pepper = getenv("KEYGATE_PEPPER");
    snprintf(seq, sizeof(seq), "%llu", (unsigned long long) place->seq);

    for (i = 0; i < 17; i++) {
        args[i] = KEYGATE_STR("");
    }

    args[0] = cli_remote_key(cli, "acks", keys[0]);
    args[1] = cli_remote_key(cli, "nodes", keys[1]);
    args[2] = cli_remote_key(cli, "meta", keys[2]);
    args[3] = cli_remote_key(cli, "log", keys[3]);
    args[6] = keygate_span(place->epoch);
    args[7] = keygate_span(seq);
    args[8] = keygate_span(place->chain);
    args[9] = args[11] = args[12] = KEYGATE_STR("0");
    args[13] = KEYGATE_STR("1");
    args[14] = cli->hmac || (pepper != NULL && pepper[0] != '\0')
               ? KEYGATE_STR("hmac-sha256") : KEYGATE_STR("sha256");
    args[16] = keygate_span(filling);

    if (keygate_link_script(cli->remote->link, KEYGATE_LUA_BEAT, 2, 17, args,
                            &reply)
        != KEYGATE_OK)
    {
        return cli_remote_failed(cli);
    }

    rc = keygate_reply_kind(reply) == KEYGATE_REPLY_ERROR
         ? cli_remote_refused(cli, reply) : CLI_OK;

    keygate_reply_free(reply);

    return rc != CLI_OK ? rc : cli_remote_filled(cli);
}

/*
 * A link is made: servers are tried in turn until one of them will do.
 */

#include <stdio.h>
#include <stdlib.h>

#include "keygate_link_private.h"


static keygate_rc_t keygate_link_try(keygate_link_t *link,
    const keygate_wire_server_t *server, const char *key,
    keygate_engine_t *engine);
static keygate_rc_t keygate_link_begin(keygate_link_t *link,
    const keygate_wire_server_t *server, const char *key);
static keygate_rc_t keygate_link_is_master(keygate_link_t *link);
static keygate_rc_t keygate_link_fit(keygate_link_t *link,
    keygate_engine_t *engine);
static void keygate_link_drop(keygate_link_t *link);
static void keygate_link_say(const keygate_link_conf_t *conf,
    const keygate_wire_server_t *server, const char *what,
    char error[KEYGATE_LINK_ERROR]);


keygate_link_t *
keygate_link_open(const keygate_link_conf_t *conf, const char *key,
    keygate_engine_t *engine, char error[KEYGATE_LINK_ERROR])
{
    unsigned         i;
    keygate_link_t  *link;

    link = calloc(1, sizeof(keygate_link_t));

    if (link == NULL) {
        snprintf(error, KEYGATE_LINK_ERROR, "out of memory");
        return NULL;
    }

    link->conf = conf;
    snprintf(error, KEYGATE_LINK_ERROR, "there is no server");

    for (i = 0; i < conf->n; i++) {
        link->failed = 0;

        if (keygate_link_try(link, &conf->servers[i], key, engine)
            == KEYGATE_OK)
        {
            error[0] = '\0';
            return link;
        }

        keygate_link_say(conf, &conf->servers[i], link->error, error);
        keygate_link_drop(link);
    }

    free(link);

    return NULL;
}


/* Where there are several, it is told which of them. */

static void
keygate_link_say(const keygate_link_conf_t *conf,
    const keygate_wire_server_t *server, const char *what,
    char error[KEYGATE_LINK_ERROR])
{
    if (conf->n < 2) {
        snprintf(error, KEYGATE_LINK_ERROR, "%s", what);
        return;
    }

    snprintf(error, KEYGATE_LINK_ERROR, "%.100s%s%s: %.140s",
             server->path != NULL ? server->path : server->host,
             server->path != NULL ? "" : ":",
             server->path != NULL ? "" : server->port, what);
}


static void
keygate_link_drop(keygate_link_t *link)
{
    keygate_wire_close(link->wire);
    keygate_link_cluster_free(link->cluster);

    link->wire = NULL;
    link->cluster = NULL;
}


void
keygate_link_close(keygate_link_t *link)
{
    if (link != NULL) {
        keygate_link_drop(link);
        free(link);
    }
}


static keygate_rc_t
keygate_link_try(keygate_link_t *link, const keygate_wire_server_t *server,
    const char *key, keygate_engine_t *engine)
{
    char                    text[KEYGATE_LINK_ERROR];
    keygate_rc_t            rc;
    keygate_wire_server_t   master;

    if (link->conf->sentinel == NULL) {
        rc = keygate_link_begin(link, server, key);

    } else {
        rc = keygate_link_master(link->conf, server, link->host, link->port,
                                 link->error);
        if (rc != KEYGATE_OK) {
            return rc;
        }

        snprintf(link->name, sizeof(link->name), "%s:%s", link->host,
                 link->port);

        memset(&master, 0, sizeof(master));
        master.host = link->host;
        master.port = link->port;

        rc = keygate_link_begin(link, &master, key);
        rc = rc != KEYGATE_OK ? rc : keygate_link_is_master(link);
    }

    rc = rc != KEYGATE_OK ? rc : keygate_link_fit(link, engine);

    if (rc != KEYGATE_OK && link->conf->sentinel != NULL) {
        snprintf(text, sizeof(text), "the master %.90s: %.150s",
                 link->name, link->error);
        (void) keygate_link_fail(link, rc, text);
    }

    return rc;
}


static keygate_rc_t
keygate_link_begin(keygate_link_t *link, const keygate_wire_server_t *server,
    const char *key)
{
    keygate_rc_t     rc;
    keygate_wire_t  *wire;

    wire = keygate_wire_open(server, &link->conf->wire, link->error);

    if (wire == NULL) {
        return KEYGATE_IO;
    }

    rc = keygate_wire_greet(wire);

    if (rc != KEYGATE_OK) {
        rc = keygate_link_fail(link, rc, keygate_wire_error(wire));
        keygate_wire_close(wire);
        return rc;
    }

    if (link->conf->cluster) {
        return keygate_link_cluster(link, server, wire, key);
    }

    link->wire = wire;

    return KEYGATE_OK;
}


/* Right after a failover, Sentinels may name one that does not know it yet,
 * or not any more.  A user that may not ask is told by INFO, or by nothing. */

static keygate_rc_t
keygate_link_is_master(keygate_link_t *link)
{
    keygate_rc_t      rc;
    keygate_str_t     role;
    keygate_reply_t  *reply;

    rc = keygate_link_words(link, "ROLE", &reply);

    if (rc != KEYGATE_OK) {
        return rc;
    }

    role = keygate_reply_text(keygate_reply_at(reply, 0));

    if (keygate_reply_kind(reply) == KEYGATE_REPLY_ARRAY
        && !keygate_str_eq(role, KEYGATE_STR("master")))
    {
        rc = keygate_link_fail(link, KEYGATE_IO, "it is no master (yet, or "
                               "not any more)");
    }

    keygate_reply_free(reply);

    return rc;
}


/* Lets go of an engine that records may not be kept in. */

static keygate_rc_t
keygate_link_fit(keygate_link_t *link, keygate_engine_t *engine)
{
    const char    *why;
    keygate_rc_t   rc;

    if (engine == NULL) {
        return KEYGATE_OK;
    }

    rc = keygate_link_engine(link, engine);

    if (rc != KEYGATE_OK) {
        return rc;
    }

    why = engine->cluster && !link->conf->cluster
          ? "it is a node of a cluster: say \"cluster on\""
          : keygate_engine_unfit(engine);

    return why != NULL ? keygate_link_fail(link, KEYGATE_IO, why)
                       : KEYGATE_OK;
}


const char *
keygate_link_name(const keygate_link_t *link)
{
    return link->name;
}

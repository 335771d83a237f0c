/*
 * The nodes of a cluster that a link has met: each is connected when it is
 * needed first.
 */

#include <stdio.h>

#include "keygate_link_private.h"


static keygate_rc_t keygate_link_node_load(keygate_link_t *link,
    keygate_wire_t *wire);


keygate_rc_t
keygate_link_node_fail(keygate_link_t *link, unsigned node, keygate_rc_t rc,
    const char *what)
{
    char                  text[KEYGATE_LINK_ERROR];
    keygate_link_node_t  *n;

    n = &link->cluster->nodes[node];

    if (n->host[0] == '\0') {
        return keygate_link_fail(link, rc, what);
    }

    snprintf(text, sizeof(text), "node %.80s:%s: %.150s", n->host, n->port,
             what);

    return keygate_link_fail(link, rc, text);
}


static keygate_rc_t
keygate_link_node_load(keygate_link_t *link, keygate_wire_t *wire)
{
    keygate_rc_t      rc;
    keygate_str_t     args[3];
    keygate_reply_t  *reply;

    if (link->cluster->script == NULL) {
        return KEYGATE_OK;
    }

    args[0] = KEYGATE_STR("SCRIPT");
    args[1] = KEYGATE_STR("LOAD");
    args[2] = keygate_lua_text(*link->cluster->script);

    rc = keygate_wire_ask(wire, 3, args, &reply);
    keygate_reply_free(reply);

    return rc;
}


keygate_rc_t
keygate_link_node_open(keygate_link_t *link, unsigned node)
{
    char                    text[KEYGATE_LINK_ERROR];
    keygate_rc_t            rc;
    keygate_wire_t         *wire;
    keygate_link_node_t    *n;
    keygate_wire_server_t   server;

    n = &link->cluster->nodes[node];

    if (n->wire != NULL) {
        return KEYGATE_OK;
    }

    memset(&server, 0, sizeof(server));
    server.host = n->host;
    server.port = n->port;

    wire = keygate_wire_open(&server, &link->conf->wire, text);

    if (wire == NULL) {
        return keygate_link_node_fail(link, node, KEYGATE_IO, text);
    }

    n->wire = wire;

    rc = keygate_wire_greet(wire);
    rc = rc != KEYGATE_OK ? rc : keygate_link_node_load(link, wire);

    return rc == KEYGATE_OK
           ? rc : keygate_link_node_fail(link, node, rc,
                                         keygate_wire_error(wire));
}


keygate_rc_t
keygate_link_node_find(keygate_link_t *link, const char *host,
    const char *port, unsigned *node)
{
    unsigned                 i;
    keygate_link_cluster_t  *c;

    c = link->cluster;

    for (i = 0; i < c->n; i++) {
        if (strcmp(c->nodes[i].host, host) == 0
            && strcmp(c->nodes[i].port, port) == 0)
        {
            *node = i;
            return KEYGATE_OK;
        }
    }

    if (c->n == KEYGATE_LINK_NODES || host[0] == '\0') {
        return keygate_link_fail(link, KEYGATE_INVALID, host[0] == '\0'
                                 ? "a node of the cluster has no address"
                                 : "the cluster has named too many nodes");
    }

    memset(&c->nodes[i], 0, sizeof(keygate_link_node_t));
    snprintf(c->nodes[i].host, KEYGATE_SLOT_HOST, "%s", host);
    snprintf(c->nodes[i].port, KEYGATE_SLOT_PORT, "%s", port);

    c->n++;
    *node = i;

    return KEYGATE_OK;
}


keygate_rc_t
keygate_link_node_script(keygate_link_t *link, keygate_lua_e script)
{
    unsigned                 i;
    keygate_rc_t             rc;
    keygate_link_cluster_t  *c;

    c = link->cluster;
    c->loaded = script;
    c->script = &c->loaded;

    for (i = 0; i < c->n; i++) {

        if (i == c->home || c->nodes[i].wire == NULL) {
            continue;
        }

        rc = keygate_link_node_load(link, c->nodes[i].wire);

        if (rc != KEYGATE_OK) {
            return keygate_link_node_fail(link, i, rc,
                                   keygate_wire_error(c->nodes[i].wire));
        }
    }

    return KEYGATE_OK;
}

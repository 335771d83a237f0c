/*
 * A cluster: every command goes to the node that has its key, as far as that
 * is known, and where that node names another one, it is sent there.  Answers
 * are taken in the order in which the commands were given.
 *
 * A slot that moves to another node may have some keys here and some there.  A
 * script that needs both is refused until all have arrived, and changes
 * nothing; it is sent again for as long as an answer may take.
 *
 * What has no key (INFO, WAIT, TIME) is for the node that has answered last
 * for the key that the link was opened for.
 */

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include <openssl/crypto.h>

#include "keygate_link_private.h"


#define KEYGATE_LINK_HOPS   5
#define KEYGATE_LINK_PAUSE  20           /* ms */


static keygate_rc_t keygate_link_pending_send(keygate_link_t *link,
    keygate_link_pending_t *p, unsigned node, int asking);
static keygate_rc_t keygate_link_pending_read(keygate_link_t *link,
    unsigned node);
static keygate_rc_t keygate_link_pending_again(keygate_link_t *link,
    keygate_link_pending_t *p, keygate_slot_e kind, unsigned slot,
    const char *host, const char *port);
static void keygate_link_pending_free(keygate_link_pending_t *p);


keygate_rc_t
keygate_link_cluster(keygate_link_t *link,
    const keygate_wire_server_t *server, keygate_wire_t *wire,
    const char *key)
{
    keygate_rc_t             rc;
    keygate_str_t            args[3];
    keygate_reply_t         *reply;
    keygate_link_cluster_t  *c;

    c = calloc(1, sizeof(keygate_link_cluster_t));

    if (c == NULL) {
        keygate_wire_close(wire);
        return keygate_link_fail(link, KEYGATE_NOMEM, "out of memory");
    }

    c->n = 1;
    c->last = &c->first;
    c->slot = keygate_slot_of(keygate_span(key));
    c->nodes[0].wire = wire;

    if (server->path == NULL) {
        snprintf(c->nodes[0].host, KEYGATE_SLOT_HOST, "%s", server->host);
        snprintf(c->nodes[0].port, KEYGATE_SLOT_PORT, "%s", server->port);
    }

    link->cluster = c;

    args[0] = KEYGATE_STR("HMGET");
    args[1] = keygate_span(key);
    args[2] = KEYGATE_STR("epoch");

    reply = NULL;
    rc = keygate_link_cluster_send(link, 3, args);
    rc = rc != KEYGATE_OK ? rc : keygate_link_cluster_take(link, &reply);

    if (rc == KEYGATE_OK && keygate_reply_failed(reply, "CLUSTERDOWN")) {
        rc = keygate_link_fail(link, KEYGATE_IO, "the cluster is down");
    }

    keygate_reply_free(reply);

    return rc;
}


static void
keygate_link_pending_free(keygate_link_pending_t *p)
{
    keygate_reply_free(p->reply);

    if (p->text != NULL) {
        OPENSSL_cleanse(p->text, p->len);
    }

    free(p->text);
    free(p);
}


void
keygate_link_cluster_free(keygate_link_cluster_t *c)
{
    unsigned                 i;
    keygate_link_pending_t  *p, *next;

    if (c == NULL) {
        return;
    }

    for (i = 0; i < c->n; i++) {
        keygate_wire_close(c->nodes[i].wire);
    }

    for (p = c->first; p != NULL; p = next) {
        next = p->next;
        keygate_link_pending_free(p);
    }

    free(c);
}


keygate_rc_t
keygate_link_cluster_send(keygate_link_t *link, unsigned n,
    const keygate_str_t *args)
{
    keygate_link_cluster_t  *c;
    keygate_link_pending_t  *p;

    c = link->cluster;
    p = calloc(1, sizeof(keygate_link_pending_t));

    if (p != NULL) {
        p->text = keygate_resp_command(n, args, &p->len);
    }

    if (p == NULL || p->text == NULL) {
        free(p);
        return keygate_link_fail(link, KEYGATE_NOMEM, "out of memory");
    }

    p->slot = keygate_slot_command(n, args);

    *c->last = p;
    c->last = &p->next;

    return keygate_link_pending_send(link, p, p->slot == KEYGATE_SLOTS
                                     ? c->home : c->at[p->slot], 0);
}


static keygate_rc_t
keygate_link_pending_send(keygate_link_t *link, keygate_link_pending_t *p,
    unsigned node, int asking)
{
    keygate_rc_t          rc;
    keygate_link_node_t  *n;

    static const char  ask[] = "*1\r\n$6\r\nASKING\r\n";

    rc = keygate_link_node_open(link, node);

    if (rc != KEYGATE_OK) {
        return rc;
    }

    n = &link->cluster->nodes[node];

    if (asking) {
        n->asking = ++n->sent;
        rc = keygate_wire_send(n->wire, ask, sizeof(ask) - 1);
    }

    p->node = node;
    p->ticket = ++n->sent;

    rc = rc != KEYGATE_OK ? rc : keygate_wire_send(n->wire, p->text, p->len);

    return rc == KEYGATE_OK
           ? rc : keygate_link_node_fail(link, node, rc,
                                         keygate_wire_error(n->wire));
}


/* The next answer of a node, to the command that it is of. */

static keygate_rc_t
keygate_link_pending_read(keygate_link_t *link, unsigned node)
{
    keygate_rc_t             rc;
    keygate_reply_t         *reply;
    keygate_link_node_t     *n;
    keygate_link_pending_t  *p;

    n = &link->cluster->nodes[node];
    rc = keygate_wire_take(n->wire, link->patience, &reply);

    if (rc != KEYGATE_OK) {
        return keygate_link_node_fail(link, node, rc,
                                      keygate_wire_error(n->wire));
    }

    n->got++;

    for (p = link->cluster->first; p != NULL; p = p->next) {
        if (p->node == node && p->ticket == n->got && p->reply == NULL) {
            p->reply = reply;
            return KEYGATE_OK;
        }
    }

    keygate_reply_free(reply);

    return n->got == n->asking
           ? KEYGATE_OK
           : keygate_link_node_fail(link, node, KEYGATE_INVALID,
                                    "it answers what it was not asked");
}


static keygate_rc_t
keygate_link_pending_again(keygate_link_t *link, keygate_link_pending_t *p,
    keygate_slot_e kind, unsigned slot, const char *host, const char *port)
{
    unsigned                 node;
    keygate_rc_t             rc;
    keygate_link_cluster_t  *c;

    c = link->cluster;

    if (kind == KEYGATE_SLOT_AGAIN) {
        (void) poll(NULL, 0, KEYGATE_LINK_PAUSE);

        p->hops = 0;
        return keygate_link_pending_send(link, p, c->at[p->slot], 0);
    }

    if (++p->hops > KEYGATE_LINK_HOPS || slot != p->slot) {
        return keygate_link_fail(link, KEYGATE_INVALID, "the nodes of the "
                                 "cluster do not agree who has a key");
    }

    rc = keygate_link_node_find(link, host[0] != '\0'
                                ? host : c->nodes[p->node].host, port, &node);
    if (rc != KEYGATE_OK) {
        return rc;
    }

    if (kind == KEYGATE_SLOT_MOVED) {
        c->at[slot] = (unsigned char) node;
    }

    return keygate_link_pending_send(link, p, node,
                                     kind == KEYGATE_SLOT_ASK);
}


keygate_rc_t
keygate_link_cluster_take(keygate_link_t *link, keygate_reply_t **reply)
{
    char                     host[KEYGATE_SLOT_HOST], port[KEYGATE_SLOT_PORT];
    unsigned                 slot, left;
    keygate_rc_t             rc;
    keygate_str_t            said;
    keygate_slot_e           kind;
    keygate_link_cluster_t  *c;
    keygate_link_pending_t  *p;

    c = link->cluster;
    p = c->first;

    if (p == NULL) {
        return keygate_link_fail(link, KEYGATE_INVALID, "nothing was asked");
    }

    for (left = link->conf->wire.timeout / KEYGATE_LINK_PAUSE; /* void */ ; ) {

        while (p->reply == NULL) {
            rc = keygate_link_pending_read(link, p->node);

            if (rc != KEYGATE_OK) {
                return rc;
            }
        }

        if (keygate_reply_kind(p->reply) != KEYGATE_REPLY_ERROR
            || p->slot == KEYGATE_SLOTS)
        {
            break;
        }

        said = keygate_reply_text(p->reply);
        kind = keygate_slot_parse(said, &slot, host, port);

        if (kind == KEYGATE_SLOT_HERE
            || (kind == KEYGATE_SLOT_AGAIN && left-- == 0))
        {
            break;
        }

        keygate_reply_free(p->reply);
        p->reply = NULL;

        rc = keygate_link_pending_again(link, p, kind, slot, host, port);

        if (rc != KEYGATE_OK) {
            return rc;
        }
    }

    if (p->slot == c->slot) {
        c->home = p->node;
    }

    c->first = p->next;

    if (c->first == NULL) {
        c->last = &c->first;
    }

    *reply = p->reply;
    p->reply = NULL;
    keygate_link_pending_free(p);

    return KEYGATE_OK;
}

/*
 * Between the files of a link.
 */

#ifndef KEYGATE_LINK_PRIVATE_H
#define KEYGATE_LINK_PRIVATE_H

#include "keygate_link.h"
#include "keygate_slot.h"


#define KEYGATE_LINK_NODES  64           /* of a cluster that a link is to */


/* A node of a cluster; the first one is where the link began. */

typedef struct {
    keygate_wire_t  *wire;               /* NULL: not connected */
    char             host[KEYGATE_SLOT_HOST];    /* "": of a unix socket */
    char             port[KEYGATE_SLOT_PORT];
    unsigned         sent;               /* commands, and */
    unsigned         got;                /* answers to them */
    unsigned         asking;             /* which of them was "ASKING" */
} keygate_link_node_t;


/* A command whose answer has not been taken yet. */

typedef struct keygate_link_pending_s  keygate_link_pending_t;

struct keygate_link_pending_s {
    keygate_link_pending_t  *next;
    char                    *text;
    size_t                   len;
    keygate_reply_t         *reply;      /* NULL: not there yet */
    unsigned                 slot;       /* KEYGATE_SLOTS: none */
    unsigned                 node;
    unsigned                 ticket;     /* of what was sent to that node */
    unsigned                 hops;
};


typedef struct {
    keygate_link_node_t      nodes[KEYGATE_LINK_NODES];
    unsigned                 n;
    unsigned                 home;       /* where what has no slot goes */
    unsigned                 slot;       /* which is where this one is */
    unsigned char            at[KEYGATE_SLOTS];  /* which node has it */
    keygate_link_pending_t  *first;
    keygate_link_pending_t **last;
    const keygate_lua_e     *script;     /* that every node is to know */
    keygate_lua_e            loaded;
} keygate_link_cluster_t;


struct keygate_link_s {
    const keygate_link_conf_t  *conf;
    keygate_wire_t             *wire;    /* NULL in a cluster */
    keygate_link_cluster_t     *cluster; /* NULL: none */
    unsigned                    patience;        /* ms */
    unsigned                    failed:1;
    char                        host[KEYGATE_SLOT_HOST]; /* that Sentinels */
    char                        port[KEYGATE_SLOT_PORT]; /* have named */
    char                        name[KEYGATE_LINK_NAME]; /* both */
    char                        error[KEYGATE_LINK_ERROR];
};


/* -- keygate_link_error.c */

/* Keeps the reason; returns "rc". */
keygate_rc_t keygate_link_fail(keygate_link_t *link, keygate_rc_t rc,
    const char *what);


/* -- keygate_link_sentinel.c */

/* Where one Sentinel says that the master is; KEYGATE_OK, or why not. */
keygate_rc_t keygate_link_master(const keygate_link_conf_t *conf,
    const keygate_wire_server_t *sentinel, char host[KEYGATE_SLOT_HOST],
    char port[KEYGATE_SLOT_PORT], char error[KEYGATE_LINK_ERROR]);


/* -- keygate_link_cluster.c */

/* A cluster that begins with a node that is connected; it takes the wire.
 * Then it finds out who has "key". */
keygate_rc_t keygate_link_cluster(keygate_link_t *link,
    const keygate_wire_server_t *server, keygate_wire_t *wire,
    const char *key);
void keygate_link_cluster_free(keygate_link_cluster_t *cluster);
keygate_rc_t keygate_link_cluster_send(keygate_link_t *link, unsigned n,
    const keygate_str_t *args);
keygate_rc_t keygate_link_cluster_take(keygate_link_t *link,
    keygate_reply_t **reply);


/* -- keygate_link_node.c */

keygate_rc_t keygate_link_node_fail(keygate_link_t *link, unsigned node,
    keygate_rc_t rc, const char *what);
keygate_rc_t keygate_link_node_open(keygate_link_t *link, unsigned node);
/* The one with that address, which may be a new one. */
keygate_rc_t keygate_link_node_find(keygate_link_t *link, const char *host,
    const char *port, unsigned *node);
/* All nodes know the script, but for the one that is asked next. */
keygate_rc_t keygate_link_node_script(keygate_link_t *link,
    keygate_lua_e script);


#endif /* KEYGATE_LINK_PRIVATE_H */

/*
 * What a cluster of engines needs of its clients: in which of its slots a key
 * is, which key a command is about, and what the answers mean that name
 * another node.  No socket is here.
 */

#ifndef KEYGATE_SLOT_H
#define KEYGATE_SLOT_H

#include "keygate_core.h"


#define KEYGATE_SLOTS      16384
#define KEYGATE_SLOT_HOST  256           /* of the name of a host, with NUL */
#define KEYGATE_SLOT_PORT  6             /* of a port, likewise */


typedef enum {
    KEYGATE_SLOT_HERE = 0,               /* it names no other node */
    KEYGATE_SLOT_MOVED,                  /* the slot is another node's */
    KEYGATE_SLOT_ASK,                    /* this key is, while its slot moves */
    KEYGATE_SLOT_AGAIN                   /* some keys are here, some there */
} keygate_slot_e;


/* The slot of a key: of what is between its first "{" and the next "}", if
 * there is anything, else of the whole. */
unsigned keygate_slot_of(keygate_str_t key);

/* Which slot a command is about, or KEYGATE_SLOTS if it has no key. */
unsigned keygate_slot_command(unsigned n, const keygate_str_t *args);

/* What an error means ("MOVED 3999 127.0.0.1:6381").  "host" is empty where
 * the node that says so is meant.  KEYGATE_SLOT_HERE also for what is not
 * well-formed. */
keygate_slot_e keygate_slot_parse(keygate_str_t error, unsigned *slot,
    char host[KEYGATE_SLOT_HOST], char port[KEYGATE_SLOT_PORT]);

/* A port as it is written: 1 to 65535, without leading zeros. */
int keygate_slot_is_port(keygate_str_t port);


#endif /* KEYGATE_SLOT_H */

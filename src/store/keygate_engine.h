/*
 * What an engine is, by what it says of itself: whether records may be kept
 * there, and how a change is made durable.  No socket is here; who asks it is
 * keygate_link_engine.c.
 *
 *   ack                  asks                 loses an answered change when
 *   engine               nothing more         the engine says that it may
 *   replicas=N           WAIT N               N + 1 machines lose power
 *   fsync                WAITAOF 1 0, or an engine that syncs each change
 *                                             its disk dies
 *   fsync replicas=N     WAITAOF 1 N          N + 1 disks die
 *   auto                 the first that it has of fsync, replicas, engine
 */

#ifndef KEYGATE_ENGINE_H
#define KEYGATE_ENGINE_H

#include "keygate_core.h"


#define KEYGATE_ENGINE_POLICY   32       /* bytes of a policy, NUL included */
#define KEYGATE_ENGINE_DURABLE  32       /* of "fsync replicas=N" */
#define KEYGATE_ENGINE_COPIES   1000     /* replicas, at most */


typedef struct {
    char      policy[KEYGATE_ENGINE_POLICY]; /* of maxmemory; "": unknown */
    unsigned  replicas;                  /* that are connected */
    unsigned  replica:1;                 /* it is one itself */
    unsigned  cluster:1;                 /* it is a node of one */
    unsigned  aof:1;                     /* it has a file of its own */
    unsigned  always:1;                  /* which is synced before answers */
    unsigned  waitaof:1;                 /* it can be waited for */
} keygate_engine_t;


typedef enum {
    KEYGATE_ACK_AUTO = 0,
    KEYGATE_ACK_ENGINE,
    KEYGATE_ACK_REPLICAS,
    KEYGATE_ACK_FSYNC
} keygate_ack_e;


typedef struct {
    keygate_ack_e  how;
    unsigned       replicas;
} keygate_ack_t;


/* Takes what an answer to INFO tells; what is not in it stays. */
void keygate_engine_info(keygate_engine_t *engine, keygate_str_t info);

/* Why no records may be kept there, and what to do; or NULL. */
const char *keygate_engine_unfit(const keygate_engine_t *engine);

/* Why an engine cannot acknowledge so, and what to do; or NULL. */
const char *keygate_engine_lacks(const keygate_engine_t *engine,
    const keygate_ack_t *ack);

/*
 * The command that waits until a change is as durable as is asked for, for at
 * most "ms" (a command of words, in "words"); 0 when there is none to be sent.
 */
int keygate_engine_wait(const keygate_engine_t *engine,
    const keygate_ack_t *ack, unsigned ms, char words[64]);

/*
 * What a change is then: "local" and "copies" are what the answer said, that
 * is files and replicas that have it; 0 each where nothing was sent or what
 * came was no such answer.
 */
void keygate_engine_durable(const keygate_engine_t *engine,
    const keygate_ack_t *ack, unsigned local, unsigned copies,
    char text[KEYGATE_ENGINE_DURABLE]);


#endif /* KEYGATE_ENGINE_H */

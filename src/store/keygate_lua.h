/*
 * The scripts that run in the engine (src/store/lua/NAME.lua, where keys,
 * arguments and answers of each are told).  A record is changed by nothing
 * else.
 *
 * What lies in the engine, with PREFIX and ZONE, for which "kg" and "keys" are
 * the defaults:
 *
 *   PREFIX:{ZONE}:meta       hash: format, epoch, seq, chain, digest, pepper;
 *                            while a push fills it, "filling" and no epoch
 *   PREFIX:{ZONE}:rec:00     hashes, to rec:ff: "key:ID" or "account:ID" to
 *                            "VERSION LINE"; which of them, tells
 *                            keygate_lua_bucket()
 *   PREFIX:{ZONE}:log        stream: SEQ-0, "c" chain, "l" line
 *   PREFIX:{ZONE}:acks       sorted set: node, the seq that it has applied
 *   PREFIX:{ZONE}:nodes      hash: node to "TIME BOOT SEQ WORD STATUS", the
 *                            time in ms, the word as beat has answered it
 *
 * The chain of change n is hex(SHA-1(chain of n - 1, " ", n, " ", line)), that
 * of 0 is the epoch.  A line is one of the journal, without its LF; one that
 * deletes a record stays in its place.
 */

#ifndef KEYGATE_LUA_H
#define KEYGATE_LUA_H

#include "keygate_core.h"


#define KEYGATE_LUA_BUCKETS  256
#define KEYGATE_LUA_SHA      40     /* hex digits of a chain, of a script */


typedef enum {
    KEYGATE_LUA_BEAT = 0,
    KEYGATE_LUA_MERGE,
    KEYGATE_LUA_WRITE,
    KEYGATE_LUA_N
} keygate_lua_e;


/* The text of a script, NUL-terminated. */
keygate_str_t keygate_lua_text(keygate_lua_e script);

/* The SHA-1 of a script, for EVALSHA: 40 hex digits and a NUL.  KEYGATE_OK, or
 * KEYGATE_NOMEM. */
keygate_rc_t keygate_lua_sha(keygate_lua_e script,
    char sha[KEYGATE_LUA_SHA + 1]);

/* The bucket of a field: the low byte of its CRC-32 (as of zip and PNG). */
unsigned keygate_lua_bucket(keygate_str_t field);

/*
 * The chain after a change, from the chain before it: "chain" is both, hex
 * and a NUL; the first one is an epoch, of up to 40 characters.  KEYGATE_OK,
 * or KEYGATE_NOMEM or KEYGATE_INVALID, and it is as it was.
 */
keygate_rc_t keygate_lua_chain(char chain[KEYGATE_LUA_SHA + 1], uint64_t seq,
    keygate_str_t line);


#endif /* KEYGATE_LUA_H */

/*
 * The scripts that run in the engine (src/store/lua/NAME.lua, where keys,
 * arguments and answers of each are told).  A record is changed by nothing
 * else.
 *
 * What lies in the engine: keygate_store.h; while a push fills it, "meta" has
 * a member "filling" and no epoch.  The chain: keygate_place.h.  A line is one
 * of the journal, without its LF; one that deletes a record stays in its
 * place.
 */

#ifndef KEYGATE_LUA_H
#define KEYGATE_LUA_H

#include "keygate_core.h"


#define KEYGATE_LUA_SHA  40              /* hex digits */


typedef enum {
    KEYGATE_LUA_BEAT = 0,
    KEYGATE_LUA_LEASE,
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


#endif /* KEYGATE_LUA_H */

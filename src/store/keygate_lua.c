/*
 * The engine's scripts and their digests.
 */

#include <openssl/evp.h>

#include "keygate_lua.h"
#include "keygate_lua_texts.h"           /* made by tools/lua */


keygate_str_t
keygate_lua_text(keygate_lua_e script)
{
    switch (script) {

    case KEYGATE_LUA_BEAT:
        return KEYGATE_STR(keygate_lua_beat);

    case KEYGATE_LUA_LEASE:
        return KEYGATE_STR(keygate_lua_lease);

    case KEYGATE_LUA_MERGE:
        return KEYGATE_STR(keygate_lua_merge);

    default:
        return KEYGATE_STR(keygate_lua_write);
    }
}


keygate_rc_t
keygate_lua_sha(keygate_lua_e script, char sha[KEYGATE_LUA_SHA + 1])
{
    unsigned        len;
    keygate_str_t   text;
    unsigned char   md[EVP_MAX_MD_SIZE];

    text = keygate_lua_text(script);

    if (EVP_Digest(text.data, text.len, md, &len, EVP_sha1(), NULL) != 1) {
        return KEYGATE_NOMEM;
    }

    keygate_hex_text(md, KEYGATE_LUA_SHA / 2, sha);

    return KEYGATE_OK;
}

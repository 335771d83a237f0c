/*
 * What C reckons as the engine's scripts do.
 */

#include "keygate_lua.h"
#include "keygate_place.h"
#include "keygate_store.h"
#include "tap.h"


int
main(void)
{
    char             sha[KEYGATE_LUA_SHA + 1];
    keygate_place_t  place;

    /* CRC-32 of "123456789" is cbf43926; of "" it is 0 */

    ok(keygate_store_bucket(KEYGATE_STR("123456789")) == 0x26, "a bucket");
    ok(keygate_store_bucket(KEYGATE_STR("")) == 0, "of nothing");

    memset(&place, 0, sizeof(place));
    strcpy(place.chain, "E");
    ok(keygate_place_next(&place, KEYGATE_STR("{\"account\":{\"id\":\"a\"}}"))
       == KEYGATE_OK, "a change");
    ok(strcmp(place.chain, "0afbf020f1c0f5c9ba43c48c7f9496a8ab88818b") == 0,
       "printf 'E 1 {\"account\":{\"id\":\"a\"}}' | sha1sum");

    ok(keygate_lua_sha(KEYGATE_LUA_WRITE, sha) == KEYGATE_OK
       && strlen(sha) == KEYGATE_LUA_SHA, "a script's digest");
    ok(strstr((const char *) keygate_lua_text(KEYGATE_LUA_BEAT).data, "--")
       == NULL, "its text has no comments");

    return tap_done();
}

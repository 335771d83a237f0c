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
    char             sha[KEYGATE_LUA_SHA + 1], line[KEYGATE_MARK_MAX];
    int64_t          wall;
    uint64_t         seq;
    keygate_str_t    text;
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

    ok(keygate_place_number(4711, line) == 20
       && strcmp(line, "{\"at\":{\"seq\":4711}}\n") == 0, "a number");
    ok(keygate_place_seq(KEYGATE_STR("{\"at\":{\"seq\":4711}}"), &seq)
       == KEYGATE_OK && seq == 4711, "is read back");

    memcpy(place.epoch, "5f0c", 5);
    place.seq = 12;
    text.len = keygate_place_line(&place, 0, line) - 1;
    text.data = (unsigned char *) line;
    ok(keygate_place_seq(text, &seq) == KEYGATE_OK && seq == 12, "a mark has "
       "one");
    ok(keygate_place_parse(KEYGATE_STR("{\"at\":{\"seq\":1}}"), &place, &wall)
       != KEYGATE_OK, "a number is no mark");
    ok(keygate_place_seq(KEYGATE_STR("{\"at\":{\"seq\":}}"), &seq)
       == KEYGATE_NONE
       && keygate_place_seq(KEYGATE_STR("{\"at\":{\"seq\":1}} "), &seq)
       == KEYGATE_NONE
       && keygate_place_seq(KEYGATE_STR("{\"at\":{\"seq\":-1}}"), &seq)
       == KEYGATE_NONE
       && keygate_place_seq(KEYGATE_STR("{\"key\":{\"id\":\"a\"}}"), &seq)
       == KEYGATE_NONE
       && keygate_place_seq(KEYGATE_STR(""), &seq) == KEYGATE_NONE,
       "what is none");

    ok(keygate_lua_sha(KEYGATE_LUA_WRITE, sha) == KEYGATE_OK
       && strlen(sha) == KEYGATE_LUA_SHA, "a script's digest");
    ok(strstr((const char *) keygate_lua_text(KEYGATE_LUA_BEAT).data, "--")
       == NULL, "its text has no comments");

    return tap_done();
}

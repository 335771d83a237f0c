/*
 * The engine's scripts, their digests, and what C has to reckon as they do:
 * the chain of changes and the bucket of a record.
 */

#include <openssl/evp.h>

#include "keygate_lua.h"
#include "keygate_lua_texts.h"           /* made by tools/lua */


#define KEYGATE_CRC_POLYNOMIAL  0xedb88320u


static int
keygate_lua_hex(EVP_MD_CTX *ctx, char *hex)
{
    unsigned       i, len;
    unsigned char  digest[EVP_MAX_MD_SIZE];

    if (EVP_DigestFinal_ex(ctx, digest, &len) != 1
        || 2 * len != KEYGATE_LUA_SHA)
    {
        return 0;
    }

    for (i = 0; i < len; i++) {
        hex[2 * i] = "0123456789abcdef"[digest[i] >> 4];
        hex[2 * i + 1] = "0123456789abcdef"[digest[i] & 0xf];
    }

    hex[KEYGATE_LUA_SHA] = '\0';

    return 1;
}


static keygate_rc_t
keygate_lua_sha1(keygate_str_t head, keygate_str_t tail, char *hex)
{
    int          ok;
    EVP_MD_CTX  *ctx;

    ctx = EVP_MD_CTX_new();

    ok = ctx != NULL
         && EVP_DigestInit_ex(ctx, EVP_sha1(), NULL) == 1
         && EVP_DigestUpdate(ctx, head.data, head.len) == 1
         && EVP_DigestUpdate(ctx, tail.data, tail.len) == 1
         && keygate_lua_hex(ctx, hex);

    EVP_MD_CTX_free(ctx);

    return ok ? KEYGATE_OK : KEYGATE_NOMEM;
}


keygate_str_t
keygate_lua_text(keygate_lua_e script)
{
    switch (script) {

    case KEYGATE_LUA_BEAT:
        return KEYGATE_STR(keygate_lua_beat);

    case KEYGATE_LUA_MERGE:
        return KEYGATE_STR(keygate_lua_merge);

    default:
        return KEYGATE_STR(keygate_lua_write);
    }
}


keygate_rc_t
keygate_lua_sha(keygate_lua_e script, char sha[KEYGATE_LUA_SHA + 1])
{
    return keygate_lua_sha1(keygate_lua_text(script), KEYGATE_STR(""), sha);
}


unsigned
keygate_lua_bucket(keygate_str_t field)
{
    size_t    i;
    uint32_t  crc;
    unsigned  bit;

    crc = 0xffffffffu;

    for (i = 0; i < field.len; i++) {
        crc ^= field.data[i];

        for (bit = 0; bit < 8; bit++) {
            crc = crc >> 1 ^ (crc & 1 ? KEYGATE_CRC_POLYNOMIAL : 0);
        }
    }

    return (crc ^ 0xffffffffu) & (KEYGATE_LUA_BUCKETS - 1);
}


keygate_rc_t
keygate_lua_chain(char chain[KEYGATE_LUA_SHA + 1], uint64_t seq,
    keygate_str_t line)
{
    char           text[KEYGATE_LUA_SHA + 24];
    keygate_buf_t  head;

    head.data = (unsigned char *) text;
    head.size = sizeof(text);
    head.len = 0;

    keygate_buf_puts(&head, chain);
    keygate_buf_puts(&head, " ");
    keygate_buf_num(&head, (int64_t) seq);
    keygate_buf_puts(&head, " ");

    if (head.len > head.size) {
        return KEYGATE_INVALID;
    }

    return keygate_lua_sha1((keygate_str_t) { head.len, head.data }, line,
                            chain);
}

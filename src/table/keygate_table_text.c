/*
 * Readers of what a record has to say beyond a decision: an account's name and
 * profile, a key's meta.  They take no lock, as those in keygate_table_find.c.
 */

#include "keygate_table_private.h"


static int keygate_copy_text(const keygate_table_t *t, uint32_t account,
    keygate_buf_t *name, keygate_buf_t *profile);
static int keygate_copy_meta(const keygate_table_t *t, uint32_t key,
    keygate_str_t name, keygate_buf_t *value);
static void keygate_copy_bytes(const keygate_table_t *t, uint64_t from,
    size_t len, keygate_buf_t *out);


keygate_rc_t
keygate_table_profile(const keygate_table_t *t, keygate_str_t account,
    keygate_buf_t *name, keygate_buf_t *profile)
{
    int       found;
    size_t    name_len, profile_len;
    uint32_t  at;
    uint64_t  seen, hash;
    unsigned  tries;

    if (account.len == 0 || account.len > KEYGATE_ID_MAX) {
        return KEYGATE_NONE;
    }

    hash = keygate_table_hash(t, account);
    name_len = name->len;
    profile_len = profile->len;

    for (tries = 0; tries < KEYGATE_READER_TRIES; tries++) {
        seen = keygate_table_enter(t);
        at = keygate_index_id(t, KEYGATE_ACCOUNT, hash, account, seen);
        found = at != 0 && keygate_copy_text(t, at, name, profile);

        if (keygate_table_whole(t, seen)) {
            return found ? KEYGATE_OK : KEYGATE_NONE;
        }

        name->len = name_len;
        profile->len = profile_len;
    }

    return KEYGATE_AGAIN;
}


keygate_rc_t
keygate_table_meta(const keygate_table_t *t, keygate_str_t id,
    keygate_str_t name, keygate_buf_t *value)
{
    int       found;
    size_t    len;
    uint32_t  at;
    uint64_t  seen, hash;
    unsigned  tries;

    if (id.len == 0 || id.len > KEYGATE_ID_MAX) {
        return KEYGATE_NONE;
    }

    hash = keygate_table_hash(t, id);
    len = value->len;

    for (tries = 0; tries < KEYGATE_READER_TRIES; tries++) {
        seen = keygate_table_enter(t);
        at = keygate_index_id(t, KEYGATE_KEY, hash, id, seen);
        found = at != 0 && keygate_copy_meta(t, at, name, value);

        if (keygate_table_whole(t, seen)) {
            return found ? KEYGATE_OK : KEYGATE_NONE;
        }

        value->len = len;
    }

    return KEYGATE_AGAIN;
}


static int
keygate_copy_meta(const keygate_table_t *t, uint32_t key, keygate_str_t name,
    keygate_buf_t *value)
{
    size_t           len;
    uint32_t         body;
    uint64_t         words[KEYGATE_KEY_WORDS];
    unsigned         n;
    keygate_str_t    found;
    keygate_buf_t    copy;
    unsigned char    meta[KEYGATE_META_MAX * (2 + KEYGATE_NAME_MAX + 255)];
    keygate_parts_t  parts;

    memset(words, 0, sizeof(words));

    body = keygate_load(&keygate_node(t, key)->body);
    n = body == 0 ? 0 : keygate_body_copy(t, body, words, KEYGATE_KEY_WORDS);

    if (!keygate_body_parts(words, n, &parts) || parts.meta == 0) {
        return 0;
    }

    len = (size_t) words[parts.meta];

    if (len > sizeof(meta) || parts.end * 8 + len > (words[0] & 0xffff) * 8) {
        return 0;
    }

    copy.data = meta;
    copy.size = sizeof(meta);
    copy.len = 0;
    keygate_copy_bytes(t, ((uint64_t) body + parts.end) * 8, len, &copy);

    if (keygate_meta_find(meta, len, name, &found) != KEYGATE_OK) {
        return 0;
    }

    keygate_buf_put(value, found);

    return 1;
}


static int
keygate_copy_text(const keygate_table_t *t, uint32_t account,
    keygate_buf_t *name, keygate_buf_t *profile)
{
    size_t    name_len, profile_len;
    uint32_t  body;
    uint64_t  words[KEYGATE_ACCOUNT_WORDS], from, have;
    unsigned  flags;

    body = keygate_load(&keygate_node(t, account)->body);

    if (body == 0
        || keygate_body_copy(t, body, words, KEYGATE_ACCOUNT_WORDS) == 0)
    {
        return 0;
    }

    flags = keygate_account_flags(words);
    name_len = (size_t) (words[0] >> 32 & 0x3ffff);
    profile_len = (size_t) (uint32_t) words[1];
    from = keygate_body_rest(words) + (flags & KEYGATE_HAS_TRIAL ? 1 : 0);
    have = (words[0] & 0xffff) * 8;

    if (!(flags & KEYGATE_IS_KNOWN)
        || from * 8 + name_len + profile_len > have)
    {
        return 0;
    }

    from = ((uint64_t) body + from) * 8;
    keygate_copy_bytes(t, from, name_len, name);
    keygate_copy_bytes(t, from + name_len, profile_len, profile);

    return 1;
}


static void
keygate_copy_bytes(const keygate_table_t *t, uint64_t from, size_t len,
    keygate_buf_t *out)
{
    size_t                i, n;
    unsigned char         bytes[256];
    keygate_str_t         piece;
    const unsigned char  *p;

    p = (const unsigned char *) t + from;
    piece.data = bytes;

    while (len != 0) {
        n = len < sizeof(bytes) ? len : sizeof(bytes);

        for (i = 0; i < n; i++) {
            bytes[i] = keygate_peek(p + i);
        }

        piece.len = n;
        keygate_buf_put(out, piece);

        p += n;
        len -= n;
    }
}

/*
 * Records for tests of the table: every part of them follows from the key's
 * number and a version.
 */

#ifndef KEYGATE_TABLE_KEYS_H
#define KEYGATE_TABLE_KEYS_H

#include <stdio.h>
#include <string.h>

#include "keygate_table.h"


#define WALL  1800000000


static void
make_digest(unsigned char *digest, unsigned key, unsigned version)
{
    unsigned  i;
    uint64_t  x;

    x = ((uint64_t) key << 32 | version) + 1;

    for (i = 0; i < KEYGATE_DIGEST_LEN; i++) {
        x = (x ^ x >> 29) * 0xbf58476d1ce4e5b9ull + i;
        digest[i] = (unsigned char) (x >> 56);
    }
}


static keygate_str_t
str(const char *s)
{
    keygate_str_t  v;

    v.len = strlen(s);
    v.data = (const unsigned char *) s;

    return v;
}


static const char  *scope_names[] = { "a:read", "a:write", "b:read", "c",
                                      "d:all", "e:read", "f", "g" };


/* The scopes of make_key(), as those of an API. */

static void
make_names(keygate_table_t *t)
{
    unsigned  i;

    for (i = 0; i < 8; i++) {
        (void) keygate_table_intern_scope(t, str(scope_names[i]));
    }
}


/* A record whose every part follows from the key's number and version. */

static void
make_key(keygate_record_t *r, unsigned key, unsigned version, unsigned account)
{
    unsigned               i;
    static char            id[65], account_id[65];
    static keygate_str_t   scopes[8];
    static keygate_cidr_t  cidrs[KEYGATE_ADDRESSES_MAX];

    memset(r, 0, sizeof(keygate_record_t));
    sprintf(id, "ck_live_K%05u%.*s", key, (int) (key % 7),
            "................");
    sprintf(account_id, "biz_%u", account);

    r->kind = KEYGATE_KEY;
    r->id = str(id);
    r->account = str(account_id);
    r->has_digest = 1;
    make_digest(r->digest, key, version);

    for (i = 0; i < version % 8; i++) {
        scopes[i] = str(scope_names[i]);
    }

    r->scopes = scopes;
    r->n_scopes = version % 8;
    r->expires_at = version % 3 ? KEYGATE_NEVER : WALL + version;
    r->suspended_at = KEYGATE_NEVER;
    r->revoked_at = version % 5 ? KEYGATE_NEVER : WALL - (int64_t) version;
    r->limits[version % KEYGATE_UNITS] = version % 4 ? 0 : version + 1;
    r->n_addresses = version % 11 == 0 ? version % 33 : 0;
    memset(cidrs, (int) version & 0xff, sizeof(cidrs));
    r->addresses = cidrs;
}


/* "addresses": what was found beside it; NULL: nothing was asked for. */

__attribute__((unused))
static int
same_key(const keygate_key_t *k, const keygate_cidr_t *addresses, unsigned key,
    unsigned version, unsigned account)
{
    unsigned          i;
    keygate_record_t  r;

    make_key(&r, key, version, account);

    for (i = 0; addresses != NULL && i < r.n_addresses; i++) {
        if (memcmp(addresses[i].address, r.addresses[i].address, 16) != 0
            || addresses[i].bits != r.addresses[i].bits)
        {
            return 0;
        }
    }

    return k->id_len == r.id.len && memcmp(k->id, r.id.data, r.id.len) == 0
           && k->account_len == r.account.len
           && memcmp(k->account, r.account.data, r.account.len) == 0
           && k->expires_at == r.expires_at && k->revoked_at == r.revoked_at
           && memcmp(k->limits, r.limits, sizeof(r.limits)) == 0
           && k->n_addresses == r.n_addresses
           && __builtin_popcountll(k->scopes.w[0]) == (int) r.n_scopes;
}


#endif /* KEYGATE_TABLE_KEYS_H */

/*
 * Digests of whole credentials, and their hex form.
 *
 * Without a pepper, SHA-256 by the functions that OpenSSL 3 calls deprecated:
 * EVP allocates, looks for engines and walks through its providers for each
 * digest, which costs twice what the digest does.  With one, HMAC by EVP, its
 * objects fetched once: a fetch takes locks and looks names up.
 */

#define OPENSSL_SUPPRESS_DEPRECATED

#include <stdlib.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/sha.h>

#include "keygate_digest.h"


#define KEYGATE_PEPPER_MIN  32


struct keygate_digester_s {
    EVP_MAC_CTX  *mac;                   /* NULL: there is no pepper */
};


static EVP_MAC_CTX *keygate_digester_mac(keygate_str_t pepper);
static int keygate_digest_keyed(EVP_MAC_CTX *ctx, keygate_str_t s,
    unsigned char *digest);


static EVP_MAC_CTX *
keygate_digester_mac(keygate_str_t pepper)
{
    char          name[] = "SHA256";
    EVP_MAC      *mac;
    OSSL_PARAM    params[2];
    EVP_MAC_CTX  *ctx;

    mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    if (mac == NULL) {
        return NULL;
    }

    params[0] = OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name,
                                                 0);
    params[1] = OSSL_PARAM_construct_end();

    ctx = EVP_MAC_CTX_new(mac);

    if (ctx != NULL
        && EVP_MAC_init(ctx, pepper.data, pepper.len, params) != 1)
    {
        EVP_MAC_CTX_free(ctx);
        ctx = NULL;
    }

    EVP_MAC_free(mac);

    return ctx;
}


keygate_digester_t *
keygate_digester_create(keygate_str_t pepper)
{
    keygate_digester_t  *d;

    if (pepper.len != 0 && pepper.len < KEYGATE_PEPPER_MIN) {
        return NULL;
    }

    d = calloc(1, sizeof(keygate_digester_t));
    if (d == NULL) {
        return NULL;
    }

    if (pepper.len != 0) {
        d->mac = keygate_digester_mac(pepper);

        if (d->mac == NULL) {
            free(d);
            return NULL;
        }
    }

    return d;
}


void
keygate_digester_destroy(keygate_digester_t *d)
{
    if (d == NULL) {
        return;
    }

    EVP_MAC_CTX_free(d->mac);
    free(d);
}


keygate_rc_t
keygate_digest_plain(keygate_str_t s, unsigned char digest[KEYGATE_DIGEST_LEN])
{
    SHA256_CTX  ctx;

    if (SHA256_Init(&ctx) == 1
        && SHA256_Update(&ctx, s.data, s.len) == 1
        && SHA256_Final(digest, &ctx) == 1)
    {
        return KEYGATE_OK;
    }

    OPENSSL_cleanse(digest, KEYGATE_DIGEST_LEN);

    return KEYGATE_NOMEM;
}


static int
keygate_digest_keyed(EVP_MAC_CTX *ctx, keygate_str_t s, unsigned char *digest)
{
    size_t  n;

    /* without a key the one from creation is used again */

    return EVP_MAC_init(ctx, NULL, 0, NULL) == 1
           && EVP_MAC_update(ctx, s.data, s.len) == 1
           && EVP_MAC_final(ctx, digest, &n, KEYGATE_DIGEST_LEN) == 1
           && n == KEYGATE_DIGEST_LEN;
}


keygate_rc_t
keygate_digest(keygate_digester_t *d, keygate_str_t credential,
    unsigned char digest[KEYGATE_DIGEST_LEN])
{
    if (d->mac == NULL) {
        return keygate_digest_plain(credential, digest);
    }

    if (!keygate_digest_keyed(d->mac, credential, digest)) {
        OPENSSL_cleanse(digest, KEYGATE_DIGEST_LEN);
        return KEYGATE_NOMEM;
    }

    return KEYGATE_OK;
}


void
keygate_digest_hex(const unsigned char digest[KEYGATE_DIGEST_LEN],
    char hex[2 * KEYGATE_DIGEST_LEN + 1])
{
    keygate_hex_text(digest, KEYGATE_DIGEST_LEN, hex);
}


keygate_rc_t
keygate_digest_unhex(keygate_str_t hex,
    unsigned char digest[KEYGATE_DIGEST_LEN])
{
    int       high, low;
    unsigned  i;

    if (hex.len != 2 * KEYGATE_DIGEST_LEN) {
        return KEYGATE_INVALID;
    }

    for (i = 0; i < KEYGATE_DIGEST_LEN; i++) {
        high = keygate_hex_value(hex.data[2 * i]);
        low = keygate_hex_value(hex.data[2 * i + 1]);

        if (high == -1 || low == -1) {
            return KEYGATE_INVALID;
        }

        digest[i] = (unsigned char) (high << 4 | low);
    }

    return KEYGATE_OK;
}


keygate_rc_t
keygate_digest_parse(keygate_str_t text,
    unsigned char digest[KEYGATE_DIGEST_LEN], unsigned *keyed)
{
    keygate_str_t               kind;
    static const keygate_str_t  kinds[] = {
        keygate_string("sha256:"), keygate_string("hmac-sha256:")
    };

    *keyed = text.len == kinds[1].len + 2 * KEYGATE_DIGEST_LEN;
    kind = kinds[*keyed];

    if (text.len < kind.len || memcmp(text.data, kind.data, kind.len) != 0) {
        return KEYGATE_INVALID;
    }

    text.data += kind.len;
    text.len -= kind.len;

    return keygate_digest_unhex(text, digest);
}

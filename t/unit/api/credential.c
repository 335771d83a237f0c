/*
 * keygate_credential: shapes of keys, making them, digests.
 */

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "keygate_credential.h"
#include "keygate_digest.h"
#include "random.h"
#include "tap.h"


#define N(array)  (sizeof(array) / sizeof((array)[0]))

#define SECRET  "abcdefghijkl0123456789AZ"


static const keygate_format_t  formats[] = {
    { keygate_string("ck_live_"), 6, 24 },
    { keygate_string("sk_live_"), 0, 24 },
    { keygate_string("ck_live_"), 0, 31 },    /* as long as the first */
    { keygate_string("ck_live_"), 0, 24 },
};


static keygate_str_t
span(const void *data, size_t len)
{
    keygate_str_t  s;

    s.data = data;
    s.len = len;

    return s;
}


static void
test_parse(void)
{
    unsigned          i;
    keygate_str_t     id;
    keygate_format_t  twice[2];

    static const struct {
        keygate_str_t  in;
        int            format;
        const char    *id;
    } cases[] = {
        { keygate_string("ck_live_AB12CD_" SECRET), 0, "ck_live_AB12CD" },
        { keygate_string("sk_live_" SECRET), 1, "" },
        { keygate_string("ck_live_aB12CDx" SECRET), 2, "" },
        { keygate_string("ck_live_" SECRET), 3, "" },
        { keygate_string("ck_live_ab12cd_" SECRET), -1, "" },
        { keygate_string("ck_live_AB12CD-" SECRET), -1, "" },
        { keygate_string("ck_test_AB12CD_" SECRET), -1, "" },
        { keygate_string("CK_LIVE_AB12CD_" SECRET), -1, "" },
        { keygate_string("ck_live_AB12CD_" SECRET "x"), -1, "" },
        { keygate_string("ck_live_AB12CD_abcdefghijklmnopqrstuvw"), -1, "" },
        { keygate_string("ck_live_AB12CD_abcdefghijkl0123456789A_"), -1, "" },
        { keygate_string("ck_live_AB12CD_abcdefghijkl0123456789A\0"), -1, "" },
        { keygate_string("ck_live_AB12CD_abcdefghijkl012345678 \xe9"),
          -1, "" },
        { keygate_string(" ck_live_AB12CD_" SECRET), -1, "" },
        { keygate_string("ck_live_"), -1, "" },
        { keygate_string(""), -1, "" },
        { { 0, NULL }, -1, "" },
    };

    for (i = 0; i < N(cases); i++) {
        is_num(keygate_credential_parse(formats, N(formats), cases[i].in, &id),
               cases[i].format, "credential %u", i);
        is_str(id.data, id.len, cases[i].id, "credential %u: its id", i);
    }

    is_num(keygate_credential_parse(formats, 0, cases[0].in, &id), -1,
           "no formats, no credential");

    twice[0] = formats[1];
    twice[1] = formats[1];
    is_num(keygate_credential_parse(twice, 2, cases[1].in, &id), 0,
           "the first of two that fit");
}


/* Each byte of a good credential, replaced by each other byte. */

static void
test_parse_bytes(void)
{
    int            good;
    size_t         len;
    unsigned       i, c, bad;
    unsigned char  in[64];
    keygate_str_t  id;

    static const char  base[] = "ck_live_AB12CD_" SECRET;

    bad = 0;
    len = sizeof(base) - 1;

    for (i = 0; i < len; i++) {
        for (c = 0; c < 256; c++) {
            memcpy(in, base, len);
            in[i] = (unsigned char) c;

            if (i < 8 || i == 14) {
                good = c == (unsigned char) base[i];

            } else {
                good = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z')
                       || (i > 14 && c >= 'a' && c <= 'z');
            }

            bad += (keygate_credential_parse(formats, 1, span(in, len), &id)
                    == 0) != good;
        }
    }

    is_num(bad, 0, "every byte at every place");
}


static void
test_long(void)
{
    int            found;
    size_t         len;
    keygate_str_t  id;
    unsigned char *in;

    found = -1;

    for (len = 0; len <= 9000; len += 1 + len / 9) {
        in = malloc(len + 1);
        memset(in, 'A', len);

        if (keygate_credential_parse(formats, N(formats), span(in, len), &id)
            != -1)
        {
            found = (int) len;
        }

        free(in);
    }

    is_num(found, -1, "any length");
}


static void
test_make(void)
{
    int                      same, wrong;
    char                     id[KEYGATE_ID_MAX + 1];
    char                     last[KEYGATE_CREDENTIAL_MAX + 1];
    char                     made[KEYGATE_CREDENTIAL_MAX + 1];
    unsigned                 f, i;
    keygate_str_t            found;

    for (f = 0; f < 2; f++) {
        same = 0;
        wrong = 0;
        last[0] = '\0';

        for (i = 0; i < 300; i++) {
            id[0] = '\0';
            wrong += keygate_credential_make(&formats[f], id, made)
                     != KEYGATE_OK;
            wrong += keygate_credential_parse(&formats[f], 1,
                                              span(made, strlen(made)), &found)
                     != 0;

            if (formats[f].id_len != 0) {
                wrong += strlen(id) != found.len
                         || memcmp(id, found.data, found.len) != 0;

            } else {
                wrong += strlen(id) != 16 || memcmp(id, "key_", 4) != 0;
            }

            same += strcmp(made, last) == 0;
            memcpy(last, made, sizeof(last));
        }

        is_num(wrong, 0, "format %u: what is made is recognized", f);
        is_num(same, 0, "format %u: and new each time", f);
    }
}


static void
test_rotate(void)
{
    char  id[KEYGATE_ID_MAX + 2], made[KEYGATE_CREDENTIAL_MAX + 1];

    strcpy(id, "ck_live_ZZ9ZZA");
    is_num(keygate_credential_make(&formats[0], id, made), KEYGATE_OK,
           "a given id is kept");
    is_str(made, 15, "ck_live_ZZ9ZZA_", "and is in the credential");
    is_str(id, strlen(id), "ck_live_ZZ9ZZA", "and untouched");

    strcpy(id, "legacy-1");
    is_num(keygate_credential_make(&formats[1], id, made), KEYGATE_OK,
           "an opaque key may have any id");
    is_str(id, strlen(id), "legacy-1", "which is kept");

    is_num(keygate_credential_make(&formats[0], id, made), KEYGATE_INVALID,
           "a key with an id inside may not");
    is_num(made[0], '\0', "and nothing is made");

    strcpy(id, "ck_live_ZZ9ZZa");
    is_num(keygate_credential_make(&formats[0], id, made), KEYGATE_INVALID,
           "lower case is not base 36");

    strcpy(id, "ck_live_ZZ9ZZ");
    is_num(keygate_credential_make(&formats[0], id, made), KEYGATE_INVALID,
           "an id that is too short");

    memset(id, 'x', KEYGATE_ID_MAX + 1);
    id[KEYGATE_ID_MAX + 1] = '\0';
    is_num(keygate_credential_make(&formats[1], id, made), KEYGATE_INVALID,
           "an id that is too long");
}


static void
test_limits(void)
{
    char              id[KEYGATE_ID_MAX + 1];
    char              made[KEYGATE_CREDENTIAL_MAX + 1];
    keygate_str_t     found;
    keygate_format_t  f;

    f.prefix = KEYGATE_STR("abcdefghijklmnopqrstuvw_");
    f.id_len = KEYGATE_FORMAT_ID_MAX;
    f.secret_len = KEYGATE_SECRET_MAX;

    id[0] = '\0';
    is_num(keygate_credential_make(&f, id, made), KEYGATE_OK, "the largest");
    is_num(strlen(made), 24 + 32 + 1 + 128, "is as long as it says");
    is_num(keygate_credential_parse(&f, 1, span(made, strlen(made)), &found),
           0, "and recognized");

    f.secret_len = KEYGATE_SECRET_MAX + 1;
    id[0] = '\0';
    is_num(keygate_credential_make(&f, id, made), KEYGATE_INVALID,
           "a secret too long");

    f.secret_len = KEYGATE_SECRET_MIN - 1;
    is_num(keygate_credential_make(&f, id, made), KEYGATE_INVALID,
           "a secret too short");

    f.secret_len = KEYGATE_SECRET_MIN;
    f.id_len = KEYGATE_FORMAT_ID_MAX + 1;
    is_num(keygate_credential_make(&f, id, made), KEYGATE_INVALID,
           "an id too long");

    f.id_len = 1;
    is_num(keygate_credential_make(&f, id, made), KEYGATE_OK, "the smallest");
    is_num(strlen(made), 24 + 1 + 1 + 8, "is as long as it says");
}


/* Chi-square over the 62 characters: a plain remainder would give 8 of them
 * a quarter more than the others. */

static void
test_bias(void)
{
    char      id[KEYGATE_ID_MAX + 1], made[KEYGATE_CREDENTIAL_MAX + 1];
    double    expected, chi;
    unsigned  i, k, used, count[256];

    chi = 0;
    used = 0;
    memset(count, 0, sizeof(count));

    for (i = 0; i < 4000; i++) {
        id[0] = '\0';
        (void) keygate_credential_make(&formats[1], id, made);

        for (k = 0; k < 24; k++) {
            count[(unsigned char) made[8 + k]]++;
        }
    }

    expected = 4000.0 * 24 / 62;

    for (i = 0; i < 256; i++) {
        if (count[i] != 0) {
            used++;
            chi += (count[i] - expected) * (count[i] - expected) / expected;
        }
    }

    is_num(used, 62, "all 62 characters occur");

    /* 61 degrees of freedom: once in a hundred million runs; the remainder
       would give about 600 */

    ok(chi < 140, "and none more than the others");
}


static void
test_digest(void)
{
    unsigned             i, bad;
    unsigned char        in[300], got[32], want[32];
    keygate_digester_t  *d;

    d = keygate_digester_create(KEYGATE_STR(""));
    ok(d != NULL, "a digester");

    bad = 0;

    for (i = 0; i < 2000; i++) {
        memset(in, (int) i, sizeof(in));
        bad += keygate_digest(d, span(in, i % 300), got) != KEYGATE_OK;
        (void) EVP_Digest(in, i % 300, want, NULL, EVP_sha256(), NULL);
        bad += memcmp(got, want, 32) != 0;
    }

    is_num(bad, 0, "SHA-256, again and again");

    (void) keygate_digest(d, span(NULL, 0), got);
    ok(memcmp(got, "\xe3\xb0\xc4\x42\x98\xfc\x1c\x14", 8) == 0, "of nothing");

    keygate_digester_destroy(d);
    keygate_digester_destroy(NULL);
}


static void
test_hmac(void)
{
    char                 hex[65];
    unsigned             i, n, bad;
    keygate_str_t        pepper;
    unsigned char        key[200], in[64], got[32], want[32];
    keygate_digester_t  *d;

    bad = 0;
    memset(in, 'x', sizeof(in));

    for (i = 32; i < sizeof(key); i++) {
        memset(key, (int) i, sizeof(key));
        d = keygate_digester_create(span(key, i));

        if (d == NULL) {
            bad++;
            continue;
        }

        memset(key, 0, sizeof(key));

        for (n = 0; n < sizeof(in); n += 9) {
            bad += keygate_digest(d, span(in, n), got) != KEYGATE_OK;
            memset(key, (int) i, sizeof(key));
            (void) HMAC(EVP_sha256(), key, (int) i, in, n, want, NULL);
            bad += memcmp(got, want, 32) != 0;
        }

        keygate_digester_destroy(d);
    }

    is_num(bad, 0, "HMAC-SHA-256 under peppers of any length");

    /* RFC 4231, case 6 */

    memset(key, 0xaa, 131);
    pepper = span(key, 131);
    d = keygate_digester_create(pepper);
    (void) keygate_digest(d, KEYGATE_STR("Test Using Larger Than Block-Size "
                                         "Key - Hash Key First"), got);
    keygate_digest_hex(got, hex);
    is_str(hex, strlen(hex), "60e431591ee0b67f0d8a26aacbf5b77f"
                             "8e0bc6213728c5140546040f0ee37f54", "RFC 4231");
    keygate_digester_destroy(d);

    ok(keygate_digester_create(span(key, 31)) == NULL,
       "a pepper of 31 bytes is refused");
}


static void
test_hex(void)
{
    char           hex[65], other[65];
    unsigned       i, k, bad;
    unsigned char  digest[32], back[32];

    for (i = 0; i < 32; i++) {
        digest[i] = (unsigned char) (i * 0x5b + 9);
    }

    keygate_digest_hex(digest, hex);
    is_num(strlen(hex), 64, "64 digits");
    is_num(keygate_digest_unhex(span(hex, 64), back), KEYGATE_OK, "and back");
    ok(memcmp(digest, back, 32) == 0, "to the same");

    for (i = 0; i < 64; i++) {
        other[i] = (char) (hex[i] >= 'a' ? hex[i] - 32 : hex[i]);
    }

    is_num(keygate_digest_unhex(span(other, 64), back), KEYGATE_OK,
           "upper case too");
    ok(memcmp(digest, back, 32) == 0, "is the same");

    is_num(keygate_digest_unhex(span(hex, 63), back), KEYGATE_INVALID,
           "63 digits");
    is_num(keygate_digest_unhex(span(hex, 65), back), KEYGATE_INVALID,
           "65 digits");
    is_num(keygate_digest_unhex(span(NULL, 0), back), KEYGATE_INVALID, "none");

    bad = 0;

    for (k = 0; k < 256; k++) {
        memcpy(other, hex, 65);
        other[k % 64] = (char) k;
        bad += (keygate_digest_unhex(span(other, 64), back) == KEYGATE_OK)
               != (k != 0 && strchr("0123456789abcdefABCDEF", (int) k)
                             != NULL);
    }

    is_num(bad, 0, "hex digits and nothing else");
}


/* Keys in texts, as they are and percent-encoded in every way, wherever they
 * stand: across the end of the window that the decoder has, too. */

static void
test_inside(void)
{
    size_t            i, j, n, at, len;
    char              text[8192];
    unsigned          level, stray;
    keygate_str_t     span;
    keygate_format_t  f;

    static const char  key[] = "tk_ABC123_abcdefghijklmnopqrstuvwx";
    static const char  wrong[] = "tk_ABC123_abcdefghijklmnopqrst.vwx";

    f.prefix = keygate_span("tk_");
    f.id_len = 6;
    f.secret_len = 24;

    span.data = (const unsigned char *) text;

    for (stray = 0; stray < 2; stray++) {
        for (level = 0; level < 4; level++) {
            n = 0;

            for (at = 0; at < 3000; at += 97) {
                memset(text, '/', at);

                for (i = at, j = 0; j < sizeof(key) - 1; j++) {
                    len = (size_t) sprintf(text + i,
                                           level == 0 ? "%c"
                                           : level == 1 ? "%%%02x"
                                           : level == 2 ? "%%25%02X"
                                           : "%%2525%02x",
                                           (stray ? wrong : key)[j]);
                    i += len;
                }

                strcpy(text + i, "%zz%4");
                span.len = i + 5;
                n += keygate_credential_inside(&f, 1, span);
            }

            is_num(n, stray ? 0 : 31, "encoded %u times%s", level,
                   stray ? ", and not a key" : "");
        }
    }

    span = keygate_span("/tk_ABC123_abcdefghi%6aklmnopqrst%75vwx/x");
    ok(keygate_credential_inside(&f, 1, span), "in parts");

    span.len = 0;
    ok(!keygate_credential_inside(&f, 1, span), "in nothing");
    span = keygate_span("%%%%25252525");
    ok(!keygate_credential_inside(&f, 1, span), "in escapes of nothing");
}


int
main(void)
{
    test_inside();
    test_parse();
    test_parse_bytes();
    test_long();
    test_make();
    test_rotate();
    test_limits();
    test_bias();
    test_digest();
    test_hmac();
    test_hex();

    return tap_done();
}

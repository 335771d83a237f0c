/*
 * Any bytes as a credential: a shape is found exactly where a plain twin
 * finds it; digests and their hex agree.  The first two bytes choose a
 * format.
 */

#include "fuzz.h"

#include <strings.h>

#include "keygate_credential.h"
#include "keygate_digest.h"


enum { NEITHER, WITH_ID, OPAQUE, OTHER, HEX };

const char *const  fuzz_shapes[] = {
    "no key", "a key with an id", "an opaque key", "a key of chosen lengths",
    "a digest in hex", NULL
};


static int
naive_all(const uint8_t *p, size_t n, const char *alphabet)
{
    while (n-- != 0) {
        if (*p == '\0' || strchr(alphabet, *p++) == NULL) {
            return 0;
        }
    }

    return 1;
}


static int
naive_fits(const keygate_format_t *f, const uint8_t *p, size_t len)
{
    static const char  digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "abcdefghijklmnopqrstuvwxyz";
    static const char  upper[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

    if (len < f->prefix.len || memcmp(p, f->prefix.data, f->prefix.len) != 0) {
        return 0;
    }

    p += f->prefix.len;
    len -= f->prefix.len;

    if (f->id_len != 0) {
        if (len <= f->id_len || !naive_all(p, f->id_len, upper)
            || p[f->id_len] != '_')
        {
            return 0;
        }

        p += f->id_len + 1;
        len -= f->id_len + 1;
    }

    return len == f->secret_len && naive_all(p, len, digits);
}


static void
test_digest(keygate_str_t s)
{
    char                        hex[2 * KEYGATE_DIGEST_LEN + 1];
    unsigned char               one[KEYGATE_DIGEST_LEN];
    unsigned char               two[KEYGATE_DIGEST_LEN];
    keygate_str_t               text;
    static keygate_digester_t  *digester;

    if (digester == NULL) {
        digester = keygate_digester_create(KEYGATE_STR(""));
        must(digester != NULL);
    }

    must(keygate_digest(digester, s, one) == KEYGATE_OK);
    keygate_digest_hex(one, hex);

    text.data = (const unsigned char *) hex;
    text.len = strlen(hex);

    must(keygate_digest_unhex(text, two) == KEYGATE_OK);
    must(memcmp(one, two, sizeof(one)) == 0);

    if (keygate_digest_unhex(s, two) == KEYGATE_OK) {
        must(s.len == 2 * KEYGATE_DIGEST_LEN);
        keygate_digest_hex(two, hex);
        must(strncasecmp(hex, (const char *) s.data, s.len) == 0);
        fuzz_saw(HEX);
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int               found, want;
    keygate_str_t     credential, id;
    keygate_format_t  formats[3];

    if (size < 2) {
        return 0;
    }

    formats[0].prefix = KEYGATE_STR("ck_live_");
    formats[0].id_len = KEYGATE_FORMAT_ID_LEN;
    formats[0].secret_len = KEYGATE_FORMAT_SECRET_LEN;

    formats[1].prefix = KEYGATE_STR("sk_live_");
    formats[1].id_len = 0;
    formats[1].secret_len = KEYGATE_FORMAT_SECRET_LEN;

    formats[2].prefix = KEYGATE_STR("k");
    formats[2].id_len = data[0] % (KEYGATE_FORMAT_ID_MAX + 1);
    formats[2].secret_len = KEYGATE_SECRET_MIN + data[1] % 121;

    credential.data = data + 2;
    credential.len = size - 2;

    found = keygate_credential_parse(formats, 3, credential, &id);

    for (want = 0; want < 3; want++) {
        if (naive_fits(&formats[want], credential.data, credential.len)) {
            break;
        }
    }

    must(found == (want == 3 ? -1 : want));
    fuzz_saw(found == -1 ? NEITHER : WITH_ID + (unsigned) found);

    if (found != -1) {
        must(id.len == (formats[found].id_len == 0
                        ? 0 : formats[found].prefix.len
                              + formats[found].id_len));
    }

    test_digest(credential);

    return 0;
}

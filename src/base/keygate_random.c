/*
 * Characters by chance, each as likely as any other.
 */

#include <sys/random.h>

#include <openssl/crypto.h>

#include "keygate_random.h"


keygate_rc_t
keygate_random(const char *alphabet, unsigned base, unsigned n, char *out)
{
    unsigned       i, limit;
    unsigned char  buf[64];

    limit = 256 - 256 % base;

    while (n != 0) {
        if (getrandom(buf, sizeof(buf), 0) != (ssize_t) sizeof(buf)) {
            OPENSSL_cleanse(buf, sizeof(buf));
            return KEYGATE_IO;
        }

        for (i = 0; i < sizeof(buf) && n != 0; i++) {
            if (buf[i] < limit) {
                *out++ = alphabet[buf[i] % base];
                n--;
            }
        }
    }

    OPENSSL_cleanse(buf, sizeof(buf));

    return KEYGATE_OK;
}

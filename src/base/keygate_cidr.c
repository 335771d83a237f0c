/*
 * Address blocks: text to 16 bytes and a length, and whether an address is in
 * one of them.  IPv4 lives in ::ffff:0:0/96, so that there is one form only.
 */

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>

#include "keygate_cidr.h"


static int keygate_cidr_bits(const char *p, unsigned max, unsigned *bits);
static int keygate_cidr_address(const char *text, unsigned char address[16],
    unsigned *max);
static int keygate_cidr_host_bits(const keygate_cidr_t *cidr);


static const unsigned char  keygate_v4_mapped[12] = {
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff
};


static int
keygate_cidr_bits(const char *p, unsigned max, unsigned *bits)
{
    unsigned  value, n;

    for (value = 0, n = 0; p[n] != '\0'; n++) {

        if (n == 3 || p[n] < '0' || p[n] > '9' || (n == 1 && p[0] == '0')) {
            return 0;
        }

        value = value * 10 + (unsigned) (p[n] - '0');
    }

    *bits = value;

    return n > 0 && value <= max;
}


static int
keygate_cidr_address(const char *text, unsigned char address[16],
    unsigned *max)
{
    memcpy(address, keygate_v4_mapped, sizeof(keygate_v4_mapped));

    if (inet_pton(AF_INET, text, address + 12) == 1) {
        *max = 32;
        return 1;
    }

    *max = 128;

    return inet_pton(AF_INET6, text, address) == 1;
}


static int
keygate_cidr_host_bits(const keygate_cidr_t *cidr)
{
    unsigned  i;

    i = cidr->bits / 8;

    if (i < 16 && (cidr->address[i] & (0xff >> (cidr->bits % 8))) != 0) {
        return 1;
    }

    for (i++; i < 16; i++) {
        if (cidr->address[i] != 0) {
            return 1;
        }
    }

    return 0;
}


keygate_rc_t
keygate_cidr_parse(keygate_str_t text, keygate_cidr_t *cidr)
{
    char      buf[INET6_ADDRSTRLEN + 4], *slash;
    unsigned  max, bits;

    if (text.len == 0 || text.len >= sizeof(buf)
        || memchr(text.data, '\0', text.len) != NULL)
    {
        return KEYGATE_INVALID;
    }

    memcpy(buf, text.data, text.len);
    buf[text.len] = '\0';

    slash = strchr(buf, '/');

    if (slash != NULL) {
        *slash = '\0';
    }

    if (!keygate_cidr_address(buf, cidr->address, &max)) {
        return KEYGATE_INVALID;
    }

    bits = max;

    if (slash != NULL && !keygate_cidr_bits(slash + 1, max, &bits)) {
        return KEYGATE_INVALID;
    }

    cidr->bits = (unsigned char) (bits + (128 - max));

    return keygate_cidr_host_bits(cidr) ? KEYGATE_INVALID : KEYGATE_OK;
}


int
keygate_cidr_has(const keygate_cidr_t *cidrs, unsigned n,
    const unsigned char address[16])
{
    int       v4;
    unsigned  i, bytes, mask;

    v4 = memcmp(address, keygate_v4_mapped, sizeof(keygate_v4_mapped)) == 0;

    for (i = 0; i < n; i++) {

        /* whoever writes "::/0" or "::/64" means IPv6 */

        if (v4 && cidrs[i].bits < 8 * sizeof(keygate_v4_mapped)) {
            continue;
        }

        bytes = cidrs[i].bits / 8;
        mask = 0xff & ~(0xffu >> (cidrs[i].bits % 8));

        if (memcmp(cidrs[i].address, address, bytes) != 0) {
            continue;
        }

        if (bytes == 16
            || ((cidrs[i].address[bytes] ^ address[bytes]) & mask) == 0)
        {
            return 1;
        }
    }

    return 0;
}

/*
 * The rate header fields of draft-ietf-httpapi-ratelimit-headers.
 */

#include "keygate_ratelimit.h"


static unsigned char *keygate_ratelimit_number(unsigned char *p, uint32_t n);
static void keygate_ratelimit_name(keygate_buf_t *out, keygate_str_t name);


void
keygate_ratelimit_policy(keygate_buf_t *out, keygate_str_t name,
    uint32_t limit, uint32_t seconds)
{
    keygate_ratelimit_name(out, name);
    keygate_buf_puts(out, ";q=");
    keygate_buf_num(out, limit);
    keygate_buf_puts(out, ";w=");
    keygate_buf_num(out, seconds);
}


void
keygate_ratelimit_begin(keygate_buf_t *out, keygate_str_t name)
{
    keygate_ratelimit_name(out, name);
    keygate_buf_puts(out, ";r=");
}


unsigned char *
keygate_ratelimit_left(unsigned char *p, int first,
    const keygate_label_t *label, uint32_t remaining, uint32_t reset)
{
    if (!first) {
        *p++ = ',';
        *p++ = ' ';
    }

    memcpy(p, label->left.data, label->left.len);
    p = keygate_ratelimit_number(p + label->left.len, remaining);

    *p++ = ';';
    *p++ = 't';
    *p++ = '=';

    return keygate_ratelimit_number(p, reset);
}


static unsigned char *
keygate_ratelimit_number(unsigned char *p, uint32_t n)
{
    unsigned        len;
    unsigned char  *end;

    static const uint32_t  tens[] = {
        10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000
    };

    for (len = 0; len < 9 && n >= tens[len]; len++) { /* void */ }

    p += len;
    end = p + 1;

    do {
        *p-- = (unsigned char) ('0' + n % 10);
        n /= 10;
    } while (n != 0);

    return end;
}


/* Begins an item of a policy, or of a label.  Names are checked when they are
 * configured: nothing in them needs escaping in a quoted string. */

static void
keygate_ratelimit_name(keygate_buf_t *out, keygate_str_t name)
{
    keygate_buf_puts(out, out->len ? ", \"" : "\"");
    keygate_buf_put(out, name);
    keygate_buf_puts(out, "\"");
}

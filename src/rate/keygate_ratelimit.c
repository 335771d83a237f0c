/*
 * The rate header fields of draft-ietf-httpapi-ratelimit-headers.
 */

#include "keygate_ratelimit.h"


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
keygate_ratelimit_left(keygate_buf_t *out, keygate_str_t name,
    uint32_t remaining, uint32_t reset)
{
    keygate_ratelimit_name(out, name);
    keygate_buf_puts(out, ";r=");
    keygate_buf_num(out, remaining);
    keygate_buf_puts(out, ";t=");
    keygate_buf_num(out, reset);
}


/* Begins an item.  Names are checked when they are configured: nothing in
 * them needs escaping in a quoted string. */

static void
keygate_ratelimit_name(keygate_buf_t *out, keygate_str_t name)
{
    keygate_buf_puts(out, out->len ? ", \"" : "\"");
    keygate_buf_put(out, name);
    keygate_buf_puts(out, "\"");
}

/*
 * Writing the body of a key from its record.
 */

#include <string.h>

#include "keygate_table_private.h"


static unsigned keygate_change_options(const keygate_change_t *c,
    uint64_t *words, unsigned n, unsigned *flags);


unsigned
keygate_change_body(const keygate_change_t *c, uint64_t *words)
{
    unsigned                 i, n, sets, flags;
    unsigned char           *p;
    const keygate_record_t  *r;

    r = c->record;
    memset(words, 0, KEYGATE_KEY_WORDS * sizeof(uint64_t));

    n = (unsigned) (KEYGATE_ID_AT + r->id.len + 7) / 8;

    for (sets = KEYGATE_SCOPES_MAX / 64; sets > 0; sets--) {
        if (c->scopes.w[sets - 1] != 0) {
            break;
        }
    }

    for (i = 0; i < sets; i++) {
        words[n++] = c->scopes.w[i];
    }

    n = keygate_change_options(c, words, n, &flags);
    p = (unsigned char *) &words[n];

    for (i = 0; i < r->n_addresses; i++) {
        memcpy(p, r->addresses[i].address, 16);
        p[16] = r->addresses[i].bits;
        p += KEYGATE_CIDR_LEN;
    }

    n += (r->n_addresses * KEYGATE_CIDR_LEN + 7) / 8;

    if (c->reset != 0) {
        flags |= KEYGATE_HAS_RESET;
        words[n++] = c->reset;
    }

    if (r->meta_len != 0) {
        flags |= KEYGATE_HAS_META;
        words[n++] = r->meta_len;
    }

    words[0] = (uint64_t) r->id.len << 16 | (uint64_t) sets << 23
               | (uint64_t) r->n_addresses << 26 | (uint64_t) c->current << 32;
    words[1] = c->account | c->at << 32;
    keygate_body_end(words, r->id, c->at, flags);

    return n;
}


/* Writes what a key need not have, from words[n] on; returns the new "n". */

static unsigned
keygate_change_options(const keygate_change_t *c, uint64_t *words, unsigned n,
    unsigned *flags)
{
    unsigned                 i;
    const keygate_record_t  *r;

    r = c->record;
    *flags = c->strange ? KEYGATE_IS_STRANGE : 0;

    if (r->expires_at != KEYGATE_NEVER) {
        *flags |= KEYGATE_HAS_EXPIRES;
        words[n++] = (uint64_t) r->expires_at;
    }

    if (r->revoked_at != KEYGATE_NEVER) {
        *flags |= KEYGATE_HAS_REVOKED;
        words[n++] = (uint64_t) r->revoked_at;
    }

    if (r->suspended_at != KEYGATE_NEVER) {
        *flags |= KEYGATE_HAS_SUSPENDED;
        words[n++] = (uint64_t) r->suspended_at;
    }

    for (i = 0; i < KEYGATE_UNITS; i++) {
        if (r->limits[i] != 0) {
            *flags |= KEYGATE_HAS_LIMITS;
            memcpy(&words[n], r->limits, sizeof(r->limits));
            n += (KEYGATE_UNITS + 1) / 2;
            break;
        }
    }

    if (c->overlap) {
        *flags |= KEYGATE_HAS_PREVIOUS;
        words[n++] = c->previous;
        words[n++] = (uint64_t) r->previous_until;
    }

    return n;
}

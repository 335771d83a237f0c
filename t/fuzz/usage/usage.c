/*
 * Any bytes as a line of usage.  What is taken for one is written out, and must
 * come back as the same, in whichever way it is read.
 */

#include "fuzz.h"

#include "keygate_usage.h"


enum { NO_LINE, LINE, REFUSED, OWN };

const char *const  fuzz_shapes[] = {
    "no line", "a line", "refusals", "a line as it is written", NULL
};


static int
fuzz_same(const keygate_usage_t *a, const keygate_usage_t *b)
{
    return keygate_str_eq(a->node, b->node) && keygate_str_eq(a->key, b->key)
           && keygate_str_eq(a->account, b->account)
           && keygate_str_eq(a->api, b->api) && a->hour == b->hour
           && a->allowed == b->allowed && a->cost == b->cost
           && memcmp(a->refused, b->refused, sizeof(a->refused)) == 0;
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char             room[KEYGATE_USAGE_LINE], more[KEYGATE_USAGE_LINE];
    unsigned         i;
    unsigned char    text[8 * KEYGATE_USAGE_LINE];
    keygate_buf_t    b;
    keygate_usage_t  u, again;

    if (keygate_usage_parse(fuzz_span(data, size), room, &u) != KEYGATE_OK) {
        fuzz_saw(NO_LINE);
        return 0;
    }

    fuzz_saw(LINE);

    for (i = 0; i < KEYGATE_REASONS; i++) {
        if (u.refused[i]) {
            fuzz_saw(REFUSED);
        }
    }

    b.data = text;
    b.size = sizeof(text);
    b.len = 0;
    keygate_usage_print(&b, &u);

    must(b.len <= b.size && text[b.len - 1] == '\n');
    must(memchr(text, '\n', b.len) == text + b.len - 1);

    if (b.len == size + 1 && memcmp(text, data, size) == 0) {
        fuzz_saw(OWN);
    }

    /* what is longer than a line may be, with all that is escaped, is none */

    if (b.len < KEYGATE_USAGE_LINE) {
        must(keygate_usage_parse(fuzz_span(text, b.len - 1), more, &again)
             == KEYGATE_OK);
        must(fuzz_same(&u, &again));
    }

    return 0;
}

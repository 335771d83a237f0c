/*
 * Whether what two blocks say of one thing is the same, in whatever order.
 */

#include "keygate_openapi_export.h"


/* Whether each of a's scopes is one of b's. */

static int
keygate_openapi_within(keygate_str_t a, keygate_str_t b, unsigned char sep)
{
    size_t         len, k;
    keygate_str_t  name, rest;

    for ( /* void */ ; a.len != 0; a.data += len, a.len -= len) {
        for (len = 0; len < a.len && a.data[len] != sep; len++) {
            /* void */
        }

        name = (keygate_str_t) { len, a.data };
        len += len < a.len;

        for (rest = b; rest.len != 0; rest.data += k, rest.len -= k) {
            for (k = 0; k < rest.len && rest.data[k] != sep; k++) {
                /* void */
            }

            if (keygate_str_eq(name, (keygate_str_t) { k, rest.data })) {
                break;
            }

            k += k < rest.len;
        }

        if (rest.len == 0) {
            return 0;
        }
    }

    return 1;
}


int
keygate_openapi_same_need(keygate_str_t a, keygate_str_t b)
{
    unsigned char  sep;

    if (keygate_str_eq(a, b)) {
        return 1;
    }

    sep = memchr(a.data, '|', a.len) != NULL ? '|' : '&';

    return (memchr(b.data, '|', b.len) != NULL ? '|' : '&') == sep
           && keygate_openapi_within(a, b, sep)
           && keygate_openapi_within(b, a, sep);
}


/* "implies=A,B" of a scope, or empty. */

static keygate_str_t
keygate_openapi_implies(const keygate_words_t *scope)
{
    return scope->n > 2 && scope->args[2].len > 8
           && memcmp(scope->args[2].data, "implies=", 8) == 0
           ? (keygate_str_t) { scope->args[2].len - 8,
                               scope->args[2].data + 8 }
           : KEYGATE_STR("");
}


int
keygate_openapi_same_scope(const keygate_words_t *a, const keygate_words_t *b,
    keygate_str_t *first, keygate_str_t *second)
{
    *first = keygate_openapi_implies(a);
    *second = keygate_openapi_implies(b);

    return keygate_openapi_within(*first, *second, ',')
           && keygate_openapi_within(*second, *first, ',');
}

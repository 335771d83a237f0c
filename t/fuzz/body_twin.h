/*
 * What a member may do in a body that was let through, to a parser that minds
 * neither the case of letters nor what an object inherits.
 */

#ifndef KEYGATE_BODY_TWIN_H
#define KEYGATE_BODY_TWIN_H

#include "fuzz.h"

#include <jansson.h>
#include <strings.h>


/* The body, or NULL where there is a number too large for the parser, to which
 * keygate only has to be its digits. */

static json_t *
body_parse(keygate_str_t body)
{
    json_t        *json;
    json_error_t   error;

    json = json_loadb((const char *) body.data, body.len,
                      JSON_REJECT_DUPLICATES|JSON_ALLOW_NUL
                      |JSON_DECODE_INT_AS_REAL, &error);

    must(json_is_object(json)
         || json_error_code(&error) == json_error_numeric_overflow);

    return json;
}


/* With U+017F and U+212A as the letters that they fold to. */

static int
body_is(const char *name, keygate_str_t member)
{
    char    folded[256];
    size_t  n;

    for (n = 0; *name != '\0' && n < sizeof(folded) - 1; n++) {
        if (strncmp(name, "\xc5\xbf", 2) == 0) {
            folded[n] = 's';
            name += 2;

        } else if (strncmp(name, "\xe2\x84\xaa", 3) == 0) {
            folded[n] = 'k';
            name += 3;

        } else {
            folded[n] = *name++;
        }
    }

    folded[n] = '\0';

    return strcmp(folded, "__proto__") == 0
           || (n == member.len
               && strncasecmp(folded, (const char *) member.data, n) == 0);
}


static int
body_sets(const json_t *json, keygate_str_t member)
{
    json_t      *value;
    const char  *name;

    json_object_foreach((json_t *) json, name, value) {
        if (body_is(name, member) && !json_is_false(value)
            && !json_is_null(value))
        {
            return 1;
        }
    }

    return 0;
}


#endif /* KEYGATE_BODY_TWIN_H */

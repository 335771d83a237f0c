/*
 * jansson's values as text, with every failed allocation told.
 */

#include <stdlib.h>

#include "keygate_json.h"


char *
keygate_json_print(const json_t *json, size_t flags, size_t *len)
{
    char    *text;
    size_t   n;

    n = json_dumpb(json, NULL, 0, flags);

    if (n == 0) {
        return NULL;
    }

    /* and an LF, where one is to follow */

    text = malloc(n + 2);

    if (text == NULL) {
        return NULL;
    }

    if (json_dumpb(json, text, n, flags) != n) {
        free(text);
        return NULL;
    }

    text[n] = '\0';
    *len = n;

    return text;
}

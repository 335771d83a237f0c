/*
 * Media types: what is in front of the parameters, compared in any case.
 */

#include <string.h>
#include <strings.h>

#include "keygate_media.h"


static int keygate_media_ends(keygate_str_t bare, const char *end);


keygate_str_t
keygate_media_bare(keygate_str_t type)
{
    size_t         i;
    unsigned char  c;

    while (type.len && (type.data[0] == ' ' || type.data[0] == '\t')) {
        type.data++;
        type.len--;
    }

    for (i = 0; i < type.len; i++) {
        c = type.data[i];

        if (c == ';' || c == ' ' || c == '\t') {
            break;
        }
    }

    type.len = i;

    return type;
}


static int
keygate_media_ends(keygate_str_t bare, const char *end)
{
    size_t  len;

    len = strlen(end);

    return bare.len >= len
           && strncasecmp((const char *) bare.data + bare.len - len, end, len)
              == 0;
}


int
keygate_media_is(keygate_str_t type, const char *name)
{
    keygate_str_t  bare;

    bare = keygate_media_bare(type);

    return bare.len == strlen(name) && keygate_media_ends(bare, name);
}


int
keygate_media_is_json(keygate_str_t type)
{
    keygate_str_t  bare;

    bare = keygate_media_bare(type);

    return keygate_media_ends(bare, "/json")
           || keygate_media_ends(bare, "+json");
}


int
keygate_media_is_grpc(keygate_str_t type)
{
    keygate_str_t      bare;

    static const char  name[] = "application/grpc";

    bare = keygate_media_bare(type);

    if (bare.len < sizeof(name) - 1
        || strncasecmp((const char *) bare.data, name, sizeof(name) - 1) != 0)
    {
        return 0;
    }

    return bare.len == sizeof(name) - 1 || bare.data[sizeof(name) - 1] == '+';
}

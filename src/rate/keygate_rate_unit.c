/*
 * The units that rates are given in: their names and lengths, and the text
 * of a rate.  What a rate does is up to keygate_rate.c.
 */

#include <string.h>

#include "keygate_fnv.h"
#include "keygate_rate.h"


typedef struct {
    const char  *letters;
    const char  *name;
    uint32_t     seconds;
} keygate_unit_t;


static const keygate_unit_t  keygate_units[KEYGATE_UNITS] = {
    { "s",     "second", 1     },
    { "m",     "minute", 60    },
    { "h",     "hour",   3600  },
    { "d",     "day",    86400 },
    { "month", "month",  0     }
};


keygate_now_t
keygate_rate_now(uint64_t ms, int64_t wall)
{
    uint64_t       part;
    keygate_now_t  now;

    part = ms % 1000 * KEYGATE_TICKS;

    now.tick = ms / 1000 * KEYGATE_TICKS + part / 1000;
    now.tick_ms = (uint32_t) ((1000 - part % 1000 + KEYGATE_TICKS - 1)
                              / KEYGATE_TICKS);
    now.ms = ms;
    now.wall = wall;

    return now;
}


uint32_t
keygate_unit_seconds(keygate_unit_e unit)
{
    return keygate_units[unit].seconds;
}


const char *
keygate_unit_name(keygate_unit_e unit)
{
    return keygate_units[unit].name;
}


keygate_unit_e
keygate_unit_named(keygate_str_t name)
{
    unsigned  u;

    for (u = 0; u < KEYGATE_UNITS; u++) {
        if (keygate_str_eq(name, keygate_span(keygate_units[u].name))) {
            break;
        }
    }

    return (keygate_unit_e) u;
}


uint64_t
keygate_rate_group_number(keygate_str_t name)
{
    return keygate_fnv64(KEYGATE_FNV64_START, name);
}


keygate_rc_t
keygate_rate_parse(keygate_str_t text, uint32_t *limit, keygate_unit_e *unit)
{
    size_t    i, len;
    uint64_t  n;
    unsigned  u;

    n = 0;

    for (i = 0; i < text.len; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') {
            break;
        }

        n = n * 10 + (text.data[i] - '0');

        if (n > KEYGATE_RATE_MAX) {
            return KEYGATE_INVALID;
        }
    }

    if (n == 0 || text.len - i < 3
        || text.data[i] != 'r' || text.data[i + 1] != '/')
    {
        return KEYGATE_INVALID;
    }

    i += 2;
    len = text.len - i;

    for (u = 0; u < KEYGATE_UNITS; u++) {
        if (strlen(keygate_units[u].letters) == len
            && memcmp(keygate_units[u].letters, text.data + i, len) == 0)
        {
            *limit = (uint32_t) n;
            *unit = (keygate_unit_e) u;
            return KEYGATE_OK;
        }
    }

    return KEYGATE_INVALID;
}

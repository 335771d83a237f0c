/*
 * The words of an API's directives that tell who calls: the zone of its keys,
 * what a key looks like, what an account is.
 */

#include <string.h>

#include "keygate_api_private.h"


keygate_rc_t
keygate_api_parse_zone(keygate_api_t *api, const keygate_str_t *args,
    unsigned n, keygate_conf_fault_t *fault)
{
    (void) n;
    (void) fault;

    api->zone = args[1];

    return KEYGATE_OK;
}


keygate_rc_t
keygate_api_parse_key_format(keygate_api_t *api, const keygate_str_t *args,
    unsigned n, keygate_conf_fault_t *fault)
{
    unsigned           i, seen;
    uint32_t           number;
    keygate_str_t      value;
    keygate_format_t   f, *other;

    if (api->any_format) {
        return keygate_api_fault(fault, args[1],
                                 "\"key_format any\" as the last one");
    }

    if (keygate_str_eq(args[1], KEYGATE_STR("any"))) {
        if (n != 2) {
            return keygate_api_fault(fault, args[2],
                                     "\"key_format any\", or a prefix of "
                                     "another name");
        }

        api->any_format = 1;
        return KEYGATE_OK;
    }

    f.prefix = args[1];
    f.id_len = KEYGATE_FORMAT_ID_LEN;
    f.secret_len = KEYGATE_FORMAT_SECRET_LEN;

    if (!keygate_api_name_valid(f.prefix) || !keygate_api_token(f.prefix)
        || f.prefix.len > KEYGATE_PREFIX_MAX)
    {
        return keygate_api_fault(fault, f.prefix,
                                 "a prefix of 1 to 24 letters, digits, "
                                 "\"_\", \"-\", \".\"");
    }

    for (seen = 0, i = 2; i < n; i++) {
        if (!(seen & 1) && keygate_api_option(args[i], "id", &value)) {
            if (!keygate_api_number(value, 0, KEYGATE_FORMAT_ID_MAX, &number))
            {
                return keygate_api_fault(fault, args[i], "id=0 to id=32");
            }

            f.id_len = number;
            seen |= 1;
            continue;
        }

        if (!(seen & 2) && keygate_api_option(args[i], "secret", &value)) {
            if (!keygate_api_number(value, KEYGATE_SECRET_MIN,
                                    KEYGATE_SECRET_MAX, &number))
            {
                return keygate_api_fault(fault, args[i],
                                         "secret=8 to secret=128");
            }

            f.secret_len = number;
            seen |= 2;
            continue;
        }

        return keygate_api_fault(fault, args[i],
                                 "\"id=N\" and \"secret=N\", each once");
    }

    for (i = 0; i < api->n_formats; i++) {
        other = &api->formats[i];

        if (keygate_str_eq(other->prefix, f.prefix)
            && other->id_len == f.id_len
            && other->secret_len == f.secret_len)
        {
            return keygate_api_fault(fault, f.prefix,
                                     "each key_format only once");
        }
    }

    if (api->n_formats == KEYGATE_FORMATS_MAX) {
        return keygate_api_fault(fault, f.prefix,
                                 "at most 8 key formats in an API");
    }

    api->formats[api->n_formats++] = f;

    return KEYGATE_OK;
}


keygate_rc_t
keygate_api_parse_base(keygate_api_t *api, const keygate_str_t *args,
    unsigned n, keygate_conf_fault_t *fault)
{
    (void) n;

    if (keygate_template_error(args[1]) != NULL
        || memchr(args[1].data, ':', args[1].len) != NULL
        || memchr(args[1].data, '*', args[1].len) != NULL)
    {
        return keygate_api_fault(fault, args[1],
                                 "a fixed path that begins with \"/\"");
    }

    api->base = args[1];

    if (api->base.data[api->base.len - 1] == '/') {
        api->base.len--;
    }

    return KEYGATE_OK;
}


keygate_rc_t
keygate_api_parse_account(keygate_api_t *api, const keygate_str_t *args,
    unsigned n, keygate_conf_fault_t *fault)
{
    unsigned  i, k;

    if (keygate_str_eq(args[1], KEYGATE_STR("caller"))) {
        return keygate_api_fault(fault, args[1],
                                 "a name other than \"caller\", which "
                                 "\"keygate_me\" has beside the account");
    }

    for (i = 1; i < n; i++) {
        if (!keygate_api_name_valid(args[i])) {
            return keygate_api_fault(fault, args[i], "a member name");
        }

        if (i == 1) {
            continue;
        }

        if (keygate_str_eq(args[i], KEYGATE_STR("id"))
            || keygate_str_eq(args[i], KEYGATE_STR("name")))
        {
            return keygate_api_fault(fault, args[i],
                                     "a profile field other than \"id\" and "
                                     "\"name\", which are always shown");
        }

        for (k = 2; k < i; k++) {
            if (keygate_str_eq(args[i], args[k])) {
                return keygate_api_fault(fault, args[i],
                                         "each field only once");
            }
        }
    }

    api->account = args[1];

    for (i = 2; i < n; i++) {
        api->fields[api->n_fields++] = args[i];
    }

    return KEYGATE_OK;
}

/*
 * Which origins the pages come from that may call an API: "preflight", and
 * what its answers and errors say to whom.
 */

#include <string.h>

#include "keygate_api_private.h"


#define KEYGATE_ORIGIN_FAULT  "an origin as browsers send it, "               \
                              "SCHEME://HOST[:PORT] in lower case, without "  \
                              "a path and without the scheme's own port"


static int keygate_origin_valid(keygate_str_t origin);
static int keygate_origin_scheme(keygate_str_t *rest, keygate_str_t *port);
static int keygate_origin_host(keygate_str_t *rest);
static int keygate_origin_port(keygate_str_t rest, keygate_str_t implied);


keygate_rc_t
keygate_api_parse_preflight(keygate_api_t *api, const keygate_str_t *args,
    unsigned n, keygate_conf_fault_t *fault)
{
    int       choice;
    unsigned  i, k;

    static const char *const  choices[] = { "off", "pass", "answer", NULL };

    choice = keygate_api_choice(args[1], choices);

    if (choice == -1) {
        return keygate_api_fault(fault, args[1],
                                 "\"off\", \"pass\" or \"answer\"");
    }

    api->preflight = choice;

    if (choice != KEYGATE_PREFLIGHT_ANSWER) {
        return n == 2 ? KEYGATE_OK
                      : keygate_api_fault(fault, args[2], "nothing after it");
    }

    if (n == 2) {
        return keygate_api_fault(fault, args[1], "\"preflight answer "
                                 "ORIGIN...\" or \"preflight answer *\"");
    }

    for (i = 2; i < n; i++) {

        if (keygate_str_eq(args[i], KEYGATE_STR("*"))) {
            if (n != 3) {
                return keygate_api_fault(fault, args[i],
                                         "it alone, or origins");
            }

            return KEYGATE_OK;
        }

        if (!keygate_origin_valid(args[i])) {
            return keygate_api_fault(fault, args[i], KEYGATE_ORIGIN_FAULT);
        }

        for (k = 2; k < i; k++) {
            if (keygate_str_eq(args[i], args[k])) {
                return keygate_api_fault(fault, args[i],
                                         "each origin only once");
            }
        }

        api->origins[api->n_origins++] = args[i];
    }

    return KEYGATE_OK;
}


/* What a browser never sends would be compared in vain. */

static int
keygate_origin_valid(keygate_str_t origin)
{
    keygate_str_t  rest, port;

    rest = origin;

    return keygate_origin_scheme(&rest, &port)
           && keygate_origin_host(&rest)
           && keygate_origin_port(rest, port);
}


static int
keygate_origin_scheme(keygate_str_t *rest, keygate_str_t *port)
{
    size_t         i;
    unsigned char  c;
    keygate_str_t  scheme;

    for (i = 0; i < rest->len && rest->data[i] != ':'; i++) {
        c = rest->data[i];

        if (!((c >= 'a' && c <= 'z')
              || (i && ((c >= '0' && c <= '9') || c == '+' || c == '-'
                        || c == '.'))))
        {
            return 0;
        }
    }

    if (i == 0 || rest->len - i < 3 || memcmp(rest->data + i, "://", 3) != 0) {
        return 0;
    }

    scheme.data = rest->data;
    scheme.len = i;

    *port = keygate_str_eq(scheme, KEYGATE_STR("https")) ? KEYGATE_STR("443")
            : keygate_str_eq(scheme, KEYGATE_STR("http")) ? KEYGATE_STR("80")
            : KEYGATE_STR("");

    rest->data += i + 3;
    rest->len -= i + 3;

    return 1;
}


static int
keygate_origin_host(keygate_str_t *rest)
{
    int            brackets;
    size_t         i;
    unsigned char  c;

    brackets = rest->len && rest->data[0] == '[';

    for (i = brackets; i < rest->len; i++) {
        c = rest->data[i];

        if ((c >= '0' && c <= '9')
            || (c >= 'a' && c <= (brackets ? 'f' : 'z'))
            || (brackets ? c == ':' : (c == '-' || c == '.' || c == '_')))
        {
            continue;
        }

        break;
    }

    if (i == (size_t) brackets) {
        return 0;
    }

    if (brackets) {
        if (i == rest->len || rest->data[i] != ']') {
            return 0;
        }

        i++;
    }

    rest->data += i;
    rest->len -= i;

    return 1;
}


static int
keygate_origin_port(keygate_str_t rest, keygate_str_t implied)
{
    uint32_t  n;

    if (rest.len == 0) {
        return 1;
    }

    if (rest.data[0] != ':') {
        return 0;
    }

    rest.data++;
    rest.len--;

    return keygate_api_number(rest, 1, 65535, &n) && rest.data[0] != '0'
           && !keygate_str_eq(rest, implied);
}


keygate_str_t
keygate_api_origin(const keygate_api_t *api, keygate_str_t origin)
{
    unsigned  i;

    if (api->preflight != KEYGATE_PREFLIGHT_ANSWER) {
        return KEYGATE_STR("");
    }

    if (api->n_origins == 0) {
        return KEYGATE_STR("*");
    }

    for (i = 0; i < api->n_origins; i++) {
        if (keygate_str_eq(api->origins[i], origin)) {
            return api->origins[i];
        }
    }

    return KEYGATE_STR("");
}


keygate_str_t
keygate_api_exposed(const keygate_api_t *api)
{
    return api->rate_headers == KEYGATE_HEADERS_LEGACY
           ? KEYGATE_STR("X-RateLimit-Limit, X-RateLimit-Remaining, "
                         "X-RateLimit-Reset, Retry-After, WWW-Authenticate")
           : KEYGATE_STR("RateLimit, RateLimit-Policy, Retry-After, "
                         "WWW-Authenticate");
}


int
keygate_api_fields(keygate_str_t list)
{
    size_t         i;
    keygate_str_t  name;

    while (keygate_api_split(&list, ',', &name)) {

        while (name.len && (name.data[0] == ' ' || name.data[0] == '\t')) {
            name.data++;
            name.len--;
        }

        for (i = name.len; i > 0; i--) {
            if (name.data[i - 1] != ' ' && name.data[i - 1] != '\t') {
                break;
            }
        }

        name.len = i;

        if (!keygate_api_token(name)) {
            return 0;
        }
    }

    return 1;
}

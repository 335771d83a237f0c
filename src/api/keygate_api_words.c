/*
 * The words of an API's directives: each is checked as far as it stands
 * alone and stored; what refers to other directives is put off until all of
 * them have been read (keygate_api.c).
 */

#include <string.h>

#include "keygate_api_private.h"


#define KEYGATE_ONCE  1


typedef struct {
    const char        *name;
    unsigned           min;        /* words after the name */
    unsigned           max;
    unsigned           flags;
    const char        *expected;
    keygate_parse_pt   handler;
} keygate_directive_t;


static const keygate_directive_t  keygate_directives[] = {

    { "zone", 1, 1, KEYGATE_ONCE, "\"zone NAME\"", keygate_api_parse_zone },

    { "credential", 1, 3, 0, "\"credential header FIELD\", \"credential "
      "bearer\", \"credential scheme NAME [param=P]\", \"credential basic "
      "user|password\" or \"credential websocket PREFIX\"",
      keygate_api_parse_credential },

    { "key_format", 1, 3, 0, "\"key_format PREFIX [id=N] [secret=N]\" or "
      "\"key_format any\"",
      keygate_api_parse_key_format },

    { "base", 1, 1, KEYGATE_ONCE, "\"base PATH\"", keygate_api_parse_base },

    { "account", 1, KEYGATE_FIELDS_MAX, KEYGATE_ONCE,
      "\"account NAME [FIELD...]\", at most 31 fields",
      keygate_api_parse_account },

    { "scope", 1, 3, 0, "\"scope NAME [implies=A,B] [TEXT]\"",
      keygate_api_parse_scope },

    { "plan", 1, 1 + KEYGATE_FEATURES_MAX, 0, "\"plan NAME [FEATURE...]\"",
      keygate_api_parse_plan },

    { "require", 1, KEYGATE_FEATURES_MAX, KEYGATE_ONCE,
      "\"require FEATURE...\"", keygate_api_parse_require },

    { "rate", 1, 5, 0, "\"rate NUMr/UNIT [name=NAME] [per=key|account] "
      "[plan=PLAN,...] [group=GROUP]\"", keygate_api_parse_rate },

    { "rate_headers", 1, 1, KEYGATE_ONCE, "\"rate_headers draft|legacy|off\"",
      keygate_api_parse_rate_headers },

    { "route", 3, 6, 0,
      "\"route METHODS TEMPLATE NEED [cost=N] [feature=F] [group=GROUP]\"",
      keygate_api_parse_route },

    { "when", 4, 4, 0, "\"when METHOD TEMPLATE body.MEMBER SCOPE\"",
      keygate_api_parse_when },

    { "errors", 1, 1, KEYGATE_ONCE, "\"errors problem|detail|envelope\"",
      keygate_api_parse_errors },

    { "error", 2, 5, 0,
      "\"error CODE [status=N] [code=TEXT] [title=TEXT] [detail=TEXT]\"",
      keygate_api_parse_error },

    { "problem_types", 1, 1, KEYGATE_ONCE, "\"problem_types URI\"",
      keygate_api_parse_problem_types },

    { "preflight", 1, 1 + KEYGATE_ORIGINS_MAX, KEYGATE_ONCE,
      "\"preflight off|pass|answer ORIGIN...|*\", at most 32 origins",
      keygate_api_parse_preflight },

    { "encoded_slash", 1, 1, KEYGATE_ONCE, "\"encoded_slash deny|keep\"",
      keygate_api_parse_encoded_slash },

    { "unmatched", 1, 1, KEYGATE_ONCE, "\"unmatched deny|pass\"",
      keygate_api_parse_unmatched },

    { "pass_credential", 1, 1, KEYGATE_ONCE, "\"pass_credential on|off\"",
      keygate_api_parse_pass_credential },

    { NULL, 0, 0, 0, NULL, NULL }
};


keygate_rc_t
keygate_api_directive(keygate_api_t *api, const keygate_str_t *args,
    unsigned n, unsigned line, keygate_conf_fault_t *fault)
{
    unsigned                    i;
    const keygate_directive_t  *d;

    fault->value = args[0];
    fault->line = line;
    fault->other = 0;

    for (i = 0; keygate_directives[i].name; i++) {
        d = &keygate_directives[i];

        if (args[0].len != strlen(d->name)
            || memcmp(args[0].data, d->name, args[0].len) != 0)
        {
            continue;
        }

        if (n - 1 < d->min || n - 1 > d->max) {
            return keygate_api_fault(fault, args[n - 1], d->expected);
        }

        if (d->flags & KEYGATE_ONCE) {
            if (api->seen & 1u << i) {
                return keygate_api_fault(fault, args[0],
                                         "this directive only once");
            }

            api->seen |= 1u << i;
        }

        return d->handler(api, args, n, fault);
    }

    return keygate_api_fault(fault, args[0],
                             "a directive of \"keygate_api\", such as "
                             "\"zone\", \"credential\", \"scope\", \"route\"");
}

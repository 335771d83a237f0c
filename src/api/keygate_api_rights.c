/*
 * The words of an API's directives that tell what a caller may do, and how
 * often: scopes, plans, routes.
 */

#include <string.h>

#include "keygate_api_private.h"


static int keygate_api_is_feature(keygate_str_t name);


keygate_rc_t
keygate_api_parse_scope(keygate_api_t *api, const keygate_str_t *args,
    unsigned n, keygate_conf_fault_t *fault)
{
    unsigned          i;
    keygate_str_t     value, implies;
    keygate_scope_t  *s;

    if (!keygate_scope_name_valid(args[1])) {
        return keygate_api_fault(fault, args[1],
                                 "a scope name: 1 to 63 printable characters "
                                 "without space, quote, \"\\\", \"&\", \"|\", "
                                 "\",\"; not \"any\", \"optional\" or "
                                 "\"public\"");
    }

    if (keygate_scope_find(&api->catalogue, args[1]) != -1) {
        return keygate_api_fault(fault, args[1], "each scope only once");
    }

    if (api->catalogue.n == KEYGATE_SCOPES_MAX) {
        return keygate_api_fault(fault, args[1],
                                 "at most 256 scopes in an API");
    }

    s = &api->catalogue.scopes[api->catalogue.n];
    s->name = args[1];
    implies.len = 0;

    for (i = 2; i < n; i++) {
        if (keygate_api_option(args[i], "implies", &value)
            && implies.len == 0 && s->text.len == 0)
        {
            implies = args[i];
            continue;
        }

        if (s->text.len || args[i].len == 0) {
            return keygate_api_fault(fault, args[i],
                                     "\"implies=A,B\", then a text, each at "
                                     "most once");
        }

        s->text = args[i];
    }

    api->catalogue.n++;

    if (implies.len) {
        keygate_str_t  words[2];

        words[0] = args[1];
        words[1] = implies;

        return keygate_api_defer(api, keygate_api_resolve_implies,
                                 KEYGATE_RANK_IMPLIES, words, 2, fault->line);
    }

    return KEYGATE_OK;
}


/* Nothing in a plan takes parameters: what looks like one would be the name of
 * a feature, and do nothing. */

static int
keygate_api_is_feature(keygate_str_t name)
{
    return keygate_api_name_valid(name)
           && memchr(name.data, '=', name.len) == NULL;
}


keygate_rc_t
keygate_api_parse_plan(keygate_api_t *api, const keygate_str_t *args,
    unsigned n, keygate_conf_fault_t *fault)
{
    unsigned         i, k;
    keygate_plan_t  *plan;

    for (i = 0; i < api->n_plans; i++) {
        if (keygate_str_eq(api->plans[i].name, args[1])) {
            return keygate_api_fault(fault, args[1], "each plan only once");
        }
    }

    if (!keygate_api_is_feature(args[1]) || api->n_plans == KEYGATE_PLANS_MAX) {
        return keygate_api_fault(fault, args[1],
                                 "a plan name of 1 to 63 characters without "
                                 "\"=\"; at most 64 plans");
    }

    api->plan_lines[api->n_plans] = fault->line;
    plan = &api->plans[api->n_plans++];
    plan->name = args[1];

    for (i = 2; i < n; i++) {
        if (!keygate_api_is_feature(args[i])) {
            return keygate_api_fault(fault, args[i],
                                     "a feature name without \"=\"; a rate of "
                                     "a plan is written \"rate NUMr/UNIT "
                                     "plan=NAME\"");
        }

        for (k = 0; k < api->n_features; k++) {
            if (keygate_str_eq(api->features[k], args[i])) {
                break;
            }
        }

        if (k == KEYGATE_FEATURES_MAX) {
            return keygate_api_fault(fault, args[i],
                                     "at most 64 features in an API");
        }

        if (k == api->n_features) {
            api->features[api->n_features++] = args[i];
        }

        if (plan->features & (uint64_t) 1 << k) {
            return keygate_api_fault(fault, args[i],
                                     "each feature of a plan only once");
        }

        plan->features |= (uint64_t) 1 << k;
    }

    return KEYGATE_OK;
}


keygate_rc_t
keygate_api_parse_require(keygate_api_t *api, const keygate_str_t *args,
    unsigned n, keygate_conf_fault_t *fault)
{
    unsigned  i;

    for (i = 1; i < n; i++) {
        if (!keygate_api_is_feature(args[i])) {
            return keygate_api_fault(fault, args[i],
                                     "a feature name without \"=\"");
        }
    }

    return keygate_api_defer(api, keygate_api_resolve_require,
                             KEYGATE_RANK_FEATURES, args, n, fault->line);
}


keygate_rc_t
keygate_api_parse_rate_headers(keygate_api_t *api, const keygate_str_t *args,
    unsigned n, keygate_conf_fault_t *fault)
{
    int                       i;
    static const char *const  choices[] = { "draft", "legacy", "off", NULL };

    (void) n;

    i = keygate_api_choice(args[1], choices);

    if (i == -1) {
        return keygate_api_fault(fault, args[1],
                                 "\"draft\", \"legacy\" or \"off\"");
    }

    api->rate_headers = (keygate_headers_e) i;

    return KEYGATE_OK;
}


keygate_rc_t
keygate_api_parse_route(keygate_api_t *api, const keygate_str_t *args,
    unsigned n, keygate_conf_fault_t *fault)
{
    const char  *expected;

    expected = keygate_template_error(args[2]);

    if (expected) {
        return keygate_api_fault(fault, args[2], expected);
    }

    return keygate_api_defer(api, keygate_api_resolve_route,
                             KEYGATE_RANK_ROUTES, args, n, fault->line);
}


keygate_rc_t
keygate_api_parse_when(keygate_api_t *api, const keygate_str_t *args,
    unsigned n, keygate_conf_fault_t *fault)
{
    size_t                len;
    const unsigned char  *p, *end;

    static const keygate_str_t  body = keygate_string("body.");

    if (args[3].len <= body.len || args[3].len > body.len + KEYGATE_NAME_MAX
        || memcmp(args[3].data, body.data, body.len) != 0)
    {
        return keygate_api_fault(fault, args[3],
                                 "\"body.MEMBER\", a member of the body's "
                                 "JSON object, of at most 63 bytes");
    }

    end = args[3].data + args[3].len;

    for (p = args[3].data; p < end; p += len) {
        len = keygate_utf8(p, end);

        if (len == 0) {
            return keygate_api_fault(fault, args[3], "UTF-8");
        }
    }

    return keygate_api_defer(api, keygate_api_resolve_when,
                             KEYGATE_RANK_WHEN, args, n, fault->line);
}


keygate_rc_t
keygate_api_parse_encoded_slash(keygate_api_t *api, const keygate_str_t *args,
    unsigned n, keygate_conf_fault_t *fault)
{
    int                       i;
    static const char *const  choices[] = { "deny", "keep", NULL };

    (void) n;

    i = keygate_api_choice(args[1], choices);

    if (i == -1) {
        return keygate_api_fault(fault, args[1], "\"deny\" or \"keep\"");
    }

    api->slash_keep = i;

    return KEYGATE_OK;
}


keygate_rc_t
keygate_api_parse_unmatched(keygate_api_t *api, const keygate_str_t *args,
    unsigned n, keygate_conf_fault_t *fault)
{
    int                       i;
    static const char *const  choices[] = { "deny", "pass", NULL };

    (void) n;

    i = keygate_api_choice(args[1], choices);

    if (i == -1) {
        return keygate_api_fault(fault, args[1], "\"deny\" or \"pass\"");
    }

    api->unmatched_pass = i;

    return KEYGATE_OK;
}


keygate_rc_t
keygate_api_parse_pass_credential(keygate_api_t *api, const keygate_str_t *args,
    unsigned n, keygate_conf_fault_t *fault)
{
    int                       i;
    static const char *const  choices[] = { "off", "on", NULL };

    (void) n;

    i = keygate_api_choice(args[1], choices);

    if (i == -1) {
        return keygate_api_fault(fault, args[1], "\"on\" or \"off\"");
    }

    api->pass_credential = i;

    return KEYGATE_OK;
}

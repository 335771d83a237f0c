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
    keygate_words_pt   handler;
} keygate_directive_t;


keygate_rc_t
keygate_api_fault(keygate_conf_fault_t *fault, keygate_str_t value,
    const char *expected)
{
    fault->value = value;
    fault->expected = expected;

    return KEYGATE_INVALID;
}


int
keygate_api_option(keygate_str_t arg, const char *name, keygate_str_t *value)
{
    size_t  len;

    len = strlen(name);

    if (arg.len <= len || memcmp(arg.data, name, len) != 0
        || arg.data[len] != '=')
    {
        return 0;
    }

    value->len = arg.len - len - 1;
    value->data = arg.data + len + 1;

    return 1;
}


int
keygate_api_number(keygate_str_t text, uint32_t min, uint32_t max,
    uint32_t *number)
{
    size_t    i;
    uint64_t  n;

    if (text.len == 0 || text.len > 10) {
        return 0;
    }

    n = 0;

    for (i = 0; i < text.len; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') {
            return 0;
        }

        n = n * 10 + (text.data[i] - '0');
    }

    *number = (uint32_t) n;

    return n >= min && n <= max;
}


int
keygate_api_split(keygate_str_t *rest, unsigned char sep,
    keygate_str_t *piece)
{
    const unsigned char  *p;

    if (rest->data == NULL) {
        return 0;
    }

    piece->data = rest->data;

    p = rest->len ? memchr(rest->data, sep, rest->len) : NULL;

    if (p == NULL) {
        piece->len = rest->len;
        rest->data = NULL;
        rest->len = 0;
        return 1;
    }

    piece->len = p - rest->data;
    rest->len -= piece->len + 1;
    rest->data = p + 1;

    return 1;
}


int
keygate_api_name_valid(keygate_str_t name)
{
    size_t         i;
    unsigned char  c;

    if (name.len == 0 || name.len > KEYGATE_NAME_MAX) {
        return 0;
    }

    for (i = 0; i < name.len; i++) {
        c = name.data[i];

        if (c <= 0x20 || c >= 0x7f || c == '"' || c == '\\' || c == ','
            || c == ';')
        {
            return 0;
        }
    }

    return 1;
}


static int
keygate_api_token_char(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
           || (c >= '0' && c <= '9')
           || (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}


int
keygate_api_token(keygate_str_t text)
{
    size_t  i;

    for (i = 0; i < text.len; i++) {
        if (!keygate_api_token_char(text.data[i])) {
            return 0;
        }
    }

    return text.len != 0;
}


int
keygate_api_choice(keygate_str_t word, const char *const *choices)
{
    int  i;

    for (i = 0; choices[i]; i++) {
        if (word.len == strlen(choices[i])
            && memcmp(word.data, choices[i], word.len) == 0)
        {
            return i;
        }
    }

    return -1;
}


static const keygate_directive_t  keygate_directives[] = {

    { "zone", 1, 1, KEYGATE_ONCE, "\"zone NAME\"", keygate_words_zone },

    { "credential", 1, 3, 0, "\"credential header FIELD\", \"credential "
      "bearer\", \"credential scheme NAME [param=P]\", \"credential basic "
      "user|password\" or \"credential websocket PREFIX\"",
      keygate_words_credential },

    { "key_format", 1, 3, 0, "\"key_format PREFIX [id=N] [secret=N]\" or "
      "\"key_format any\"",
      keygate_words_key_format },

    { "base", 1, 1, KEYGATE_ONCE, "\"base PATH\"", keygate_words_base },

    { "account", 1, KEYGATE_FIELDS_MAX, KEYGATE_ONCE,
      "\"account NAME [FIELD...]\", at most 31 fields",
      keygate_words_account },

    { "scope", 1, 3, 0, "\"scope NAME [implies=A,B] [TEXT]\"",
      keygate_words_scope },

    { "plan", 1, 1 + KEYGATE_FEATURES_MAX, 0, "\"plan NAME [FEATURE...]\"",
      keygate_words_plan },

    { "require", 1, KEYGATE_FEATURES_MAX, KEYGATE_ONCE,
      "\"require FEATURE...\"", keygate_words_require },

    { "rate", 1, 5, 0, "\"rate NUMr/UNIT [name=NAME] [per=key|account] "
      "[plan=PLAN,...] [group=GROUP]\"", keygate_words_rate },

    { "rate_headers", 1, 1, KEYGATE_ONCE, "\"rate_headers draft|legacy|off\"",
      keygate_words_rate_headers },

    { "route", 3, 6, 0,
      "\"route METHODS TEMPLATE NEED [cost=N] [feature=F] [group=GROUP]\"",
      keygate_words_route },

    { "when", 4, 4, 0, "\"when METHOD TEMPLATE body.MEMBER SCOPE\"",
      keygate_words_when },

    { "errors", 1, 1, KEYGATE_ONCE, "\"errors problem|detail|envelope\"",
      keygate_words_errors },

    { "error", 2, 5, 0,
      "\"error CODE [status=N] [code=TEXT] [title=TEXT] [detail=TEXT]\"",
      keygate_words_error },

    { "problem_types", 1, 1, KEYGATE_ONCE, "\"problem_types URI\"",
      keygate_words_problem_types },

    { "preflight", 1, 1 + KEYGATE_ORIGINS_MAX, KEYGATE_ONCE,
      "\"preflight off|pass|answer ORIGIN...|*\", at most 32 origins",
      keygate_words_preflight },

    { "encoded_slash", 1, 1, KEYGATE_ONCE, "\"encoded_slash deny|keep\"",
      keygate_words_encoded_slash },

    { "unmatched", 1, 1, KEYGATE_ONCE, "\"unmatched deny|pass\"",
      keygate_words_unmatched },

    { "pass_credential", 1, 1, KEYGATE_ONCE, "\"pass_credential on|off\"",
      keygate_words_pass_credential },

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


keygate_rc_t
keygate_api_defer(keygate_api_t *api, keygate_words_pt resolve, unsigned rank,
    const keygate_str_t *args, unsigned n, unsigned line)
{
    keygate_pending_t  *p;

    p = api->pool->alloc(api->pool->pool, sizeof(keygate_pending_t));
    if (p == NULL) {
        return KEYGATE_NOMEM;
    }

    p->args = api->pool->alloc(api->pool->pool, n * sizeof(keygate_str_t));
    if (p->args == NULL) {
        return KEYGATE_NOMEM;
    }

    memcpy(p->args, args, n * sizeof(keygate_str_t));
    p->n = n;
    p->resolve = resolve;
    p->rank = rank;
    p->line = line;

    if (api->pending_last) {
        api->pending_last->next = p;

    } else {
        api->pending = p;
    }

    api->pending_last = p;

    return KEYGATE_OK;
}

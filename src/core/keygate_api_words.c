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


static keygate_rc_t keygate_api_defer(keygate_api_t *api,
    keygate_words_pt resolve, unsigned rank, const keygate_str_t *args,
    unsigned n, unsigned line);
static int keygate_api_name_valid(keygate_str_t name);


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


/* Plans, features, rates, fields: what may stand in a variable, a header's
 * quoted string and a JSON member without escaping. */

static int
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


static int
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


static keygate_rc_t
keygate_words_zone(keygate_api_t *api, const keygate_str_t *args, unsigned n,
    keygate_conf_fault_t *fault)
{
    (void) n;
    (void) fault;

    api->zone = args[1];

    return KEYGATE_OK;
}


static int
keygate_api_same_field(keygate_str_t a, keygate_str_t b)
{
    size_t  i;

    if (a.len != b.len) {
        return 0;
    }

    for (i = 0; i < a.len; i++) {
        if ((a.data[i] | 0x20) != (b.data[i] | 0x20)) {
            return 0;
        }
    }

    return 1;
}


static keygate_rc_t
keygate_words_credential(keygate_api_t *api, const keygate_str_t *args,
    unsigned n, keygate_conf_fault_t *fault)
{
    unsigned       i;
    keygate_str_t  field;

    if (keygate_str_eq(args[1], KEYGATE_STR("bearer")) && n == 2) {
        field = KEYGATE_STR("");

    } else if (keygate_str_eq(args[1], KEYGATE_STR("header")) && n == 3) {
        field = args[2];

        if (!keygate_api_token(field)
            || keygate_api_same_field(field, KEYGATE_STR("authorization")))
        {
            return keygate_api_fault(fault, field,
                                     "the name of a header field other than "
                                     "Authorization");
        }

    } else {
        return keygate_api_fault(fault, args[1],
                                 "\"header FIELD\" or \"bearer\"");
    }

    for (i = 0; i < api->n_sources; i++) {
        if (keygate_api_same_field(api->sources[i].field, field)) {
            return keygate_api_fault(fault, args[n - 1],
                                     "each credential only once");
        }
    }

    if (api->n_sources == KEYGATE_CREDENTIALS_MAX) {
        return keygate_api_fault(fault, args[n - 1],
                                 "at most 8 credentials in an API");
    }

    api->sources[api->n_sources++].field = field;

    return KEYGATE_OK;
}


static keygate_rc_t
keygate_words_key_format(keygate_api_t *api, const keygate_str_t *args,
    unsigned n, keygate_conf_fault_t *fault)
{
    unsigned           i, seen;
    uint32_t           number;
    keygate_str_t      value;
    keygate_format_t   f, *other;

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


static keygate_rc_t
keygate_words_base(keygate_api_t *api, const keygate_str_t *args, unsigned n,
    keygate_conf_fault_t *fault)
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


static keygate_rc_t
keygate_words_account(keygate_api_t *api, const keygate_str_t *args,
    unsigned n, keygate_conf_fault_t *fault)
{
    unsigned  i, k;

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


static keygate_rc_t
keygate_words_scope(keygate_api_t *api, const keygate_str_t *args, unsigned n,
    keygate_conf_fault_t *fault)
{
    unsigned          i;
    keygate_str_t     value, implies;
    keygate_scope_t  *s;

    if (!keygate_scope_name_valid(args[1])) {
        return keygate_api_fault(fault, args[1],
                                 "a scope name: 1 to 63 printable characters "
                                 "without space, quote, \"\\\", \"&\", \"|\", "
                                 "\",\"; not \"any\" or \"public\"");
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


static keygate_rc_t
keygate_words_plan(keygate_api_t *api, const keygate_str_t *args, unsigned n,
    keygate_conf_fault_t *fault)
{
    unsigned         i, k;
    keygate_plan_t  *plan;

    for (i = 0; i < api->n_plans; i++) {
        if (keygate_str_eq(api->plans[i].name, args[1])) {
            return keygate_api_fault(fault, args[1], "each plan only once");
        }
    }

    if (!keygate_api_name_valid(args[1]) || api->n_plans == KEYGATE_PLANS_MAX) {
        return keygate_api_fault(fault, args[1],
                                 "a plan name of 1 to 63 characters; at most "
                                 "64 plans");
    }

    api->plan_lines[api->n_plans] = fault->line;
    plan = &api->plans[api->n_plans++];
    plan->name = args[1];

    for (i = 2; i < n; i++) {
        if (!keygate_api_name_valid(args[i])) {
            return keygate_api_fault(fault, args[i], "a feature name");
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


static keygate_rc_t
keygate_words_require(keygate_api_t *api, const keygate_str_t *args,
    unsigned n, keygate_conf_fault_t *fault)
{
    return keygate_api_defer(api, keygate_api_resolve_require,
                             KEYGATE_RANK_FEATURES, args, n, fault->line);
}


static keygate_rc_t
keygate_words_rate(keygate_api_t *api, const keygate_str_t *args, unsigned n,
    keygate_conf_fault_t *fault)
{
    unsigned        i, seen;
    keygate_str_t   value;
    keygate_rate_t  r;

    memset(&r, 0, sizeof(keygate_rate_t));

    if (keygate_rate_parse(args[1], &r.limit, &r.unit) != KEYGATE_OK) {
        return keygate_api_fault(fault, args[1],
                                 "NUMr/UNIT: 1 to 1000000000 requests in an "
                                 "\"s\", \"m\", \"h\", \"d\" or \"month\"");
    }

    r.name.data = (const unsigned char *) keygate_unit_name(r.unit);
    r.name.len = strlen(keygate_unit_name(r.unit));

    for (seen = 0, i = 2; i < n; i++) {
        if (!(seen & 1) && keygate_api_option(args[i], "name", &value)
            && keygate_api_name_valid(value))
        {
            r.name = value;
            seen |= 1;
            continue;
        }

        if (!(seen & 2) && keygate_api_option(args[i], "per", &value)
            && (keygate_str_eq(value, KEYGATE_STR("key"))
                || keygate_str_eq(value, KEYGATE_STR("account"))))
        {
            r.per_account = keygate_str_eq(value, KEYGATE_STR("account"));
            seen |= 2;
            continue;
        }

        return keygate_api_fault(fault, args[i],
                                 "\"name=NAME\" and \"per=key\" or "
                                 "\"per=account\", each once");
    }

    for (i = 0; i < api->n_rates; i++) {
        if (api->rates[i].unit == r.unit
            && api->rates[i].per_account == r.per_account)
        {
            return keygate_api_fault(fault, args[1],
                                     "at most one rate of a unit for keys, "
                                     "and one for accounts");
        }

        if (keygate_str_eq(api->rates[i].name, r.name)) {
            return keygate_api_fault(fault, r.name,
                                     "each name of a rate only once; give "
                                     "this one a name=");
        }
    }

    api->rates[api->n_rates++] = r;

    return KEYGATE_OK;
}


/* One of a few words: its place among them, or -1. */

static int
keygate_words_choice(keygate_str_t word, const char *const *choices)
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


static keygate_rc_t
keygate_words_rate_headers(keygate_api_t *api, const keygate_str_t *args,
    unsigned n, keygate_conf_fault_t *fault)
{
    int                       i;
    static const char *const  choices[] = { "draft", "legacy", "off", NULL };

    (void) n;

    i = keygate_words_choice(args[1], choices);

    if (i == -1) {
        return keygate_api_fault(fault, args[1],
                                 "\"draft\", \"legacy\" or \"off\"");
    }

    api->rate_headers = (keygate_headers_e) i;

    return KEYGATE_OK;
}


static keygate_rc_t
keygate_words_route(keygate_api_t *api, const keygate_str_t *args, unsigned n,
    keygate_conf_fault_t *fault)
{
    const char  *expected;

    expected = keygate_template_error(args[2]);

    if (expected) {
        return keygate_api_fault(fault, args[2], expected);
    }

    return keygate_api_defer(api, keygate_api_resolve_route,
                             KEYGATE_RANK_ROUTES, args, n, fault->line);
}


static keygate_rc_t
keygate_words_when(keygate_api_t *api, const keygate_str_t *args, unsigned n,
    keygate_conf_fault_t *fault)
{
    static const keygate_str_t  body = keygate_string("body.");

    if (args[3].len <= body.len
        || memcmp(args[3].data, body.data, body.len) != 0)
    {
        return keygate_api_fault(fault, args[3],
                                 "\"body.MEMBER\", a member of the body's "
                                 "JSON object");
    }

    return keygate_api_defer(api, keygate_api_resolve_when,
                             KEYGATE_RANK_WHEN, args, n, fault->line);
}


static keygate_rc_t
keygate_words_errors(keygate_api_t *api, const keygate_str_t *args,
    unsigned n, keygate_conf_fault_t *fault)
{
    int                       i;
    static const char *const  choices[] = { "problem", "detail", "envelope",
                                            NULL };

    (void) n;

    i = keygate_words_choice(args[1], choices);

    if (i == -1) {
        return keygate_api_fault(fault, args[1],
                                 "\"problem\", \"detail\" or \"envelope\"");
    }

    api->texts.format = (keygate_error_format_e) i;

    return KEYGATE_OK;
}


static int
keygate_words_utf8(keygate_str_t text)
{
    size_t                len;
    const unsigned char  *p, *end;

    end = text.data + text.len;

    for (p = text.data; p < end; p += len) {
        len = keygate_utf8(p, end);

        if (len == 0 || *p < 0x20 || *p == 0x7f) {
            return 0;
        }
    }

    return text.len != 0;
}


static keygate_rc_t
keygate_words_error(keygate_api_t *api, const keygate_str_t *args, unsigned n,
    keygate_conf_fault_t *fault)
{
    unsigned                  i;
    uint32_t                  number;
    keygate_str_t             value, culprit, *slot;
    keygate_text_t           *text;
    keygate_code_e            code;

    code = keygate_code_find(args[1]);

    if (code == KEYGATE_CODES || code == KEYGATE_ALLOWED) {
        return keygate_api_fault(fault, args[1],
                                 "a code of a refusal, such as "
                                 "\"insufficient_scope\"");
    }

    text = &api->texts.text[code];

    if (text->status || text->code.len || text->title.len || text->detail.len)
    {
        return keygate_api_fault(fault, args[1],
                                 "each code's texts only once");
    }

    for (i = 2; i < n; i++) {
        if (keygate_api_option(args[i], "status", &value)) {
            if (text->status || !keygate_api_number(value, 400, 599, &number)) {
                return keygate_api_fault(fault, args[i],
                                         "status=400 to status=599, once");
            }

            text->status = number;
            continue;
        }

        if (keygate_api_option(args[i], "code", &value)) {
            slot = &text->code;

        } else if (keygate_api_option(args[i], "title", &value)) {
            slot = &text->title;

        } else if (keygate_api_option(args[i], "detail", &value)) {
            slot = &text->detail;

        } else {
            slot = NULL;
        }

        if (slot == NULL || slot->len || !keygate_words_utf8(value)) {
            return keygate_api_fault(fault, args[i],
                                     "\"status=N\", \"code=TEXT\", "
                                     "\"title=TEXT\", \"detail=TEXT\", each "
                                     "once; quote the whole word");
        }

        if (keygate_text_check(value, &culprit) != KEYGATE_OK) {
            return keygate_api_fault(fault, culprit,
                                     "{scope}, {retry_after}, {limit}, "
                                     "{method}, {path} or {plan}");
        }

        *slot = value;
    }

    return KEYGATE_OK;
}


static keygate_rc_t
keygate_words_problem_types(keygate_api_t *api, const keygate_str_t *args,
    unsigned n, keygate_conf_fault_t *fault)
{
    (void) n;

    if (!keygate_words_utf8(args[1]) || memchr(args[1].data, ':', args[1].len)
        == NULL || memchr(args[1].data, ' ', args[1].len) != NULL)
    {
        return keygate_api_fault(fault, args[1],
                                 "a URI that codes are appended to, such as "
                                 "\"https://api.example.com/problems/\"");
    }

    api->texts.types = args[1];

    return KEYGATE_OK;
}


static keygate_rc_t
keygate_words_unmatched(keygate_api_t *api, const keygate_str_t *args,
    unsigned n, keygate_conf_fault_t *fault)
{
    int                       i;
    static const char *const  choices[] = { "deny", "pass", NULL };

    (void) n;

    i = keygate_words_choice(args[1], choices);

    if (i == -1) {
        return keygate_api_fault(fault, args[1], "\"deny\" or \"pass\"");
    }

    api->unmatched_pass = i;

    return KEYGATE_OK;
}


static keygate_rc_t
keygate_words_pass_credential(keygate_api_t *api, const keygate_str_t *args,
    unsigned n, keygate_conf_fault_t *fault)
{
    int                       i;
    static const char *const  choices[] = { "off", "on", NULL };

    (void) n;

    i = keygate_words_choice(args[1], choices);

    if (i == -1) {
        return keygate_api_fault(fault, args[1], "\"on\" or \"off\"");
    }

    api->pass_credential = i;

    return KEYGATE_OK;
}


static const keygate_directive_t  keygate_directives[] = {

    { "zone", 1, 1, KEYGATE_ONCE, "\"zone NAME\"", keygate_words_zone },

    { "credential", 1, 2, 0, "\"credential header FIELD\" or "
      "\"credential bearer\"", keygate_words_credential },

    { "key_format", 1, 3, 0, "\"key_format PREFIX [id=N] [secret=N]\"",
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

    { "rate", 1, 3, 0, "\"rate NUMr/UNIT [name=NAME] [per=key|account]\"",
      keygate_words_rate },

    { "rate_headers", 1, 1, KEYGATE_ONCE, "\"rate_headers draft|legacy|off\"",
      keygate_words_rate_headers },

    { "route", 3, 5, 0,
      "\"route METHODS TEMPLATE NEED [cost=N] [feature=F]\"",
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


static keygate_rc_t
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

/*
 * The words of "credential": where a key is sent.  Each is checked against
 * those before it: no header line may hold two keys by two readings.
 */

#include <string.h>

#include "keygate_api_private.h"


static keygate_rc_t keygate_credential_header(keygate_api_t *api,
    keygate_source_t *source, const keygate_str_t *args,
    keygate_conf_fault_t *fault);
static keygate_rc_t keygate_credential_scheme(keygate_source_t *source,
    const keygate_str_t *args, unsigned n, keygate_conf_fault_t *fault);
static keygate_rc_t keygate_credential_basic(keygate_source_t *source,
    const keygate_str_t *args, keygate_conf_fault_t *fault);
static keygate_rc_t keygate_credential_websocket(keygate_source_t *source,
    const keygate_str_t *args, keygate_conf_fault_t *fault);
static int keygate_credential_taken(const keygate_source_t *a,
    const keygate_source_t *b);
static int keygate_credential_reserved(keygate_str_t lowcase);
static int keygate_credential_same(keygate_str_t a, keygate_str_t b);
static keygate_rc_t keygate_api_lowcase(keygate_api_t *api, keygate_str_t s,
    keygate_str_t *lowcase);


/* What HTTP, nginx or a browser needs for something else; a last "-" stands
 * for all that begin so. */

static const char *const  keygate_credential_fields[] = {
    "accept", "accept-", "access-control-", "authorization", "cache-control",
    "connection", "content-", "cookie", "date", "expect", "forwarded", "from",
    "host", "http2-settings", "if-", "keep-alive", "max-forwards", "origin",
    "pragma", "proxy-", "range", "referer", "sec-", "te", "trailer",
    "transfer-encoding", "upgrade", "user-agent", "via", "x-forwarded-",
    "x-http-method", "x-http-method-override", "x-method-override",
    "x-original-method", "x-original-url", "x-real-ip", "x-rewrite-url", NULL
};


keygate_rc_t
keygate_api_parse_credential(keygate_api_t *api, const keygate_str_t *args,
    unsigned n, keygate_conf_fault_t *fault)
{
    unsigned          i;
    keygate_rc_t      rc;
    keygate_source_t  source;

    memset(&source, 0, sizeof(keygate_source_t));
    source.field = KEYGATE_STR("Authorization");
    source.lowcase = KEYGATE_STR("authorization");
    source.line = fault->line;
    rc = KEYGATE_OK;

    if (keygate_str_eq(args[1], KEYGATE_STR("bearer")) && n == 2) {
        source.kind = KEYGATE_SOURCE_BEARER;
        source.scheme = KEYGATE_STR("Bearer");

    } else if (keygate_str_eq(args[1], KEYGATE_STR("header")) && n == 3) {
        rc = keygate_credential_header(api, &source, args, fault);

    } else if (keygate_str_eq(args[1], KEYGATE_STR("scheme"))
               && (n == 3 || n == 4))
    {
        rc = keygate_credential_scheme(&source, args, n, fault);

    } else if (keygate_str_eq(args[1], KEYGATE_STR("basic")) && n == 3) {
        rc = keygate_credential_basic(&source, args, fault);

    } else if (keygate_str_eq(args[1], KEYGATE_STR("websocket")) && n == 3) {
        rc = keygate_credential_websocket(&source, args, fault);

    } else {
        return keygate_api_fault(fault, args[1],
                                 "\"header FIELD\", \"bearer\", \"scheme "
                                 "NAME [param=P]\", \"basic user|password\" "
                                 "or \"websocket PREFIX\"");
    }

    if (rc != KEYGATE_OK) {
        return rc;
    }

    for (i = 0; i < api->n_sources; i++) {
        if (keygate_credential_taken(&api->sources[i], &source)) {
            fault->other = api->sources[i].line;
            return keygate_api_fault(fault, args[n > 2 ? 2 : 1],
                                     "each credential only once, and each "
                                     "scheme or prefix for one");
        }
    }

    if (api->n_sources == KEYGATE_CREDENTIALS_MAX) {
        return keygate_api_fault(fault, args[n - 1],
                                 "at most 8 credentials in an API");
    }

    api->sources[api->n_sources++] = source;

    return KEYGATE_OK;
}


static keygate_rc_t
keygate_credential_header(keygate_api_t *api, keygate_source_t *source,
    const keygate_str_t *args, keygate_conf_fault_t *fault)
{
    source->kind = KEYGATE_SOURCE_HEADER;
    source->field = args[2];

    if (keygate_api_lowcase(api, source->field, &source->lowcase)
        != KEYGATE_OK)
    {
        return KEYGATE_NOMEM;
    }

    if (!keygate_api_token(source->field)
        || keygate_credential_reserved(source->lowcase))
    {
        return keygate_api_fault(fault, source->field,
                                 "the name of a header field for keys, such "
                                 "as \"X-Api-Key\", other than "
                                 "Authorization (\"bearer\", \"scheme\", "
                                 "\"basic\") and those that mean something "
                                 "else (Host, Cookie, Content-Type)");
    }

    return KEYGATE_OK;
}


static keygate_rc_t
keygate_credential_scheme(keygate_source_t *source, const keygate_str_t *args,
    unsigned n, keygate_conf_fault_t *fault)
{
    source->kind = KEYGATE_SOURCE_SCHEME;
    source->scheme = args[2];

    if (!keygate_api_token(source->scheme)
        || keygate_credential_same(source->scheme, KEYGATE_STR("bearer"))
        || keygate_credential_same(source->scheme, KEYGATE_STR("basic")))
    {
        return keygate_api_fault(fault, source->scheme,
                                 "the name of an authentication scheme other "
                                 "than \"Bearer\" (\"credential bearer\") "
                                 "and \"Basic\" (\"credential basic\")");
    }

    if (n == 4 && (!keygate_api_option(args[3], "param", &source->param)
                   || !keygate_api_token(source->param)
                   || keygate_api_quoted(source->param)))
    {
        return keygate_api_fault(fault, args[3],
                                 "\"param=NAME\", the parameter that holds "
                                 "the key");
    }

    return KEYGATE_OK;
}


static keygate_rc_t
keygate_credential_basic(keygate_source_t *source, const keygate_str_t *args,
    keygate_conf_fault_t *fault)
{
    static const char *const  parts[] = { "user", "password", NULL };

    int  part;

    source->kind = KEYGATE_SOURCE_BASIC;
    source->scheme = KEYGATE_STR("Basic");
    part = keygate_api_choice(args[2], parts);

    if (part == -1) {
        return keygate_api_fault(fault, args[2], "\"user\" or \"password\"");
    }

    source->password = part == 1;

    return KEYGATE_OK;
}


static keygate_rc_t
keygate_credential_websocket(keygate_source_t *source,
    const keygate_str_t *args, keygate_conf_fault_t *fault)
{
    source->kind = KEYGATE_SOURCE_WEBSOCKET;
    source->field = KEYGATE_STR("Sec-WebSocket-Protocol");
    source->lowcase = KEYGATE_STR("sec-websocket-protocol");
    source->prefix = args[2];

    if (!keygate_api_token(source->prefix)) {
        return keygate_api_fault(fault, args[2],
                                 "the beginning of a subprotocol, such as "
                                 "\"key.\": letters, digits, \".\", \"-\", "
                                 "\"_\"");
    }

    return KEYGATE_OK;
}


/* Whether a line could be read as one and as the other. */

static int
keygate_credential_taken(const keygate_source_t *a, const keygate_source_t *b)
{
    size_t  len;

    if (!keygate_str_eq(a->lowcase, b->lowcase)) {
        return 0;
    }

    switch (b->kind) {

    case KEYGATE_SOURCE_HEADER:
        return 1;

    case KEYGATE_SOURCE_WEBSOCKET:
        len = a->prefix.len < b->prefix.len ? a->prefix.len : b->prefix.len;

        return memcmp(a->prefix.data, b->prefix.data, len) == 0;

    default:
        return keygate_credential_same(a->scheme, b->scheme);
    }
}


static int
keygate_credential_reserved(keygate_str_t lowcase)
{
    size_t              len;
    const char *const  *f;

    for (f = keygate_credential_fields; *f != NULL; f++) {
        len = strlen(*f);

        if (lowcase.len >= len && memcmp(lowcase.data, *f, len) == 0
            && (lowcase.len == len || (*f)[len - 1] == '-'))
        {
            return 1;
        }
    }

    return 0;
}


/* The same letters in any case. */

static int
keygate_credential_same(keygate_str_t a, keygate_str_t b)
{
    size_t         i;
    unsigned char  c, d;

    if (a.len != b.len) {
        return 0;
    }

    for (i = 0; i < a.len; i++) {
        c = a.data[i];
        d = b.data[i];

        c |= c >= 'A' && c <= 'Z' ? 0x20 : 0;
        d |= d >= 'A' && d <= 'Z' ? 0x20 : 0;

        if (c != d) {
            return 0;
        }
    }

    return 1;
}


static keygate_rc_t
keygate_api_lowcase(keygate_api_t *api, keygate_str_t s,
    keygate_str_t *lowcase)
{
    size_t          i;
    unsigned char  *p;

    p = api->pool->alloc(api->pool->pool, s.len + 1);
    if (p == NULL) {
        return KEYGATE_NOMEM;
    }

    for (i = 0; i < s.len; i++) {
        p[i] = s.data[i] >= 'A' && s.data[i] <= 'Z' ? s.data[i] | 0x20
                                                    : s.data[i];
    }

    lowcase->data = p;
    lowcase->len = s.len;

    return KEYGATE_OK;
}

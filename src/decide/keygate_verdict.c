/*
 * How a verdict begins, and what it has to say: lists of scopes, the nearest
 * rate, challenges.
 */

#include <string.h>

#include "keygate_calendar.h"
#include "keygate_decide_private.h"
#include "keygate_ratelimit.h"


static void keygate_buf_quoted(keygate_buf_t *b, keygate_str_t s);
static void keygate_verdict_scheme(const keygate_api_t *api,
    const keygate_source_t *source, keygate_buf_t *out);


void
keygate_verdict_init(keygate_scratch_t *scratch, keygate_verdict_t *v)
{
    memset(v, 0, offsetof(keygate_verdict_t, key));

    v->scratch = scratch;
    v->windows = scratch->windows;

    keygate_verdict_nobody(v);
}


void
keygate_verdict_nobody(keygate_verdict_t *v)
{
    v->key.id_len = 0;
    v->key.account_len = 0;
    v->key.plan = -1;
}


unsigned
keygate_verdict_required(const keygate_api_t *api, const keygate_verdict_t *v,
    keygate_str_t *names)
{
    unsigned  i;

    for (i = 0; i < v->need.n; i++) {
        names[i] = api->catalogue.scopes[v->need.scopes[i]].name;
    }

    return i;
}


unsigned
keygate_verdict_missing(const keygate_api_t *api, const keygate_verdict_t *v,
    keygate_str_t *names)
{
    unsigned  i, n, scope;

    for (n = 0, i = 0; i < v->need.n; i++) {
        scope = v->need.scopes[i];

        if (!keygate_scope_held(&api->catalogue, scope, &v->key.scopes)) {
            names[n++] = api->catalogue.scopes[scope].name;
        }
    }

    return n;
}


unsigned
keygate_verdict_granted(const keygate_api_t *api, const keygate_verdict_t *v,
    keygate_str_t *names)
{
    unsigned  i, n;

    if (!v->known) {
        return 0;
    }

    for (n = 0, i = 0; i < api->catalogue.n; i++) {
        if (keygate_scope_held(&api->catalogue, i, &v->key.scopes)) {
            names[n++] = api->catalogue.scopes[i].name;
        }
    }

    return n;
}


const keygate_window_t *
keygate_verdict_nearest(const keygate_verdict_t *v)
{
    unsigned                 i;
    const keygate_window_t  *w, *nearest;

    nearest = NULL;

    for (i = 0; i < v->n_windows; i++) {
        w = &v->windows[i];

        if (nearest == NULL || w->remaining < nearest->remaining
            || (w->remaining == nearest->remaining
                && w->reset > nearest->reset))
        {
            nearest = w;
        }
    }

    return nearest;
}


/* Names are checked when they are configured: nothing in them needs escaping
 * in a quoted string. */

static void
keygate_buf_quoted(keygate_buf_t *b, keygate_str_t s)
{
    keygate_buf_puts(b, "\"");
    keygate_buf_put(b, s);
    keygate_buf_puts(b, "\"");
}


/* The challenge of a source that has no error codes of its own. */

static void
keygate_verdict_scheme(const keygate_api_t *api,
    const keygate_source_t *source, keygate_buf_t *out)
{
    if (source->scheme.len) {
        keygate_buf_put(out, source->scheme);

    } else {
        keygate_buf_puts(out, "ApiKey");
    }

    keygate_buf_puts(out, " realm=");
    keygate_buf_quoted(out, api->name);

    switch (source->kind) {

    case KEYGATE_SOURCE_HEADER:
        keygate_buf_puts(out, ", header=");
        keygate_buf_quoted(out, source->field);
        return;

    case KEYGATE_SOURCE_BASIC:
        keygate_buf_puts(out, ", charset=\"UTF-8\"");
        return;

    case KEYGATE_SOURCE_WEBSOCKET:
        keygate_buf_puts(out, ", protocol=");
        keygate_buf_quoted(out, source->prefix);
        return;

    default:
        return;
    }
}


void
keygate_verdict_challenge(const keygate_api_t *api,
    const keygate_source_t *source, const keygate_verdict_t *v,
    keygate_buf_t *out)
{
    unsigned     i;
    const char  *error;

    switch (v->code) {

    case KEYGATE_CREDENTIAL_MISSING:
        error = NULL;
        break;

    case KEYGATE_CREDENTIAL_INVALID:
    case KEYGATE_KEY_REVOKED:
    case KEYGATE_KEY_SUSPENDED:
    case KEYGATE_KEY_EXPIRED:
        error = v->source == source ? "invalid_token" : NULL;
        break;

    case KEYGATE_CREDENTIAL_CONFLICT:
        error = "invalid_request";
        break;

    case KEYGATE_INSUFFICIENT_SCOPE:
        error = "insufficient_scope";
        break;

    default:
        return;
    }

    if (source->kind != KEYGATE_SOURCE_BEARER) {
        if (v->code != KEYGATE_INSUFFICIENT_SCOPE
            && v->code != KEYGATE_CREDENTIAL_CONFLICT)
        {
            keygate_verdict_scheme(api, source, out);
        }

        return;
    }

    keygate_buf_puts(out, "Bearer realm=");
    keygate_buf_quoted(out, api->name);

    if (error) {
        keygate_buf_puts(out, ", error=\"");
        keygate_buf_puts(out, error);
        keygate_buf_puts(out, "\"");
    }

    if (v->code == KEYGATE_INSUFFICIENT_SCOPE) {
        keygate_buf_puts(out, ", scope=\"");

        for (i = 0; i < v->need.n; i++) {
            keygate_buf_puts(out, i ? " " : "");
            keygate_buf_put(out,
                            api->catalogue.scopes[v->need.scopes[i]].name);
        }

        keygate_buf_puts(out, "\"");
    }
}


keygate_str_t
keygate_verdict_policy(const keygate_verdict_t *v, int64_t wall)
{
    if (v->key.has_limits || v->rates == NULL) {
        return KEYGATE_STR("");
    }

    return v->rates->policy[v->rates->monthly
                            ? keygate_calendar_seconds(wall) / 86400 - 28 : 0];
}


void
keygate_verdict_policy_of(const keygate_verdict_t *v, int64_t wall,
    keygate_buf_t *policy)
{
    unsigned                 i;
    const keygate_window_t  *w;

    for (i = 0; i < v->n_windows; i++) {
        w = &v->windows[i];

        keygate_ratelimit_policy(policy, w->label->name, w->limit,
                                 w->unit == KEYGATE_MONTH
                                 ? keygate_calendar_seconds(wall)
                                 : keygate_unit_seconds(w->unit));
    }
}


size_t
keygate_verdict_left(const keygate_verdict_t *v, unsigned char *text)
{
    unsigned                 i;
    unsigned char           *p;
    const keygate_window_t  *w;

    for (p = text, i = 0; i < v->n_windows; i++) {
        w = &v->windows[i];
        p = keygate_ratelimit_left(p, i == 0, w->label, w->remaining,
                                   w->reset);
    }

    return (size_t) (p - text);
}


size_t
keygate_verdict_left_size(const keygate_verdict_t *v)
{
    size_t    size;
    unsigned  i;

    for (size = 0, i = 0; i < v->n_windows; i++) {
        size += v->windows[i].label->left.len + KEYGATE_RATELIMIT_POLICY;
    }

    return size;
}

/*
 * A verdict in words: what an error body is told about a refusal, and the
 * line in the error log.  The wording of bodies is in keygate_error.c.
 */

#include "ngx_http_keygate.h"


#define NGX_HTTP_KEYGATE_LOG_METHOD  32
#define NGX_HTTP_KEYGATE_LOG_PATH    256


static keygate_str_t ngx_http_keygate_span(ngx_str_t *s);
static ngx_uint_t ngx_http_keygate_has_key(keygate_api_t *api, u_char *data,
    size_t len);
static ngx_int_t ngx_http_keygate_refused_scopes(ngx_http_request_t *r,
    ngx_http_keygate_ctx_t *ctx, keygate_error_t *e);
static ngx_int_t ngx_http_keygate_refused_rates(ngx_http_request_t *r,
    keygate_verdict_t *v, keygate_error_t *e);
static ngx_int_t ngx_http_keygate_where_to_send(ngx_http_request_t *r,
    keygate_api_t *api, keygate_error_t *e);
static u_char *ngx_http_keygate_log_text(u_char *p, ngx_str_t *text,
    size_t max);
static const char *ngx_http_keygate_remedy(keygate_code_e code);


static ngx_int_t  ngx_http_keygate_request_id_index = NGX_ERROR;


ngx_int_t
ngx_http_keygate_refusal_init(ngx_conf_t *cf)
{
    ngx_str_t  name = ngx_string("request_id");

    ngx_http_keygate_request_id_index = ngx_http_get_variable_index(cf, &name);

    return ngx_http_keygate_request_id_index == NGX_ERROR ? NGX_ERROR : NGX_OK;
}


ngx_int_t
ngx_http_keygate_describe(ngx_http_request_t *r, keygate_api_t *api,
    keygate_error_t *e)
{
    ngx_str_t                   path;
    ngx_http_variable_value_t  *id;

    path = ngx_http_keygate_raw_path(r);

    if (!ngx_http_keygate_has_key(api, path.data, path.len)) {
        e->instance = ngx_http_keygate_span(&path);
    }

    id = ngx_http_get_indexed_variable(r, ngx_http_keygate_request_id_index);

    if (id == NULL) {
        return NGX_ERROR;
    }

    if (!id->not_found) {
        e->request_id.len = id->len;
        e->request_id.data = id->data;
    }

    return NGX_OK;
}


static keygate_str_t
ngx_http_keygate_span(ngx_str_t *s)
{
    keygate_str_t  span;

    span.len = s->len;
    span.data = s->data;

    return span;
}


/* Whether there is anything with the shape of a key: clients do put them into
 * paths, and no body or log line may repeat one. */

static ngx_uint_t
ngx_http_keygate_has_key(keygate_api_t *api, u_char *data, size_t len)
{
    u_char            *p, *last;
    size_t             whole;
    unsigned           i;
    keygate_str_t      id, span;
    keygate_format_t  *f;

    last = data + len;

    for (i = 0; i < api->n_formats; i++) {
        f = &api->formats[i];
        whole = f->prefix.len + f->secret_len;

        if (f->id_len) {
            whole += f->id_len + 1;
        }

        for (p = data; p < last && (size_t) (last - p) >= whole; p++) {

            if (ngx_memcmp(p, f->prefix.data, f->prefix.len) != 0) {
                continue;
            }

            span.data = p;
            span.len = whole;

            if (keygate_credential_parse(f, 1, span, &id) == 0) {
                return 1;
            }
        }
    }

    return 0;
}


ngx_int_t
ngx_http_keygate_refusal(ngx_http_request_t *r, ngx_http_keygate_ctx_t *ctx,
    keygate_error_t *e)
{
    keygate_api_t      *api;
    keygate_verdict_t  *v;

    api = ctx->api->core;
    v = ctx->verdict;

    if (ngx_http_keygate_describe(r, api, e) != NGX_OK) {
        return NGX_ERROR;
    }

    e->code = v->code;
    e->status = ctx->status;
    e->method = ngx_http_keygate_span(&r->main->method_name);

    if (!ngx_http_keygate_has_key(api, (u_char *) v->path.data, v->path.len)) {
        e->path = v->path;
    }

    if (v->plan) {
        e->plan = v->plan->name;
    }

    switch (v->code) {

    case KEYGATE_CREDENTIAL_MISSING:
        return ngx_http_keygate_where_to_send(r, api, e);

    case KEYGATE_RATE_LIMITED:
    case KEYGATE_QUOTA_EXCEEDED:
        return ngx_http_keygate_refused_rates(r, v, e);

    case KEYGATE_INSUFFICIENT_SCOPE:
        return ngx_http_keygate_refused_scopes(r, ctx, e);

    default:
        return NGX_OK;
    }
}


static ngx_int_t
ngx_http_keygate_refused_scopes(ngx_http_request_t *r,
    ngx_http_keygate_ctx_t *ctx, keygate_error_t *e)
{
    keygate_str_t  *names;

    names = ngx_palloc(r->pool,
                       3 * KEYGATE_SCOPES_MAX * sizeof(keygate_str_t));
    if (names == NULL) {
        return NGX_ERROR;
    }

    e->scoped = 1;
    e->one_of = (ctx->verdict->need.kind == KEYGATE_NEED_ONE_OF);

    e->required = names;
    e->n_required = keygate_verdict_required(ctx->api->core, ctx->verdict,
                                             names);

    names += KEYGATE_SCOPES_MAX;

    e->missing = names;
    e->n_missing = keygate_verdict_missing(ctx->api->core, ctx->verdict,
                                           names);

    names += KEYGATE_SCOPES_MAX;

    e->granted = names;
    e->n_granted = keygate_verdict_granted(ctx->api->core, ctx->verdict,
                                           names);

    return NGX_OK;
}


static ngx_int_t
ngx_http_keygate_refused_rates(ngx_http_request_t *r, keygate_verdict_t *v,
    keygate_error_t *e)
{
    unsigned                 i;
    keygate_buf_t            limit;
    keygate_str_t           *names;
    const keygate_window_t  *w;

    limit.size = KEYGATE_WINDOWS_MAX * sizeof("4294967295 requests per minute"
                                              " and ");
    limit.len = 0;
    limit.data = ngx_pnalloc(r->pool, limit.size);

    names = ngx_palloc(r->pool, KEYGATE_WINDOWS_MAX * sizeof(keygate_str_t));

    if (limit.data == NULL || names == NULL) {
        return NGX_ERROR;
    }

    e->retry_after = v->retry_after;
    e->violated = names;

    for (i = 0; i < v->n_windows; i++) {
        w = &v->windows[i];

        if (!w->refused) {
            continue;
        }

        keygate_buf_puts(&limit, e->n_violated ? " and " : "");
        keygate_buf_num(&limit, w->limit);
        keygate_buf_puts(&limit, w->limit == 1 ? " request per "
                                               : " requests per ");
        keygate_buf_puts(&limit, keygate_unit_name(w->unit));

        names[e->n_violated++] = v->names[i];
    }

    e->limit.data = limit.data;
    e->limit.len = ngx_min(limit.len, limit.size);

    return NGX_OK;
}


/* An integrator who sent no key wants to know where it goes. */

static void
ngx_http_keygate_sources(keygate_api_t *api, keygate_buf_t *out)
{
    unsigned  i;

    keygate_buf_puts(out, "No API key was sent: send it as ");

    for (i = 0; i < api->n_sources; i++) {
        keygate_buf_puts(out, i ? " or " : "");

        if (api->sources[i].field.len) {
            keygate_buf_put(out, api->sources[i].field);
            keygate_buf_puts(out, ": KEY");

        } else {
            keygate_buf_puts(out, "Authorization: Bearer KEY");
        }
    }

    keygate_buf_puts(out, ".");
}


static ngx_int_t
ngx_http_keygate_where_to_send(ngx_http_request_t *r, keygate_api_t *api,
    keygate_error_t *e)
{
    keygate_buf_t  out;

    ngx_memzero(&out, sizeof(keygate_buf_t));
    ngx_http_keygate_sources(api, &out);

    out.size = out.len;
    out.len = 0;
    out.data = ngx_pnalloc(r->pool, out.size);

    if (out.data == NULL) {
        return NGX_ERROR;
    }

    ngx_http_keygate_sources(api, &out);

    e->detail.data = out.data;
    e->detail.len = out.size;

    return NGX_OK;
}


void
ngx_http_keygate_log_refusal(ngx_http_request_t *r,
    ngx_http_keygate_ctx_t *ctx)
{
    u_char              method[4 * NGX_HTTP_KEYGATE_LOG_METHOD + 3];
    u_char              path[4 * NGX_HTTP_KEYGATE_LOG_PATH + 3];
    u_char             *method_last, *path_last;
    ngx_log_t           log;
    ngx_str_t           raw, name;
    ngx_uint_t          level;
    keygate_str_t       code;
    keygate_verdict_t  *v;

    v = ctx->verdict;
    level = ctx->dry_run ? NGX_LOG_WARN : NGX_LOG_INFO;

    if (r->connection->log->log_level < level) {
        return;
    }

    /* without the handler nginx does not add the request line */

    log = *r->connection->log;
    log.handler = NULL;

    raw = ngx_http_keygate_raw_path(r);

    if (ngx_http_keygate_has_key(ctx->api->core, raw.data, raw.len)) {
        ngx_str_set(&raw, "(holds a key)");
    }

    name = r->main->method_name;
    method_last = ngx_http_keygate_log_text(method, &name,
                                            NGX_HTTP_KEYGATE_LOG_METHOD);
    path_last = ngx_http_keygate_log_text(path, &raw,
                                          NGX_HTTP_KEYGATE_LOG_PATH);
    code = keygate_code_name(v->code);

    ngx_log_error(level, &log, 0,
                  "keygate: %s %*s: %s; api: \"%V\", key: \"%*s\", "
                  "account: \"%*s\", client: %V, request: \"%*s %*s\"",
                  ctx->dry_run ? "would refuse" : "refused",
                  code.len, code.data, ngx_http_keygate_remedy(v->code),
                  &ctx->api->name,
                  (size_t) (v->known ? v->key.id_len : 0), v->key.id,
                  (size_t) (v->known ? v->key.account_len : 0),
                  v->key.account, &r->connection->addr_text,
                  (size_t) (method_last - method), method,
                  (size_t) (path_last - path), path);
}


static u_char *
ngx_http_keygate_log_text(u_char *p, ngx_str_t *text, size_t max)
{
    u_char               c;
    size_t               i;

    static const u_char  hex[] = "0123456789ABCDEF";

    for (i = 0; i < text->len && i < max; i++) {
        c = text->data[i];

        if (c >= 0x20 && c < 0x7f && c != '"' && c != '\\') {
            *p++ = c;
            continue;
        }

        *p++ = '\\';
        *p++ = 'x';
        *p++ = hex[c >> 4];
        *p++ = hex[c & 0xf];
    }

    return i < text->len ? ngx_cpymem(p, "...", 3) : p;
}


static const char *
ngx_http_keygate_remedy(keygate_code_e code)
{
    switch (code) {

    case KEYGATE_PATH_AMBIGUOUS:
        return "the client must send a plain path";

    case KEYGATE_CREDENTIAL_MISSING:
    case KEYGATE_CREDENTIAL_CONFLICT:
        return "the client must send exactly one key";

    case KEYGATE_CREDENTIAL_INVALID:
        return "no key of this API";

    case KEYGATE_KEY_REVOKED:
    case KEYGATE_KEY_EXPIRED:
        return "the client needs a new key";

    case KEYGATE_ADDRESS_NOT_ALLOWED:
        return "add the address to the key to allow it";

    case KEYGATE_RATE_LIMITED:
    case KEYGATE_QUOTA_EXCEEDED:
        return "raise \"rates\" of the key to allow more";

    case KEYGATE_SUBSCRIPTION_LAPSED:
        return "set the account's status to allow it";

    case KEYGATE_PLAN_REQUIRED:
        return "change the account's plan to allow it";

    case KEYGATE_ROUTE_NOT_FOUND:
    case KEYGATE_METHOD_NOT_ALLOWED:
        return "add a \"route\" to allow it";

    case KEYGATE_INSUFFICIENT_SCOPE:
        return "grant the key the scope to allow it";

    case KEYGATE_BODY_INVALID:
    case KEYGATE_BODY_TOO_LARGE:
        return "the body cannot be checked";

    default:
        return "the gate could not decide";
    }
}

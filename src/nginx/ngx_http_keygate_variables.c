/*
 * The variables.  Each is empty ("not found") where nothing was decided, and
 * none ever holds a credential or a digest.
 */

#include "ngx_http_keygate_admin_module.h"


typedef enum {
    NGX_HTTP_KEYGATE_VERDICT = 0,
    NGX_HTTP_KEYGATE_KEY_ID,
    NGX_HTTP_KEYGATE_ACCOUNT,
    NGX_HTTP_KEYGATE_PLAN,
    NGX_HTTP_KEYGATE_SCOPES,
    NGX_HTTP_KEYGATE_ROUTE,
    NGX_HTTP_KEYGATE_REMAINING,
    NGX_HTTP_KEYGATE_STATUS
} ngx_http_keygate_variable_e;


static ngx_int_t ngx_http_keygate_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static keygate_str_t ngx_http_keygate_status_text(
    ngx_http_keygate_ctx_t *ctx);
static ngx_int_t ngx_http_keygate_scopes_text(ngx_http_request_t *r,
    ngx_http_keygate_ctx_t *ctx, keygate_str_t *text);
static ngx_int_t ngx_http_keygate_remaining_text(ngx_http_request_t *r,
    ngx_http_keygate_ctx_t *ctx, keygate_str_t *text);


static ngx_http_variable_t  ngx_http_keygate_vars[] = {

    { ngx_string("keygate_verdict"), NULL, ngx_http_keygate_variable,
      NGX_HTTP_KEYGATE_VERDICT, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("keygate_key_id"), NULL, ngx_http_keygate_variable,
      NGX_HTTP_KEYGATE_KEY_ID, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("keygate_account"), NULL, ngx_http_keygate_variable,
      NGX_HTTP_KEYGATE_ACCOUNT, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("keygate_plan"), NULL, ngx_http_keygate_variable,
      NGX_HTTP_KEYGATE_PLAN, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("keygate_scopes"), NULL, ngx_http_keygate_variable,
      NGX_HTTP_KEYGATE_SCOPES, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("keygate_route"), NULL, ngx_http_keygate_variable,
      NGX_HTTP_KEYGATE_ROUTE, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("keygate_remaining"), NULL, ngx_http_keygate_variable,
      NGX_HTTP_KEYGATE_REMAINING, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("keygate_status"), NULL, ngx_http_keygate_variable,
      NGX_HTTP_KEYGATE_STATUS, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("keygate_profile_"), NULL, ngx_http_keygate_variables_profile,
      0, NGX_HTTP_VAR_NOCACHEABLE|NGX_HTTP_VAR_PREFIX, 0 },

    { ngx_string("keygate_meta_"), NULL, ngx_http_keygate_variables_meta,
      0, NGX_HTTP_VAR_NOCACHEABLE|NGX_HTTP_VAR_PREFIX, 0 },

      ngx_http_null_variable
};


ngx_int_t
ngx_http_keygate_variables_add(ngx_conf_t *cf)
{
    ngx_http_variable_t  *var, *v;

    for (v = ngx_http_keygate_vars; v->name.len; v++) {
        var = ngx_http_add_variable(cf, &v->name, v->flags);
        if (var == NULL) {
            return NGX_ERROR;
        }

        var->get_handler = v->get_handler;
        var->data = v->data;
    }

    return ngx_http_keygate_audit_add_variables(cf);
}


static ngx_int_t
ngx_http_keygate_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *value, uintptr_t data)
{
    ngx_int_t                rc;
    keygate_str_t            text;
    keygate_verdict_t       *v;
    ngx_http_keygate_ctx_t  *ctx;

    ctx = ngx_http_keygate_access_ctx(r);

    if (ctx == NULL) {
        value->not_found = 1;
        return NGX_OK;
    }

    v = ctx->verdict;
    rc = NGX_OK;
    text = KEYGATE_STR("");

    switch ((ngx_http_keygate_variable_e) data) {

    case NGX_HTTP_KEYGATE_VERDICT:
        if (!v->need_body) {
            text = keygate_error_name(v->code);
        }
        break;

    case NGX_HTTP_KEYGATE_KEY_ID:
        text.data = (u_char *) v->key.id;
        text.len = v->key.id_len;
        break;

    case NGX_HTTP_KEYGATE_ACCOUNT:
        text.data = (u_char *) v->key.account;
        text.len = v->key.account_len;
        break;

    case NGX_HTTP_KEYGATE_PLAN:
        if (v->key.plan != -1) {
            (void) keygate_table_plan_name(ctx->api->zone->table,
                                           v->key.plan, &text);
        }
        break;

    case NGX_HTTP_KEYGATE_SCOPES:
        rc = ngx_http_keygate_scopes_text(r, ctx, &text);
        break;

    case NGX_HTTP_KEYGATE_ROUTE:
        if (v->routes) {
            text = v->route ? v->route->path : v->routes->path;
        }
        break;

    case NGX_HTTP_KEYGATE_REMAINING:
        rc = ngx_http_keygate_remaining_text(r, ctx, &text);
        break;

    case NGX_HTTP_KEYGATE_STATUS:
        text = ngx_http_keygate_status_text(ctx);
        break;
    }

    if (rc != NGX_OK) {
        return NGX_ERROR;
    }

    if (text.len == 0) {
        value->not_found = 1;
        return NGX_OK;
    }

    value->data = (u_char *) text.data;
    value->len = text.len;
    value->valid = 1;
    value->no_cacheable = 0;
    value->not_found = 0;

    return NGX_OK;
}


static keygate_str_t
ngx_http_keygate_status_text(ngx_http_keygate_ctx_t *ctx)
{
    if (ctx->verdict->need_body) {
        return KEYGATE_STR("");
    }

    if (ctx->verdict->code == KEYGATE_ALLOWED) {
        return KEYGATE_STR("allowed");
    }

    return ctx->dry_run ? KEYGATE_STR("refused_dry_run")
                        : KEYGATE_STR("refused");
}


static ngx_int_t
ngx_http_keygate_scopes_text(ngx_http_request_t *r,
    ngx_http_keygate_ctx_t *ctx, keygate_str_t *text)
{
    size_t          len;
    unsigned        i, n;
    keygate_buf_t   b;
    keygate_str_t   names[KEYGATE_SCOPES_MAX];

    n = keygate_verdict_granted(ctx->api->core, ctx->verdict, names);

    if (n == 0) {
        return NGX_OK;
    }

    for (len = n - 1, i = 0; i < n; i++) {
        len += names[i].len;
    }

    b.size = len;
    b.len = 0;
    b.data = ngx_pnalloc(r->pool, len);

    if (b.data == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < n; i++) {
        keygate_buf_puts(&b, i ? " " : "");
        keygate_buf_put(&b, names[i]);
    }

    text->data = b.data;
    text->len = b.len;

    return NGX_OK;
}


static ngx_int_t
ngx_http_keygate_remaining_text(ngx_http_request_t *r,
    ngx_http_keygate_ctx_t *ctx, keygate_str_t *text)
{
    u_char                  *p;
    const keygate_window_t  *w;

    w = keygate_verdict_nearest(ctx->verdict);

    if (w == NULL) {
        return NGX_OK;
    }

    p = ngx_pnalloc(r->pool, NGX_INT32_LEN);
    if (p == NULL) {
        return NGX_ERROR;
    }

    text->data = p;
    text->len = ngx_sprintf(p, "%uD", w->remaining) - p;

    return NGX_OK;
}

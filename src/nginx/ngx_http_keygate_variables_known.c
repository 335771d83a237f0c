/*
 * Variables with a name of the operator's own: a member of the caller's
 * account ($keygate_profile_NAME) or key ($keygate_meta_NAME).  Both are read
 * from the table when they are asked for: no other request pays for them.
 */

#include "ngx_http_keygate.h"


#define NGX_HTTP_KEYGATE_META_VALUE  255


static ngx_int_t ngx_http_keygate_profile_text(ngx_http_request_t *r,
    ngx_http_keygate_ctx_t *ctx, keygate_str_t name, keygate_str_t *text);
static ngx_int_t ngx_http_keygate_profile_member(ngx_http_request_t *r,
    keygate_str_t profile, keygate_str_t name, keygate_str_t *text);
static ngx_int_t ngx_http_keygate_meta_text(ngx_http_request_t *r,
    ngx_http_keygate_ctx_t *ctx, keygate_str_t name, keygate_str_t *text);
static ngx_int_t ngx_http_keygate_known_value(ngx_http_variable_value_t *value,
    keygate_str_t text);


static ngx_str_t  ngx_http_keygate_profile_prefix =
    ngx_string("keygate_profile_");
static ngx_str_t  ngx_http_keygate_meta_prefix = ngx_string("keygate_meta_");


ngx_int_t
ngx_http_keygate_variables_profile(ngx_http_request_t *r,
    ngx_http_variable_value_t *value, uintptr_t data)
{
    ngx_str_t *full = (ngx_str_t *) data;

    keygate_str_t            name, text;
    ngx_http_keygate_ctx_t  *ctx;

    name.data = full->data + ngx_http_keygate_profile_prefix.len;
    name.len = full->len - ngx_http_keygate_profile_prefix.len;
    text.len = 0;
    text.data = NULL;
    ctx = ngx_http_keygate_access_ctx(r);

    if (ctx && ctx->verdict->known
        && ngx_http_keygate_profile_text(r, ctx, name, &text) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_keygate_known_value(value, text);
}


ngx_int_t
ngx_http_keygate_variables_meta(ngx_http_request_t *r,
    ngx_http_variable_value_t *value, uintptr_t data)
{
    ngx_str_t *full = (ngx_str_t *) data;

    keygate_str_t            name, text;
    ngx_http_keygate_ctx_t  *ctx;

    name.data = full->data + ngx_http_keygate_meta_prefix.len;
    name.len = full->len - ngx_http_keygate_meta_prefix.len;
    text.len = 0;
    text.data = NULL;
    ctx = ngx_http_keygate_access_ctx(r);

    if (ctx && ctx->verdict->known
        && ngx_http_keygate_meta_text(r, ctx, name, &text) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_keygate_known_value(value, text);
}


static ngx_int_t
ngx_http_keygate_profile_text(ngx_http_request_t *r,
    ngx_http_keygate_ctx_t *ctx, keygate_str_t name, keygate_str_t *text)
{
    keygate_rc_t        rc;
    keygate_buf_t       title, profile;
    keygate_str_t       account;
    keygate_verdict_t  *v;

    v = ctx->verdict;
    account.data = (u_char *) v->key.account;
    account.len = v->key.account_len;

    ngx_memzero(&title, sizeof(keygate_buf_t));
    ngx_memzero(&profile, sizeof(keygate_buf_t));

    /* once to learn how long it is, and again where it has grown since */

    for ( ;; ) {
        profile.size = profile.len;

        if (profile.size) {
            profile.data = ngx_pnalloc(r->pool, profile.size);
            if (profile.data == NULL) {
                return NGX_ERROR;
            }
        }

        title.len = 0;
        profile.len = 0;
        rc = keygate_table_profile(ctx->api->zone->table, account, &title,
                                   &profile);

        if (rc != KEYGATE_OK || profile.len == 0) {
            return NGX_OK;
        }

        if (profile.len <= profile.size) {
            break;
        }
    }

    return ngx_http_keygate_profile_member(r,
               (keygate_str_t) { profile.len, profile.data }, name, text);
}


static ngx_int_t
ngx_http_keygate_profile_member(ngx_http_request_t *r, keygate_str_t profile,
    keygate_str_t name, keygate_str_t *text)
{
    json_t                *json;
    u_char                *p;
    char                   key[KEYGATE_NAME_MAX + 1];
    keygate_rc_t           rc;
    keygate_buf_t          out;
    keygate_json_error_t   error;

    if (name.len > KEYGATE_NAME_MAX) {
        return NGX_OK;
    }

    ngx_memcpy(key, name.data, name.len);
    key[name.len] = '\0';

    json = keygate_json_parse(profile, 0, &error);
    if (json == NULL) {
        return error.nomem ? NGX_ERROR : NGX_OK;
    }

    /* no value is longer than the text that it stands in, or than a number */

    p = ngx_pnalloc(r->pool, profile.len + 32);

    out.data = p;
    out.size = profile.len + 32;
    out.len = 0;
    rc = KEYGATE_NOMEM;

    if (p) {
        rc = keygate_record_value(json_object_get(json, key), &out);
    }

    json_decref(json);

    /* a line end in it would begin another header line, wherever it is sent */

    if (rc == KEYGATE_OK
        && keygate_record_plain((keygate_str_t) { out.len, p }, out.size))
    {
        text->data = p;
        text->len = out.len;
    }

    return (rc == KEYGATE_NOMEM) ? NGX_ERROR : NGX_OK;
}


static ngx_int_t
ngx_http_keygate_meta_text(ngx_http_request_t *r, ngx_http_keygate_ctx_t *ctx,
    keygate_str_t name, keygate_str_t *text)
{
    keygate_buf_t       out;
    keygate_str_t       id;
    keygate_verdict_t  *v;

    v = ctx->verdict;
    id.data = (u_char *) v->key.id;
    id.len = v->key.id_len;

    out.data = ngx_pnalloc(r->pool, NGX_HTTP_KEYGATE_META_VALUE);
    if (out.data == NULL) {
        return NGX_ERROR;
    }

    out.size = NGX_HTTP_KEYGATE_META_VALUE;
    out.len = 0;

    if (keygate_table_meta(ctx->api->zone->table, id, name, &out)
        == KEYGATE_OK)
    {
        text->data = out.data;
        text->len = out.len;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_keygate_known_value(ngx_http_variable_value_t *value,
    keygate_str_t text)
{
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

/*
 * keygate_me and keygate_scopes: who the caller is, and what it may do.  They
 * answer through the gate like any route.
 */

#include "ngx_http_keygate.h"

#include "keygate_json.h"


typedef ngx_int_t (*ngx_http_keygate_body_pt)(ngx_http_request_t *r,
    ngx_http_keygate_ctx_t *ctx, keygate_buf_t *b);


static ngx_int_t ngx_http_keygate_me_handler(ngx_http_request_t *r);
static ngx_int_t ngx_http_keygate_scopes_handler(ngx_http_request_t *r);
static ngx_int_t ngx_http_keygate_answer(ngx_http_request_t *r,
    ngx_http_keygate_body_pt body);
static ngx_int_t ngx_http_keygate_me_body(ngx_http_request_t *r,
    ngx_http_keygate_ctx_t *ctx, keygate_buf_t *b);
static ngx_int_t ngx_http_keygate_profile(ngx_http_request_t *r,
    ngx_http_keygate_ctx_t *ctx, keygate_str_t id, keygate_buf_t *name,
    keygate_buf_t *profile);
static ngx_int_t ngx_http_keygate_scopes_body(ngx_http_request_t *r,
    ngx_http_keygate_ctx_t *ctx, keygate_buf_t *b);
static void ngx_http_keygate_granted(ngx_http_keygate_ctx_t *ctx,
    keygate_buf_t *b);


char *
ngx_http_keygate_identity_me(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    return ngx_http_keygate_identity(cf, conf, ngx_http_keygate_me_handler);
}


char *
ngx_http_keygate_identity_scopes(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    return ngx_http_keygate_identity(cf, conf,
                                     ngx_http_keygate_scopes_handler);
}


char *
ngx_http_keygate_identity(ngx_conf_t *cf, void *conf,
    ngx_http_handler_pt handler)
{
    ngx_http_keygate_loc_conf_t *klcf = conf;

    if (klcf->identity) {
        return "is duplicate, expected one of \"keygate_me\", "
               "\"keygate_scopes\" and \"keygate_auth\" in a location";
    }

    klcf->identity = 1;

    return ngx_http_keygate_serve(cf, handler);
}


static ngx_int_t
ngx_http_keygate_me_handler(ngx_http_request_t *r)
{
    return ngx_http_keygate_answer(r, ngx_http_keygate_me_body);
}


static ngx_int_t
ngx_http_keygate_scopes_handler(ngx_http_request_t *r)
{
    return ngx_http_keygate_answer(r, ngx_http_keygate_scopes_body);
}


static ngx_int_t
ngx_http_keygate_answer(ngx_http_request_t *r, ngx_http_keygate_body_pt body)
{
    ngx_int_t                     rc;
    ngx_str_t                     type, text;
    keygate_buf_t                 b;
    ngx_http_keygate_ctx_t       *ctx;
    ngx_http_keygate_loc_conf_t  *klcf;

    rc = ngx_http_keygate_header_read_only(r);
    if (rc != NGX_OK) {
        return rc;
    }

    ctx = ngx_http_keygate_ctx_get(r);

    /* let in by "satisfy any", by a dry run, on a public route: nobody */

    klcf = ngx_http_get_module_loc_conf(r, ngx_http_keygate_module);

    if (ctx == NULL || ctx->api != klcf->api || !ctx->verdict->authenticated) {

        if (ngx_http_keygate_header_no_store(r) != NGX_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        return (ctx && ctx->status) ? ctx->status : NGX_HTTP_FORBIDDEN;
    }

    ngx_memzero(&b, sizeof(keygate_buf_t));

    if (body(r, ctx, &b) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    b.size = b.len;
    b.len = 0;
    b.data = ngx_pnalloc(r->pool, b.size);

    if (b.data == NULL || body(r, ctx, &b) != NGX_OK || b.len > b.size) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_str_set(&type, "application/json");
    text.data = b.data;
    text.len = b.len;

    return ngx_http_keygate_serve_body(r, NGX_HTTP_OK, &type, &text);
}


static ngx_int_t
ngx_http_keygate_me_body(ngx_http_request_t *r, ngx_http_keygate_ctx_t *ctx,
    keygate_buf_t *b)
{
    char            *text;
    size_t           len;
    json_t          *profile, *value;
    unsigned         i;
    keygate_buf_t    name, source;
    keygate_str_t    id, s;
    keygate_api_t   *api;

    api = ctx->api->core;
    id.data = (u_char *) ctx->verdict->key.account;
    id.len = ctx->verdict->key.account_len;

    if (ngx_http_keygate_profile(r, ctx, id, &name, &source) != NGX_OK) {
        return NGX_ERROR;
    }

    s.data = source.data;
    s.len = source.len;
    profile = s.len ? keygate_json_parse(s, 0, NULL) : NULL;

    if (s.len && profile == NULL) {
        return NGX_ERROR;
    }

    keygate_buf_puts(b, "{");
    keygate_buf_json(b, api->account);
    keygate_buf_puts(b, ":{\"id\":");
    keygate_buf_json(b, id);
    keygate_buf_puts(b, ",\"name\":");

    s.data = name.data;
    s.len = name.len;
    keygate_buf_json(b, s);

    for (i = 0; i < api->n_fields; i++) {
        keygate_buf_puts(b, ",");
        keygate_buf_json(b, api->fields[i]);
        keygate_buf_puts(b, ":");

        value = json_object_getn(profile, (char *) api->fields[i].data,
                                 api->fields[i].len);

        if (json_is_string(value)) {
            s.data = (u_char *) json_string_value(value);
            s.len = json_string_length(value);
            keygate_buf_json(b, s);
            continue;
        }

        text = value ? keygate_json_print(value, JSON_COMPACT|JSON_ENCODE_ANY,
                                         &len)
                     : NULL;
        keygate_buf_puts(b, text ? text : "null");
        free(text);
    }

    json_decref(profile);

    keygate_buf_puts(b, "},\"caller\":{\"kind\":\"api_key\",\"scopes\":");
    ngx_http_keygate_granted(ctx, b);
    keygate_buf_puts(b, "}}");

    return NGX_OK;
}


/* The account's name and profile in pool memory; both empty when it has no
 * record (any more). */

static ngx_int_t
ngx_http_keygate_profile(ngx_http_request_t *r, ngx_http_keygate_ctx_t *ctx,
    keygate_str_t id, keygate_buf_t *name, keygate_buf_t *profile)
{
    keygate_rc_t      rc;
    keygate_table_t  *table;

    table = ctx->api->zone->table;

    ngx_memzero(name, sizeof(keygate_buf_t));
    ngx_memzero(profile, sizeof(keygate_buf_t));

    do {
        name->size = name->len;
        name->data = ngx_pnalloc(r->pool, name->size + 1);
        profile->size = profile->len;
        profile->data = ngx_pnalloc(r->pool, profile->size + 1);

        if (name->data == NULL || profile->data == NULL) {
            return NGX_ERROR;
        }

        name->len = 0;
        profile->len = 0;

        rc = keygate_table_profile(table, id, name, profile);

        if (rc != KEYGATE_OK) {
            name->len = 0;
            profile->len = 0;
        }

    } while (name->len > name->size || profile->len > profile->size);

    return NGX_OK;
}


static ngx_int_t
ngx_http_keygate_scopes_body(ngx_http_request_t *r,
    ngx_http_keygate_ctx_t *ctx, keygate_buf_t *b)
{
    unsigned              i;
    keygate_catalogue_t  *c;

    c = &ctx->api->core->catalogue;

    keygate_buf_puts(b, "{\"granted\":");
    ngx_http_keygate_granted(ctx, b);
    keygate_buf_puts(b, ",\"catalog\":[");

    for (i = 0; i < c->n; i++) {
        keygate_buf_puts(b, i ? ",{\"name\":" : "{\"name\":");
        keygate_buf_json(b, c->scopes[i].name);
        keygate_buf_puts(b, ",\"description\":");

        if (c->scopes[i].text.len) {
            keygate_buf_json(b, c->scopes[i].text);

        } else {
            keygate_buf_puts(b, "null");
        }

        keygate_buf_puts(b, "}");
    }

    keygate_buf_puts(b, "]}");

    return NGX_OK;
}


static void
ngx_http_keygate_granted(ngx_http_keygate_ctx_t *ctx, keygate_buf_t *b)
{
    unsigned       i, n;
    keygate_str_t  names[KEYGATE_SCOPES_MAX];

    n = keygate_verdict_granted(ctx->api->core, ctx->verdict, names);

    keygate_buf_puts(b, "[");

    for (i = 0; i < n; i++) {
        keygate_buf_puts(b, i ? "," : "");
        keygate_buf_json(b, names[i]);
    }

    keygate_buf_puts(b, "]");
}

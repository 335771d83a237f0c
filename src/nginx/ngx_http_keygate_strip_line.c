/*
 * Whether a header line goes upstream: a credential does not, nor does what
 * would be taken for another method or path than those decided on.
 */

#include "ngx_http_keygate.h"
#include "ngx_http_keygate_strip.h"


static ngx_uint_t ngx_http_keygate_unwanted(ngx_http_request_t *r,
    keygate_api_t *api, ngx_table_elt_t *h);
static ngx_int_t ngx_http_keygate_is_key(ngx_http_request_t *r,
    keygate_api_t *api, ngx_http_keygate_ctx_t *dry, ngx_table_elt_t *h);
static ngx_int_t ngx_http_keygate_protocols(ngx_http_request_t *r,
    keygate_api_t *api, ngx_table_elt_t *h, ngx_table_elt_t **rest);
static ngx_inline ngx_uint_t ngx_http_keygate_named(ngx_table_elt_t *h,
    const u_char *lowcase, size_t len);


/* What many frameworks take for the method or the path of a request: not
 * those that were decided on. */

static ngx_str_t  ngx_http_keygate_overrides[] = {
    ngx_string("x-http-method"),
    ngx_string("x-http-method-override"),
    ngx_string("x-method-override"),
    ngx_string("x-original-url"),
    ngx_string("x-rewrite-url"),
    ngx_null_string
};


#define ngx_http_keygate_override_length(name)                                \
    ((uint64_t) 1 << (sizeof(name) - 1))

#define NGX_HTTP_KEYGATE_OVERRIDE_LENGTHS                                     \
    (ngx_http_keygate_override_length("x-http-method")                        \
     | ngx_http_keygate_override_length("x-http-method-override")             \
     | ngx_http_keygate_override_length("x-method-override")                  \
     | ngx_http_keygate_override_length("x-original-url")                     \
     | ngx_http_keygate_override_length("x-rewrite-url"))


uint64_t
ngx_http_keygate_strip_lengths(keygate_api_t *api)
{
    return api->source_lengths | NGX_HTTP_KEYGATE_OVERRIDE_LENGTHS;
}


ngx_int_t
ngx_http_keygate_strip_line(ngx_http_request_t *r, keygate_api_t *api,
    ngx_http_keygate_ctx_t *dry, ngx_table_elt_t *h, ngx_table_elt_t **rest)
{
    ngx_int_t  rc;

    *rest = NULL;

    if (dry) {
        rc = ngx_http_keygate_is_key(r, api, dry, h);

        if (rc != NGX_OK) {
            return rc;
        }
    }

    return ngx_http_keygate_unwanted(r, api, h)
           ? NGX_OK : ngx_http_keygate_protocols(r, api, h, rest);
}


static ngx_uint_t
ngx_http_keygate_unwanted(ngx_http_request_t *r, keygate_api_t *api,
    ngx_table_elt_t *h)
{
    unsigned    k;
    ngx_str_t  *override;

    for (k = 0; k < api->n_sources && !api->pass_credential; k++) {
        if (ngx_http_keygate_tunnel(r)
            && keygate_source_authorization(&api->sources[k])
            && ngx_http_keygate_named(h, (u_char *) "proxy-authorization",
                                      sizeof("proxy-authorization") - 1))
        {
            return 1;
        }

        if (api->sources[k].kind != KEYGATE_SOURCE_WEBSOCKET
            && ngx_http_keygate_named(h, api->sources[k].lowcase.data,
                                      api->sources[k].lowcase.len))
        {
            return 1;
        }
    }

    if (h->key.len == 0 || h->lowcase_key[0] != 'x') {
        return 0;
    }

    for (override = ngx_http_keygate_overrides; override->len; override++) {
        if (ngx_http_keygate_named(h, override->data, override->len)) {
            return 1;
        }
    }

    return 0;
}


/*
 * A dry run takes off what is a key, by its shape or because it is known, and
 * nothing else: NGX_OK or NGX_DECLINED, NGX_ERROR for want of memory.
 */

static ngx_int_t
ngx_http_keygate_is_key(ngx_http_request_t *r, keygate_api_t *api,
    ngx_http_keygate_ctx_t *dry, ngx_table_elt_t *h)
{
    u_char         *room;
    unsigned        k;
    keygate_str_t   value, key;

    value.len = h->value.len;
    value.data = h->value.data;

    if (keygate_credential_inside(api->formats, api->n_formats, value)) {
        return NGX_OK;
    }

    room = ngx_pnalloc(r->main->pool, value.len + 1);
    if (room == NULL) {
        return NGX_ERROR;
    }

    for (k = 0; k < api->n_sources; k++) {
        if (keygate_source_read(&api->sources[k], value, room, &key) == 0) {
            continue;
        }

        if (keygate_credential_inside(api->formats, api->n_formats, key)
            || (dry->verdict && dry->verdict->known
                && keygate_str_eq(key, dry->credential)))
        {
            return NGX_OK;
        }
    }

    return NGX_DECLINED;
}


/* NGX_OK: there are keys among the subprotocols, and *rest is a line without
 * them, or NULL; NGX_DECLINED: there are none. */

static ngx_int_t
ngx_http_keygate_protocols(ngx_http_request_t *r, keygate_api_t *api,
    ngx_table_elt_t *h, ngx_table_elt_t **rest)
{
    u_char            *p;
    unsigned           k;
    ngx_int_t          rc;
    keygate_str_t      value, key;
    keygate_source_t  *source;

    rc = NGX_DECLINED;
    value.len = h->value.len;
    value.data = h->value.data;

    for (k = 0; k < api->n_sources && !api->pass_credential; k++) {
        source = &api->sources[k];

        if (source->kind != KEYGATE_SOURCE_WEBSOCKET
            || !ngx_http_keygate_named(h, source->lowcase.data,
                                       source->lowcase.len)
            || keygate_source_read(source, value, NULL, &key) == 0)
        {
            continue;
        }

        p = ngx_pnalloc(r->main->pool, value.len + 1);
        if (p == NULL) {
            return NGX_ERROR;
        }

        value.len = keygate_source_rest(source, value, p);
        value.data = p;
        p[value.len] = '\0';
        rc = NGX_OK;
    }

    *rest = NULL;

    if (rc != NGX_OK || value.len == 0) {
        return rc;
    }

    *rest = ngx_palloc(r->main->pool, sizeof(ngx_table_elt_t));
    if (*rest == NULL) {
        return NGX_ERROR;
    }

    **rest = *h;
    (*rest)->value.len = value.len;
    (*rest)->value.data = (u_char *) value.data;

    return NGX_OK;
}


/* As CGI and its heirs have it, where "_" and "-" come to the same. */

static ngx_inline ngx_uint_t
ngx_http_keygate_named(ngx_table_elt_t *h, const u_char *lowcase, size_t len)
{
    size_t  i;
    u_char  a, b;

    if (h->key.len != len) {
        return 0;
    }

    for (i = 0; i < len; i++) {
        a = h->lowcase_key[i];
        b = lowcase[i];

        if (a != b && !((a == '_' && b == '-') || (a == '-' && b == '_'))) {
            return 0;
        }
    }

    return 1;
}

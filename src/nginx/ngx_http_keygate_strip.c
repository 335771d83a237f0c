/*
 * Credentials taken off the request before it goes upstream, and given back to
 * an internal redirect: what runs once more must find what it found before.
 *
 * This happens as late as can be, so that other modules of the access phase
 * still see the header lines that they look at.
 */

#include "ngx_http_keygate.h"


static ngx_int_t ngx_http_keygate_strip_all(ngx_http_request_t *r,
    keygate_api_t *api);
static ngx_uint_t ngx_http_keygate_unwanted(ngx_http_request_t *r,
    keygate_api_t *api, ngx_table_elt_t *h);
static ngx_int_t ngx_http_keygate_protocols(ngx_http_request_t *r,
    keygate_api_t *api, ngx_table_elt_t *h, ngx_table_elt_t **rest);
static ngx_inline ngx_uint_t ngx_http_keygate_named(ngx_table_elt_t *h,
    const u_char *lowcase, size_t len);
static ngx_int_t ngx_http_keygate_run(ngx_list_t *list, ngx_list_part_t **last,
    ngx_table_elt_t *elts, ngx_uint_t n);


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


/* Whatever let the request in, the credential goes no further; neither to
 * where an ungated location passes it on. */

ngx_int_t
ngx_http_keygate_precontent_handler(ngx_http_request_t *r)
{
    ngx_list_t                    whole;
    ngx_table_elt_t              *authorization;
    ngx_pool_cleanup_t           *cln;
    ngx_http_keygate_ctx_t       *ctx, *other;
    ngx_http_keygate_loc_conf_t  *klcf;

    klcf = ngx_http_get_module_loc_conf(r, ngx_http_keygate_module);

    if (klcf->api == NULL && r == r->main && !r->internal) {
        return NGX_DECLINED;
    }

    ctx = ngx_http_keygate_get_ctx(r);
    whole = r->headers_in.headers;
    authorization = r->headers_in.authorization;

    if (klcf->api
        && ngx_http_keygate_strip_all(r, klcf->api->core) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (r != r->main || r->internal) {

        for (cln = NULL; /* void */ ; ) {
            other = ngx_http_keygate_next_ctx(r, &cln);

            if (other == NULL) {
                break;
            }

            if (other->api != klcf->api
                && ngx_http_keygate_strip_all(r, other->api->core) != NGX_OK)
            {
                return NGX_HTTP_INTERNAL_SERVER_ERROR;
            }
        }
    }

    if (ctx && ctx->owner == r && !ctx->stripped) {
        ctx->headers = whole;
        ctx->authorization = authorization;
        ctx->stripped = 1;
    }

    return NGX_DECLINED;
}


ngx_int_t
ngx_http_keygate_give_back_handler(ngx_http_request_t *r)
{
    ngx_pool_cleanup_t      *cln;
    ngx_http_keygate_ctx_t  *ctx;

    if (!r->internal || r != r->main) {
        return NGX_DECLINED;
    }

    for (cln = NULL; /* void */ ; ) {
        ctx = ngx_http_keygate_next_ctx(r, &cln);

        if (ctx == NULL) {
            return NGX_DECLINED;
        }

        if (ctx->owner == r && ctx->stripped) {
            r->headers_in.headers = ctx->headers;
            r->headers_in.authorization = ctx->authorization;
            ctx->stripped = 0;

            ngx_http_keygate_forget_user(r);
        }
    }
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


/*
 * Cuts the list into runs around the lines.  nginx keeps pointers to the
 * elements, so these stay where they are.
 */

static ngx_int_t
ngx_http_keygate_strip_all(ngx_http_request_t *r, keygate_api_t *api)
{
    ngx_int_t         rc;
    ngx_uint_t        i, start;
    ngx_list_t       *list;
    ngx_list_part_t   part, *last;
    ngx_table_elt_t  *h, *rest;

    list = &r->headers_in.headers;
    part = list->part;
    last = NULL;

    for ( ;; ) {
        h = part.elts;

        for (start = 0, i = 0; i < part.nelts; i++) {

            rest = NULL;

            if (!ngx_http_keygate_unwanted(r, api, &h[i])) {
                rc = ngx_http_keygate_protocols(r, api, &h[i], &rest);

                if (rc == NGX_DECLINED) {
                    continue;
                }

                if (rc != NGX_OK) {
                    return NGX_ERROR;
                }
            }

            if (ngx_http_keygate_run(list, &last, &h[start], i - start)
                != NGX_OK
                || ngx_http_keygate_run(list, &last, rest, rest != NULL)
                   != NGX_OK)
            {
                return NGX_ERROR;
            }

            start = i + 1;

            if (r->headers_in.authorization == &h[i]) {
                r->headers_in.authorization = NULL;
            }
        }

        if (ngx_http_keygate_run(list, &last, &h[start], i - start)
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        if (part.next == NULL) {
            break;
        }

        part = *part.next;
    }

    if (last == NULL) {
        last = &list->part;
        last->nelts = 0;

        /* what is added must not stand where the old lines still are */

        last->elts = ngx_palloc(list->pool, list->nalloc * list->size);
        if (last->elts == NULL) {
            return NGX_ERROR;
        }
    }

    last->next = NULL;
    list->last = last;

    /* the last run is full: what is added begins a part of its own */

    if (last->nelts) {
        list->nalloc = last->nelts;
    }

    return NGX_OK;
}


/* A run of "n" elements becomes the next part of the list. */

static ngx_int_t
ngx_http_keygate_run(ngx_list_t *list, ngx_list_part_t **last,
    ngx_table_elt_t *elts, ngx_uint_t n)
{
    ngx_list_part_t  *part;

    if (n == 0) {
        return NGX_OK;
    }

    if (*last == NULL) {
        part = &list->part;

    } else {
        part = ngx_palloc(list->pool, sizeof(ngx_list_part_t));
        if (part == NULL) {
            return NGX_ERROR;
        }

        (*last)->next = part;
    }

    part->elts = elts;
    part->nelts = n;
    *last = part;

    return NGX_OK;
}

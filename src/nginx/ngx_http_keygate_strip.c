/*
 * Credentials taken off the request before it goes upstream, and given back to
 * an internal redirect: what runs once more must find what it found before.
 *
 * This happens as late as can be, so that other modules of the access phase
 * still see the header lines that they look at.
 */

#include "ngx_http_keygate.h"
#include "ngx_http_keygate_strip.h"


static ngx_int_t ngx_http_keygate_strip_all(ngx_http_request_t *r,
    keygate_api_t *api, ngx_http_keygate_ctx_t *dry);
static ngx_int_t ngx_http_keygate_run(ngx_list_t *list, ngx_list_part_t **last,
    ngx_table_elt_t *elts, ngx_uint_t n);


/* Whatever let the request in, the credential goes no further; neither to
 * where an ungated location passes it on. */

ngx_int_t
ngx_http_keygate_strip_handler(ngx_http_request_t *r)
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

    ctx = ngx_http_keygate_ctx_get(r);
    whole = r->headers_in.headers;
    authorization = r->headers_in.authorization;

    if (klcf->api
        && ngx_http_keygate_strip_all(r, klcf->api->core,
                                      klcf->dry_run ? ctx : NULL)
           != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (r != r->main || r->internal) {

        for (cln = NULL; /* void */ ; ) {
            other = ngx_http_keygate_ctx_next(r, &cln);

            if (other == NULL) {
                break;
            }

            if (other->api != klcf->api
                && ngx_http_keygate_strip_all(r, other->api->core,
                                              other->dry_run ? other : NULL)
                   != NGX_OK)
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
ngx_http_keygate_strip_give_back(ngx_http_request_t *r)
{
    ngx_pool_cleanup_t      *cln;
    ngx_http_keygate_ctx_t  *ctx;

    if (!r->internal || r != r->main) {
        return NGX_DECLINED;
    }

    for (cln = NULL; /* void */ ; ) {
        ctx = ngx_http_keygate_ctx_next(r, &cln);

        if (ctx == NULL) {
            return NGX_DECLINED;
        }

        if (ctx->owner == r && ctx->stripped) {
            r->headers_in.headers = ctx->headers;
            r->headers_in.authorization = ctx->authorization;
            ctx->stripped = 0;

            ngx_http_keygate_user_forget(r);
        }
    }
}


/*
 * Cuts the list into runs around the lines.  nginx keeps pointers to the
 * elements, so these stay where they are.  "dry" is the decision of a dry run,
 * or NULL.
 */

static ngx_int_t
ngx_http_keygate_strip_all(ngx_http_request_t *r, keygate_api_t *api,
    ngx_http_keygate_ctx_t *dry)
{
    uint64_t          lengths;
    ngx_int_t         rc;
    ngx_uint_t        i, start;
    ngx_list_t       *list;
    ngx_list_part_t   part, *last;
    ngx_table_elt_t  *h, *rest;

    list = &r->headers_in.headers;

    /* HTTP/0.9 has no header lines, and nginx makes no list for them */

    if (list->part.elts == NULL) {
        return NGX_OK;
    }

    part = list->part;
    last = NULL;
    lengths = ngx_http_keygate_strip_lengths(api);

    for ( ;; ) {
        h = part.elts;

        for (start = 0, i = 0; i < part.nelts; i++) {

            if (!(lengths & keygate_source_length(h[i].key.len))) {
                continue;
            }

            rc = ngx_http_keygate_strip_line(r, api, dry, &h[i], &rest);

            if (rc == NGX_DECLINED) {
                continue;
            }

            if (rc != NGX_OK) {
                return NGX_ERROR;
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

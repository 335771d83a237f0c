/*
 * The user of HTTP Basic, where it is a key: nginx's $remote_user, which its
 * usual access log has, must not tell it.
 */

#include "ngx_http_keygate.h"


static void ngx_http_keygate_no_user(ngx_http_request_t *r);
static ngx_uint_t ngx_http_keygate_user_is_key(ngx_http_request_t *r);
static ngx_uint_t ngx_http_keygate_user_has_key(ngx_http_request_t *r);
static ngx_uint_t ngx_http_keygate_user_of(keygate_api_t *api);


void
ngx_http_keygate_users_init(ngx_http_keygate_main_conf_t *kmcf)
{
    ngx_uint_t                i;
    ngx_http_keygate_api_t  **apis;

    apis = kmcf->apis.elts;

    for (i = 0; i < kmcf->apis.nelts; i++) {
        if (ngx_http_keygate_user_of(apis[i]->core)) {
            kmcf->used |= NGX_HTTP_KEYGATE_USED_BASIC;
        }
    }
}


/* nginx parses the line only once; a request that runs once more must not find
 * what was true while the line was off. */

void
ngx_http_keygate_user_forget(ngx_http_request_t *r)
{
    ngx_http_keygate_main_conf_t  *kmcf;

    kmcf = ngx_http_get_module_main_conf(r, ngx_http_keygate_module);

    if (r->headers_in.user.len == 0) {
        ngx_str_null(&r->headers_in.user);
        ngx_str_null(&r->headers_in.passwd);

        r->variables[kmcf->remote_user].valid = 0;
        r->variables[kmcf->remote_user].not_found = 0;
    }
}


void
ngx_http_keygate_user_hide_key(ngx_http_request_t *r,
    ngx_http_keygate_ctx_t *ctx)
{
    if (ctx && ctx->verdict->known
        && ngx_http_keygate_user_of(ctx->api->core))
    {
        ngx_http_keygate_no_user(r);
        return;
    }

    if (ngx_http_keygate_user_has_key(r)) {
        ngx_http_keygate_no_user(r);
    }
}


ngx_int_t
ngx_http_keygate_user_hide(ngx_http_request_t *r)
{
    if (ngx_http_keygate_user_is_key(r)) {
        ngx_http_keygate_no_user(r);
    }

    return NGX_OK;
}


/* Nginx does not parse the line again for who is there, and has no name. */

static void
ngx_http_keygate_no_user(ngx_http_request_t *r)
{
    ngx_http_keygate_main_conf_t  *kmcf;

    ngx_str_set(&r->headers_in.user, "");
    ngx_str_set(&r->headers_in.passwd, "");

    kmcf = ngx_http_get_module_main_conf(r, ngx_http_keygate_module);

    r->variables[kmcf->remote_user].valid = 0;
    r->variables[kmcf->remote_user].not_found = 1;
}


static ngx_uint_t
ngx_http_keygate_user_is_key(ngx_http_request_t *r)
{
    ngx_http_keygate_ctx_t       *ctx;
    ngx_http_core_loc_conf_t     *clcf;
    ngx_http_keygate_loc_conf_t  *klcf;

    klcf = ngx_http_get_module_loc_conf(r, ngx_http_keygate_module);
    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);
    ctx = ngx_http_keygate_ctx_get(r);

    if ((klcf->api && ngx_http_keygate_user_of(klcf->api->core))
        || (ctx && ngx_http_keygate_user_of(ctx->api->core)))
    {
        /* another module has let a user of its own in */

        return !(ctx && !ctx->verdict->known && ctx->status
                 && clcf->satisfy == NGX_HTTP_SATISFY_ANY
                 && r->headers_out.status < NGX_HTTP_BAD_REQUEST);
    }

    return ngx_http_keygate_user_has_key(r);
}


/* A request that was refused before it came to a location, and a key that was
 * sent to the wrong one. */

static ngx_uint_t
ngx_http_keygate_user_has_key(ngx_http_request_t *r)
{
    ngx_uint_t                     i;
    ngx_http_keygate_api_t       **apis;
    ngx_http_keygate_main_conf_t  *kmcf;

    kmcf = ngx_http_get_module_main_conf(r, ngx_http_keygate_module);

    if (!(kmcf->used & NGX_HTTP_KEYGATE_USED_BASIC)) {
        return 0;
    }

    apis = kmcf->apis.elts;

    for (i = 0; i < kmcf->apis.nelts; i++) {
        if (ngx_http_keygate_user_of(apis[i]->core)
            && ngx_http_auth_basic_user(r) == NGX_OK
            && ngx_http_keygate_refusal_has_key(apis[i]->core,
                                                r->headers_in.user.data,
                                                r->headers_in.user.len))
        {
            return 1;
        }
    }

    return 0;
}


static ngx_uint_t
ngx_http_keygate_user_of(keygate_api_t *api)
{
    unsigned  i;

    for (i = 0; i < api->n_sources; i++) {
        if (api->sources[i].kind == KEYGATE_SOURCE_BASIC
            && !api->sources[i].password)
        {
            return 1;
        }
    }

    return 0;
}

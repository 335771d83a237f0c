/*
 * $ssl_client_...: with "ssl_verify_client optional_no_ca" nobody has looked at
 * who has signed a client's certificate, and the client writes what is in it.
 */

#include "ngx_http_keygate_portal.h"


#if (NGX_HTTP_SSL)

#define NGX_HTTP_KEYGATE_PORTAL_NO_CA  3      /* as nginx counts */


static ngx_http_ssl_srv_conf_t *ngx_http_keygate_portal_ssl(ngx_conf_t *cf);


const char *
ngx_http_keygate_portal_certificate(ngx_conf_t *cf, ngx_str_t *name)
{
    ngx_http_ssl_srv_conf_t  *sscf;

    if (name->len < 11
        || ngx_strncasecmp(name->data, (u_char *) "ssl_client_", 11) != 0)
    {
        return NULL;
    }

    sscf = ngx_http_keygate_portal_ssl(cf);

    if (sscf == NULL || sscf->verify != NGX_HTTP_KEYGATE_PORTAL_NO_CA) {
        return NULL;
    }

    return "a variable that clients set, expected \"ssl_verify_client on\" in "
           "its server, or";
}


/* By its name: an nginx without TLS has no such module. */

static ngx_http_ssl_srv_conf_t *
ngx_http_keygate_portal_ssl(ngx_conf_t *cf)
{
    ngx_uint_t            i;
    ngx_http_conf_ctx_t  *ctx;

    ctx = cf->ctx;

    for (i = 0; cf->cycle->modules[i]; i++) {
        if (ngx_strcmp(cf->cycle->modules[i]->name, "ngx_http_ssl_module")
            == 0)
        {
            return ctx->srv_conf[cf->cycle->modules[i]->ctx_index];
        }
    }

    return NULL;
}

#else

const char *
ngx_http_keygate_portal_certificate(ngx_conf_t *cf, ngx_str_t *name)
{
    return NULL;
}

#endif

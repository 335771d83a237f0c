/*
 * $remote_user: nginx takes it from Authorization whether or not somebody has
 * looked at the password, so it tells who asks only where "auth_basic" is in
 * force and nothing else lets a request in.
 */

#include "ngx_http_keygate_portal.h"


static ngx_http_complex_value_t *ngx_http_keygate_portal_realm(
    ngx_conf_t *cf);


const char *
ngx_http_keygate_portal_basic(ngx_conf_t *cf, ngx_str_t *name)
{
    ngx_http_complex_value_t  *realm;
    ngx_http_core_loc_conf_t  *clcf;

    if (name->len != 11
        || ngx_strncasecmp(name->data, (u_char *) "remote_user", 11) != 0)
    {
        return NULL;
    }

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    realm = ngx_http_keygate_portal_realm(cf);

    if (realm && clcf->satisfy != NGX_HTTP_SATISFY_ANY
        && (realm->value.len != 3
            || ngx_strncmp(realm->value.data, "off", 3) != 0))
    {
        return NULL;
    }

    return "a variable that clients set, expected \"auth_basic\" without "
           "\"satisfy any\" in its location, or";
}


/* What the module of that name has at the beginning of its configuration of
 * the location, whose type it keeps to itself; NULL: there is none. */

static ngx_http_complex_value_t *
ngx_http_keygate_portal_realm(ngx_conf_t *cf)
{
    ngx_uint_t                   i;
    ngx_http_conf_ctx_t         *ctx;
    ngx_http_complex_value_t   **realm;

    ctx = cf->ctx;

    for (i = 0; cf->cycle->modules[i]; i++) {
        if (ngx_strcmp(cf->cycle->modules[i]->name,
                       "ngx_http_auth_basic_module")
            == 0)
        {
            realm = ctx->loc_conf[cf->cycle->modules[i]->ctx_index];

            return (*realm == NGX_CONF_UNSET_PTR) ? NULL : *realm;
        }
    }

    return NULL;
}

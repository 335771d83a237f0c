/*
 * keygate_admin: its parameters.  What it has in common with keygate_portal
 * is in ngx_http_keygate_admin_place.c.
 */

#include "ngx_http_keygate_admin_tokens.h"


static ngx_int_t ngx_http_keygate_admin_tokens(ngx_conf_t *cf,
    ngx_http_keygate_admin_t *admin, ngx_str_t *value);
static ngx_int_t ngx_http_keygate_admin_challenge(ngx_conf_t *cf,
    ngx_http_keygate_admin_t *admin);


char *
ngx_http_keygate_admin_directive(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    char                      *rv;
    ngx_str_t                 *value;
    ngx_http_keygate_admin_t  *admin;

    value = cf->args->elts;

    rv = ngx_http_keygate_admin_place(cf, cmd, conf,
                                      ngx_http_keygate_admin_actions,
                                      ngx_http_keygate_admin_handler, &admin);
    if (rv != NGX_CONF_OK) {
        return rv;
    }

    if (cf->args->nelts != 3) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" is one parameter too many, expected one of "
                           "\"token=PATH\" and \"tokens=PATH\"", &value[3]);
        return NGX_CONF_ERROR;
    }

    if (ngx_http_keygate_admin_tokens(cf, admin, &value[2]) != NGX_OK
        || ngx_http_keygate_admin_challenge(cf, admin) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_keygate_admin_tokens(ngx_conf_t *cf, ngx_http_keygate_admin_t *admin,
    ngx_str_t *value)
{
    void                          **watched;
    ngx_str_t                       path;
    ngx_uint_t                      many, len;
    ngx_http_keygate_main_conf_t   *kmcf;

    many = ngx_strncmp(value->data, "tokens=", 7) == 0;
    len = many ? 7 : 6;

    if ((!many && ngx_strncmp(value->data, "token=", 6) != 0)
        || value->len == len)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid parameter \"%V\", expected \"token=PATH\", "
                           "a file with one token's SHA-256 in hex, or "
                           "\"tokens=PATH\", a file with a line for each",
                           value);
        return NGX_ERROR;
    }

    path.data = value->data + len;
    path.len = value->len - len;

    if (ngx_http_keygate_tokens_read(cf, admin, &path, many) != NGX_OK) {
        return NGX_ERROR;
    }

    kmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_keygate_module);

    watched = ngx_array_push(&kmcf->watched);
    if (watched == NULL) {
        return NGX_ERROR;
    }

    *watched = admin;

    return NGX_OK;
}


ngx_int_t
ngx_http_keygate_admin_init_process(ngx_cycle_t *cycle,
    ngx_http_keygate_main_conf_t *kmcf)
{
    ngx_uint_t                  i;
    ngx_http_keygate_admin_t  **admins;

    admins = kmcf->watched.elts;

    for (i = 0; i < kmcf->watched.nelts; i++) {
        if (ngx_http_keygate_watch_tokens(admins[i], cycle) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_keygate_admin_challenge(ngx_conf_t *cf,
    ngx_http_keygate_admin_t *admin)
{
    ngx_str_t  *s;

    s = &admin->challenge;

    s->len = sizeof("Bearer realm=\"-admin\"") - 1 + admin->api->name.len;
    s->data = ngx_pnalloc(cf->pool, s->len);

    if (s->data == NULL) {
        return NGX_ERROR;
    }

    (void) ngx_sprintf(s->data, "Bearer realm=\"%V-admin\"",
                       &admin->api->name);

    return NGX_OK;
}

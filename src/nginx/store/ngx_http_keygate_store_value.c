/*
 * The values that directives of the block "keygate_store" have in common, and
 * what is said of a wrong one.
 */

#include "ngx_http_keygate_store.h"


char *
ngx_http_keygate_store_bad(ngx_conf_t *cf, ngx_str_t *value,
    const char *expected)
{
    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "invalid value \"%V\" of \"%V\" in keygate_store, "
                       "expected %s", &value[1], &value[0], expected);

    return NGX_CONF_ERROR;
}


char *
ngx_http_keygate_store_flag(ngx_conf_t *cf, ngx_str_t *value,
    ngx_uint_t *flag)
{
    *flag = (ngx_strcmp(value[1].data, "on") == 0);

    return (*flag || ngx_strcmp(value[1].data, "off") == 0) ? NGX_CONF_OK
           : ngx_http_keygate_store_bad(cf, value, "on or off");
}

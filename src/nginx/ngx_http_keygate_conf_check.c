/*
 * What is checked when all of the configuration has been read: that APIs and
 * zones exist, that nginx lets through what an API reads, and that what keygate
 * answers nobody else does.
 */

#include "ngx_http_keygate.h"


ngx_int_t
ngx_http_keygate_conf_underscores(ngx_conf_t *cf, ngx_http_keygate_api_t *api)
{
    unsigned                   i;
    keygate_source_t          *source;
    ngx_http_core_srv_conf_t  *cscf;
    ngx_http_keygate_where_t   where;

    if (api == NULL || api->core == NULL) {
        return NGX_OK;
    }

    cscf = ngx_http_conf_get_module_srv_conf(cf, ngx_http_core_module);

    for (i = 0; i < api->core->n_sources && cscf->underscores_in_headers != 1;
         i++)
    {
        source = &api->core->sources[i];

        if (source->kind != KEYGATE_SOURCE_HEADER
            || ngx_strlchr((u_char *) source->field.data,
                           (u_char *) source->field.data + source->field.len,
                           '_')
               == NULL)
        {
            continue;
        }

        where = ngx_http_keygate_conf_placed(api, source->line);

        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "invalid \"%*s\" in keygate_api \"%V\", expected a "
                      "header field without \"_\", or "
                      "\"underscores_in_headers on\" in each server with "
                      "\"keygate %V\": nginx drops such fields in %V:%ui",
                      source->field.len, source->field.data, &api->name,
                      &api->name, &where.file, where.line);
        return NGX_ERROR;
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_keygate_conf_alone(ngx_conf_t *cf, ngx_http_keygate_loc_conf_t *conf)
{
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (conf->serves == NULL || clcf->handler == conf->serves) {
        return NGX_OK;
    }

    ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                  "\"%V\" stands beside another directive that answers "
                  "requests, expected a location of its own in %V:%ui",
                  &conf->serves_name, &conf->serves_where.file,
                  conf->serves_where.line);

    return NGX_ERROR;
}


ngx_int_t
ngx_http_keygate_conf_check(ngx_conf_t *cf)
{
    ngx_str_t                        name;
    ngx_uint_t                       i, k;
    ngx_http_keygate_api_t         **apis, *api;
    ngx_http_keygate_zone_t        **zones;
    ngx_http_keygate_main_conf_t    *kmcf;

    kmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_keygate_module);
    apis = kmcf->apis.elts;
    zones = kmcf->zones.elts;

    for (i = 0; i < kmcf->apis.nelts; i++) {
        api = apis[i];

        if (api->core == NULL) {
            ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                          "unknown API \"%V\", expected the name of a "
                          "\"keygate_api\" or \"off\" in %V:%ui",
                          &api->name, &api->where.file, api->where.line);
            return NGX_ERROR;
        }

        name.len = api->core->zone.len;
        name.data = (u_char *) api->core->zone.data;

        for (k = 0; k < kmcf->zones.nelts; k++) {
            if (zones[k]->name.len == name.len
                && ngx_strncmp(zones[k]->name.data, name.data, name.len) == 0)
            {
                api->zone = zones[k];
            }
        }

        if (api->zone == NULL) {
            ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                          "unknown zone \"%V\" in keygate_api \"%V\", "
                          "expected the name of a \"keygate_zone\" in %V:%ui",
                          &name, &api->name, &api->zone_where.file,
                          api->zone_where.line);
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}

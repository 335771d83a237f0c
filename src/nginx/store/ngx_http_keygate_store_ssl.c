/*
 * TLS of a store: its directives, and the files that they name.
 */

#include "ngx_http_keygate_store.h"


static void ngx_http_keygate_store_release(void *data);


char *
ngx_http_keygate_store_ssl(ngx_conf_t *cf, ngx_http_keygate_store_t *store,
    ngx_str_t *value)
{
    char        *rv;
    ngx_uint_t   flag;

    rv = ngx_http_keygate_store_flag(cf, value, &flag);
    store->link.wire.tls = flag;

    return rv;
}


char *
ngx_http_keygate_store_ssl_verify(ngx_conf_t *cf,
    ngx_http_keygate_store_t *store, ngx_str_t *value)
{
    char        *rv;
    ngx_uint_t   flag;

    rv = ngx_http_keygate_store_flag(cf, value, &flag);
    store->link.wire.unverified = !flag;
    store->tls = 1;

    return rv;
}


char *
ngx_http_keygate_store_ssl_name(ngx_conf_t *cf,
    ngx_http_keygate_store_t *store, ngx_str_t *value)
{
    if (value[1].len == 0) {
        return ngx_http_keygate_store_bad(cf, value, "a name");
    }

    store->link.wire.name = (char *) value[1].data;
    store->tls = 1;

    return NGX_CONF_OK;
}


char *
ngx_http_keygate_store_ssl_file(ngx_conf_t *cf,
    ngx_http_keygate_store_t *store, ngx_str_t *value)
{
    keygate_wire_conf_t  *wire;

    if (ngx_conf_full_name(cf->cycle, &value[1], 1) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    if (access((char *) value[1].data, R_OK) == -1) {
        return ngx_http_keygate_store_bad(cf, value,
                                          "a file that can be read");
    }

    wire = &store->link.wire;

    if (ngx_strcmp(value[0].data, "ssl_trusted_certificate") == 0) {
        wire->ca = (char *) value[1].data;

    } else if (ngx_strcmp(value[0].data, "ssl_certificate") == 0) {
        wire->certificate = (char *) value[1].data;

    } else {
        wire->key = (char *) value[1].data;
    }

    store->tls = 1;

    return NGX_CONF_OK;
}


char *
ngx_http_keygate_store_tls(ngx_conf_t *cf, ngx_http_keygate_store_t *store)
{
    char                 error[KEYGATE_WIRE_ERROR];
    ngx_pool_cleanup_t  *cln;

    cln = ngx_pool_cleanup_add(cf->pool, 0);
    if (cln == NULL) {
        return NGX_CONF_ERROR;
    }

    cln->handler = ngx_http_keygate_store_release;
    cln->data = store;

    if (keygate_wire_prepare(&store->link.wire, error) == KEYGATE_OK) {
        return NGX_CONF_OK;
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "keygate_store \"%V\" cannot have TLS: %s",
                       &store->name, error);

    return NGX_CONF_ERROR;
}


static void
ngx_http_keygate_store_release(void *data)
{
    ngx_http_keygate_store_t *store = data;

    keygate_wire_release(&store->link.wire);
}

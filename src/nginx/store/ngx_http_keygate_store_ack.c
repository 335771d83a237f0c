/*
 * How durable a change is before it is answered: "ack", and whether an engine
 * can do it.
 */

#include "ngx_http_keygate_store.h"


#define NGX_HTTP_KEYGATE_ACK_REPLICAS  100


static ngx_int_t ngx_http_keygate_store_replicas(ngx_str_t *value,
    keygate_ack_t *ack);


char *
ngx_http_keygate_store_ack(ngx_conf_t *cf, ngx_http_keygate_store_t *store,
    ngx_str_t *value)
{
    ngx_uint_t      n;
    keygate_ack_t  *ack;

    n = cf->args->nelts;
    ack = &store->ack;

    ngx_memzero(ack, sizeof(keygate_ack_t));

    if (n == 2 && ngx_strcmp(value[1].data, "auto") == 0) {
        return NGX_CONF_OK;
    }

    if (n == 2 && ngx_strcmp(value[1].data, "engine") == 0) {
        ack->how = KEYGATE_ACK_ENGINE;
        return NGX_CONF_OK;
    }

    if (n >= 2 && ngx_strcmp(value[1].data, "fsync") == 0) {
        ack->how = KEYGATE_ACK_FSYNC;

        if (n == 2
            || (n == 3
                && ngx_http_keygate_store_replicas(&value[2], ack) == NGX_OK))
        {
            return NGX_CONF_OK;
        }

    } else if (n == 2
               && ngx_http_keygate_store_replicas(&value[1], ack) == NGX_OK)
    {
        ack->how = KEYGATE_ACK_REPLICAS;
        return NGX_CONF_OK;
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "invalid value \"%V\" of \"ack\" in keygate_store, "
                       "expected \"auto\", \"engine\", \"fsync "
                       "[replicas=N]\" or \"replicas=N\", where N is 1 to %d",
                       &value[n - 1], NGX_HTTP_KEYGATE_ACK_REPLICAS);

    return NGX_CONF_ERROR;
}


static ngx_int_t
ngx_http_keygate_store_replicas(ngx_str_t *value, keygate_ack_t *ack)
{
    ngx_int_t  n;

    if (ngx_strncmp(value->data, "replicas=", 9) != 0) {
        return NGX_ERROR;
    }

    n = ngx_atoi(value->data + 9, value->len - 9);

    if (n < 1 || n > NGX_HTTP_KEYGATE_ACK_REPLICAS) {
        return NGX_ERROR;
    }

    ack->replicas = n;

    return NGX_OK;
}


/* Replicas come and go, so they are asked for again. */

ngx_int_t
ngx_http_keygate_store_acks(ngx_http_keygate_copy_t *c)
{
    const char      *why;
    keygate_ack_t   *ack;

    ack = &c->store->ack;

    if (ack->replicas
        && keygate_link_engine(c->link, &c->engine) != KEYGATE_OK)
    {
        (void) ngx_http_keygate_copy_fail(c, keygate_link_error(c->link));
        ngx_http_keygate_link_close(c);
        return NGX_ERROR;
    }

    why = keygate_engine_lacks(&c->engine, ack);

    return why ? ngx_http_keygate_copy_fail(c, why) : NGX_OK;
}

/*
 * $request_id, which every error tells.  Whoever asks for it first makes it:
 * here that costs less than in nginx, as bytes for many of them are taken from
 * OpenSSL's generator at a time.
 */

#include "ngx_http_keygate.h"


#define NGX_HTTP_KEYGATE_ID_BYTES   16       /* as nginx has it */
#define NGX_HTTP_KEYGATE_ID_AHEAD   32


static ngx_int_t ngx_http_keygate_request_id_make(ngx_http_request_t *r,
    ngx_http_variable_value_t *value);


static ngx_int_t  ngx_http_keygate_request_id_index = NGX_ERROR;

/* Of this process, a copy of which must not give them away again. */

static struct {
    ngx_pid_t   pid;
    ngx_uint_t  left;
    u_char      bytes[NGX_HTTP_KEYGATE_ID_AHEAD * NGX_HTTP_KEYGATE_ID_BYTES];
} ngx_http_keygate_ids;


ngx_int_t
ngx_http_keygate_request_id_init(ngx_conf_t *cf)
{
    ngx_str_t  name = ngx_string("request_id");

    ngx_http_keygate_request_id_index = ngx_http_get_variable_index(cf, &name);

    return ngx_http_keygate_request_id_index == NGX_ERROR ? NGX_ERROR : NGX_OK;
}


ngx_int_t
ngx_http_keygate_request_id(ngx_http_request_t *r, keygate_str_t *id)
{
    ngx_http_variable_value_t  *value;

    value = &r->variables[ngx_http_keygate_request_id_index];

    if (!value->valid && !value->not_found
        && ngx_http_keygate_request_id_make(r, value) != NGX_OK)
    {
        return NGX_ERROR;
    }

    id->len = value->not_found ? 0 : value->len;
    id->data = value->data;

    return NGX_OK;
}


static ngx_int_t
ngx_http_keygate_request_id_make(ngx_http_request_t *r,
    ngx_http_variable_value_t *value)
{
    u_char  *id;

    id = ngx_pnalloc(r->pool, 2 * NGX_HTTP_KEYGATE_ID_BYTES);
    if (id == NULL) {
        return NGX_ERROR;
    }

    if (ngx_http_keygate_ids.left == 0 || ngx_http_keygate_ids.pid != ngx_pid) {
        if (RAND_bytes(ngx_http_keygate_ids.bytes,
                       sizeof(ngx_http_keygate_ids.bytes))
            != 1)
        {
            return NGX_ERROR;
        }

        ngx_http_keygate_ids.pid = ngx_pid;
        ngx_http_keygate_ids.left = NGX_HTTP_KEYGATE_ID_AHEAD;
    }

    ngx_hex_dump(id, ngx_http_keygate_ids.bytes
                     + --ngx_http_keygate_ids.left * NGX_HTTP_KEYGATE_ID_BYTES,
                 NGX_HTTP_KEYGATE_ID_BYTES);

    value->len = 2 * NGX_HTTP_KEYGATE_ID_BYTES;
    value->valid = 1;
    value->no_cacheable = 0;
    value->not_found = 0;
    value->data = id;

    return NGX_OK;
}

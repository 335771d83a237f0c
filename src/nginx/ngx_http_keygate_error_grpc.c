/*
 * Errors as gRPC has them: 200 and headers alone, which name a status of
 * gRPC's own and say why.
 */

#include "ngx_http_keygate_error.h"


static ngx_uint_t ngx_http_keygate_error_answered(ngx_http_request_t *r);


static ngx_http_keygate_name_t  ngx_http_keygate_grpc_status =
    ngx_http_keygate_name("grpc-status", "grpc-status");
static ngx_http_keygate_name_t  ngx_http_keygate_grpc_message =
    ngx_http_keygate_name("grpc-message", "grpc-message");


ngx_int_t
ngx_http_keygate_error_grpc(ngx_http_request_t *r,
    ngx_http_keygate_response_t *re, ngx_buf_t *b)
{
    ngx_str_t  value;

    if (!ngx_http_keygate_error_answered(r)) {
        value.data = ngx_pnalloc(r->pool, NGX_INT_T_LEN);
        if (value.data == NULL) {
            return NGX_ERROR;
        }

        value.len = ngx_sprintf(value.data, "%ui",
                                (ngx_uint_t) keygate_status_grpc(re->status))
                    - value.data;

        if (ngx_http_keygate_header_add(r, &ngx_http_keygate_grpc_status,
                                        &value)
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        value.len = b->last - b->pos;
        value.data = b->pos;

        if (ngx_http_keygate_header_add(r, &ngx_http_keygate_grpc_message,
                                        &value)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    r->headers_out.content_type = r->headers_in.content_type->value;
    r->headers_out.content_type_len = r->headers_out.content_type.len;

    /* headers alone, which end the stream */

    r->headers_out.content_length_n = 0;
    r->header_only = 1;

    r->err_status = 0;
    r->headers_out.status = NGX_HTTP_OK;
    ngx_str_null(&r->headers_out.status_line);

    return NGX_OK;
}


/* Whether an upstream has told a status of gRPC beside that of HTTP. */

static ngx_uint_t
ngx_http_keygate_error_answered(ngx_http_request_t *r)
{
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    part = &r->headers_out.headers.part;
    h = part->elts;

    for (i = 0; /* void */ ; i++) {

        ngx_http_keygate_list_step(part, h, i);

        if (h[i].hash && h[i].key.len == sizeof("grpc-status") - 1
            && ngx_strncasecmp(h[i].key.data, (u_char *) "grpc-status",
                               h[i].key.len)
               == 0)
        {
            return 1;
        }
    }

    return 0;
}

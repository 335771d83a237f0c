/*
 * Locations that answer requests themselves: one directive in each, and a whole
 * body at a time.
 */

#include "ngx_http_keygate.h"


char *
ngx_http_keygate_serve(ngx_conf_t *cf, ngx_http_handler_pt handler)
{
    ngx_str_t                    *value;
    ngx_http_core_loc_conf_t     *clcf;
    ngx_http_keygate_loc_conf_t  *klcf;

    value = cf->args->elts;
    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    klcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_keygate_module);

    if (clcf->handler && clcf->handler == handler) {
        return "is duplicate";
    }

    if (clcf->handler) {
        return "stands beside another directive that answers requests, "
               "expected a location of its own";
    }

    clcf->handler = handler;
    klcf->serves = handler;
    klcf->serves_name = value[0];
    klcf->serves_where.file = cf->conf_file->file.name;
    klcf->serves_where.line = cf->conf_file->line;

    return NGX_CONF_OK;
}


ngx_int_t
ngx_http_keygate_serve_body(ngx_http_request_t *r, ngx_uint_t status,
    ngx_str_t *type, ngx_str_t *body)
{
    ngx_int_t     rc;
    ngx_buf_t    *b;
    ngx_str_t     value;
    ngx_chain_t   out;

    r->headers_out.status = status;
    r->headers_out.content_length_n = body->len;
    r->headers_out.content_type = *type;
    r->headers_out.content_type_len = type->len;
    r->headers_out.content_type_lowcase = NULL;

    ngx_str_set(&value, "no-store");

    if (ngx_http_keygate_header_add(r, &ngx_http_keygate_cache_control, &value)
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    b = ngx_calloc_buf(r->pool);
    if (b == NULL) {
        return NGX_ERROR;
    }

    b->pos = body->data;
    b->last = body->data + body->len;
    b->memory = (body->len != 0);
    b->last_buf = (r == r->main);
    b->last_in_chain = 1;

    out.buf = b;
    out.next = NULL;

    return ngx_http_output_filter(r, &out);
}

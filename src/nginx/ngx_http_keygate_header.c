/*
 * Header lines: one of the request, and those of the response, added and taken
 * off; and what every answer of keygate's own has.
 */

#include "ngx_http_keygate.h"


ngx_http_keygate_name_t  ngx_http_keygate_allow =
    ngx_http_keygate_name("Allow", "allow");
ngx_http_keygate_name_t  ngx_http_keygate_cache_control =
    ngx_http_keygate_name("Cache-Control", "cache-control");

static ngx_str_t  ngx_http_keygate_never = ngx_string("no-store");
static ngx_str_t  ngx_http_keygate_get_head = ngx_string("GET, HEAD");


ngx_uint_t
ngx_http_keygate_header(ngx_http_request_t *r, const char *name,
    ngx_str_t *value)
{
    size_t            len;
    ngx_uint_t        i, n;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    n = 0;
    len = ngx_strlen(name);
    part = &r->headers_in.headers.part;
    h = part->elts;

    for (i = 0; /* void */ ; i++) {

        ngx_http_keygate_list_step(part, h, i);

        if (h[i].key.len == len
            && ngx_strncmp(h[i].lowcase_key, name, len) == 0
            && n++ == 0)
        {
            *value = h[i].value;
        }
    }

    return n;
}


ngx_int_t
ngx_http_keygate_header_add(ngx_http_request_t *r,
    ngx_http_keygate_name_t *name, ngx_str_t *value)
{
    ngx_table_elt_t  *h;

    h = ngx_list_push(&r->headers_out.headers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    h->hash = 1;
    ngx_http_keygate_header_end(h);
    h->key = name->key;
    h->value = *value;
    h->lowcase_key = name->lowcase;

    return NGX_OK;
}


ngx_int_t
ngx_http_keygate_header_add_field(ngx_http_request_t *r,
    ngx_http_keygate_name_t *name, keygate_buf_t *value)
{
    ngx_str_t  copy;

    if (value->len > value->size) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "keygate: the value of \"%V\" would be %uz bytes long, "
                      "the header is left out", &name->key, value->len);
        return NGX_OK;
    }

    ngx_http_keygate_header_remove(r, &name->key);

    copy.len = value->len;
    copy.data = ngx_pnalloc(r->pool, copy.len);

    if (copy.data == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(copy.data, value->data, copy.len);

    return ngx_http_keygate_header_add(r, name, &copy);
}


ngx_int_t
ngx_http_keygate_header_add_number(ngx_http_request_t *r,
    ngx_http_keygate_name_t *name, int64_t n)
{
    u_char         text[NGX_INT64_LEN];
    keygate_buf_t  value;

    value.data = text;
    value.size = sizeof(text);
    value.len = 0;

    keygate_buf_num(&value, n);

    return ngx_http_keygate_header_add_field(r, name, &value);
}


ngx_int_t
ngx_http_keygate_header_no_store(ngx_http_request_t *r)
{
    return ngx_http_keygate_header_add(r, &ngx_http_keygate_cache_control,
                                       &ngx_http_keygate_never);
}


ngx_int_t
ngx_http_keygate_header_read_only(ngx_http_request_t *r)
{
    if (r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD)) {
        return ngx_http_discard_request_body(r);
    }

    if (ngx_http_keygate_header_add(r, &ngx_http_keygate_allow,
                                    &ngx_http_keygate_get_head)
        != NGX_OK
        || ngx_http_keygate_header_no_store(r) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return NGX_HTTP_NOT_ALLOWED;
}


void
ngx_http_keygate_header_remove(ngx_http_request_t *r, ngx_str_t *name)
{
    ngx_str_t  names[2];

    names[0] = *name;
    ngx_str_null(&names[1]);

    ngx_http_keygate_header_remove_all(r, names);
}


void
ngx_http_keygate_header_remove_all(ngx_http_request_t *r, ngx_str_t *names)
{
    uint64_t          lengths;
    ngx_str_t        *name;
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    for (lengths = 0, name = names; name->len; name++) {
        lengths |= (uint64_t) 1 << name->len;
    }

    part = &r->headers_out.headers.part;
    h = part->elts;

    for (i = 0; /* void */ ; i++) {

        ngx_http_keygate_list_step(part, h, i);

        if (h[i].key.len > 63 || !(lengths >> h[i].key.len & 1)) {
            continue;
        }

        for (name = names; name->len; name++) {
            if (h[i].key.len == name->len
                && ngx_strncasecmp(h[i].key.data, name->data, name->len) == 0)
            {
                h[i].hash = 0;
            }
        }
    }
}

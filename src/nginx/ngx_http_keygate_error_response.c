/*
 * Errors as responses: what leaves in the place of one, body and headers.  When
 * that happens is for the filter to decide.
 */

#include "ngx_http_keygate_error.h"


static ngx_int_t ngx_http_keygate_error_describe(ngx_http_request_t *r,
    ngx_http_keygate_response_t *re, keygate_error_t *e);
static void ngx_http_keygate_error_phrase(ngx_http_request_t *r);


/* They describe a body that does not leave. */

static ngx_str_t  ngx_http_keygate_error_described[] = {
    ngx_string("Content-Range"),           /* the first: see below */
    ngx_string("Accept-Ranges"),
    ngx_string("Content-Digest"),
    ngx_string("Content-Disposition"),
    ngx_string("Content-Encoding"),
    ngx_string("Content-Language"),
    ngx_string("Content-Location"),
    ngx_string("Content-MD5"),
    ngx_string("Digest"),
    ngx_string("ETag"),
    ngx_string("Last-Modified"),
    ngx_string("Repr-Digest"),
    ngx_string("Trailer"),
    ngx_null_string
};


ngx_buf_t *
ngx_http_keygate_error_make(ngx_http_request_t *r,
    ngx_http_keygate_response_t *re, keygate_error_t *e)
{
    ngx_buf_t        *b;
    ngx_str_t         body;
    keygate_texts_t   texts;

    if (ngx_http_keygate_error_describe(r, re, e) != NGX_OK) {
        return NULL;
    }

    texts = re->own ? re->gate->api->core->texts : re->api->core->texts;
    texts.format = ngx_http_keygate_error_format(re);

    b = ngx_calloc_buf(r->pool);

    if (b == NULL
        || ngx_http_keygate_refusal_text(r, &texts, e, &body) != NGX_OK)
    {
        return NULL;
    }

    b->start = b->pos = body.data;
    b->end = b->last = body.data + body.len;
    b->temporary = 1;
    b->last_buf = 1;
    b->last_in_chain = 1;

    return b;
}


static ngx_int_t
ngx_http_keygate_error_describe(ngx_http_request_t *r,
    ngx_http_keygate_response_t *re, keygate_error_t *e)
{
    if (re->own) {
        return ngx_http_keygate_refusal(r, re->gate, e);
    }

    e->status = re->status;

#if (NGX_HTTP_SSL)

    if (re->special && re->status == NGX_HTTP_BAD_REQUEST
        && r->http_connection->ssl && r->connection->ssl == NULL)
    {
        keygate_str_t  plain = keygate_string("The request was sent in plain "
                                              "text to a port that speaks "
                                              "TLS: use https.");
        e->detail = plain;
    }

#endif

    return ngx_http_keygate_refusal_describe(r, re->api, e);
}


keygate_error_format_e
ngx_http_keygate_error_format(ngx_http_keygate_response_t *re)
{
    return re->grpc ? KEYGATE_GRPC : re->api->core->texts.format;
}


void
ngx_http_keygate_error_headers(ngx_http_request_t *r,
    ngx_http_keygate_response_t *re, off_t len)
{
    ngx_http_keygate_error_clear(r, re);

    r->headers_out.content_length_n = len;

    ngx_http_keygate_error_phrase(r);
    ngx_http_keygate_error_type(r, re->api->core->texts.format);
}


/* Nothing that describes the old body stays. */

void
ngx_http_keygate_error_clear(ngx_http_request_t *r,
    ngx_http_keygate_response_t *re)
{
    ngx_str_t  *names;

    names = ngx_http_keygate_error_described;

    /* the length of the whole, which 416 tells, is not of the old body */

    if (re->status == NGX_HTTP_RANGE_NOT_SATISFIABLE) {
        names++;

    } else {
        r->headers_out.content_range = NULL;
    }

    ngx_http_keygate_header_remove_all(r, names);

    ngx_http_clear_content_length(r);
    ngx_http_clear_accept_ranges(r);
    ngx_http_clear_last_modified(r);
    ngx_http_clear_etag(r);

    r->headers_out.content_encoding = NULL;
    r->headers_out.content_offset = 0;
    r->single_range = 0;

    r->headers_out.content_type_lowcase = NULL;
    r->headers_out.content_type_hash = 0;
    r->headers_out.override_charset = NULL;
    ngx_str_null(&r->headers_out.charset);

    /* the old body's; those of add_trailer come after this */

    r->headers_out.trailers.part.nelts = 0;
    r->headers_out.trailers.part.next = NULL;
    r->headers_out.trailers.last = &r->headers_out.trailers.part;
    r->expect_trailers = 0;
}


void
ngx_http_keygate_error_type(ngx_http_request_t *r,
    keygate_error_format_e format)
{
    keygate_str_t  type;

    type = keygate_error_media_type(format);

    r->headers_out.content_type.len = type.len;
    r->headers_out.content_type.data = (u_char *) type.data;
    r->headers_out.content_type_len = type.len;
    r->headers_out.content_type_lowcase = NULL;
    r->headers_out.content_type_hash = 0;
    r->headers_out.override_charset = NULL;
    ngx_str_null(&r->headers_out.charset);
}


/* nginx has no phrase for 422 and many others, and an upstream's may say
 * anything. */

static void
ngx_http_keygate_error_phrase(ngx_http_request_t *r)
{
    ngx_str_t      line;
    ngx_uint_t     status;
    keygate_str_t  phrase;

    ngx_str_null(&r->headers_out.status_line);

    status = r->headers_out.status;
    phrase = keygate_span(keygate_status_phrase(status));

    line.len = sizeof("599 ") - 1 + phrase.len;
    line.data = ngx_pnalloc(r->pool, line.len);

    if (line.data) {
        line.data[0] = (u_char) ('0' + status / 100);
        line.data[1] = (u_char) ('0' + status / 10 % 10);
        line.data[2] = (u_char) ('0' + status % 10);
        line.data[3] = ' ';
        ngx_memcpy(&line.data[4], phrase.data, phrase.len);

        r->headers_out.status_line = line;
    }
}

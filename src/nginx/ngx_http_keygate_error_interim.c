/*
 * Interim responses (1xx) of upstreams, which nginx takes for the answer, since
 * 1.29 all but 103: what follows then leaves as its body, looked at by nobody.
 *
 * The functions with which proxy_pass reads an upstream's header are called
 * through these here.  They are the same for all requests, so that nothing is
 * kept in any of them: learned when the first request is proxied.
 *
 *     content handler  ---->  status line  ---->  header  ---->  final: goes on
 *      of proxy_pass             ^                   |
 *                                +-----  1xx: read anew, from what follows
 *
 * Other upstreams than proxy_pass have nothing like it; theirs become 502 in
 * the error filter.
 */

#include "ngx_http_keygate_error.h"


typedef ngx_int_t (*ngx_http_keygate_upstream_pt)(ngx_http_request_t *r);


static ngx_int_t ngx_http_keygate_interim_content(ngx_http_request_t *r);
static ngx_int_t ngx_http_keygate_interim_line(ngx_http_request_t *r);
static ngx_int_t ngx_http_keygate_interim_header(ngx_http_request_t *r);
static ngx_int_t ngx_http_keygate_interim_reinit(ngx_http_request_t *r);
static ngx_int_t ngx_http_keygate_interim_read(ngx_http_request_t *r,
    ngx_int_t rc);
static ngx_int_t ngx_http_keygate_interim_anew(ngx_http_request_t *r);


/* An nginx may be without it. */

extern ngx_module_t  ngx_http_proxy_module __attribute__((weak));


/* proxy_pass's own; the same in all processes and at all times. */

static ngx_http_keygate_upstream_pt  ngx_http_keygate_proxy_line;
static ngx_http_keygate_upstream_pt  ngx_http_keygate_proxy_header;
static ngx_http_keygate_upstream_pt  ngx_http_keygate_proxy_reinit;


ngx_int_t
ngx_http_keygate_interim_handler(ngx_http_request_t *r)
{
    ngx_http_core_loc_conf_t     *clcf;
    ngx_http_keygate_loc_conf_t  *klcf;

    klcf = ngx_http_get_module_loc_conf(r, ngx_http_keygate_module);

    /* a dry run changes nothing */

    if (klcf->errors == NULL && (klcf->api == NULL || klcf->dry_run)) {
        return NGX_DECLINED;
    }

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    if (r->content_handler && r->content_handler == clcf->handler) {
        r->content_handler = ngx_http_keygate_interim_content;
    }

    return NGX_DECLINED;
}


static ngx_int_t
ngx_http_keygate_interim_content(ngx_http_request_t *r)
{
    ngx_int_t                  rc;
    ngx_http_upstream_t       *u;
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    rc = clcf->handler(r);

    /* NGX_DONE: the request is still there, and so is what it asks for; no
     * byte of an answer has been read yet; the tag of HTTP/2 to an upstream,
     * which has frames, is another one */

    u = r->upstream;

    if (rc != NGX_DONE || u == NULL || u->cleanup == NULL
        || u->output.tag != (ngx_buf_tag_t) &ngx_http_proxy_module)
    {
        return rc;
    }

    if (ngx_http_keygate_proxy_line == NULL) {
        ngx_http_keygate_proxy_line = u->process_header;
        ngx_http_keygate_proxy_reinit = u->reinit_request;
    }

    if (u->process_header == ngx_http_keygate_proxy_line
        && u->reinit_request == ngx_http_keygate_proxy_reinit)
    {
        u->process_header = ngx_http_keygate_interim_line;
        u->reinit_request = ngx_http_keygate_interim_reinit;
    }

    return rc;
}


static ngx_int_t
ngx_http_keygate_interim_line(ngx_http_request_t *r)
{
    return ngx_http_keygate_interim_read(r, ngx_http_keygate_proxy_line(r));
}


static ngx_int_t
ngx_http_keygate_interim_header(ngx_http_request_t *r)
{
    return ngx_http_keygate_interim_read(r, ngx_http_keygate_proxy_header(r));
}


static ngx_int_t
ngx_http_keygate_interim_reinit(ngx_http_request_t *r)
{
    ngx_int_t  rc;

    rc = ngx_http_keygate_proxy_reinit(r);

    if (r->upstream->process_header == ngx_http_keygate_proxy_line) {
        r->upstream->process_header = ngx_http_keygate_interim_line;
    }

    return rc;
}


/* After the proxy has read: once it has the status line, it goes on with the
 * function for the header by itself. */

static ngx_int_t
ngx_http_keygate_interim_read(ngx_http_request_t *r, ngx_int_t rc)
{
    ngx_http_upstream_t  *u;

    u = r->upstream;

    while (rc == NGX_OK && u->headers_in.status_n >= 100
           && u->headers_in.status_n < NGX_HTTP_OK
           && u->headers_in.status_n != NGX_HTTP_SWITCHING_PROTOCOLS)
    {
        if (ngx_http_keygate_interim_anew(r) != NGX_OK) {
            return NGX_ERROR;
        }

        rc = u->buffer.pos == u->buffer.last ? NGX_AGAIN
                                             : ngx_http_keygate_proxy_line(r);
    }

    if (u->process_header != ngx_http_keygate_interim_line
        && u->process_header != ngx_http_keygate_interim_header)
    {
        if (u->process_header == ngx_http_keygate_proxy_line) {
            u->process_header = ngx_http_keygate_interim_line;

        } else {
            ngx_http_keygate_proxy_header = u->process_header;
            u->process_header = ngx_http_keygate_interim_header;
        }
    }

    return rc;
}


/* Forgets what was read, as nginx does before it asks another server, and
 * moves what follows to its place: a cache stores it from there on. */

static ngx_int_t
ngx_http_keygate_interim_anew(ngx_http_request_t *r)
{
    size_t                len;
    u_char               *start;
    ngx_http_upstream_t  *u;

    u = r->upstream;

    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "keygate interim response: %ui", u->headers_in.status_n);

    if (ngx_http_keygate_proxy_reinit(r) != NGX_OK) {
        return NGX_ERROR;
    }

    u->keepalive = 0;
    u->upgrade = 0;

    ngx_memzero(&u->headers_in, sizeof(ngx_http_upstream_headers_in_t));
    u->headers_in.content_length_n = -1;
    u->headers_in.last_modified_time = -1;

    if (ngx_list_init(&u->headers_in.headers, r->pool, 8,
                      sizeof(ngx_table_elt_t))
        != NGX_OK
        || ngx_list_init(&u->headers_in.trailers, r->pool, 2,
                         sizeof(ngx_table_elt_t))
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    start = u->buffer.start;

#if (NGX_HTTP_CACHE)

    if (r->cache) {
        start += r->cache->header_start;
    }

#endif

    len = u->buffer.last - u->buffer.pos;

    ngx_memmove(start, u->buffer.pos, len);
    u->buffer.pos = start;
    u->buffer.last = start + len;

    return NGX_OK;
}

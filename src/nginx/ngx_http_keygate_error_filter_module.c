/*
 * The error filter: sees to it that errors leave in one shape, and adds what
 * the gate has to say in headers.  It stands before gzip, sub_filter and
 * add_header, which act on what it makes, and leaves subrequests alone.
 *
 *     header comes       ---> passes                    below 400, pages of
 *          |                                            error_page, HEAD of
 *          |                                            what is in the format
 *          +---------------> made anew, the old body    the gate's and nginx's
 *          |                 is discarded               own, other media types
 *          v
 *     header held back,  ---> passes, or                in the format
 *     body kept up to         made anew                 known shape, unknown,
 *     keygate_errors_inspect                            too long, truncated
 */

#include "ngx_http_keygate_error.h"


static ngx_int_t ngx_http_keygate_error_page_handler(ngx_http_request_t *r);
static ngx_http_keygate_error_ctx_t *ngx_http_keygate_error_ctx(
    ngx_http_request_t *r);
static ngx_int_t ngx_http_keygate_error_header_filter(ngx_http_request_t *r);
static ngx_int_t ngx_http_keygate_error_body_filter(ngx_http_request_t *r,
    ngx_chain_t *in);
static ngx_int_t ngx_http_keygate_error_init(ngx_conf_t *cf);


static ngx_http_module_t  ngx_http_keygate_error_filter_module_ctx = {
    NULL,                                  /* preconfiguration */
    ngx_http_keygate_error_init,           /* postconfiguration */

    NULL,                                  /* create main configuration */
    NULL,                                  /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    NULL,                                  /* create location configuration */
    NULL                                   /* merge location configuration */
};


ngx_module_t  ngx_http_keygate_error_filter_module = {
    NGX_MODULE_V1,
    &ngx_http_keygate_error_filter_module_ctx, /* module context */
    NULL,                                  /* module directives */
    NGX_HTTP_MODULE,                       /* module type */
    NULL,                                  /* init master */
    NULL,                                  /* init module */
    NULL,                                  /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    NULL,                                  /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


ngx_http_output_header_filter_pt  ngx_http_keygate_next_header_filter;
ngx_http_output_body_filter_pt    ngx_http_keygate_next_body_filter;


/*
 * Marks requests that error_page has led to another location.  Whether it is
 * that location which answers in the end, or nginx itself because it has
 * failed, is told by expect_tested: nginx sets it before each response of its
 * own, and otherwise only where there is an Expect header left to be tested:
 * then what the headers look like has to do.
 */

static ngx_int_t
ngx_http_keygate_error_page_handler(ngx_http_request_t *r)
{
    ngx_http_core_loc_conf_t      *clcf;
    ngx_http_keygate_error_ctx_t  *ctx;

    if (r != r->main || !r->internal) {
        return NGX_DECLINED;
    }

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    /* with recursive_error_pages and "=" nothing is left to tell; a named
     * location is then taken for a page */

    if (!r->err_status && !r->error_page
        && !(clcf->named && clcf->recursive_error_pages))
    {
        return NGX_DECLINED;
    }

    ctx = ngx_http_keygate_error_ctx(r);
    if (ctx == NULL) {
        return NGX_ERROR;
    }

    ctx->page = 1;

    if (r->headers_in.expect == NULL || r->expect_tested) {
        r->headers_in.expect = NULL;
        r->expect_tested = 0;
        ctx->armed = 1;
    }

    return NGX_DECLINED;
}


static ngx_http_keygate_error_ctx_t *
ngx_http_keygate_error_ctx(ngx_http_request_t *r)
{
    ngx_http_keygate_error_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_keygate_error_filter_module);

    if (ctx == NULL) {
        ctx = ngx_pcalloc(r->pool, sizeof(ngx_http_keygate_error_ctx_t));
        if (ctx == NULL) {
            return NULL;
        }

        ngx_http_set_ctx(r, ctx, ngx_http_keygate_error_filter_module);
    }

    return ctx;
}


static ngx_int_t
ngx_http_keygate_error_header_filter(ngx_http_request_t *r)
{
    ngx_uint_t                     error;
    keygate_error_t                e;
    ngx_http_keygate_ctx_t        *gate;
    ngx_http_keygate_loc_conf_t   *klcf;
    ngx_http_keygate_error_ctx_t  *ctx;

    if (r != r->main) {
        return ngx_http_keygate_next_header_filter(r);
    }

    klcf = ngx_http_get_module_loc_conf(r, ngx_http_keygate_module);

    if (klcf->api == NULL && klcf->errors == NULL && !r->internal) {
        return ngx_http_keygate_next_header_filter(r);
    }

    gate = (klcf->api || r->internal) ? ngx_http_keygate_ctx_get(r) : NULL;

    /* an interim response that has been taken for the answer: what follows
     * would be looked at by nobody */

    if (r->headers_out.status < NGX_HTTP_OK
        && r->headers_out.status != NGX_HTTP_SWITCHING_PROTOCOLS
        && r->upstream && r->upstream->cleanup
        && (klcf->errors || (klcf->api && !klcf->dry_run)))
    {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "keygate: the upstream sent an interim response, %ui, "
                      "where only an answer is understood",
                      r->headers_out.status);
        return NGX_HTTP_BAD_GATEWAY;
    }

    error = r->headers_out.status >= NGX_HTTP_BAD_REQUEST
            && r->headers_out.status <= 599;

    if (error && !ngx_http_keygate_error_answers(r)
        && ngx_http_keygate_cors_error(r, gate) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (!error || (gate == NULL && klcf->errors == NULL)) {
        if (gate && ngx_http_keygate_headers_add(r, gate, 0) != NGX_OK) {
            return NGX_ERROR;
        }

        return ngx_http_keygate_next_header_filter(r);
    }

    ctx = ngx_http_keygate_error_ctx(r);
    if (ctx == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(&ctx->response, sizeof(ngx_http_keygate_response_t));
    ctx->response.gate = gate;

    ngx_http_keygate_error_origin(r, ctx->page, ctx->armed, &ctx->response);

    gate = ctx->response.gate;

    if (gate
        && ngx_http_keygate_headers_add(r, gate, ctx->response.own) != NGX_OK)
    {
        return NGX_ERROR;
    }

    ctx->state = ngx_http_keygate_error_plan(r, ctx);

    switch (ctx->state) {

    case NGX_HTTP_KEYGATE_HOLD:
        return ngx_http_keygate_error_hold(r, ctx);

    case NGX_HTTP_KEYGATE_MAKE:
        ngx_memzero(&e, sizeof(keygate_error_t));
        return ngx_http_keygate_error_replace(r, ctx, &e);

    default:
        return ngx_http_keygate_next_header_filter(r);
    }
}


static ngx_int_t
ngx_http_keygate_error_body_filter(ngx_http_request_t *r, ngx_chain_t *in)
{
    ngx_buf_t                     *b;
    ngx_chain_t                   *cl;
    ngx_http_keygate_error_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_keygate_error_filter_module);

    if (ctx == NULL || ctx->state == NGX_HTTP_KEYGATE_PASS || r != r->main) {
        return ngx_http_keygate_next_body_filter(r, in);
    }

    if (ctx->state == NGX_HTTP_KEYGATE_HOLD) {
        return ngx_http_keygate_error_keep(r, ctx, in);
    }

    for (cl = in; cl; cl = cl->next) {
        b = cl->buf;
        b->pos = b->last;
        b->file_pos = b->file_last;
    }

    /* with nothing buffered the write filter takes a call for a mistake */

    return r->connection->buffered ? ngx_http_keygate_next_body_filter(r, NULL)
                                   : NGX_OK;
}


static ngx_int_t
ngx_http_keygate_error_init(ngx_conf_t *cf)
{
    ngx_uint_t                     i;
    ngx_http_handler_pt           *h;
    ngx_http_core_main_conf_t     *cmcf;
    ngx_http_keygate_main_conf_t  *kmcf;

    static const ngx_uint_t     phases[] = { NGX_HTTP_SERVER_REWRITE_PHASE,
                                             NGX_HTTP_REWRITE_PHASE };

    if (ngx_http_keygate_request_id_init(cf) != NGX_OK) {
        return NGX_ERROR;
    }

    kmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_keygate_module);

    if (!(kmcf->used & (NGX_HTTP_KEYGATE_USED_GATE
                        | NGX_HTTP_KEYGATE_USED_ERRORS)))
    {
        return NGX_OK;
    }

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);

    /* last registered is called first: before "return" */

    for (i = 0; i < sizeof(phases) / sizeof(phases[0]); i++) {
        h = ngx_array_push(&cmcf->phases[phases[i]].handlers);
        if (h == NULL) {
            return NGX_ERROR;
        }

        *h = ngx_http_keygate_error_page_handler;
    }

    h = ngx_array_push(&cmcf->phases[NGX_HTTP_PRECONTENT_PHASE].handlers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    *h = ngx_http_keygate_interim_handler;

    ngx_http_keygate_next_header_filter = ngx_http_top_header_filter;
    ngx_http_top_header_filter = ngx_http_keygate_error_header_filter;

    ngx_http_keygate_next_body_filter = ngx_http_top_body_filter;
    ngx_http_top_body_filter = ngx_http_keygate_error_body_filter;

    if (kmcf->used & NGX_HTTP_KEYGATE_USED_RECHECK) {
        ngx_http_keygate_recheck_init();
    }

    return NGX_OK;
}

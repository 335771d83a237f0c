/*
 * What the files of the error filter share: the filter itself, the making of
 * new responses, and the inspection of old ones.
 */

#ifndef _NGX_HTTP_KEYGATE_ERROR_H_INCLUDED_
#define _NGX_HTTP_KEYGATE_ERROR_H_INCLUDED_


#include "ngx_http_keygate.h"


typedef struct {
    ngx_http_keygate_ctx_t    *gate;        /* the decision, or NULL */
    ngx_http_keygate_api_t    *api;         /* whose format it is to have */
    ngx_uint_t                 status;
    unsigned                   own:1;       /* the gate's refusal */
    unsigned                   upstream:1;  /* an upstream has made it */
    unsigned                   special:1;   /* nginx itself has made it */
    unsigned                   page:1;      /* error_page has named it */
    unsigned                   bodiless:1;  /* HEAD */
    unsigned                   unsure:1;    /* what HEAD's length would be */
    unsigned                   grpc:1;      /* the request is one of gRPC */
} ngx_http_keygate_response_t;


typedef enum {
    NGX_HTTP_KEYGATE_PASS = 0,
    NGX_HTTP_KEYGATE_HOLD,
    NGX_HTTP_KEYGATE_MAKE             /* and, once made, discard */
} ngx_http_keygate_error_e;


typedef struct {
    ngx_http_keygate_error_e      state;
    ngx_http_keygate_response_t   response;
    ngx_buf_t                    *body;     /* what is held back of it */
    keygate_type_e                type;     /* as its header says */
    ngx_event_t                   end;      /* of an upstream that goes on */
    void                        (*finalize)(ngx_http_request_t *r,
                                            ngx_int_t rc);
                                            /* the upstream's own, while ours
                                               stands for it */
    unsigned                      opaque:1; /* in the format whatever it is */
    unsigned                      page:1;   /* error_page has led here */
    unsigned                      armed:1;  /* expect_tested will tell */
} ngx_http_keygate_error_ctx_t;


/* ngx_http_keygate_error_filter_module.c */

extern ngx_http_output_header_filter_pt  ngx_http_keygate_next_header_filter;
extern ngx_http_output_body_filter_pt    ngx_http_keygate_next_body_filter;


/* ngx_http_keygate_error_inspect.c */

/* What is to become of the response, as far as its header tells. */
ngx_http_keygate_error_e ngx_http_keygate_error_plan(ngx_http_request_t *r,
    ngx_http_keygate_error_ctx_t *ctx);
/* Holds the header back and makes room for the body. */
ngx_int_t ngx_http_keygate_error_hold(ngx_http_request_t *r,
    ngx_http_keygate_error_ctx_t *ctx);
/* Takes in more of the body; at its end sends one response or the other. */
ngx_int_t ngx_http_keygate_error_keep(ngx_http_request_t *r,
    ngx_http_keygate_error_ctx_t *ctx, ngx_chain_t *in);


/* ngx_http_keygate_error_inflate.c */

/* Whether the body has a content coding, other than "identity". */
ngx_uint_t ngx_http_keygate_error_coded(ngx_http_request_t *r);
/* Whether the body is gzipped, and nginx knows how to undo that. */
ngx_uint_t ngx_http_keygate_error_gzipped(ngx_http_request_t *r);
/* NGX_OK; NGX_DECLINED when it is broken or comes to more than "max". */
ngx_int_t ngx_http_keygate_error_inflate(ngx_http_request_t *r, ngx_buf_t *in,
    size_t max, keygate_str_t *out);


/* ngx_http_keygate_error_interim.c */

/* In the last phase before the content: has the interim responses of an
 * upstream read and thrown away. */
ngx_int_t ngx_http_keygate_interim_handler(ngx_http_request_t *r);


/* ngx_http_keygate_error_grpc.c */

/* Makes the headers an answer of gRPC, whose message is in "b". */
ngx_int_t ngx_http_keygate_error_grpc(ngx_http_request_t *r,
    ngx_http_keygate_response_t *re, ngx_buf_t *b);


/* ngx_http_keygate_error_upstream.c */

/* Whether the response whose header is about to leave is an upstream's. */
ngx_uint_t ngx_http_keygate_error_answers(ngx_http_request_t *r);
/* To be called before the header of what replaces an upstream's error: an
 * upstream that goes on sending is ended soon or, where its answer is being
 * stored, the connection is said to be closed. */
ngx_int_t ngx_http_keygate_error_end(ngx_http_request_t *r,
    ngx_http_keygate_error_ctx_t *ctx);


/* ngx_http_keygate_error_origin.c */

/* Who has made the response whose header is about to leave. */
void ngx_http_keygate_error_origin(ngx_http_request_t *r, ngx_uint_t page,
    ngx_uint_t armed, ngx_http_keygate_response_t *re);


/* ngx_http_keygate_error_watch.c */

/* From now on, while the header is held back, an upstream that breaks off in
 * a way that nginx calls an error is replaced, too. */
void ngx_http_keygate_error_watch(ngx_http_request_t *r,
    ngx_http_keygate_error_ctx_t *ctx);


/* ngx_http_keygate_error_send.c */

/* Sends a new response, whole; what comes of the old one is discarded. */
ngx_int_t ngx_http_keygate_error_replace(ngx_http_request_t *r,
    ngx_http_keygate_error_ctx_t *ctx, keygate_error_t *e);


/* ngx_http_keygate_error_response.c */

/* The new body; "e" may hold what an old one had to say.  NULL: no memory. */
ngx_buf_t *ngx_http_keygate_error_make(ngx_http_request_t *r,
    ngx_http_keygate_response_t *re, keygate_error_t *e);
/* The format of what leaves in place of an error. */
keygate_error_format_e ngx_http_keygate_error_format(
    ngx_http_keygate_response_t *re);
/* Takes off what describes the old body: headers, trailers. */
void ngx_http_keygate_error_clear(ngx_http_request_t *r,
    ngx_http_keygate_response_t *re);
/* Sets the media type of that format. */
void ngx_http_keygate_error_type(ngx_http_request_t *r,
    keygate_error_format_e format);
/* Makes the headers fit a body of "len" bytes; -1: nobody knows. */
void ngx_http_keygate_error_headers(ngx_http_request_t *r,
    ngx_http_keygate_response_t *re, off_t len);


#endif /* _NGX_HTTP_KEYGATE_ERROR_H_INCLUDED_ */

/*
 * Header lines: walked, added, taken off.  Part of ngx_http_keygate.h.
 */

#ifndef _NGX_HTTP_KEYGATE_HEADERS_H_INCLUDED_
#define _NGX_HTTP_KEYGATE_HEADERS_H_INCLUDED_


/* At the start of each round of a loop over "i": from a part of a list to the
 * next one, or out of the loop. */

#define ngx_http_keygate_list_step(part, elts_, i)                            \
    if (i >= part->nelts) {                                                   \
        if (part->next == NULL) {                                             \
            break;                                                            \
        }                                                                     \
                                                                              \
        part = part->next;                                                    \
        elts_ = part->elts;                                                   \
        i = 0;                                                                \
    }


/* ngx_http_keygate_header.c: one line of the request, or of the response */

/* How many header lines of the request have that name, given in lower case,
 * and the first one's value. */
ngx_uint_t ngx_http_keygate_header(ngx_http_request_t *r, const char *name,
    ngx_str_t *value);

/* A name, and the same in lower case. */

typedef struct {
    ngx_str_t                      key;
    u_char                        *lowcase;
} ngx_http_keygate_name_t;

#define ngx_http_keygate_name(key, lowcase)                                   \
    { ngx_string(key), (u_char *) lowcase }

extern ngx_http_keygate_name_t  ngx_http_keygate_allow;
extern ngx_http_keygate_name_t  ngx_http_keygate_cache_control;

/* Appends one header line; "value" must stay as long as the request. */
ngx_int_t ngx_http_keygate_header_add(ngx_http_request_t *r,
    ngx_http_keygate_name_t *name, ngx_str_t *value);
/* Sets one: an answer that fails half way is answered anew, and passes here
 * twice. */
ngx_int_t ngx_http_keygate_header_add_field(ngx_http_request_t *r,
    ngx_http_keygate_name_t *name, keygate_buf_t *value);
/* Sets one whose value is a number. */
ngx_int_t ngx_http_keygate_header_add_number(ngx_http_request_t *r,
    ngx_http_keygate_name_t *name, int64_t n);
/* Cache-Control of the gate's own answers. */
ngx_int_t ngx_http_keygate_header_no_store(ngx_http_request_t *r);
/* For what can only be read: NGX_OK, and the body is dropped; or the answer to
 * another method, for which Allow has been added. */
ngx_int_t ngx_http_keygate_header_read_only(ngx_http_request_t *r);
/* Takes all header lines of that name off the response; or of those names, of
 * less than 64 bytes each, the last of which is empty. */
void ngx_http_keygate_header_remove(ngx_http_request_t *r, ngx_str_t *name);
void ngx_http_keygate_header_remove_all(ngx_http_request_t *r,
    ngx_str_t *names);


/* ngx_http_keygate_headers.c: the gate's own response headers */

extern ngx_http_keygate_name_t  ngx_http_keygate_www_authenticate;
extern ngx_http_keygate_name_t  ngx_http_keygate_proxy_authenticate;

/* Adds what the decision calls for: rate headers, and for a refusal by the
 * gate the challenge, Allow, Retry-After, Cache-Control.  "own" tells that
 * the response is the gate's own. */
ngx_int_t ngx_http_keygate_headers_add(ngx_http_request_t *r,
    ngx_http_keygate_ctx_t *ctx, ngx_uint_t own);


/* ngx_http_keygate_ratelimit.c: rates in header fields */

/* Adds those that the API has; the decision has windows. */
ngx_int_t ngx_http_keygate_ratelimit_add(ngx_http_request_t *r,
    ngx_http_keygate_ctx_t *ctx);


/* ngx_http_keygate_user.c: the user of HTTP Basic, where it is a key */

/* Tells in kmcf->used whether any API reads keys there. */
void ngx_http_keygate_users_init(ngx_http_keygate_main_conf_t *kmcf);
/* To be called when Authorization is there again. */
void ngx_http_keygate_user_forget(ngx_http_request_t *r);
/* Before other modules of the access phase, which log a user that they do not
 * know; "ctx" is the decision, or NULL. */
void ngx_http_keygate_user_hide_key(ngx_http_request_t *r,
    ngx_http_keygate_ctx_t *ctx);
/* In the log phase, before anything is logged. */
ngx_int_t ngx_http_keygate_user_hide(ngx_http_request_t *r);


/* ngx_http_keygate_cors.c: pages of other origins */

/* Whether OPTIONS asks for leave to send a request of such a page. */
ngx_uint_t ngx_http_keygate_cors_asks(ngx_http_request_t *r);
/* Adds the headers of the answer; returns its status. */
ngx_int_t ngx_http_keygate_cors_preflight(ngx_http_request_t *r,
    ngx_http_keygate_ctx_t *ctx);
/* Adds what lets a page read an error that no upstream has made; "gate" is the
 * decision, or NULL. */
ngx_int_t ngx_http_keygate_cors_error(ngx_http_request_t *r,
    ngx_http_keygate_ctx_t *gate);


#endif /* _NGX_HTTP_KEYGATE_HEADERS_H_INCLUDED_ */

/*
 * What the decision, and an error, is told of a request.  Part of
 * ngx_http_keygate.h.
 */

#ifndef _NGX_HTTP_KEYGATE_REQUEST_H_INCLUDED_
#define _NGX_HTTP_KEYGATE_REQUEST_H_INCLUDED_


/* ngx_http_keygate_request.c: what the decision is told of a request */

/* Decides; the request's credential is that of the decision "above", if there
 * is one.  "unsaved": no file has to cover what it costs.  NGX_OK or
 * NGX_ERROR. */
ngx_int_t ngx_http_keygate_request_decide(ngx_http_request_t *r,
    ngx_http_keygate_api_t *api, ngx_http_keygate_ctx_t *above,
    ngx_uint_t unsaved, keygate_request_t *request, keygate_verdict_t *v);
/* A verdict on a key is none where the zone has not heard of its store for too
 * long, or never of all records. */
void ngx_http_keygate_request_heard(ngx_http_keygate_zone_t *zone,
    keygate_verdict_t *v);


/* ngx_http_keygate_path.c: paths as they were sent */

/* The path of the request line as received, without the query. */
ngx_str_t ngx_http_keygate_path_raw(ngx_http_request_t *r);
/* The path of a path and query, or of a whole URL of HTTP (RFC 3986, 3);
 * NGX_DECLINED: there is none in it. */
ngx_int_t ngx_http_keygate_path_of_url(ngx_str_t target, ngx_str_t *path);


/* ngx_http_keygate_destination.c: where COPY and MOVE write to */

/* Fills in what the decision has to know of it; NGX_ERROR: no memory. */
ngx_int_t ngx_http_keygate_destination(ngx_http_request_t *r,
    keygate_request_t *request);


/* ngx_http_keygate_auth.c */

/*
 * The method and the path, as they were sent, that are decided on: the
 * request's own, and 0; or, for another proxy, those that it tells, and 1:
 * both are empty where it does not tell one of each.
 */
ngx_uint_t ngx_http_keygate_auth_read(ngx_http_request_t *r, ngx_str_t *method,
    ngx_str_t *path);


/* ngx_http_keygate_request_id.c: $request_id */

ngx_int_t ngx_http_keygate_request_id_init(ngx_conf_t *cf);
/* NGX_OK or NGX_ERROR. */
ngx_int_t ngx_http_keygate_request_id(ngx_http_request_t *r, keygate_str_t *id);


/* ngx_http_keygate_early.c: what nginx refuses before the gate has its turn */

/* The decision on a request that nginx has refused with 400, if the gate, or
 * the one whose errors hold, refuses it as well; else, or without memory,
 * NULL. */
ngx_http_keygate_ctx_t *ngx_http_keygate_early(ngx_http_request_t *r);

/* The same of a request that nginx has refused with 413, if the gate would have
 * looked at its body. */
ngx_http_keygate_ctx_t *ngx_http_keygate_early_large(ngx_http_request_t *r);


/* ngx_http_keygate_access.c: counting */

/* Counts a decision, which is final, and what its key was used for. */
void ngx_http_keygate_access_counted(ngx_http_keygate_ctx_t *ctx);


#endif /* _NGX_HTTP_KEYGATE_REQUEST_H_INCLUDED_ */

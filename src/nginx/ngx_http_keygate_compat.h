/*
 * The differences between the supported versions of nginx, 1.22 to mainline,
 * all in one place.
 */

#ifndef _NGX_HTTP_KEYGATE_COMPAT_H_INCLUDED_
#define _NGX_HTTP_KEYGATE_COMPAT_H_INCLUDED_


/* Since 1.23 header lines of one name are linked. */

#if (nginx_version >= 1023000)
#define ngx_http_keygate_header_end(h)  (h)->next = NULL
#else
#define ngx_http_keygate_header_end(h)
#endif


/* Since 1.31 nginx is a proxy of tunnels: CONNECT has credentials and
 * challenges of its own (RFC 9110, 11.7). */

#ifdef ngx_http_proxy_auth
#define ngx_http_keygate_tunnel(r)  ngx_http_proxy_auth((r)->main)
#else
#define ngx_http_keygate_tunnel(r)  0
#define NGX_HTTP_PROXY_AUTH_REQUIRED  407
#endif


#endif /* _NGX_HTTP_KEYGATE_COMPAT_H_INCLUDED_ */

/*
 * Error bodies that come compressed: a client that accepts gzip is not to
 * lose what its API has to say.  Bounded on both sides, and only ever for a
 * look: what passes, passes as it came.
 */

#include "ngx_http_keygate_error.h"

#if (NGX_ZLIB)
#include <zlib.h>
#endif


/* "identity" says that nothing was done to the body, RFC 9110, section 8.4.1;
 * some list it, and some send an empty field. */

ngx_uint_t
ngx_http_keygate_error_coded(ngx_http_request_t *r)
{
    u_char           *p, *last;
    ngx_table_elt_t  *h;

    h = r->headers_out.content_encoding;

    if (h == NULL) {
        return 0;
    }

    p = h->value.data;
    last = p + h->value.len;

    while (p < last) {

        if (*p == ' ' || *p == '\t' || *p == ',') {
            p++;
            continue;
        }

        if (last - p < (ssize_t) (sizeof("identity") - 1)
            || ngx_strncasecmp(p, (u_char *) "identity",
                               sizeof("identity") - 1)
               != 0)
        {
            return 1;
        }

        p += sizeof("identity") - 1;

        if (p < last && *p != ' ' && *p != '\t' && *p != ',') {
            return 1;
        }
    }

    return 0;
}


ngx_uint_t
ngx_http_keygate_error_gzipped(ngx_http_request_t *r)
{
#if (NGX_ZLIB)

    ngx_table_elt_t  *h;

    h = r->headers_out.content_encoding;

    return h && h->value.len == sizeof("gzip") - 1
           && ngx_strncasecmp(h->value.data, (u_char *) "gzip",
                              sizeof("gzip") - 1)
              == 0;

#else

    return 0;

#endif
}


ngx_int_t
ngx_http_keygate_error_inflate(ngx_http_request_t *r, ngx_buf_t *in,
    size_t max, keygate_str_t *out)
{
#if (NGX_ZLIB)

    int        rc;
    u_char    *room;
    z_stream   z;

    room = ngx_pnalloc(r->pool, max + 1);
    if (room == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(&z, sizeof(z_stream));

    z.next_in = in->pos;
    z.avail_in = (uInt) (in->last - in->pos);
    z.next_out = room;
    z.avail_out = (uInt) max;

    /* 16: gzip, and nothing else */

    if (inflateInit2(&z, 16 + MAX_WBITS) != Z_OK) {
        return NGX_ERROR;
    }

    rc = inflate(&z, Z_FINISH);

    out->data = room;
    out->len = max - z.avail_out;

    (void) inflateEnd(&z);

    return rc == Z_STREAM_END && z.avail_in == 0 ? NGX_OK : NGX_DECLINED;

#else

    return NGX_DECLINED;

#endif
}

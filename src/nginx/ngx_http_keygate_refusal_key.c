/*
 * Keys in a path that a body or a log line would repeat: what has the shape of
 * one, what the request itself has brought as its key, and, where keys may be
 * of any shape, what the zone knows.  Only errors are looked at.
 *
 * A segment is looked up as it came and decoded, and so is each run of letters,
 * digits, "-" and "_" in it.  A path with more of them than are looked up is
 * taken to hold a key.
 */

#include "ngx_http_keygate.h"

#include "keygate_uri.h"


#define NGX_HTTP_KEYGATE_KEY_LEAST    8      /* bytes: to be looked up */
#define NGX_HTTP_KEYGATE_KEY_LOOKUPS  32     /* of a path, at most */


typedef struct {
    ngx_http_keygate_zone_t  *zone;          /* NULL: keys have a shape */
    keygate_str_t             own;           /* decoded; or empty */
    ngx_uint_t                left;          /* lookups */
} ngx_http_keygate_look_t;


static ngx_int_t ngx_http_keygate_key_own(ngx_http_request_t *r,
    ngx_http_keygate_api_t *api, keygate_str_t *own);
static ngx_uint_t ngx_http_keygate_key_segments(ngx_http_keygate_look_t *look,
    keygate_str_t text, u_char *room);
static ngx_uint_t ngx_http_keygate_key_runs(ngx_http_keygate_look_t *look,
    keygate_str_t segment);
static ngx_uint_t ngx_http_keygate_key_is(ngx_http_keygate_look_t *look,
    keygate_str_t part);
static ngx_uint_t ngx_http_keygate_key_within(keygate_str_t text,
    keygate_str_t key);
static size_t ngx_http_keygate_key_decode(keygate_str_t text, u_char *out);


ngx_uint_t
ngx_http_keygate_refusal_has_key(keygate_api_t *api, u_char *data, size_t len)
{
    keygate_str_t  text;

    text.data = data;
    text.len = len;

    return keygate_credential_inside(api->formats, api->n_formats, text);
}


ngx_uint_t
ngx_http_keygate_refusal_tells_key(ngx_http_request_t *r,
    ngx_http_keygate_api_t *api, u_char *data, size_t len)
{
    u_char                   *room;
    keygate_str_t             text, own;
    ngx_http_keygate_look_t   look;

    if (len == 0) {
        return 0;
    }

    if (ngx_http_keygate_refusal_has_key(api->core, data, len)) {
        return 1;
    }

    if (ngx_http_keygate_key_own(r, api, &own) != NGX_OK) {
        return 1;
    }

    room = ngx_pnalloc(r->pool, len + own.len);
    if (room == NULL) {
        return 1;
    }

    look.zone = (api->core->any_format || api->core->n_formats == 0)
                ? api->zone : NULL;
    look.left = NGX_HTTP_KEYGATE_KEY_LOOKUPS;
    look.own.data = room + len;
    look.own.len = ngx_http_keygate_key_decode(own, room + len);

    text.data = room;
    text.len = ngx_http_keygate_key_decode((keygate_str_t) { len, data },
                                           room);

    if (own.len >= NGX_HTTP_KEYGATE_KEY_LEAST
        && (ngx_http_keygate_key_within(text, look.own)
            || ngx_http_keygate_key_within((keygate_str_t) { len, data },
                                           own)))
    {
        return 1;
    }

    text.data = data;
    text.len = len;

    return ngx_http_keygate_key_segments(&look, text, room);
}


/* The key that the request has brought, whether or not it is one: that of a
 * decision, or, before there is one, what is in the header. */

static ngx_int_t
ngx_http_keygate_key_own(ngx_http_request_t *r, ngx_http_keygate_api_t *api,
    keygate_str_t *own)
{
    keygate_request_t        asked;
    ngx_pool_cleanup_t      *cln;
    ngx_http_keygate_ctx_t  *ctx;

    cln = NULL;

    while ((ctx = ngx_http_keygate_ctx_next(r, &cln)) != NULL) {
        if (ctx->api == api) {
            *own = ctx->credential;
            return NGX_OK;
        }
    }

    ngx_memzero(&asked, sizeof(keygate_request_t));

    if (ngx_http_keygate_credential(r, api->core, &asked) != NGX_OK) {
        return NGX_ERROR;
    }

    *own = asked.credential;

    return NGX_OK;
}


static ngx_uint_t
ngx_http_keygate_key_segments(ngx_http_keygate_look_t *look,
    keygate_str_t text, u_char *room)
{
    size_t         i, start;
    keygate_str_t  raw, plain;

    for (start = 0, i = 0; i <= text.len; i++) {

        if (i < text.len && text.data[i] != '/') {
            continue;
        }

        raw.data = text.data + start;
        raw.len = i - start;
        start = i + 1;

        if (raw.len == 0) {
            continue;
        }

        plain.data = room;
        plain.len = ngx_http_keygate_key_decode(raw, room);

        if (ngx_http_keygate_key_is(look, plain)
            || (plain.len != raw.len && ngx_http_keygate_key_is(look, raw))
            || ngx_http_keygate_key_runs(look, plain))
        {
            return 1;
        }
    }

    return 0;
}


static ngx_uint_t
ngx_http_keygate_key_runs(ngx_http_keygate_look_t *look, keygate_str_t segment)
{
    u_char         c;
    size_t         i, start;
    keygate_str_t  run;

    for (start = 0, i = 0; i <= segment.len; i++) {

        if (i < segment.len) {
            c = segment.data[i];

            if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z')
                || (c >= 'a' && c <= 'z') || c == '-' || c == '_')
            {
                continue;
            }
        }

        run.data = segment.data + start;
        run.len = i - start;
        start = i + 1;

        if (run.len != segment.len && ngx_http_keygate_key_is(look, run)) {
            return 1;
        }
    }

    return 0;
}


static ngx_uint_t
ngx_http_keygate_key_is(ngx_http_keygate_look_t *look, keygate_str_t part)
{
    u_char         digest[KEYGATE_DIGEST_LEN];
    keygate_key_t  key;

    if (part.len && keygate_str_eq(part, look->own)) {
        return 1;
    }

    if (look->zone == NULL || part.len < NGX_HTTP_KEYGATE_KEY_LEAST
        || part.len > KEYGATE_CREDENTIAL_MAX)
    {
        return 0;
    }

    if (look->left == 0) {
        return 1;
    }

    look->left--;

    /* what cannot be told may be one */

    return keygate_digest(look->zone->digester, part, digest) != KEYGATE_OK
           || keygate_table_find(look->zone->table, digest, ngx_time(), &key)
              != KEYGATE_NONE
           || keygate_table_missed_may(look->zone->table, digest);
}


static ngx_uint_t
ngx_http_keygate_key_within(keygate_str_t text, keygate_str_t key)
{
    size_t  i;

    for (i = 0; i + key.len <= text.len; i++) {
        if (ngx_memcmp(text.data + i, key.data, key.len) == 0) {
            return 1;
        }
    }

    return 0;
}


/* Decodes as long as there is anything to be decoded, into as much room. */

static size_t
ngx_http_keygate_key_decode(keygate_str_t text, u_char *out)
{
    int     c;
    size_t  i, len;

    for (len = 0, i = 0; i < text.len; i++) {
        out[len++] = text.data[i];

        while (len >= 3) {
            c = keygate_uri_escape(out + len - 3);

            if (c == -1) {
                break;
            }

            len -= 2;
            out[len - 1] = (u_char) c;
        }
    }

    return len;
}

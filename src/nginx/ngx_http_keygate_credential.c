/*
 * Credentials in the request's header lines: found and counted.  How one line
 * is read is in keygate_source.c; how they are taken off is in
 * ngx_http_keygate_strip.c.
 *
 * The list itself is walked: $http_ variables join or hide repeated lines,
 * differently in each version of nginx.
 */

#include "ngx_http_keygate.h"


typedef struct {
    ngx_http_request_t  *request;
    keygate_api_t       *api;
    keygate_request_t   *asked;
    unsigned             keys;           /* that are not empty */
    unsigned             schemes;        /* lines of Authorization */
    unsigned             lines[KEYGATE_CREDENTIALS_MAX];   /* of each source,
                                            and keys in them, even empty */
} ngx_http_keygate_found_t;


static ngx_int_t ngx_http_keygate_credential_line(
    ngx_http_keygate_found_t *found, ngx_table_elt_t *h);
static ngx_inline ngx_uint_t ngx_http_keygate_credential_named(
    ngx_http_request_t *r, keygate_source_t *source, ngx_table_elt_t *h);


ngx_int_t
ngx_http_keygate_credential(ngx_http_request_t *r, keygate_api_t *api,
    keygate_request_t *asked)
{
    unsigned                   own;
    ngx_uint_t                 i;
    ngx_list_part_t           *part;
    ngx_table_elt_t           *h;
    ngx_http_keygate_found_t   found;

    ngx_memzero(&found, sizeof(ngx_http_keygate_found_t));
    found.request = r;
    found.api = api;
    found.asked = asked;

    part = &r->headers_in.headers.part;
    h = part->elts;

    for (i = 0; /* void */ ; i++) {

        ngx_http_keygate_list_step(part, h, i);

        if ((api->source_lengths & keygate_source_length(h[i].key.len))
            && ngx_http_keygate_credential_line(&found, &h[i]) != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    /* an empty line is no key, but one too many of where the key is; and so is
       a second Authorization of any scheme, which may be a key to others */

    own = asked->source ? found.lines[asked->source - api->sources] : 0;

    asked->n_credentials = asked->source != NULL;

    if (found.schemes > 1 || own > 1 || (own && found.keys > 1)) {
        asked->n_credentials = 2;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_keygate_credential_line(ngx_http_keygate_found_t *found,
    ngx_table_elt_t *h)
{
    u_char            *room;
    unsigned           k, n;
    ngx_uint_t         counted;
    keygate_str_t      value, key;
    keygate_source_t  *source;

    counted = 0;
    room = NULL;

    for (k = 0; k < found->api->n_sources; k++) {
        source = &found->api->sources[k];

        if (!ngx_http_keygate_credential_named(found->request, source, h)) {
            continue;
        }

        if (!counted && keygate_source_authorization(source)) {
            found->schemes++;
            counted = 1;
        }

        value.len = h->value.len;
        value.data = h->value.data;

        if (source->kind == KEYGATE_SOURCE_BASIC) {
            room = ngx_pnalloc(found->request->main->pool, value.len + 1);
            if (room == NULL) {
                return NGX_ERROR;
            }
        }

        n = keygate_source_read(source, value, room, &key);
        found->lines[k] += n;

        if (n == 0 || (n == 1 && key.len == 0)) {
            continue;
        }

        found->keys += n;

        if (key.len && found->asked->source == NULL) {
            found->asked->credential = key;
            found->asked->source = source;
        }
    }

    return NGX_OK;
}


static ngx_inline ngx_uint_t
ngx_http_keygate_credential_named(ngx_http_request_t *r,
    keygate_source_t *source, ngx_table_elt_t *h)
{
    static ngx_str_t  proxy = ngx_string("proxy-authorization");

    if (ngx_http_keygate_tunnel(r) && keygate_source_authorization(source)) {
        return h->key.len == proxy.len
               && ngx_memcmp(h->lowcase_key, proxy.data, proxy.len) == 0;
    }

    return h->key.len == source->lowcase.len
           && ngx_memcmp(h->lowcase_key, source->lowcase.data,
                         source->lowcase.len)
              == 0;
}

/*
 * Credentials in the request's header lines: found, counted, taken off.
 *
 * The list itself is walked: $http_ variables join or hide repeated lines,
 * differently in each version of nginx.
 */

#include "ngx_http_keygate.h"


static ngx_uint_t ngx_http_keygate_bearer(ngx_str_t *value,
    keygate_str_t *token);
static ngx_uint_t ngx_http_keygate_unwanted(keygate_api_t *api,
    ngx_table_elt_t *h);
static ngx_inline ngx_uint_t ngx_http_keygate_named(ngx_table_elt_t *h,
    const u_char *lowcase, size_t len);
static ngx_int_t ngx_http_keygate_run(ngx_list_t *list, ngx_list_part_t **last,
    ngx_table_elt_t *elts, ngx_uint_t n);


/* What many frameworks take for the method or the path of a request: not
 * those that were decided on. */

static ngx_str_t  ngx_http_keygate_overrides[] = {
    ngx_string("x-http-method"),
    ngx_string("x-http-method-override"),
    ngx_string("x-method-override"),
    ngx_string("x-original-url"),
    ngx_string("x-rewrite-url"),
    ngx_null_string
};


ngx_uint_t
ngx_http_keygate_credential(ngx_http_request_t *r, keygate_api_t *api,
    keygate_str_t *credential)
{
    ngx_uint_t         i, n, lines, schemes;
    keygate_str_t      value;
    ngx_list_part_t   *part;
    ngx_table_elt_t   *h;
    keygate_source_t  *source;
    unsigned           k;

    n = 0;
    lines = 0;
    schemes = 0;
    part = &r->headers_in.headers.part;
    h = part->elts;

    for (i = 0; /* void */ ; i++) {

        ngx_http_keygate_list_step(part, h, i);

        for (k = 0; k < api->n_sources; k++) {
            source = &api->sources[k];

            if (h[i].key.len != source->lowcase.len
                || ngx_memcmp(h[i].lowcase_key, source->lowcase.data,
                              source->lowcase.len)
                   != 0)
            {
                continue;
            }

            if (source->field.len) {
                value.len = h[i].value.len;
                value.data = h[i].value.data;

            } else {
                schemes++;

                if (!ngx_http_keygate_bearer(&h[i].value, &value)) {
                    continue;
                }
            }

            lines++;

            if (value.len && n == 0) {
                *credential = value;
                n = 1;
            }
        }
    }

    /* an empty line beside a key is one line too many as well, and so is a
       second Authorization of any scheme, which may be a key to others */

    return (schemes > 1 || (n && lines > 1)) ? 2 : n;
}


/* RFC 9110, 11.4: the scheme in any case, then one or more spaces. */

static ngx_uint_t
ngx_http_keygate_bearer(ngx_str_t *value, keygate_str_t *token)
{
    u_char  *p, *last;

    if (value->len < sizeof("Bearer") - 1
        || ngx_strncasecmp(value->data, (u_char *) "Bearer",
                           sizeof("Bearer") - 1) != 0)
    {
        return 0;
    }

    p = value->data + sizeof("Bearer") - 1;
    last = value->data + value->len;

    if (p < last && *p != ' ') {
        return 0;
    }

    while (p < last && *p == ' ') {
        p++;
    }

    token->data = p;
    token->len = last - p;

    return 1;
}


static ngx_uint_t
ngx_http_keygate_unwanted(keygate_api_t *api, ngx_table_elt_t *h)
{
    unsigned    k;
    ngx_str_t  *override;

    for (k = 0; k < api->n_sources && !api->pass_credential; k++) {
        if (ngx_http_keygate_named(h, api->sources[k].lowcase.data,
                                   api->sources[k].lowcase.len))
        {
            return 1;
        }
    }

    if (h->key.len == 0 || h->lowcase_key[0] != 'x') {
        return 0;
    }

    for (override = ngx_http_keygate_overrides; override->len; override++) {
        if (ngx_http_keygate_named(h, override->data, override->len)) {
            return 1;
        }
    }

    return 0;
}


/* As CGI and its heirs have it, where "_" and "-" come to the same. */

static ngx_inline ngx_uint_t
ngx_http_keygate_named(ngx_table_elt_t *h, const u_char *lowcase, size_t len)
{
    size_t  i;
    u_char  a, b;

    if (h->key.len != len) {
        return 0;
    }

    for (i = 0; i < len; i++) {
        a = h->lowcase_key[i];
        b = lowcase[i];

        if (a != b && !((a == '_' && b == '-') || (a == '-' && b == '_'))) {
            return 0;
        }
    }

    return 1;
}


/*
 * Cuts the list into runs around the lines.  nginx keeps pointers to the
 * elements, so these stay where they are.
 */

ngx_int_t
ngx_http_keygate_strip(ngx_http_request_t *r, keygate_api_t *api)
{
    ngx_uint_t        i, start;
    ngx_list_t       *list;
    ngx_list_part_t   part, *last;
    ngx_table_elt_t  *h;

    list = &r->headers_in.headers;
    part = list->part;
    last = NULL;

    for ( ;; ) {
        h = part.elts;

        for (start = 0, i = 0; i < part.nelts; i++) {

            if (!ngx_http_keygate_unwanted(api, &h[i])) {
                continue;
            }

            if (ngx_http_keygate_run(list, &last, &h[start], i - start)
                != NGX_OK)
            {
                return NGX_ERROR;
            }

            start = i + 1;

            if (r->headers_in.authorization == &h[i]) {
                r->headers_in.authorization = NULL;
            }
        }

        if (ngx_http_keygate_run(list, &last, &h[start], i - start)
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        if (part.next == NULL) {
            break;
        }

        part = *part.next;
    }

    if (last == NULL) {
        last = &list->part;
        last->nelts = 0;
    }

    last->next = NULL;
    list->last = last;

    /* the last run is full: what is added begins a part of its own */

    if (last->nelts) {
        list->nalloc = last->nelts;
    }

    return NGX_OK;
}


/* A run of "n" elements becomes the next part of the list. */

static ngx_int_t
ngx_http_keygate_run(ngx_list_t *list, ngx_list_part_t **last,
    ngx_table_elt_t *elts, ngx_uint_t n)
{
    ngx_list_part_t  *part;

    if (n == 0) {
        return NGX_OK;
    }

    if (*last == NULL) {
        part = &list->part;

    } else {
        part = ngx_palloc(list->pool, sizeof(ngx_list_part_t));
        if (part == NULL) {
            return NGX_ERROR;
        }

        (*last)->next = part;
    }

    part->elts = elts;
    part->nelts = n;
    *last = part;

    return NGX_OK;
}

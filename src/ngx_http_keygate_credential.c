/*
 * Credentials in the request's header lines: found, counted, taken off.
 *
 * The list itself is walked: $http_ variables join or hide repeated lines,
 * differently in each version of nginx.
 */

#include "ngx_http_keygate.h"


static ngx_uint_t ngx_http_keygate_is_source(ngx_table_elt_t *h,
    keygate_source_t *source);
static ngx_uint_t ngx_http_keygate_bearer(ngx_str_t *value,
    keygate_str_t *token);
static ngx_uint_t ngx_http_keygate_unwanted(keygate_api_t *api,
    ngx_str_t *name);
static ngx_uint_t ngx_http_keygate_named(ngx_str_t *name, const char *text,
    size_t len);


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


#define ngx_http_keygate_next_header(part, h, i)                              \
    if (i >= part->nelts) {                                                   \
        if (part->next == NULL) {                                             \
            break;                                                            \
        }                                                                     \
                                                                              \
        part = part->next;                                                    \
        h = part->elts;                                                       \
        i = 0;                                                                \
    }


ngx_uint_t
ngx_http_keygate_credential(ngx_http_request_t *r, keygate_api_t *api,
    keygate_str_t *credential)
{
    ngx_uint_t        i, n, lines;
    keygate_str_t     value;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;
    unsigned          k;

    n = 0;
    lines = 0;
    part = &r->headers_in.headers.part;
    h = part->elts;

    for (i = 0; /* void */ ; i++) {

        ngx_http_keygate_next_header(part, h, i);

        for (k = 0; k < api->n_sources; k++) {

            if (!ngx_http_keygate_is_source(&h[i], &api->sources[k])) {
                continue;
            }

            if (api->sources[k].field.len) {
                value.len = h[i].value.len;
                value.data = h[i].value.data;

            } else if (!ngx_http_keygate_bearer(&h[i].value, &value)) {
                continue;
            }

            lines++;

            if (value.len && n == 0) {
                *credential = value;
                n = 1;
            }
        }
    }

    /* an empty line beside a key is one line too many as well */

    return (n && lines > 1) ? 2 : n;
}


static ngx_uint_t
ngx_http_keygate_is_source(ngx_table_elt_t *h, keygate_source_t *source)
{
    if (source->field.len == 0) {
        return h->key.len == sizeof("Authorization") - 1
               && ngx_strncasecmp(h->key.data, (u_char *) "Authorization",
                                  sizeof("Authorization") - 1) == 0;
    }

    return h->key.len == source->field.len
           && ngx_strncasecmp(h->key.data, (u_char *) source->field.data,
                              source->field.len) == 0;
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
ngx_http_keygate_unwanted(keygate_api_t *api, ngx_str_t *name)
{
    unsigned        k;
    ngx_str_t      *override;
    keygate_str_t  *field;

    for (k = 0; k < api->n_sources && !api->pass_credential; k++) {
        field = &api->sources[k].field;

        if (field->len == 0) {
            if (ngx_http_keygate_named(name, "authorization",
                                       sizeof("authorization") - 1))
            {
                return 1;
            }

        } else if (ngx_http_keygate_named(name, (const char *) field->data,
                                          field->len))
        {
            return 1;
        }
    }

    if (name->len == 0 || ngx_tolower(name->data[0]) != 'x') {
        return 0;
    }

    for (override = ngx_http_keygate_overrides; override->len; override++) {
        if (ngx_http_keygate_named(name, (const char *) override->data,
                                   override->len))
        {
            return 1;
        }
    }

    return 0;
}


/* As CGI and its heirs have it, where "_" and "-" come to the same. */

static ngx_uint_t
ngx_http_keygate_named(ngx_str_t *name, const char *text, size_t len)
{
    size_t  i;
    u_char  a, b;

    if (name->len != len) {
        return 0;
    }

    for (i = 0; i < len; i++) {
        a = ngx_tolower(name->data[i]);
        b = ngx_tolower((u_char) text[i]);

        if (a != b && !((a == '_' && b == '-') || (a == '-' && b == '_'))) {
            return 0;
        }
    }

    return 1;
}


/*
 * The list is made anew without the lines: nginx keeps pointers to the old
 * elements, so these are not moved.
 */

ngx_int_t
ngx_http_keygate_strip(ngx_http_request_t *r, keygate_api_t *api)
{
    ngx_uint_t        i, n, found;
    ngx_list_t        headers;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h, *copy;

    found = 0;
    part = &r->headers_in.headers.part;
    h = part->elts;

    for (i = 0, n = 0; /* void */ ; i++, n++) {

        ngx_http_keygate_next_header(part, h, i);

        found |= ngx_http_keygate_unwanted(api, &h[i].key);
    }

    if (!found) {
        return NGX_OK;
    }

    if (ngx_list_init(&headers, r->pool, n, sizeof(ngx_table_elt_t))
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    part = &r->headers_in.headers.part;
    h = part->elts;

    for (i = 0; /* void */ ; i++) {

        ngx_http_keygate_next_header(part, h, i);

        if (ngx_http_keygate_unwanted(api, &h[i].key)) {
            if (r->headers_in.authorization == &h[i]) {
                r->headers_in.authorization = NULL;
            }

            continue;
        }

        copy = ngx_list_push(&headers);
        if (copy == NULL) {
            return NGX_ERROR;
        }

        *copy = h[i];
    }

    r->headers_in.headers = headers;

    if (headers.last == &headers.part) {
        r->headers_in.headers.last = &r->headers_in.headers.part;
    }

    return NGX_OK;
}

/*
 * keygate_auth: decides for somebody else's proxy, which tells in header lines
 * what its client has asked for.  Only the location that is made for it reads
 * these; what cannot be read as one method and one path is ambiguous.
 */

#include "ngx_http_keygate.h"


typedef struct {
    ngx_str_t                      method;      /* both in lower case */
    ngx_str_t                      target;
} ngx_http_keygate_pair_t;


typedef struct {
    ngx_http_keygate_name_t        name;
    ngx_str_t                      variable;
} ngx_http_keygate_told_t;


static ngx_int_t ngx_http_keygate_auth_handler(ngx_http_request_t *r);
static ngx_int_t ngx_http_keygate_auth_tell(ngx_http_request_t *r);
static ngx_int_t ngx_http_keygate_auth_asked(ngx_http_request_t *r,
    ngx_str_t *method, ngx_str_t *path);
static ngx_table_elt_t **ngx_http_keygate_auth_place(ngx_table_elt_t *h,
    ngx_table_elt_t **lines);


/* Traefik and Caddy have the first pair, ingress-nginx the second. */

static ngx_http_keygate_pair_t  ngx_http_keygate_pairs[] = {
    { ngx_string("x-forwarded-method"), ngx_string("x-forwarded-uri") },
    { ngx_string("x-original-method"), ngx_string("x-original-url") }
};

#define NGX_HTTP_KEYGATE_PAIRS  2


#define ngx_http_keygate_told(name, lowcase, variable)                        \
    { ngx_http_keygate_name("X-Keygate-" name, "x-keygate-" lowcase),         \
      ngx_string("keygate_" variable) }

static ngx_http_keygate_told_t  ngx_http_keygate_told_fields[] = {
    ngx_http_keygate_told("Key-Id", "key-id", "key_id"),
    ngx_http_keygate_told("Account", "account", "account"),
    ngx_http_keygate_told("Plan", "plan", "plan"),
    ngx_http_keygate_told("Scopes", "scopes", "scopes"),
    ngx_http_keygate_told("Route", "route", "route")
};


char *
ngx_http_keygate_auth_directive(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_keygate_loc_conf_t *klcf = conf;

    klcf->auth = 1;

    return ngx_http_keygate_identity(cf, conf, ngx_http_keygate_auth_handler);
}


ngx_uint_t
ngx_http_keygate_auth_read(ngx_http_request_t *r, ngx_str_t *method,
    ngx_str_t *path)
{
    ngx_http_keygate_loc_conf_t  *klcf;

    klcf = ngx_http_get_module_loc_conf(r, ngx_http_keygate_module);

    if (!klcf->auth) {
        *method = r->method_name;
        *path = ngx_http_keygate_path_raw(r);
        return 0;
    }

    /* a subrequest has the lines of nginx's own client, who may write into
       them what he likes */

    if (r != r->main
        || ngx_http_keygate_auth_asked(r, method, path) != NGX_OK)
    {
        ngx_str_null(method);
        ngx_str_null(path);
    }

    return 1;
}


/* One line of each of one pair, and none of the other. */

static ngx_int_t
ngx_http_keygate_auth_asked(ngx_http_request_t *r, ngx_str_t *method,
    ngx_str_t *path)
{
    ngx_uint_t        i, n;
    keygate_str_t     name;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h, **line, **found;
    ngx_table_elt_t  *lines[2 * NGX_HTTP_KEYGATE_PAIRS];

    ngx_memzero(lines, sizeof(lines));
    part = &r->headers_in.headers.part;
    h = part->elts;

    for (i = 0; /* void */ ; i++) {

        ngx_http_keygate_list_step(part, h, i);

        line = ngx_http_keygate_auth_place(&h[i], lines);

        if (line) {
            if (*line) {
                return NGX_DECLINED;
            }

            *line = &h[i];
        }
    }

    for (found = NULL, n = 0, i = 0; i < NGX_HTTP_KEYGATE_PAIRS; i++) {
        n += (lines[2 * i] != NULL) + (lines[2 * i + 1] != NULL);

        if (lines[2 * i] && lines[2 * i + 1]) {
            found = &lines[2 * i];
        }
    }

    if (n != 2 || found == NULL) {
        return NGX_DECLINED;
    }

    *method = found[0]->value;
    name.len = method->len;
    name.data = method->data;

    return keygate_api_token(name)
           ? ngx_http_keygate_path_of_url(found[1]->value, path) : NGX_DECLINED;
}


/* Where among "lines" this one belongs; NULL: it is none of them. */

static ngx_table_elt_t **
ngx_http_keygate_auth_place(ngx_table_elt_t *h, ngx_table_elt_t **lines)
{
    ngx_str_t   *name;
    ngx_uint_t   i;

    for (i = 0; i < 2 * NGX_HTTP_KEYGATE_PAIRS; i++) {
        name = i % 2 ? &ngx_http_keygate_pairs[i / 2].target
                     : &ngx_http_keygate_pairs[i / 2].method;

        if (h->key.len == name->len
            && ngx_memcmp(h->lowcase_key, name->data, name->len) == 0)
        {
            return &lines[i];
        }
    }

    return NULL;
}


static ngx_int_t
ngx_http_keygate_auth_handler(ngx_http_request_t *r)
{
    ngx_int_t                rc;
    ngx_http_keygate_ctx_t  *ctx;

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    /* what led here from elsewhere was not decided on by these lines */

    ctx = ngx_http_keygate_ctx_get(r);

    if (ctx == NULL || !ctx->auth) {
        return NGX_HTTP_FORBIDDEN;
    }

    if (ngx_http_keygate_auth_tell(r) != NGX_OK
        || ngx_http_keygate_header_no_store(r) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    r->headers_out.status = NGX_HTTP_NO_CONTENT;
    r->header_only = 1;

    return ngx_http_send_header(r);
}


/* All of them, empty where nothing is known: a proxy that copies a field which
 * is not there may leave the client's own. */

static ngx_int_t
ngx_http_keygate_auth_tell(ngx_http_request_t *r)
{
    u_char                     lowcase[32];
    ngx_str_t                  text;
    ngx_uint_t                 i, key;
    ngx_http_keygate_told_t   *told;
    ngx_http_variable_value_t *value;

    for (i = 0; i < sizeof(ngx_http_keygate_told_fields)
                    / sizeof(ngx_http_keygate_told_fields[0]);
         i++)
    {
        told = &ngx_http_keygate_told_fields[i];

        key = ngx_hash_strlow(lowcase, told->variable.data,
                              told->variable.len);
        value = ngx_http_get_variable(r, &told->variable, key);

        if (value == NULL) {
            return NGX_ERROR;
        }

        ngx_str_set(&text, "");

        if (!value->not_found) {
            text.len = value->len;
            text.data = value->data;
        }

        if (ngx_http_keygate_header_add(r, &told->name, &text) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}

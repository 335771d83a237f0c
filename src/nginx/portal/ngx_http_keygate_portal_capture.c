/*
 * Variables that are named captures, "(?<account>…)" of a server's name or a
 * location: a client chooses what they hold.  nginx knows them only when all
 * of the configuration has been read, and by their handler alone, which is the
 * same for all of them and nobody else's.
 */

#include "ngx_http_keygate_portal.h"


#if (NGX_PCRE)


#define NGX_HTTP_KEYGATE_CAPTURE  "keygate_portal_capture"


static ngx_http_variable_t *ngx_http_keygate_portal_defined(ngx_conf_t *cf,
    ngx_str_t *name);
static ngx_http_get_variable_pt ngx_http_keygate_portal_captured(
    ngx_conf_t *cf);


ngx_int_t
ngx_http_keygate_portal_capture(ngx_conf_t *cf, ngx_str_t *name,
    const char **what)
{
    ngx_http_variable_t       *v;
    ngx_http_get_variable_pt   captured;

    captured = ngx_http_keygate_portal_captured(cf);
    if (captured == NULL) {
        return NGX_ERROR;
    }

    v = ngx_http_keygate_portal_defined(cf, name);

    if (v && v->get_handler == captured) {
        *what = "a named capture, which clients set, expected";
    }

    return NGX_OK;
}


/* Those that are known by a prefix are nobody's captures. */

static ngx_http_variable_t *
ngx_http_keygate_portal_defined(ngx_conf_t *cf, ngx_str_t *name)
{
    ngx_uint_t                  i;
    ngx_hash_key_t             *key;
    ngx_http_core_main_conf_t  *cmcf;

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);
    key = cmcf->variables_keys->keys.elts;

    for (i = 0; i < cmcf->variables_keys->keys.nelts; i++) {
        if (key[i].key.len == name->len
            && ngx_strncasecmp(key[i].key.data, name->data, name->len) == 0)
        {
            return key[i].value;
        }
    }

    return NULL;
}


/* The handler is static in nginx: a capture of our own tells it. */

static ngx_http_get_variable_pt
ngx_http_keygate_portal_captured(ngx_conf_t *cf)
{
    u_char                errstr[NGX_MAX_CONF_ERRSTR];
    ngx_str_t             name = ngx_string(NGX_HTTP_KEYGATE_CAPTURE);
    ngx_http_variable_t  *v;
    ngx_regex_compile_t   rc;

    v = ngx_http_keygate_portal_defined(cf, &name);

    if (v == NULL) {
        ngx_memzero(&rc, sizeof(ngx_regex_compile_t));
        ngx_str_set(&rc.pattern, "(?<" NGX_HTTP_KEYGATE_CAPTURE ">.)");
        rc.err.len = NGX_MAX_CONF_ERRSTR;
        rc.err.data = errstr;

        if (ngx_http_regex_compile(cf, &rc) == NULL) {
            return NULL;
        }

        v = ngx_http_keygate_portal_defined(cf, &name);
    }

    return v ? v->get_handler : NULL;
}


#else


ngx_int_t
ngx_http_keygate_portal_capture(ngx_conf_t *cf, ngx_str_t *name,
    const char **what)
{
    return NGX_OK;
}


#endif

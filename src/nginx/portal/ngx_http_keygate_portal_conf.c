/*
 * keygate_portal: its parameters.  Who asks is told by variables that clients
 * do not set: those that they do are refused by name.
 */

#include "ngx_http_keygate_portal.h"


static ngx_int_t ngx_http_keygate_portal_parameter(ngx_conf_t *cf,
    ngx_http_keygate_portal_t *portal, ngx_str_t *value);
static ngx_int_t ngx_http_keygate_portal_variable(ngx_conf_t *cf,
    ngx_str_t *value, ngx_str_t *name, ngx_int_t *index);
static ngx_uint_t ngx_http_keygate_portal_forgeable(ngx_str_t *name);
static ngx_int_t ngx_http_keygate_portal_words(ngx_conf_t *cf,
    ngx_str_t *value, ngx_str_t *list, ngx_http_keygate_words_t *words);
static ngx_int_t ngx_http_keygate_portal_number(ngx_conf_t *cf,
    ngx_http_keygate_portal_t *portal, ngx_str_t *value, ngx_str_t *rest);


#define NGX_HTTP_KEYGATE_UNSET  (-2)


/* The whole name of a variable that clients set, or its front. */

static const char  *const ngx_http_keygate_forgeable[] = {
    "args", "content_length", "content_type", "document_uri",
    "fastcgi_path_info", "fastcgi_script_name", "host", "is_args",
    "proxy_add_x_forwarded_for", "query_string", "secure_link_expires",
    "server_protocol", "slice_range", "ssl_alpn_protocol", "ssl_ciphers",
    "ssl_curves", "ssl_server_name", "uid_got", "uri", NULL
};

static const char  *const ngx_http_keygate_forgeable_front[] = {
    "arg_", "cookie_", "http_", "proxy_protocol_", "request", "ssl_preread_",
    NULL
};


char *
ngx_http_keygate_portal_directive(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    char                       *rv;
    ngx_str_t                  *value;
    ngx_uint_t                  i;
    ngx_http_keygate_admin_t   *admin;
    ngx_http_keygate_portal_t  *portal;

    portal = ngx_pcalloc(cf->pool, sizeof(ngx_http_keygate_portal_t));
    if (portal == NULL) {
        return NGX_CONF_ERROR;
    }

    portal->account = NGX_HTTP_KEYGATE_UNSET;
    portal->user = NGX_HTTP_KEYGATE_UNSET;
    value = cf->args->elts;

    for (i = 2; i < cf->args->nelts; i++) {
        if (ngx_http_keygate_portal_parameter(cf, portal, &value[i]) != NGX_OK)
        {
            return NGX_CONF_ERROR;
        }
    }

    if (portal->account == NGX_HTTP_KEYGATE_UNSET
        || portal->user == NGX_HTTP_KEYGATE_UNSET)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "no \"%s=\" in \"keygate_portal\", expected "
                           "\"account=$VARIABLE user=$VARIABLE\", or "
                           "\"account=all\" for operators",
                           (portal->user == NGX_HTTP_KEYGATE_UNSET)
                           ? "user" : "account");
        return NGX_CONF_ERROR;
    }

    rv = ngx_http_keygate_admin_place(cf, cmd, conf,
                     &ngx_http_keygate_portal_actions[portal->account
                                                      != NGX_ERROR],
                     ngx_http_keygate_portal_handler, &admin);

    if (rv == NGX_CONF_OK) {
        admin->portal = portal;
    }

    return rv;
}


static ngx_int_t
ngx_http_keygate_portal_parameter(ngx_conf_t *cf,
    ngx_http_keygate_portal_t *portal, ngx_str_t *value)
{
    u_char      *p;
    ngx_int_t   *index;
    ngx_str_t    name, rest;

    p = ngx_strlchr(value->data, value->data + value->len, '=');

    name.data = value->data;
    name.len = p ? (size_t) (p - value->data) : value->len;
    rest.data = value->data + name.len + (p != NULL);
    rest.len = value->data + value->len - rest.data;

    if (p && name.len == 3 && ngx_strncmp(name.data, "can", 3) == 0) {
        return ngx_http_keygate_portal_words(cf, value, &rest, &portal->can);
    }

    if (p && name.len == 6 && ngx_strncmp(name.data, "scopes", 6) == 0) {
        return ngx_http_keygate_portal_words(cf, value, &rest,
                                             &portal->scopes);
    }

    index = (name.len == 7 && ngx_strncmp(name.data, "account", 7) == 0)
            ? &portal->account
            : (name.len == 4 && ngx_strncmp(name.data, "user", 4) == 0)
            ? &portal->user : NULL;

    if (p == NULL || index == NULL) {
        return ngx_http_keygate_portal_number(cf, portal, value, &rest);
    }

    if (*index != NGX_HTTP_KEYGATE_UNSET) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" comes after another \"%V=\", expected one",
                           value, &name);
        return NGX_ERROR;
    }

    if (index == &portal->account && rest.len == 3
        && ngx_strncmp(rest.data, "all", 3) == 0)
    {
        *index = NGX_ERROR;
        return NGX_OK;
    }

    return ngx_http_keygate_portal_variable(cf, value, &rest, index);
}


/* "$name" or "${name}", which no client can set. */

static ngx_int_t
ngx_http_keygate_portal_variable(ngx_conf_t *cf, ngx_str_t *value,
    ngx_str_t *name, ngx_int_t *index)
{
    size_t     i;
    ngx_str_t  inner;

    inner = *name;

    if (inner.len > 1 && inner.data[0] == '$') {
        inner.data++;
        inner.len--;

        if (inner.len > 2 && inner.data[0] == '{'
            && inner.data[inner.len - 1] == '}')
        {
            inner.data++;
            inner.len -= 2;
        }

        for (i = 0; i < inner.len; i++) {
            if (!isalnum(inner.data[i]) && inner.data[i] != '_') {
                break;
            }
        }

        if (i == inner.len && ngx_http_keygate_portal_forgeable(&inner)) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "\"%V\" is a variable that clients set, "
                               "expected one that the application sets, such "
                               "as by \"auth_request_set\"", value);
            return NGX_ERROR;
        }

        if (i == inner.len) {
            *index = ngx_http_get_variable_index(cf, &inner);
            return (*index == NGX_ERROR) ? NGX_ERROR : NGX_OK;
        }
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "invalid parameter \"%V\", expected one variable after "
                       "the \"=\", such as \"$account\"", value);
    return NGX_ERROR;
}


static ngx_uint_t
ngx_http_keygate_portal_forgeable(ngx_str_t *name)
{
    size_t             len;
    const char *const *p;

    for (p = ngx_http_keygate_forgeable; *p; p++) {
        if (ngx_strlen(*p) == name->len
            && ngx_strncasecmp(name->data, (u_char *) *p, name->len) == 0)
        {
            return 1;
        }
    }

    for (p = ngx_http_keygate_forgeable_front; *p; p++) {
        len = ngx_strlen(*p);

        if (name->len >= len
            && ngx_strncasecmp(name->data, (u_char *) *p, len) == 0)
        {
            return 1;
        }
    }

    /* captures */

    return name->data[0] >= '0' && name->data[0] <= '9';
}


static ngx_int_t
ngx_http_keygate_portal_words(ngx_conf_t *cf, ngx_str_t *value,
    ngx_str_t *list, ngx_http_keygate_words_t *words)
{
    if (words->given) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" comes after another list of that name, "
                           "expected one", value);
        return NGX_ERROR;
    }

    words->given = 1;
    words->index = NGX_ERROR;
    words->text = *list;

    return (ngx_strlchr(list->data, list->data + list->len, '$') == NULL)
           ? NGX_OK
           : ngx_http_keygate_portal_variable(cf, value, list, &words->index);
}


static ngx_int_t
ngx_http_keygate_portal_number(ngx_conf_t *cf,
    ngx_http_keygate_portal_t *portal, ngx_str_t *value, ngx_str_t *rest)
{
    ngx_int_t    n;
    const char  *expected;

    if (ngx_strncmp(value->data, "keys=", 5) == 0) {
        n = ngx_atoi(rest->data, rest->len);
        expected = "a number of keys, such as \"keys=20\"";

        if (n > 0 && portal->keys == 0) {
            portal->keys = n;
            return NGX_OK;
        }

    } else if (ngx_strncmp(value->data, "expires=", 8) == 0) {
        n = ngx_parse_time(rest, 1);
        expected = "the longest life of a key, such as \"expires=365d\"";

        if (n > 0 && portal->expires == 0) {
            portal->expires = n;
            return NGX_OK;
        }

    } else {
        expected = "one of \"account=\", \"user=\", \"can=\", \"scopes=\", "
                   "\"keys=\" and \"expires=\"";
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "invalid parameter \"%V\", expected %s, once", value,
                       expected);
    return NGX_ERROR;
}

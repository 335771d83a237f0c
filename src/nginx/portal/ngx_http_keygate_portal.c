/*
 * Whose request it is, and whether a page of this origin has sent it.  The
 * account comes from a variable of the location and from nowhere else.
 */

#include "ngx_http_keygate_portal.h"
#include "keygate_token.h"


static ngx_int_t ngx_http_keygate_portal_caller(ngx_http_request_t *r,
    ngx_http_keygate_admin_t *admin, ngx_http_keygate_caller_t *caller);
static ngx_int_t ngx_http_keygate_portal_value(ngx_http_request_t *r,
    ngx_int_t index, ngx_str_t *value);
static ngx_uint_t ngx_http_keygate_portal_safe(ngx_http_request_t *r);
static ngx_uint_t ngx_http_keygate_portal_origin(ngx_http_request_t *r,
    ngx_str_t *origin);


ngx_int_t
ngx_http_keygate_portal_handler(ngx_http_request_t *r)
{
    ngx_http_keygate_admin_t     *admin;
    ngx_http_keygate_caller_t     caller;
    ngx_http_keygate_loc_conf_t  *klcf;

    if (r != r->main) {
        return NGX_HTTP_FORBIDDEN;
    }

    klcf = ngx_http_get_module_loc_conf(r, ngx_http_keygate_module);
    admin = klcf->admin;

    if (!ngx_http_keygate_portal_safe(r)) {
        return ngx_http_keygate_admin_problem(r, admin, NGX_HTTP_FORBIDDEN,
                   NULL, "This may only be asked for by a page of the same "
                   "origin.", NULL);
    }

    if (ngx_http_keygate_portal_caller(r, admin, &caller) != NGX_OK) {
        return ngx_http_keygate_admin_problem(r, admin, NGX_HTTP_UNAUTHORIZED,
                   NULL, "You are not signed in.", NULL);
    }

    return ngx_http_keygate_admin_dispatch(r, admin, &caller);
}


static ngx_int_t
ngx_http_keygate_portal_caller(ngx_http_request_t *r,
    ngx_http_keygate_admin_t *admin, ngx_http_keygate_caller_t *caller)
{
    ngx_str_t                   value;
    keygate_str_t               s;
    ngx_http_keygate_portal_t  *portal;

    portal = admin->portal;

    ngx_memzero(caller, sizeof(ngx_http_keygate_caller_t));

    if (ngx_http_keygate_portal_value(r, portal->user, &value) != NGX_OK) {
        return NGX_DECLINED;
    }

    s.data = value.data;
    s.len = value.len;

    /* a name that is cut would be somebody else's */

    if (!keygate_record_plain(s, KEYGATE_TEXT_MAX)) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "keygate_portal: the user is no text of at most %d "
                      "bytes without control characters", KEYGATE_TEXT_MAX);
        return NGX_DECLINED;
    }

    if (keygate_token_of_command(s)) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "keygate_portal: the user begins with \"cli:\", as only "
                      "users of the command do: its changes would be taken "
                      "for theirs, have the application give another name");
        return NGX_DECLINED;
    }

    ngx_memcpy(caller->actor, s.data, s.len);

    if (portal->account != NGX_ERROR) {
        if (ngx_http_keygate_portal_value(r, portal->account, &value)
            != NGX_OK)
        {
            return NGX_DECLINED;
        }

        s.data = value.data;
        s.len = value.len;

        if (!keygate_record_id_valid(s)) {
            ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                          "keygate_portal: the account is no id that an "
                          "account can have");
            return NGX_DECLINED;
        }

        ngx_memcpy(caller->account, s.data, s.len);
    }

    ngx_http_keygate_portal_rights(r, admin, caller);

    return NGX_OK;
}


static ngx_int_t
ngx_http_keygate_portal_value(ngx_http_request_t *r, ngx_int_t index,
    ngx_str_t *value)
{
    ngx_http_variable_value_t  *v;

    v = ngx_http_get_flushed_variable(r, index);

    if (v == NULL || v->not_found || v->len == 0) {
        return NGX_DECLINED;
    }

    value->len = v->len;
    value->data = v->data;

    return NGX_OK;
}


/*
 * A cookie of the application comes along whoever makes the browser ask, so
 * what changes something must come from a page of this origin: the browser
 * says so, or, if it is an old one, names the origin.
 */

static ngx_uint_t
ngx_http_keygate_portal_safe(ngx_http_request_t *r)
{
    ngx_str_t   value;
    ngx_uint_t  n;

    if (r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD)) {
        return 1;
    }

    n = ngx_http_keygate_header(r, "sec-fetch-site", &value);

    if (n) {
        return n == 1 && value.len == 11
               && ngx_strncmp(value.data, "same-origin", 11) == 0;
    }

    return ngx_http_keygate_header(r, "origin", &value) == 1
           && ngx_http_keygate_portal_origin(r, &value);
}


/* Whether it is where the request itself was sent to. */

static ngx_uint_t
ngx_http_keygate_portal_origin(ngx_http_request_t *r, ngx_str_t *origin)
{
    size_t      len;
    ngx_str_t   host, scheme, port;

    if (ngx_http_keygate_header(r, "host", &host) != 1) {
        host = r->headers_in.server;
    }

    ngx_str_set(&scheme, "http://");
    ngx_str_set(&port, ":80");

#if (NGX_HTTP_SSL)
    if (r->connection->ssl) {
        ngx_str_set(&scheme, "https://");
        ngx_str_set(&port, ":443");
    }
#endif

    /* a browser leaves the port of the scheme out of both */

    if (host.len > port.len
        && ngx_strncmp(host.data + host.len - port.len, port.data, port.len)
           == 0)
    {
        host.len -= port.len;
    }

    len = scheme.len + host.len;

    return host.len && origin->len == len
           && ngx_strncasecmp(origin->data, scheme.data, scheme.len) == 0
           && ngx_strncasecmp(origin->data + scheme.len, host.data, host.len)
              == 0;
}

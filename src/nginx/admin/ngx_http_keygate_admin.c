/*
 * The admin API: who may use it, and which request does what.  How requests
 * are read, done and answered is for the files that ngx_http_keygate_admin.h
 * lists.
 */

#include "ngx_http_keygate_admin_tokens.h"


static ngx_int_t ngx_http_keygate_admin_caller(ngx_http_request_t *r,
    ngx_http_keygate_admin_t *admin, ngx_http_keygate_caller_t *caller);
static ngx_int_t ngx_http_keygate_admin_unauthorized(ngx_http_request_t *r,
    ngx_http_keygate_admin_t *admin);
static ngx_int_t ngx_http_keygate_admin_action(ngx_http_request_t *r,
    ngx_http_keygate_admin_t *admin, const ngx_http_keygate_action_t **action,
    char id[KEYGATE_ID_MAX + 1]);
static ngx_int_t ngx_http_keygate_admin_not_allowed(ngx_http_request_t *r,
    ngx_http_keygate_admin_t *admin, const keygate_route_t *routes);
static ngx_int_t ngx_http_keygate_admin_read(ngx_http_request_t *r,
    ngx_http_keygate_job_t *job);
static void ngx_http_keygate_admin_body_handler(ngx_http_request_t *r);


static const ngx_uint_t  ngx_http_keygate_roles[KEYGATE_ROLES] = {

    /* read */
    NGX_HTTP_KEYGATE_CAN_READ|NGX_HTTP_KEYGATE_CAN_CHECK
    |NGX_HTTP_KEYGATE_CAN_USAGE,

    /* keys */
    NGX_HTTP_KEYGATE_CAN_READ|NGX_HTTP_KEYGATE_CAN_CHECK
    |NGX_HTTP_KEYGATE_CAN_USAGE|NGX_HTTP_KEYGATE_CAN_CREATE
    |NGX_HTTP_KEYGATE_CAN_CHANGE|NGX_HTTP_KEYGATE_CAN_ROTATE
    |NGX_HTTP_KEYGATE_CAN_REVOKE|NGX_HTTP_KEYGATE_CAN_DELETE,

    /* admin */
    (ngx_uint_t) -1
};


ngx_int_t
ngx_http_keygate_admin_handler(ngx_http_request_t *r)
{
    ngx_str_t                     value;
    ngx_http_keygate_admin_t     *admin;
    ngx_http_keygate_caller_t     caller;
    ngx_http_keygate_loc_conf_t  *klcf;

    if (r != r->main) {
        return NGX_HTTP_FORBIDDEN;
    }

    klcf = ngx_http_get_module_loc_conf(r, ngx_http_keygate_module);
    admin = klcf->admin;

    if (ngx_http_keygate_header(r, "origin", &value)) {
        return ngx_http_keygate_admin_problem(r, admin, NGX_HTTP_FORBIDDEN,
                   NULL, "Pages in a browser have no business here: send no "
                   "Origin header.", NULL);
    }

    return (ngx_http_keygate_admin_caller(r, admin, &caller) == NGX_OK)
           ? ngx_http_keygate_admin_dispatch(r, admin, &caller)
           : ngx_http_keygate_admin_unauthorized(r, admin);
}


/* Tokens are compared whatever was sent, so that nothing is learnt from the
 * time that a refusal takes. */

static ngx_int_t
ngx_http_keygate_admin_caller(ngx_http_request_t *r,
    ngx_http_keygate_admin_t *admin, ngx_http_keygate_caller_t *caller)
{
    u_char                  digest[KEYGATE_DIGEST_LEN];
    ngx_str_t               value;
    ngx_uint_t              sound;
    keygate_str_t           sent;
    const keygate_token_t  *token;

    sound = ngx_http_keygate_header(r, "authorization", &value) == 1
            && value.len > 7
            && ngx_strncasecmp(value.data, (u_char *) "Bearer ", 7) == 0;

    if (sound) {
        value.data += 7;
        value.len -= 7;

        while (value.len && value.data[0] == ' ') {
            value.data++;
            value.len--;
        }

    } else {
        ngx_str_set(&value, "");
    }

    sent.len = value.len;
    sent.data = value.data;

    if (keygate_digest_plain(sent, digest) != KEYGATE_OK) {
        return NGX_DECLINED;
    }

    token = ngx_http_keygate_tokens_find(admin, digest);

    if (token == NULL || !sound) {
        return NGX_DECLINED;
    }

    ngx_memzero(caller, sizeof(ngx_http_keygate_caller_t));
    ngx_memcpy(caller->actor, token->name, sizeof(token->name));
    caller->can = ngx_http_keygate_roles[token->role];

    return NGX_OK;
}


static ngx_int_t
ngx_http_keygate_admin_unauthorized(ngx_http_request_t *r,
    ngx_http_keygate_admin_t *admin)
{
    if (ngx_http_keygate_header_add(r, &ngx_http_keygate_www_authenticate,
                                    &admin->challenge)
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_keygate_admin_problem(r, admin, NGX_HTTP_UNAUTHORIZED,
               NULL, "Send the token of the admin API as Authorization: Bearer "
               "TOKEN.", NULL);
}


ngx_int_t
ngx_http_keygate_admin_dispatch(ngx_http_request_t *r,
    ngx_http_keygate_admin_t *admin, const ngx_http_keygate_caller_t *caller)
{
    char                              id[KEYGATE_ID_MAX + 1];
    ngx_int_t                         rc;
    ngx_http_keygate_job_t           *job;
    const ngx_http_keygate_action_t  *action;

    /* If-Match is for the record as it is before a change, not after it */

    r->disable_not_modified = 1;

    action = NULL;
    rc = ngx_http_keygate_admin_action(r, admin, &action, id);

    if (action == NULL) {
        return rc;
    }

    if ((action->can & caller->can) != action->can) {
        return ngx_http_keygate_admin_problem(r, admin, NGX_HTTP_FORBIDDEN,
                   "not_permitted", "You are known, but may not do this.",
                   NULL);
    }

    job = ngx_http_keygate_job_create(r, admin, action, caller);
    if (job == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_memcpy(job->id, id, sizeof(id));

    return ngx_http_keygate_admin_read(r, job);
}


/* NGX_DECLINED and the action; or what has come of the answer. */

static ngx_int_t
ngx_http_keygate_admin_action(ngx_http_request_t *r,
    ngx_http_keygate_admin_t *admin, const ngx_http_keygate_action_t **action,
    char id[KEYGATE_ID_MAX + 1])
{
    ngx_int_t         rc;
    keygate_route_t  *route, *routes;

    rc = ngx_http_keygate_admin_find(r, admin, &route, &routes, id);

    switch (rc) {

    case NGX_OK:
        *action = ((ngx_http_keygate_admin_route_t *) route)->action;
        return NGX_DECLINED;

    case NGX_HTTP_BAD_REQUEST:
        return ngx_http_keygate_admin_problem(r, admin, rc, NULL,
                   "The path can be read in more than one way.", NULL);

    case NGX_HTTP_NOT_FOUND:
        return ngx_http_keygate_admin_problem(r, admin, rc, NULL,
                   "There is nothing here.", NULL);

    case NGX_HTTP_NOT_ALLOWED:
        return ngx_http_keygate_admin_not_allowed(r, admin, routes);

    default:
        return rc;
    }
}


static ngx_int_t
ngx_http_keygate_admin_not_allowed(ngx_http_request_t *r,
    ngx_http_keygate_admin_t *admin, const keygate_route_t *routes)
{
    ngx_str_t      allow;
    keygate_buf_t  out;

    out.len = 0;
    out.size = 128;
    out.data = ngx_pnalloc(r->pool, out.size);

    if (out.data == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    keygate_route_allow(routes, &out);

    allow.data = out.data;
    allow.len = ngx_min(out.len, out.size);

    if (ngx_http_keygate_header_add(r, &ngx_http_keygate_allow, &allow)
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_keygate_admin_problem(r, admin, NGX_HTTP_NOT_ALLOWED,
               NULL, "This cannot be done with that method.", NULL);
}


static ngx_int_t
ngx_http_keygate_admin_read(ngx_http_request_t *r, ngx_http_keygate_job_t *job)
{
    ngx_int_t   rc;
    ngx_uint_t  body;

    body = r->headers_in.content_length_n > 0 || r->headers_in.chunked;

    if (ngx_http_keygate_admin_ask(r, job) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (job->status == 0
        && (job->action->body == NGX_HTTP_KEYGATE_BODY
            || (job->action->body == NGX_HTTP_KEYGATE_BODY_OPTIONAL && body)))
    {
        ngx_http_keygate_admin_body_type(r, job);
    }

    if (job->status) {
        return ngx_http_keygate_admin_answer(r, job);
    }

    if (job->action->body == NGX_HTTP_KEYGATE_NO_BODY || !body) {
        rc = ngx_http_discard_request_body(r);
        if (rc != NGX_OK) {
            return rc;
        }

        r->main->count++;
        ngx_http_keygate_admin_start(job);

        return NGX_DONE;
    }

    r->request_body_in_single_buf = 1;

    rc = ngx_http_read_client_request_body(r,
                                         ngx_http_keygate_admin_body_handler);

    return (rc >= NGX_HTTP_SPECIAL_RESPONSE) ? rc : NGX_DONE;
}


static void
ngx_http_keygate_admin_body_handler(ngx_http_request_t *r)
{
    ngx_int_t                rc;
    ngx_http_keygate_job_t  *job;

    job = ngx_http_keygate_job_get(r);

    if (job == NULL || ngx_http_keygate_admin_body(r, job) != NGX_OK) {
        ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    if (job->status) {
        rc = ngx_http_keygate_admin_answer(r, job);
        ngx_http_finalize_request(r, rc);
        return;
    }

    ngx_http_keygate_admin_start(job);
}

/*
 * What an administrator asks for: the path and the body.  Parameters and
 * conditions are in ngx_http_keygate_admin_query.c.
 */

#include "ngx_http_keygate_admin.h"


static ngx_int_t ngx_http_keygate_admin_path(ngx_http_request_t *r,
    keygate_str_t *path);
static ngx_int_t ngx_http_keygate_admin_id(keygate_str_t path,
    char id[KEYGATE_ID_MAX + 1]);
static ngx_uint_t ngx_http_keygate_admin_json(ngx_http_request_t *r);
static ngx_uint_t ngx_http_keygate_admin_media(ngx_str_t *value,
    const char *type);
static void ngx_http_keygate_admin_parse(ngx_http_keygate_job_t *job,
    keygate_str_t text);


ngx_int_t
ngx_http_keygate_admin_find(ngx_http_request_t *r,
    ngx_http_keygate_admin_t *admin, keygate_route_t **route,
    keygate_route_t **routes, char id[KEYGATE_ID_MAX + 1])
{
    ngx_int_t      rc;
    keygate_str_t  path, rest, method;

    rc = ngx_http_keygate_admin_path(r, &path);

    if (rc != NGX_OK) {
        return rc;
    }

    if (!keygate_path_rest(path, admin->base, &rest)) {
        return NGX_HTTP_NOT_FOUND;
    }

    *routes = keygate_router_match(admin->router, rest);

    if (*routes == NULL
        || ngx_http_keygate_admin_id(rest, id) != NGX_OK)
    {
        return NGX_HTTP_NOT_FOUND;
    }

    method.len = r->method_name.len;
    method.data = r->method_name.data;

    *route = keygate_route_method(*routes, method);

    return *route ? NGX_OK : NGX_HTTP_NOT_ALLOWED;
}


/* The path that the location was chosen by, if that is beyond doubt. */

static ngx_int_t
ngx_http_keygate_admin_path(ngx_http_request_t *r, keygate_str_t *path)
{
    u_char         *decoded;
    ngx_str_t       raw;
    keygate_str_t   sent;

    raw = ngx_http_keygate_path_raw(r);

    decoded = ngx_pnalloc(r->pool, raw.len + 1);
    if (decoded == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    sent.len = raw.len;
    sent.data = raw.data;

    if (keygate_path_check(sent, decoded, path) != KEYGATE_OK) {
        return NGX_HTTP_BAD_REQUEST;
    }

    if (!r->valid_unparsed_uri) {
        path->len = r->uri.len;
        path->data = r->uri.data;
    }

    return NGX_OK;
}


/* The second segment, if there is one; no record has an id that is not
 * valid. */

static ngx_int_t
ngx_http_keygate_admin_id(keygate_str_t path, char id[KEYGATE_ID_MAX + 1])
{
    keygate_str_t         span;
    const unsigned char  *p, *end;

    id[0] = '\0';
    end = path.data + path.len;
    p = memchr(path.data + 1, '/', path.len - 1);

    if (p == NULL) {
        return NGX_OK;
    }

    span.data = p + 1;
    p = memchr(span.data, '/', end - span.data);
    span.len = (p ? p : end) - span.data;

    if (!keygate_record_id_valid(span)) {
        return NGX_DECLINED;
    }

    ngx_memcpy(id, span.data, span.len);
    id[span.len] = '\0';

    return NGX_OK;
}


void
ngx_http_keygate_admin_body_type(ngx_http_request_t *r,
    ngx_http_keygate_job_t *job)
{
    ngx_str_t  type;

    /* a page of another origin can send a body of no type without asking */

    if (!ngx_http_keygate_admin_json(r)
        || (job->admin->portal
            && !ngx_http_keygate_header(r, "content-type", &type)))
    {
        ngx_http_keygate_result_fail(job, NGX_HTTP_UNSUPPORTED_MEDIA_TYPE,
                       "Send the body as Content-Type: application/json.");
        return;
    }

    if (r->headers_in.content_length_n > NGX_HTTP_KEYGATE_BODY_MAX) {
        ngx_http_keygate_result_fail(job, NGX_HTTP_REQUEST_ENTITY_TOO_LARGE,
                                     "The body is longer than 65536 bytes.");
        return;
    }

    if (r->headers_in.content_length_n <= 0 && !r->headers_in.chunked) {
        ngx_http_keygate_result_fail(job, NGX_HTTP_BAD_REQUEST,
                                     "A JSON object is expected as the body.");
    }
}


/* Whether the body claims to be JSON, or claims nothing. */

static ngx_uint_t
ngx_http_keygate_admin_json(ngx_http_request_t *r)
{
    ngx_str_t   type, coding;
    ngx_uint_t  types, codings;

    types = ngx_http_keygate_header(r, "content-type", &type);
    codings = ngx_http_keygate_header(r, "content-encoding", &coding);

    if (codings > 1
        || (codings == 1
            && (coding.len != 8
                || ngx_strncasecmp(coding.data, (u_char *) "identity", 8)
                   != 0)))
    {
        return 0;
    }

    if (types != 1) {
        return types == 0;
    }

    return ngx_http_keygate_admin_media(&type, "application/json")
           || (r->method == NGX_HTTP_PATCH
               && ngx_http_keygate_admin_media(&type,
                                              "application/merge-patch+json"));
}


/* A media type whose only parameter may be the charset that JSON has. */

static ngx_uint_t
ngx_http_keygate_admin_media(ngx_str_t *value, const char *type)
{
    size_t   len;
    u_char  *p, *last;

    len = ngx_strlen(type);
    p = value->data;
    last = p + value->len;

    if (value->len < len || ngx_strncasecmp(p, (u_char *) type, len) != 0) {
        return 0;
    }

    for (p += len; p < last && (*p == ' ' || *p == '\t'); p++) {
        /* void */
    }

    if (p == last) {
        return 1;
    }

    if (*p++ != ';') {
        return 0;
    }

    while (p < last && (*p == ' ' || *p == '\t')) {
        p++;
    }

    return (last - p == 13
            && ngx_strncasecmp(p, (u_char *) "charset=utf-8", 13) == 0)
           || (last - p == 15
               && ngx_strncasecmp(p, (u_char *) "charset=\"utf-8\"", 15) == 0);
}


ngx_int_t
ngx_http_keygate_admin_body(ngx_http_request_t *r,
    ngx_http_keygate_job_t *job)
{
    ngx_int_t      rc;
    ngx_chain_t   *cl;
    off_t          size;
    keygate_str_t  text;

    size = 0;

    for (cl = r->request_body ? r->request_body->bufs : NULL;
         cl;
         cl = cl->next)
    {
        size += ngx_buf_size(cl->buf);
    }

    if (size > NGX_HTTP_KEYGATE_BODY_MAX) {
        ngx_http_keygate_result_fail(job, NGX_HTTP_REQUEST_ENTITY_TOO_LARGE,
                                     "The body is longer than 65536 bytes.");
        return NGX_OK;
    }

    text = KEYGATE_STR("");

    rc = ngx_http_keygate_body_whole(r, &text);

    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    ngx_http_keygate_admin_parse(job, text);

    return NGX_OK;
}


static void
ngx_http_keygate_admin_parse(ngx_http_keygate_job_t *job, keygate_str_t text)
{
    keygate_json_error_t  error;

    job->body = keygate_json_parse(text, KEYGATE_JSON_ANY|KEYGATE_JSON_NUL
                                         |KEYGATE_JSON_WIDE, &error);

    if (job->body) {
        ngx_http_keygate_admin_bounds(job, text.len);
        return;
    }

    if (error.nomem) {
        ngx_http_keygate_result_faults(job, NULL);
        return;
    }

    ngx_http_keygate_result_fail(job, NGX_HTTP_BAD_REQUEST, NULL);

    (void) ngx_snprintf((u_char *) job->reason, sizeof(job->reason) - 1,
                        "The body is not valid JSON: %s, line %ui, column "
                        "%ui.%Z", error.reason, (ngx_uint_t) error.line,
                        (ngx_uint_t) error.column);

    job->detail = job->reason;
}

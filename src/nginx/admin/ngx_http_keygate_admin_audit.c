/*
 * Who changed what: a line in the error log for every change that is in
 * force.  It tells what was and what is, but no secret and no digest, and
 * goes without the request line that nginx would add.
 */

#include "ngx_http_keygate_admin.h"


#define NGX_HTTP_KEYGATE_CHANGES_MAX  1024    /* a log line has 2048 bytes */


static void ngx_http_keygate_audit_member(const char *name,
    const json_t *before, const json_t *after, keygate_buf_t *b);
static void ngx_http_keygate_audit_value(const json_t *value,
    keygate_buf_t *b);


char *
ngx_http_keygate_audit_changes(const json_t *before, const json_t *after)
{
    char           *text;
    json_t         *value;
    const char     *name;
    keygate_buf_t   b;

    text = malloc(NGX_HTTP_KEYGATE_CHANGES_MAX + sizeof("..."));
    if (text == NULL) {
        return NULL;
    }

    b.data = (u_char *) text;
    b.size = NGX_HTTP_KEYGATE_CHANGES_MAX;
    b.len = 0;

    json_object_foreach((json_t *) before, name, value) {
        ngx_http_keygate_audit_member(name, value,
                                      json_object_get(after, name), &b);
    }

    json_object_foreach((json_t *) after, name, value) {
        if (json_object_get(before, name) == NULL) {
            ngx_http_keygate_audit_member(name, NULL, value, &b);
        }
    }

    if (b.len <= b.size) {
        text[b.len] = '\0';
        return text;
    }

    ngx_memcpy(text + b.size, "...", sizeof("..."));

    return text;
}


static void
ngx_http_keygate_audit_member(const char *name, const json_t *before,
    const json_t *after, keygate_buf_t *b)
{
    if (ngx_strcmp(name, "id") == 0
        || (before && after && json_equal((json_t *) before, (json_t *) after)))
    {
        return;
    }

    keygate_buf_puts(b, b->len ? ", " : "");

    if (ngx_strcmp(name, "digest") == 0) {
        keygate_buf_puts(b, !before ? "secret made"
                            : after ? "secret replaced" : "secret forgotten");
        return;
    }

    if (ngx_strcmp(name, "previous") == 0) {
        keygate_buf_puts(b, "overlap until ");
        before = json_object_get(before, "until");
        after = json_object_get(after, "until");

    } else {
        keygate_buf_json(b, keygate_span(name));
        keygate_buf_puts(b, " ");
    }

    ngx_http_keygate_audit_value(before, b);
    keygate_buf_puts(b, " -> ");
    ngx_http_keygate_audit_value(after, b);
}


static void
ngx_http_keygate_audit_value(const json_t *value, keygate_buf_t *b)
{
    size_t          len;
    u_char         *text;
    keygate_str_t   s;

    if (value == NULL) {
        keygate_buf_puts(b, "none");
        return;
    }

    if (json_is_string(value)) {
        s.data = (const u_char *) json_string_value(value);
        s.len = json_string_length(value);
        keygate_buf_json(b, s);
        return;
    }

    len = 0;
    text = (json_is_object(value) || json_is_array(value))
           ? ngx_http_keygate_admin_text(value, "", &len) : NULL;

    if (text == NULL) {
        keygate_buf_puts(b, json_is_true(value) ? "true" : "?");
        return;
    }

    s.data = text;
    s.len = len;
    keygate_buf_put(b, s);

    free(text);
}


void
ngx_http_keygate_audit(ngx_http_keygate_job_t *job)
{
    ngx_log_t  log;

    log = job->request ? *job->request->connection->log
                       : *job->admin->api->zone->log;
    log.handler = NULL;

    if (job->kind == KEYGATE_ACCOUNT) {
        ngx_log_error(NGX_LOG_NOTICE, &log, 0,
                      "keygate audit: %s; api: \"%V\", account: \"%s\", "
                      "client: %s, admin: \"%V\", changes: %s",
                      job->action->done, &job->admin->api->name, job->id,
                      job->client, &job->admin->location, job->changes);
        return;
    }

    ngx_log_error(NGX_LOG_NOTICE, &log, 0,
                  "keygate audit: %s; api: \"%V\", key: \"%s\", "
                  "account: \"%s\", client: %s, admin: \"%V\", changes: %s",
                  job->action->done, &job->admin->api->name, job->id,
                  job->parent, job->client, &job->admin->location,
                  job->changes);
}

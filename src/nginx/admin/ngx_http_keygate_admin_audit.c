/*
 * Who changed what: for every change that is in force, or that may be since
 * the store's answer was lost, a line in the error log, and variables for an
 * access log.  Both tell what was and what is, but no secret and no digest;
 * the line goes without the request line that nginx would add.
 */

#include "ngx_http_keygate_admin.h"


#define NGX_HTTP_KEYGATE_CHANGES_MAX  1024    /* a log line has 2048 bytes */
#define NGX_HTTP_KEYGATE_ACTOR_MAX    512


/* What the variables show; in the request's pool, since a job has gone when
 * the request is logged. */

typedef enum {
    NGX_HTTP_KEYGATE_AUDIT_ACTION = 0,
    NGX_HTTP_KEYGATE_AUDIT_ACTOR,
    NGX_HTTP_KEYGATE_AUDIT_KEY,
    NGX_HTTP_KEYGATE_AUDIT_ACCOUNT,
    NGX_HTTP_KEYGATE_AUDIT_CHANGES,
    NGX_HTTP_KEYGATE_AUDITS
} ngx_http_keygate_audit_e;


typedef struct {
    ngx_str_t  value[NGX_HTTP_KEYGATE_AUDITS];
} ngx_http_keygate_audit_t;


static int ngx_http_keygate_audit_member(json_t *changes, const char *name,
    json_t *before, json_t *after);
static void ngx_http_keygate_audit_log(ngx_http_keygate_job_t *job,
    const char *key, const char *account);
static void ngx_http_keygate_audit_keep(ngx_http_keygate_job_t *job,
    const char *key, const char *account);
static void ngx_http_keygate_audit_cleanup(void *data);
static ngx_int_t ngx_http_keygate_audit_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);


static ngx_http_variable_t  ngx_http_keygate_audit_vars[] = {

    { ngx_string("keygate_audit_action"), NULL,
      ngx_http_keygate_audit_variable, NGX_HTTP_KEYGATE_AUDIT_ACTION,
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("keygate_audit_actor"), NULL,
      ngx_http_keygate_audit_variable, NGX_HTTP_KEYGATE_AUDIT_ACTOR,
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("keygate_audit_key"), NULL,
      ngx_http_keygate_audit_variable, NGX_HTTP_KEYGATE_AUDIT_KEY,
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("keygate_audit_account"), NULL,
      ngx_http_keygate_audit_variable, NGX_HTTP_KEYGATE_AUDIT_ACCOUNT,
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("keygate_audit_changes"), NULL,
      ngx_http_keygate_audit_variable, NGX_HTTP_KEYGATE_AUDIT_CHANGES,
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

      ngx_http_null_variable
};


u_char *
ngx_http_keygate_audit_changes(const json_t *before, const json_t *after,
    size_t *len)
{
    int          ok;
    u_char      *text;
    json_t      *changes, *value;
    const char  *name;

    changes = json_object();
    ok = changes != NULL;

    json_object_foreach((json_t *) before, name, value) {
        ok = ok && ngx_http_keygate_audit_member(changes, name, value,
                                                 json_object_get(after, name));
    }

    json_object_foreach((json_t *) after, name, value) {
        if (json_object_get(before, name) == NULL) {
            ok = ok && ngx_http_keygate_audit_member(changes, name, NULL,
                                                     value);
        }
    }

    text = ok ? ngx_http_keygate_admin_text(changes, "", len) : NULL;

    json_decref(changes);

    return text;
}


/* Adds {"before": ..., "after": ...}, null for nothing; 0 when out of
 * memory. */

static int
ngx_http_keygate_audit_member(json_t *changes, const char *name,
    json_t *before, json_t *after)
{
    if (ngx_strcmp(name, "id") == 0 || ngx_strcmp(name, "changed_by") == 0
        || (before && after && json_equal(before, after)))
    {
        return 1;
    }

    if (ngx_strcmp(name, "digest") == 0) {
        return json_object_set_new(changes, "secret",
                                   json_string(!before ? "made"
                                               : after ? "replaced"
                                                       : "forgotten"))
               == 0;
    }

    if (ngx_strcmp(name, "previous") == 0) {
        name = "overlap_until";
        before = json_object_get(before, "until");
        after = json_object_get(after, "until");
    }

    return json_object_set_new(changes, name,
                               json_pack("{s:O, s:O}",
                                         "before", before ? before
                                                          : json_null(),
                                         "after", after ? after : json_null()))
           == 0;
}


void
ngx_http_keygate_audit(ngx_http_keygate_job_t *job)
{
    const char  *key, *account;

    if (job->kind == KEYGATE_ACCOUNT) {
        key = "";
        account = job->id;

    } else {
        key = job->id;
        account = job->parent;
    }

    ngx_http_keygate_audit_log(job, key, account);

    if (job->request) {
        ngx_http_keygate_audit_keep(job, key, account);
    }
}


static void
ngx_http_keygate_audit_log(ngx_http_keygate_job_t *job, const char *key,
    const char *account)
{
    u_char         actor[NGX_HTTP_KEYGATE_ACTOR_MAX];
    ngx_log_t      log;
    keygate_buf_t  b;

    log = job->request ? *job->request->connection->log
                       : *job->admin->api->zone->log;
    log.handler = NULL;

    b.data = actor;
    b.size = sizeof(actor);
    b.len = 0;

    keygate_buf_json(&b, keygate_span(job->caller.actor));

    ngx_log_error(NGX_LOG_NOTICE, &log, 0,
                  "keygate audit: %s%s; api: \"%V\"%s%s%s, account: \"%s\", "
                  "actor: %*s, client: %s, request: \"%s\", location: \"%V\", "
                  "changes: %*s%s",
                  job->action->event, job->unsure ? ", outcome unknown" : "",
                  &job->admin->api->name,
                  key[0] ? ", key: \"" : "", key, key[0] ? "\"" : "", account,
                  ngx_min(b.len, b.size), actor, job->client, job->request_id,
                  &job->admin->location,
                  ngx_min(job->changes_len, NGX_HTTP_KEYGATE_CHANGES_MAX),
                  job->changes,
                  job->changes_len > NGX_HTTP_KEYGATE_CHANGES_MAX ? "..." : "");
}


/* Without memory there is no line in the access log; there is the other. */

static void
ngx_http_keygate_audit_keep(ngx_http_keygate_job_t *job, const char *key,
    const char *account)
{
    u_char                    *p;
    ngx_str_t                  value[NGX_HTTP_KEYGATE_AUDITS];
    ngx_uint_t                 i;
    ngx_pool_cleanup_t        *cln;
    ngx_http_keygate_audit_t  *audit;

    value[NGX_HTTP_KEYGATE_AUDIT_ACTION].data = (u_char *) job->action->event;
    value[NGX_HTTP_KEYGATE_AUDIT_ACTOR].data = (u_char *) job->caller.actor;
    value[NGX_HTTP_KEYGATE_AUDIT_KEY].data = (u_char *) key;
    value[NGX_HTTP_KEYGATE_AUDIT_ACCOUNT].data = (u_char *) account;

    for (i = 0; i < NGX_HTTP_KEYGATE_AUDIT_CHANGES; i++) {
        value[i].len = ngx_strlen(value[i].data);
    }

    value[NGX_HTTP_KEYGATE_AUDIT_CHANGES].data = job->changes;
    value[NGX_HTTP_KEYGATE_AUDIT_CHANGES].len = job->changes_len;

    cln = ngx_pool_cleanup_add(job->request->pool,
                               sizeof(ngx_http_keygate_audit_t));
    if (cln == NULL) {
        return;
    }

    audit = cln->data;

    for (i = 0; i < NGX_HTTP_KEYGATE_AUDITS; i++) {
        p = ngx_pnalloc(job->request->pool, value[i].len + 1);
        if (p == NULL) {
            return;
        }

        ngx_memcpy(p, value[i].data, value[i].len);
        audit->value[i].data = p;
        audit->value[i].len = value[i].len;
    }

    cln->handler = ngx_http_keygate_audit_cleanup;
}


/* Only marks what is kept among the cleanups. */

static void
ngx_http_keygate_audit_cleanup(void *data)
{
}


ngx_int_t
ngx_http_keygate_audit_add_variables(ngx_conf_t *cf)
{
    ngx_http_variable_t  *var, *v;

    for (v = ngx_http_keygate_audit_vars; v->name.len; v++) {
        var = ngx_http_add_variable(cf, &v->name, v->flags);
        if (var == NULL) {
            return NGX_ERROR;
        }

        var->get_handler = v->get_handler;
        var->data = v->data;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_keygate_audit_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_str_t                 *value;
    ngx_pool_cleanup_t        *cln;
    ngx_http_keygate_audit_t  *audit;

    v->not_found = 1;

    for (cln = r->main->pool->cleanup; cln; cln = cln->next) {

        if (cln->handler != ngx_http_keygate_audit_cleanup) {
            continue;
        }

        audit = cln->data;
        value = &audit->value[data];

        v->len = value->len;
        v->data = value->data;
        v->valid = 1;
        v->no_cacheable = 0;
        v->not_found = 0;

        break;
    }

    return NGX_OK;
}

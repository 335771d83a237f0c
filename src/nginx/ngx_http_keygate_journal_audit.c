/*
 * Changes that the command has made, for the audit: whoever applies such a
 * line of the journal has an event in the error log, as the admin API has it
 * for its own.
 */

#include "ngx_http_keygate_admin.h"


#define NGX_HTTP_KEYGATE_TOLD_CHANGES  1024   /* a log line has 2048 bytes */
#define NGX_HTTP_KEYGATE_TOLD_ACTOR    512


static const char *ngx_http_keygate_told_action(const keygate_told_t *told,
    const keygate_record_t *after);
static const char *ngx_http_keygate_told_key(const keygate_record_t *before,
    const keygate_record_t *after);


void
ngx_http_keygate_journal_audit(void *data, const keygate_told_t *told,
    const keygate_record_t *after)
{
    ngx_http_keygate_zone_t *zone = data;

    size_t         len;
    u_char        *changes, actor[NGX_HTTP_KEYGATE_TOLD_ACTOR];
    keygate_buf_t  b;
    keygate_str_t  account;

    b.data = actor;
    b.size = sizeof(actor);
    b.len = 0;

    keygate_buf_json(&b, after->changed_by);

    account = after->account.len ? after->account : told->before.account;

    if (after->kind == KEYGATE_ACCOUNT) {
        account = after->id;
    }

    len = 0;
    changes = ngx_http_keygate_audit_changes(told->before.json,
                                             after->deleted ? NULL
                                                            : after->json,
                                             &len);

    ngx_log_error(NGX_LOG_NOTICE, zone->log, 0,
                  "keygate audit: %s; zone: \"%V\"%s%*s%s, account: \"%*s\", "
                  "actor: %*s, changes: %*s%s",
                  ngx_http_keygate_told_action(told, after), &zone->name,
                  (after->kind == KEYGATE_KEY) ? ", key: \"" : "",
                  (after->kind == KEYGATE_KEY) ? after->id.len : (size_t) 0,
                  after->id.data,
                  (after->kind == KEYGATE_KEY) ? "\"" : "",
                  account.len, account.data,
                  ngx_min(b.len, b.size), actor,
                  ngx_min(len, NGX_HTTP_KEYGATE_TOLD_CHANGES),
                  changes ? changes : (u_char *) "",
                  (len > NGX_HTTP_KEYGATE_TOLD_CHANGES) ? "..." : "");

    free(changes);
}


/* A line says what a record is, and not what was done to it. */

static const char *
ngx_http_keygate_told_action(const keygate_told_t *told,
    const keygate_record_t *after)
{
    if (after->kind == KEYGATE_KEY) {
        return after->deleted ? "key.delete"
               : !told->known ? "key.create"
               : !told->read ? "key.change"
               : ngx_http_keygate_told_key(&told->before, after);
    }

    return after->deleted ? "account.delete"
           : told->known ? "account.change" : "account.put";
}


static const char *
ngx_http_keygate_told_key(const keygate_record_t *before,
    const keygate_record_t *after)
{
    if (before->revoked_at != after->revoked_at) {
        return "key.revoke";
    }

    if (ngx_memcmp(before->digest, after->digest, KEYGATE_DIGEST_LEN) != 0) {
        return "key.rotate";
    }

    if (before->suspended_at != after->suspended_at) {
        return (after->suspended_at == KEYGATE_NEVER) ? "key.resume"
                                                      : "key.suspend";
    }

    if (before->n_resets != after->n_resets
        || (after->n_resets
            && ngx_memcmp(before->resets, after->resets,
                          after->n_resets * sizeof(after->resets[0])) != 0))
    {
        return "key.reset";
    }

    return "key.change";
}

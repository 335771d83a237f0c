/*
 * A refusal as a log line: what happened, to which key, and what to do.
 */

#include "ngx_http_keygate.h"


#define NGX_HTTP_KEYGATE_LOG_METHOD  32
#define NGX_HTTP_KEYGATE_LOG_PATH    256


static void ngx_http_keygate_log_line(ngx_http_request_t *r,
    ngx_http_keygate_ctx_t *ctx, const char *done, keygate_code_e code,
    const char *what);
static void ngx_http_keygate_log_verdict(ngx_http_request_t *r,
    ngx_http_keygate_ctx_t *ctx, keygate_buf_t *out);
static void ngx_http_keygate_log_text(keygate_buf_t *out, ngx_str_t *text,
    size_t max);
static const char *ngx_http_keygate_remedy(keygate_code_e code);
static const char *ngx_http_keygate_event(keygate_code_e code,
    ngx_uint_t found);


void
ngx_http_keygate_log_refusal(ngx_http_request_t *r,
    ngx_http_keygate_ctx_t *ctx)
{
    ngx_http_keygate_log_line(r, ctx,
                              ctx->dry_run ? "would refuse " : "refused ",
                              ctx->verdict->code,
                              ctx->verdict->never
                              ? "what the route costs is more than a rate of "
                                "the key ever admits: raise \"rates\" of the "
                                "key"
                              : ngx_http_keygate_remedy(ctx->verdict->code));
}


void
ngx_http_keygate_log_ended(ngx_http_request_t *r, ngx_http_keygate_ctx_t *ctx,
    keygate_code_e code, ngx_uint_t found)
{
    ngx_http_keygate_log_line(r, ctx,
                              ctx->dry_run ? "would close " : "closed ", code,
                              ngx_http_keygate_event(code, found));
}


static void
ngx_http_keygate_log_line(ngx_http_request_t *r, ngx_http_keygate_ctx_t *ctx,
    const char *done, keygate_code_e code, const char *what)
{
    u_char                        text[NGX_MAX_ERROR_STR];
    ngx_log_t                     log;
    ngx_str_t                     raw, name;
    ngx_uint_t                    level;
    keygate_buf_t                 out;
    ngx_http_keygate_loc_conf_t  *klcf;

    klcf = ngx_http_get_module_loc_conf(r, ngx_http_keygate_module);
    level = klcf->log_level;

    if (r->connection->log->log_level < level) {
        return;
    }

    /* without the handler nginx does not add the request line */

    log = *r->connection->log;
    log.handler = NULL;

    if (!ngx_http_keygate_auth_read(r, &name, &raw)) {
        name = r->main->method_name;
    }

    if (ngx_http_keygate_refusal_tells_key(r, ctx->api, raw.data, raw.len)) {
        ngx_str_set(&raw, "(holds a key)");
    }

    out.data = text;
    out.size = sizeof(text);
    out.len = 0;

    keygate_buf_puts(&out, "keygate: ");
    keygate_buf_puts(&out, done);
    keygate_buf_put(&out, keygate_error_name(code));
    keygate_buf_puts(&out, ": ");
    keygate_buf_puts(&out, what);

    ngx_http_keygate_log_verdict(r, ctx, &out);

    keygate_buf_puts(&out, ", request: \"");
    ngx_http_keygate_log_text(&out, &name, NGX_HTTP_KEYGATE_LOG_METHOD);
    keygate_buf_puts(&out, " ");
    ngx_http_keygate_log_text(&out, &raw, NGX_HTTP_KEYGATE_LOG_PATH);
    keygate_buf_puts(&out, "\"");

    ngx_log_error(level, &log, 0, "%*s", ngx_min(out.len, out.size), text);
}


static void
ngx_http_keygate_log_verdict(ngx_http_request_t *r,
    ngx_http_keygate_ctx_t *ctx, keygate_buf_t *out)
{
    keygate_str_t       key, account, client;
    keygate_verdict_t  *v;

    v = ctx->verdict;

    key.data = (u_char *) v->key.id;
    key.len = v->known ? v->key.id_len : 0;
    account.data = (u_char *) v->key.account;
    account.len = v->known ? v->key.account_len : 0;
    client.data = r->connection->addr_text.data;
    client.len = r->connection->addr_text.len;

    keygate_buf_puts(out, "; api: \"");
    keygate_buf_put(out, ctx->api->core->name);
    keygate_buf_puts(out, "\", key: \"");
    keygate_buf_put(out, key);
    keygate_buf_puts(out, "\", account: \"");
    keygate_buf_put(out, account);
    keygate_buf_puts(out, "\", client: ");
    keygate_buf_put(out, client);
}


static void
ngx_http_keygate_log_text(keygate_buf_t *out, ngx_str_t *text, size_t max)
{
    char            escape[4];
    size_t          i, len;
    u_char          c;
    keygate_str_t   run;

    escape[0] = '\\';
    escape[1] = 'x';

    len = ngx_min(text->len, max);
    run.data = text->data;
    run.len = 0;

    for (i = 0; i < len; i++) {
        c = text->data[i];

        if (c >= 0x20 && c < 0x7f && c != '"' && c != '\\') {
            run.len++;
            continue;
        }

        keygate_buf_put(out, run);

        keygate_hex_pair(c, escape + 2);
        run.data = (u_char *) escape;
        run.len = sizeof(escape);
        keygate_buf_put(out, run);

        run.data = &text->data[i + 1];
        run.len = 0;
    }

    keygate_buf_put(out, run);

    if (len < text->len) {
        keygate_buf_puts(out, "...");
    }
}


static const char *
ngx_http_keygate_remedy(keygate_code_e code)
{
    switch (code) {

    case KEYGATE_PATH_AMBIGUOUS:
        return "the client must send a plain path";

    case KEYGATE_CREDENTIAL_MISSING:
    case KEYGATE_CREDENTIAL_CONFLICT:
        return "the client must send exactly one key";

    case KEYGATE_CREDENTIAL_INVALID:
        return "no key of this API";

    case KEYGATE_KEY_SUSPENDED:
        return "resume the key to allow it";

    case KEYGATE_KEY_REVOKED:
    case KEYGATE_KEY_EXPIRED:
        return "the client needs a new key";

    case KEYGATE_ADDRESS_NOT_ALLOWED:
        return "add the address to the key to allow it";

    case KEYGATE_RATE_LIMITED:
    case KEYGATE_QUOTA_EXCEEDED:
        return "raise \"rates\" of the key to allow more";

    case KEYGATE_SUBSCRIPTION_LAPSED:
        return "set the account's status to allow it";

    case KEYGATE_PLAN_REQUIRED:
        return "change the account's plan to allow it";

    case KEYGATE_ROUTE_NOT_FOUND:
    case KEYGATE_METHOD_NOT_ALLOWED:
        return "add a \"route\" to allow it";

    case KEYGATE_INSUFFICIENT_SCOPE:
        return "grant the key the scope to allow it";

    case KEYGATE_BODY_INVALID:
    case KEYGATE_BODY_TOO_LARGE:
        return "the body cannot be checked";

    default:
        return "the gate could not decide";
    }
}


/* What has ended a stream. */

static const char *
ngx_http_keygate_event(keygate_code_e code, ngx_uint_t found)
{
    switch (code) {

    case KEYGATE_KEY_REVOKED:
        return "the key was revoked while it was answered";

    case KEYGATE_KEY_SUSPENDED:
        return "the key was suspended while it was answered";

    case KEYGATE_KEY_EXPIRED:
        return "the key has expired while it was answered";

    case KEYGATE_CREDENTIAL_INVALID:
        return found ? "the secret was replaced while it was answered"
                     : "the key was deleted while it was answered";

    case KEYGATE_SUBSCRIPTION_LAPSED:
        return "the account has lapsed while its key was answered";

    default:
        return "it is not known whether the key is live still";
    }
}

/*
 * A refusal as a log line: what happened, to which key, and what to do.
 */

#include "ngx_http_keygate.h"


#define NGX_HTTP_KEYGATE_LOG_METHOD  32
#define NGX_HTTP_KEYGATE_LOG_PATH    256


static u_char *ngx_http_keygate_log_text(u_char *p, ngx_str_t *text,
    size_t max);
static const char *ngx_http_keygate_remedy(keygate_code_e code);


void
ngx_http_keygate_log_refusal(ngx_http_request_t *r,
    ngx_http_keygate_ctx_t *ctx)
{
    u_char                        method[4 * NGX_HTTP_KEYGATE_LOG_METHOD + 3];
    u_char                        path[4 * NGX_HTTP_KEYGATE_LOG_PATH + 3];
    u_char                       *method_last, *path_last;
    ngx_log_t                     log;
    ngx_str_t                     raw, name;
    ngx_uint_t                    level;
    keygate_str_t                 code;
    keygate_verdict_t            *v;
    ngx_http_keygate_loc_conf_t  *klcf;

    klcf = ngx_http_get_module_loc_conf(r, ngx_http_keygate_module);
    v = ctx->verdict;
    level = klcf->log_level;

    if (r->connection->log->log_level < level) {
        return;
    }

    /* without the handler nginx does not add the request line */

    log = *r->connection->log;
    log.handler = NULL;

    if (!ngx_http_keygate_asked(r, &name, &raw)) {
        name = r->main->method_name;
    }

    if (ngx_http_keygate_has_key(ctx->api->core, raw.data, raw.len)) {
        ngx_str_set(&raw, "(holds a key)");
    }

    method_last = ngx_http_keygate_log_text(method, &name,
                                            NGX_HTTP_KEYGATE_LOG_METHOD);
    path_last = ngx_http_keygate_log_text(path, &raw,
                                          NGX_HTTP_KEYGATE_LOG_PATH);
    code = keygate_code_name(v->code);

    ngx_log_error(level, &log, 0,
                  "keygate: %s %*s: %s; api: \"%V\", key: \"%*s\", "
                  "account: \"%*s\", client: %V, request: \"%*s %*s\"",
                  ctx->dry_run ? "would refuse" : "refused",
                  code.len, code.data, ngx_http_keygate_remedy(v->code),
                  &ctx->api->name,
                  (size_t) (v->known ? v->key.id_len : 0), v->key.id,
                  (size_t) (v->known ? v->key.account_len : 0),
                  v->key.account, &r->connection->addr_text,
                  (size_t) (method_last - method), method,
                  (size_t) (path_last - path), path);
}


static u_char *
ngx_http_keygate_log_text(u_char *p, ngx_str_t *text, size_t max)
{
    u_char               c;
    size_t               i;

    static const u_char  hex[] = "0123456789ABCDEF";

    for (i = 0; i < text->len && i < max; i++) {
        c = text->data[i];

        if (c >= 0x20 && c < 0x7f && c != '"' && c != '\\') {
            *p++ = c;
            continue;
        }

        *p++ = '\\';
        *p++ = 'x';
        *p++ = hex[c >> 4];
        *p++ = hex[c & 0xf];
    }

    return i < text->len ? ngx_cpymem(p, "...", 3) : p;
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

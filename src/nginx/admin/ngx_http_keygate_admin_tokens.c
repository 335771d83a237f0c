/*
 * The tokens of administrators, as files have them.  How a file is read again
 * is for ngx_http_keygate_admin_watch.c.
 */

#include "ngx_http_keygate_admin_tokens.h"

#include <openssl/crypto.h>


#define NGX_HTTP_KEYGATE_TOKEN_MAX    1024   /* bytes of a file of one */

#define ngx_http_keygate_tokens_max(admin)                                   \
    ((admin)->one ? NGX_HTTP_KEYGATE_TOKEN_MAX : KEYGATE_TOKENS_FILE_MAX)


static ngx_http_keygate_tokens_t *ngx_http_keygate_tokens_one(u_char *text,
    size_t len, ngx_str_t *path, u_char fault[NGX_HTTP_KEYGATE_FAULT_LEN]);
static ngx_http_keygate_tokens_t *ngx_http_keygate_tokens_many(u_char *text,
    size_t len, ngx_str_t *path, u_char fault[NGX_HTTP_KEYGATE_FAULT_LEN]);
static ngx_int_t ngx_http_keygate_tokens_readable(ngx_conf_t *cf,
    ngx_str_t *path, struct stat *st);
static void ngx_http_keygate_tokens_free(void *data);


ngx_int_t
ngx_http_keygate_tokens_read(ngx_conf_t *cf, ngx_http_keygate_admin_t *admin,
    ngx_str_t *path, ngx_uint_t many)
{
    u_char              *text;
    size_t               len;
    struct stat          st;
    ngx_pool_cleanup_t  *cln;
    u_char               fault[NGX_HTTP_KEYGATE_FAULT_LEN];

    if (ngx_conf_full_name(cf->cycle, path, 1) != NGX_OK) {
        return NGX_ERROR;
    }

    admin->one = !many;
    admin->tokens_path = *path;

    text = ngx_http_keygate_tokens_text(admin, &len, &st);

    if (text == NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           "invalid token file \"%V\", expected a readable "
                           "file of at most %d bytes", path,
                           ngx_http_keygate_tokens_max(admin));
        return NGX_ERROR;
    }

    admin->tokens = ngx_http_keygate_tokens_parse(admin, text, len, fault);
    free(text);

    if (admin->tokens == NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "%s", fault);
        return NGX_ERROR;
    }

    cln = ngx_pool_cleanup_add(cf->pool, 0);
    if (cln == NULL) {
        free(admin->tokens);
        return NGX_ERROR;
    }

    cln->handler = ngx_http_keygate_tokens_free;
    cln->data = admin->tokens;

    /* a file of one token may be root's alone: it is read on a reload, then */

    if (!many) {
        return NGX_OK;
    }

    if (admin->tokens->n == 0) {
        ngx_conf_log_error(NGX_LOG_WARN, cf, 0,
                           "there is no token in \"%V\": nobody can use this "
                           "\"keygate_admin\"", path);
    }

    return ngx_http_keygate_tokens_readable(cf, path, &st);
}


/* What sha256sum has printed will do: only the first word of the first line
 * counts, and there is no other line. */

static ngx_http_keygate_tokens_t *
ngx_http_keygate_tokens_one(u_char *text, size_t len, ngx_str_t *path,
    u_char fault[NGX_HTTP_KEYGATE_FAULT_LEN])
{
    size_t                      word, rest;
    u_char                      empty[KEYGATE_DIGEST_LEN];
    u_char                      digest[KEYGATE_DIGEST_LEN];
    keygate_str_t               hex;
    ngx_http_keygate_tokens_t  *tokens;

    for (word = 0; word < len && text[word] > ' '; word++) {
        /* void */
    }

    for (rest = word; rest < len && text[rest] != LF; rest++) {
        /* void */
    }

    while (rest < len && text[rest] <= ' ') {
        rest++;
    }

    hex.data = text;
    hex.len = word;

    if (keygate_digest_unhex(hex, digest) != KEYGATE_OK
        || keygate_digest_plain(KEYGATE_STR(""), empty) != KEYGATE_OK
        || ngx_memcmp(empty, digest, KEYGATE_DIGEST_LEN) == 0)
    {
        (void) ngx_snprintf(fault, NGX_HTTP_KEYGATE_FAULT_LEN - 1,
                            "invalid token file \"%V\", expected the SHA-256 "
                            "of a token, which is not empty, in 64 hex digits"
                            "%Z", path);
        return NULL;
    }

    if (rest < len) {
        (void) ngx_snprintf(fault, NGX_HTTP_KEYGATE_FAULT_LEN - 1,
                            "there is a second line in the token file \"%V\", "
                            "expected one token; \"tokens=\" takes a file "
                            "with several%Z", path);
        return NULL;
    }

    tokens = calloc(1, sizeof(ngx_http_keygate_tokens_t)
                       + sizeof(keygate_token_t));
    if (tokens == NULL) {
        (void) ngx_snprintf(fault, NGX_HTTP_KEYGATE_FAULT_LEN - 1,
                            "no memory for the token in \"%V\"%Z", path);
        return NULL;
    }

    tokens->n = 1;
    ngx_memcpy(tokens->token[0].name, "admin", sizeof("admin"));
    ngx_memcpy(tokens->token[0].digest, digest, KEYGATE_DIGEST_LEN);
    tokens->token[0].role = KEYGATE_ROLE_ADMIN;
    tokens->token[0].until = KEYGATE_NEVER;

    return tokens;
}


ngx_http_keygate_tokens_t *
ngx_http_keygate_tokens_parse(const ngx_http_keygate_admin_t *admin,
    u_char *text, size_t len, u_char fault[NGX_HTTP_KEYGATE_FAULT_LEN])
{
    ngx_str_t  path;

    path = admin->tokens_path;
    fault[NGX_HTTP_KEYGATE_FAULT_LEN - 1] = '\0';

    return admin->one ? ngx_http_keygate_tokens_one(text, len, &path, fault)
                      : ngx_http_keygate_tokens_many(text, len, &path, fault);
}


static ngx_http_keygate_tokens_t *
ngx_http_keygate_tokens_many(u_char *text, size_t len, ngx_str_t *path,
    u_char fault[NGX_HTTP_KEYGATE_FAULT_LEN])
{
    size_t                      i, lines;
    unsigned                    n;
    keygate_rc_t                rc;
    keygate_str_t               s;
    keygate_token_fault_t       f;
    ngx_http_keygate_tokens_t  *tokens;

    for (lines = 1, i = 0; i < len; i++) {
        lines += (text[i] == LF);
    }

    lines = ngx_min(lines, KEYGATE_TOKENS_MAX);

    tokens = malloc(sizeof(ngx_http_keygate_tokens_t)
                    + lines * sizeof(keygate_token_t));
    if (tokens == NULL) {
        (void) ngx_snprintf(fault, NGX_HTTP_KEYGATE_FAULT_LEN - 1,
                            "no memory for the tokens in \"%V\"%Z", path);
        return NULL;
    }

    s.data = text;
    s.len = len;

    rc = keygate_token_parse(s, tokens->token, lines, &n, &f);

    if (rc == KEYGATE_OK) {
        tokens->n = n;
        return tokens;
    }

    free(tokens);

    (void) ngx_snprintf(fault, NGX_HTTP_KEYGATE_FAULT_LEN - 1,
                        "invalid word %ud%s%*s%s in line %ud of the token file "
                        "\"%V\", expected %s%Z",
                        f.word, f.value.len ? " \"" : "", f.value.len,
                        f.value.data, f.value.len ? "\"" : "", f.line, path,
                        f.expected);

    return NULL;
}


u_char *
ngx_http_keygate_tokens_text(const ngx_http_keygate_admin_t *admin,
    size_t *len, struct stat *st)
{
    u_char     *text;
    size_t      max;
    ssize_t     n;
    ngx_fd_t    fd;
    ngx_err_t   err;

    max = ngx_http_keygate_tokens_max(admin);

    fd = ngx_open_file(admin->tokens_path.data, NGX_FILE_RDONLY, NGX_FILE_OPEN
                                   | NGX_FILE_NONBLOCK, 0);
    if (fd == NGX_INVALID_FILE) {
        return NULL;
    }

    text = NULL;

    if (ngx_fd_info(fd, st) == NGX_FILE_ERROR) {
        err = ngx_errno;

    } else if (!S_ISREG(st->st_mode)) {
        err = NGX_EINVAL;

    } else {
        text = malloc(max + 1);
        err = text ? 0 : NGX_ENOMEM;
    }

    for (*len = 0; text && *len <= max; *len += n) {
        n = ngx_read_fd(fd, text + *len, max + 1 - *len);

        if (n == 0) {
            break;
        }

        if (n == -1 || *len + n > max) {
            err = (n == -1) ? ngx_errno : EFBIG;
            free(text);
            text = NULL;
            break;
        }
    }

    (void) ngx_close_file(fd);
    ngx_set_errno(err);

    return text;
}


/*
 * The workers read the file again, as their own user.  Where nothing but an
 * access list could let them, nothing is said.
 */

static ngx_int_t
ngx_http_keygate_tokens_readable(ngx_conf_t *cf, ngx_str_t *path,
    struct stat *st)
{
    ngx_core_conf_t  *ccf;

    ccf = (ngx_core_conf_t *) ngx_get_conf(cf->cycle->conf_ctx,
                                           ngx_core_module);

    if (geteuid() != 0 || ccf->user == (ngx_uid_t) NGX_CONF_UNSET_UINT
        || ccf->user == 0
        || (st->st_mode & S_IROTH)
        || (st->st_mode & S_IRGRP)
        || (st->st_uid == ccf->user && (st->st_mode & S_IRUSR)))
    {
        return NGX_OK;
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "the token file \"%V\" belongs to uid %d with mode "
                       "0%ud%ud%ud, expected one that the workers, whose uid "
                       "is %d, can read: chgrp it to their group, and chmod "
                       "0640",
                       path, (int) st->st_uid,
                       st->st_mode >> 6 & 7, st->st_mode >> 3 & 7,
                       st->st_mode & 7, (int) ccf->user);

    return NGX_ERROR;
}


static void
ngx_http_keygate_tokens_free(void *data)
{
    free(data);
}


const keygate_token_t *
ngx_http_keygate_tokens_find(ngx_http_keygate_admin_t *admin,
    u_char digest[KEYGATE_DIGEST_LEN])
{
    time_t                  now;
    unsigned                i;
    const keygate_token_t  *token, *found;

    now = ngx_time();
    found = NULL;

    for (i = 0; i < admin->tokens->n; i++) {
        token = &admin->tokens->token[i];

        if (CRYPTO_memcmp(digest, token->digest, KEYGATE_DIGEST_LEN) == 0
            && token->until > now)
        {
            found = token;
        }
    }

    return found;
}

/*
 * JSON as it is sent.  In any thread.
 */

#include "ngx_http_keygate_admin.h"


static void ngx_http_keygate_job_text(const char *json, keygate_buf_t *b,
    const char *secret);


u_char *
ngx_http_keygate_admin_text(const json_t *json, const char *secret,
    size_t *len)
{
    char           *text;
    keygate_buf_t   b;

    text = json ? keygate_json_print(json, JSON_COMPACT|JSON_ENSURE_ASCII, len)
                : NULL;

    if (text == NULL) {
        return NULL;
    }

    ngx_memzero(&b, sizeof(keygate_buf_t));

    ngx_http_keygate_job_text(text, &b, secret);

    *len = b.len;

    b.size = b.len;
    b.len = 0;
    b.data = malloc(b.size);

    if (b.data) {
        ngx_http_keygate_job_text(text, &b, secret);
    }

    free(text);

    return b.data;
}


/*
 * Jansson leaves alone what a page that shows the text might take for markup;
 * and a secret has no business in memory that is not cleansed, so it joins
 * the object, which is not empty, only here.
 */

static void
ngx_http_keygate_job_text(const char *json, keygate_buf_t *b,
    const char *secret)
{
    size_t          n;
    const char     *p, *last;
    keygate_str_t   s;

    last = json + ngx_strlen(json);

    if (secret[0]) {
        last--;
    }

    for (p = json; p < last; p += n) {
        n = 1;

        switch (*p) {

        case '<':
            keygate_buf_puts(b, "\\u003c");
            continue;

        case '>':
            keygate_buf_puts(b, "\\u003e");
            continue;

        case 0x7f:
            keygate_buf_puts(b, "\\u007f");
            continue;
        }

        while (p + n < last && p[n] != '<' && p[n] != '>' && p[n] != 0x7f) {
            n++;
        }

        s.data = (const u_char *) p;
        s.len = n;
        keygate_buf_put(b, s);
    }

    if (secret[0]) {
        keygate_buf_puts(b, ",\"secret\":");
        keygate_buf_json(b, keygate_span(secret));
        keygate_buf_puts(b, "}");
    }
}

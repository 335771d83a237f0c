/*
 * Percent-encoding: paths as URI references, and texts of gRPC.
 */

#include "keygate_uri.h"


static void keygate_uri_put(keygate_buf_t *out, unsigned char c);


/* What stands for itself in a path: unreserved, sub-delims, ":", "@", "/". */

static const unsigned char  keygate_uri_plain[256] = {
    ['!'] = 1, ['$'] = 1, ['&' ... ';'] = 1, ['='] = 1, ['@' ... 'Z'] = 1,
    ['_'] = 1, ['a' ... 'z'] = 1, ['~'] = 1
};


static void
keygate_uri_put(keygate_buf_t *out, unsigned char c)
{
    char  text[4];

    text[0] = '%';
    keygate_hex_pair(c, text + 1);
    text[3] = '\0';

    keygate_buf_puts(out, text);
}


int
keygate_uri_escape(const unsigned char *p)
{
    int  high, low;

    if (p[0] != '%') {
        return -1;
    }

    high = keygate_hex_value(p[1]);
    low = keygate_hex_value(p[2]);

    return high == -1 || low == -1 ? -1 : high << 4 | low;
}


void
keygate_uri_path(keygate_buf_t *out, keygate_str_t path)
{
    int            segment;
    size_t         i;
    keygate_str_t  run;
    unsigned char  c;

    if (path.len > 1 && path.data[0] == '/' && path.data[1] == '/') {
        keygate_buf_puts(out, "/.");
    }

    segment = 1;
    run.data = path.data;
    run.len = 0;

    for (i = 0; i < path.len; i++) {
        c = path.data[i];

        if (c == '/') {
            segment = 0;
        }

        if ((keygate_uri_plain[c] && !(c == ':' && segment))
            || (path.len - i > 2 && keygate_uri_escape(path.data + i) != -1))
        {
            run.len++;
            continue;
        }

        keygate_buf_put(out, run);
        keygate_uri_put(out, c);

        run.data = path.data + i + 1;
        run.len = 0;
    }

    keygate_buf_put(out, run);
}


void
keygate_uri_grpc(keygate_buf_t *out, keygate_str_t text)
{
    size_t         i;
    keygate_str_t  run;
    unsigned char  c;

    run.data = text.data;
    run.len = 0;

    for (i = 0; i < text.len; i++) {
        c = text.data[i];

        if (c >= 0x20 && c < 0x7f && c != '%') {
            run.len++;
            continue;
        }

        keygate_buf_put(out, run);
        keygate_uri_put(out, c);

        run.data = text.data + i + 1;
        run.len = 0;
    }

    keygate_buf_put(out, run);
}

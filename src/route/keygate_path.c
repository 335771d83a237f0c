/*
 * Decides whether a path means one thing to every parser: this one, nginx,
 * whatever the upstream uses, and whatever decodes once more behind that.
 * What is doubtful is refused, never repaired.
 */

#include <string.h>

#include "keygate_route.h"


/* What a byte may be, raw, encoded, or encoded more than once. */

#define KEYGATE_BYTE_NOT_RAW      1
#define KEYGATE_BYTE_NOT_ENCODED  2
#define KEYGATE_BYTE_NOT_TWICE    4


static unsigned keygate_byte_class(unsigned char c);
static keygate_rc_t keygate_path_decode(keygate_str_t raw,
    unsigned char *decoded, keygate_str_t *path, int keep);
static int keygate_path_hides(keygate_str_t path, unsigned char *stack);
static int keygate_segment_doubtful(const unsigned char *p, size_t len,
    int last);
static keygate_rc_t keygate_path_segments(keygate_str_t path);
static keygate_rc_t keygate_path_check_plain(keygate_str_t raw);
static keygate_rc_t keygate_path_look(keygate_str_t raw,
    unsigned char *decoded, keygate_str_t *path, int keep);


/* What nearly every byte is: itself, wherever it stands in a segment. */

static const unsigned char  keygate_path_plain[256] = {
    [' ' ... '"'] = 1, ['$'] = 1, ['&' ... '.'] = 1, ['0' ... ':'] = 1,
    ['<' ... '['] = 1, [']' ... '~'] = 1
};


static unsigned
keygate_byte_class(unsigned char c)
{
    if (c < 0x20 || c == 0x7f || c == '\\') {
        return KEYGATE_BYTE_NOT_RAW | KEYGATE_BYTE_NOT_ENCODED
               | KEYGATE_BYTE_NOT_TWICE;
    }

    switch (c) {

    case '/':
        return KEYGATE_BYTE_NOT_ENCODED | KEYGATE_BYTE_NOT_TWICE;

    case ';':
    case '#':
        return KEYGATE_BYTE_NOT_RAW | KEYGATE_BYTE_NOT_TWICE;

    case '.':
        return KEYGATE_BYTE_NOT_TWICE;

    default:
        return 0;
    }
}


int
keygate_path_escaped(const unsigned char *p, const unsigned char *end)
{
    int  high, low;

    if (end - p < 2) {
        return -1;
    }

    high = keygate_hex_value(p[0]);
    low = keygate_hex_value(p[1]);

    return high == -1 || low == -1 ? -1 : (high << 4 | low);
}


/* Decodes once.  *path begins as the part of "raw" before the first '%'. */

static keygate_rc_t
keygate_path_decode(keygate_str_t raw, unsigned char *decoded,
    keygate_str_t *path, int keep)
{
    int                   c;
    unsigned              refused;
    unsigned char        *out;
    const unsigned char  *p, *end;

    memcpy(decoded, raw.data, path->len);

    p = raw.data + path->len;
    end = raw.data + raw.len;
    out = decoded + path->len;

    while (p < end) {
        c = *p++;
        refused = KEYGATE_BYTE_NOT_RAW;

        if (c == '%') {
            c = keygate_path_escaped(p, end);

            if (c == -1) {
                return KEYGATE_INVALID;
            }

            p += 2;
            refused = KEYGATE_BYTE_NOT_ENCODED;

            if (c == '/' && keep) {
                *out++ = KEYGATE_PATH_KEPT;
                continue;
            }
        }

        if (keygate_byte_class((unsigned char) c) & refused) {
            return KEYGATE_INVALID;
        }

        *out++ = (unsigned char) c;
    }

    path->data = decoded;
    path->len = (size_t) (out - decoded);

    return KEYGATE_OK;
}


/*
 * Whether decoding "path" again and again, leaving alone what is not a whole
 * escape, ever brings forth a byte that may not come that way.
 *
 * All rounds at once: "stack" holds an entry for each '%' that still waits,
 * with the first hex digit or 0xff, and a byte that completes an escape is
 * itself fed to the entry beneath.  Each '%' here took three bytes of the
 * path as received and one after decoding, so there is room for all of them
 * in what is left of the caller's buffer.
 */

static int
keygate_path_hides(keygate_str_t path, unsigned char *stack)
{
    int            digit;
    size_t         i, depth;
    unsigned char  c;

    depth = 0;

    for (i = 0; i < path.len; i++) {
        c = path.data[i];

        while (c != '%' && depth != 0) {
            digit = keygate_hex_value(c);

            if (digit == -1) {
                depth = 0;
                break;
            }

            if (stack[depth - 1] == 0xff) {
                stack[depth - 1] = (unsigned char) digit;
                break;
            }

            c = (unsigned char) (stack[--depth] << 4 | digit);

            if (keygate_byte_class(c) & KEYGATE_BYTE_NOT_TWICE) {
                return 1;
            }
        }

        if (c == '%') {
            stack[depth++] = 0xff;
        }
    }

    return 0;
}


static int
keygate_segment_doubtful(const unsigned char *p, size_t len, int last)
{
    return (len == 0 && !last)
           || (len == 1 && p[0] == '.')
           || (len == 2 && p[0] == '.' && p[1] == '.');
}


int
keygate_path_steps(keygate_str_t path)
{
    int                   kept;
    const unsigned char  *p, *end, *segment;

    end = path.data + path.len;
    segment = path.data + 1;
    kept = 0;

    for (p = segment; p < end; p++) {

        if (*p != '/' && *p != KEYGATE_PATH_KEPT) {
            continue;
        }

        /* "a%2F/b" has an empty segment to nobody who keeps its '/' */

        kept |= *p == KEYGATE_PATH_KEPT;

        if (keygate_segment_doubtful(segment, (size_t) (p - segment), kept)) {
            return 1;
        }

        kept = *p == KEYGATE_PATH_KEPT;
        segment = p + 1;
    }

    return keygate_segment_doubtful(segment, (size_t) (p - segment), 1);
}


/* The segments, and the UTF-8, of a decoded path. */

static keygate_rc_t
keygate_path_segments(keygate_str_t path)
{
    size_t                n;
    const unsigned char  *p, *end;

    end = path.data + path.len;

    for (p = path.data; p < end; p += n) {
        n = *p < 0x80 ? 1 : keygate_utf8(p, end);

        if (n == 0) {
            return KEYGATE_INVALID;
        }
    }

    return keygate_path_steps(path) ? KEYGATE_INVALID : KEYGATE_OK;
}


/* The whole check of a path of nothing but plain bytes; KEYGATE_AGAIN for any
 * other. */

static keygate_rc_t
keygate_path_check_plain(keygate_str_t raw)
{
    const unsigned char  *p, *end, *segment;

    end = raw.data + raw.len;
    segment = raw.data + 1;

    for (p = segment; p < end; p++) {

        if (keygate_path_plain[*p]) {
            continue;
        }

        if (*p != '/') {
            return KEYGATE_AGAIN;
        }

        if (keygate_segment_doubtful(segment, (size_t) (p - segment), 0)) {
            return KEYGATE_INVALID;
        }

        segment = p + 1;
    }

    return keygate_segment_doubtful(segment, (size_t) (p - segment), 1)
           ? KEYGATE_INVALID : KEYGATE_OK;
}


static keygate_rc_t
keygate_path_look(keygate_str_t raw, unsigned char *decoded,
    keygate_str_t *path, int keep)
{
    size_t        i;
    keygate_rc_t  rc;

    path->data = raw.data;
    path->len = 0;

    if (raw.len == 0 || raw.data[0] != '/') {
        return KEYGATE_INVALID;
    }

    rc = keygate_path_check_plain(raw);

    if (rc != KEYGATE_AGAIN) {
        path->len = rc == KEYGATE_OK ? raw.len : 0;
        return rc;
    }

    for (i = 0; i < raw.len && raw.data[i] != '%'; i++) {
        if (keygate_byte_class(raw.data[i]) & KEYGATE_BYTE_NOT_RAW) {
            return KEYGATE_INVALID;
        }
    }

    path->len = i;

    if (i < raw.len) {
        if (keygate_path_decode(raw, decoded, path, keep) != KEYGATE_OK
            || keygate_path_hides(*path, decoded + path->len))
        {
            path->len = 0;
            return KEYGATE_INVALID;
        }
    }

    if (keygate_path_segments(*path) != KEYGATE_OK) {
        path->len = 0;
        return KEYGATE_INVALID;
    }

    return KEYGATE_OK;
}


keygate_rc_t
keygate_path_check(keygate_str_t raw, unsigned char *decoded,
    keygate_str_t *path)
{
    return keygate_path_look(raw, decoded, path, 0);
}


keygate_rc_t
keygate_path_keep(keygate_str_t raw, unsigned char *decoded,
    keygate_str_t *path)
{
    return keygate_path_look(raw, decoded, path, 1);
}


size_t
keygate_path_kept(keygate_str_t path)
{
    size_t  i, n;

    for (n = 0, i = 0; i < path.len; i++) {
        n += path.data[i] == KEYGATE_PATH_KEPT;
    }

    return n;
}


void
keygate_path_restore(unsigned char *decoded, keygate_str_t *path)
{
    size_t  from, to;

    from = path->len;
    to = from + 2 * keygate_path_kept(*path);
    path->len = to;

    /* from the end on: what is written has been read by then */

    while (from < to) {
        if (decoded[--from] == KEYGATE_PATH_KEPT) {
            decoded[--to] = 'F';
            decoded[--to] = '2';
            decoded[--to] = '%';

        } else {
            decoded[--to] = decoded[from];
        }
    }
}


int
keygate_path_rest(keygate_str_t path, keygate_str_t base,
    keygate_str_t *rest)
{
    if (path.len < base.len
        || (base.len != 0 && memcmp(path.data, base.data, base.len) != 0)
        || (path.len > base.len && path.data[base.len] != '/'))
    {
        return 0;
    }

    if (path.len == base.len) {
        *rest = KEYGATE_STR("/");
        return 1;
    }

    rest->data = path.data + base.len;
    rest->len = path.len - base.len;

    return 1;
}

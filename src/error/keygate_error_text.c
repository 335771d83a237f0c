/*
 * Texts with placeholders: checking them, filling them in, and writing them
 * into a JSON string.
 */

#include <string.h>

#include "keygate_error_private.h"
#include "keygate_uri.h"


typedef enum {
    KEYGATE_FILL_SCOPE = 0,
    KEYGATE_FILL_RETRY_AFTER,
    KEYGATE_FILL_LIMIT,
    KEYGATE_FILL_METHOD,
    KEYGATE_FILL_PATH,
    KEYGATE_FILL_PLAN,
    KEYGATE_FILLS
} keygate_fill_e;


typedef void (*keygate_put_pt)(keygate_buf_t *out, keygate_str_t s);


static keygate_fill_e keygate_fill_find(keygate_str_t text);
static size_t keygate_fill_length(keygate_str_t text);
static void keygate_fill_put(keygate_fill_e fill, const keygate_error_t *e,
    keygate_put_pt put, keygate_buf_t *out);
static void keygate_fill_walk(keygate_str_t text, const keygate_error_t *e,
    keygate_put_pt put, keygate_buf_t *out);


static const keygate_str_t  keygate_fills[] = {
    keygate_string("{scope}"),
    keygate_string("{retry_after}"),
    keygate_string("{limit}"),
    keygate_string("{method}"),
    keygate_string("{path}"),
    keygate_string("{plan}")
};


/* The placeholder that "text" starts with, or KEYGATE_FILLS. */

static keygate_fill_e
keygate_fill_find(keygate_str_t text)
{
    unsigned  i;

    for (i = 0; i < KEYGATE_FILLS; i++) {
        if (text.len >= keygate_fills[i].len
            && memcmp(text.data, keygate_fills[i].data, keygate_fills[i].len)
               == 0)
        {
            break;
        }
    }

    return (keygate_fill_e) i;
}


/* What a '{' opens: at most up to the first '}', always letters and '_'. */

static size_t
keygate_fill_length(keygate_str_t text)
{
    size_t  i;

    for (i = 1; i < text.len; i++) {
        if (text.data[i] == '}') {
            return i > 1 ? i + 1 : 0;
        }

        if (text.data[i] != '_' && (text.data[i] < 'a' || text.data[i] > 'z'))
        {
            break;
        }
    }

    return 0;
}


keygate_rc_t
keygate_text_check(keygate_str_t text, keygate_str_t *culprit)
{
    size_t  len;

    for ( /* void */ ; text.len; text.data++, text.len--) {

        if (text.data[0] != '{') {
            continue;
        }

        len = keygate_fill_length(text);

        if (len != 0 && keygate_fill_find(text) == KEYGATE_FILLS) {
            culprit->data = text.data;
            culprit->len = len;
            return KEYGATE_INVALID;
        }
    }

    return KEYGATE_OK;
}


static void
keygate_fill_put(keygate_fill_e fill, const keygate_error_t *e,
    keygate_put_pt put, keygate_buf_t *out)
{
    unsigned       i;
    keygate_str_t  between;

    switch (fill) {

    case KEYGATE_FILL_SCOPE:
        between = e->one_of ? KEYGATE_STR(" or ") : KEYGATE_STR(", ");

        for (i = 0; i < e->n_missing; i++) {
            if (i) {
                put(out, between);
            }

            put(out, e->missing[i]);
        }

        break;

    case KEYGATE_FILL_RETRY_AFTER:
        keygate_buf_num(out, e->retry_after);
        break;

    case KEYGATE_FILL_LIMIT:
        if (e->limit) {
            keygate_buf_num(out, e->limit);
        }

        break;

    case KEYGATE_FILL_METHOD:
        put(out, e->method);
        break;

    case KEYGATE_FILL_PATH:
        put(out, e->path);
        break;

    case KEYGATE_FILL_PLAN:
        put(out, e->plan);
        break;

    default:
        break;
    }
}


/* Placeholders are ASCII: what is put piece by piece never splits a UTF-8
 * sequence. */

static void
keygate_fill_walk(keygate_str_t text, const keygate_error_t *e,
    keygate_put_pt put, keygate_buf_t *out)
{
    keygate_str_t         rest, piece;
    keygate_fill_e        fill;
    const unsigned char  *p, *end;

    piece.data = text.data;
    end = text.data + text.len;
    p = text.data;

    while (p < end && (p = memchr(p, '{', (size_t) (end - p))) != NULL) {
        rest.data = p;
        rest.len = (size_t) (end - p);

        fill = keygate_fill_find(rest);

        if (fill == KEYGATE_FILLS) {
            p++;
            continue;
        }

        piece.len = (size_t) (p - piece.data);
        put(out, piece);

        keygate_fill_put(fill, e, put, out);

        p += keygate_fills[fill].len;
        piece.data = p;
    }

    piece.len = (size_t) (end - piece.data);
    put(out, piece);
}


void
keygate_text_fill(keygate_str_t text, const keygate_error_t *e,
    keygate_buf_t *out)
{
    keygate_fill_walk(text, e, keygate_buf_put, out);
}


void
keygate_text_fill_grpc(keygate_str_t text, const keygate_error_t *e,
    keygate_buf_t *out)
{
    keygate_fill_walk(text, e, keygate_uri_grpc, out);
}


void
keygate_text_fill_json(keygate_str_t text, const keygate_error_t *e,
    keygate_buf_t *out)
{
    keygate_fill_walk(text, e, keygate_buf_json_part, out);
}


int
keygate_text_plain(keygate_str_t code)
{
    size_t         i;
    unsigned char  c;

    for (i = 0; i < code.len; i++) {
        c = code.data[i];

        if ((c < '0' || c > '9') && c != '_' && c != '-' && c != '.'
            && ((c | 0x20) < 'a' || (c | 0x20) > 'z'))
        {
            return 0;
        }
    }

    return code.len != 0;
}

/*
 * Decides what looks like a key of this API, and makes new ones.  Whether a
 * key is known is the table's affair; digests are in keygate_digest.c.
 */

#include <string.h>

#include <openssl/crypto.h>

#include "keygate_credential.h"
#include "keygate_random.h"
#include "keygate_uri.h"


#define KEYGATE_OPAQUE_ID_LEN  12


static const char  keygate_base36[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
static const char  keygate_base62[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                      "abcdefghijklmnopqrstuvwxyz";


#define KEYGATE_BASE36  1
#define KEYGATE_BASE62  2


static unsigned keygate_all_in(const unsigned char *data, size_t len,
    unsigned alphabet);
static unsigned keygate_differs(const unsigned char *a, const unsigned char *b,
    size_t len);
static size_t keygate_format_id(const keygate_format_t *f);
static size_t keygate_format_len(const keygate_format_t *f);
static int keygate_format_valid(const keygate_format_t *f);
static unsigned keygate_format_differs(const keygate_format_t *f,
    const unsigned char *p);
static int keygate_credential_within(const keygate_format_t *formats,
    unsigned n, const unsigned char *data, size_t len);
static keygate_rc_t keygate_id_make(const keygate_format_t *f, char *id);
static int keygate_id_fits(const keygate_format_t *f, const char *id);


static const unsigned char  keygate_alphabets[256] = {
    ['0' ... '9'] = KEYGATE_BASE36|KEYGATE_BASE62,
    ['A' ... 'Z'] = KEYGATE_BASE36|KEYGATE_BASE62,
    ['a' ... 'z'] = KEYGATE_BASE62
};


/* Whether all of "data" is in the alphabet; every byte is looked at. */

static unsigned
keygate_all_in(const unsigned char *data, size_t len, unsigned alphabet)
{
    size_t  i;

    for (i = 0; i < len; i++) {
        alphabet &= keygate_alphabets[data[i]];
    }

    return alphabet != 0;
}


static unsigned
keygate_differs(const unsigned char *a, const unsigned char *b, size_t len)
{
    size_t    i;
    unsigned  bad;

    bad = 0;

    for (i = 0; i < len; i++) {
        bad |= a[i] ^ b[i];
    }

    return bad;
}


/* The length of a key's id inside a credential, and of the whole. */

static size_t
keygate_format_id(const keygate_format_t *f)
{
    return f->id_len != 0 ? f->prefix.len + f->id_len : 0;
}


static size_t
keygate_format_len(const keygate_format_t *f)
{
    return f->prefix.len + (f->id_len != 0 ? (size_t) f->id_len + 1 : 0)
           + f->secret_len;
}


static int
keygate_format_valid(const keygate_format_t *f)
{
    return f->prefix.len != 0 && f->prefix.len <= KEYGATE_PREFIX_MAX
           && f->id_len <= KEYGATE_FORMAT_ID_MAX
           && f->secret_len >= KEYGATE_SECRET_MIN
           && f->secret_len <= KEYGATE_SECRET_MAX;
}


static unsigned
keygate_format_differs(const keygate_format_t *f, const unsigned char *p)
{
    unsigned  bad;

    bad = keygate_differs(p, f->prefix.data, f->prefix.len);
    p += f->prefix.len;

    if (f->id_len != 0) {
        bad |= !keygate_all_in(p, f->id_len, KEYGATE_BASE36);
        p += f->id_len;
        bad |= *p++ ^ (unsigned) '_';
    }

    bad |= !keygate_all_in(p, f->secret_len, KEYGATE_BASE62);

    return bad;
}


int
keygate_credential_parse(const keygate_format_t *formats, unsigned n,
    keygate_str_t credential, keygate_str_t *id)
{
    int       found;
    unsigned  i, bad;

    found = -1;

    for (i = 0; i < n; i++) {
        if (credential.len == 0
            || credential.len > KEYGATE_CREDENTIAL_MAX
            || keygate_format_len(&formats[i]) != credential.len)
        {
            continue;
        }

        /* a format that matched does not spare the others their time */

        bad = keygate_format_differs(&formats[i], credential.data);

        if (bad == 0 && found == -1) {
            found = (int) i;
        }
    }

    id->data = credential.data;
    id->len = found != -1 ? keygate_format_id(&formats[found]) : 0;

    return found;
}


static int
keygate_credential_within(const keygate_format_t *formats, unsigned n,
    const unsigned char *data, size_t len)
{
    size_t                whole;
    unsigned              i;
    keygate_str_t         id, span;
    const unsigned char  *p, *last;

    last = data + len;

    for (i = 0; i < n; i++) {
        whole = keygate_format_len(&formats[i]);

        for (p = data; (size_t) (last - p) >= whole; p++) {

            if (memcmp(p, formats[i].prefix.data, formats[i].prefix.len) != 0)
            {
                continue;
            }

            span.data = p;
            span.len = whole;

            if (keygate_credential_parse(&formats[i], 1, span, &id) == 0) {
                return 1;
            }
        }
    }

    return 0;
}


/*
 * Decodes as long as there is anything to be decoded: with every byte that is
 * put into the window, the escape that it may have completed becomes one byte,
 * which may complete another one.  A window that is full is looked at, and
 * its end, which may be the beginning of a key, stays.
 */

int
keygate_credential_inside(const keygate_format_t *formats, unsigned n,
    keygate_str_t text)
{
    int            c;
    size_t         i, len;
    unsigned char  window[4 * KEYGATE_CREDENTIAL_MAX];

    if (text.len == 0) {
        return 0;
    }

    if (keygate_credential_within(formats, n, text.data, text.len)) {
        return 1;
    }

    if (memchr(text.data, '%', text.len) == NULL) {
        return 0;
    }

    for (len = 0, i = 0; i < text.len; i++) {

        if (len == sizeof(window)) {
            if (keygate_credential_within(formats, n, window, len)) {
                return 1;
            }

            len = KEYGATE_CREDENTIAL_MAX + 2;
            memmove(window, window + sizeof(window) - len, len);
        }

        window[len++] = text.data[i];

        while (len >= 3) {
            c = keygate_uri_escape(window + len - 3);

            if (c == -1) {
                break;
            }

            len -= 2;
            window[len - 1] = (unsigned char) c;
        }
    }

    return keygate_credential_within(formats, n, window, len);
}


static keygate_rc_t
keygate_id_make(const keygate_format_t *f, char *id)
{
    unsigned  n;

    n = f->id_len;

    if (n != 0) {
        memcpy(id, f->prefix.data, f->prefix.len);
        id += f->prefix.len;

    } else {
        n = KEYGATE_OPAQUE_ID_LEN;
        memcpy(id, "key_", 4);
        id += 4;
    }

    id[n] = '\0';

    return keygate_random(keygate_base36, 36, n, id);
}


static int
keygate_id_fits(const keygate_format_t *f, const char *id)
{
    size_t                len;
    const unsigned char  *p;

    len = strnlen(id, KEYGATE_ID_MAX + 1);

    if (len > KEYGATE_ID_MAX) {
        return 0;
    }

    if (f->id_len == 0) {
        return 1;
    }

    p = (const unsigned char *) id;

    return len == keygate_format_id(f)
           && keygate_differs(p, f->prefix.data, f->prefix.len) == 0
           && keygate_all_in(p + f->prefix.len, f->id_len, KEYGATE_BASE36);
}


int
keygate_credential_id_of(const keygate_format_t *formats, unsigned n,
    keygate_str_t id, int *opaque)
{
    char      text[KEYGATE_ID_MAX + 1];
    unsigned  i;

    *opaque = 0;

    if (id.len > KEYGATE_ID_MAX) {
        return 0;
    }

    memcpy(text, id.data, id.len);
    text[id.len] = '\0';

    for (i = 0; i < n; i++) {

        if (formats[i].id_len == 0) {
            *opaque = 1;

        } else if (keygate_id_fits(&formats[i], text)) {
            return 1;
        }
    }

    return 0;
}


keygate_rc_t
keygate_credential_make(const keygate_format_t *f, char *id,
    char *credential)
{
    char          *p;
    size_t         len;
    keygate_rc_t   rc;

    credential[0] = '\0';

    if (!keygate_format_valid(f)) {
        return KEYGATE_INVALID;
    }

    if (id[0] == '\0') {
        rc = keygate_id_make(f, id);

        if (rc != KEYGATE_OK) {
            id[0] = '\0';
            return rc;
        }

    } else if (!keygate_id_fits(f, id)) {
        return KEYGATE_INVALID;
    }

    p = credential;

    if (f->id_len != 0) {
        len = keygate_format_id(f);
        memcpy(p, id, len);
        p += len;
        *p++ = '_';

    } else {
        memcpy(p, f->prefix.data, f->prefix.len);
        p += f->prefix.len;
    }

    p[f->secret_len] = '\0';

    rc = keygate_random(keygate_base62, 62, f->secret_len, p);

    if (rc != KEYGATE_OK) {
        OPENSSL_cleanse(credential, keygate_format_len(f));
    }

    return rc;
}

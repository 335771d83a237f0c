/*
 * Which characters are not sent to a terminal: controls, those that turn the
 * direction of writing (U+202E and its like), and others without a width.
 */

#include <string.h>

#include "keygate_core.h"
#include "plain.h"


static int cli_is_unseen(uint32_t c);
static size_t cli_plain_next(const char *text, const char *end, int *shown);


/* First and last ones, in order. */

static const uint32_t  cli_unseen[][2] = {
    { 0x0000, 0x001f }, { 0x007f, 0x009f }, { 0x00ad, 0x00ad },
    { 0x034f, 0x034f }, { 0x061c, 0x061c }, { 0x115f, 0x1160 },
    { 0x17b4, 0x17b5 }, { 0x180b, 0x180f }, { 0x200b, 0x200f },
    { 0x2028, 0x202e }, { 0x2060, 0x206f }, { 0x3164, 0x3164 },
    { 0xfe00, 0xfe0f }, { 0xfeff, 0xfeff }, { 0xffa0, 0xffa0 },
    { 0xfff0, 0xfffb }, { 0x1bca0, 0x1bca3 }, { 0x1d173, 0x1d17a },
    { 0xe0000, 0xe0fff }
};


static int
cli_is_unseen(uint32_t c)
{
    unsigned  i;

    for (i = 0; i < sizeof(cli_unseen) / sizeof(cli_unseen[0]); i++) {
        if (c <= cli_unseen[i][1]) {
            return c >= cli_unseen[i][0];
        }
    }

    return 0;
}


/* The bytes of the character at "p", and whether it is shown. */

static size_t
cli_plain_next(const char *text, const char *end, int *shown)
{
    size_t                i, n;
    uint32_t              c;
    const unsigned char  *p;

    static const unsigned char  masks[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };

    p = (const unsigned char *) text;
    n = keygate_utf8(p, (const unsigned char *) end);

    if (n == 0) {
        *shown = 0;
        return 1;
    }

    c = p[0] & masks[n];

    for (i = 1; i < n; i++) {
        c = c << 6 | (p[i] & 0x3f);
    }

    *shown = !cli_is_unseen(c);

    return n;
}


void
cli_plain(char *text)
{
    int     shown;
    char   *p, *to, *end;
    size_t  n;

    end = text + strlen(text);
    to = text;

    for (p = text; p < end; p += n) {
        n = cli_plain_next(p, end, &shown);

        if (shown) {
            memmove(to, p, n);
            to += n;

        } else {
            *to++ = '?';
        }
    }

    *to = '\0';
}


void
cli_plain_print(FILE *f, const char *text)
{
    int          shown;
    size_t       n;
    const char  *p, *end;

    end = text + strlen(text);

    for (p = text; p < end; p += n) {
        n = cli_plain_next(p, end, &shown);
        (void) fwrite(shown ? p : "?", 1, shown ? n : 1, f);
    }
}


int
cli_plain_member(const char *name)
{
    unsigned  i;

    static const char *const  plain[] = {
        "id", "account", "name", "created_at", "rotated_at", "expires_at",
        "revoked_at", "previous", "last_used_at", "plan", "status",
        "trial_ends_at", "profile", "secret", "scopes", "rates", "addresses",
        "meta", "changed_by", "suspended_at", "resets"
    };

    for (i = 0; i < sizeof(plain) / sizeof(plain[0]); i++) {
        if (strcmp(plain[i], name) == 0) {
            return 1;
        }
    }

    return 0;
}

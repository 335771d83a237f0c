/*
 * Whether a text is part of another one, in any case.
 */

#include "keygate_filter.h"


static size_t keygate_filter_letter(const unsigned char *p, size_t len,
    uint32_t *letter);


int
keygate_filter_part(keygate_str_t whole, keygate_str_t part)
{
    size_t    i, at, of;
    uint32_t  a, b;

    a = 0;
    b = 0;

    for (i = 0; i < whole.len;
         i += keygate_filter_letter(whole.data + i, whole.len - i, &a))
    {
        for (at = i, of = 0; of < part.len && at < whole.len; /* void */ ) {
            at += keygate_filter_letter(whole.data + at, whole.len - at, &a);
            of += keygate_filter_letter(part.data + of, part.len - of, &b);

            if (a != b) {
                break;
            }
        }

        if (of == part.len && a == b) {
            return 1;
        }
    }

    return 0;
}


/*
 * The next letter in lower case, and how many bytes it has.  The alphabets of
 * names in Europe are folded (Latin, Greek, Cyrillic); others have no case, or
 * are compared as they are.  What is not UTF-8 is taken byte by byte.
 */

static size_t
keygate_filter_letter(const unsigned char *p, size_t len, uint32_t *letter)
{
    uint32_t  c;

    c = p[0];

    if (c < 0xc2 || c >= 0xe0 || len < 2 || (p[1] & 0xc0) != 0x80) {
        *letter = c >= 'A' && c <= 'Z' ? c + 0x20 : c;
        return 1;
    }

    c = (c & 0x1f) << 6 | (p[1] & 0x3f);

    if ((c >= 0xc0 && c <= 0xde && c != 0xd7)
        || (c >= 0x391 && c <= 0x3a9) || (c >= 0x410 && c <= 0x42f))
    {
        c += 0x20;

    } else if (c >= 0x400 && c <= 0x40f) {
        c += 0x50;

    } else if ((c >= 0x100 && c <= 0x137) || (c >= 0x14a && c <= 0x177)) {
        c |= 1;

    } else if ((c >= 0x139 && c <= 0x148) || (c >= 0x179 && c <= 0x17e)) {
        c += c & 1;
    }

    *letter = c + 0x110000;      /* apart from the bytes above */

    return 2;
}

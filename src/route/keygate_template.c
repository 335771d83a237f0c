/*
 * Decides whether a template is well-formed, and what its segments are.
 */

#include "keygate_router.h"


int
keygate_segment_next(keygate_str_t path, size_t *at, keygate_str_t *segment)
{
    size_t  i;

    if (*at >= path.len) {
        return 0;
    }

    segment->data = path.data + *at + 1;

    for (i = *at + 1; i < path.len && path.data[i] != '/'; i++) {
        /* void */
    }

    segment->len = i - *at - 1;
    *at = i;

    return 1;
}


static int
keygate_param_name_valid(keygate_str_t name)
{
    size_t         i;
    unsigned char  c;

    if (name.len == 0) {
        return 0;
    }

    for (i = 0; i < name.len; i++) {
        c = name.data[i];

        if ((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_'
            || (i != 0 && c >= '0' && c <= '9'))
        {
            continue;
        }

        return 0;
    }

    return 1;
}


static const char *
keygate_fixed_error(keygate_str_t segment)
{
    size_t         i;
    unsigned char  c;

    if (keygate_str_eq(segment, KEYGATE_STR("."))
        || keygate_str_eq(segment, KEYGATE_STR("..")))
    {
        return "no segment \".\" or \"..\"";
    }

    for (i = 0; i < segment.len; i++) {
        c = segment.data[i];

        if (c == '*') {
            return "\"*\" only as the whole of the last segment";
        }

        if (c < 0x20 || c == 0x7f || c == '%' || c == '?' || c == '#'
            || c == ';' || c == '\\')
        {
            return "decoded characters, none of them \"%\", \"?\", \"#\", "
                   "\";\", \"\\\" or a control character";
        }
    }

    return NULL;
}


static const char *
keygate_segment_error(keygate_str_t segment, int last)
{
    if (segment.len == 0) {
        return last ? NULL : "no empty segment but a last one";
    }

    if (segment.data[0] == ':') {
        segment.data++;
        segment.len--;

        return keygate_param_name_valid(segment)
               ? NULL : "\":\" and a name of letters, digits and \"_\"";
    }

    if (last && segment.len == 1 && segment.data[0] == '*') {
        return NULL;
    }

    return keygate_fixed_error(segment);
}


static int
keygate_text_is_utf8(keygate_str_t s)
{
    size_t                n;
    const unsigned char  *p, *end;

    end = s.data + s.len;

    for (p = s.data; p < end; p += n) {
        n = keygate_utf8(p, end);

        if (n == 0) {
            return 0;
        }
    }

    return 1;
}


const char *
keygate_template_error(keygate_str_t path)
{
    size_t          at;
    unsigned        i, n;
    const char     *error;
    keygate_str_t   segments[KEYGATE_SEGMENTS_MAX];

    if (path.len == 0 || path.data[0] != '/') {
        return "a path that starts with \"/\"";
    }

    if (!keygate_text_is_utf8(path)) {
        return "valid UTF-8";
    }

    at = 0;

    for (n = 0; at < path.len; n++) {
        if (n == KEYGATE_SEGMENTS_MAX) {
            return "at most 64 segments";
        }

        (void) keygate_segment_next(path, &at, &segments[n]);

        error = keygate_segment_error(segments[n], at == path.len);
        if (error != NULL) {
            return error;
        }

        if (segments[n].len == 0 || segments[n].data[0] != ':') {
            continue;
        }

        for (i = 0; i < n; i++) {
            if (keygate_str_eq(segments[i], segments[n])) {
                return "a different name for each parameter";
            }
        }
    }

    return NULL;
}

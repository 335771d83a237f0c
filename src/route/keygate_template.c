/*
 * Decides whether a template is well-formed, and what its segments are.
 */

#include <string.h>

#include "keygate_router.h"


static int keygate_name_char(unsigned char c);
static const char *keygate_text_error(keygate_str_t text);
static const char *keygate_after_error(keygate_str_t after);
static int keygate_text_is_utf8(keygate_str_t s);


int
keygate_template_next(keygate_str_t path, size_t *at, keygate_str_t *segment)
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
keygate_name_char(unsigned char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z')
           || (c >= '0' && c <= '9') || c == '_';
}


static const char *
keygate_text_error(keygate_str_t text)
{
    size_t         i;
    unsigned char  c;

    for (i = 0; i < text.len; i++) {
        c = text.data[i];

        if (c == '*') {
            return "\"*\" only as the whole of the last segment";
        }

        if (c != '\0' && strchr("{}<>[]()|$?", c) != NULL) {
            return "a parameter as \":id\" and the rest of a path as a last "
                   "\"/*\", without \"{\", \"}\", \"<\", \">\", \"[\", "
                   "\"]\", \"(\", \")\", \"|\", \"$\" or \"?\"";
        }

        if (c < 0x20 || c == 0x7f || c == '%' || c == '#' || c == ';'
            || c == '\\')
        {
            return "decoded characters, none of them \"%\", \"#\", \";\", "
                   "\"\\\" or a control character";
        }
    }

    return NULL;
}


/* A parameter's text after its name: of colons, the first may stand alone, as
 * in ":id:cancel"; any other would be a second parameter's. */

static const char *
keygate_after_error(keygate_str_t after)
{
    size_t  i;

    if (after.len != 0 && after.data[0] >= 0x80) {
        return "\":\" and a name of letters, digits and \"_\" (ASCII)";
    }

    for (i = 0; i < after.len; i++) {
        if (after.data[i] != ':') {
            continue;
        }

        if (i + 1 < after.len && after.data[i + 1] == ':') {
            i++;

        } else if (i != 0) {
            return "one parameter in a segment, and a colon of fixed text "
                   "as \"::\"";
        }
    }

    return NULL;
}


const char *
keygate_template_part(keygate_str_t segment, int last, keygate_part_t *part)
{
    size_t       i;
    const char  *error;

    part->kind = KEYGATE_PART_FIXED;
    part->before = segment;
    part->name.len = 0;
    part->after.len = 0;

    if (segment.len == 0) {
        return last ? NULL : "no empty segment but a last one";
    }

    if (last && keygate_str_eq(segment, KEYGATE_STR("*"))) {
        part->kind = KEYGATE_PART_REST;
        return NULL;
    }

    if (keygate_str_eq(segment, KEYGATE_STR("."))
        || keygate_str_eq(segment, KEYGATE_STR("..")))
    {
        return "no segment \".\" or \"..\"";
    }

    error = keygate_text_error(segment);
    if (error != NULL) {
        return error;
    }

    for (i = 0; i < segment.len; i++) {
        if (segment.data[i] != ':') {
            continue;
        }

        if (i + 1 == segment.len || segment.data[i + 1] != ':') {
            break;
        }

        i++;
    }

    if (i == segment.len) {
        return NULL;
    }

    part->before.len = i++;
    part->name.data = segment.data + i;

    while (i < segment.len && keygate_name_char(segment.data[i])) {
        i++;
    }

    part->name.len = (size_t) (segment.data + i - part->name.data);
    part->after.data = segment.data + i;
    part->after.len = segment.len - i;

    if (part->name.len == 0) {
        return "\":\" and a name of letters, digits and \"_\", or \"::\" for "
               "a colon of fixed text";
    }

    part->kind = part->before.len + part->after.len != 0
                 ? KEYGATE_PART_MIXED : KEYGATE_PART_PARAM;

    return keygate_after_error(part->after);
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
    size_t           at;
    unsigned         i, n;
    const char      *error;
    keygate_str_t    segment;
    keygate_part_t   parts[KEYGATE_SEGMENTS_MAX];

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

        (void) keygate_template_next(path, &at, &segment);

        memset(&parts[n], 0, sizeof(parts[n]));

        error = keygate_template_part(segment, at == path.len, &parts[n]);
        if (error != NULL) {
            return error;
        }

        for (i = 0; i < n && parts[n].name.len != 0; i++) {
            if (keygate_str_eq(parts[i].name, parts[n].name)) {
                return "a different name for each parameter";
            }
        }
    }

    return NULL;
}

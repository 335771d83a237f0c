/*
 * What is told of a document, with the place that it is about.
 */

#include <stdarg.h>
#include <stdio.h>

#include "keygate_openapi_private.h"


static char *keygate_openapi_format(keygate_openapi_work_t *w, const char *fmt,
    va_list args);
static keygate_rc_t keygate_openapi_note(keygate_openapi_work_t *w,
    keygate_openapi_note_e kind, const char *pointer, unsigned line,
    const char *text);
static size_t keygate_openapi_shown(const unsigned char *p,
    const unsigned char *end);


static char *
keygate_openapi_format(keygate_openapi_work_t *w, const char *fmt,
    va_list args)
{
    int      n;
    char    *text;
    va_list  copy;

    va_copy(copy, args);
    n = vsnprintf(NULL, 0, fmt, copy);
    va_end(copy);

    text = n < 0 ? NULL : keygate_doc_alloc(w->doc, (size_t) n + 1);

    if (text != NULL) {
        vsnprintf(text, (size_t) n + 1, fmt, args);
    }

    return text;
}


static keygate_rc_t
keygate_openapi_note(keygate_openapi_work_t *w, keygate_openapi_note_e kind,
    const char *pointer, unsigned line, const char *text)
{
    keygate_openapi_note_t  *note;

    note = keygate_doc_alloc(w->doc, sizeof(keygate_openapi_note_t));

    if (note == NULL || text == NULL) {
        return KEYGATE_NOMEM;
    }

    note->kind = kind;
    note->pointer = pointer;
    note->line = line;
    note->text = text;

    if (w->last != NULL) {
        w->last->next = note;

    } else {
        w->result->notes = note;
    }

    w->last = note;
    w->result->n_warnings += kind == KEYGATE_OPENAPI_WARNING;

    return KEYGATE_OK;
}


keygate_rc_t
keygate_openapi_warn(keygate_openapi_work_t *w, const char *pointer,
    unsigned line, const char *fmt, ...)
{
    char     *text;
    va_list   args;

    va_start(args, fmt);
    text = keygate_openapi_format(w, fmt, args);
    va_end(args);

    return keygate_openapi_note(w, KEYGATE_OPENAPI_WARNING, pointer, line,
                                text);
}


keygate_rc_t
keygate_openapi_tell(keygate_openapi_work_t *w, keygate_openapi_note_e kind,
    const char *pointer, unsigned line, const char *fmt, ...)
{
    char     *text;
    va_list   args;

    va_start(args, fmt);
    text = keygate_openapi_format(w, fmt, args);
    va_end(args);

    return keygate_openapi_note(w, kind, pointer, line, text);
}


keygate_rc_t
keygate_openapi_fail(keygate_openapi_work_t *w, const char *pointer,
    unsigned line, const char *fmt, ...)
{
    va_list  args;

    va_start(args, fmt);
    w->result->error = keygate_openapi_format(w, fmt, args);
    va_end(args);

    w->result->pointer = pointer;
    w->result->line = line;

    return w->result->error != NULL ? KEYGATE_INVALID : KEYGATE_NOMEM;
}


/* RFC 6901; bytes that would not stay in a line are shown as '?'. */

const char *
keygate_openapi_pointer(keygate_openapi_work_t *w, const char *pointer,
    keygate_str_t name)
{
    char           *text, *p;
    size_t          i, len;
    unsigned char   c;

    len = strlen(pointer);
    text = keygate_doc_alloc(w->doc, len + 2 * name.len + 2);

    if (text == NULL) {
        return NULL;
    }

    memcpy(text, pointer, len);
    p = text + len;
    *p++ = '/';

    for (i = 0; i < name.len; i++) {
        c = name.data[i];

        if (c == '~' || c == '/') {
            *p++ = '~';
            *p++ = c == '~' ? '0' : '1';

        } else {
            *p++ = (char) (c < 0x20 || c == 0x7f ? '?' : c);
        }
    }

    return text;
}


const char *
keygate_openapi_pointer_n(keygate_openapi_work_t *w, const char *pointer,
    unsigned n)
{
    return keygate_doc_printf(w->doc, "%s/%u", pointer, n);
}


keygate_rc_t
keygate_openapi_member(keygate_openapi_work_t *w,
    const keygate_openapi_at_t *map, const char *name,
    keygate_openapi_at_t *at)
{
    *at = *map;
    at->node = keygate_doc_get(map->node, keygate_span(name));

    if (at->node != NULL) {
        at->pointer = keygate_openapi_pointer(w, map->pointer,
                                              keygate_span(name));
    }

    return at->pointer != NULL ? KEYGATE_OK : KEYGATE_NOMEM;
}


/* The length of the character at "p", 0 when it is none to be shown: a
 * control, one of Unicode's C1, or broken. */

static size_t
keygate_openapi_shown(const unsigned char *p, const unsigned char *end)
{
    size_t  n;

    n = keygate_utf8(p, end);

    return *p <= ' ' || *p == 0x7f
           || (n == 2 && p[0] == 0xc2 && p[1] < 0xa0) ? 0 : n;
}


keygate_str_t
keygate_openapi_line(keygate_openapi_work_t *w, keygate_str_t text,
    size_t max)
{
    size_t                n;
    unsigned char        *out;
    keygate_str_t         line;
    const unsigned char  *p, *end;

    line.data = out = keygate_doc_alloc(w->doc, max + 5);
    line.len = 0;

    if (text.len == 0) {
        text = KEYGATE_STR("");
    }

    end = text.data + text.len;

    for (p = text.data; out != NULL && p < end; p += n == 0 ? 1 : n) {
        n = keygate_openapi_shown(p, end);

        if (n == 0) {
            if (line.len != 0 && out[line.len - 1] != ' ') {
                out[line.len++] = ' ';
            }

        } else if (line.len + n <= max) {
            memcpy(out + line.len, p, n);
            line.len += n;
        }

        if (line.len + (n == 0 ? 1 : n) > max) {
            for (n = 0; n < 3; n++) {
                out[line.len++] = '.';
            }

            break;
        }
    }

    while (line.len != 0 && line.data[line.len - 1] == ' ') {
        line.len--;
    }

    return line;
}


keygate_rc_t
keygate_openapi_steps(keygate_openapi_work_t *w, uint64_t n)
{
    w->steps += n;

    return w->steps <= KEYGATE_OPENAPI_STEPS
           ? KEYGATE_OK
           : keygate_openapi_fail(w, "", 0, "what it says takes too many "
                                  "steps to read");
}

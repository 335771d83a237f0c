/*
 * Paths of a document as templates.  A segment that a template cannot say is a
 * parameter as a whole: the template is wide then, and takes paths that are
 * somebody else's in the document.  So does a last one that is the rest.
 */

#include "keygate_openapi_private.h"


#define KEYGATE_OPENAPI_MADE  24         /* bytes that a name gets besides */


typedef struct {
    keygate_openapi_path_t  *path;
    keygate_buf_t            text;
    keygate_buf_t            shape;
    keygate_buf_t            exact;
    unsigned                 segment;
    unsigned                 last:1;
} keygate_openapi_template_t;


static int keygate_openapi_letter(unsigned char c);
static void keygate_openapi_byte(keygate_buf_t *b, unsigned char c);
static int keygate_openapi_named(const keygate_buf_t *text,
    keygate_str_t name);
static void keygate_openapi_param(keygate_openapi_template_t *t,
    keygate_str_t name);
static int keygate_openapi_fixed(keygate_openapi_template_t *t,
    keygate_str_t raw, int after);
static int keygate_openapi_parts(keygate_openapi_template_t *t,
    keygate_str_t segment);
static int keygate_openapi_rest(keygate_str_t segment);
static void keygate_openapi_segment(keygate_openapi_template_t *t,
    keygate_str_t segment);
static size_t keygate_openapi_end(keygate_str_t name, size_t i);
static size_t keygate_openapi_room_for(keygate_str_t name);


static int
keygate_openapi_letter(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
           || (c >= '0' && c <= '9') || c == '_';
}


static void
keygate_openapi_byte(keygate_buf_t *b, unsigned char c)
{
    keygate_buf_put(b, (keygate_str_t) { 1, &c });
}


/* Whether the template so far has a parameter of this name. */

static int
keygate_openapi_named(const keygate_buf_t *text, keygate_str_t name)
{
    size_t  i;

    for (i = 0; i + name.len < text->len; i++) {
        if (text->data[i] == ':'
            && memcmp(text->data + i + 1, name.data, name.len) == 0
            && (i + 1 + name.len == text->len
                || !keygate_openapi_letter(text->data[i + 1 + name.len])))
        {
            return 1;
        }
    }

    return 0;
}


/* A parameter by this name, or one that is like it. */

static void
keygate_openapi_param(keygate_openapi_template_t *t, keygate_str_t name)
{
    size_t          i;
    unsigned char   c, data[128];
    keygate_buf_t   b;
    keygate_str_t   made;

    b.data = data;
    b.size = sizeof(data);
    b.len = 0;

    for (i = 0; i < name.len && i < 64; i++) {
        c = name.data[i];

        if (keygate_openapi_letter(c)) {
            keygate_openapi_byte(&b, c);

        } else if (b.len != 0 && data[b.len - 1] != '_') {
            keygate_openapi_byte(&b, '_');
        }
    }

    while (b.len != 0 && data[b.len - 1] == '_' && name.data[i - 1] != '_') {
        b.len--;
    }

    if (b.len == 0) {
        keygate_buf_puts(&b, "part");
    }

    made = (keygate_str_t) { b.len, data };

    if (keygate_openapi_named(&t->text, made)) {
        keygate_buf_puts(&b, "_");
        keygate_buf_num(&b, t->segment);
        made.len = b.len;
    }

    keygate_buf_puts(&t->text, ":");
    keygate_buf_put(&t->text, made);
    keygate_openapi_byte(&t->shape, KEYGATE_OPENAPI_PARAM);
}


/* Fixed text, percent-decoded; "after" a parameter's name, or not.  0 when a
 * template cannot have it. */

static int
keygate_openapi_fixed(keygate_openapi_template_t *t, keygate_str_t raw,
    int after)
{
    int            high, low;
    size_t         i;
    unsigned char  c, next;

    for (i = 0; i < raw.len; i++) {
        c = raw.data[i];

        if (c == '%') {
            high = i + 2 < raw.len ? keygate_hex_value(raw.data[i + 1]) : -1;
            low = i + 2 < raw.len ? keygate_hex_value(raw.data[i + 2]) : -1;

            if (high == -1 || low == -1) {
                return 0;
            }

            c = (unsigned char) (high << 4 | low);
            i += 2;
        }

        if (c < 0x20 || c == 0x7f || c == '/'
            || strchr("{}<>[]()|$?*%#;\\", c) != NULL)
        {
            return 0;
        }

        next = i + 1 < raw.len ? raw.data[i + 1] : '\0';

        if (c == ':' && !(after && i == 0 && keygate_openapi_letter(next))) {
            keygate_openapi_byte(&t->text, ':');
        }

        keygate_openapi_byte(&t->text, c);
        keygate_openapi_byte(&t->shape, c);
    }

    return 1;
}


/* A parameter between fixed texts, or fixed text alone; 0 when it is more than
 * that. */

static int
keygate_openapi_parts(keygate_openapi_template_t *t, keygate_str_t segment)
{
    const unsigned char  *open, *close;
    keygate_str_t         name, before, after;

    open = segment.len ? memchr(segment.data, '{', segment.len) : NULL;

    if (open == NULL) {
        return keygate_openapi_fixed(t, segment, 0);
    }

    before.data = segment.data;
    before.len = (size_t) (open - segment.data);

    close = memchr(open, '}', segment.len - before.len);

    if (close == NULL) {
        return 0;
    }

    name.data = open + 1;
    name.len = (size_t) (close - name.data);
    after.data = close + 1;
    after.len = segment.len - (size_t) (after.data - segment.data);

    if (after.len != 0
        && (keygate_openapi_letter(after.data[0]) || after.data[0] >= 0x80
            || after.data[0] == '%'))
    {
        return 0;
    }

    if (!keygate_openapi_fixed(t, before, 0)) {
        return 0;
    }

    keygate_openapi_param(t, name);

    return keygate_openapi_fixed(t, after, 1);
}


/* The rest of a path, as some write it: a last "{path+}", "{path*}", "*".  In
 * OpenAPI it is one segment. */

static int
keygate_openapi_rest(keygate_str_t segment)
{
    unsigned char  c;

    if (keygate_str_eq(segment, KEYGATE_STR("*"))
        || keygate_str_eq(segment, KEYGATE_STR("**")))
    {
        return 1;
    }

    if (segment.len < 4 || segment.data[0] != '{'
        || segment.data[segment.len - 1] != '}'
        || memchr(segment.data + 1, '{', segment.len - 1) != NULL)
    {
        return 0;
    }

    c = segment.data[segment.len - 2];

    return c == '+' || c == '*' || segment.data[1] == '+'
           || segment.data[1] == '*';
}


static void
keygate_openapi_segment(keygate_openapi_template_t *t, keygate_str_t segment)
{
    size_t  text, shape;

    keygate_buf_puts(&t->text, "/");
    keygate_buf_puts(&t->shape, "/");
    keygate_buf_puts(&t->exact, "/");
    t->segment++;

    if (t->last && keygate_openapi_rest(segment)) {
        keygate_buf_puts(&t->text, "*");
        keygate_openapi_byte(&t->shape, KEYGATE_OPENAPI_REST);
        keygate_openapi_byte(&t->exact, KEYGATE_OPENAPI_REST);
        t->path->rest = 1;
        return;
    }

    text = t->text.len;
    shape = t->shape.len;

    if (keygate_openapi_parts(t, segment)) {
        keygate_buf_put(&t->exact, (keygate_str_t) { t->shape.len - shape,
                                                     t->shape.data + shape });
        return;
    }

    t->text.len = text;
    t->shape.len = shape;
    t->path->wide = 1;
    keygate_openapi_param(t, segment);
    keygate_openapi_exact(&t->exact, segment);
}


/* Where the next '/', or what ends a path, is: none within braces. */

static size_t
keygate_openapi_end(keygate_str_t name, size_t i)
{
    unsigned  inside;

    for (inside = 0; i < name.len; i++) {
        inside = name.data[i] == '{' ? 1
                 : name.data[i] == '}' ? 0 : inside;

        if (!inside && strchr("/?#", name.data[i]) != NULL) {
            break;
        }
    }

    return i;
}


/* Every byte may be a colon, and every segment a parameter that gets another
 * name. */

static size_t
keygate_openapi_room_for(keygate_str_t name)
{
    size_t  i, size;

    size = 2 * name.len + KEYGATE_OPENAPI_MADE;

    for (i = 0; i < name.len; i++) {
        size += name.data[i] == '/' ? KEYGATE_OPENAPI_MADE : 0;
    }

    return size;
}


keygate_rc_t
keygate_openapi_template(keygate_openapi_work_t *w,
    keygate_openapi_path_t *path)
{
    size_t                       i, end;
    keygate_str_t                name, segment;
    keygate_openapi_template_t   t;

    memset(&t, 0, sizeof(keygate_openapi_template_t));
    name = path->name;

    if (name.len == 0 || name.len > KEYGATE_OPENAPI_PATH
        || name.data[0] != '/' || memchr(name.data, '\0', name.len) != NULL)
    {
        return KEYGATE_NONE;
    }

    t.path = path;
    t.text.size = keygate_openapi_room_for(name);
    t.shape.size = t.exact.size = t.text.size;
    t.text.data = keygate_doc_alloc(w->doc, t.text.size);
    t.shape.data = keygate_doc_alloc(w->doc, t.shape.size);
    t.exact.data = keygate_doc_alloc(w->doc, t.exact.size);

    if (t.text.data == NULL || t.shape.data == NULL || t.exact.data == NULL) {
        return KEYGATE_NOMEM;
    }

    for (i = 0; i < name.len && name.data[i] == '/'; i = end) {
        if (t.segment == KEYGATE_SEGMENTS_MAX) {
            return KEYGATE_NONE;
        }

        end = keygate_openapi_end(name, i + 1);
        segment.data = name.data + i + 1;
        segment.len = end - i - 1;
        t.last = end == name.len;
        keygate_openapi_segment(&t, segment);
    }

    path->cut = i < name.len;
    path->n = t.segment;
    path->text = (keygate_str_t) { t.text.len, t.text.data };
    path->shape = (keygate_str_t) { t.shape.len, t.shape.data };
    path->exact = (keygate_str_t) { t.exact.len, t.exact.data };

    if (keygate_str_eq(path->exact, path->shape)) {
        path->exact.len = 0;
    }

    return keygate_template_error(path->text) == NULL ? KEYGATE_OK
                                                      : KEYGATE_NONE;
}

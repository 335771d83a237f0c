/*
 * Templates as paths of a document.
 */

#include "keygate_openapi_export.h"
#include "keygate_router.h"


static void keygate_openapi_path_text(keygate_buf_t *out, keygate_str_t text);


static void
keygate_openapi_path_text(keygate_buf_t *out, keygate_str_t text)
{
    size_t  i;

    for (i = 0; i < text.len; i++) {
        keygate_buf_put(out, (keygate_str_t) { 1, text.data + i });

        i += text.data[i] == ':' && i + 1 < text.len
             && text.data[i + 1] == ':';
    }
}


const char *
keygate_openapi_path_of(keygate_doc_t *doc, keygate_str_t template)
{
    size_t           at;
    keygate_buf_t    b;
    keygate_str_t    segment;
    keygate_part_t   part;

    if (keygate_template_error(template) != NULL) {
        return NULL;
    }

    b.size = 2 * template.len + 16;
    b.len = 0;
    b.data = keygate_doc_alloc(doc, b.size);

    for (at = 0; b.data != NULL
                 && keygate_template_next(template, &at, &segment); /* void */)
    {
        part.name.len = part.after.len = 0;
        (void) keygate_template_part(segment, at == template.len, &part);
        keygate_buf_puts(&b, "/");

        if (part.kind == KEYGATE_PART_REST) {
            keygate_buf_puts(&b, "{path+}");
            continue;
        }

        keygate_openapi_path_text(&b, part.before);

        if (part.name.len != 0) {
            keygate_buf_puts(&b, "{");
            keygate_buf_put(&b, part.name);
            keygate_buf_puts(&b, "}");
            keygate_openapi_path_text(&b, part.after);
        }
    }

    return b.data != NULL && b.len < b.size ? (const char *) b.data : NULL;
}

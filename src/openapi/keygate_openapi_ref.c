/*
 * $ref: inside the document, and to files below its directory, which a
 * callback reads.  Nothing is ever fetched.
 */

#include "keygate_openapi_private.h"


#define KEYGATE_OPENAPI_REFS   32        /* one after the other */
#define KEYGATE_OPENAPI_TOKEN  1024
#define KEYGATE_OPENAPI_ELEMENTS  1000   /* of a list, that can be meant */


static int keygate_openapi_token(keygate_str_t raw, unsigned char *out,
    keygate_str_t *token);
static keygate_doc_node_t *keygate_openapi_element(
    const keygate_doc_node_t *list, keygate_str_t token);
static keygate_doc_node_t *keygate_openapi_find(keygate_doc_node_t *node,
    keygate_str_t fragment);
static int keygate_openapi_local(keygate_str_t path);
static keygate_rc_t keygate_openapi_file(keygate_openapi_work_t *w,
    keygate_str_t path, keygate_doc_node_t **root);
static keygate_rc_t keygate_openapi_step(keygate_openapi_work_t *w,
    keygate_str_t ref, keygate_doc_node_t **root, keygate_str_t *dir,
    keygate_doc_node_t **node);


/* A step of a pointer: percent-decoded, then "~1" and "~0".  0: too long. */

static int
keygate_openapi_token(keygate_str_t raw, unsigned char *out,
    keygate_str_t *token)
{
    int     high, low;
    size_t  i, n, m;

    if (raw.len > KEYGATE_OPENAPI_TOKEN) {
        return 0;
    }

    for (n = 0, i = 0; i < raw.len; i++) {
        out[n++] = raw.data[i];

        if (raw.data[i] == '%' && i + 2 < raw.len) {
            high = keygate_hex_value(raw.data[i + 1]);
            low = keygate_hex_value(raw.data[i + 2]);

            if (high != -1 && low != -1) {
                out[n - 1] = (unsigned char) (high << 4 | low);
                i += 2;
            }
        }
    }

    for (m = 0, i = 0; i < n; i++) {
        if (out[i] == '~' && i + 1 < n
            && (out[i + 1] == '0' || out[i + 1] == '1'))
        {
            out[m++] = out[++i] == '0' ? '~' : '/';

        } else {
            out[m++] = out[i];
        }
    }

    token->data = out;
    token->len = m;

    return 1;
}


static keygate_doc_node_t *
keygate_openapi_element(const keygate_doc_node_t *list, keygate_str_t token)
{
    size_t               i, n;
    keygate_doc_node_t  *node;

    for (n = 0, i = 0; i < token.len; i++) {
        if (token.data[i] < '0' || token.data[i] > '9'
            || n > KEYGATE_OPENAPI_ELEMENTS)
        {
            return NULL;
        }

        n = 10 * n + (token.data[i] - '0');
    }

    for (node = list->first; node != NULL && n != 0; n--) {
        node = node->next;
    }

    return node;
}


/* What a fragment ("/components/...") points at. */

static keygate_doc_node_t *
keygate_openapi_find(keygate_doc_node_t *node, keygate_str_t fragment)
{
    size_t         i;
    keygate_str_t  raw, token;
    unsigned char  out[KEYGATE_OPENAPI_TOKEN];

    if (fragment.len != 0 && fragment.data[0] != '/') {
        return NULL;
    }

    while (node != NULL && fragment.len != 0) {

        for (i = 1; i < fragment.len && fragment.data[i] != '/'; i++) {
            /* void */
        }

        raw.data = fragment.data + 1;
        raw.len = i - 1;
        fragment.data += i;
        fragment.len -= i;

        if (!keygate_openapi_token(raw, out, &token)) {
            return NULL;
        }

        node = node->kind == KEYGATE_DOC_LIST
               ? keygate_openapi_element(node, token)
               : keygate_doc_get(node, token);
    }

    return node;
}


/* Whether it is below the directory, by what it says: files of a name in it,
 * no scheme, no step up. */

static int
keygate_openapi_local(keygate_str_t path)
{
    size_t  i;

    if (path.len == 0 || path.len > KEYGATE_OPENAPI_TOKEN
        || path.data[0] == '/' || memchr(path.data, '\0', path.len) != NULL
        || memchr(path.data, ':', path.len) != NULL
        || memchr(path.data, '\\', path.len) != NULL)
    {
        return 0;
    }

    for (i = 0; i + 1 < path.len; i++) {
        if (path.data[i] == '.' && path.data[i + 1] == '.'
            && (i == 0 || path.data[i - 1] == '/')
            && (i + 2 == path.len || path.data[i + 2] == '/'))
        {
            return 0;
        }
    }

    return 1;
}


/* The root of another file; NULL with w->doc->fault, or its reason. */

static keygate_rc_t
keygate_openapi_file(keygate_openapi_work_t *w, keygate_str_t path,
    keygate_doc_node_t **root)
{
    keygate_rc_t         rc;
    keygate_str_t        name, text;
    keygate_doc_node_t  *file;

    file = keygate_doc_get(w->files, path);

    if (file != NULL) {
        *root = file->first;
        return KEYGATE_OK;
    }

    *root = NULL;
    name = keygate_doc_copy(w->doc, path);
    file = keygate_doc_node(w->doc, KEYGATE_DOC_MAP, 0);

    if (name.data == NULL || file == NULL) {
        return KEYGATE_NOMEM;
    }

    file->name = name;

    if (!keygate_doc_append(w->doc, w->files, file)) {
        return KEYGATE_NOMEM;
    }

    rc = w->options->load == NULL
         ? KEYGATE_NONE
         : w->options->load(w->options->data, (const char *) name.data,
                            &text);
    if (rc != KEYGATE_OK) {
        return rc == KEYGATE_NONE ? KEYGATE_OK : rc;
    }

    file->first = keygate_doc_read(w->doc, text);
    *root = file->first;

    return file->first == NULL && w->doc->fault.reason == NULL
           ? KEYGATE_NOMEM : KEYGATE_OK;
}


/* Where one reference leads; *root is the file that it is in, *dir how that
 * one is called from the document's directory. */

static keygate_rc_t
keygate_openapi_step(keygate_openapi_work_t *w, keygate_str_t ref,
    keygate_doc_node_t **root, keygate_str_t *dir, keygate_doc_node_t **node)
{
    char                 *joined;
    size_t                i;
    keygate_rc_t          rc;
    keygate_str_t         path, fragment;

    for (i = 0; i < ref.len && ref.data[i] != '#'; i++) {
        /* void */
    }

    path.data = ref.data;
    path.len = i;
    i += i < ref.len;
    fragment.data = ref.data + i;
    fragment.len = ref.len - i;

    *node = NULL;

    if (path.len != 0) {

        joined = keygate_doc_printf(w->doc, "%.*s%.*s", (int) dir->len,
                                    (const char *) dir->data, (int) path.len,
                                    (const char *) path.data);
        if (joined == NULL) {
            return KEYGATE_NOMEM;
        }

        path = keygate_span(joined + (strncmp(joined, "./", 2) == 0 ? 2 : 0));

        if (!keygate_openapi_local(path)) {
            return KEYGATE_OK;
        }

        rc = keygate_openapi_file(w, path, root);

        if (rc != KEYGATE_OK) {
            return rc;
        }

        for (i = path.len; i != 0 && path.data[i - 1] != '/'; i--) {
            /* void */
        }

        dir->data = path.data;
        dir->len = i;
    }

    *node = keygate_openapi_find(*root, fragment);

    return KEYGATE_OK;
}


static const struct {
    const char  *member;
    const char  *method;
} keygate_openapi_methods[] = {
    { "get", "GET" }, { "put", "PUT" }, { "post", "POST" },
    { "delete", "DELETE" }, { "options", "OPTIONS" }, { "head", "HEAD" },
    { "patch", "PATCH" }, { "trace", "TRACE" }, { NULL, NULL }
};


const char *
keygate_openapi_method(keygate_str_t name)
{
    unsigned  i;

    for (i = 0; keygate_openapi_methods[i].member != NULL; i++) {
        if (keygate_str_eq(name,
                           keygate_span(keygate_openapi_methods[i].member)))
        {
            return keygate_openapi_methods[i].method;
        }
    }

    return NULL;
}


int
keygate_openapi_says(const keygate_openapi_work_t *w,
    const keygate_doc_node_t *map)
{
    const char                *from;
    const keygate_doc_node_t  *node;

    if (keygate_doc_get(map, KEYGATE_STR("security")) != NULL
        || keygate_doc_get(map, KEYGATE_STR("servers")) != NULL
        || keygate_doc_get(map, KEYGATE_STR("x-keygate")) != NULL)
    {
        return 1;
    }

    from = w->options->scopes_from;

    if (from != NULL && keygate_doc_get(map, keygate_span(from)) != NULL) {
        return 1;
    }

    for (node = map->first; node != NULL; node = node->next) {
        if (keygate_openapi_method(node->name) != NULL) {
            return 1;
        }
    }

    return 0;
}


keygate_rc_t
keygate_openapi_follow(keygate_openapi_work_t *w,
    const keygate_openapi_at_t *at, keygate_openapi_at_t *found)
{
    unsigned             i;
    const char          *reason;
    keygate_rc_t         rc;
    keygate_str_t        shown;
    keygate_doc_node_t  *ref, *root;

    *found = *at;
    reason = "leads from reference to reference, without an end";
    root = found->root != NULL ? found->root : w->root;

    for (i = 0; i < KEYGATE_OPENAPI_REFS; i++) {
        ref = keygate_doc_get(found->node, KEYGATE_STR("$ref"));

        if (ref == NULL) {
            found->root = root;
            return KEYGATE_OK;
        }

        if (i != 0 && keygate_openapi_says(w, found->node)) {
            reason = "leads to a reference that has other members beside it";
            break;
        }

        rc = keygate_openapi_steps(w, 8);
        found->node = NULL;

        if (rc == KEYGATE_OK && keygate_doc_is_scalar(ref)) {
            rc = keygate_openapi_step(w, ref->text, &root, &found->dir,
                                      &found->node);
        }

        if (rc != KEYGATE_OK) {
            return rc;
        }

        if (found->node == NULL) {
            reason = "is not in this document, nor in a file below its "
                     "directory";
            break;
        }
    }

    ref = keygate_doc_get(at->node, KEYGATE_STR("$ref"));
    shown = keygate_openapi_line(w, ref->text, 200);

    if (shown.data == NULL) {
        return KEYGATE_NOMEM;
    }

    found->node = NULL;

    return keygate_openapi_warn(w, at->pointer, at->node->line,
               "left out: \"%.*s\" %s", (int) shown.len,
               (const char *) shown.data, reason);
}

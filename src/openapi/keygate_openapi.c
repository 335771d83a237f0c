/*
 * A document as a whole: which version it is of, in which order it is looked
 * at, and what comes of it.
 */

#include "keygate_openapi_private.h"


static keygate_str_t keygate_openapi_info(const keygate_openapi_work_t *w,
    const char *name);
static keygate_rc_t keygate_openapi_overlay(keygate_openapi_work_t *w);
static int keygate_openapi_is_version(const char *text, const char *version);
static keygate_rc_t keygate_openapi_version(keygate_openapi_work_t *w);
static keygate_rc_t keygate_openapi_named(keygate_openapi_work_t *w);
static keygate_rc_t keygate_openapi_secured(keygate_openapi_work_t *w);
static keygate_rc_t keygate_openapi_compile(keygate_openapi_work_t *w);
static keygate_rc_t keygate_openapi_steps_of(keygate_openapi_work_t *w);


static keygate_str_t
keygate_openapi_info(const keygate_openapi_work_t *w, const char *name)
{
    keygate_doc_node_t  *node;

    node = keygate_doc_get(keygate_doc_get(w->root, KEYGATE_STR("info")),
                           keygate_span(name));

    return keygate_doc_is_scalar(node) ? node->text : KEYGATE_STR("");
}


const char *
keygate_openapi_name(keygate_doc_t *doc, keygate_str_t title)
{
    char           *name;
    size_t          i, n;
    unsigned char   c;

    name = keygate_doc_alloc(doc, KEYGATE_NAME_MAX + 1);

    if (name == NULL) {
        return NULL;
    }

    for (n = 0, i = 0; i < title.len && n < 48; i++) {
        c = title.data[i];
        c = c >= 'A' && c <= 'Z' ? c | 0x20 : c;

        if ((c >= 'a' && c <= 'z') || (n != 0 && c >= '0' && c <= '9')) {
            name[n++] = (char) c;

        } else if (n != 0 && name[n - 1] != '_') {
            name[n++] = '_';
        }
    }

    while (n > 32 || (n != 0 && name[n - 1] == '_')) {
        name[--n] = '\0';
    }

    return n != 0 ? name : "api";
}


/* What an overlay would make of an empty document: its update of "$". */

static keygate_rc_t
keygate_openapi_overlay(keygate_openapi_work_t *w)
{
    unsigned             n;
    keygate_doc_node_t  *actions, *action, *target;

    actions = keygate_doc_get(w->root, KEYGATE_STR("actions"));
    action = actions != NULL && actions->kind == KEYGATE_DOC_LIST
             ? actions->first : NULL;

    for (n = 0; action != NULL; n++, action = action->next) {
        target = keygate_doc_get(action, KEYGATE_STR("target"));

        if (keygate_doc_is_scalar(target)
            && keygate_str_eq(target->text, KEYGATE_STR("$"))
            && keygate_doc_get(action, KEYGATE_STR("update")) != NULL)
        {
            w->root = keygate_doc_get(action, KEYGATE_STR("update"));
            w->pointer = keygate_doc_printf(w->doc, "/actions/%u/update", n);
            w->result->version = "Overlay 1.0";

            return w->pointer != NULL ? KEYGATE_OK : KEYGATE_NOMEM;
        }
    }

    return keygate_openapi_fail(w, "", 0, "an overlay that updates no \"$\" "
                                "cannot be read without its document");
}


/* Whether it is this version, or a patch of it. */

static int
keygate_openapi_is_version(const char *text, const char *version)
{
    size_t  len;

    len = strlen(version);

    return strncmp(text, version, len) == 0
           && (text[len] == '\0' || text[len] == '.');
}


static keygate_rc_t
keygate_openapi_version(keygate_openapi_work_t *w)
{
    keygate_str_t        shown;
    keygate_doc_node_t  *node;

    if (w->root->kind != KEYGATE_DOC_MAP) {
        return keygate_openapi_fail(w, "", w->root->line, "no OpenAPI "
                                    "document: it is no object");
    }

    node = keygate_doc_get(w->root, KEYGATE_STR("overlay"));

    if (node != NULL) {
        return keygate_openapi_overlay(w);
    }

    node = keygate_doc_get(w->root, KEYGATE_STR("swagger"));
    w->swagger = node != NULL;
    node = node != NULL ? node : keygate_doc_get(w->root,
                                                 KEYGATE_STR("openapi"));

    if (!keygate_doc_is_scalar(node)) {
        return keygate_openapi_fail(w, "", 1, "no OpenAPI document: it has "
                                    "neither \"openapi\" nor \"swagger\"");
    }

    shown = keygate_openapi_line(w, node->text, 20);
    w->result->version = keygate_doc_printf(w->doc, "%s %s",
                             w->swagger ? "Swagger" : "OpenAPI",
                             (const char *) shown.data);

    if (shown.data == NULL || w->result->version == NULL) {
        return KEYGATE_NOMEM;
    }

    if (keygate_openapi_is_version((const char *) shown.data,
                                   w->swagger ? "2" : "3.0")
        || (!w->swagger
            && keygate_openapi_is_version((const char *) shown.data, "3.1")))
    {
        return KEYGATE_OK;
    }

    return keygate_openapi_fail(w, w->swagger ? "/swagger" : "/openapi",
                                node->line, "version \"%s\": expected OpenAPI "
                                "3.0 or 3.1, or Swagger 2.0",
                                (const char *) shown.data);
}


static keygate_rc_t
keygate_openapi_named(keygate_openapi_work_t *w)
{
    const char          *name;
    keygate_str_t        title, version;
    keygate_doc_node_t  *node;

    title = keygate_openapi_line(w, keygate_openapi_info(w, "title"), 100);
    version = keygate_openapi_line(w, keygate_openapi_info(w, "version"), 40);
    w->result->title = keygate_doc_printf(w->doc, "%s%s%s",
                           (const char *) title.data,
                           title.len && version.len ? " " : "",
                           (const char *) version.data);

    node = keygate_doc_get(w->extension, KEYGATE_STR("name"));
    name = w->options->name != NULL ? w->options->name
           : keygate_doc_is_scalar(node)
           ? (const char *) keygate_openapi_line(w, node->text, 63).data
           : keygate_openapi_name(w->doc, title);

    if (name == NULL || w->result->title == NULL) {
        return KEYGATE_NOMEM;
    }

    if (name[0] == '\0'
        || name[strspn(name, "abcdefghijklmnopqrstuvwxyz"
                             "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.")]
           != '\0')
    {
        return keygate_openapi_fail(w, "", 0, "\"%s\": a name of an API is of "
                                    "letters, digits, \"_\", \"-\" and \".\"",
                                    name);
    }

    w->result->block.name = keygate_span(name);

    return KEYGATE_OK;
}


/* Nothing is said of any operation: to take that for "public" would be the
 * most expensive mistake. */

static keygate_rc_t
keygate_openapi_secured(keygate_openapi_work_t *w)
{
    return w->secured
           || keygate_doc_get(w->root, KEYGATE_STR("security")) != NULL
           || w->options->open != KEYGATE_OPENAPI_ASK
           || keygate_doc_get(w->extension, KEYGATE_STR("route")) != NULL
           || (w->extension != NULL && w->result->n_operations == 0)
           ? KEYGATE_OK
           : keygate_openapi_fail(w, "", 0, "there is no \"security\" in it: "
                 "--public says that all of it is for everybody, --any that "
                 "it takes a key");
}


/* The block as nginx takes it, by the same code. */

static keygate_rc_t
keygate_openapi_compile(keygate_openapi_work_t *w)
{
    keygate_rc_t           rc;
    keygate_str_t          shown;
    keygate_conf_fault_t   fault;

    rc = keygate_block_compile(&w->result->block, &w->result->api, &fault);

    if (rc != KEYGATE_INVALID) {
        return rc;
    }

    shown = keygate_openapi_line(w, fault.value, 200);

    return shown.data == NULL
           ? KEYGATE_NOMEM
           : keygate_openapi_fail(w, fault.line != 0 ? "/x-keygate" : "",
                 fault.line, "invalid \"%s\", expected %s",
                 (const char *) shown.data, fault.expected);
}


static keygate_rc_t
keygate_openapi_steps_of(keygate_openapi_work_t *w)
{
    unsigned             i;
    keygate_rc_t         rc;

    static keygate_rc_t  (*const  steps[])(keygate_openapi_work_t *w) = {
        keygate_openapi_version, keygate_openapi_extended,
        keygate_openapi_named, keygate_openapi_schemes, keygate_openapi_base,
        keygate_openapi_walk, keygate_openapi_secured,
        keygate_openapi_catalogue, keygate_openapi_join,
        keygate_openapi_wide, keygate_openapi_cross, keygate_openapi_guard,
        keygate_openapi_apart, keygate_openapi_write, keygate_openapi_whole,
        keygate_openapi_compile
    };

    for (rc = KEYGATE_OK, i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        rc = steps[i](w);

        if (rc != KEYGATE_OK) {
            break;
        }
    }

    return rc;
}


keygate_rc_t
keygate_openapi_import(keygate_doc_t *doc, keygate_str_t text,
    const keygate_openapi_options_t *options, keygate_openapi_t *result)
{
    keygate_openapi_work_t  *w;

    memset(result, 0, sizeof(keygate_openapi_t));
    result->pointer = "";
    result->block.doc = doc;

    w = keygate_doc_alloc(doc, sizeof(keygate_openapi_work_t));

    if (w == NULL) {
        return KEYGATE_NOMEM;
    }

    w->doc = doc;
    w->options = options;
    w->result = result;
    w->pointer = "";
    w->root = keygate_doc_read(doc, text);

    if (w->root == NULL) {
        result->error = doc->fault.reason;
        result->line = doc->fault.line;
        return result->error != NULL ? KEYGATE_INVALID : KEYGATE_NOMEM;
    }

    w->files = keygate_doc_node(doc, KEYGATE_DOC_MAP, 0);
    w->shapes = keygate_doc_node(doc, KEYGATE_DOC_MAP, 0);
    w->scope_names = keygate_doc_node(doc, KEYGATE_DOC_MAP, 0);

    if (w->files == NULL || w->shapes == NULL || w->scope_names == NULL) {
        return KEYGATE_NOMEM;
    }

    return keygate_openapi_steps_of(w);
}

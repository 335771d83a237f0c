/*
 * x-keygate: on the document, directives by their names; on a path or an
 * operation, what a route has besides a need.  A member that is not known is
 * an error: one that is misspelled would do nothing.
 */

#include "keygate_openapi_private.h"


#define KEYGATE_OPENAPI_WORDS  64        /* of a directive */


static int keygate_openapi_known(keygate_str_t name);
static keygate_rc_t keygate_openapi_wrong(keygate_openapi_work_t *w,
    const char *pointer, const keygate_doc_node_t *node, const char *expected);
static keygate_rc_t keygate_openapi_first_scopes(keygate_openapi_work_t *w);
static keygate_rc_t keygate_openapi_directive(keygate_openapi_work_t *w,
    const keygate_doc_node_t *of, const keygate_doc_node_t *node,
    keygate_str_t first);
static keygate_rc_t keygate_openapi_need_said(keygate_openapi_work_t *w,
    keygate_str_t text, const char *pointer, unsigned line,
    keygate_openapi_op_t *op);
static keygate_rc_t keygate_openapi_flag(keygate_openapi_work_t *w,
    const char *pointer, const keygate_doc_node_t *node, int *flag);
static keygate_rc_t keygate_openapi_option(keygate_openapi_work_t *w,
    const char *pointer, const keygate_doc_node_t *node,
    keygate_openapi_op_t *op);


/* Directives that the document can have; of some, a list is the words of one,
 * of the others it is one each. */

static const struct {
    const char  *name;
    unsigned     words:1;
} keygate_openapi_names_known[] = {
    { "zone", 0 }, { "credential", 0 }, { "key_format", 0 }, { "base", 0 },
    { "account", 1 }, { "plan", 0 }, { "require", 1 }, { "rate", 0 },
    { "rate_headers", 0 }, { "errors", 0 }, { "error", 0 },
    { "problem_types", 0 }, { "preflight", 1 }, { "encoded_slash", 0 },
    { "unmatched", 0 }, { "pass_credential", 0 }, { "scope", 0 },
    { "route", 0 }, { "when", 0 }, { "name", 0 }, { NULL, 0 }
};


static int
keygate_openapi_known(keygate_str_t name)
{
    int  i;

    for (i = 0; keygate_openapi_names_known[i].name != NULL; i++) {
        if (keygate_str_eq(name,
                           keygate_span(keygate_openapi_names_known[i].name)))
        {
            return i;
        }
    }

    return -1;
}


static keygate_rc_t
keygate_openapi_wrong(keygate_openapi_work_t *w, const char *pointer,
    const keygate_doc_node_t *node, const char *expected)
{
    pointer = keygate_openapi_pointer(w, pointer, node->name);

    return pointer == NULL
           ? KEYGATE_NOMEM
           : keygate_openapi_fail(w, pointer, node->line, "%s", expected);
}


/* Scopes in x-keygate are the first ones, in their order. */

static keygate_rc_t
keygate_openapi_first_scopes(keygate_openapi_work_t *w)
{
    unsigned              number;
    keygate_rc_t          rc;
    keygate_str_t         name;
    keygate_doc_node_t   *list, *node;

    list = keygate_doc_get(w->extension, KEYGATE_STR("scope"));
    node = list != NULL && list->kind == KEYGATE_DOC_LIST ? list->first : NULL;

    for ( /* void */ ; node != NULL; node = node->next) {
        if (node->kind != KEYGATE_DOC_LIST
            || !keygate_doc_is_scalar(node->first))
        {
            continue;
        }

        name = node->first->text;
        rc = keygate_openapi_scope(w, name, "/x-keygate/scope", node->line,
                                   &number);

        if (rc != KEYGATE_OK && rc != KEYGATE_NONE) {
            return rc;
        }
    }

    return KEYGATE_OK;
}


keygate_rc_t
keygate_openapi_extended(keygate_openapi_work_t *w)
{
    const char           *pointer;
    keygate_doc_node_t   *node;

    w->extension = keygate_doc_get(w->root, KEYGATE_STR("x-keygate"));

    if (w->extension == NULL) {
        return KEYGATE_OK;
    }

    pointer = keygate_openapi_pointer(w, w->pointer, w->extension->name);

    if (pointer == NULL) {
        return KEYGATE_NOMEM;
    }

    if (w->extension->kind != KEYGATE_DOC_MAP) {
        return keygate_openapi_fail(w, pointer, w->extension->line,
                                    "\"x-keygate\" is no object");
    }

    for (node = w->extension->first; node != NULL; node = node->next) {
        if (keygate_openapi_known(node->name) == -1) {
            return keygate_openapi_wrong(w, pointer, node,
                       "no member of x-keygate here; it has directives of "
                       "keygate_api, as \"rate\", \"account\", \"plan\"");
        }
    }

    return keygate_openapi_first_scopes(w);
}


/* The words of a directive: of a text, as a configuration has them; or one for
 * each of a list. */

static keygate_rc_t
keygate_openapi_directive(keygate_openapi_work_t *w,
    const keygate_doc_node_t *of, const keygate_doc_node_t *node,
    keygate_str_t first)
{
    int                        n, k;
    keygate_str_t              args[KEYGATE_OPENAPI_WORDS + 2];
    const keygate_doc_node_t  *word;

    n = 0;
    args[n++] = keygate_span(
        keygate_openapi_names_known[keygate_openapi_known(of->name)].name);

    if (first.len != 0) {
        args[n++] = first;
    }

    if (keygate_doc_is_scalar(node)) {
        k = keygate_block_split(w->doc, node->text, args + n,
                                KEYGATE_OPENAPI_WORDS);
        n = k < 0 ? k : n + k;

    } else {
        for (word = node->first; word != NULL && n > 0; word = word->next) {
            if (!keygate_doc_is_scalar(word) || n > KEYGATE_OPENAPI_WORDS) {
                n = -1;
                break;
            }

            args[n++] = word->text;
        }
    }

    if (n < 0) {
        return n == -2 ? KEYGATE_NOMEM
                       : keygate_openapi_wrong(w, "/x-keygate", of,
                             "expected the words of a directive, as a text "
                             "or as a list");
    }

    return keygate_block_add(&w->result->block, args, (unsigned) n,
                             node->line);
}


keygate_rc_t
keygate_openapi_directives(keygate_openapi_work_t *w, const char *name,
    unsigned *n)
{
    int                        words;
    keygate_rc_t               rc;
    const keygate_doc_node_t  *of, *node;

    *n = 0;
    of = keygate_doc_get(w->extension, keygate_span(name));

    if (of == NULL) {
        return KEYGATE_OK;
    }

    words = keygate_openapi_names_known[keygate_openapi_known(of->name)].words;
    *n = 1;

    if (keygate_doc_is_scalar(of) || (of->kind == KEYGATE_DOC_LIST && words)) {
        return keygate_openapi_directive(w, of, of, KEYGATE_STR(""));
    }

    rc = KEYGATE_OK;
    *n = of->n;

    for (node = of->first; node != NULL && rc == KEYGATE_OK;
         node = node->next)
    {
        rc = keygate_openapi_directive(w, of, node,
                 of->kind == KEYGATE_DOC_MAP ? node->name : KEYGATE_STR(""));
    }

    return rc;
}


/* "need" of a route: names joined by "&" or by "|", or one of the words. */

static keygate_rc_t
keygate_openapi_need_said(keygate_openapi_work_t *w, keygate_str_t text,
    const char *pointer, unsigned line, keygate_openapi_op_t *op)
{
    unsigned char   sep;
    size_t          len;
    unsigned        n, *numbers;
    keygate_rc_t    rc;
    keygate_str_t   name;

    op->given = 1;
    op->need = keygate_openapi_any();
    sep = text.len && memchr(text.data, '|', text.len) != NULL ? '|' : '&';

    if (keygate_str_eq(text, KEYGATE_STR("any"))) {
        return KEYGATE_OK;
    }

    if (keygate_str_eq(text, KEYGATE_STR("public"))
        || keygate_str_eq(text, KEYGATE_STR("optional")))
    {
        op->need.kind = text.data[0] == 'p' ? KEYGATE_OPENAPI_NEED_PUBLIC
                                            : KEYGATE_OPENAPI_NEED_OPTIONAL;
        return KEYGATE_OK;
    }

    numbers = keygate_doc_alloc(w->doc, (text.len + 1) * sizeof(unsigned));

    if (numbers == NULL) {
        return KEYGATE_NOMEM;
    }

    for (n = 0; text.len != 0; text.data += len, text.len -= len) {
        for (len = 0; len < text.len && text.data[len] != sep; len++) {
            /* void */
        }

        name = (keygate_str_t) { len, text.data };
        len += len < text.len;
        rc = keygate_openapi_scope(w, name, pointer, line, &numbers[n++]);

        if (rc != KEYGATE_OK) {
            return rc;
        }
    }

    return n == 0 ? KEYGATE_NONE
                  : keygate_openapi_need_of(w, numbers, n, sep == '|',
                                            &op->need);
}


static keygate_rc_t
keygate_openapi_flag(keygate_openapi_work_t *w, const char *pointer,
    const keygate_doc_node_t *node, int *flag)
{
    *flag = keygate_doc_is_true(node);

    return *flag || keygate_doc_is_false(node)
           ? KEYGATE_OK
           : keygate_openapi_wrong(w, pointer, node, "expected true or false");
}


static keygate_rc_t
keygate_openapi_option(keygate_openapi_work_t *w, const char *pointer,
    const keygate_doc_node_t *node, keygate_openapi_op_t *op)
{
    int             flag;
    keygate_rc_t    rc;
    keygate_str_t  *option;

    if (keygate_str_eq(node->name, KEYGATE_STR("when"))
        && node->kind == KEYGATE_DOC_MAP)
    {
        if (op->when != NULL) {
            return keygate_openapi_wrong(w, pointer, node, "the path has "
                       "\"when\", too: one of them can say all");
        }

        op->when = node;
        op->when_pointer = keygate_openapi_pointer(w, pointer, node->name);

        return op->when_pointer != NULL ? KEYGATE_OK : KEYGATE_NOMEM;
    }

    if (!keygate_doc_is_scalar(node)) {
        return keygate_openapi_wrong(w, pointer, node, "expected a text, or, "
                                     "of \"when\", members and scopes");
    }

    if (keygate_str_eq(node->name, KEYGATE_STR("skip"))) {
        rc = keygate_openapi_flag(w, pointer, node, &flag);
        op->skip = op->left = flag != 0;

        return rc;
    }

    if (keygate_str_eq(node->name, KEYGATE_STR("rest"))) {
        rc = keygate_openapi_flag(w, pointer, node, &flag);
        op->rest = flag != 0;

        return rc;
    }

    if (keygate_str_eq(node->name, KEYGATE_STR("need"))) {
        rc = keygate_openapi_need_said(w, node->text, pointer, node->line, op);

        return rc != KEYGATE_NONE
               ? rc : keygate_openapi_wrong(w, pointer, node,
                          "expected \"public\", \"optional\", \"any\", or "
                          "scopes joined by \"&\" or by \"|\"");
    }

    option = keygate_str_eq(node->name, KEYGATE_STR("cost")) ? &op->cost
             : keygate_str_eq(node->name, KEYGATE_STR("feature"))
             ? &op->feature
             : keygate_str_eq(node->name, KEYGATE_STR("group")) ? &op->group
             : NULL;

    if (option == NULL) {
        return keygate_openapi_wrong(w, pointer, node,
                   "no member of x-keygate here; it has \"cost\", "
                   "\"feature\", \"group\", \"need\", \"rest\", \"skip\" and "
                   "\"when\"");
    }

    option->data = (const unsigned char *)
        keygate_doc_printf(w->doc, "%.*s=%.*s", (int) node->name.len,
                           (const char *) node->name.data,
                           (int) node->text.len,
                           (const char *) node->text.data);
    option->len = node->name.len + 1 + node->text.len;

    return option->data != NULL ? KEYGATE_OK : KEYGATE_NOMEM;
}


keygate_rc_t
keygate_openapi_extend(keygate_openapi_work_t *w,
    const keygate_openapi_at_t *of, keygate_openapi_op_t *op)
{
    keygate_rc_t               rc;
    keygate_openapi_at_t       at;
    const keygate_doc_node_t  *node;

    rc = keygate_openapi_member(w, of, "x-keygate", &at);

    if (rc != KEYGATE_OK || at.node == NULL) {
        return rc;
    }

    if (at.node->kind != KEYGATE_DOC_MAP) {
        return keygate_openapi_fail(w, at.pointer, at.node->line,
                                    "\"x-keygate\" is no object");
    }

    for (node = at.node->first; node != NULL && rc == KEYGATE_OK;
         node = node->next)
    {
        rc = keygate_openapi_option(w, at.pointer, node, op);
    }

    return rc;
}

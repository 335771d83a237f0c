/*
 * What an operation needs: by its "security" or the document's, by an
 * extension that holds scopes, or by what the user says of those that say
 * nothing.
 */

#include "keygate_openapi_private.h"


static keygate_rc_t keygate_openapi_from(keygate_openapi_work_t *w,
    const keygate_openapi_at_t *operation, keygate_openapi_op_t *op);
static keygate_rc_t keygate_openapi_open(keygate_openapi_work_t *w,
    keygate_openapi_op_t *op);
static keygate_rc_t keygate_openapi_hints(keygate_openapi_work_t *w,
    const keygate_openapi_at_t *operation, keygate_openapi_op_t *op);


/* What an extension of somebody's own says: a name, a list of names, or names
 * in one text. */

static keygate_rc_t
keygate_openapi_from(keygate_openapi_work_t *w,
    const keygate_openapi_at_t *operation, keygate_openapi_op_t *op)
{
    size_t                   len;
    keygate_rc_t             rc;
    keygate_str_t            rest, culprit;
    keygate_doc_node_t       list, *one;
    keygate_openapi_at_t     from;
    keygate_openapi_need_t   need, both;

    rc = keygate_openapi_member(w, operation, w->options->scopes_from, &from);

    if (rc != KEYGATE_OK || from.node == NULL || op->left) {
        return rc;
    }

    w->secured = 1;
    list = *from.node;

    if (keygate_doc_is_scalar(from.node)) {
        memset(&list, 0, sizeof(keygate_doc_node_t));
        list.kind = KEYGATE_DOC_LIST;

        for (rest = from.node->text; rest.len != 0; /* void */ ) {
            for (len = 0; len < rest.len
                          && strchr(" ,\t\n", rest.data[len]) == NULL; len++)
            {
                /* void */
            }

            one = keygate_doc_node(w->doc, KEYGATE_DOC_TEXT, from.node->line);

            if (one == NULL) {
                return KEYGATE_NOMEM;
            }

            one->text = (keygate_str_t) { len, rest.data };

            if (len != 0 && !keygate_doc_append(w->doc, &list, one)) {
                return KEYGATE_NOMEM;
            }

            len += len < rest.len;
            rest.data += len;
            rest.len -= len;
        }
    }

    rc = keygate_openapi_names(w, &list, from.pointer, &need, &culprit);
    rc = rc != KEYGATE_OK ? rc : keygate_openapi_both(w, &op->need, &need,
                                                      &both);
    if (rc == KEYGATE_NONE) {
        return keygate_openapi_left(w, op, from.pointer, from.node->line,
                   "these are no scopes that can be needed here; --rename "
                   "NAME=OTHER gives one another name", culprit);
    }

    op->need = both;

    return rc;
}


/* Neither the operation nor the document says "security". */

static keygate_rc_t
keygate_openapi_open(keygate_openapi_work_t *w, keygate_openapi_op_t *op)
{
    switch (w->options->open) {

    case KEYGATE_OPENAPI_ANY:
        return KEYGATE_OK;

    case KEYGATE_OPENAPI_PUBLIC:
        op->need.kind = KEYGATE_OPENAPI_NEED_PUBLIC;
        return KEYGATE_OK;

    default:
        return keygate_openapi_left(w, op, op->pointer, op->line,
                   "nothing says what it needs: there is no \"security\"; "
                   "--public or --any says what that means",
                   KEYGATE_STR(""));
    }
}


/* What is hardly meant. */

static keygate_rc_t
keygate_openapi_hints(keygate_openapi_work_t *w,
    const keygate_openapi_at_t *operation, keygate_openapi_op_t *op)
{
    keygate_str_t        text;
    keygate_doc_node_t  *responses;

    if (op->need.kind == KEYGATE_OPENAPI_NEED_PUBLIC) {
        responses = keygate_doc_get(operation->node, KEYGATE_STR("responses"));

        return keygate_doc_get(responses, KEYGATE_STR("401")) == NULL
               ? KEYGATE_OK
               : keygate_openapi_warn(w, op->pointer, op->line, "declared, "
                     "but not enforced: it is public, and says that 401 can "
                     "be answered");
    }

    if (!keygate_openapi_like_any(w, &op->need)) {
        return KEYGATE_OK;
    }

    w->like_any++;
    text = keygate_openapi_need_text(w, &op->need);

    return text.data == NULL
           ? KEYGATE_NOMEM
           : keygate_openapi_warn(w, op->pointer, op->line, "it says all of "
                 "\"%.*s\", and looks like one of them: --scopes any would "
                 "say that", (int) text.len, (const char *) text.data);
}


keygate_rc_t
keygate_openapi_security(keygate_openapi_work_t *w,
    const keygate_openapi_at_t *operation, keygate_openapi_op_t *op)
{
    keygate_rc_t          rc;
    keygate_openapi_at_t  security, root;

    if (op->skip || op->given) {
        w->secured |= op->given;
        return KEYGATE_OK;
    }

    rc = keygate_openapi_member(w, operation, "security", &security);

    if (rc == KEYGATE_OK && security.node == NULL) {
        memset(&root, 0, sizeof(keygate_openapi_at_t));
        root.node = w->root;
        root.pointer = w->pointer;
        rc = keygate_openapi_member(w, &root, "security", &security);
    }

    if (rc == KEYGATE_OK) {
        rc = security.node != NULL
             ? keygate_openapi_requirements(w, &security, op)
             : w->options->scopes_from != NULL
               && keygate_doc_get(operation->node,
                                  keygate_span(w->options->scopes_from))
             ? KEYGATE_OK : keygate_openapi_open(w, op);
    }

    if (rc == KEYGATE_OK && w->options->scopes_from != NULL) {
        rc = keygate_openapi_from(w, operation, op);
    }

    return rc != KEYGATE_OK || op->left
           ? rc : keygate_openapi_hints(w, operation, op);
}

/*
 * The catalogue: the scopes that flows declare, and those that operations
 * name besides.  A scope has a number here; the catalogue has those that are
 * needed, and of the others as many as there is room for.
 */

#include "keygate_openapi_private.h"


#define KEYGATE_OPENAPI_TEXT  500        /* bytes of a description */


static keygate_str_t keygate_openapi_renamed(const keygate_openapi_work_t *w,
    keygate_str_t name);
static keygate_rc_t keygate_openapi_more_scopes(keygate_openapi_work_t *w);
static keygate_rc_t keygate_openapi_when(keygate_openapi_work_t *w,
    keygate_openapi_op_t *op);
static keygate_rc_t keygate_openapi_room(keygate_openapi_work_t *w,
    keygate_openapi_op_t *op, unsigned *room);
static keygate_rc_t keygate_openapi_unused(keygate_openapi_work_t *w,
    unsigned room);


/* By --rename. */

static keygate_str_t
keygate_openapi_renamed(const keygate_openapi_work_t *w, keygate_str_t name)
{
    unsigned     i;
    const char  *equals;

    for (i = 0; i < w->options->n_renames; i++) {
        equals = strrchr(w->options->renames[i], '=');

        if (equals != NULL
            && name.len == (size_t) (equals - w->options->renames[i])
            && memcmp(w->options->renames[i], name.data, name.len) == 0)
        {
            return keygate_span(equals + 1);
        }
    }

    return name;
}


static keygate_rc_t
keygate_openapi_more_scopes(keygate_openapi_work_t *w)
{
    unsigned                  max;
    keygate_openapi_scope_t  *scopes;

    if (w->n_scopes < w->max_scopes) {
        return KEYGATE_OK;
    }

    max = w->max_scopes != 0 ? 2 * w->max_scopes : 64;
    scopes = keygate_doc_alloc(w->doc, max * sizeof(keygate_openapi_scope_t));

    if (scopes == NULL) {
        return KEYGATE_NOMEM;
    }

    if (w->n_scopes != 0) {
        memcpy(scopes, w->scopes,
               w->n_scopes * sizeof(keygate_openapi_scope_t));
    }

    w->scopes = scopes;
    w->max_scopes = max;

    return KEYGATE_OK;
}


keygate_rc_t
keygate_openapi_scope(keygate_openapi_work_t *w, keygate_str_t name,
    const char *pointer, unsigned line, unsigned *number)
{
    keygate_doc_node_t       *node;
    keygate_openapi_scope_t  *s;

    name = keygate_openapi_renamed(w, name);

    if (!keygate_scope_name_valid(name)) {
        return KEYGATE_NONE;
    }

    node = keygate_doc_get(w->scope_names, name);

    if (node != NULL) {
        *number = node->n;
        return KEYGATE_OK;
    }

    node = keygate_doc_node(w->doc, KEYGATE_DOC_MAP, 0);

    if (node == NULL || keygate_openapi_more_scopes(w) != KEYGATE_OK) {
        return KEYGATE_NOMEM;
    }

    node->name = name;

    if (!keygate_doc_append(w->doc, w->scope_names, node)) {
        return KEYGATE_NOMEM;
    }

    node->n = *number = w->n_scopes;
    s = &w->scopes[w->n_scopes++];
    s->name = name;
    s->pointer = pointer;
    s->line = line;

    return KEYGATE_OK;
}


keygate_rc_t
keygate_openapi_clash(keygate_openapi_work_t *w,
    const keygate_doc_node_t *node, keygate_str_t name, unsigned number,
    const char *pointer)
{
    unsigned                  i;
    size_t                    len;
    const char               *equals;
    keygate_rc_t              rc;
    keygate_openapi_scope_t  *s;

    s = &w->scopes[number];
    rc = KEYGATE_OK;

    if (!keygate_str_eq(s->name, name)) {
        return KEYGATE_OK;
    }

    for (i = 0; i < w->options->n_renames && !s->clash; i++) {
        equals = strrchr(w->options->renames[i], '=');
        len = equals != NULL ? (size_t) (equals - w->options->renames[i]) : 0;

        if (equals == NULL || !keygate_str_eq(name, keygate_span(equals + 1))
            || keygate_str_eq(name, (keygate_str_t) { len,
                     (const unsigned char *) w->options->renames[i] }))
        {
            continue;
        }

        s->clash = 1;
        rc = keygate_openapi_warn(w, pointer, node->line, "by --rename \"%s\" "
                 "the document's scope of this name and another one are one: "
                 "a key that has either has both", w->options->renames[i]);
    }

    return rc;
}


/* "scopes" of a flow: names and descriptions. */

keygate_rc_t
keygate_openapi_declare(keygate_openapi_work_t *w,
    const keygate_openapi_at_t *scopes)
{
    unsigned             number;
    const char          *pointer;
    keygate_rc_t         rc;
    keygate_doc_node_t  *node;

    if (scopes->node->kind != KEYGATE_DOC_MAP) {
        return KEYGATE_OK;
    }

    for (node = scopes->node->first; node != NULL; node = node->next) {

        /* what Swagger 2.0 has beside scopes */

        if (w->swagger && node->name.len > 2
            && memcmp(node->name.data, "x-", 2) == 0)
        {
            continue;
        }

        pointer = keygate_openapi_pointer(w, scopes->pointer, node->name);
        rc = pointer == NULL ? KEYGATE_NOMEM : keygate_openapi_steps(w, 1);
        rc = rc != KEYGATE_OK
             ? rc : keygate_openapi_scope(w, node->name, pointer, node->line,
                                          &number);
        if (rc == KEYGATE_NONE) {
            continue;                    /* told where it is needed */
        }

        if (rc != KEYGATE_OK) {
            return rc;
        }

        rc = keygate_openapi_clash(w, node, node->name, number, pointer);

        if (rc != KEYGATE_OK) {
            return rc;
        }

        w->scopes[number].declared = 1;

        if (keygate_doc_is_scalar(node) && !keygate_doc_is_null(node)
            && w->scopes[number].text.len == 0)
        {
            w->scopes[number].text = keygate_openapi_line(w, node->text,
                                                       KEYGATE_OPENAPI_TEXT);
            if (w->scopes[number].text.data == NULL) {
                return KEYGATE_NOMEM;
            }
        }
    }

    return KEYGATE_OK;
}


/* Scopes of "when" are needed, too. */

static keygate_rc_t
keygate_openapi_when(keygate_openapi_work_t *w, keygate_openapi_op_t *op)
{
    unsigned                   number;
    keygate_rc_t               rc;
    const keygate_doc_node_t  *node;

    node = op->when != NULL ? op->when->first : NULL;

    for ( /* void */ ; node != NULL; node = node->next) {
        rc = keygate_openapi_steps(w, 1);
        rc = rc != KEYGATE_OK
             ? rc : keygate_openapi_scope(w, node->text, op->when_pointer,
                                          node->line, &number);
        if (rc == KEYGATE_NONE) {
            return keygate_openapi_fail(w, op->when_pointer, node->line,
                                        "expected a scope for each member");
        }

        if (rc != KEYGATE_OK) {
            return rc;
        }

        w->scopes[number].used = 1;
    }

    return KEYGATE_OK;
}


/* Room in the catalogue for what an operation needs, or it is left out. */

static keygate_rc_t
keygate_openapi_room(keygate_openapi_work_t *w, keygate_openapi_op_t *op,
    unsigned *room)
{
    unsigned  i, n;

    for (n = 0, i = 0; i < op->need.n; i++) {
        n += !w->scopes[op->need.scopes[i]].used;
    }

    if (n > *room) {
        op->left = 1;

        return keygate_openapi_warn(w, op->pointer, op->line,
                   "left out: its scopes would be more than the %d that an "
                   "API can have", KEYGATE_SCOPES_MAX);
    }

    for (i = 0; i < op->need.n; i++) {
        w->scopes[op->need.scopes[i]].used = 1;
    }

    *room -= n;

    return keygate_openapi_steps(w, op->need.n);
}


/* What is declared and not needed is in the catalogue, where there is room,
 * and told. */

static keygate_rc_t
keygate_openapi_unused(keygate_openapi_work_t *w, unsigned room)
{
    unsigned                  i;
    keygate_rc_t              rc;
    keygate_openapi_scope_t  *s;

    for (i = 0; i < w->n_scopes; i++) {
        s = &w->scopes[i];
        s->written = s->used;

        if (!s->used && s->declared && room != 0) {
            s->written = 1;
            room--;
        }

        rc = s->used || !s->declared
             ? KEYGATE_OK
             : keygate_openapi_warn(w, s->pointer, s->line,
                   "declared, but not enforced: no operation needs the scope "
                   "\"%.*s\"%s", (int) s->name.len,
                   (const char *) s->name.data,
                   s->written ? "" : "; it is not written, for want of room");

        if (rc != KEYGATE_OK) {
            return rc;
        }
    }

    return KEYGATE_OK;
}


keygate_rc_t
keygate_openapi_catalogue(keygate_openapi_work_t *w)
{
    unsigned                 room;
    keygate_rc_t             rc;
    keygate_openapi_op_t    *op;
    keygate_openapi_path_t  *path;

    room = KEYGATE_SCOPES_MAX;

    for (path = w->paths; path != NULL; path = path->next) {
        for (op = path->ops; op != NULL; op = op->next) {
            rc = op->left ? KEYGATE_OK : keygate_openapi_room(w, op, &room);
            rc = op->left || rc != KEYGATE_OK
                 ? rc : keygate_openapi_when(w, op);

            if (rc != KEYGATE_OK) {
                return rc;
            }
        }
    }

    return keygate_openapi_unused(w, room);
}

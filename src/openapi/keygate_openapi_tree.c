/*
 * A tree of paths by their segments: those that may overlap one are found
 * without a look at all of them.  A level is a map by segments; those that are
 * more than fixed text are in another one, "/" in the first.
 */

#include "keygate_openapi_private.h"
#include "keygate_router.h"


static int keygate_openapi_tree_open(keygate_str_t segment);
static keygate_rc_t keygate_openapi_tree_below(keygate_openapi_work_t *w,
    keygate_openapi_path_t *path, size_t at, const keygate_doc_node_t *level,
    keygate_openapi_visit_pt visit);
static keygate_doc_node_t *keygate_openapi_tree_level(
    keygate_openapi_work_t *w, keygate_doc_node_t *level, keygate_str_t name);


/* Whether a segment of a shape is more than fixed text. */

static int
keygate_openapi_tree_open(keygate_str_t segment)
{
    return segment.len != 0 && (memchr(segment.data, '\1', segment.len) != NULL
                                || segment.data[0] == '\2');
}


/* "path", from a segment on, with those of a level that may overlap it. */

static keygate_rc_t
keygate_openapi_tree_below(keygate_openapi_work_t *w,
    keygate_openapi_path_t *path, size_t at,
    const keygate_doc_node_t *level, keygate_openapi_visit_pt visit)
{
    int                        rest;
    keygate_rc_t               rc;
    keygate_str_t              segment;
    const keygate_doc_node_t  *node, *open;

    rc = keygate_openapi_steps(w, 1);
    rc = rc != KEYGATE_OK || level->data == NULL
         ? rc : visit(w, path, level->data);

    rest = path->shape.data[path->shape.len - 1] == '\2';

    if (!keygate_template_next(path->shape, &at, &segment) && !rest) {
        return rc;
    }

    open = keygate_doc_get(level, KEYGATE_STR("/"));

    if (at < path->shape.len || !rest) {
        rest = 0;
    }

    node = level->first;

    if (!rest && !keygate_openapi_tree_open(segment)) {
        node = keygate_doc_get(level, segment);
        rc = node == NULL || rc != KEYGATE_OK
             ? rc : keygate_openapi_tree_below(w, path, at, node, visit);
        node = NULL;
    }

    for ( /* void */ ; node != NULL && rc == KEYGATE_OK; node = node->next) {
        rc = node == open
             ? KEYGATE_OK
             : keygate_openapi_tree_below(w, path, at, node, visit);
    }

    node = open != NULL ? open->first : NULL;

    for ( /* void */ ; node != NULL && rc == KEYGATE_OK; node = node->next) {
        rc = keygate_openapi_tree_below(w, path, at, node, visit);
    }

    return rc;
}


keygate_rc_t
keygate_openapi_tree_each(keygate_openapi_work_t *w,
    keygate_openapi_path_t *path, keygate_openapi_visit_pt visit)
{
    return keygate_openapi_tree_below(w, path, 0, w->tree, visit);
}


static keygate_doc_node_t *
keygate_openapi_tree_level(keygate_openapi_work_t *w,
    keygate_doc_node_t *level, keygate_str_t name)
{
    keygate_doc_node_t  *node;

    node = keygate_doc_get(level, name);

    if (node != NULL) {
        return node;
    }

    node = keygate_doc_node(w->doc, KEYGATE_DOC_MAP, 0);

    if (node == NULL) {
        return NULL;
    }

    node->name = name;

    return keygate_doc_append(w->doc, level, node) ? node : NULL;
}


keygate_rc_t
keygate_openapi_tree_add(keygate_openapi_work_t *w,
    keygate_openapi_path_t *path)
{
    size_t               at;
    keygate_str_t        segment;
    keygate_doc_node_t  *level;

    level = w->tree;

    for (at = 0; keygate_template_next(path->shape, &at, &segment); /* void */ )
    {
        if (keygate_openapi_tree_open(segment)) {
            level = keygate_openapi_tree_level(w, level, KEYGATE_STR("/"));
        }

        level = level == NULL
                ? NULL : keygate_openapi_tree_level(w, level, segment);

        if (level == NULL) {
            return KEYGATE_NOMEM;
        }
    }

    level->data = path;

    return KEYGATE_OK;
}


keygate_rc_t
keygate_openapi_tree(keygate_openapi_work_t *w)
{
    w->tree = keygate_doc_node(w->doc, KEYGATE_DOC_MAP, 0);

    return w->tree != NULL ? KEYGATE_OK : KEYGATE_NOMEM;
}

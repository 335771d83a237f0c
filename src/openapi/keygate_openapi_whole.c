/*
 * What of the document is not in the block: how many operations, and how many
 * paths with all that they have.
 */

#include "keygate_openapi_private.h"


static void keygate_openapi_count_left(keygate_openapi_work_t *w,
    const keygate_openapi_at_t *item, const keygate_doc_node_t *beside);
static void keygate_openapi_whole_op(keygate_openapi_work_t *w, int answers,
    const keygate_openapi_op_t *op);
static keygate_openapi_whole_e keygate_openapi_why(
    const keygate_openapi_path_t *path);


static void
keygate_openapi_count_left(keygate_openapi_work_t *w,
    const keygate_openapi_at_t *item, const keygate_doc_node_t *beside)
{
    const keygate_doc_node_t  *node;

    if (item->node == NULL || item->node->kind != KEYGATE_DOC_MAP) {
        return;
    }

    for (node = item->node->first; node != NULL; node = node->next) {
        if (keygate_openapi_method(node->name) != NULL
            && keygate_doc_get(beside, node->name) == NULL)
        {
            w->result->n_operations++;
            w->result->n_left++;
        }
    }
}


keygate_rc_t
keygate_openapi_impossible(keygate_openapi_work_t *w,
    const keygate_openapi_path_t *path, const keygate_openapi_at_t *item)
{
    keygate_rc_t          rc;
    keygate_openapi_at_t  meant;

    rc = keygate_openapi_warn(w, path->pointer, path->line,
             "left out: no request can have this path, or its template "
             "would be longer than one can be");

    rc = rc != KEYGATE_OK ? rc : keygate_openapi_follow(w, item, &meant);

    if (rc == KEYGATE_OK) {
        keygate_openapi_count_left(w, item, NULL);

        if (meant.node != item->node) {
            keygate_openapi_count_left(w, &meant, item->node);
        }

        w->result->n_whole[KEYGATE_OPENAPI_IMPOSSIBLE]++;
    }

    return rc;
}


/* An operation, with those of other paths that it stands for. */

static void
keygate_openapi_whole_op(keygate_openapi_work_t *w, int answers,
    const keygate_openapi_op_t *op)
{
    for ( /* void */ ; op != NULL; op = op->also) {

        if (op->of == NULL) {
            continue;
        }

        if (answers) {
            op->of->answers = 1;
            continue;
        }

        w->result->n_left++;

        if (op->skip) {
            op->of->skips = 1;

        } else {
            op->of->lacks = 1;
        }
    }
}


static keygate_openapi_whole_e
keygate_openapi_why(const keygate_openapi_path_t *path)
{
    return path->lacks ? KEYGATE_OPENAPI_DROPPED
           : path->elsewhere ? KEYGATE_OPENAPI_ELSEWHERE
           : path->skips ? KEYGATE_OPENAPI_SKIPPED : KEYGATE_OPENAPI_NOTHING;
}


keygate_rc_t
keygate_openapi_whole(keygate_openapi_work_t *w)
{
    const keygate_openapi_op_t    *op;
    const keygate_openapi_path_t  *path;

    for (path = w->paths; path != NULL; path = path->next) {
        for (op = path->cross ? NULL : path->ops; op != NULL; op = op->next) {
            keygate_openapi_whole_op(w, !op->left && !path->blocked, op);
        }
    }

    for (path = w->paths; path != NULL; path = path->next) {
        if (!path->cross && !path->real && !path->answers) {
            w->result->n_whole[keygate_openapi_why(path)]++;
        }
    }

    return KEYGATE_OK;
}

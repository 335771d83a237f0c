/*
 * What a scalar is, where that is asked.
 */

#include "keygate_doc.h"


int
keygate_doc_is_scalar(const keygate_doc_node_t *node)
{
    return node != NULL && node->kind != KEYGATE_DOC_MAP
           && node->kind != KEYGATE_DOC_LIST;
}


int
keygate_doc_is_null(const keygate_doc_node_t *node)
{
    return node != NULL && node->kind == KEYGATE_DOC_WORD
           && (node->text.len == 0
               || keygate_str_eq(node->text, KEYGATE_STR("~"))
               || keygate_str_eq(node->text, KEYGATE_STR("null")));
}


int
keygate_doc_is_true(const keygate_doc_node_t *node)
{
    return node != NULL && node->kind == KEYGATE_DOC_WORD
           && keygate_str_eq(node->text, KEYGATE_STR("true"));
}


int
keygate_doc_is_false(const keygate_doc_node_t *node)
{
    return node != NULL && node->kind == KEYGATE_DOC_WORD
           && keygate_str_eq(node->text, KEYGATE_STR("false"));
}

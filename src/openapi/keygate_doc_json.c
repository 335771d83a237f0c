/*
 * JSON (RFC 8259) into a tree: no name twice in an object, nothing but space
 * around it.  Its strings are read in keygate_doc_text.c.
 */

#include "keygate_doc_private.h"


static void keygate_doc_json_space(keygate_doc_json_t *j);
static int keygate_doc_json_char(keygate_doc_json_t *j, unsigned char c);
static keygate_doc_node_t *keygate_doc_json_map(keygate_doc_json_t *j,
    keygate_doc_node_t *map);
static keygate_doc_node_t *keygate_doc_json_list(keygate_doc_json_t *j,
    keygate_doc_node_t *list);
static keygate_doc_node_t *keygate_doc_json_word(keygate_doc_json_t *j);
static keygate_doc_node_t *keygate_doc_json_value(keygate_doc_json_t *j);


static void
keygate_doc_json_space(keygate_doc_json_t *j)
{
    while (j->p < j->end
           && (*j->p == ' ' || *j->p == '\t' || *j->p == '\n'
               || *j->p == '\r'))
    {
        j->line += *j->p == '\n';
        j->p++;
    }
}


static int
keygate_doc_json_char(keygate_doc_json_t *j, unsigned char c)
{
    keygate_doc_json_space(j);

    if (j->p == j->end || *j->p != c) {
        return 0;
    }

    j->p++;

    return 1;
}


static keygate_doc_node_t *
keygate_doc_json_map(keygate_doc_json_t *j, keygate_doc_node_t *map)
{
    unsigned             line;
    keygate_str_t        name;
    keygate_doc_node_t  *node;

    if (keygate_doc_json_char(j, '}')) {
        return map;
    }

    do {
        if (!keygate_doc_json_char(j, '"')) {
            return keygate_doc_fail(j->doc, "expected a name in quotes",
                                    j->line);
        }

        line = j->line;

        if (!keygate_doc_json_string(j, &name)) {
            return NULL;
        }

        if (!keygate_doc_json_char(j, ':')) {
            return keygate_doc_fail(j->doc, "expected \":\" after a name",
                                    j->line);
        }

        node = keygate_doc_json_value(j);

        if (node == NULL) {
            return NULL;
        }

        node->name = name;
        node->line = line;

        if (!keygate_doc_append(j->doc, map, node)) {
            return NULL;
        }

    } while (keygate_doc_json_char(j, ','));

    return keygate_doc_json_char(j, '}')
           ? map : keygate_doc_fail(j->doc, "expected \",\" or \"}\"",
                                    j->line);
}


static keygate_doc_node_t *
keygate_doc_json_list(keygate_doc_json_t *j, keygate_doc_node_t *list)
{
    keygate_doc_node_t  *node;

    if (keygate_doc_json_char(j, ']')) {
        return list;
    }

    do {
        node = keygate_doc_json_value(j);

        if (node == NULL || !keygate_doc_append(j->doc, list, node)) {
            return NULL;
        }

    } while (keygate_doc_json_char(j, ','));

    return keygate_doc_json_char(j, ']')
           ? list : keygate_doc_fail(j->doc, "expected \",\" or \"]\"",
                                     j->line);
}


/* true, false, null, or a number, of which it is enough that its characters
 * are those of one: none is calculated with. */

static keygate_doc_node_t *
keygate_doc_json_word(keygate_doc_json_t *j)
{
    keygate_str_t        word;
    keygate_doc_node_t  *node;

    word.data = j->p;

    while (j->p < j->end && *j->p != '\0'
           && strchr("+-.0123456789Eaeflnrstu", *j->p) != NULL)
    {
        j->p++;
    }

    word.len = (size_t) (j->p - word.data);

    if (word.len == 0
        || (word.data[0] != '-' && (word.data[0] < '0' || word.data[0] > '9')
            && !keygate_str_eq(word, KEYGATE_STR("true"))
            && !keygate_str_eq(word, KEYGATE_STR("false"))
            && !keygate_str_eq(word, KEYGATE_STR("null"))))
    {
        return keygate_doc_fail(j->doc, "expected a value", j->line);
    }

    node = keygate_doc_node(j->doc, KEYGATE_DOC_WORD, j->line);

    if (node != NULL) {
        node->text = word;
    }

    return node;
}


static keygate_doc_node_t *
keygate_doc_json_value(keygate_doc_json_t *j)
{
    int                  map;
    keygate_doc_node_t  *node;

    map = keygate_doc_json_char(j, '{');

    if (map || keygate_doc_json_char(j, '[')) {

        if (j->depth == KEYGATE_DOC_DEPTH) {
            return keygate_doc_fail(j->doc, "nested too deeply", j->line);
        }

        node = keygate_doc_node(j->doc, map ? KEYGATE_DOC_MAP
                                            : KEYGATE_DOC_LIST, j->line);
        j->depth++;
        node = node == NULL ? NULL
               : map ? keygate_doc_json_map(j, node)
                     : keygate_doc_json_list(j, node);
        j->depth--;

        return node;
    }

    if (keygate_doc_json_char(j, '"')) {
        node = keygate_doc_node(j->doc, KEYGATE_DOC_TEXT, j->line);

        return node != NULL && keygate_doc_json_string(j, &node->text)
               ? node : NULL;
    }

    return keygate_doc_json_word(j);
}


keygate_doc_node_t *
keygate_doc_json(keygate_doc_t *doc, keygate_str_t text)
{
    keygate_doc_json_t   j;
    keygate_doc_node_t  *node;

    j.doc = doc;
    j.p = text.data;
    j.end = text.data + text.len;
    j.line = 1;
    j.depth = 0;

    node = keygate_doc_json_value(&j);

    if (node == NULL) {
        return NULL;
    }

    keygate_doc_json_space(&j);

    return j.p == j.end ? node
           : keygate_doc_fail(doc, "something after the document", j.line);
}

/*
 * YAML into a tree, event by event.  An alias is a node of its own that shares
 * what its anchor's has, so that nothing is ever expanded; one to what it is
 * in itself would have no end, and is refused.  "<<" brings in the members of
 * another map that the map has not itself.
 */

#include <yaml.h>

#include "keygate_doc.h"


typedef struct {
    keygate_doc_node_t  *node;
    keygate_doc_node_t  *merge;      /* the value of "<<" */
    keygate_str_t        name;       /* of the value to come */
    unsigned             line;       /* of the name */
    unsigned             named:1;
    unsigned             merging:1;  /* the value to come is that of "<<" */
} keygate_doc_frame_t;


typedef struct {
    keygate_doc_t        *doc;
    keygate_doc_node_t   *root;
    keygate_doc_node_t   *anchors;   /* a map of nodes whose "first" is it */
    unsigned              depth;
    unsigned              documents;
    unsigned              merged;    /* members of what "<<" names */
    keygate_doc_frame_t   frames[KEYGATE_DOC_DEPTH];
} keygate_doc_yaml_t;


static int keygate_doc_yaml_wrong(keygate_doc_yaml_t *y, const char *reason,
    unsigned line);
static int keygate_doc_yaml_name(keygate_doc_yaml_t *y,
    keygate_doc_node_t *node, int quoted);
static int keygate_doc_yaml_put(keygate_doc_yaml_t *y,
    keygate_doc_node_t *node);
static int keygate_doc_yaml_take(keygate_doc_yaml_t *y,
    keygate_doc_node_t *map, const keygate_doc_node_t *from);
static int keygate_doc_yaml_end(keygate_doc_yaml_t *y);
static int keygate_doc_yaml_anchor(keygate_doc_yaml_t *y,
    const yaml_char_t *name, keygate_doc_node_t *node);
static int keygate_doc_yaml_alias(keygate_doc_yaml_t *y,
    const yaml_event_t *event, unsigned line);
static int keygate_doc_yaml_scalar(keygate_doc_yaml_t *y,
    const yaml_event_t *event, unsigned line);
static int keygate_doc_yaml_begin(keygate_doc_yaml_t *y,
    keygate_doc_kind_e kind, const yaml_char_t *anchor, unsigned line);
static int keygate_doc_yaml_event(keygate_doc_yaml_t *y,
    const yaml_event_t *event);
static int keygate_doc_yaml_parse(keygate_doc_yaml_t *y,
    yaml_parser_t *parser);


static int
keygate_doc_yaml_wrong(keygate_doc_yaml_t *y, const char *reason,
    unsigned line)
{
    keygate_doc_fail(y->doc, reason, line);

    return 0;
}


static int
keygate_doc_yaml_name(keygate_doc_yaml_t *y, keygate_doc_node_t *node,
    int quoted)
{
    keygate_doc_frame_t  *f;

    f = &y->frames[y->depth - 1];

    if (!keygate_doc_is_scalar(node)) {
        return keygate_doc_yaml_wrong(y, "a name that is no text",
                                      node->line);
    }

    f->name = node->text;
    f->line = node->line;
    f->named = 1;
    f->merging = !quoted && keygate_str_eq(f->name, KEYGATE_STR("<<"));

    if (f->merging && f->merge != NULL) {
        return keygate_doc_yaml_wrong(y, "a name that is there already",
                                      node->line);
    }

    return 1;
}


/* A node, or the beginning of one, where it belongs. */

static int
keygate_doc_yaml_put(keygate_doc_yaml_t *y, keygate_doc_node_t *node)
{
    keygate_doc_frame_t  *f;

    if (y->depth == 0) {
        y->root = node;
        return 1;
    }

    f = &y->frames[y->depth - 1];

    if (f->node->kind == KEYGATE_DOC_LIST) {
        return keygate_doc_append(y->doc, f->node, node);
    }

    if (!f->named) {
        return keygate_doc_yaml_name(y, node, node->kind == KEYGATE_DOC_TEXT);
    }

    f->named = 0;

    if (f->merging) {
        f->merge = node;
        return 1;
    }

    node->name = f->name;
    node->line = f->line;

    return keygate_doc_append(y->doc, f->node, node);
}


/* The members of "from" that "map" has not. */

static int
keygate_doc_yaml_take(keygate_doc_yaml_t *y, keygate_doc_node_t *map,
    const keygate_doc_node_t *from)
{
    keygate_doc_node_t  *node, *again;

    if (from->kind != KEYGATE_DOC_MAP) {
        return keygate_doc_yaml_wrong(y, "\"<<\" with what is no map",
                                      from->line);
    }

    for (node = from->first; node != NULL; node = node->next) {

        if (y->merged++ == KEYGATE_DOC_NODES) {
            return keygate_doc_yaml_wrong(y, "more values than a document may "
                                          "have, by \"<<\"", from->line);
        }

        if (keygate_doc_get(map, node->name) != NULL) {
            continue;
        }

        again = keygate_doc_again(y->doc, node, node->line);

        if (again == NULL || !keygate_doc_append(y->doc, map, again)) {
            return 0;
        }
    }

    return 1;
}


static int
keygate_doc_yaml_end(keygate_doc_yaml_t *y)
{
    keygate_doc_node_t   *from;
    keygate_doc_frame_t  *f;

    f = &y->frames[--y->depth];

    if (f->merge == NULL) {
        return 1;
    }

    if (f->merge->kind != KEYGATE_DOC_LIST) {
        return keygate_doc_yaml_take(y, f->node, f->merge);
    }

    for (from = f->merge->first; from != NULL; from = from->next) {
        if (!keygate_doc_yaml_take(y, f->node, from)) {
            return 0;
        }
    }

    return 1;
}


static int
keygate_doc_yaml_anchor(keygate_doc_yaml_t *y, const yaml_char_t *name,
    keygate_doc_node_t *node)
{
    keygate_str_t        span;
    keygate_doc_node_t  *anchor;

    if (name == NULL) {
        return 1;
    }

    span = keygate_doc_copy(y->doc, keygate_span((const char *) name));

    if (span.data == NULL) {
        return keygate_doc_yaml_wrong(y, NULL, 0);
    }

    anchor = keygate_doc_member(y->doc, y->anchors, span, node->line);

    if (anchor == NULL) {
        return 0;
    }

    anchor->first = node;

    return 1;
}


static int
keygate_doc_yaml_alias(keygate_doc_yaml_t *y, const yaml_event_t *event,
    unsigned line)
{
    unsigned             i;
    keygate_doc_node_t  *anchor, *node;

    anchor = keygate_doc_get(y->anchors,
                 keygate_span((const char *) event->data.alias.anchor));

    if (anchor == NULL) {
        return keygate_doc_yaml_wrong(y, "an alias without an anchor", line);
    }

    for (i = 0; i < y->depth; i++) {
        if (y->frames[i].node == anchor->first) {
            return keygate_doc_yaml_wrong(y, "an alias to what it is in "
                                          "itself", line);
        }
    }

    node = keygate_doc_again(y->doc, anchor->first, line);

    return node != NULL && keygate_doc_yaml_put(y, node);
}


static int
keygate_doc_yaml_scalar(keygate_doc_yaml_t *y, const yaml_event_t *event,
    unsigned line)
{
    keygate_str_t        text;
    keygate_doc_node_t  *node;

    text.data = event->data.scalar.value;
    text.len = event->data.scalar.length;

    if (memchr(text.data, '\0', text.len + 1) != text.data + text.len) {
        return keygate_doc_yaml_wrong(y, "a NUL in a text", line);
    }

    node = keygate_doc_node(y->doc,
                            event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE
                            ? KEYGATE_DOC_WORD : KEYGATE_DOC_TEXT, line);
    if (node == NULL) {
        return 0;
    }

    node->text = keygate_doc_copy(y->doc, text);

    if (node->text.data == NULL) {
        return keygate_doc_yaml_wrong(y, NULL, 0);
    }

    return keygate_doc_yaml_anchor(y, event->data.scalar.anchor, node)
           && keygate_doc_yaml_put(y, node);
}


static int
keygate_doc_yaml_begin(keygate_doc_yaml_t *y, keygate_doc_kind_e kind,
    const yaml_char_t *anchor, unsigned line)
{
    keygate_doc_node_t   *node;
    keygate_doc_frame_t  *f;

    if (y->depth == KEYGATE_DOC_DEPTH) {
        return keygate_doc_yaml_wrong(y, "nested too deeply", line);
    }

    node = keygate_doc_node(y->doc, kind, line);

    if (node == NULL || !keygate_doc_yaml_put(y, node)) {
        return 0;
    }

    f = &y->frames[y->depth++];
    memset(f, 0, sizeof(keygate_doc_frame_t));
    f->node = node;

    return keygate_doc_yaml_anchor(y, anchor, node);
}


static int
keygate_doc_yaml_event(keygate_doc_yaml_t *y, const yaml_event_t *event)
{
    unsigned  line;

    line = (unsigned) event->start_mark.line + 1;

    switch (event->type) {

    case YAML_DOCUMENT_START_EVENT:
        return ++y->documents == 1
               || keygate_doc_yaml_wrong(y, "a second document", line);

    case YAML_MAPPING_START_EVENT:
        return keygate_doc_yaml_begin(y, KEYGATE_DOC_MAP,
                                      event->data.mapping_start.anchor, line);

    case YAML_SEQUENCE_START_EVENT:
        return keygate_doc_yaml_begin(y, KEYGATE_DOC_LIST,
                                      event->data.sequence_start.anchor, line);

    case YAML_MAPPING_END_EVENT:
    case YAML_SEQUENCE_END_EVENT:
        return keygate_doc_yaml_end(y);

    case YAML_SCALAR_EVENT:
        return keygate_doc_yaml_scalar(y, event, line);

    case YAML_ALIAS_EVENT:
        return keygate_doc_yaml_alias(y, event, line);

    default:
        return 1;
    }
}


static int
keygate_doc_yaml_parse(keygate_doc_yaml_t *y, yaml_parser_t *parser)
{
    int                ok;
    yaml_event_t       event;
    yaml_event_type_t  type;

    do {
        if (!yaml_parser_parse(parser, &event)) {
            if (parser->error == YAML_MEMORY_ERROR) {
                return keygate_doc_yaml_wrong(y, NULL, 0);
            }

            return keygate_doc_yaml_wrong(y, parser->problem,
                       (unsigned) parser->problem_mark.line + 1);
        }

        type = event.type;
        ok = keygate_doc_yaml_event(y, &event);
        yaml_event_delete(&event);

    } while (ok && type != YAML_STREAM_END_EVENT);

    return ok;
}


keygate_doc_node_t *
keygate_doc_yaml(keygate_doc_t *doc, keygate_str_t text)
{
    int                  ok;
    yaml_parser_t        parser;
    keygate_doc_yaml_t  *y;

    y = keygate_doc_alloc(doc, sizeof(keygate_doc_yaml_t));

    if (y == NULL || !yaml_parser_initialize(&parser)) {
        return keygate_doc_fail(doc, NULL, 0);
    }

    y->doc = doc;
    y->anchors = keygate_doc_node(doc, KEYGATE_DOC_MAP, 0);

    yaml_parser_set_input_string(&parser, text.data, text.len);
    ok = y->anchors != NULL && keygate_doc_yaml_parse(y, &parser);
    yaml_parser_delete(&parser);

    if (ok && y->root == NULL) {
        return keygate_doc_fail(doc, "an empty document", 0);
    }

    return ok ? y->root : NULL;
}

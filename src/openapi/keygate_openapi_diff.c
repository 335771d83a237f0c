/*
 * What two blocks say differently: routes by method and shape, with the base
 * before them, whatever parameters are called; scopes by their names, and what
 * they imply; where keys are sent; "when", and "unmatched pass".  Of a route's
 * options only those that the document has are compared, and of other
 * directives only those of which it has one, for most documents have none.
 */

#include <stdlib.h>

#include "keygate_openapi_export.h"


typedef struct {
    keygate_doc_t           *doc;
    keygate_openapi_diff_t  *diff;
    const keygate_block_t   *document;
} keygate_openapi_compare_t;


typedef struct {
    const char             *shown;       /* "GET /v1/items" */
    const keygate_words_t  *words;
    unsigned                met:1;       /* the other one has it, too */
} keygate_openapi_line_t;


static keygate_rc_t keygate_openapi_say(keygate_openapi_compare_t *c,
    const char *line);
static keygate_rc_t keygate_openapi_add_line(keygate_openapi_compare_t *c,
    keygate_doc_node_t *map, const char *key, const char *shown,
    const keygate_words_t *words);
static keygate_rc_t keygate_openapi_add_route(keygate_openapi_compare_t *c,
    keygate_doc_node_t *map, keygate_str_t base, const keygate_words_t *w);
static keygate_rc_t keygate_openapi_add_directive(keygate_openapi_compare_t *c,
    keygate_doc_node_t *map, const keygate_words_t *w);
static keygate_rc_t keygate_openapi_add_rule(keygate_openapi_compare_t *c,
    keygate_doc_node_t *map, keygate_str_t base, const keygate_words_t *w);
static keygate_rc_t keygate_openapi_lines(keygate_openapi_compare_t *c,
    const keygate_block_t *block, int what, keygate_doc_node_t *map);
static int keygate_openapi_optioned(const keygate_words_t *words,
    keygate_str_t option);
static keygate_rc_t keygate_openapi_compare_line(keygate_openapi_compare_t *c,
    const keygate_openapi_line_t *a, const keygate_openapi_line_t *b);


static keygate_rc_t
keygate_openapi_say(keygate_openapi_compare_t *c, const char *line)
{
    unsigned                  max;
    const char              **lines;
    keygate_openapi_diff_t   *d;

    d = c->diff;

    if (line == NULL) {
        return KEYGATE_NOMEM;
    }

    if (d->n == d->max) {
        max = d->max != 0 ? 2 * d->max : 64;
        lines = keygate_doc_alloc(c->doc, max * sizeof(char *));

        if (lines == NULL) {
            return KEYGATE_NOMEM;
        }

        if (d->n != 0) {
            memcpy(lines, d->lines, d->n * sizeof(char *));
        }

        d->lines = lines;
        d->max = max;
    }

    d->lines[d->n++] = line;

    return KEYGATE_OK;
}


static keygate_rc_t
keygate_openapi_add_line(keygate_openapi_compare_t *c,
    keygate_doc_node_t *map, const char *key, const char *shown,
    const keygate_words_t *words)
{
    keygate_doc_node_t      *node;
    keygate_openapi_line_t  *line;

    if (key == NULL || shown == NULL) {
        return KEYGATE_NOMEM;
    }

    if (keygate_doc_get(map, keygate_span(key)) != NULL) {
        return KEYGATE_OK;
    }

    node = keygate_doc_node(c->doc, KEYGATE_DOC_MAP, 0);
    line = keygate_doc_alloc(c->doc, sizeof(keygate_openapi_line_t));

    if (node == NULL || line == NULL) {
        return KEYGATE_NOMEM;
    }

    line->shown = shown;
    line->words = words;
    node->name = keygate_span(key);
    node->data = line;

    return keygate_doc_append(c->doc, map, node) ? KEYGATE_OK : KEYGATE_NOMEM;
}


/* A line for each method of a route. */

static keygate_rc_t
keygate_openapi_add_route(keygate_openapi_compare_t *c,
    keygate_doc_node_t *map, keygate_str_t base, const keygate_words_t *w)
{
    size_t          len;
    keygate_rc_t    rc;
    keygate_str_t   rest, method;

    rc = KEYGATE_OK;

    for (rest = w->args[1]; rest.len != 0 && rc == KEYGATE_OK;
         rest.data += len, rest.len -= len)
    {
        for (len = 0; len < rest.len && rest.data[len] != '|'; len++) {
            /* void */
        }

        method = (keygate_str_t) { len, rest.data };
        len += len < rest.len;

        rc = keygate_openapi_add_line(c, map,
                 keygate_openapi_nameless(c->doc, method, base, w->args[2]),
                 keygate_doc_printf(c->doc, "%.*s %.*s%.*s",
                                    (int) method.len,
                                    (const char *) method.data,
                                    (int) base.len, (const char *) base.data,
                                    (int) w->args[2].len,
                                    (const char *) w->args[2].data), w);
    }

    return rc;
}


/* A directive that OpenAPI has no word for, where the document has one of its
 * name. */

static keygate_rc_t
keygate_openapi_add_directive(keygate_openapi_compare_t *c,
    keygate_doc_node_t *map, const keygate_words_t *w)
{
    unsigned                i;
    const char             *key, *shown;
    keygate_rc_t            rc;
    const keygate_words_t  *own;

    for (own = c->document->first; own != NULL; own = own->next) {
        if (keygate_str_eq(own->args[0], w->args[0]) && !own->made) {
            break;
        }
    }

    if (own == NULL) {
        return KEYGATE_OK;
    }

    for (i = 0; /* void */ ; i++) {
        rc = keygate_openapi_same_directive(c->doc, w, i, &key, &shown);

        if (rc != KEYGATE_OK) {
            return rc == KEYGATE_NONE ? KEYGATE_OK : rc;
        }

        rc = key[0] == '\0'
             ? KEYGATE_OK : keygate_openapi_add_line(c, map, key, shown, w);

        if (rc != KEYGATE_OK) {
            return rc;
        }
    }
}


/* Of what else changes who may do what, in a configuration. */

static keygate_rc_t
keygate_openapi_add_rule(keygate_openapi_compare_t *c,
    keygate_doc_node_t *map, keygate_str_t base, const keygate_words_t *w)
{
    const char  *key, *shown;

    if (w->n == 2 && keygate_str_eq(w->args[0], KEYGATE_STR("unmatched"))
        && keygate_str_eq(w->args[1], KEYGATE_STR("pass")))
    {
        return keygate_openapi_add_line(c, map, "unmatched pass",
                                        "unmatched pass", w);
    }

    if (w->n != 5 || !keygate_str_eq(w->args[0], KEYGATE_STR("when"))) {
        return keygate_openapi_add_directive(c, map, w);
    }

    key = keygate_openapi_nameless(c->doc, w->args[1], base, w->args[2]);
    key = key == NULL
          ? NULL : keygate_doc_printf(c->doc, "when %s %.*s %.*s", key,
                       (int) w->args[3].len, (const char *) w->args[3].data,
                       (int) w->args[4].len, (const char *) w->args[4].data);
    shown = keygate_doc_printf(c->doc, "when %.*s %.*s%.*s %.*s %.*s",
                (int) w->args[1].len, (const char *) w->args[1].data,
                (int) base.len, (const char *) base.data,
                (int) w->args[2].len, (const char *) w->args[2].data,
                (int) w->args[3].len, (const char *) w->args[3].data,
                (int) w->args[4].len, (const char *) w->args[4].data);

    return keygate_openapi_add_line(c, map, key, shown, w);
}


/* What is compared of a block. */

static keygate_rc_t
keygate_openapi_lines(keygate_openapi_compare_t *c,
    const keygate_block_t *block, int what, keygate_doc_node_t *map)
{
    int                     credentials;
    char                   *shown;
    keygate_rc_t            rc;
    keygate_str_t           base;
    const keygate_words_t  *w;

    base = keygate_block_base(block);
    credentials = what & KEYGATE_OPENAPI_DIFF_CREDENTIALS;

    for (rc = KEYGATE_OK, w = block->first; w != NULL && rc == KEYGATE_OK;
         w = w->next)
    {
        if (w->n >= 4 && keygate_str_eq(w->args[0], KEYGATE_STR("route"))) {
            rc = keygate_openapi_add_route(c, map, base, w);
            continue;
        }

        if (what & KEYGATE_OPENAPI_DIFF_RULES) {
            rc = keygate_openapi_add_rule(c, map, base, w);
        }

        if (w->n < 2
            || (!keygate_str_eq(w->args[0], KEYGATE_STR("scope"))
                && !(credentials && keygate_str_eq(w->args[0],
                                              KEYGATE_STR("credential")))))
        {
            continue;
        }

        shown = keygate_doc_printf(c->doc, "%.*s %.*s%s%.*s",
                    (int) w->args[0].len, (const char *) w->args[0].data,
                    (int) w->args[1].len, (const char *) w->args[1].data,
                    w->n > 2 && w->args[0].data[0] == 'c' ? " " : "",
                    w->n > 2 && w->args[0].data[0] == 'c'
                    ? (int) w->args[2].len : 0,
                    w->n > 2 ? (const char *) w->args[2].data : "");
        rc = rc != KEYGATE_OK
             ? rc : keygate_openapi_add_line(c, map, shown, shown, w);
    }

    return rc;
}


/* Whether "words" have an option as it is. */

static int
keygate_openapi_optioned(const keygate_words_t *words, keygate_str_t option)
{
    unsigned  i;

    for (i = 4; i < words->n; i++) {
        if (keygate_str_eq(words->args[i], option)) {
            return 1;
        }
    }

    return 0;
}


static keygate_rc_t
keygate_openapi_compare_line(keygate_openapi_compare_t *c,
    const keygate_openapi_line_t *a, const keygate_openapi_line_t *b)
{
    unsigned       i;
    keygate_rc_t   rc;
    keygate_str_t  first, second;

    if (keygate_str_eq(a->words->args[0], KEYGATE_STR("scope"))) {
        return keygate_openapi_same_scope(a->words, b->words, &first, &second)
               ? KEYGATE_OK
               : keygate_openapi_say(c, keygate_doc_printf(c->doc, "%s: the "
                     "document says \"implies=%.*s\", and the configuration "
                     "\"implies=%.*s\"", a->shown, (int) first.len,
                     (const char *) first.data, (int) second.len,
                     (const char *) second.data));
    }

    if (!keygate_str_eq(a->words->args[0], KEYGATE_STR("route"))) {
        return KEYGATE_OK;
    }

    rc = keygate_openapi_same_need(a->words->args[3], b->words->args[3])
         ? KEYGATE_OK
         : keygate_openapi_say(c, keygate_doc_printf(c->doc, "%s: the "
               "document says \"%.*s\", and the configuration \"%.*s\"",
               a->shown, (int) a->words->args[3].len,
               (const char *) a->words->args[3].data,
               (int) b->words->args[3].len,
               (const char *) b->words->args[3].data));

    for (i = 4; i < a->words->n && rc == KEYGATE_OK; i++) {
        if (!keygate_openapi_optioned(b->words, a->words->args[i])) {
            rc = keygate_openapi_say(c, keygate_doc_printf(c->doc, "%s: the "
                     "document says \"%.*s\", and the configuration does not",
                     a->shown, (int) a->words->args[i].len,
                     (const char *) a->words->args[i].data));
        }
    }

    return rc;
}


keygate_rc_t
keygate_openapi_diff(const keygate_block_t *document,
    const keygate_block_t *other, int what,
    keygate_openapi_diff_t *diff)
{
    keygate_rc_t                rc;
    keygate_doc_node_t         *a, *b, *node, *found;
    keygate_openapi_line_t     *line;
    keygate_openapi_compare_t   c;

    memset(diff, 0, sizeof(keygate_openapi_diff_t));
    c.doc = document->doc;
    c.diff = diff;
    c.document = document;
    a = keygate_doc_node(c.doc, KEYGATE_DOC_MAP, 0);
    b = keygate_doc_node(c.doc, KEYGATE_DOC_MAP, 0);

    if (a == NULL || b == NULL) {
        return KEYGATE_NOMEM;
    }

    rc = keygate_openapi_lines(&c, document, what, a);
    rc = rc != KEYGATE_OK ? rc : keygate_openapi_lines(&c, other, what, b);

    for (node = a->first; node != NULL && rc == KEYGATE_OK; node = node->next)
    {
        line = node->data;
        found = keygate_doc_get(b, node->name);

        if (found == NULL) {
            rc = keygate_openapi_say(&c, keygate_doc_printf(c.doc, "%s: only "
                     "the document has it", line->shown));
            continue;
        }

        ((keygate_openapi_line_t *) found->data)->met = 1;
        rc = keygate_openapi_compare_line(&c, line, found->data);
    }

    for (node = b->first; node != NULL && rc == KEYGATE_OK; node = node->next)
    {
        line = node->data;

        if (!line->met) {
            rc = keygate_openapi_say(&c, keygate_doc_printf(c.doc, "%s: only "
                     "the configuration has it", line->shown));
        }
    }

    return rc;
}

/*
 * The block, directive by directive.
 */

#include <stdlib.h>

#include "keygate_openapi_private.h"


#define KEYGATE_OPENAPI_PREFIX  23       /* of keys, and "_" */


static keygate_rc_t keygate_openapi_each(keygate_openapi_work_t *w,
    const char *const *names);
static char *keygate_openapi_prefix(keygate_openapi_work_t *w);
static keygate_rc_t keygate_openapi_made(keygate_block_t *block,
    keygate_rc_t rc);
static keygate_rc_t keygate_openapi_write_head(keygate_openapi_work_t *w);
static int keygate_openapi_scope_given(const keygate_openapi_work_t *w,
    keygate_str_t name);
static keygate_rc_t keygate_openapi_write_scopes(keygate_openapi_work_t *w);
static int keygate_openapi_alike(const keygate_openapi_op_t *a,
    const keygate_openapi_op_t *b);
static keygate_rc_t keygate_openapi_write_route(keygate_openapi_work_t *w,
    const keygate_openapi_path_t *path, keygate_openapi_op_t *op);
static keygate_rc_t keygate_openapi_write_open(keygate_openapi_work_t *w,
    const keygate_openapi_path_t *path, const keygate_openapi_op_t *op);
static keygate_rc_t keygate_openapi_write_path(keygate_openapi_work_t *w,
    const keygate_openapi_path_t *path);
static keygate_rc_t keygate_openapi_write_when(keygate_openapi_work_t *w,
    const keygate_openapi_path_t *path, const keygate_openapi_op_t *op);


static keygate_rc_t
keygate_openapi_each(keygate_openapi_work_t *w, const char *const *names)
{
    unsigned      i, n;
    keygate_rc_t  rc;

    for (rc = KEYGATE_OK, i = 0; names[i] != NULL && rc == KEYGATE_OK; i++) {
        if (!w->denied || strcmp(names[i], "unmatched") != 0) {
            rc = keygate_openapi_directives(w, names[i], &n);
        }
    }

    return rc;
}


/* Keys begin with the API's name, or with its first words. */

static char *
keygate_openapi_prefix(keygate_openapi_work_t *w)
{
    size_t         n;
    keygate_str_t  name;

    name = w->result->block.name;
    n = name.len < KEYGATE_OPENAPI_PREFIX ? name.len : KEYGATE_OPENAPI_PREFIX;

    if (n < name.len && memchr(name.data, '_', n) != NULL) {
        while (name.data[n] != '_') {
            n--;
        }
    }

    return keygate_doc_printf(w->doc, "%.*s_", (int) n,
                              (const char *) name.data);
}


/* What was added last is nobody's word. */

static keygate_rc_t
keygate_openapi_made(keygate_block_t *block, keygate_rc_t rc)
{
    if (rc == KEYGATE_OK) {
        block->last->made = 1;
    }

    return rc;
}


static keygate_rc_t
keygate_openapi_write_head(keygate_openapi_work_t *w)
{
    char             *prefix;
    unsigned          n;
    keygate_rc_t      rc;
    keygate_str_t     args[2];
    keygate_block_t  *block;

    static const char *const  others[] = {
        "account", "plan", "require", "rate", "rate_headers", "errors",
        "error", "problem_types", "preflight", "encoded_slash", "unmatched",
        "pass_credential", NULL
    };

    block = &w->result->block;
    n = 0;
    rc = w->options->zone != NULL
         ? keygate_block_puts(block, 2, "zone", w->options->zone)
         : keygate_openapi_directives(w, "zone", &n);

    if (rc == KEYGATE_OK && w->options->zone == NULL && n == 0) {
        rc = keygate_openapi_made(block, keygate_block_puts(block, 2, "zone",
                                                            "keys"));
    }

    rc = rc != KEYGATE_OK ? rc : keygate_openapi_credentials(w);
    rc = rc != KEYGATE_OK
         ? rc : keygate_openapi_directives(w, "key_format", &n);

    if (rc == KEYGATE_OK && n == 0) {
        prefix = keygate_openapi_prefix(w);
        rc = prefix == NULL
             ? KEYGATE_NOMEM
             : keygate_openapi_made(block, keygate_block_puts(block, 4,
                                        "key_format", prefix, "id=6",
                                        "secret=24"));
    }

    if (rc == KEYGATE_OK && w->base.len != 0) {
        args[0] = KEYGATE_STR("base");
        args[1] = w->base;
        rc = keygate_block_add(block, args, 2, 0);
    }

    return rc != KEYGATE_OK ? rc : keygate_openapi_each(w, others);
}


/* Whether x-keygate has a line of its own for a scope. */

static int
keygate_openapi_scope_given(const keygate_openapi_work_t *w,
    keygate_str_t name)
{
    const keygate_words_t  *words;

    for (words = w->given; words != NULL; words = words->next) {
        if (words->n > 1 && keygate_str_eq(words->args[1], name)) {
            return 1;
        }
    }

    return 0;
}


static keygate_rc_t
keygate_openapi_write_scopes(keygate_openapi_work_t *w)
{
    unsigned                        i, n;
    keygate_rc_t                    rc;
    keygate_str_t                   args[3];
    keygate_words_t                *last;
    const keygate_openapi_scope_t  *s;

    last = w->result->block.last;
    rc = keygate_openapi_directives(w, "scope", &n);
    w->given = n != 0 && last != NULL ? last->next : NULL;
    w->result->n_scopes = n;

    for (i = 0; i < w->n_scopes && rc == KEYGATE_OK; i++) {
        s = &w->scopes[i];

        if (!s->written || keygate_openapi_scope_given(w, s->name)) {
            continue;
        }

        args[0] = KEYGATE_STR("scope");
        args[1] = s->name;
        args[2] = s->text;
        rc = keygate_block_add(&w->result->block, args,
                               s->text.len != 0 ? 3 : 2, 0);
        w->result->n_scopes++;
    }

    return rc;
}


static int
keygate_openapi_alike(const keygate_openapi_op_t *a,
    const keygate_openapi_op_t *b)
{
    return !a->left && !b->left && keygate_openapi_need_eq(&a->need, &b->need)
           && keygate_str_eq(a->cost, b->cost)
           && keygate_str_eq(a->feature, b->feature)
           && keygate_str_eq(a->group, b->group);
}


/* A route for "op" and those after it that are like it. */

static keygate_rc_t
keygate_openapi_write_route(keygate_openapi_work_t *w,
    const keygate_openapi_path_t *path, keygate_openapi_op_t *op)
{
    char                  *methods;
    unsigned               n;
    keygate_rc_t           rc;
    keygate_str_t          args[7];
    keygate_openapi_op_t  *other;

    methods = (char *) "";

    other = op;

    do {
        if (other->written || !keygate_openapi_alike(op, other)) {
            continue;
        }

        methods = keygate_doc_printf(w->doc, "%s%s%.*s", methods,
                                     methods[0] ? "|" : "",
                                     (int) other->method.len,
                                     (const char *) other->method.data);
        other->written = 1;
        w->result->n_routes++;

    } while (methods != NULL && (other = other->next) != NULL);

    n = 0;
    args[n++] = KEYGATE_STR("route");
    args[n++] = keygate_span(methods != NULL ? methods : "");
    args[n++] = path->text;
    args[n] = keygate_openapi_need_text(w, &op->need);

    if (methods == NULL || args[n++].data == NULL) {
        return KEYGATE_NOMEM;
    }

    if (op->need.kind != KEYGATE_OPENAPI_NEED_PUBLIC) {
        args[n] = op->cost;
        n += op->cost.len != 0;
        args[n] = op->feature;
        n += op->feature.len != 0;
        args[n] = op->group;
        n += op->group.len != 0;
    }

    rc = keygate_block_add(&w->result->block, args, n, 0);

    return rc;
}


/* What needs no key is told, each of it, where who reads it looks last. */

static keygate_rc_t
keygate_openapi_write_open(keygate_openapi_work_t *w,
    const keygate_openapi_path_t *path, const keygate_openapi_op_t *op)
{
    const char              *word;
    keygate_openapi_note_e   kind;

    switch (op->need.kind) {

    case KEYGATE_OPENAPI_NEED_PUBLIC:
        kind = KEYGATE_OPENAPI_OPEN;
        word = "public";
        w->result->n_public++;
        break;

    case KEYGATE_OPENAPI_NEED_OPTIONAL:
        kind = KEYGATE_OPENAPI_EITHER;
        word = "optional";
        w->result->n_optional++;
        break;

    default:
        return KEYGATE_OK;
    }

    return keygate_openapi_tell(w, kind, op->pointer, op->line,
                                "%s: %.*s %.*s", word, (int) op->method.len,
                                (const char *) op->method.data,
                                (int) path->text.len,
                                (const char *) path->text.data);
}


static keygate_rc_t
keygate_openapi_write_path(keygate_openapi_work_t *w,
    const keygate_openapi_path_t *path)
{
    keygate_rc_t           rc;
    keygate_openapi_op_t  *op;

    if (path->blocked) {
        return keygate_block_add(&w->result->block, (keygate_str_t []) {
                                     KEYGATE_STR("route"),
                                     KEYGATE_STR(KEYGATE_OPENAPI_NOBODY),
                                     path->text, KEYGATE_STR("any") }, 4, 0);
    }

    rc = KEYGATE_OK;

    for (op = path->ops; op != NULL && rc == KEYGATE_OK; op = op->next) {
        if (!op->left && !op->written) {
            rc = keygate_openapi_write_route(w, path, op);
        }

        if (rc == KEYGATE_OK && !op->left) {
            rc = keygate_openapi_write_open(w, path, op);
        }
    }

    return rc;
}


static keygate_rc_t
keygate_openapi_write_when(keygate_openapi_work_t *w,
    const keygate_openapi_path_t *path, const keygate_openapi_op_t *op)
{
    char                      *member;
    unsigned                   number;
    keygate_rc_t               rc;
    keygate_str_t              args[5];
    const keygate_doc_node_t  *node;

    args[0] = KEYGATE_STR("when");
    args[1] = op->method;
    args[2] = path->text;
    rc = keygate_openapi_steps(w, op->when->n);

    for (node = op->when->first; node != NULL && rc == KEYGATE_OK;
         node = node->next)
    {
        member = keygate_doc_printf(w->doc, "body.%.*s", (int) node->name.len,
                                    (const char *) node->name.data);
        if (member == NULL) {
            return KEYGATE_NOMEM;
        }

        rc = keygate_openapi_scope(w, node->text, op->when_pointer,
                                   node->line, &number);
        if (rc != KEYGATE_OK) {
            return rc;
        }

        args[3] = keygate_span(member);
        args[4] = w->scopes[number].name;
        rc = keygate_block_add(&w->result->block, args, 5, node->line);
    }

    return rc;
}


keygate_rc_t
keygate_openapi_write(keygate_openapi_work_t *w)
{
    unsigned                       n;
    keygate_rc_t                   rc;
    const keygate_openapi_op_t    *op;
    const keygate_openapi_path_t  *path;

    rc = keygate_openapi_write_head(w);
    rc = rc != KEYGATE_OK ? rc : keygate_openapi_write_scopes(w);

    for (path = w->paths; path != NULL && rc == KEYGATE_OK; path = path->next)
    {
        rc = keygate_openapi_write_path(w, path);
    }

    if (rc == KEYGATE_OK) {
        rc = keygate_openapi_directives(w, "route", &n);
        w->result->n_routes += n;
    }

    for (path = w->paths; path != NULL && rc == KEYGATE_OK; path = path->next)
    {
        for (op = path->ops; op != NULL && rc == KEYGATE_OK; op = op->next) {
            if (!op->left && op->when != NULL) {
                rc = keygate_openapi_write_when(w, path, op);
            }
        }
    }

    return rc != KEYGATE_OK ? rc : keygate_openapi_directives(w, "when", &n);
}

/*
 * "security" of an operation to what it needs.  Alternatives are those of the
 * schemes that can be written; where they ask for scopes and others do not,
 * all do: a key is as good by one scheme as by the other.
 */

#include "keygate_openapi_private.h"


#define KEYGATE_OPENAPI_APART  64        /* schemes that have a bit */


typedef struct {
    keygate_openapi_op_t    *op;
    const char              *pointer;
    const char              *reason;     /* why the first one cannot be */
    keygate_str_t            of;         /* its scheme */
    keygate_openapi_need_t   usable;     /* of those that can be written */
    keygate_openapi_need_t   other;      /* of others */
    unsigned                 n;          /* that can be written */
    unsigned                 mixed;      /* their needs cannot be joined */
    unsigned                 mixed_other;
    uint64_t                 schemes;    /* bits of those that can be */
    unsigned                 apart:1;    /* all of which have one */
    unsigned                 none:1;     /* "{}" */
    unsigned                 bare:1;     /* a usable one without scopes */
    unsigned                 bad:1;      /* one whose scopes cannot be */
} keygate_openapi_alternatives_t;


static keygate_rc_t keygate_openapi_add(keygate_openapi_work_t *w,
    keygate_openapi_need_t *sum, const keygate_openapi_need_t *need,
    unsigned *mixed);
static keygate_rc_t keygate_openapi_asked(keygate_openapi_work_t *w,
    keygate_openapi_alternatives_t *a, const keygate_doc_node_t *node,
    keygate_openapi_need_t *need, keygate_str_t *culprit);
static const char *keygate_openapi_unfit(keygate_openapi_work_t *w,
    const keygate_doc_node_t *node, const keygate_openapi_scheme_t *scheme);
static keygate_rc_t keygate_openapi_alternative(keygate_openapi_work_t *w,
    keygate_openapi_alternatives_t *a, const keygate_doc_node_t *node);
static keygate_rc_t keygate_openapi_decide(keygate_openapi_work_t *w,
    keygate_openapi_alternatives_t *a, unsigned line);


keygate_rc_t
keygate_openapi_left(keygate_openapi_work_t *w, keygate_openapi_op_t *op,
    const char *pointer, unsigned line, const char *reason, keygate_str_t of)
{
    keygate_str_t  shown;

    shown = keygate_openapi_line(w, of, 200);
    op->left = 1;

    return shown.data == NULL
           ? KEYGATE_NOMEM
           : keygate_openapi_warn(w, pointer, line, "left out: %s%s%s%s",
                 shown.len != 0 ? "\"" : "", (const char *) shown.data,
                 shown.len != 0 ? "\": " : "", reason);
}


keygate_rc_t
keygate_openapi_names(keygate_openapi_work_t *w,
    const keygate_doc_node_t *list, const char *pointer,
    keygate_openapi_need_t *need, keygate_str_t *culprit)
{
    unsigned             n, *numbers;
    keygate_rc_t         rc;
    keygate_doc_node_t  *node;

    *culprit = KEYGATE_STR("");

    if (list->kind != KEYGATE_DOC_LIST) {
        return KEYGATE_NONE;
    }

    rc = keygate_openapi_steps(w, list->n + 1);
    numbers = rc != KEYGATE_OK
              ? NULL : keygate_doc_alloc(w->doc,
                                         (list->n + 1) * sizeof(unsigned));
    if (numbers == NULL) {
        return rc != KEYGATE_OK ? rc : KEYGATE_NOMEM;
    }

    for (n = 0, node = list->first; node != NULL; node = node->next) {
        *culprit = node->text;
        rc = !keygate_doc_is_scalar(node)
             ? KEYGATE_NONE
             : keygate_openapi_scope(w, node->text, pointer, node->line,
                                     &numbers[n++]);
        rc = rc != KEYGATE_OK
             ? rc : keygate_openapi_clash(w, node, node->text, numbers[n - 1],
                                          pointer);
        if (rc != KEYGATE_OK) {
            return rc;
        }
    }

    return keygate_openapi_need_of(w, numbers, n, w->options->scopes_any,
                                   need);
}


static keygate_rc_t
keygate_openapi_add(keygate_openapi_work_t *w, keygate_openapi_need_t *sum,
    const keygate_openapi_need_t *need, unsigned *mixed)
{
    keygate_rc_t            rc;
    keygate_openapi_need_t  either;

    if (need->n == 0) {
        return KEYGATE_OK;
    }

    if (sum->n == 0) {
        *sum = *need;
        return KEYGATE_OK;
    }

    rc = keygate_openapi_either(w, sum, need, &either);

    if (rc == KEYGATE_NONE) {
        *mixed = 1;
        return KEYGATE_OK;
    }

    *sum = either;

    return rc;
}


/* What all of an alternative's schemes ask for; KEYGATE_NONE with a culprit
 * when that cannot be said here. */

static keygate_rc_t
keygate_openapi_asked(keygate_openapi_work_t *w,
    keygate_openapi_alternatives_t *a, const keygate_doc_node_t *node,
    keygate_openapi_need_t *need, keygate_str_t *culprit)
{
    keygate_rc_t                rc;
    keygate_openapi_need_t      one, both;
    keygate_openapi_scheme_t   *scheme;

    *need = keygate_openapi_any();
    *culprit = KEYGATE_STR("");
    rc = keygate_openapi_steps(w, (uint64_t) node->n * (w->n_schemes + 1));

    for (node = node->first; node != NULL && rc == KEYGATE_OK;
         node = node->next)
    {
        scheme = keygate_openapi_scheme(w, node->name);

        if (scheme != NULL) {
            scheme->listed = 1;
        }

        rc = keygate_openapi_names(w, node, a->pointer, &one, culprit);
        rc = rc != KEYGATE_OK ? rc : keygate_openapi_both(w, need, &one,
                                                          &both);
        if (rc == KEYGATE_OK) {
            *need = both;
        }
    }

    return rc;
}


/* Why an alternative cannot be written, or NULL. */

static const char *
keygate_openapi_unfit(keygate_openapi_work_t *w,
    const keygate_doc_node_t *node, const keygate_openapi_scheme_t *scheme)
{
    if (node->n > 1) {
        return "it needs several schemes at once, and a key is one; \"need\" "
               "in x-keygate can say what the key needs";
    }

    if (scheme == NULL && w->options->credential == NULL) {
        return "the scheme is not declared; --scheme with its name takes it "
               "for the one that holds keys";
    }

    return scheme != NULL && scheme->credential == NULL ? scheme->reason
                                                        : NULL;
}


static keygate_rc_t
keygate_openapi_alternative(keygate_openapi_work_t *w,
    keygate_openapi_alternatives_t *a, const keygate_doc_node_t *node)
{
    const char                *reason;
    keygate_rc_t               rc;
    keygate_str_t              culprit;
    keygate_openapi_need_t     need;
    keygate_openapi_scheme_t  *scheme;

    if (node->kind != KEYGATE_DOC_MAP) {
        a->reason = a->reason ? a->reason : "one of \"security\" is no object";
        a->bad = 1;
        return KEYGATE_OK;
    }

    if (node->n == 0) {
        a->none = 1;
        return KEYGATE_OK;
    }

    rc = keygate_openapi_asked(w, a, node, &need, &culprit);

    if (rc != KEYGATE_OK && rc != KEYGATE_NONE) {
        return rc;
    }

    scheme = keygate_openapi_scheme(w, node->first->name);
    reason = keygate_openapi_unfit(w, node, scheme);

    if (reason == NULL && rc == KEYGATE_OK) {
        if (scheme != NULL) {
            scheme->used = 1;
        }

        a->apart &= scheme != NULL
                    && scheme - w->schemes < KEYGATE_OPENAPI_APART;
        a->schemes |= a->apart ? UINT64_C(1) << (scheme - w->schemes) : 0;
        a->n++;
        a->bare |= need.n == 0;

        return keygate_openapi_add(w, &a->usable, &need, &a->mixed);
    }

    if (a->reason == NULL) {
        a->reason = reason != NULL
                    ? reason : "no scope here can have this name; --rename "
                               "NAME=OTHER gives it another";
        a->of = reason != NULL ? node->first->name : culprit;
    }

    a->bad |= rc == KEYGATE_NONE;

    return rc == KEYGATE_NONE
           ? KEYGATE_OK
           : keygate_openapi_add(w, &a->other, &need, &a->mixed_other);
}


/* What is to be told of several alternatives that are one here. */

static keygate_rc_t
keygate_openapi_decide(keygate_openapi_work_t *w,
    keygate_openapi_alternatives_t *a, unsigned line)
{
    keygate_openapi_op_t  *op;

    op = a->op;

    if (a->none) {
        op->need.kind = KEYGATE_OPENAPI_NEED_OPTIONAL;
        return KEYGATE_OK;
    }

    if (a->n == 0 || (a->usable.n == 0 && a->bad)) {
        return keygate_openapi_left(w, op, a->pointer, line,
                                    a->reason != NULL ? a->reason
                                    : "it needs nothing that is known", a->of);
    }

    if (a->mixed || (a->usable.n == 0 && a->mixed_other)) {
        return keygate_openapi_left(w, op, a->pointer, line,
                   "alternatives with different scopes, of which one needs "
                   "several: \"need\" in x-keygate can say something simpler",
                   KEYGATE_STR(""));
    }

    op->need = a->usable.n != 0 ? a->usable : a->other;
    op->schemes = a->apart ? a->schemes : 0;

    return a->bare && op->need.n != 0
           ? keygate_openapi_warn(w, a->pointer, line, "an alternative has no "
                 "scopes: by it, too, a key needs those of the other")
           : KEYGATE_OK;
}


keygate_rc_t
keygate_openapi_requirements(keygate_openapi_work_t *w,
    const keygate_openapi_at_t *security, keygate_openapi_op_t *op)
{
    keygate_rc_t                    rc;
    const keygate_doc_node_t       *node;
    keygate_openapi_alternatives_t  a;

    w->secured = 1;

    if (security->node->kind != KEYGATE_DOC_LIST) {
        return keygate_openapi_left(w, op, security->pointer,
                   security->node->line, "\"security\" is no list",
                   KEYGATE_STR(""));
    }

    if (security->node->n == 0) {
        op->need.kind = KEYGATE_OPENAPI_NEED_PUBLIC;
        return KEYGATE_OK;
    }

    memset(&a, 0, sizeof(keygate_openapi_alternatives_t));
    a.op = op;
    a.apart = 1;
    a.of = KEYGATE_STR("");
    a.pointer = security->pointer;
    a.usable = a.other = keygate_openapi_any();

    for (node = security->node->first; node != NULL; node = node->next) {
        rc = keygate_openapi_steps(w, 1);
        rc = rc != KEYGATE_OK ? rc : keygate_openapi_alternative(w, &a, node);

        if (rc != KEYGATE_OK) {
            return rc;
        }
    }

    if (a.none && security->node->n == 1) {
        op->need.kind = KEYGATE_OPENAPI_NEED_PUBLIC;
        return KEYGATE_OK;
    }

    return keygate_openapi_decide(w, &a, security->node->line);
}

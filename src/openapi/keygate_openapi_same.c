/*
 * Whether what two blocks say of one thing is the same, in whatever order.
 */

#include <stdlib.h>

#include "keygate_openapi_export.h"
#include "keygate_router.h"


static int keygate_openapi_within(keygate_str_t a, keygate_str_t b,
    unsigned char sep);
static keygate_str_t keygate_openapi_implies(const keygate_words_t *scope);
static int keygate_openapi_is_default(const keygate_words_t *words,
    keygate_str_t word);
static int keygate_openapi_order(const void *a, const void *b);
static const char *keygate_openapi_ordered(keygate_doc_t *doc,
    const keygate_words_t *words, int sort);


/* Whether each of a's scopes is one of b's. */

static int
keygate_openapi_within(keygate_str_t a, keygate_str_t b, unsigned char sep)
{
    size_t         len, k;
    keygate_str_t  name, rest;

    for ( /* void */ ; a.len != 0; a.data += len, a.len -= len) {
        for (len = 0; len < a.len && a.data[len] != sep; len++) {
            /* void */
        }

        name = (keygate_str_t) { len, a.data };
        len += len < a.len;

        for (rest = b; rest.len != 0; rest.data += k, rest.len -= k) {
            for (k = 0; k < rest.len && rest.data[k] != sep; k++) {
                /* void */
            }

            if (keygate_str_eq(name, (keygate_str_t) { k, rest.data })) {
                break;
            }

            k += k < rest.len;
        }

        if (rest.len == 0) {
            return 0;
        }
    }

    return 1;
}


int
keygate_openapi_same_need(keygate_str_t a, keygate_str_t b)
{
    unsigned char  sep;

    if (keygate_str_eq(a, b)) {
        return 1;
    }

    sep = memchr(a.data, '|', a.len) != NULL ? '|' : '&';

    return (memchr(b.data, '|', b.len) != NULL ? '|' : '&') == sep
           && keygate_openapi_within(a, b, sep)
           && keygate_openapi_within(b, a, sep);
}


/* "implies=A,B" of a scope, or empty. */

static keygate_str_t
keygate_openapi_implies(const keygate_words_t *scope)
{
    return scope->n > 2 && scope->args[2].len > 8
           && memcmp(scope->args[2].data, "implies=", 8) == 0
           ? (keygate_str_t) { scope->args[2].len - 8,
                               scope->args[2].data + 8 }
           : KEYGATE_STR("");
}


int
keygate_openapi_same_scope(const keygate_words_t *a, const keygate_words_t *b,
    keygate_str_t *first, keygate_str_t *second)
{
    *first = keygate_openapi_implies(a);
    *second = keygate_openapi_implies(b);

    return keygate_openapi_within(*first, *second, ',')
           && keygate_openapi_within(*second, *first, ',');
}


const char *
keygate_openapi_nameless(keygate_doc_t *doc, keygate_str_t method,
    keygate_str_t base, keygate_str_t template)
{
    size_t           at;
    keygate_buf_t    b;
    keygate_str_t    segment;
    keygate_part_t   part;

    b.size = method.len + base.len + template.len + 64;
    b.len = 0;
    b.data = keygate_doc_alloc(doc, b.size);

    if (b.data == NULL) {
        return NULL;
    }

    keygate_buf_put(&b, method);
    keygate_buf_puts(&b, " ");
    keygate_buf_put(&b, base);

    for (at = 0; keygate_template_next(template, &at, &segment); /* void */ ) {
        memset(&part, 0, sizeof(keygate_part_t));
        (void) keygate_template_part(segment, at == template.len, &part);
        keygate_buf_puts(&b, "/");

        if (part.kind == KEYGATE_PART_REST) {
            keygate_buf_puts(&b, "\2");
            continue;
        }

        keygate_buf_put(&b, part.before);

        if (part.name.len != 0) {
            keygate_buf_puts(&b, "\1");
            keygate_buf_put(&b, part.after);
        }
    }

    return b.len < b.size ? (const char *) b.data : NULL;
}


/* Those that OpenAPI has no word for, with what holds without them. */

static const struct {
    const char  *name;
    const char  *without;
} keygate_openapi_directives_alike[] = {
    { "require", NULL }, { "plan", NULL }, { "rate", NULL }, { "error", NULL },
    { "problem_types", NULL }, { "account", "account account" },
    { "rate_headers", "rate_headers draft" }, { "errors", "errors problem" },
    { "preflight", "preflight off" }, { "encoded_slash", "encoded_slash deny" },
    { "pass_credential", "pass_credential off" }, { "zone", NULL },
    { "key_format", NULL }, { NULL, NULL }
};


/* What a rate, or a format, says that holds without being said. */

static int
keygate_openapi_is_default(const keygate_words_t *words, keygate_str_t word)
{
    size_t         i;
    keygate_str_t  rate;

    static const char *const  names[] = {
        "r/s", "name=second", "r/m", "name=minute", "r/h", "name=hour",
        "r/d", "name=day", "r/month", "name=month", NULL
    };

    if (keygate_str_eq(words->args[0], KEYGATE_STR("key_format"))) {
        return keygate_str_eq(word, KEYGATE_STR("id=6"))
               || keygate_str_eq(word, KEYGATE_STR("secret=24"));
    }

    if (!keygate_str_eq(words->args[0], KEYGATE_STR("rate"))) {
        return 0;
    }

    for (rate = words->args[1]; rate.len != 0 && rate.data[0] != 'r';
         rate.data++, rate.len--)
    {
        /* void */
    }

    for (i = 0; names[i] != NULL; i += 2) {
        if (keygate_str_eq(rate, keygate_span(names[i]))
            && keygate_str_eq(word, keygate_span(names[i + 1])))
        {
            return 1;
        }
    }

    return keygate_str_eq(word, KEYGATE_STR("per=key"));
}


static int
keygate_openapi_order(const void *a, const void *b)
{
    int                   rc;
    const keygate_str_t  *x, *y;

    x = a;
    y = b;
    rc = memcmp(x->data, y->data, x->len < y->len ? x->len : y->len);

    return rc != 0 ? rc : x->len < y->len ? -1 : x->len > y->len;
}


/* A directive in one order of what follows its first words, unless the order
 * says something. */

static const char *
keygate_openapi_ordered(keygate_doc_t *doc, const keygate_words_t *words,
    int sort)
{
    char           *text;
    unsigned        i, n;
    keygate_str_t  *args;

    args = keygate_doc_alloc(doc, words->n * sizeof(keygate_str_t));

    if (args == NULL) {
        return NULL;
    }

    for (n = 0, i = 0; i < words->n; i++) {
        if (i < 2 || !keygate_openapi_is_default(words, words->args[i])) {
            args[n++] = words->args[i];
        }
    }

    if (sort && n > 2) {
        qsort(args + 2, n - 2, sizeof(keygate_str_t), keygate_openapi_order);
    }

    for (text = (char *) "", i = 0; i < n && text != NULL; i++) {
        text = keygate_doc_printf(doc, "%s%s%.*s", text, i != 0 ? " " : "",
                                  (int) args[i].len,
                                  (const char *) args[i].data);
    }

    return text;
}


keygate_rc_t
keygate_openapi_same_directive(keygate_doc_t *doc,
    const keygate_words_t *words, unsigned n, const char **key,
    const char **shown)
{
    int          i;
    const char  *without;

    for (i = 0; keygate_openapi_directives_alike[i].name != NULL; i++) {
        if (keygate_str_eq(words->args[0],
                keygate_span(keygate_openapi_directives_alike[i].name)))
        {
            break;
        }
    }

    if (keygate_openapi_directives_alike[i].name == NULL || words->n < 2
        || n >= (i == 0 ? words->n - 1 : 1))
    {
        return KEYGATE_NONE;
    }

    if (i == 0) {
        *key = *shown = keygate_doc_printf(doc, "require %.*s",
                            (int) words->args[n + 1].len,
                            (const char *) words->args[n + 1].data);

    } else {
        *key = *shown = keygate_openapi_ordered(doc, words,
                            !keygate_str_eq(words->args[0],
                                            KEYGATE_STR("account")));
    }

    if (*key == NULL) {
        return KEYGATE_NOMEM;
    }

    without = keygate_openapi_directives_alike[i].without;

    if (without != NULL && strcmp(*key, without) == 0) {
        *key = "";
    }

    return KEYGATE_OK;
}

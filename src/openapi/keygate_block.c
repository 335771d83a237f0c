/*
 * Directives as words, and as the text that nginx reads.
 */

#include <stdarg.h>

#include "keygate_block.h"


#define KEYGATE_BLOCK_PUTS  8            /* words at once */


static int keygate_block_space(unsigned char c);
static int keygate_block_plain(keygate_str_t word);
static void keygate_block_quoted(keygate_str_t word, keygate_buf_t *out);
static int keygate_block_text(const keygate_words_t *words, unsigned i);
static void keygate_block_pad(keygate_buf_t *out, size_t from, size_t width);
static void keygate_block_line(const keygate_words_t *words,
    keygate_buf_t *out);


keygate_rc_t
keygate_block_add(keygate_block_t *block, const keygate_str_t *args,
    unsigned n, unsigned line)
{
    keygate_words_t  *words;

    words = keygate_doc_alloc(block->doc, sizeof(keygate_words_t));

    if (words == NULL) {
        return KEYGATE_NOMEM;
    }

    words->args = keygate_doc_alloc(block->doc, n * sizeof(keygate_str_t));

    if (words->args == NULL) {
        return KEYGATE_NOMEM;
    }

    memcpy(words->args, args, n * sizeof(keygate_str_t));
    words->n = n;
    words->line = line;

    if (block->last != NULL) {
        block->last->next = words;

    } else {
        block->first = words;
    }

    block->last = words;

    return KEYGATE_OK;
}


keygate_rc_t
keygate_block_puts(keygate_block_t *block, unsigned n, ...)
{
    unsigned       i;
    va_list        list;
    keygate_str_t  args[KEYGATE_BLOCK_PUTS];

    va_start(list, n);

    for (i = 0; i < n && i < KEYGATE_BLOCK_PUTS; i++) {
        args[i] = keygate_span(va_arg(list, const char *));
    }

    va_end(list);

    return keygate_block_add(block, args, i, 0);
}


static int
keygate_block_space(unsigned char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}


/* Whether nginx reads it as it is. */

static int
keygate_block_plain(keygate_str_t word)
{
    size_t         i;
    unsigned char  c;

    for (i = 0; i < word.len; i++) {
        c = word.data[i];

        if (keygate_block_space(c) || c == ';' || c == '{' || c == '}'
            || c == '"' || c == '\'' || c == '\\' || c == '#' || c == '$')
        {
            return 0;
        }
    }

    return word.len != 0;
}


static void
keygate_block_quoted(keygate_str_t word, keygate_buf_t *out)
{
    size_t  i;

    keygate_buf_puts(out, "\"");

    for (i = 0; i < word.len; i++) {
        if (word.data[i] == '"' || word.data[i] == '\\') {
            keygate_buf_puts(out, "\\");
        }

        keygate_buf_put(out, (keygate_str_t) { 1, word.data + i });
    }

    keygate_buf_puts(out, "\"");
}


void
keygate_block_word(keygate_str_t word, keygate_buf_t *out)
{
    if (keygate_block_plain(word)) {
        keygate_buf_put(out, word);

    } else {
        keygate_block_quoted(word, out);
    }
}


/* The text of a scope, which is in quotes even when it is one word. */

static int
keygate_block_text(const keygate_words_t *words, unsigned i)
{
    return i >= 2 && i == words->n - 1
           && keygate_str_eq(words->args[0], KEYGATE_STR("scope"))
           && (words->args[i].len < 8
               || memcmp(words->args[i].data, "implies=", 8) != 0);
}


static void
keygate_block_pad(keygate_buf_t *out, size_t from, size_t width)
{
    do {
        keygate_buf_puts(out, " ");
    } while (out->len - from < width);
}


/* Routes and scopes in columns, whose widths do not depend on one another: a
 * line changes only when what it says does. */

static void
keygate_block_line(const keygate_words_t *words, keygate_buf_t *out)
{
    int       route;
    size_t    from;
    unsigned  i;

    route = keygate_str_eq(words->args[0], KEYGATE_STR("route"));
    keygate_buf_puts(out, "    ");

    for (i = 0; i < words->n; i++) {
        from = out->len;

        if (keygate_block_text(words, i)) {
            keygate_block_quoted(words->args[i], out);

        } else {
            keygate_block_word(words->args[i], out);
        }

        if (i + 1 < words->n) {
            keygate_block_pad(out, from, i == 0 ? 12
                                         : route && i == 1 ? 11
                                         : route && i == 2 ? 40 : 1);
        }
    }

    keygate_buf_puts(out, ";\n");
}


void
keygate_block_print(const keygate_block_t *block, keygate_buf_t *out)
{
    const keygate_words_t  *words, *before;

    keygate_buf_puts(out, "keygate_api ");
    keygate_block_word(block->name, out);
    keygate_buf_puts(out, " {\n");

    for (before = NULL, words = block->first; words != NULL;
         before = words, words = words->next)
    {
        if (before != NULL
            && !keygate_str_eq(before->args[0], words->args[0])
            && (keygate_str_eq(words->args[0], KEYGATE_STR("route"))
                || keygate_str_eq(words->args[0], KEYGATE_STR("scope"))
                || keygate_str_eq(before->args[0], KEYGATE_STR("scope"))))
        {
            keygate_buf_puts(out, "\n");
        }

        keygate_block_line(words, out);
    }

    keygate_buf_puts(out, "}\n");
}


keygate_rc_t
keygate_block_compile(const keygate_block_t *block, keygate_api_t **api,
    keygate_conf_fault_t *fault)
{
    keygate_rc_t            rc;
    const keygate_words_t  *words;

    memset(fault, 0, sizeof(keygate_conf_fault_t));

    *api = keygate_api_create(block->name, &block->doc->pool);

    if (*api == NULL) {
        return KEYGATE_NOMEM;
    }

    for (words = block->first; words != NULL; words = words->next) {
        rc = keygate_api_directive(*api, words->args, words->n, words->line,
                                   fault);
        if (rc != KEYGATE_OK) {
            return rc;
        }
    }

    return keygate_api_compile(*api, fault);
}


keygate_str_t
keygate_block_base(const keygate_block_t *block)
{
    keygate_str_t           base;
    const keygate_words_t  *w;

    for (w = block->first; w != NULL; w = w->next) {
        if (w->n == 2 && keygate_str_eq(w->args[0], KEYGATE_STR("base"))) {
            base = w->args[1];

            while (base.len != 0 && base.data[base.len - 1] == '/') {
                base.len--;
            }

            return base;
        }
    }

    return KEYGATE_STR("");
}

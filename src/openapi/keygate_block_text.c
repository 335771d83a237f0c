/*
 * Words of a configuration, taken apart as nginx does it.
 */

#include "keygate_block_private.h"


static size_t keygate_block_unescape(unsigned char c, unsigned char *out);


int
keygate_block_blank(unsigned char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}


/* A character after '\'; what is none that nginx knows stays with its '\'. */

static size_t
keygate_block_unescape(unsigned char c, unsigned char *out)
{
    switch (c) {

    case 't':
        *out = '\t';
        return 1;

    case 'r':
        *out = '\r';
        return 1;

    case 'n':
        *out = '\n';
        return 1;

    case '"':
    case '\'':
    case '\\':
        *out = c;
        return 1;

    default:
        out[0] = '\\';
        out[1] = c;
        return 2;
    }
}


int
keygate_block_take(keygate_block_text_t *t, keygate_str_t *word)
{
    unsigned char         quote, *out;
    const unsigned char  *start;

    quote = *t->p == '"' || *t->p == '\'' ? *t->p : '\0';
    start = t->p += quote != '\0';

    for ( /* void */ ; t->p < t->end; t->p++) {
        t->line += *t->p == '\n';

        if (*t->p == '\\' && t->p + 1 < t->end) {
            t->p++;

        } else if (quote != '\0' ? *t->p == quote
                   : keygate_block_blank(*t->p) || *t->p == ';'
                     || (*t->p == '{' && !(t->p > start && t->p[-1] == '$')))
        {
            break;
        }
    }

    if (t->p == t->end && quote != '\0') {
        return 0;
    }

    out = keygate_doc_alloc(t->doc, (size_t) (t->p - start) + 1);

    if (out == NULL) {
        return -1;
    }

    word->data = out;
    word->len = 0;

    for ( /* void */ ; start < t->p; start++) {
        if (*start == '\\' && start + 1 < t->p) {
            word->len += keygate_block_unescape(*++start, out + word->len);

        } else {
            out[word->len++] = *start;
        }
    }

    if (quote != '\0') {
        t->p++;

    } else {
        t->line -= t->p < t->end && *t->p == '\n';
    }

    return 1;
}


int
keygate_block_split(keygate_doc_t *doc, keygate_str_t text,
    keygate_str_t *words, int max)
{
    int                   n, rc;
    keygate_block_text_t  t;

    memset(&t, 0, sizeof(keygate_block_text_t));
    t.p = text.data;
    t.end = text.data + text.len;
    t.doc = doc;

    for (n = 0; /* void */ ; n++) {

        while (t.p < t.end && keygate_block_blank(*t.p)) {
            t.p++;
        }

        if (t.p == t.end) {
            return n;
        }

        if (n == max || *t.p == ';' || *t.p == '{' || *t.p == '}'
            || *t.p == '#')
        {
            return -1;
        }

        rc = keygate_block_take(&t, &words[n]);

        if (rc != 1) {
            return rc == 0 ? -1 : -2;
        }
    }
}

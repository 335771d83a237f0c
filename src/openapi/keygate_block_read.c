/*
 * A keygate_api block out of a configuration, taken apart as nginx does it:
 * words and quotes, comments, blocks in blocks.  What else is in the file is
 * passed over.
 */

#include "keygate_block.h"


#define KEYGATE_BLOCK_ARGS  256          /* words of a directive */


typedef struct {
    const unsigned char  *p;
    const unsigned char  *end;
    unsigned              line;
    unsigned              depth;
    keygate_doc_t        *doc;
    keygate_block_t      *block;
    keygate_str_t         wanted;        /* empty: the only one */
    unsigned              found;
    unsigned              inside;        /* depth of the block that is read */
    unsigned              n;
    unsigned              started;       /* line of the first word */
    keygate_str_t         args[KEYGATE_BLOCK_ARGS];
} keygate_block_text_t;


static int
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


/* A word, in quotes or not: 1, 0 when it has no end, -1 without memory. */

static int
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


static keygate_rc_t
keygate_block_wrong(keygate_block_text_t *t, const char *reason)
{
    keygate_doc_fail(t->doc, reason, t->line);

    return KEYGATE_INVALID;
}


/* A directive has ended, by ';'. */

static keygate_rc_t
keygate_block_directive(keygate_block_text_t *t)
{
    keygate_rc_t  rc;

    if (t->n == 0) {
        return keygate_block_wrong(t, "unexpected \";\"");
    }

    rc = t->inside != 0
         ? keygate_block_add(t->block, t->args, t->n, t->started)
         : KEYGATE_OK;

    t->n = 0;

    return rc;
}


static keygate_rc_t
keygate_block_open(keygate_block_text_t *t)
{
    t->depth++;

    if (t->inside != 0) {
        return keygate_block_wrong(t, "a block in \"keygate_api\"");
    }

    if (t->n == 2
        && keygate_str_eq(t->args[0], KEYGATE_STR("keygate_api"))
        && (t->wanted.len == 0 || keygate_str_eq(t->args[1], t->wanted)))
    {
        t->found++;
        t->inside = t->depth;
        t->block->name = t->args[1];
    }

    t->n = 0;

    return KEYGATE_OK;
}


static keygate_rc_t
keygate_block_close(keygate_block_text_t *t)
{
    if (t->depth == 0 || t->n != 0) {
        return keygate_block_wrong(t, "unexpected \"}\"");
    }

    if (t->inside == t->depth) {
        t->inside = 0;
    }

    t->depth--;

    return KEYGATE_OK;
}


static keygate_rc_t
keygate_block_next(keygate_block_text_t *t)
{
    int  rc;

    if (*t->p == ';') {
        t->p++;
        return keygate_block_directive(t);
    }

    if (*t->p == '{') {
        t->p++;
        return keygate_block_open(t);
    }

    if (*t->p == '}') {
        t->p++;
        return keygate_block_close(t);
    }

    if (*t->p == '#') {
        while (t->p < t->end && *t->p != '\n') {
            t->p++;
        }

        return KEYGATE_OK;
    }

    if (t->n == KEYGATE_BLOCK_ARGS) {
        return keygate_block_wrong(t, "too many words in a directive");
    }

    if (t->n == 0) {
        t->started = t->line;
    }

    rc = keygate_block_take(t, &t->args[t->n]);

    if (rc == 1) {
        t->n++;
        return KEYGATE_OK;
    }

    return rc == 0 ? keygate_block_wrong(t, "a quote that does not end")
                   : KEYGATE_NOMEM;
}


keygate_rc_t
keygate_block_read(keygate_block_t *block, keygate_str_t text,
    keygate_str_t name)
{
    keygate_rc_t           rc;
    keygate_block_text_t  *t;

    t = keygate_doc_alloc(block->doc, sizeof(keygate_block_text_t));

    if (t == NULL) {
        return KEYGATE_NOMEM;
    }

    t->p = text.data;
    t->end = text.data + text.len;
    t->line = 1;
    t->doc = block->doc;
    t->block = block;
    t->wanted = name;
    rc = KEYGATE_OK;

    while (rc == KEYGATE_OK && t->p < t->end) {
        if (keygate_block_blank(*t->p)) {
            t->line += *t->p == '\n';
            t->p++;
            continue;
        }

        rc = keygate_block_next(t);
    }

    if (rc == KEYGATE_OK && (t->depth != 0 || t->n != 0)) {
        rc = keygate_block_wrong(t, "unexpected end of file");
    }

    return rc != KEYGATE_OK ? rc
           : t->found == 0 ? KEYGATE_NONE
           : t->found > 1 ? KEYGATE_CONFLICT : KEYGATE_OK;
}

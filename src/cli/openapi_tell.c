/*
 * What "openapi" prints: the block, what is to be told of the document, or
 * both as JSON.
 */

#include <stdlib.h>
#include <string.h>

#include "openapi.h"


static void cli_openapi_word(const char *word);
static int cli_openapi_digest(const cli_openapi_t *o,
    char hex[2 * KEYGATE_DIGEST_LEN + 1]);
static void cli_openapi_tell_whole(const keygate_openapi_t *r, char *text,
    size_t size);
static json_t *cli_openapi_notes(const cli_openapi_t *o,
    keygate_openapi_note_e kind);
static json_t *cli_openapi_json_whole(const keygate_openapi_t *r);


/* A word of the command line, in a comment. */

static void
cli_openapi_word(const char *word)
{
    const char  *p;
    const char  *quote;

    quote = word[strcspn(word, " '\"|&;<>()$*?")] != '\0' || word[0] == '\0'
            ? "'" : "";
    printf(" %s", quote);

    for (p = word; *p != '\0'; p++) {
        putchar((unsigned char) *p < ' ' || *p == 0x7f ? '?' : *p);
    }

    fputs(quote, stdout);
}


static int
cli_openapi_digest(const cli_openapi_t *o,
    char hex[2 * KEYGATE_DIGEST_LEN + 1])
{
    int                  ok;
    unsigned char        digest[KEYGATE_DIGEST_LEN];
    keygate_digester_t  *digester;

    digester = keygate_digester_create(KEYGATE_STR(""));
    ok = digester != NULL
         && keygate_digest(digester, o->text, digest) == KEYGATE_OK;
    keygate_digester_destroy(digester);

    if (ok) {
        keygate_digest_hex(digest, hex);
    }

    return ok;
}


char *
cli_openapi_text(cli_openapi_t *o, size_t *len)
{
    keygate_buf_t  b;

    memset(&b, 0, sizeof(keygate_buf_t));
    keygate_block_print(&o->result.block, &b);

    b.size = b.len;
    b.data = keygate_doc_alloc(&o->doc, b.len + 1);

    if (b.data != NULL) {
        b.len = 0;
        keygate_block_print(&o->result.block, &b);
        *len = b.len;
    }

    return (char *) b.data;
}


int
cli_openapi_print(cli_openapi_t *o)
{
    int      i;
    char     hex[2 * KEYGATE_DIGEST_LEN + 1], *text;
    size_t   len;

    text = cli_openapi_text(o, &len);

    if (text == NULL || !cli_openapi_digest(o, hex)) {
        return cli_error_nomem();
    }

    fputs("# Made by: keygate", stdout);

    for (i = 0; i < o->cli->n_words; i++) {
        cli_openapi_word(o->cli->words[i]);
    }

    printf("\n# from %s: %s\n# sha256:%s\n\n", o->result.version,
           o->result.title[0] ? o->result.title : "no title", hex);
    fwrite(text, 1, len, stdout);

    return CLI_OK;
}


static const char *const  cli_openapi_whole[KEYGATE_OPENAPI_WHOLE] = {
    "that no request can have", "on another server",
    "without operations that could be read", "skipped",
    "whose operations are all left out"
};


/* How many paths are left out whole, and why, behind the rest of a summary. */

static void
cli_openapi_tell_whole(const keygate_openapi_t *r, char *text, size_t size)
{
    unsigned  i, n;
    size_t    len;

    for (n = 0, i = 0; i < KEYGATE_OPENAPI_WHOLE; i++) {
        n += r->n_whole[i];
    }

    if (n == 0) {
        text[0] = '\0';
        return;
    }

    (void) snprintf(text, size, "; %u path%s left out whole:", n,
                    n == 1 ? "" : "s");

    for (i = 0; i < KEYGATE_OPENAPI_WHOLE; i++) {
        if (r->n_whole[i] != 0) {
            len = strlen(text);
            (void) snprintf(text + len, size - len, "%s %u %s",
                            text[len - 1] == ':' ? "" : ",", r->n_whole[i],
                            cli_openapi_whole[i]);
        }
    }
}


void
cli_openapi_tell(const cli_openapi_t *o)
{
    char                           optional[32], whole[256];
    const keygate_openapi_t       *r;
    const keygate_openapi_note_t  *note;

    r = &o->result;

    for (note = r->notes; note != NULL && !o->cli->quiet; note = note->next) {
        if (note->line != 0) {
            fprintf(stderr, "%s:%u: ", o->path, note->line);

        } else {
            fprintf(stderr, "%s: ", o->path);
        }

        fprintf(stderr, "%s%s%s\n", note->pointer,
                note->pointer[0] ? ": " : "", note->text);
    }

    optional[0] = '\0';

    if (r->n_optional != 0) {
        (void) snprintf(optional, sizeof(optional), " %u optional,",
                        r->n_optional);
    }

    cli_openapi_tell_whole(r, whole, sizeof(whole));
    cli_note(o->cli, "%u operations: %u routes, %u left out; %u scopes, %u "
             "public,%s %u warning%s%s", r->n_operations, r->n_routes,
             r->n_left, r->n_scopes, r->n_public, optional, r->n_warnings,
             r->n_warnings == 1 ? "" : "s", whole);
}


static json_t *
cli_openapi_notes(const cli_openapi_t *o, keygate_openapi_note_e kind)
{
    json_t                        *list, *item;
    const keygate_openapi_note_t  *note;

    list = json_array();

    for (note = o->result.notes; note != NULL && list != NULL;
         note = note->next)
    {
        if (note->kind != kind) {
            continue;
        }

        item = json_pack("{s:s, s:i, s:s}", "pointer", note->pointer, "line",
                         (int) note->line, "detail", note->text);

        if (item == NULL || json_array_append_new(list, item) != 0) {
            json_decref(list);
            return NULL;
        }
    }

    return list;
}


static json_t *
cli_openapi_json_whole(const keygate_openapi_t *r)
{
    json_t    *whole;
    unsigned   i;

    whole = json_object();

    for (i = 0; i < KEYGATE_OPENAPI_WHOLE && whole != NULL; i++) {
        if (r->n_whole[i] != 0
            && json_object_set_new(whole, cli_openapi_whole[i],
                                   json_integer(r->n_whole[i])) != 0)
        {
            json_decref(whole);
            whole = NULL;
        }
    }

    return whole;
}


int
cli_openapi_json(cli_openapi_t *o)
{
    int                       rc;
    char                     *text;
    size_t                    len;
    json_t                   *json, *warnings, *open, *either, *whole;
    const keygate_openapi_t  *r;

    r = &o->result;
    text = cli_openapi_text(o, &len);
    warnings = cli_openapi_notes(o, KEYGATE_OPENAPI_WARNING);
    open = cli_openapi_notes(o, KEYGATE_OPENAPI_OPEN);
    either = cli_openapi_notes(o, KEYGATE_OPENAPI_EITHER);

    whole = cli_openapi_json_whole(r);

    json = text == NULL || warnings == NULL || open == NULL || either == NULL
           || whole == NULL
           ? NULL
           : json_pack("{s:s, s:s, s:s, s:i, s:i, s:i, s:O, s:i, s:O, s:O, "
                       "s:O}",
                       "name", (const char *) r->block.name.data,
                       "document", r->version, "configuration", text,
                       "operations", (int) r->n_operations,
                       "routes", (int) r->n_routes,
                       "left_out", (int) r->n_left,
                       "paths_left_out", whole,
                       "scopes", (int) r->n_scopes,
                       "public", open, "optional", either,
                       "warnings", warnings);

    json_decref(warnings);
    json_decref(open);
    json_decref(either);
    json_decref(whole);

    if (json == NULL) {
        return cli_error_nomem();
    }

    rc = cli_print_whole(json);
    json_decref(json);

    return rc;
}

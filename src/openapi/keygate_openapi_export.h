/*
 * The way back: what a keygate_api block says, as an Overlay for an OpenAPI
 * document or as a document of its own; and whether two blocks say the same.
 */

#ifndef KEYGATE_OPENAPI_EXPORT_H
#define KEYGATE_OPENAPI_EXPORT_H

#include <jansson.h>

#include "keygate_block.h"


/*
 * An OpenAPI Overlay 1.0; with "fragment", what it updates, as a document.
 * What OpenAPI has no word for is in x-keygate, so that the block that
 * keygate_openapi_import() makes of it is the same.  NULL: out of memory.
 */
json_t *keygate_openapi_export(const keygate_block_t *block, int fragment);


/* -- between keygate_openapi_export.c and keygate_openapi_operation.c */

typedef struct {
    const keygate_block_t  *block;
    json_t                 *schemes;
    json_t                 *extension;
    json_t                 *paths;
    json_t                 *removals;    /* actions */
    unsigned                n_schemes;
    unsigned                failed:1;
} keygate_openapi_export_t;


/* Sets a member; NULL, and e->failed, for want of memory, which is all that
 * can be wrong.  Takes the reference. */
json_t *keygate_openapi_put(keygate_openapi_export_t *e, json_t *object,
    const char *name, json_t *value);

/* A member that is an object, made where there is none. */
json_t *keygate_openapi_member_of(keygate_openapi_export_t *e, json_t *object,
    const char *name);
json_t *keygate_openapi_string(keygate_str_t s);

/* "get" for GET, or NULL. */
const char *keygate_openapi_member_name(keygate_str_t method);

void keygate_openapi_operation(keygate_openapi_export_t *e,
    const keygate_words_t *route, const char *path, keygate_str_t method);


/* -- keygate_openapi_path.c */

/* A template as a path of a document, in the block's memory; NULL when there
 * is none, or when memory is out. */
const char *keygate_openapi_path_of(keygate_doc_t *doc,
    keygate_str_t template);


/* -- keygate_openapi_answers.c */

/* Answers of the gate to an operation with this need; "components" gets what
 * they refer to. */
json_t *keygate_openapi_answers(const keygate_block_t *block,
    keygate_str_t need, int when);
int keygate_openapi_components(const keygate_block_t *block,
    json_t *components);


/* -- keygate_openapi_same.c */

/* Whether two needs ask the same; and two scopes imply it, and what each
 * does. */
int keygate_openapi_same_need(keygate_str_t a, keygate_str_t b);
int keygate_openapi_same_scope(const keygate_words_t *a,
    const keygate_words_t *b, keygate_str_t *first, keygate_str_t *second);

/* A method and a template without the names of its parameters; NULL without
 * memory. */
const char *keygate_openapi_nameless(keygate_doc_t *doc, keygate_str_t method,
    keygate_str_t base, keygate_str_t template);

/* The n-th line that a directive is compared by, and how it is shown: *key is
 * empty when it says what holds without it.  KEYGATE_NONE when there are no
 * more, as of a directive that is not compared. */
keygate_rc_t keygate_openapi_same_directive(keygate_doc_t *doc,
    const keygate_words_t *words, unsigned n, const char **key,
    const char **shown);


/* -- keygate_openapi_diff.c */

/* Of which besides routes and scopes "other" is known to say all. */
#define KEYGATE_OPENAPI_DIFF_CREDENTIALS  1
#define KEYGATE_OPENAPI_DIFF_RULES        2      /* "when" and "unmatched" */

/* A line for each thing that "document" and "other" say differently, what a
 * document has no word for aside.  KEYGATE_OK or KEYGATE_NOMEM. */

typedef struct {
    const char  **lines;
    unsigned      n;
    unsigned      max;
} keygate_openapi_diff_t;

keygate_rc_t keygate_openapi_diff(const keygate_block_t *document,
    const keygate_block_t *other, int what,
    keygate_openapi_diff_t *diff);


#endif /* KEYGATE_OPENAPI_EXPORT_H */

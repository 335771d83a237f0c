/*
 * An OpenAPI document (3.0, 3.1, Swagger 2.0) to the directives of a
 * keygate_api block.  What cannot be written is left out and told, and nothing
 * becomes weaker by that: a path that a route of another one would serve is
 * kept from it.
 *
 * All is in the memory of one keygate_doc_t.
 */

#ifndef KEYGATE_OPENAPI_H
#define KEYGATE_OPENAPI_H

#include "keygate_block.h"
#include "keygate_doc.h"


#define KEYGATE_OPENAPI_RENAMES  64


/* What "no security anywhere" means. */

typedef enum {
    KEYGATE_OPENAPI_ASK = 0,             /* left out */
    KEYGATE_OPENAPI_PUBLIC,
    KEYGATE_OPENAPI_ANY
} keygate_openapi_open_e;


/*
 * A file beside the document: "path" is relative to the document's directory,
 * and never leads out of it.  KEYGATE_OK and the bytes, which must stay;
 * KEYGATE_NONE when it cannot be read.
 */
typedef keygate_rc_t (*keygate_openapi_load_pt)(void *data,
    const char *path, keygate_str_t *text);


typedef struct {
    const char               *name;      /* of the API; NULL: by the title */
    const char               *zone;      /* NULL: "keys" */
    const char               *scheme;    /* NULL: all that can be written */
    const char               *server;    /* N, or a path; NULL: the first */
    const char               *scopes_from;   /* "x-..." or NULL */
    const char               *credential;    /* words of "credential" */
    keygate_openapi_open_e    open;
    unsigned                  scopes_any:1;
    const char               *renames[KEYGATE_OPENAPI_RENAMES];  /* OLD=NEW */
    unsigned                  n_renames;
    keygate_openapi_load_pt   load;      /* NULL: there are no other files */
    void                     *data;
} keygate_openapi_options_t;


typedef enum {
    KEYGATE_OPENAPI_WARNING = 0,
    KEYGATE_OPENAPI_OPEN,                /* what is public: no warning */
    KEYGATE_OPENAPI_EITHER               /* what is optional: none either */
} keygate_openapi_note_e;


/* Why nothing of a path is in the block. */

typedef enum {
    KEYGATE_OPENAPI_IMPOSSIBLE = 0,      /* no request can have it */
    KEYGATE_OPENAPI_ELSEWHERE,           /* on another server */
    KEYGATE_OPENAPI_NOTHING,             /* no operation of it can be read */
    KEYGATE_OPENAPI_SKIPPED,             /* on purpose */
    KEYGATE_OPENAPI_DROPPED,             /* each operation, with a warning */
    KEYGATE_OPENAPI_WHOLE                /* so many reasons */
} keygate_openapi_whole_e;


typedef struct keygate_openapi_note_s  keygate_openapi_note_t;

struct keygate_openapi_note_s {
    keygate_openapi_note_e   kind;
    const char              *pointer;    /* RFC 6901; "" for all of it */
    unsigned                 line;       /* 0: not known */
    const char              *text;
    keygate_openapi_note_t  *next;
};


typedef struct {
    keygate_block_t          block;
    keygate_api_t           *api;        /* the block, compiled */
    keygate_openapi_note_t  *notes;
    unsigned                 n_warnings;
    unsigned                 n_operations;
    unsigned                 n_routes;   /* method and template */
    unsigned                 n_scopes;
    unsigned                 n_public;
    unsigned                 n_optional;
    unsigned                 n_left;     /* operations left out */
    unsigned                 n_whole[KEYGATE_OPENAPI_WHOLE];  /* paths */
    unsigned                 vague:1;    /* how keys are sent is not said */
    const char              *version;    /* "OpenAPI 3.0.4" */
    const char              *title;      /* "Petstore 1.0", one line */

    const char              *error;      /* KEYGATE_INVALID: what is wrong */
    const char              *pointer;
    unsigned                 line;
} keygate_openapi_t;


/*
 * KEYGATE_OK, KEYGATE_NOMEM, or KEYGATE_INVALID with result->error.  "doc" has
 * been initialized; the options and the text must stay as long as the result.
 */
keygate_rc_t keygate_openapi_import(keygate_doc_t *doc, keygate_str_t text,
    const keygate_openapi_options_t *options, keygate_openapi_t *result);

/* keygate_openapi_name.c: a name of an API made of any text. */
const char *keygate_openapi_name(keygate_doc_t *doc, keygate_str_t title);


#endif /* KEYGATE_OPENAPI_H */

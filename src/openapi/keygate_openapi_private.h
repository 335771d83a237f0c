/*
 * Between the files that make routes of a document.
 *
 *   keygate_openapi.c           the document as a whole
 *   keygate_openapi_note.c      what is told of it
 *   keygate_openapi_ref.c       $ref
 *   keygate_openapi_server.c    the base
 *   keygate_openapi_url.c       paths of servers
 *   keygate_openapi_scheme.c    schemes to credentials
 *   keygate_openapi_credential.c  those that are used
 *   keygate_openapi_scope.c     the catalogue
 *   keygate_openapi_template.c  paths to templates
 *   keygate_openapi_exact.c     what a template cannot say of a path
 *   keygate_openapi_shape.c     which of two templates a path goes to
 *   keygate_openapi_walk.c      paths and operations
 *   keygate_openapi_real.c      where they are by other servers
 *   keygate_openapi_security.c  what an operation needs
 *   keygate_openapi_alternative.c  "security" to a need
 *   keygate_openapi_apart.c     operations that only schemes tell apart
 *   keygate_openapi_need.c      needs joined
 *   keygate_openapi_extend.c    x-keygate
 *   keygate_openapi_join.c      operations that become one route
 *   keygate_openapi_wide.c      templates that take more than their paths
 *   keygate_openapi_weaker.c    what needs less than another one
 *   keygate_openapi_tree.c      paths that may overlap
 *   keygate_openapi_cross.c     paths that two templates are for
 *   keygate_openapi_guard.c     what is left out, and who would serve it
 *   keygate_openapi_write.c     the block
 *   keygate_openapi_whole.c     what is left out of it, in numbers
 */

#ifndef KEYGATE_OPENAPI_PRIVATE_H
#define KEYGATE_OPENAPI_PRIVATE_H

#include "keygate_openapi.h"


#define KEYGATE_OPENAPI_STEPS    20000000    /* bounds time, whatever comes */
#define KEYGATE_OPENAPI_NOBODY   KEYGATE_METHOD_NONE


typedef enum {
    KEYGATE_OPENAPI_NEED_PUBLIC = 0,
    KEYGATE_OPENAPI_NEED_OPTIONAL,
    KEYGATE_OPENAPI_NEED_ALL,            /* of n scopes; of none: any key */
    KEYGATE_OPENAPI_NEED_ONE             /* of n scopes, 2 or more */
} keygate_openapi_need_e;


typedef struct {
    keygate_openapi_need_e   kind;
    unsigned                 n;
    unsigned                *scopes;     /* numbers of scopes, ascending */
} keygate_openapi_need_t;


typedef struct {
    keygate_str_t  name;                 /* in keygate */
    keygate_str_t  text;
    const char    *pointer;
    unsigned       line;
    unsigned       declared:1;
    unsigned       used:1;
    unsigned       written:1;
    unsigned       clash:1;              /* with one of --rename; is told */
} keygate_openapi_scope_t;


/* A security scheme, and how it is written. */

typedef struct {
    keygate_str_t   name;
    const char     *pointer;
    unsigned        line;
    const char     *credential;          /* words; NULL: it cannot be; empty:
                                            others do, this adds none */
    const char     *reason;              /* why not */
    const char     *advice;              /* what the document left open */
    unsigned        oauth:1;             /* declares its scopes */
    unsigned        used:1;
    unsigned        listed:1;            /* some operation names it */
} keygate_openapi_scheme_t;


/* A template of keygate for a path of the document. */

typedef struct keygate_openapi_path_s  keygate_openapi_path_t;
typedef struct keygate_openapi_op_s  keygate_openapi_op_t;

struct keygate_openapi_path_s {
    keygate_str_t            name;       /* in the document */
    keygate_str_t            text;       /* the template */
    keygate_str_t            shape;      /* the same without names */
    keygate_str_t            exact;      /* what the path has more than the
                                            shape, or empty */
    const char              *pointer;
    unsigned                 line;
    unsigned                 n;          /* segments */
    unsigned                 wide:1;     /* a segment takes more than the
                                            path's does */
    unsigned                 rest:1;     /* the last one takes all below */
    unsigned                 cut:1;      /* "?..." or "#..." was taken off */
    unsigned                 elsewhere:1;  /* some is on another server */
    unsigned                 unknown:1;  /* nobody knows what else it has */
    unsigned                 real:1;     /* of another path of the document,
                                            by another server */
    unsigned                 cross:1;    /* what two others have in common */
    unsigned                 answers:1;  /* some of it is in the block, */
    unsigned                 skips:1;    /* or not, on purpose, */
    unsigned                 lacks:1;    /* or not otherwise */
    keygate_openapi_path_t  *by;         /* what would serve it */
    unsigned                 served:1;   /* some of it */
    unsigned                 blocked:1;  /* nothing of it is served, and no
                                            other one may serve it either */
    keygate_openapi_path_t  *same;       /* the first one of this shape */
    keygate_openapi_op_t    *ops;        /* of all of this shape: of the first
                                            one; none is left in others */
    keygate_openapi_path_t  *next;
};


struct keygate_openapi_op_s {
    keygate_str_t            method;
    keygate_openapi_need_t   need;
    const char              *pointer;
    unsigned                 line;
    unsigned                 left:1;     /* out */
    unsigned                 skip:1;     /* on purpose */
    unsigned                 given:1;    /* its need, by x-keygate */
    unsigned                 rest:1;     /* that is meant, by x-keygate */
    unsigned                 wide:1;     /* its route takes more than it does */
    unsigned                 written:1;
    uint64_t                 schemes;    /* bits of those that it is open by,
                                            0: they are not told apart */
    keygate_str_t            cost;       /* "cost=5", or empty */
    keygate_str_t            feature;
    keygate_str_t            group;
    const keygate_doc_node_t  *when;     /* members and their scopes */
    const char              *when_pointer;
    keygate_openapi_path_t  *of;         /* whose it was, or NULL */
    keygate_openapi_op_t    *also;       /* others that it stands for */
    keygate_openapi_op_t    *next;
};


typedef struct {
    keygate_doc_t                    *doc;
    keygate_doc_node_t               *root;
    const char                       *pointer;      /* of the root: "" */
    keygate_doc_node_t               *files;        /* a map to other roots */
    const keygate_openapi_options_t  *options;
    keygate_openapi_t                *result;
    keygate_openapi_note_t           *last;
    unsigned                          swagger:1;
    unsigned                          based:1;      /* the base is known */
    unsigned                          secured:1;    /* some "security" is */
    unsigned                          many:1;       /* scopes left out */
    unsigned                          denied:1;     /* without "unmatched" */
    unsigned                          like_any;     /* operations */
    uint64_t                          steps;

    keygate_str_t                     base;         /* no last '/' */
    keygate_doc_node_t               *extension;    /* x-keygate */
    keygate_openapi_scheme_t         *schemes;
    unsigned                          n_schemes;
    keygate_words_t                  *given;        /* scopes of x-keygate,
                                                       and what follows */
    keygate_doc_node_t               *scope_names;  /* a map to numbers */
    keygate_openapi_scope_t          *scopes;
    unsigned                          n_scopes;
    unsigned                          max_scopes;   /* there is room for */
    keygate_openapi_path_t           *paths;
    keygate_openapi_path_t           *last_path;
    keygate_doc_node_t               *shapes;       /* a map to paths */
    keygate_doc_node_t               *tree;         /* of their segments */
    keygate_doc_node_t               *servers;      /* a map of the paths of
                                                       the document's */
    const keygate_openapi_path_t     *outside;      /* the first one with a
                                                       server that has it
                                                       outside of the base */
} keygate_openapi_work_t;


/* A value, what messages call its place, and the file that it is in. */

typedef struct {
    keygate_doc_node_t  *node;
    const char          *pointer;
    keygate_doc_node_t  *root;           /* NULL: the document */
    keygate_str_t        dir;            /* of the file, from the document's */
} keygate_openapi_at_t;


/* -- keygate_openapi_note.c */

/* Each returns KEYGATE_OK or KEYGATE_NOMEM; the text is formatted. */
keygate_rc_t keygate_openapi_warn(keygate_openapi_work_t *w,
    const char *pointer, unsigned line, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
keygate_rc_t keygate_openapi_tell(keygate_openapi_work_t *w,
    keygate_openapi_note_e kind, const char *pointer, unsigned line,
    const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));

/* KEYGATE_INVALID, or KEYGATE_NOMEM: the document is not usable. */
keygate_rc_t keygate_openapi_fail(keygate_openapi_work_t *w,
    const char *pointer, unsigned line, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* "pointer/name", escaped; NULL when out of memory. */
const char *keygate_openapi_pointer(keygate_openapi_work_t *w,
    const char *pointer, keygate_str_t name);
const char *keygate_openapi_pointer_n(keygate_openapi_work_t *w,
    const char *pointer, unsigned n);

/* A member and its pointer; at->node is NULL when there is none. */
keygate_rc_t keygate_openapi_member(keygate_openapi_work_t *w,
    const keygate_openapi_at_t *map, const char *name,
    keygate_openapi_at_t *at);

/* Text in one line, without controls, cut at "max" bytes. */
keygate_str_t keygate_openapi_line(keygate_openapi_work_t *w,
    keygate_str_t text, size_t max);

/* Another step: KEYGATE_OK, or KEYGATE_INVALID when there were too many. */
keygate_rc_t keygate_openapi_steps(keygate_openapi_work_t *w, uint64_t n);


/* -- keygate_openapi_ref.c */

/* The method that a member of a path item is for, or NULL. */
const char *keygate_openapi_method(keygate_str_t name);

/* Whether a map has operations, or says what they need or where they are. */
int keygate_openapi_says(const keygate_openapi_work_t *w,
    const keygate_doc_node_t *map);

/*
 * Where $ref leads, from reference to reference; the value itself when it is
 * none.  found->node is NULL where it leads nowhere, or by a reference beside
 * which something stands, after a warning.
 */
keygate_rc_t keygate_openapi_follow(keygate_openapi_work_t *w,
    const keygate_openapi_at_t *at, keygate_openapi_at_t *found);


/* -- keygate_openapi_scheme.c */

keygate_rc_t keygate_openapi_schemes(keygate_openapi_work_t *w);
keygate_openapi_scheme_t *keygate_openapi_scheme(keygate_openapi_work_t *w,
    keygate_str_t name);


/* -- keygate_openapi_credential.c */

keygate_rc_t keygate_openapi_credentials(keygate_openapi_work_t *w);


/* -- keygate_openapi_scope.c */

/* The number of a scope, by its name in the document; it is new there, or is
 * known.  KEYGATE_OK; KEYGATE_NONE when no scope here can have the name. */
keygate_rc_t keygate_openapi_scope(keygate_openapi_work_t *w,
    keygate_str_t name, const char *pointer, unsigned line, unsigned *number);

/* Tells once that the document's name of a scope is also one of --rename. */
keygate_rc_t keygate_openapi_clash(keygate_openapi_work_t *w,
    const keygate_doc_node_t *node, keygate_str_t name, unsigned number,
    const char *pointer);

keygate_rc_t keygate_openapi_declare(keygate_openapi_work_t *w,
    const keygate_openapi_at_t *scopes);
keygate_rc_t keygate_openapi_catalogue(keygate_openapi_work_t *w);


/* -- keygate_openapi_walk.c */

keygate_rc_t keygate_openapi_walk(keygate_openapi_work_t *w);


/* -- keygate_openapi_security.c */

/* What an operation needs: op->need, or op->left after a warning. */
keygate_rc_t keygate_openapi_security(keygate_openapi_work_t *w,
    const keygate_openapi_at_t *operation, keygate_openapi_op_t *op);


/* -- keygate_openapi_apart.c */

/* Tells operations that some schemes are for and others not, where any key
 * passes. */
keygate_rc_t keygate_openapi_apart(keygate_openapi_work_t *w);


/* -- keygate_openapi_alternative.c */

/* The same of a "security" that is there. */
keygate_rc_t keygate_openapi_requirements(keygate_openapi_work_t *w,
    const keygate_openapi_at_t *security, keygate_openapi_op_t *op);

/* A list of names as a need; KEYGATE_NONE and the culprit when it is none. */
keygate_rc_t keygate_openapi_names(keygate_openapi_work_t *w,
    const keygate_doc_node_t *list, const char *pointer,
    keygate_openapi_need_t *need, keygate_str_t *culprit);

/* Leaves an operation out, and tells it: of what, and why. */
keygate_rc_t keygate_openapi_left(keygate_openapi_work_t *w,
    keygate_openapi_op_t *op, const char *pointer, unsigned line,
    const char *reason, keygate_str_t of);


/* -- keygate_openapi_need.c */

keygate_openapi_need_t keygate_openapi_any(void);

/* Of these scopes, in any order, some perhaps twice: all or, with "one", one
 * of them. */
keygate_rc_t keygate_openapi_need_of(keygate_openapi_work_t *w,
    const unsigned *scopes, unsigned n, int one,
    keygate_openapi_need_t *need);

/* What meets both, or either; KEYGATE_NONE when keygate cannot say that. */
keygate_rc_t keygate_openapi_both(keygate_openapi_work_t *w,
    const keygate_openapi_need_t *a, const keygate_openapi_need_t *b,
    keygate_openapi_need_t *both);
keygate_rc_t keygate_openapi_either(keygate_openapi_work_t *w,
    const keygate_openapi_need_t *a, const keygate_openapi_need_t *b,
    keygate_openapi_need_t *either);
int keygate_openapi_need_eq(const keygate_openapi_need_t *a,
    const keygate_openapi_need_t *b);

/* As a route has it; .data is NULL without memory. */
keygate_str_t keygate_openapi_need_text(keygate_openapi_work_t *w,
    const keygate_openapi_need_t *need);

/* Whether the names are as of who means "one of them". */
int keygate_openapi_like_any(const keygate_openapi_work_t *w,
    const keygate_openapi_need_t *need);


/* -- keygate_openapi_extend.c */

keygate_rc_t keygate_openapi_extend(keygate_openapi_work_t *w,
    const keygate_openapi_at_t *of, keygate_openapi_op_t *op);
keygate_rc_t keygate_openapi_extended(keygate_openapi_work_t *w);

/* A member of the document's x-keygate as directives. */
keygate_rc_t keygate_openapi_directives(keygate_openapi_work_t *w,
    const char *name, unsigned *n);


/* -- keygate_openapi_join.c */

keygate_rc_t keygate_openapi_join(keygate_openapi_work_t *w);

/* Two operations that one route serves: "op" then needs what both need, or is
 * left out. */
keygate_rc_t keygate_openapi_merge(keygate_openapi_work_t *w,
    keygate_openapi_op_t *op, const keygate_openapi_op_t *other);


keygate_openapi_op_t *keygate_openapi_op(const keygate_openapi_path_t *path,
    keygate_str_t method);

/* Operations that are one route with a path of which nobody knows what it has
 * are left out. */
keygate_rc_t keygate_openapi_unknown(keygate_openapi_work_t *w,
    keygate_openapi_op_t *op, const keygate_openapi_path_t *path);

/* All operations of "path" to those of path->same, whose routes they are. */
keygate_rc_t keygate_openapi_gather(keygate_openapi_work_t *w,
    keygate_openapi_path_t *path);


/* -- keygate_openapi_wide.c */

keygate_rc_t keygate_openapi_wide(keygate_openapi_work_t *w);


/* -- keygate_openapi_weaker.c */

/* Whether some operation of "a" serves what needs more in "b". */
keygate_rc_t keygate_openapi_weaker(keygate_openapi_work_t *w,
    const keygate_openapi_path_t *a, const keygate_openapi_path_t *b,
    int *weaker);


/* -- keygate_openapi_write.c */

keygate_rc_t keygate_openapi_write(keygate_openapi_work_t *w);


#include "keygate_openapi_place.h"


#endif /* KEYGATE_OPENAPI_PRIVATE_H */

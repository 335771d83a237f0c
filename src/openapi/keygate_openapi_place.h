/*
 * Where operations are: servers, templates, and which of them a path goes to.
 */

#ifndef KEYGATE_OPENAPI_PLACE_H
#define KEYGATE_OPENAPI_PLACE_H

#include "keygate_openapi_private.h"


#define KEYGATE_OPENAPI_PATH   2048      /* bytes of one that is written */
#define KEYGATE_OPENAPI_PARAM  '\1'      /* in a shape, as no text has it */
#define KEYGATE_OPENAPI_REST   '\2'


/* -- keygate_openapi_url.c */

/*
 * The path of a server without its last '/', by the defaults of its variables;
 * or by the values that an "enum" gives them, of which *choice, from 0, says
 * the one: what is left of it is not 0 where there are no more.  NULL when out
 * of memory.
 */
const char *keygate_openapi_url_path(keygate_openapi_work_t *w,
    const keygate_doc_node_t *server, uint64_t *choice);

/* The paths of all servers, by all values, as the names of a map. */
keygate_rc_t keygate_openapi_url_paths(keygate_openapi_work_t *w,
    const keygate_doc_node_t *servers, keygate_doc_node_t **paths);


/* -- keygate_openapi_server.c */

/* The "servers" that say something; NULL when those above are meant. */
keygate_doc_node_t *keygate_openapi_servers_of(const keygate_doc_node_t *of);


keygate_rc_t keygate_openapi_base(keygate_openapi_work_t *w);

/* Whether "servers" of a path or an operation are others than the base's:
 * *other is the path of one that is, or NULL. */
keygate_rc_t keygate_openapi_elsewhere(keygate_openapi_work_t *w,
    const keygate_doc_node_t *servers, const char **other);


/* -- keygate_openapi_template.c */

keygate_rc_t keygate_openapi_template(keygate_openapi_work_t *w,
    keygate_openapi_path_t *path);


/* -- keygate_openapi_exact.c */

/* Adds a segment that no template can say: fixed text and parameters, any
 * number of both, as far as that is known. */
void keygate_openapi_exact(keygate_buf_t *exact, keygate_str_t segment);

/* Whether some path is for "a", exactly, and for the template of "b"; and
 * whether all that the latter takes is for "a". */
int keygate_openapi_exact_meets(const keygate_openapi_path_t *a,
    const keygate_openapi_path_t *b);
int keygate_openapi_exact_covers(const keygate_openapi_path_t *a,
    const keygate_openapi_path_t *b);


/* -- keygate_openapi_shape.c */

/* Whether some path is for both; and which of them it goes to then, where the
 * first segment decides in which they differ: -1, 0 (of one shape), 1. */
int keygate_openapi_overlap(const keygate_openapi_path_t *a,
    const keygate_openapi_path_t *b);
int keygate_openapi_first(const keygate_openapi_path_t *a,
    const keygate_openapi_path_t *b);

/* Whether all paths of "a" are also for "b". */
int keygate_openapi_inside(const keygate_openapi_path_t *a,
    const keygate_openapi_path_t *b);

/* What two that overlap have in common, with the names of "a": its text and
 * shape, KEYGATE_NOMEM, or KEYGATE_NONE when no template can say that. */
keygate_rc_t keygate_openapi_common_shape(keygate_openapi_work_t *w,
    const keygate_openapi_path_t *a, const keygate_openapi_path_t *b,
    keygate_openapi_path_t *path);

/* Takes the base off the front of a template, and returns 1; or 0, when no
 * request below the base has such a path.  "outside": some other one has. */
int keygate_openapi_rebase(keygate_openapi_path_t *path, keygate_str_t base,
    int *outside);


/* -- keygate_openapi_tree.c */

/* Makes an empty one, adds to it, and calls "visit" for each path in it that
 * may overlap this one. */
typedef keygate_rc_t (*keygate_openapi_visit_pt)(keygate_openapi_work_t *w,
    keygate_openapi_path_t *path, keygate_openapi_path_t *other);
keygate_rc_t keygate_openapi_tree(keygate_openapi_work_t *w);
keygate_rc_t keygate_openapi_tree_add(keygate_openapi_work_t *w,
    keygate_openapi_path_t *path);
keygate_rc_t keygate_openapi_tree_each(keygate_openapi_work_t *w,
    keygate_openapi_path_t *path, keygate_openapi_visit_pt visit);


/* -- keygate_openapi_cross.c */

keygate_rc_t keygate_openapi_cross(keygate_openapi_work_t *w);


/* -- keygate_openapi_real.c */

/* A route that refuses all that the template takes. */
keygate_rc_t keygate_openapi_refuse(keygate_openapi_work_t *w,
    keygate_openapi_path_t *path);

/* The path of the document by each of these servers that is not the base's is
 * a path to be refused; NULL: by those of the document. */
keygate_rc_t keygate_openapi_real(keygate_openapi_work_t *w,
    keygate_openapi_path_t *path, const keygate_doc_node_t *servers);


/* -- keygate_openapi_guard.c */

keygate_rc_t keygate_openapi_guard(keygate_openapi_work_t *w);


/* -- keygate_openapi_whole.c */

/* A path without a template, of which there is nothing to be served: it is
 * told, and its operations are counted. */
keygate_rc_t keygate_openapi_impossible(keygate_openapi_work_t *w,
    const keygate_openapi_path_t *path, const keygate_openapi_at_t *item);

/* When the block is written: counts what is not in it. */
keygate_rc_t keygate_openapi_whole(keygate_openapi_work_t *w);


#endif /* KEYGATE_OPENAPI_PLACE_H */

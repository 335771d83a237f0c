/*
 * Paths and routes: the check that a path means one thing to every parser,
 * and a matcher compiled from templates.
 */

#ifndef KEYGATE_ROUTE_H
#define KEYGATE_ROUTE_H

#include "keygate_core.h"
#include "keygate_scope.h"


#define KEYGATE_PATH_MAX      32768  /* longer paths match no route */
#define KEYGATE_SEGMENTS_MAX  64     /* of a template */
#define KEYGATE_METHOD_NONE   "none" /* in place of a method: the template has
                                        none, and no request is served */
#define KEYGATE_PATH_KEPT     0x01   /* an encoded '/' that stays in its
                                        segment; no other path has it */


/*
 * The rule "when METHOD TEMPLATE body.MEMBER SCOPE" on a route: a body whose
 * top-level MEMBER is present and neither false nor null needs SCOPE too.
 */

typedef struct keygate_when_s  keygate_when_t;

struct keygate_when_s {
    keygate_str_t    member;
    uint16_t         scope;       /* catalogue index */
    keygate_when_t  *next;        /* in the order of the configuration */
};


typedef struct keygate_route_s  keygate_route_t;

struct keygate_route_s {
    keygate_str_t     method;     /* "GET", "*" or "none" */
    keygate_str_t     path;       /* the template as written */
    keygate_need_t    need;
    uint32_t          cost;       /* default 1 */
    uint64_t          features;   /* bits of the API's features */
    unsigned          group;      /* of the API's groups, from 1; 0: none */
    keygate_when_t   *when;       /* NULL: the body is not looked at */
    keygate_route_t  *next;       /* the other methods of this template */
    unsigned          line;       /* where it was configured, or 0 */
};


typedef struct keygate_router_s  keygate_router_t;


/*
 * Checks a path as received: "raw" is the request target up to, not
 * including, the first '?'.  Returns KEYGATE_OK and the percent-decoded path
 * in *path, or KEYGATE_INVALID if any of these holds:
 *
 *   - it does not start with '/';
 *   - a raw ';', '#' or '\', a control byte (00 to 1F, 7F), raw or encoded;
 *   - an encoded '/' or '\', a malformed percent-encoding;
 *   - any of NUL, controls, '/', '\', '.', ';', '#' reached by decoding more
 *     than once, by whatever detour (%252e, %25252f, %25%32%65, ...); "%25"
 *     followed by anything else is a percent sign;
 *   - a segment "." or "..", raw or encoded; an empty segment but a last one;
 *   - the decoded bytes are not well-formed UTF-8.
 *
 * "decoded" has room for raw.len bytes; it is written only when something
 * had to be decoded, otherwise *path is raw itself.  When refused, *path is
 * empty.  Time is linear in the length, whatever the bytes; no allocation.
 */
keygate_rc_t keygate_path_check(keygate_str_t raw, unsigned char *decoded,
    keygate_str_t *path);

/*
 * The same, but an encoded '/' belongs to the segment that it is in: it is
 * KEYGATE_PATH_KEPT in *path.  Whoever takes it for a '/' all the same finds
 * no "." or ".." segment; one that such a '/' begins or ends may be empty.
 */
keygate_rc_t keygate_path_keep(keygate_str_t raw, unsigned char *decoded,
    keygate_str_t *path);

/* Whether a path ('/' first) has a step elsewhere: a "." or "..", or an empty
 * segment but a last one.  KEYGATE_PATH_KEPT is taken for a '/', but may begin
 * or end an empty one. */
int keygate_path_steps(keygate_str_t path);

/* How many KEYGATE_PATH_KEPT there are. */
size_t keygate_path_kept(keygate_str_t path);

/* Writes each of them as "%2F", in place.  "decoded" is the buffer that *path
 * has been made in; as they came as three bytes, there is room. */
void keygate_path_restore(unsigned char *decoded, keygate_str_t *path);

/* The byte that the two hex digits at "p" stand for, or -1. */
int keygate_path_escaped(const unsigned char *p, const unsigned char *end);

/*
 * Takes "base" ("" or "/api", no last '/') off the front of "path", on a
 * segment boundary.  Returns 1 and the rest in *rest ("/" when nothing is
 * left), or 0 when the path is not below the base.
 */
int keygate_path_rest(keygate_str_t path, keygate_str_t base,
    keygate_str_t *rest);

/* A new, empty router, or NULL when out of memory. */
keygate_router_t *keygate_router_create(const keygate_pool_t *pool);

/*
 * Whether a template is well-formed: it starts with '/'; its segments are
 * fixed (the decoded characters), ":name" (letters, digits and '_', no name
 * twice) with or without fixed text before and after it, and a last "*"; none
 * is "." or "..", none but the last empty; at most KEYGATE_SEGMENTS_MAX of
 * them.  "::" is a colon of fixed text, and one that follows a name at once,
 * as in ":id:cancel", needs no second.  Fixed text has no '%', '#', ';', '\',
 * '*', control byte, nor what other notations write a parameter with: any of
 * {}<>[]()|$?.  All is well-formed UTF-8.
 * NULL when it is, otherwise what was expected.
 */
const char *keygate_template_error(keygate_str_t path);

/*
 * Adds a route; "route" must outlive the router, and so must its spans.
 * Returns KEYGATE_OK; KEYGATE_CONFLICT with *other the route that it can
 * never be told apart from (the same shape and method, whatever the names of
 * the params); KEYGATE_INVALID when the template is not well-formed;
 * KEYGATE_NOMEM.  Sets route->next.
 */
keygate_rc_t keygate_router_add(keygate_router_t *router,
    keygate_route_t *route, keygate_route_t **other);

/*
 * Makes the router ready for matching, after all adds: before that, nothing
 * is matched.  KEYGATE_OK or KEYGATE_NOMEM.
 */
keygate_rc_t keygate_router_compile(keygate_router_t *router);

/*
 * The routes of the template that "path" (checked, decoded, base taken off)
 * matches, linked through "next", or NULL.  Segment by segment from the
 * left, fixed wins over a param with fixed text (the longer text first; of as
 * much, the longer one before the param), this over ":param", this over "*".  A
 * param takes at least one byte; a "*" takes the rest, which may be empty:
 * "/a/" is matched, "/a" is not.  The method plays no part in
 * the choice of the template.  Where a choice leads nowhere the next one is
 * tried: with "/a/:x/c" and "/:x/b/d", "/a/b/d" is the second.  Time is
 * bounded by the path's length and the templates' total number of segments,
 * each of which is looked at once at most; no allocation.
 */
keygate_route_t *keygate_router_match(const keygate_router_t *router,
    keygate_str_t path);

/*
 * Whether "path" (checked, decoded, the base not taken off) leads to "routes"
 * whoever reads it: one who takes a ';' in it for the beginning of
 * parameters, a '?' or '#' for the end of the path, or decodes it again.  Only
 * a path with one of these or a '%' in it can be read otherwise; one that is
 * longer than 8192 bytes then, or that can be decoded four times more, is not
 * firm.  KEYGATE_PATH_KEPT stays in its segment in all these readings; to one
 * who takes it for a '/', none of them may have a "." or ".." segment.
 */
int keygate_path_firm(const keygate_router_t *router, keygate_str_t base,
    keygate_str_t path, const keygate_route_t *routes);

/*
 * The route that serves "method" among "routes" (linked through "next"): the
 * one that names it, else GET's for HEAD, else "*", else NULL.  One of
 * KEYGATE_METHOD_NONE serves none, whatever a request says that its is.
 */
keygate_route_t *keygate_route_method(keygate_route_t *routes,
    keygate_str_t method);

/* Writes "GET, HEAD, POST" for an Allow header (RFC 9110, 10.2.1), each method
 * once, in the order configured, HEAD after GET; "*" and
 * KEYGATE_METHOD_NONE are left out. */
void keygate_route_allow(const keygate_route_t *routes, keygate_buf_t *out);


#endif /* KEYGATE_ROUTE_H */

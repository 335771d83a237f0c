/*
 * Strict JSON (RFC 8259): whether a text is one object that every parser
 * reads the same.
 */

#ifndef KEYGATE_STRICT_H
#define KEYGATE_STRICT_H

#include "keygate_core.h"


#define KEYGATE_STRICT_DEPTH  1024   /* a multiple of 8 */


/* The name of a member, decoded and folded: code points, the first ones of
 * "n" when there are more. */

typedef struct {
    uint32_t  c[KEYGATE_NAME_MAX + 1];
    size_t    n;
} keygate_strict_name_t;


/* Called for each member at the top, in their order; "set": its value is
 * neither false nor null. */
typedef void (*keygate_strict_pt)(void *data,
    const keygate_strict_name_t *name, int set);

/*
 * KEYGATE_OK when "text" is one object in UTF-8 without BOM, without
 * duplicate names at any level, without lone surrogates or NULs in names, not
 * deeper than KEYGATE_STRICT_DEPTH, with nothing but space around it; else
 * KEYGATE_INVALID, or KEYGATE_NOMEM.  What was called for members of a text
 * that turns out to be invalid means nothing.
 *
 * Values are not kept: memory is at most four bytes for each byte of text,
 * and that only where it consists of names, and 32 KB for what is open.
 * Nothing recurses.
 */
keygate_rc_t keygate_strict_object(keygate_str_t text,
    keygate_strict_pt member, void *data);

/*
 * Whether a parser may take the name for "member" (UTF-8, up to
 * KEYGATE_NAME_MAX bytes): many look at letters in any case, some of them by
 * Unicode's rules, where U+017F is an "s" and U+212A a "k".
 */
int keygate_strict_is(const keygate_strict_name_t *name, keygate_str_t member);


#endif /* KEYGATE_STRICT_H */

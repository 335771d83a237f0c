/*
 * The types that every part of the core shares.
 *
 * The core is plain C99 on (pointer, length): it knows no nginx, reads no
 * clock, keeps no globals, writes no log.  Time is passed in, memory is the
 * caller's, and what went wrong is returned.
 */

#ifndef KEYGATE_CORE_H
#define KEYGATE_CORE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>


/* A span of bytes that somebody else owns; the same layout as ngx_str_t. */

typedef struct {
    size_t                len;
    const unsigned char  *data;
} keygate_str_t;


#define keygate_string(s)  { sizeof(s) - 1, (const unsigned char *) (s) }
#define KEYGATE_STR(s)     ((keygate_str_t) keygate_string(s))

#define KEYGATE_ID_MAX          64   /* bytes of a key's or an account's id */
#define KEYGATE_NAME_MAX        63   /* bytes of a scope, plan, rate name */
#define KEYGATE_CREDENTIAL_MAX  256  /* bytes of a whole credential */
#define KEYGATE_DIGEST_LEN      32   /* SHA-256, HMAC-SHA-256 */


/* The result codes of the core. */

typedef enum {
    KEYGATE_OK = 0,
    KEYGATE_AGAIN,       /* not now: more input, or the lock is taken */
    KEYGATE_NONE,        /* no such thing */
    KEYGATE_INVALID,     /* the input is not what it should be */
    KEYGATE_CONFLICT,    /* it would contradict what is already there */
    KEYGATE_FULL,        /* no room in the table, or on the disk */
    KEYGATE_NOMEM,       /* an allocation failed */
    KEYGATE_IO           /* the system refused; errno says why */
} keygate_rc_t;


/*
 * Where things that live as long as a configuration are allocated: a pool in
 * nginx, an arena in the tests.  alloc() returns zeroed memory or NULL;
 * nothing is ever given back one by one.
 */

typedef struct {
    void  *(*alloc)(void *pool, size_t size);
    void   *pool;
} keygate_pool_t;


/*
 * A writer into a caller's buffer that never overruns it.  What does not fit
 * is counted but not stored, so after the last call "len" is the room that
 * the whole would have needed: call again with a larger buffer.
 */

typedef struct {
    unsigned char  *data;
    size_t          size;
    size_t          len;
} keygate_buf_t;


int keygate_str_eq(keygate_str_t a, keygate_str_t b);

void keygate_buf_put(keygate_buf_t *b, keygate_str_t s);
void keygate_buf_num(keygate_buf_t *b, int64_t n);

/* Here, so that the length of a literal is known when it is compiled. */

static inline keygate_str_t
keygate_span(const char *s)
{
    keygate_str_t  span;

    span.data = (const unsigned char *) s;
    span.len = strlen(s);

    return span;
}


static inline void
keygate_buf_puts(keygate_buf_t *b, const char *s)
{
    keygate_buf_put(b, keygate_span(s));
}


/*
 * Appends "s" as a JSON string, quotes included.  Everything that is not
 * plain printable ASCII or well-formed UTF-8 is escaped: controls, quotes,
 * '\', '<', '>', U+007F to U+009F, U+2028 and U+2029.  Each byte that
 * is not part of a well-formed UTF-8 sequence (RFC 3629) becomes \ufffd.
 */
void keygate_buf_json(keygate_buf_t *b, keygate_str_t s);

/* The same without the quotes, for a string that is made of several. */
void keygate_buf_json_part(keygate_buf_t *b, keygate_str_t s);

/*
 * The length (1 to 4) of the well-formed UTF-8 sequence (RFC 3629: no
 * overlong form, no surrogate, nothing above U+10FFFF) that starts at "p",
 * which must be before "end"; 0 if there is none.
 */
size_t keygate_utf8(const unsigned char *p, const unsigned char *end);

/* A byte as two hex digits, in capitals as RFC 3986 wants them; "n" bytes as
 * 2 * n small ones and a NUL. */
void keygate_hex_pair(unsigned char c, char pair[2]);
void keygate_hex_text(const unsigned char *bytes, size_t n, char *text);

/* The value of a hex digit in either case, or -1. */
int keygate_hex_value(unsigned char c);


#endif /* KEYGATE_CORE_H */

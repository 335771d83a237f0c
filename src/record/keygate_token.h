/*
 * The file that "tokens=" of keygate_admin names: a line a person or a
 * program,
 *
 *     NAME ROLE sha256:HEX [UNTIL]
 *
 * words separated by spaces or tabs; "#" begins a comment where a word could
 * begin.  What a role may do is the caller's to know.
 */

#ifndef KEYGATE_TOKEN_H
#define KEYGATE_TOKEN_H

#include "keygate_core.h"
#include "keygate_record.h"


#define KEYGATE_TOKENS_MAX       1024
#define KEYGATE_TOKENS_FILE_MAX  262144      /* bytes */


typedef enum {
    KEYGATE_ROLE_READ = 0,
    KEYGATE_ROLE_KEYS,
    KEYGATE_ROLE_ADMIN,
    KEYGATE_ROLES
} keygate_role_e;


typedef struct {
    char             name[KEYGATE_ID_MAX + 1];
    keygate_role_e   role;
    unsigned char    digest[KEYGATE_DIGEST_LEN];
    int64_t          until;          /* KEYGATE_NEVER: not said */
} keygate_token_t;


/* What is wrong with a line: which word of it, from 1, and what was expected.
 * "value" is that word, a span into the text; empty where it may be a secret
 * or a digest that went astray, for it is meant for a log. */

typedef struct {
    unsigned         line;
    unsigned         word;
    keygate_str_t    value;
    const char      *expected;
} keygate_token_fault_t;


/*
 * Parses the whole text of a file into at most "max" tokens.  Returns
 * KEYGATE_OK and *n; KEYGATE_INVALID with *fault; KEYGATE_FULL when there are
 * more, with *fault too.  A digest that comes twice, or that of the empty
 * token, is wrong; a name may come twice, so that a person's new token can be
 * there before the old one is taken away.  A time that has passed is none of
 * the parser's business.
 */
keygate_rc_t keygate_token_parse(keygate_str_t text, keygate_token_t *tokens,
    unsigned max, unsigned *n, keygate_token_fault_t *fault);

/* A name that stands for somebody: an id, and none that begins with "cli:",
 * which is what the command calls its users. */
int keygate_token_name_valid(keygate_str_t name);
int keygate_token_of_command(keygate_str_t name);

/* "read", "keys", "admin"; and back, KEYGATE_ROLES for none of them. */
const char *keygate_token_role_name(keygate_role_e role);
keygate_role_e keygate_token_role_find(keygate_str_t name);


#endif /* KEYGATE_TOKEN_H */

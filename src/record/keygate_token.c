/*
 * Lines of a file with tokens, word by word.  Where the file is and who reads
 * it is not known here.
 */

#include <string.h>

#include "keygate_digest.h"
#include "keygate_token.h"


#define KEYGATE_TOKEN_WORDS  4       /* of a line */
#define KEYGATE_TOKEN_SHOWN  25      /* bytes of a word: those of a time */


static keygate_rc_t keygate_token_line(keygate_str_t line,
    keygate_token_t *token, unsigned *empty, keygate_token_fault_t *fault);
static unsigned keygate_token_words(keygate_str_t line,
    keygate_str_t words[KEYGATE_TOKEN_WORDS + 1]);
static const char *keygate_token_word(unsigned i, keygate_str_t word,
    keygate_token_t *token);
static const char *keygate_token_digest(keygate_str_t word,
    keygate_token_t *token);
static int keygate_token_taken(const keygate_token_t *tokens, unsigned n);


static const char *const  keygate_role_names[KEYGATE_ROLES] = {
    "read", "keys", "admin"
};


keygate_rc_t
keygate_token_parse(keygate_str_t text, keygate_token_t *tokens, unsigned max,
    unsigned *n, keygate_token_fault_t *fault)
{
    unsigned              empty;
    keygate_rc_t          rc;
    keygate_str_t         line;
    keygate_token_t       token;
    const unsigned char  *p, *last;

    *n = 0;
    memset(fault, 0, sizeof(keygate_token_fault_t));

    last = text.data + text.len;

    for (p = text.data; p < last; p = line.data + line.len + 1) {
        line.data = p;
        line.len = (size_t) (last - p);
        p = memchr(p, '\n', line.len);

        if (p != NULL) {
            line.len = (size_t) (p - line.data);
        }

        fault->line++;

        rc = keygate_token_line(line, &token, &empty, fault);

        if (rc != KEYGATE_OK) {
            return rc;
        }

        if (empty) {
            continue;
        }

        if (*n == max) {
            fault->expected = "fewer tokens in one file";
            return KEYGATE_FULL;
        }

        tokens[(*n)++] = token;

        if (keygate_token_taken(tokens, *n - 1)) {
            fault->word = 3;
            fault->expected = "a token that no other line has";
            return KEYGATE_INVALID;
        }
    }

    return KEYGATE_OK;
}


static keygate_rc_t
keygate_token_line(keygate_str_t line, keygate_token_t *token,
    unsigned *empty, keygate_token_fault_t *fault)
{
    unsigned       i, n;
    keygate_str_t  words[KEYGATE_TOKEN_WORDS + 1];

    memset(token, 0, sizeof(keygate_token_t));
    token->until = KEYGATE_NEVER;

    n = keygate_token_words(line, words);
    *empty = n == 0;

    if (n == 0) {
        return KEYGATE_OK;
    }

    for (i = 0; i < n; i++) {
        fault->word = i + 1;
        fault->expected = keygate_token_word(i, words[i], token);

        if (fault->expected != NULL) {
            if (i != 2 && words[i].len <= KEYGATE_TOKEN_SHOWN) {
                fault->value = words[i];
            }

            return KEYGATE_INVALID;
        }
    }

    if (n < KEYGATE_TOKEN_WORDS - 1) {
        fault->word = n + 1;
        fault->expected = "a line \"NAME ROLE sha256:HEX [UNTIL]\"";
        return KEYGATE_INVALID;
    }

    return KEYGATE_OK;
}


/* One more than there may be are found, so that it can be told. */

static unsigned
keygate_token_words(keygate_str_t line,
    keygate_str_t words[KEYGATE_TOKEN_WORDS + 1])
{
    size_t    i;
    unsigned  n, inside;

    inside = 0;

    for (n = 0, i = 0; i < line.len; i++) {

        if (line.data[i] == ' ' || line.data[i] == '\t'
            || (line.data[i] == '\r' && i == line.len - 1))
        {
            inside = 0;
            continue;
        }

        if (!inside) {
            if (line.data[i] == '#' || n == KEYGATE_TOKEN_WORDS + 1) {
                break;
            }

            words[n].data = line.data + i;
            words[n].len = 0;
            n++;
            inside = 1;
        }

        words[n - 1].len++;
    }

    return n;
}


/* What is expected in its place, or NULL where it is right. */

static const char *
keygate_token_word(unsigned i, keygate_str_t word, keygate_token_t *token)
{
    switch (i) {

    case 0:
        if (!keygate_token_name_valid(word)) {
            return "a name of up to 64 printable ASCII characters, without "
                   "space, \", \\, /, ?, #, %, that does not begin with "
                   "\"cli:\"";
        }

        memcpy(token->name, word.data, word.len);

        return NULL;

    case 1:
        token->role = keygate_token_role_find(word);

        return token->role != KEYGATE_ROLES
               ? NULL : "a role: read, keys or admin";

    case 2:
        return keygate_token_digest(word, token);

    case 3:
        return keygate_time_parse(word, &token->until) == KEYGATE_OK
               ? NULL : "an RFC 3339 time, until when the token holds";

    default:
        return "the end of the line";
    }
}


static const char *
keygate_token_digest(keygate_str_t word, keygate_token_t *token)
{
    unsigned char               none[KEYGATE_DIGEST_LEN];
    static const char           expected[] =
        "\"sha256:\" and the SHA-256 of a token, which is not empty, in 64 hex "
        "digits";
    static const keygate_str_t  kind = keygate_string("sha256:");

    if (word.len < kind.len || memcmp(word.data, kind.data, kind.len) != 0) {
        return expected;
    }

    word.data += kind.len;
    word.len -= kind.len;

    if (keygate_digest_unhex(word, token->digest) != KEYGATE_OK
        || keygate_digest_plain(KEYGATE_STR(""), none) != KEYGATE_OK
        || memcmp(none, token->digest, KEYGATE_DIGEST_LEN) == 0)
    {
        return expected;
    }

    return NULL;
}


/* Whether one before the n-th has its digest. */

static int
keygate_token_taken(const keygate_token_t *tokens, unsigned n)
{
    unsigned  i;

    for (i = 0; i < n; i++) {
        if (memcmp(tokens[i].digest, tokens[n].digest, KEYGATE_DIGEST_LEN)
            == 0)
        {
            return 1;
        }
    }

    return 0;
}


int
keygate_token_name_valid(keygate_str_t name)
{
    return keygate_record_id_valid(name) && !keygate_token_of_command(name);
}


int
keygate_token_of_command(keygate_str_t name)
{
    static const keygate_str_t  cli = keygate_string("cli:");

    return name.len >= cli.len && memcmp(name.data, cli.data, cli.len) == 0;
}


const char *
keygate_token_role_name(keygate_role_e role)
{
    return keygate_role_names[role];
}


keygate_role_e
keygate_token_role_find(keygate_str_t name)
{
    unsigned  i;

    for (i = 0; i < KEYGATE_ROLES; i++) {
        if (keygate_str_eq(keygate_span(keygate_role_names[i]), name)) {
            break;
        }
    }

    return (keygate_role_e) i;
}

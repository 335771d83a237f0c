/*
 * Files of tokens: what a line may be, which word of it is wrong, and what is
 * never repeated.
 */

#include "keygate_token.h"
#include "tap.h"


#define TOKENS  4

#define DIGEST  "2d711642b726b04401627ca9fbac32f5" \
                "c8530fb1903cc4db02258717921a4881"
#define OTHER   "a1fce4363854ff888cff4b8e7875d600" \
                "c2682390412a8cf79b37d0b11148b0fa"


static keygate_token_t        tokens[TOKENS];
static keygate_token_fault_t  fault;


static keygate_rc_t
parse(const char *text, unsigned *n)
{
    return keygate_token_parse(keygate_span(text), tokens, TOKENS, n, &fault);
}


static void
test_good(void)
{
    unsigned  n;

    is_num(parse("", &n), KEYGATE_OK, "an empty file");
    is_num(n, 0, "has no token");
    is_num(parse("\n# a b c\n \t \n", &n), KEYGATE_OK, "comments and blanks");
    is_num(n, 0, "have none either");

    is_num(parse("ben admin sha256:" DIGEST "\n"
                 "\tmia\tread  sha256:" OTHER " 2027-01-01T00:00:00Z\t# x\r\n",
                 &n), KEYGATE_OK, "two lines");
    is_num(n, 2, "are two tokens");
    ok(strcmp(tokens[0].name, "ben") == 0, "a name");
    is_num(tokens[0].role, KEYGATE_ROLE_ADMIN, "its role");
    is_num(tokens[0].digest[0], 0x2d, "its digest");
    ok(tokens[0].until == KEYGATE_NEVER, "without an end");
    ok(strcmp(tokens[1].name, "mia") == 0, "another name");
    is_num(tokens[1].role, KEYGATE_ROLE_READ, "its role");
    is_num(tokens[1].until, 1798761600, "until then");

    is_num(parse("a#b keys sha256:" DIGEST, &n), KEYGATE_INVALID,
           "\"#\" may not stand in a name");
    is_num(parse("ben read sha256:" DIGEST "\nben read sha256:" OTHER, &n),
           KEYGATE_OK, "a name may come twice");
}


static void
test_bad(void)
{
    unsigned  i, n;
    char      shown[64];

    static const struct {
        const char  *text;
        unsigned     line, word;
        const char  *shown;
    } table[] = {
        { "ben", 1, 2, "" },
        { "ben read", 1, 3, "" },
        { "\n\nben boss sha256:" DIGEST, 3, 2, "boss" },
        { "ben read " DIGEST, 1, 3, "" },
        { "ben read sha256:" DIGEST "0", 1, 3, "" },
        { DIGEST " read ben", 1, 3, "" },
        { "ben " DIGEST, 1, 2, "" },
        { "ben read sha256:" DIGEST " " DIGEST, 1, 4, "" },
        { "ben read sha256:" DIGEST " 2027-01-01T00:00:00Z y z", 1, 5, "y" },
        { "cli:x read sha256:" DIGEST, 1, 1, "cli:x" }
    };

    for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        is_num(parse(table[i].text, &n), KEYGATE_INVALID, "%u is wrong", i);
        is_num(fault.line, table[i].line, "its line");
        is_num(fault.word, table[i].word, "its word");
        ok(fault.expected != NULL, "what was expected");

        snprintf(shown, sizeof(shown), "%.*s", (int) fault.value.len,
                 fault.value.data);
        ok(strcmp(shown, table[i].shown) == 0, "what is shown: %s", shown);
    }

    is_num(parse("a read sha256:" DIGEST "\nb keys sha256:" DIGEST, &n),
           KEYGATE_INVALID, "no digest comes twice");
    is_num(fault.line, 2, "it is the second that is wrong");
}


static void
test_many(void)
{
    char      text[1024], *p;
    unsigned  i, n;

    for (p = text, i = 0; i <= TOKENS; i++) {
        p += sprintf(p, "n%u read sha256:%064x\n", i, i + 1);
    }

    is_num(parse(text, &n), KEYGATE_FULL, "more than there is room for");
    is_num(fault.line, TOKENS + 1, "which is told");
}


int
main(void)
{
    test_good();
    test_bad();
    test_many();

    return tap_done();
}

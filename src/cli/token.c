/*
 * token: makes a token for somebody who may use the admin API, and the line
 * of the file that "tokens=" of keygate_admin names.
 */

#include <stdio.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "cli.h"
#include "keygate_token.h"


#define CLI_TOKEN_FRONT  "kga_"          /* what secret scanners look for */
#define CLI_TOKEN_BYTES  32              /* of randomness, in hex */
#define CLI_TOKEN_LEN    (sizeof(CLI_TOKEN_FRONT) + 2 * CLI_TOKEN_BYTES)


typedef struct {
    const char  *name;
    const char  *role;
    const char  *until;                  /* NULL: for good */
    char         token[CLI_TOKEN_LEN];
    char         hex[2 * KEYGATE_DIGEST_LEN + 1];
} cli_made_t;


static int cli_token_asked(const cli_t *cli, cli_made_t *made);
static int cli_token_make(cli_made_t *made);
static int cli_token_print(const cli_t *cli, const cli_made_t *made);


static int
cli_token_asked(const cli_t *cli, cli_made_t *made)
{
    int64_t         until;
    keygate_role_e  role;

    memset(made, 0, sizeof(cli_made_t));

    until = KEYGATE_NEVER;
    made->name = cli->args[0];
    made->until = cli_json_text(cli->request, "expires_at");

    if (!keygate_token_name_valid(keygate_span(made->name))) {
        return cli_error(CLI_USAGE, "NAME must be up to %d printable ASCII "
                         "characters, without space, \", \\, /, ?, #, %%, and "
                         "must not begin with \"cli:\"", KEYGATE_ID_MAX);
    }

    if (cli->role == NULL) {
        return cli_error(CLI_USAGE, "--role is needed: read, keys or admin");
    }

    role = keygate_token_role_find(keygate_span(cli->role));

    if (role == KEYGATE_ROLES) {
        return cli_error(CLI_USAGE, "--role: must be read, keys or admin");
    }

    made->role = keygate_token_role_name(role);

    if (made->until != NULL
        && keygate_time_parse(keygate_span(made->until), &until)
           != KEYGATE_OK)
    {
        return cli_error(CLI_USAGE, "--expires-at: is not an RFC 3339 time "
                         "such as \"2027-01-31T00:00:00Z\"");
    }

    if (made->until != NULL && until <= cli->now) {
        return cli_error(CLI_USAGE, "a token that has expired already: "
                         "nothing was made");
    }

    return CLI_OK;
}


static int
cli_token_make(cli_made_t *made)
{
    int            rc;
    unsigned char  bytes[CLI_TOKEN_BYTES], digest[KEYGATE_DIGEST_LEN];
    char           hex[2 * CLI_TOKEN_BYTES + 1];

    if (RAND_bytes(bytes, sizeof(bytes)) != 1) {
        return cli_error(CLI_FAILED, "there is no randomness for a token");
    }

    keygate_digest_hex(bytes, hex);

    (void) snprintf(made->token, sizeof(made->token), "%s%s", CLI_TOKEN_FRONT,
                    hex);

    OPENSSL_cleanse(bytes, sizeof(bytes));
    OPENSSL_cleanse(hex, sizeof(hex));

    rc = keygate_digest_plain(keygate_span(made->token), digest);

    if (rc != KEYGATE_OK) {
        return cli_error_nomem();
    }

    keygate_digest_hex(digest, made->hex);

    return CLI_OK;
}


static int
cli_token_print(const cli_t *cli, const cli_made_t *made)
{
    if (cli->quiet) {
        printf("%s\n", made->token);
        return cli_print_flush();
    }

    if (cli->json) {
        printf("{\"token\":\"%s\",\"line\":\"%s %s sha256:%s%s%s\"}\n",
               made->token, made->name, made->role, made->hex,
               made->until ? " " : "", made->until ? made->until : "");
        return cli_print_flush();
    }

    printf("token: %s\nline:  %s %s sha256:%s%s%s\n", made->token, made->name,
           made->role, made->hex, made->until ? " " : "",
           made->until ? made->until : "");

    cli_note(cli, "The token is shown this once and kept nowhere; the line "
             "belongs into the file of \"tokens=\".");

    return cli_print_flush();
}


int
cli_token(cli_t *cli)
{
    int         rc;
    cli_made_t  made;

    rc = cli_token_asked(cli, &made);
    rc = rc != CLI_OK ? rc : cli_token_make(&made);
    rc = rc != CLI_OK ? rc : cli_token_print(cli, &made);

    OPENSSL_cleanse(made.token, sizeof(made.token));

    return rc;
}

/*
 * hash: the digest of a credential or of a token, which is read from stdin:
 * an argument would be seen by everybody on the machine.
 */

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "cli.h"


#define CLI_SECRET_MAX  4096


static int cli_read_more(void);
static size_t cli_read_bytes(char secret[CLI_SECRET_MAX]);
static int cli_read_secret(char secret[CLI_SECRET_MAX]);
static int cli_hash_print(cli_t *cli, const char *secret);


/* Whether something follows the line that was read: no other token must be
 * taken for this one's part, or go without a word. */

static int
cli_read_more(void)
{
    int  c;

    do {
        c = getchar();
    } while (c == '\r' || c == '\n');

    return c != EOF;
}


/* A line without its end; bytes, of which any may be 0. */

static size_t
cli_read_bytes(char secret[CLI_SECRET_MAX])
{
    int     c;
    size_t  len;

    len = 0;

    while (len < CLI_SECRET_MAX - 1) {
        c = getchar();

        if (c == EOF || c == '\n') {
            break;
        }

        secret[len++] = (char) c;
    }

    if (len != 0 && len < CLI_SECRET_MAX - 1 && secret[len - 1] == '\r') {
        len--;
    }

    secret[len] = '\0';

    return len;
}


/* From a terminal without showing it, and with nothing that could end us
 * before it shows again what is typed. */

static int
cli_read_secret(char secret[CLI_SECRET_MAX])
{
    int             tty;
    size_t          i, len;
    struct termios  old, mute;

    tty = isatty(STDIN_FILENO) && tcgetattr(STDIN_FILENO, &old) == 0;

    if (tty) {
        mute = old;
        mute.c_lflag &= ~(tcflag_t) (ECHO|ISIG);
        (void) tcsetattr(STDIN_FILENO, TCSAFLUSH, &mute);
        fputs("Credential or token: ", stderr);
    }

    setvbuf(stdin, NULL, _IONBF, 0);
    len = cli_read_bytes(secret);

    if (tty) {
        (void) tcsetattr(STDIN_FILENO, TCSAFLUSH, &old);
        fputc('\n', stderr);
    }

    if (ferror(stdin)) {
        return cli_error(CLI_IO, "stdin: %s", strerror(errno));
    }

    if (len == CLI_SECRET_MAX - 1) {
        return cli_error(CLI_USAGE, "what is on stdin is too long");
    }

    if (!tty && cli_read_more()) {
        return cli_error(CLI_USAGE, "there is more than one line on stdin, "
                         "expected one credential or token");
    }

    if (len == 0) {
        return cli_error(CLI_USAGE, "there is nothing on stdin");
    }

    for (i = 0; i < len; i++) {
        if (iscntrl((unsigned char) secret[i])) {
            return cli_error(CLI_USAGE, "there are control characters, or "
                             "zero bytes, in what is on stdin: a credential "
                             "or token has none");
        }
    }

    return CLI_OK;
}


static int
cli_hash_print(cli_t *cli, const char *secret)
{
    char           hex[2 * KEYGATE_DIGEST_LEN + 1];
    const char    *kind;
    unsigned char  digest[KEYGATE_DIGEST_LEN];

    if (keygate_digest(cli->digester, keygate_span(secret), digest)
        != KEYGATE_OK)
    {
        return cli_error_nomem();
    }

    keygate_digest_hex(digest, hex);
    kind = cli->hmac ? "hmac-sha256" : "sha256";

    printf("%s%s%s%s%s\n", cli->json ? "{\"digest\":\"" : "",
           cli->bare ? "" : kind, cli->bare ? "" : ":", hex,
           cli->json ? "\"}" : "");

    return CLI_OK;
}


int
cli_hash(cli_t *cli)
{
    int   rc;
    char  secret[CLI_SECRET_MAX];

    /* a file that is opened later might be taken for a stdin that is closed */

    if (fcntl(STDIN_FILENO, F_GETFD) == -1) {
        return cli_error(CLI_IO, "stdin: %s", strerror(errno));
    }

    rc = cli_setup_digester(cli);

    if (rc == CLI_OK && cli->hmac && cli->bare) {
        return cli_error(CLI_USAGE, "the digest of a token takes no pepper");
    }

    rc = rc != CLI_OK ? rc : cli_read_secret(secret);
    rc = rc != CLI_OK ? rc : cli_hash_print(cli, secret);

    OPENSSL_cleanse(secret, sizeof(secret));

    return rc;
}

/*
 * hash: the digest of a credential or of a token, which is read from stdin:
 * an argument would be seen by everybody on the machine.
 */

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "cli.h"


#define CLI_SECRET_MAX  4096


/* Reads a line; from a terminal without showing it, and with nothing that
 * could end us before it shows again what is typed. */

static int
cli_read_secret(char secret[CLI_SECRET_MAX])
{
    int             tty;
    char           *p;
    struct termios  old, mute;

    tty = isatty(STDIN_FILENO) && tcgetattr(STDIN_FILENO, &old) == 0;

    if (tty) {
        mute = old;
        mute.c_lflag &= ~(tcflag_t) (ECHO|ISIG);
        (void) tcsetattr(STDIN_FILENO, TCSAFLUSH, &mute);
        fputs("Credential or token: ", stderr);
    }

    setvbuf(stdin, NULL, _IONBF, 0);
    p = fgets(secret, CLI_SECRET_MAX, stdin);

    if (tty) {
        (void) tcsetattr(STDIN_FILENO, TCSAFLUSH, &old);
        fputc('\n', stderr);
    }

    if (p == NULL) {
        return cli_error(CLI_USAGE, "there is nothing on stdin");
    }

    if (strlen(secret) == CLI_SECRET_MAX - 1) {
        return cli_error(CLI_USAGE, "what is on stdin is too long");
    }

    secret[strcspn(secret, "\r\n")] = '\0';

    if (secret[0] == '\0') {
        return cli_error(CLI_USAGE, "there is nothing on stdin");
    }

    for (p = secret; *p != '\0'; p++) {
        if (iscntrl((unsigned char) *p)) {
            return cli_error(CLI_USAGE, "there are control characters in it");
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
        return cli_nomem();
    }

    keygate_digest_hex(digest, hex);
    kind = cli->hmac ? "hmac-sha256" : "sha256";

    if (cli->bare) {
        printf("%s\n", hex);

    } else if (cli->json) {
        printf("{\"digest\":\"%s:%s\"}\n", kind, hex);

    } else {
        printf("%s:%s\n", kind, hex);
    }

    return CLI_OK;
}


int
cli_hash(cli_t *cli)
{
    int   rc;
    char  secret[CLI_SECRET_MAX];

    rc = cli_setup_digester(cli);

    if (rc == CLI_OK && cli->hmac && cli->bare) {
        return cli_error(CLI_USAGE, "the digest of a token takes no pepper");
    }

    rc = rc != CLI_OK ? rc : cli_read_secret(secret);
    rc = rc != CLI_OK ? rc : cli_hash_print(cli, secret);

    OPENSSL_cleanse(secret, sizeof(secret));

    return rc;
}

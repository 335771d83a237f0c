/*
 * The URL of a store, and the file with its password.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "remote.h"


#define CLI_PASSWORD_MAX  4096


static int cli_remote_rest(cli_t *cli, char *rest);
static int cli_remote_server(cli_t *cli, char *rest);
static void cli_remote_unescape(char *s);


/* redis://[USER[:PASSWORD]@]HOST[:PORT][,HOST[:PORT]...][/DATABASE], rediss://
 * with TLS, unix:PATH. */

int
cli_remote_url(cli_t *cli)
{
    char                 *rest;
    cli_remote_t         *remote;
    keygate_link_conf_t  *conf;

    remote = cli->remote;
    conf = &remote->conf;
    conf->servers = remote->servers;

    if (strncmp(remote->url, "unix:", 5) == 0) {
        rest = remote->url + 5;
        rest += strncmp(rest, "//", 2) == 0 ? 2 : 0;
        conf->n = 1;
        remote->servers[0].path = rest;

        snprintf(remote->shown, sizeof(remote->shown), "unix:%s", rest);

        return rest[0] == '/' ? CLI_OK
               : cli_error(CLI_USAGE, "--store: expected the path of a "
                           "socket after \"unix:\"");
    }

    if (strncmp(remote->url, "rediss://", 9) == 0) {
        conf->wire.tls = 1;
        return cli_remote_rest(cli, remote->url + 9);
    }

    if (strncmp(remote->url, "redis://", 8) == 0) {
        return cli_remote_rest(cli, remote->url + 8);
    }

    return cli_error(CLI_USAGE, "which store? give --store URL, or "
                     "KEYGATE_STORE: redis://HOST:PORT, rediss://HOST:PORT "
                     "or unix:PATH");
}


static void
cli_remote_unescape(char *s)
{
    int    high, low;
    char  *to;

    for (to = s; *s != '\0'; s++) {

        if (*s == '%') {
            high = keygate_hex_value((unsigned char) s[1]);
            low = high < 0 ? -1 : keygate_hex_value((unsigned char) s[2]);

            if (low >= 0) {
                *to++ = (char) (high << 4 | low);
                s += 2;
                continue;
            }
        }

        *to++ = *s;
    }

    *to = '\0';
}


static int
cli_remote_rest(cli_t *cli, char *rest)
{
    int                   rc;
    char                 *at, *colon, *slash, *end;
    cli_remote_t         *remote;
    keygate_wire_conf_t  *wire;

    remote = cli->remote;
    wire = &remote->conf.wire;
    at = strrchr(rest, '@');

    if (at != NULL) {
        *at = '\0';
        colon = strchr(rest, ':');

        if (colon != NULL) {
            *colon = '\0';
            cli_remote_unescape(colon + 1);
            wire->password = colon + 1;
        }

        cli_remote_unescape(rest);
        wire->user = rest[0] != '\0' ? rest : NULL;
        rest = at + 1;
    }

    slash = strchr(rest, '/');

    if (slash != NULL) {
        *slash++ = '\0';
        wire->database = (unsigned) strtoul(slash, &end, 10);

        if (*end != '\0') {
            return cli_error(CLI_USAGE, "--store: \"%s\" is not the number "
                             "of a database", slash);
        }
    }

    snprintf(remote->shown, sizeof(remote->shown), "redis%s://%s",
             wire->tls ? "s" : "", rest);

    for (rc = CLI_OK; rc == CLI_OK && rest != NULL; rest = end) {
        end = strchr(rest, ',');

        if (end != NULL) {
            *end++ = '\0';
        }

        rc = cli_remote_server(cli, rest);
    }

    return rc;
}


static int
cli_remote_server(cli_t *cli, char *rest)
{
    char                   *colon, *end;
    keygate_link_conf_t    *conf;
    keygate_wire_server_t  *server;

    conf = &cli->remote->conf;

    if (conf->n == CLI_SERVERS) {
        return cli_error(CLI_USAGE, "--store: expected at most %d hosts",
                         CLI_SERVERS);
    }

    colon = strrchr(rest, ':');

    if (rest[0] == '[') {
        end = strchr(rest, ']');

        if (end == NULL) {
            return cli_error(CLI_USAGE, "--store: \"[\" without \"]\"");
        }

        *end = '\0';
        rest++;
        colon = end[1] == ':' ? end + 1 : NULL;
    }

    if (colon != NULL) {
        *colon++ = '\0';
    }

    server = &cli->remote->servers[conf->n++];
    server->host = rest;
    server->port = colon != NULL && colon[0] != '\0' ? colon
                   : cli->sentinel != NULL ? "26379" : "6379";

    if (strlen(rest) >= KEYGATE_WIRE_HOST
        || strlen(server->port) >= KEYGATE_WIRE_PORT)
    {
        return cli_error(CLI_USAGE, "--store: expected HOST:PORT");
    }

    return rest[0] != '\0' ? CLI_OK
           : cli_error(CLI_USAGE, "--store: which host?");
}


/* The first line of a file. */

int
cli_remote_password(cli_t *cli)
{
    FILE          *f;
    size_t         n;
    cli_remote_t  *remote;

    if (cli->password_path == NULL) {
        return CLI_OK;
    }

    f = fopen(cli->password_path, "rb");

    if (f == NULL) {
        return cli_error(CLI_IO, "%s: %s", cli->password_path,
                         strerror(errno));
    }

    setvbuf(f, NULL, _IONBF, 0);

    remote = cli->remote;
    remote->password = calloc(1, CLI_PASSWORD_MAX);
    n = remote->password == NULL
        ? 0 : fread(remote->password, 1, CLI_PASSWORD_MAX - 1, f);

    (void) fclose(f);

    if (remote->password == NULL) {
        return cli_error_nomem();
    }

    remote->password[n] = '\0';
    remote->password[strcspn(remote->password, "\r\n")] = '\0';

    return remote->password[0] != '\0' ? CLI_OK
           : cli_error(CLI_USAGE, "%s: there is no password in its first "
                       "line", cli->password_path);
}

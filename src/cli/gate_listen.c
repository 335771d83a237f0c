/*
 * Where a gate and its admin API listen.  "nginx -t" takes an address that
 * somebody else has, and "nginx -s reload" does not tell that it then failed:
 * so it is tried here, before anything is made.  An nginx that does not run has
 * its places, too: two sites on one of them start, and one is never asked.
 */

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gate.h"


#define CLI_GATE_TRIES  64               /* ports beside one that is taken */


static void cli_gate_split(const char *listen, cli_gate_at_t *at);
static int cli_gate_is(const cli_gate_at_t *at, const char *host);
static int cli_gate_any(const cli_gate_at_t *at);
static int cli_gate_one(const char *option, const char *listen,
    cli_gate_at_t *at);
static void cli_gate_note(void *data, char *line);
static int cli_gate_taken(const cli_text_t *taken, const cli_gate_at_t *at,
    const char *port);
static int cli_gate_bind(const cli_text_t *taken, const cli_gate_at_t *at,
    const char *port);
static int cli_gate_other(const cli_text_t *taken, const cli_gate_at_t *at,
    const char *but, char port[24]);
static int cli_gate_try(const cli_text_t *taken, const char *option,
    const char *listen, const char *other, int *fd);


/* A port alone is one of all addresses, an address alone has port 80: so
 * nginx reads them. */

static void
cli_gate_split(const char *listen, cli_gate_at_t *at)
{
    const char  *colon, *bracket;

    bracket = strchr(listen, ']');
    colon = strrchr(bracket != NULL ? bracket : listen, ':');

    at->host = listen;
    at->port = colon == NULL ? "80" : colon + 1;
    at->len = colon == NULL ? (int) strlen(listen) : (int) (colon - listen);

    if (listen[strspn(listen, "0123456789-")] == '\0') {
        at->port = listen;
        at->len = 0;
    }
}


static int
cli_gate_is(const cli_gate_at_t *at, const char *host)
{
    return at->len == (int) strlen(host)
           && strncmp(at->host, host, strlen(host)) == 0;
}


/* All addresses of IPv4. */

static int
cli_gate_any(const cli_gate_at_t *at)
{
    return at->len == 0 || cli_gate_is(at, "*") || cli_gate_is(at, "0.0.0.0");
}


int
cli_gate_local(cli_gate_t *gate)
{
    int  n;

    if (gate->admin[strspn(gate->admin, "0123456789-")] != '\0') {
        return CLI_OK;
    }

    n = snprintf(gate->local, sizeof(gate->local), "127.0.0.1:%s",
                 gate->admin);

    if (n < 0 || (size_t) n >= sizeof(gate->local)) {
        return cli_error(CLI_USAGE, "--listen-admin: \"%s\" is not "
                         "[ADDRESS:]PORT", gate->admin);
    }

    gate->admin = gate->local;

    return CLI_OK;
}


/* nginx takes several ports, "8080-8090", a gate has one. */

static int
cli_gate_one(const char *option, const char *listen, cli_gate_at_t *at)
{
    cli_gate_split(listen, at);

    if (at->port[0] != '\0'
        && at->port[strspn(at->port, "0123456789")] == '\0')
    {
        return 1;
    }

    (void) cli_error(0, "%s: \"%s\" is not [ADDRESS:]PORT", option, listen);

    return 0;
}


int
cli_gate_apart(const cli_gate_t *gate)
{
    cli_gate_at_t  one, two;

    if (!cli_gate_one("--listen", gate->listen, &one)
        || !cli_gate_one("--listen-admin", gate->admin, &two))
    {
        return CLI_USAGE;
    }

    if (strcmp(one.port, two.port) != 0
        || (strcmp(gate->listen, gate->admin) != 0
            && !cli_gate_any(&one) && !cli_gate_is(&one, "[::]")
            && !cli_gate_any(&two) && !cli_gate_is(&two, "[::]")))
    {
        return CLI_OK;
    }

    return cli_error(CLI_USAGE, "--listen, --listen-admin: \"%s\" and \"%s\" "
                     "are one place; the admin API needs another port",
                     gate->listen, gate->admin);
}


void
cli_gate_host(const cli_gate_t *gate, cli_gate_at_t *at)
{
    cli_gate_split(gate->listen, at);

    if (cli_gate_any(at)) {
        at->host = "127.0.0.1";
        at->len = (int) sizeof("127.0.0.1") - 1;

    } else if (cli_gate_is(at, "[::]")) {
        at->host = "[::1]";
        at->len = (int) sizeof("[::1]") - 1;
    }
}


struct addrinfo *
cli_gate_address(const cli_gate_at_t *at, const char *port)
{
    int               any;
    char              host[64];
    struct addrinfo   hints, *address;

    any = cli_gate_any(at);

    memset(&hints, 0, sizeof(struct addrinfo));
    hints.ai_family = any ? AF_INET : AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_PASSIVE|AI_NUMERICHOST|AI_NUMERICSERV;

    if (at->len >= (int) sizeof(host)) {
        return NULL;
    }

    (void) snprintf(host, sizeof(host), "%.*s", at->len, at->host);

    if (host[0] == '[') {
        (void) snprintf(host, sizeof(host), "%.*s", at->len - 2,
                        at->host + 1);
    }

    return getaddrinfo(any ? NULL : host, port, &hints, &address) == 0
           ? address : NULL;
}


/* Notes what follows each "listen" of a line. */

static void
cli_gate_note(void *data, char *line)
{
    char        *p;
    size_t       len;
    cli_text_t  *taken;

    taken = data;
    line[strcspn(line, "#")] = '\0';

    for (p = line; (p = strstr(p, "listen")) != NULL; p += len) {
        len = sizeof("listen") - 1;

        if ((p == line || strchr(" \t{;", p[-1]) != NULL)
            && (p[len] == ' ' || p[len] == '\t'))
        {
            p += len + strspn(p + len, " \t");
            len = strcspn(p, " \t\r\n;");

            (void) (cli_text_add(taken, p, len) && cli_text_add(taken, "", 1));
        }
    }
}


/* Whether a "listen" of nginx's configuration is of that place. */

static int
cli_gate_taken(const cli_text_t *taken, const cli_gate_at_t *at,
    const char *port)
{
    size_t          i;
    cli_gate_at_t   other;

    for (i = 0; i < taken->len; i += strlen(taken->data + i) + 1) {
        cli_gate_split(taken->data + i, &other);

        if (strcmp(other.port, port) == 0
            && ((cli_gate_any(&other) && at->host[0] != '[')
                || (cli_gate_any(at) && other.host[0] != '[')
                || (at->len == other.len
                    && strncmp(at->host, other.host, (size_t) at->len) == 0)))
        {
            return 1;
        }
    }

    return 0;
}


/* A socket that listens there as one of nginx would; -1, and errno. */

static int
cli_gate_bind(const cli_text_t *taken, const cli_gate_at_t *at,
    const char *port)
{
    int               fd, on, saved;
    struct addrinfo  *address;

    if (cli_gate_taken(taken, at, port)) {
        errno = EADDRINUSE;
        return -1;
    }

    address = cli_gate_address(at, port);

    if (address == NULL) {
        errno = EADDRNOTAVAIL;
        return -1;
    }

    on = 1;
    fd = socket(address->ai_family, SOCK_STREAM|SOCK_CLOEXEC, 0);

    if (fd != -1
        && ((address->ai_family == AF_INET6
             && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on))
                != 0)
            || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0
            || bind(fd, address->ai_addr, address->ai_addrlen) != 0
            || listen(fd, 1) != 0))
    {
        saved = errno;
        close(fd);
        fd = -1;
        errno = saved;
    }

    freeaddrinfo(address);

    return fd;
}


/* Another port there, which is not "but" either: a socket of it, or -1. */

static int
cli_gate_other(const cli_text_t *taken, const cli_gate_at_t *at,
    const char *but, char port[24])
{
    int   fd, i;
    long  n;

    n = strtol(at->port, NULL, 10);
    n = n < 1024 ? n + 8000 : n + 1;
    fd = -1;

    for (i = 0; i < CLI_GATE_TRIES && fd == -1 && n <= 65535; i++, n++) {
        (void) snprintf(port, 24, "%ld", n);
        fd = strcmp(port, but) == 0 ? -1 : cli_gate_bind(taken, at, port);
    }

    return fd;
}


/* Only that somebody listens there is told here; all else nginx tells.  "*fd"
 * is for the place, or for the one that is proposed. */

static int
cli_gate_try(const cli_text_t *taken, const char *option, const char *listen,
    const char *other, int *fd)
{
    char           port[24];
    const char    *who;
    cli_gate_at_t  at, but;

    cli_gate_split(listen, &at);
    cli_gate_split(other, &but);

    *fd = cli_gate_bind(taken, &at, at.port);

    if (*fd != -1 || errno != EADDRINUSE) {
        return CLI_OK;
    }

    who = cli_gate_taken(taken, &at, at.port)
          ? "a site of nginx" : "a program, or an nginx that was not reloaded "
                                "since its site was removed,";

    *fd = cli_gate_other(taken, &at, but.port, port);

    if (*fd == -1) {
        return cli_error(CLI_FAILED, "%s: %s listens on %s: nothing was made; "
                         "give another port", option, who, listen);
    }

    return cli_error(CLI_FAILED, "%s: %s listens on %s: nothing was made; "
                     "\"%s %.*s%s%s\" is free", option, who, listen, option,
                     at.len, at.host, at.len != 0 ? ":" : "", port);
}


int
cli_gate_free(const cli_gate_t *gate)
{
    int         rc, admin, fds[2];
    cli_text_t  taken;

    memset(&taken, 0, sizeof(cli_text_t));
    (void) cli_gate_dump(cli_gate_note, &taken);

    rc = cli_gate_try(&taken, "--listen", gate->listen, gate->admin, &fds[0]);
    admin = cli_gate_try(&taken, "--listen-admin", gate->admin, gate->listen,
                         &fds[1]);
    cli_text_free(&taken);

    if (fds[0] != -1) {
        close(fds[0]);
    }

    if (fds[1] != -1) {
        close(fds[1]);
    }

    return rc != CLI_OK ? rc : admin;
}

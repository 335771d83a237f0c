/*
 * A connection is made: the socket.  What is on top of it: keygate_wire_tls.c.
 */

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "keygate_wire_private.h"


static keygate_rc_t keygate_wire_connect(keygate_wire_t *wire,
    const struct sockaddr *address, socklen_t len, int family);
static keygate_rc_t keygate_wire_unix(keygate_wire_t *wire, const char *path);
static keygate_rc_t keygate_wire_host(keygate_wire_t *wire,
    const keygate_wire_server_t *server);


keygate_wire_t *
keygate_wire_open(const keygate_wire_server_t *server,
    const keygate_wire_conf_t *conf, char error[KEYGATE_WIRE_ERROR])
{
    keygate_rc_t     rc;
    keygate_wire_t  *wire;

    wire = calloc(1, sizeof(keygate_wire_t));

    if (wire == NULL) {
        snprintf(error, KEYGATE_WIRE_ERROR, "out of memory");
        return NULL;
    }

    wire->fd = -1;
    wire->conf = conf;
    wire->resp = keygate_resp_create();

    rc = wire->resp == NULL
         ? keygate_wire_fail(wire, KEYGATE_NOMEM, "out of memory")
         : server->path != NULL ? keygate_wire_unix(wire, server->path)
                                : keygate_wire_host(wire, server);

    if (rc == KEYGATE_OK) {
        rc = keygate_wire_tls(wire, server);
    }

    if (rc == KEYGATE_OK) {
        return wire;
    }

    snprintf(error, KEYGATE_WIRE_ERROR, "%s", wire->error);
    keygate_wire_close(wire);

    return NULL;
}


void
keygate_wire_close(keygate_wire_t *wire)
{
    if (wire == NULL) {
        return;
    }

    SSL_free(wire->ssl);
    keygate_resp_destroy(wire->resp);

    if (wire->fd != -1) {
        (void) close(wire->fd);
    }

    free(wire);
}


static keygate_rc_t
keygate_wire_connect(keygate_wire_t *wire, const struct sockaddr *address,
    socklen_t len, int family)
{
    int           error, on;
    socklen_t     size;
    keygate_rc_t  rc;

    if (wire->fd != -1) {
        (void) close(wire->fd);
    }

    wire->failed = 0;
    wire->fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (wire->fd == -1) {
        return keygate_wire_fail(wire, KEYGATE_IO, strerror(errno));
    }

    if (family != AF_UNIX) {
        on = 1;
        (void) setsockopt(wire->fd, IPPROTO_TCP, TCP_NODELAY, &on,
                          sizeof(on));
    }

    if (connect(wire->fd, address, len) == 0) {
        return KEYGATE_OK;
    }

    if (errno != EINPROGRESS && errno != EAGAIN) {
        return keygate_wire_fail(wire, KEYGATE_IO, strerror(errno));
    }

    keygate_wire_begin(wire, wire->conf->connect_timeout,
                       wire->conf->connect_timeout);

    rc = keygate_wire_wait(wire, POLLOUT);

    if (rc != KEYGATE_OK) {
        return rc;
    }

    error = 0;
    size = sizeof(error);

    (void) getsockopt(wire->fd, SOL_SOCKET, SO_ERROR, &error, &size);

    return error == 0 ? KEYGATE_OK
                      : keygate_wire_fail(wire, KEYGATE_IO, strerror(error));
}


static keygate_rc_t
keygate_wire_unix(keygate_wire_t *wire, const char *path)
{
    struct sockaddr_un  address;

    memset(&address, 0, sizeof(address));
    address.sun_family = AF_UNIX;

    if (strlen(path) >= sizeof(address.sun_path)) {
        return keygate_wire_fail(wire, KEYGATE_IO, "the path is too long");
    }

    memcpy(address.sun_path, path, strlen(path));

    return keygate_wire_connect(wire, (struct sockaddr *) &address,
                                sizeof(address), AF_UNIX);
}


/* Every address of the name, until there is one that answers. */

static keygate_rc_t
keygate_wire_host(keygate_wire_t *wire, const keygate_wire_server_t *server)
{
    int               n;
    keygate_rc_t      rc;
    struct addrinfo   hints, *list, *a;

    memset(&hints, 0, sizeof(hints));
    hints.ai_socktype = SOCK_STREAM;

    n = getaddrinfo(server->host, server->port, &hints, &list);

    if (n != 0) {
        return keygate_wire_fail(wire, KEYGATE_IO, gai_strerror(n));
    }

    rc = KEYGATE_IO;

    for (a = list; a != NULL && rc != KEYGATE_OK; a = a->ai_next) {
        rc = keygate_wire_connect(wire, a->ai_addr, a->ai_addrlen,
                                  a->ai_family);
    }

    freeaddrinfo(list);

    return rc;
}

/*
 * One GET over TCP, to read from a gateway's admin API.  HTTP/1.0, so that the
 * answer ends with the connection and is not in chunks.  No TLS: the admin API
 * is on this machine, or at the end of a tunnel.
 */

#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "cli.h"


#define CLI_HTTP_TIMEOUT  30             /* seconds without a byte */
#define CLI_HTTP_MAX      (64 << 20)     /* bytes of an answer */


typedef struct {
    char         host[256];
    char         port[6];
    const char  *path;                   /* "" or "/admin", no last '/' */
    size_t       path_len;
} cli_url_t;


/* http://HOST[:PORT][/PATH], HOST in brackets for IPv6. */

static int
cli_url_parse(const char *text, cli_url_t *url)
{
    size_t       host, port;
    const char  *p;

    if (strncasecmp(text, "http://", 7) != 0) {
        return 0;
    }

    p = text + 7;

    if (*p == '[') {
        p++;
        host = strcspn(p, "]");

        if (p[host] != ']') {
            return 0;
        }

        text = p + host + 1;

    } else {
        host = strcspn(p, ":/?#@");
        text = p + host;
    }

    if (host == 0 || host >= sizeof(url->host)) {
        return 0;
    }

    memcpy(url->host, p, host);
    url->host[host] = '\0';
    strcpy(url->port, "80");

    if (*text == ':') {
        text++;
        port = strspn(text, "0123456789");

        if (port == 0 || port >= sizeof(url->port)) {
            return 0;
        }

        memcpy(url->port, text, port);
        url->port[port] = '\0';
        text += port;
    }

    url->path = text;
    url->path_len = strlen(text);

    while (url->path_len != 0 && text[url->path_len - 1] == '/') {
        url->path_len--;
    }

    return (*text == '\0' || *text == '/')
           && text[strcspn(text, " \t\r\n?#")] == '\0';
}


static int
cli_http_connect(const cli_url_t *url)
{
    int               fd, rc;
    struct timeval    tv;
    struct addrinfo   hints, *list, *a;

    memset(&hints, 0, sizeof(hints));
    hints.ai_socktype = SOCK_STREAM;

    rc = getaddrinfo(url->host, url->port, &hints, &list);

    if (rc != 0) {
        cli_error(0, "%s: %s", url->host, gai_strerror(rc));
        return -1;
    }

    tv.tv_sec = CLI_HTTP_TIMEOUT;
    tv.tv_usec = 0;

    for (fd = -1, a = list; a != NULL; a = a->ai_next) {
        fd = socket(a->ai_family, a->ai_socktype|SOCK_CLOEXEC,
                    a->ai_protocol);

        if (fd == -1) {
            continue;
        }

        (void) setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
        (void) setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv));

        if (connect(fd, a->ai_addr, a->ai_addrlen) == 0) {
            break;
        }

        rc = errno;
        close(fd);
        errno = rc;
        fd = -1;
    }

    if (fd == -1) {
        cli_error(0, "%s port %s: %s", url->host, url->port,
                  strerror(errno));
    }

    freeaddrinfo(list);

    return fd;
}


static int
cli_http_send(int fd, const cli_url_t *url, const char *path,
    const char *token)
{
    int          ok, v6;
    size_t       sent;
    ssize_t      n;
    cli_text_t   t;

    memset(&t, 0, sizeof(cli_text_t));
    v6 = strchr(url->host, ':') != NULL;

    ok = cli_text_puts(&t, "GET ")
         && cli_text_add(&t, url->path, url->path_len)
         && cli_text_puts(&t, path)
         && cli_text_puts(&t, v6 ? " HTTP/1.0\r\nHost: ["
                                 : " HTTP/1.0\r\nHost: ")
         && cli_text_puts(&t, url->host)
         && cli_text_puts(&t, v6 ? "]:" : ":")
         && cli_text_puts(&t, url->port)
         && cli_text_puts(&t, "\r\nAccept: application/json"
                              "\r\nAuthorization: Bearer ")
         && cli_text_puts(&t, token)
         && cli_text_puts(&t, "\r\n\r\n");

    for (sent = 0; ok && sent < t.len; sent += (size_t) n) {
        n = send(fd, t.data + sent, t.len - sent, MSG_NOSIGNAL);
        ok = n > 0;
    }

    cli_text_free(&t);

    return ok;
}


static int
cli_http_receive(int fd, cli_text_t *t)
{
    char     buf[16384];
    ssize_t  n;

    for ( ;; ) {
        n = recv(fd, buf, sizeof(buf), 0);

        if (n == -1 && errno == EINTR) {
            continue;
        }

        if (n <= 0) {
            return n == 0;
        }

        if (t->len > CLI_HTTP_MAX) {
            errno = EMSGSIZE;
            return 0;
        }

        if (!cli_text_add(t, buf, (size_t) n)) {
            errno = ENOMEM;
            return 0;
        }
    }
}


/* The body of an answer in *t: its status, or 0 when it is not whole. */

static int
cli_http_parse(cli_text_t *t)
{
    int            status;
    char          *end, *p;
    size_t         head;
    unsigned long  length;

    if (!cli_text_add(t, "", 1)) {
        return 0;
    }

    t->len--;
    end = strstr(t->data, "\r\n\r\n");

    if (end == NULL || strncmp(t->data, "HTTP/1.", 7) != 0) {
        return 0;
    }

    *end = '\0';
    head = (size_t) (end + 4 - t->data);

    p = strchr(t->data, ' ');
    status = p == NULL ? 0 : (int) strtol(p, NULL, 10);

    for (p = strstr(t->data, "\r\n"); p != NULL; p = strstr(p + 2, "\r\n")) {

        if (strncasecmp(p + 2, "Content-Length:", 15) == 0) {
            length = strtoul(p + 17, NULL, 10);

            if (length != t->len - head) {
                return 0;
            }
        }
    }

    memmove(t->data, t->data + head, t->len - head);
    t->len -= head;

    return status;
}


int
cli_http_get(const char *text, const char *path, const char *token,
    cli_text_t *body)
{
    int        fd, status;
    cli_url_t  url;

    if (!cli_url_parse(text, &url)) {
        return cli_error(CLI_USAGE, "--admin: expected "
                         "http://HOST[:PORT][/PATH]");
    }

    fd = cli_http_connect(&url);

    if (fd == -1) {
        return CLI_IO;
    }

    if (!cli_http_send(fd, &url, path, token) || !cli_http_receive(fd, body))
    {
        cli_error(0, "%s port %s: %s", url.host, url.port, strerror(errno));
        close(fd);
        return CLI_IO;
    }

    close(fd);

    status = cli_http_parse(body);

    if (status == 200) {
        return CLI_OK;
    }

    if (status == 401) {
        return cli_error(CLI_FAILED, "%s: 401, the token is not accepted",
                         text);
    }

    if (status == 0) {
        return cli_error(CLI_IO, "%s: not a whole answer of HTTP", text);
    }

    return cli_error(CLI_FAILED, "%s: %d; is it the admin API?", text,
                     status);
}

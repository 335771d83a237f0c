/*
 * The document, and files that it refers to: those below its directory, links
 * followed, and no others.
 */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "openapi.h"


#define CLI_OPENAPI_FIRST  65536


static keygate_rc_t cli_openapi_read_fd(keygate_doc_t *doc, int fd,
    keygate_str_t *text);


/* One byte more than a document may have is enough to tell that it has. */

static keygate_rc_t
cli_openapi_read_fd(keygate_doc_t *doc, int fd, keygate_str_t *text)
{
    size_t          size, len;
    ssize_t         n;
    struct stat     st;
    unsigned char  *data, *more;

    size = CLI_OPENAPI_FIRST;

    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0) {
        size = st.st_size < KEYGATE_DOC_SIZE ? (size_t) st.st_size + 1
                                             : KEYGATE_DOC_SIZE + 1;
    }

    data = keygate_doc_alloc(doc, size);

    if (data == NULL) {
        return KEYGATE_NOMEM;
    }

    for (len = 0; len <= KEYGATE_DOC_SIZE; len += (size_t) n) {

        if (len == size) {
            size = 2 * size > KEYGATE_DOC_SIZE ? KEYGATE_DOC_SIZE + 1
                                               : 2 * size;
            more = keygate_doc_alloc(doc, size);

            if (more == NULL) {
                return KEYGATE_NOMEM;
            }

            memcpy(more, data, len);
            data = more;
            n = 0;
            continue;
        }

        n = read(fd, data + len, size - len);

        if (n == -1 && errno == EINTR) {
            n = 0;
            continue;
        }

        if (n == -1) {
            return KEYGATE_NONE;
        }

        if (n == 0) {
            break;
        }
    }

    text->data = data;
    text->len = len;

    return KEYGATE_OK;
}


keygate_rc_t
cli_openapi_read(keygate_doc_t *doc, const char *path, keygate_str_t *text)
{
    int            fd, error;
    keygate_rc_t   rc;

    if (strcmp(path, "-") == 0) {
        return cli_openapi_read_fd(doc, STDIN_FILENO, text);
    }

    fd = open(path, O_RDONLY|O_CLOEXEC|O_NOCTTY|O_NONBLOCK);

    if (fd == -1) {
        return KEYGATE_NONE;
    }

    rc = cli_openapi_read_fd(doc, fd, text);
    error = errno;
    close(fd);
    errno = error;

    return rc;
}


keygate_rc_t
cli_openapi_load(void *data, const char *path, keygate_str_t *text)
{
    char            whole[PATH_MAX], *real;
    int             n;
    size_t          len;
    keygate_rc_t    rc;
    cli_openapi_t  *o;
    struct stat     st;

    o = data;

    if (o->dir == NULL) {
        return KEYGATE_NONE;
    }

    n = snprintf(whole, sizeof(whole), "%s/%s", o->dir, path);

    if (n < 0 || (size_t) n >= sizeof(whole)) {
        return KEYGATE_NONE;
    }

    real = realpath(whole, NULL);

    if (real == NULL) {
        return errno == ENOMEM ? KEYGATE_NOMEM : KEYGATE_NONE;
    }

    len = strlen(o->dir);

    rc = strncmp(real, o->dir, len) == 0
         && (real[len] == '/' || strcmp(o->dir, "/") == 0)
         && stat(real, &st) == 0 && S_ISREG(st.st_mode)
         ? cli_openapi_read(&o->doc, real, text) : KEYGATE_NONE;

    free(real);

    return rc;
}

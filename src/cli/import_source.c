/*
 * What is imported, by bytes and by lines: a file, or what comes through a
 * pipe.
 */

#define _GNU_SOURCE                      /* memfd_create() */

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <openssl/crypto.h>

#include "import.h"


static keygate_rc_t cli_source_keep(cli_source_t *s);


int
cli_source_getc(cli_source_t *s)
{
    int  c;

    c = getc_unlocked(s->f);

    if (c != EOF) {
        s->bytes++;
    }

    if (c == '\n') {
        s->line++;
    }

    return c;
}


int
cli_source_peek(cli_source_t *s)
{
    int  c;

    c = getc_unlocked(s->f);
    ungetc(c, s->f);

    return c;
}


void
cli_source_skip(cli_source_t *s)
{
    int  c;

    do {
        c = cli_source_getc(s);
    } while (c != EOF && c != '\n');
}


keygate_rc_t
cli_source_refuse(cli_source_t *s, const char *reason)
{
    s->reason = reason;

    return KEYGATE_INVALID;
}


keygate_rc_t
cli_source_take(cli_source_t *s, int c)
{
    char  byte;

    byte = (char) c;

    if (s->text.len == KEYGATE_LINE_MAX) {
        return cli_source_refuse(s, "is longer than 65536 bytes");
    }

    return cli_text_add(&s->text, &byte, 1) ? KEYGATE_OK : KEYGATE_NOMEM;
}


/* The next line that is not empty begins: KEYGATE_NONE after the last. */

keygate_rc_t
cli_source_begin(cli_source_t *s)
{
    int  c;

    for (c = cli_source_peek(s); c == '\n' || c == '\r';
         c = cli_source_peek(s))
    {
        (void) cli_source_getc(s);
    }

    if (c == EOF) {
        return ferror(s->f) ? KEYGATE_IO : KEYGATE_NONE;
    }

    s->row = s->line;

    return KEYGATE_OK;
}


keygate_rc_t
cli_source_line(cli_source_t *s)
{
    int           c;
    keygate_rc_t  rc;

    rc = cli_source_begin(s);
    s->text.len = 0;

    if (rc != KEYGATE_OK) {
        return rc;
    }

    for (c = cli_source_getc(s); c != EOF && c != '\n';
         c = cli_source_getc(s))
    {
        rc = cli_source_take(s, c);

        if (rc != KEYGATE_OK) {
            cli_source_skip(s);
            return rc;
        }
    }

    return KEYGATE_OK;
}


/* What comes through a pipe stays in memory, for it has credentials. */

static keygate_rc_t
cli_source_keep(cli_source_t *s)
{
    int     fd;
    FILE   *kept;
    size_t  n;
    char    bytes[8192];

    fd = memfd_create("keygate", MFD_CLOEXEC);
    kept = fd == -1 ? NULL : fdopen(fd, "w+");

    if (kept == NULL) {
        return KEYGATE_IO;
    }

    while ((n = fread(bytes, 1, sizeof(bytes), s->f)) != 0) {
        if (fwrite(bytes, 1, n, kept) != n) {
            break;
        }

        s->size += n;
    }

    OPENSSL_cleanse(bytes, sizeof(bytes));

    if (n != 0 || ferror(s->f) || fseeko(kept, 0, SEEK_SET) != 0) {
        fclose(kept);
        return KEYGATE_IO;
    }

    if (s->f != stdin) {
        fclose(s->f);
    }

    s->f = kept;

    return KEYGATE_OK;
}


keygate_rc_t
cli_source_twice(cli_source_t *s)
{
    if (s->size == 0 && cli_source_keep(s) != KEYGATE_OK) {
        return KEYGATE_IO;
    }

    s->start = ftello(s->f);

    return s->start == -1 ? KEYGATE_IO : KEYGATE_OK;
}


keygate_rc_t
cli_source_again(cli_source_t *s)
{
    s->line = 1;
    s->bytes = 0;

    return fseeko(s->f, s->start, SEEK_SET) == 0 ? KEYGATE_OK : KEYGATE_IO;
}


int
cli_source_open(cli_source_t *s, const char *path)
{
    struct stat  st;

    memset(s, 0, sizeof(cli_source_t));

    s->name = strcmp(path, "-") == 0 ? "stdin" : path;
    s->f = strcmp(path, "-") == 0 ? stdin : fopen(path, "rb");
    s->line = 1;

    if (s->f == NULL || fstat(fileno(s->f), &st) == -1) {
        return cli_error(CLI_IO, "%s: %s", path, strerror(errno));
    }

    if (S_ISDIR(st.st_mode)) {
        return cli_error(CLI_IO, "%s: %s", path, strerror(EISDIR));
    }

    s->size = S_ISREG(st.st_mode) ? (uint64_t) st.st_size : 0;

    if (cli_source_peek(s) == 0xef) {
        (void) cli_source_getc(s);

        if (cli_source_getc(s) != 0xbb || cli_source_getc(s) != 0xbf) {
            return cli_error(CLI_USAGE, "%s: is not UTF-8", s->name);
        }
    }

    return CLI_OK;
}


void
cli_source_close(cli_source_t *s)
{
    if (s->f != NULL && s->f != stdin) {
        fclose(s->f);
    }

    json_decref(s->columns);
    cli_text_free(&s->text);
}

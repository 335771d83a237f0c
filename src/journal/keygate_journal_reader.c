/*
 * Lines out of a file, through one buffer, with pread: the file's position is
 * nobody's.  A line that is longer than any may be is skipped block by block,
 * and where the skipping has got to is remembered over calls.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "keygate_journal_private.h"


#define KEYGATE_PREFIX       (KEYGATE_LINE_MAX + 1)
#define KEYGATE_SKIP_BLOCKS  4           /* of a line too long, a call */


static ssize_t keygate_reader_pread(keygate_reader_t *r, size_t off,
    size_t size, uint64_t at);
static ssize_t keygate_reader_fill(keygate_reader_t *r);
static keygate_rc_t keygate_reader_skip(keygate_reader_t *r,
    keygate_line_t *line);


keygate_rc_t
keygate_reader_init(keygate_reader_t *r)
{
    if (r->buf == NULL) {
        r->buf = malloc(KEYGATE_BLOCK);
    }

    r->block = KEYGATE_BLOCK;

    return r->buf == NULL ? KEYGATE_NOMEM : KEYGATE_OK;
}


void
keygate_reader_start(keygate_reader_t *r, int fd, uint64_t at, uint64_t limit)
{
    r->fd = fd;
    r->at = at;
    r->limit = limit;
    r->pos = 0;
    r->len = 0;
}


keygate_rc_t
keygate_reader_begin(keygate_reader_t *r, int fd, uint64_t at, uint64_t end,
    unsigned lines)
{
    keygate_rc_t  rc;

    rc = keygate_reader_init(r);

    if (lines != 0 && lines < KEYGATE_BLOCK_SMALL / 512) {
        r->block = KEYGATE_BLOCK_SMALL;
    }

    r->blocks = lines == 0 ? 0 : KEYGATE_SKIP_BLOCKS;
    keygate_reader_start(r, fd, at, end);

    return rc;
}


void
keygate_reader_free(keygate_reader_t *r)
{
    free(r->buf);
    r->buf = NULL;
}


/* Reads up to "size" bytes into buf + off; -1, or how many. */

static ssize_t
keygate_reader_pread(keygate_reader_t *r, size_t off, size_t size,
    uint64_t at)
{
    ssize_t  n;

    if (at >= r->limit) {
        return 0;
    }

    if (size > r->limit - at) {
        size = (size_t) (r->limit - at);
    }

    n = keygate_file_pread(r->fd, r->buf + off, size, at);

    if (n == 0) {
        r->limit = at;
    }

    return n;
}


static ssize_t
keygate_reader_fill(keygate_reader_t *r)
{
    ssize_t  n;

    memmove(r->buf, r->buf + r->pos, r->len - r->pos);

    r->at += r->pos;
    r->len -= r->pos;
    r->pos = 0;

    n = keygate_reader_pread(r, r->len, r->block - r->len, r->at + r->len);

    if (n > 0) {
        r->len += (size_t) n;
    }

    return n;
}


/* The line at "pos" fills the buffer's first part and has no LF there. */

static keygate_rc_t
keygate_reader_skip(keygate_reader_t *r, keygate_line_t *line)
{
    ssize_t         n;
    unsigned        blocks;
    uint64_t        at, sum;
    unsigned char  *lf;

    memmove(r->buf, r->buf + r->pos, KEYGATE_PREFIX);

    line->at = r->at + r->pos;
    line->text.data = r->buf;
    line->text.len = KEYGATE_PREFIX;
    line->torn = 0;
    line->bom = 0;

    at = line->at + KEYGATE_PREFIX;
    sum = keygate_evidence_sum(r->sum, r->buf, KEYGATE_PREFIX);

    if (r->skip_from == line->at && r->skip_to > at && r->skip_to <= r->limit)
    {
        at = r->skip_to;
        sum = r->skip_sum;
    }

    for (blocks = 1; ; blocks++) {
        n = keygate_reader_pread(r, KEYGATE_PREFIX,
                                 KEYGATE_BLOCK - KEYGATE_PREFIX, at);
        if (n == -1) {
            return KEYGATE_IO;
        }

        lf = memchr(r->buf + KEYGATE_PREFIX, '\n', (size_t) n);

        if (n == 0 || lf != NULL) {
            break;
        }

        at += (uint64_t) n;
        sum = keygate_evidence_sum(sum, r->buf + KEYGATE_PREFIX, (size_t) n);

        r->skip_from = line->at;
        r->skip_to = at;
        r->skip_sum = sum;

        if (blocks == r->blocks) {
            keygate_reader_start(r, r->fd, line->at, r->limit);
            return KEYGATE_AGAIN;
        }
    }

    line->next = at;

    if (lf == NULL) {
        line->torn = 1;

    } else {
        line->next += (uint64_t) (lf + 1 - (r->buf + KEYGATE_PREFIX));
        sum = keygate_evidence_sum(sum, r->buf + KEYGATE_PREFIX,
                                   (size_t) (line->next - at));
    }

    line->sum = sum;
    r->sum = sum;

    keygate_reader_start(r, r->fd, line->next, r->limit);

    return KEYGATE_OK;
}


keygate_rc_t
keygate_reader_next(keygate_reader_t *r, keygate_line_t *line)
{
    size_t          left;
    ssize_t         n;
    unsigned char  *p, *lf;

    for ( ;; ) {
        p = r->buf + r->pos;
        left = r->len - r->pos;

        lf = left == 0 ? NULL : memchr(p, '\n', left);

        if (lf == NULL && left >= KEYGATE_PREFIX) {
            return keygate_reader_skip(r, line);
        }

        if (lf != NULL) {
            break;
        }

        n = keygate_reader_fill(r);

        if (n == -1) {
            return KEYGATE_IO;
        }

        if (n == 0) {
            break;
        }
    }

    p = r->buf + r->pos;

    line->at = r->at + r->pos;
    line->text.data = p;
    line->text.len = lf == NULL ? left : (size_t) (lf - p);
    line->torn = lf == NULL;
    line->next = line->at + line->text.len + (lf != NULL);

    r->pos += (size_t) (line->next - line->at);

    r->sum = keygate_evidence_sum(r->sum, p, (size_t) (line->next - line->at));
    line->sum = r->sum;
    line->bom = 0;

    if (line->at == 0 && line->text.len >= 3
        && memcmp(p, "\xef\xbb\xbf", 3) == 0)
    {
        line->bom = 3;
        line->text.data += 3;
        line->text.len -= 3;
    }

    return line->torn && left == 0 ? KEYGATE_NONE : KEYGATE_OK;
}


keygate_rc_t
keygate_reader_boundary(int fd, uint64_t at, int *is)
{
    char     c;
    ssize_t  n;

    *is = 1;

    if (at == 0) {
        return KEYGATE_OK;
    }

    do {
        n = pread(fd, &c, 1, (off_t) (at - 1));
    } while (n == -1 && errno == EINTR);

    *is = n == 1 && c == '\n';

    return n == -1 ? KEYGATE_IO : KEYGATE_OK;
}


keygate_rc_t
keygate_journal_read_all(int fd, unsigned char *buf, size_t len, uint64_t at)
{
    ssize_t  n;

    n = keygate_file_pread(fd, buf, len, at);

    if (n != (ssize_t) len) {
        errno = n == -1 ? errno : EIO;
        return KEYGATE_IO;
    }

    return KEYGATE_OK;
}

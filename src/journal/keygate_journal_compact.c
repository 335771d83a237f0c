/*
 * Compaction: one line a record, in the order in which they first appeared,
 * byte for byte as it was written.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keygate_journal_private.h"


typedef struct {
    keygate_index_t  *index;
    keygate_temp_t    temp;
    unsigned char    *buf;               /* KEYGATE_BLOCK */
    size_t            used;
    uint64_t          lines;
    uint64_t          kept;
} keygate_compact_t;


/* Any kind of digest will do: whoever compacts need not have the pepper. */

static keygate_rc_t
keygate_compact_line(keygate_compact_t *c, const keygate_line_t *line)
{
    keygate_rc_t      rc;
    keygate_fault_t   fault;
    keygate_record_t  record;

    if (line->torn) {
        return KEYGATE_OK;
    }

    rc = keygate_record_scan(line->text, &record, &fault);

    if (rc == KEYGATE_OK) {
        rc = keygate_index_add(c->index, &record, line->at + line->bom,
                               line->text.len);
        keygate_record_free(&record);
    }

    return rc == KEYGATE_NOMEM ? rc : KEYGATE_OK;
}


static keygate_rc_t
keygate_compact_read(keygate_journal_t *j, keygate_compact_t *c)
{
    keygate_rc_t      rc;
    keygate_line_t    line;
    keygate_reader_t  r;

    memset(&r, 0, sizeof(keygate_reader_t));

    rc = keygate_reader_init(&r);

    if (rc != KEYGATE_OK) {
        return rc;
    }

    keygate_reader_start(&r, j->wfd, 0, j->end);

    for ( ;; ) {
        rc = keygate_reader_next(&r, &line);

        if (rc != KEYGATE_OK) {
            break;
        }

        c->lines++;
        rc = keygate_compact_line(c, &line);

        if (rc != KEYGATE_OK) {
            break;
        }
    }

    keygate_reader_free(&r);

    return rc == KEYGATE_NONE ? KEYGATE_OK : rc;
}


static keygate_rc_t
keygate_compact_flush(keygate_compact_t *c)
{
    if (keygate_journal_write_all(c->temp.fd, c->buf, c->used) == -1) {
        return keygate_journal_errno();
    }

    c->used = 0;

    return KEYGATE_OK;
}


static keygate_rc_t
keygate_compact_write(keygate_journal_t *j, keygate_compact_t *c)
{
    size_t        len, cursor;
    ssize_t       n;
    uint64_t      at;
    keygate_rc_t  rc;

    cursor = 0;

    while (keygate_index_next(c->index, &cursor, &at, &len)) {

        if (KEYGATE_BLOCK - c->used < len + 1) {
            rc = keygate_compact_flush(c);

            if (rc != KEYGATE_OK) {
                return rc;
            }
        }

        do {
            n = pread(j->wfd, c->buf + c->used, len, (off_t) at);
        } while (n == -1 && errno == EINTR);

        if (n != (ssize_t) len) {
            errno = n == -1 ? errno : EIO;
            return KEYGATE_IO;
        }

        c->buf[c->used + len] = '\n';
        c->used += len + 1;
        c->kept++;
    }

    return keygate_compact_flush(c);
}


static keygate_rc_t
keygate_compact_replace(keygate_journal_t *j, keygate_compact_t *c)
{
    keygate_rc_t  rc;

    c->buf = malloc(KEYGATE_BLOCK);

    if (c->buf == NULL) {
        return KEYGATE_NOMEM;
    }

    rc = keygate_temp_open(j, &c->temp);

    if (rc == KEYGATE_OK) {
        rc = keygate_compact_write(j, c);

        if (rc == KEYGATE_OK) {
            rc = keygate_temp_commit(j, &c->temp);

        } else {
            keygate_temp_drop(&c->temp);
        }
    }

    free(c->buf);

    return rc;
}


static keygate_rc_t
keygate_compact_locked(keygate_journal_t *j, int64_t wall, uint64_t *kept,
    uint64_t *dropped)
{
    keygate_rc_t       rc;
    keygate_compact_t  c;

    memset(&c, 0, sizeof(keygate_compact_t));

    c.index = keygate_index_create(wall);

    if (c.index == NULL) {
        return KEYGATE_NOMEM;
    }

    rc = keygate_compact_read(j, &c);

    if (rc == KEYGATE_OK) {
        rc = keygate_compact_replace(j, &c);
    }

    keygate_index_destroy(c.index);

    *kept = c.kept;
    *dropped = c.lines - c.kept;

    return rc;
}


keygate_rc_t
keygate_journal_compact(keygate_journal_t *j, int64_t wall, uint64_t *kept,
    uint64_t *dropped)
{
    int           saved;
    unsigned      must_exist;
    keygate_rc_t  rc;

    if (j->locked) {
        return KEYGATE_INVALID;
    }

    must_exist = j->conf.must_exist;
    j->conf.must_exist = 1;

    rc = keygate_journal_begin(j);

    j->conf.must_exist = must_exist;

    if (rc != KEYGATE_OK) {
        return rc;
    }

    rc = keygate_compact_locked(j, wall, kept, dropped);

    saved = errno;
    keygate_journal_end(j);
    errno = saved;

    return rc;
}

/*
 * Reading the journal piece by piece, and record by record: for who comes and
 * goes, as a command does, and has no table.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "keygate_journal_private.h"


static keygate_rc_t keygate_journal_mark(keygate_reader_t *r,
    keygate_mark_t *mark);
static keygate_rc_t keygate_records_index(keygate_reader_t *r,
    keygate_index_t *index);
static keygate_rc_t keygate_records_read(const keygate_reader_t *r,
    const keygate_index_t *index, keygate_line_pt line, void *data);


static keygate_rc_t
keygate_journal_mark(keygate_reader_t *r, keygate_mark_t *mark)
{
    int           is;
    struct stat   st;
    keygate_rc_t  rc;

    if (fstat(r->fd, &st) == -1) {
        return KEYGATE_IO;
    }

    if (mark->ino == 0 && mark->offset == 0) {
        mark->dev = (uint64_t) st.st_dev;
        mark->ino = (uint64_t) st.st_ino;
    }

    if (mark->dev != (uint64_t) st.st_dev || mark->ino != (uint64_t) st.st_ino
        || mark->offset > r->limit)
    {
        return KEYGATE_CONFLICT;
    }

    rc = keygate_reader_boundary(r->fd, mark->offset, &is);

    return rc == KEYGATE_OK && !is ? KEYGATE_CONFLICT : rc;
}


keygate_rc_t
keygate_journal_since(keygate_journal_t *j, keygate_mark_t *mark,
    keygate_line_pt line, void *data)
{
    keygate_rc_t      rc;
    keygate_line_t    l;
    keygate_reader_t  r;

    rc = keygate_journal_reader(j, &r);

    if (rc != KEYGATE_OK) {
        return rc;
    }

    rc = keygate_journal_mark(&r, mark);

    if (rc == KEYGATE_OK) {
        keygate_reader_start(&r, r.fd, mark->offset, r.limit);
    }

    while (rc == KEYGATE_OK) {
        rc = keygate_reader_next(&r, &l);

        if (rc != KEYGATE_OK || l.torn) {
            rc = rc == KEYGATE_NONE ? KEYGATE_OK : rc;
            break;
        }

        mark->offset = l.next;
        rc = line(data, ++mark->line, l.at, l.text, 0);
    }

    keygate_journal_reader_done(&r);

    return rc;
}


static keygate_rc_t
keygate_records_index(keygate_reader_t *r, keygate_index_t *index)
{
    keygate_rc_t      rc;
    keygate_line_t    line;
    keygate_fault_t   fault;
    keygate_record_t  record;

    for ( ;; ) {
        rc = keygate_reader_next(r, &line);

        if (rc != KEYGATE_OK) {
            return rc == KEYGATE_NONE ? KEYGATE_OK : rc;
        }

        if (line.torn) {
            continue;
        }

        rc = keygate_record_scan(line.text, &record, &fault);

        if (rc == KEYGATE_OK) {
            rc = keygate_index_add(index, &record, line.at + line.bom,
                                   line.text.len);
            keygate_record_free(&record);
        }

        if (rc == KEYGATE_NOMEM) {
            return rc;
        }
    }
}


static keygate_rc_t
keygate_records_read(const keygate_reader_t *r, const keygate_index_t *index,
    keygate_line_pt line, void *data)
{
    size_t         cursor;
    ssize_t        n;
    uint64_t       at, number;
    keygate_rc_t   rc;
    keygate_str_t  text;

    cursor = 0;
    number = 0;
    text.data = r->buf;

    while (keygate_index_next(index, &cursor, &at, &text.len)) {

        do {
            n = pread(r->fd, r->buf, text.len, (off_t) at);
        } while (n == -1 && errno == EINTR);

        if (n != (ssize_t) text.len) {
            errno = n == -1 ? errno : EIO;
            return KEYGATE_IO;
        }

        rc = line(data, ++number, at, text, 0);

        if (rc != KEYGATE_OK) {
            return rc;
        }
    }

    return KEYGATE_OK;
}


keygate_rc_t
keygate_journal_records(keygate_journal_t *j, int64_t wall,
    keygate_line_pt line, void *data)
{
    keygate_rc_t      rc;
    keygate_index_t  *index;
    keygate_reader_t  r;

    rc = keygate_journal_reader(j, &r);

    if (rc != KEYGATE_OK) {
        return rc;
    }

    index = keygate_index_create(wall);

    if (index == NULL) {
        rc = KEYGATE_NOMEM;

    } else {
        rc = keygate_records_index(&r, index);
    }

    if (rc == KEYGATE_OK) {
        rc = keygate_records_read(&r, index, line, data);
    }

    keygate_index_destroy(index);
    keygate_journal_reader_done(&r);

    return rc;
}

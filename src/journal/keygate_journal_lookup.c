/*
 * Reading the journal without a table: every line of it, or the last one of a
 * record.
 */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "keygate_journal_private.h"
#include "keygate_place.h"


#define KEYGATE_JOURNAL_AFTER  10000     /* lines, until there is a mark */


static keygate_rc_t keygate_journal_match(keygate_journal_t *j,
    const keygate_line_t *line, keygate_kind_e kind, keygate_str_t id,
    keygate_record_t *record);
static keygate_rc_t keygate_journal_search(keygate_journal_t *j,
    keygate_reader_t *r, keygate_kind_e kind, keygate_str_t id, uint64_t *at);
static keygate_rc_t keygate_journal_find(keygate_journal_t *j,
    keygate_reader_t *r, keygate_kind_e kind, keygate_str_t id, uint64_t at,
    keygate_record_t *record);
static uint64_t keygate_journal_count(keygate_reader_t *r);


/* Whether a line is of that record; *record is to be freed if so. */

static keygate_rc_t
keygate_journal_match(keygate_journal_t *j, const keygate_line_t *line,
    keygate_kind_e kind, keygate_str_t id, keygate_record_t *record)
{
    keygate_rc_t     rc;
    keygate_fault_t  fault;

    if (line->torn) {
        return KEYGATE_NONE;
    }

    rc = keygate_journal_parse(j, line->text, record, &fault);

    if (rc == KEYGATE_INVALID) {
        return KEYGATE_NONE;
    }

    if (rc == KEYGATE_OK
        && (record->kind != kind || !keygate_str_eq(record->id, id)))
    {
        keygate_record_free(record);
        return KEYGATE_NONE;
    }

    return rc;
}


keygate_rc_t
keygate_journal_read_at(keygate_journal_t *j, keygate_reader_t *r,
    uint64_t at, keygate_kind_e kind, keygate_str_t id,
    keygate_record_t *record)
{
    int              is;
    keygate_rc_t     rc;
    keygate_line_t   line;
    keygate_fault_t  fault;

    rc = keygate_reader_boundary(r->fd, at, &is);

    if (rc != KEYGATE_OK) {
        return rc;
    }

    if (!is) {
        return KEYGATE_NONE;
    }

    keygate_reader_start(r, r->fd, at, r->limit);

    rc = keygate_reader_next(r, &line);

    if (rc == KEYGATE_OK) {
        rc = keygate_journal_match(j, &line, kind, id, record);
    }

    if (rc != KEYGATE_OK || record->json != NULL) {
        return rc;
    }

    keygate_record_free(record);

    return keygate_record_parse(line.text, record, &fault);
}


/* Searches all of the file for the record's last line: *at. */

static keygate_rc_t
keygate_journal_search(keygate_journal_t *j, keygate_reader_t *r,
    keygate_kind_e kind, keygate_str_t id, uint64_t *at)
{
    int               found;
    keygate_rc_t      rc;
    keygate_line_t    line;
    keygate_record_t  record;

    found = 0;

    keygate_reader_start(r, r->fd, 0, r->limit);

    for ( ;; ) {
        rc = keygate_reader_next(r, &line);

        if (rc != KEYGATE_OK) {
            break;
        }

        rc = keygate_journal_match(j, &line, kind, id, &record);

        if (rc == KEYGATE_OK) {
            keygate_record_free(&record);
            found = 1;
            *at = line.at;

        } else if (rc != KEYGATE_NONE) {
            break;
        }
    }

    return rc == KEYGATE_NONE && found ? KEYGATE_OK : rc;
}


static keygate_rc_t
keygate_journal_find(keygate_journal_t *j, keygate_reader_t *r,
    keygate_kind_e kind, keygate_str_t id, uint64_t at,
    keygate_record_t *record)
{
    keygate_rc_t  rc;

    rc = KEYGATE_NONE;

    if (at < r->limit) {
        rc = keygate_journal_read_at(j, r, at, kind, id, record);
    }

    if (rc == KEYGATE_NONE) {
        rc = keygate_journal_search(j, r, kind, id, &at);

        if (rc == KEYGATE_OK) {
            rc = keygate_journal_read_at(j, r, at, kind, id, record);
        }
    }

    if (rc == KEYGATE_OK && record->deleted) {
        keygate_record_free(record);
        return KEYGATE_NONE;
    }

    return rc;
}


/* The version of the line that was read last: the next mark tells that of the
 * line before it, and those between follow one another. */

static uint64_t
keygate_journal_count(keygate_reader_t *r)
{
    uint64_t        seq, after;
    keygate_line_t  line;

    for (after = 0; keygate_reader_next(r, &line) == KEYGATE_OK; ) {

        if (line.torn || after == KEYGATE_JOURNAL_AFTER) {
            break;
        }

        if (keygate_place_seq(line.text, &seq) == KEYGATE_OK) {
            return seq > after ? seq - after : 0;
        }

        after += !keygate_line_blank(line.text);
    }

    return 0;
}


/*
 * A reader of its own, with a descriptor of its own: the handle may be used
 * for other things meanwhile.  The lock is held only to learn how far the
 * file is durable: what is before that never changes, and a file that was
 * replaced stays readable.
 */

keygate_rc_t
keygate_journal_reader(keygate_journal_t *j, keygate_reader_t *r)
{
    int           fd, own;
    struct stat   st;
    keygate_rc_t  rc;

    memset(r, 0, sizeof(keygate_reader_t));

    rc = keygate_journal_share(j, 1, &fd, &st);

    if (rc != KEYGATE_OK) {
        return rc;
    }

    own = fcntl(fd, F_DUPFD_CLOEXEC, 0);

    keygate_journal_release(j);

    if (own == -1) {
        return KEYGATE_IO;
    }

    rc = keygate_reader_init(r);

    if (rc != KEYGATE_OK) {
        close(own);
        return rc;
    }

    keygate_reader_start(r, own, 0, (uint64_t) st.st_size);

    return KEYGATE_OK;
}


void
keygate_journal_reader_done(keygate_reader_t *r)
{
    int  saved;

    saved = errno;

    close(r->fd);
    keygate_reader_free(r);

    errno = saved;
}


keygate_rc_t
keygate_journal_read(keygate_journal_t *j, keygate_kind_e kind,
    keygate_str_t id, uint64_t at, keygate_record_t *record)
{
    return keygate_journal_read_version(j, kind, id, at, record, NULL);
}


keygate_rc_t
keygate_journal_read_version(keygate_journal_t *j, keygate_kind_e kind,
    keygate_str_t id, uint64_t at, keygate_record_t *record,
    uint64_t *version)
{
    keygate_rc_t      rc;
    keygate_reader_t  r;

    memset(record, 0, sizeof(keygate_record_t));

    rc = keygate_journal_reader(j, &r);

    /* a file that is missing does not tell that there is no such record */

    if (rc == KEYGATE_NONE) {
        errno = ENOENT;
        return KEYGATE_IO;
    }

    if (rc != KEYGATE_OK) {
        return rc;
    }

    rc = keygate_journal_find(j, &r, kind, id, at, record);

    if (version != NULL) {
        *version = rc == KEYGATE_OK ? keygate_journal_count(&r) : 0;
    }

    keygate_journal_reader_done(&r);

    return rc;
}


keygate_rc_t
keygate_journal_each(keygate_journal_t *j, keygate_line_pt line, void *data)
{
    uint64_t          number;
    keygate_rc_t      rc;
    keygate_line_t    l;
    keygate_reader_t  r;

    rc = keygate_journal_reader(j, &r);

    if (rc != KEYGATE_OK) {
        return rc;
    }

    for (number = 1; ; number++) {
        rc = keygate_reader_next(&r, &l);

        if (rc == KEYGATE_OK) {
            rc = line(data, number, l.at + l.bom, l.text, l.torn);

        } else if (rc == KEYGATE_NONE) {
            rc = KEYGATE_OK;
            break;
        }

        if (rc != KEYGATE_OK) {
            break;
        }
    }

    keygate_journal_reader_done(&r);

    return rc;
}

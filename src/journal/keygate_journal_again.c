/*
 * Lines that are applied once more, one by one, from where the table says that
 * they are: see keygate_table_again_next().
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "keygate_journal_private.h"


#define KEYGATE_AGAIN_FIRST  2048        /* bytes; most lines are no longer */
#define KEYGATE_AGAIN_STEPS  16          /* that cost what one line does */
#define KEYGATE_AGAIN_ALL    65536       /* records, of all that there are */


static keygate_rc_t keygate_again_bytes(keygate_journal_t *j, int fd,
    uint64_t at, uint64_t end, size_t size, keygate_str_t *text);
static keygate_rc_t keygate_again_line(keygate_journal_t *j, int fd,
    uint64_t at, uint64_t end, keygate_str_t *text);
static keygate_rc_t keygate_again_apply(keygate_journal_t *j,
    keygate_table_t *t, int fd, const keygate_again_t *again,
    const keygate_now_t *now);


/* Bytes from "at" on, as far as they were applied. */

static keygate_rc_t
keygate_again_bytes(keygate_journal_t *j, int fd, uint64_t at, uint64_t end,
    size_t size, keygate_str_t *text)
{
    ssize_t  n;

    if (j->check_buf == NULL) {
        j->check_buf = malloc(KEYGATE_BLOCK);

        if (j->check_buf == NULL) {
            return KEYGATE_NOMEM;
        }
    }

    if (at >= end) {
        return KEYGATE_NONE;
    }

    if (size > end - at) {
        size = (size_t) (end - at);
    }

    do {
        n = pread(fd, j->check_buf, size, (off_t) at);
    } while (n == -1 && errno == EINTR);

    if (n == -1) {
        return KEYGATE_IO;
    }

    text->data = j->check_buf;
    text->len = (size_t) n;

    return KEYGATE_OK;
}


/* The line at "at", without LF and byte order mark. */

static keygate_rc_t
keygate_again_line(keygate_journal_t *j, int fd, uint64_t at, uint64_t end,
    keygate_str_t *text)
{
    keygate_rc_t          rc;
    const unsigned char  *lf;

    rc = keygate_again_bytes(j, fd, at, end, KEYGATE_AGAIN_FIRST, text);
    lf = rc == KEYGATE_OK ? memchr(text->data, '\n', text->len) : NULL;

    if (rc == KEYGATE_OK && lf == NULL) {
        rc = keygate_again_bytes(j, fd, at, end, KEYGATE_LINE_MAX + 4, text);
        lf = rc == KEYGATE_OK ? memchr(text->data, '\n', text->len) : NULL;
    }

    if (rc != KEYGATE_OK) {
        return rc;
    }

    if (lf == NULL) {
        return KEYGATE_NONE;
    }

    text->len = (size_t) (lf - text->data);

    if (at == 0 && text->len >= 3 && memcmp(text->data, "\xef\xbb\xbf", 3) == 0)
    {
        text->data += 3;
        text->len -= 3;
    }

    return KEYGATE_OK;
}


/* Where there is no such line any more the file has changed, and is about to
 * be read from its start. */

static keygate_rc_t
keygate_again_apply(keygate_journal_t *j, keygate_table_t *t, int fd,
    const keygate_again_t *again, const keygate_now_t *now)
{
    keygate_rc_t      rc;
    keygate_str_t     text, id;
    keygate_fault_t   fault;
    keygate_record_t  record;

    rc = keygate_again_line(j, fd, again->at,
                            keygate_table_position(t)->offset, &text);

    if (rc == KEYGATE_OK) {
        rc = keygate_journal_parse(j, text, &record, &fault);
    }

    if (rc == KEYGATE_NONE || rc == KEYGATE_INVALID) {
        keygate_table_again_done(t);
        return KEYGATE_OK;
    }

    if (rc != KEYGATE_OK) {
        return rc;
    }

    id.data = (const unsigned char *) again->id;
    id.len = again->id_len;

    if (record.kind == again->kind && keygate_str_eq(record.id, id)
        && keygate_table_apply(t, &record, again->at, now) == KEYGATE_FULL)
    {
        keygate_table_again_late(t);
    }

    keygate_record_free(&record);
    keygate_table_again_done(t);

    return KEYGATE_OK;
}


keygate_rc_t
keygate_journal_again(keygate_journal_t *j, keygate_table_t *t, int fd,
    unsigned lines, const keygate_now_t *now)
{
    unsigned         n, budget;
    keygate_rc_t     rc;
    keygate_again_t  again;

    if (j->locked || !keygate_table_again_due(t)) {
        return KEYGATE_OK;
    }

    budget = lines == 0 ? KEYGATE_AGAIN_ALL : lines * KEYGATE_AGAIN_STEPS;

    for (n = 0; lines == 0 || n < lines; n++) {
        rc = keygate_table_again_next(t, &budget, &again);

        if (rc == KEYGATE_NONE) {
            return KEYGATE_OK;
        }

        if (rc == KEYGATE_OK) {
            rc = keygate_again_apply(j, t, fd, &again, now);

        } else if (lines == 0) {
            budget = KEYGATE_AGAIN_ALL;
            continue;
        }

        if (rc != KEYGATE_OK) {
            return rc;
        }
    }

    return KEYGATE_AGAIN;
}


keygate_rc_t
keygate_journal_refresh(keygate_journal_t *j, keygate_table_t *t,
    unsigned lines, const keygate_now_t *now)
{
    int                        fd;
    struct stat                st;
    keygate_rc_t               rc;
    const keygate_position_t  *position;

    if (j->locked) {
        return KEYGATE_AGAIN;
    }

    rc = keygate_journal_share(j, 0, &fd, &st);

    if (rc != KEYGATE_OK) {
        return rc;
    }

    position = keygate_table_position(t);

    if (position->dev == (uint64_t) st.st_dev
        && position->ino == (uint64_t) st.st_ino
        && position->offset <= (uint64_t) st.st_size)
    {
        rc = keygate_journal_verify(j, t, fd,
                                    (uint64_t) lines * KEYGATE_CHECK_BYTES,
                                    now);

        if (rc == KEYGATE_OK) {
            rc = keygate_journal_again(j, t, fd, lines, now);
        }

        if (rc == KEYGATE_OK) {
            rc = keygate_journal_missed(j, t, fd, lines, now);
        }
    }

    keygate_journal_release(j);

    return rc == KEYGATE_CONFLICT ? KEYGATE_OK : rc;
}

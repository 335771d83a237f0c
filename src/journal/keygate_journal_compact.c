/*
 * Compaction: one line a record, in the order in which they first appeared,
 * byte for byte as it was written.  What is no record was written by somebody
 * for something: it goes only where that is asked for.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keygate_journal_private.h"


/* Where in the file a line is that is no record. */

typedef struct {
    uint64_t          at;
    uint64_t          next;
} keygate_unread_t;


typedef struct {
    keygate_compact_t  *conf;
    keygate_index_t    *index;
    keygate_temp_t      temp;
    unsigned char      *buf;             /* KEYGATE_BLOCK */
    size_t              used;
    uint64_t            lines;
    uint64_t            deletion;        /* the last one, if there is any */
    size_t              deletion_len;
    keygate_unread_t   *unread;
    size_t              n_unread;        /* 0 unless they are to go */
    size_t              size;
} keygate_compaction_t;


static keygate_rc_t keygate_compact_record(keygate_compaction_t *c,
    const keygate_line_t *line, keygate_fault_t *fault);
static keygate_rc_t keygate_compact_line(keygate_compaction_t *c,
    const keygate_line_t *line);
static keygate_rc_t keygate_compact_unread(keygate_compaction_t *c,
    const keygate_line_t *line, const keygate_fault_t *fault);
static keygate_rc_t keygate_compact_read(keygate_journal_t *j,
    keygate_compaction_t *c);
static keygate_rc_t keygate_compact_lost(keygate_journal_t *j,
    keygate_compaction_t *c);
static keygate_rc_t keygate_compact_flush(keygate_compaction_t *c);
static keygate_rc_t keygate_compact_put(keygate_journal_t *j,
    keygate_compaction_t *c, uint64_t at, size_t len);
static keygate_rc_t keygate_compact_write(keygate_journal_t *j,
    keygate_compaction_t *c);
static keygate_rc_t keygate_compact_replace(keygate_journal_t *j,
    keygate_compaction_t *c);
static int keygate_compact_may(const keygate_compaction_t *c);
static keygate_rc_t keygate_compact_locked(keygate_journal_t *j,
    keygate_compact_t *conf);


/* Any kind of digest will do: whoever compacts need not have the pepper. */

static keygate_rc_t
keygate_compact_record(keygate_compaction_t *c, const keygate_line_t *line,
    keygate_fault_t *fault)
{
    keygate_rc_t      rc;
    keygate_record_t  record;

    rc = keygate_record_scan(line->text, &record, fault);

    if (rc != KEYGATE_OK) {
        return rc;
    }

    rc = keygate_index_add(c->index, &record, line->at + line->bom,
                           line->text.len);

    if (rc == KEYGATE_OK && record.deleted) {
        c->deletion = line->at + line->bom;
        c->deletion_len = line->text.len;
    }

    if (rc == KEYGATE_CONFLICT) {
        fault->reason = "a digest in it belongs to another key";
        rc = KEYGATE_INVALID;
    }

    keygate_record_free(&record);

    return rc;
}


static keygate_rc_t
keygate_compact_line(keygate_compaction_t *c, const keygate_line_t *line)
{
    keygate_rc_t      rc;
    keygate_fault_t   fault;

    fault.pointer[0] = '\0';

    if (line->torn) {
        fault.reason = "has no end";
        return keygate_compact_unread(c, line, &fault);
    }

    if (keygate_line_blank(line->text) || keygate_line_mark(line->text)) {
        return KEYGATE_OK;
    }

    rc = keygate_compact_record(c, line, &fault);

    return rc == KEYGATE_INVALID ? keygate_compact_unread(c, line, &fault)
                                 : rc;
}


static keygate_rc_t
keygate_compact_unread(keygate_compaction_t *c, const keygate_line_t *line,
    const keygate_fault_t *fault)
{
    keygate_unread_t  *p;

    c->conf->unread++;

    if (c->conf->bad != NULL) {
        c->conf->bad(c->conf->data, c->lines, fault);
    }

    if (!c->conf->drop) {
        return KEYGATE_OK;
    }

    if (c->n_unread == c->size) {
        c->size = c->size == 0 ? 64 : 2 * c->size;
        p = realloc(c->unread, c->size * sizeof(keygate_unread_t));

        if (p == NULL) {
            return KEYGATE_NOMEM;
        }

        c->unread = p;
    }

    c->unread[c->n_unread].at = line->at;
    c->unread[c->n_unread++].next = line->next;

    return KEYGATE_OK;
}


static keygate_rc_t
keygate_compact_read(keygate_journal_t *j, keygate_compaction_t *c)
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


/* Whoever is to get the lines that go has them before they are gone. */

static keygate_rc_t
keygate_compact_lost(keygate_journal_t *j, keygate_compaction_t *c)
{
    size_t         i;
    uint64_t       at;
    keygate_rc_t   rc;
    keygate_str_t  text;

    rc = KEYGATE_OK;
    text.data = c->buf;

    for (i = 0; i < c->n_unread && rc == KEYGATE_OK; i++) {

        for (at = c->unread[i].at;
             at < c->unread[i].next && rc == KEYGATE_OK;
             at += text.len)
        {
            text.len = KEYGATE_BLOCK;

            if (text.len > c->unread[i].next - at) {
                text.len = (size_t) (c->unread[i].next - at);
            }

            rc = keygate_journal_read_all(j->wfd, c->buf, text.len, at);
            rc = rc != KEYGATE_OK ? rc : c->conf->lost(c->conf->data, text);
        }
    }

    text.len = 0;

    return rc != KEYGATE_OK ? rc : c->conf->lost(c->conf->data, text);
}


static keygate_rc_t
keygate_compact_flush(keygate_compaction_t *c)
{
    if (keygate_journal_write_all(c->temp.fd, c->buf, c->used) == -1) {
        return keygate_journal_errno();
    }

    c->used = 0;

    return KEYGATE_OK;
}


static keygate_rc_t
keygate_compact_put(keygate_journal_t *j, keygate_compaction_t *c,
    uint64_t at, size_t len)
{
    keygate_rc_t  rc;

    if (KEYGATE_BLOCK - c->used < len + 1) {
        rc = keygate_compact_flush(c);

        if (rc != KEYGATE_OK) {
            return rc;
        }
    }

    rc = keygate_journal_read_all(j->wfd, c->buf + c->used, len, at);

    if (rc == KEYGATE_OK) {
        c->buf[c->used + len] = '\n';
        c->used += len + 1;
        c->conf->kept++;
    }

    return rc;
}


/* A file without a record would be one that is missing, to who follows it. */

static keygate_rc_t
keygate_compact_write(keygate_journal_t *j, keygate_compaction_t *c)
{
    size_t        len, cursor;
    uint64_t      at;
    keygate_rc_t  rc;

    cursor = 0;
    rc = KEYGATE_OK;

    while (rc == KEYGATE_OK
           && keygate_index_next(c->index, &cursor, &at, &len))
    {
        rc = keygate_compact_put(j, c, at, len);
    }

    if (rc == KEYGATE_OK && c->conf->kept == 0) {
        rc = keygate_compact_put(j, c, c->deletion, c->deletion_len);
    }

    return rc == KEYGATE_OK ? keygate_compact_flush(c) : rc;
}


static keygate_rc_t
keygate_compact_replace(keygate_journal_t *j, keygate_compaction_t *c)
{
    keygate_rc_t  rc;

    rc = keygate_replace_open(j, &c->temp);

    if (rc == KEYGATE_OK) {
        rc = keygate_compact_write(j, c);

        if (rc == KEYGATE_OK) {
            return keygate_replace_commit(j, &c->temp);
        }

        keygate_replace_drop(&c->temp);
    }

    return rc;
}


/* Whether there is anything to keep, and nothing that must not go. */

static int
keygate_compact_may(const keygate_compaction_t *c)
{
    size_t    len, cursor;
    uint64_t  at;

    cursor = 0;

    return (c->conf->drop || c->conf->unread == 0)
           && (c->deletion_len != 0
               || keygate_index_next(c->index, &cursor, &at, &len));
}


static keygate_rc_t
keygate_compact_locked(keygate_journal_t *j, keygate_compact_t *conf)
{
    keygate_rc_t          rc;
    keygate_compaction_t  c;

    memset(&c, 0, sizeof(keygate_compaction_t));

    c.conf = conf;
    c.index = keygate_index_create(conf->wall);
    c.buf = malloc(KEYGATE_BLOCK);

    rc = c.index == NULL || c.buf == NULL ? KEYGATE_NOMEM
                                          : keygate_compact_read(j, &c);

    if (rc == KEYGATE_OK && c.lines != 0) {
        rc = keygate_compact_may(&c) ? KEYGATE_OK : KEYGATE_CONFLICT;

        if (rc == KEYGATE_OK && conf->drop && conf->lost != NULL) {
            rc = keygate_compact_lost(j, &c);
        }

        if (rc == KEYGATE_OK) {
            rc = keygate_compact_replace(j, &c);
        }
    }

    conf->dropped = c.lines - conf->kept;

    keygate_index_destroy(c.index);
    free(c.buf);
    free(c.unread);

    return rc;
}


keygate_rc_t
keygate_journal_compact(keygate_journal_t *j, keygate_compact_t *c)
{
    int           saved;
    unsigned      must_exist;
    keygate_rc_t  rc;

    c->kept = 0;
    c->dropped = 0;
    c->unread = 0;

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

    rc = keygate_compact_locked(j, c);

    saved = errno;
    keygate_journal_end(j);
    errno = saved;

    return rc;
}

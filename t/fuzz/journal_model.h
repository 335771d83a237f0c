/*
 * A journal in the plainest way: the whole file in memory, cut up into lines,
 * and a list of the records that they come to.
 */

#ifndef KEYGATE_JOURNAL_MODEL_H
#define KEYGATE_JOURNAL_MODEL_H

#include "fuzz.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keygate_journal.h"


#define MODEL_RECORDS  512


typedef struct {
    uint64_t          at;
    keygate_str_t     line;              /* no LF */
    keygate_record_t  record;
} entry_t;


typedef struct {
    unsigned char    *data;
    size_t            len;
    uint64_t          lines;             /* whole ones */
    uint64_t          end;               /* of the last whole line */
    uint64_t          rejected;
    unsigned          n;
    entry_t           entries[MODEL_RECORDS];   /* in the order of their first
                                                   lines */
    uint64_t          deleted;
    unsigned          hmac:1;
    unsigned          any:1;             /* both kinds of digests, as records
                                            of their own */
    int64_t           wall;
} model_t;


/* Whether a digest of "kind" is a record's, now or still. */

static int
model_owns(const model_t *m, const keygate_record_t *r, unsigned kind,
    const unsigned char *digest)
{
    return r->kind == KEYGATE_KEY && r->hmac == kind
           && (memcmp(r->digest, digest, KEYGATE_DIGEST_LEN) == 0
               || (r->has_previous && r->previous_until > m->wall
                   && memcmp(r->previous, digest, KEYGATE_DIGEST_LEN) == 0));
}


static int
model_is(const entry_t *e, const keygate_record_t *r)
{
    return e->record.kind == r->kind && keygate_str_eq(e->record.id, r->id)
           && (r->deleted || e->record.hmac == r->hmac);
}


static void
model_drop(model_t *m, unsigned i)
{
    keygate_record_free(&m->entries[i].record);
    memmove(&m->entries[i], &m->entries[i + 1],
            (--m->n - i) * sizeof(entry_t));
}


/* Takes over the record.  0: it is refused. */

static int
model_apply(model_t *m, keygate_record_t *r, keygate_str_t line, uint64_t at)
{
    unsigned  i, own;

    for (own = 0; own < m->n && !model_is(&m->entries[own], r); own++) {
        /* void */
    }

    if (r->deleted) {
        for (i = m->n; i-- > own; /* void */ ) {
            if (model_is(&m->entries[i], r)) {
                model_drop(m, i);
                m->deleted++;
            }
        }

        keygate_record_free(r);
        return 1;
    }

    for (i = 0; i < m->n && r->kind == KEYGATE_KEY; i++) {
        if (i != own
            && (model_owns(m, &m->entries[i].record, r->hmac, r->digest)
                || (r->has_previous && r->previous_until > m->wall
                    && model_owns(m, &m->entries[i].record, r->hmac,
                                  r->previous))))
        {
            keygate_record_free(r);
            return 0;
        }
    }

    if (own == m->n) {
        must(m->n < MODEL_RECORDS);
        m->n++;

    } else {
        keygate_record_free(&m->entries[own].record);
    }

    m->entries[own].record = *r;
    m->entries[own].line = line;
    m->entries[own].at = at;

    return 1;
}


static void
model_line(model_t *m, keygate_str_t line, uint64_t at)
{
    size_t            i;
    keygate_fault_t   fault;
    keygate_record_t  record;

    m->lines++;

    if (at == 0 && line.len >= 3
        && memcmp(line.data, "\xef\xbb\xbf", 3) == 0)
    {
        line = fuzz_span(line.data + 3, line.len - 3);
    }

    for (i = 0; i < line.len && strchr(" \t\r", line.data[i]) != NULL
                && line.data[i] != '\0'; i++)
    {
        /* void */
    }

    if (i == line.len) {
        return;
    }

    if (line.len > KEYGATE_LINE_MAX
        || keygate_record_parse(line, &record, &fault) != KEYGATE_OK)
    {
        m->rejected++;
        return;
    }

    if (!m->any && record.has_digest && record.hmac != m->hmac) {
        keygate_record_free(&record);
        m->rejected++;
        return;
    }

    m->rejected += !model_apply(m, &record, line, at);
}


static void
model_free(model_t *m)
{
    while (m->n != 0) {
        model_drop(m, m->n - 1);
    }

    free(m->data);
    m->data = NULL;
}


/* All that the file comes to. */

static void
model_read(model_t *m, const char *path)
{
    int             fd;
    struct stat     st;
    unsigned char  *p, *lf;

    model_free(m);
    fd = open(path, O_RDONLY);
    must(fd != -1 && fstat(fd, &st) == 0);

    m->len = (size_t) st.st_size;
    m->data = malloc(m->len + 1);
    must(m->data != NULL && read(fd, m->data, m->len) == st.st_size);
    close(fd);

    m->lines = 0;
    m->rejected = 0;
    m->deleted = 0;

    for (p = m->data; ; p = lf + 1) {
        m->end = (uint64_t) (p - m->data);
        lf = memchr(p, '\n', m->len - (size_t) m->end);

        if (lf == NULL) {
            break;
        }

        model_line(m, fuzz_span(p, (size_t) (lf - p)), m->end);
    }
}


#endif /* KEYGATE_JOURNAL_MODEL_H */

/*
 * What a file had that is not the store's, when a copy takes its place: lines
 * of before there was a store, or that somebody has written behind its last
 * mark.  They are in force nowhere, so the log names them, and the file as it
 * was is kept.
 *
 * A line is the store's own where the copy has it, too, or where a later line
 * of the file is about the same record.
 */

#include "ngx_http_keygate_store.h"

#include "keygate_index.h"


#define NGX_HTTP_KEYGATE_STRAY_LINES  10     /* that are named */


typedef struct {
    ngx_http_keygate_copy_t          *c;
    const ngx_http_keygate_lines_t   *made;
    uint64_t                          after;     /* the number of the mark */
    keygate_index_t                  *here;      /* behind it */
    keygate_index_t                  *there;     /* in what was made */
} ngx_http_keygate_stray_t;


static ngx_int_t ngx_http_keygate_stray_read(ngx_http_keygate_stray_t *s);
static keygate_rc_t ngx_http_keygate_stray_mark(void *data, uint64_t number,
    uint64_t at, keygate_str_t line, int torn);
static keygate_rc_t ngx_http_keygate_stray_index(void *data, uint64_t number,
    uint64_t at, keygate_str_t line, int torn);
static keygate_rc_t ngx_http_keygate_stray_made(ngx_http_keygate_stray_t *s);
static keygate_rc_t ngx_http_keygate_stray_judge(void *data, uint64_t number,
    uint64_t at, keygate_str_t line, int torn);
static ngx_uint_t ngx_http_keygate_stray_own(ngx_http_keygate_stray_t *s,
    const keygate_record_t *record, uint64_t at, keygate_str_t line);
static keygate_rc_t ngx_http_keygate_stray_add(ngx_http_keygate_copy_t *c,
    uint64_t number, const char *what, keygate_str_t id);


void
ngx_http_keygate_stray_reset(ngx_http_keygate_copy_t *c)
{
    c->astray = 0;
    c->strays.len = 0;
    ngx_memzero(&c->kept_as, sizeof(keygate_kept_t));
}


ngx_int_t
ngx_http_keygate_stray_find(ngx_http_keygate_copy_t *c,
    const ngx_http_keygate_lines_t *made)
{
    ngx_int_t                  rc;
    ngx_http_keygate_stray_t   s;

    ngx_memzero(&s, sizeof(ngx_http_keygate_stray_t));
    ngx_http_keygate_stray_reset(c);

    s.c = c;
    s.made = made;
    s.here = keygate_index_create(ngx_http_keygate_clock_wall(NULL));
    s.there = keygate_index_create(ngx_http_keygate_clock_wall(NULL));

    rc = (s.here && s.there) ? ngx_http_keygate_stray_read(&s) : NGX_ERROR;

    keygate_index_destroy(s.here);
    keygate_index_destroy(s.there);

    return (rc == NGX_OK) ? NGX_OK
           : ngx_http_keygate_copy_fail(c, "the copy cannot be read, or there "
                                        "is no memory for that");
}


static ngx_int_t
ngx_http_keygate_stray_read(ngx_http_keygate_stray_t *s)
{
    u_char           buf[1];
    uint64_t         end;
    ngx_uint_t       i;
    keygate_str_t    line;
    keygate_mark_t   mark;

    static const keygate_line_pt  passes[] = {
        ngx_http_keygate_stray_mark, ngx_http_keygate_stray_index,
        ngx_http_keygate_stray_judge
    };

    if (ngx_http_keygate_stray_made(s) != KEYGATE_OK) {
        return NGX_ERROR;
    }

    ngx_memzero(&mark, sizeof(keygate_mark_t));

    for (i = 0; i < 3; i++) {
        ngx_memzero(&mark, sizeof(keygate_mark_t));

        if (keygate_journal_since(s->c->journal, &mark, passes[i], s)
            != KEYGATE_OK)
        {
            return NGX_ERROR;
        }
    }

    if (keygate_journal_last(s->c->journal, buf, sizeof(buf), &line, &end)
        != KEYGATE_OK)
    {
        return NGX_ERROR;
    }

    if (mark.offset < end
        && ngx_http_keygate_stray_add(s->c, mark.line + 1, "torn",
                                      KEYGATE_STR(""))
           != KEYGATE_OK)
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}


static keygate_rc_t
ngx_http_keygate_stray_mark(void *data, uint64_t number, uint64_t at,
    keygate_str_t line, int torn)
{
    ngx_http_keygate_stray_t *s = data;

    uint64_t  seq;

    if (keygate_place_seq(line, &seq) == KEYGATE_OK) {
        s->after = number;
    }

    return KEYGATE_OK;
}


static keygate_rc_t
ngx_http_keygate_stray_index(void *data, uint64_t number, uint64_t at,
    keygate_str_t line, int torn)
{
    ngx_http_keygate_stray_t *s = data;

    keygate_rc_t       rc;
    keygate_fault_t    fault;
    keygate_record_t   record;

    if (number <= s->after) {
        return KEYGATE_OK;
    }

    rc = keygate_record_scan(line, &record, &fault);

    if (rc == KEYGATE_OK) {
        rc = keygate_index_add(s->here, &record, at, line.len);
        keygate_record_free(&record);
    }

    return (rc == KEYGATE_NOMEM) ? rc : KEYGATE_OK;
}


static keygate_rc_t
ngx_http_keygate_stray_made(ngx_http_keygate_stray_t *s)
{
    u_char            *p, *lf, *end;
    keygate_rc_t       rc;
    keygate_str_t      line;
    keygate_fault_t    fault;
    keygate_record_t   record;

    p = s->made->data;
    end = p + s->made->len;

    for ( /* void */ ; p < end; p = lf + 1) {
        lf = memchr(p, '\n', end - p);

        if (lf == NULL) {
            break;
        }

        line.data = p;
        line.len = lf - p;
        rc = keygate_record_scan(line, &record, &fault);

        if (rc == KEYGATE_OK) {
            rc = keygate_index_add(s->there, &record, p - s->made->data,
                                   line.len);
            keygate_record_free(&record);
        }

        if (rc == KEYGATE_NOMEM) {
            return rc;
        }
    }

    return KEYGATE_OK;
}


static keygate_rc_t
ngx_http_keygate_stray_judge(void *data, uint64_t number, uint64_t at,
    keygate_str_t line, int torn)
{
    ngx_http_keygate_stray_t *s = data;

    keygate_rc_t       rc;
    keygate_fault_t    fault;
    keygate_record_t   record;

    while (line.len && (line.data[line.len - 1] == '\r'
                        || line.data[line.len - 1] == ' '
                        || line.data[line.len - 1] == '\t'))
    {
        line.len--;
    }

    if (number <= s->after || line.len == 0) {
        return KEYGATE_OK;
    }

    rc = keygate_record_scan(line, &record, &fault);

    if (rc != KEYGATE_OK) {
        return (rc == KEYGATE_NOMEM) ? rc
               : ngx_http_keygate_stray_add(s->c, number, "no record",
                                            KEYGATE_STR(""));
    }

    if (!ngx_http_keygate_stray_own(s, &record, at, line)) {
        rc = ngx_http_keygate_stray_add(s->c, number,
                                        (record.kind == KEYGATE_KEY)
                                        ? "key" : "account", record.id);
    }

    keygate_record_free(&record);

    return rc;
}


static ngx_uint_t
ngx_http_keygate_stray_own(ngx_http_keygate_stray_t *s,
    const keygate_record_t *record, uint64_t at, keygate_str_t line)
{
    u_char        *p;
    uint64_t       last, place;
    keygate_rc_t   rc;

    if (keygate_index_find(s->here, record->kind, record->id, &last)
        == KEYGATE_OK && last != at)
    {
        return 1;
    }

    rc = keygate_index_find(s->there, record->kind, record->id, &place);

    if (rc != KEYGATE_OK) {
        return record->deleted;
    }

    p = s->made->data + place;

    return s->made->len - place > line.len
           && ngx_memcmp(p, line.data, line.len) == 0
           && p[line.len] == '\n';
}


static keygate_rc_t
ngx_http_keygate_stray_add(ngx_http_keygate_copy_t *c, uint64_t number,
    const char *what, keygate_str_t id)
{
    int            n;
    char           text[64 + KEYGATE_ID_MAX];
    keygate_str_t  span;

    if (++c->astray > NGX_HTTP_KEYGATE_STRAY_LINES) {
        return KEYGATE_OK;
    }

    n = id.len ? snprintf(text, sizeof(text), "%llu %s \"%.*s\"",
                          (unsigned long long) number, what, (int) id.len,
                          (const char *) id.data)
               : snprintf(text, sizeof(text), "%llu %s",
                          (unsigned long long) number, what);

    span.len = ngx_min((size_t) n, sizeof(text) - 1);
    span.data = (u_char *) text;

    return (ngx_http_keygate_copy_add(&c->strays, span, 1) == NGX_OK)
           ? KEYGATE_OK : KEYGATE_NOMEM;
}


void
ngx_http_keygate_stray_log(ngx_http_keygate_copy_t *c)
{
    char    *p, *lf, *end;
    size_t   digits;

    if (c->astray == 0
        || (c->kept_as.name[0] == '\0' && c->kept_as.error == 0))
    {
        return;
    }

    p = (char *) c->strays.data;
    end = p + c->strays.len;

    for ( /* void */ ; p < end; p = lf + 1) {
        lf = memchr(p, '\n', end - p);

        if (lf == NULL) {
            break;
        }

        digits = strspn(p, "0123456789");

        ngx_log_error(NGX_LOG_ERR, c->zone->log, 0,
                      "keygate store \"%V\": line %*s of \"%V\" (%*s) is not "
                      "the store's, and is not in force", &c->store->name,
                      digits, p, &c->zone->journal,
                      (size_t) (lf - p) - digits - 1, p + digits + 1);
    }

    if (c->kept_as.name[0]) {
        ngx_log_error(NGX_LOG_ERR, c->zone->log, 0,
                      "keygate store \"%V\": lines of \"%V\" that are not the "
                      "store's and not in force: %uL; the file as it was is "
                      "kept beside it as \"%s\"; make such changes by the "
                      "admin API or by \"keygate --store\"", &c->store->name,
                      &c->zone->journal, c->astray, c->kept_as.name);

    } else {
        ngx_log_error(NGX_LOG_ERR, c->zone->log, c->kept_as.error,
                      "keygate store \"%V\": lines of \"%V\" that are not the "
                      "store's and not in force: %uL; the file as it was "
                      "could not be kept beside it as \"....replaced\"",
                      &c->store->name, &c->zone->journal, c->astray);
    }
}

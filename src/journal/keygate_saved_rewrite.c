/*
 * JOURNAL.usage written anew: a line for each meter, as memory has it, and
 * the lines of others as they are.  Requests go on meanwhile, and so do lines:
 * those that came after the beginning are kept, and tell nothing twice, since
 * counts are absolute.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "keygate_saved_private.h"


typedef struct {
    keygate_saved_t        *saved;
    const keygate_table_t  *table;
    keygate_now_t           now;
    FILE                   *out;
    char                    temp[64 + 256];
    off_t                   before;      /* of the file, when it began */
    ino_t                   ino;
} keygate_rewriting_t;


static keygate_rc_t keygate_rewriting_begin(keygate_rewriting_t *r);
static keygate_rc_t keygate_rewriting_own(keygate_rewriting_t *r);
static void keygate_rewriting_meter(keygate_rewriting_t *r, uint32_t ref,
    unsigned kind, unsigned grouped);
static void keygate_rewriting_print(keygate_rewriting_t *r,
    const keygate_saved_line_t *line);
static keygate_rc_t keygate_rewriting_others(keygate_rewriting_t *r);
static keygate_rc_t keygate_rewriting_scan(keygate_rewriting_t *r, FILE *in,
    off_t begun, off_t *own);
static keygate_rc_t keygate_rewriting_end(keygate_rewriting_t *r,
    uint64_t *size);


keygate_rc_t
keygate_saved_rewrite(keygate_saved_t *s, const keygate_table_t *table,
    const keygate_now_t *now, uint64_t *size)
{
    int                  saved;
    keygate_rc_t         rc;
    keygate_rewriting_t  r;

    memset(&r, 0, sizeof(keygate_rewriting_t));

    r.saved = s;
    r.table = table;
    r.now = *now;

    rc = keygate_rewriting_begin(&r);

    if (rc == KEYGATE_OK) {
        rc = keygate_rewriting_own(&r);
    }

    if (rc == KEYGATE_OK) {
        rc = keygate_rewriting_end(&r, size);
    }

    saved = errno;

    if (r.out != NULL) {
        (void) fclose(r.out);
    }

    if (r.temp[0] != '\0' && rc != KEYGATE_OK) {
        (void) unlinkat(s->file.dir, r.temp, 0);
    }

    keygate_saved_close(s);
    errno = saved;

    return rc;
}


/* A new file, of the same owner and mode, beside the one that is there. */

static keygate_rc_t
keygate_rewriting_begin(keygate_rewriting_t *r)
{
    int              fd, anew;
    struct stat      old, new;
    keygate_rc_t     rc;
    keygate_file_t   file;

    rc = keygate_saved_lock(r->saved, 0, &anew);

    if (rc != KEYGATE_OK) {
        return rc;
    }

    rc = fstat(r->saved->fd, &old) == 0 ? KEYGATE_OK : KEYGATE_IO;
    keygate_saved_unlock(r->saved);

    if (rc != KEYGATE_OK) {
        return rc;
    }

    r->before = old.st_size;
    r->ino = old.st_ino;

    (void) snprintf(r->temp, sizeof(r->temp), "%.255s.%ld.tmp",
                    r->saved->file.name, (long) getpid());

    file.dir = r->saved->file.dir;
    file.name = r->temp;

    (void) unlinkat(file.dir, file.name, 0);
    fd = keygate_file_make(&file, O_WRONLY, 0600);

    if (fd == -1) {
        r->temp[0] = '\0';
        return keygate_saved_errno();
    }

    if (fstat(fd, &new) == -1 || old.st_uid != new.st_uid
        || (old.st_gid != new.st_gid
            && fchown(fd, (uid_t) -1, old.st_gid) == -1)
        || fchmod(fd, old.st_mode & 0777) == -1)
    {
        errno = EPERM;
        (void) close(fd);
        return KEYGATE_IO;
    }

    r->out = fdopen(fd, "w");

    if (r->out == NULL) {
        (void) close(fd);
        return KEYGATE_NOMEM;
    }

    return KEYGATE_OK;
}


static keygate_rc_t
keygate_rewriting_own(keygate_rewriting_t *r)
{
    uint32_t              ref;
    uint64_t              cursor;
    keygate_key_t         key;
    keygate_account_t     account;
    keygate_saved_line_t  line;

    memset(&line, 0, sizeof(keygate_saved_line_t));
    (void) snprintf(line.zone, sizeof(line.zone), "%s", r->saved->zone);
    line.life = r->saved->life;
    line.at = r->now.wall;
    keygate_rewriting_print(r, &line);

    cursor = 0;

    while (keygate_table_next_key(r->table, &cursor, &key) == KEYGATE_OK) {
        keygate_rewriting_meter(r, key.ref, KEYGATE_KEY, 0);
    }

    cursor = 0;

    while (keygate_table_next_account(r->table, &cursor, &account)
           == KEYGATE_OK)
    {
        keygate_rewriting_meter(r, account.ref, KEYGATE_ACCOUNT, 0);
    }

    cursor = 0;

    while ((ref = keygate_table_group_next(r->table, &cursor)) != 0) {
        keygate_rewriting_meter(r, ref, KEYGATE_KEY, 1);
    }

    return ferror(r->out) ? keygate_saved_errno() : KEYGATE_OK;
}


/* What nobody has put in, nor is of an earlier life, is of no quota. */

static void
keygate_rewriting_meter(keygate_rewriting_t *r, uint32_t ref, unsigned kind,
    unsigned grouped)
{
    uint64_t                saved;
    keygate_meter_t        *meter;
    keygate_saved_line_t    line;

    meter = keygate_table_meter(r->table, ref, (keygate_kind_e) kind);
    saved = __atomic_load_n(&meter->saved, __ATOMIC_ACQUIRE);

    if ((!keygate_quota_open(saved) && !keygate_quota_restored(saved))
        || !keygate_saved_name(r->saved, r->table, ref, kind, grouped, &line))
    {
        return;
    }

    line.kind = grouped ? keygate_saved_kind(r->table, ref, &line) : kind;

    keygate_saved_reset(r->table, &line);

    line.whole = 1;
    line.at = r->now.wall;
    line.ahead = keygate_quota_ahead(meter);
    line.count = keygate_quota_open(saved) ? keygate_meter_count(meter)
                                           : keygate_quota_covered(saved);

    keygate_quota_tell(meter, line.count, line.day, &line.month, &r->now);
    keygate_rewriting_print(r, &line);
}


static void
keygate_rewriting_print(keygate_rewriting_t *r,
    const keygate_saved_line_t *line)
{
    unsigned char  text[2048];
    keygate_buf_t  out;

    out.data = text;
    out.size = sizeof(text);
    out.len = 0;

    keygate_saved_print(&out, line);

    if (out.len <= out.size) {
        (void) fwrite(text, 1, out.len, r->out);
    }
}


static keygate_rc_t
keygate_rewriting_end(keygate_rewriting_t *r, uint64_t *size)
{
    int           anew;
    struct stat   st;
    keygate_rc_t  rc;

    rc = keygate_saved_lock(r->saved, 0, &anew);

    if (rc != KEYGATE_OK) {
        return rc;
    }

    rc = fstat(r->saved->fd, &st) == 0 && st.st_ino == r->ino
         ? keygate_rewriting_others(r) : KEYGATE_AGAIN;

    if (rc == KEYGATE_OK
        && (fflush(r->out) != 0 || fstat(fileno(r->out), &st) == -1
            || fsync(fileno(r->out)) == -1
            || renameat(r->saved->file.dir, r->temp, r->saved->file.dir,
                        r->saved->file.name) == -1
            || keygate_file_sync(&r->saved->file) == -1))
    {
        rc = keygate_saved_errno();
    }

    if (rc == KEYGATE_OK) {
        *size = (uint64_t) st.st_size;
    }

    keygate_saved_unlock(r->saved);

    return rc;
}


/* Twice over: where this life's beginning is, then what stays. */

static keygate_rc_t
keygate_rewriting_others(keygate_rewriting_t *r)
{
    int           fd;
    FILE         *in;
    off_t         begun, dummy;
    keygate_rc_t  rc;

    fd = dup(r->saved->fd);
    in = fd == -1 ? NULL : fdopen(fd, "r");

    if (in == NULL) {
        return KEYGATE_IO;
    }

    rc = keygate_rewriting_scan(r, in, -1, &begun);

    if (rc == KEYGATE_OK) {
        rc = keygate_rewriting_scan(r, in, begun, &dummy);
    }

    (void) fclose(in);

    return rc;
}


/* "begun" -1: only looks for it; KEYGATE_NONE when another life has begun
 * since, or this one has not. */

static keygate_rc_t
keygate_rewriting_scan(keygate_rewriting_t *r, FILE *in, off_t begun,
    off_t *own)
{
    int                    mine, stays;
    char                  *text;
    off_t                  at;
    size_t                 size;
    ssize_t                n;
    keygate_str_t          span;
    keygate_saved_line_t   line;

    text = NULL;
    size = 0;
    at = 0;
    *own = -1;

    rewind(in);

    while ((n = getline(&text, &size, in)) > 0 && text[n - 1] == '\n') {
        span.data = (unsigned char *) text;
        span.len = (size_t) n - 1;

        if (keygate_saved_parse(span, &line) == KEYGATE_OK) {
            mine = strcmp(line.zone, r->saved->zone) == 0;

            if (mine && line.id[0] == '\0') {
                *own = line.life == r->saved->life ? at : -1;
            }

            stays = !mine || (line.life == r->saved->life
                              ? at >= r->before && line.id[0] != '\0'
                              : at > begun);

            if (begun != -1 && stays) {
                (void) fwrite(text, 1, (size_t) n, r->out);
            }
        }

        at += n;
    }

    free(text);

    return ferror(in) ? KEYGATE_IO
           : begun == -1 && *own == -1 ? KEYGATE_NONE
           : ferror(r->out) ? keygate_saved_errno() : KEYGATE_OK;
}

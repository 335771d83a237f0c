/*
 * Any journal file, however it came to be: written by others, torn, cut off,
 * replaced, compacted, appended to, on a disk that fails.  A table that has
 * followed all of that holds what a plain model reads from the file, as does
 * one that begins with the file as it is; so does every other way to read it;
 * and compaction keeps just that.  What was refused is not in it, what was not
 * is.
 *
 * An input is a line for each step, the first character being what to do; '$'
 * and a hex digit in it stand for a digest.
 */

#include "fuzz.h"

#include <errno.h>
#include <sys/syscall.h>

#include "journal_model.h"


#define TABLE_SIZE  (128 * 1024)
#define WALL        1780000000           /* 2026-05-28T20:26:40Z */
#define STEPS       48

enum {
    APPLIED, REJECTED, CONFLICTS, DELETED, TORN, CUT, REPLACED, COMPACTED,
    WRITTEN, TOO_LONG, RESTARTED, HMACS, TAKEN_BACK, VOID
};

const char *const  fuzz_shapes[] = {
    "a record", "a line that is skipped", "a digest of another key",
    "a deletion", "a torn line", "a file that has shrunk",
    "a file in place of another", "a compaction", "a line that is appended",
    "a line that is too long", "another process", "keyed digests",
    "a change that is taken back", "a change that cannot be taken back", NULL
};


static char                    dir[256], path[300], other[300];
static keygate_now_t           now;
static keygate_journal_conf_t  conf;
static keygate_journal_t      *journal;
static keygate_mark_t          mark;
static model_t                 model, whole = { .any = 1, .wall = WALL };
static uint64_t                mem[2][TABLE_SIZE / 8];
static keygate_table_t        *table;
static unsigned                rejects, crowded, long_lines, hollow;

/* What the file must hold but for what is void in it, and where that is. */

static unsigned char  *shadow;
static size_t          shadow_len, shadow_size;

static enum { NOTHING, AT_END, INSIDE }  voided;


/* The disk: as good as any, until it is told to fail. */

static unsigned  fail_sync, fail_more;


int
fdatasync(int fd)
{
    (void) fd;

    errno = EIO;

    return fail_sync ? -1 : 0;
}


int
fsync(int fd)
{
    (void) fd;

    errno = EIO;

    return fail_more ? -1 : 0;
}


int
ftruncate(int fd, off_t len)
{
    errno = EIO;

    return fail_more ? -1 : (int) syscall(SYS_ftruncate, fd, len);
}


static void
on_reject(void *data, uint64_t line, const keygate_fault_t *fault)
{
    (void) data;

    must(line >= 1 && fault->reason != NULL);
    rejects++;
    crowded |= strstr(fault->reason, "the zone") != NULL
               && strstr(fault->reason, "HMAC") == NULL;

    if (strstr(fault->reason, "belongs to another key") != NULL) {
        fuzz_saw(CONFLICTS);
    }
}


static void
at_exit(void)
{
    (void) unlink(path);
    (void) unlink(other);
    (void) rmdir(dir);
}


static void
setup(void)
{
    const char  *tmp;

    tmp = getenv("TMPDIR");
    snprintf(dir, sizeof(dir), "%s/keygate-fuzz-XXXXXX", tmp ? tmp : "/tmp");
    must(mkdtemp(dir) != NULL);
    must(atexit(at_exit) == 0);

    snprintf(path, sizeof(path), "%s/keys.jsonl", dir);
    snprintf(other, sizeof(other), "%s/other", dir);

    now = keygate_rate_now(1000000, WALL);
}


static keygate_table_t *
new_table(unsigned i)
{
    keygate_table_t            *t;
    static const unsigned char  seed[16] = { 1, 2, 3 };

    memset(mem[i], 0, TABLE_SIZE);
    t = keygate_table_init(mem[i], TABLE_SIZE, seed);
    must(t != NULL);

    return t;
}


static keygate_journal_t *
new_journal(void)
{
    keygate_journal_t  *j;

    j = keygate_journal_create(path, &conf);
    must(j != NULL);

    return j;
}


/* -- Steps -------------------------------------------------------------- */

static void
file_write(const char *name, int flags, keygate_str_t text, const char *end)
{
    int  fd;

    fd = open(name, O_WRONLY|O_CREAT|flags, 0600);
    must(fd != -1);
    must(write(fd, text.data, text.len) == (ssize_t) text.len);
    must(write(fd, end, strlen(end)) == (ssize_t) strlen(end));
    close(fd);
}


static void
file_cut(keygate_str_t by)
{
    off_t        len;
    struct stat  st;

    must(stat(path, &st) == 0);

    len = by.len ? 1 + by.data[0] % 64 * 4 : st.st_size;
    len = st.st_size > len ? st.st_size - len : 0;
    must(truncate(path, len) == 0);
}


/* As many lines as a worker takes at a time, or all.  A file without a record,
 * where there were some, is taken for one that is missing.  Time passes, so
 * that nothing rests on what was seen within one tick. */

static keygate_rc_t
follow(unsigned lines)
{
    keygate_rc_t  rc;

    now.tick += 5 * KEYGATE_TICKS;
    rc = keygate_journal_follow(journal, table, lines, &now);
    hollow = rc == KEYGATE_NONE && errno == ENODATA;
    must(rc == KEYGATE_OK || rc == KEYGATE_FULL || hollow
         || (rc == KEYGATE_AGAIN && lines != 0));

    return rc;
}


static keygate_rc_t
count_line(void *data, uint64_t number, uint64_t at, keygate_str_t line,
    int torn)
{
    uint64_t  *n = data;

    (void) number;
    (void) at;
    (void) line;

    must(!torn);
    ++*n;

    return KEYGATE_OK;
}


/* What is new to one that comes and goes. */

static void
look_since(void)
{
    uint64_t      before, n;
    keygate_rc_t  rc;

    before = mark.line;
    n = 0;
    rc = keygate_journal_since(journal, &mark, count_line, &n);

    if (rc == KEYGATE_CONFLICT) {
        must(n == 0);
        memset(&mark, 0, sizeof(mark));
        before = 0;
        rc = keygate_journal_since(journal, &mark, count_line, &n);
    }

    must(rc == KEYGATE_OK && mark.line == before + n);
}


static void
shadow_add(keygate_str_t text, const char *end)
{
    size_t  n;

    n = strlen(end);

    /* a file may be empty before there is any memory */

    if (text.len + n == 0) {
        return;
    }

    if (shadow_len + text.len + n > shadow_size) {
        shadow_size = 2 * (shadow_len + text.len + n);
        shadow = realloc(shadow, shadow_size);
        must(shadow != NULL);
    }

    if (text.len) {
        memcpy(shadow + shadow_len, text.data, text.len);
    }

    memcpy(shadow + shadow_len + text.len, end, n);
    shadow_len += text.len + n;
}


static void
shadow_end_line(void)
{
    if (shadow_len && shadow[shadow_len - 1] != '\n') {
        shadow_add(KEYGATE_STR(""), "\n");
    }
}


/* An append as the gateway does it.  0: it was refused. */

static int
append(keygate_str_t text)
{
    int            done;
    char          *line;
    uint64_t       at, end;
    struct stat    st;
    keygate_rc_t   rc;

    line = malloc(text.len + 1);
    must(line != NULL);
    memcpy(line, text.data, text.len);
    line[text.len] = '\n';

    must(keygate_journal_begin(journal) == KEYGATE_OK);
    rc = keygate_journal_catch_up(journal, table, 0, &now);
    hollow = rc == KEYGATE_NONE && errno == ENODATA;

    if (hollow) {
        keygate_journal_end(journal);
        free(line);
        return 0;
    }

    must(rc == KEYGATE_OK || rc == KEYGATE_FULL);

    rc = keygate_journal_append(journal, fuzz_span(line, text.len + 1), &at,
                                &end);
    done = rc == KEYGATE_OK;

    if (done) {
        must(end == at + text.len + 1);
        rc = keygate_journal_catch_up(journal, table, end, &now);
        must(rc == KEYGATE_OK || rc == KEYGATE_FULL);

        shadow_end_line();
        shadow_add(text, "\n");
        voided = NOTHING;
        fuzz_saw(WRITTEN);

    } else {
        must(rc == KEYGATE_IO && fail_sync);
        keygate_journal_disown(journal, table, &now);
    }

    keygate_journal_end(journal);
    free(line);

    /* a file that was written anew must be noticed before its inode is used
     * again */

    must(stat(path, &st) == 0);

    if (mark.ino != (uint64_t) st.st_ino) {
        look_since();
    }

    return done;
}


static void
append_fails(keygate_str_t text, unsigned more)
{
    struct stat  before, after;

    fail_sync = 1;
    fail_more = more;

    must(stat(path, &before) == 0);
    must(!append(text));
    must(stat(path, &after) == 0);

    fail_sync = 0;
    fail_more = 0;

    if (hollow) {
        must(after.st_size == before.st_size);
        return;
    }

    /* where there is a void already, it is done away with first, or nothing
     * more is written; nor is it before the directory of a new file is
     * synced */

    if (!more) {
        voided = NOTHING;

    } else if (after.st_size > before.st_size) {
        voided = AT_END;
    }

    fuzz_saw(more ? VOID : TAKEN_BACK);
}


static keygate_rc_t
same_line(void *data, uint64_t number, uint64_t at, keygate_str_t line,
    int torn)
{
    unsigned  *i = data;

    (void) at;

    must(!torn && *i < whole.n && number == *i + 1);
    must(keygate_str_eq(line, whole.entries[*i].line));
    ++*i;

    return KEYGATE_OK;
}


/* No record lives: a deletion stays, or all that there is. */

static void
compact_none(keygate_rc_t rc, const keygate_compact_t *c)
{
    uint64_t  len;

    len = whole.len;

    if (rc == KEYGATE_CONFLICT || (rc == KEYGATE_OK && len == 0)) {
        must(c->kept == 0 && whole.deleted == 0);
        model_read(&whole, path);
        must(whole.len == len);
        return;
    }

    must(rc == KEYGATE_OK && c->kept == 1);
    model_read(&whole, path);
    must(whole.lines == 1 && whole.n == 0 && whole.rejected == 0);
}


/* One line a record: nothing is lost, and nothing comes back. */

static void
compact(void)
{
    unsigned           i, n;
    uint64_t           len;
    keygate_rc_t       rc;
    keygate_compact_t  c;

    model_read(&whole, path);
    n = 0;
    must(keygate_journal_records(journal, WALL, same_line, &n)
         == KEYGATE_OK);
    must(n == whole.n);

    memset(&c, 0, sizeof(c));
    c.wall = WALL;
    c.drop = 1;

    rc = keygate_journal_compact(journal, &c);

    if (whole.n == 0) {
        compact_none(rc, &c);
        return;
    }

    must(rc == KEYGATE_OK && c.kept == whole.n);
    must(c.dropped == whole.lines - whole.n + (whole.end != whole.len));

    for (i = 0, len = 0; i < whole.n; i++) {
        len += whole.entries[i].line.len + 1;
    }

    model_read(&whole, path);
    must(whole.len == len && whole.lines == c.kept && whole.n == c.kept
         && whole.rejected == 0);

    fuzz_saw(COMPACTED);
}


/* -- What a table must hold --------------------------------------------- */

static void
check_key(const keygate_table_t *t, const entry_t *e)
{
    keygate_key_t            key;
    const keygate_record_t  *r;

    r = &e->record;

    must(keygate_table_find_id(t, r->id, &key) == KEYGATE_OK);
    must(keygate_str_eq(r->account, fuzz_span(key.account, key.account_len)));
    must(key.expires_at == r->expires_at && key.revoked_at == r->revoked_at);
    must(memcmp(key.limits, r->limits, sizeof(key.limits)) == 0);
    must(key.n_addresses == r->n_addresses && key.at == e->at);

    must(keygate_table_find(t, r->digest, WALL, &key) == KEYGATE_OK);
    must(keygate_str_eq(r->id, fuzz_span(key.id, key.id_len)));
    must(!key.previous);

    if (r->has_previous && r->previous_until > WALL
        && memcmp(r->previous, r->digest, KEYGATE_DIGEST_LEN) != 0)
    {
        must(keygate_table_find(t, r->previous, WALL, &key) == KEYGATE_OK);
        must(keygate_str_eq(r->id, fuzz_span(key.id, key.id_len)));
        must(key.previous);
    }
}


static void
check_account(const keygate_table_t *t, const entry_t *e)
{
    keygate_account_t        account;
    const keygate_record_t  *r;
    keygate_table_stats_t    stats;

    r = &e->record;

    must(keygate_table_find_account(t, r->id, &account) == KEYGATE_OK);
    must(account.status == r->status
         && account.trial_ends_at == r->trial_ends_at
         && account.at == e->at);

    /* there may be no room for its name, which then is not told */

    keygate_table_stats(t, &stats);
    must(account.plan == -1 ? r->plan.len == 0 || stats.used > TABLE_SIZE / 2
                            : r->plan.len != 0);
}


static void
check_table(keygate_table_t *t)
{
    unsigned                i, keys, n;
    uint64_t                cursor;
    keygate_key_t           key;
    keygate_account_t       account;
    keygate_table_stats_t   stats;
    keygate_position_t     *position;

    position = keygate_table_position(t);
    must(position->offset == model.end && position->line == model.lines);
    must(position->sweep == 0);

    for (keys = 0, i = 0; i < model.n; i++) {
        if (model.entries[i].record.kind == KEYGATE_KEY) {
            check_key(t, &model.entries[i]);
            keys++;

        } else {
            check_account(t, &model.entries[i]);
        }
    }

    keygate_table_stats(t, &stats);
    must(stats.keys == keys && stats.accounts == model.n - keys);

    for (n = 0, cursor = 0;
         keygate_table_next_key(t, &cursor, &key) == KEYGATE_OK;
         n++)
    {
        /* void */
    }

    must(n == keys);

    for (n = 0, cursor = 0;
         keygate_table_next_account(t, &cursor, &account) == KEYGATE_OK;
         n++)
    {
        /* void */
    }

    must(n == model.n - keys);
}


/* Any table that begins with the file as it is. */

static void
check_fresh(void)
{
    keygate_table_t    *t;
    keygate_journal_t  *j;

    t = new_table(1);
    j = new_journal();
    rejects = 0;

    must(keygate_journal_follow(j, t, 0, &now) == KEYGATE_OK || crowded);
    must(keygate_table_valid(t, TABLE_SIZE));
    must(!keygate_journal_changed(j, keygate_table_position(t))
         || model.end != model.len);

    if (!crowded) {
        must(rejects == model.rejected);
        check_table(t);
    }

    keygate_journal_destroy(j);
}


static keygate_rc_t
each_line(void *data, uint64_t number, uint64_t at, keygate_str_t line,
    int torn)
{
    uint64_t  *n = data;

    must(number == *n + 1 && at + line.len <= model.len);
    must(memcmp(model.data + at, line.data, line.len) == 0);
    must(torn == (number > model.lines));
    ++*n;

    return KEYGATE_OK;
}


static void
check_reads(void)
{
    entry_t          *e;
    uint64_t          n;
    keygate_mark_t    from;
    keygate_record_t  record;

    if (model.n) {
        e = &model.entries[model.n - 1];

        must(keygate_journal_read(journal, e->record.kind, e->record.id,
                                  e->at, &record)
             == KEYGATE_OK);
        must(json_equal(record.json, e->record.json));
        keygate_record_free(&record);

        /* or searched for */

        must(keygate_journal_read(journal, e->record.kind, e->record.id,
                                  model.len, &record)
             == KEYGATE_OK);
        must(keygate_str_eq(record.id, e->record.id));
        keygate_record_free(&record);
    }

    n = 0;
    must(keygate_journal_each(journal, each_line, &n) == KEYGATE_OK);
    must(n == model.lines + (model.end != model.len));

    look_since();
    must(mark.offset == model.end);

    memset(&from, 0, sizeof(from));
    n = 0;
    must(keygate_journal_since(journal, &from, count_line, &n) == KEYGATE_OK);
    must(n == model.lines && from.offset == model.end);
}


/* -- An input ----------------------------------------------------------- */

static keygate_str_t
expand(keygate_str_t step, char *out, size_t size)
{
    char    hex[2];
    size_t  i, len;

    for (i = 1, len = 0; i < step.len && len < size - 65; i++) {
        hex[0] = i + 1 < step.len ? (char) step.data[i + 1] : '\0';
        hex[1] = '\0';

        if (step.data[i] == '$'
            && strspn(hex, "0123456789abcdef") == 1)
        {
            memset(out + len, hex[0], 64);
            len += 64;
            i++;
            continue;
        }

        out[len++] = (char) step.data[i];
    }

    return fuzz_span(out, len);
}


static void
file_add(keygate_str_t text, const char *end)
{
    /* a line that was torn before a void has ended there */

    if (voided == AT_END) {
        shadow_end_line();
        voided = INSIDE;
    }

    file_write(path, O_APPEND, text, end);
    shadow_add(text, end);
}


static void
write_long(keygate_str_t text)
{
    size_t         i;
    static char    line[KEYGATE_LINE_MAX + 4096];

    if (text.len == 0 || long_lines++ >= 3) {
        return;
    }

    for (i = 0; i < sizeof(line); i++) {
        line[i] = (char) text.data[i % text.len];
    }

    file_add(fuzz_span(line, sizeof(line)),
             text.data[0] == '~' ? "" : "\n");
    fuzz_saw(TOO_LONG);
}


/* What the file holds is what it must hold. */

static void
shadow_read(void)
{
    model_read(&model, path);
    shadow_len = 0;
    shadow_add(fuzz_span(model.data, model.len), "");
}


static void
do_step(char what, keygate_str_t text)
{
    switch (what) {

    case '+':                            /* a line, by somebody */
        file_add(text, "\n");
        break;

    case '~':                            /* not yet whole */
        file_add(text, "");
        fuzz_saw(TORN);
        break;

    case '=':                            /* a line, by ourselves */
        must(append(text) || hollow);
        break;

    case '?':                            /* the same, but it is refused */
    case '*':                            /* and cannot be taken back */
        append_fails(text, what == '*');
        break;

    case '#':                            /* a line that is too long, whole
                                            unless it begins with '~' */
        write_long(text);
        break;

    case '<':                            /* cut off, which must be noticed */
        if (voided) {
            break;
        }

        file_cut(text);
        shadow_read();
        (void) follow(1);
        look_since();
        fuzz_saw(CUT);
        break;

    case '>':                            /* another file of one line */
        file_write(other, O_TRUNC, text, "\n");
        must(rename(other, path) == 0);
        look_since();
        shadow_read();
        voided = NOTHING;
        fuzz_saw(REPLACED);
        break;

    case '!':                            /* which knows nothing of a void */
        if (!voided) {
            compact();
            look_since();
            shadow_read();
        }

        break;

    case '@':                            /* a worker's successor */
        keygate_journal_destroy(journal);
        journal = new_journal();
        (void) follow(1);
        fuzz_saw(RESTARTED);
        break;

    case '.':
        (void) follow(0);
        break;

    default:
        (void) follow(1 + (unsigned char) what % 4);
    }
}


static void
note(void)
{
    if (model.n) {
        fuzz_saw(conf.hmac ? HMACS : APPLIED);
    }

    if (model.rejected) {
        fuzz_saw(REJECTED);
    }

    if (model.deleted) {
        fuzz_saw(DELETED);
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char           line[4096];
    unsigned       steps;
    keygate_str_t  input, step;

    if (dir[0] == '\0') {
        setup();
    }

    input = fuzz_span(data, size);
    conf.reject = on_reject;
    conf.hmac = size > 0 && data[0] == 'H';
    model.hmac = conf.hmac;
    model.wall = WALL;
    crowded = 0;
    long_lines = 0;
    voided = NOTHING;
    shadow_len = 0;
    memset(&mark, 0, sizeof(mark));

    file_write(path, O_TRUNC, KEYGATE_STR(""), "");
    journal = new_journal();
    table = new_table(0);
    (void) follow(0);

    for (steps = 0; input.len != 0 && steps < STEPS; steps++) {
        step = fuzz_cut(&input, '\n');

        if (step.len != 0) {
            do_step((char) step.data[0], expand(step, line, sizeof(line)));
        }
    }

    (void) follow(0);

    if (hollow) {
        file_add(KEYGATE_STR(""), "\n");
        file_add(KEYGATE_STR("{\"account\":{\"id\":\"last\"}}"), "\n");
        (void) follow(0);
        must(!hollow);
    }

    /* whoever can write next does away with what is void */

    if (voided) {
        must(append(KEYGATE_STR("{\"account\":{\"id\":\"last\"}}")));
    }

    (void) follow(0);
    model_read(&model, path);
    must(keygate_str_eq(fuzz_span(model.data, model.len),
                        fuzz_span(shadow, shadow_len)));

    /* a small table may be full */

    if (!crowded) {
        check_table(table);
        note();

        /* these take their time: not all of them each time */

        if (size & 1) {
            check_fresh();
            check_reads();

        } else {
            compact();
            (void) follow(0);
            model_read(&model, path);
        }
    }

    if (!crowded) {
        check_table(table);
    }

    keygate_journal_destroy(journal);
    model_free(&model);
    model_free(&whole);

    return 0;
}

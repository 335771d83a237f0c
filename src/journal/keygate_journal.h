/*
 * The journal: reading, appending, following, compacting the one file that
 * is the truth.  Nothing else touches it.
 *
 * Writers hold flock(LOCK_EX) from before the first byte until the data is
 * synced (or taken back), readers that follow hold LOCK_SH while they read:
 * so nobody applies a line that is not yet durable.  Where even taking it back
 * fails, the table remembers which bytes of the file are void.
 */

#ifndef KEYGATE_JOURNAL_H
#define KEYGATE_JOURNAL_H

#include <sys/types.h>

#include "keygate_core.h"
#include "keygate_record.h"
#include "keygate_table.h"


typedef struct keygate_journal_s  keygate_journal_t;


/* A line that was skipped, as it is reported. */

typedef void (*keygate_reject_pt)(void *data, uint64_t line,
    const keygate_fault_t *fault);


/* A change by somebody else, when its line is applied.  "known": the table had
 * the record; "read": "before" is what it was, which the caller frees. */

typedef struct {
    keygate_record_t    before;
    unsigned            due:1;       /* it is told of */
    unsigned            known:1;
    unsigned            read:1;
} keygate_told_t;

typedef void (*keygate_told_pt)(void *data, const keygate_told_t *told,
    const keygate_record_t *after);


typedef struct {
    unsigned            hmac:1;      /* digests must be HMACs, or must not */
    unsigned            must_exist:1;    /* begin() creates no file */
    unsigned            last:1;      /* only the last line of each record is
                                        applied, at the first reading, too */
    unsigned            unnamed:1;       /* of this process alone, as "path"
                                            in /proc/self/fd tells it */
    keygate_reject_pt   reject;      /* may be NULL */
    keygate_told_pt     told;        /* may be NULL */
    const char         *by;          /* is told of changes by whom: with what
                                        "changed_by" begins */
    void               *data;
} keygate_journal_conf_t;


/*
 * A handle for "path" (NUL-terminated, copied).  Opens nothing yet.  NULL
 * when out of memory.  A handle is used by one thread at a time.
 */
keygate_journal_t *keygate_journal_create(const char *path,
    const keygate_journal_conf_t *conf);
void keygate_journal_destroy(keygate_journal_t *j);

/* From now on the handle reads for another table, which is kept otherwise. */
void keygate_journal_serve(keygate_journal_t *j,
    const keygate_journal_conf_t *conf);

/*
 * Applies what has come since the table's position, up to "lines" lines (0:
 * all there is).  Under the table's lock.
 *
 * Returns KEYGATE_OK when all was applied; KEYGATE_FULL when all was read,
 * but some lines found no room in the table since it was last said (each of
 * them is counted as rejected and reported); KEYGATE_AGAIN when there is
 * more, or when a writer holds the file (never waits); KEYGATE_NONE when
 * there is no file, and nothing has changed; KEYGATE_NOMEM; KEYGATE_IO with
 * errno.  A last line without LF is left alone.  A file that is another one,
 * has shrunk, or does not hold any more what was applied of it is read from
 * its start, as a sweep; but one without any record, where there were some, is
 * taken for missing: KEYGATE_NONE, and errno is ENODATA.
 */
keygate_rc_t keygate_journal_follow(keygate_journal_t *j, keygate_table_t *t,
    unsigned lines, const keygate_now_t *now);

/*
 * Applies nothing that is new, but what the table wants to see once more (see
 * keygate_table_again_due() and missed_due()), up to "lines" lines (0: all).
 * Results as follow()'s; KEYGATE_OK also when the file is not what was applied
 * of it.
 */
keygate_rc_t keygate_journal_refresh(keygate_journal_t *j,
    keygate_table_t *t, unsigned lines, const keygate_now_t *now);

/* Whether follow() has something to do: the file has changed since the
 * position, a sweep is not over, or a replaced file is still to be let go; or
 * keygate_table_again_due(), or missed_due().
 * From stat(2) alone: cheap enough for a timer. */
int keygate_journal_changed(keygate_journal_t *j,
    const keygate_position_t *position);

/* Whether follow() is to look once more at a file that had only just changed
 * when it was looked at. */
int keygate_journal_unsettled(const keygate_position_t *position,
    const keygate_now_t *now);

/*
 * A write, in steps; each may block, so never in an event loop.
 *
 *   begin    opens the file (creates it, 0600, unless "must_exist"), waits
 *            for the lock, checks that the path still names this file; once
 *            one process has held the lock for keygate_journal_patience(),
 *            errno is EWOULDBLOCK, and keygate_journal_holder() names it
 *   append   writes whole lines in one go, after an LF if the last line was
 *            torn, and syncs them (fdatasync); *at is where the first of
 *            these lines is, *end is after the last.  When anything fails
 *            the file is as before: what was written is cut off again, and
 *            after a failed sync the whole file is written anew (temporary
 *            file, fsync, rename, fsync of the directory), then or by the
 *            next append
 *   end      releases the lock
 *
 * KEYGATE_OK; KEYGATE_FULL for ENOSPC, EDQUOT, EFBIG; KEYGATE_IO with errno;
 * KEYGATE_NOMEM; KEYGATE_NONE from begin when there must be a file and is
 * none; KEYGATE_INVALID for lines that do not end in LF, and for steps out of
 * order.  A process that sets RLIMIT_FSIZE ignores SIGXFSZ.
 */
keygate_rc_t keygate_journal_begin(keygate_journal_t *j);
keygate_rc_t keygate_journal_append(keygate_journal_t *j, keygate_str_t lines,
    uint64_t *at, uint64_t *end);
void keygate_journal_end(keygate_journal_t *j);

/* How long begin() waits for somebody else's lock: ms, 5000 at first. */
void keygate_journal_patience(keygate_journal_t *j, unsigned ms);

/* Whose lock begin() has waited for in vain; 0: that cannot be told. */
pid_t keygate_journal_holder(const keygate_journal_t *j);

/*
 * Between begin and end, after an append that failed: should it have left
 * something in the file, that is void from now on for whoever follows with
 * this table, whose lock the caller holds, until an append of any of them has
 * written the file anew without it.
 */
void keygate_journal_disown(keygate_journal_t *j, keygate_table_t *t,
    const keygate_now_t *now);

/*
 * Between begin and end: applies everything up to "end" (0: up to the end of
 * the file) to the table, whose lock the caller holds.  As follow(), but
 * without bound and never KEYGATE_AGAIN.
 */
keygate_rc_t keygate_journal_catch_up(keygate_journal_t *j,
    keygate_table_t *t, uint64_t end, const keygate_now_t *now);

/*
 * Reads the record of kind and id whose line is said to be at "at".  Where
 * that is no longer so (the file was rewritten), the whole file is searched
 * for its last line.  The record is to be freed.  KEYGATE_OK; KEYGATE_NONE
 * when there is none or it is deleted; KEYGATE_IO, also when there is no file;
 * KEYGATE_NOMEM.  May block.
 */
keygate_rc_t keygate_journal_read(keygate_journal_t *j, keygate_kind_e kind,
    keygate_str_t id, uint64_t at, keygate_record_t *record);

/* The same, and of a store's copy the version of the record, as its marks have
 * it; 0: it has none. */
keygate_rc_t keygate_journal_read_version(keygate_journal_t *j,
    keygate_kind_e kind, keygate_str_t id, uint64_t at,
    keygate_record_t *record, uint64_t *version);

/*
 * Calls "line" for every whole line from the start, valid or not, LF taken
 * off; "at" is where its text begins, behind a byte order mark; "torn" is set
 * for a last one without LF.  Of a line that is too long it gets more than
 * KEYGATE_LINE_MAX bytes, not all.  Stops early when it returns other than
 * KEYGATE_OK, and returns that.  May block, but holds no lock while it reads.
 */
typedef keygate_rc_t (*keygate_line_pt)(void *data, uint64_t number,
    uint64_t at, keygate_str_t line, int torn);
keygate_rc_t keygate_journal_each(keygate_journal_t *j, keygate_line_pt line,
    void *data);

/*
 * Between begin and end, of a copy of a store: its last line, without LF,
 * empty if that is torn or longer than "size"; *end is the file's.  And the
 * whole file anew, in one rename.  KEYGATE_OK; else as append().
 *
 * With "kept" (or NULL) the file as it was stays beside it, as NAME.replaced
 * or NAME.replaced.1 to 9, whichever is not there: "kept" tells its name; or
 * "error", an errno, EEXIST where all of them are there.  Both are empty where
 * the file was not replaced.
 */
typedef struct {
    char  name[256];                 /* in the journal's directory */
    int   error;
} keygate_kept_t;

keygate_rc_t keygate_journal_last(keygate_journal_t *j, unsigned char *buf,
    size_t size, keygate_str_t *line, uint64_t *end);
keygate_rc_t keygate_journal_renew(keygate_journal_t *j, keygate_str_t lines,
    keygate_kept_t *kept);

/* How far somebody has read; all zero: not at all. */

typedef struct {
    uint64_t  dev;
    uint64_t  ino;
    uint64_t  offset;
    uint64_t  line;
} keygate_mark_t;

/*
 * As each(), for the whole lines after the mark, which is moved behind them;
 * a torn last line is left alone.  Between begin and end it reads the file
 * that is locked.  KEYGATE_CONFLICT, and nothing was called, when the mark is
 * one of another file, or of one that was longer: start anew.  The mark is
 * moved also when "line" stops.
 */
keygate_rc_t keygate_journal_since(keygate_journal_t *j,
    keygate_mark_t *mark, keygate_line_pt line, void *data);

/*
 * Calls "line" with the last line of every record that there is, as compact()
 * would keep them and in that order; "number" counts them.  "wall" is Unix
 * time: the secret before a rotation is its key's only while it overlaps.
 */
keygate_rc_t keygate_journal_records(keygate_journal_t *j, int64_t wall,
    keygate_line_pt line, void *data);

typedef struct {
    int64_t             wall;        /* Unix time */
    keygate_reject_pt   bad;         /* told of each line that is none; or
                                        NULL */
    keygate_rc_t      (*lost)(void *data, keygate_str_t text);
    void               *data;
    unsigned            drop:1;      /* lines that are none go, too */

    uint64_t            kept;        /* lines */
    uint64_t            dropped;
    uint64_t            unread;      /* that are none */
} keygate_compact_t;

/*
 * Rewrites the file to one line a record, in the order in which the records
 * first appeared (since they were last deleted), without deleted ones: but one
 * deletion stays where there is nothing else.  A line with the wrong kind of
 * digest counts as another record.  Temporary file beside it with the same
 * owner and mode, fsync, rename, fsync of the directory; all under the lock,
 * which must not be held yet.
 *
 * KEYGATE_CONFLICT, and nothing has changed, when there are lines that are no
 * records and "drop" is not set, and when no line is one.  With "drop" they
 * are given to "lost", in pieces, LF included, and in the end nothing is, to
 * tell whether all has got where it should: before anything changes.
 */
keygate_rc_t keygate_journal_compact(keygate_journal_t *j,
    keygate_compact_t *c);


#endif /* KEYGATE_JOURNAL_H */

/*
 * What the journal's files share: the handle, the line reader, and the
 * replacement of the whole file.
 *
 *   keygate_journal.c          the handle; opening the file
 *   keygate_journal_lock.c     its lock, and who holds it
 *   keygate_file.c             finding and opening files; what is refused
 *   keygate_journal_reader.c   lines out of a descriptor
 *   keygate_journal_line.c     what a line is
 *   keygate_journal_follow.c   lines into the table
 *   keygate_journal_ahead.c    which of them are the last of their records
 *   keygate_journal_again.c    single lines into it, once more
 *   keygate_journal_missed.c   those that had found no room
 *   keygate_journal_tell.c     those that are told of
 *   keygate_journal_position.c  where in which file reading goes on
 *   keygate_position.c         and how far it has come there
 *   keygate_evidence.c         what tells one content of it from another
 *   keygate_journal_verify.c   whether the file is still what was applied
 *   keygate_journal_lookup.c   one record; every line
 *   keygate_journal_records.c  every line since a mark; every record
 *   keygate_journal_write.c    begin, append, end
 *   keygate_journal_replace.c  a new file in place of the old one
 *   keygate_journal_keep.c     and the old one, beside it
 *   keygate_journal_compact.c  one line a record
 *   keygate_journal_index.c    which line is a record's last
 *   keygate_journal_slots.c    the index's memory
 */

#ifndef KEYGATE_JOURNAL_PRIVATE_H
#define KEYGATE_JOURNAL_PRIVATE_H

#include <sys/stat.h>
#include <sys/types.h>

#include "keygate_file.h"
#include "keygate_index.h"
#include "keygate_journal.h"


#define KEYGATE_BLOCK        (256 * 1024)    /* read at a time, at most */
#define KEYGATE_READ_WAIT    200             /* ms for the lock, to read */
#define KEYGATE_WRITE_WAIT   5000            /* and to write */
#define KEYGATE_CHECK_BYTES  4096            /* what one line costs, at most */
#define KEYGATE_GRAIN        3               /* 1/32 s: more than the kernel's,
                                                of a file's times */
#define KEYGATE_BLOCK_SMALL  (160 * 1024)    /* must hold two whole lines */


typedef struct {
    uint64_t       at;           /* of the first byte */
    uint64_t       next;         /* after the LF */
    keygate_str_t  text;         /* no LF; of a line that is too long, more
                                    than KEYGATE_LINE_MAX of its bytes */
    uint64_t       sum;          /* over all bytes before "next" */
    unsigned       bom:2;        /* bytes of a mark before the text */
    unsigned       torn:1;       /* the last one, without LF */
} keygate_line_t;


typedef struct {
    int             fd;          /* not the reader's own */
    uint64_t        limit;       /* nothing is read from here on */
    unsigned        blocks;      /* to skip of a too long line; 0: no bound */
    size_t          block;       /* bytes of "buf" to use */
    unsigned char  *buf;
    uint64_t        at;          /* of buf[0] */
    size_t          pos;         /* in "buf": the next line */
    size_t          len;         /* in "buf": all that was read */

    /* A too long line from "skip_from" on has no LF before "skip_to". */
    uint64_t        skip_from;
    uint64_t        skip_to;
    uint64_t        skip_sum;

    uint64_t        sum;         /* over all bytes before the next line */
} keygate_reader_t;


/* Of lines that are to be applied: where the last one of a record is. */

typedef struct {
    uint64_t               hash;         /* of its kind and id; 0: none */
    uint64_t               at;
} keygate_ahead_slot_t;

typedef struct {
    keygate_ahead_slot_t  *slots;        /* open addressing, half full */
    size_t                 size;         /* a power of two */
    size_t                 used;
    uint64_t               anew;         /* of the position, see there */
    uint64_t               from;
    uint64_t               at;           /* all before it is known */
    uint64_t               to;           /* 0: nothing is asked */
    uint64_t               line;         /* of the position at "from" */
    uint64_t               sum;
    unsigned               skipped:1;    /* a line that was not the last one */
    unsigned               plain:1;      /* all lines are taken, in order */
} keygate_ahead_t;


/* Lines that are looked at once more, since there was no room for them. */

typedef struct {
    keygate_ahead_t  ahead;
    uint64_t         at;         /* the next one */
    uint64_t         line;       /* its number */
    uint64_t         first;      /* that has found no room again, + 1 */
    uint64_t         first_line;
    uint64_t         freed;      /* of the table, when this began */
} keygate_missed_t;


/* What tells one content of a file from another without reading it. */

typedef struct {
    uint64_t        dev;
    uint64_t        ino;
    uint64_t        born;        /* ns; 0 where the file system knows none */
    uint64_t        changed;     /* ns */
    uint64_t        size;
} keygate_evidence_t;


struct keygate_journal_s {
    char                   *path;
    keygate_journal_conf_t  conf;
    pid_t                   pid;        /* whose the descriptors are */
    pid_t                   holder;     /* of the lock; see begin() */
    unsigned                patience;   /* ms */
    int                     rfd;        /* -1: not open */
    int                     wfd;
    int                     old_rfd;    /* see keygate_journal_put_away() */
    int                     old_wfd;
    keygate_file_t          file;       /* where "wfd" was found */
    uint64_t                dropped;    /* of old_rfd, or else of old_wfd */
    keygate_reader_t        reader;     /* of follow */
    keygate_ahead_t         ahead;      /* of the lines that come next */
    keygate_missed_t        missed;
    uint64_t                end;        /* of the file, while locked */
    uint64_t                bad_dev;
    uint64_t                bad_ino;
    uint64_t                void_from;  /* of that file: see the position */
    uint64_t                void_to;

    /* Looking whether what was applied is still there, over several calls. */
    unsigned char          *check_buf;
    uint64_t                check_at;
    uint64_t                check_end;  /* 0: nobody is looking */
    uint64_t                check_sum;
    uint64_t                check_want;
    uint64_t                check_changed;
    uint64_t                check_anew;

    keygate_evidence_t      hollow;     /* a file without a record */
    uint64_t                hollow_since;   /* tick + 1; 0: for certain */
    keygate_evidence_t      before;     /* the last append */
    keygate_evidence_t      after;
    unsigned                locked:1;   /* between begin and end */
    unsigned                torn:1;     /* the last line has no LF */
    unsigned                dir:1;      /* the directory is to be synced */
    unsigned                bad:1;      /* a sync of that file has failed: it
                                           is to be written anew */
    unsigned                full:1;     /* a line found no room in the table */
};


/* A new file beside the journal, to take its place. */

typedef struct {
    int             fd;
    keygate_file_t  file;        /* its directory is the journal's */
} keygate_temp_t;


/* The result code for errno. */
keygate_rc_t keygate_journal_errno(void);

/* Closes what a parent process had opened: a lock goes with the descriptor's
 * open file, which both would share. */
void keygate_journal_forked(keygate_journal_t *j);

/*
 * A file that the path no longer names stays open until the position is one
 * of another file: else its inode could be used again, for a later journal
 * that would then be taken for the one that was read.  To forget it takes
 * several calls if the file is large: the last to close a deleted file frees
 * all that is cached of it, and that may take long.
 */
void keygate_journal_put_away(int *fd, int *old);
void keygate_journal_forget(keygate_journal_t *j);

/* Opens the writer's descriptor, and makes the file unless it must exist:
 * KEYGATE_OK, KEYGATE_NONE, KEYGATE_IO, or KEYGATE_AGAIN at once. */
keygate_rc_t keygate_journal_open(keygate_journal_t *j);

/* Whether the path still names the open file; *st is the open file's. */
keygate_rc_t keygate_journal_same(keygate_journal_t *j, int fd,
    struct stat *st, int *same);

/* 0, or -1 and errno; not for EINTR. */
int keygate_journal_flock(int fd, int operation);

/* The same, waiting: until one process has held the lock for "ms", or many for
 * twice as long; then errno is EWOULDBLOCK and *holder is
 * keygate_journal_locker(). */
int keygate_journal_await(int fd, int operation, unsigned ms, pid_t *holder);

/* Who has the file locked; 0: nobody, or it cannot be told, as in another
 * namespace of processes. */
pid_t keygate_journal_locker(int fd);

/*
 * A descriptor to read from: while a write is begun the writer's, else one
 * under LOCK_SH, or with "wait" without it where that is held for long; else
 * KEYGATE_AGAIN.  To be released.
 */
keygate_rc_t keygate_journal_share(keygate_journal_t *j, int wait, int *fd,
    struct stat *st);
void keygate_journal_release(keygate_journal_t *j);

/* All of "len" bytes: KEYGATE_OK, or KEYGATE_IO and errno. */
keygate_rc_t keygate_journal_read_all(int fd, unsigned char *buf, size_t len,
    uint64_t at);

/* All of "len" bytes, or -1 and errno. */
int keygate_journal_write_all(int fd, const unsigned char *data, size_t len);


keygate_rc_t keygate_reader_init(keygate_reader_t *r);
void keygate_reader_start(keygate_reader_t *r, int fd, uint64_t at,
    uint64_t limit);
void keygate_reader_free(keygate_reader_t *r);

/*
 * The next line.  KEYGATE_OK, KEYGATE_NONE at the end, KEYGATE_AGAIN when
 * more than "blocks" of a too long line were skipped in vain, KEYGATE_IO.
 * The text stays until the next call.
 */
keygate_rc_t keygate_reader_next(keygate_reader_t *r, keygate_line_t *line);

/*
 * A sum over bytes, in any pieces: the sum of the first ones is passed in, 0
 * for none.  It tells edits apart, not attackers.
 */
uint64_t keygate_evidence_sum(uint64_t sum, const unsigned char *data,
    size_t len);

/* Of an open file, or of what the path names (fd -1): -1 and errno. */
int keygate_evidence(const char *path, int fd, keygate_evidence_t *e);

/* In how many ticks a file can change once more without another change time. */
unsigned keygate_evidence_grain(const keygate_evidence_t *e);

/*
 * Looks whether all before the position is what was applied, reading at most
 * "budget" bytes (0: all).  KEYGATE_OK when it is, or nothing tells that the
 * file has changed; KEYGATE_CONFLICT when it is not; KEYGATE_AGAIN.
 */
keygate_rc_t keygate_journal_verify(keygate_journal_t *j, keygate_table_t *t,
    int fd, uint64_t budget, const keygate_now_t *now);

/*
 * Applies once more what the table asks for, up to "lines" lines (0: all),
 * when the file is known to be what was applied.  KEYGATE_OK when there is
 * nothing more to do, and between begin and end, where it is left to who
 * follows; KEYGATE_AGAIN, KEYGATE_NOMEM, KEYGATE_IO.
 */
keygate_rc_t keygate_journal_again(keygate_journal_t *j, keygate_table_t *t,
    int fd, unsigned lines, const keygate_now_t *now);

/*
 * Makes known which of the lines from the position to "end" are the last ones
 * of their records, reading at most "lines" lines (0: all): KEYGATE_OK,
 * KEYGATE_AGAIN, KEYGATE_NOMEM, KEYGATE_IO.  ahead_last() tells it of the line
 * at "at" then, and is 1 where nothing is known.
 */
keygate_rc_t keygate_journal_ahead(keygate_journal_t *j, keygate_table_t *t,
    int fd, uint64_t end, unsigned lines);
int keygate_ahead_last(keygate_ahead_t *a, const keygate_position_t *position,
    const keygate_record_t *record, uint64_t at);

/* Applies lines that found no room, where there is room now, as again(). */
keygate_rc_t keygate_journal_missed(keygate_journal_t *j, keygate_table_t *t,
    int fd, unsigned lines, const keygate_now_t *now);

/* The same for any lines: start() is 0 when out of memory. */
int keygate_ahead_start(keygate_ahead_t *a, const keygate_position_t *position,
    uint64_t from, uint64_t to);
keygate_rc_t keygate_ahead_read(keygate_journal_t *j, keygate_table_t *t,
    keygate_ahead_t *a, int fd, unsigned lines);
void keygate_ahead_end(keygate_ahead_t *a);
void keygate_ahead_free(keygate_ahead_t *a);

/* Goes back to where the lines began that are known, to take all of them one
 * after the other: a digest was another key's, which may only have been so
 * since a line between was passed over. */
keygate_rc_t keygate_journal_plain(keygate_journal_t *j, keygate_table_t *t,
    int fd, const keygate_now_t *now);

/* Begins to read lines; "lines" is how many, 0: all. */
keygate_rc_t keygate_reader_begin(keygate_reader_t *r, int fd, uint64_t at,
    uint64_t end, unsigned lines);

/* Whether a line is nothing that is to be applied: blank, a mark, or void. */
int keygate_line_passed(const keygate_position_t *position,
    const keygate_line_t *line);

/* The sum at the position, if it is known; it is after the load of a table
 * that was not killed in between. */
int keygate_position_sum(const keygate_position_t *position, uint64_t *sum);
void keygate_position_move(keygate_position_t *position, uint64_t offset,
    uint64_t sum);

/* Whether a line starts at "at": *is. */
keygate_rc_t keygate_reader_boundary(int fd, uint64_t at, int *is);

int keygate_line_blank(keygate_str_t text);

/* A mark of a copy tells where in a store's history it is: no record. */
int keygate_line_mark(keygate_str_t text);

/*
 * A position that is of another file, or of what this one was before, is moved
 * to the start of this one; nothing of it is void then.  Where records were
 * applied and this file has none it is taken for one that is missing:
 * KEYGATE_NONE, errno is ENODATA.
 */
keygate_rc_t keygate_journal_position(keygate_journal_t *j,
    keygate_table_t *t, int fd, const keygate_now_t *now);

/* From the start of this file, which may be the one that it was, with another
 * content; what no line of it names is gone in the end. */
keygate_rc_t keygate_journal_anew(keygate_journal_t *j, keygate_table_t *t,
    int fd, const keygate_now_t *now);

/* Parses a line, and looks whether its digests are of the kind that the
 * journal's are.  As keygate_record_scan(). */
keygate_rc_t keygate_journal_parse(keygate_journal_t *j, keygate_str_t text,
    keygate_record_t *record, keygate_fault_t *fault);


/*
 * open     makes the temporary file: owner and mode as the journal's, locked;
 *          removes what killed processes have left
 * commit   syncs it, gives it the journal's name, and makes it the writer's
 *          descriptor
 * drop     removes it; errno stays
 *
 * All while the journal is locked.
 */
keygate_rc_t keygate_replace_open(keygate_journal_t *j, keygate_temp_t *temp);
keygate_rc_t keygate_replace_commit(keygate_journal_t *j, keygate_temp_t *temp);
void keygate_replace_drop(keygate_temp_t *temp);

/* Owner and mode as the journal's, as far as the process may: 0, or -1 and
 * errno. */
int keygate_replace_attributes(keygate_journal_t *j, int fd);

/* Copies the journal's bytes from "at" to "end": 0, or -1 and errno. */
int keygate_journal_copy(keygate_journal_t *j, int to, uint64_t at,
    uint64_t end);

/*
 * Between replace_open() and replace_commit(): the journal as it is, as a file
 * beside it that was not there before; or "kept" says why there is none.
 * unkeep() takes it away again.
 */
void keygate_journal_keep(keygate_journal_t *j, keygate_kept_t *kept);
void keygate_journal_unkeep(keygate_journal_t *j, keygate_kept_t *kept);

/* What a record was, before a line is applied that is to be told of, and then
 * telling of it. */
void keygate_journal_before(keygate_journal_t *j, keygate_table_t *t,
    const keygate_record_t *record, keygate_told_t *told);
void keygate_journal_told(keygate_journal_t *j, keygate_str_t line,
    keygate_told_t *told, int applied);

/* Reads the line at "at" in the reader's file, which must be a record's, in
 * full: KEYGATE_OK, and it is to be freed; KEYGATE_NONE when it is not. */
keygate_rc_t keygate_journal_read_at(keygate_journal_t *j,
    keygate_reader_t *r, uint64_t at, keygate_kind_e kind, keygate_str_t id,
    keygate_record_t *record);

/* Writes the file anew, up to "end", without what is void. */
keygate_rc_t keygate_journal_replace(keygate_journal_t *j);

keygate_rc_t keygate_journal_sync_dir(keygate_journal_t *j);


/*
 * A reader of its own, with a descriptor of its own, for the whole file as
 * far as it is durable; to be given back.  KEYGATE_OK, KEYGATE_NONE when there
 * is no file, KEYGATE_NOMEM, KEYGATE_IO.
 */
keygate_rc_t keygate_journal_reader(keygate_journal_t *j,
    keygate_reader_t *r);
void keygate_journal_reader_done(keygate_reader_t *r);


#endif /* KEYGATE_JOURNAL_PRIVATE_H */

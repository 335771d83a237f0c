/*
 * What keys are used for: lines, books of them, and the files of a day.
 *
 *   {"usage":{"node":"a","key":"ck_live_AB12CD","account":"biz_1",
 *    "api":"shop","hour":"2026-11-28T13:00:00Z","allowed":3,
 *    "refused":{"rate_limited":1},"cost":3}}
 *
 * A line tells all of one node, key and hour (UTC); the last one for these
 * wins.  It is in the file of its day, DIR/usage-YYYY-MM-DD.jsonl.
 */

#ifndef KEYGATE_USAGE_H
#define KEYGATE_USAGE_H

#include "keygate_core.h"
#include "keygate_error.h"
#include "keygate_table_usage.h"


#define KEYGATE_USAGE_LINE  4096         /* bytes: a longer line is none */
#define KEYGATE_USAGE_NODE  255          /* bytes of a node's name */
#define KEYGATE_USAGE_MAX   ((uint64_t) 1 << 53)    /* a number in a line */

/* Refusals that a key can have, by their place. */
#define KEYGATE_REASON(code)  ((unsigned) (code) - KEYGATE_KEY_REVOKED)
#define KEYGATE_REASON_CODE(i)                                               \
    ((keygate_code_e) ((i) + KEYGATE_KEY_REVOKED))


typedef struct {
    keygate_str_t  node;
    keygate_str_t  key;
    keygate_str_t  account;
    keygate_str_t  api;
    int64_t        hour;                 /* Unix time of its beginning */
    uint64_t       allowed;
    uint64_t       cost;
    uint64_t       refused[KEYGATE_REASONS];
} keygate_usage_t;


/* -- keygate_usage_line.c ----------------------------------------------- */

/* Reads a line, without its end, into "u" and its strings into "room" of
 * KEYGATE_USAGE_LINE bytes.  KEYGATE_OK, or KEYGATE_INVALID: it is none. */
keygate_rc_t keygate_usage_parse(keygate_str_t line, char *room,
    keygate_usage_t *u);

/* Appends a line and its end. */
void keygate_usage_print(keygate_buf_t *b, const keygate_usage_t *u);

/* Its refusals as a JSON object: those that there are. */
void keygate_usage_refused(keygate_buf_t *b, const keygate_usage_t *u);

/* Adds "more", which may have taken something away, too. */
void keygate_usage_add(keygate_usage_t *u, const keygate_usage_t *more);


/* -- keygate_usage_book.c ----------------------------------------------- */

/* One entry for a node, a key and an hour. */

typedef struct keygate_entry_s  keygate_entry_t;

typedef struct {
    keygate_entry_t  **slots;
    size_t             size;             /* slots */
    size_t             n;
} keygate_book_t;


/* All zeroes is an empty one. */
void keygate_book_clear(keygate_book_t *book);

/* Makes an entry what "u" is; adds "u" to it.  0 when out of memory. */
int keygate_book_set(keygate_book_t *book, const keygate_usage_t *u);
int keygate_book_add(keygate_book_t *book, const keygate_usage_t *u);

/* The entry of u's node, key and hour into "u": 1, or 0 and none is there. */
int keygate_book_get(const keygate_book_t *book, keygate_usage_t *u);

/* Forgets what is of an earlier hour.  0 when out of memory: all stays. */
int keygate_book_forget(keygate_book_t *book, int64_t hour);

/* One after the other; *i is 0 at first; 0 after the last one. */
int keygate_book_next(const keygate_book_t *book, size_t *i,
    keygate_usage_t *u);

/* All in the order of hour, account, key and node: an array of *n that the
 * caller frees, whose spans are the book's; NULL when out of memory. */
keygate_usage_t *keygate_book_sorted(const keygate_book_t *book, size_t *n);


/* -- keygate_usage_scan.c ----------------------------------------------- */

/* The name of a day's file; a day is Unix time by 86400. */
#define KEYGATE_USAGE_NAME  (sizeof("usage-YYYY-MM-DD.jsonl"))

void keygate_usage_name(int64_t day, char name[KEYGATE_USAGE_NAME]);

/* The day of a file of that name, or -1: it is none. */
int64_t keygate_usage_day(const char *name);

/* Called for each line that is one; 0 ends the reading. */
typedef int (*keygate_usage_pt)(void *data, const keygate_usage_t *u);

/*
 * Reads a file from *offset on, and moves that behind the last line that is
 * whole.  With "has", lines are passed over in which it is not.  What is no
 * line of that day is passed over as well.  KEYGATE_OK; KEYGATE_NOMEM: the
 * caller's function has ended it; KEYGATE_IO and errno.
 */
keygate_rc_t keygate_usage_scan(int fd, int64_t day, uint64_t *offset,
    keygate_str_t has, keygate_usage_pt each, void *data);

/* The same for a day's file in a directory, if there is one: links are
 * followed. */
keygate_rc_t keygate_usage_read(int dir, int64_t day, keygate_str_t has,
    keygate_usage_pt each, void *data);

/* Opens a directory, and takes its lock, alone or with others: waits for it
 * up to "ms".  The directory, to be closed, or -1 and errno: ETIMEDOUT. */
int keygate_usage_open(const char *path, int alone, unsigned ms);


/* -- keygate_usage_write.c ---------------------------------------------- */

/* What one process writes into a directory, one thread at a time. */

typedef struct {
    int64_t         day;
    uint64_t        dev;
    uint64_t        ino;
    uint64_t        offset;              /* read up to here */
    uint64_t        compact;             /* what it was when that was done */
} keygate_usage_file_t;


typedef struct {
    const char           *path;
    keygate_str_t         node;
    keygate_book_t        known;         /* what files say of two hours */
    keygate_book_t        owed;          /* that is in no file yet */
    keygate_usage_file_t  files[2];      /* of these hours: by the day */
    int64_t               hour;          /* the newer of these */
} keygate_usage_writer_t;


/*
 * Writes what is owed, of two hours of which "hour" is the newer, under the
 * lock of "dir": first what others have written is read.  KEYGATE_OK, and
 * nothing is owed; KEYGATE_NOMEM, KEYGATE_IO and errno: what could not be
 * written is owed still.
 */
keygate_rc_t keygate_usage_write(keygate_usage_writer_t *w, int dir,
    int64_t hour);


/* -- keygate_usage_compact.c -------------------------------------------- */

/* Rewrites a day's file to one line for a node, key and hour, under the lock;
 * lines that are none stay.  KEYGATE_OK; KEYGATE_NONE: it is not to be. */
keygate_rc_t keygate_usage_compact(int dir, int64_t day);


#endif /* KEYGATE_USAGE_H */

/*
 * JOURNAL.usage: what each key and each account has used of its days and
 * months, beside the journal, so that a restart does not forget it.  What is
 * put in, and when, is up to keygate_quota.h.
 *
 * JSON Lines, appended and synced in batches under flock(2):
 *
 *   {"usage":{"zone":Z,"key":ID,"by":LIFE,"at":T,"count":N,"ahead":A}}
 *
 * "count" is how many units the meter of that life (of a zone, from its
 * making to its end) had admitted at T, modulo 2^31; "ahead" how many more it
 * may admit by this line.  What is between two counts of one life was used at
 * the later one; the last "ahead" counts as used.  Counts are absolute, so a
 * line that is there twice changes nothing.  The first line of a life begins
 * at "from"; with "new", what was said before is not of this record, or was
 * emptied at "reset".  One that sums up many has "day", units by the age of
 * the 45 minutes that they are in, and "month".  An account has "account" in
 * place of "key", and what is used in a group of routes has "group".
 *
 *   {"usage":{"zone":Z,"by":LIFE,"begun":T}}: this life has read what is above
 *
 * A file may be shared by zones, and by an nginx and its successor.  Whoever
 * rewrites it leaves out what its own memory says, and keeps the rest.
 */

#ifndef KEYGATE_SAVED_H
#define KEYGATE_SAVED_H

#include "keygate_quota.h"
#include "keygate_table.h"


typedef struct keygate_saved_s  keygate_saved_t;


typedef struct {
    uint64_t  lines;                     /* of this zone */
    uint64_t  damaged;                   /* that are none */
    uint64_t  first;                     /* the number of the first of these */
} keygate_saved_stats_t;


/* A handle of the file beside that journal.  NULL: no memory. */
keygate_saved_t *keygate_saved_create(keygate_str_t journal,
    keygate_str_t zone, uint32_t life);
void keygate_saved_destroy(keygate_saved_t *saved);
const char *keygate_saved_path(const keygate_saved_t *saved);

/*
 * Restores what earlier lives have used, into a table whose records are
 * loaded and that nobody uses yet; with "begin" the file says so.  Returns
 * KEYGATE_OK; KEYGATE_NONE, there is no file; KEYGATE_INVALID, there is one in
 * which no line is a line; KEYGATE_IO and errno; KEYGATE_NOMEM.  *begun: it
 * was written that this life has begun.
 */
keygate_rc_t keygate_saved_load(keygate_saved_t *saved,
    keygate_table_t *table, int begin, const keygate_now_t *now,
    keygate_saved_stats_t *stats, int *begun);

/* Adds a line to the batch: KEYGATE_OK; KEYGATE_NONE, whose record is gone;
 * KEYGATE_NOMEM. */
keygate_rc_t keygate_saved_add(keygate_saved_t *saved,
    const keygate_table_t *table, const keygate_quota_t *quota,
    uint64_t said, uint32_t count, uint32_t ceiling,
    const keygate_now_t *now);

/* Appends the batch and syncs it, or forgets it: KEYGATE_OK; KEYGATE_FULL, the
 * disk is; KEYGATE_IO and errno.  A file that is gone is made anew, and
 * *anew is set.  *written: how many bytes. */
keygate_rc_t keygate_saved_write(keygate_saved_t *saved,
    const keygate_now_t *now, int *anew, uint64_t *written);

/*
 * Writes a new file in place of the file: what memory says, and the lines of
 * others.  KEYGATE_OK and its size; KEYGATE_NONE, it is not this life's to
 * rewrite; KEYGATE_AGAIN, somebody else did so meanwhile; as above otherwise.
 */
keygate_rc_t keygate_saved_rewrite(keygate_saved_t *saved,
    const keygate_table_t *table, const keygate_now_t *now, uint64_t *size);

/* At the end of the last process that charged: appends what each meter has
 * admitted, with nothing ahead.  As keygate_saved_write(). */
keygate_rc_t keygate_saved_exact(keygate_saved_t *saved,
    keygate_table_t *table, const keygate_now_t *now);


#endif /* KEYGATE_SAVED_H */

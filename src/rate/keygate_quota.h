/*
 * Days and months that survive a restart: what a meter may admit before a
 * file has to say more.
 *
 * A file says how much of each quota is used, and always a little more than
 * that is true: units are put into it ahead of their use, and a request that
 * finds none left waits until some are.  So whenever the process is killed,
 * the file never says less than what was admitted, and at most what was put
 * in ahead is lost.
 *
 *    meter: "saved"                          slots
 *   +---------+-----------+---+---+-----+   +------+------+-- ... --+
 *   | since   | wanted 14 | R | O | 31  |   | who  | who  |         |
 *   | 256 ms  |           |   |   |     |   +------+------+-- ... --+
 *   +---------+-----------+---+---+-----+    who is to be put in: meter, how
 *     asked for, and by     |   |   |        far ahead, what there is room for
 *     how many units        |   |   +-- the count that the file covers
 *                           |   +-- open: it has been put in, in this life
 *                           +-- restored: an earlier life's lines are there
 *
 * Soon after, what is ahead by more than a step and that nobody wants is given
 * back: requests that waited were refused by another rate.
 *
 *    covered 31 --> count + step     by compare-and-swap
 *    word: tick --> another tick     whoever has seen 31 cannot take any more
 *    a line says count + step        killed before it, the file says 31
 *
 * Here is no file: who is asked for, and what it was told.  Time is in ms
 * since the table's epoch.
 */

#ifndef KEYGATE_QUOTA_H
#define KEYGATE_QUOTA_H

#include "keygate_rate.h"


#define KEYGATE_QUOTA_SLOTS   4096
#define KEYGATE_QUOTA_PIDS    256
#define KEYGATE_QUOTA_LATE    1500       /* ms: after that nobody answers */
#define KEYGATE_QUOTA_WANTED  0x3fffu    /* units that may wait at once */


/* Shared; all members are accessed with atomic operations only. */

typedef struct keygate_quotas_s {
    uint64_t  boot;                      /* random: whose life this is */
    uint64_t  keeper;                    /* the process at the file, and since
                                            when, in s */
    uint64_t  rewriter;                  /* likewise */
    uint64_t  asked;                     /* ms + 1 of the oldest that nobody
                                            has taken; 0: there is none */
    uint32_t  down;                      /* the file cannot be written */
    uint32_t  begun;                     /* it says that this life has begun */
    uint64_t  written;                   /* bytes, since it was rewritten */
    uint64_t  rewritten;                 /* bytes that it had then */
    uint64_t  lines;                     /* that were put in */
    uint64_t  failures;
    uint32_t  crowded;                   /* some process has no room in: */
    uint32_t  pids[KEYGATE_QUOTA_PIDS];  /* who charges meters */
    uint64_t  slots[KEYGATE_QUOTA_SLOTS];
    uint64_t  later[KEYGATE_QUOTA_SLOTS];  /* who may have too much */
} keygate_quotas_t;


/* Who is to be put in. */

typedef struct {
    uint32_t  ref;                       /* of a key, an account, a group */
    unsigned  kind;                      /* keygate_kind_e */
    unsigned  grouped:1;
    uint32_t  step;                      /* units ahead */
    uint32_t  room;                      /* that all its rates have left */
} keygate_quota_t;


/* What was given back. */

typedef struct {
    uint64_t  from;                      /* what "saved" said */
    uint64_t  to;
    uint64_t  word;                      /* the meter's, after that */
} keygate_back_t;


typedef enum {
    KEYGATE_BACK_NONE = 0,               /* there is nothing to give back */
    KEYGATE_BACK_LOWERED,
    KEYGATE_BACK_LATER                   /* somebody wants it, or just took */
} keygate_back_e;


/* How many units of a limit are put in ahead: together with the error that
 * the file makes of when they were used, at most one in a hundred. */
uint32_t keygate_quota_step(uint32_t limit);

/* Whether the file covers "cost" more than "count"; or nobody answers. */
int keygate_quota_covers(const keygate_quotas_t *quotas,
    const keygate_meter_t *meter, uint32_t count, uint32_t cost, uint64_t ms);

/* Units that the file covers, beyond what was admitted. */
uint32_t keygate_quota_ahead(const keygate_meter_t *meter);

/* Asks for "cost" units more, for a request that waits, or for none. */
void keygate_quota_want(keygate_quotas_t *quotas, keygate_meter_t *meter,
    const keygate_quota_t *quota, uint32_t cost, uint64_t ms);

/* Takes the next one that was asked for, or of "later", from *cursor on, which
 * begins as 0: 0 when there is none. */
int keygate_quota_next(uint64_t *slots, uint32_t *cursor,
    keygate_quota_t *quota);

/* Puts one into "later"; 0: there is no room. */
int keygate_quota_later(keygate_quotas_t *quotas,
    const keygate_quota_t *quota);

/* What is to be put in for a meter, whose "saved" is copied out: the count
 * that the file is to cover. */
uint32_t keygate_quota_ceiling(const keygate_meter_t *meter,
    const keygate_quota_t *quota, uint64_t *saved, uint32_t *count);

/* It has been: 1 when somebody has asked for more meanwhile than there is now,
 * for whom it is to be done once more.  What belongs to another holder by now
 * stays. */
int keygate_quota_saved(keygate_meter_t *meter, uint64_t saved,
    uint32_t ceiling);

/* Asks for it once more, with what is wanted by now. */
void keygate_quota_again(keygate_quotas_t *quotas, keygate_meter_t *meter,
    const keygate_quota_t *quota, uint64_t ms);

/* It could not be: whoever wants it asks again. */
void keygate_quota_failed(keygate_meter_t *meter, uint64_t saved);

/* What "saved" says. */
int keygate_quota_open(uint64_t saved);
int keygate_quota_restored(uint64_t saved);
uint32_t keygate_quota_covered(uint64_t saved);

/* What it says of a meter that earlier lives have used up to "count". */
uint64_t keygate_quota_known(uint32_t count);

/* -- keygate_quota_back.c -------------------------------------------------- */

/* Lowers what is covered to "keep" units more than was admitted.  The file
 * must not say so before keygate_quota_past() has returned 1; if it does not
 * within some ticks, keygate_quota_raise() undoes it. */
keygate_back_e keygate_quota_lower(keygate_meter_t *meter, uint32_t keep,
    keygate_back_t *back, const keygate_now_t *now);
int keygate_quota_past(keygate_meter_t *meter, const keygate_back_t *back,
    const keygate_now_t *now);
void keygate_quota_raise(keygate_meter_t *meter, const keygate_back_t *back);

/* Then: what the file is to say; 0: that meter is another holder's, or was
 * emptied. */
int keygate_quota_lowered(const keygate_meter_t *meter,
    const keygate_back_t *back, uint32_t *count, uint32_t *ceiling);

/* Where nobody charges any more: covers what was admitted, and no more; 0 when
 * that is so. */
int keygate_quota_exact(keygate_meter_t *meter, uint64_t *saved,
    uint32_t *count);

/* -- keygate_quota_past.c -------------------------------------------------- */

/* Of a meter that nobody uses yet: units of an earlier life, "day" by the age
 * of the day's bucket that they are in, and so many of this month. */
void keygate_quota_restore(keygate_meter_t *meter,
    const uint32_t day[KEYGATE_BUCKETS], uint32_t month,
    const keygate_now_t *now);

/* What a meter has in its day, by the age of the bucket, and in its month:
 * up to "count", what came later is not told. */
void keygate_quota_tell(const keygate_meter_t *meter, uint32_t count,
    uint32_t day[KEYGATE_BUCKETS], uint32_t *month, const keygate_now_t *now);


#endif /* KEYGATE_QUOTA_H */

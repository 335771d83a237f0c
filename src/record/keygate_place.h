/*
 * A place in the history of an engine that nodes share: which history it is,
 * how many changes of it are known, and what they were.  A position alone
 * proves nothing: an engine that has lost changes counts on from an earlier
 * one, and then two changes have the same number.
 *
 *   chain of a change = SHA-1 of "CHAIN SEQ LINE", in hex; CHAIN is that of
 *   the change before it, or what the epoch began with
 *
 * A node's copy tells in a line of its own, a mark, that all the lines before
 * it lead to this place:
 *
 *   {"at":{"epoch":"5f0c...","seq":4711,"chain":"9f86...","time":"..."}}
 *
 * The lines between two marks are changes that follow one another, so each has
 * a number.  Where the history before is not known, a record's line is
 * followed by its number alone, which is no place:
 *
 *   {"at":{"seq":4711}}
 */

#ifndef KEYGATE_PLACE_H
#define KEYGATE_PLACE_H

#include "keygate_core.h"


#define KEYGATE_EPOCH_MAX  40    /* characters of an epoch: hex digits */
#define KEYGATE_CHAIN_MAX  40    /* characters of a chain: hex digits */
#define KEYGATE_MARK_MAX   256   /* bytes of a mark's line, LF included */


typedef struct {
    char      epoch[KEYGATE_EPOCH_MAX + 1];  /* "": in no history yet */
    char      chain[KEYGATE_CHAIN_MAX + 1];
    uint64_t  seq;
} keygate_place_t;


/* The place after one more change, whose line is given without LF.
 * KEYGATE_OK, or KEYGATE_NOMEM and the place is as it was. */
keygate_rc_t keygate_place_next(keygate_place_t *place, keygate_str_t line);

int keygate_place_eq(const keygate_place_t *a, const keygate_place_t *b);

/* Whether a text is a chain or an epoch: up to 40 hex digits. */
int keygate_place_hex(keygate_str_t text);

/* The line of a mark, LF included: its length. */
size_t keygate_place_line(const keygate_place_t *place, int64_t wall,
    char line[KEYGATE_MARK_MAX]);

/*
 * Reads a mark's line.  KEYGATE_OK; KEYGATE_NONE when it is none;
 * KEYGATE_INVALID when it begins as one and is not.
 */
keygate_rc_t keygate_place_parse(keygate_str_t line, keygate_place_t *place,
    int64_t *wall);

/* The line of a number alone, LF included: its length. */
size_t keygate_place_number(uint64_t seq, char line[KEYGATE_MARK_MAX]);

/* The number in a mark of either kind.  KEYGATE_OK; KEYGATE_NONE when it is no
 * mark. */
keygate_rc_t keygate_place_seq(keygate_str_t line, uint64_t *seq);


#endif /* KEYGATE_PLACE_H */

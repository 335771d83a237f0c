/*
 * What the two readers of records share: one walks a jansson object, the
 * other the text of a plain line; what a member may hold is said once.
 */

#ifndef KEYGATE_RECORD_PRIVATE_H
#define KEYGATE_RECORD_PRIVATE_H

#include "keygate_record.h"


typedef enum {
    KEYGATE_MEMBER_TEXT,           /* a string: set() takes it */
    KEYGATE_MEMBER_TEXT_OR_NULL,
    KEYGATE_MEMBER_LIST,           /* of strings: set() takes each */
    KEYGATE_MEMBER_LIST_OR_NULL,   /* the same, but not empty */
    KEYGATE_MEMBER_PREVIOUS,       /* an object of its own, or null */
    KEYGATE_MEMBER_PROFILE,        /* an object of strings and nulls */
    KEYGATE_MEMBER_RESETS,         /* an object of times, or null */
    KEYGATE_MEMBER_META,           /* an object of short values, or null */
    KEYGATE_MEMBER_DELETED         /* a boolean */
} keygate_shape_e;


typedef struct keygate_member_s  keygate_member_t;

struct keygate_member_s {
    keygate_str_t      name;
    keygate_shape_e    shape;

    /* Takes one string; NULL, or the reason why it may not be there:
     * keygate_reason_nomem when an allocation failed. */
    const char      *(*set)(keygate_record_t *record, keygate_str_t text);
};


extern const char  keygate_reason_nomem[];

/* The member of that name, or NULL when it is unknown. */
const keygate_member_t *keygate_member_find(keygate_kind_e kind,
    keygate_str_t name);
const keygate_member_t *keygate_member_find_previous(keygate_str_t name);

/* Its place among the members of its object, for a mask of what was seen. */
unsigned keygate_member_bit(keygate_kind_e kind,
    const keygate_member_t *member);

/* An empty record, as if all members were absent. */
void keygate_record_init(keygate_record_t *record, keygate_kind_e kind);

/* Room for one more in a list that doubles from 4. */
int keygate_record_grow(void **list, unsigned n, size_t size);

/* After the last member: is everything there that is needed?  KEYGATE_OK or
 * KEYGATE_INVALID. */
keygate_rc_t keygate_record_complete(const keygate_record_t *record,
    keygate_fault_t *fault);

/* Fills in a fault: pointer "/a/b" or "/a"; "" when a is NULL.  Always
 * KEYGATE_INVALID, or KEYGATE_NOMEM for keygate_reason_nomem. */
keygate_rc_t keygate_record_fault(keygate_fault_t *fault, const char *a,
    const char *b, const char *reason);

/* ---- keygate_record_meta.c ---- */

/* Reads "meta" into the record.  As keygate_record_fault(). */
keygate_rc_t keygate_record_meta(keygate_record_t *record, json_t *json,
    keygate_fault_t *fault);

/* ---- keygate_record_reset.c ---- */

/* Reads "resets" into the record.  As keygate_record_fault(). */
keygate_rc_t keygate_record_resets(keygate_record_t *record, json_t *json,
    keygate_fault_t *fault);

/* What is wrong with one member; NULL: nothing. */
const char *keygate_record_meta_fault(const char *name, const json_t *value);


#endif /* KEYGATE_RECORD_PRIVATE_H */

/*
 * Between the files of JOURNAL.usage: keygate_saved.c (the file),
 * keygate_saved_line.c (a line), keygate_saved_load.c and
 * keygate_saved_rewrite.c.
 */

#ifndef KEYGATE_SAVED_PRIVATE_H
#define KEYGATE_SAVED_PRIVATE_H

#include <stdio.h>
#include <sys/stat.h>

#include "keygate_file.h"
#include "keygate_saved.h"


struct keygate_saved_s {
    char            *path;
    char            *zone;
    uint32_t         life;
    int              fd;                 /* -1: not open */
    keygate_file_t   file;
    keygate_buf_t    batch;              /* its memory is malloc()ed */
};


/* What a line says. */

typedef struct {
    char      zone[256];
    char      id[KEYGATE_ID_MAX + 1];    /* empty: a life begins */
    unsigned  kind;                      /* keygate_kind_e */
    unsigned  grouped:1;
    unsigned  fresh:1;                   /* "new" */
    unsigned  has_from:1;
    unsigned  whole:1;                   /* "day" and "month" */
    uint64_t  group;
    uint32_t  life;
    int64_t   at;
    int64_t   reset;                     /* windows were emptied then; 0: no */
    uint32_t  count;
    uint32_t  from;
    uint32_t  ahead;
    uint32_t  month;
    uint32_t  day[KEYGATE_BUCKETS];
} keygate_saved_line_t;


/* Opens what is there, unless it is open, and locks it: KEYGATE_NONE when
 * there is nothing, KEYGATE_IO.  "make": then it is made, and *anew is set. */
keygate_rc_t keygate_saved_lock(keygate_saved_t *saved, int make, int *anew);
void keygate_saved_unlock(keygate_saved_t *saved);
void keygate_saved_close(keygate_saved_t *saved);

/* KEYGATE_FULL or KEYGATE_IO, by errno. */
keygate_rc_t keygate_saved_errno(void);

/* Appends "text" to a locked file and syncs it; a part of it is taken off
 * again. */
keygate_rc_t keygate_saved_append(keygate_saved_t *saved, keygate_str_t text);

/* Appends that this life has begun to a locked file. */
keygate_rc_t keygate_saved_begin(keygate_saved_t *saved,
    const keygate_now_t *now);

/* keygate_saved_line.c: KEYGATE_OK, KEYGATE_INVALID, KEYGATE_NOMEM */
keygate_rc_t keygate_saved_parse(keygate_str_t text,
    keygate_saved_line_t *line);
void keygate_saved_print(keygate_buf_t *out, const keygate_saved_line_t *line);

/* Into a line that begins anew: when its key's windows were emptied. */
void keygate_saved_reset(const keygate_table_t *table,
    keygate_saved_line_t *line);

/* Whose meter that is, into a line; 0 when its record is gone. */
int keygate_saved_name(const keygate_saved_t *saved,
    const keygate_table_t *table, uint32_t ref, unsigned kind,
    unsigned grouped, keygate_saved_line_t *line);

/* Of a group's meter, whose name is in a line: the kind of its holder. */
unsigned keygate_saved_kind(const keygate_table_t *table, uint32_t ref,
    const keygate_saved_line_t *line);


#endif /* KEYGATE_SAVED_PRIVATE_H */

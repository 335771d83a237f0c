/*
 * The Redis protocol: commands to bytes, bytes to replies.  The only file that
 * knows hiredis, whose reader and formatter do the work; no socket is here,
 * and what a reply means is for keygate_link.h to say.
 *
 * What comes from an engine is not trusted: a reply is bounded in bytes,
 * elements and depth, and the first wrong byte is the end of the connection.
 */

#ifndef KEYGATE_RESP_H
#define KEYGATE_RESP_H

#include "keygate_core.h"


#define KEYGATE_REPLY_MAX       (8 * 1024 * 1024)   /* bytes of a reply */
#define KEYGATE_REPLY_ELEMENTS  65536               /* of one array */


typedef enum {
    KEYGATE_REPLY_NIL = 0,
    KEYGATE_REPLY_INTEGER,
    KEYGATE_REPLY_STRING,
    KEYGATE_REPLY_STATUS,
    KEYGATE_REPLY_ERROR,
    KEYGATE_REPLY_ARRAY
} keygate_reply_e;


typedef struct keygate_resp_s  keygate_resp_t;
typedef struct redisReply      keygate_reply_t;


/*
 * A command as it is sent, in malloc()ed memory that the caller frees; NULL
 * when out of memory.
 */
char *keygate_resp_command(unsigned n, const keygate_str_t *args,
    size_t *len);

/* A reader of replies; NULL when out of memory. */
keygate_resp_t *keygate_resp_create(void);
void keygate_resp_destroy(keygate_resp_t *resp);

/*
 * Takes bytes as they come.  KEYGATE_OK; KEYGATE_INVALID when a reply is
 * longer than KEYGATE_REPLY_MAX; KEYGATE_NOMEM.  After anything but OK the
 * reader is of no use any more.
 */
keygate_rc_t keygate_resp_feed(keygate_resp_t *resp,
    const unsigned char *data, size_t len);

/*
 * The next whole reply, which the caller frees.  KEYGATE_OK; KEYGATE_AGAIN
 * when more bytes are needed; KEYGATE_INVALID when these are no reply;
 * KEYGATE_NOMEM.
 */
keygate_rc_t keygate_resp_next(keygate_resp_t *resp,
    keygate_reply_t **reply);
void keygate_reply_free(keygate_reply_t *reply);

/* -- What is in a reply; NULL is taken for a nil --------------------------- */

keygate_reply_e keygate_reply_kind(const keygate_reply_t *reply);

/* Of a string, a status or an error, and empty for all else. */
keygate_str_t keygate_reply_text(const keygate_reply_t *reply);

/* Of an integer, or a string that is one; -1 for all else. */
int64_t keygate_reply_number(const keygate_reply_t *reply);

/* How many elements an array has, and one of them; 0 and NULL for all else. */
size_t keygate_reply_count(const keygate_reply_t *reply);
keygate_reply_t *keygate_reply_at(const keygate_reply_t *reply, size_t i);

/* What an error says, as it may be shown: an engine that does not know a
 * command repeats its arguments, which are left out, and so is the rest of
 * what is too long. */
void keygate_reply_say(const keygate_reply_t *reply, char *to, size_t size);

/* Whether it is an error that begins with this word ("NOSCRIPT"). */
int keygate_reply_failed(const keygate_reply_t *reply, const char *word);


#endif /* KEYGATE_RESP_H */

/*
 * hiredis behind a few functions.  It is linked static and hidden: modules
 * are loaded with all their symbols in sight of one another, and others bring
 * a hiredis of their own whose replies are laid out differently.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <hiredis/hiredis.h>

#include "keygate_resp.h"


struct keygate_resp_s {
    redisReader                *reader;
    redisReplyObjectFunctions   fn;
    redisReplyObjectFunctions  *own;     /* of hiredis */
    size_t                      pending; /* bytes since the last reply */
    unsigned                    wide:1;  /* an array had too many elements */
};


static void *keygate_resp_string(const redisReadTask *task, char *data,
    size_t len);

#if (HIREDIS_MAJOR >= 1)
static void *keygate_resp_array(const redisReadTask *task, size_t elements);
#else
static void *keygate_resp_array(const redisReadTask *task, int elements);
#endif


char *
keygate_resp_command(unsigned n, const keygate_str_t *args, size_t *len)
{
    int           rc;
    char         *text, *own;
    size_t       *lens;
    unsigned      i;
    const char  **texts;

    own = NULL;
    texts = malloc(n * sizeof(char *));
    lens = malloc(n * sizeof(size_t));

    if (texts != NULL && lens != NULL) {

        for (i = 0; i < n; i++) {
            texts[i] = (const char *) args[i].data;
            lens[i] = args[i].len;
        }

        rc = redisFormatCommandArgv(&text, (int) n, texts, lens);

        if (rc > 0) {
            *len = (size_t) rc;
            own = malloc(*len);

            if (own != NULL) {
                memcpy(own, text, *len);
            }

            redisFreeCommand(text);
        }
    }

    free(texts);
    free(lens);

    return own;
}


keygate_resp_t *
keygate_resp_create(void)
{
    keygate_resp_t  *resp;

    resp = calloc(1, sizeof(keygate_resp_t));

    if (resp == NULL) {
        return NULL;
    }

    resp->reader = redisReaderCreate();

    if (resp->reader == NULL) {
        free(resp);
        return NULL;
    }

    resp->own = resp->reader->fn;
    resp->fn = *resp->own;
    resp->fn.createArray = keygate_resp_array;
    resp->fn.createString = keygate_resp_string;
    resp->reader->fn = &resp->fn;
    resp->reader->privdata = resp;

    return resp;
}


/* Both get the reader's own private data, which is this reader. */

static void *
keygate_resp_string(const redisReadTask *task, char *data, size_t len)
{
    keygate_resp_t *resp = task->privdata;

    return resp->own->createString(task, data, len);
}


static void *
#if (HIREDIS_MAJOR >= 1)
keygate_resp_array(const redisReadTask *task, size_t elements)
#else
keygate_resp_array(const redisReadTask *task, int elements)
#endif
{
    keygate_resp_t *resp = task->privdata;

    if (elements > KEYGATE_REPLY_ELEMENTS) {
        resp->wide = 1;
        return NULL;
    }

    return resp->own->createArray(task, elements);
}


void
keygate_resp_destroy(keygate_resp_t *resp)
{
    if (resp == NULL) {
        return;
    }

    redisReaderFree(resp->reader);
    free(resp);
}


keygate_rc_t
keygate_resp_feed(keygate_resp_t *resp, const unsigned char *data, size_t len)
{
    if (len > KEYGATE_REPLY_MAX - resp->pending) {
        return KEYGATE_INVALID;
    }

    resp->pending += len;

    if (redisReaderFeed(resp->reader, (const char *) data, len) != REDIS_OK) {
        return KEYGATE_NOMEM;
    }

    return KEYGATE_OK;
}


keygate_rc_t
keygate_resp_next(keygate_resp_t *resp, keygate_reply_t **reply)
{
    void  *got;

    *reply = NULL;
    got = NULL;

    if (redisReaderGetReply(resp->reader, &got) != REDIS_OK) {
        return (resp->reader->err == REDIS_ERR_OOM && !resp->wide)
               ? KEYGATE_NOMEM : KEYGATE_INVALID;
    }

    if (got == NULL) {
        return KEYGATE_AGAIN;
    }

    resp->pending = resp->reader->len - resp->reader->pos;
    *reply = got;

    return KEYGATE_OK;
}


void
keygate_reply_free(keygate_reply_t *reply)
{
    if (reply != NULL) {
        freeReplyObject(reply);
    }
}


keygate_reply_e
keygate_reply_kind(const keygate_reply_t *reply)
{
    if (reply == NULL) {
        return KEYGATE_REPLY_NIL;
    }

    switch (reply->type) {

    case REDIS_REPLY_STRING:
        return KEYGATE_REPLY_STRING;

    case REDIS_REPLY_STATUS:
        return KEYGATE_REPLY_STATUS;

    case REDIS_REPLY_ERROR:
        return KEYGATE_REPLY_ERROR;

    case REDIS_REPLY_INTEGER:
        return KEYGATE_REPLY_INTEGER;

    case REDIS_REPLY_ARRAY:
        return KEYGATE_REPLY_ARRAY;

    default:
        return KEYGATE_REPLY_NIL;
    }
}


keygate_str_t
keygate_reply_text(const keygate_reply_t *reply)
{
    keygate_str_t  text;

    text = KEYGATE_STR("");

    switch (keygate_reply_kind(reply)) {

    case KEYGATE_REPLY_STRING:
    case KEYGATE_REPLY_STATUS:
    case KEYGATE_REPLY_ERROR:
        text.data = (const unsigned char *) reply->str;
        text.len = reply->len;
        break;

    default:
        break;
    }

    return text;
}


int64_t
keygate_reply_number(const keygate_reply_t *reply)
{
    size_t         i;
    int64_t        n;
    keygate_str_t  text;

    if (keygate_reply_kind(reply) == KEYGATE_REPLY_INTEGER) {
        return reply->integer;
    }

    text = keygate_reply_text(reply);

    if (text.len == 0 || text.len > 18) {
        return -1;
    }

    for (n = 0, i = 0; i < text.len; i++) {

        if (text.data[i] < '0' || text.data[i] > '9') {
            return -1;
        }

        n = n * 10 + (text.data[i] - '0');
    }

    return n;
}


size_t
keygate_reply_count(const keygate_reply_t *reply)
{
    return keygate_reply_kind(reply) == KEYGATE_REPLY_ARRAY
           ? reply->elements : 0;
}


keygate_reply_t *
keygate_reply_at(const keygate_reply_t *reply, size_t i)
{
    return i < keygate_reply_count(reply) ? reply->element[i] : NULL;
}


int
keygate_reply_failed(const keygate_reply_t *reply, const char *word)
{
    size_t         len;
    keygate_str_t  text;

    if (keygate_reply_kind(reply) != KEYGATE_REPLY_ERROR) {
        return 0;
    }

    text = keygate_reply_text(reply);
    len = strlen(word);

    return text.len >= len && memcmp(text.data, word, len) == 0
           && (text.len == len || text.data[len] == ' ');
}


void
keygate_reply_say(const keygate_reply_t *reply, char *to, size_t size)
{
    char           *p;
    keygate_str_t   text;

    text = keygate_reply_text(reply);
    text.len = text.len < size ? text.len : size - 1;

    snprintf(to, size, "%.*s", (int) text.len, (const char *) text.data);

    for (p = to; *p != '\0'; p++) {
        if ((unsigned char) *p < 0x20 || *p == 0x7f) {
            *p = ' ';
        }
    }

    p = strstr(to, ", with args");

    if (p != NULL) {
        *p = '\0';
    }
}

/*
 * An API from the text of its block, as nginx would hand it over: words by
 * spaces, '"' quotes, ';' ends.  For the unit tests and the fuzzers.
 */

#ifndef KEYGATE_API_TEXT_H
#define KEYGATE_API_TEXT_H

#include <stdlib.h>
#include <string.h>

#include "keygate_api.h"


#define API_TEXT_WORDS  80


typedef struct api_text_block_s  api_text_block_t;

struct api_text_block_s {
    api_text_block_t  *next;
    uint64_t           data[];
};


static void *
api_text_alloc(void *pool, size_t size)
{
    api_text_block_t  *b, **list = pool;

    b = calloc(1, sizeof(api_text_block_t) + size);
    if (b == NULL) {
        return NULL;
    }

    b->next = *list;
    *list = b;

    return b->data;
}


static api_text_block_t      *api_text_blocks;
static const keygate_pool_t   api_text_pool = { api_text_alloc,
                                                &api_text_blocks };


__attribute__((unused))
static void
api_text_free(void)
{
    api_text_block_t  *b;

    while (api_text_blocks) {
        b = api_text_blocks;
        api_text_blocks = b->next;
        free(b);
    }
}


/* The words of the directive at *p, which moves behind its ';'. */

static unsigned
api_text_words(const char **p, const char *end, keygate_str_t *words,
    unsigned *line)
{
    char         quote;
    unsigned     n;
    const char  *s;

    for (n = 0, s = *p; s < end && n < API_TEXT_WORDS; /* void */ ) {

        if (*s == '\n') {
            ++*line;
        }

        if (*s == ' ' || *s == '\n') {
            s++;
            continue;
        }

        if (*s == ';') {
            s++;
            break;
        }

        quote = (*s == '"') ? *s++ : '\0';
        words[n].data = (const unsigned char *) s;

        while (s < end && (quote ? *s != quote
                                 : *s != ' ' && *s != ';' && *s != '\n'))
        {
            s++;
        }

        words[n].len = s - (const char *) words[n].data;
        n++;

        if (quote && s < end) {
            s++;
        }
    }

    *p = s;

    return n;
}


/* The compiled API, or NULL with *fault. */

static keygate_api_t *
api_text(const char *text, size_t len, keygate_conf_fault_t *fault)
{
    unsigned        n, line;
    const char     *p, *end;
    keygate_api_t  *api;
    keygate_str_t   words[API_TEXT_WORDS];

    line = 1;
    end = text + len;
    memset(fault, 0, sizeof(keygate_conf_fault_t));

    api = keygate_api_create(KEYGATE_STR("test"), &api_text_pool);
    if (api == NULL) {
        return NULL;
    }

    for (p = text; p < end; /* void */ ) {
        n = api_text_words(&p, end, words, &line);

        if (n && keygate_api_directive(api, words, n, line, fault)
                 != KEYGATE_OK)
        {
            return NULL;
        }
    }

    return (keygate_api_compile(api, fault) == KEYGATE_OK) ? api : NULL;
}


#endif /* KEYGATE_API_TEXT_H */

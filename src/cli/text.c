/*
 * Text that grows, and is cleansed when it is given back.
 */

#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "cli.h"


#define CLI_TEXT_MIN  4096


int
cli_text_add(cli_text_t *t, const void *data, size_t len)
{
    char    *p;
    size_t   size;

    if (len == 0) {
        return 1;
    }

    if (len > t->size - t->len) {
        size = t->size == 0 ? CLI_TEXT_MIN : t->size;

        while (size < t->len + len) {
            size *= 2;
        }

        p = malloc(size);

        if (p == NULL) {
            return 0;
        }

        if (t->len != 0) {
            memcpy(p, t->data, t->len);
            OPENSSL_cleanse(t->data, t->len);
        }

        free(t->data);
        t->data = p;
        t->size = size;
    }

    memcpy(t->data + t->len, data, len);
    t->len += len;

    return 1;
}


int
cli_text_puts(cli_text_t *t, const char *s)
{
    return cli_text_add(t, s, strlen(s));
}


void
cli_text_free(cli_text_t *t)
{
    if (t->data != NULL) {
        OPENSSL_cleanse(t->data, t->len);
    }

    free(t->data);
    memset(t, 0, sizeof(cli_text_t));
}

/*
 * What every target shares: a check that names itself before it aborts, and
 * shapes, the kinds of input that a target tells apart.  The seeds must bring
 * forth each of them; tools/fuzz.pl fails a target that has missed one, for
 * a target that gets nowhere finds nothing.
 */

#ifndef KEYGATE_FUZZ_H
#define KEYGATE_FUZZ_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keygate_core.h"


#define must(condition)                                                       \
    do {                                                                      \
        if (!(condition)) {                                                   \
            fprintf(stderr, "fuzz: not so at %s:%d: %s\n", __FILE__,          \
                    __LINE__, #condition);                                    \
            abort();                                                          \
        }                                                                     \
    } while (0)


int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


/* Their names, by number, and NULL: a target defines it. */

extern const char *const  fuzz_shapes[];

static unsigned char  fuzz_seen[64];


__attribute__((unused))
static void
fuzz_saw(unsigned shape)
{
    fuzz_seen[shape] = 1;
}


__attribute__((unused))
static keygate_str_t
fuzz_span(const void *data, size_t len)
{
    keygate_str_t  s;

    s.data = data;
    s.len = len;

    return s;
}


__attribute__((unused))
static keygate_str_t
fuzz_str(const char *s)
{
    return fuzz_span(s, strlen(s));
}


/*
 * Takes what is before the next "end" off the front of *rest, and "end"
 * itself; all that is left when there is none.
 */

__attribute__((unused))
static keygate_str_t
fuzz_cut(keygate_str_t *rest, char end)
{
    keygate_str_t         part;
    const unsigned char  *p;

    p = rest->len ? memchr(rest->data, end, rest->len) : NULL;

    part = *rest;

    if (p == NULL) {
        rest->len = 0;
        return part;
    }

    part.len = (size_t) (p - part.data);
    rest->data = p + 1;
    rest->len -= part.len + 1;

    return part;
}


static void
fuzz_report(void)
{
    unsigned  i;

    for (i = 0; fuzz_shapes[i] != NULL; i++) {
        fprintf(stderr, "fuzz: %s: %s\n", fuzz_seen[i] ? "saw" : "never saw",
                fuzz_shapes[i]);
    }
}


int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void) argc;
    (void) argv;

    return atexit(fuzz_report);
}


#endif /* KEYGATE_FUZZ_H */

/*
 * Just enough TAP for a unit test: every check is one line that prove reads.
 */

#ifndef KEYGATE_TAP_H
#define KEYGATE_TAP_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>


static int  tap_count, tap_failed;


__attribute__((format(printf, 2, 3), unused))
static int
tap_ok(int pass, const char *fmt, ...)
{
    va_list  args;

    printf("%sok %d - ", pass ? "" : "not ", ++tap_count);
    va_start(args, fmt);
    vprintf(fmt, args);
    va_end(args);
    putchar('\n');

    if (!pass) {
        tap_failed++;
    }

    return pass;
}


/* Ends the test: the plan, and main()'s result. */

__attribute__((unused))
static int
tap_done(void)
{
    printf("1..%d\n", tap_count);
    return tap_failed != 0;
}


#define ok(pass, ...)                                                         \
    do {                                                                      \
        if (!tap_ok((pass), __VA_ARGS__)) {                                   \
            printf("#   failed at %s:%d: %s\n", __FILE__, __LINE__, #pass);   \
        }                                                                     \
    } while (0)


#define is_num(got, want, ...)                                                \
    do {                                                                      \
        long long  tap_g = (long long) (got), tap_w = (long long) (want);     \
                                                                              \
        if (!tap_ok(tap_g == tap_w, __VA_ARGS__)) {                           \
            printf("#   at %s:%d: got %lld, want %lld\n",                     \
                   __FILE__, __LINE__, tap_g, tap_w);                         \
        }                                                                     \
    } while (0)


/* "got" is (pointer, length), "want" a C string. */

#define is_str(got, got_len, want, ...)                                       \
    do {                                                                      \
        const char  *tap_g = (const char *) (got), *tap_w = (want);           \
        size_t       tap_l = (got_len);                                       \
                                                                              \
        if (!tap_ok(tap_l == strlen(tap_w)                                    \
                    && (tap_l == 0 || memcmp(tap_g, tap_w, tap_l) == 0),      \
                    __VA_ARGS__))                                             \
        {                                                                     \
            printf("#   at %s:%d:\n#    got '%.*s'\n#   want '%s'\n",         \
                   __FILE__, __LINE__, (int) tap_l, tap_g, tap_w);            \
        }                                                                     \
    } while (0)


#endif /* KEYGATE_TAP_H */

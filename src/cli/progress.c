/*
 * The bar on stderr, where that is a terminal.
 */

#include <string.h>
#include <time.h>
#include <unistd.h>

#include "table.h"


#define CLI_BAR         30
#define CLI_BAR_EVERY   100              /* ms */


static int64_t cli_ms(void);


static int64_t
cli_ms(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);

    return (int64_t) ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}


void
cli_progress_start(cli_progress_t *p, const cli_t *cli, const char *what,
    uint64_t total)
{
    memset(p, 0, sizeof(cli_progress_t));

    p->what = what;
    p->total = total;
    p->shown = cli_ms();
    p->on = !cli->quiet && isatty(STDERR_FILENO);
}


void
cli_progress(cli_progress_t *p, uint64_t done, uint64_t items)
{
    int64_t   now;
    unsigned  filled, i;

    if (!p->on) {
        return;
    }

    now = cli_ms();

    if (now - p->shown < CLI_BAR_EVERY) {
        return;
    }

    p->shown = now;
    p->drawn = 1;

    fprintf(stderr, "\r%s ", p->what);

    if (p->total != 0) {
        if (done > p->total) {
            done = p->total;
        }

        filled = (unsigned) (done * CLI_BAR / p->total);

        fputc('[', stderr);

        for (i = 0; i < CLI_BAR; i++) {
            fputc(i < filled ? '#' : '.', stderr);
        }

        fprintf(stderr, "] %3u%%  ", (unsigned) (done * 100 / p->total));
    }

    fprintf(stderr, "%llu", (unsigned long long) items);
}


void
cli_progress_end(cli_progress_t *p)
{
    if (p->drawn) {
        fputs("\r\033[K", stderr);
    }
}

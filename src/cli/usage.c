/*
 * usage: the files of a day, of all directories, into a book in which the last
 * line wins; what is in it is added up by the period that is asked for, and
 * printed when that is over.
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "keygate_calendar.h"
#include "keygate_file.h"

#include "usage.h"


typedef struct {
    cli_t            *cli;
    keygate_str_t     key;               /* empty: all */
    keygate_str_t     account;
    int64_t           from;
    int64_t           to;                /* not in it any more */
    keygate_book_t    day;
    keygate_book_t    sums;
    int64_t          *days;              /* for which there are files */
    size_t            n_days;
    cli_usage_out_t   out;
} cli_usage_t;


static int cli_usage_word(const char *option, const char *value,
    const char *const words[3], unsigned *n);
static int cli_usage_time(const char *option, const char *value, int end,
    int64_t *time);
static int cli_usage_asked(cli_t *cli, cli_usage_t *usage);
static int cli_usage_opened(const char *path);
static int cli_usage_days(cli_usage_t *usage, const char *path);
static int cli_usage_order(const void *one, const void *two);
static int cli_usage_line(void *data, const keygate_usage_t *u);
static int64_t cli_usage_period(const cli_usage_t *usage, int64_t hour);
static int cli_usage_read(cli_usage_t *usage, int64_t day);
static int cli_usage_flush(cli_usage_t *usage);
static int cli_usage_all(cli_usage_t *usage);


static int
cli_usage_word(const char *option, const char *value,
    const char *const words[3], unsigned *n)
{
    for (*n = 0; value != NULL && *n < 3; (*n)++) {
        if (strcmp(value, words[*n]) == 0) {
            return CLI_OK;
        }
    }

    return cli_error(CLI_USAGE, "--%s: \"%s\" is none of %s, %s, %s", option,
                     value, words[0], words[1], words[2]);
}


/* A month, a day or a time; where it ends, if that is wanted. */

static int
cli_usage_time(const char *option, const char *value, int end, int64_t *time)
{
    char    text[64];
    size_t  len;

    len = strlen(value);

    (void) snprintf(text, sizeof(text), "%.40s%s", value,
                    len == 7 ? "-01T00:00:00Z"
                    : len == 10 ? "T00:00:00Z" : "");

    if (keygate_time_parse(keygate_span(text), time) != KEYGATE_OK) {
        return cli_error(CLI_USAGE, "--%s: \"%s\" is neither a day such as "
                         "\"2026-11-28\", nor a month such as \"2026-11\", "
                         "nor an RFC 3339 time", option, value);
    }

    if (end && len == 7) {
        *time = keygate_calendar_begin(keygate_calendar_month(*time) + 1);

    } else if (end && len == 10) {
        *time += 86400;
    }

    return CLI_OK;
}


static int
cli_usage_asked(cli_t *cli, cli_usage_t *usage)
{
    int          rc;
    unsigned     n;
    const char  *account;

    static const char *const  units[] = { "hour", "day", "month" };
    static const char *const  formats[] = { "table", "csv", "json" };

    usage->cli = cli;
    usage->from = 0;
    usage->to = INT64_MAX;

    rc = cli_usage_word("by", cli->by ? cli->by : "day", units, &n);
    usage->out.by = (cli_by_e) n;

    if (rc == CLI_OK) {
        rc = cli_usage_word("format", cli->as ? cli->as
                                      : cli->json ? "json" : "table",
                            formats, &n);
        usage->out.as = (cli_as_e) n;
    }

    if (rc == CLI_OK && cli->from != NULL) {
        rc = cli_usage_time("from", cli->from, 0, &usage->from);
    }

    if (rc == CLI_OK && cli->to != NULL) {
        rc = cli_usage_time("to", cli->to, 1, &usage->to);
    }

    account = cli_json_text(cli->request, "account");

    if (rc == CLI_OK && account != NULL && cli->key != NULL) {
        rc = cli_error(CLI_USAGE, "--key or --account, not both");
    }

    usage->key = keygate_span(cli->key ? cli->key : "");
    usage->account = keygate_span(account ? account : "");
    usage->out.account = account != NULL;

    return rc;
}


static int
cli_usage_opened(const char *path)
{
    int  dir;

    dir = open(path, O_RDONLY|O_DIRECTORY|O_CLOEXEC);

    if (dir == -1) {
        (void) cli_error(CLI_IO, "%s: %s", path, strerror(errno));
    }

    return dir;
}


/* Notes the days for which a directory has files. */

static int
cli_usage_days(cli_usage_t *usage, const char *path)
{
    int             fd, rc;
    DIR            *dir;
    int64_t         day, *days;
    struct dirent  *entry;

    fd = cli_usage_opened(path);

    if (fd == -1) {
        return CLI_IO;
    }

    dir = fdopendir(fd);

    if (dir == NULL) {
        (void) close(fd);
        return cli_error_nomem();
    }

    rc = CLI_OK;

    while (rc == CLI_OK && (entry = readdir(dir)) != NULL) {
        day = keygate_usage_day(entry->d_name);

        if (day == -1 || (day + 1) * 86400 <= usage->from
            || day * 86400 >= usage->to)
        {
            continue;
        }

        days = realloc(usage->days, (usage->n_days + 1) * sizeof(int64_t));

        if (days == NULL) {
            rc = cli_error_nomem();

        } else {
            usage->days = days;
            days[usage->n_days++] = day;
        }
    }

    (void) closedir(dir);

    return rc;
}


static int
cli_usage_order(const void *one, const void *two)
{
    const int64_t  *a = one, *b = two;

    return (*a > *b) - (*a < *b);
}


static int
cli_usage_line(void *data, const keygate_usage_t *u)
{
    cli_usage_t  *usage;

    usage = data;

    /* the account is looked at when the last line has won */

    return (usage->key.len && !keygate_str_eq(u->key, usage->key))
           || u->hour < usage->from || u->hour >= usage->to
           || keygate_book_set(&usage->day, u);
}


static int64_t
cli_usage_period(const cli_usage_t *usage, int64_t hour)
{
    switch (usage->out.by) {

    case CLI_BY_HOUR:
        return hour;

    case CLI_BY_DAY:
        return hour - hour % 86400;

    default:
        return keygate_calendar_begin(keygate_calendar_month(hour));
    }
}


static int
cli_usage_read(cli_usage_t *usage, int64_t day)
{
    int              i, dir, saved;
    size_t           at;
    keygate_rc_t     rc;
    keygate_usage_t  u;

    for (i = 0; i < usage->cli->n_args; i++) {
        dir = cli_usage_opened(usage->cli->args[i]);

        if (dir == -1) {
            return CLI_IO;
        }

        rc = keygate_usage_read(dir, day, usage->key, cli_usage_line, usage);
        saved = errno;
        (void) close(dir);

        if (rc == KEYGATE_NOMEM) {
            return cli_error_nomem();
        }

        if (rc != KEYGATE_OK) {
            return cli_error(CLI_IO, "%s: %s", usage->cli->args[i],
                             keygate_file_error(saved));
        }
    }

    at = 0;

    while (keygate_book_next(&usage->day, &at, &u)) {

        if (usage->account.len && !keygate_str_eq(u.account, usage->account)) {
            continue;
        }

        u.hour = cli_usage_period(usage, u.hour);
        u.node = KEYGATE_STR("");
        u.key = usage->out.account ? u.account : u.key;

        if (!keygate_book_add(&usage->sums, &u)) {
            return cli_error_nomem();
        }
    }

    keygate_book_clear(&usage->day);

    return CLI_OK;
}


static int
cli_usage_flush(cli_usage_t *usage)
{
    size_t            i, n;
    keygate_usage_t  *all;

    all = keygate_book_sorted(&usage->sums, &n);

    if (all == NULL) {
        return cli_error_nomem();
    }

    for (i = 0; i < n; i++) {
        cli_usage_row(&usage->out, &all[i]);
    }

    free(all);
    keygate_book_clear(&usage->sums);

    return CLI_OK;
}


static int
cli_usage_all(cli_usage_t *usage)
{
    int      i, rc;
    size_t   d;
    int64_t  day, next;

    rc = CLI_OK;

    for (i = 0; rc == CLI_OK && i < usage->cli->n_args; i++) {
        rc = cli_usage_days(usage, usage->cli->args[i]);
    }

    if (rc != CLI_OK) {
        return rc;
    }

    if (usage->n_days) {
        qsort(usage->days, usage->n_days, sizeof(int64_t), cli_usage_order);
    }

    cli_usage_begin(&usage->out);

    for (d = 0; rc == CLI_OK && d < usage->n_days; d++) {
        day = usage->days[d];
        next = d + 1 < usage->n_days ? usage->days[d + 1] : INT64_MAX / 86400;

        if (next == day) {
            continue;
        }

        rc = cli_usage_read(usage, day);

        if (rc == CLI_OK
            && (d + 1 == usage->n_days
                || cli_usage_period(usage, next * 86400)
                   != cli_usage_period(usage, day * 86400)))
        {
            rc = cli_usage_flush(usage);
        }
    }

    return rc == CLI_OK ? cli_usage_end(&usage->out) : rc;
}


int
cli_usage(cli_t *cli)
{
    int          rc;
    cli_usage_t  usage;

    memset(&usage, 0, sizeof(cli_usage_t));

    rc = cli_usage_asked(cli, &usage);

    if (rc == CLI_OK) {
        rc = cli_usage_all(&usage);
    }

    keygate_book_clear(&usage.day);
    keygate_book_clear(&usage.sums);
    free(usage.days);

    return rc;
}

/*
 * All records of a store, as lines of a journal in the order of their last
 * changes.  What is changed meanwhile is read from the log, so that the view
 * is what was there at one moment.
 */

#define _GNU_SOURCE                      /* memfd_create() */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "remote.h"


#define CLI_AHEAD  16                    /* buckets that are asked at once */


static int cli_view_add(cli_view_t *view, uint64_t version,
    keygate_str_t line);
static int cli_view_scan(cli_t *cli, unsigned bucket, keygate_str_t cursor);
static int cli_view_part(cli_t *cli, cli_view_t *view, char *cursor,
    size_t size);
static int cli_view_bucket(cli_t *cli, cli_view_t *view, unsigned bucket);
static int cli_view_log(cli_t *cli, cli_view_t *view, uint64_t after);
static int cli_view_write(const cli_view_t *view, int fd);
static int cli_view_order(const void *a, const void *b);
static void cli_view_sort(cli_view_t *view);


static int
cli_view_add(cli_view_t *view, uint64_t version, keygate_str_t line)
{
    cli_entry_t  *entries;

    if (view->n == view->size) {
        view->size = view->size ? 2 * view->size : 1024;
        entries = realloc(view->entries, view->size * sizeof(cli_entry_t));

        if (entries == NULL) {
            return cli_error_nomem();
        }

        view->entries = entries;
    }

    view->entries[view->n].version = version;
    view->entries[view->n].at = view->text.len;
    view->entries[view->n].len = line.len;
    view->n++;

    return cli_text_add(&view->text, line.data, line.len)
           && cli_text_add(&view->text, "\n", 1) ? CLI_OK : cli_error_nomem();
}


static int
cli_view_scan(cli_t *cli, unsigned bucket, keygate_str_t cursor)
{
    char           key[CLI_KEY];
    keygate_str_t  args[5];

    args[0] = KEYGATE_STR("HSCAN");
    args[1].len = keygate_store_bucket_key(&cli->remote->name, bucket, key);
    args[1].data = (unsigned char *) key;
    args[2] = cursor;
    args[3] = KEYGATE_STR("COUNT");
    args[4] = KEYGATE_STR("100");

    return keygate_link_send(cli->remote->link, 5, args) == KEYGATE_OK
           ? CLI_OK : cli_remote_failed(cli);
}


/* The answer of a bucket that was asked, and the cursor for the next one. */

static int
cli_view_part(cli_t *cli, cli_view_t *view, char *cursor, size_t size)
{
    int               rc;
    size_t            i;
    uint64_t          version;
    keygate_str_t     line, next;
    keygate_reply_t  *reply, *list;

    rc = cli_remote_take(cli, &reply);

    if (rc != CLI_OK) {
        return rc;
    }

    next = keygate_reply_text(keygate_reply_at(reply, 0));
    list = keygate_reply_at(reply, 1);

    if (next.len == 0 || next.len >= size) {
        rc = cli_error(CLI_IO, "%s: HSCAN has no cursor",
                       cli->remote->shown);

    } else {
        memcpy(cursor, next.data, next.len);
        cursor[next.len] = '\0';
    }

    for (i = 1; i < keygate_reply_count(list) && rc == CLI_OK; i += 2) {

        if (keygate_store_value(keygate_reply_text(keygate_reply_at(list, i)),
                                &version, &line)
            == KEYGATE_OK)
        {
            rc = cli_view_add(view, version, line);
        }
    }

    keygate_reply_free(reply);

    return rc;
}


static int
cli_view_bucket(cli_t *cli, cli_view_t *view, unsigned bucket)
{
    int   rc;
    char  cursor[32];

    strcpy(cursor, "0");

    do {
        rc = cli_view_scan(cli, bucket, keygate_span(cursor));
        rc = rc != CLI_OK ? rc : cli_view_part(cli, view, cursor,
                                               sizeof(cursor));
    } while (rc == CLI_OK && strcmp(cursor, "0") != 0);

    return rc;
}


/* What was changed after this change. */

static int
cli_view_log(cli_t *cli, cli_view_t *view, uint64_t after)
{
    int               rc;
    char              from[32], key[CLI_KEY];
    size_t            i, n;
    uint64_t          version;
    keygate_str_t     args[6], id;
    keygate_reply_t  *reply, *entry;

    args[0] = KEYGATE_STR("XRANGE");
    args[1] = cli_remote_key(cli, "log", key);
    args[3] = KEYGATE_STR("+");
    args[4] = KEYGATE_STR("COUNT");
    args[5] = KEYGATE_STR("100");

    do {
        snprintf(from, sizeof(from), "%llu-0",
                 (unsigned long long) after + 1);
        args[2] = keygate_span(from);

        rc = cli_remote_ask(cli, 6, args, &reply);

        if (rc != CLI_OK) {
            return rc;
        }

        n = keygate_reply_count(reply);

        for (i = 0; i < n && rc == CLI_OK; i++) {
            entry = keygate_reply_at(reply, i);
            id = keygate_reply_text(keygate_reply_at(entry, 0));
            version = strtoull((const char *) id.data, NULL, 10);
            entry = keygate_reply_at(entry, 1);

            if (version != after + 1) {
                rc = cli_error(CLI_CONFLICT, "%s: its log has no change "
                               "%llu; try \"keygate store check\"",
                               cli->remote->shown,
                               (unsigned long long) after + 1);
                break;
            }

            rc = cli_view_add(view, version, keygate_reply_text(
                                                 keygate_reply_at(entry, 3)));
            after = version;
        }

        keygate_reply_free(reply);

    } while (rc == CLI_OK && n != 0);

    cli->remote->place.seq = after;

    return rc;
}


static int
cli_view_order(const void *a, const void *b)
{
    const cli_entry_t  *x = a, *y = b;

    return x->version != y->version ? (x->version > y->version) * 2 - 1
                                    : (x->at > y->at) - (x->at < y->at);
}


/* A scan may tell of a record twice. */

static void
cli_view_sort(cli_view_t *view)
{
    size_t              i, n;
    const cli_entry_t  *a, *b;

    if (view->n == 0) {
        return;
    }

    qsort(view->entries, view->n, sizeof(cli_entry_t), cli_view_order);

    for (n = 1, i = 1; i < view->n; i++) {
        a = &view->entries[n - 1];
        b = &view->entries[i];

        if (a->version == b->version && a->len == b->len
            && memcmp(view->text.data + a->at, view->text.data + b->at,
                      a->len) == 0)
        {
            continue;
        }

        view->entries[n++] = *b;
    }

    view->n = n;
}


int
cli_view_read(cli_t *cli, cli_view_t *view)
{
    int       rc;
    char      cursor[32];
    unsigned  i, k, again[CLI_AHEAD];

    memset(view, 0, sizeof(cli_view_t));

    rc = cli_remote_filled(cli);

    for (i = 0; i < KEYGATE_STORE_BUCKETS && rc == CLI_OK; i += CLI_AHEAD) {

        for (k = 0; k < CLI_AHEAD && rc == CLI_OK; k++) {
            rc = cli_view_scan(cli, i + k, KEYGATE_STR("0"));
        }

        for (k = 0; k < CLI_AHEAD && rc == CLI_OK; k++) {
            rc = cli_view_part(cli, view, cursor, sizeof(cursor));
            again[k] = rc == CLI_OK && strcmp(cursor, "0") != 0;
        }

        for (k = 0; k < CLI_AHEAD && rc == CLI_OK; k++) {
            rc = again[k] ? cli_view_bucket(cli, view, i + k) : CLI_OK;
        }
    }

    rc = rc != CLI_OK ? rc : cli_view_log(cli, view, cli->remote->place.seq);

    if (rc == CLI_OK) {
        cli_view_sort(view);
    }

    return rc;
}


void
cli_view_free(cli_view_t *view)
{
    cli_text_free(&view->text);
    free(view->entries);
    memset(view, 0, sizeof(cli_view_t));
}


static int
cli_view_write(const cli_view_t *view, int fd)
{
    FILE    *f;
    size_t   i;
    int      ok;

    f = fdopen(dup(fd), "wb");

    if (f == NULL) {
        return cli_error(CLI_IO, "%s", strerror(errno));
    }

    for (i = 0; i < view->n; i++) {
        fwrite(view->text.data + view->entries[i].at, 1,
               view->entries[i].len + 1, f);
    }

    ok = !ferror(f);

    return fclose(f) == 0 && ok ? CLI_OK
                                : cli_error(CLI_IO, "%s", strerror(errno));
}


int
cli_view_journal(cli_t *cli)
{
    int          rc, fd;
    char         path[40];
    cli_view_t   view;

    static const keygate_journal_conf_t  conf = { .unnamed = 1 };

    keygate_journal_destroy(cli->journal);
    cli->journal = NULL;

    rc = cli_view_read(cli, &view);

    if (rc == CLI_OK) {
        fd = memfd_create("keygate", MFD_CLOEXEC);
        rc = fd == -1 ? cli_error(CLI_IO, "%s", strerror(errno))
                      : cli_view_write(&view, fd);

        snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);

        if (rc == CLI_OK) {
            cli->journal = keygate_journal_create(path, &conf);
            rc = cli->journal != NULL ? CLI_OK : cli_error_nomem();
        }
    }

    cli_view_free(&view);

    return rc;
}

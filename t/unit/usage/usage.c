/*
 * Usage in memory and in files: nothing is counted twice or lost, whoever
 * else writes, whatever is in the files.
 */

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keygate_usage.h"
#include "tap.h"


#define HOUR  ((int64_t) 1796043600)     /* 2026-11-30T13:00:00Z */
#define DAY   (HOUR / 86400)


static char  dir_path[] = "/tmp/keygate-usage-XXXXXX";
static char  file_path[sizeof(dir_path) + KEYGATE_USAGE_NAME];


static keygate_usage_t
use(const char *node, const char *key, int64_t hour, unsigned n)
{
    keygate_usage_t  u;

    memset(&u, 0, sizeof(u));
    u.node = keygate_span(node);
    u.key = keygate_span(key);
    u.account = KEYGATE_STR("acc_1");
    u.api = KEYGATE_STR("items");
    u.hour = hour;
    u.allowed = n;
    u.cost = 2 * n;
    u.refused[KEYGATE_REASON(KEYGATE_RATE_LIMITED)] = n % 3;

    return u;
}


static uint64_t
allowed(const keygate_book_t *book, const char *node, const char *key,
    int64_t hour)
{
    keygate_usage_t  u;

    u = use(node, key, hour, 0);

    return keygate_book_get(book, &u) ? u.allowed : 0;
}


static void
test_book(void)
{
    char              key[16];
    size_t            i, n;
    unsigned          k;
    uint64_t          sum;
    keygate_book_t    book;
    keygate_usage_t   u, *all;

    memset(&book, 0, sizeof(book));

    for (k = 0; k < 3000; k++) {
        snprintf(key, sizeof(key), "tk_%u", k % 1000);
        u = use(k % 2 ? "a" : "b", key, HOUR + 3600 * (int) (k / 2000), 1);
        (void) keygate_book_add(&book, &u);
    }

    is_num(book.n, 2000, "an entry a node, key and hour");
    is_num(allowed(&book, "a", "tk_1", HOUR), 2, "what is added is added up");
    is_num(allowed(&book, "b", "tk_1", HOUR), 0, "for that node");

    u = use("a", "tk_1", HOUR, 77);
    u.account = KEYGATE_STR("another account");
    (void) keygate_book_set(&book, &u);
    is_num(allowed(&book, "a", "tk_1", HOUR), 77, "what is set is that");
    is_num(book.n, 2000, "in its place");

    all = keygate_book_sorted(&book, &n);

    for (i = 1, sum = 0; i < n; i++) {
        sum += all[i].hour < all[i - 1].hour;
    }

    is_num(n, 2000, "all of them");
    is_num(sum, 0, "in the order of hours");
    free(all);

    (void) keygate_book_forget(&book, HOUR + 3600);
    is_num(book.n, 1000, "those of an hour are forgotten");
    is_num(allowed(&book, "a", "tk_1", HOUR + 3600), 1, "others are found");
    keygate_book_clear(&book);
    is_num(book.n, 0, "and all");
}


/* What the file says of a key, by its last lines. */

static int
gather(void *data, const keygate_usage_t *u)
{
    return keygate_book_set(data, u);
}


static uint64_t
filed(const char *node, const char *key, int64_t hour)
{
    int             dir;
    uint64_t        n;
    keygate_book_t  book;

    memset(&book, 0, sizeof(book));
    dir = keygate_usage_open(dir_path, 0, 1000);
    (void) keygate_usage_read(dir, hour / 86400, KEYGATE_STR(""), gather,
                              &book);
    n = allowed(&book, node, key, hour);
    keygate_book_clear(&book);
    (void) close(dir);

    return n;
}


static keygate_rc_t
put(keygate_usage_writer_t *w, const char *key, int64_t hour, int64_t now,
    unsigned n)
{
    int              dir;
    keygate_rc_t     rc;
    keygate_usage_t  u;

    u = use("a", key, hour, n);
    u.node = w->node;
    (void) keygate_book_add(&w->owed, &u);

    dir = keygate_usage_open(dir_path, 1, 1000);
    rc = keygate_usage_write(w, dir, now);
    (void) close(dir);

    return rc;
}


static void
append(const char *text)
{
    int  fd;

    fd = open(file_path, O_WRONLY|O_APPEND);
    (void) !write(fd, text, strlen(text));
    (void) close(fd);
}


static void
writer(keygate_usage_writer_t *w)
{
    memset(w, 0, sizeof(*w));
    w->path = dir_path;
    w->node = KEYGATE_STR("a");
}


static void
done(keygate_usage_writer_t *w)
{
    keygate_book_clear(&w->known);
    keygate_book_clear(&w->owed);
}


static void
test_files(void)
{
    int                      dir;
    char                     name[KEYGATE_USAGE_NAME];
    unsigned                 i, k, wrong;
    struct stat              st;
    keygate_usage_t          u;
    keygate_usage_writer_t   one, two, *w;

    ok(mkdtemp(dir_path) != NULL, "a directory");

    keygate_usage_name(DAY, name);
    ok(strcmp(name, "usage-2026-11-30.jsonl") == 0, "the name of a file");
    is_num(keygate_usage_day(name), DAY, "and the day of it");
    is_num(keygate_usage_day("usage-2026-02-30.jsonl"), -1, "no such day");
    snprintf(file_path, sizeof(file_path), "%s/%s", dir_path, name);

    writer(&one);
    writer(&two);

    is_num(put(&one, "tk_1", HOUR, HOUR, 3), KEYGATE_OK, "a line");
    is_num(filed("a", "tk_1", HOUR), 3, "is there");
    is_num(put(&two, "tk_1", HOUR, HOUR, 4), KEYGATE_OK, "of another process");
    is_num(filed("a", "tk_1", HOUR), 7, "is added up");
    is_num(put(&one, "tk_1", HOUR, HOUR, 5), KEYGATE_OK, "and again");
    is_num(filed("a", "tk_1", HOUR), 12, "with what the other has written");

    append("{\"usage\":{\"node\":\"a\",\"key\":\"tk_1\",\"acc");
    is_num(put(&two, "tk_2", HOUR, HOUR, 1), KEYGATE_OK, "after a torn line");
    is_num(filed("a", "tk_2", HOUR), 1, "another line is whole");
    is_num(filed("a", "tk_1", HOUR), 12, "and what was there is");
    append("no line\n\n\n");

    for (i = 0, wrong = 0; i < 60; i++) {
        w = i % 2 ? &one : &two;

        for (k = 0; k < 200; k++) {
            snprintf(name, sizeof(name), "tk_%u", k);
            u = use("a", name, HOUR, 1);
            (void) keygate_book_add(&w->owed, &u);
        }

        wrong += put(w, "tk_1", HOUR, HOUR, 0) != KEYGATE_OK;
    }

    is_num(wrong, 0, "many lines");
    is_num(filed("a", "tk_1", HOUR), 72, "none is lost, none is twice");
    (void) stat(file_path, &st);
    ok(st.st_size < 2000000, "%ld bytes: it was made small", (long) st.st_size);

    dir = keygate_usage_open(dir_path, 1, 1000);
    is_num(keygate_usage_compact(dir, DAY), KEYGATE_OK, "as small as it can");
    (void) close(dir);
    (void) stat(file_path, &st);
    ok(st.st_size < 40000 && (st.st_mode & 0777) == 0640,
       "%ld bytes, and its mode", (long) st.st_size);
    is_num(filed("a", "tk_1", HOUR), 72, "that say the same");
    is_num(put(&one, "tk_1", HOUR, HOUR + 3600, 1), KEYGATE_OK,
           "an hour later, of the one before");
    is_num(filed("a", "tk_1", HOUR), 73, "it counts there");
    is_num(put(&one, "tk_1", HOUR + 86400, HOUR + 86400, 9), KEYGATE_OK,
           "a day later");
    is_num(filed("a", "tk_1", HOUR + 86400), 9, "in another file");
    is_num(filed("a", "tk_1", HOUR), 73, "the first one stays");

    done(&two);
    writer(&two);
    is_num(put(&two, "tk_1", HOUR, HOUR, 1), KEYGATE_OK, "a new process");
    is_num(filed("a", "tk_1", HOUR), 74, "goes on where the files end");

    (void) unlink(file_path);
    (void) mkdir(file_path, 0700);
    is_num(put(&one, "tk_1", HOUR, HOUR, 1), KEYGATE_IO, "a directory there");
    is_num(one.owed.n, 1, "and it is owed still");
    (void) rmdir(file_path);
    (void) symlink("/etc/passwd", file_path);
    is_num(put(&one, "tk_1", HOUR, HOUR, 1), KEYGATE_IO, "a link there");
    (void) unlink(file_path);
    is_num(put(&one, "tk_1", HOUR, HOUR, 1), KEYGATE_OK, "nothing there");
    ok(filed("a", "tk_1", HOUR) >= 3, "what was owed is written");

    done(&one);
    done(&two);
}


static void
clean(void)
{
    (void) unlink(file_path);
    keygate_usage_name(DAY + 1, file_path + strlen(dir_path) + 1);
    (void) unlink(file_path);
    (void) rmdir(dir_path);
}


int
main(void)
{
    test_book();
    test_files();
    clean();

    return tap_done();
}

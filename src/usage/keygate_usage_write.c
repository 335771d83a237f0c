/*
 * Writing usage: what is owed is added to what the files say, which is read
 * first, as far as others have written; so any number of processes may write
 * for one node.  A file that could not be written whole becomes what it was.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keygate_file.h"
#include "keygate_usage.h"


#define KEYGATE_WRITE_MODE   0640
#define KEYGATE_WRITE_GROWN  1048576     /* bytes, and twice what is needed */


typedef struct {
    keygate_usage_writer_t  *w;
    int64_t                  since;
} keygate_heard_t;


static int keygate_write_turn(keygate_usage_writer_t *w, int dir,
    int64_t hour);
static keygate_usage_file_t *keygate_write_file(keygate_usage_writer_t *w,
    int64_t day);
static int keygate_write_heard(void *data, const keygate_usage_t *u);
static keygate_rc_t keygate_write_day(keygate_usage_writer_t *w, int dir,
    int64_t day);
static keygate_rc_t keygate_write_read(keygate_usage_writer_t *w, int fd,
    keygate_usage_file_t *file, uint64_t *size);
static int keygate_write_lines(keygate_usage_writer_t *w, int64_t day,
    keygate_buf_t *b);
static keygate_rc_t keygate_write_append(int fd, uint64_t size,
    const keygate_buf_t *b, keygate_usage_file_t *file);
static void keygate_write_done(keygate_usage_writer_t *w, int64_t day);


keygate_rc_t
keygate_usage_write(keygate_usage_writer_t *w, int dir, int64_t hour)
{
    int64_t       day;
    keygate_rc_t  rc;

    if (w->hour != hour && !keygate_write_turn(w, dir, hour)) {
        return KEYGATE_NOMEM;
    }

    for (day = (hour - 3600) / 86400;
         w->owed.n && day <= hour / 86400;
         day++)
    {
        rc = keygate_write_day(w, dir, day);

        if (rc != KEYGATE_OK) {
            return rc;
        }

        /* rather lost than counted twice */

        if (!keygate_book_forget(&w->owed, (day + 1) * 86400)) {
            keygate_book_clear(&w->owed);
        }
    }

    keygate_book_clear(&w->owed);

    return KEYGATE_OK;
}


/* Another hour: a file of a day that is over is made small. */

static int
keygate_write_turn(keygate_usage_writer_t *w, int dir, int64_t hour)
{
    unsigned  i;

    if (!keygate_book_forget(&w->known, hour - 3600)) {
        return 0;
    }

    for (i = 0; i < 2; i++) {
        if (w->files[i].ino && w->files[i].day < (hour - 3600) / 86400) {
            (void) keygate_usage_compact(dir, w->files[i].day);
        }

        if (hour < w->hour || w->files[i].day < (hour - 3600) / 86400) {
            memset(&w->files[i], 0, sizeof(keygate_usage_file_t));
        }
    }

    w->hour = hour;

    return 1;
}


static keygate_usage_file_t *
keygate_write_file(keygate_usage_writer_t *w, int64_t day)
{
    keygate_usage_file_t  *file;

    file = &w->files[day & 1];

    if (file->day != day) {
        memset(file, 0, sizeof(keygate_usage_file_t));
        file->day = day;
    }

    return file;
}


static int
keygate_write_heard(void *data, const keygate_usage_t *u)
{
    keygate_heard_t *heard = data;

    return u->hour < heard->since || !keygate_str_eq(u->node, heard->w->node)
           || keygate_book_set(&heard->w->known, u);
}


static keygate_rc_t
keygate_write_day(keygate_usage_writer_t *w, int dir, int64_t day)
{
    int                    fd, saved, made;
    char                   name[KEYGATE_USAGE_NAME];
    uint64_t               size;
    keygate_rc_t           rc;
    keygate_buf_t          b;
    keygate_file_t         at;
    keygate_usage_file_t  *file;

    memset(&b, 0, sizeof(keygate_buf_t));

    if (!keygate_write_lines(w, day, &b)) {
        return KEYGATE_OK;
    }

    keygate_usage_name(day, name);
    at.dir = dir;
    at.name = name;
    file = keygate_write_file(w, day);

    fd = keygate_file_open(&at, O_RDWR|O_APPEND);
    made = fd == -1 && errno == ENOENT;

    if (made) {
        fd = keygate_file_make(&at, O_RDWR|O_APPEND, KEYGATE_WRITE_MODE);
    }

    if (fd == -1) {
        return KEYGATE_IO;
    }

    rc = keygate_write_read(w, fd, file, &size);

    /* what is known now counts */

    if (rc == KEYGATE_OK) {
        (void) keygate_write_lines(w, day, &b);
        b.size = b.len;
        b.len = 0;
        b.data = malloc(b.size);
        rc = b.data == NULL ? KEYGATE_NOMEM : KEYGATE_OK;
    }

    if (rc == KEYGATE_OK) {
        (void) keygate_write_lines(w, day, &b);
        rc = keygate_write_append(fd, size, &b, file);
    }

    if (rc == KEYGATE_OK && made) {
        (void) keygate_file_sync(&at);
    }

    saved = errno;
    free(b.data);
    (void) close(fd);
    errno = saved;

    if (rc != KEYGATE_OK) {
        return rc;
    }

    keygate_write_done(w, day);

    if (file->offset > KEYGATE_WRITE_GROWN
        && file->offset > file->compact * 2 + KEYGATE_WRITE_GROWN
        && keygate_usage_compact(dir, day) == KEYGATE_OK)
    {
        file->ino = 0;
    }

    return KEYGATE_OK;
}


/* What others have written since; all of it, where the file is another one. */

static keygate_rc_t
keygate_write_read(keygate_usage_writer_t *w, int fd,
    keygate_usage_file_t *file, uint64_t *size)
{
    int              again;
    struct stat      st;
    keygate_rc_t     rc;
    keygate_heard_t  heard;

    if (fstat(fd, &st) == -1) {
        return KEYGATE_IO;
    }

    again = (uint64_t) st.st_ino != file->ino
            || (uint64_t) st.st_dev != file->dev
            || (uint64_t) st.st_size < file->offset;

    if (again) {
        file->dev = (uint64_t) st.st_dev;
        file->ino = (uint64_t) st.st_ino;
        file->offset = 0;
        file->compact = 0;
    }

    heard.w = w;
    heard.since = w->hour - 3600;

    rc = keygate_usage_scan(fd, file->day, &file->offset, KEYGATE_STR(""),
                            keygate_write_heard, &heard);

    if (again && rc == KEYGATE_OK) {
        file->compact = file->offset;
    }

    *size = (uint64_t) st.st_size;

    return rc;
}


/* A line for each that is owed of that day, with what is known: how many. */

static int
keygate_write_lines(keygate_usage_writer_t *w, int64_t day, keygate_buf_t *b)
{
    int              n;
    size_t           i;
    keygate_usage_t  u, sum;

    n = 0;
    i = 0;
    b->len = 0;

    /* in place of the rest of a line that was cut off */

    keygate_buf_puts(b, "\n");

    while (keygate_book_next(&w->owed, &i, &u)) {

        if (u.hour / 86400 != day || u.hour < w->hour - 3600) {
            continue;
        }

        sum = u;

        if (keygate_book_get(&w->known, &sum)) {
            sum.account = u.account;
            sum.api = u.api;
            keygate_usage_add(&sum, &u);
        }

        keygate_usage_print(b, &sum);
        n++;
    }

    return n;
}


static keygate_rc_t
keygate_write_append(int fd, uint64_t size, const keygate_buf_t *b,
    keygate_usage_file_t *file)
{
    int             saved;
    size_t          done;
    ssize_t         n;
    unsigned char  *p;

    /* the first byte ends a line that was cut off */

    done = size == file->offset ? 1 : 0;
    p = b->data;

    while (done < b->len) {
        n = write(fd, p + done, b->len - done);

        if (n == -1 && errno == EINTR) {
            continue;
        }

        if (n <= 0) {
            break;
        }

        done += (size_t) n;
    }

    if (done == b->len && fdatasync(fd) == 0) {
        file->offset = size + b->len - (size == file->offset ? 1 : 0);
        return KEYGATE_OK;
    }

    saved = errno;

    /* where it cannot be taken back it may count already */

    n = ftruncate(fd, (off_t) size);
    errno = saved;

    return n == 0 ? KEYGATE_IO : KEYGATE_OK;
}


/* What was owed of that day is known now. */

static void
keygate_write_done(keygate_usage_writer_t *w, int64_t day)
{
    size_t           i;
    keygate_usage_t  u;

    i = 0;

    while (keygate_book_next(&w->owed, &i, &u)) {

        if (u.hour / 86400 == day && !keygate_book_add(&w->known, &u)) {
            /* read all of it again */
            memset(w->files, 0, sizeof(w->files));
        }
    }
}

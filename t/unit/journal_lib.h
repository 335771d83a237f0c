/*
 * What the journal's tests share: a directory of their own, files, lines, a
 * table, and system calls that fail on demand.
 *
 * The calls are replaced by defining them: the program's own come before the
 * C library's.
 */

#ifndef KEYGATE_JOURNAL_LIB_H
#define KEYGATE_JOURNAL_LIB_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "keygate_journal.h"
#include "tap.h"


#define TABLE_SIZE  (4 * 1024 * 1024)


enum {
    F_NONE,
    F_WRITE,          /* fails */
    F_SHORT,          /* writes half, and fails the next time */
    F_SYNC,           /* fdatasync, fsync */
    F_TRUNCATE,
    F_RENAME,
    F_CHMOD,
    F_PREAD,
    F_KINDS
};


static char           dir[] = "/tmp/keygate-journal-XXXXXX";
static char           path[64];
static keygate_now_t  now;

static struct {
    int  kind;
    int  at;          /* the call that fails, from 1; 0: none */
    int  count;
    int  error;
    int  lasting;     /* and all that follow */
    int  also;        /* another kind, of which all fail */
    int  half;        /* a short write has been made */
    int  kill;        /* in 1000 writes, so many are half and the last */
} fault_plan;


static int
fault_now(int kind)
{
    if (fault_plan.also == kind) {
        errno = fault_plan.error;
        return 1;
    }

    if (fault_plan.kind != kind || fault_plan.at == 0) {
        return 0;
    }

    fault_plan.count++;

    if (fault_plan.count == fault_plan.at
        || (fault_plan.lasting && fault_plan.count > fault_plan.at))
    {
        errno = fault_plan.error;
        return 1;
    }

    return 0;
}


ssize_t
write(int fd, const void *data, size_t len)
{
    if (fault_plan.kill && rand() % 1000 < fault_plan.kill) {
        syscall(SYS_write, fd, data, (size_t) rand() % (len + 1));
        kill(getpid(), 9);
    }

    if (fault_plan.half) {
        fault_plan.half = 0;
        errno = fault_plan.error;
        return -1;
    }

    if (fault_now(F_WRITE)) {
        return -1;
    }

    if (fault_now(F_SHORT)) {
        fault_plan.half = 1;
        len = len / 2 + 1;
    }

    return syscall(SYS_write, fd, data, len);
}


ssize_t
writev(int fd, const struct iovec *iov, int n)
{
    ssize_t  rc, sum;

    for (sum = 0; n > 0; n--, iov++) {
        rc = write(fd, iov->iov_base, iov->iov_len);

        if (rc == -1) {
            return sum > 0 ? sum : -1;
        }

        sum += rc;

        if ((size_t) rc < iov->iov_len) {
            break;
        }
    }

    return sum;
}


int
fdatasync(int fd)
{
    return fault_now(F_SYNC) ? -1 : (int) syscall(SYS_fdatasync, fd);
}


int
fsync(int fd)
{
    return fault_now(F_SYNC) ? -1 : (int) syscall(SYS_fsync, fd);
}


int
ftruncate(int fd, off_t size)
{
    return fault_now(F_TRUNCATE) ? -1
                                 : (int) syscall(SYS_ftruncate, fd, size);
}


int
rename(const char *from, const char *to)
{
    return fault_now(F_RENAME)
           ? -1
           : (int) syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
}


int
renameat(int from_dir, const char *from, int to_dir, const char *to)
{
    return fault_now(F_RENAME)
           ? -1
           : (int) syscall(SYS_renameat2, from_dir, from, to_dir, to, 0);
}


int
fchmod(int fd, mode_t mode)
{
    return fault_now(F_CHMOD) ? -1 : (int) syscall(SYS_fchmod, fd, mode);
}


ssize_t
pread(int fd, void *buf, size_t len, off_t at)
{
    return fault_now(F_PREAD) ? -1
                              : syscall(SYS_pread64, fd, buf, len, at);
}


__attribute__((unused))
static void
fault_set(int kind, int at, int error, int lasting)
{
    memset(&fault_plan, 0, sizeof(fault_plan));

    fault_plan.kind = kind;
    fault_plan.at = at;
    fault_plan.error = error;
    fault_plan.lasting = lasting;
}


__attribute__((unused))
static void
fault_clear(void)
{
    memset(&fault_plan, 0, sizeof(fault_plan));
}


/* -- Files -------------------------------------------------------------- */

static void
setup(void)
{
    if (mkdtemp(dir) == NULL) {
        printf("Bail out! no temporary directory\n");
        exit(2);
    }

    snprintf(path, sizeof(path), "%s/keys.jsonl", dir);
    now = keygate_rate_now(1000000, 1800000000);
}


/* How many files there are; with "remove", there were. */

static int
files(int remove)
{
    int             n;
    DIR            *d;
    struct dirent  *e;

    n = 0;
    d = opendir(dir);

    while ((e = readdir(d)) != NULL) {
        if (e->d_name[0] != '.') {
            n++;

            if (remove) {
                unlinkat(dirfd(d), e->d_name, 0);
            }
        }
    }

    closedir(d);

    return n;
}


__attribute__((unused))
static int
teardown(void)
{
    files(1);
    rmdir(dir);

    return tap_done();
}


static void
put(const char *name, const char *mode, const char *data, size_t len)
{
    FILE  *f;

    f = fopen(name, mode);

    if (f == NULL || fwrite(data, 1, len, f) != len || fclose(f) != 0) {
        printf("Bail out! cannot write %s\n", name);
        exit(2);
    }
}


__attribute__((unused))
static void
puts_file(const char *data)
{
    put(path, "w", data, strlen(data));
}


__attribute__((unused))
static void
adds_file(const char *data)
{
    put(path, "a", data, strlen(data));
}


/* All of the file, NUL-terminated, to be freed; NULL: no file. */

__attribute__((unused))
static char *
get(size_t *len)
{
    int          fd;
    char        *data;
    struct stat  st;

    fd = open(path, O_RDONLY);

    if (fd == -1 || fstat(fd, &st) == -1) {
        return NULL;
    }

    data = malloc((size_t) st.st_size + 1);

    if (read(fd, data, (size_t) st.st_size) != st.st_size) {
        abort();
    }

    close(fd);
    data[st.st_size] = '\0';
    *len = (size_t) st.st_size;

    return data;
}


/* -- Lines -------------------------------------------------------------- */

/* A key's line; "version" is its expiry, "digest" a number for its digest. */

static const char *
key_line(const char *id, unsigned version, unsigned digest)
{
    static char      lines[8][512];
    static unsigned  turn;
    char             time[21];

    keygate_time_format(version, time);

    turn = (turn + 1) % 8;
    snprintf(lines[turn], sizeof(lines[0]),
             "{\"key\":{\"id\":\"%s\",\"account\":\"a1\",\"digest\":"
             "\"sha256:%064x\",\"scopes\":[\"r\"],\"expires_at\":\"%s\"}}\n",
             id, digest, time);

    return lines[turn];
}


__attribute__((unused))
static const char *
delete_line(const char *id)
{
    static char  line[128];

    snprintf(line, sizeof(line), "{\"key\":{\"id\":\"%s\",\"deleted\":true}}\n",
             id);

    return line;
}


__attribute__((unused))
static keygate_str_t
str(const char *s)
{
    keygate_str_t  v;

    v.data = (const unsigned char *) s;
    v.len = strlen(s);

    return v;
}


/* -- Journal and table -------------------------------------------------- */

static struct {
    unsigned         n;
    uint64_t         line;
    char             pointer[KEYGATE_NAME_MAX + 1];
    const char      *reason;
} rejected;


static void
on_reject(void *data, uint64_t line, const keygate_fault_t *fault)
{
    (void) data;

    rejected.n++;
    rejected.line = line;
    memcpy(rejected.pointer, fault->pointer, sizeof(rejected.pointer));
    rejected.reason = fault->reason;
}


__attribute__((unused))
static keygate_journal_t *
journal(void)
{
    keygate_journal_conf_t  conf;

    memset(&conf, 0, sizeof(conf));
    memset(&rejected, 0, sizeof(rejected));
    conf.reject = on_reject;

    return keygate_journal_create(path, &conf);
}


__attribute__((unused))
static keygate_table_t *
table(void)
{
    keygate_table_t            *t;
    static const unsigned char  seed[16] = { 1, 2, 3 };

    t = keygate_table_init(calloc(1, TABLE_SIZE), TABLE_SIZE, seed);

    if (t == NULL) {
        printf("Bail out! no table\n");
        exit(2);
    }

    return t;
}


/* The version of a key in the table, or -1. */

__attribute__((unused))
static long long
version(const keygate_table_t *t, const char *id)
{
    keygate_key_t  key;

    return keygate_table_find_id(t, str(id), &key) == KEYGATE_OK
           ? (long long) key.expires_at : -1;
}


__attribute__((unused))
static unsigned
keys(const keygate_table_t *t)
{
    keygate_table_stats_t  stats;

    keygate_table_stats(t, &stats);

    return (unsigned) stats.keys;
}


/* Without a word about lines that are no records. */

__attribute__((unused))
static keygate_rc_t
compact(keygate_journal_t *j, uint64_t *kept, uint64_t *dropped)
{
    keygate_rc_t       rc;
    keygate_compact_t  c;

    memset(&c, 0, sizeof(c));

    c.wall = now.wall;
    c.drop = 1;

    rc = keygate_journal_compact(j, &c);

    *kept = c.kept;
    *dropped = c.dropped;

    return rc;
}


__attribute__((unused))
static keygate_rc_t
append(keygate_journal_t *j, const char *lines)
{
    uint64_t      at, end;
    keygate_rc_t  rc;

    rc = keygate_journal_begin(j);

    if (rc == KEYGATE_OK) {
        rc = keygate_journal_append(j, str(lines), &at, &end);
        keygate_journal_end(j);
    }

    return rc;
}


#endif /* KEYGATE_JOURNAL_LIB_H */

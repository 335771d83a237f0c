/*
 * Writing the journal: appends, every system call failing at every call of
 * it, and compaction.
 */

#include "journal_lib.h"


static void
test_append(void)
{
    char                   *file;
    size_t                  len;
    uint64_t                at, end;
    keygate_table_t        *t;
    keygate_journal_t      *j, *other;
    keygate_journal_conf_t  conf;

    files(1);
    t = table();
    j = journal();
    other = journal();

    is_num(keygate_journal_append(j, str("x\n"), &at, &end), KEYGATE_INVALID,
           "no append without begin");
    is_num(keygate_journal_catch_up(j, t, 0, &now), KEYGATE_INVALID,
           "nor catching up");
    is_num(keygate_journal_begin(j), KEYGATE_OK, "begin creates the file");
    is_num(keygate_journal_begin(j), KEYGATE_INVALID, "but once");
    is_num(keygate_journal_append(j, str("x"), &at, &end), KEYGATE_INVALID,
           "only whole lines");
    is_num(keygate_journal_append(j, str(""), &at, &end), KEYGATE_INVALID,
           "and not none");
    is_num(keygate_journal_append(j, str(key_line("k1", 1, 1)), &at, &end),
           KEYGATE_OK, "append");
    is_num(at, 0, "at the start");
    is_num(end, strlen(key_line("k1", 1, 1)), "to the end");
    is_num(keygate_journal_append(j, str(key_line("k2", 2, 2)), &at, &end),
           KEYGATE_OK, "append again");
    is_num(keygate_journal_catch_up(j, t, at, &now), KEYGATE_OK,
           "catch up with the first");
    is_num(keys(t), 1, "one key");
    is_num(keygate_journal_catch_up(j, t, end, &now), KEYGATE_OK,
           "and the second");
    is_num(keys(t), 2, "two keys");
    keygate_journal_end(j);

    is_num(append(other, key_line("k3", 3, 3)), KEYGATE_OK, "another writes");
    is_num(append(j, key_line("k4", 4, 4)), KEYGATE_OK, "and this one");
    is_num(keygate_journal_follow(j, t, 0, &now), KEYGATE_OK, "all is read");
    is_num(keys(t), 4, "four keys");

    file = get(&len);
    is_num(keygate_table_position(t)->offset, len, "up to the end");
    free(file);

    /* the file is replaced while a handle has the old one open */

    is_num(compact(other, &at, &end), KEYGATE_OK,
           "compact");
    is_num(append(j, key_line("k5", 5, 5)), KEYGATE_OK, "then append");
    keygate_journal_follow(other, t, 0, &now);
    is_num(version(t, "k5"), 5, "to the new file");

    unlink(path);
    is_num(append(j, key_line("k6", 6, 6)), KEYGATE_OK, "no file: a new one");
    keygate_journal_follow(other, t, 0, &now);
    is_num(keys(t), 1, "and nothing else is in it");

    keygate_journal_destroy(j);
    keygate_journal_destroy(other);

    unlink(path);
    memset(&conf, 0, sizeof(conf));
    conf.must_exist = 1;
    j = keygate_journal_create(path, &conf);
    is_num(keygate_journal_begin(j), KEYGATE_NONE, "must_exist");
    is_num(compact(j, &at, &end), KEYGATE_NONE,
           "nothing to compact");
    is_num(files(0), 0, "and no file was made");
    keygate_journal_destroy(j);

    j = keygate_journal_create("/nowhere/at/all", &conf);
    is_num(keygate_journal_begin(j), KEYGATE_NONE, "no directory");
    keygate_journal_destroy(j);
    conf.must_exist = 0;
    j = keygate_journal_create("/nowhere/at/all", &conf);
    is_num(keygate_journal_begin(j), KEYGATE_IO, "no directory, once more");
    keygate_journal_destroy(j);

    free(t);
}


/* The n-th call fails: the file is as it was, or the line is acknowledged. */

static int
fault_once(int kind, int at, int error, int lasting, int torn)
{
    char               *before, *after;
    size_t              n_before, n_after;
    int                 bad, failed;
    keygate_rc_t        rc;
    keygate_table_t    *t;
    keygate_journal_t  *j;

    files(1);
    t = table();
    j = journal();

    bad = append(j, key_line("k1", 1, 1)) != KEYGATE_OK;

    if (torn) {
        adds_file("{\"key\":{\"id\":\"k1\",");
    }

    before = get(&n_before);

    fault_set(kind, at, error, lasting);
    rc = append(j, key_line("k2", 2, 2));
    failed = fault_plan.count >= at;
    fault_clear();

    after = get(&n_after);

    if (rc == KEYGATE_OK) {
        bad += n_after != n_before + torn + strlen(key_line("k2", 2, 2));

    } else {
        bad += n_after != n_before || memcmp(before, after, n_after) != 0;
        bad += rc != (error == ENOSPC && kind != F_PREAD ? KEYGATE_FULL
                                                         : KEYGATE_IO);
        bad += !failed;
    }

    bad += files(0) != 1;

    /* and life goes on */

    bad += append(j, key_line("k3", 3, 3)) != KEYGATE_OK;
    bad += keygate_journal_follow(j, t, 0, &now) != KEYGATE_OK;
    bad += version(t, "k1") != 1 || version(t, "k3") != 3
           || version(t, "k2") != (rc == KEYGATE_OK ? 2 : -1);
    bad += rejected.n != (unsigned) torn;

    free(before);
    free(after);
    keygate_journal_destroy(j);
    free(t);

    return bad ? -1 : failed;
}


static void
test_faults(void)
{
    int  kind, at, error, lasting, torn, rc, n;

    static const int   errors[] = { ENOSPC, EIO };
    static const char *const  names[] = {
        "", "write fails", "write is short", "sync fails",
        "ftruncate fails", "rename fails", "fchmod fails", "pread fails"
    };

    for (kind = F_WRITE; kind < F_KINDS; kind++) {
        for (n = 0; n < 8; n++) {
            error = errors[n & 1];
            lasting = n >> 1 & 1;
            torn = n >> 2;

            at = 1;

            do {
                rc = fault_once(kind, at, error, lasting, torn);
            } while (rc == 1 && at++ < 20);

            ok(rc == 0, "%s with %s%s%s: %d calls", names[kind],
               strerror(error), lasting ? ", and goes on so" : "",
               torn ? ", after a torn line" : "", at - 1);
        }
    }
}


/* Two calls that fail one after the other: the sync, and what repairs it. */

static void
test_double_faults(void)
{
    char               *file;
    size_t              len;
    ino_t               ino;
    struct stat         st;
    keygate_rc_t        rc;
    keygate_journal_t  *j;

    files(1);
    j = journal();

    append(j, key_line("k1", 1, 1));
    stat(path, &st);
    ino = st.st_ino;

    fault_set(F_SYNC, 1, EIO, 1);
    is_num(append(j, key_line("k2", 2, 2)), KEYGATE_IO, "no sync at all");
    is_num(errno, EIO, "errno is the first failure's");
    file = get(&len);
    is_num(len, strlen(key_line("k1", 1, 1)), "cut off again");
    free(file);
    rc = append(j, key_line("k3", 3, 3));
    ok(rc == KEYGATE_IO, "that file is not written any more");
    stat(path, &st);
    ok(st.st_ino == ino, "nor replaced, while nothing can be synced");
    fault_clear();

    is_num(append(j, key_line("k4", 4, 4)), KEYGATE_OK, "then it can");
    stat(path, &st);
    ok(st.st_ino != ino, "in a new file");
    file = get(&len);
    is_num(len, 2 * strlen(key_line("k1", 1, 1)), "with two lines");
    free(file);
    is_num(files(0), 1, "and nothing beside it");

    keygate_journal_destroy(j);
}


/* -- Compaction --------------------------------------------------------- */

static void
test_compact(void)
{
    char               *file, link[80], want[2048];
    size_t              len;
    uint64_t            kept, dropped;
    struct stat         st;
    keygate_journal_t  *j;

    files(1);
    j = journal();

    puts_file(key_line("k1", 1, 1));
    adds_file("{\"account\":{\"id\":\"a1\",\"x\" : 1}}\n");
    adds_file(key_line("k2", 2, 2));
    adds_file(key_line("k3", 3, 3));
    adds_file("garbage\n\n");
    adds_file(key_line("k1", 11, 11));
    adds_file(delete_line("k3"));
    adds_file(key_line("k4", 4, 2));             /* k2's digest */
    adds_file(key_line("k2", 22, 22));           /* which k2 now gives up */
    adds_file(key_line("k5", 5, 11));            /* k1's */
    adds_file(delete_line("k2"));
    adds_file(key_line("k6", 6, 6));
    adds_file(key_line("k2", 222, 22));          /* a new k2 */
    adds_file("torn");

    chmod(path, 0640);

    if (geteuid() == 0 && chown(path, 12345, 12346) == -1) {
        abort();
    }

    snprintf(link, sizeof(link), "%s.4242.tmp", path);
    put(link, "w", "left over", 9);

    is_num(compact(j, &kept, &dropped), KEYGATE_OK,
           "compact");
    is_num(kept, 4, "four lines are kept");
    is_num(dropped, 11, "eleven are not");

    snprintf(want, sizeof(want), "%s%s%s%s", key_line("k1", 11, 11),
             "{\"account\":{\"id\":\"a1\",\"x\" : 1}}\n",
             key_line("k6", 6, 6), key_line("k2", 222, 22));
    file = get(&len);
    is_str(file, len, want, "these, in this order");
    free(file);

    stat(path, &st);
    is_num(st.st_mode & 07777, 0640, "the mode is kept");

    if (geteuid() == 0) {
        ok(st.st_uid == 12345 && st.st_gid == 12346, "and the owner");
    }

    is_num(files(0), 1, "nothing is left, not even from before");

    /* through a symbolic link */

    snprintf(link, sizeof(link), "%s.real", path);
    rename(path, link);

    if (symlink(link, path) == -1) {
        abort();
    }

    is_num(compact(j, &kept, &dropped), KEYGATE_OK,
           "a symbolic link");
    lstat(path, &st);
    ok(S_ISLNK(st.st_mode), "stays one");
    ok(kept == 4 && dropped == 0, "nothing more to drop");
    unlink(link);
    unlink(path);

    keygate_journal_destroy(j);
}


static void
test_compact_faults(void)
{
    int                 kind, at, bad, failed;
    char               *before, *after;
    size_t              n_before, n_after;
    uint64_t            kept, dropped;
    keygate_rc_t        rc;
    keygate_journal_t  *j;

    for (kind = F_WRITE; kind < F_KINDS; kind++) {
        bad = 0;
        at = 0;

        do {
            at++;
            files(1);
            j = journal();
            puts_file(key_line("k1", 1, 1));
            adds_file(key_line("k1", 2, 1));
            before = get(&n_before);

            fault_set(kind, at, EIO, 0);
            rc = compact(j, &kept, &dropped);
            failed = fault_plan.count >= at;
            fault_clear();

            after = get(&n_after);

            bad += n_after == n_before ? memcmp(before, after, n_after) != 0
                                       : strcmp(after, key_line("k1", 2, 1));
            bad += rc == KEYGATE_OK && n_after == n_before;
            bad += files(0) != 1;
            bad += append(j, key_line("k2", 2, 2)) != KEYGATE_OK;

            free(before);
            free(after);
            keygate_journal_destroy(j);

        } while (failed && at < 20);

        ok(bad == 0 && !failed, "call %d failing at each of %d", kind, at - 1);
    }
}


/* Random histories mean the same after compaction as before. */

static void
test_compact_random(void)
{
    char                id[16];
    int                 i, n, round, bad;
    uint64_t            kept, dropped;
    keygate_table_t    *t1, *t2;
    keygate_journal_t  *j;

    srand(3);

    for (bad = 0, round = 0; round < 60; round++) {
        files(1);
        j = journal();
        puts_file("");

        for (n = rand() % 120; n > 0; n--) {
            snprintf(id, sizeof(id), "k%d", rand() % 9);

            switch (rand() % 8) {

            case 0:
                adds_file(delete_line(id));
                break;

            case 1:
                adds_file("{}\n");
                break;

            default:
                adds_file(key_line(id, (unsigned) rand() % 99999,
                                   (unsigned) rand() % 12));
            }
        }

        t1 = table();
        t2 = table();

        keygate_journal_follow(j, t1, 0, &now);
        bad += compact(j, &kept, &dropped)
               != KEYGATE_OK;
        rejected.n = 0;
        keygate_journal_follow(j, t2, 0, &now);
        bad += rejected.n != 0;

        if (keygate_journal_follow(j, t1, 0, &now) != KEYGATE_OK) {
            bad++;
        }

        bad += kept != keys(t1);

        for (i = 0; i < 9; i++) {
            snprintf(id, sizeof(id), "k%d", i);
            bad += version(t1, id) != version(t2, id);
        }

        keygate_journal_destroy(j);
        free(t1);
        free(t2);
    }

    is_num(bad, 0, "60 random histories");
}


int
main(void)
{
    setup();

    test_append();
    test_faults();
    test_double_faults();
    test_compact();
    test_compact_faults();
    test_compact_random();

    return teardown();
}

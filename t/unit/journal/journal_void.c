/*
 * What can neither be synced nor taken back, nor left behind in an old file:
 * nobody has acknowledged it, so nobody may apply it, while others go on
 * appending behind it; and the next writer who can does away with it.
 */

#include "journal_lib.h"


/* An append as the gateway does it: all is read first, and what could not be
 * taken back is disowned. */

static keygate_rc_t
writes(keygate_journal_t *j, keygate_table_t *t, const char *line)
{
    uint64_t      at, end;
    keygate_rc_t  rc;

    rc = keygate_journal_begin(j);

    if (rc != KEYGATE_OK) {
        return rc;
    }

    rc = keygate_journal_catch_up(j, t, 0, &now);

    if (rc == KEYGATE_OK) {
        rc = keygate_journal_append(j, str(line), &at, &end);

        if (rc == KEYGATE_OK) {
            rc = keygate_journal_catch_up(j, t, end, &now);

        } else {
            keygate_journal_disown(j, t, &now);
        }
    }

    keygate_journal_end(j);

    return rc;
}


static void
fails(keygate_journal_t *j, keygate_table_t *t, int kind, const char *line)
{
    size_t       before;
    struct stat  st;

    before = stat(path, &st) == 0 ? (size_t) st.st_size : 0;

    fault_set(kind, 1, EIO, kind == F_SYNC);
    fault_plan.also = F_TRUNCATE;

    if (kind == F_SHORT) {
        fault_plan.lasting = 1;
    }

    is_num(writes(j, t, line), KEYGATE_IO, "a write that fails");
    fault_clear();

    stat(path, &st);
    ok((size_t) st.st_size > before, "and stays in the file");
}


static void
is_file(const char *want, const char *name)
{
    char    *file;
    size_t   len;

    file = get(&len);
    is_str(file, len, want, "%s", name);
    free(file);
}


static void
test_void(int kind)
{
    char                 want[2048];
    struct stat          st, new;
    keygate_table_t     *t;
    keygate_journal_t   *j, *follower, *other;
    keygate_position_t  *position;

    files(1);
    t = table();
    j = journal();
    follower = journal();
    other = journal();
    position = keygate_table_position(t);

    puts_file(key_line("k1", 1, 1));
    fails(j, t, kind, key_line("k1", 2, 1));
    stat(path, &st);

    is_num(keygate_journal_follow(follower, t, 0, &now), KEYGATE_OK,
           "it is followed");
    is_num(version(t, "k1"), 1, "and nothing has changed");
    is_num(rejected.n, 0, "nor is it reported");

    if (kind == F_SYNC) {
        ok(!keygate_journal_changed(follower, position), "nobody comes back");
    }

    /* who does not know of it appends as ever */

    is_num(append(other, key_line("k2", 1, 2)), KEYGATE_OK,
           "somebody else appends");
    is_num(keygate_journal_follow(follower, t, 0, &now), KEYGATE_OK,
           "that is followed, too");
    ok(version(t, "k1") == 1 && version(t, "k2") == 1, "and nothing else");
    is_num(rejected.n, 0, "nor reported");

    /* another writer of this table, while nothing can be replaced */

    fault_set(F_RENAME, 1, EIO, 1);
    is_num(writes(other, t, key_line("k3", 3, 3)), KEYGATE_IO,
           "that file is not written any more");
    fault_clear();
    is_num(version(t, "k1"), 1, "what is in it is as it was");

    is_num(writes(other, t, key_line("k3", 3, 3)), KEYGATE_OK,
           "then it can be replaced");
    stat(path, &new);
    ok(new.st_ino != st.st_ino, "by a new one");

    snprintf(want, sizeof(want), "%s%s%s%s", key_line("k1", 1, 1),
             kind == F_SHORT ? "\n" : "", key_line("k2", 1, 2),
             key_line("k3", 3, 3));
    is_file(want, "which holds all but that");
    ok(version(t, "k1") == 1 && version(t, "k2") == 1
       && version(t, "k3") == 3, "and is applied");

    is_num(writes(j, t, key_line("k1", 4, 1)), KEYGATE_OK,
           "who failed can write again");
    is_num(keygate_journal_follow(follower, t, 0, &now), KEYGATE_OK, "follow");
    ok(version(t, "k1") == 4, "which holds");
    is_num(position->void_to, 0, "and nothing is disowned any more");

    keygate_journal_destroy(j);
    keygate_journal_destroy(follower);
    keygate_journal_destroy(other);
    free(t);
}


/* Behind a last line that somebody left torn. */

static void
test_torn(void)
{
    char                want[2048];
    keygate_table_t    *t;
    keygate_journal_t  *j, *other;

    files(1);
    t = table();
    j = journal();
    other = journal();

    puts_file(key_line("k1", 1, 1));
    adds_file("{\"key\":{\"id\":\"k1\",\"deleted\":true}}");
    fails(j, t, F_SYNC, key_line("k2", 2, 2));

    is_num(keygate_journal_follow(other, t, 0, &now), KEYGATE_OK, "follow");
    ok(version(t, "k1") == 1 && version(t, "k2") == -1,
       "a torn line is not made whole by what is disowned");

    is_num(append(other, key_line("k3", 3, 3)), KEYGATE_OK, "append");
    is_num(writes(j, t, key_line("k4", 4, 4)), KEYGATE_OK, "write");

    snprintf(want, sizeof(want), "%s%s\n%s%s", key_line("k1", 1, 1),
             "{\"key\":{\"id\":\"k1\",\"deleted\":true}}",
             key_line("k3", 3, 3), key_line("k4", 4, 4));
    is_file(want, "by the next line it is, as ever");
    ok(version(t, "k2") == -1 && version(t, "k3") == 3
       && version(t, "k4") == 4, "all others hold");

    keygate_journal_destroy(j);
    keygate_journal_destroy(other);
    free(t);
}


/* A file that somebody has cut or replaced is another one. */

static void
test_gone(int replaced)
{
    keygate_table_t    *t;
    keygate_journal_t  *j;

    files(1);
    t = table();
    j = journal();

    puts_file(key_line("k1", 1, 1));
    fails(j, t, F_SYNC, key_line("k1", 2, 1));
    keygate_journal_follow(j, t, 0, &now);

    if (replaced) {
        unlink(path);
    }

    puts_file(key_line("k1", 3, 1));
    is_num(keygate_journal_follow(j, t, 0, &now), KEYGATE_OK, "follow");
    adds_file(key_line("k1", 5, 1));
    adds_file(key_line("k2", 5, 2));
    is_num(keygate_journal_follow(j, t, 0, &now), KEYGATE_OK, "follow");
    ok(version(t, "k1") == 5 && version(t, "k2") == 5,
       "all of a file that was %s", replaced ? "replaced" : "cut");
    is_num(writes(j, t, key_line("k1", 6, 1)), KEYGATE_OK, "write");
    ok(version(t, "k1") == 6 && version(t, "k2") == 5, "nothing is lost");

    keygate_journal_destroy(j);
    free(t);
}


/* A new file that cannot be written to its end, either. */

static void
test_again(void)
{
    keygate_table_t    *t;
    keygate_journal_t  *j, *follower;

    files(1);
    t = table();
    j = journal();
    follower = journal();

    puts_file(key_line("k1", 1, 1));
    fails(j, t, F_SYNC, key_line("k1", 2, 1));

    /* syncs: the new file's, its directory's; then the line's */

    fault_set(F_SYNC, 3, EIO, 1);
    fault_plan.also = F_TRUNCATE;
    is_num(writes(j, t, key_line("k1", 3, 1)), KEYGATE_IO, "the next fails");
    fault_clear();

    is_num(keygate_journal_follow(follower, t, 0, &now), KEYGATE_OK,
           "the new file is followed");
    is_num(version(t, "k1"), 1, "without what failed in it");
    is_num(writes(j, t, key_line("k2", 2, 2)), KEYGATE_OK, "write");
    ok(version(t, "k1") == 1 && version(t, "k2") == 2, "and all is well");

    keygate_journal_destroy(j);
    keygate_journal_destroy(follower);
    free(t);
}


int
main(void)
{
    setup();

    test_void(F_SYNC);
    test_void(F_SHORT);
    test_torn();
    test_gone(0);
    test_gone(1);
    test_again();

    return teardown();
}

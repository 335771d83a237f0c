/*
 * A new file in place of the journal, made by somebody who may not give it to
 * the old one's group: a worker, where root has made the journal.
 */

#include <grp.h>

#include "journal_lib.h"


#define WORKER  12345
#define OTHER   12346


/* What a worker gets from compacting, and from an append whose sync fails. */

static int
worker(int (*sub)(keygate_journal_t *j))
{
    int                 status;
    pid_t               pid;
    keygate_journal_t  *j;

    fflush(stdout);
    pid = fork();

    if (pid == 0) {
        if (setgroups(0, NULL) == -1 || setgid(WORKER) == -1
            || setuid(WORKER) == -1)
        {
            _exit(99);
        }

        j = journal();
        status = sub(j);
        keygate_journal_destroy(j);
        _exit(status);
    }

    waitpid(pid, &status, 0);

    return WEXITSTATUS(status);
}


static int
compacts(keygate_journal_t *j)
{
    uint64_t  kept, dropped;

    return (int) compact(j, &kept, &dropped);
}


static int
appends(keygate_journal_t *j)
{
    int  failed;

    fault_set(F_SYNC, 1, EIO, 0);
    failed = append(j, key_line("k2", 2, 2)) == KEYGATE_IO;
    fault_clear();

    return failed ? (int) append(j, key_line("k3", 3, 3)) : 98;
}


static void
test_owner(const char *name, int (*sub)(keygate_journal_t *j), gid_t group,
    unsigned mode, unsigned wanted)
{
    struct stat  st, old;

    files(1);
    puts_file(key_line("k1", 1, 1));

    if (chmod(path, mode) == -1 || chown(path, WORKER, group) == -1
        || stat(path, &old) == -1)
    {
        abort();
    }

    is_num(worker(sub), KEYGATE_OK, "%s, mode %o, group %d", name, mode,
           (int) group);

    stat(path, &st);
    ok(st.st_ino != old.st_ino, "a new file");
    is_num(st.st_uid, WORKER, "the worker's");
    is_num(st.st_gid, WORKER, "and of its group");
    is_num(st.st_mode & 07777, wanted,
           "which is given no more than anybody has");
}


int
main(void)
{
    setup();

    if (geteuid() != 0) {
        printf("1..0 # SKIP only root can be somebody else\n");
        return teardown();
    }

    if (chmod(dir, 0777) == -1) {
        abort();
    }

    test_owner("compact", compacts, WORKER, 0640, 0640);
    test_owner("compact", compacts, 0, 0640, 0600);
    test_owner("compact", compacts, 0, 0600, 0600);
    test_owner("compact", compacts, 0, 0664, 0644);
    test_owner("a failed sync", appends, OTHER, 0660, 0600);

    return teardown();
}

/*
 * The journal made anew, and the file as it was kept beside it: under a name
 * that was not there, whole, and only where it has been replaced.
 */

#include "journal_lib.h"


static keygate_kept_t  kept;


static int
is_there(const char *end)
{
    char         name[128];
    struct stat  st;

    snprintf(name, sizeof(name), "%s%s", path, end);

    return lstat(name, &st) == 0;
}


static int
has(const char *end, const char *text)
{
    int      fd;
    char     name[128], buf[1024];
    ssize_t  n;

    snprintf(name, sizeof(name), "%s%s", path, end);

    fd = open(name, O_RDONLY);
    n = fd == -1 ? -1 : read(fd, buf, sizeof(buf));
    close(fd);

    return n == (ssize_t) strlen(text) && memcmp(buf, text, strlen(text)) == 0;
}


static keygate_rc_t
renew(int fault, int at)
{
    keygate_rc_t        rc;
    keygate_str_t       text;
    keygate_journal_t  *j;

    memset(&kept, 'x', sizeof(kept));

    j = journal();
    text = keygate_span(key_line("k9", 9, 9));

    if (keygate_journal_begin(j) != KEYGATE_OK) {
        abort();
    }

    fault_set(fault, at, EIO, 0);
    rc = keygate_journal_renew(j, text, &kept);
    fault_clear();

    keygate_journal_end(j);
    keygate_journal_destroy(j);

    return rc;
}


int
main(void)
{
    int          i;
    char         text[1024], name[128];
    struct stat  st;

    setup();

    snprintf(text, sizeof(text), "%sbytes without an end",
             key_line("k1", 1, 1));
    puts_file(text);
    chmod(path, 0640);

    is_num(renew(F_RENAME, 1), KEYGATE_IO, "the file cannot be replaced");
    ok(has("", text), "it is as it was");
    ok(!is_there(".replaced"), "nothing is kept");
    ok(kept.name[0] == '\0' && kept.error == 0, "nor said to be");

    is_num(renew(F_PREAD, 1), KEYGATE_OK, "the file cannot be copied");
    ok(!is_there(".replaced"), "half of it is not kept");
    ok(kept.name[0] == '\0', "nor said to be");
    is_num(kept.error, EIO, "and it is said why");
    ok(has("", key_line("k9", 9, 9)), "the file is replaced all the same");

    puts_file(text);
    chmod(path, 0640);

    is_num(renew(F_NONE, 0), KEYGATE_OK, "replaced");
    ok(has("", key_line("k9", 9, 9)), "by what was given");
    ok(has(".replaced", text), "all of the old one is kept");
    is_str(kept.name, strlen(kept.name), "keys.jsonl.replaced", "its name");

    snprintf(name, sizeof(name), "%s.replaced", path);
    ok(stat(name, &st) == 0 && (st.st_mode & 07777) == 0640, "its mode");

    for (i = 1; i < 10; i++) {
        puts_file(text);
        is_num(renew(F_NONE, 0), KEYGATE_OK, "once more, %d", i);
        snprintf(name, sizeof(name), ".replaced.%d", i);
        ok(has(name, text), "under another name");
    }

    is_num(renew(F_NONE, 0), KEYGATE_OK, "no name is left");
    is_num(kept.error, EEXIST, "as is said");
    ok(kept.name[0] == '\0' && !is_there(".replaced.10"), "and none is made");

    return teardown();
}

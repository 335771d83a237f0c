/*
 * A journal that has another content, however it came to that: what it says
 * then is in force.  One in which no line is a record says nothing.
 */

#include "journal_lib.h"


static const char  *ways[] = {
    "written in place", "written anew in place", "renamed", "removed before",
    "patched where it differs"
};


/* Gives the file another content. */

static void
change(unsigned way, const char *data)
{
    int     fd;
    char    other[80], *old;
    size_t  len, i;

    switch (way) {

    case 0:
        fd = open(path, O_WRONLY);

        if (write(fd, data, strlen(data)) != (ssize_t) strlen(data)
            || ftruncate(fd, (off_t) strlen(data)) == -1)
        {
            abort();
        }

        close(fd);
        return;

    case 1:
        puts_file(data);
        return;

    case 2:
        snprintf(other, sizeof(other), "%s/other", dir);
        put(other, "w", data, strlen(data));
        rename(other, path);
        return;

    case 3:
        unlink(path);
        puts_file(data);
        return;

    default:
        old = get(&len);
        fd = open(path, O_WRONLY);

        for (i = 0; i < len; i++) {
            if (old[i] != data[i] && pwrite(fd, data + i, 1, (off_t) i) != 1) {
                abort();
            }
        }

        close(fd);
        free(old);
    }
}


/* What a timer does: a step if there is something to do, and so on, while the
 * clock goes on. */

static keygate_rc_t
polls(keygate_journal_t *j, keygate_table_t *t, unsigned lines)
{
    unsigned            i;
    keygate_rc_t        rc;
    keygate_position_t  *position;

    position = keygate_table_position(t);
    rc = KEYGATE_OK;

    for (i = 0; i < 4; i++) {
        now.tick += 7;

        while (keygate_journal_changed(j, position)
               || keygate_journal_unsettled(position, &now))
        {
            rc = keygate_journal_follow(j, t, lines, &now);

            if (rc != KEYGATE_AGAIN) {
                break;
            }
        }
    }

    return rc;
}


static void
test_ways(void)
{
    char                before[2048], after[2048], last[2048];
    unsigned            i, n;
    keygate_table_t    *t;
    keygate_journal_t  *j;

    /* as long, line by line */

    snprintf(before, sizeof(before), "%s%s%s", key_line("k1", 1000, 1),
             key_line("k2", 1000, 2), key_line("k3", 1000, 3));
    snprintf(after, sizeof(after), "%s%s%s", key_line("k1", 1000, 1),
             key_line("k2", 2000, 2), key_line("k3", 1000, 3));
    snprintf(last, sizeof(last), "%s%s%s", key_line("k1", 1000, 1),
             key_line("k3", 1000, 3), key_line("k4", 1000, 4));

    for (i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {

        for (n = 0; n < 4; n++) {
            t = table();
            j = journal();
            files(1);

            puts_file(before);
            polls(j, t, n / 2);
            is_num(version(t, "k2"), 1000, "%s", ways[i]);

            change(i, after);

            if (n % 2 == 0) {
                polls(j, t, n / 2);
                is_num(version(t, "k2"), 2000, "a line is another one");
                is_num(keys(t), 3, "beside the others");
            }

            change(i, last);
            is_num(polls(j, t, n / 2), KEYGATE_OK, "changed again");
            is_num(version(t, "k2"), -1, "one is gone");
            is_num(version(t, "k3"), 1000, "one is elsewhere");
            is_num(version(t, "k4"), 1000, "one has come");
            is_num(rejected.n, 0, "nothing was skipped");

            adds_file(key_line("k5", 5, 5));
            polls(j, t, n / 2);
            is_num(version(t, "k5"), 5, "and on it goes");

            keygate_journal_destroy(j);
            free(t);
        }
    }
}


/* A change in the instant in which the file was looked at. */

static void
test_instant(void)
{
    char                before[1024], after[1024];
    unsigned            i, bad;
    keygate_table_t    *t;
    keygate_journal_t  *j;

    snprintf(before, sizeof(before), "%s%s", key_line("k1", 1000, 1),
             key_line("k2", 1000, 2));
    snprintf(after, sizeof(after), "%s%s", key_line("k1", 2000, 1),
             key_line("k2", 1000, 2));

    t = table();
    j = journal();
    puts_file(before);
    polls(j, t, 0);

    for (bad = 0, i = 0; i < 200; i++) {
        change(0, i % 2 ? before : after);
        keygate_journal_follow(j, t, 0, &now);
        change(0, i % 2 ? after : before);
        polls(j, t, i % 3);
        bad += version(t, "k1") != (i % 2 ? 2000 : 1000);
    }

    is_num(bad, 0, "changed while it was read, 200 times");

    keygate_journal_destroy(j);
    free(t);
}


/* A writer finds the file as it is now, not as it was when somebody looked. */

static void
test_writer(void)
{
    char                after[1024];
    uint64_t            at, end;
    keygate_table_t    *t;
    keygate_journal_t  *j, *writer;

    t = table();
    j = journal();
    writer = journal();

    snprintf(after, sizeof(after), "%s%s", key_line("k1", 1000, 1),
             key_line("k2", 2000, 2));

    puts_file(key_line("k1", 1000, 1));
    adds_file(key_line("k2", 1000, 2));
    polls(j, t, 0);

    change(4, after);
    is_num(keygate_journal_begin(writer), KEYGATE_OK, "a writer");
    is_num(keygate_journal_catch_up(writer, t, 0, &now), KEYGATE_OK, "reads");
    is_num(version(t, "k2"), 2000, "what has changed");
    is_num(keygate_journal_append(writer, str(key_line("k3", 3, 3)), &at,
                                  &end),
           KEYGATE_OK, "appends");
    is_num(keygate_journal_catch_up(writer, t, end, &now), KEYGATE_OK, "more");
    is_num(version(t, "k3"), 3, "which is there");
    keygate_journal_end(writer);

    is_num(keygate_table_position(t)->anew, 2, "it was read twice");
    polls(j, t, 1);
    is_num(keygate_table_position(t)->anew, 2, "and not for what was added");

    puts_file("");
    is_num(keygate_journal_begin(writer), KEYGATE_OK, "an empty one");
    is_num(keygate_journal_catch_up(writer, t, 0, &now), KEYGATE_NONE,
           "is as one that is missing");
    is_num(errno, ENODATA, "and that is said");
    keygate_journal_end(writer);

    keygate_journal_destroy(writer);
    keygate_journal_destroy(j);
    free(t);
}


static void
test_hollow(void)
{
    unsigned            i, n;
    keygate_table_t    *t;
    keygate_journal_t  *j;

    static const char  *hollow[] = {
        "", "\n\n", "a,b,c\nd,e,f\n", "{\"key\":{\"id\":\"k1\"}}\n",
        "{\"key\":{\"id\":\"k1\",\"deleted\":true}}"
    };

    for (i = 0; i < sizeof(hollow) / sizeof(hollow[0]); i++) {

        for (n = 0; n < 4; n++) {
            t = table();
            j = journal();
            files(1);

            puts_file(key_line("k1", 1, 1));
            adds_file(key_line("k2", 2, 2));
            polls(j, t, 0);

            change(n, hollow[i]);
            is_num(polls(j, t, n % 2), KEYGATE_NONE, "no record, %s",
                   ways[n]);
            is_num(errno, ENODATA, "and that is why");
            is_num(keys(t), 2, "the keys stay");
            is_num(rejected.n, 0, "no line is told of");

            change(n, key_line("k2", 3, 2));
            is_num(polls(j, t, n % 2), KEYGATE_OK, "one record");
            is_num(keys(t), 1, "is all that there is");
            is_num(version(t, "k2"), 3, "as it says");

            keygate_journal_destroy(j);
            free(t);
        }
    }

    t = table();
    j = journal();
    puts_file("");
    is_num(polls(j, t, 0), KEYGATE_OK, "an empty one where none was before");
    adds_file(key_line("k1", 1, 1));
    is_num(polls(j, t, 0), KEYGATE_OK, "begins");
    is_num(keys(t), 1, "there");
    keygate_journal_destroy(j);
    free(t);
}


static void
test_mark(void)
{
    char                line[512], text[2048];
    keygate_table_t    *t;
    keygate_record_t    record;
    keygate_journal_t  *j;

    t = table();
    j = journal();
    files(1);

    snprintf(line, sizeof(line), "\xef\xbb\xbf%s", key_line("k1", 1, 1));
    puts_file(line);
    adds_file(key_line("k2", 2, 2));
    is_num(polls(j, t, 0), KEYGATE_OK, "a byte order mark");
    is_num(keys(t), 2, "costs no line");
    is_num(keygate_journal_read(j, KEYGATE_KEY, str("k1"), 0, &record),
           KEYGATE_OK, "which is found");
    keygate_record_free(&record);

    snprintf(text, sizeof(text), "%s%s", line, key_line("k2", 3, 2));
    change(4, text);
    polls(j, t, 1);
    is_num(version(t, "k2"), 3, "and noticed");

    keygate_journal_destroy(j);
    free(t);
}


#define LIVE  2000000000
#define DEAD  1


/* Steps of so many lines, until all is applied: how often one of the keys was
 * what it was before its last line. */

static unsigned
steps(keygate_journal_t *j, keygate_table_t *t, unsigned lines)
{
    unsigned      i, bad;
    keygate_rc_t  rc;

    static const char  *dead[] = { "k1", "k3", "k4", "k5" };

    bad = 0;

    do {
        rc = keygate_journal_follow(j, t, lines, &now);

        for (i = 0; i < sizeof(dead) / sizeof(dead[0]); i++) {
            bad += version(t, dead[i]) == LIVE;
        }
    } while (rc == KEYGATE_AGAIN);

    is_num(rc, KEYGATE_OK, "all is applied, %u at a time", lines);

    return bad;
}


/* A file that tells how it came to what it is: nothing of that is in force
 * again, not for a moment. */

static void
test_past(void)
{
    char                past[4096];
    unsigned            i, n;
    keygate_table_t    *t;
    keygate_journal_t  *j, *other;

    snprintf(past, sizeof(past), "%s%s%s%s%s%s%s",
             key_line("k1", LIVE, 1), key_line("k3", LIVE, 3),
             key_line("k4", LIVE, 4), key_line("k2", LIVE, 2),
             key_line("k1", DEAD, 1), key_line("k3", DEAD, 3),
             delete_line("k4"));

    for (i = 0; i < 5; i++) {

        for (n = 0; n < 4; n++) {
            t = table();
            j = journal();
            files(1);

            puts_file(key_line("k1", LIVE, 1));
            adds_file(key_line("k2", DEAD, 2));
            adds_file(key_line("k1", DEAD, 1));
            polls(j, t, 0);

            if (i < 4) {
                change(i, past);

            } else {
                adds_file(past);
            }

            is_num(steps(j, t, n), 0, "nothing old is in force, %s",
                   i < 4 ? ways[i] : "appended");
            is_num(version(t, "k1"), DEAD, "what is dead stays dead");
            is_num(version(t, "k2"), LIVE, "what lives comes to life");
            is_num(version(t, "k3"), DEAD, "what was unknown has its end");
            is_num(version(t, "k4"), -1, "or is gone");
            is_num(rejected.n, 0, "nothing was skipped");

            keygate_journal_destroy(j);
            free(t);
        }
    }

    /* another process goes on in the middle of it */

    t = table();
    j = journal();
    other = journal();
    files(1);

    puts_file(key_line("k1", DEAD, 1));
    polls(j, t, 0);
    change(2, past);

    for (i = 0; i < 9; i++) {
        is_num(keygate_journal_follow(j, t, 1, &now), KEYGATE_AGAIN, "begun");
    }

    is_num(steps(other, t, 1), 0, "nothing old after another one began");
    is_num(version(t, "k3"), DEAD, "all of it");
    is_num(version(t, "k2"), LIVE, "is in force");

    keygate_journal_destroy(other);
    keygate_journal_destroy(j);
    free(t);
}


/* A digest that is free only by a line that is not its record's last one. */

static void
test_handed(void)
{
    unsigned            n;
    keygate_table_t    *t;
    keygate_journal_t  *j;

    for (n = 0; n < 3; n++) {
        t = table();
        j = journal();
        files(1);

        puts_file(key_line("k1", 1, 1));
        polls(j, t, n);

        adds_file(key_line("k1", 2, 2));
        adds_file(key_line("k2", 3, 1));
        adds_file(key_line("k1", 4, 3));
        is_num(polls(j, t, n), KEYGATE_OK, "a digest is handed on");
        is_num(version(t, "k1"), 4, "its former key goes on");
        is_num(version(t, "k2"), 3, "the new one has it");
        is_num(rejected.n, 0, "nothing was skipped");
        is_num(keygate_table_position(t)->line, 4, "four lines");

        adds_file(key_line("k1", 5, 3));
        adds_file(key_line("k3", 6, 3));
        adds_file(key_line("k1", 7, 3));
        is_num(polls(j, t, n), KEYGATE_OK, "one that is another's");
        is_num(version(t, "k3"), -1, "is not handed on");
        is_num(rejected.n, 1, "which is told");
        is_num(rejected.line, 6, "with its line");
        is_num(version(t, "k1"), 7, "and on it goes");

        change(2, "{\"key\":{\"id\":\"k9\",\"deleted\":true}}\n");
        adds_file(key_line("k1", 8, 1));
        adds_file(key_line("k2", 9, 1));
        adds_file(key_line("k1", 10, 1));
        rejected.n = 0;
        is_num(polls(j, t, n), KEYGATE_OK, "the same in another file");
        is_num(version(t, "k1"), 10, "read one after the other");
        is_num(version(t, "k2"), -1, "as at a start");
        is_num(rejected.n, 1, "which is told once");
        is_num(rejected.line, 3, "with its line");

        keygate_journal_destroy(j);
        free(t);
    }
}


int
main(void)
{
    setup();

    test_ways();
    test_instant();
    test_writer();
    test_hollow();
    test_mark();
    test_past();
    test_handed();

    return teardown();
}

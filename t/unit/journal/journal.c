/*
 * Reading the journal: which lines count, what is skipped, what a rewritten,
 * shortened, torn or missing file does.
 */

#include "journal_lib.h"


static void
test_follow(void)
{
    keygate_table_t    *t;
    keygate_journal_t  *j;

    t = table();
    j = journal();

    is_num(keygate_journal_follow(j, t, 0, &now), KEYGATE_NONE, "no file");
    ok(!keygate_journal_changed(j, keygate_table_position(t)),
       "none before, none now");

    puts_file(key_line("k1", 1, 1));
    ok(keygate_journal_changed(j, keygate_table_position(t)), "a file");
    is_num(keygate_journal_follow(j, t, 0, &now), KEYGATE_OK, "read");
    is_num(version(t, "k1"), 1, "its key");
    ok(!keygate_journal_changed(j, keygate_table_position(t)), "no news");

    adds_file(key_line("k2", 2, 2));
    adds_file(key_line("k1", 3, 1));
    ok(keygate_journal_changed(j, keygate_table_position(t)), "news");
    is_num(keygate_journal_follow(j, t, 1, &now), KEYGATE_AGAIN, "looks ahead");
    is_num(version(t, "k2"), -1, "before anything is in force");
    is_num(keygate_journal_follow(j, t, 1, &now), KEYGATE_AGAIN, "one line");
    is_num(version(t, "k2"), 2, "the first");
    is_num(version(t, "k1"), 1, "and not yet the second");
    is_num(keygate_journal_follow(j, t, 0, &now), KEYGATE_OK, "the rest");
    is_num(version(t, "k1"), 3, "the last line wins");
    is_num(keygate_table_position(t)->line, 3, "three lines");

    adds_file(delete_line("k2"));
    adds_file("\n \r\n");
    is_num(keygate_journal_follow(j, t, 100, &now), KEYGATE_OK, "deletion");
    is_num(version(t, "k2"), -1, "k2 is gone");
    is_num(rejected.n, 0, "blank lines are no harm");
    is_num(keygate_table_position(t)->line, 6, "but they count");

    unlink(path);
    is_num(keygate_journal_follow(j, t, 0, &now), KEYGATE_NONE,
           "the file is gone");
    is_num(version(t, "k1"), 3, "the key stays");
    ok(keygate_journal_changed(j, keygate_table_position(t)),
       "a missing file is news");

    keygate_journal_destroy(j);
    free(t);
}


static void
test_rejects(void)
{
    char               *line;
    unsigned            i;
    keygate_table_t    *t;
    keygate_journal_t  *j;

    static const struct {
        const char  *line;
        const char  *pointer;
    } cases[] = {
        { "garbage", "" },
        { "\xff\xfe{\0}", "" },
        { "{\"key\":{\"id\":\"k1\"}}", "/account" },
        { "{\"key\":{\"id\":\"k1\",\"account\":\"a\",\"digest\":\"x\"}}",
          "/digest" },
        { "{\"key\":{\"id\":\"k1\",\"deleted\":\"yes\"}}", "/deleted" },
        { "{\"key\":{\"id\":\"k1\",\"account\":\"a\",\"digest\":\"hmac-sha256:"
          "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
          "\"}}", "/digest" }
    };

    t = table();
    j = journal();

    puts_file(key_line("k1", 1, 1));
    keygate_journal_follow(j, t, 0, &now);

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        adds_file(cases[i].line);
        adds_file("\n");
        is_num(keygate_journal_follow(j, t, 0, &now), KEYGATE_OK,
               "bad line %u", i);
        is_num(rejected.n, i + 1, "is reported");
        is_num(rejected.line, i + 2, "with its number");
        is_str(rejected.pointer, strlen(rejected.pointer), cases[i].pointer,
               "and its pointer");
        is_num(version(t, "k1"), 1, "and keeps the record");
    }

    adds_file(key_line("k2", 2, 1));
    is_num(keygate_journal_follow(j, t, 0, &now), KEYGATE_OK, "k1's digest");
    is_num(rejected.n, i + 1, "is refused to k2");
    is_num(version(t, "k2"), -1, "and k2 is not there");

    line = malloc(3000000);
    memset(line, 'x', 3000000);

    for (i = 0; i < 4; i++) {
        static const size_t  lengths[] = { KEYGATE_LINE_MAX + 1, 300000,
                                           KEYGATE_LINE_MAX, 2999999 };

        rejected.n = 0;
        put(path, "a", line, lengths[i]);
        adds_file("\n");
        adds_file(key_line("k3", 10 + i, 3));
        is_num(keygate_journal_follow(j, t, 0, &now), KEYGATE_OK,
               "a line of %zu bytes", lengths[i]);
        is_num(rejected.n, 1, "is one line refused");
        is_num(version(t, "k3"), 10 + i, "and the next one is read");
    }

    rejected.n = 0;

    for (i = 0; i < 5; i++) {
        put(path, "a", line, 2999999);

        while (keygate_journal_follow(j, t, 100, &now) == KEYGATE_AGAIN) {
            /* void */
        }
    }

    is_num(rejected.n, 0, "15 MB without LF are not yet a line");
    adds_file("\n");
    adds_file(key_line("k3", 20, 3));

    while (keygate_journal_follow(j, t, 100, &now) == KEYGATE_AGAIN) {
        /* void */
    }

    is_num(rejected.n, 1, "then they are one, refused");
    is_num(version(t, "k3"), 20, "and the next one is read");

    free(line);
    keygate_journal_destroy(j);
    free(t);
}


static void
test_rewritten(void)
{
    char                other[80];
    int                 n;
    unsigned            i;
    keygate_rc_t        rc;
    keygate_table_t    *t;
    keygate_journal_t  *j;

    t = table();
    j = journal();

    puts_file(key_line("k1", 1, 1));
    adds_file(key_line("k2", 2, 2));
    adds_file(key_line("k3", 3, 3));
    keygate_journal_follow(j, t, 0, &now);

    snprintf(other, sizeof(other), "%s/other", dir);
    put(other, "w", key_line("k1", 1, 1), strlen(key_line("k1", 1, 1)));
    put(other, "a", key_line("k3", 4, 3), strlen(key_line("k3", 4, 3)));
    put(other, "a", key_line("k4", 5, 4), strlen(key_line("k4", 5, 4)));
    put(other, "a", key_line("k5", 5, 5), strlen(key_line("k5", 5, 5)));
    rename(other, path);

    ok(keygate_journal_changed(j, keygate_table_position(t)), "renamed");
    is_num(keygate_journal_follow(j, t, 1, &now), KEYGATE_AGAIN, "step one");
    is_num(version(t, "k2"), 2, "until all is read, nothing is deleted");

    for (n = 0; n < 100000; n++) {
        rc = keygate_journal_follow(j, t, 1, &now);

        if (rc != KEYGATE_AGAIN) {
            break;
        }
    }

    is_num(rc, KEYGATE_OK, "read in steps");
    is_num(version(t, "k1"), 1, "k1 stays");
    is_num(version(t, "k2"), -1, "k2 is gone");
    is_num(version(t, "k3"), 4, "k3 is new");
    is_num(version(t, "k4"), 5, "k4 has come");
    ok(!keygate_journal_changed(j, keygate_table_position(t)), "all is read");

    if (truncate(path, (off_t) strlen(key_line("k1", 1, 1))) == -1) {
        abort();
    }

    is_num(keygate_journal_follow(j, t, 0, &now), KEYGATE_OK, "shortened");
    is_num(keys(t), 1, "what is cut off is gone");
    is_num(version(t, "k1"), 1, "the rest stays");

    for (i = 0; i < 3; i++) {
        adds_file("{\"account\":{\"id\":\"padding\"}}\n");
        adds_file(key_line("k9", 9, 9));
    }

    keygate_journal_follow(j, t, 0, &now);

    /* another content in place, and longer */

    puts_file("\n");
    adds_file(key_line("k7", 7, 7));
    adds_file(key_line("k8", 8, 8));
    adds_file(key_line("k8", 9, 8));
    adds_file(key_line("k6", 9, 6));
    is_num(keygate_journal_follow(j, t, 0, &now), KEYGATE_OK, "overwritten");
    is_num(keys(t), 3, "by three keys");
    is_num(version(t, "k1"), -1, "k1 is gone");

    puts_file("");
    is_num(keygate_journal_follow(j, t, 0, &now), KEYGATE_NONE, "emptied");
    is_num(errno, ENODATA, "as if it were missing");
    is_num(keys(t), 3, "no line tells that there is no key");
    puts_file(delete_line("k7"));
    is_num(keygate_journal_follow(j, t, 0, &now), KEYGATE_OK, "one line");
    is_num(keys(t), 0, "does");

    keygate_journal_destroy(j);
    free(t);
}


/* A credential that has got another id, in a file that was rewritten before
 * anybody had read so. */

static void
test_moved(void)
{
    uint64_t            kept, dropped;
    unsigned char       digest[KEYGATE_DIGEST_LEN];
    keygate_key_t       key;
    keygate_table_t    *t;
    keygate_journal_t  *j;

    t = table();
    j = journal();

    puts_file(key_line("k1", 1, 1));
    adds_file(key_line("k2", 2, 2));
    is_num(keygate_journal_follow(j, t, 0, &now), KEYGATE_OK, "two keys");

    adds_file(delete_line("k1"));
    adds_file(key_line("k3", 3, 1));
    is_num(compact(j, &kept, &dropped), KEYGATE_OK,
           "k1's credential is k3's, and the file is rewritten");
    is_num(keygate_journal_follow(j, t, 0, &now), KEYGATE_OK, "read");
    is_num(version(t, "k1"), -1, "k1 is gone");
    is_num(version(t, "k3"), 3, "k3 has come");
    is_num(rejected.n, 0, "nothing was skipped");

    memset(digest, 0, sizeof(digest));
    digest[KEYGATE_DIGEST_LEN - 1] = 1;
    is_num(keygate_table_find(t, digest, now.wall, &key), KEYGATE_OK,
           "the credential is good");
    is_str(key.id, key.id_len, "k3", "for k3");

    unlink(path);
    puts_file(key_line("k2", 4, 1));
    adds_file(key_line("k3", 5, 2));
    is_num(keygate_journal_follow(j, t, 1, &now), KEYGATE_AGAIN,
           "two that have swapped");
    is_num(keygate_journal_follow(j, t, 1, &now), KEYGATE_AGAIN, "one line");
    is_num(version(t, "k2"), 4, "is the one's");
    is_num(keygate_journal_follow(j, t, 0, &now), KEYGATE_OK, "the other");
    is_num(version(t, "k3"), 5, "is the other's");
    is_num(keys(t), 2, "and both are there");

    adds_file(key_line("k4", 6, 2));
    is_num(keygate_journal_follow(j, t, 0, &now), KEYGATE_OK, "a third");
    is_num(rejected.n, 1, "gets nothing that another has now");
    is_num(version(t, "k3"), 5, "who keeps it");

    keygate_journal_destroy(j);
    free(t);
}


/* The secret before a rotation is the key's only as long as it overlaps. */

static void
test_overlap(void)
{
    char                line[512], until[21];
    unsigned char       digest[KEYGATE_DIGEST_LEN];
    keygate_now_t       before;
    keygate_key_t       key;
    keygate_table_t    *t;
    keygate_journal_t  *j;

    t = table();
    j = journal();
    before = now;

    keygate_time_format(now.wall + 1, until);
    snprintf(line, sizeof(line),
             "{\"key\":{\"id\":\"k1\",\"account\":\"a1\",\"digest\":"
             "\"sha256:%064x\",\"previous\":{\"digest\":\"sha256:%064x\","
             "\"until\":\"%s\"}}}\n", 2, 1, until);

    puts_file(line);
    adds_file(key_line("k2", 4, 1));
    is_num(keygate_journal_follow(j, t, 0, &now), KEYGATE_OK, "rotated");
    is_num(rejected.n, 1, "the old secret is nobody else's");

    now.wall++;
    adds_file(key_line("k2", 5, 1));
    is_num(keygate_journal_follow(j, t, 0, &now), KEYGATE_OK, "it is over");
    is_num(rejected.n, 1, "and the old secret may be another's");
    is_num(version(t, "k2"), 5, "k2's");

    memset(digest, 0, sizeof(digest));
    digest[KEYGATE_DIGEST_LEN - 1] = 1;
    is_num(keygate_table_find(t, digest, now.wall, &key), KEYGATE_OK, "good");
    is_str(key.id, key.id_len, "k2", "for k2");

    adds_file(key_line("k1", 6, 3));
    is_num(keygate_journal_follow(j, t, 0, &now), KEYGATE_OK, "k1 forgets");
    is_num(keygate_table_find(t, digest, now.wall, &key), KEYGATE_OK,
           "which takes nothing from k2");

    now = before;
    keygate_journal_destroy(j);
    free(t);
}


/* The last record cut at every byte, read, and written after. */

static void
test_torn(void)
{
    char               *file, last[512];
    size_t              n, head, len, bad;
    keygate_table_t    *t;
    keygate_journal_t  *j;
    uint64_t            at, end;
    long long           v;
    keygate_record_t    record;

    strcpy(last, key_line("k2", 22, 2));
    n = strlen(last);

    for (bad = 0, head = 0; head < n; head++) {
        t = table();
        j = journal();

        puts_file(key_line("k1", 1, 1));
        adds_file(key_line("k2", 2, 2));
        put(path, "a", last, head);

        bad += keygate_journal_follow(j, t, 0, &now) != KEYGATE_OK
               || rejected.n != 0 || version(t, "k1") != 1
               || version(t, "k2") != 2;

        /* it becomes whole */

        put(path, "a", last + head, n - head);
        bad += keygate_journal_follow(j, t, 0, &now) != KEYGATE_OK
               || rejected.n != 0 || version(t, "k2") != 22;

        keygate_journal_destroy(j);
        free(t);
    }

    is_num(bad, 0, "cut at each of %zu bytes, then whole", n);

    for (bad = 0, head = 0; head < n; head++) {
        t = table();
        j = journal();

        puts_file(key_line("k1", 1, 1));
        adds_file(key_line("k2", 2, 2));
        put(path, "a", last, head);

        bad += keygate_journal_begin(j) != KEYGATE_OK
               || keygate_journal_append(j, str(key_line("k3", 3, 3)), &at,
                                         &end)
                  != KEYGATE_OK
               || keygate_journal_catch_up(j, t, 0, &now) != KEYGATE_OK;

        v = head == n - 1 ? 22 : 2;
        bad += version(t, "k1") != 1 || version(t, "k2") != v
               || version(t, "k3") != 3
               || rejected.n != (head > 0 && head < n - 1)
               || keygate_table_position(t)->offset != end;

        keygate_journal_end(j);

        file = get(&len);
        bad += len != end || memcmp(file + at, key_line("k3", 3, 3), len - at);
        free(file);

        bad += keygate_journal_read(j, KEYGATE_KEY, str("k3"), at, &record)
               != KEYGATE_OK;
        keygate_record_free(&record);

        keygate_journal_destroy(j);
        free(t);
    }

    is_num(bad, 0, "cut at each of %zu bytes, then another line", n);
}


static keygate_rc_t
collect(void *data, uint64_t number, uint64_t at, keygate_str_t line,
    int torn)
{
    size_t  *sum;

    sum = data;
    sum[0] = number;
    sum[1] += line.len;
    sum[2] = at;
    sum[3] = (size_t) torn;

    return line.len == 3 ? KEYGATE_CONFLICT : KEYGATE_OK;
}


static void
test_lookup(void)
{
    size_t              sum[4];
    keygate_table_t    *t;
    keygate_journal_t  *j, *writer;
    keygate_record_t    record;

    t = table();
    j = journal();
    writer = journal();

    puts_file(key_line("k1", 1, 1));
    adds_file(key_line("k2", 2, 2));
    adds_file("{\"account\":{\"id\":\"k1\",\"name\":\"not a key\"}}\n");
    adds_file(key_line("k1", 3, 1));
    adds_file("{\"key\":{\"id\":\"k1\"}}\n");
    adds_file(delete_line("k2"));
    adds_file("torn");

    is_num(keygate_journal_read(j, KEYGATE_KEY, str("k1"), 0, &record),
           KEYGATE_OK, "where it is said to be");
    is_num(record.expires_at, 1, "that line");
    ok(record.json != NULL, "with its JSON");
    keygate_record_free(&record);

    is_num(keygate_journal_read(j, KEYGATE_KEY, str("k1"), 7, &record),
           KEYGATE_OK, "elsewhere");
    is_num(record.expires_at, 3, "the last valid line");
    keygate_record_free(&record);

    is_num(keygate_journal_read(j, KEYGATE_KEY, str("k1"), 1u << 30, &record),
           KEYGATE_OK, "behind the end");
    keygate_record_free(&record);

    is_num(keygate_journal_read(j, KEYGATE_KEY, str("k2"), 9, &record),
           KEYGATE_NONE, "a deleted one");
    is_num(keygate_journal_read(j, KEYGATE_KEY, str("k9"), 0, &record),
           KEYGATE_NONE, "none");
    is_num(keygate_journal_read(j, KEYGATE_ACCOUNT, str("k1"), 0, &record),
           KEYGATE_OK, "an account of that id");
    keygate_record_free(&record);

    memset(sum, 0, sizeof(sum));
    is_num(keygate_journal_each(j, collect, sum), KEYGATE_OK, "every line");
    is_num(sum[0], 7, "seven");
    ok(sum[3] == 1, "the last is torn");

    memset(sum, 0, sizeof(sum));
    puts_file("a\nbb\nccc\ndddd\n");
    is_num(keygate_journal_each(j, collect, sum), KEYGATE_CONFLICT, "stopped");
    is_num(sum[0], 3, "at the third");
    is_num(sum[2], 5, "its offset");

    memset(sum, 0, sizeof(sum));
    puts_file("\xef\xbb\xbf" "aaa\ndddd\n");
    is_num(keygate_journal_each(j, collect, sum), KEYGATE_CONFLICT,
           "stopped, a byte order mark being none of the first line");
    is_num(sum[2], 3, "whose offset is behind it");

    unlink(path);
    is_num(keygate_journal_each(j, collect, sum), KEYGATE_NONE, "no file");
    is_num(keygate_journal_read(j, KEYGATE_KEY, str("k1"), 0, &record),
           KEYGATE_IO, "nor a record");

    /* a writer holds the file */

    puts_file(key_line("k1", 1, 1));
    keygate_journal_begin(writer);
    is_num(keygate_journal_follow(j, t, 0, &now), KEYGATE_AGAIN,
           "follow does not wait");
    is_num(keygate_journal_follow(writer, t, 0, &now), KEYGATE_AGAIN,
           "nor for itself");
    is_num(keygate_journal_read(writer, KEYGATE_KEY, str("k1"), 0, &record),
           KEYGATE_OK, "a writer may read");
    keygate_record_free(&record);
    keygate_journal_end(writer);
    is_num(keygate_journal_follow(j, t, 0, &now), KEYGATE_OK, "then it goes");

    keygate_journal_destroy(j);
    keygate_journal_destroy(writer);
    free(t);
}


static void
test_strange(void)
{
    keygate_table_t    *t;
    keygate_journal_t  *j;

    t = table();
    j = journal();

    files(1);
    mkdir(path, 0700);
    is_num(keygate_journal_follow(j, t, 0, &now), KEYGATE_IO, "a directory");
    is_num(keygate_journal_begin(j), KEYGATE_IO, "is not to be written");
    rmdir(path);

    mkfifo(path, 0600);
    is_num(keygate_journal_follow(j, t, 0, &now), KEYGATE_IO,
           "a FIFO is not waited for");
    unlink(path);

    puts_file(key_line("k1", 1, 1));
    fault_set(F_PREAD, 1, EIO, 0);
    is_num(keygate_journal_follow(j, t, 0, &now), KEYGATE_IO, "no reading");
    is_num(errno, EIO, "and why");
    fault_clear();
    is_num(keygate_journal_follow(j, t, 0, &now), KEYGATE_OK, "then all");
    is_num(version(t, "k1"), 1, "is there");

    keygate_journal_destroy(j);
    free(t);
}


int
main(void)
{
    setup();

    test_follow();
    test_rejects();
    test_rewritten();
    test_moved();
    test_overlap();
    test_torn();
    test_lookup();
    test_strange();

    return teardown();
}

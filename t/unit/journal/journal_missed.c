/*
 * Lines of records that are not there since they found no room: they are taken
 * when there is, as the last line of each of them says, whoever follows then.
 */

#include "journal_lib.h"


#define SMALL  65536
#define LIVE   2000000000
#define FILL   400


static keygate_table_t *
small(void)
{
    static const unsigned char  seed[16] = { 1, 2, 3 };

    return keygate_table_init(calloc(1, SMALL), SMALL, seed);
}


static void
follow(keygate_journal_t *j, keygate_table_t *t, unsigned lines)
{
    keygate_rc_t  rc;

    do {
        now.tick += 100;
        rc = keygate_journal_follow(j, t, lines, &now);
    } while (rc == KEYGATE_AGAIN
             || (rc == KEYGATE_OK && keygate_table_missed_due(t)));
}


/* Keys f0 to f399, of which not all find room: how many do. */

static unsigned
fill(keygate_journal_t *j, keygate_table_t *t, unsigned lines)
{
    char      id[16];
    unsigned  i;

    puts_file(key_line("k1", LIVE, 1));

    for (i = 0; i < FILL; i++) {
        snprintf(id, sizeof(id), "f%u", i);
        adds_file(key_line(id, LIVE, 1000 + i));
    }

    follow(j, t, lines);

    return keys(t);
}


static void
drop(unsigned from, unsigned to)
{
    char      id[16];
    unsigned  i;

    for (i = from; i < to; i++) {
        snprintf(id, sizeof(id), "f%u", i);
        adds_file(delete_line(id));
    }
}


static int
may(const keygate_table_t *t, unsigned number)
{
    unsigned char  digest[KEYGATE_DIGEST_LEN];

    memset(digest, 0, sizeof(digest));
    digest[KEYGATE_DIGEST_LEN - 1] = (unsigned char) number;
    digest[KEYGATE_DIGEST_LEN - 2] = (unsigned char) (number >> 8);

    return keygate_table_missed_may(t, digest);
}


static void
test_taken(unsigned lines)
{
    char                id[16];
    unsigned            n, i, lost;
    keygate_table_t    *t;
    keygate_journal_t  *j, *other;

    t = small();
    j = journal();
    files(1);

    n = fill(j, t, lines);
    ok(n > 50 && n < FILL, "%u keys fit", n);
    is_num(rejected.n, FILL + 1 - n, "the others are told of");
    ok(may(t, 1000 + FILL - 1), "one of them may be such a one");
    ok(!keygate_table_missed_due(t), "nothing is due");

    /* of those that are not there one is changed, and one is deleted */

    adds_file(key_line("f399", 5, 1399));
    adds_file(delete_line("f398"));
    adds_file(key_line("f397", LIVE, 2397));
    follow(j, t, lines);
    is_num(keys(t), n, "what is later is not there either");

    drop(0, 10);
    follow(j, t, lines);
    ok(keys(t) > n - 10 && keys(t) <= n, "deletions make room for others");
    is_num(version(t, "f9"), -1, "those that were deleted stay so");

    /* a new process goes on */

    other = journal();
    drop(10, 350);
    follow(other, t, lines);

    for (lost = 0, i = 350; i < 398; i++) {
        snprintf(id, sizeof(id), "f%u", i);
        lost += version(t, id) != LIVE;
    }

    is_num(lost, 0, "all are there that should be");
    is_num(keys(t), 1 + 48 + 1, "and no others");
    is_num(version(t, "f399"), 5, "as the last line says");
    is_num(version(t, "f398"), -1, "what was deleted is not");
    is_num(version(t, "k1"), LIVE, "what was there stays as it was");
    ok(!may(t, 1000 + FILL - 1), "no key may be one that is not there");
    ok(!keygate_table_missed_due(t), "nothing is due");

    keygate_journal_destroy(other);
    keygate_journal_destroy(j);
    free(t);
}


/* A file that is replaced meanwhile. */

static void
test_replaced(unsigned lines)
{
    unsigned            n;
    keygate_table_t    *t;
    keygate_journal_t  *j;

    t = small();
    j = journal();
    files(1);

    n = fill(j, t, lines);
    unlink(path);
    puts_file(key_line("f399", LIVE, 1399));
    adds_file(key_line("k2", 7, 2));
    follow(j, t, lines);

    is_num(keys(t), 2, "%u keys are no more", n - 2);
    is_num(version(t, "f399"), LIVE, "one that was not there is");
    is_num(version(t, "k2"), 7, "and one that nobody knew");
    ok(!may(t, 1398), "the others are none");

    keygate_journal_destroy(j);
    free(t);
}


int
main(void)
{
    unsigned  lines;

    setup();

    for (lines = 0; lines < 8; lines += 1 + lines * 2) {
        test_taken(lines);
        test_replaced(lines);
    }

    return teardown();
}

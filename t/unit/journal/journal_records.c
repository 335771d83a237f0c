/*
 * Reading a journal since a mark, and record by record; the index behind it.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "keygate_index.h"
#include "keygate_journal.h"
#include "tap.h"


#define A_16    "aaaaaaaaaaaaaaaa"
#define B_16    "bbbbbbbbbbbbbbbb"
#define C_16    "cccccccccccccccc"
#define HEX_A   A_16 A_16 A_16 A_16
#define HEX_B   B_16 B_16 B_16 B_16
#define HEX_C   C_16 C_16 C_16 C_16

#define UNTIL   1780000000               /* 2026-05-28T20:26:40Z */

#define ACCOUNT  "{\"account\":{\"id\":\"acc\"}}\n"
#define KEY(id, hex)                                                          \
    "{\"key\":{\"id\":\"" id "\",\"account\":\"acc\",\"digest\":\"sha256:"    \
    hex "\",\"scopes\":[]}}\n"
#define KEY_A    KEY("a", HEX_A)
#define KEY_B    KEY("b", HEX_B)
#define STOLEN   KEY("c", HEX_A)
#define HMAC_A                                                                \
    "{\"key\":{\"id\":\"d\",\"account\":\"acc\",\"digest\":"                  \
    "\"hmac-sha256:" HEX_A "\"}}\n"
#define ROTATED                                                               \
    "{\"key\":{\"id\":\"e\",\"account\":\"acc\",\"digest\":"                  \
    "\"sha256:" HEX_C "\",\"previous\":{\"digest\":\"sha256:" HEX_A "\","     \
    "\"until\":\"2026-05-28T20:26:40Z\"}}}\n"
#define GONE_B   "{\"key\":{\"id\":\"b\",\"deleted\":true}}\n"


static char  dir[] = "/tmp/keygate-unit-XXXXXX";
static char  path[64], other[64];


typedef struct {
    char          text[4096];
    unsigned      lines;
    unsigned      stop;                  /* after so many */
    uint64_t      number;
} seen_t;


static void
put(const char *name, const char *mode, const char *text)
{
    FILE  *f;

    f = fopen(name, mode);

    if (f == NULL || fputs(text, f) == EOF || fclose(f) != 0) {
        abort();
    }
}


static keygate_rc_t
see(void *data, uint64_t number, uint64_t at, keygate_str_t line, int torn)
{
    seen_t  *s = data;

    (void) at;
    (void) torn;

    s->number = number;
    s->lines++;
    strncat(s->text, (const char *) line.data, line.len);
    strcat(s->text, "\n");

    return s->stop == s->lines ? KEYGATE_FULL : KEYGATE_OK;
}


static seen_t  seen;

static keygate_rc_t
since(keygate_journal_t *j, keygate_mark_t *mark)
{
    unsigned  stop;

    stop = seen.stop;
    memset(&seen, 0, sizeof(seen));
    seen.stop = stop;

    return keygate_journal_since(j, mark, see, &seen);
}


static void
test_since(keygate_journal_t *j)
{
    uint64_t        at, end;
    keygate_mark_t  mark;

    memset(&mark, 0, sizeof(mark));

    is_num(since(j, &mark), KEYGATE_NONE, "no file");

    put(path, "w", ACCOUNT KEY_A "torn");
    is_num(since(j, &mark), KEYGATE_OK, "two lines and a torn one");
    is_str(seen.text, strlen(seen.text), ACCOUNT KEY_A, "the two");
    is_num(mark.line, 2, "which are counted");

    is_num(since(j, &mark), KEYGATE_OK, "once more");
    is_num(seen.lines, 0, "nothing is new");

    is_num(keygate_journal_begin(j), KEYGATE_OK, "a writer");
    is_num(keygate_journal_append(j, KEYGATE_STR(KEY_B), &at, &end),
           KEYGATE_OK, "appends");
    is_num(since(j, &mark), KEYGATE_OK, "and reads");
    keygate_journal_end(j);
    is_str(seen.text, strlen(seen.text), "torn\n" KEY_B, "what is new");
    is_num(seen.number, 4, "with its number");
    is_num(mark.offset, end, "the mark is at the end");

    put(path, "a", KEY_A KEY_B);
    seen.stop = 1;
    is_num(since(j, &mark), KEYGATE_FULL, "stopped");
    seen.stop = 0;
    is_num(since(j, &mark), KEYGATE_OK, "goes on");
    is_str(seen.text, strlen(seen.text), KEY_B, "after where it stopped");

    put(path, "w", ACCOUNT);
    is_num(since(j, &mark), KEYGATE_CONFLICT, "a file that has shrunk");
    is_num(seen.lines, 0, "of which nothing is read");

    put(path, "a", KEY_A KEY_B KEY_A KEY_B KEY_A KEY_B);
    put(path, "a", KEY_A KEY_B KEY_A KEY_B KEY_A KEY_B);
    is_num(since(j, &mark), KEYGATE_CONFLICT,
           "the mark is in the middle of a line");

    memset(&mark, 0, sizeof(mark));
    is_num(since(j, &mark), KEYGATE_OK, "from the start");
    put(other, "w", ACCOUNT KEY_A KEY_B KEY_A KEY_B KEY_A KEY_B KEY_A KEY_B
                    KEY_A KEY_B KEY_A KEY_B KEY_A KEY_B KEY_A KEY_B);
    is_num(rename(other, path), 0, "another file");
    is_num(since(j, &mark), KEYGATE_CONFLICT, "is not that of the mark");
}


static void
test_records(keygate_journal_t *j)
{
    put(path, "w", ACCOUNT KEY_B KEY_A STOLEN "garbage\n\n" GONE_B KEY_B
                   KEY_A "{\"key\":");

    memset(&seen, 0, sizeof(seen));
    is_num(keygate_journal_records(j, UNTIL, see, &seen), KEYGATE_OK,
           "records");
    is_str(seen.text, strlen(seen.text), ACCOUNT KEY_A KEY_B,
           "one line each, in the order in which they first appeared");
    is_num(seen.number, 3, "counted");

    memset(&seen, 0, sizeof(seen));
    seen.stop = 2;
    is_num(keygate_journal_records(j, UNTIL, see, &seen), KEYGATE_FULL,
           "stopped");
    is_num(seen.lines, 2, "there");

    put(path, "w", ROTATED HMAC_A KEY_A);

    memset(&seen, 0, sizeof(seen));
    is_num(keygate_journal_records(j, UNTIL - 1, see, &seen), KEYGATE_OK,
           "a secret that is still good");
    is_str(seen.text, strlen(seen.text), ROTATED HMAC_A,
           "is nobody else's; another kind of digest is another one");

    memset(&seen, 0, sizeof(seen));
    is_num(keygate_journal_records(j, UNTIL, see, &seen), KEYGATE_OK,
           "a secret that is no longer good");
    is_str(seen.text, strlen(seen.text), ROTATED HMAC_A KEY_A,
           "may be another key's");

    unlink(path);
    is_num(keygate_journal_records(j, UNTIL, see, &seen), KEYGATE_NONE,
           "no file");
}


static keygate_rc_t
add(keygate_index_t *index, const char *line, uint64_t at)
{
    keygate_rc_t      rc;
    keygate_str_t     text;
    keygate_fault_t   fault;
    keygate_record_t  record;

    text.data = (const unsigned char *) line;
    text.len = strlen(line) - 1;

    rc = keygate_record_scan(text, &record, &fault);

    if (rc == KEYGATE_OK) {
        rc = keygate_index_add(index, &record, at, text.len);
        keygate_record_free(&record);
    }

    return rc;
}


static void
test_index(void)
{
    uint64_t          at;
    keygate_index_t  *index;

    index = keygate_index_create(UNTIL);

    is_num(keygate_index_find(index, KEYGATE_KEY, KEYGATE_STR("a"), &at),
           KEYGATE_NONE, "an empty index");

    is_num(add(index, KEY_A, 7), KEYGATE_OK, "a key");
    is_num(keygate_index_find(index, KEYGATE_KEY, KEYGATE_STR("a"), &at),
           KEYGATE_OK, "is found");
    is_num(at, 7, "where it is");
    is_num(keygate_index_find(index, KEYGATE_ACCOUNT, KEYGATE_STR("a"), &at),
           KEYGATE_NONE, "not as an account");

    is_num(add(index, STOLEN, 8), KEYGATE_CONFLICT, "its digest is its own");
    is_num(keygate_index_find(index, KEYGATE_KEY, KEYGATE_STR("c"), &at),
           KEYGATE_NONE, "another key with it is not there");

    is_num(add(index, KEY_B, 9), KEYGATE_OK, "another");
    is_num(add(index, GONE_B, 10), KEYGATE_OK, "deleted");
    is_num(keygate_index_find(index, KEYGATE_KEY, KEYGATE_STR("b"), &at),
           KEYGATE_NONE, "is not there");

    keygate_index_destroy(index);
}


int
main(void)
{
    keygate_journal_t       *j;
    keygate_journal_conf_t   conf;

    if (mkdtemp(dir) == NULL) {
        abort();
    }

    snprintf(path, sizeof(path), "%s/keys.jsonl", dir);
    snprintf(other, sizeof(other), "%s/other", dir);

    memset(&conf, 0, sizeof(conf));
    j = keygate_journal_create(path, &conf);

    test_since(j);
    test_records(j);
    test_index();

    keygate_journal_destroy(j);
    unlink(path);
    rmdir(dir);

    return tap_done();
}

/*
 * Eight processes append to one journal and now and then compact it; each is
 * killed at a random instant, some in the middle of a write.  Whoever follows
 * the file sees every acknowledged line, and no torn one.
 */

#include <poll.h>
#include <signal.h>
#include <time.h>

#include "journal_lib.h"


#define WRITERS  8
#define KEYS     4
#define KILLS    300
#define SECONDS  6


typedef struct {
    int  writer;
    int  key;
    int  version;
} ack_t;


static int    ack_pipe[2];
static int    acknowledged[WRITERS][KEYS];
static pid_t  writers[WRITERS];


static void
writer(int n, int born)
{
    int                 i, k;
    char                id[32], lines[1600];
    uint64_t            at, end, kept, dropped;
    ack_t               ack;
    keygate_journal_t  *j;

    srand((unsigned) born * 8 + (unsigned) n);
    fault_plan.kill = 4;

    j = journal();

    for (i = 1; ; i++) {

        if (rand() % 100 == 0
            && compact(j, &kept, &dropped)
               != KEYGATE_OK)
        {
            _exit(3);
        }

        ack.writer = n;
        ack.key = rand() % KEYS;
        ack.version = born * 100000 + i;

        lines[0] = '\0';

        for (k = rand() % 3; k >= 0; k--) {
            snprintf(id, sizeof(id), "w%dk%d", n, ack.key);
            strcat(lines, key_line(id, (unsigned) ack.version,
                                   (unsigned) (n * KEYS + ack.key + 1)));
        }

        if (keygate_journal_begin(j) != KEYGATE_OK
            || keygate_journal_append(j, str(lines), &at, &end) != KEYGATE_OK)
        {
            _exit(3);
        }

        keygate_journal_end(j);

        if (syscall(SYS_write, ack_pipe[1], &ack, sizeof(ack))
            != sizeof(ack))
        {
            _exit(4);
        }
    }
}


static void
start(int n, int born)
{
    writers[n] = fork();

    if (writers[n] == 0) {
        writer(n, born);
    }
}


static void
read_acks(void)
{
    ack_t          ack;
    struct pollfd  p;

    p.fd = ack_pipe[0];
    p.events = POLLIN;

    while (poll(&p, 1, 0) == 1
           && read(ack_pipe[0], &ack, sizeof(ack)) == sizeof(ack))
    {
        acknowledged[ack.writer][ack.key] = ack.version;
    }
}


/* How many acknowledged lines are not in force. */

static int
missing(const keygate_table_t *t)
{
    int   n, k, sum;
    char  id[32];

    for (sum = 0, n = 0; n < WRITERS; n++) {
        for (k = 0; k < KEYS; k++) {
            snprintf(id, sizeof(id), "w%dk%d", n, k);
            sum += acknowledged[n][k] != 0
                   && version(t, id) < acknowledged[n][k];
        }
    }

    return sum;
}


static int
total(void)
{
    int  n, k, sum;

    for (sum = 0, n = 0; n < WRITERS; n++) {
        for (k = 0; k < KEYS; k++) {
            sum += acknowledged[n][k] % 100000;
        }
    }

    return sum;
}


int
main(void)
{
    int                 n, kills, status, lost, wrong, followed;
    time_t              stop;
    keygate_rc_t        rc;
    keygate_table_t    *t;
    keygate_journal_t  *j;

    setup();

    if (pipe(ack_pipe) == -1) {
        return 2;
    }

    t = table();
    j = journal();
    lost = wrong = followed = 0;

    for (n = 0; n < WRITERS; n++) {
        start(n, 1);
    }

    stop = time(NULL) + SECONDS;

    for (kills = 0; kills < KILLS && time(NULL) < stop; kills++) {
        usleep((useconds_t) (rand() % 15000));

        n = rand() % WRITERS;
        kill(writers[n], SIGKILL);
        waitpid(writers[n], &status, 0);
        wrong += WIFEXITED(status);
        start(n, kills + 2);

        read_acks();

        do {
            rc = keygate_journal_follow(j, t, 0, &now);
        } while (rc == KEYGATE_AGAIN);

        followed += rc == KEYGATE_OK;
        lost += missing(t);
    }

    for (n = 0; n < WRITERS; n++) {
        kill(writers[n], SIGKILL);
        waitpid(writers[n], &status, 0);
    }

    read_acks();
    is_num(append(j, key_line("last", 1, 1000)), KEYGATE_OK,
           "no lock is held");
    is_num(keygate_journal_follow(j, t, 0, &now), KEYGATE_OK, "all is read");
    is_num(followed, kills, "as after each of %d kills", kills);
    is_num(lost + missing(t), 0, "every acknowledged line is there");
    is_num(wrong, 0, "no writer had an error");
    ok(total() > kills, "there were some (%u refused as torn)", rejected.n);
    ok(rejected.n <= (unsigned) (kills + 2 * WRITERS) * 3,
       "what was refused was torn");

    free(t);
    t = table();
    rejected.n = 0;
    keygate_journal_destroy(j);
    j = journal();
    is_num(keygate_journal_follow(j, t, 0, &now), KEYGATE_OK, "from scratch");
    is_num(missing(t), 0, "it is all there too");
    is_num(version(t, "last"), 1, "to the last");

    keygate_journal_destroy(j);
    free(t);

    return teardown();
}

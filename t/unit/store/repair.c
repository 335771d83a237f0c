/*
 * An engine that forgets, and nodes that bring back what it has lost: every
 * short history of two nodes, a command and an engine that is set back to a
 * snapshot, searched through.  Nodes read their copies with the code that the
 * gateway has; the engine's scripts "write" and "merge" have twins here.
 *
 * In all of them, once all have met the engine again:
 *
 *   what was revoked or deleted on a node is so everywhere, and was never
 *   live on any node meanwhile;
 *   no record is forgotten that a node has;
 *   a change that a node has, and that nobody has overwritten, is there (when
 *   the engine forgets a second time before all nodes have met it, it may be
 *   the change before that);
 *   engine and nodes hold the same.
 */

#include "keygate_history.h"
#include "tap.h"


#define RECORDS  2
#define DEPTH    6
#define CHANGES  32
#define LINES    160
#define LINE     200
#define EPOCH    "e0"


typedef enum { NONE = 0, LIVE, REVOKED, DELETED } state_e;

typedef struct {
    char      line[LINE];
    unsigned  version;                   /* 0: there is none */
    state_e   state;
} record_t;

typedef struct {
    char      chain[KEYGATE_CHAIN_MAX + 1];
    char      line[LINE];
    unsigned  record;
} change_t;

typedef struct {
    record_t  records[RECORDS];
    change_t  log[CHANGES];              /* of change i + 1 */
    unsigned  seq;
} engine_t;

typedef struct {
    char             lines[LINES][LINE];
    unsigned         n;
    keygate_place_t  place;
    record_t         records[RECORDS];   /* its table; versions are unknown */
} node_t;

typedef struct {
    engine_t  engine, saved;
    node_t    nodes[2];
    unsigned  written;                   /* lines, all different */
    unsigned  losses;                    /* times that it was set back */
    unsigned  has_saved:1;
    struct {
        char      line[LINE];            /* the last one written */
        unsigned  kept:1;                /* a node has it */
        unsigned  away:1;                /* a node had it revoked or gone */
        unsigned  both:1;                /* two sides have changed it */
    } last[RECORDS];
} world_t;


static unsigned    histories;
static const char  *broken;
static char         path[DEPTH + 1], found[DEPTH + 1];


static keygate_place_t
place_of(const engine_t *e, unsigned seq)
{
    keygate_place_t  place;

    memset(&place, 0, sizeof(place));
    strcpy(place.epoch, EPOCH);
    strcpy(place.chain, seq == 0 ? EPOCH : e->log[seq - 1].chain);
    place.seq = seq;

    return place;
}


static void
wrong(const char *what)
{
    if (broken == NULL) {
        broken = what;
        strcpy(found, path);
    }
}


static state_e
state_of(const char *line)
{
    return strstr(line, "\"deleted\"") != NULL ? DELETED
           : strstr(line, "\"revoked_at\"") != NULL ? REVOKED : LIVE;
}


static int
away(state_e state)
{
    return state == REVOKED || state == DELETED;
}


static void
make_line(world_t *w, unsigned record, state_e state, char line[LINE])
{
    if (state == DELETED) {
        snprintf(line, LINE, "{\"key\":{\"id\":\"k%u\",\"deleted\":true}}",
                 record);
        return;
    }

    snprintf(line, LINE, "{\"key\":{\"id\":\"k%u\",\"account\":\"a\","
             "\"name\":\"%u\",\"digest\":\"sha256:%064u\",\"scopes\":[]%s}}",
             record, ++w->written, record, state == REVOKED
             ? ",\"revoked_at\":\"2026-01-01T00:00:00Z\"" : "");
}


/* What both scripts do in the end. */

static void
engine_add(engine_t *e, unsigned record, const char *line)
{
    keygate_place_t  place;

    place = place_of(e, e->seq);

    if (keygate_place_next(&place, keygate_span(line)) != KEYGATE_OK) {
        exit(2);
    }

    strcpy(e->log[e->seq].chain, place.chain);
    strcpy(e->log[e->seq].line, line);
    e->log[e->seq].record = record;
    e->seq++;

    strcpy(e->records[record].line, line);
    e->records[record].version = e->seq;
    e->records[record].state = state_of(line);
}


/* merge.lua: 1 when mine is there now; else *seen is what stays. */

static int
engine_merge(engine_t *e, const keygate_place_t *common, unsigned record,
    const char *mine, unsigned *seen)
{
    int        take;
    record_t  *theirs;

    theirs = &e->records[record];

    if (theirs->version != 0 && strcmp(theirs->line, mine) == 0) {
        return 1;
    }

    take = theirs->version <= common->seq || theirs->version == *seen;

    if (!take) {
        take = away(state_of(mine)) && !away(theirs->state);
    }

    if (take) {
        engine_add(e, record, mine);
        return 1;
    }

    *seen = theirs->version;

    return 0;
}


static keygate_rc_t
engine_chain(void *data, uint64_t seq, char chain[KEYGATE_CHAIN_MAX + 1])
{
    strcpy(chain, place_of(data, (unsigned) seq).chain);

    return KEYGATE_OK;
}


/* -- A node ---------------------------------------------------------------- */

/* A line goes into the copy, and into the table. */

static void
node_line(node_t *node, const char *line, const keygate_place_t *mark)
{
    char       text[KEYGATE_MARK_MAX];
    record_t  *record;

    if (node->n + 2 > LINES) {
        exit(2);
    }

    if (line != NULL) {
        record = &node->records[line[sizeof("{\"key\":{\"id\":\"k") - 1] - '0'];
        strcpy(node->lines[node->n++], line);

        if (away(record->state) && !away(state_of(line))) {
            wrong("a revoked key is live");
        }

        strcpy(record->line, line);
        record->state = state_of(line);
    }

    if (mark != NULL) {
        (void) keygate_place_line(mark, 0, text);
        text[strcspn(text, "\n")] = '\0';
        strcpy(node->lines[node->n++], text);
        node->place = *mark;
    }
}


static void
node_follow(node_t *node, const engine_t *e)
{
    keygate_place_t  mark;

    while (node->place.seq < e->seq) {
        mark = place_of(e, (unsigned) node->place.seq + 1);
        node_line(node, e->log[node->place.seq].line, &mark);
    }
}


/* The copy is made anew: what is older than "from" as it is, then each change
 * as a mark, with its line where that is its record's last one. */

static void
node_renew(node_t *node, const engine_t *e)
{
    unsigned         i, from;
    keygate_place_t  mark;
    const change_t  *change;

    node->n = 0;
    from = e->seq > 3 ? e->seq - 3 : 0;

    for (i = 0; i < RECORDS; i++) {
        if (e->records[i].version != 0 && e->records[i].version <= from) {
            node_line(node, e->records[i].line, NULL);
        }
    }

    mark = place_of(e, from);
    node_line(node, NULL, &mark);

    for (i = from; i < e->seq; i++) {
        change = &e->log[i];
        mark = place_of(e, i + 1);
        node_line(node, e->records[change->record].version == i + 1
                  ? change->line : NULL, &mark);
    }
}


static void
node_repair(node_t *node, engine_t *e, unsigned most)
{
    size_t             i;
    unsigned           record, seen;
    keygate_rc_t       rc;
    keygate_place_t    theirs, common;
    keygate_history_t  h;

    keygate_history_init(&h);
    theirs = place_of(e, e->seq);

    for (i = 0; i < node->n; i++) {
        (void) keygate_history_line(&h, i + 1, keygate_span(node->lines[i]));
    }

    if (!keygate_history_whole(&h)
        || !keygate_place_eq(&h.here, &node->place))
    {
        wrong("a history that does not lead to its place");
    }

    rc = keygate_history_common(&h, &theirs, engine_chain, e, &common);

    if (rc == KEYGATE_OK) {
        for (i = 0; i < node->n; i++) {
            (void) keygate_history_take(&h, &common, i + 1,
                                        keygate_span(node->lines[i]));
        }
    }

    for (i = 0; i < h.n_lost && most != 0; i++) {
        if (!h.lost[i].last) {
            continue;
        }

        h.lost[i].line[h.lost[i].len] = '\0';
        record = (unsigned) (h.lost[i].field[sizeof("key:k") - 1] - '0');
        seen = 0;

        if (!engine_merge(e, &common, record, h.lost[i].line, &seen)
            && keygate_history_had(&h, i,
                                   keygate_span(e->records[record].line)))
        {
            (void) engine_merge(e, &common, record, h.lost[i].line, &seen);
        }

        most--;
    }

    /* where no place is known, only what takes rights away */

    memset(&common, 0, sizeof(common));

    for (i = 0; rc == KEYGATE_NONE && i < RECORDS; i++) {
        if (away(node->records[i].state)) {
            seen = 0;
            (void) engine_merge(e, &common, (unsigned) i,
                                node->records[i].line, &seen);
        }
    }

    keygate_history_free(&h);

    if (most != 0) {
        node_renew(node, e);
    }
}


/* Whether its place is one of the engine's, as beat.lua tells. */

static int
node_fits(const node_t *node, const engine_t *e)
{
    keygate_place_t  theirs;

    if (node->place.seq > e->seq) {
        return 0;
    }

    theirs = place_of(e, (unsigned) node->place.seq);

    return keygate_place_eq(&theirs, &node->place);
}


static void
node_meet(world_t *w, unsigned i, unsigned most)
{
    node_t    *node;
    unsigned   k;

    node = &w->nodes[i];

    if (node_fits(node, &w->engine)) {
        node_follow(node, &w->engine);

    } else {
        node_repair(node, &w->engine, most);
    }

    for (k = 0; k < RECORDS; k++) {
        w->last[k].away |= away(node->records[k].state);
        w->last[k].kept |= strcmp(node->records[k].line, w->last[k].line) == 0;
    }
}


/* -- What may happen ------------------------------------------------------- */

static int
change(world_t *w, unsigned record, state_e state, int by_node)
{
    char      line[LINE];
    state_e   now;
    unsigned  i;

    if (by_node) {
        if (!node_fits(&w->nodes[0], &w->engine)) {
            return 0;
        }

        node_meet(w, 0, 0);
    }

    now = w->engine.records[record].state;

    /* what is revoked stays so, what is gone is gone */

    if (now == DELETED || (now == NONE && state != LIVE)
        || (now == REVOKED && state == REVOKED)
        || w->engine.seq + 2 * RECORDS + 2 > CHANGES)
    {
        return 0;
    }

    make_line(w, record, now == REVOKED && state == LIVE ? REVOKED : state,
              line);
    engine_add(&w->engine, record, line);

    strcpy(w->last[record].line, line);
    w->last[record].kept = 0;

    if (by_node) {
        node_meet(w, 0, 0);
    }

    for (i = 0; i < 2; i++) {
        w->last[record].both |= !node_fits(&w->nodes[i], &w->engine);
        w->last[record].kept |= strcmp(w->nodes[i].records[record].line, line)
                                == 0;
    }

    return 1;
}


static int
happen(world_t *w, char what)
{
    unsigned  i;

    switch (what) {

    case 'c':
        return change(w, 0, LIVE, 1);

    case 'r':
        return change(w, 0, REVOKED, 1);

    case 'd':
        return change(w, 0, DELETED, 1);

    case 'o':
        return change(w, 1, LIVE, 1);

    case 'C':                            /* by the command */
        return change(w, 0, LIVE, 0);

    case 'O':
        return change(w, 1, LIVE, 0);

    case 'A':
    case 'B':
        i = (unsigned) (what - 'A');

        if (w->nodes[i].place.seq == w->engine.seq
            && node_fits(&w->nodes[i], &w->engine))
        {
            return 0;
        }

        node_meet(w, i, ~0U);
        return 1;

    case 'a':                            /* A dies after its first merge */
        if (node_fits(&w->nodes[0], &w->engine)) {
            return 0;
        }

        node_meet(w, 0, 1);
        return 1;

    case 'S':
        if (w->has_saved && w->saved.seq == w->engine.seq) {
            return 0;
        }

        w->saved = w->engine;
        w->has_saved = 1;
        return 1;

    default:
        if (!w->has_saved || w->saved.seq == w->engine.seq) {
            return 0;
        }

        w->engine = w->saved;
        w->losses++;
        return 1;
    }
}


static void
judge(world_t *w)
{
    unsigned   i, k;
    record_t  *record;

    for (i = 0; i < 4; i++) {
        node_meet(w, i % 2, ~0U);
    }

    node_meet(w, 0, ~0U);

    for (k = 0; k < RECORDS; k++) {
        record = &w->engine.records[k];

        for (i = 0; i < 2; i++) {
            if (strcmp(w->nodes[i].records[k].line, record->line) != 0) {
                wrong("nodes and engine differ");
            }
        }

        if (w->last[k].away && !away(record->state)) {
            wrong("what was taken away is back");
        }

        if (w->last[k].kept && !w->last[k].both && !w->last[k].away
            && w->losses < 2
            && strcmp(record->line, w->last[k].line) != 0)
        {
            wrong("a change is lost");
        }
    }
}


static void
search(const world_t *w, unsigned depth)
{
    unsigned     i;
    world_t     *next, *end;

    static const char  events[] = "crdoCOABaSR";

    next = malloc(sizeof(world_t));
    end = malloc(sizeof(world_t));

    if (next == NULL || end == NULL) {
        exit(2);
    }

    for (i = 0; events[i] != '\0' && broken == NULL; i++) {
        *next = *w;
        path[depth] = events[i];
        path[depth + 1] = '\0';

        if (!happen(next, events[i])) {
            continue;
        }

        histories++;

        *end = *next;
        judge(end);

        if (depth + 1 < DEPTH) {
            search(next, depth + 1);
        }
    }

    free(next);
    free(end);
}


int
main(void)
{
    world_t          *w;
    keygate_place_t   mark;

    w = calloc(1, sizeof(world_t));

    if (w == NULL) {
        return 2;
    }

    mark = place_of(&w->engine, 0);
    node_line(&w->nodes[0], NULL, &mark);
    node_line(&w->nodes[1], NULL, &mark);

    (void) happen(w, 'c');
    (void) happen(w, 'o');
    (void) happen(w, 'B');

    search(w, 0);

    ok(broken == NULL, "every history ends well");

    if (broken != NULL) {
        printf("# %s: %s\n", found, broken);
    }

    ok(histories > 100000, "there are many");
    printf("# %u histories\n", histories);

    free(w);

    return tap_done();
}

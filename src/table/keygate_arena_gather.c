/*
 * Bodies are moved, so that what is free between them becomes one piece: all
 * that lie in a window at the arena's far end, from its floor on, go into free
 * pieces behind it, and then the window is the arena's again.
 *
 *   start    top            floor    window ends               end
 *   | nodes ... |  the arena  | body | free | body |  ...  | body |
 *
 * Only bodies are: nobody writes to them but who has the lock, and a reader
 * who has found one that has moved starts over.  Large ones are not among
 * them, or one would stand in the way of all that is free behind it.
 *
 * A window that is begun stays until it is empty, were the writer killed: what
 * is freed in it meanwhile goes into no list.
 */

#include <string.h>

#include "keygate_table_private.h"


#define KEYGATE_WINDOW_LARGE  16         /* granules */
#define KEYGATE_WINDOW_MORE   256        /* a part of the arena */


typedef struct {
    uint32_t  to;                        /* where the window ends */
    uint32_t  bodies[KEYGATE_BODY_NEAR + 1];     /* in it, by granules */
    uint32_t  places[KEYGATE_CLASSES];   /* free pieces that are not */
} keygate_gather_t;


static void keygate_window_find(const keygate_table_t *t, uint64_t need,
    keygate_gather_t *w);
static void keygate_window_free(const keygate_table_t *t,
    keygate_gather_t *w);
static int keygate_window_fits(keygate_gather_t *w);
static void keygate_window_unlink(keygate_table_t *t, unsigned list);
static int keygate_window_empty(keygate_table_t *t);
static int keygate_window_empty_of(keygate_table_t *t, keygate_kind_e kind,
    unsigned least);
static int keygate_window_move(keygate_table_t *t, uint32_t node,
    keygate_kind_e kind);


static inline uint32_t
keygate_body_size(const keygate_table_t *t, uint32_t body)
{
    return (uint32_t) *(uint64_t *) keygate_at(t, body) & 0xffff;
}


uint64_t
keygate_arena_loose(const keygate_table_t *t)
{
    uint64_t  n;
    unsigned  class;

    n = 0;

    for (class = 0; class < KEYGATE_CLASSES; class++) {
        n += (uint64_t) keygate_arena_count(t, KEYGATE_IN_KEY_BODY + class)
             * keygate_arena_granules(class);
    }

    return n;
}


/* What was tried in vain is not tried again before more was given back. */

int
keygate_arena_may(const keygate_table_t *t, uint64_t need)
{
    uint64_t  loose, tried;

    loose = keygate_arena_loose(t);
    tried = keygate_peek(&t->gather_tried);

    return loose > tried + tried / 8
           && loose + (keygate_peek(&t->floor) - keygate_peek(&t->top))
              >= need;
}


int
keygate_arena_gather(keygate_table_t *t, uint64_t need)
{
    unsigned          class;
    uint64_t          loose, more;
    keygate_gather_t  w;

    loose = keygate_arena_loose(t);

    if (need > t->end - t->top || !keygate_arena_may(t, need)) {
        return 0;
    }

    while (t->gather != 0 || need > t->floor - t->top) {

        if (t->gather == 0) {

            /* more than that, so that not each of many comes here */

            more = (t->end - t->start) / KEYGATE_WINDOW_MORE;
            more = more < loose / 4 ? more : loose / 4;
            more = more < t->end - t->top - need ? more : 0;
            keygate_window_find(t, need + more, &w);

            if (!keygate_window_fits(&w)) {
                keygate_window_find(t, need, &w);

                if (w.to == t->floor || !keygate_window_fits(&w)) {
                    break;
                }
            }

            keygate_store(&t->gather, w.to);
            keygate_step();
        }

        /* once more, too, where a writer was killed */

        for (class = 0; class < KEYGATE_CLASSES; class++) {
            keygate_window_unlink(t, KEYGATE_IN_KEY_BODY + class);
        }

        if (!keygate_window_empty(t)) {
            break;
        }
    }

    if (t->gather == 0 && need <= t->floor - t->top) {
        return 1;
    }

    t->gather_tried = keygate_arena_loose(t);

    return 0;
}


/* The bodies that begin before the arena would be as large as that. */

static void
keygate_window_find(const keygate_table_t *t, uint64_t need,
    keygate_gather_t *w)
{
    uint32_t  i, at, body, size, limit, *heads;
    unsigned  kind;

    limit = (uint32_t) (t->top + need);
    memset(w, 0, sizeof(keygate_gather_t));
    w->to = limit;

    for (kind = 0; kind < 2; kind++) {
        heads = keygate_at(t, t->nodes[kind]);

        for (i = 0; i < t->n_nodes[kind]; i++) {
            for (at = heads[i]; at != 0; at = keygate_node(t, at)->next) {
                body = keygate_node(t, at)->body;

                if (body < t->floor || body >= limit) {
                    continue;
                }

                size = keygate_body_size(t, body);
                w->bodies[size]++;
                w->to = body + size > w->to ? body + size : w->to;
            }
        }
    }

    keygate_window_free(t, w);
}


static void
keygate_window_free(const keygate_table_t *t, keygate_gather_t *w)
{
    uint32_t  at, size, limit;
    unsigned  class;

    limit = w->to;

    for (class = 0; class < KEYGATE_CLASSES; class++) {
        size = keygate_arena_granules(class);

        for (at = t->free[KEYGATE_IN_KEY_BODY + class];
             at != 0;
             at = keygate_arena_next(t, at))
        {
            if (at < t->floor || at >= limit) {
                w->places[class]++;

            } else if (at + size > w->to) {
                w->to = at + size;
            }
        }
    }
}


/* Whether all of its bodies have places, the largest ones first. */

static int
keygate_window_fits(keygate_gather_t *w)
{
    uint32_t  rest;
    unsigned  size, class;

    for (size = KEYGATE_BODY_NEAR; size > 0; size--) {
        class = keygate_arena_class(size);

        while (w->bodies[size] > 0) {

            while (class < KEYGATE_CLASSES && w->places[class] == 0) {
                class++;
            }

            if (class == KEYGATE_CLASSES) {
                return 0;
            }

            w->bodies[size]--;
            w->places[class]--;
            rest = keygate_arena_rest(keygate_arena_granules(class), size);

            if (rest != 0) {
                w->places[keygate_arena_class(rest)]++;

                if (keygate_arena_class(rest) < class) {
                    class = keygate_arena_class(size);
                }
            }
        }
    }

    return 1;
}


/* Takes what lies in the window out of a list: the list is one, and no longer
 * than it says, after each store. */

static void
keygate_window_unlink(keygate_table_t *t, unsigned list)
{
    uint32_t  at, from, next, n;

    n = 0;

    for (at = t->free[list]; at != 0; at = keygate_arena_next(t, at)) {
        n += at < t->floor || at >= t->gather;
    }

    from = 0;

    for (at = t->free[list]; at != 0; at = next) {
        next = keygate_arena_next(t, at);

        if (at >= t->floor && at < t->gather) {
            continue;
        }

        if (from == 0) {
            keygate_store(&t->free[list], at);

        } else {
            keygate_arena_link(t, from, at, n + 1);
        }

        n--;
        from = at;
    }

    if (from == 0) {
        keygate_store(&t->free[list], 0);

    } else {
        keygate_arena_link(t, from, 0, 1);
    }
}


/* Moves what is in the window; 0: there is no place for one of them. */

static int
keygate_window_empty(keygate_table_t *t)
{
    /* large ones first: they find fewer places */

    if (!keygate_window_empty_of(t, KEYGATE_KEY, KEYGATE_WINDOW_LARGE)
        || !keygate_window_empty_of(t, KEYGATE_ACCOUNT, KEYGATE_WINDOW_LARGE)
        || !keygate_window_empty_of(t, KEYGATE_KEY, 0)
        || !keygate_window_empty_of(t, KEYGATE_ACCOUNT, 0))
    {
        return 0;
    }

    /* killed in between, the next writer finds an empty window */

    keygate_store(&t->floor, t->gather);
    keygate_step();
    keygate_store(&t->gather, 0);
    keygate_store(&t->gather_tried, 0);
    keygate_store(&t->freed, t->freed + 1);

    return 1;
}


static int
keygate_window_empty_of(keygate_table_t *t, keygate_kind_e kind,
    unsigned least)
{
    uint32_t  i, at, body, *heads;

    heads = keygate_at(t, t->nodes[kind]);

    for (i = 0; i < t->n_nodes[kind]; i++) {
        for (at = heads[i]; at != 0; at = keygate_node(t, at)->next) {
            body = keygate_node(t, at)->body;

            if (body >= t->floor && body < t->gather
                && keygate_body_size(t, body) >= least
                && !keygate_window_move(t, at, kind))
            {
                return 0;
            }
        }
    }

    return 1;
}


static int
keygate_window_move(keygate_table_t *t, uint32_t node, keygate_kind_e kind)
{
    uint32_t         from, to;
    unsigned         n, granules, list;
    uint64_t        *old, *new;
    keygate_in_e     what;

    from = keygate_node(t, node)->body;
    old = keygate_at(t, from);
    n = keygate_body_size(t, from);
    granules = n;
    what = kind == KEYGATE_KEY ? KEYGATE_IN_KEY_BODY : KEYGATE_IN_ACCOUNT_BODY;

    list = keygate_arena_list(t, n, 0);

    if (list == 0) {
        return 0;
    }

    keygate_arena_begin(t);
    keygate_arena_note(t, what, from, node, n);
    to = keygate_arena_take_loose(t, what, node, &granules, list);

    new = keygate_at(t, to);
    keygate_store(&new[0], (old[0] & ~(uint64_t) 0xffff) | granules);
    memcpy(new + 1, old + 1, (size_t) (n - 1) * 8);

    keygate_store(&keygate_node(t, node)->body, to);
    keygate_table_settle(t);

    return 1;
}

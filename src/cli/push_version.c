/*
 * The versions of what a node's copy of a store has, by where its lines are:
 * a mark tells that of the line before it, and those before that are each one
 * less, up to the mark before.
 */

#include <stdlib.h>

#include "push.h"


static int cli_push_add(cli_push_t *p, uint64_t at);


static int
cli_push_add(cli_push_t *p, uint64_t at)
{
    size_t         size;
    cli_pushed_t  *lines;

    if (p->n_lines == p->size) {
        size = 2 * p->size + 1024;
        lines = realloc(p->lines, size * sizeof(cli_pushed_t));

        if (lines == NULL) {
            return 0;
        }

        p->lines = lines;
        p->size = size;
    }

    p->lines[p->n_lines].at = at;
    p->lines[p->n_lines].version = 0;
    p->n_lines++;

    return 1;
}


keygate_rc_t
cli_push_mark(void *data, uint64_t number, uint64_t at, keygate_str_t line,
    int torn)
{
    size_t            i;
    int64_t           wall;
    uint64_t          seq;
    cli_push_t       *p;
    keygate_place_t   place;

    (void) number;

    p = data;

    if (torn || line.len == 0) {
        return KEYGATE_OK;
    }

    if (keygate_place_seq(line, &seq) != KEYGATE_OK) {
        return cli_push_add(p, at) ? KEYGATE_OK : KEYGATE_NOMEM;
    }

    if (keygate_place_parse(line, &place, &wall) == KEYGATE_OK) {
        p->mark = place;
    }

    for (i = p->n_lines; i > p->n_told && seq != 0; i--) {
        p->lines[i - 1].version = seq--;
    }

    p->n_told = p->n_lines;

    return KEYGATE_OK;
}


uint64_t
cli_push_version(const cli_push_t *p, uint64_t at)
{
    size_t  low, high, i;

    for (low = 0, high = p->n_lines; low < high; /* void */ ) {
        i = low + (high - low) / 2;

        if (p->lines[i].at == at) {
            return p->lines[i].version;
        }

        if (p->lines[i].at < at) {
            low = i + 1;

        } else {
            high = i;
        }
    }

    return 0;
}

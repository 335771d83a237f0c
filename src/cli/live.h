/*
 * The live keys of an account, from lines of a journal as they are read.
 */

#ifndef KEYGATE_CLI_LIVE_H
#define KEYGATE_CLI_LIVE_H

#include "cli.h"
#include "keygate_index.h"


/* Index and keys are made by the first line. */

struct cli_live_s {
    const char       *account;
    int64_t           now;
    keygate_index_t  *index;
    json_t           *keys;
};


/* As keygate_line_pt, of a cli_live_t. */
keygate_rc_t cli_live_line(void *data, uint64_t number, uint64_t at,
    keygate_str_t line, int torn);
size_t cli_live_count(const cli_live_t *live);
void cli_live_reset(cli_live_t *live);   /* as before the first line */


#endif /* KEYGATE_CLI_LIVE_H */

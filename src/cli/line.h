/*
 * What a line of a journal is for, before anybody asks whether it is valid.
 */

#ifndef KEYGATE_CLI_LINE_H
#define KEYGATE_CLI_LINE_H

#include "keygate_core.h"


typedef enum {
    CLI_LINE_BLANK,
    CLI_LINE_MARK,                       /* of a node's copy of a store */
    CLI_LINE_RECORD                      /* or it is not valid */
} cli_line_e;


cli_line_e cli_line_kind(keygate_str_t line);


#endif /* KEYGATE_CLI_LINE_H */

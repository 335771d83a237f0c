/*
 * Which lines of a journal are no records and in order all the same: blank
 * ones, and the marks of a copy, which remains a valid journal.
 */

#include "keygate_place.h"
#include "line.h"


cli_line_e
cli_line_kind(keygate_str_t line)
{
    size_t    i;
    uint64_t  seq;

    for (i = 0; i < line.len; i++) {
        if (line.data[i] != ' ' && line.data[i] != '\t'
            && line.data[i] != '\r')
        {
            return keygate_place_seq(line, &seq) == KEYGATE_OK
                   ? CLI_LINE_MARK : CLI_LINE_RECORD;
        }
    }

    return CLI_LINE_BLANK;
}

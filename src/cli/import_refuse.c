/*
 * A line that is refused: why, and of what.
 */

#include "import.h"


keygate_rc_t
cli_import_refuse(cli_row_t *row, const char *reason)
{
    row->reason = strdup(reason);

    return row->reason != NULL ? KEYGATE_INVALID : KEYGATE_NOMEM;
}

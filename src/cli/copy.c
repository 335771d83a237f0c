/*
 * Whether a journal is a node's copy of a store: then its last line is a
 * mark.  What is written into a copy is in force nowhere.
 */

#include <string.h>
#include <unistd.h>

#include "keygate_file.h"
#include "remote.h"


int
cli_copy_is(cli_t *cli)
{
    int               fd;
    char              text[KEYGATE_MARK_MAX];
    off_t             end;
    ssize_t           n;
    size_t            at;
    int64_t           wall;
    keygate_str_t     line;
    keygate_place_t   place;

    if (cli->remote != NULL) {
        return 0;
    }

    fd = keygate_file_read(cli->journal_path);

    if (fd == -1) {
        return 0;
    }

    end = lseek(fd, 0, SEEK_END);
    n = pread(fd, text, sizeof(text),
              end > (off_t) sizeof(text) ? end - (off_t) sizeof(text) : 0);

    (void) close(fd);

    if (n < 2 || text[n - 1] != '\n') {
        return 0;
    }

    for (at = (size_t) n - 1; at != 0 && text[at - 1] != '\n'; at--) {
        /* void */
    }

    line.data = (unsigned char *) text + at;
    line.len = (size_t) n - 1 - at;

    if (keygate_place_parse(line, &place, &wall) != KEYGATE_OK) {
        return 0;
    }

    (void) cli_error(CLI_CONFLICT, "%s: is a node's copy of a store, where "
                     "changes have no effect: make them with --store URL; if "
                     "no gateway has store= for it any more, \"keygate "
                     "compact\" makes a journal of it", cli->journal_path);

    return 1;
}

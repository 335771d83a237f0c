/*
 * The journal as it was, kept beside the file that takes its place: what is in
 * it and not in that one is somebody's, who may want it back.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "keygate_journal_private.h"


#define KEYGATE_KEPT_NAMES  10


static int keygate_kept_name(const char *name, unsigned i, char *to,
    size_t size);


/* NAME.replaced, NAME.replaced.1, ... */

static int
keygate_kept_name(const char *name, unsigned i, char *to, size_t size)
{
    int  n;

    n = i == 0 ? snprintf(to, size, "%s.replaced", name)
               : snprintf(to, size, "%s.replaced.%u", name, i);

    if (n < 0 || (size_t) n >= size) {
        errno = ENAMETOOLONG;
        return -1;
    }

    return 0;
}


void
keygate_journal_keep(keygate_journal_t *j, keygate_kept_t *kept)
{
    int             fd;
    unsigned        i;
    keygate_file_t  file;

    memset(kept, 0, sizeof(keygate_kept_t));

    file.dir = j->file.dir;
    file.name = kept->name;
    fd = -1;

    for (i = 0; i < KEYGATE_KEPT_NAMES; i++) {
        if (keygate_kept_name(j->file.name, i, kept->name, sizeof(kept->name))
            == -1)
        {
            break;
        }

        fd = keygate_file_make(&file, O_WRONLY|O_APPEND, 0600);

        if (fd != -1 || errno != EEXIST) {
            break;
        }
    }

    if (fd == -1) {
        kept->error = errno;
        kept->name[0] = '\0';
        return;
    }

    if (keygate_journal_copy(j, fd, 0, j->end) == -1
        || keygate_replace_attributes(j, fd) == -1
        || fsync(fd) == -1)
    {
        i = (unsigned) errno;
        keygate_journal_unkeep(j, kept);
        kept->error = (int) i;
    }

    (void) close(fd);
}


void
keygate_journal_unkeep(keygate_journal_t *j, keygate_kept_t *kept)
{
    int  saved;

    saved = errno;

    if (kept->name[0]) {
        (void) unlinkat(j->file.dir, kept->name, 0);
    }

    memset(kept, 0, sizeof(keygate_kept_t));

    errno = saved;
}

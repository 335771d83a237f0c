/*
 * What a copy of a store needs of its journal: its last line, which is a mark
 * when the copy is whole, and to be written anew as a whole.
 */

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "keygate_journal_private.h"


keygate_rc_t
keygate_journal_last(keygate_journal_t *j, unsigned char *buf, size_t size,
    keygate_str_t *line, uint64_t *end)
{
    size_t   at, len;
    ssize_t  n;

    line->data = buf;
    line->len = 0;

    if (!j->locked) {
        return KEYGATE_INVALID;
    }

    *end = j->end;

    if (j->end == 0 || j->torn || j->bad) {
        return KEYGATE_OK;
    }

    len = j->end < size ? (size_t) j->end : size;

    n = keygate_file_pread(j->wfd, buf, len, j->end - len);

    if (n == -1) {
        return KEYGATE_IO;
    }

    if ((size_t) n != len || buf[len - 1] != '\n') {
        return KEYGATE_OK;
    }

    for (at = len - 1; at > 0 && buf[at - 1] != '\n'; at--) {
        /* void */
    }

    if (at == 0 && len != j->end) {
        return KEYGATE_OK;
    }

    line->data = buf + at;
    line->len = len - 1 - at;

    return KEYGATE_OK;
}


keygate_rc_t
keygate_journal_renew(keygate_journal_t *j, keygate_str_t lines,
    keygate_kept_t *kept)
{
    keygate_rc_t    rc;
    keygate_temp_t  temp;

    if (!j->locked || lines.len == 0 || lines.data[lines.len - 1] != '\n') {
        return KEYGATE_INVALID;
    }

    memset(&temp, 0, sizeof(keygate_temp_t));

    if (kept) {
        memset(kept, 0, sizeof(keygate_kept_t));
    }

    rc = keygate_replace_open(j, &temp);

    if (rc != KEYGATE_OK) {
        return rc;
    }

    if (keygate_journal_write_all(temp.fd, lines.data, lines.len) == -1) {
        rc = keygate_journal_errno();
        keygate_replace_drop(&temp);
        return rc;
    }

    if (kept) {
        keygate_journal_keep(j, kept);
    }

    rc = keygate_replace_commit(j, &temp);

    if (rc == KEYGATE_OK) {
        j->torn = 0;

    } else if (kept && temp.fd == -1) {
        keygate_journal_unkeep(j, kept);
    }

    return rc;
}

/*
 * JOURNAL.usage at a clean end: what was put in ahead, and was not used, is
 * not lost.  Nobody charges any more, so what is told is exact.
 */

#include <string.h>

#include "keygate_saved_private.h"


#define KEYGATE_EXACT_BATCH  1048576     /* bytes */


static keygate_rc_t keygate_exact_meter(keygate_saved_t *s,
    keygate_table_t *table, uint32_t ref, unsigned kind, unsigned grouped,
    const keygate_now_t *now);
static keygate_rc_t keygate_exact_write(keygate_saved_t *s, size_t most,
    const keygate_now_t *now);


keygate_rc_t
keygate_saved_exact(keygate_saved_t *s, keygate_table_t *table,
    const keygate_now_t *now)
{
    uint32_t            ref;
    uint64_t            cursor;
    keygate_rc_t        rc;
    keygate_key_t       key;
    keygate_account_t   account;

    rc = KEYGATE_OK;
    cursor = 0;

    while (rc == KEYGATE_OK
           && keygate_table_next_key(table, &cursor, &key) == KEYGATE_OK)
    {
        rc = keygate_exact_meter(s, table, key.ref, KEYGATE_KEY, 0, now);
    }

    cursor = 0;

    while (rc == KEYGATE_OK
           && keygate_table_next_account(table, &cursor, &account)
              == KEYGATE_OK)
    {
        rc = keygate_exact_meter(s, table, account.ref, KEYGATE_ACCOUNT, 0,
                                 now);
    }

    cursor = 0;

    while (rc == KEYGATE_OK
           && (ref = keygate_table_group_next(table, &cursor)) != 0)
    {
        rc = keygate_exact_meter(s, table, ref, KEYGATE_KEY, 1, now);
    }

    return rc == KEYGATE_OK ? keygate_exact_write(s, 0, now) : rc;
}


static keygate_rc_t
keygate_exact_meter(keygate_saved_t *s, keygate_table_t *table, uint32_t ref,
    unsigned kind, unsigned grouped, const keygate_now_t *now)
{
    uint32_t               count;
    uint64_t               said;
    keygate_rc_t           rc;
    keygate_quota_t        quota;
    keygate_saved_line_t   line;

    if (!keygate_quota_exact(keygate_table_meter(table, ref,
                                                 (keygate_kind_e) kind),
                             &said, &count)
        || !keygate_saved_name(s, table, ref, kind, grouped, &line))
    {
        return KEYGATE_OK;
    }

    memset(&quota, 0, sizeof(keygate_quota_t));
    quota.ref = ref;
    quota.kind = grouped ? keygate_saved_kind(table, ref, &line) : kind;
    quota.grouped = grouped & 1;

    rc = keygate_saved_add(s, table, &quota, said, count, count, now);

    return rc == KEYGATE_OK ? keygate_exact_write(s, KEYGATE_EXACT_BATCH, now)
           : rc == KEYGATE_NONE ? KEYGATE_OK : rc;
}


static keygate_rc_t
keygate_exact_write(keygate_saved_t *s, size_t most, const keygate_now_t *now)
{
    int       anew;
    uint64_t  written;

    return s->batch.len <= most
           ? KEYGATE_OK : keygate_saved_write(s, now, &anew, &written);
}

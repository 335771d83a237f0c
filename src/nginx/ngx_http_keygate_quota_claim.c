/*
 * Which process is at JOURNAL.usage: one at a time, and not one that has died.
 */

#include "ngx_http_keygate.h"
#include "ngx_http_keygate_quota.h"


#define NGX_HTTP_KEYGATE_QUOTA_LONG  60      /* s: nobody takes so long */


/* A process that has died has let go. */

ngx_uint_t
ngx_http_keygate_quota_claim(uint64_t *word)
{
    pid_t     pid;
    uint32_t  s;
    uint64_t  held;

    s = (uint32_t) ngx_time();
    held = __atomic_load_n(word, __ATOMIC_ACQUIRE);
    pid = (pid_t) (held >> 32);

    if (pid && s - (uint32_t) held < NGX_HTTP_KEYGATE_QUOTA_LONG
        && (kill(pid, 0) == 0 || ngx_errno != ESRCH))
    {
        return 0;
    }

    return __atomic_compare_exchange_n(word, &held,
                                       (uint64_t) ngx_pid << 32 | s, 0,
                                       __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}


void
ngx_http_keygate_quota_let_go(uint64_t *word)
{
    uint64_t  held;

    held = __atomic_load_n(word, __ATOMIC_RELAXED);

    if ((pid_t) (held >> 32) == ngx_pid) {
        (void) __atomic_compare_exchange_n(word, &held, 0, 0,
                                           __ATOMIC_RELEASE, __ATOMIC_RELAXED);
    }
}

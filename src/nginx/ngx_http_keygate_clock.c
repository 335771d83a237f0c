/*
 * The clocks of a zone: the one that its windows run on, and the wall's.
 */

#include "ngx_http_keygate.h"


#define NGX_HTTP_KEYGATE_BUCKET  2700    /* s: a thirty-second part of a day */

/*
 * nginx's own time is that of the beginning of a turn of the event loop: what
 * is charged at the end of a long one would count as older than it is, and
 * leave its window too early.  The coarse clocks cost next to nothing.
 */

#if defined(CLOCK_MONOTONIC_COARSE) && defined(CLOCK_REALTIME_COARSE)
#define NGX_HTTP_KEYGATE_MONOTONIC  CLOCK_MONOTONIC_COARSE
#define NGX_HTTP_KEYGATE_REALTIME   CLOCK_REALTIME_COARSE
#else
#define NGX_HTTP_KEYGATE_MONOTONIC  CLOCK_MONOTONIC
#define NGX_HTTP_KEYGATE_REALTIME   CLOCK_REALTIME
#endif


static ngx_msec_t ngx_http_keygate_msec(void);


keygate_now_t
ngx_http_keygate_clock_now(ngx_http_keygate_zone_t *zone)
{
    return keygate_rate_now(ngx_http_keygate_msec() - zone->shared->epoch,
                            ngx_http_keygate_clock_wall(NULL));
}


static ngx_msec_t
ngx_http_keygate_msec(void)
{
    struct timespec  ts;

    (void) clock_gettime(NGX_HTTP_KEYGATE_MONOTONIC, &ts);

    return (ngx_msec_t) ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}


int64_t
ngx_http_keygate_clock_wall(ngx_uint_t *begun)
{
    struct timespec  ts;

    (void) clock_gettime(NGX_HTTP_KEYGATE_REALTIME, &ts);

    if (begun) {
        *begun = (ts.tv_nsec != 0);
    }

    return ts.tv_sec;
}


/* A day's buckets begin when those of an earlier life did. */

ngx_msec_t
ngx_http_keygate_clock_epoch(void)
{
    struct timespec  ts;

    (void) clock_gettime(NGX_HTTP_KEYGATE_REALTIME, &ts);

    return ngx_http_keygate_msec()
           - ((ngx_msec_t) (ts.tv_sec % NGX_HTTP_KEYGATE_BUCKET) * 1000
              + ts.tv_nsec / 1000000);
}

/*
 * Between ngx_http_keygate_metrics.c, which writes metrics, and
 * ngx_http_keygate_metrics_zone.c, which knows the numbers of a zone.
 */

#ifndef _NGX_HTTP_KEYGATE_METRICS_H_INCLUDED_
#define _NGX_HTTP_KEYGATE_METRICS_H_INCLUDED_


#include "ngx_http_keygate.h"


typedef enum {
    NGX_HTTP_KEYGATE_GAUGE = 0,
    NGX_HTTP_KEYGATE_COUNTER,
    NGX_HTTP_KEYGATE_HISTOGRAM
} ngx_http_keygate_metric_e;


/* A number of a zone. */

typedef struct {
    const char                  *name;
    const char                  *help;
    ngx_http_keygate_metric_e    kind;
    uint64_t                   (*value)(ngx_http_keygate_zone_t *zone);
} ngx_http_keygate_metric_t;


/* The numbers of a zone, up to one without a name. */
extern const ngx_http_keygate_metric_t  ngx_http_keygate_metrics[];


#endif /* _NGX_HTTP_KEYGATE_METRICS_H_INCLUDED_ */

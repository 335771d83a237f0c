/*
 * What the files of the metrics share:
 *
 *   ngx_http_keygate_metrics.c          what is sent, in which format
 *   ngx_http_keygate_metrics_text.c     families and labels
 *   ngx_http_keygate_metrics_zone.c     the numbers of a zone
 *   ngx_http_keygate_metrics_store.c    those of its store
 *   ngx_http_keygate_metrics_latency.c  how long writing takes
 *   ngx_http_keygate_metrics_admin.c    what the admin API was asked for
 *   ngx_http_keygate_metrics_watch.c    what is known only by looking on
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


typedef struct {
    keygate_buf_t                  b;
    ngx_http_keygate_main_conf_t  *kmcf;
    ngx_uint_t                     open;      /* OpenMetrics */
} ngx_http_keygate_metrics_t;


/* The numbers of a zone, up to one without a name. */
extern const ngx_http_keygate_metric_t  ngx_http_keygate_metrics[];
/* Those of a zone with a store. */
extern const ngx_http_keygate_metric_t  ngx_http_keygate_store_metrics[];


/* ngx_http_keygate_metrics.c: keygate_metrics */

char *ngx_http_keygate_metrics_directive(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);


/* ngx_http_keygate_metrics_text.c */

/* The lines before a family's samples, and a label of a sample. */
void ngx_http_keygate_metrics_family(ngx_http_keygate_metrics_t *m,
    const char *name, const char *help, ngx_http_keygate_metric_e kind);
void ngx_http_keygate_metrics_label(ngx_http_keygate_metrics_t *m,
    const char *name, ngx_str_t *value);


/* ngx_http_keygate_metrics_latency.c */

/* Upper bounds of the buckets of write latencies, in microseconds; the last
 * bucket has none. */
extern const ngx_uint_t
    ngx_http_keygate_latencies[NGX_HTTP_KEYGATE_LATENCIES - 1];

void ngx_http_keygate_metrics_latency(ngx_http_keygate_metrics_t *m);


/* ngx_http_keygate_metrics_admin.c */

/* Counts an answer: "event" is what the audit would call the change, NULL for
 * what only reads, "" where it is not known what was asked for. */
void ngx_http_keygate_metrics_count(ngx_http_keygate_api_t *api,
    const char *event, ngx_uint_t status);
void ngx_http_keygate_metrics_admin(ngx_http_keygate_metrics_t *m);


/* ngx_http_keygate_metrics_watch.c */

/* To be called each time that the journal was looked at, by the one worker who
 * does: notes when it was applied, and goes on counting keys that expire
 * soon, a slice at a time. */
void ngx_http_keygate_metrics_watch(ngx_http_keygate_zone_t *zone);
void ngx_http_keygate_metrics_expiring(ngx_http_keygate_metrics_t *m);


#endif /* _NGX_HTTP_KEYGATE_METRICS_H_INCLUDED_ */

/*
 * How long it took to write and sync batches of changes, as a histogram.
 */

#include "ngx_http_keygate_metrics.h"


static void ngx_http_keygate_metrics_bucket(ngx_http_keygate_metrics_t *m,
    ngx_http_keygate_zone_t *zone, ngx_uint_t us, uint64_t count);
static void ngx_http_keygate_metrics_seconds(keygate_buf_t *b, uint64_t us);

const ngx_uint_t
    ngx_http_keygate_latencies[NGX_HTTP_KEYGATE_LATENCIES - 1] = {
    500, 1000, 2000, 5000, 10000, 20000, 50000, 100000, 200000, 500000, 1000000
};


void
ngx_http_keygate_metrics_latency(ngx_http_keygate_metrics_t *m)
{
    uint64_t                    count;
    ngx_uint_t                  i, k;
    ngx_http_keygate_zone_t   **zones;
    ngx_http_keygate_shared_t  *shared;

    static const char  name[] = "keygate_journal_write_seconds";

    ngx_http_keygate_metrics_family(m, name,
                                    "Time to write and sync a batch.",
                                    NGX_HTTP_KEYGATE_HISTOGRAM);
    zones = m->kmcf->zones.elts;

    for (i = 0; i < m->kmcf->zones.nelts; i++) {
        shared = zones[i]->shared;

        for (count = 0, k = 0; k < NGX_HTTP_KEYGATE_LATENCIES; k++) {
            count += shared->write_bucket[k];
            ngx_http_keygate_metrics_bucket(m, zones[i],
                                            (k < NGX_HTTP_KEYGATE_LATENCIES - 1)
                                            ? ngx_http_keygate_latencies[k]
                                            : 0, count);
        }

        keygate_buf_puts(&m->b, name);
        keygate_buf_puts(&m->b, "_sum{");
        ngx_http_keygate_metrics_label(m, "zone", &zones[i]->name);
        keygate_buf_puts(&m->b, "} ");
        ngx_http_keygate_metrics_seconds(&m->b, shared->write_us);

        keygate_buf_puts(&m->b, "\n");
        keygate_buf_puts(&m->b, name);
        keygate_buf_puts(&m->b, "_count{");
        ngx_http_keygate_metrics_label(m, "zone", &zones[i]->name);
        keygate_buf_puts(&m->b, "} ");
        keygate_buf_num(&m->b, count);
        keygate_buf_puts(&m->b, "\n");
    }
}


static void
ngx_http_keygate_metrics_bucket(ngx_http_keygate_metrics_t *m,
    ngx_http_keygate_zone_t *zone, ngx_uint_t us, uint64_t count)
{
    keygate_buf_puts(&m->b, "keygate_journal_write_seconds_bucket{");
    ngx_http_keygate_metrics_label(m, "zone", &zone->name);
    keygate_buf_puts(&m->b, ",le=\"");

    if (us) {
        ngx_http_keygate_metrics_seconds(&m->b, us);

    } else {
        keygate_buf_puts(&m->b, "+Inf");
    }

    keygate_buf_puts(&m->b, "\"} ");
    keygate_buf_num(&m->b, count);
    keygate_buf_puts(&m->b, "\n");
}


/* "0.0005", "1.0": OpenMetrics wants them canonical. */

static void
ngx_http_keygate_metrics_seconds(keygate_buf_t *b, uint64_t us)
{
    u_char         text[NGX_INT64_LEN + 8], *last;
    keygate_str_t  s;

    last = ngx_sprintf(text, "%uL.%06uL", us / 1000000, us % 1000000);

    while (last[-1] == '0' && last[-2] != '.') {
        last--;
    }

    s.data = text;
    s.len = last - text;

    keygate_buf_put(b, s);
}

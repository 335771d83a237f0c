/*
 * keygate_metrics: what is in the shared counters, as OpenMetrics or, for who
 * asks for nothing else, in the older text format of Prometheus.
 */

#include "ngx_http_keygate_metrics.h"

#include "keygate_version.h"


#define NGX_HTTP_KEYGATE_METRICS_TRIES  3
#define NGX_HTTP_KEYGATE_METRICS_SLACK  1024


static ngx_int_t ngx_http_keygate_metrics_handler(ngx_http_request_t *r);
static ngx_uint_t ngx_http_keygate_metrics_open(ngx_http_request_t *r);
static ngx_uint_t ngx_http_keygate_metrics_accept(ngx_http_request_t *r,
    const char *type);
static void ngx_http_keygate_metrics_all(ngx_http_keygate_metrics_t *m);
static void ngx_http_keygate_metrics_build(ngx_http_keygate_metrics_t *m);
static void ngx_http_keygate_metrics_decisions(ngx_http_keygate_metrics_t *m);
static void ngx_http_keygate_metrics_refusals(ngx_http_keygate_metrics_t *m);
static void ngx_http_keygate_metrics_closed(ngx_http_keygate_metrics_t *m);
static void ngx_http_keygate_metrics_zones(ngx_http_keygate_metrics_t *m,
    const ngx_http_keygate_metric_t *metric, ngx_uint_t stores);


char *
ngx_http_keygate_metrics_directive(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    return ngx_http_keygate_serve(cf, ngx_http_keygate_metrics_handler);
}


static ngx_int_t
ngx_http_keygate_metrics_handler(ngx_http_request_t *r)
{
    ngx_int_t                   rc;
    ngx_str_t                   type, body;
    ngx_uint_t                  n;
    ngx_http_keygate_metrics_t  m;

    rc = ngx_http_keygate_header_read_only(r);
    if (rc != NGX_OK) {
        return rc;
    }

    ngx_memzero(&m, sizeof(ngx_http_keygate_metrics_t));
    m.kmcf = ngx_http_get_module_main_conf(r, ngx_http_keygate_module);

    m.open = ngx_http_keygate_metrics_open(r);

    /* counters move on between the two passes */

    for (n = 0; n < NGX_HTTP_KEYGATE_METRICS_TRIES; n++) {
        ngx_http_keygate_metrics_all(&m);

        if (m.b.data && m.b.len <= m.b.size) {
            break;
        }

        m.b.size = m.b.len + NGX_HTTP_KEYGATE_METRICS_SLACK;
        m.b.len = 0;
        m.b.data = ngx_pnalloc(r->pool, m.b.size);

        if (m.b.data == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    if (n == NGX_HTTP_KEYGATE_METRICS_TRIES) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (m.open) {
        ngx_str_set(&type, "application/openmetrics-text; version=1.0.0; "
                           "charset=utf-8");
    } else {
        ngx_str_set(&type, "text/plain; version=0.0.4; charset=utf-8");
    }

    body.data = m.b.data;
    body.len = m.b.len;

    return ngx_http_keygate_serve_body(r, NGX_HTTP_OK, &type, &body);
}


/* OpenMetrics, unless the older format is asked for and this is not. */

static ngx_uint_t
ngx_http_keygate_metrics_open(ngx_http_request_t *r)
{
    return ngx_http_keygate_metrics_accept(r, "application/openmetrics-text")
           || !ngx_http_keygate_metrics_accept(r, "text/plain");
}


static ngx_uint_t
ngx_http_keygate_metrics_accept(ngx_http_request_t *r, const char *type)
{
    ngx_uint_t        i;
    ngx_table_elt_t  *h;
    ngx_list_part_t  *part;

    for (part = &r->headers_in.headers.part; part; part = part->next) {
        h = part->elts;

        for (i = 0; i < part->nelts; i++) {
            if (h[i].key.len == 6
                && ngx_strncmp(h[i].lowcase_key, "accept", 6) == 0
                && ngx_strcasestrn(h[i].value.data, (char *) type,
                                   ngx_strlen(type) - 1))
            {
                return 1;
            }
        }
    }

    return 0;
}


static void
ngx_http_keygate_metrics_all(ngx_http_keygate_metrics_t *m)
{
    const ngx_http_keygate_metric_t  *metric;

    ngx_http_keygate_metrics_build(m);
    ngx_http_keygate_metrics_decisions(m);
    ngx_http_keygate_metrics_refusals(m);
    ngx_http_keygate_metrics_closed(m);
    ngx_http_keygate_metrics_admin(m);

    for (metric = ngx_http_keygate_metrics; metric->name; metric++) {
        ngx_http_keygate_metrics_zones(m, metric, 0);
    }

    if (m->kmcf->stores.nelts) {
        for (metric = ngx_http_keygate_store_metrics; metric->name; metric++) {
            ngx_http_keygate_metrics_zones(m, metric, 1);
        }
    }

    ngx_http_keygate_metrics_expiring(m);
    ngx_http_keygate_metrics_latency(m);

    if (m->open) {
        keygate_buf_puts(&m->b, "# EOF\n");
    }
}


static void
ngx_http_keygate_metrics_build(ngx_http_keygate_metrics_t *m)
{
    ngx_http_keygate_metrics_family(m, "keygate_build_info",
                                    "What is running: always 1.",
                                    NGX_HTTP_KEYGATE_GAUGE);

    keygate_buf_puts(&m->b, "keygate_build_info{version=\"" KEYGATE_VERSION
                            "\",nginx=\"" NGINX_VERSION "\"} 1\n");
}


static void
ngx_http_keygate_metrics_decisions(ngx_http_keygate_metrics_t *m)
{
    ngx_uint_t                i, code;
    ngx_http_keygate_api_t  **apis;

    ngx_http_keygate_metrics_family(m, "keygate_decisions",
                                    "Decisions of the gate.",
                                    NGX_HTTP_KEYGATE_COUNTER);
    apis = m->kmcf->apis.elts;

    for (i = 0; i < m->kmcf->apis.nelts; i++) {
        for (code = 0; code < KEYGATE_CODES; code++) {
            keygate_buf_puts(&m->b, "keygate_decisions_total{");
            ngx_http_keygate_metrics_label(m, "api", &apis[i]->name);
            keygate_buf_puts(&m->b, ",code=\"");
            keygate_buf_put(&m->b, keygate_error_name(code));
            keygate_buf_puts(&m->b, "\"} ");
            keygate_buf_num(&m->b, apis[i]->counters->decisions[code]);
            keygate_buf_puts(&m->b, "\n");
        }
    }
}


static void
ngx_http_keygate_metrics_refusals(ngx_http_keygate_metrics_t *m)
{
    ngx_uint_t                i, unit;
    ngx_http_keygate_api_t  **apis;

    ngx_http_keygate_metrics_family(m, "keygate_rate_refusals",
                                    "Rates that refused a request.",
                                    NGX_HTTP_KEYGATE_COUNTER);
    apis = m->kmcf->apis.elts;

    for (i = 0; i < m->kmcf->apis.nelts; i++) {
        for (unit = 0; unit < KEYGATE_UNITS; unit++) {
            keygate_buf_puts(&m->b, "keygate_rate_refusals_total{");
            ngx_http_keygate_metrics_label(m, "api", &apis[i]->name);
            keygate_buf_puts(&m->b, ",unit=\"");
            keygate_buf_puts(&m->b, keygate_unit_name(unit));
            keygate_buf_puts(&m->b, "\"} ");
            keygate_buf_num(&m->b, apis[i]->counters->refusals[unit]);
            keygate_buf_puts(&m->b, "\n");
        }
    }
}


static void
ngx_http_keygate_metrics_closed(ngx_http_keygate_metrics_t *m)
{
    ngx_uint_t                i;
    ngx_http_keygate_api_t  **apis;

    ngx_http_keygate_metrics_family(m, "keygate_streams_closed",
                                    "Answers that ended because their key was "
                                    "not live any more.",
                                    NGX_HTTP_KEYGATE_COUNTER);
    apis = m->kmcf->apis.elts;

    for (i = 0; i < m->kmcf->apis.nelts; i++) {
        keygate_buf_puts(&m->b, "keygate_streams_closed_total{");
        ngx_http_keygate_metrics_label(m, "api", &apis[i]->name);
        keygate_buf_puts(&m->b, "} ");
        keygate_buf_num(&m->b, apis[i]->counters->closed);
        keygate_buf_puts(&m->b, "\n");
    }
}


static void
ngx_http_keygate_metrics_zones(ngx_http_keygate_metrics_t *m,
    const ngx_http_keygate_metric_t *metric, ngx_uint_t stores)
{
    ngx_uint_t                 i;
    ngx_http_keygate_zone_t  **zones;

    ngx_http_keygate_metrics_family(m, metric->name, metric->help,
                                    metric->kind);
    zones = m->kmcf->zones.elts;

    for (i = 0; i < m->kmcf->zones.nelts; i++) {

        if (stores && zones[i]->store == NULL) {
            continue;
        }

        keygate_buf_puts(&m->b, metric->name);
        keygate_buf_puts(&m->b, (metric->kind == NGX_HTTP_KEYGATE_COUNTER)
                                ? "_total{" : "{");
        ngx_http_keygate_metrics_label(m, "zone", &zones[i]->name);
        keygate_buf_puts(&m->b, "} ");
        keygate_buf_num(&m->b, metric->value(zones[i]));
        keygate_buf_puts(&m->b, "\n");
    }
}

/*
 * The lines before a family's samples, and labels, in both formats.
 */

#include "ngx_http_keygate_metrics.h"


/* A counter's family is called without "_total" in OpenMetrics only. */

void
ngx_http_keygate_metrics_family(ngx_http_keygate_metrics_t *m,
    const char *name, const char *help, ngx_http_keygate_metric_e kind)
{
    const char  *suffix;

    static const char  *const kinds[] = { "gauge", "counter", "histogram" };

    suffix = (kind == NGX_HTTP_KEYGATE_COUNTER && !m->open) ? "_total" : "";

    keygate_buf_puts(&m->b, "# HELP ");
    keygate_buf_puts(&m->b, name);
    keygate_buf_puts(&m->b, suffix);
    keygate_buf_puts(&m->b, " ");
    keygate_buf_puts(&m->b, help);
    keygate_buf_puts(&m->b, "\n# TYPE ");
    keygate_buf_puts(&m->b, name);
    keygate_buf_puts(&m->b, suffix);
    keygate_buf_puts(&m->b, " ");
    keygate_buf_puts(&m->b, kinds[kind]);
    keygate_buf_puts(&m->b, "\n");
}


void
ngx_http_keygate_metrics_label(ngx_http_keygate_metrics_t *m,
    const char *name, ngx_str_t *value)
{
    size_t         i;
    keygate_str_t  c;

    keygate_buf_puts(&m->b, name);
    keygate_buf_puts(&m->b, "=\"");

    for (i = 0; i < value->len; i++) {
        c.data = &value->data[i];
        c.len = 1;

        if (*c.data == '"' || *c.data == '\\') {
            keygate_buf_puts(&m->b, "\\");
        }

        if (*c.data == '\n') {
            keygate_buf_puts(&m->b, "\\n");
            continue;
        }

        keygate_buf_put(&m->b, c);
    }

    keygate_buf_puts(&m->b, "\"");
}

/*
 * What the admin API and the developers page were asked for, and what has come
 * of it.  The table of actions is as long as it is, whatever clients send.
 */

#include "ngx_http_keygate_metrics.h"


/* What the audit calls changes; before them, what is none. */

static const char  *const ngx_http_keygate_asked_for[NGX_HTTP_KEYGATE_ASKED] = {
    "", "read", "key.create", "key.change", "key.rotate", "key.revoke",
    "key.suspend", "key.resume", "key.reset", "key.delete", "account.put",
    "account.change", "account.delete"
};


void
ngx_http_keygate_metrics_count(ngx_http_keygate_api_t *api, const char *event,
    ngx_uint_t status)
{
    ngx_uint_t  i, class;

    if (event == NULL) {
        event = "read";
    }

    for (i = NGX_HTTP_KEYGATE_ASKED - 1; i > 0; i--) {
        if (ngx_strcmp(event, ngx_http_keygate_asked_for[i]) == 0) {
            break;
        }
    }

    class = ngx_min(ngx_max(status / 100, 2), 5) - 2;

    (void) ngx_atomic_fetch_add(&api->counters->asked[i][class], 1);
}


void
ngx_http_keygate_metrics_admin(ngx_http_keygate_metrics_t *m)
{
    ngx_uint_t                i, k, class;
    const char               *action;
    ngx_http_keygate_api_t  **apis;

    static const char  *const classes[NGX_HTTP_KEYGATE_CLASSES] = {
        "2xx", "3xx", "4xx", "5xx"
    };

    ngx_http_keygate_metrics_family(m, "keygate_admin_requests",
                                    "Requests to the admin API and the "
                                    "developers page.",
                                    NGX_HTTP_KEYGATE_COUNTER);
    apis = m->kmcf->apis.elts;

    for (i = 0; i < m->kmcf->apis.nelts; i++) {
        for (k = 0; k < NGX_HTTP_KEYGATE_ASKED; k++) {
            action = k ? ngx_http_keygate_asked_for[k] : "none";

            for (class = 0; class < NGX_HTTP_KEYGATE_CLASSES; class++) {
                keygate_buf_puts(&m->b, "keygate_admin_requests_total{");
                ngx_http_keygate_metrics_label(m, "api", &apis[i]->name);
                keygate_buf_puts(&m->b, ",action=\"");
                keygate_buf_puts(&m->b, action);
                keygate_buf_puts(&m->b, "\",status=\"");
                keygate_buf_puts(&m->b, classes[class]);
                keygate_buf_puts(&m->b, "\"} ");
                keygate_buf_num(&m->b, apis[i]->counters->asked[k][class]);
                keygate_buf_puts(&m->b, "\n");
            }
        }
    }
}

/*
 * Where a path goes upstream as it was received: "proxy_pass" without a URI or
 * with "$request_uri" for one, and "grpc_pass".  "encoded_slash keep" holds
 * there alone.
 *
 * The proxy module tells nobody what it was given.  So its directive is
 * watched while the configuration is read, in the master: its handler is
 * replaced by one of here that looks at the argument and calls it.  It is put
 * back when the block "http" has been read, or with the cycle's pool when it
 * could not be.
 */

#include "ngx_http_keygate.h"


typedef struct {
    const char      *module;
    const char      *directive;
    ngx_command_t   *cmd;           /* NULL: is not watched now */
    char          *(*set)(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
} ngx_http_keygate_watched_t;


static ngx_command_t *ngx_http_keygate_command(ngx_conf_t *cf,
    const char *module, const char *directive);
static char *ngx_http_keygate_watched(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static ngx_uint_t ngx_http_keygate_bare(ngx_str_t *url);


static ngx_http_keygate_watched_t  ngx_http_keygate_watching[] = {
    { "ngx_http_proxy_module", "proxy_pass", NULL, NULL },
    { "ngx_http_grpc_module", "grpc_pass", NULL, NULL },
    { NULL, NULL, NULL, NULL }
};


static ngx_command_t *
ngx_http_keygate_command(ngx_conf_t *cf, const char *module,
    const char *directive)
{
    ngx_uint_t      i;
    ngx_command_t  *cmd;
    ngx_module_t  **modules;

    modules = cf->cycle->modules;

    for (i = 0; modules[i]; i++) {
        if (ngx_strcmp(modules[i]->name, module) != 0) {
            continue;
        }

        for (cmd = modules[i]->commands; cmd && cmd->name.len; cmd++) {
            if (ngx_strcmp(cmd->name.data, directive) == 0) {
                return cmd;
            }
        }
    }

    return NULL;
}


ngx_int_t
ngx_http_keygate_sent_watch(ngx_conf_t *cf)
{
    ngx_pool_cleanup_t          *cln;
    ngx_http_keygate_watched_t  *w;

    cln = ngx_pool_cleanup_add(cf->cycle->pool, 0);
    if (cln == NULL) {
        return NGX_ERROR;
    }

    cln->handler = ngx_http_keygate_sent_unwatch;

    for (w = ngx_http_keygate_watching; w->module; w++) {
        w->cmd = ngx_http_keygate_command(cf, w->module, w->directive);

        if (w->cmd) {
            w->set = w->cmd->set;
            w->cmd->set = ngx_http_keygate_watched;
        }
    }

    return NGX_OK;
}


void
ngx_http_keygate_sent_unwatch(void *dummy)
{
    ngx_http_keygate_watched_t  *w;

    for (w = ngx_http_keygate_watching; w->module; w++) {
        if (w->cmd) {
            w->cmd->set = w->set;
            w->cmd = NULL;
        }
    }
}


static char *
ngx_http_keygate_watched(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    char                         *rv;
    ngx_str_t                    *value;
    ngx_http_core_loc_conf_t     *clcf;
    ngx_http_keygate_watched_t   *w;
    ngx_http_keygate_loc_conf_t  *klcf;

    for (w = ngx_http_keygate_watching; w->cmd != cmd; w++) {
        if (w->module == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    rv = w->set(cf, cmd, conf);

    if (rv != NGX_CONF_OK) {
        return rv;
    }

    value = cf->args->elts;
    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    klcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_keygate_module);

    klcf->sent_by = ngx_http_keygate_bare(&value[1]) ? clcf->handler : NULL;

    return NGX_CONF_OK;
}


/*
 * "http://host" or "http://unix:/path", and nothing after it but, if anything,
 * "$request_uri".  What other variables bring is known too late.
 */

static ngx_uint_t
ngx_http_keygate_bare(ngx_str_t *url)
{
    u_char  *p, *last;

    static ngx_str_t  whole = ngx_string("$request_uri");

    last = url->data + url->len;
    p = ngx_strlchr(url->data, last, '/');

    p = (p && p > url->data && p[-1] == ':' && last - p > 1 && p[1] == '/')
        ? p + 2 : url->data;

    if ((size_t) (last - p) > whole.len
        && ngx_strncmp(last - whole.len, whole.data, whole.len) == 0)
    {
        last -= whole.len;
    }

    if (ngx_strlchr(p, last, '$')) {
        return 0;
    }

    if (last - p > 5 && ngx_strncasecmp(p, (u_char *) "unix:", 5) == 0) {
        return ngx_strlchr(p + 5, last, ':') == NULL;
    }

    for ( /* void */ ; p < last; p++) {
        if (*p == '/' || *p == '?' || *p == '#') {
            return 0;
        }
    }

    return 1;
}


/* As the proxy module has it: "if" and "limit_except" take over what is
 * around them, locations do not. */

void
ngx_http_keygate_sent_merge(ngx_conf_t *cf, ngx_http_keygate_loc_conf_t *prev,
    ngx_http_keygate_loc_conf_t *conf)
{
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (conf->sent_by == NGX_HTTP_KEYGATE_SENT_UNSET) {
        conf->sent_by = NULL;

        if (clcf->noname && prev->sent_by != NGX_HTTP_KEYGATE_SENT_UNSET) {
            conf->sent_by = prev->sent_by;
        }
    }
}


/* Whether what serves the request here is what has been told a bare host, or
 * somebody else's proxy, who sends on what it has received. */

ngx_uint_t
ngx_http_keygate_sent_raw(ngx_http_request_t *r)
{
    ngx_http_keygate_loc_conf_t  *klcf;

    klcf = ngx_http_get_module_loc_conf(r, ngx_http_keygate_module);

    return klcf->auth
           || (klcf->sent_by != NULL && r->content_handler == klcf->sent_by);
}

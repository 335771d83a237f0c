/*
 * The directives of the block "keygate_store", each given once, but for
 * "server".
 */

#include "ngx_http_keygate_store.h"


typedef struct {
    const char   *name;
    ngx_uint_t    least;                     /* values */
    ngx_uint_t    most;
    char       *(*set)(ngx_conf_t *cf, ngx_http_keygate_store_t *store,
                       ngx_str_t *value);
} ngx_http_keygate_store_line_t;


static char *ngx_http_keygate_store_sentinel(ngx_conf_t *cf,
    ngx_http_keygate_store_t *store, ngx_str_t *value);
static char *ngx_http_keygate_store_cluster(ngx_conf_t *cf,
    ngx_http_keygate_store_t *store, ngx_str_t *value);
static char *ngx_http_keygate_store_database(ngx_conf_t *cf,
    ngx_http_keygate_store_t *store, ngx_str_t *value);
static char *ngx_http_keygate_store_retain(ngx_conf_t *cf,
    ngx_http_keygate_store_t *store, ngx_str_t *value);
static char *ngx_http_keygate_store_timeout(ngx_conf_t *cf,
    ngx_http_keygate_store_t *store, ngx_str_t *value);
static char *ngx_http_keygate_store_prefix(ngx_conf_t *cf,
    ngx_http_keygate_store_t *store, ngx_str_t *value);
static char *ngx_http_keygate_store_node(ngx_conf_t *cf,
    ngx_http_keygate_store_t *store, ngx_str_t *value);
static char *ngx_http_keygate_store_number(ngx_conf_t *cf, ngx_str_t *value,
    ngx_int_t least, ngx_int_t most, ngx_int_t *n);


/* "server" is the first one. */

static const ngx_http_keygate_store_line_t  ngx_http_keygate_store_lines[] = {
    { "server", 1, 1, ngx_http_keygate_store_server },
    { "sentinel", 1, 1, ngx_http_keygate_store_sentinel },
    { "cluster", 1, 1, ngx_http_keygate_store_cluster },
    { "user", 2, 2, ngx_http_keygate_store_user },
    { "password", 1, 1, ngx_http_keygate_store_password },
    { "database", 1, 1, ngx_http_keygate_store_database },
    { "prefix", 1, 1, ngx_http_keygate_store_prefix },
    { "node", 1, 1, ngx_http_keygate_store_node },
    { "ssl", 1, 1, ngx_http_keygate_store_ssl },
    { "ssl_verify", 1, 1, ngx_http_keygate_store_ssl_verify },
    { "ssl_name", 1, 1, ngx_http_keygate_store_ssl_name },
    { "ssl_trusted_certificate", 1, 1, ngx_http_keygate_store_ssl_file },
    { "ssl_certificate", 1, 1, ngx_http_keygate_store_ssl_file },
    { "ssl_certificate_key", 1, 1, ngx_http_keygate_store_ssl_file },
    { "timeout", 1, 1, ngx_http_keygate_store_timeout },
    { "connect_timeout", 1, 1, ngx_http_keygate_store_timeout },
    { "ack", 0, NGX_CONF_MAX_ARGS, ngx_http_keygate_store_ack },
    { "retain", 1, 1, ngx_http_keygate_store_retain },
    { NULL, 0, 0, NULL }
};


char *
ngx_http_keygate_store_line(ngx_conf_t *cf, ngx_command_t *dummy, void *conf)
{
    ngx_http_keygate_store_t *store = (ngx_http_keygate_store_t *) conf;

    ngx_str_t                            *value;
    ngx_uint_t                            i;
    const ngx_http_keygate_store_line_t  *line;

    value = cf->args->elts;

    for (i = 0; ngx_http_keygate_store_lines[i].name; i++) {
        line = &ngx_http_keygate_store_lines[i];

        if (ngx_strcmp(value[0].data, line->name) != 0) {
            continue;
        }

        if (cf->args->nelts - 1 < line->least
            || cf->args->nelts - 1 > line->most)
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid number of values of \"%V\" in "
                               "keygate_store, expected %s", &value[0],
                               (line->least == 1) ? "one"
                               : "\"user NAME password=PATH;\"");
            return NGX_CONF_ERROR;
        }

        if (i && store->given & ((ngx_uint_t) 1 << i)) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "duplicate \"%V\" in keygate_store, expected "
                               "it only once", &value[0]);
            return NGX_CONF_ERROR;
        }

        store->given |= (ngx_uint_t) 1 << i;

        return line->set(cf, store, value);
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "unknown directive \"%V\" in keygate_store, expected "
                       "server, sentinel, cluster, user, password, database, "
                       "prefix, node, ack, ssl, ssl_verify, ssl_name, "
                       "ssl_trusted_certificate, ssl_certificate, "
                       "ssl_certificate_key, timeout, connect_timeout or "
                       "retain", &value[0]);

    return NGX_CONF_ERROR;
}


static char *
ngx_http_keygate_store_sentinel(ngx_conf_t *cf,
    ngx_http_keygate_store_t *store, ngx_str_t *value)
{
    if (value[1].len == 0 || value[1].len > 127
        || strpbrk((char *) value[1].data, " \t\r\n\"\\") != NULL)
    {
        return ngx_http_keygate_store_bad(cf, value, "the name of a master, "
                                          "1 to 127 characters without spaces "
                                          "and quotes");
    }

    store->link.sentinel = (char *) value[1].data;

    return NGX_CONF_OK;
}


static char *
ngx_http_keygate_store_cluster(ngx_conf_t *cf,
    ngx_http_keygate_store_t *store, ngx_str_t *value)
{
    char        *rv;
    ngx_uint_t   flag;

    rv = ngx_http_keygate_store_flag(cf, value, &flag);
    store->link.cluster = flag;

    return rv;
}


static char *
ngx_http_keygate_store_database(ngx_conf_t *cf,
    ngx_http_keygate_store_t *store, ngx_str_t *value)
{
    char       *rv;
    ngx_int_t   n;

    rv = ngx_http_keygate_store_number(cf, value, 0, 1000000, &n);
    store->link.wire.database = (unsigned) n;

    return rv;
}


static char *
ngx_http_keygate_store_retain(ngx_conf_t *cf,
    ngx_http_keygate_store_t *store, ngx_str_t *value)
{
    return ngx_http_keygate_store_number(cf, value, 1000, 100000000,
                                         &store->retain);
}


static char *
ngx_http_keygate_store_timeout(ngx_conf_t *cf,
    ngx_http_keygate_store_t *store, ngx_str_t *value)
{
    ngx_int_t  n;

    n = ngx_parse_time(&value[1], 0);

    if (n == NGX_ERROR || n < 100 || n > 10000) {
        return ngx_http_keygate_store_bad(cf, value, "100ms to 10s");
    }

    if (value[0].data[0] == 'c') {
        store->link.wire.connect_timeout = (unsigned) n;

    } else {
        store->link.wire.timeout = (unsigned) n;
    }

    return NGX_CONF_OK;
}


static char *
ngx_http_keygate_store_prefix(ngx_conf_t *cf,
    ngx_http_keygate_store_t *store, ngx_str_t *value)
{
    if (value[1].len == 0 || value[1].len > KEYGATE_STORE_PREFIX_MAX
        || strpbrk((char *) value[1].data, "{} ") != NULL)
    {
        return ngx_http_keygate_store_bad(cf, value, "1 to 64 characters "
                                          "without braces and spaces");
    }

    store->prefix = value[1];

    return NGX_CONF_OK;
}


static char *
ngx_http_keygate_store_node(ngx_conf_t *cf, ngx_http_keygate_store_t *store,
    ngx_str_t *value)
{
    if (value[1].len == 0 || value[1].len > 127
        || strpbrk((char *) value[1].data, " \t\r\n\"\\") != NULL)
    {
        return ngx_http_keygate_store_bad(cf, value, "1 to 127 characters "
                                          "without spaces and quotes");
    }

    store->node = value[1];

    return NGX_CONF_OK;
}


static char *
ngx_http_keygate_store_number(ngx_conf_t *cf, ngx_str_t *value,
    ngx_int_t least, ngx_int_t most, ngx_int_t *n)
{
    *n = ngx_atoi(value[1].data, value[1].len);

    if (*n == NGX_ERROR || *n < least || *n > most) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid value \"%V\" of \"%V\" in keygate_store, "
                           "expected a number from %i to %i", &value[1],
                           &value[0], least, most);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}

/*
 * The block "keygate_store".  nginx -t checks all of it and connects to
 * nothing.
 */

#include "ngx_http_keygate_store.h"


static char *ngx_http_keygate_store_line(ngx_conf_t *cf,
    ngx_command_t *dummy, void *conf);
static char *ngx_http_keygate_store_server(ngx_conf_t *cf,
    ngx_http_keygate_store_t *store, ngx_str_t *value);
static char *ngx_http_keygate_store_number(ngx_conf_t *cf, ngx_str_t *value,
    ngx_int_t least, ngx_int_t most, ngx_int_t *n);
static char *ngx_http_keygate_store_flag(ngx_conf_t *cf, ngx_str_t *value,
    ngx_uint_t *flag);


ngx_http_keygate_store_t *
ngx_http_keygate_store_get(ngx_conf_t *cf, ngx_str_t *name)
{
    ngx_uint_t                      i;
    ngx_http_keygate_store_t      **stores;
    ngx_http_keygate_main_conf_t   *kmcf;

    kmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_keygate_module);
    stores = kmcf->stores.elts;

    for (i = 0; i < kmcf->stores.nelts; i++) {
        if (stores[i]->name.len == name->len
            && ngx_strncmp(stores[i]->name.data, name->data, name->len) == 0)
        {
            return stores[i];
        }
    }

    return NULL;
}


char *
ngx_http_keygate_store_block(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_keygate_main_conf_t *kmcf = conf;

    char                       *rv;
    ngx_str_t                  *value;
    ngx_uint_t                  i;
    ngx_conf_t                  save;
    keygate_link_conf_t        *servers, server;
    ngx_http_keygate_store_t   *store, **slot;

    value = cf->args->elts;

    if (ngx_http_keygate_store_get(cf, &value[1]) != NULL) {
        return "is duplicate";
    }

    store = ngx_pcalloc(cf->pool, sizeof(ngx_http_keygate_store_t));
    slot = ngx_array_push(&kmcf->stores);

    if (store == NULL || slot == NULL
        || ngx_array_init(&store->servers, cf->pool, 1,
                          sizeof(keygate_link_conf_t))
           != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    *slot = store;

    store->name = value[1];
    store->where.file = cf->conf_file->file.name;
    store->where.line = cf->conf_file->line;
    store->retain = 100000;
    store->link.timeout = 1000;
    ngx_str_set(&store->prefix, "kg");

    store->node.len = cf->cycle->hostname.len;
    store->node.data = ngx_pcalloc(cf->pool, store->node.len + 1);
    store->threads = ngx_http_keygate_threads(cf);

    if (store->node.data == NULL || store->threads == NULL) {
        return NGX_CONF_ERROR;
    }

    ngx_memcpy(store->node.data, cf->cycle->hostname.data, store->node.len);

    save = *cf;
    cf->handler = ngx_http_keygate_store_line;
    cf->handler_conf = (char *) store;

    rv = ngx_conf_parse(cf, NULL);

    *cf = save;

    if (rv != NGX_CONF_OK) {
        return rv;
    }

    if (store->servers.nelts == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "keygate_store \"%V\" has no server, expected "
                           "\"server HOST:PORT;\" or \"server unix:PATH;\"",
                           &store->name);
        return NGX_CONF_ERROR;
    }

    if (store->node.data[0] == '\0') {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "keygate_store \"%V\" has no name for this node, "
                           "which has none itself, expected \"node NAME;\"",
                           &store->name);
        return NGX_CONF_ERROR;
    }

    servers = store->servers.elts;

    for (i = 0; i < store->servers.nelts; i++) {
        server = store->link;
        server.path = servers[i].path;
        server.host = servers[i].host;
        server.port = servers[i].port;
        servers[i] = server;

        if (server.tls && !server.unverified && server.name == NULL
            && server.host == NULL)
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "keygate_store \"%V\" has TLS on a socket and "
                               "no name to verify, expected \"ssl_name NAME;\"",
                               &store->name);
            return NGX_CONF_ERROR;
        }
    }

    return NGX_CONF_OK;
}


char *
ngx_http_keygate_store_bad(ngx_conf_t *cf, ngx_str_t *value,
    const char *expected)
{
    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "invalid value \"%V\" of \"%V\" in keygate_store, "
                       "expected %s", &value[1], &value[0], expected);

    return NGX_CONF_ERROR;
}


static char *
ngx_http_keygate_store_line(ngx_conf_t *cf, ngx_command_t *dummy, void *conf)
{
    ngx_http_keygate_store_t *store = (ngx_http_keygate_store_t *) conf;

    char       *rv;
    ngx_int_t   n;
    ngx_str_t  *value;
    ngx_uint_t  flag;

    value = cf->args->elts;

    if (cf->args->nelts == 3 && ngx_strcmp(value[0].data, "user") == 0) {
        return ngx_http_keygate_store_user(cf, store, value);
    }

    if (ngx_strcmp(value[0].data, "ack") == 0) {
        return ngx_http_keygate_store_ack(cf, store);
    }

    if (cf->args->nelts != 2) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid number of values of \"%V\" in "
                           "keygate_store, expected one", &value[0]);
        return NGX_CONF_ERROR;
    }

    if (ngx_strcmp(value[0].data, "server") == 0) {
        return ngx_http_keygate_store_server(cf, store, value);
    }

    if (ngx_strcmp(value[0].data, "password") == 0) {
        return ngx_http_keygate_store_password(cf, store, value[1].data);
    }

    if (ngx_strcmp(value[0].data, "database") == 0) {
        rv = ngx_http_keygate_store_number(cf, value, 0, 1000000, &n);
        store->link.database = (unsigned) n;
        return rv;
    }

    if (ngx_strcmp(value[0].data, "retain") == 0) {
        return ngx_http_keygate_store_number(cf, value, 1000, 100000000,
                                             &store->retain);
    }

    if (ngx_strcmp(value[0].data, "timeout") == 0) {
        n = ngx_parse_time(&value[1], 0);

        if (n == NGX_ERROR || n < 100 || n > 10000) {
            return ngx_http_keygate_store_bad(cf, value, "100ms to 10s");
        }

        store->link.timeout = (unsigned) n;
        return NGX_CONF_OK;
    }

    if (ngx_strcmp(value[0].data, "ssl") == 0) {
        rv = ngx_http_keygate_store_flag(cf, value, &flag);
        store->link.tls = flag;
        return rv;
    }

    if (ngx_strcmp(value[0].data, "ssl_verify") == 0) {
        rv = ngx_http_keygate_store_flag(cf, value, &flag);
        store->link.unverified = !flag;
        return rv;
    }

    if (ngx_strcmp(value[0].data, "ssl_name") == 0) {
        store->link.name = (char *) value[1].data;
        return NGX_CONF_OK;
    }

    if (ngx_strcmp(value[0].data, "ssl_trusted_certificate") == 0) {

        if (ngx_conf_full_name(cf->cycle, &value[1], 1) != NGX_OK) {
            return NGX_CONF_ERROR;
        }

        if (access((char *) value[1].data, R_OK) == -1) {
            return ngx_http_keygate_store_bad(cf, value,
                                              "a file that can be read");
        }

        store->link.ca = (char *) value[1].data;
        return NGX_CONF_OK;
    }

    if (ngx_strcmp(value[0].data, "prefix") == 0) {

        if (value[1].len == 0 || value[1].len > KEYGATE_STORE_PREFIX_MAX
            || strpbrk((char *) value[1].data, "{} ") != NULL)
        {
            return ngx_http_keygate_store_bad(cf, value, "1 to 64 characters "
                                              "without braces and spaces");
        }

        store->prefix = value[1];
        return NGX_CONF_OK;
    }

    if (ngx_strcmp(value[0].data, "node") == 0) {

        if (value[1].len == 0 || value[1].len > 127
            || strpbrk((char *) value[1].data, " \t\r\n\"\\") != NULL)
        {
            return ngx_http_keygate_store_bad(cf, value, "1 to 127 characters "
                                          "without spaces and quotes");
        }

        store->node = value[1];
        return NGX_CONF_OK;
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "unknown directive \"%V\" in keygate_store, expected "
                       "server, user, password, database, prefix, node, ack, "
                       "ssl, ssl_trusted_certificate, ssl_name, ssl_verify, "
                       "timeout or retain", &value[0]);

    return NGX_CONF_ERROR;
}


static char *
ngx_http_keygate_store_server(ngx_conf_t *cf, ngx_http_keygate_store_t *store,
    ngx_str_t *value)
{
    u_char               *colon, *host;
    ngx_int_t             port;
    keygate_link_conf_t  *server;

    server = ngx_array_push(&store->servers);
    if (server == NULL) {
        return NGX_CONF_ERROR;
    }

    ngx_memzero(server, sizeof(keygate_link_conf_t));

    if (ngx_strncmp(value[1].data, "unix:/", 6) == 0) {
        server->path = (char *) value[1].data + 5;
        return NGX_CONF_OK;
    }

    host = value[1].data;
    colon = (u_char *) strrchr((char *) host, ':');
    port = colon ? ngx_atoi(colon + 1, ngx_strlen(colon + 1)) : NGX_ERROR;

    if (port < 1 || port > 65535 || colon == host) {
        return ngx_http_keygate_store_bad(cf, value,
                                          "HOST:PORT or unix:PATH");
    }

    if (host[0] == '[' && colon[-1] == ']') {
        host++;
        colon[-1] = '\0';
    }

    *colon = '\0';

    server->host = (char *) host;
    server->port = (char *) colon + 1;

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


static char *
ngx_http_keygate_store_flag(ngx_conf_t *cf, ngx_str_t *value,
    ngx_uint_t *flag)
{
    *flag = (ngx_strcmp(value[1].data, "on") == 0);

    return (*flag || ngx_strcmp(value[1].data, "off") == 0) ? NGX_CONF_OK
           : ngx_http_keygate_store_bad(cf, value, "on or off");
}
